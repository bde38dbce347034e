package diagnose

import (
	"fmt"
	"slices"

	"loglens/internal/amount"
)

var targetTLSCheck = Check{
	Name:  "target-tls",
	About: "TLS between balancer and targets, decided by metrics and probes; the certificate of a target is not validated by a balancer.",
	Needs: []string{"cloudwatch:GetMetricData", "elasticloadbalancing:DescribeTargetGroups"},
	Gives: []string{"target-tls-negotiation-fails", "target-speaks-plain-http", "target-expects-tls"},
	look:  lookAtTargetTLS,
}

const notValidated = "the balancer does not validate a target's certificate: expired, self-signed and foreign ones do; what fails is the version, the cipher, or that no TLS is spoken"

// noName is why a gateway may turn the balancer away, such as Istio's and those of Envoy, which
// have a certificate and routes for each host.
//
// Source: Istio, "Configuring SNI routing when not sending SNI" of its common problems, read
// 2026-11.
const noName = "targets that choose by the host's name in the handshake (SNI), of which the balancer names none, such as a gateway of Istio or Envoy whose hosts are not *"

func lookAtTargetTLS(f *facts) (list []*Finding) {
	for _, g := range f.groups {
		if g.speaksTLS() {
			list = append(list, f.noTLS(g)...)
		} else {
			list = append(list, given(f.wantsTLS(g))...)
		}
	}
	return append(list, f.someTLS(list)...)
}

// tlsGroups are the groups that the balancer speaks TLS to.
func (f *facts) tlsGroups() []*Group {
	return slices.DeleteFunc(slices.Clone(f.groups), func(g *Group) bool { return !g.speaksTLS() })
}

// someTLS says what a network balancer counts for all of its groups together, where
// nothing tells of which it is.
func (f *facts) someTLS(known []*Finding) []*Finding {
	groups := f.tlsGroups()
	errors := f.total("TargetTLSNegotiationErrorCount", "")
	if f.Balancer.Type != NetworkType || len(groups) < 2 || errors == 0 || len(known) > 0 {
		return nil
	}
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	found := finding("target-tls-negotiation-fails", fmt.Sprintf("TLS between the balancer and some of its targets fails, in one or more of %s.", few(names)))
	found.Confidence = Low
	found.because(FromMetric, "TargetTLSNegotiationErrorCount of the whole balancer: "+number(errors)+"; it is not counted by target group")
	found.because(FromConfig, notValidated)
	found.rival("target-speaks-plain-http", "the targets may speak plain HTTP; --probe tells")
	return []*Finding{found}
}

// withoutTLS says of outcomes of a probe why TLS with a target fails.
var withoutTLS = map[string]string{
	ProbeTLSFailed:     "shares no version or cipher with what a balancer offers",
	ProbeNoCertificate: "asks for a certificate of its client, of which a balancer has none, and ends TLS",
	ProbeNoTLS:         "answers a TLS handshake with what is neither TLS nor HTTP",
}

// endsInTLS is how a probe saw TLS with a target fail; "" if none did.
func (f *facts) endsInTLS(e endpoint) string {
	for _, check := range []bool{false, true} {
		p := f.probe(e, check)
		if p == nil || check && e.checkPort != e.port {
			continue // what is behind another port is not spoken to in TLS
		}
		if p.Outcome == ProbePlain || withoutTLS[p.Outcome] != "" && (!check || !f.checksOlder(e)) {
			return p.Outcome
		}
	}
	return ""
}

// noTLS looks at a group whose targets are to speak TLS: a probe tells those that speak plain HTTP from others.
func (f *facts) noTLS(g *Group) []*Finding {
	var plain, others []endpoint
	for _, e := range f.of(g) {
		if f.endsInTLS(e) == ProbePlain {
			plain = append(plain, e)
		} else {
			others = append(others, e)
		}
	}
	return given(f.speaksPlain(g, plain), f.failsInTLS(g, plain, others))
}

// speaksPlain tells of targets that a probe saw answer TLS in plain HTTP.
func (f *facts) speaksPlain(g *Group, plain []endpoint) *Finding {
	if len(plain) == 0 {
		return nil
	}
	found := finding("target-speaks-plain-http", fmt.Sprintf("Target group %s speaks %s to its targets, and %s answer%s in plain HTTP.", g.Name, g.Protocol, some(plain), third(len(plain))))
	for _, e := range plain {
		found.on(e)
		found.because(FromProbe, e.label()+" answers a TLS handshake in plain HTTP")
	}
	found.Confidence = High
	f.aboutTLS(found, g)
	found.share = to(f.tlsShare(g), names(plain)...)
	found.handshake(plain)
	return found
}

// tlsErrors is how often TLS with targets of a group failed by metrics, which a network balancer has of all its groups.
func (f *facts) tlsErrors(g *Group) float64 {
	if f.Balancer.Type == NetworkType && len(f.tlsGroups()) == 1 {
		return f.total("TargetTLSNegotiationErrorCount", "")
	}
	return f.total("TargetTLSNegotiationErrorCount", g.ARN)
}

// aboutTLS adds what metrics count of a group's TLS, and how it is set up.
func (f *facts) aboutTLS(found *Finding, g *Group) {
	found.onGroup(g)
	if errors := f.tlsErrors(g); errors > 0 {
		found.because(FromMetric, fmt.Sprintf("TargetTLSNegotiationErrorCount of %s: %s", g.Name, number(errors)))
	}
	found.because(FromConfig, fmt.Sprintf("%s: %s on port %d", g.Name, g.Protocol, g.Port))
	if len(g.Policies) == 0 {
		found.because(FromConfig, notValidated)
	}
}

// failsInTLS tells of targets with which TLS fails, beside those that are seen to speak plain HTTP.
func (f *facts) failsInTLS(g *Group, plain, others []endpoint) *Finding {
	var failed []endpoint // as a probe saw
	for _, e := range others {
		if f.endsInTLS(e) != "" {
			failed = append(failed, e)
		}
	}
	share := where(func(row Failure) bool { return !slices.Contains(names(plain), row.Target) }, f.tlsShare(g))
	n := max(f.tlsErrors(g), float64(f.sum(f.ofGroup(g, "Target_TLS_Error"))))
	if len(plain) > 0 { // which may be what metrics count
		_, sum := f.hits(g, share)
		n = float64(sum)
	}
	if n == 0 && len(failed) == 0 {
		return nil
	}
	found := finding("target-tls-negotiation-fails", fmt.Sprintf("TLS between the balancer and the targets of %s fails.", g.Name))
	found.share = share
	uncertified := len(failed) > 0
	for _, e := range failed {
		found.on(e)
		found.because(FromProbe, e.label()+" "+withoutTLS[f.endsInTLS(e)])
		uncertified = uncertified && f.endsInTLS(e) == ProbeNoCertificate
	}
	if uncertified {
		found.Do = "let the target ask its clients for no certificate: the balancer has none; whom it takes is for its security group"
	}
	found.rival("target-speaks-plain-http", "the targets may speak plain HTTP; --probe tells")
	f.aboutTLS(found, g)
	if f.upToTLS12() {
		found.because(FromConfig, "no listener's policy has TLS 1.3: to targets the balancer speaks TLS 1.2 at most")
	}
	d, probed := f.decide(g), len(plain)+len(failed) > 0
	switch {
	case d.unclear && !probed:
		found.rival("target-port-refused", "TargetConnectionErrorCount counts in the same minutes, and nothing tells at which targets: some of these may refuse connections, or not be reached; --probe tells")
	case f.tlsErrors(g) > 0 && d.tls+d.wall > 0:
		found.Confidence = High
	}
	if others = f.nameFailing(found, g, plain, failed, others); !probed {
		f.milderInTLS(found, g, n, others)
	} else {
		found.rival("", noName)
	}
	found.handshake(others)
	return found
}

// nameFailing names the targets with which TLS fails, and returns them: those that a probe saw, and those of which
// failures are; or, of those with which it may be what fails, all if each has such failures; or else all.
func (f *facts) nameFailing(found *Finding, g *Group, plain, failed, others []endpoint) []endpoint {
	hit, _ := f.hits(g, found.share)
	these := slices.DeleteFunc(slices.Clone(others), func(e endpoint) bool { return !f.mayFailInTLS(e, found.share) })
	switch {
	case len(plain)+len(failed) > 0:
		if len(failed) > 0 {
			others = failed
		}
		for _, name := range hit {
			found.Targets = add(found.Targets, name)
		}
		slices.SortFunc(found.Targets, compareTargets)
		if len(plain) == 0 {
			return others
		}
	case len(these) > 0 && len(these) < len(others) && !slices.ContainsFunc(these, func(e endpoint) bool { return !slices.Contains(hit, e.name()) }):
		others, found.Targets = these, names(these)
	default:
		for _, e := range others {
			found.on(e)
		}
		return others
	}
	found.Sentence = fmt.Sprintf("TLS between the balancer and %s fails.", whom(found.Targets, g))
	return others
}

// milderInTLS makes it a warning that TLS with some targets fails, so and so often, if it mostly does not, or not any more.
func (f *facts) milderInTLS(found *Finding, g *Group, n float64, these []endpoint) {
	of := f.connected(g)
	span, over := f.hasEnded("TargetTLSNegotiationErrorCount", g.ARN)
	switch {
	case !f.fails(g, found.share) && f.areFew(n, of, "TargetTLSNegotiationErrorCount", g.ARN):
		found.Level = Warn
		found.Sentence = fmt.Sprintf("TLS between the balancer and the targets of %s fails now and then, and mostly does not: %s of %s.", g.Name, number(n), amount.Of(int64(of), "time", "times"))
		found.Do = "see whether targets were started or stopped at these times; if not, which versions and ciphers each of them speaks"
	case over && !f.hasAccess() && !slices.ContainsFunc(these, endpoint.failing):
		found.Level = Warn
		found.Sentence = fmt.Sprintf("TLS between the balancer and the targets of %s failed %s, and requests have come since without that.", g.Name, span)
		found.Do = otherThen
	default:
		found.rival("", noName)
	}
	hit, _ := f.hits(g, found.share)
	if span, ok := f.isOver(g, hit, found.share, f.lateTLS(g)); ok {
		found.Level, found.Rivals, found.Targets = Warn, nil, hit // others may fail now
		found.Sentence = fmt.Sprintf("TLS between the balancer and %s failed %s, and %s answered requests since.", whom(hit, g), span, amount.Noun(len(hit), "it has", "they have"))
		found.Do = otherThen
	}
}

// mayFailInTLS reports whether TLS may be what fails with a target: it does with most of its requests, or the target
// fails its health checks, and neither how these end nor how its requests do shows another reason.
func (f *facts) mayFailInTLS(e endpoint, share func(Failure) int64) bool {
	if slices.Contains(f.mostly(e.group, share), e.name()) {
		return true
	}
	hangs := f.decide(e.group).wall > 0
	inTLS := e.group.Check.Protocol == "HTTPS" && e.checkPort == e.port && // and the check was answered, or waited for that
		(e.target.Reason == "Target.ResponseCodeMismatch" || timeoutReason(e.target) && !hangs)
	return e.failing() && !inTLS && !f.failsOtherwise(e, share)
}

// checksOlder reports whether probes saw that a target shares TLS with a network balancer, and none with its health
// checks, which have no TLS 1.3.
func (f *facts) checksOlder(e endpoint) bool {
	return f.Balancer.Type == NetworkType && f.probe(e, false).ended(ProbeConnected) && f.probe(e, true).ended(ProbeTLSFailed)
}

// failsOtherwise reports whether requests to a target got no answer, and none of them for what a share has.
func (f *facts) failsOtherwise(e endpoint, share func(Failure) int64) bool {
	unanswered := those(func(row Failure) bool { return row.Group == e.group.logARN(f) && row.TargetStatus < 0 })
	return f.met(e, unanswered) > 0 && f.met(e, share) == 0
}

// otherThen is what to do where TLS with targets failed that does not any more.
const otherThen = "see what happened to the targets at that time: a restart, a deployment, another certificate or set of ciphers"

// handshake adds a command that tries TLS with the first of some targets.
func (f *Finding) handshake(list []endpoint) {
	if len(list) > 0 && list[0].address.IsValid() {
		f.Verify = append(f.Verify, fmt.Sprintf("openssl s_client -connect %s:%d -tls1_2 </dev/null", bracketed(list[0].address.String()), list[0].port))
	}
}

// connected is how often the balancer spoke to targets of a group, of a network balancer to
// all of its groups.
func (f *facts) connected(g *Group) float64 {
	name, of := "RequestCount", g.ARN
	if f.Balancer.Type == NetworkType {
		name, of = "NewFlowCount", ""
	}
	return f.total(name, of)
}

// tlsShare is the part of a group's failed connections that failed for TLS.
func (f *facts) tlsShare(g *Group) func(Failure) int64 {
	d := f.decide(g)
	return func(row Failure) int64 {
		if row.Group != g.ARN {
			return 0
		}
		switch row.Reason {
		case "Target_TLS_Error":
			return row.Count
		case "Target_Connection_Error":
			return d.tlsFailures(row)
		case "Target_Connect_Timeout":
			if d.walls > 0 {
				return (row.Count*d.wall + d.walls/2) / d.walls
			}
		}
		return 0
	}
}

// wantsTLS looks at a group in plain HTTP whose targets want TLS: a server that is
// spoken to in the wrong way answers 400, or hangs up.
func (f *facts) wantsTLS(g *Group) *Finding {
	if !g.plain() {
		return nil
	}
	var seen []endpoint
	found := finding("target-expects-tls", "")
	for _, e := range f.of(g) {
		for _, check := range []bool{false, true} {
			if p := f.probe(e, check); p.ended(ProbeTLS) && (!check || g.Check.Protocol == "HTTP" && e.checkPort == e.port) {
				seen = append(seen, e)
				found.on(e)
				found.because(FromProbe, p.Address+" speaks TLS where plain HTTP is expected")
				break
			}
		}
	}
	broken := f.silent(g)
	bad, plain := 0, f.answersPlain(g)
	for _, e := range f.of(g) {
		if !plain && !f.triedTLS(e) && !f.unreached(e) && tlsPort(e.port) && e.failing() && e.checkPort == e.port && g.Check.Protocol == "HTTP" && e.target.Reason == "Target.FailedHealthChecks" && !e.othersPass() {
			bad++
			if len(seen) == 0 {
				found.because(FromHealth, e.label()+": "+state(e.target))
				found.on(e)
			}
		}
	}
	passes, turned := f.passInTLS(g), f.turnedAway(g)
	if len(seen) == 0 && broken == 0 && bad == 0 && len(passes) == 0 && len(turned) == 0 {
		return nil
	}
	found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to port %d, and its targets seem to expect TLS.", g.Name, g.Port)
	switch {
	case len(seen) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP, and %s expect%s TLS.", g.Name, some(seen), third(len(seen)))
		found.Confidence = High
	case len(passes) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to port %d, where health checks pass in %s: its targets expect TLS there.", g.Name, g.Port, g.Check.Protocol)
		found.Confidence = High
		if broken == 0 && len(turned) == 0 {
			found.Level, found.Confidence = Warn, Medium
			found.because(FromConfig, "a server that takes TLS only answers plain HTTP with 400, which is a target's answer and no failure of the logs, or breaks it off: see which statuses clients get")
			found.rival("", "a server that takes both HTTP and TLS on this port")
		}
		for _, e := range passes {
			found.on(e)
		}
		found.because(FromHealth, some(passes)+": healthy")
	case broken > 0:
		found.rival("target-closes-connection", "a process that breaks off every connection, for a crash or whatever else, shows the same; --probe tells")
	case len(turned) > 0:
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to %s, which answer%s nearly every request with 400, as servers do that expect TLS.", g.Name, some(turned), third(len(turned)))
		if slices.ContainsFunc(turned, func(e endpoint) bool { return !tlsPort(e.port) }) {
			found.Level, found.Confidence = Warn, Low
		}
		found.rival("", "requests that the application does not take, and answers with 400 as well: a Host that it does not know, a header, a body")
	default:
		found.Confidence = Low
		found.rival("target-port-refused", "nothing may listen on the port; --probe tells")
	}
	found.onGroup(g)
	for _, e := range turned {
		found.on(e)
		n, of := f.badRequests(e)
		found.because(FromLog, fmt.Sprintf("%s answered %d of %s with 400", e.name(), n, amount.Of(of, "request", "requests")))
	}
	if broken > 0 {
		found.because(FromLog, amount.Of(broken, "request", "requests")+" ended with no usable answer on a connection that was there, and the targets answered none")
	}
	found.because(FromConfig, fmt.Sprintf("%s: %s on port %d; health check: %s", g.Name, g.Protocol, g.Port, g.Check.words()))
	switch {
	case broken > 0:
		found.share = f.brokenOff(g)
	case len(seen)+bad > 0:
		found.share = f.reasons(found, "Target_Closed_Connection")
	}
	if len(turned) > 0 {
		found.handshake(turned)
	} else {
		found.handshake(f.of(g))
	}
	return found
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
	if e.checkPort != e.port || e.group.Check.Protocol != "HTTP" {
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

// triedTLS reports whether a probe of a target's traffic port got no answer in plain HTTP, and none in TLS, which is tried then.
func (f *facts) triedTLS(e endpoint) bool {
	return e.checkPort == e.port && e.group.Check.Protocol == "HTTP" && f.probe(e, true).ended(ProbeClosed, ProbeFailed)
}

// passesPlain reports whether a target answers health checks in plain HTTP on the port that
// traffic goes to.
func (f *facts) passesPlain(g *Group) bool {
	return slices.ContainsFunc(f.whole(g), func(e endpoint) bool {
		return e.checkPort == e.port && g.Check.Protocol == "HTTP" && (e.healthy() || f.probe(e, true).ended(ProbeAnswered))
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
	failed := int64(0)
	for _, row := range f.failures() {
		if row.Group == g.logARN(f) && row.TargetStatus < 0 {
			failed += row.Count
		}
	}
	if broken := f.sum(f.brokenOff(g)); failed >= f.sent(g) && 10*broken >= 9*failed {
		return broken
	}
	return 0
}
