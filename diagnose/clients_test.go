package diagnose

import (
	"slices"
	"testing"
)

// TestChecksComeFromNodes: what keeps clients out, whose addresses targets see, is not why
// health checks fail.
func TestChecksComeFromNodes(t *testing.T) {
	for id, change := range map[string]func(*Snapshot){
		"nlb-client-addresses-blocked": func(s *Snapshot) {
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}
		},
		"acl-target-inbound-blocks-traffic-port": func(s *Snapshot) {
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0"}}
			s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
		},
	} {
		t.Run(id, func(t *testing.T) {
			s := base()
			s.network()
			s.Balancer.SecurityGroups = []string{}
			change(s)
			s.web().Check.Protocol = "HTTP"
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			r := Diagnose(copied(t, s))
			said := said(r)
			if !slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == id && f.Level == Fail }) {
				t.Errorf("want %s:\n%s", id, said)
			}
			for _, f := range r.Findings {
				if f.ID == "target-health-failed-checks" && (len(f.BecauseOf) > 0 || len(f.Rivals) == 0) {
					t.Errorf("health checks fail because of %v, rivals %v", f.BecauseOf, f.Rivals)
				}
			}
		})
	}
}
