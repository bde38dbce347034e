package diagnose

import (
	"slices"
	"strings"

	"loglens/internal/amount"
)

// weighed reports whether it is known if the security groups let a target be spoken to.
// A health check that passes on the very port shows that they do.
func (f *facts) weighed(e endpoint) bool {
	if e.filters == nil {
		return false
	}
	if e.healthy() && !e.checkedApart() {
		return true
	}
	own := f.Balancer.SecurityGroups
	clear := func(protocol string, port int) bool {
		if len(own) > 0 && f.permits(own, true, protocol, port, f.target(e)) == unclear {
			return false
		}
		return !slices.ContainsFunc(f.senders(e), func(s Subnet) bool {
			return f.permits(e.filters, false, protocol, port, f.nodesOf(s, e)) == unclear
		})
	}
	return clear("tcp", e.checkPort) && !slices.ContainsFunc(e.group.transports(), func(protocol string) bool { return !clear(protocol, e.port) })
}

// ephemeral is how the names of findings end that are about answers, any part of whose ports may
// be refused.
const ephemeral = "-blocks-ephemeral"

// checksTimeOut reports whether a target passes some health checks, and does not answer others
// in time.
func (f *facts) checksTimeOut(e endpoint) bool {
	return f.flaps(e) >= oftenFlaps && slices.ContainsFunc(f.loggedChecks(e), func(c LogCheck) bool { return !c.Pass && timedOut(c.Reason) })
}

// weigh holds a finding about the network against what is seen of its targets.
// Health checks that pass on the very port speak against it.
func (f *facts) weigh(found *Finding) {
	control, traffic := strings.HasSuffix(found.ID, controlPort), strings.HasSuffix(found.ID, "-traffic-port") || found.ID == "target-sg-public-source"
	// Checks of another port say nothing of the traffic's.
	found.unseen = found.unseen || control || traffic && !slices.ContainsFunc(f.endpoints, func(e endpoint) bool {
		return found.has(e) && e.checkPort == e.port
	})
	healthy, late := f.checksOf(found)
	failed := int64(0)
	if found.share != nil {
		failed = f.sum(found.share)
	}
	switch {
	case failed == 0:
	case control:
		found.because(FromLog, amount.Of(failed, "request", "requests")+" got 503, since no target was ready")
	default:
		found.because(FromLog, amount.Of(failed, "request to them", "requests to them")+" ended without a connection")
	}
	switch {
	case found.Level != Fail:
	case late > 0 || failed > 0:
		found.Confidence = High
	case healthy > 0:
		found.Level, found.Confidence = Warn, Low
		found.because(FromHealth, amount.Of(healthy, "of these targets passes its health check", "of these targets pass their health checks")+" on that port: the rule may just have changed")
	}
	found.Evidence = found.Evidence[:min(len(found.Evidence), 6)]
}

// checksOf counts the targets of a finding whose health checks pass on the port that it is about, and those whose checks
// are not answered, as it would have it, and says so of the latter; none if the checks do not show it.
func (f *facts) checksOf(found *Finding) (healthy, late int) {
	for _, e := range f.endpoints {
		if !found.has(e) || found.unseen {
			continue
		}
		samePort := e.checkPort == e.port || strings.HasSuffix(found.ID, "health-check-port")
		switch {
		case found.Level == Fail && strings.HasSuffix(found.ID, ephemeral) && f.checksTimeOut(e):
			late++
			found.because(FromLog, e.label()+": some health checks pass, and others time out, as each comes from another port")
		case e.healthy() && samePort:
			healthy++
		case e.target.Reason == "Target.Timeout" || e.target.State == "OutOfService" || e.target.State == "unhealthy" && f.Balancer.Type == NetworkType:
			late++
			found.because(FromHealth, e.label()+": "+state(e.target))
		}
	}
	return healthy, late
}

// state is what the balancer says of a target.
func state(t *Target) string {
	text := t.State
	if t.Reason != "" && t.Reason != "N/A" {
		text += " (" + t.Reason + ")"
	}
	if t.Description != "" && t.Description != "N/A" {
		text += ": " + strings.TrimSuffix(t.Description, ".")
	}
	return text
}
