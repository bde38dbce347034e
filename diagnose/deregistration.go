package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"loglens/internal/amount"
)

// deregistered tells failures of targets that leave, or have left, the group, where that is known. A
// target that leaves gets no new requests: what failed longer than the delay before its last one failed
// while it was registered.
func (f *facts) deregistered(g *Group) func(Failure) bool {
	if !f.addressed(g) || f.Target != "" || f.Balancer.Type == Classic {
		return func(Failure) bool { return false }
	}
	var here []string
	for _, e := range f.whole(g) {
		if e.target.State != "draining" {
			here = append(here, e.name())
		}
	}
	last := map[string]time.Time{} // requests to targets
	for _, t := range f.traffic() {
		if t.Group == g.ARN && t.Last.After(last[t.Target]) {
			last[t.Target] = t.Last
		}
	}
	return func(row Failure) bool {
		return row.Target != "" && row.TargetStatus < 0 && row.Status == 502 && !slices.Contains(here, row.Target) &&
			last[row.Target].Sub(row.First) <= g.delay()+time.Minute
	}
}

// delay is how long a target that leaves may take to end its requests.
func (g *Group) delay() time.Duration {
	return time.Duration(numeric(g.Attributes, attrDelay, 300)) * time.Second
}

// deregistering looks for requests that were cut off when their target had left.
func (f *facts) deregistering(g *Group) *Finding {
	gone := f.deregistered(g)
	share := those(func(row Failure) bool {
		return row.Group == g.ARN && (row.Reason == "Target_Closed_Connection" || row.Reason == "Target_Connection_Error") && gone(row)
	})
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	delay := g.delay().Seconds()
	slowest := f.slowest(g)
	found := finding("deregistration-delay-too-short", fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: the deregistration delay of %s s is too short for them.", whom(names, g), number(delay)))
	found.Targets, found.share = names, share
	found.because(FromLog, amount.Of(n, "request", "requests")+" to targets that are draining or not registered any more got 502")
	found.because(FromConfig, taken(g.Attributes, attrDelay+" of "+g.Name, delay))
	if slowest > 0 {
		found.because(FromLog, fmt.Sprintf("the slowest answer of the group took %.1f s", slowest))
	}
	found.rival("target-closes-connection", "a process that crashed, and whose target was replaced for that; its log tells")
	// What the end of the delay cuts off was under way for as long, if there is one.
	cut := f.sum(where(func(row Failure) bool { return share(row) > 0 && row.Reason == "Target_Closed_Connection" },
		func(row Failure) int64 { return row.Count - row.Quick }))
	if g.Attributes == nil {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: its process stops before the balancer has let go of it, or the deregistration delay, which could not be read, is too short for them.", whom(names, g))
		return found
	}
	if slowest < delay || cut == 0 && delay > 0 {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: its process stops before the balancer has let go of it, within the deregistration delay of %s s.", whom(names, g), number(delay))
		found.Do = runOn
		return found // a longer delay would be as little help
	}
	found.Confidence = High
	f.groupAttribute(found, g, attrDelay, strconv.Itoa(min(3600, max(60, int(2*max(slowest, delay))))))
	return found
}
