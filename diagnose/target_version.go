package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

var targetVersionCheck = Check{
	Name:  "target-version",
	About: "Whether targets speak HTTP/2, where the protocol version of their group is HTTP2 or GRPC.",
	Needs: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "cloudwatch:GetMetricData"},
	Gives: []string{"target-speaks-http1"},
	look:  func(f *facts) []*Finding { return f.ofEach(f.speaksHTTP1) },
}

// A balancer does not ask a target whether it speaks HTTP/2: it begins. What a server of
// HTTP/1.1 answers to that, if anything, is no answer of HTTP/2, so that requests end
// with 502, and health checks, which are made in the group's version, too, with
// Target.FailedHealthChecks. A server that crashes looks just like that. What speaks for
// the version is that it has not answered once.

// http2 reports whether the balancer speaks HTTP/2 to the group's targets.
func (g *Group) http2() bool { return g.Version == "HTTP2" || g.Version == "GRPC" }

func (f *facts) speaksHTTP1(g *Group) *Finding {
	older := f.older(g)
	if len(older) == 0 {
		return nil
	}
	found := finding("target-speaks-http1", "")
	found.Targets = names(older)
	found.onGroup(g)
	broken := f.brokenOff(g)
	found.share = to(broken, found.Targets...)
	seen := 0
	for _, e := range older {
		if p := f.probe(e, true); p.ended(ProbeHTTP1) {
			seen++
			found.because(FromProbe, p.Address+" answers in HTTP/1.1, and not in HTTP/2")
		}
	}
	how := amount.Noun(len(older), "seems to speak", "seem to speak")
	if seen == len(older) {
		how = amount.Noun(len(older), "speaks", "speak")
		found.Confidence = High
	} else {
		found.rival("target-closes-connection", "a process that breaks off every connection, for a crash or whatever else, shows the same; --probe tells")
	}
	found.Sentence = fmt.Sprintf("Target group %s speaks HTTP/2 to its targets, and %s %s HTTP/1.1 only.", g.Name, whom(found.Targets, g), how)
	found.because(FromConfig, fmt.Sprintf("%s has protocol version %s, for requests and health checks alike", g.Name, g.Version))
	if n := f.sum(found.share); n > 0 {
		found.because(FromLog, amount.Of(n, "request", "requests")+" ended with no usable answer on a connection that was there, and none of these targets answered any")
	}
	if f.established(g) {
		found.because(FromMetric, fmt.Sprintf("requests were sent to unhealthy targets of %s, and none failed to connect", g.Name))
	}
	for _, e := range older[:min(len(older), 3)] {
		if e.failing() {
			found.because(FromHealth, e.label()+": "+state(e.target))
		}
	}
	f.fromTarget(found, older[0])
	for _, ask := range found.Verify { // the balancer asks in HTTP/2; whether the target answers in HTTP/1.1 is what is to be seen
		if strings.HasPrefix(ask, "curl ") {
			found.Verify = append(found.Verify, strings.Replace(ask, curlHTTP2, "--http1.1", 1))
		}
	}
	f.anotherVersion(found, g)
	return found
}

// older are targets that are spoken to in HTTP/2 and may speak HTTP/1.1 only: seen by the
// probe, or they broke requests off and answered none. What only fails its health checks
// is one of them if others of the group are, or if metrics exclude that it refuses.
func (f *facts) older(g *Group) []endpoint {
	if !g.http2() {
		return nil
	}
	var sure, alike []endpoint
	broken := f.brokenOff(g)
	for _, e := range f.of(g) {
		switch {
		case f.newer(e):
		case e.checkPort == e.port && f.probe(e, true).ended(ProbeHTTP1), f.met(e, broken) > 0:
			sure = append(sure, e)
		case e.checkPort == e.port && e.target.Reason == "Target.FailedHealthChecks":
			alike = append(alike, e)
		}
	}
	if len(sure) > 0 || len(alike) == len(f.of(g)) && f.neverHealthy(g) && f.established(g) {
		return append(sure, alike...)
	}
	return nil
}

// newer reports whether a target has answered the balancer in HTTP/2, or the probe in
// HTTP/2 or not at all: then it is none that speaks HTTP/1.1 only.
func (f *facts) newer(e endpoint) bool {
	if e.checkPort == e.port && (e.healthy() || f.probe(e, true).ended(ProbeAnswered, ProbeConnected, ProbeClosed, ProbeFailed) ||
		slices.ContainsFunc(f.loggedChecks(e), func(c LogCheck) bool { return c.Pass })) {
		return true
	}
	sent := f.requestsOf(func(t Traffic) bool { return t.Group == e.group.ARN && t.Target == e.name() })
	// A stream that is reset is an answer, too: HTTP/1.1 has none.
	unanswered := f.sumAll(those(func(row Failure) bool {
		return row.Group == e.group.ARN && row.Target == e.name() && row.TargetStatus < 0 && row.Reason != "Target_Stream_Reset"
	}))
	return sent > unanswered
}

// established reports whether the metrics say that requests were sent to unhealthy
// targets, and none failed for want of a connection.
func (f *facts) established(g *Group) bool {
	return f.total("UnhealthyRoutingRequestCount", g.ARN) > 0 && f.total("TargetConnectionErrorCount", g.ARN) == 0 && f.total("TargetTLSNegotiationErrorCount", g.ARN) == 0
}

// neverHealthy reports whether the metrics say that the group had no healthy target in
// all of the window.
func (f *facts) neverHealthy(g *Group) bool {
	return f.measured("HealthyHostCount", g.ARN) && f.total("HealthyHostCount", g.ARN) == 0
}
