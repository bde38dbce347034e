package diagnose

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// lot is a balancer before two targets, whose network is drawn by lot, and both ends of the
// connections between them.
type lot struct {
	*Snapshot
	nodes, targets []host
	zonal          bool // targets are spoken to from their own zone only
	keeps          bool // a network balancer, whose targets see the addresses of its clients
	six            bool // all of it speaks IPv6

	r *rand.Rand
}

func (d *lot) pick(list ...string) string { return list[d.r.IntN(len(list))] }

// once in as many draws.
func (d *lot) onceIn(n int) bool { return d.r.IntN(n) == 0 }

func draw(seed uint64, keeps, six bool) *lot {
	d := &lot{Snapshot: base(), keeps: keeps, six: six, r: rand.New(rand.NewPCG(seed, 1))}
	d.Logs, d.Metrics = nil, nil
	if keeps {
		d.Balancer.Type, d.Balancer.Attributes = NetworkType, map[string]string{attrCrossZone: "true"}
		d.Listeners[0].Protocol, d.web().Protocol, d.web().Check.Protocol, d.web().Attributes[attrClientIP] = "TCP", "TCP", "TCP", "true"
		if d.onceIn(2) {
			d.Balancer.SecurityGroups = []string{}
		}
	}
	if d.onceIn(3) {
		d.checkPort("9090")
	}
	if d.zonal = d.onceIn(5); d.zonal {
		d.web().Attributes[attrCrossZone] = "false"
	}
	d.drawNodes()
	for i := range d.web().Targets {
		d.drawTarget(i)
	}
	d.drawGroups()
	for i := range d.Network.ACLs {
		if d.onceIn(2) {
			d.drawACL(&d.Network.ACLs[i])
		}
	}
	if d.six {
		d.speakIPv6()
	}
	d.check()
	return d
}

// speakIPv6 puts addresses of IPv6 in place of those of IPv4; networks and interfaces have both.
func (d *lot) speakIPv6() {
	n, g := &d.Network, d.web()
	d.Balancer.AddressType, g.AddressType = onlyPublicIPv6, "ipv6"
	for i := range g.Targets {
		g.Targets[i].ID = inIPv6(g.Targets[i].ID)
	}
	for i, v := range n.VPCs {
		n.VPCs[i].CIDRs = slices.Concat(v.CIDRs, all(v.CIDRs))
	}
	for i, s := range n.Subnets {
		n.Subnets[i].CIDRs = slices.Concat(s.CIDRs, all(s.CIDRs))
	}
	for i, at := range n.Interfaces {
		n.Interfaces[i].Addresses = slices.Concat(at.Addresses, all(at.Addresses))
	}
	for i, l := range n.PrefixLists {
		n.PrefixLists[i].CIDRs = all(l.CIDRs)
	}
	for _, g := range n.SecurityGroups {
		for _, list := range [][]Permission{g.Ingress, g.Egress} {
			for i := range list {
				list[i].CIDRs = all(list[i].CIDRs)
			}
		}
	}
	for _, a := range n.ACLs {
		for i := range a.Entries {
			a.Entries[i].CIDR = inIPv6(a.Entries[i].CIDR)
		}
	}
	for _, table := range n.RouteTables {
		for i := range table.Routes {
			table.Routes[i].Destination = inIPv6(table.Routes[i].Destination)
		}
	}
	for _, hosts := range [][]host{d.nodes, d.targets} {
		for i := range hosts {
			hosts[i].address = netip.MustParseAddr(inIPv6(hosts[i].address.String()))
			hosts[i].own = hosts[i].address
		}
	}
}

func all(list []string) (six []string) {
	for _, four := range list {
		six = append(six, inIPv6(four))
	}
	return six
}

// inIPv6 is an address or a range of IPv6 that has one of IPv4 as its second part.
func inIPv6(four string) string {
	p, err := netip.ParsePrefix(four)
	if err != nil {
		b := netip.MustParseAddr(four).As4()
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, b[0], b[1], b[2], b[3]}).String()
	}
	switch p.Bits() {
	case 0:
		return "::/0"
	case 8: // private
		return "fc00::/7"
	case 32:
		return inIPv6(p.Addr().String()) + "/128"
	}
	return fmt.Sprintf("%s/%d", inIPv6(p.Addr().String()), 32+p.Bits())
}

func (d *lot) drawNodes() {
	n := &d.Network
	for i, s := range n.Subnets[2:] {
		for j := range 1 + d.r.IntN(2) {
			address := fmt.Sprintf("10.0.%d.%d", i, 5+200*j)
			n.Interfaces = append(n.Interfaces, Interface{ID: "eni-" + address, Node: true, VPC: s.VPC, Subnet: s.ID, Zone: s.Zone, Addresses: []string{address}, SecurityGroups: d.Balancer.SecurityGroups})
			a := netip.MustParseAddr(address)
			d.nodes = append(d.nodes, host{a, a, s.ID, d.Balancer.SecurityGroups, s.Zone})
		}
	}
}

// drawTarget puts a target into a subnet of its own, into one of the balancer's, or into another VPC.
func (d *lot) drawTarget(i int) {
	n, t := &d.Network, &d.web().Targets[i]
	at := &n.Interfaces[i]
	switch {
	case d.onceIn(6) && !d.keeps:
		in := d.r.IntN(2)
		at.Subnet, at.Zone, at.Addresses = n.Subnets[2+in].ID, n.Subnets[2+in].Zone, []string{fmt.Sprintf("10.0.%d.%d", in, 50+i)}
		t.ID, t.Zone = at.Addresses[0], at.Zone
	case i == 0 && d.onceIn(4):
		d.drawPeering(at)
		t.ID, t.Zone = at.Addresses[0], "all"
	}
	if at.VPC == "vpc-1" && d.onceIn(4) {
		at.SecurityGroups = append(at.SecurityGroups, "sg-common")
	}
	a := netip.MustParseAddr(t.ID)
	d.targets = append(d.targets, host{a, a, at.Subnet, at.SecurityGroups, t.Zone})
}

// drawPeering moves an interface into another VPC, to which routes lead and back, or do not.
func (d *lot) drawPeering(at *Interface) {
	n := &d.Network
	at.VPC, at.Subnet, at.Addresses, at.SecurityGroups = "vpc-9", "subnet-peer", []string{"10.9.0.7"}, []string{"sg-peer"}
	n.VPCs = append(n.VPCs, VPC{at.VPC, []string{"10.9.0.0/16"}})
	n.Subnets = append(n.Subnets, Subnet{at.Subnet, at.VPC, "eu-central-1a", []string{"10.9.0.0/24"}, 200, "", false})
	n.SecurityGroups = append(n.SecurityGroups, SecurityGroup{ID: "sg-peer", VPC: at.VPC, Ingress: d.permissions(3, "sg-lb", "10.0.0.0/16", "10.0.1.0/24"), Egress: []Permission{}})
	a := n.ACLs[0]
	a.ID, a.VPC, a.Subnets, a.Entries = "acl-peer", at.VPC, []string{at.Subnet}, slices.Clone(a.Entries)
	n.ACLs = append(n.ACLs, a)
	there := d.routes("10.9.0.0/16", "10.9.0.0/24")
	if len(there) == 0 { // without a route nobody knows in which VPC the address is
		there = []Route{{"10.9.0.0/16", "pcx-1", "blackhole"}}
	}
	edge := &n.RouteTables[1]
	edge.Routes = append(edge.Routes, there...)
	back := append([]Route{{"10.9.0.0/16", "local", "active"}}, d.routes("10.0.0.0/16", "10.0.1.0/24")...)
	n.RouteTables = append(n.RouteTables, RouteTable{ID: "rtb-peer", VPC: at.VPC, Main: true, Routes: back})
}

// routes are ways to a VPC and to a part of it, each of which may lead nowhere or not be there.
func (d *lot) routes(to ...string) (routes []Route) {
	for _, to := range to {
		if state := d.pick("active", "active", "blackhole", ""); state != "" {
			routes = append(routes, Route{to, "pcx-1", state})
		}
	}
	return routes
}

// drawGroups draws who lets whom in and out: clients to the balancer, that to the targets.
func (d *lot) drawGroups() {
	n := &d.Network
	n.PrefixLists = []PrefixList{{"pl-1", []string{"10.0.0.0/24", "10.0.1.0/25"}}}
	n.SecurityGroups = append(n.SecurityGroups, SecurityGroup{ID: "sg-common", VPC: "vpc-1", Ingress: []Permission{}, Egress: []Permission{}})
	if d.onceIn(2) {
		from := []string{"sg-lb", "sg-lb", "10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.5/32", "sg-app", "sg-common", "192.0.2.0/24", "10.0.0.0/23", "pl-1"}
		if d.keeps {
			from = append(from, "0.0.0.0/0", "198.51.100.0/24")
		}
		d.group("sg-app").Ingress, d.group("sg-common").Ingress = d.permissions(4, from...), d.permissions(2, from...)
	}
	if d.onceIn(3) {
		d.group("sg-lb").Egress = d.permissions(4, "sg-app", "sg-common", "0.0.0.0/0", "10.0.10.0/24", "10.0.11.0/24", "10.0.0.0/16", "sg-lb")
	}
	if d.onceIn(3) {
		in := d.permissions(3, "0.0.0.0/0", "198.51.100.0/24", "10.0.0.0/8", "sg-lb", "203.0.113.9/32", "sg-common")
		for i := range in {
			if in[i].Protocol != "-1" && d.onceIn(2) {
				in[i].From, in[i].To = 80, 80
			}
		}
		d.group("sg-lb").Ingress = in
	}
}

// permissions are fewer than some, each for one or two peers.
func (d *lot) permissions(fewer int, peers ...string) []Permission {
	list := []Permission{}
	for range d.r.IntN(fewer) {
		p := Permission{Protocol: d.pick("tcp", "tcp", "tcp", "tcp", "6", "-1", "udp")}
		ports := [][2]int{{8080, 8080}, {8080, 8080}, {8000, 9100}, {9090, 9090}, {443, 443}, {0, 65535}}[d.r.IntN(6)]
		if p.Protocol != "-1" {
			p.From, p.To = ports[0], ports[1]
		}
		for range 1 + d.r.IntN(2) {
			switch peer := d.pick(peers...); {
			case strings.HasPrefix(peer, "sg-"):
				p.Groups = append(p.Groups, peer)
			case strings.HasPrefix(peer, "pl-"):
				p.PrefixLists = append(p.PrefixLists, peer)
			default:
				p.CIDRs = append(p.CIDRs, peer)
			}
		}
		list = append(list, p)
	}
	return list
}

// drawACL adds entries to an ACL that lets all through, or nothing. Before each there is room for
// those that commands make.
func (d *lot) drawACL(a *ACL) {
	if d.onceIn(3) {
		a.Entries = slices.DeleteFunc(a.Entries, func(e ACLEntry) bool { return e.Number < lastNumber })
	}
	for range 1 + d.r.IntN(5) {
		e := ACLEntry{Number: 40 + d.r.IntN(300), Egress: d.onceIn(2), Allow: d.onceIn(2), Protocol: d.pick("6", "6", "6", "-1", "17")}
		e.CIDR = d.pick("0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "10.0.10.0/24", "10.0.11.0/24", "10.0.10.11/32", "10.0.0.5/32", "10.0.0.0/23", "10.0.0.128/25", "198.51.100.0/24", "203.0.113.0/24")
		if e.Protocol != "-1" {
			ports := [][2]int{{8080, 8080}, {1024, 65535}, {32768, 60999}, {0, 65535}, {3389, 3389}, {0, 1023}, {49152, 65535}, {9090, 9090}, {80, 80}}[d.r.IntN(9)]
			e.From, e.To = ports[0], ports[1]
		}
		if !slices.ContainsFunc(a.Entries, func(old ACLEntry) bool { return old.Egress == e.Egress && old.Number == e.Number }) {
			a.Entries = append(a.Entries, e)
		}
	}
}

// check gives targets the state that their health checks lead to.
func (d *lot) check() {
	for i := range d.targets {
		t := &d.web().Targets[i]
		ways := d.waysTo(i)
		if len(d.held(i, ways[len(ways)-1], ephemerals)) > 0 {
			t.State, t.Reason, t.Description = "unhealthy", "Target.Timeout", "Request timed out"
			if d.keeps {
				t.Reason, t.Description = "Target.FailedHealthChecks", "Health checks failed"
			}
		}
	}
}
