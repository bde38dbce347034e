package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// errorCounts are what metrics count of the answers of a balancer that gives no logs, and of what may
// have led to them. Connection errors are 502 if they are refused, and 504 if they take too long: which of
// them these are is not counted.
type errorCounts struct {
	all, bad, unready, late float64 // 5xx; 502, 503 and 504 among them
	errors, tls             float64 // connection errors, and those of TLS
	measured                bool    // there are metrics of requests
	functions               bool    // all groups have a function
}

// errorCounts reads them.
func (f *facts) errorCounts() (n errorCounts) {
	count := func(name string) float64 { return f.total(name, "") }
	n.all, n.bad, n.unready, n.late = count(f.errorMetric()), count("HTTPCode_ELB_502_Count"), count("HTTPCode_ELB_503_Count"), count("HTTPCode_ELB_504_Count")
	n.errors, n.tls = f.ofAll("TargetConnectionErrorCount"), f.ofAll("TargetTLSNegotiationErrorCount")
	n.measured = f.measured("RequestCount", "")
	n.functions = len(f.Groups) > 0 && !slices.ContainsFunc(f.groups, func(g *Group) bool { return g.Type != "lambda" })
	return n
}

// areUnready reports whether nearly all of these are 503.
func (n errorCounts) areUnready() bool { return nearlyAll(int64(n.unready), int64(n.all)) }

// leavesNone reports whether a finding is why requests find no target, to which an Application Load Balancer answers
// 503: to one that is unhealthy they are sent for want of others.
func leavesNone(id string) bool {
	return slices.ContainsFunc([]string{"target-group-", "rule-weight", "cross-zone", "target-zone-not-enabled", "target-invalid-state", "target-ip-unusable", "target-other-vpc"}, func(begin string) bool {
		return strings.HasPrefix(id, begin)
	})
}

// guess adds to 5xx of the balancer of which there are no logs what they may come of: by the
// status, and by what else was counted.
//
// Source: AWS, "Troubleshoot your Application Load Balancers" (HTTP 502 to 504) and
// "CloudWatch metrics for your Application Load Balancer", read 2026-11.
func (f *facts) guess(found *Finding) {
	n := f.errorCounts()
	if most, why := f.likeliest(n); most != "" {
		found.Sentence = fmt.Sprintf("The balancer answered with %s, and there are no logs that say why; most likely %s.", most, why)
	}
	switch {
	case n.bad == 0:
	case n.functions:
		found.rival("lambda-errors", "502: a function that fails, or returns no valid response")
		found.rival("lambda-access-denied", "502: a function that the balancer may not invoke")
	default:
		if n.errors > 0 || !n.measured {
			found.rival("target-port-refused", "502: connections that are refused")
		}
		if n.tls > 0 {
			found.rival("target-tls-negotiation-fails", "502: TLS with targets that fails")
		}
		if n.bad+n.late > n.errors+n.tls {
			found.rival("keep-alive-race", "502: idle connections that targets close before the balancer's idle timeout")
			found.rival("target-closes-connection", "502: targets that crash, or break off, or answer with malformed headers")
		}
	}
	if n.unready > 0 {
		found.rival("no-usable-target", "503: a group without a target that could be used at that time")
	}
	switch {
	case n.late == 0:
	case n.functions:
		found.rival("lambda-errors", "504: AWS Lambda does not answer in time")
	case n.bad+n.late > n.errors:
		found.rival("idle-timeout-reached", "504: answers that take longer than the "+f.idleTimeout())
	}
	if n.late > 0 && n.errors > 0 {
		found.rival("target-connect-timeout", "504: connections that are not established within 10 s")
	}
	if n.measured && n.bad+n.late > 0 && !n.functions {
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount: %s, TargetTLSNegotiationErrorCount: %s", number(n.errors), number(n.tls)))
	}
}

// likeliest is the status that most of these answers have, and what it most likely comes of; empty if
// none is that of most.
func (f *facts) likeliest(n errorCounts) (status, why string) {
	switch {
	case 2*n.bad > n.all:
		switch {
		case n.functions:
			return "502", "the function failed, or returned no valid response"
		case 2*n.tls > n.bad:
			return "502", "TLS with targets failed"
		case 2*(n.errors-n.late) > n.bad:
			return "502", "targets refused connections"
		case 2*n.errors > n.bad || !n.measured:
			return "502", "targets refused connections, or closed them while a request was outstanding"
		}
		return "502", "targets closed the connection while a request was outstanding, or as it came, or answered something that is not HTTP"
	case 2*n.unready > n.all && !slices.ContainsFunc(f.actions(), Action.failsOnPurpose):
		return "503", "there was no target to send to"
	case 2*n.late > n.all:
		slow := "longer to answer than the " + f.idleTimeout()
		switch {
		case n.functions:
			return "504", "AWS Lambda did not answer in time"
		case 2*(n.errors-n.bad) > n.late:
			return "504", "no connection to targets came about within 10 s"
		case 2*n.errors > n.late:
			return "504", "no connection to targets came about within 10 s, or they took " + slow
		}
		return "504", "targets took " + slow
	}
	return "", ""
}

// ofAll adds a metric up that is counted for the balancer, and for each of its groups.
func (f *facts) ofAll(name string) float64 {
	groups := 0.0
	for _, g := range f.groups {
		groups += f.total(name, g.ARN)
	}
	return max(f.total(name, ""), groups)
}
