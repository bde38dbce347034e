package diagnose

import (
	"net/netip"
	"slices"
)

// sameVPC reports whether rules of a target's groups can name those of the balancer,
// and the other way round, whatever lies in between.
func (f *facts) sameVPC(e endpoint) bool { return e.vpc == f.Balancer.VPC }

// byGroup reports whether a rule that names the other side's group is known to hold between
// balancer and target; else it takes ranges.
func (f *facts) byGroup(e endpoint) bool { return f.sameVPC(e) && !f.far(e) }

// far reports whether it is not known if rules match that name a target's groups, or the
// balancer's. They do within a VPC, unless its routes lead through an appliance, and over
// a peering. Over a transit gateway none of the outbound ones does, and the inbound ones
// only where it is told to.
//
// Source: AWS, "Security group referencing" of the guides for VPC and for transit
// gateways, read 2026-11.
func (f *facts) far(e endpoint) bool {
	switch {
	case e.vpc == "":
		return false
	case f.sameVPC(e):
		return f.someWay(e, appliances...)
	}
	return !f.everyWay(e, "pcx-")
}

// appliances are the beginnings of what a route leads to that passes traffic on.
var appliances = []string{"vpce-", "eni-", "i-"}

// target is a target as the balancer's groups see it.
func (f *facts) target(e endpoint) peer {
	groups := e.filters
	if groups == nil && f.outside(e) {
		groups = []string{}
	}
	return peer{[]netip.Prefix{single(e.address)}, groups, f.far(e)}
}

// outside reports whether all ways to a target lead out of AWS, by Direct Connect, a VPN or a
// local gateway: then it is in no security group.
func (f *facts) outside(e endpoint) bool {
	return len(f.Balancer.Zones) > 0 && f.everyWay(e, "vgw-", "lgw-")
}

// nodesOf are the nodes in a subnet of the balancer as a target's groups see them.
func (f *facts) nodesOf(s Subnet, e endpoint) peer {
	return peer{family(prefixes(s.CIDRs), e.address.Is6()), f.Balancer.SecurityGroups, f.far(e)}
}

func subnetNames(list []Subnet) string {
	var names []string
	for _, s := range list {
		names = append(names, s.ID+" ("+s.Zone+")")
	}
	return few(names)
}

func subnetRanges(list []Subnet) string {
	var names []string
	for _, s := range list {
		names = append(names, s.CIDRs...)
	}
	return few(names)
}

// nodesPermitted reports whether the nodes that there are now are let in, though
// their subnet is not: such a rule breaks when a node is replaced, but not today. Where the nodes could
// not be read, they may be in any part of it that is.
func (f *facts) nodesPermitted(e endpoint, s Subnet, port int, protocol string) bool {
	if f.Network.Interfaces == nil {
		own := family(prefixes(s.CIDRs), e.address.Is6())
		openings, _ := f.openings(e.filters, false, protocol, port)
		return slices.ContainsFunc(openings, func(p Permission) bool {
			ranges, _ := f.ranges(p)
			return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return slices.ContainsFunc(own, r.Overlaps) })
		})
	}
	nodes := f.nodes(s, e.address.Is6())
	return len(nodes) > 0 && f.permits(e.filters, false, protocol, port, peer{addresses: nodes}) == allowed
}

// nodes are the addresses that the balancer's nodes in a subnet have now, of one family.
func (f *facts) nodes(s Subnet, six bool) (list []netip.Prefix) {
	for _, i := range f.Network.Interfaces {
		if i.Node && i.Subnet == s.ID {
			for _, a := range i.addresses(six) {
				list = append(list, single(a))
			}
		}
	}
	return list
}
