package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

var dualstackCheck = Check{
	Name:  "dualstack",
	About: "Whether clients reach a dualstack balancer by IPv6 where they reach it by IPv4: security groups, network ACLs and routes have rules of their own for each.",
	Needs: []string{"elasticloadbalancing:DescribeListeners", "ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables"},
	Gives: []string{"ipv6-clients-blocked"},
	look:  lookAtDualstack,
}

// lookAtDualstack looks for what lets everybody in by IPv4 and nobody by IPv6. The
// balancer's name has addresses of both families, and who takes that of IPv6 waits: an
// IPv6-only network for good, a browser until it tries the other. Where only some are let
// in by IPv4, nobody by IPv6 may be what is meant. Of an internal balancer, everybody is
// in its VPC.
func lookAtDualstack(f *facts) []*Finding {
	var list []*Finding
	switch {
	case f.Balancer.AddressType == onlyPublicIPv6:
		list = f.groupsWithoutIPv6() // ACLs and routes are looked at for that family anyway
	case f.Balancer.AddressType != "dualstack" || len(f.letBack(all6)) == 0:
	case f.Balancer.Scheme == "internal":
		list = slices.Concat(f.groupsWithoutIPv6(), f.aclsWithoutIPv6())
	default:
		list = slices.Concat(f.groupsWithoutIPv6(), f.aclsWithoutIPv6(), f.routesWithoutIPv6())
	}
	for _, found := range list {
		f.cameByIPv6(found)
	}
	return list
}

// onlyPublicIPv6 is the address type of a balancer in the internet whose name has no
// addresses of IPv4.
const onlyPublicIPv6 = "dualstack-without-public-ipv4"

func (f *facts) withoutIPv6(format string, args ...any) *Finding {
	found := finding("ipv6-clients-blocked", fmt.Sprintf(format, args...))
	found.Confidence = High
	if f.Balancer.AddressType == onlyPublicIPv6 {
		found.because(FromConfig, "the balancer's name has addresses of IPv6 only")
		found.Do = "let clients in by IPv6, or set the balancer's address type to dualstack"
	} else {
		found.Level = Warn
		found.because(FromConfig, "the balancer is dualstack: its name has IPv6 addresses, too")
	}
	return found
}

// groupsWithoutIPv6 looks at the balancer's security groups.
func (f *facts) groupsWithoutIPv6() []*Finding {
	var toAll, toSome []listening
	for _, l := range f.Listeners {
		for _, protocol := range l.transports() {
			switch at := (listening{protocol, l.Port}); f.letsInByIPv4Alone(at) {
			case "everybody":
				toAll = append(toAll, at)
			case "some":
				toSome = append(toSome, at)
			}
		}
	}
	return given(f.portsWithoutIPv6("everybody", toAll), f.portsWithoutIPv6("some", toSome))
}

// listening is a port of a listener, in a protocol of transport.
type listening struct {
	protocol string
	port     int
}

// letsInByIPv4Alone says whom the balancer's security groups let in on a port by IPv4: everybody, or some; empty if nobody, if
// they let in anybody by IPv6, and if that is not known.
func (f *facts) letsInByIPv4Alone(at listening) string {
	ids, alone := f.Balancer.SecurityGroups, f.Balancer.AddressType == onlyPublicIPv6
	openings, known := f.openings(ids, false, at.protocol, at.port)
	six := false
	for _, p := range openings {
		ranges, ok := f.ranges(p)
		known = known && ok
		six = six || len(family(ranges, true)) > 0 || len(p.Groups) > 0 && (alone || f.Balancer.Scheme == "internal") // whose members may come by either
	}
	switch anybody := f.permits(ids, false, at.protocol, at.port, peer{addresses: f.letBack(all4)}) == allowed; {
	case !known || six:
		return ""
	case anybody && len(openings) > 0:
		return "everybody"
	case alone && len(openings) > 0:
		return "some"
	}
	return ""
}

func (f *facts) portsWithoutIPv6(who string, ports []listening) *Finding {
	if len(ports) == 0 {
		return nil
	}
	ids := f.Balancer.SecurityGroups
	var words []string
	for _, at := range ports {
		words = append(words, fmt.Sprintf("%s %d", at.protocol, at.port))
	}
	found := f.withoutIPv6("The balancer's %s %s in on the listener's %s %s by IPv4, and nobody by IPv6.", groupsThat(ids, "lets", "let"), who, amount.Noun(len(ports), "port", "ports"), few(words))
	for _, at := range ports {
		found.because(FromConfig, f.rulesFor(ids, false, at.protocol, at.port))
		if who != "everybody" {
			continue
		}
		for _, clients := range f.letBack(all6) {
			f.authorize(found, oneOf(ids, f.openOn(at.protocol, at.port)), false, at.protocol, at.port, at.port, clients.String())
		}
	}
	f.byPrivateLink(found, "the inbound rules do not hold for clients that come by PrivateLink")
	return found
}

// aclsWithoutIPv6 looks at the network ACLs of the balancer's subnets.
func (f *facts) aclsWithoutIPv6() (list []*Finding) {
	for i := range f.Network.ACLs {
		a := &f.Network.ACLs[i]
		if !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return slices.Contains(a.Subnets, z.Subnet) }) {
			continue
		}
		for _, c := range f.crossings() {
			if !a.passes(c, all4, f.noClients()...) || a.passes(c, all6, f.noClients()...) {
				continue
			}
			found := f.withoutIPv6("Network ACL %s of the balancer's subnets lets %ss %s by IPv4, and none by IPv6.", a.ID, c.what, c.where)
			shut := c.through(a).shuts(c.from, c.to, all6, f.noClients()...)
			for _, r := range shut {
				found.because(FromConfig, a.ID+", IPv6: "+r.entry.words())
			}
			for _, clients := range f.letBack(all6) {
				open, _ := c.through(a).unmeant(shut, c.from, c.to, clients)
				for _, r := range open {
					f.admit(found, c.through(a), r, clients)
				}
			}
			list = append(list, found)
		}
	}
	return list
}

// routesWithoutIPv6 looks at the route tables of the balancer's subnets. An egress-only
// gateway lets nobody in.
func (f *facts) routesWithoutIPv6() (list []*Finding) {
	var seen []string
	for _, z := range f.Balancer.Zones {
		t := f.tableOf(z.Subnet)
		if t == nil || slices.Contains(seen, t.ID) {
			continue
		}
		seen = append(seen, t.ID)
		gateway, six := "", false
		for _, r := range t.Routes {
			switch leads := r.throughInternetGateway(); {
			case r.Destination == all4.String() && leads:
				gateway = r.Via
			case r.Destination == all6.String():
				six = six || leads || r.throughAppliance()
			case strings.Contains(r.Destination, ":") || strings.HasPrefix(r.Destination, "pl-"):
				six = six || leads // for the clients there are
			}
		}
		if gateway == "" || six {
			continue
		}
		found := f.withoutIPv6("Subnet %s of the balancer has a route to the internet gateway for IPv4, and none for IPv6.", z.Subnet)
		f.leadToInternet(found, t, all6.String(), gateway)
		list = append(list, found)
	}
	return list
}
