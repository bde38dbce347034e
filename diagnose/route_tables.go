package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// routed is what a table has for an address.
type routed struct {
	Route        // the one with the longest prefix; empty if there is none
	table string // its ID; "" if it is not known
	found bool   // there is a route
}

// words say where it leads.
func (w routed) words() string {
	return fmt.Sprintf("%s sends %s to %s", w.table, w.Destination, w.Via)
}

// wrong says what is wrong with it; empty if nothing is.
func (w routed) wrong() string {
	switch {
	case !w.found:
		return w.table + " has no route to it"
	case w.State == "blackhole":
		return w.words() + ", which is not there any more (blackhole)"
	}
	return ""
}

// routeFor is what a subnet's table has for an address. known is false if the table is not known, or empty, or a prefix
// list that is not known may say otherwise.
func (f *facts) routeFor(subnet string, to netip.Addr) (w routed, known bool) {
	t := f.tableOf(subnet)
	if !t.known() {
		return routed{}, false
	}
	w, bits := t.routeFor(to)
	lists := true // all of them are known, none of which may have a longer one
	for _, route := range t.Routes {
		if !strings.HasPrefix(route.Destination, "pl-") {
			continue
		}
		listed, ok := f.listed(route.Destination)
		lists = lists && ok
		for _, p := range listed {
			if p.Contains(to) && p.Bits() > bits {
				w, bits = routed{route, t.ID, true}, p.Bits()
			}
		}
	}
	return w, lists || bits > 0
}

// routeLeads reports whether the route that a subnet has for an address is known, and leads to one of
// these kinds.
func (f *facts) routeLeads(subnet string, to netip.Addr, kinds ...string) bool {
	w, known := f.routeFor(subnet, to)
	return known && w.leadsTo(kinds...)
}

// someWay reports whether a way from the balancer to a target is known to lead over one of these kinds.
func (f *facts) someWay(e endpoint, kinds ...string) bool {
	return slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return f.routeLeads(z.Subnet, e.address, kinds...) })
}

// everyWay reports whether all of them are.
func (f *facts) everyWay(e endpoint, kinds ...string) bool {
	return !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return !f.routeLeads(z.Subnet, e.address, kinds...) })
}

// led is a range, and the route that leads there.
type led struct {
	Route
	to netip.Prefix
}

// ranges are the routes of a table, those to the fewest addresses first: the first one to a range that has an address
// is the one that holds. Prefix lists are left out.
func (t *RouteTable) ranges() (list []led) {
	for _, r := range t.Routes {
		if p, err := netip.ParsePrefix(r.Destination); err == nil {
			list = append(list, led{r, p})
		}
	}
	slices.SortStableFunc(list, func(a, b led) int { return cmp.Compare(b.to.Bits(), a.to.Bits()) })
	return list
}

// routeFor is what a table has for an address, and how long the prefix is; -1 if there is none.
func (t *RouteTable) routeFor(to netip.Addr) (w routed, bits int) {
	for _, r := range t.ranges() {
		if r.to.Contains(to) {
			return routed{r.Route, t.ID, true}, r.to.Bits()
		}
	}
	return routed{table: t.ID}, -1
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
