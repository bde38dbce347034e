package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var zonesCheck = Check{
	Name:  "zones",
	About: "Targets in another VPC or in a zone that is not enabled, and zones without a target where nodes do not send across.",
	Needs: []string{"ec2:DescribeSubnets", "ec2:DescribeInstances", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeTargetGroupAttributes", describeRules},
	Gives: []string{"target-zone-not-enabled", "target-other-vpc", "cross-zone-off-empty-zone"},
	look:  lookAtZones,
}

func lookAtZones(f *facts) []*Finding {
	b := gather{}
	enabled := f.zones()
	for _, e := range f.endpoints {
		if e.healthy() {
			continue // then the balancer does reach it
		}
		if other := f.otherVPC(e); other != "" {
			found := b.at("vpc"+e.group.ARN, func() *Finding {
				found := finding("target-other-vpc", fmt.Sprintf("Targets of %s are not in its VPC %s, and the balancer cannot reach them.", e.group.Name, e.group.VPC))
				found.Confidence = High
				found.share = f.reasons(found, "No_Usable_Target", "Target_Connect_Timeout")
				return found
			})
			found.on(e)
			found.because(FromConfig, other)
			continue
		}
		if e.zone == "" && e.target.Reason == "Target.NotInUse" && f.forwards(e.group) {
			found := b.at("unknown zone"+e.group.ARN, func() *Finding {
				found := finding("target-zone-not-enabled", fmt.Sprintf("Targets of %s are unused though a rule leads to them: their zone is probably not enabled for the balancer.", e.group.Name))
				found.share = f.reasons(found, "No_Usable_Target")
				return found
			})
			found.on(e)
			found.because(FromHealth, e.label()+": "+state(e.target))
			continue
		}
		if !f.standsOff(e, enabled) {
			continue
		}
		key := e.group.ARN
		if f.Balancer.Type == Classic { // of which all groups have the same instances
			key = ""
		}
		found := b.at("zone"+key+e.zone, func() *Finding { return f.zoneOff(e, enabled) })
		found.on(e)
		if len(found.Evidence) < 4 {
			found.because(FromHealth, f.label(e)+": "+state(e.target))
		}
	}
	return append(b.list, f.emptyZones(enabled)...)
}

// zones are those that the balancer is enabled in.
func (f *facts) zones() (names []string) {
	for _, z := range f.Balancer.Zones {
		name := z.Name
		if s := f.subnet(z.Subnet); name == "" && s != nil {
			name = s.Zone
		}
		if name == "" {
			return nil // one that is not known may be any
		}
		names = add(names, name)
	}
	slices.Sort(names)
	return names
}

func (f *facts) zoneOff(e endpoint, enabled []string) *Finding {
	found := finding("target-zone-not-enabled", fmt.Sprintf("Targets of %s stand in zone %s, in which the balancer is not enabled.", e.group.Name, e.zone))
	found.Confidence = High
	found.because(FromConfig, "the balancer is enabled in "+strings.Join(enabled, ", "))
	found.share = f.reasons(found, "No_Usable_Target")
	if f.Balancer.Type == Classic {
		found.Sentence = fmt.Sprintf("Instances stand in zone %s, in which the balancer is not enabled.", e.zone)
		subnet := f.subnetFor(e)
		found.mend(f.command("elb", "attach-load-balancer-to-subnets", "--load-balancer-name", f.Balancer.Name, "--subnets", subnet),
			f.command("elb", "detach-load-balancer-from-subnets", "--load-balancer-name", f.Balancer.Name, "--subnets", subnet))
		return found
	}
	if f.Balancer.Type == NetworkType || f.Balancer.Type == Gateway {
		// All subnets have to be named again, with their addresses, which are not known here; and a
		// gateway balancer leaves none again.
		found.Verify = append(found.Verify, f.command("elbv2", "describe-load-balancers", "--load-balancer-arns", f.Balancer.ARN, "--query", "LoadBalancers[].AvailabilityZones"))
		return found
	}
	// The command takes away what it does not name: those of several findings are alike.
	var now []string
	for _, z := range f.Balancer.Zones {
		now = append(now, z.Subnet)
	}
	zones, all := slices.Clone(enabled), slices.Clone(now)
	for _, other := range f.endpoints {
		if f.standsOff(other, zones) {
			zones, all = append(zones, other.zone), append(all, f.subnetFor(other))
		}
	}
	for _, zone := range zones[len(enabled):] {
		for _, g := range f.groups {
			if f.wouldLack(g, zone) {
				found.because(FromConfig, fmt.Sprintf("cross-zone load balancing is off for %s, which has no target in %s: with that zone enabled, requests for it that enter there get 503", g.Name, zone))
				return found
			}
		}
	}
	set := func(subnets []string) string {
		return f.command("elbv2", "set-subnets", append([]string{"--load-balancer-arn", f.Balancer.ARN, "--subnets"}, subnets...)...)
	}
	found.mend(set(all), set(now))
	return found
}

// standsOff reports whether a target is known to stand in none of some zones.
func (f *facts) standsOff(e endpoint, zones []string) bool {
	return e.zone != "" && e.zone != "all" && e.group.Type != "lambda" && len(zones) > 0 && !slices.Contains(zones, e.zone) && !e.healthy() && f.otherVPC(e) == ""
}

// wouldLack reports whether a group that rules send requests to would have no target for those that enter a zone which
// is not enabled.
func (f *facts) wouldLack(g *Group, zone string) bool {
	return (f.named(g) || !f.rulesKnown()) && f.lacks(g, zone)
}

// lacks reports whether a group has no target for requests that enter a zone.
func (f *facts) lacks(g *Group, zone string) bool {
	if across, _ := f.crossZone(g); across || g.Targets == nil || g.Type == "lambda" {
		return false
	}
	return !slices.ContainsFunc(f.whole(g), func(e endpoint) bool {
		return (e.zone == zone || e.zone == "all" || e.zone == "") && (e.target.usable() || e.failing() || e.target.Reason == "Target.NotInUse")
	})
}

// subnetFor is a subnet of a target's zone for the balancer, or a word for it: one with
// a way to the internet if that is where its clients are.
func (f *facts) subnetFor(e endpoint) string {
	if f.Balancer.Scheme != "internet-facing" {
		if s := f.subnet(e.subnet); s != nil && f.hasRoom(s) {
			return s.ID
		}
		return "SUBNET-IN-" + strings.ToUpper(e.zone)
	}
	for _, s := range f.Network.Subnets {
		if t := f.tableOf(s.ID); s.Zone == e.zone && s.VPC == f.Balancer.VPC && f.hasRoom(&s) && t != nil && f.isPublic(t) {
			return s.ID
		}
	}
	return "PUBLIC-SUBNET-IN-" + strings.ToUpper(e.zone)
}

// hasRoom reports whether AWS takes a subnet for the balancer: it has to have addresses left, and, of a
// dualstack one, some of IPv6.
//
// Source: AWS, "Subnets for your load balancer" and "IP address type" of the Application Load Balancer
// guide, read 2026-11.
func (f *facts) hasRoom(s *Subnet) bool {
	dual := strings.HasPrefix(f.Balancer.AddressType, "dualstack")
	return s.Free >= leastAddresses && (!dual || len(family(prefixes(s.CIDRs), true)) > 0)
}

// otherVPC says how a target is not in its group's VPC; empty if it is, or may be
// reached outside of it.
func (f *facts) otherVPC(e endpoint) string {
	if e.group.VPC == "" {
		return ""
	}
	if e.instance != nil {
		if e.instance.VPC == e.group.VPC || e.instance.VPC == "" {
			return ""
		}
		return fmt.Sprintf("%s is in %s; a target in another VPC has to be registered by address", e.instance.ID, e.instance.VPC)
	}
	if !f.foreign(e.group, e.address) || f.leadsOut() { // then it is the routes that decide
		return ""
	}
	where := "is outside of it"
	if e.vpc != "" && e.vpc != e.group.VPC {
		where = "is in " + e.vpc
	}
	return fmt.Sprintf("%s %s, and no route leads there", e.address, where)
}

// foreign reports whether an address is known to be none of a group's VPC.
func (f *facts) foreign(g *Group, a netip.Addr) bool {
	at := slices.IndexFunc(f.Network.VPCs, func(v VPC) bool { return v.ID == g.VPC })
	return at >= 0 && a.IsValid() && !slices.ContainsFunc(prefixes(f.Network.VPCs[at].CIDRs), func(p netip.Prefix) bool { return p.Contains(a) })
}

// leadsOut reports whether any route of the balancer's subnets leads to another
// network, or routes are not known.
func (f *facts) leadsOut() bool {
	for _, z := range f.Balancer.Zones {
		t := f.tableOf(z.Subnet)
		if !t.known() {
			return true
		}
		if slices.ContainsFunc(t.Routes, func(r Route) bool { return r.leadsTo("pcx-", "tgw-", "vgw-", "eni-", "lgw-", "i-", "vpce-", "arn:") }) {
			return true
		}
	}
	return len(f.Balancer.Zones) == 0
}

// emptyZones looks for zones whose nodes have no target to send to.
func (f *facts) emptyZones(enabled []string) (list []*Finding) {
	for _, g := range f.groups {
		across, sure := f.crossZone(g)
		if across || !sure || len(g.Targets) == 0 || g.Type == "lambda" || !f.named(g) && f.rulesKnown() || f.unusable(g) {
			continue
		}
		all := f.whole(g)
		empty := slices.DeleteFunc(slices.Clone(enabled), func(zone string) bool {
			return slices.ContainsFunc(all, func(e endpoint) bool { // one that fails its checks has a fault of its own
				return (e.target.usable() || e.failing()) && (e.zone == zone || e.zone == "all")
			})
		})
		if len(empty) == 0 || slices.ContainsFunc(all, func(e endpoint) bool { return e.zone == "" }) {
			continue
		}
		if f.Balancer.Type == Classic && len(list) > 0 { // the same instances, on another port
			list[0].onGroup(g)
			continue
		}
		list = append(list, f.emptyZone(g, empty))
	}
	return list
}

// inDNS reports whether the name of a network balancer leads to its node in a zone: as many targets as each group wants to
// have are healthy among those that the node sends to. For want of any such zone it leads to all; an empty group is none
// to go by.
//
// Source: AWS, "Health checks" and "Target group health" of the Network Load Balancer guide, read 2026-11.
func (f *facts) inDNS(zone string) bool {
	for _, g := range f.groups {
		across, _ := f.crossZone(g)
		all, healthy := 0, 0
		for _, e := range f.whole(g) {
			switch {
			case e.zone == zone && e.target.Override == shifted:
				return false
			case e.target.usable() && (across || e.zone == zone || e.zone == "all" || e.zone == ""):
				if all++; e.healthy() {
					healthy++
				}
			}
		}
		least := max(numeric(g.Attributes, attrNamed, 1), numeric(g.Attributes, attrNamedPart, 0)/100*float64(all))
		if len(g.Targets) > 0 && float64(healthy) < least {
			return false
		}
	}
	return true
}

func (f *facts) emptyZone(g *Group, empty []string) *Finding {
	found := finding("cross-zone-off-empty-zone", fmt.Sprintf("Cross-zone load balancing is off for %s, and there is no usable target in %s: requests for it that enter there get 503.", g.Name, strings.Join(empty, ", ")))
	found.Confidence = High
	found.onGroup(g)
	found.because(FromHealth, g.Name+": "+f.states(g)+", none of them in "+strings.Join(empty, ", "))
	found.because(FromConfig, fmt.Sprintf("%s is off", attrCrossZone))
	switch f.Balancer.Type {
	case NetworkType:
		// Such a zone is taken out of DNS while there is another one; only clients that keep its address are lost.
		if slices.ContainsFunc(f.zones(), f.inDNS) {
			found.Level = Note
			found.Sentence = fmt.Sprintf("Cross-zone load balancing is off, and %s has no usable target in %s: the balancer's address there is taken out of DNS.", g.Name, strings.Join(empty, ", "))
		} else {
			found.Sentence = fmt.Sprintf("Cross-zone load balancing is off, and %s has no usable target in %s: connections for it that enter there find none.", g.Name, strings.Join(empty, ", "))
			found.because(FromHealth, "in no zone are enough targets of each group healthy, so that the balancer's addresses of all zones stay in DNS")
		}
		f.groupAttribute(found, g, attrCrossZone, "true")
	case Gateway: // whose groups have no such attribute
		found.Sentence = fmt.Sprintf("Cross-zone load balancing is off, and %s has no usable target in %s: what enters there is dropped.", g.Name, strings.Join(empty, ", "))
		f.balancerAttribute(found, attrCrossZone, "true")
	case Classic:
		set := func(on bool) string {
			return f.command("elb", "modify-load-balancer-attributes", "--load-balancer-name", f.Balancer.Name, "--load-balancer-attributes", fmt.Sprintf(`{"CrossZoneLoadBalancing":{"Enabled":%t}}`, on))
		}
		found.Sentence = fmt.Sprintf("Cross-zone load balancing is off, and there is no usable instance in %s: requests that enter there get 503.", strings.Join(empty, ", "))
		found.mend(set(true), set(false))
		found.share = f.reasons(found, "No_Usable_Target")
	default:
		f.groupAttribute(found, g, attrCrossZone, "true")
		found.share = f.reasons(found, "No_Usable_Target")
	}
	return found
}
