package diagnose

import (
	"fmt"
	"slices"

	"loglens/internal/amount"
)

// wantsTLS looks at a group in plain HTTP whose targets want TLS: a server that is
// spoken to in the wrong way answers 400, or hangs up.
func (f *facts) wantsTLS(g *Group) *Finding {
	if !g.plain() {
		return nil
	}
	s := f.signsOfTLS(g)
	if s.none() {
		return nil
	}
	found := finding("target-expects-tls", fmt.Sprintf("Target group %s speaks plain HTTP to port %d, and its targets seem to expect TLS.", g.Name, g.Port))
	for _, e := range s.seen {
		found.on(e)
		found.because(FromProbe, f.probeInTLS(e).Address+" speaks TLS where plain HTTP is expected")
	}
	if len(s.seen) == 0 {
		for _, e := range s.shut {
			found.because(FromHealth, e.label()+": "+state(e.target))
			found.on(e)
		}
	}
	f.wordSigns(found, g, s)
	found.onGroup(g)
	for _, e := range s.turned {
		found.on(e)
		n, of := f.badRequests(e)
		found.because(FromLog, fmt.Sprintf("%s answered %d of %s with 400", e.name(), n, amount.Of(of, "request", "requests")))
	}
	if s.broken > 0 {
		found.because(FromLog, amount.Of(s.broken, "request", "requests")+" ended with no usable answer on a connection that was there, and the targets answered none")
	}
	found.because(FromConfig, fmt.Sprintf("%s: %s on port %d; health check: %s", g.Name, g.Protocol, g.Port, g.Check.words()))
	switch {
	case s.broken > 0:
		found.share = f.brokenOff(g)
	case len(s.seen)+len(s.shut) > 0:
		found.share = f.reasons(found, "Target_Closed_Connection")
	}
	if len(s.turned) > 0 {
		found.handshake(s.turned)
	} else {
		found.handshake(f.of(g))
	}
	return found
}

// signs are what speaks for targets that are spoken to in plain HTTP and expect TLS.
type signs struct {
	seen   []endpoint // by a probe
	passes []endpoint // health checks, in TLS
	turned []endpoint // nearly all requests away, with 400
	shut   []endpoint // health checks out, in plain HTTP on a port where TLS is usual
	broken int64      // requests that were broken off, where none was answered
}

func (f *facts) signsOfTLS(g *Group) signs {
	s := signs{passes: f.passInTLS(g), turned: f.turnedAway(g), broken: f.silent(g)}
	plain := f.answersPlain(g)
	for _, e := range f.of(g) {
		if f.probeInTLS(e) != nil {
			s.seen = append(s.seen, e)
		}
		if !plain && f.shutsChecksOut(e) {
			s.shut = append(s.shut, e)
		}
	}
	return s
}

func (s signs) none() bool {
	return len(s.seen)+len(s.passes)+len(s.turned)+len(s.shut) == 0 && s.broken == 0
}

// wordSigns says of the surest of the signs what it means, and what else it may.
func (f *facts) wordSigns(found *Finding, g *Group, s signs) {
	switch {
	case len(s.seen) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP, and %s expect%s TLS.", g.Name, some(s.seen), third(len(s.seen)))
		found.Confidence = High
	case len(s.passes) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to port %d, where health checks pass in %s: its targets expect TLS there.", g.Name, g.Port, g.Check.Protocol)
		found.Confidence = High
		if s.broken == 0 && len(s.turned) == 0 {
			found.Level, found.Confidence = Warn, Medium
			found.because(FromConfig, "a server that takes TLS only answers plain HTTP with 400, which is a target's answer and no failure of the logs, or breaks it off: see which statuses clients get")
			found.rival("", "a server that takes both HTTP and TLS on this port")
		}
		for _, e := range s.passes {
			found.on(e)
		}
		found.because(FromHealth, some(s.passes)+": healthy")
	case s.broken > 0:
		found.rival("target-closes-connection", "a process that breaks off every connection, for a crash or whatever else, shows the same; --probe tells")
	case len(s.turned) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to %s, which answer%s nearly every request with 400, as servers do that expect TLS.", g.Name, some(s.turned), third(len(s.turned)))
		if slices.ContainsFunc(s.turned, func(e endpoint) bool { return !tlsPort(e.port) }) {
			found.Level, found.Confidence = Warn, Low
		}
		found.rival("", "requests that the application does not take, and answers with 400 as well: a Host that it does not know, a header, a body")
	default:
		found.Confidence = Low
		found.rival("target-port-refused", "nothing may listen on the port; --probe tells")
	}
}

// checkedInHTTP reports whether health checks are in plain HTTP, on the port that traffic goes to.
func (e endpoint) checkedInHTTP() bool {
	return e.checkPort == e.port && e.group.Check.Protocol == "HTTP"
}

// probeInTLS is the probe that saw TLS where a target is spoken to in plain HTTP; nil if none did.
func (f *facts) probeInTLS(e endpoint) *Probe {
	for _, check := range []bool{false, true} {
		if p := f.probe(e, check); p.ended(ProbeTLS) && (!check || e.checkedInHTTP()) {
			return p
		}
	}
	return nil
}

// shutsChecksOut reports whether a target breaks off health checks in plain HTTP on a port where TLS is usual, and
// nothing shows another reason.
func (f *facts) shutsChecksOut(e endpoint) bool {
	return tlsPort(e.port) && e.checkedInHTTP() && e.failing() && e.target.Reason == "Target.FailedHealthChecks" && !e.othersPass() &&
		!f.triedTLS(e) && !f.unreached(e)
}

// triedTLS reports whether a probe of a target's traffic port got no answer in plain HTTP, and none in TLS, which is tried then.
func (f *facts) triedTLS(e endpoint) bool {
	return e.checkedInHTTP() && f.probe(e, true).ended(ProbeClosed, ProbeFailed)
}

// answersPlain reports whether a target of a group in plain HTTP answered requests, and not all with 400.
func (f *facts) answersPlain(g *Group) bool {
	return slices.ContainsFunc(f.whole(g), func(e endpoint) bool {
		bad, answered := f.badRequests(e)
		return answered > bad
	})
}

// turnedAway are the targets of a group in plain HTTP that answered nearly all requests with
// 400, as servers do that expect TLS. Those are none of them that answer health checks in
// plain HTTP on the same port with anything else, and of those that fail these checks, the
// checks tell.
func (f *facts) turnedAway(g *Group) (list []endpoint) {
	for _, e := range f.of(g) {
		if n, of := f.badRequests(e); nearlyAll(n, of) && !f.checkedPlain(e) {
			list = append(list, e)
		}
	}
	return list
}

// badRequests are the requests that a target answered, and those among them with 400.
func (f *facts) badRequests(e endpoint) (bad, answered int64) {
	for _, t := range f.traffic() {
		if t.Target == e.name() && t.Group == e.group.logARN(f) {
			bad += t.BadRequests
		}
	}
	return bad, f.served(e, e.group.logARN(f))
}

// checkedPlain reports whether health checks in plain HTTP, on the port that traffic goes to,
// fail at a target, or are answered with anything but 400, or a probe is answered: of one that
// gets 400 from a server that speaks TLS, it says that.
func (f *facts) checkedPlain(e endpoint) bool {
	if !e.checkedInHTTP() {
		return false
	}
	if f.probe(e, true).ended(ProbeAnswered) || e.failing() || e.healthy() && !e.group.takes(badRequest) {
		return true
	}
	return slices.ContainsFunc(f.loggedChecks(e), func(c LogCheck) bool { return c.Code > 0 && c.Code != badRequest })
}

// passInTLS are the targets of a group in plain HTTP whose health checks pass in TLS on the
// port that traffic goes to, if none is seen to answer in HTTP there.
func (f *facts) passInTLS(g *Group) (list []endpoint) {
	if !g.plain() || g.Check.Protocol != "HTTPS" && g.Check.Protocol != "SSL" {
		return nil
	}
	for _, row := range f.failures() {
		if row.Group == g.logARN(f) && row.TargetStatus >= 500 { // an answer in HTTP
			return nil
		}
	}
	for _, e := range f.of(g) {
		if e.checkPort == e.port && e.healthy() {
			list = append(list, e)
		}
	}
	return list
}

// mayExpectTLS reports whether targets of a group in plain HTTP may expect TLS: their health
// checks pass in it, or their port is one where it is usual and no check passes there in HTTP.
func (f *facts) mayExpectTLS(g *Group) bool {
	likely := tlsPort(g.Port)
	for _, e := range f.whole(g) {
		likely = likely && tlsPort(e.port)
	}
	return g.plain() && !f.passesPlain(g) && !slices.ContainsFunc(f.whole(g), f.triedTLS) && (likely || len(f.passInTLS(g)) > 0)
}

// passesPlain reports whether a target answers health checks in plain HTTP on the port that
// traffic goes to.
func (f *facts) passesPlain(g *Group) bool {
	return slices.ContainsFunc(f.whole(g), func(e endpoint) bool {
		return e.checkedInHTTP() && (e.healthy() || f.probe(e, true).ended(ProbeAnswered))
	})
}

// silent is how many requests a group broke off, if it answered none, and its targets may
// expect TLS.
func (f *facts) silent(g *Group) int64 {
	if !f.mayExpectTLS(g) || len(f.older(g)) > 0 {
		return 0
	}
	return f.answersNone(g)
}

// answersNone is how many requests a group broke off, if it answered none. A classic
// balancer's logs name no group, so that it has to have one only.
func (f *facts) answersNone(g *Group) int64 {
	if f.Balancer.Type == Classic && len(f.Groups) != 1 {
		return 0
	}
	failed := f.sumAll(those(func(row Failure) bool { return row.Group == g.logARN(f) && row.TargetStatus < 0 }))
	if broken := f.sum(f.brokenOff(g)); failed >= f.sent(g) && 10*broken >= 9*failed {
		return broken
	}
	return 0
}
