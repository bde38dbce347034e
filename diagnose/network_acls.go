package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var networkACLsCheck = Check{
	Name:  "network-acls",
	About: "What the network ACLs of the balancer's and the targets' subnets refuse, in both directions, answers included.",
	Needs: []string{"ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"},
	Gives: []string{"acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-outbound-blocks-ephemeral",
		"acl-target-inbound-blocks-control-port", "acl-balancer-outbound-blocks-control-port",
		"acl-balancer-outbound-blocks-target-port", "acl-balancer-inbound-blocks-ephemeral", "acl-balancer-inbound-blocks-listener", "acl-balancer-outbound-blocks-clients"},
	look: lookAtNetworkACLs,
}

func lookAtNetworkACLs(f *facts) []*Finding {
	b := gather{}
	for _, e := range f.located(f.endpoints) {
		for _, s := range f.senders(e) {
			// An ACL stands at the border of a subnet and not within.
			if s.ID != e.subnet {
				f.aclsBetween(e, s, &b)
			}
		}
	}
	for _, found := range b.list {
		f.weigh(found)
	}
	return append(append(b.list, f.aclsKeepClientsOut()...), f.aclsToClients()...)
}

// aclsKeepClientsOut looks at targets that see the clients' addresses, which their
// subnet's ACL sees too. Those of the VPC, where health checks come from, are no clients,
// unless the balancer is internal: then they may be all there are, and anybody may be one.
func (f *facts) aclsKeepClientsOut() []*Finding {
	b, own := gather{}, f.noClients()
	for _, v := range f.Network.VPCs {
		own = append(own, prefixes(v.CIDRs)...)
	}
	for _, e := range f.endpoints {
		a := f.aclOf(e.subnet)
		if keeps, known := f.keepsClients(e.group); !keeps || !known || a == nil || !e.address.IsValid() {
			continue
		}
		for _, protocol := range e.group.transports() {
			who, but := f.clientsOf(e, protocol), own // those of the other family are seen under the balancer's addresses
			if f.Balancer.Scheme == "internal" {
				who, but = []netip.Prefix{everyAddress(e.address)}, nil
				if chosen, alone := f.chosen(protocol, f.ports(protocol)...); alone && len(family(chosen, e.address.Is6())) > 0 {
					who = family(chosen, e.address.Is6())
				}
			}
			some := slices.ContainsFunc(who, func(clients netip.Prefix) bool {
				return a.anybody(false, protocol, e.port, clients, but...) && a.anybody(true, protocol, 50000, clients, but...)
			})
			worst := Fail
			if some {
				worst = Warn // to others of them
			}
			for _, clients := range who {
				if f.Balancer.Scheme != "internal" && !f.reachesInternet(clients) {
					continue
				}
				refuse := func(id string, level Level, egress bool, from, to int) {
					list, first, last := e.widened(from, to, func(from, to int) []refusal { return a.shuts(egress, protocol, from, to, clients, but...) })
					found := b.at(fmt.Sprint(id, a.ID, list, protocol, clients), func() *Finding {
						found := f.refusedByACL(id, a, egress, protocol, list, clients, e.subnet)
						if found.Level = level; clients.Bits() > 0 {
							f.mayComeOtherwise(found, who, false)
						}
						return found
					})
					found.because(FromConfig, "client addresses are preserved for the target group "+e.group.Name)
					if !egress {
						found.whyOpening(e.group, first, last)
						found.Do = "let clients in on the port, in a rule before the one that refuses"
						if !e.group.over("udp") { // with which their addresses are always preserved
							found.Do += ", or do not preserve their addresses"
						}
					}
					found.unseen = true // health checks come from the nodes
					found.on(e)
					for _, back := range f.letBack(clients) {
						for _, r := range unmeant(list, from, to) {
							f.admit(found, a, egress, protocol, r, back)
						}
					}
				}
				if !a.anybody(false, protocol, e.port, clients, but...) {
					refuse("acl-target-inbound-blocks-traffic-port", worst, false, e.port, e.port)
				}
				switch low, high := a.anybody(true, protocol, 32768, clients, but...), a.anybody(true, protocol, 50000, clients, but...); {
				case !low && !high:
					refuse("acl-target-outbound-blocks-ephemeral", worst, true, firstEphemeral, lastEphemeral)
				case (!low || !high) && !narrow(a.shuts(true, protocol, firstEphemeral, lastEphemeral, clients, but...), firstEphemeral, lastEphemeral):
					refuse("acl-target-outbound-blocks-ephemeral", Warn, true, firstEphemeral, lastEphemeral)
				}
			}
		}
	}
	return b.list
}

// widened is what an ACL refuses of some ports. Where that is one, which is refused, it is what
// the same entry refuses of all that have to be let through with it.
func (e endpoint) widened(from, to int, refuses func(from, to int) []refusal) (list []refusal, first, last int) {
	list = refuses(from, to)
	if from < to {
		return list, from, to
	}
	entry := list[0].entry
	first, last = e.opening(from)
	return slices.DeleteFunc(refuses(first, last), func(r refusal) bool { return r.entry != entry }), first, last
}

// aclsBetween looks at the way from a subnet of the balancer to a target, and back.
func (f *facts) aclsBetween(e endpoint, s Subnet, b *gather) {
	node := family(prefixes(s.CIDRs), e.address.Is6())
	if len(node) == 0 {
		return
	}
	own, theirs := f.aclOf(s.ID), f.aclOf(e.subnet)
	target := single(e.address)
	side := func(id string, a *ACL, egress bool, protocol string, from, to int, addresses netip.Prefix, subnet string) {
		if a == nil {
			return
		}
		refuses := func(from, to int) []refusal {
			if addresses != target && f.Network.Interfaces == nil { // nodes may be wherever it lets through
				return a.shuts(egress, protocol, from, to, addresses)
			}
			return a.refuses(egress, protocol, from, to, addresses)
		}
		list := refuses(from, to)
		peer := addresses // that is let in: a subnet, since targets come and go
		if addresses == target {
			peer = f.rangeOf(e.subnet, e.address)
		}
		nodes := f.nodes(s, addresses.Addr().Is6())
		fails := func(node netip.Prefix) bool { return len(a.refuses(egress, protocol, from, to, node)) > 0 }
		// Addresses of the subnet that are no node may be refused.
		if len(list) == 0 || addresses != target && len(nodes) > 0 && !slices.ContainsFunc(nodes, fails) {
			return
		}
		small := narrow(list, from, to)
		list, first, last := e.widened(from, to, refuses)
		open := unmeant(list, from, to)
		found := b.at(fmt.Sprint(id, a.ID, list, protocol), func() *Finding {
			found := f.refusedByACL(id, a, egress, protocol, list, peer, subnet)
			if small {
				found.Level, found.share = Note, nil
				if len(open) == 0 {
					found.Do = "nothing, if somebody means to keep these ports shut: the few connections that use them fail"
				}
			}
			if from == to {
				found.whyOpening(e.group, first, last)
			}
			return found
		})
		found.on(e)
		for _, r := range open {
			f.admit(found, a, egress, protocol, r, peer)
		}
	}
	// to holds a port against an ACL for all that the traffic speaks, that of the health
	// checks, and that of target optimizer.
	to := func(traffic, check, control string, a *ACL, egress bool, speaks []string, addresses netip.Prefix, subnet string) {
		for _, protocol := range speaks {
			side(traffic, a, egress, protocol, e.port, e.port, addresses, subnet)
		}
		if len(speaks) == 0 || f.checksAlone(e) {
			side(check, a, egress, "tcp", e.checkPort, e.checkPort, addresses, subnet)
		}
		if port := e.group.ControlPort; port > 0 {
			side(control, a, egress, "tcp", port, port, addresses, subnet)
		}
	}
	back := func(id string, a *ACL, egress bool, speaks []string, addresses netip.Prefix, subnet string) {
		for _, protocol := range add(speaks, "tcp") { // health checks are answered, too
			first, last := firstEphemeral, lastEphemeral
			if e.group.Protocol == "GENEVE" && protocol == "udp" { // whose answers come to the port that it speaks to
				first, last = e.port, e.port
			}
			side(id, a, egress, protocol, first, last, addresses, subnet)
		}
	}
	speaks := e.group.transports()
	to("acl-balancer-outbound-blocks-target-port", "acl-balancer-outbound-blocks-target-port", "acl-balancer-outbound-blocks-control-port", own, true, speaks, target, s.ID)
	back("acl-balancer-inbound-blocks-ephemeral", own, false, speaks, target, s.ID)
	if keeps, known := f.keepsClients(e.group); keeps || !known || e.group.Type == "alb" {
		speaks = nil // only health checks come from the nodes, or these alone surely do
	}
	for _, from := range node {
		to("acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-inbound-blocks-control-port", theirs, false, speaks, from, e.subnet)
		back("acl-target-outbound-blocks-ephemeral", theirs, true, speaks, from, e.subnet)
	}
}

// unmeant are refusals of some ports but for those by entries for a small part of them: somebody means to
// keep these shut, such as that of remote desktops. What an entry for all ports is left with is not meant.
func unmeant(list []refusal, from, to int) []refusal {
	return slices.DeleteFunc(slices.Clone(list), func(r refusal) bool {
		return r.entry.Number < lastNumber && narrow([]refusal{{r.entry.From, r.entry.To, r.entry}}, from, to)
	})
}

// narrow reports whether a list of refusals is but a small part of some ports, as one
// that keeps a well-known service out: it breaks few connections, and is no cause of many.
func narrow(list []refusal, from, to int) bool {
	n := 0
	for _, r := range list {
		n += r.to - r.from + 1
	}
	return 10*n < to-from+1
}

// refusedByACL words what an ACL refuses.
func (f *facts) refusedByACL(id string, a *ACL, egress bool, protocol string, list []refusal, peer netip.Prefix, subnet string) *Finding {
	way := "in from"
	if egress {
		way = "out to"
	}
	whose := "the targets' subnet"
	if strings.HasPrefix(id, "acl-balancer") {
		whose = "the balancer's subnet"
	}
	var parts []string
	for _, r := range list {
		parts = append(parts, ports(r.from, r.to))
	}
	what := protocol + " " + few(parts)
	if strings.Contains(id, "ephemeral") {
		what = "answers on " + what
	}
	found := finding(id, fmt.Sprintf("Network ACL %s of %s %s does not let %s %s %s.", a.ID, whose, subnet, what, way, peer))
	for _, r := range list {
		found.because(FromConfig, a.ID+": "+r.entry.words())
	}
	switch {
	case !strings.Contains(id, "ephemeral"):
	case len(list) == 1 && list[0].from == list[0].to:
		found.because(FromConfig, fmt.Sprintf("network ACLs keep no state: answers need a rule of their own for port %d", list[0].from))
	default:
		found.because(FromConfig, "network ACLs keep no state: answers need a rule of their own for ports 1024-65535")
	}
	found.unseen = protocol == "udp"
	found.share = f.behind(found)
	return found
}
