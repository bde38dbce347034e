package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestChecksNotAnswered: where health checks are not let through, a network balancer says
// no more than that they fail. So what was not seen of the way is named beside a port that
// nothing listens on.
func TestChecksNotAnswered(t *testing.T) {
	for _, tt := range []struct {
		name, denied, why string
		change            func(*Snapshot)
	}{
		{"a permission", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups is missing", func(s *Snapshot) {
			s.network()
			s.Network.SecurityGroups = nil
		}},
		{"another account's network", "", "security groups of these targets were not seen", func(s *Snapshot) {
			s.network()
			s.peered("pcx-1")
			s.Network.Interfaces = nil
			s.web().Type, s.web().Targets = "ip", s.web().Targets[:1]
		}},
		{"another balancer", "", "security groups of these targets were not seen", func(s *Snapshot) {
			s.network()
			s.web().Type, s.web().Targets = "alb", []Target{{ID: balancerARN, Port: 80}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			if tt.denied != "" {
				s.Missing = append(s.Missing, Missing{What: "what was denied", Action: tt.denied, Denied: true, Why: "access denied"})
			}
			r := Diagnose(copied(t, s))
			at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "target-health-failed-checks" })
			if at < 0 {
				t.Fatalf("want target-health-failed-checks:\n%s", said(r))
			}
			f := r.Findings[at]
			if !strings.Contains(f.Sentence, "nothing is answered") || len(f.BecauseOf) > 0 ||
				!slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, tt.why) }) {
				t.Errorf("want %q among the rivals:\n%s", tt.why, said(r))
			}
		})
	}
}
