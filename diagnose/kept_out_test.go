package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestNodeKeptOut: where security groups keep out the nodes of one subnet, the one that failures came
// through is named by the address that logs have of it.
func TestNodeKeptOut(t *testing.T) {
	const b = "1200 of these failures came through the balancer's node 203.0.113.2, which is kept out, and "
	at := func(node string) func(*Failure) { return func(f *Failure) { f.Node = node } }
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   string // "" for nothing
	}{
		{"one of two", func(*Snapshot) {}, b + "none through its 1 other node"},
		{"some through the other one", func(s *Snapshot) {
			s.failing("Target_Connect_Timeout", first, 504, 60, at("203.0.113.1"))
		}, b + "60 through its 1 other node"},
		{"an internal one, whose logs have private addresses", func(s *Snapshot) {
			for i := range s.Network.Interfaces {
				s.Network.Interfaces[i].Public = nil
			}
			for i := range s.Logs.Failures {
				s.Logs.Failures[i].Node = "10.0.1.5"
			}
		}, strings.Replace(b, "203.0.113.2", "10.0.1.5", 1) + "none through its 1 other node"},
		{"nodes that are not there any more", func(s *Snapshot) {
			for i := range s.Logs.Failures {
				s.Logs.Failures[i].Node = "203.0.113.9"
			}
		}, ""},
		{"interfaces not known", func(s *Snapshot) { s.Network.Interfaces = slices.Clone(s.Network.Interfaces[:2]) }, ""},
		{"all are kept out", func(s *Snapshot) { s.group("sg-app").Ingress[0].CIDRs = []string{"10.0.7.0/24"} }, ""},
	} {
		s := base()
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/24"}}}
		s.Network.Interfaces = append(s.Network.Interfaces,
			Interface{ID: "eni-8", Node: true, VPC: "vpc-1", Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}, Public: []string{"203.0.113.1"}},
			Interface{ID: "eni-9", Node: true, VPC: "vpc-1", Subnet: "subnet-edge-b", Addresses: []string{"10.0.1.5"}, Public: []string{"203.0.113.2"}})
		s.failing("Target_Connect_Timeout", first, 504, 600, at("203.0.113.2"))
		s.failing("Target_Connect_Timeout", second, 504, 600, at("203.0.113.2"))
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-sg-blocks-traffic-port")
		if f == nil {
			t.Errorf("%s: want target-sg-blocks-traffic-port:\n%s", tt.name, said(r))
			continue
		}
		i := slices.IndexFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "of these failures came through") })
		if got := i >= 0; got != (tt.want != "") || got && f.Evidence[i] != (Evidence{FromLog, tt.want}) {
			t.Errorf("%s: want %q:\n%v", tt.name, tt.want, f.Evidence)
		}
	}
}

// TestOpenAtSomeNodes: that requests went to unhealthy targets is what one node did, where others found
// none unhealthy meanwhile: AWS shows all of them as healthy.
func TestOpenAtSomeNodes(t *testing.T) {
	const failedOpen = "UnhealthyRoutingRequestCount"
	counts := func(s *Snapshot, name, stat string, value func(minute int) float64) {
		m := Series{Name: name, Group: webARN, Stat: stat, Period: 60}
		for i := range 60 {
			m.Points = append(m.Points, Point{s.minute(i), value(i)})
		}
		s.Metrics = append(s.Metrics, m)
	}
	between := func(from, until int, n float64) func(int) float64 {
		return func(i int) float64 {
			if i >= from && i < until {
				return n
			}
			return 0
		}
	}
	none := between(0, 0, 0)
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		some   bool
	}{
		{"none unhealthy meanwhile", func(s *Snapshot) {
			counts(s, failedOpen, "Sum", between(20, 40, 5))
			counts(s, "UnHealthyHostCount", "Minimum", none)
		}, true},
		{"all unhealthy, but for a part of the first minute and of the last", func(s *Snapshot) {
			counts(s, failedOpen, "Sum", between(20, 40, 5))
			counts(s, "UnHealthyHostCount", "Minimum", between(21, 39, 2))
		}, false},
		{"all unhealthy for two minutes", func(s *Snapshot) {
			counts(s, failedOpen, "Sum", between(20, 22, 5))
			counts(s, "UnHealthyHostCount", "Minimum", none)
		}, false},
		{"not known", func(s *Snapshot) { counts(s, failedOpen, "Sum", between(20, 40, 5)) }, false},
		{"nodes that do not send to other zones", func(s *Snapshot) {
			s.web().Attributes[attrCrossZone] = "false"
			counts(s, failedOpen, "Sum", between(20, 40, 5))
			counts(s, "UnHealthyHostCount", "Minimum", none)
		}, false},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("fail-open-routing")
		if f == nil || strings.Contains(f.Sentence, "as some of the balancer's nodes saw it (fail-open); others saw none unhealthy, and what AWS shows of a target is not by node: 2 healthy.") != tt.some || strings.Contains(f.Sentence, "some of") != tt.some {
			t.Errorf("%s: want it of some nodes: %t:\n%s", tt.name, tt.some, said(r))
		}
	}
}
