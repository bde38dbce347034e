package diagnose

import (
	"fmt"
	"strconv"

	"loglens/internal/amount"
)

// checksOverlap looks for a timeout that is not below the interval.
func (f *facts) checksOverlap(g *Group) *Finding {
	c := g.Check
	// A network balancer takes them alike, as does a gateway balancer, and some set-ups have both at 10 s.
	alike := f.Balancer.Type == NetworkType || f.Balancer.Type == Gateway
	if c.Interval <= 0 || c.Timeout < c.Interval || c.Timeout == c.Interval && alike {
		return nil
	}
	found := finding("health-check-timeout-not-below-interval", fmt.Sprintf("The health check of %s has a timeout of %d s and an interval of %d s: checks overlap.", g.Name, c.Timeout, c.Interval))
	found.onGroup(g)
	found.Confidence = High
	found.because(FromConfig, "health check of "+g.Name+": "+c.words())
	if f.Balancer.Type != Classic {
		f.modifyGroup(found, g, []string{"--health-check-timeout-seconds", strconv.Itoa(max(2, c.Interval/2))}, []string{"--health-check-timeout-seconds", strconv.Itoa(c.Timeout)})
	}
	return found
}

// checksTooShort looks for targets that answer just within the timeout, and not within it.
func (f *facts) checksTooShort(g *Group) *Finding {
	c := g.Check
	found := finding("health-check-timeout-too-short", fmt.Sprintf("Targets of %s answer the health check in just under its timeout of %d s, or not within it.", g.Name, c.Timeout))
	least := c.Timeout + 1 // of a timeout that lets all of them answer
	for _, e := range f.of(g) {
		slow, late := f.slowChecks(e)
		passed := late > 0 && slow >= 0.8*float64(c.Timeout)
		p := f.probe(e, true)
		answered := p.ended(ProbeAnswered) && e.unanswered(f.Balancer.Type) && p.Millis > int64(c.Timeout)*1000
		if !e.failing() || !passed && !answered {
			continue
		}
		found.on(e)
		if answered {
			least = max(least, int(p.Millis/1000)+1)
			found.because(FromProbe, fmt.Sprintf("%s answered after %.1f s", p.Address, float64(p.Millis)/1000))
		}
		if passed && len(found.Evidence) < 4 {
			found.because(FromLog, fmt.Sprintf("%s: %s timed out, and one that passed took %.1f s", e.label(), amount.Of(late, "check", "checks"), slow))
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	found.Confidence = High
	found.because(FromConfig, "health check of "+g.Name+": "+c.words())
	slow := f.ofGroup(g, "Target_Response_Timeout") // most to those that checks have not taken out
	switch {
	case !f.fewFailed(g, slow, "Target_Response_Timeout"):
		_, last := f.firstAndLast(slow)
		found.Confidence = Medium
		found.because(FromLog, fmt.Sprintf("%d requests to %s were not answered in time, either, the last at %s UTC: with a longer timeout of the check, targets that are too slow would only be sent more", f.sum(slow), g.Name, f.clock(last)))
		found.Do = fmt.Sprintf("look at what keeps %s from answering, requests as well: load, threads, what is waited for; a stack trace of the process tells", amount.Noun(len(found.Targets), "this target", "these targets"))
	case f.Balancer.Type != Classic:
		f.checkLonger(found, g, least)
	}
	return found
}

// checkLonger lets the health check wait longer, for so many seconds at least, in a longer interval if need be.
func (f *facts) checkLonger(found *Finding, g *Group, least int) {
	c := g.Check
	timeout := min(c.Timeout*3, max(c.Interval-1, c.Timeout), 120)
	change := []string{"--health-check-timeout-seconds", strconv.Itoa(timeout)}
	if timeout < least {
		timeout = min(max(c.Timeout*2, least), 120)
		change = []string{"--health-check-timeout-seconds", strconv.Itoa(timeout), "--health-check-interval-seconds", strconv.Itoa(min(max(c.Interval*2, timeout)+1, 300))}
	}
	f.modifyGroup(found, g, change, []string{"--health-check-timeout-seconds", strconv.Itoa(c.Timeout), "--health-check-interval-seconds", strconv.Itoa(c.Interval)})
}

// slowChecks are the slowest check of a target that passed, in seconds, and how many
// timed out.
func (f *facts) slowChecks(e endpoint) (slow float64, late int64) {
	for _, c := range f.loggedChecks(e) {
		if c.Pass {
			slow = max(slow, c.Slowest)
		} else if timedOut(c.Reason) {
			late += c.Checks
		}
	}
	return slow, late
}

// timeoutReason reports whether the balancer says that a check was not answered in time.
func timeoutReason(t *Target) bool { return t.Reason == "Target.Timeout" }

// timedOut reports whether health check logs say so.
func timedOut(reason string) bool {
	return reason == "TimedOut" || reason == "RequestTimedOut" || reason == "ConnectionTimedOut"
}
