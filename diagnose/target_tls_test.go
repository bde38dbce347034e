package diagnose

import "testing"

// TestFewTLSErrors: a handshake that fails now and then, as one does whose target is being
// stopped, is no target that speaks no TLS.
func TestFewTLSErrors(t *testing.T) {
	network := func(s *Snapshot) {
		s.network()
		s.web().Protocol, s.Metrics = "TLS", nil
		s.metric("NewFlowCount", "", "Sum", 6000)
	}
	for name, tt := range map[string]struct {
		group  string // that the metric is of
		errors float64
		change func(*Snapshot)
		want   Level
	}{
		"one":                           {webARN, 1, func(s *Snapshot) { s.web().Protocol = "HTTPS" }, Warn},
		"many":                          {webARN, 600, func(s *Snapshot) { s.web().Protocol = "HTTPS" }, Fail},
		"one of a network balancer":     {"", 1, network, Warn},
		"many of a network balancer":    {"", 600, network, Fail},
		"one, of nobody knows how many": {webARN, 1, func(s *Snapshot) { s.web().Protocol, s.Metrics = "HTTPS", nil }, Fail},
	} {
		s := base()
		tt.change(s)
		s.late("TargetTLSNegotiationErrorCount", tt.group, 59, tt.errors)
		r := Diagnose(copied(t, s))
		if len(r.Findings) != 1 || r.Findings[0].ID != "target-tls-negotiation-fails" || r.Findings[0].Level != tt.want {
			t.Errorf("%s: want one finding, %s:\n%s", name, tt.want, said(r))
		}
	}
}
