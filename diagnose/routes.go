package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var routesCheck = Check{
	Name:  "routes",
	About: "Routes from the balancer's subnets to the targets and back, from an internet-facing balancer to the internet, and from an internal one to networks of clients.",
	Needs: []string{"ec2:DescribeRouteTables", "ec2:DescribeSubnets", "ec2:GetManagedPrefixListEntries"},
	Gives: []string{"route-balancer-to-target", "route-target-to-balancer", "nlb-client-addresses-lost", "balancer-subnet-not-public", "balancer-no-way-back"},
	look:  lookAtRoutes,
}

func lookAtRoutes(f *facts) []*Finding {
	b, passing := gather{}, f.passing()
	for _, e := range f.located(f.endpoints) {
		for _, s := range f.senders(e) {
			f.routeOut(e, s, passing, &b)
			f.routeBack(e, s, &b)
			f.routeOfClients(e, s, &b)
		}
	}
	for _, found := range b.list {
		if f.weigh(found); len(found.Rivals) > 0 && found.Confidence == High {
			found.Confidence = Medium // the route may lead there after all
		}
	}
	return slices.Concat(b.list, f.toInternet(), f.toNetworks())
}

func (f *facts) routeOut(e endpoint, s Subnet, passing []Route, b *gather) {
	w, known := f.routeFor(s.ID, e.address)
	wrong := w.wrong()
	text := fmt.Sprintf("The balancer has no way to targets such as %s from its subnets with the route table %s.", e.address, w.table)
	perhaps := ""
	switch {
	case !known:
		return
	case wrong != "":
	case w.leadsTo("igw-"):
		// Only a public address can be reached through an internet gateway, and no
		// target has one.
		wrong = w.words() + ", the internet"
	case w.leadsTo("nat-") && strings.HasSuffix(w.Destination, "/0") && e.unanswered(f.Balancer.Type) && f.otherVPC(e) == "" && !slices.Contains(passing, w.Route):
		wrong = w.words()
		text = fmt.Sprintf("The balancer's way to targets such as %s, from its subnets with the route table %s, leads to a NAT gateway, and from there to the internet.", e.address, w.table)
		perhaps = "the subnet of the NAT gateway, whose routes are not looked at, may lead to these targets"
	default:
		return
	}
	to := f.rangeOf(e.subnet, e.address)
	found := b.at("out"+wrong, func() *Finding {
		found := finding("route-balancer-to-target", text)
		found.because(FromConfig, wrong)
		if perhaps != "" {
			found.rival("", perhaps)
		}
		found.share = f.reasons(found, "Target_Connect_Timeout")
		return found
	})
	if key := w.key("out"+wrong, to); !slices.Contains(found.admitted, key) && len(found.Fix) < mostTargets {
		found.admitted = append(found.admitted, key)
		f.reroute(found, w, to, routed{})
	}
	found.on(e)
}

// passing are the routes by which healthy targets are reached, of those included that were not asked about.
func (f *facts) passing() (list []Route) {
	for _, g := range f.groups {
		for _, e := range f.whole(g) {
			if !e.healthy() {
				continue
			}
			for _, s := range f.senders(e) {
				if w, _ := f.routeFor(s.ID, e.address); w.found {
					list = add(list, w.Route)
				}
			}
		}
	}
	return list
}

func (f *facts) routeBack(e endpoint, s Subnet, b *gather) {
	if e.subnet == s.ID {
		return
	}
	for _, p := range family(prefixes(s.CIDRs), e.address.Is6()) {
		w, known := f.routeFor(e.subnet, p.Addr())
		wrong := w.wrong()
		switch {
		case !known || wrong == "" && !w.leadsTo("igw-", "nat-"):
			continue
		case wrong == "" && w.leadsTo("nat-"):
			wrong = w.words() + ", a NAT gateway, which passes no answers on to what came another way"
		case wrong == "":
			wrong = w.words() + ", the internet"
		}
		found := b.at(w.key("back"+wrong, p), func() *Finding {
			found := finding("route-target-to-balancer", fmt.Sprintf("Targets have no way back to the balancer's subnet %s (%s) from subnets with the route table %s.", s.ID, p, w.table))
			found.because(FromConfig, wrong)
			there, known := f.routeFor(s.ID, e.address)
			if !known || there.State == "blackhole" || !there.leadsTo("pcx-", "tgw-", "arn:") {
				there = routed{}
			}
			f.reroute(found, w, p, there)
			found.share = f.reasons(found, "Target_Connect_Timeout")
			return found
		})
		found.on(e)
	}
}

// routeOfClients looks at the way to a target that sees the clients' addresses: it has to
// be in the balancer's VPC, or in a peered one, and nothing else may be in between.
//
// Source: AWS, "Client IP preservation" of the Network Load Balancer guide, read 2026-11.
func (f *facts) routeOfClients(e endpoint, s Subnet, b *gather) {
	astray := func(e endpoint) (w routed, lost bool) {
		w, known := f.routeFor(s.ID, e.address)
		return w, known && w.wrong() == "" && !w.leadsTo("local", "pcx-", "igw-")
	}
	w, lost := astray(e)
	if keeps, known := f.keepsClients(e.group); !lost || !keeps || !known {
		return
	}
	found := b.at("clients"+w.table+w.Destination+e.group.ARN, func() *Finding {
		found := finding("nlb-client-addresses-lost", fmt.Sprintf("Targets such as %s see the clients' own addresses, and are reached by %s, by which their answers do not come back: connections time out, whatever health checks say.", e.address, w.Via))
		found.because(FromConfig, w.words())
		found.because(FromConfig, "client addresses are preserved for the target group "+e.group.Name)
		found.unseen = true // health checks come from the nodes
		f.byPrivateLink(found, "clients that come by PrivateLink are seen under the balancer's addresses")
		switch {
		case e.group.over("udp"):
			found.Do = "register targets of the balancer's VPC, or of a peered one: over UDP and QUIC client addresses are always preserved"
		case slices.ContainsFunc(f.of(e.group), func(other endpoint) bool { _, lost := astray(other); return !lost }):
			found.because(FromConfig, "other targets of the group are reached directly, and would see the balancer's addresses as well")
		default:
			f.groupAttribute(found, e.group, attrClientIP, "false")
		}
		return found
	})
	found.on(e)
}

// rangeOf is the address range of a subnet that has an address, or the address itself.
func (f *facts) rangeOf(subnet string, a netip.Addr) netip.Prefix {
	if s := f.subnet(subnet); s != nil {
		for _, p := range prefixes(s.CIDRs) {
			if p.Contains(a) {
				return p
			}
		}
	}
	return single(a)
}

// anew reports whether a route to a range has to be made, rather than led elsewhere: one for all that
// has no route of its own, or for a list of ranges, is for others, too. Of the very range there is one already.
func (w routed) anew(to netip.Prefix) bool {
	others := w.leadsTo("igw-") || w.leadsTo("nat-") && w.State != "blackhole" || strings.HasSuffix(w.Destination, "/0") || strings.HasPrefix(w.Destination, "pl-")
	return !w.found || others && w.Destination != to.String()
}

// key names what is wrong with a route: each range needs a new one of its own.
func (w routed) key(wrong string, to netip.Prefix) string {
	if w.anew(to) {
		return wrong + to.String()
	}
	return wrong
}

// reroute makes a route, or changes the one that leads nowhere. Where it has to lead
// only the one who built the network knows, unless another table of the VPC has it, or, of a way
// back, the way there.
func (f *facts) reroute(found *Finding, w routed, to netip.Prefix, there routed) {
	flag := "--vpc-peering-connection-id"
	if !w.anew(to) && w.State == "blackhole" { // what is gone may be made again
		flag = via(w.Via)
	}
	leads := []string{flag, strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(flag, "--"), "-id"))}
	if !there.found {
		there = f.routeOfOthers(w.table, to)
	}
	if there.found {
		found.because(FromConfig, there.words())
		leads = []string{via(there.Via), there.Via}
	} else {
		const hint = ": --vpc-peering-connection-id for a peering, --transit-gateway-id for a transit gateway, --gateway-id for a virtual private gateway"
		found.Do = strings.TrimSuffix(found.Do, hint) + hint // of several routes once
	}
	if w.anew(to) {
		found.mend(f.route("create-route", w.table, to.String(), leads...), f.route("delete-route", w.table, to.String()))
		return
	}
	found.mend(f.route("replace-route", w.table, w.Destination, leads...), f.routeBefore(found, w.table, w.Route))
}

// routeBefore is the command that gives a table back the route that it had. None can be made to what is
// gone; an instance that was only stopped, and its interface, are still there.
//
// Source: AWS, "Route" and "ReplaceRoute" of the EC2 API reference, and its error codes (NotFound of
// gateways and peerings, Gateway.NotAttached), read 2026-11.
func (f *facts) routeBefore(found *Finding, table string, r Route) string {
	switch {
	case r.State == "blackhole" && !r.leadsTo("i-", "eni-"):
		found.because(FromConfig, fmt.Sprintf("no route can be made to %s again: what undoes the command takes the route for %s away", r.Via, r.Destination))
		return f.route("delete-route", table, r.Destination)
	case r.State == "blackhole":
		found.because(FromConfig, fmt.Sprintf("the command can be undone only if %s is still there, as where its instance was stopped and not terminated", r.Via))
	}
	return f.route("replace-route", table, r.Destination, via(r.Via), r.Via)
}

// routeOfOthers is the route to a range in another network that another table of the same VPC
// has; of several the one for the fewest addresses, empty if there is none.
func (f *facts) routeOfOthers(table string, to netip.Prefix) (w routed) {
	own, best := slices.IndexFunc(f.Network.RouteTables, func(t RouteTable) bool { return t.ID == table }), 0
	for _, t := range f.Network.RouteTables {
		if t.ID == table || t.VPC != f.Network.RouteTables[own].VPC {
			continue
		}
		other, bits := t.routeFor(to.Addr())
		if bits > best && bits <= to.Bits() && other.State != "blackhole" && other.leadsTo("pcx-", "tgw-", "vgw-", "arn:") {
			w, best = other, bits
		}
	}
	return w
}

// route is a command about the route that a table has for a range.
func (f *facts) route(operation, table, cidr string, more ...string) string {
	flag := "--destination-cidr-block"
	if strings.Contains(cidr, ":") {
		flag = "--destination-ipv6-cidr-block"
	}
	return f.command("ec2", operation, append([]string{"--route-table-id", table, flag, cidr}, more...)...)
}

// flags are those for what a route leads to, by the beginning of its name; all others are gateways.
var flags = map[string]string{
	"pcx": "--vpc-peering-connection-id", "tgw": "--transit-gateway-id", "nat": "--nat-gateway-id", "eni": "--network-interface-id",
	"i": "--instance-id", "eigw": "--egress-only-internet-gateway-id", "vpce": "--vpc-endpoint-id", "lgw": "--local-gateway-id", "cagw": "--carrier-gateway-id",
}

// via is the flag for what a route leads to.
func via(target string) string {
	if strings.HasPrefix(target, "arn:") {
		return "--core-network-arn"
	}
	kind, _, _ := strings.Cut(target, "-")
	return cmp.Or(flags[kind], "--gateway-id")
}

// leadsTo reports whether a route leads to one of these kinds, by the beginnings of their names.
func (r Route) leadsTo(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(r.Via, kind) })
}

// throughInternetGateway reports whether a route leads to the internet itself.
func (r Route) throughInternetGateway() bool { return r.leadsTo("igw-") && r.State != "blackhole" }

// throughAppliance reports whether a route leads to what may pass traffic on to the
// internet: a firewall's endpoint, an appliance, a carrier's or a local gateway.
//
// Source: AWS, "Multi zone architecture with an internet gateway" of the Network Firewall
// guide, read 2026-11.
func (r Route) throughAppliance() bool {
	return r.State != "blackhole" && (r.leadsTo(appliances...) || r.leadsTo("cagw-", "lgw-"))
}

// internet is where all clients of the balancer in the internet are: among the addresses
// of IPv4, unless it has public addresses of IPv6 only.
func (f *facts) internet() netip.Prefix {
	if f.Balancer.AddressType == onlyPublicIPv6 {
		return all6
	}
	return all4
}

// isPublic reports whether a table has a route to the internet.
func (f *facts) isPublic(t *RouteTable) bool {
	return slices.ContainsFunc(t.Routes, func(r Route) bool {
		return r.Destination == f.internet().String() && (r.throughInternetGateway() || r.throughAppliance())
	})
}

// isPublicToSome reports whether a table leads part of the internet there, as one does
// for clients that are known.
func (f *facts) isPublicToSome(t *RouteTable) bool {
	six := f.internet().Addr().Is6()
	return slices.ContainsFunc(t.Routes, func(r Route) bool {
		return r.throughInternetGateway() && (strings.HasPrefix(r.Destination, "pl-") || strings.Contains(r.Destination, ":") == six)
	})
}

// toInternet looks whether clients in the internet can be answered.
//
// Source: AWS, "Secure VPC connections in AWS Global Accelerator" of its guide, read 2026-11.
func (f *facts) toInternet() (list []*Finding) {
	if f.Balancer.Scheme != "internet-facing" {
		return nil
	}
	var seen []string
	public := false // or not known
	for _, z := range f.Balancer.Zones {
		t := f.tableOf(z.Subnet)
		if !t.known() || f.isPublic(t) || f.isPublicToSome(t) {
			public = true
			continue
		}
		if slices.Contains(seen, t.ID) {
			continue
		}
		seen = append(seen, t.ID)
		found := finding("balancer-subnet-not-public", fmt.Sprintf("The balancer is internet-facing, and its subnet %s has no route to an internet gateway: clients that get this node's address wait for nothing.", z.Subnet))
		f.leadToInternet(found, t, f.internet().String(), "INTERNET-GATEWAY")
		found.Confidence = High
		list = append(list, found)
	}
	// Where no node can be reached so, who comes all the same has come by another way.
	if name, n := f.arriving(); n > 0 && !public {
		for _, found := range list {
			found.Level, found.Confidence = Warn, Low
			found.because(FromMetric, fmt.Sprintf("%s of the last minutes: %s, so that clients do get in: the route may just have changed", name, number(n)))
			found.rival("", "AWS Global Accelerator, by which clients come and are answered without such a route")
		}
	}
	return list
}

// leadToInternet prints the command that leads all addresses of a family to an internet
// gateway, unless that concerns others than the balancer: they may have no public
// addresses, and would lose their way out, or be private by IPv6, and so no more.
func (f *facts) leadToInternet(found *Finding, t *RouteTable, all, gateway string) {
	at := slices.IndexFunc(t.Routes, func(r Route) bool { return r.Destination == all })
	if at < 0 {
		found.because(FromConfig, t.ID+" has no route for "+all)
	} else {
		found.because(FromConfig, fmt.Sprintf("%s sends %s to %s (%s)", t.ID, all, t.Routes[at].Via, t.Routes[at].State))
	}
	switch others := f.othersOf(t); {
	case len(others) > 0:
		found.because(FromConfig, t.ID+" is the table of "+few(others)+", where others than the balancer are as well: it needs a subnet and a table of its own")
	case at < 0:
		found.mend(f.route("create-route", t.ID, all, "--gateway-id", gateway), f.route("delete-route", t.ID, all))
	default:
		found.mend(f.route("replace-route", t.ID, all, "--gateway-id", gateway), f.routeBefore(found, t.ID, t.Routes[at]))
	}
}

// othersOf are the subnets of a table that are not the balancer's alone.
func (f *facts) othersOf(t *RouteTable) (list []string) {
	for _, s := range f.Network.Subnets {
		balancers := slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return z.Subnet == s.ID })
		targets := slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return e.subnet == s.ID })
		if f.tableOf(s.ID) == t && (!balancers || targets) {
			list = append(list, s.ID)
		}
	}
	return list
}
