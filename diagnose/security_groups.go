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
		f.atNodes(found)
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
		found := finding(id, fmt.Sprintf("The balancer's %s nothing out to its targets on %s %s.", groupsThat(ids, "lets", "let"), protocol, ports(first, last)))
		found.because(FromConfig, f.rulesFor(ids, true, protocol, port))
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
	if len(e.filters) == 0 {
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
		if len(from) < len(subnets) {
			for _, s := range from {
				found.keptOut = add(found.keptOut, s.ID)
			}
		}
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
	if from := f.notLetIn(e, subnets, "tcp", e.checkPort); len(from) > 0 && (f.checksAlone(e) || passes && clients && (opens || len(f.Balancer.SecurityGroups) == 0)) {
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
	if len(e.filters) == 0 || len(subnets) == 0 {
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
		found.Sentence = fmt.Sprintf("The balancer's %s nothing out to some nodes of the balancer that is its target, on tcp %d: connections to these are not established.", groupsThat(ids, "lets", "let"), port)
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
	first, last := e.opening(port)
	not := upper(groupsThat(e.filters, "of the targets does not let", "of the targets do not let"))
	text := fmt.Sprintf("%s %s in on %s %s.", not, who, protocol, ports(first, last))
	switch id {
	case "target-sg-public-source":
		text = fmt.Sprintf("%s %s %s in from public addresses only; the balancer speaks from private ones, so that this can never match.", upper(groupsThat(e.filters, "of the targets lets", "of the targets let")), protocol, ports(first, last))
	case "target-sg-blocks-health-check-port":
		text = fmt.Sprintf("%s %s in on the health check port %d.", not, who, port)
	case "target-sg-blocks-control-port":
		text = fmt.Sprintf("%s %s in on the target control port %d, so that target optimizer sends them no requests.", not, who, port)
	}
	found := finding(id, text)
	found.because(FromConfig, f.rulesFor(e.filters, false, protocol, port))
	found.whyOpening(e.group, first, last)
	if f.selfOnly(e.filters, protocol, port) {
		found.because(FromConfig, "what is open is open to members of the same group, and the balancer is none")
	}
	found.unseen = protocol == "udp"
	found.share = f.behind(found)
	return found
}

// groupsThat are security groups, and what they do.
func groupsThat(ids []string, one, many string) string {
	return amount.Noun(len(ids), "security group ", "security groups ") + few(ids) + " " + amount.Noun(len(ids), one, many)
}

// onlyPublic reports whether a port is open, and to public addresses only. A VPC
// may use such addresses as its own.
func (f *facts) onlyPublic(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	some := false
	for _, p := range openings {
		list, ok := f.ranges(p)
		if !ok || len(p.Groups) > 0 || slices.ContainsFunc(list, func(r netip.Prefix) bool { return !f.public(r) }) {
			return false
		}
		some = some || len(list) > 0
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
