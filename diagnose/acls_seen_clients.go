package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
)

// aclsKeepClientsOut looks at targets that see the clients' addresses, which their
// subnet's ACL sees too.
func (f *facts) aclsKeepClientsOut() []*Finding {
	b := gather{}
	for _, e := range f.endpoints {
		a := f.aclOf(e.subnet)
		if keeps, known := f.keepsClients(e.group); !keeps || !known || a == nil || !e.address.IsValid() {
			continue
		}
		for _, protocol := range e.group.transports() {
			s := f.seenBy(e, protocol)
			for _, clients := range s.who {
				if f.Balancer.Scheme == "internal" || f.reachesInternet(clients) {
					f.keptOut(s, a, clients, &b)
				}
			}
		}
	}
	return b.list
}

// seen are clients whose own addresses a target sees.
type seen struct {
	endpoint
	protocol string
	who, but []netip.Prefix // ranges that they may come from, and addresses that are no clients'
}

// seenBy are those of a target. Those of the VPC, where health checks come from, are no clients,
// unless the balancer is internal: then they may be all there are, and anybody may be one. Clients of
// the other family are seen under the balancer's addresses.
func (f *facts) seenBy(e endpoint, protocol string) seen {
	if f.Balancer.Scheme == "internal" {
		s := seen{e, protocol, []netip.Prefix{everyAddress(e.address)}, nil}
		if chosen, alone := f.chosen(protocol, f.ports(protocol)...); alone && len(family(chosen, e.address.Is6())) > 0 {
			s.who = family(chosen, e.address.Is6())
		}
		return s
	}
	s := seen{e, protocol, f.clientsOf(e, protocol), f.noClients()}
	for _, v := range f.Network.VPCs {
		s.but = append(s.but, prefixes(v.CIDRs)...)
	}
	return s
}

// keptOut says which clients an ACL keeps from a target, or from its answers.
func (f *facts) keptOut(s seen, a *ACL, clients netip.Prefix, b *gather) {
	in, out := a.in(s.protocol), a.out(s.protocol)
	level := Fail
	if slices.ContainsFunc(s.who, func(clients netip.Prefix) bool {
		return in.anybody(s.port, clients, s.but...) && out.anybody(50000, clients, s.but...)
	}) {
		level = Warn // others of them get through
	}
	if !in.anybody(s.port, clients, s.but...) {
		found := f.refusedSeen("acl-target-inbound-blocks-traffic-port", s, in, s.port, s.port, clients, level, b)
		found.Do = "let clients in on the port, in a rule before the one that refuses"
		if !s.group.over("udp") { // with which their addresses are always preserved
			found.Do += ", or do not preserve their addresses"
		}
	}
	switch low, high := out.anybody(32768, clients, s.but...), out.anybody(50000, clients, s.but...); {
	case low && high:
		return
	case low != high && narrow(out.shuts(firstEphemeral, lastEphemeral, clients, s.but...), firstEphemeral, lastEphemeral):
		return
	case low != high:
		level = Warn
	}
	f.refusedSeen("acl-target-outbound-blocks-ephemeral", s, out, firstEphemeral, lastEphemeral, clients, level, b)
}

// refusedSeen is about ports that an ACL refuses to some clients.
func (f *facts) refusedSeen(id string, s seen, g gate, from, to int, clients netip.Prefix, level Level, b *gather) *Finding {
	list, first, last := s.widened(from, to, func(from, to int) []refusal { return g.shuts(from, to, clients, s.but...) })
	found := b.at(fmt.Sprint(id, g.ID, list, g.protocol, clients), func() *Finding {
		found := f.refusedByACL(id, g, list, clients, s.subnet)
		if found.Level = level; clients.Bits() > 0 {
			f.mayComeOtherwise(found, s.who, false)
		}
		return found
	})
	found.because(FromConfig, "client addresses are preserved for the target group "+s.group.Name)
	if !g.egress {
		found.whyOpening(s.group, first, last)
	}
	found.unseen = true // health checks come from the nodes
	found.on(s.endpoint)
	for _, back := range f.letBack(clients) {
		open, _ := g.unmeant(list, from, to, back)
		for _, r := range open {
			f.admit(found, g, r, back)
		}
	}
	return found
}
