package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"loglens/internal/amount"
)

var securityGroupsCheck = Check{
	Name:  "security-groups",
	About: "What the security groups of balancer and targets let through, on the traffic port, on the health check port, and on the target control port of target optimizer.",
	Needs: []string{"ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"},
	Gives: []string{"target-sg-blocks-traffic-port", "target-sg-blocks-health-check-port", "target-sg-public-source", "nlb-client-addresses-blocked",
		"balancer-sg-blocks-traffic-port", "balancer-sg-blocks-health-check-port", "balancer-sg-blocks-listener",
		"target-sg-blocks-control-port", "balancer-sg-blocks-control-port"},
	look: lookAtSecurityGroups,
}

func lookAtSecurityGroups(f *facts) (list []*Finding) {
	b := gather{}
	for _, e := range f.endpoints {
		switch e.group.Type {
		case "lambda":
		case "alb":
			f.toBalancerBehind(e, &b)
		default:
			f.fromBalancer(e, &b)
			f.intoTarget(e, &b)
		}
	}
	list = b.list
	for _, found := range list {
		f.weigh(found)
	}
	return append(list, f.intoBalancer()...)
}

// gather puts what concerns several targets into one finding.
type gather struct {
	list []*Finding
	keys []string
}

// at returns the finding of a key, made anew if there is none. Keys name the setting.
func (g *gather) at(key string, begin func() *Finding) *Finding {
	if i := slices.Index(g.keys, key); i >= 0 {
		return g.list[i]
	}
	g.keys, g.list = append(g.keys, key), append(g.list, begin())
	return g.list[len(g.list)-1]
}

// fromBalancer looks at what the balancer's own groups let out to a target.
func (f *facts) fromBalancer(e endpoint, b *gather) {
	ids := f.Balancer.SecurityGroups
	if len(ids) == 0 || !e.address.IsValid() {
		return // a network balancer may have none, and then nothing is held back
	}
	to := f.target(e)
	for _, protocol := range e.group.transports() {
		if f.permits(ids, true, protocol, e.port, to) == refused {
			f.notLetOut("balancer-sg-blocks-traffic-port", e, protocol, e.port, b)
		}
	}
	if f.checksAlone(e) && f.permits(ids, true, "tcp", e.checkPort, to) == refused {
		f.notLetOut("balancer-sg-blocks-health-check-port", e, "tcp", e.checkPort, b)
	}
	if control := e.group.ControlPort; control > 0 && f.permits(ids, true, "tcp", control, to) == refused {
		f.notLetOut("balancer-sg-blocks-control-port", e, "tcp", control, b)
	}
}

// notLetOut says what the balancer's groups do not let out to a target.
func (f *facts) notLetOut(id string, e endpoint, protocol string, port int, b *gather) *Finding {
	ids := f.Balancer.SecurityGroups
	first, last := e.opening(port)
	found := b.at(fmt.Sprint(id, protocol, first, last), func() *Finding {
		found := finding(id, fmt.Sprintf("The balancer's security group %s lets nothing out to its targets on %s %s.", few(ids), protocol, ports(first, last)))
		found.because(FromConfig, fmt.Sprintf("outbound rules of %s: %s", few(ids), f.has(ids, true, protocol, port)))
		found.whyOpening(e.group, first, last)
		found.unseen = protocol == "udp"
		found.share = f.behind(found)
		return found
	})
	found.on(e)
	other := f.rangeOf(e.subnet, e.address).String()
	if len(e.filters) > 0 && f.byGroup(e) {
		other = oneOf(e.filters, func(id string) bool { return f.admitsBalancer(id) || f.letsOut(ids, []string{id}) })
	}
	if !slices.Contains(found.admitted, other) {
		found.admitted = append(found.admitted, other)
		own := oneOf(ids, func(id string) bool { return f.letsOut([]string{id}, e.filters) })
		f.authorize(found, own, true, protocol, first, last, other)
	}
	return found
}

// intoTarget looks at what a target's groups let in from the balancer.
func (f *facts) intoTarget(e endpoint, b *gather) {
	if len(e.filters) == 0 || f.Network.SecurityGroups == nil {
		return
	}
	subnets := f.senders(e)
	clients, known := f.keepsClients(e.group)
	clients = clients || !known // then the balancer's nodes need not be let in on the port
	if len(subnets) == 0 {
		return
	}
	say := func(id, protocol string, port int, from []Subnet) {
		first, last := e.opening(port)
		// By the group that a rule is missing in: targets may have others besides, and the same
		// command twice fails.
		found := b.at(fmt.Sprint(id, protocol, first, last, f.lacking(e, protocol, port), f.byGroup(e), len(from)), func() *Finding {
			return f.blocked(id, e, protocol, port, from, len(subnets))
		})
		f.letIn(found, e, protocol, port, from)
		found.on(e)
	}
	passes, opens := true, false
	for _, protocol := range e.group.transports() {
		from := f.notLetIn(e, subnets, protocol, e.port)
		opens = opens || f.opens(e.filters, protocol, e.port)
		shut := (len(f.Balancer.SecurityGroups) > 0 || !known) && len(from) == len(subnets) && !f.opens(e.filters, protocol, e.port) // to the balancer, too
		switch {
		case clients && !shut:
			if known {
				f.clientsIn(e, protocol, b)
			}
			continue
		case len(from) == 0:
			continue
		case f.onlyPublic(e.filters, protocol, e.port):
			say("target-sg-public-source", protocol, e.port, from)
		default:
			say("target-sg-blocks-traffic-port", protocol, e.port, from)
		}
		passes = false
	}
	if from := f.notLetIn(e, subnets, "tcp", e.checkPort); len(from) > 0 && (f.checksAlone(e) || passes && clients && opens) {
		say("target-sg-blocks-health-check-port", "tcp", e.checkPort, from)
	}
	if control := e.group.ControlPort; control > 0 {
		if from := f.notLetIn(e, subnets, "tcp", control); len(from) > 0 {
			say("target-sg-blocks-control-port", "tcp", control, from)
		}
	}
}

// toBalancerBehind looks at what is let through to a balancer that is a target of this one, by
// its groups and by those of this one: health checks come from the nodes.
func (f *facts) toBalancerBehind(e endpoint, b *gather) {
	subnets := f.senders(e)
	if len(e.filters) == 0 || f.Network.SecurityGroups == nil || len(subnets) == 0 {
		return
	}
	if from := f.notLetIn(e, subnets, "tcp", e.checkPort); len(from) > 0 {
		found := b.at(fmt.Sprint("behind", e.checkPort, e.filters), func() *Finding {
			return f.blocked("target-sg-blocks-health-check-port", e, "tcp", e.checkPort, from, len(subnets))
		})
		f.letIn(found, e, "tcp", e.checkPort, from)
		found.on(e)
	}
	f.toNodesBehind("balancer-sg-blocks-traffic-port", e, e.port, b)
	if e.checkedApart() {
		f.toNodesBehind("balancer-sg-blocks-health-check-port", e, e.checkPort, b)
	}
}

// toNodesBehind looks whether the balancer's groups let out to all nodes of one that is its target.
// Where they do to some, health checks pass.
func (f *facts) toNodesBehind(id string, e endpoint, port int, b *gather) {
	ids, all := f.Balancer.SecurityGroups, f.located([]endpoint{e})
	var shut []string
	for _, at := range all {
		if f.permits(ids, true, "tcp", port, peer{addresses: []netip.Prefix{single(at.address)}, groups: e.filters}) == refused {
			shut = append(shut, at.address.String())
		}
	}
	if len(ids) == 0 || len(shut) == 0 {
		return
	}
	found := f.notLetOut(id, e, "tcp", port, b)
	if len(shut) < len(all) {
		found.Level, found.unseen = Warn, true
		found.Sentence = fmt.Sprintf("The balancer's security group %s lets nothing out to some nodes of the balancer that is its target, on tcp %d: connections to these are not established.", few(ids), port)
		found.because(FromConfig, fmt.Sprintf("of %d addresses of its nodes, these are not let out to: %s", len(all), few(shut)))
	}
}

// behind is the share of failures that comes of what the network holds back; nil for none.
func (f *facts) behind(found *Finding) func(Failure) int64 {
	switch {
	case strings.HasSuffix(found.ID, "-health-check-port"):
		return nil
	case strings.HasSuffix(found.ID, controlPort):
		return f.reasons(found, "No_Usable_Target")
	}
	return f.reasons(found, "Target_Connect_Timeout")
}

// notLetIn are the subnets of the balancer that a target's groups do not let in on a port.
func (f *facts) notLetIn(e endpoint, subnets []Subnet, protocol string, port int) (list []Subnet) {
	for _, s := range subnets {
		if f.permits(e.filters, false, protocol, port, f.nodesOf(s, e)) == refused && !f.nodesPermitted(e, s, port, protocol) {
			list = append(list, s)
		}
	}
	return list
}

// blocked words a finding about what a target's groups do not let in.
func (f *facts) blocked(id string, e endpoint, protocol string, port int, from []Subnet, of int) *Finding {
	who := "the balancer"
	if len(from) < of {
		who = "the balancer's nodes in " + subnetNames(from)
	}
	groups := few(e.filters)
	first, last := e.opening(port)
	text := fmt.Sprintf("Security group %s of the targets does not let %s in on %s %s.", groups, who, protocol, ports(first, last))
	switch id {
	case "target-sg-public-source":
		text = fmt.Sprintf("Security group %s of the targets lets %s %s in from public addresses only; the balancer speaks from private ones, so that this can never match.", groups, protocol, ports(first, last))
	case "target-sg-blocks-health-check-port":
		text = fmt.Sprintf("Security group %s of the targets does not let %s in on the health check port %d.", groups, who, port)
	case "target-sg-blocks-control-port":
		text = fmt.Sprintf("Security group %s of the targets does not let %s in on the target control port %d, so that target optimizer sends them no requests.", groups, who, port)
	}
	found := finding(id, text)
	found.because(FromConfig, fmt.Sprintf("inbound rules of %s: %s", groups, f.has(e.filters, false, protocol, port)))
	found.whyOpening(e.group, first, last)
	if f.selfOnly(e.filters, protocol, port) {
		found.because(FromConfig, "what is open is open to members of the same group, and the balancer is none")
	}
	found.unseen = protocol == "udp"
	found.share = f.behind(found)
	return found
}

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
	return e.vpc != "" && slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool {
		r, _, found, known := f.routeFor(z.Subnet, e.address)
		if f.sameVPC(e) {
			return known && found && r.leadsTo(appliances...)
		}
		return !known || !found || !r.leadsTo("pcx-")
	})
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
	return len(f.Balancer.Zones) > 0 && !slices.ContainsFunc(f.Balancer.Zones, func(z Zone) bool {
		r, _, found, known := f.routeFor(z.Subnet, e.address)
		return !known || !found || !r.leadsTo("vgw-", "lgw-")
	})
}

// nodesOf are the nodes in a subnet of the balancer as a target's groups see them.
func (f *facts) nodesOf(s Subnet, e endpoint) peer {
	return peer{family(prefixes(s.CIDRs), e.address.Is6()), f.Balancer.SecurityGroups, f.far(e)}
}

// weighed reports whether it is known if the security groups let a target be spoken to.
// A health check that passes on the very port shows that they do.
func (f *facts) weighed(e endpoint) bool {
	if e.filters == nil {
		return false
	}
	if e.healthy() && !e.checkedApart() {
		return true
	}
	own := f.Balancer.SecurityGroups
	clear := func(protocol string, port int) bool {
		if len(own) > 0 && f.permits(own, true, protocol, port, f.target(e)) == unclear {
			return false
		}
		return !slices.ContainsFunc(f.senders(e), func(s Subnet) bool {
			return f.permits(e.filters, false, protocol, port, f.nodesOf(s, e)) == unclear
		})
	}
	return clear("tcp", e.checkPort) && !slices.ContainsFunc(e.group.transports(), func(protocol string) bool { return !clear(protocol, e.port) })
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
		if !i.Node || i.Subnet != s.ID {
			continue
		}
		for _, text := range i.Addresses {
			if a, err := netip.ParseAddr(text); err == nil && a.Is6() == six {
				list = append(list, single(a))
			}
		}
	}
	return list
}

// selfOnly reports whether a port is open to the groups' own members only.
func (f *facts) selfOnly(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	some := false
	for _, p := range openings {
		if len(p.CIDRs)+len(p.PrefixLists) > 0 || slices.ContainsFunc(p.Groups, func(id string) bool { return !slices.Contains(ids, id) }) {
			return false
		}
		some = some || len(p.Groups) > 0
	}
	return some
}

// onlyPublic reports whether a port is open, and to public addresses only. A VPC
// may use such addresses as its own.
func (f *facts) onlyPublic(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	some := false
	for _, p := range openings {
		list, ok := f.ranges(p)
		if !ok || len(p.Groups) > 0 {
			return false
		}
		for _, r := range list {
			if !f.public(r) {
				return false
			}
			some = true
		}
	}
	return some
}

// onlyPrivate reports whether a port is open, and to addresses only that nobody has in the
// internet, or to members of groups, who are known by their private addresses.
//
// Source: AWS, "Security group referencing" of the guide for VPC, read 2026-11.
func (f *facts) onlyPrivate(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	some := false
	for _, p := range openings {
		list, ok := f.ranges(p)
		if !ok || slices.ContainsFunc(list, func(r netip.Prefix) bool { return !r.Addr().IsPrivate() && !f.inside(r) }) {
			return false
		}
		some = some || len(list)+len(p.Groups) > 0
	}
	return some
}

// public reports whether a range lies in the internet and not in a VPC.
func (f *facts) public(p netip.Prefix) bool {
	a := p.Addr()
	if p.Bits() == 0 || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(a) {
		return false
	}
	for _, v := range f.Network.VPCs {
		if slices.ContainsFunc(prefixes(v.CIDRs), p.Overlaps) {
			return false
		}
	}
	return len(f.Network.VPCs) > 0
}

// ephemeral is how the names of findings end that are about answers, any part of whose ports may
// be refused.
const ephemeral = "-blocks-ephemeral"

// checksTimeOut reports whether a target passes some health checks, and does not answer others
// in time.
func (f *facts) checksTimeOut(e endpoint) bool {
	return f.flaps(e) >= oftenFlaps && slices.ContainsFunc(f.loggedChecks(e), func(c LogCheck) bool { return !c.Pass && timedOut(c.Reason) })
}

// weigh holds a finding about the network against what is seen of its targets.
// Health checks that pass on the very port speak against it.
func (f *facts) weigh(found *Finding) {
	healthy, late := 0, 0
	// Checks of another port say nothing of the traffic's.
	control := strings.HasSuffix(found.ID, controlPort)
	found.unseen = found.unseen || control || strings.HasSuffix(found.ID, "-traffic-port") && !slices.ContainsFunc(f.endpoints, func(e endpoint) bool {
		return found.has(e) && e.checkPort == e.port
	})
	for _, e := range f.endpoints {
		if !found.has(e) || found.unseen {
			continue
		}
		samePort := e.checkPort == e.port || strings.HasSuffix(found.ID, "health-check-port")
		switch {
		case found.Level == Fail && strings.HasSuffix(found.ID, ephemeral) && f.checksTimeOut(e):
			late++
			found.because(FromLog, e.label()+": some health checks pass, and others time out, as each comes from another port")
		case e.healthy() && samePort:
			healthy++
		case e.target.Reason == "Target.Timeout" || e.target.State == "OutOfService" || e.target.State == "unhealthy" && f.Balancer.Type == NetworkType:
			late++
			found.because(FromHealth, e.label()+": "+state(e.target))
		}
	}
	failed := int64(0)
	if found.share != nil {
		failed = f.sum(found.share)
	}
	switch {
	case failed == 0:
	case control:
		found.because(FromLog, amount.Of(failed, "request", "requests")+" got 503, since no target was ready")
	default:
		found.because(FromLog, amount.Of(failed, "request to them", "requests to them")+" ended without a connection")
	}
	switch {
	case found.Level != Fail:
	case late > 0 || failed > 0:
		found.Confidence = High
	case healthy > 0:
		found.Level, found.Confidence = Warn, Low
		found.because(FromHealth, amount.Of(healthy, "of these targets passes its health check", "of these targets pass their health checks")+" on that port: the rule may just have changed")
	}
	found.Evidence = found.Evidence[:min(len(found.Evidence), 6)]
}

// state is what the balancer says of a target.
func state(t *Target) string {
	text := t.State
	if t.Reason != "" && t.Reason != "N/A" {
		text += " (" + t.Reason + ")"
	}
	if t.Description != "" && t.Description != "N/A" {
		text += ": " + strings.TrimSuffix(t.Description, ".")
	}
	return text
}

// redirectsAside reports whether a listener only redirects, to HTTPS, and clients come: they do so by another
// one, where a site has closed HTTP. Those of a balancer that does nothing else have come by this one.
func (f *facts) redirectsAside(l Listener) bool {
	return l.Protocol == "HTTP" && f.rulesKnown() && l.redirectsOnly() && !f.redirectsOnly() && f.clientsCome()
}

// onlyRedirects says so where nobody is let in to it.
const onlyRedirects = "the listener only redirects, and clients are seen to come"

// intoBalancer looks whether anybody is let in to the listeners.
func (f *facts) intoBalancer() (list []*Finding) {
	ids := f.Balancer.SecurityGroups
	if _, ok := f.securityGroups(ids); !ok || len(ids) == 0 {
		return nil
	}
	ways := 0 // into all listeners
	for _, l := range f.Listeners {
		for _, protocol := range l.transports() {
			ways++
			// Who comes from the internet is no member of a group, as in a VPC's default one.
			own := f.Balancer.Scheme == "internet-facing" && f.selfOnly(ids, protocol, l.Port)
			private := f.Balancer.Scheme == "internet-facing" && !own && f.onlyPrivate(ids, protocol, l.Port)
			if f.opens(ids, protocol, l.Port) && !own && (!private || f.clientsCome()) {
				continue
			}
			who, peers := "nobody", f.clients(ids)
			switch {
			case own:
				who = "nobody from the internet, only members of the same group,"
			case private:
				only := "private addresses"
				if openings, _ := f.openings(ids, false, protocol, l.Port); slices.ContainsFunc(openings, func(p Permission) bool { return len(p.Groups) > 0 }) {
					only = "private addresses and members of groups"
				}
				who, peers = "nobody from the internet, only "+only+",", []string{anyClients}
			}
			found := finding("balancer-sg-blocks-listener", fmt.Sprintf("The balancer's security group %s lets %s in on the listener's port %s %d.", few(ids), who, protocol, l.Port))
			found.because(FromConfig, fmt.Sprintf("inbound rules of %s: %s", few(ids), f.has(ids, false, protocol, l.Port)))
			if found.Confidence = High; private {
				found.Level, found.Confidence = Warn, Medium
			}
			if f.redirectsAside(l) {
				found.Level, found.Confidence = Warn, Medium
				found.because(FromConfig, onlyRedirects)
			}
			f.byPrivateLink(found, "the inbound rules do not hold for clients that come by PrivateLink")
			if !f.Balancer.LinkUnfiltered {
				own := oneOf(ids, func(id string) bool { return len(f.admits([]string{id})) > 0 })
				f.authorize(found, own, false, protocol, l.Port, l.Port, peers...)
			}
			list = append(list, found)
		}
	}
	// Where none is open, who comes all the same has come by another rule.
	if name, n := f.arriving(); n > 0 && len(list) == ways {
		shutOut, _ := f.flowsBlocked("Inbound")
		for _, found := range list {
			found.Level, found.Confidence = Warn, Low
			if f.Balancer.LinkUnfiltered && shutOut == 0 { // as they do who come by PrivateLink
				found.Level = Note
				found.because(FromMetric, fmt.Sprintf("%s of the last minutes: %s, so that clients do get in", name, number(n)))
				continue
			}
			found.because(FromMetric, fmt.Sprintf("%s of the last minutes: %s, so that clients do get in: the rule may just have changed", name, number(n)))
		}
	}
	return list
}
