package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestSharedNetwork: where an account shares its subnets, network ACLs and routes are changed there, and
// security groups are not.
func TestSharedNetwork(t *testing.T) {
	for _, tt := range []struct {
		id, names string // what is of the other account
		change    func(*Snapshot)
	}{
		{"acl-target-inbound-blocks-traffic-port", "acl-app", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.0/16"})
		}},
		{"balancer-subnet-not-public", "rtb-edge", func(s *Snapshot) { s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:1] }},
		{"target-sg-blocks-traffic-port", "", func(s *Snapshot) { s.group("sg-app").Ingress = nil }},
	} {
		for _, shared := range []bool{true, false} {
			s := base()
			tt.change(s)
			s.unreachable()
			for i := range s.Network.Subnets {
				s.Network.Subnets[i].Shared = shared
			}
			f := Diagnose(copied(t, s)).finding(tt.id)
			if f == nil || len(f.Fix) == 0 {
				t.Fatalf("want %s, and a command: %+v", tt.id, f)
			}
			told := slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
				return strings.HasPrefix(e.Text, tt.names) && strings.Contains(e.Text, "another account")
			})
			if want := shared && tt.names != ""; told != want {
				t.Errorf("%s, shared %v: want the account told: %v: %v", tt.id, shared, want, f.Evidence)
			}
		}
	}
}
