package diagnose

import (
	"fmt"
	"net/netip"
	"strings"
)

var networkACLsCheck = Check{
	Name:  "network-acls",
	About: "What the network ACLs of the balancer's and the targets' subnets refuse, in both directions, answers included.",
	Needs: []string{"ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"},
	Gives: []string{"acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-outbound-blocks-ephemeral",
		"acl-balancer-outbound-blocks-target-port", "acl-balancer-inbound-blocks-ephemeral", "acl-balancer-inbound-blocks-listener", "acl-balancer-outbound-blocks-clients"},
	look: lookAtNetworkACLs,
}

func lookAtNetworkACLs(f *facts) []*Finding {
	b := gather{}
	for _, e := range f.endpoints {
		if e.group.Type == "lambda" || !e.address.IsValid() {
			continue
		}
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
	return append(b.list, f.aclsToClients()...)
}

// aclsBetween looks at the way from a subnet of the balancer to a target, and back.
func (f *facts) aclsBetween(e endpoint, s Subnet, b *gather) {
	protocol := e.group.transport()
	node := family(prefixes(s.CIDRs), e.address.Is6())
	if len(node) == 0 {
		return
	}
	own, theirs := f.aclOf(s.ID), f.aclOf(e.subnet)
	target := single(e.address)
	side := func(id string, a *ACL, egress bool, protocol string, from, to int, addresses netip.Prefix, subnet string) bool {
		if a == nil {
			return false
		}
		list := a.refuses(egress, protocol, from, to, addresses)
		peer := addresses // that is let in: a subnet, since targets come and go
		if addresses == target {
			peer = f.rangeOf(e.subnet, e.address)
		}
		for _, r := range list {
			found := b.at(fmt.Sprint(id, a.ID, r, protocol), func() *Finding { return f.refusedByACL(id, a, egress, protocol, r, peer, subnet) })
			f.admit(found, a, egress, protocol, r, peer)
			found.on(e)
		}
		return len(list) > 0
	}
	if !side("acl-balancer-outbound-blocks-target-port", own, true, protocol, e.port, e.port, target, s.ID) && e.checkPort != e.port {
		side("acl-balancer-outbound-blocks-target-port", own, true, "tcp", e.checkPort, e.checkPort, target, s.ID)
	}
	side("acl-balancer-inbound-blocks-ephemeral", own, false, protocol, firstEphemeral, lastEphemeral, target, s.ID)
	for _, from := range node {
		if !side("acl-target-inbound-blocks-traffic-port", theirs, false, protocol, e.port, e.port, from, e.subnet) && e.checkPort != e.port {
			side("acl-target-inbound-blocks-health-check-port", theirs, false, "tcp", e.checkPort, e.checkPort, from, e.subnet)
		}
		side("acl-target-outbound-blocks-ephemeral", theirs, true, protocol, firstEphemeral, lastEphemeral, from, e.subnet)
	}
}

// refusedByACL words what an ACL refuses.
func (f *facts) refusedByACL(id string, a *ACL, egress bool, protocol string, r refusal, peer netip.Prefix, subnet string) *Finding {
	way := "in from"
	if egress {
		way = "out to"
	}
	whose := "the targets' subnet"
	if strings.HasPrefix(id, "acl-balancer") {
		whose = "the balancer's subnet"
	}
	what := fmt.Sprintf("%s %s", protocol, ports(r.from, r.to))
	if strings.Contains(id, "ephemeral") {
		what = "answers on " + what
	}
	found := finding(id, fmt.Sprintf("Network ACL %s of %s %s does not let %s %s %s.", a.ID, whose, subnet, what, way, peer))
	found.because(FromConfig, a.ID+": "+r.entry.words())
	if strings.Contains(id, "ephemeral") {
		found.because(FromConfig, "network ACLs keep no state: answers need a rule of their own for ports 1024-65535")
	}
	if id != "acl-target-inbound-blocks-health-check-port" {
		found.share = f.reasons(found, "Target_Connect_Timeout")
	}
	return found
}

// aclsToClients looks whether any client can reach the listeners, and be answered.
// A few addresses that are kept out are somebody's intention.
func (f *facts) aclsToClients() (list []*Finding) {
	clients := netip.MustParsePrefix("0.0.0.0/0")
	for _, z := range f.Balancer.Zones {
		a := f.aclOf(z.Subnet)
		if a == nil {
			continue
		}
		for _, l := range f.Listeners {
			protocol := "tcp"
			if l.Protocol == "UDP" {
				protocol = "udp"
			}
			if a.anybody(false, protocol, l.Port, clients) {
				continue
			}
			for _, r := range a.refuses(false, protocol, l.Port, l.Port, clients) {
				found := finding("acl-balancer-inbound-blocks-listener", fmt.Sprintf("Network ACL %s of the balancer's subnet %s lets no client in on port %d.", a.ID, z.Subnet, l.Port))
				found.because(FromConfig, a.ID+": "+r.entry.words())
				found.Confidence = High
				f.admit(found, a, false, protocol, r, clients)
				list = append(list, found)
			}
		}
		// Clients take answers on any port above 1023; most on those from 32768.
		if a.anybody(true, "tcp", 32768, clients) || a.anybody(true, "tcp", 50000, clients) || len(f.Listeners) == 0 {
			continue
		}
		for _, r := range a.refuses(true, "tcp", firstEphemeral, lastEphemeral, clients) {
			found := finding("acl-balancer-outbound-blocks-clients", fmt.Sprintf("Network ACL %s of the balancer's subnet %s lets no answer out to clients on ports %s.", a.ID, z.Subnet, ports(r.from, r.to)))
			found.because(FromConfig, a.ID+": "+r.entry.words())
			found.Confidence = High
			f.admit(found, a, true, "tcp", r, clients)
			list = append(list, found)
		}
	}
	return list
}
