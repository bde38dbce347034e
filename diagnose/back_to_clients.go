package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// chosen are the ranges that the balancer's groups let in on some ports, of those who may come and of the family that
// they have, and whether nobody else may come; none where anybody is let in, or that is not known. Members of groups
// of the VPC come from it, and others from anywhere; none comes from the internet.
func (f *facts) chosen(protocol string, ports ...int) (list []netip.Prefix, alone bool) {
	if alone = true; f.Balancer.LinkUnfiltered {
		return nil, false
	}
	own := family(f.ownRanges(), false)
	for _, port := range ports {
		openings, known := f.openings(f.Balancer.SecurityGroups, false, protocol, port)
		for _, p := range openings {
			ranges, ok := f.ranges(p)
			if !ok || !known || slices.ContainsFunc(p.CIDRs, everybody) {
				return nil, false
			}
			if f.Balancer.Scheme == "internal" && len(p.Groups) > 0 {
				groups, _ := f.securityGroups(p.Groups)
				groups = slices.DeleteFunc(groups, func(g SecurityGroup) bool { return g.VPC != f.Balancer.VPC })
				ranges, alone = append(ranges, own...), alone && len(groups) == len(p.Groups)
			}
			for _, r := range family(ranges, f.internet().Addr().Is6()) {
				if f.Balancer.Scheme == "internal" || f.reachesInternet(r) {
					list = add(list, r)
				}
			}
		}
	}
	return list, alone
}

// ports are those of listeners in a protocol.
func (f *facts) ports(protocol string) (list []int) {
	for _, l := range f.Listeners {
		if slices.Contains(l.transports(), protocol) {
			list = append(list, l.Port)
		}
	}
	return list
}

// allBut is what some ranges leave of their family; nothing if there are none.
func allBut(list []netip.Prefix) []netip.Prefix {
	if len(list) == 0 {
		return nil
	}
	var left netipx.IPSetBuilder
	left.AddPrefix(everyAddress(list[0].Addr()))
	for _, r := range list {
		left.RemovePrefix(r)
	}
	return setOf(&left).Prefixes()
}

// toNetworks looks whether an internal balancer can answer clients beyond its VPC: those whom its groups name, and
// those in networks to which a table of its subnets leads, or led.
//
// Source: AWS, "Route priority" of the guide for VPC, read 2026-11.
func (f *facts) toNetworks() []*Finding {
	own := family(f.ownRanges(), false)
	if f.Balancer.Scheme != "internal" || f.Balancer.Type == Gateway || len(own) == 0 {
		return nil
	}
	var tables []*RouteTable
	for _, z := range f.Balancer.Zones {
		t := f.tableOf(z.Subnet)
		if !t.tells() {
			return nil
		}
		tables = add(tables, t)
	}
	protocol := "tcp"
	if len(f.ports(protocol)) == 0 {
		protocol = "udp"
	}
	chosen, alone := f.chosen(protocol, f.ports(protocol)...)
	answered := func(network netip.Prefix) bool {
		return slices.ContainsFunc(tables, func(t *RouteTable) bool { return t.answers(network, own) })
	}
	nobody := alone && len(chosen) > 0 && !slices.ContainsFunc(chosen, func(r netip.Prefix) bool { return slices.ContainsFunc(own, r.Overlaps) || answered(r) })
	b := gather{}
	for _, t := range tables {
		lost := map[Level][]netip.Prefix{}
		for _, network := range networks(tables, chosen, own) {
			named := slices.Contains(chosen, network)
			w, _ := t.routeFor(network.Addr())
			level := Note // rules may be for more networks than there are
			switch {
			case t.answers(network, own):
				continue
			case nobody && named:
				level = Fail
			case answered(network) && !f.Balancer.LinkUnfiltered, named && w.State == "blackhole" && !w.leadsTo(notBack...):
				level = Warn
			}
			lost[level] = append(lost[level], network)
		}
		for _, level := range []Level{Fail, Warn, Note} {
			if list := lost[level]; len(list) > 0 {
				f.noWayBack(b.at(fmt.Sprint(level, list), func() *Finding { return f.noWayBackTo(list, level) }), t, list, level)
			}
		}
	}
	return b.list
}

// networks are those beyond the VPC whom groups name, or of these the parts that tables lead to other networks,
// and where none are named all of the latter.
func networks(tables []*RouteTable, chosen, own []netip.Prefix) []netip.Prefix {
	list := slices.Clone(chosen)
	for _, t := range tables {
		for _, r := range t.Routes {
			p, err := netip.ParsePrefix(r.Destination)
			if err != nil || p.Addr().Is6() || r.leadsTo(notBack...) {
				continue
			}
			if len(chosen) == 0 || slices.ContainsFunc(chosen, func(c netip.Prefix) bool { return within(p, c) }) {
				list = add(list, p)
			}
		}
	}
	return slices.DeleteFunc(list, func(p netip.Prefix) bool { return slices.ContainsFunc(own, p.Overlaps) })
}

// notBack are the beginnings of what a route leads to by which no client comes to a private address.
var notBack = []string{"igw-", "nat-", "eigw-"}

// tells reports whether a table tells of all networks: an endpoint of S3 is for no clients, and other lists may be for all.
func (t *RouteTable) tells() bool {
	return t.known() && !slices.ContainsFunc(t.Routes, func(r Route) bool { return strings.HasPrefix(r.Destination, "pl-") && !r.leadsTo("vpce-") })
}

// answers reports whether a table leads some of a network, beyond its own, back on a way on which clients come.
func (t *RouteTable) answers(network netip.Prefix, own []netip.Prefix) bool {
	var back netipx.IPSetBuilder
	for _, r := range slices.Backward(t.ranges()) {
		if r.State == "blackhole" || r.leadsTo(notBack...) {
			back.RemovePrefix(r.to)
		} else {
			back.AddPrefix(r.to)
		}
	}
	for _, p := range own {
		back.RemovePrefix(p)
	}
	return setOf(&back).OverlapsPrefix(network)
}

// mayBeAnswered reports whether a route of one of the balancer's subnets leads back to some clients, as far as is known.
func (f *facts) mayBeAnswered(clients netip.Prefix) bool {
	own := f.ownRanges()
	return f.Balancer.Scheme != "internal" || slices.ContainsFunc(own, clients.Overlaps) || slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool {
		t := f.tableOf(z.Subnet)
		return !t.tells() || t.answers(clients, own)
	})
}

// noWayBackTo begins to say that clients in some networks are not answered.
func (f *facts) noWayBackTo(networks []netip.Prefix, level Level) *Finding {
	so := "those who come from there to a node in it wait for nothing"
	if level == Fail {
		so = "nobody is answered whom its security groups let in"
	}
	found := finding("balancer-no-way-back", fmt.Sprintf("The balancer is internal, and a subnet of it has no way back to clients in %s: %s.", few(texts(networks)), so))
	switch found.Level = level; level {
	case Fail:
		found.Confidence = High
	case Note:
		found.Confidence, found.Do = Low, "nothing, if no clients come from there; otherwise "+found.Do
	}
	if level == Fail {
		f.mayComeOtherwise(found, networks, true)
	}
	return found
}

// mayComeOtherwise makes a finding milder that is about those whom the balancer's groups let in: all of them are kept
// out everywhere, and clients are seen to come; or they may come on another way, on which rules see their own addresses,
// and no network ACL and no route does.
//
// Source: AWS, "Update the security groups for your Network Load Balancer", "Use Application Load Balancers as targets
// of a Network Load Balancer", and "Restrict access with VPC origins" of the guide for CloudFront, whose list of ranges
// in the internet the groups of an internal balancer may then name, read 2026-11.
func (f *facts) mayComeOtherwise(found *Finding, who []netip.Prefix, everywhere bool) {
	come, other := f.clientsCome(), f.otherWay(who)
	if other != "" {
		found.rival("", other)
	}
	switch {
	case other != "" && come:
		found.Level, found.Confidence = Note, Low
	case found.Level == Fail && (other != "" || come && everywhere):
		found.Level, found.Confidence = Warn, Low
	}
	if come && everywhere {
		found.because(FromMetric, "clients are seen to come all the same")
	}
}

// otherWay is on which some clients may come to an internal balancer without a route back to them; empty if there is none.
func (f *facts) otherWay(clients []netip.Prefix) string {
	switch {
	case f.Balancer.Scheme != "internal":
	case f.Balancer.Type == NetworkType:
		return "clients that come by PrivateLink: security groups see their addresses, and neither network ACLs nor routes do"
	case slices.ContainsFunc(clients, f.reachesInternet):
		return "clients in the internet that come by a VPC origin of CloudFront or a network balancer in front: security groups see their addresses, and network ACLs and routes may not"
	}
	return ""
}

// noWayBack adds to such a finding which table has no way, and commands that make one.
func (f *facts) noWayBack(found *Finding, t *RouteTable, networks []netip.Prefix, level Level) {
	for _, z := range f.Balancer.Zones {
		if f.tableOf(z.Subnet) == t {
			found.because(FromConfig, z.Subnet+" has the route table "+t.ID)
		}
	}
	for _, p := range networks {
		w, _ := t.routeFor(p.Addr())
		wrong := w.wrong()
		if wrong == "" {
			wrong = w.words() + ", by which no client comes to a private address"
		}
		found.because(FromConfig, p.String()+": "+wrong)
		if level != Note && p.Addr().IsPrivate() && len(found.Fix) < mostTargets {
			f.reroute(found, w, p, routed{})
		}
	}
}
