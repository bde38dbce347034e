package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

var networkBalancerCheck = Check{
	Name:  "network-balancer",
	About: "What only a Network Load Balancer has: flows that its security groups block, source ports that run out, resets that it or its targets send, and targets that call it.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"nlb-sg-blocks-flows", "nlb-port-allocation-errors", "nlb-resets-connections", "nlb-targets-reset-connections", "nlb-target-calls-itself"},
	look: func(f *facts) (list []*Finding) {
		if n := f.total("PortAllocationErrorCount", ""); n > 0 {
			found := finding("nlb-port-allocation-errors", "The balancer ran out of source ports to a target: there are too few targets for its connections.")
			found.because(FromMetric, f.tally("PortAllocationErrorCount", ""))
			found.Confidence = High
			if f.areFew(n, f.total("NewFlowCount", ""), "PortAllocationErrorCount", "") {
				found.Level = Warn
			}
			list = append(list, found)
		}
		return append(list, given(f.blockedFlows(), f.resets(), f.targetResets(), f.ownCalls())...)
	},
}

// resets looks at resets of the balancer's own, apart from those of times at which metrics say
// that targets began to fail, or did. It sends one for whatever comes on a connection that it
// does not know any more: of a target that became unhealthy, or idle for longer than the
// listener's timeout, which nobody was told of.
//
// Source: AWS, "Health checks for Network Load Balancer target groups", "Update the TCP idle
// timeout for your Network Load Balancer listener" and "CloudWatch metrics for your Network
// Load Balancer"; AWS re:Post, "Network Load Balancer (NLB) troubleshooting guide", read 2026-11.
func (f *facts) resets() *Finding {
	const name = "TCP_ELB_Reset_Count"
	if slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return e.failing() || e.target.State == "draining" }) {
		return nil
	}
	n, unhealthy, period := 0.0, f.unhealthyTimes(), f.period()
	for _, p := range f.series(name, "") {
		from, until := p.Time.Add(-recently), p.Time.Add(period+recently)
		if !slices.ContainsFunc(unhealthy, func(t time.Time) bool { return t.Before(until) && t.Add(period).After(from) }) {
			n += p.Value
		}
	}
	flows := f.total("NewFlowCount", "")
	if n < fewFlows || n < tooMany*flows {
		return nil
	}
	found := finding("nlb-resets-connections", "The balancer reset TCP connections, as it does where a client or a target sends something after the connection was idle for longer than the listener's idle timeout.")
	found.Confidence = Low
	if 2*n < flows {
		found.Level = Note
	}
	found.because(FromMetric, fmt.Sprintf("%s: %s while neither UnHealthyHostCount (Minimum) nor UnhealthyRoutingFlowCount was above 0; packets are counted, and a connection may have several", name, number(n)))
	found.because(FromMetric, "NewFlowCount: "+number(flows))
	f.idleOfListeners(found)
	found.rival("", "targets that were deregistered, or failed before health checks said so, or for some nodes only")
	found.rival("", "ends of connections that nobody needed any more: a reset then disturbs nobody")
	return found
}

// idleOfListeners adds after how long listeners forget connections on which nothing comes, or
// how that is asked where it was not read.
func (f *facts) idleOfListeners(found *Finding) {
	known, unknown := f.listenersByIdle()
	if len(known) > 0 {
		found.because(FromConfig, attrTCPIdle+" is "+few(known))
	}
	if len(unknown) > 0 || f.Listeners == nil {
		found.because(FromConfig, attrTCPIdle+" of a TCP listener is 350 unless changed, and was not read")
	}
	for _, l := range unknown[:min(3, len(unknown))] {
		found.Verify = append(found.Verify, f.command("elbv2", "describe-listener-attributes", "--listener-arn", l.ARN))
	}
}

// listenersByIdle are the idle timeouts of a network balancer's listeners, and those listeners
// of which it was not read.
//
// Source: AWS, "Update the TCP idle timeout for your Network Load Balancer listener", read
// 2026-11.
func (f *facts) listenersByIdle() (known []string, unknown []Listener) {
	for _, l := range f.Listeners {
		switch {
		case l.Protocol == "TLS":
			known = append(known, fmt.Sprintf("350 of %s, as of all TLS listeners", l.label()))
		case l.Protocol == "TCP" && l.Idle > 0:
			known = append(known, fmt.Sprintf("%d of %s", l.Idle, l.label()))
		case l.Protocol == "TCP":
			unknown = append(unknown, l)
		}
	}
	return known, unknown
}

// unhealthyTimes are the beginnings of periods in which metrics say that a target was
// unhealthy: for all nodes, or for one that sent connections to it.
func (f *facts) unhealthyTimes() (times []time.Time) {
	points := f.series("UnhealthyRoutingFlowCount", "")
	for _, g := range f.groups {
		points = slices.Concat(points, f.series("UnHealthyHostCount", g.ARN))
	}
	for _, p := range points {
		if p.Value > 0 {
			times = append(times, p.Time)
		}
	}
	return times
}

// targetResets looks at resets that targets send. What is usual of them is another number
// for each application, so that they are worth a word only.
//
// Source: AWS, "Monitoring load balancers using Amazon CloudWatch anomaly detection alarms",
// Networking & Content Delivery Blog, read 2026-11.
func (f *facts) targetResets() *Finding {
	const name = "TCP_Target_Reset_Count"
	n, flows := f.total(name, ""), f.total("NewFlowCount", "")
	if n < fewFlows || 2*n < flows {
		return nil
	}
	found := finding("nlb-targets-reset-connections", "Targets reset TCP connections: they refuse them, break them off, or end them so.")
	found.Confidence = Low
	found.because(FromMetric, f.tally(name, "")+"; it is of all target groups together")
	found.because(FromMetric, "NewFlowCount: "+number(flows))
	found.rival("target-port-refused", "a port on which nothing listens answers each connection so")
	f.sameSocket(found)
	for _, g := range f.groups {
		switch g.Attributes[attrProxy] {
		case "true":
			found.rival("", "targets that do not expect a header of proxy protocol, with which connections to "+g.Name+" begin ("+attrProxy+" is true)")
		case "false":
			found.rival("", "targets that expect a header of proxy protocol, and get none in "+g.Name+" ("+attrProxy+" is false)")
		}
	}
	return found
}

// sameSocket adds to resets that a target may see two clients as one. Who is behind one NAT, or
// reaches several nodes from the same port, has one source at the target.
//
// Source: AWS, "Client IP preservation" of the Network Load Balancer guide, read 2026-11.
func (f *facts) sameSocket(found *Finding) {
	for _, g := range f.groups {
		keeps, known := f.keepsClients(g)
		if across, sure := f.crossZone(g); keeps && known && across && sure {
			found.rival("", "clients that reach several nodes from the same source port, as behind a NAT: to a target of "+g.Name+" these are one connection, since clients' addresses are preserved and nodes send to other zones")
			return
		}
	}
}

// ownCalls looks for internal balancers whose targets cannot be their clients: a connection that
// is led back to where it comes from has the same address at both ends.
//
// Source: AWS, "Client IP preservation" of the Network Load Balancer guide; AWS Knowledge Center,
// "Why does a target behind my Network Load Balancer fail to connect to it?", read 2026-11.
func (f *facts) ownCalls() *Finding {
	if f.Balancer.Type != NetworkType || f.Balancer.Scheme != "internal" {
		return nil
	}
	found := finding("nlb-target-calls-itself", "")
	for _, g := range f.groups {
		if keeps, known := f.keepsClients(g); keeps && known && g.over("tcp") {
			found.onGroup(g)
			found.because(FromConfig, "client addresses are preserved for the target group "+g.Name)
			if g.over("udp") {
				found.Do = "if targets, or pods on them, call this balancer and time out now and then: call by another way; clients' addresses are preserved always where a group takes UDP"
			} else if f.takesNodes(g) {
				found.because(FromConfig, "by the command, targets of "+g.Name+" see the balancer's addresses in place of their clients': what they allow, limit or log by these needs proxy protocol before")
				f.groupAttribute(found, g, attrClientIP, "false")
			}
		}
	}
	if len(found.Groups) == 0 {
		return nil
	}
	found.Confidence = Low
	found.Sentence = fmt.Sprintf("A target of %s, or a pod on it, that calls this balancer gets no connection whenever it is sent to itself: targets see the clients' own addresses.", few(found.Groups))
	return found
}

// takesNodes reports whether a group's targets are known to let the balancer's own addresses in: health
// checks come from these, and pass on the traffic port; whether their security groups keep no client
// out, who would come in by these addresses; and whether they see others now by a setting that can be
// set back.
func (f *facts) takesNodes(g *Group) bool {
	everybody := "0.0.0.0/0"
	if g.AddressType == "ipv6" {
		everybody = "::/0"
	}
	all := f.whole(g)
	return g.Attributes[attrClientIP] == "true" && len(all) > 0 && !slices.ContainsFunc(all, func(e endpoint) bool {
		openings, _ := f.openings(e.filters, false, "tcp", e.port)
		return !e.healthy() || e.checkPort != e.port || !slices.ContainsFunc(openings, func(p Permission) bool {
			return slices.Contains(p.CIDRs, everybody) || slices.ContainsFunc(p.Groups, func(id string) bool { return slices.Contains(f.Balancer.SecurityGroups, id) })
		})
	})
}

// blockedFlows looks at flows that the balancer's groups blocked. Outbound ones are the
// balancer's own, to its targets. Inbound ones are whatever knocks at any port, also at
// ports without a listener: they are clients' only where listeners do not let everybody
// in, and a word worth if there are as many of them as flows that came in.
func (f *facts) blockedFlows() *Finding {
	found := finding("nlb-sg-blocks-flows", "The balancer's security groups blocked flows to its targets.")
	flows := f.total("NewFlowCount", "")
	in, coming := f.flowsBlocked("Inbound")
	out, leaving := f.flowsBlocked("Outbound")
	for _, name := range slices.Concat(coming, leaving) {
		found.because(FromMetric, f.tally(name, ""))
	}
	switch {
	case out > 0:
		if !slices.ContainsFunc(leaving, func(name string) bool { return !f.areFew(out, flows, name, "") }) {
			found.Level = Warn
		}
		return found
	case in == 0:
		return nil
	}
	found.Sentence = "The balancer's security groups blocked flows from outside; whoever knocks at a closed port is counted."
	if f.measured("NewFlowCount", "") {
		found.because(FromMetric, "NewFlowCount: "+number(flows))
	}
	closed := slices.ContainsFunc(f.Listeners, f.keepsOut)
	if found.Level = Note; closed && in >= max(flows, fewFlows) {
		found.Level, found.Confidence = Warn, Low
		found.because(FromConfig, fmt.Sprintf("%s do not let everybody in on every listener's port", few(f.Balancer.SecurityGroups)))
	}
	return found
}

// flowsBlocked are the flows that the balancer's groups blocked one way, Inbound or Outbound, and the metrics
// that count any.
func (f *facts) flowsBlocked(way string) (sum float64, names []string) {
	for _, protocol := range []string{"TCP", "UDP"} {
		name := "SecurityGroupBlockedFlowCount_" + way + "_" + protocol
		if n := f.total(name, ""); n > 0 {
			sum, names = sum+n, append(names, name)
		}
	}
	return sum, names
}

// fewFlows is how many blocked flows are nothing but noise.
const fewFlows = 10

// keepsOut reports whether the balancer's groups are known not to let all addresses in on a listener's
// port.
func (f *facts) keepsOut(l Listener) bool {
	return slices.ContainsFunc(l.transports(), func(protocol string) bool {
		return f.permits(f.Balancer.SecurityGroups, false, protocol, l.Port, peer{addresses: []netip.Prefix{all4}, groups: []string{}}) == refused
	})
}
