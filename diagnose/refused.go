package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"loglens/internal/amount"
)

// refused is the share of a group's failures whose connection was refused, as far as
// metrics tell, or the targets that they are spread over.
func (f *facts) refused(g *Group) func(Failure) int64 {
	d, gone := f.decide(g), f.deregistered(g)
	share := where(func(row Failure) bool { return row.Reason == "Target_Connection_Error" && row.Group == g.logARN(f) }, d.refusals)
	if d.sure() == 0 {
		share = f.undecided(g)
	}
	return where(func(row Failure) bool { return !gone(row) }, share) // but for those of targets that stop as they leave
}

// refusing looks for targets whose traffic port refuses.
func (f *facts) refusing(g *Group) *Finding {
	share := f.refused(g)
	probed := slices.DeleteFunc(f.of(g), func(e endpoint) bool { return !f.probe(e, false).ended(ProbeRefused) })
	names, n := f.hits(g, share)
	if n == 0 && len(probed) == 0 {
		return f.excluded(g)
	}
	found := finding("target-port-refused", "")
	found.Targets = names
	found.onGroup(g)
	for _, e := range probed {
		found.on(e)
		found.because(FromProbe, e.label()+" refuses the connection")
	}
	for _, e := range f.of(g) {
		if f.refusesAlike(e, names) {
			found.on(e)
		}
	}
	slices.SortFunc(found.Targets, compareTargets)
	found.Sentence = fmt.Sprintf("%s refuse%s connections on the traffic port: nothing listens there, or on another address only.", whom(found.Targets, g), third(len(found.Targets)))
	if n > 0 {
		if f.Balancer.Type == Classic {
			found.because(FromLog, "no connection to them came about for "+amount.Of(n, "connection of a client", "connections of clients"))
		} else {
			found.because(FromLog, amount.Of(n, "request", "requests")+" got 502 before anything was sent")
		}
		found.share = share
	}
	sure := f.settles(found, g, len(probed) > 0)
	// Source: AWS, "HTTP 502" of the guide for Application Load Balancers, read 2026-11.
	found.rival("", "a firewall on the target itself, or a router on the way, that rejects: ICMP \"destination unreachable\" looks the same")
	for _, e := range f.of(g) {
		if !slices.Contains(found.Targets, e.name()) {
			continue
		}
		if e.failing() {
			found.because(FromHealth, e.label()+": "+state(e.target))
			if sure {
				found.Confidence = High
			}
		}
		if len(found.Verify) == 0 {
			f.fromTarget(found, e)
		}
	}
	f.otherwiseNumbered(found, g)
	if len(probed) == 0 {
		f.notAlways(found, g)
	}
	found.Evidence = found.Evidence[:min(len(found.Evidence), 6)]
	return found
}

// notAlways says of targets that refused connections by what logs have whether they do so rarely, now and then,
// or not any more.
func (f *facts) notAlways(found *Finding, g *Group) {
	share, late, who, s := found.share, f.lateConnections(g, found.share), whom(found.Targets, g), third(len(found.Targets))
	rare := f.areRare(g, share, late, unconnectedReasons...)
	if rare {
		found.Level = Warn
	}
	if len(found.Targets) > 0 && f.comesAndGoes(found, g, share, rare) {
		found.Sentence = fmt.Sprintf("%s refuse%s connections now and then, and answer%s in between: %s process is restarted, or crashes.", who, s, s, amount.Noun(len(found.Targets), "its", "their"))
		found.Do = whyRestarted
	}
	if span, over := f.isOver(g, found.Targets, share, late); over {
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("%s refused connections on the traffic port %s, and %s answered requests since.", who, span, amount.Noun(len(found.Targets), "has", "have"))
		found.Do = whatHappened
		if !slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.checkPort == e.port }) {
			found.rival("health-check-port-hides-refusal", "the health check has a port of its own, and may have passed at that time")
		}
	} else if span, over = f.passSince(g, found.Targets, share, late); over {
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("%s refused connections on the traffic port %s, and pass%s health checks on that port now.", who, span, amount.Noun(len(found.Targets), "es", ""))
		found.Do = whatHappened
	}
}

// whyRestarted is what to do where targets refuse connections now and then.
const whyRestarted = "see why the process ends, or is restarted: out of memory, a crash, a liveness probe, a deployment; the exit code of the container tells, and its log"

// whatHappened is what to do where targets refused connections that do not any more.
const whatHappened = "see what happened to the process at that time: a restart, a deployment, a crash"

// settles says what decides that targets refuse connections, or what else these may be where nothing does;
// sure is whether health checks that fail as well decide it.
func (f *facts) settles(found *Finding, g *Group, probed bool) (sure bool) {
	errors := f.total("TargetConnectionErrorCount", g.ARN)
	switch {
	case errors > 0:
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount of %s: %s%s", g.Name, number(errors), f.countedBefore("TargetConnectionErrorCount", g.ARN)))
		if f.decide(g).unclear && !probed {
			found.rival("target-tls-negotiation-fails", "TargetTLSNegotiationErrorCount counts in the same minutes, and nothing tells at which targets: these may be those whose TLS fails; --probe tells")
			return false
		}
		found.Confidence = High
	case probed:
		found.Confidence = High
	case f.Balancer.Type == Classic:
		if f.measured("BackendConnectionErrors", "") {
			found.because(FromMetric, "BackendConnectionErrors, with those of health checks: "+number(f.total("BackendConnectionErrors", "")))
		}
		found.rival("", "clients that connect and send nothing are logged alike")
	case f.decide(g).refused == 0:
		found.rival("keep-alive-race", "without TargetConnectionErrorCount of the same minutes a 502 may also be an idle connection that the target closed")
		if g.speaksTLS() {
			found.rival("target-tls-negotiation-fails", "or a failed TLS handshake, for which health checks fail as well")
			return false
		}
		if g.http2() {
			found.rival("target-speaks-http1", "or a target that speaks no HTTP/2, whose health checks fail as well")
			return false
		}
	}
	return true
}

// comesAndGoes reports whether targets that refuse are healthy by checks of the same port, or do so rarely, and
// answer most of their requests, some of them after or between those that were refused: checks
// may not have seen yet what began a moment ago.
func (f *facts) comesAndGoes(found *Finding, g *Group, share func(Failure) int64, rare bool) bool {
	if f.answeredFor(among(share)) == 0 && f.longestRest(among(share)) < 2*time.Minute && !f.fromTheFirst(found.Targets, g, share) {
		return false
	}
	for _, t := range found.Targets {
		e, ok := f.called(g, t)
		if !ok || !rare && (!e.healthy() || e.checkPort != e.port) || f.served(e, g.logARN(f)) <= f.met(e, share) {
			return false
		}
	}
	return true
}

// fromTheFirst reports whether each of some targets failed so since about its first request: what it answered then came
// in between.
func (f *facts) fromTheFirst(targets []string, g *Group, share func(Failure) int64) bool {
	return !slices.ContainsFunc(f.traffic(), func(t Traffic) bool {
		first, _ := f.firstAndLast(to(share, t.Target))
		return t.Group == g.logARN(f) && slices.Contains(targets, t.Target) && (t.First.IsZero() || first.Sub(t.First) > time.Minute)
	})
}

// otherwiseNumbered adds to what is to be done that the process may listen on another port,
// where none of the targets has answered.
func (f *facts) otherwiseNumbered(found *Finding, g *Group) {
	if slices.ContainsFunc(f.of(g), func(e endpoint) bool { return found.has(e) && (e.healthy() || f.served(e) > 0) }) {
		return
	}
	found.Do += "; if it listens on another port, register that one: the container's port in ECS, targetPort of the Service in Kubernetes"
}

// sentTo reports whether logs have requests of its group that went to a target.
func (f *facts) sentTo(e endpoint) bool {
	return slices.ContainsFunc(f.traffic(), func(t Traffic) bool { return t.Target == e.name() && t.Group == e.group.logARN(f) && t.Requests > 0 })
}

// refusesAlike reports whether a target that got no request yet fails its health checks in the same way as one of
// those that refuse.
func (f *facts) refusesAlike(e endpoint, names []string) bool {
	if e.target.Reason != "Target.FailedHealthChecks" || e.checkPort != e.port || f.connects(e) || f.sentTo(e) {
		return false
	}
	return slices.ContainsFunc(f.of(e.group), func(other endpoint) bool {
		return slices.Contains(names, other.name()) && other.target.Reason == e.target.Reason && other.checkPort == other.port
	})
}

// unreached reports whether the traffic port of a target is seen to refuse all connections. What a probe does not reach
// from here, the balancer may.
func (f *facts) unreached(e endpoint) bool {
	return f.probe(e, false).ended(ProbeRefused) || f.met(e, f.refused(e.group)) > 0 && f.served(e, e.group.logARN(f)) == 0
}

// connects reports whether a target takes connections of a probe.
func (f *facts) connects(e endpoint) bool {
	p := f.probe(e, false)
	return p != nil && !p.ended(ProbeRefused, ProbeTimeout, ProbeFailed)
}

// excluded concludes from a check that does nothing but connect, and fails, where all
// that AWS has in between lets it through: then it is the target.
func (f *facts) excluded(g *Group) *Finding {
	if g.Check.Protocol != "TCP" {
		return nil
	}
	found := finding("target-port-refused", "")
	for _, e := range f.of(g) {
		if e.failing() && e.checkPort == e.port && f.clear(e) {
			found.on(e)
			f.evidence(found, e)
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	found.Sentence = fmt.Sprintf("%s take%s no connection on the traffic port: nothing seems to listen there.", whom(found.Targets, g), third(len(found.Targets)))
	if !g.over("tcp") {
		found.Sentence = fmt.Sprintf("%s take%s no connection of health checks, which go in TCP to the port of %s: nothing seems to listen there in TCP.", whom(found.Targets, g), third(len(found.Targets)), g.Protocol)
		found.Do = "check a port that something listens on in TCP, and that fails when the service does"
	}
	if found.Do == KindOf(found.ID).Do {
		f.otherwiseNumbered(found, g)
	}
	found.because(FromConfig, "the health check only connects, and security groups, network ACLs and routes let it through")
	found.rival("", "a firewall on the target itself, or a full backlog")
	return found
}

// clear reports whether all filters and routes between the balancer and a target are
// known, and let its health check through. What lies between VPCs, or behind a route that
// is not local, is not looked at.
func (f *facts) clear(e endpoint) bool {
	subnets, ids := f.senders(e), f.Balancer.SecurityGroups
	_, settled := f.crossZone(e.group) // from which subnets it is spoken to
	if !f.sameVPC(e) || !settled {
		return false
	}
	if len(ids) > 0 && f.permits(ids, true, "tcp", e.checkPort, f.target(e)) != allowed {
		return false
	}
	for _, s := range subnets {
		nodes := f.nodesOf(s, e)
		if f.permits(e.filters, false, "tcp", e.checkPort, nodes) != allowed || f.aclOf(s.ID) == nil || f.aclOf(e.subnet) == nil || !f.routeLeads(s.ID, e.address, "local") {
			return false
		}
		if slices.ContainsFunc(nodes.addresses, func(p netip.Prefix) bool { return !f.routeLeads(e.subnet, p.Addr(), "local") }) {
			return false
		}
	}
	b := gather{}
	f.fromBalancer(e, &b)
	for _, s := range subnets {
		if s.ID != e.subnet {
			f.aclsBetween(e, s, &b)
		}
	}
	return len(b.list) == 0 && len(subnets) > 0
}

// undecided is the share of failed connections where no metric tells: those to targets to which they fail for more
// than a race, and to others if these are a few of many, or of one time only. What is spread over all of the
// others, and comes again, is rather a race.
func (f *facts) undecided(g *Group) func(Failure) int64 {
	d, bad := f.decide(g), f.unconnected(g)
	all := where(func(row Failure) bool { return d.at(row.Target).sure() == 0 }, f.ofGroup(g, "Target_Connection_Error"))
	others := where(func(row Failure) bool { return !slices.Contains(bad, row.Target) }, all)
	hit, targets, rate := f.spread(g, others, bad...)
	if targets > 1 && hit <= targets/2 || rate > raceRate || f.comesOnce(g, others) ||
		f.total("BackendConnectionErrors", "") > 0 { // a classic balancer logs none but those of TCP, whose connections are made anew for each client
		return all
	}
	return to(all, bad...)
}

// unconnected are targets that fail connections for more than a race: they are unhealthy, or their checks break off, or
// a probe saw them refuse, or most of their requests end so.
func (f *facts) unconnected(g *Group) []string {
	list := f.mostly(g, f.ofGroup(g, "Target_Connection_Error"))
	for _, e := range f.of(g) {
		if e.failing() && !timeoutReason(e.target) || f.checksBreakOff(e) || f.probe(e, false).ended(ProbeRefused) {
			list = add(list, e.name())
		}
	}
	return list
}
