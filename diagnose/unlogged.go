package diagnose

import (
	"fmt"
	"slices"
)

// guess adds to 5xx of the balancer of which there are no logs what they may come of: by the
// status, and by what else was counted.
//
// Source: AWS, "Troubleshoot your Application Load Balancers" (HTTP 502 to 504) and
// "CloudWatch metrics for your Application Load Balancer", read 2026-11.
func (f *facts) guess(found *Finding) {
	if f.Balancer.Type != Application {
		return
	}
	count := func(code string) float64 {
		n, _ := f.total("HTTPCode_ELB_"+code+"_Count", "")
		return n
	}
	// Connection errors are 502 if they are refused, and 504 if they take too long: which of them
	// these are is not counted.
	bad, unready, late := count("502"), count("503"), count("504")
	errors, tls := f.ofAll("TargetConnectionErrorCount"), f.ofAll("TargetTLSNegotiationErrorCount")
	_, measured := f.total("RequestCount", "")
	functions := len(f.Groups) > 0 && !slices.ContainsFunc(f.Groups, func(g Group) bool { return g.Type != "lambda" })
	all, _ := f.total(f.errorMetric(), "")
	most, why := "", ""
	switch {
	case 2*bad > all:
		most, why = "502", "targets closed the connection while a request was outstanding, or as it came, or answered what is no HTTP"
		switch {
		case functions:
			why = "the function failed, or answered what is no response"
		case 2*tls > bad:
			why = "TLS with targets failed"
		case 2*(errors-late) > bad:
			why = "targets refused connections"
		case 2*errors > bad || !measured:
			why = "targets refused connections, or closed them while a request was outstanding"
		}
	case 2*unready > all && !slices.ContainsFunc(f.actions(), Action.failsOnPurpose):
		most, why = "503", "there was no target to send to"
	case 2*late > all:
		most, why = "504", fmt.Sprintf("targets took longer to answer than the idle timeout of %s s", number(f.idle()))
		switch {
		case functions:
			why = "AWS Lambda did not answer in time"
		case 2*(errors-bad) > late:
			why = "no connection to targets came about within 10 s"
		case 2*errors > late:
			why = fmt.Sprintf("no connection to targets came about within 10 s, or they took longer to answer than the idle timeout of %s s", number(f.idle()))
		}
	}
	if most != "" {
		found.Sentence = fmt.Sprintf("The balancer answered with %s, and there are no logs that say why; most likely %s.", most, why)
	}
	switch {
	case bad == 0:
	case functions:
		found.rival("lambda-errors", "502: a function that fails, or answers what is no response")
		found.rival("lambda-access-denied", "502: a function that the balancer may not invoke")
	default:
		if errors > 0 || !measured {
			found.rival("target-port-refused", "502: connections that are refused")
		}
		if tls > 0 {
			found.rival("target-tls-negotiation-fails", "502: TLS with targets that fails")
		}
		if bad+late > errors+tls {
			found.rival("keep-alive-race", "502: idle connections that targets close before the balancer's idle timeout")
			found.rival("target-closes-connection", "502: targets that crash, or break off, or answer with malformed headers")
		}
	}
	if unready > 0 {
		found.rival("no-usable-target", "503: a group without a target that could be used at that time")
	}
	switch {
	case late == 0:
	case functions:
		found.rival("lambda-errors", "504: AWS Lambda does not answer in time")
	case bad+late > errors:
		found.rival("idle-timeout-reached", fmt.Sprintf("504: answers that take longer than the idle timeout of %s s", number(f.idle())))
	}
	if late > 0 && errors > 0 {
		found.rival("target-connect-timeout", "504: connections that are not established within 10 s")
	}
	if measured && bad+late > 0 && !functions {
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount: %s, TargetTLSNegotiationErrorCount: %s", number(errors), number(tls)))
	}
}

// ofAll adds a metric up that is counted for the balancer, and for each of its groups.
func (f *facts) ofAll(name string) float64 {
	sum, _ := f.total(name, "")
	groups := 0.0
	for _, g := range f.Groups {
		n, _ := f.total(name, g.ARN)
		groups += n
	}
	return max(sum, groups)
}
