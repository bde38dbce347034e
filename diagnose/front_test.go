package diagnose

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestFront draws the way of clients to a balancer by lot: what its security groups let in, network ACLs both
// ways, and the routes of its subnets back to networks beyond its VPC. A model of AWS says which clients get
// through to which node, and whom the groups mean: what keeps some of these out is found, what keeps out none
// is not; with all commands run they get in and nobody else does, and undone it is what it was.
func TestFront(t *testing.T) {
	for seed := range uint64(2000) {
		d := drawFront(seed)
		r := Diagnose(copied(t, d.Snapshot))
		fault := d.compare(r)
		if fault == "" {
			fault = d.mend(t, r)
		}
		if fault != "" {
			b, err := json.Marshal(d.Network)
			t.Fatalf("seed %d, %s: %s\nof %s (%v)\nit says\n%s", seed, d.Balancer.Scheme, fault, b, err, said(r))
		}
	}
}

// front is a balancer whose targets are well, and the way of clients to it.
type front struct {
	*lot
	clients []host
}

// comers are clients of all parts of the networks that drawn rules and routes tell apart: of the VPC, one of them
// beside the targets, of a peered one, of others, of networks on premises, and of the internet.
var comers = []string{"10.0.12.5", "10.0.20.5", "10.0.30.5", "10.9.0.7", "10.9.5.7", "10.50.0.1", "172.20.1.7", "198.51.100.7", "203.0.113.9"}

func drawFront(seed uint64) *front {
	d := &front{lot: &lot{Snapshot: base(), r: rand.New(rand.NewPCG(seed, 2))}}
	d.Logs, d.Metrics = nil, nil
	if d.onceIn(3) {
		d.Balancer.Type = NetworkType
		d.Listeners[0].Protocol, d.web().Protocol, d.web().Check.Protocol, d.web().Attributes[attrClientIP] = "TCP", "TCP", "TCP", "false"
		d.Balancer.Attributes = map[string]string{attrCrossZone: "true"}
	}
	if !d.onceIn(3) {
		d.Balancer.Scheme = "internal"
	}
	if d.keeps = d.Balancer.Type == NetworkType && d.onceIn(2); d.keeps {
		d.web().Attributes[attrClientIP] = "true"
	}
	for _, c := range comers {
		a := netip.MustParseAddr(c)
		d.clients = append(d.clients, host{address: a, own: a})
	}
	d.clients[0].groups = []string{"sg-app"}
	d.drawNodes()
	n := &d.Network
	// Each subnet of the balancer may have an ACL and a table of its own.
	n.ACLs[1].Subnets = []string{"subnet-edge-a"}
	n.ACLs = append(n.ACLs, ACL{ID: "acl-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Entries: slices.Clone(n.ACLs[1].Entries)})
	n.RouteTables[1].Subnets = []string{"subnet-edge-a"}
	n.RouteTables = append(n.RouteTables, RouteTable{ID: "rtb-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Routes: slices.Clone(n.RouteTables[1].Routes)})
	if d.onceIn(2) {
		d.group("sg-lb").Ingress = d.openingsOfFront()
	}
	for i := range n.ACLs[1:] {
		if d.onceIn(4) {
			d.drawACLOfFront(&n.ACLs[1+i], 80)
		}
	}
	if d.keeps && d.onceIn(2) {
		d.drawACLOfFront(&n.ACLs[0], 8080)
		n.ACLs[0].Entries = slices.DeleteFunc(n.ACLs[0].Entries, func(e ACLEntry) bool { return !e.Allow }) // health checks pass
	}
	d.drawRoutesOfFront(&n.RouteTables[1], &n.RouteTables[2])
	return d
}

// openingsOfFront are rules that let clients in to the listener, or to another port.
func (d *front) openingsOfFront() []Permission {
	list := []Permission{}
	for range d.r.IntN(4) {
		p := Permission{Protocol: d.pick("tcp", "tcp", "tcp", "6"), From: 80, To: 80}
		if d.onceIn(4) {
			p.From, p.To = 443, 443
		}
		if d.onceIn(6) {
			p.Groups = []string{"sg-app"}
		}
		p.CIDRs = []string{d.pick("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.20.0/24", "10.9.0.0/16", "10.9.0.0/24", "172.20.0.0/16", "203.0.113.0/24")}
		list = append(list, p)
	}
	return list
}

func (d *front) drawACLOfFront(a *ACL, port int) {
	if d.onceIn(2) { // but for what goes between balancer and targets
		local := "10.0.0.0/20"
		a.Entries = []ACLEntry{{Number: 100, Allow: true, Protocol: "-1", CIDR: local}, {Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: local}}
	}
	for range 1 + d.r.IntN(4) {
		e := ACLEntry{Number: 200 + d.r.IntN(300), Egress: d.onceIn(2), Allow: !d.onceIn(3), Protocol: d.pick("6", "6", "-1")}
		e.CIDR = d.pick("0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/16", "10.9.0.0/16", "10.9.0.0/24", "172.16.0.0/12", "198.51.100.0/24", "203.0.113.0/24")
		if !e.Allow {
			e.Number -= 150
		}
		if e.Protocol == "6" {
			ports := [][2]int{{port, port}, {443, 443}, {1024, 65535}, {0, 65535}}[d.r.IntN(4)]
			e.From, e.To = ports[0], ports[1]
		}
		taken := slices.ContainsFunc(a.Entries, func(old ACLEntry) bool { return old.Egress == e.Egress && old.Number == e.Number })
		if own := e.CIDR == "10.0.0.0/16" && !e.Allow; !taken && !own { // whether others come is not looked at where it is they alone
			a.Entries = append(a.Entries, e)
		}
	}
}

// drawRoutesOfFront draws ways of two tables to other networks: mostly the same, as somebody made them.
func (d *front) drawRoutesOfFront(a, b *RouteTable) {
	draw := func() []Route {
		list := []Route{{"10.0.0.0/16", "local", "active"}}
		way := "igw-1"
		if d.Balancer.Scheme == "internal" {
			way = d.pick("", "nat-1", "igw-1", "tgw-1")
		} else if d.onceIn(6) {
			way = d.pick("", "nat-1")
		}
		for _, r := range []Route{{"0.0.0.0/0", way, "active"}, {"10.9.0.0/16", d.pick("", "pcx-1", "pcx-1"), d.pick("active", "active", "active", "blackhole")}, {"172.20.0.0/16", d.pick("", "tgw-1", "vgw-1"), "active"}} {
			if r.Via != "" {
				list = append(list, r)
			}
		}
		return list
	}
	a.Routes = draw()
	if b.Routes = slices.Clone(a.Routes); d.onceIn(4) {
		b.Routes = draw()
	}
}

// gets reports whether a client gets through to a node, and on to a target that sees its address, on any of the usual ports or, if strictly, on all.
//
// Source: AWS, "Prepare network" of the Application Load Balancer guide, and the guide for VPC as in stops: a node
// answers by the route of its subnet. One in private addresses is not reached from the internet.
func (d *front) gets(client, node host, strictly bool) bool {
	n := &d.Network
	if !n.groupsPass(node.groups, false, 80, client) || !n.aclPasses(node.subnet, false, 80, client) || !d.answered(client, node) {
		return false
	}
	const target = "subnet-app-a" // one ACL is for both
	if d.keeps && !n.aclPasses(target, false, 8080, client) {
		return false
	}
	shut := func(port int) bool {
		return !n.aclPasses(node.subnet, true, port, client) || d.keeps && !n.aclPasses(target, true, port, client)
	}
	if strictly {
		return !slices.ContainsFunc(usual, shut)
	}
	return slices.ContainsFunc(usual, func(port int) bool { return !shut(port) })
}

// answered reports whether the route of a node's subnet leads back to a client by the way on which it can have come.
func (d *front) answered(client, node host) bool {
	ways := []string{"local", "pcx-", "tgw-", "vgw-"}
	if d.Balancer.Scheme == "internet-facing" {
		ways = []string{"igw-"}
	}
	r := d.Network.routeOf(node.subnet, client.own)
	return r.State == "active" && slices.ContainsFunc(ways, func(way string) bool { return strings.HasPrefix(r.Via, way) })
}

// routeOf is the route of a subnet's own table to an address.
func (n *Network) routeOf(subnet string, to netip.Addr) (r Route) {
	at := slices.IndexFunc(n.RouteTables, func(t RouteTable) bool { return slices.Contains(t.Subnets, subnet) })
	longest := -1
	for _, other := range n.RouteTables[at].Routes {
		if p := netip.MustParsePrefix(other.Destination); p.Contains(to) && p.Bits() > longest {
			r, longest = other, p.Bits()
		}
	}
	return r
}

// meant are the ranges that rules name for the listener, but for those within others, and the clients in each who may
// come: all may to a balancer in private addresses, and only those of the internet to one there.
func (d *front) meant() map[string][]host {
	ranges := map[string][]host{}
	for _, p := range d.group("sg-lb").Ingress {
		for _, cidr := range p.CIDRs {
			for _, c := range d.clients {
				if p.From <= 80 && 80 <= p.To && netip.MustParsePrefix(cidr).Contains(c.address) && (d.Balancer.Scheme == "internal" || !c.address.IsPrivate()) {
					ranges[cidr] = append(ranges[cidr], c)
				}
			}
		}
		for _, id := range p.Groups { // whose members come by their private addresses
			if d.Balancer.Scheme == "internal" && p.From <= 80 && 80 <= p.To {
				ranges[id] = d.clients[:1]
			}
		}
	}
	for narrow := range ranges {
		for wide := range ranges {
			p, errP := netip.ParsePrefix(narrow)
			q, errQ := netip.ParsePrefix(wide)
			if errP == nil && errQ == nil && q.Bits() < p.Bits() && q.Contains(p.Addr()) {
				delete(ranges, narrow)
			}
		}
	}
	return ranges
}

// concerns reports whether a finding is about the way of clients, which may go on to the targets.
func (d *front) concerns(f *Finding) bool {
	return f.Hop == HopNode || d.keeps && strings.HasPrefix(f.ID, "acl-target")
}

func (d *front) compare(r *Report) string {
	var said, grave []string // at all, and as no mere note
	for _, f := range r.Findings {
		if d.concerns(f) {
			said = append(said, f.ID)
			if f.Level != Note {
				grave = append(grave, f.ID)
			}
		}
	}
	meant, held, some := d.meant(), 0, map[netip.Addr]bool{} // nodes to which anybody gets
	through := func(list []host, node host, strictly bool) (n int) {
		for _, c := range list {
			if d.gets(c, node, strictly) {
				n++
			}
		}
		return n
	}
	for cidr, list := range meant {
		nodes := 0
		for _, node := range d.nodes {
			if through(list, node, false) > 0 {
				nodes++
				some[node.address] = true
			}
			held += len(list) - through(list, node, true)
		}
		switch {
		case nodes == 0 && len(said) == 0:
			return "nobody of " + cidr + " gets in, and nothing is said"
		case 0 < nodes && nodes < len(d.nodes) && len(grave) == 0:
			return "nobody of " + cidr + " gets in to some nodes, and nothing but notes is said"
		}
	}
	switch {
	case len(some) == 0 && len(grave) == 0:
		return "nobody gets in, and nothing but notes is said"
	case held == 0 && len(meant) > 0 && len(grave) > 0:
		return "everybody gets in who is meant to"
	case len(some) == len(d.nodes) && slices.ContainsFunc(r.Findings, func(f *Finding) bool { return d.concerns(f) && f.Level == Fail }):
		return "some get in everywhere, and it is said to fail"
	}
	return ""
}

// mend runs all commands, and then those that undo them.
func (d *front) mend(t *testing.T, r *Report) string {
	t.Helper()
	after, l := *d, *d.lot
	l.Snapshot = copied(t, d.Snapshot)
	after.lot = &l
	var undo []string
	left := false          // to who knows the network
	for round := range 3 { // who is let in at one place may be held back at the next, which is said then
		if round > 0 {
			r = Diagnose(copied(t, after.Snapshot))
		}
		var back []string
		for _, f := range r.Findings {
			if !d.concerns(f) {
				continue
			}
			left = left || f.Level != Note && len(f.Fix) == 0
			back = append(back, f.Undo...)
			for _, c := range f.Fix {
				if d.Balancer.Scheme == "internal" && strings.Contains(c, "0.0.0.0/0") && strings.Contains(c, "security-group") && !strings.Contains(fmt.Sprint(d.group("sg-lb").Ingress), "0.0.0.0/0") {
					return "a private balancer is opened to everybody: " + c
				}
				if err := after.Network.run(c); err != nil {
					return fmt.Sprintf("%s: %v", c, err)
				}
			}
		}
		undo = append(back, undo...)
	}
	nobody := len(d.meant()) == 0 // then commands open it to whom they can
	for _, node := range d.nodes {
		n := 0
		for _, c := range d.clients {
			if after.gets(c, node, false) {
				n++
			}
			before := d.Network.groupsPass(node.groups, false, 80, c) || d.Network.groupsPass(node.groups, false, 443, c)
			within := d.Balancer.Scheme == "internal" && netip.MustParsePrefix("10.0.0.0/16").Contains(c.address)
			open := d.Balancer.Scheme == "internet-facing" && nobody
			if after.gets(c, node, false) && !before && !within && !open {
				return fmt.Sprintf("with all commands run, %s gets in, who was not meant to", c.address)
			}
		}
		if n == 0 && !left {
			return fmt.Sprintf("with all commands run, nobody gets in to %s", node.address)
		}
	}
	return after.Network.undo(undo, &d.Network)
}

// TestNamedClients: whom security groups name, and no route of an internal balancer leads back to, is kept out; but they
// may come by PrivateLink to a network balancer, which needs none; and who is seen to come is not.
//
// Source: AWS, "Update the security groups for your Network Load Balancer", read 2026-11: with inbound rules enforced on
// traffic by PrivateLink, its source is the private address of the client.
func TestNamedClients(t *testing.T) {
	const route, acl, targets = "balancer-no-way-back", "acl-balancer-inbound-blocks-listener", "acl-target-inbound-blocks-traffic-port"
	for _, tt := range []struct {
		name          string
		network, come bool
		id            string
		want          Level
	}{
		{"no route", false, false, route, Fail}, {"no route, and clients come", false, true, route, Warn},
		{"no route of a network balancer", true, false, route, Warn}, {"no route of a network balancer, and clients come", true, true, route, Note},
		{"an ACL", false, false, acl, Fail}, {"an ACL, and clients come", false, true, acl, Warn},
		{"an ACL of a network balancer", true, false, acl, Warn}, {"an ACL of a network balancer, and clients come", true, true, acl, Note},
		{"an ACL of its targets", true, false, targets, Warn}, {"an ACL of its targets, and clients come", true, true, targets, Note},
	} {
		s := base()
		if tt.network {
			s.network()
			s.web().Attributes[attrClientIP] = "false"
			s.Balancer.SecurityGroups = []string{"sg-lb"}
		}
		s.Balancer.Scheme = "internal"
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.9.0.0/16"}}}
		if tt.id != route {
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.9.0.0/16", "pcx-1", "active"})
		}
		switch tt.id {
		case acl:
			s.Network.ACLs[1].Entries[0].CIDR = "10.0.0.0/16"
		case targets: // which see the balancer's addresses of those who come by PrivateLink
			s.web().Attributes[attrClientIP], s.Network.ACLs[0].Entries[0].CIDR = "true", "10.0.0.0/16"
		}
		if s.Logs = nil; !tt.come {
			s.Metrics = nil
		} else if tt.network {
			s.metric("NewFlowCount", "", "Sum", 6000)
		}
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if f == nil || f.Level != tt.want || tt.network != (strings.Count(fmt.Sprint(f.Rivals), "PrivateLink") == 1) {
			t.Errorf("%s: want %s of level %s:\n%s", tt.name, tt.id, tt.want, said(r))
		}
	}
}

// TestHealthyFront: what somebody who knows AWS takes for healthy is no failure, and with clients that come no more than
// a note; and broken in one place it is told.
//
// Source: AWS, "Restrict access with VPC origins" of the guide for CloudFront, and "Use Application Load Balancers as
// targets of a Network Load Balancer", read 2026-11.
func TestHealthyFront(t *testing.T) {
	const route, in, out = "balancer-no-way-back", "acl-balancer-inbound-blocks-listener", "acl-balancer-outbound-blocks-clients"
	nat, local := Route{"0.0.0.0/0", "nat-1", "active"}, Route{"10.0.0.0/16", "local", "active"}
	private := []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
	named := func(s *Snapshot, cidrs ...string) {
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: cidrs}}
	}
	// cloudFront names a list of ranges in the internet, whose servers come by an interface in the VPC.
	cloudFront := func(s *Snapshot) {
		named(s)
		s.group("sg-lb").Ingress[0].PrefixLists = []string{"pl-1"}
		s.Network.PrefixLists = []PrefixList{{ID: "pl-1", CIDRs: []string{"120.52.22.96/27", "205.251.249.0/24"}}}
	}
	only := func(s *Snapshot, cidr string) {
		s.Network.ACLs[1].Entries[0].CIDR, s.Network.ACLs[1].Entries[2].CIDR = cidr, cidr
	}
	for _, tt := range []struct {
		name   string
		change func(s *Snapshot)
		routes []Route
		come   map[string]Level // what is told where clients come
		gone   map[string]Level // and where none are seen to
	}{
		{"private ranges, of which some are nowhere", func(s *Snapshot) { named(s, private...) }, []Route{nat},
			map[string]Level{route: Note}, map[string]Level{route: Note}},
		{"and an ACL for those that are", func(s *Snapshot) { named(s, private...); only(s, "10.0.0.0/8") }, []Route{nat},
			map[string]Level{route: Note}, map[string]Level{route: Note}},
		{"and an ACL that keeps out those to whom a route leads", func(s *Snapshot) { named(s, private[:2]...); only(s, "10.0.0.0/8") }, []Route{nat, {"172.16.0.0/12", "tgw-1", "active"}},
			map[string]Level{in: Warn, out: Warn}, map[string]Level{in: Warn, out: Warn}},
		{"a NAT gateway that is gone", func(s *Snapshot) { named(s, "10.0.0.0/16", "192.168.0.0/16") }, []Route{{"0.0.0.0/0", "nat-1", "blackhole"}},
			map[string]Level{route: Note}, map[string]Level{route: Note}},
		{"a peering that is gone", func(s *Snapshot) { named(s, "10.0.0.0/16", "192.168.0.0/16") }, []Route{nat, {"192.168.0.0/16", "pcx-1", "blackhole"}},
			map[string]Level{route: Warn}, map[string]Level{route: Warn}},
		{"a VPC origin of CloudFront", cloudFront, []Route{nat}, map[string]Level{route: Note}, map[string]Level{route: Warn}},
		{"and an ACL for private addresses", func(s *Snapshot) { cloudFront(s); only(s, "10.0.0.0/8") }, []Route{nat},
			map[string]Level{route: Note, in: Note, out: Note}, map[string]Level{route: Warn, in: Warn, out: Warn}},
		{"offices that come by a network balancer", func(s *Snapshot) { named(s, "203.0.113.0/24") }, []Route{nat},
			map[string]Level{route: Note}, map[string]Level{route: Warn}},
		{"no route to the only clients", func(s *Snapshot) { named(s, "192.168.0.0/16") }, []Route{nat},
			map[string]Level{route: Warn}, map[string]Level{route: Fail}},
		{"a gateway balancer", func(s *Snapshot) {
			s.Balancer.Type, s.Balancer.SecurityGroups, s.Listeners[0].Protocol, s.web().Protocol = Gateway, nil, "GENEVE", "GENEVE"
			s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a"}
		}, []Route{nat, {"10.20.0.0/16", "tgw-1", "active"}}, nil, nil},
	} {
		for _, come := range []bool{true, false} {
			s, want := base(), tt.come
			s.Balancer.Scheme = "internal"
			tt.change(s)
			s.Network.RouteTables[1].Routes = append([]Route{local}, tt.routes...)
			if !come {
				s.Metrics, s.Logs, want = nil, nil, tt.gone
			}
			r := Diagnose(copied(t, s))
			for _, id := range []string{route, in, out} {
				got := Level("")
				if f := r.finding(id); f != nil {
					got = f.Level
				}
				if got != want[id] {
					t.Errorf("%s, clients come %v: %s is told as %q, want %q\n%s", tt.name, come, id, got, want[id], said(r))
				}
			}
		}
	}
}

// TestDeniedClients: no command lets in whom an entry of a network ACL denies, and others not.
func TestDeniedClients(t *testing.T) {
	s := base()
	s.group("sg-lb").Ingress[0].CIDRs = []string{"203.0.113.0/24", "198.51.100.0/24"}
	s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 50, Protocol: "-1", CIDR: "198.51.100.0/24"})
	r := Diagnose(copied(t, s))
	f := r.finding("acl-balancer-inbound-blocks-listener")
	if f == nil || f.Level != Warn || len(f.Fix) > 0 || !strings.HasPrefix(f.Do, "nothing, if") {
		t.Error(said(r))
	}
}
