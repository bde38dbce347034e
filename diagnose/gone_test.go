package diagnose

import (
	"strings"
	"testing"
)

// TestGone: a target whose address no interface has is told as one that is no more, and not as
// one behind a firewall; and not where the interface may only be unseen.
func TestGone(t *testing.T) {
	late := func(s *Snapshot) {
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		s.failing("Target_Connect_Timeout", first, 504, 60, func(f *Failure) { f.Connect = 60 })
	}
	without := func(s *Snapshot) { s.Network.Interfaces = s.Network.Interfaces[1:] }
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"gone", func(s *Snapshot) { late(s); without(s) }, true},
		{"and in another VPC another one has it", func(s *Snapshot) { late(s); s.Network.Interfaces[0].VPC = "vpc-9" }, true},
		{"behind a network balancer", func(s *Snapshot) {
			s.Balancer.Type, s.Listeners[0].Protocol, s.web().Protocol, s.web().Check.Protocol = NetworkType, "TCP", "TCP", "TCP"
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
			s.Logs = nil
			without(s)
		}, true},
		{"of a group of Kubernetes", func(s *Snapshot) { late(s); without(s); s.web().Name = "k8s-shop-web-0123456789" }, true},
		{"there", late, false},
		{"healthy", without, false},
		{"refuses, so that something is there", func(s *Snapshot) {
			late(s)
			without(s)
			s.web().Targets[0].Reason = "Target.FailedHealthChecks"
		}, false},
		{"interfaces of another account are not seen", func(s *Snapshot) { late(s); s.Network.Interfaces = s.Network.Interfaces[:0] }, false},
		{"in a subnet that another account shares", func(s *Snapshot) {
			late(s)
			s.all("unhealthy", "Target.Timeout", "Request timed out")
			s.Network.Interfaces = s.Network.Interfaces[:0]
			for i := range s.Network.Subnets {
				s.Network.Subnets[i].Shared = true
			}
		}, false},
		{"one of another group is healthy, and not seen", func(s *Snapshot) {
			late(s)
			without(s)
			s.second([]Target{{ID: "10.0.11.20", Port: 8080, Zone: "eu-central-1b", State: "healthy"}})
		}, false},
		{"interfaces could not be read", func(s *Snapshot) { late(s); s.Network.Interfaces = nil }, false},
		{"outside of the VPC", func(s *Snapshot) {
			late(s)
			without(s)
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "192.168.0.7", "all"
		}, false},
		{"subnets could not be read", func(s *Snapshot) { late(s); without(s); s.Network.Subnets = nil }, false},
		{"instance", func(s *Snapshot) { late(s); s.instances(); without(s) }, false},
		{"leaves", func(s *Snapshot) {
			late(s)
			without(s)
			s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
		}, false},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-address-gone")
		if (f != nil) != tt.want {
			t.Errorf("%s: told as gone is %v, want %v:\n%s", tt.name, f != nil, tt.want, said(r))
			continue
		}
		if f != nil && (f != r.Findings[0] || !strings.HasSuffix(strings.Join(f.Fix, "\n"), "deregister-targets --region eu-central-1 --target-group-arn "+webARN+" --targets Id=10.0.10.11,Port=8080") ||
			strings.Replace(f.Fix[0], "deregister", "register", 1) != strings.Join(f.Undo, "\n") || strings.Contains(said(r), "AWS does not see") || strings.Contains(said(r), "annotations")) {
			t.Errorf("%s: want it first, with a command that takes it out:\n%s", tt.name, said(r))
		}
	}
}
