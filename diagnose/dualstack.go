package diagnose

import (
	"fmt"
	"slices"
	"strings"
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
// in by IPv4, nobody by IPv6 may be what is meant.
func lookAtDualstack(f *facts) []*Finding {
	if f.Balancer.AddressType != "dualstack" || f.Balancer.Scheme != "internet-facing" {
		return nil
	}
	return slices.Concat(f.groupsWithoutIPv6(), f.aclsWithoutIPv6(), f.routesWithoutIPv6())
}

func withoutIPv6(format string, args ...any) *Finding {
	found := finding("ipv6-clients-blocked", fmt.Sprintf(format, args...))
	found.because(FromConfig, "the balancer is dualstack: its name has IPv6 addresses, too")
	found.Confidence = High
	return found
}

// groupsWithoutIPv6 looks at the balancer's security groups.
func (f *facts) groupsWithoutIPv6() (list []*Finding) {
	ids := f.Balancer.SecurityGroups
	for _, l := range f.Listeners {
		for _, protocol := range l.transports() {
			openings, known := f.openings(ids, false, protocol, l.Port)
			anybody, six := false, false
			for _, p := range openings {
				ranges, ok := f.ranges(p)
				known = known && ok
				anybody = anybody || slices.Contains(ranges, all4)
				six = six || len(family(ranges, true)) > 0
			}
			if !known || !anybody || six {
				continue
			}
			found := withoutIPv6("The balancer's security group %s lets everybody in on the listener's port %s %d by IPv4, and nobody by IPv6.", few(ids), protocol, l.Port)
			found.because(FromConfig, fmt.Sprintf("inbound rules of %s: %s", few(ids), f.has(ids, false, protocol, l.Port)))
			f.authorize(found, ids[0], false, protocol, l.Port, all6.String())
			list = append(list, found)
		}
	}
	return list
}

// aclsWithoutIPv6 looks at the network ACLs of the balancer's subnets.
func (f *facts) aclsWithoutIPv6() (list []*Finding) {
	for i := range f.Network.ACLs {
		a := &f.Network.ACLs[i]
		if !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool { return slices.Contains(a.Subnets, z.Subnet) }) {
			continue
		}
		for _, c := range f.crossings() {
			if !a.passes(c, all4) || a.passes(c, all6) {
				continue
			}
			found := withoutIPv6("Network ACL %s of the balancer's subnets lets %ss %s by IPv4, and none by IPv6.", a.ID, c.what, c.where)
			for _, r := range a.shuts(c.egress, c.protocol, c.from, c.to, all6) {
				found.because(FromConfig, a.ID+", IPv6: "+r.entry.words())
				f.admit(found, a, c.egress, c.protocol, r, all6)
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
			leads := r.leadsTo("igw-") && r.State != "blackhole"
			switch {
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
		found := withoutIPv6("Subnet %s of the balancer has a route to the internet gateway for IPv4, and none for IPv6.", z.Subnet)
		f.leadToInternet(found, t, all6.String(), gateway)
		list = append(list, found)
	}
	return list
}
