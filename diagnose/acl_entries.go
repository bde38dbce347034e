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

// gate is one way through an ACL, in one protocol.
type gate struct {
	*ACL
	egress   bool
	protocol string
}

func (a *ACL) in(protocol string) gate  { return gate{a, false, protocol} }
func (a *ACL) out(protocol string) gate { return gate{a, true, protocol} }

// refuses says which of the ports are refused to or from any of some addresses, and
// which entry is the first to do so. Entries are tried by their numbers, and the first
// that matches decides; what none matches is refused.
func (g gate) refuses(from, to int, addresses netip.Prefix) []refusal {
	return g.refusals(from, to, func(entries []ACLEntry) (ACLEntry, bool) { return refusedBy(entries, addresses) })
}

// shuts says which of the ports are refused to or from all of the addresses, but for
// some of them, and which entry is the last that it takes for that: those before it keep
// out a few, as somebody means them to.
func (g gate) shuts(from, to int, addresses netip.Prefix, but ...netip.Prefix) []refusal {
	return g.refusals(from, to, func(entries []ACLEntry) (ACLEntry, bool) { return shutBy(entries, addresses, but) })
}

// anybody reports whether a port is let through for any of the addresses, but
// for some of them.
func (g gate) anybody(port int, addresses netip.Prefix, but ...netip.Prefix) bool {
	return len(g.shuts(port, port, addresses, but...)) == 0
}

// admitted are those of some addresses that are let through on a port.
func (g gate) admitted(port int, addresses netip.Prefix) *netipx.IPSet {
	var in netipx.IPSetBuilder
	g.refusals(port, port, func(entries []ACLEntry) (ACLEntry, bool) {
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
func (g gate) refusals(from, to int, by func([]ACLEntry) (ACLEntry, bool)) (list []refusal) {
	var entries []ACLEntry
	bounds := []int{from}
	for _, e := range g.Entries {
		if e.Egress != g.egress || e.Protocol != "-1" && e.Protocol != numbers[g.protocol] {
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

// keptShut is the first entry of a kind that refuses any of some addresses, unless they are allowed before it.
func keptShut(entries []ACLEntry, addresses netip.Prefix, kind func(ACLEntry) bool) (ACLEntry, bool) {
	var left netipx.IPSetBuilder
	left.AddPrefix(addresses)
	for _, e := range entries {
		switch {
		case e.Allow:
			left.RemovePrefix(e.addresses())
		case kind(e) && setOf(&left).OverlapsPrefix(e.addresses()):
			return e, true
		}
	}
	return ACLEntry{}, false
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
	return fmt.Sprintf("rule %d denies %s", e.Number, e.what())
}

// what is which traffic an entry is for.
func (e ACLEntry) what() string {
	what := "all traffic"
	if e.Protocol != "-1" {
		what = map[string]string{"6": "tcp", "17": "udp"}[e.Protocol] + " " + ports(e.From, e.To)
	}
	return fmt.Sprintf("%s %s %s", what, map[bool]string{true: "to", false: "from"}[e.Egress], e.CIDR)
}

// tooNarrow is the entry that lets through answers to all of some addresses on the most ports, if not on all.
func (g gate) tooNarrow(to netip.Prefix) (most ACLEntry, ok bool) {
	for _, e := range g.Entries {
		covers := e.addresses().Bits() >= 0 && e.addresses().Bits() <= to.Bits() && e.addresses().Contains(to.Addr())
		if e.Allow && e.Egress == g.egress && e.Protocol == numbers[g.protocol] && e.From >= firstEphemeral && covers && (!ok || e.To-e.From > most.To-most.From) {
			most, ok = e, true
		}
	}
	return most, ok
}

// admit lets ports through an ACL, before the entry that refuses them, and takes that
// back again; once for every other end, and every range of ports, that a finding is
// about.
func (f *facts) admit(found *Finding, g gate, r refusal, to netip.Prefix) {
	key := to.String() + " " + ports(r.from, r.to)
	if slices.Contains(found.admitted, key) {
		return
	}
	found.admitted = append(found.admitted, key)
	way := "--ingress"
	if g.egress {
		way = "--egress"
	}
	entry := func(operation string, n int, more ...string) string {
		return f.command("ec2", operation, append([]string{"--network-acl-id", g.ID, way, "--rule-number", strconv.Itoa(n)}, more...)...)
	}
	allow := g.allowing(r, to)
	if n := f.number(g.newEntry(allow), g.ACL, r.entry.Number); n > 0 {
		found.mend(entry("create-network-acl-entry", n, allow...), entry("delete-network-acl-entry", n))
		return
	}
	// To take the entry away would let in all that it keeps out.
	found.because(FromConfig, fmt.Sprintf("%s has no free number before rule %d: its entries have to be numbered anew, so that one for %s %s and %s comes first", g.ID, r.entry.Number, g.protocol, ports(r.from, r.to), to))
}

// allowing is how commands let ports through.
func (g gate) allowing(r refusal, to netip.Prefix) []string {
	cidr := "--cidr-block"
	if to.Addr().Is6() {
		cidr = "--ipv6-cidr-block"
	}
	return []string{"--protocol", g.protocol, "--port-range", fmt.Sprintf("From=%d,To=%d", r.from, r.to), cidr, to.String(), "--rule-action", "allow"}
}

func (g gate) newEntry(allow []string) newEntry {
	return newEntry{g.ID, g.egress, strings.Join(allow, " ")}
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
	n := f.free(e, a, before)
	if n > 0 {
		f.numbers[e] = n
	}
	return n
}

// free is the last free number before another; 0 if there is none.
func (f *facts) free(e newEntry, a *ACL, before int) int {
	for n := min(before, lastNumber) - 1; n > 0; n-- {
		taken := slices.ContainsFunc(a.Entries, func(old ACLEntry) bool { return old.Egress == e.egress && old.Number == n })
		for other, m := range f.numbers {
			taken = taken || other.acl == e.acl && other.egress == e.egress && m == n
		}
		if !taken {
			return n
		}
	}
	return 0
}
