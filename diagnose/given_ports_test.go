package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// onPorts registers both instances with some ports, none of which answers a health check.
func (s *Snapshot) onPorts(ports ...int) {
	s.instances()
	s.web().Targets = nil
	for i := range s.Network.Instances {
		s.Network.Instances[i].State = "running"
		for _, port := range ports {
			s.web().Targets = append(s.web().Targets, Target{ID: s.Network.Instances[i].ID, Port: port + i, State: "unhealthy", Reason: "Target.Timeout", CheckPort: strconv.Itoa(port + i)})
		}
	}
	s.Logs = nil
}

// ofClients puts these behind a network balancer without a security group, and lets in the
// VPC alone, where health checks come from.
func (s *Snapshot) ofClients() {
	s.all("healthy", "", "")
	s.Balancer.Type, s.Balancer.SecurityGroups = NetworkType, []string{}
	s.Listeners[0].Protocol, s.web().Protocol, s.web().Check.Protocol = "TCP", "TCP", "TCP"
	s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 32768, To: 65535, CIDRs: []string{"10.0.0.0/16"}}}
}

// TestPortsAreGiven: where containers are given other ports each time they start, what keeps
// the balancer from these is one finding, and its command lets all of them through, but what
// an entry of a network ACL of its own keeps out.
func TestPortsAreGiven(t *testing.T) {
	given, chosen := []int{32768, 40000, 50000}, []int{8080, 9080, 10080}
	for _, tt := range []struct {
		name, id string
		ports    []int
		change   func(*Snapshot)
		findings int
		targets  int      // of the first
		fix      []string // of the first, in part
	}{
		{"let in to another port", "target-sg-blocks-traffic-port", given, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-lb"}}}
		}, 1, 6, []string{"FromPort=32768,ToPort=65535,UserIdGroupPairs=[{GroupId=sg-lb}]"}},
		{"let in to some of them", "target-sg-blocks-traffic-port", given, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 49153, To: 65535, Groups: []string{"sg-lb"}}}
		}, 1, 4, []string{"FromPort=32768,ToPort=65535,"}},
		{"let in to all of them", "target-sg-blocks-traffic-port", given, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 32768, To: 60999, Groups: []string{"sg-lb"}}}
		}, 0, 0, nil},
		{"not let out", "balancer-sg-blocks-traffic-port", given, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}}
		}, 1, 6, []string{"FromPort=32768,ToPort=65535,UserIdGroupPairs=[{GroupId=sg-app}]"}},
		{"refused by a network ACL", "acl-target-inbound-blocks-traffic-port", given, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
			s.Network.ACLs[0].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80}
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 60000, To: 60009})
		}, 1, 6, []string{"From=32768,To=65535 --cidr-block 10.0.0.0/24", "From=32768,To=65535 --cidr-block 10.0.1.0/24"}},
		{"whose clients are not let in", "nlb-client-addresses-blocked", given, func(s *Snapshot) {
			s.ofClients()
			s.Balancer.SecurityGroups = []string{"sg-lb"}
		}, 1, 6, []string{"FromPort=32768,ToPort=65535,UserIdGroupPairs=[{GroupId=sg-lb}]"}},
		{"whose clients may be everybody", "nlb-client-addresses-blocked", given, (*Snapshot).ofClients, 1, 6, nil},
		{"whose clients are in the VPC", "nlb-client-addresses-blocked", given, func(s *Snapshot) {
			s.ofClients()
			s.Balancer.Scheme = "internal"
			s.group("sg-app").Ingress[0].CIDRs = []string{"10.0.0.0/23"}
		}, 1, 6, []string{"FromPort=32768,ToPort=65535,IpRanges=[{CidrIp=10.0.0.0/16}]"}},
		{"whose clients a network ACL refuses", "acl-target-inbound-blocks-traffic-port", given, func(s *Snapshot) {
			s.ofClients()
			s.group("sg-app").Ingress[0].CIDRs = []string{"0.0.0.0/0"}
			s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 60000, To: 60009})
		}, 1, 6, []string{"From=32768,To=59999 --cidr-block 0.0.0.0/0", "From=60010,To=65535 --cidr-block 0.0.0.0/0"}},
		{"chosen", "target-sg-blocks-traffic-port", chosen, func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-lb"}}}
		}, 6, 1, []string{"FromPort=10080,ToPort=10080,"}},
	} {
		s := base()
		s.onPorts(tt.ports...)
		tt.change(s)
		var all []*Finding
		for _, f := range Diagnose(copied(t, s)).Findings {
			if f.ID == tt.id {
				all = append(all, f)
			}
		}
		if len(all) != tt.findings {
			t.Errorf("%s: want %d findings:\n%s", tt.name, tt.findings, said(&Report{Findings: all}))
			continue
		}
		if tt.findings == 0 {
			continue
		}
		told := slices.ContainsFunc(all[0].Evidence, func(e Evidence) bool {
			return e.Text == "targets of web have different ports of 32768-65535, as containers are given them as they start, and the next ones get others; if somebody has chosen these, open them alone"
		})
		if len(all[0].Targets) != tt.targets || told != (tt.findings == 1) || len(all[0].Fix) != len(tt.fix) || len(all[0].Undo) != len(tt.fix) {
			t.Errorf("%s: want it of %d targets, and %d commands:\n%s", tt.name, tt.targets, len(tt.fix), said(&Report{Findings: all}))
			continue
		}
		for i, part := range tt.fix {
			if !strings.Contains(all[0].Fix[i], part) {
				t.Errorf("%s: want %s: %s", tt.name, part, all[0].Fix[i])
			}
		}
	}
}

// TestPortsAreChosen: ports that are as high as those that containers are given, and that somebody has
// chosen, are opened alone.
func TestPortsAreChosen(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"two, each on both instances", func(s *Snapshot) {
			for i := range s.web().Targets {
				s.web().Targets[i].Port = 40000 + i%2
			}
		}, true},
		{"one of them the group's", func(s *Snapshot) { s.web().Port = 40000 }, true},
		{"checked on a port of their own", func(s *Snapshot) { s.web().Check.Port = "9090" }, true},
		{"one target", func(s *Snapshot) { s.web().Targets = s.web().Targets[:1] }, true},
		{"one of them below those that are given", func(s *Snapshot) { s.web().Targets[0].Port = 9000 }, true},
		{"one given twice by chance", func(s *Snapshot) { s.web().Targets[3].Port = 40000 }, false},
		{"all of them given", func(*Snapshot) {}, false},
	} {
		s := base()
		s.onPorts(40000, 50000)
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-lb"}}}
		tt.change(s)
		f := Diagnose(copied(t, s)).finding("target-sg-blocks-traffic-port")
		if f == nil || strings.Contains(f.Fix[0], "FromPort=32768,ToPort=65535") == tt.want {
			t.Errorf("%s: want them to be chosen: %v: %+v", tt.name, tt.want, f)
		}
	}
}
