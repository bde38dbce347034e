package diagnose

import (
	"fmt"
)

// otherProtocol looks at health checks that speak another protocol than the traffic,
// and fail.
func (f *facts) otherProtocol(g *Group) *Finding {
	check, traffic := g.Check.Protocol, g.Protocol
	want, other := g.checkProtocol()
	if !other {
		return nil
	}
	probed := false
	bad := map[*Target]bool{} // targets that answer 400, as servers do that are spoken to in the wrong way
	for _, a := range f.answered(g) {
		bad[a.target] = bad[a.target] || a.code == 400
	}
	found := finding("health-check-protocol-mismatch", fmt.Sprintf("The health check of %s speaks %s, and the traffic %s.", g.Name, check, traffic))
	for _, e := range f.of(g) {
		p := f.probe(e, true)
		seen := p.ended(ProbeTLS, ProbePlain)
		if e.othersPass() && !seen || e.checkPort != e.port || p.ended(ProbeAnswered) || f.takesNothing(e) { // a port of its own may well speak another one
			continue
		}
		if e.failing() && (!timeoutReason(e.target) && e.target.Reason != "Target.ResponseCodeMismatch" || check == "HTTP" && (bad[e.target] || seen)) {
			found.on(e)
			f.evidence(found, e)
			if p != nil {
				probed = probed || p.Outcome != ProbeTimeout
				found.because(FromProbe, p.Address+": "+p.Outcome)
			}
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	found.because(FromConfig, fmt.Sprintf("target group %s: %s on port %d; health check: %s", g.Name, traffic, g.Port, g.Check.words()))
	if f.Balancer.Type != Classic {
		f.modifyGroup(found, g, []string{"--health-check-protocol", want}, []string{"--health-check-protocol", check})
	}
	if found.Confidence = High; f.Balancer.Type == NetworkType && !probed { // which does not say how these checks fail
		found.Confidence = Medium
		found.unsaid(g)
		found.rival("target-port-refused", "nothing listens on the port, or on another address only")
	}
	return found
}

// takesNothing reports whether the traffic port of a target takes no connection, or answers no request in plain HTTP: then a
// health check in the protocol of the traffic passes no better.
func (f *facts) takesNothing(e endpoint) bool {
	return f.unreached(e) || e.group.plain() && f.sentTo(e) && f.served(e, e.group.logARN(f)) == 0
}
