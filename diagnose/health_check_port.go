package diagnose

import (
	"fmt"
	"slices"

	"loglens/internal/amount"
)

// otherPort looks at health checks with a port of their own: one of the two ports
// may refuse while the other answers.
func (f *facts) otherPort(g *Group) []*Finding {
	b := gather{}
	refused, sure, answers := f.refused(g), f.decide(g).refused > 0, f.answered(g)
	for _, e := range f.of(g) {
		if e.checkPort == e.port || !g.over("tcp") {
			continue // what is checked in TCP is no port of UDP's or GENEVE's
		}
		p := f.portsOf(g, e, refused, answers)
		of := func(found *Finding) *Finding {
			found.on(e)
			found.because(FromHealth, e.label()+": "+state(e.target))
			return found
		}
		switch {
		case p.trafficRefuses():
			found := of(b.at(fmt.Sprint("hides", e.port), func() *Finding { return p.hidesRefusal(g, refused) }))
			if sure || p.shut() {
				found.Confidence = High
			}
			f.tell(found, e, p.refusals, 0, p.traffic)
		case e.othersPass() && (p.traffic == nil || p.check == nil): // nothing tells of this one's ports
		case p.checkAloneFails():
			found := of(b.at(fmt.Sprint("refused", e.checkPort), func() *Finding { return f.checkRefused(g, p) }))
			f.tell(found, e, 0, p.served, p.check)
		case e.othersPass(), f.isOtherListeners(e.checkPort), !e.failing(), p.answered:
		default:
			of(b.at(fmt.Sprint("differs", e.checkPort), func() *Finding { return f.checkDiffers(g, p) }))
		}
	}
	for _, found := range b.list {
		found.Evidence = found.Evidence[:min(len(found.Evidence), 5)]
		switch found.ID {
		case "health-check-port-hides-refusal":
			f.checkHidden(found, g)
		case "health-check-port-differs":
			f.checkOther(found, g)
		}
	}
	return b.list
}

// twoPorts is what is known of a target's traffic port, and of another one that its health check asks.
type twoPorts struct {
	endpoint
	check, traffic           *Probe
	refusals, failed, served int64 // requests that were refused, that found no connection, and that it answered
	over                     bool  // the refusals are
	answered                 bool  // the health check is, with a wrong code
}

func (f *facts) portsOf(g *Group, e endpoint, refused func(Failure) int64, answers []answer) twoPorts {
	own := to(refused, e.name())
	_, over := f.isOver(g, []string{e.name()}, own, f.lateConnections(g, own))
	return twoPorts{
		endpoint: e, check: f.probe(e, true), traffic: f.probe(e, false),
		refusals: f.met(e, refused), failed: f.met(e, f.ofGroup(g, "Target_Connection_Error")), served: f.served(e), over: over,
		answered: slices.ContainsFunc(answers, func(a answer) bool { return a.target == e.target }),
	}
}

// shut reports whether a probe was refused by the traffic port.
func (p twoPorts) shut() bool { return p.traffic.ended(ProbeRefused) }

// trafficRefuses reports whether the traffic port refuses while the check passes on the other.
func (p twoPorts) trafficRefuses() bool {
	return p.healthy() && (p.refusals > 0 && !p.over || p.shut())
}

// checkAloneFails reports whether the check fails on its port while the traffic port takes connections.
func (p twoPorts) checkAloneFails() bool {
	if !p.failing() || timeoutReason(p.target) || p.failed > 0 || p.answered {
		return false
	}
	return p.served > 0 || p.traffic.ended(ProbeConnected, ProbeAnswered) || p.check.ended(ProbeRefused) && !p.traffic.ended(ProbeRefused, ProbeTimeout)
}

// config says to which ports a target is sent what.
func (p twoPorts) config() string {
	return fmt.Sprintf("traffic goes to port %d, health checks to port %d", p.port, p.checkPort)
}

// isOtherListeners reports whether a port is that of another listener of a Classic balancer, whose only check
// is of one of them.
func (f *facts) isOtherListeners(port int) bool {
	return f.Balancer.Type == Classic && slices.ContainsFunc(f.groups, func(other *Group) bool { return other.Port == port })
}

func (p twoPorts) hidesRefusal(g *Group, refused func(Failure) int64) *Finding {
	found := finding("health-check-port-hides-refusal", fmt.Sprintf("The health check of %s passes on port %d while the traffic port %d refuses: the balancer goes on sending requests there.", g.Name, p.checkPort, p.port))
	found.because(FromConfig, p.config())
	found.share = func(row Failure) int64 { return to(refused, found.Targets...)(row) } // all that are still added
	return found
}

func (f *facts) checkRefused(g *Group, p twoPorts) *Finding {
	found := finding("health-check-port-refused", fmt.Sprintf("The health check of %s asks port %d, which fails, while the traffic port %d answers.", g.Name, p.checkPort, p.port))
	found.Confidence = High
	found.because(FromConfig, p.config())
	if p.othersPass() { // which may not pass on the traffic port
		found.Do = "let something listen on the health check port of these targets, as on that of those that pass"
	} else {
		f.checkTraffic(found, g)
		if speaks := map[string]string{ProbeTLS: "HTTPS", ProbePlain: "HTTP"}; p.check != nil && speaks[p.check.Outcome] != "" {
			found.Do = "check the traffic port, or let the health check speak " + speaks[p.check.Outcome]
		}
	}
	f.fromTarget(found, p.endpoint)
	return found
}

func (f *facts) checkDiffers(g *Group, p twoPorts) *Finding {
	found := finding("health-check-port-differs", fmt.Sprintf("The health check of %s asks port %d, which is not the traffic port %d, and it fails.", g.Name, p.checkPort, p.port))
	found.because(FromConfig, p.config())
	if f.Balancer.Type == NetworkType {
		found.unsaid(g)
	}
	f.fromTarget(found, p.endpoint)
	return found
}

// checkOther sends health checks that fail on a port of their own to where traffic goes, unless that port refuses, too.
func (f *facts) checkOther(found *Finding, g *Group) {
	var refuse []endpoint
	for _, e := range f.of(g) {
		if found.has(e) && f.unreached(e) {
			refuse = append(refuse, e)
		}
	}
	if len(refuse) == 0 {
		f.checkTraffic(found, g)
		return
	}
	found.Do = "let something listen on the health check port; the traffic port refuses as well, and a check of it would fail"
	for _, e := range refuse {
		f.tell(found, e, f.met(e, f.refused(g)), 0, f.probe(e, false))
	}
}

// checkTraffic sends health checks to where traffic goes, in its protocol.
func (f *facts) checkTraffic(found *Finding, g *Group) {
	if f.Balancer.Type == Classic {
		return
	}
	change, back := []string{"--health-check-port", "traffic-port"}, []string{"--health-check-port", g.Check.Port}
	if want, other := g.checkProtocol(); other {
		change, back = append(change, "--health-check-protocol", want), append(back, "--health-check-protocol", g.Check.Protocol)
	}
	f.modifyGroup(found, g, change, back)
}

// checkProtocol is the one in which a group's traffic port answers health checks, and whether they are in HTTP or HTTPS, and
// in the other one of both.
func (g *Group) checkProtocol() (want string, other bool) {
	if want = "HTTP"; g.speaksTLS() {
		want = "HTTPS"
	}
	return want, g.Check.Protocol == "HTTP" && g.speaksTLS() || g.Check.Protocol == "HTTPS" && g.plain()
}

// checkHidden sends health checks to the traffic port where it refuses for some targets
// only, and a check passes there for others. Else every target would become unhealthy, and
// what replaces such ones would end them all.
func (f *facts) checkHidden(found *Finding, g *Group) {
	var others []endpoint // that answer on the traffic port
	for _, e := range f.whole(g) {
		if e.healthy() && !slices.Contains(found.Targets, e.name()) && (f.served(e) > 0 || f.probe(e, false).ended(ProbeConnected, ProbeAnswered)) {
			others = append(others, e)
		}
	}
	switch {
	case len(others) > 0 && g.Check.Protocol == "TCP":
		f.checkTraffic(found, g)
		return
	case len(others) > 0:
		found.because(FromConfig, fmt.Sprintf("whether %s passes the check of %s on port %d is not known: ask it before that port is checked, or all targets may become unhealthy", others[0].name(), redacted(g.Check.Path), others[0].port))
		others[0].checkPort = others[0].port
		f.fromTarget(found, others[0])
		return
	}
	found.because(FromConfig, "while no target is seen to answer on the traffic port, a check of it makes all of them unhealthy, and ECS, or an Auto Scaling group that goes by these checks, ends and replaces them: first let the port answer")
	for _, e := range f.of(g) {
		if slices.Contains(found.Targets, e.name()) {
			e.checkPort = e.port
			f.fromTarget(found, e)
			return
		}
	}
}

// tell adds what logs and probe say of a port.
func (f *facts) tell(found *Finding, e endpoint, refusals, served int64, p *Probe) {
	if refusals > 0 {
		found.because(FromLog, amount.Of(refusals, "request", "requests")+" to "+e.name()+" found no connection")
	}
	if served > 0 {
		found.because(FromLog, e.name()+" answered "+amount.Of(served, "request", "requests"))
	}
	if p != nil {
		found.because(FromProbe, p.Address+": "+p.Outcome)
	}
}
