package diagnose

import (
	"testing"
	"time"
)

// TestPublicAccess: where clients come, or come from elsewhere, nothing is blocked.
func TestPublicAccess(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"clients come":                          func(*Snapshot) {},
		"they come, by metrics of five minutes": func(s *Snapshot) { s.widen(5 * time.Minute) },
		"they come, by metrics of an hour":      func(s *Snapshot) { s.widen(time.Hour) },
		"they came, longer ago":                 func(s *Snapshot) { s.Taken = s.Taken.Add(48 * time.Hour) },
		"they come, by the logs alone":          func(s *Snapshot) { s.Metrics = nil },
		"it is not in the internet":             func(s *Snapshot) { s.Balancer.Scheme, s.Metrics, s.Logs = "internal", nil, nil },
		"other subnets are blocked": func(s *Snapshot) {
			s.Metrics, s.Logs = nil, nil
			s.Network.Subnets[2].PublicAccess, s.Network.Subnets[3].PublicAccess = "", ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			for i := range s.Network.Subnets {
				s.Network.Subnets[i].PublicAccess = "block-bidirectional"
			}
			change(s)
			if r := Diagnose(copied(t, s)); r.finding("vpc-blocks-public-access") != nil {
				t.Error(said(r))
			}
		})
	}
}
