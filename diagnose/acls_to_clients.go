package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"loglens/internal/amount"
)

// letBack are those whom commands let through to the listeners, and back: some clients, or in place of
// everybody those in the VPC of an internal balancer; none if its ranges are not known.
func (f *facts) letBack(clients netip.Prefix) []netip.Prefix {
	if f.Balancer.Scheme == "internal" && clients.Bits() == 0 {
		return family(f.ownRanges(), clients.Addr().Is6())
	}
	return []netip.Prefix{clients}
}

// crossing is what clients have to get through the ACL of a balancer's subnet.
type crossing struct {
	what     string // "client", "answer"
	where    string
	egress   bool
	protocol string
	from, to int
	used     []int          // ports of these that are as good as all
	aside    bool           // to a listener that only redirects, while clients come by another one
	chosen   []netip.Prefix // whom the balancer's groups let in, if that are some
	alone    bool           // nobody else is let in
}

// through is the gate of an ACL that it is to get through.
func (c crossing) through(a *ACL) gate { return gate{a, c.egress, c.protocol} }

// id is the finding about what holds it back.
func (c crossing) id() string {
	if c.egress {
		return "acl-balancer-outbound-blocks-clients"
	}
	return "acl-balancer-inbound-blocks-listener"
}

// letIn begins to say whom it is for.
func (c crossing) letIn() string {
	if c.egress {
		return "security groups and this ACL let in"
	}
	return "the balancer's security groups let in"
}

// way is its direction, as seen from the balancer.
func (c crossing) way() string {
	if c.egress {
		return "to"
	}
	return "from"
}

// crossings are those of clients who come to the listeners, and of answers to them: taken
// on any port above 1023, and most on those from 32768.
func (f *facts) crossings() (list []crossing) {
	var spoken []string
	for _, l := range f.Listeners {
		for _, protocol := range l.transports() {
			chosen, alone := f.chosen(protocol, l.Port)
			list = append(list, crossing{"client", fmt.Sprintf("in on port %s %d", protocol, l.Port), false, protocol, l.Port, l.Port, []int{l.Port}, f.redirectsAside(l), chosen, alone})
			spoken = add(spoken, protocol)
		}
	}
	slices.Sort(spoken)
	for _, protocol := range spoken {
		chosen, alone := f.chosen(protocol, f.ports(protocol)...)
		list = append(list, crossing{"answer", "out to clients", true, protocol, firstEphemeral, lastEphemeral, []int{32768, 50000}, false, chosen, alone})
	}
	return list
}

// passes reports whether an ACL lets any of some clients through, but for some of them.
func (a *ACL) passes(c crossing, clients netip.Prefix, but ...netip.Prefix) bool {
	return slices.ContainsFunc(c.used, func(port int) bool { return c.through(a).anybody(port, clients, but...) })
}

// shutEverywhere reports whether none of the balancer's subnets lets clients through.
func (f *facts) shutEverywhere(c crossing, clients netip.Prefix, but []netip.Prefix) bool {
	return !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool {
		a := f.aclOf(z.Subnet)
		return a == nil || a.passes(c, clients, but...)
	})
}

// noClients are addresses that clients of a balancer in the internet do not come from: those of the VPC, where
// it has its targets, and private ones.
func (f *facts) noClients() []netip.Prefix {
	if f.Balancer.Scheme == "internal" {
		return nil
	}
	return append(f.ownRanges(), prefixes([]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"})...)
}

// comeIn are all who may come and are let in: by the balancer's groups, and, of answers, by the ACL as well; but for
// what lets nobody in, of which another finding tells.
func (f *facts) comeIn(a *ACL, c crossing, clients netip.Prefix) []netip.Prefix {
	var in netipx.IPSetBuilder
	in.AddPrefix(clients)
	if c.egress {
		in = netipx.IPSetBuilder{}
		for _, port := range f.ports(c.protocol) {
			in.AddSet(a.in(c.protocol).admitted(port, clients))
		}
	}
	others := f.noClients()
	if c.alone {
		others = append(others, allBut(c.chosen)...)
	}
	for _, p := range others {
		in.RemovePrefix(p)
	}
	if list := setOf(&in).Prefixes(); len(list) > 0 || !c.egress {
		return list
	}
	c.egress = false
	return f.comeIn(a, c, clients)
}

// aclsToClients looks whether any client can reach the listeners, and be answered, on all ports
// that are usual. A few addresses that are kept out are somebody's intention. What comes to a
// gateway balancer comes from its endpoints, and through no ACL.
func (f *facts) aclsToClients() (list []*Finding) {
	if f.Balancer.Type == Gateway {
		return nil
	}
	clients, crossings := f.internet(), f.crossings()
	for i := range f.Network.ACLs {
		a := &f.Network.ACLs[i]
		var subnets []string
		for _, z := range f.Balancer.Zones {
			if slices.Contains(a.Subnets, z.Subnet) {
				subnets = append(subnets, z.Subnet)
			}
		}
		if len(subnets) == 0 {
			continue
		}
		text := fmt.Sprintf("Network ACL %s of the balancer's %s %s lets", a.ID, amount.Noun(len(subnets), "subnet", "subnets"), few(subnets))
		for _, c := range crossings {
			list = append(list, given(f.heldBack(a, c, clients, text))...)
		}
	}
	return list
}

// heldBack tells of clients whom an ACL does not let through; text begins to say so.
func (f *facts) heldBack(a *ACL, c crossing, clients netip.Prefix, text string) *Finding {
	comers := f.comeIn(a, c, clients)
	but := allBut(comers)
	g := c.through(a)
	shut := g.shuts(c.from, c.to, clients, but...)
	some, all := a.passes(c, clients, but...), !slices.ContainsFunc(c.used, func(port int) bool { return !g.anybody(port, clients, but...) })
	if all || some && narrow(shut, c.from, c.to) {
		return f.shutToSome(a, c, comers, text)
	}
	text += fmt.Sprintf(" no %s %s", c.what, c.where)
	found := finding(c.id(), text+".")
	switch {
	case some:
		var parts []string
		for _, r := range shut {
			parts = append(parts, ports(r.from, r.to))
		}
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s on %s: those that use these ports wait for nothing, and others do not (Linux takes ports from 32768 on, Windows and macOS from 49152).", text, few(parts))
	case a.passes(c, clients, f.noClients()...):
		found.Confidence = High
		found.Sentence = text + " of those who are let in."
		found.because(FromConfig, c.letIn()+" only "+few(texts(comers)))
		f.mayComeOtherwise(found, comers, f.shutEverywhere(c, clients, but))
	case a.passes(c, clients):
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s, but %s the VPC itself or private addresses, and the balancer is internet-facing.", text, c.way())
	case c.aside && f.shutEverywhere(c, clients, but):
		found.Level = Warn
		found.because(FromConfig, onlyRedirects)
	default:
		found.Confidence = High
	}
	for _, r := range shut {
		found.because(FromConfig, a.ID+": "+r.entry.words())
	}
	who := f.letBack(clients)
	if 0 < len(comers) && len(comers) <= fewRanges && comers[0] != clients {
		who = comers
	}
	f.letCross(found, a, c, who...)
	return found
}

// shutToSome looks for ranges that the balancer's groups let in, or of all who come in if these are few, and that an ACL
// does not let through, as it does others. Rules may be for more networks than there are: those to whom no route leads
// back are left out.
func (f *facts) shutToSome(a *ACL, c crossing, comers []netip.Prefix, text string) *Finding {
	in := c.chosen
	if len(in) == 0 && len(comers) <= fewRanges {
		in = comers
	}
	shut := slices.DeleteFunc(slices.Clone(in), func(r netip.Prefix) bool { return a.passes(c, r, f.noClients()...) || !f.mayBeAnswered(r) })
	if len(shut) == 0 {
		return nil
	}
	found := finding(c.id(), fmt.Sprintf("%s no %s %s of %s, who are let in otherwise.", text, c.what, c.where, few(texts(shut))))
	found.Level, found.Confidence = Warn, Low
	found.because(FromConfig, c.letIn()+" "+few(texts(in)))
	f.mayComeOtherwise(found, shut, false)
	denied := false // by an entry that is not for all, as somebody has chosen
	for _, who := range shut {
		for _, r := range c.through(a).shuts(c.from, c.to, who, f.noClients()...) {
			found.because(FromConfig, a.ID+": "+r.entry.words())
			denied = denied || r.entry.Number < lastNumber && !everybody(r.entry.CIDR)
		}
	}
	switch {
	case denied:
		found.Do = "nothing, if somebody means to keep these clients out; otherwise " + found.Do
	case len(shut) <= fewRanges:
		f.letCross(found, a, c, shut...)
	}
	return found
}

// letCross adds the commands that let some clients through an ACL.
func (f *facts) letCross(found *Finding, a *ACL, c crossing, clients ...netip.Prefix) {
	g := c.through(a)
	for _, who := range clients {
		open, _ := g.unmeant(g.shuts(c.from, c.to, who, f.noClients()...), c.from, c.to, who)
		for _, r := range open {
			f.admit(found, g, r, who)
		}
	}
}

// texts are ranges as they are written.
func texts(list []netip.Prefix) (names []string) {
	for _, p := range list {
		names = append(names, p.String())
	}
	return names
}
