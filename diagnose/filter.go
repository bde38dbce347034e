package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// Ports that the balancer's nodes, and clients, take answers on.
const (
	firstEphemeral = 1024
	lastEphemeral  = 65535
)

// verdict is what a filter does with traffic.
type verdict int

const (
	unclear verdict = iota // part of the filter is not known
	allowed
	refused
)

// peer is the other end of what a security group is to let through.
type peer struct {
	addresses []netip.Prefix // all of them must be let through
	groups    []string       // security groups that the other end is in; nil if not known
	far       bool           // whether rules can name these is not known
}

// prefixes reads address ranges, and leaves out what is none.
func prefixes(list []string) (out []netip.Prefix) {
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// setOf is what a builder has, which is given nothing but ranges, or what none can be read from.
func setOf(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, _ := b.IPSet() // whose error is about the latter
	return set
}

// within reports whether all of a range is in another one.
func within(p, wide netip.Prefix) bool { return wide.Bits() <= p.Bits() && wide.Contains(p.Addr()) }

// family leaves the ranges of one address family.
func family(list []netip.Prefix, six bool) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(list), func(p netip.Prefix) bool { return p.Addr().Is6() != six })
}

// single is the range of one address.
func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// securityGroups are those with these ids; ok is false if not all are known.
func (f *facts) securityGroups(ids []string) (list []SecurityGroup, ok bool) {
	for _, g := range f.Network.SecurityGroups {
		if slices.Contains(ids, g.ID) {
			list = append(list, g)
		}
	}
	return list, f.Network.SecurityGroups != nil && len(list) == len(ids)
}

func (g SecurityGroup) permissions(egress bool) []Permission {
	if egress {
		return g.Egress
	}
	return g.Ingress
}

// openings are the rules of security groups that cover a port, in one direction, and
// whether all groups are known.
func (f *facts) openings(ids []string, egress bool, protocol string, port int) (list []Permission, whole bool) {
	groups, whole := f.securityGroups(ids)
	for _, g := range groups {
		for _, p := range g.permissions(egress) {
			if p.covers(protocol, port) {
				list = append(list, p)
			}
		}
	}
	return list, whole
}

// numbers are those of the protocols that ports belong to.
var numbers = map[string]string{"tcp": "6", "udp": "17"}

// covers reports whether a permission is for a port.
func (p Permission) covers(protocol string, port int) bool {
	switch p.Protocol {
	case "-1":
		return true
	case protocol, numbers[protocol]:
		return p.From <= port && port <= p.To
	}
	return false
}

// ranges are the addresses that a permission names; ok is false if they hang on a
// prefix list that is not known.
func (f *facts) ranges(p Permission) (list []netip.Prefix, ok bool) {
	list, ok = prefixes(p.CIDRs), true
	for _, id := range p.PrefixLists {
		listed, known := f.listed(id)
		list, ok = append(list, listed...), ok && known
	}
	return list, ok
}

// listed are the ranges of a prefix list; known is false if it was not read.
func (f *facts) listed(id string) (list []netip.Prefix, known bool) {
	i := slices.IndexFunc(f.Network.PrefixLists, func(l PrefixList) bool { return l.ID == id })
	if i < 0 {
		return nil, false
	}
	return prefixes(f.Network.PrefixLists[i].CIDRs), true
}

// permits says whether security groups let a port through to or from a peer. All
// groups of an interface count together, and only what they permit passes.
func (f *facts) permits(ids []string, egress bool, protocol string, port int, other peer) verdict {
	openings, whole := f.openings(ids, egress, protocol, port)
	var open netipx.IPSetBuilder
	for _, p := range openings {
		if slices.ContainsFunc(p.Groups, func(id string) bool { return slices.Contains(other.groups, id) }) {
			if !other.far {
				return allowed
			}
			whole = false
		}
		list, ok := f.ranges(p)
		whole = whole && ok && (other.groups != nil || len(p.Groups) == 0)
		for _, r := range list {
			open.AddPrefix(r)
		}
	}
	set := setOf(&open)
	switch {
	case len(other.addresses) > 0 && !slices.ContainsFunc(other.addresses, func(p netip.Prefix) bool { return !set.ContainsPrefix(p) }):
		return allowed
	case !whole:
		return unclear
	}
	return refused
}

// opens reports whether any permission lets somebody in on a port, whoever may come.
func (f *facts) opens(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	return slices.ContainsFunc(openings, func(p Permission) bool { return len(p.CIDRs)+len(p.Groups)+len(p.PrefixLists) > 0 })
}

// words are what a permission says, for people.
func (p Permission) words(egress bool) string {
	from := "from "
	if egress {
		from = "to "
	}
	peers := append(append(slices.Clone(p.Groups), p.PrefixLists...), p.CIDRs...)
	if p.Protocol == "-1" {
		return "all traffic " + from + few(peers)
	}
	return p.Protocol + " " + ports(p.From, p.To) + " " + from + few(peers)
}

// has lists the permissions of groups for people, those for the port first.
func (f *facts) has(ids []string, egress bool, protocol string, port int) string {
	groups, _ := f.securityGroups(ids)
	var near, far []string
	for _, g := range groups {
		for _, p := range g.permissions(egress) {
			if p.covers(protocol, port) {
				near = append(near, p.words(egress))
			} else {
				far = append(far, p.words(egress))
			}
		}
	}
	if len(near)+len(far) == 0 {
		return "no rule at all"
	}
	return few(append(near, far...))
}

// refusal is a part of the ports that an ACL refuses, and the entry that does it.
type refusal struct {
	from, to int
	entry    ACLEntry // from lastNumber on it is the end of the list
}

// aclOf is the network ACL of a subnet; nil if it is not known.
func (f *facts) aclOf(subnet string) *ACL {
	for i := range f.Network.ACLs {
		if slices.Contains(f.Network.ACLs[i].Subnets, subnet) {
			return &f.Network.ACLs[i]
		}
	}
	return nil
}

// refuses says which of the ports an ACL refuses to or from any of some addresses, and
// which entry is the first to do so. Entries are tried by their numbers, and the first
// that matches decides; what none matches is refused.
func (a *ACL) refuses(egress bool, protocol string, from, to int, addresses netip.Prefix) []refusal {
	return a.refusals(egress, protocol, from, to, func(entries []ACLEntry) (ACLEntry, bool) { return refusedBy(entries, addresses) })
}

// shuts says which of the ports an ACL refuses to or from all of the addresses, but for
// some of them, and which entry is the last that it takes for that: those before it keep
// out a few, as somebody means them to.
func (a *ACL) shuts(egress bool, protocol string, from, to int, addresses netip.Prefix, but ...netip.Prefix) []refusal {
	return a.refusals(egress, protocol, from, to, func(entries []ACLEntry) (ACLEntry, bool) { return shutBy(entries, addresses, but) })
}

// anybody reports whether an ACL lets a port through for any of the addresses, but
// for some of them.
func (a *ACL) anybody(egress bool, protocol string, port int, addresses netip.Prefix, but ...netip.Prefix) bool {
	return len(a.shuts(egress, protocol, port, port, addresses, but...)) == 0
}

// admitted are those of some addresses that an ACL lets in on a port.
func (a *ACL) admitted(protocol string, port int, addresses netip.Prefix) *netipx.IPSet {
	var in netipx.IPSetBuilder
	a.refusals(false, protocol, port, port, func(entries []ACLEntry) (ACLEntry, bool) {
		var left netipx.IPSetBuilder
		left.AddPrefix(addresses)
		for _, e := range entries {
			if e.Allow {
				var part netipx.IPSetBuilder // what is left of the entry's range
				part.AddPrefix(e.addresses())
				part.Intersect(setOf(&left))
				in.AddSet(setOf(&part))
			}
			left.RemovePrefix(e.addresses())
		}
		return ACLEntry{}, false
	})
	return setOf(&in)
}

// refusals are the ports that are refused, with the entry that does it, by what is said
// of all entries for a port in their order.
func (a *ACL) refusals(egress bool, protocol string, from, to int, by func([]ACLEntry) (ACLEntry, bool)) (list []refusal) {
	var entries []ACLEntry
	bounds := []int{from}
	for _, e := range a.Entries {
		if e.Egress != egress || e.Protocol != "-1" && e.Protocol != numbers[protocol] {
			continue
		}
		if e.Protocol == "-1" || e.From == 0 && e.To == 0 {
			e.From, e.To = 0, 65535
		}
		entries = append(entries, e)
		// Between two of these bounds all ports have the same fate.
		for _, b := range []int{e.From, e.To + 1} {
			if from < b && b <= to {
				bounds = append(bounds, b)
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b ACLEntry) int { return a.Number - b.Number })
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	for i, first := range bounds {
		last := to
		if i+1 < len(bounds) {
			last = bounds[i+1] - 1
		}
		entry, ok := by(slices.DeleteFunc(slices.Clone(entries), func(e ACLEntry) bool { return first < e.From || e.To < first }))
		switch {
		case !ok:
		case len(list) > 0 && list[len(list)-1].to == first-1 && list[len(list)-1].entry == entry:
			list[len(list)-1].to = last
		default:
			list = append(list, refusal{first, last, entry})
		}
	}
	return list
}

// lastNumber is that of the last entry for IPv4, which cannot be changed; IPv6 has one of
// its own after it.
const lastNumber = 32767

// noneMatches stands for the last entry, whose number is not always told.
var noneMatches = ACLEntry{Number: lastNumber, Protocol: "-1", CIDR: "0.0.0.0/0"}

// refusedBy is the first entry that refuses any of some addresses.
func refusedBy(entries []ACLEntry, addresses netip.Prefix) (ACLEntry, bool) {
	var left netipx.IPSetBuilder
	left.AddPrefix(addresses)
	for _, e := range entries {
		if !e.Allow && setOf(&left).OverlapsPrefix(e.addresses()) {
			return e, true
		}
		left.RemovePrefix(e.addresses())
	}
	return noneMatches, len(setOf(&left).Ranges()) > 0
}

// shutBy is the entry that refuses the last of some addresses, if none of them is allowed.
func shutBy(entries []ACLEntry, addresses netip.Prefix, but []netip.Prefix) (ACLEntry, bool) {
	var left netipx.IPSetBuilder
	left.AddPrefix(addresses)
	for _, p := range but {
		left.RemovePrefix(p)
	}
	for _, e := range entries {
		switch {
		case !setOf(&left).OverlapsPrefix(e.addresses()):
			continue
		case e.Allow:
			return ACLEntry{}, false
		}
		if left.RemovePrefix(e.addresses()); len(setOf(&left).Ranges()) == 0 {
			return e, true
		}
	}
	return noneMatches, true
}

// addresses are those that an entry is for; none if its range cannot be read.
func (e ACLEntry) addresses() netip.Prefix {
	p, _ := netip.ParsePrefix(e.CIDR)
	return p
}

// words are what an entry says that refuses ports.
func (e ACLEntry) words() string {
	if e.Number >= lastNumber {
		return "no rule matches, so the last one (*) refuses"
	}
	what := "all traffic"
	if e.Protocol != "-1" {
		what = map[string]string{"6": "tcp", "17": "udp"}[e.Protocol] + " " + ports(e.From, e.To)
	}
	return fmt.Sprintf("rule %d denies %s %s %s", e.Number, what, map[bool]string{true: "to", false: "from"}[e.Egress], e.CIDR)
}

// admit lets ports through an ACL, before the entry that refuses them, and takes that
// back again; once for every other end, and every range of ports, that a finding is
// about.
func (f *facts) admit(found *Finding, a *ACL, egress bool, protocol string, r refusal, to netip.Prefix) {
	key := to.String() + " " + ports(r.from, r.to)
	if slices.Contains(found.admitted, key) {
		return
	}
	found.admitted = append(found.admitted, key)
	way := "--ingress"
	if egress {
		way = "--egress"
	}
	entry := func(operation string, n int, more ...string) string {
		return f.command("ec2", operation, append([]string{"--network-acl-id", a.ID, way, "--rule-number", strconv.Itoa(n)}, more...)...)
	}
	cidr := "--cidr-block"
	if to.Addr().Is6() {
		cidr = "--ipv6-cidr-block"
	}
	allow := []string{"--protocol", protocol, "--port-range", fmt.Sprintf("From=%d,To=%d", r.from, r.to), cidr, to.String(), "--rule-action", "allow"}
	if n := f.number(newEntry{a.ID, egress, strings.Join(allow, " ")}, a, r.entry.Number); n > 0 {
		found.Fix = append(found.Fix, entry("create-network-acl-entry", n, allow...))
		found.Undo = append(found.Undo, entry("delete-network-acl-entry", n))
		return
	}
	// To take the entry away would let in all that it keeps out.
	found.because(FromConfig, fmt.Sprintf("%s has no free number before rule %d: its entries have to be numbered anew, so that one for %s %s and %s comes first", a.ID, r.entry.Number, protocol, ports(r.from, r.to), to))
}

// newEntry is an entry that commands make.
type newEntry struct {
	acl    string
	egress bool
	allows string
}

// number is a free number for a new entry before another; 0 if there is none. Findings
// share the ACLs, so that none is given twice: the second command would fail, and what
// takes it back would delete the first entry.
func (f *facts) number(e newEntry, a *ACL, before int) int {
	if n := f.numbers[e]; 0 < n && n < before {
		return n
	}
	for n := min(before, lastNumber) - 1; n > 0; n-- {
		taken := slices.ContainsFunc(a.Entries, func(old ACLEntry) bool { return old.Egress == e.egress && old.Number == n })
		for other, m := range f.numbers {
			taken = taken || other.acl == e.acl && other.egress == e.egress && m == n
		}
		if !taken {
			f.numbers[e] = n
			return n
		}
	}
	return 0
}

// routeFor is the route that a subnet's table has for an address: the one with the
// longest prefix. known is false if the table is not known, or empty, or a prefix list
// that is not known may say otherwise.
func (f *facts) routeFor(subnet string, to netip.Addr) (r Route, table string, found, known bool) {
	t := f.tableOf(subnet)
	if !t.known() {
		return Route{}, "", false, false
	}
	r, bits := t.longest(to)
	lists := true // all of them are known, none of which may have a longer one
	for _, route := range t.Routes {
		if !strings.HasPrefix(route.Destination, "pl-") {
			continue
		}
		listed, ok := f.listed(route.Destination)
		lists = lists && ok
		for _, p := range listed {
			if p.Contains(to) && p.Bits() > bits {
				r, bits = route, p.Bits()
			}
		}
	}
	return r, t.ID, bits >= 0, lists || bits > 0
}

// routeLeads reports whether the route that a subnet has for an address is known, and leads to one of
// these kinds.
func (f *facts) routeLeads(subnet string, to netip.Addr, kinds ...string) bool {
	r, _, _, known := f.routeFor(subnet, to)
	return known && r.leadsTo(kinds...)
}

// someWay reports whether a way from the balancer to a target is known to lead over one of these kinds.
func (f *facts) someWay(e endpoint, kinds ...string) bool {
	return slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return f.routeLeads(z.Subnet, e.address, kinds...) })
}

// everyWay reports whether all of them are.
func (f *facts) everyWay(e endpoint, kinds ...string) bool {
	return !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return !f.routeLeads(z.Subnet, e.address, kinds...) })
}

// longest is the route of a table for an address that has the longest prefix, and how long
// that is; -1 if there is none. Prefix lists are left out.
func (t *RouteTable) longest(to netip.Addr) (r Route, bits int) {
	bits = -1
	for _, route := range t.Routes {
		p, _ := netip.ParsePrefix(route.Destination)
		if p.Contains(to) && p.Bits() > bits {
			r, bits = route, p.Bits()
		}
	}
	return r, bits
}

// known reports whether a table was read: each has a route within its VPC.
func (t *RouteTable) known() bool { return t != nil && len(t.Routes) > 0 }

// tableOf is the route table of a subnet: its own, or the VPC's main one.
func (f *facts) tableOf(subnet string) *RouteTable {
	s := f.subnet(subnet)
	if s == nil {
		return nil
	}
	var main *RouteTable
	for i := range f.Network.RouteTables {
		t := &f.Network.RouteTables[i]
		if slices.Contains(t.Subnets, subnet) {
			return t
		}
		if t.Main && t.VPC == s.VPC {
			main = t
		}
	}
	return main
}
