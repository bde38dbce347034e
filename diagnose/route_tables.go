package diagnose

import (
	"net/netip"
	"slices"
	"strings"
)

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
