package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// throughAppliance leads what goes between balancer and targets through a firewall, by
// which rules do not match that name a group.
func (s *Snapshot) throughAppliance() {
	s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0"}}
	for i := range s.Network.RouteTables {
		t := &s.Network.RouteTables[i]
		t.Routes = append(t.Routes, Route{"10.0.0.0/23", "vpce-0fw", "active"}, Route{"10.0.10.0/23", "vpce-0fw", "active"})
	}
}

// TestClientAddressesLost: what targets see the clients' addresses is to be in the
// balancer's VPC, or in a peered one, and no command changes what works.
func TestClientAddressesLost(t *testing.T) {
	const off, on = "Key=preserve_client_ip.enabled,Value=false", "Key=preserve_client_ip.enabled,Value=true"
	over := func(via string, all bool) func(*Snapshot) {
		return func(s *Snapshot) {
			s.peered(via)
			s.onTheWayBack(via)
			s.web().Type = "ip"
			s.group("sg-peer").Ingress = []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}
			if all {
				s.web().Targets = s.web().Targets[:1]
			}
		}
	}
	preserved := func(value string, changes ...func(*Snapshot)) func(*Snapshot) {
		return func(s *Snapshot) {
			for _, c := range changes {
				c(s)
			}
			s.web().Attributes[attrClientIP] = value
		}
	}
	udp := func(s *Snapshot) { s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP" }
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		said   bool
		fix    string
	}{
		{"through a firewall", preserved("true", (*Snapshot).throughAppliance), true, off},
		{"through a firewall, without preserving them", preserved("false", (*Snapshot).throughAppliance), false, ""},
		{"over a transit gateway", preserved("true", over("tgw-1", true)), true, off},
		{"over a transit gateway, as it is unless told otherwise", over("tgw-1", true), false, ""},
		{"over a VPN", preserved("true", over("vgw-1", true)), true, off},
		{"over a peering", preserved("true", over("pcx-1", true)), false, ""},
		{"over a transit gateway, one of two", preserved("true", over("tgw-1", false)), true, ""},
		{"over a transit gateway in UDP", preserved("true", over("tgw-1", true), udp), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.network()
			tt.change(s)
			r := Diagnose(copied(t, s))
			at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "nlb-client-addresses-lost" })
			switch {
			case at < 0 && tt.said || at >= 0 && !tt.said:
				t.Fatalf("said: %t, want %t:\n%s", at >= 0, tt.said, said(r))
			case at < 0:
				return
			}
			f := r.Findings[at]
			if tt.fix == "" && len(f.Fix)+len(f.Undo) > 0 || tt.fix != "" && (len(f.Fix) != 1 || !strings.HasSuffix(f.Fix[0], tt.fix) || !strings.HasSuffix(f.Undo[0], on)) {
				t.Errorf("commands, want %q: %v, undone by %v", tt.fix, f.Fix, f.Undo)
			}
		})
	}
}

// TestACLsOfClients: a target's network ACL sees the addresses that the target sees:
// clients' in traffic, and the nodes' in health checks.
func TestACLsOfClients(t *testing.T) {
	const in, check, out = "acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-outbound-blocks-ephemeral"
	udp := func(s *Snapshot) {
		s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
		s.group("sg-app").Ingress[0].Protocol = "-1"
		s.checkPort("9090")
	}
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   map[string]string // the range that commands of a finding let through
	}{
		{"answers in UDP", func(s *Snapshot) { udp(s); s.Network.ACLs[0].Entries[2].Protocol = "6" }, map[string]string{out: "udp 0.0.0.0/0"}},
		{"answers in UDP within a VPC", func(s *Snapshot) {
			udp(s)
			s.Balancer.Scheme = "internal"
			s.Network.ACLs[0].Entries[2].Protocol = "6"
		}, map[string]string{out: "udp 10.0.0.0/16"}},
		{"answers to clients that take lower ports", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 1024, To: 49151})
			s.Network.ACLs[0].Entries = append(s.Network.ACLs[0].Entries, ACLEntry{Number: 80, Egress: true, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"})
		}, map[string]string{out: "tcp 0.0.0.0/0"}},
		{"the nodes, on a port that only clients use", func(s *Snapshot) {
			s.checkPort("9090")
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 8080, To: 8080})
		}, map[string]string{}},
		{"everybody, on a port that is checked", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 8080, To: 8080})
		}, map[string]string{in: "tcp 0.0.0.0/0", check: "tcp 10.0.0.0/24 tcp 10.0.1.0/24"}},
		{"everybody, on a port that is checked within a VPC", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 8080, To: 8080})
		}, map[string]string{in: "tcp 10.0.0.0/16", check: "tcp 10.0.0.0/24 tcp 10.0.1.0/24"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 0, To: 65535, CIDRs: []string{"0.0.0.0/0"}}}
			tt.change(s)
			r := Diagnose(copied(t, s))
			got := map[string]string{}
			for _, f := range r.Findings {
				if f.ID != in && f.ID != check && f.ID != out {
					continue
				}
				var lets []string
				for _, fix := range f.Fix {
					word := strings.Fields(fix)
					after := func(flag string) string { return word[slices.Index(word, flag)+1] }
					lets = append(lets, after("--protocol")+" "+after("--cidr-block"))
				}
				got[f.ID] = strings.Join(lets, " ")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("what is let through (-want +got):\n%s\n%s", diff, said(r))
			}
		})
	}
}

// TestWithoutSecurityGroup: a network balancer that has no security group is let in by its
// subnets, and no text names a group that it has not; its clients are those whom the network
// ACLs before it let in, and where these let everybody in, that is said.
func TestWithoutSecurityGroup(t *testing.T) {
	const clients, nodes = "nlb-client-addresses-blocked", "target-sg-blocks-traffic-port"
	clear := func(s *Snapshot) { s.web().Attributes[attrClientIP] = "false" }
	only := func(ranges ...string) func(*Snapshot) {
		return func(s *Snapshot) {
			edge := &s.Network.ACLs[1]
			edge.Entries = edge.Entries[2:] // those outbound
			for i, r := range append(ranges, "10.0.0.0/16") {
				edge.Entries = append(edge.Entries, ACLEntry{Number: 100 + i, Allow: true, Protocol: "6", CIDR: r, From: 0, To: 65535})
			}
		}
	}
	for _, tt := range []struct {
		name    string
		changes []func(*Snapshot)
		id      string
		lets    []string
		says    string
	}{
		{"nodes", []func(*Snapshot){clear}, nodes, []string{"10.0.0.0/24", "10.0.1.0/24"}, "the balancer has no security group, and speaks from 10.0.0.0/24, 10.0.1.0/24"},
		{"public addresses of nodes", []func(*Snapshot){clear, func(s *Snapshot) { s.group("sg-app").Ingress[0].CIDRs = []string{"52.57.1.2/32"} }}, "target-sg-public-source",
			[]string{"10.0.0.0/24", "10.0.1.0/24"}, "the balancer has no security group"},
		{"everybody", nil, clients, []string{"0.0.0.0/0"}, "let in these in place of 0.0.0.0/0"},
		{"those whom the network ACL lets in", []func(*Snapshot){only("203.0.113.0/24", "198.51.100.0/25")}, clients, []string{"198.51.100.0/25", "203.0.113.0/24", "10.0.0.0/16"}, ""},
		{"but for some whom the network ACL keeps out", []func(*Snapshot){func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "198.51.100.7/32", From: 0, To: 65535})
		}},
			clients, []string{"0.0.0.0/0"}, "let in these in place of 0.0.0.0/0"},
		{"both ranges of a VPC", []func(*Snapshot){func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.Network.VPCs[0].CIDRs = []string{"10.0.0.0/16", "100.64.0.0/16"}
		}}, clients, []string{"10.0.0.0/16", "100.64.0.0/16"}, ""},
		{"those whom both let in", []func(*Snapshot){only("203.0.113.0/24"), func(s *Snapshot) {
			s.group("sg-app").Ingress[0].CIDRs = []string{"203.0.113.0/24", "10.0.0.0/16"}
		}}, "", nil, ""},
	} {
		s := base()
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.7.0.0/16"}}}
		if tt.id == clients {
			s.group("sg-app").Ingress[0].CIDRs = []string{"10.0.0.0/23"}
		}
		for _, change := range tt.changes {
			change(s)
		}
		r := Diagnose(copied(t, s))
		if tt.id == "" {
			if len(r.Findings) > 0 {
				t.Errorf("%s: want nothing:\n%s", tt.name, said(r))
			}
			continue
		}
		f := r.finding(tt.id)
		if f == nil {
			t.Errorf("%s: want %s:\n%s", tt.name, tt.id, said(r))
			continue
		}
		var lets []string
		for _, fix := range f.Fix {
			_, to, _ := strings.Cut(fix, "CidrIp=")
			to, _, _ = strings.Cut(to, "}")
			lets = append(lets, to)
		}
		slices.Sort(lets)
		slices.Sort(tt.lets)
		text := said(&Report{Findings: []*Finding{f}})
		if !slices.Equal(lets, tt.lets) || !strings.Contains(text, tt.says) || strings.Contains(f.Sentence+f.Do, "the balancer's security group") {
			t.Errorf("%s: lets in %v, want %v, and to say %q:\n%s", tt.name, lets, tt.lets, tt.says, text)
		}
	}
}

// TestACLsOfSomeClients: a network ACL that lets through what goes within the VPC, as to
// targets, may keep out all clients of a balancer in the internet, and one that lets answers out
// on the ports of Windows those that have others.
func TestACLsOfSomeClients(t *testing.T) {
	const in, out = "acl-balancer-inbound-blocks-listener", "acl-balancer-outbound-blocks-clients"
	only := func(egress bool, from, to int) func(*Snapshot) {
		return func(s *Snapshot) {
			a := &s.Network.ACLs[1]
			a.Entries = slices.DeleteFunc(a.Entries, func(e ACLEntry) bool { return e.Egress == egress && e.Allow })
			a.Entries = append(a.Entries, ACLEntry{Number: 80, Egress: egress, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"},
				ACLEntry{Number: 100, Egress: egress, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: from, To: to})
		}
	}
	for name, tt := range map[string]struct {
		change   func(*Snapshot)
		id, says string
		lets     string
	}{
		"no client on the listener's port":           {only(false, 1024, 65535), in, "but from the VPC itself or private addresses", "--ingress --rule-number 32766 --protocol tcp --port-range From=80,To=80 --cidr-block 0.0.0.0/0"},
		"no client is answered":                      {only(true, 443, 443), out, "but to the VPC itself or private addresses", "--egress --rule-number 32766 --protocol tcp --port-range From=1024,To=65535 --cidr-block 0.0.0.0/0"},
		"clients with ports of Windows are answered": {only(true, 49152, 65535), out, "on 1024-49151: ", "--egress --rule-number 32766 --protocol tcp --port-range From=1024,To=49151 --cidr-block 0.0.0.0/0"},
		"no client by IPv6": {func(s *Snapshot) {
			s.dualstack()
			s.Network.VPCs[0].CIDRs = append(s.Network.VPCs[0].CIDRs, "2001:db8::/56")
			for i, e := range s.Network.ACLs[1].Entries {
				if e.Number == 101 && !e.Egress {
					s.Network.ACLs[1].Entries[i].CIDR = "2001:db8::/56"
				}
			}
		}, "ipv6-clients-blocked", "by IPv4, and none by IPv6", "--ipv6-cidr-block ::/0"},
		"most clients are": {only(true, 32768, 65535), "", "", ""},
		"an internal balancer, and clients of its VPC": {func(s *Snapshot) { s.Balancer.Scheme = "internal"; only(false, 1024, 65535)(s) }, "", "", ""},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		if tt.id == "" {
			if r.Wrong() {
				t.Errorf("%s: want nothing:\n%s", name, said(r))
			}
			continue
		}
		if len(r.Findings) != 1 || r.Findings[0].ID != tt.id || r.Findings[0].Level != Warn || !strings.Contains(r.Findings[0].Sentence, tt.says) || !strings.Contains(strings.Join(r.Findings[0].Fix, "\n"), tt.lets) {
			t.Errorf("%s: want a warning %s that lets %s:\n%s", name, tt.id, tt.lets, said(r))
		}
	}
}

// TestClientsByPrivateLink: of an internal balancer whose targets let in its subnets alone, it is
// told who may come all the same.
func TestClientsByPrivateLink(t *testing.T) {
	for _, tt := range []struct {
		scheme string
		ranges []string
		want   bool
	}{{"internal", []string{"10.0.0.0/23"}, true}, {"internal", []string{"10.0.0.0/23", "10.0.20.0/24"}, false}, {"internet-facing", []string{"10.0.0.0/23"}, false}} {
		s := base()
		s.network()
		s.Balancer.Scheme, s.Balancer.SecurityGroups = tt.scheme, []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: tt.ranges}}
		r := Diagnose(copied(t, s))
		f := r.finding("nlb-client-addresses-blocked")
		if f == nil || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "PrivateLink") }) != tt.want {
			t.Errorf("%s, %v: want it among the rivals: %v:\n%s", tt.scheme, tt.ranges, tt.want, said(r))
		}
	}
}
