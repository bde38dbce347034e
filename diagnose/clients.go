package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// keepsClients reports whether targets see the clients' addresses, as behind a
// network balancer they do unless told otherwise, and but for targets by address
// behind TCP and TLS; over UDP and QUIC they always do. known is false where that hangs
// on attributes of the group that could not be read.
//
// Source: AWS, "Client IP preservation" of the Network Load Balancer guide, read 2026-11.
func (f *facts) keepsClients(g *Group) (keeps, known bool) {
	if f.Balancer.Type != NetworkType || g.Type == "alb" {
		return false, true
	}
	switch g.Attributes[attrClientIP] {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	always := g.over("udp")
	return always || g.Type == "instance", always || g.Attributes != nil
}

// clientsIn looks whether clients are let in, whose addresses a target sees. Where
// the balancer has groups, a reference to one of them lets clients in as well.
func (f *facts) clientsIn(e endpoint, protocol string, b *gather) {
	clients := f.clientsOf(e, protocol)
	if len(clients) == 0 || f.onlyByPrivateLink() || f.permits(e.filters, false, protocol, e.port, peer{clients, f.Balancer.SecurityGroups, f.far(e)}) != refused {
		return
	}
	first, last := e.opening(e.port)
	into := f.lacking(e, protocol, e.port)
	found := b.at(fmt.Sprint("clients", protocol, first, last, into, f.opensBeyond(e, protocol), f.opensToSome(e, protocol)), func() *Finding {
		found := finding("nlb-client-addresses-blocked", fmt.Sprintf(
			"Targets see the clients' own addresses, and %s clients in on %s %s.", groupsThat(e.filters, "does not let", "do not let"), protocol, ports(first, last)))
		found.because(FromConfig, f.rulesFor(e.filters, false, protocol, e.port))
		found.because(FromConfig, "client addresses are preserved for the target group "+e.group.Name)
		found.whyOpening(e.group, first, last)
		found.unseen = true // health checks come from the nodes
		if f.opensBeyond(e, protocol) {
			found.Level, found.Confidence = Warn, Low
			found.because(FromConfig, "some addresses are let in; whether all clients are among them cannot be told")
		}
		if f.Balancer.Scheme == "internal" && !f.opensToSome(e, protocol) {
			found.rival("", "clients that all come by PrivateLink: targets see the balancer's addresses then, which may be let in")
		}
		f.byPrivateLink(found, "clients that come by PrivateLink are seen under the balancer's addresses")
		own, asked := f.Balancer.SecurityGroups, f.admits(e.filters)
		switch {
		case f.opensToSome(e, protocol): // somebody has chosen whom to let in
			if len(own) == 0 && f.clientsCome() { // else the balancer's say who may come, or these may be all who would
				found.Level, found.Confidence = Note, Low
			}
			found.Sentence = fmt.Sprintf("Targets see the clients' own addresses, and %s in only some on %s %s: other clients get no connection.", groupsThat(e.filters, "lets", "let"), protocol, ports(first, last))
			found.Do = "nothing, if no other clients are meant to come; let them in on the port otherwise, or do not preserve their addresses"
		case f.Balancer.LinkUnfiltered:
		case len(own) > 0:
			f.authorize(found, into, false, protocol, first, last, f.ownFor(e))
		case first < last && clients[0].Bits() == 0: // more than anybody means
			found.because(FromConfig, "the balancer has no security group: to open all of these ports to its clients would open them to everybody")
		case !slices.ContainsFunc(asked, f.beyond):
			for _, p := range clients {
				if f.permits(e.filters, false, protocol, e.port, peer{addresses: []netip.Prefix{p}}) != allowed {
					f.authorize(found, into, false, protocol, first, last, p.String())
				}
			}
			if clients[0].Bits() == 0 {
				found.because(FromConfig, "the balancer has no security group, and anybody may be a client: the command lets everybody in, also past the balancer where a target has a public address; if you know the clients, let in these in place of "+clients[0].String())
			}
		default: // somebody has chosen whom to let in
			found.because(FromConfig, "the group lets in only "+few(asked)+": which clients are meant is known to those who chose them")
		}
		return found
	})
	found.on(e)
}

// clientsOf are the addresses that clients of a target may have: all, or those in the
// VPC of an internal balancer; where the balancer's groups let in some ranges only, or the
// network ACLs before one in the internet that has no groups, those.
func (f *facts) clientsOf(e endpoint, protocol string) []netip.Prefix {
	all := []netip.Prefix{everyAddress(e.address)}
	if f.Balancer.Scheme == "internal" {
		all = family(f.ownRanges(), e.address.Is6())
	}
	if len(f.Balancer.SecurityGroups) == 0 && f.Balancer.Scheme != "internal" {
		return f.pastACLs(protocol, all[0])
	}
	var in []netip.Prefix
	for _, l := range f.Listeners {
		openings, whole := f.openings(f.Balancer.SecurityGroups, false, protocol, l.Port)
		for _, p := range openings {
			list, ok := f.ranges(p)
			if !ok || !whole || len(p.Groups) > 0 || slices.ContainsFunc(p.CIDRs, everybody) {
				return all
			}
			in = append(in, list...)
		}
	}
	if in = family(in, e.address.Is6()); len(in) == 0 || f.Balancer.LinkUnfiltered {
		return all
	}
	return in
}

// fewRanges is how many ranges of clients are few enough that each is let in by a command.
const fewRanges = 5

// pastACLs are the clients that the network ACLs of the balancer's subnets let in to its
// listeners, if that are a few ranges: an ACL that keeps some out has many, and all others
// are meant. all is what there may be.
func (f *facts) pastACLs(protocol string, all netip.Prefix) []netip.Prefix {
	var in netipx.IPSetBuilder
	for _, z := range f.Balancer.Zones {
		a := f.aclOf(z.Subnet)
		if a == nil {
			return []netip.Prefix{all}
		}
		for _, l := range f.Listeners {
			in.AddSet(a.in(protocol).admitted(l.Port, all))
		}
	}
	if list := setOf(&in).Prefixes(); 0 < len(list) && len(list) <= fewRanges {
		return list
	}
	return []netip.Prefix{all}
}

// admits are all that the rules of groups let in, on whatever port. Whom ICMP may come
// from is another question: all may ping what few may use.
func (f *facts) admits(ids []string) (peers []string) {
	groups, _ := f.securityGroups(ids)
	for _, g := range groups {
		for _, p := range g.Ingress {
			if !slices.Contains([]string{"-1", "tcp", "6", "udp", "17"}, p.Protocol) {
				continue
			}
			for _, peer := range slices.Concat(p.CIDRs, p.PrefixLists, p.Groups) {
				if !slices.Contains(ids, peer) {
					peers = add(peers, peer)
				}
			}
		}
	}
	return peers
}

// All addresses of a family.
var (
	all4 = netip.MustParsePrefix("0.0.0.0/0")
	all6 = netip.MustParsePrefix("::/0")
)

// everyAddress is the whole of an address's family.
func everyAddress(a netip.Addr) netip.Prefix {
	if a.Is6() {
		return all6
	}
	return all4
}

// everybody reports whether a peer of a rule is the whole internet.
func everybody(peer string) bool { return strings.HasSuffix(peer, "/0") }

// beyond reports whether a peer of a rule is a choice of whom to let in: neither all,
// nor a range of the balancer's own VPC, where its nodes and their health checks are.
func (f *facts) beyond(peer string) bool {
	p, _ := netip.ParsePrefix(peer)
	return !everybody(peer) && !f.inside(p)
}

// inside reports whether a range lies in the balancer's VPC.
func (f *facts) inside(p netip.Prefix) bool {
	return slices.ContainsFunc(f.ownRanges(), func(c netip.Prefix) bool { return within(p, c) })
}

// opensBeyond reports whether a target's port is open to more than its own VPC, in
// which the balancer's nodes are.
func (f *facts) opensBeyond(e endpoint, protocol string) bool {
	openings, _ := f.openings(e.filters, false, protocol, e.port)
	for _, p := range openings {
		if list, ok := f.ranges(p); !ok || slices.ContainsFunc(list, func(r netip.Prefix) bool { return !f.inside(r) }) {
			return true
		}
	}
	return f.Balancer.Scheme == "internal" && f.opens(e.filters, protocol, e.port)
}

// opensToSome reports whether a target's port is open to addresses that clients may have, and no node of
// the balancer: in the internet, or, of an internal balancer, not in its subnets.
func (f *facts) opensToSome(e endpoint, protocol string) bool {
	var own netipx.IPSetBuilder
	for _, s := range f.subnets() {
		for _, p := range prefixes(s.CIDRs) {
			own.AddPrefix(p)
		}
	}
	nodes := setOf(&own)
	openings, _ := f.openings(e.filters, false, protocol, e.port)
	return slices.ContainsFunc(openings, func(p Permission) bool {
		list, ok := f.ranges(p)
		return !ok || slices.ContainsFunc(family(list, e.address.Is6()), func(r netip.Prefix) bool {
			return f.public(r) || f.Balancer.Scheme == "internal" && !nodes.ContainsPrefix(r)
		})
	})
}

// onlyByPrivateLink reports whether all clients must come by PrivateLink, for whom the inbound rules do not
// hold: these let in nobody else.
func (f *facts) onlyByPrivateLink() bool {
	if !f.Balancer.LinkUnfiltered {
		return false
	}
	_, known := f.securityGroups(f.Balancer.SecurityGroups)
	return known && !slices.ContainsFunc(f.Listeners, func(l Listener) bool {
		return slices.ContainsFunc(l.transports(), func(protocol string) bool { return f.opens(f.Balancer.SecurityGroups, protocol, l.Port) })
	})
}

// byPrivateLink makes a finding about clients milder where they may all come by
// PrivateLink: its rules then say nothing of them, and to let in others may be what
// nobody wants.
//
// Source: AWS, "Security groups" and "Client IP preservation" of the Network Load
// Balancer guide, read 2026-11.
func (f *facts) byPrivateLink(found *Finding, why string) {
	if f.Balancer.LinkUnfiltered {
		found.Level, found.Confidence = Warn, Low
		found.because(FromConfig, "enforce_security_group_inbound_rules_on_private_link_traffic is off: "+why)
	}
}

// clients are who is to be let in to a listener that lets nobody in: those that the
// balancer's groups let in on other ports, and no more than these; unless none of them comes from
// the internet, where the balancer is. An internal balancer whose groups say nothing has them in
// its VPC.
func (f *facts) clients(ids []string) []string {
	peers := f.admits(ids)
	if f.Balancer.Scheme == "internet-facing" && !slices.ContainsFunc(peers, f.fromInternet) {
		peers = nil
	}
	if slices.ContainsFunc(peers, everybody) {
		return slices.DeleteFunc(peers, func(peer string) bool { return !everybody(peer) })
	}
	if len(peers) > 0 {
		return peers
	}
	if f.Balancer.Scheme == "internal" {
		for _, p := range f.letBack(all4) {
			peers = append(peers, p.String())
		}
	}
	if len(peers) == 0 {
		peers = []string{anyClients}
	}
	return peers
}

// fromInternet reports whether who a rule names may come from the internet: members of groups are known
// by their private addresses.
func (f *facts) fromInternet(peer string) bool {
	return strings.HasPrefix(peer, "pl-") || slices.ContainsFunc(prefixes([]string{peer}), f.reachesInternet)
}

// reachesInternet reports whether some of a range is in the internet.
func (f *facts) reachesInternet(r netip.Prefix) bool { return !r.Addr().IsPrivate() && !f.inside(r) }
