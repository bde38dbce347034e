package diagnose

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
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

// rulesFor lists the permissions of groups for people, those for a port first.
func (f *facts) rulesFor(ids []string, egress bool, protocol string, port int) string {
	text := "inbound rules of " + few(ids) + ": "
	if egress {
		text = "outbound rules of " + few(ids) + ": "
	}
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
		return text + "no rule at all"
	}
	return text + few(append(near, far...))
}
