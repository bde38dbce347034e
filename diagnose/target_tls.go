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
	return append(list, given(f.someTLS(list))...)
}

// tlsGroups are the groups that the balancer speaks TLS to.
func (f *facts) tlsGroups() []*Group { return f.groupsThat((*Group).speaksTLS) }

// someTLS says what a network balancer counts for all of its groups together, where
// nothing tells of which it is.
func (f *facts) someTLS(known []*Finding) *Finding {
	groups := f.tlsGroups()
	errors := f.total("TargetTLSNegotiationErrorCount", "")
	if f.Balancer.Type != NetworkType || len(groups) < 2 || errors == 0 || len(known) > 0 {
		return nil
	}
	found := finding("target-tls-negotiation-fails", fmt.Sprintf("TLS between the balancer and some of its targets fails, in one or more of %s.", few(groupNames(groups))))
	found.Confidence = Low
	found.because(FromMetric, "TargetTLSNegotiationErrorCount of the whole balancer: "+number(errors)+"; it is not counted by target group")
	found.because(FromConfig, notValidated)
	found.rival("target-speaks-plain-http", "the targets may speak plain HTTP; --probe tells")
	return found
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
	if found.Level == Fail && !uncertified {
		f.unlikeOthers(found, g)
	}
	found.handshake(others)
	return found
}

// unlikeOthers says of targets with which TLS fails that it does not with others of their group, and why they are sent
// requests all the same.
func (f *facts) unlikeOthers(found *Finding, g *Group) {
	well, unchecked := 0, false
	for _, e := range f.of(g) {
		switch {
		case !found.has(e):
			if f.served(e, g.logARN(f)) > 0 && f.met(e, found.share) == 0 {
				well++
			}
		case e.healthy() && (e.checkPort != e.port || g.Check.Protocol != "HTTPS"):
			unchecked = true
		}
	}
	if unchecked {
		found.because(FromConfig, fmt.Sprintf("health checks go in %s to port %s, and do not see it: %s sent requests all the time", g.Check.Protocol, g.Check.Port, amount.Noun(len(found.Targets), "the target is", "the targets are")))
	}
	if well > 0 {
		found.because(FromLog, fmt.Sprintf("TLS fails with none of %s of the group that answered", amount.Of(well, "other target", "other targets")))
		found.Do = fmt.Sprintf("compare certificate, key, versions and ciphers of %s with those of the others of the group; until then, deregister %s if these bear the load", whom(found.Targets, g), amount.Noun(len(found.Targets), "it", "them"))
	}
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
		found.tellAsOver()
		found.Rivals, found.Targets = nil, hit // others may fail now
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
