package diagnose

import (
	"fmt"
	"time"

	"loglens/internal/amount"
)

// How long after its first request a target is new, and how long others of its group were there before.
const (
	stillNew    = 3 * time.Minute
	thereBefore = 10 * time.Minute
)

// failWhileNew are the findings that may come of targets that get requests before they can serve them, and what these do.
var failWhileNew = map[string]string{
	"target-port-refused":      "refuse connections",
	"target-closes-connection": "break requests off",
	"target-answers-5xx":       "answer 5xx",
}

// newTargets says of failures that nearly all are of targets that were new, one after another, that these get requests too
// early. A new target is healthy once it passes one check, whatever the threshold is.
//
// Source: AWS, "Health checks for Application Load Balancer target groups" and "Target group attributes" (slow start) of the
// Application Load Balancer guide, read 2026-12.
func (f *facts) newTargets(found *Finding) {
	what := failWhileNew[found.ID]
	if what == "" || len(found.Groups) != 1 {
		return
	}
	fresh := f.firstOfNew(found.Groups[0])
	young, all, long := int64(0), int64(0), time.Duration(0)
	targets := map[string]bool{}
	for _, row := range f.failures() {
		n := found.share(row)
		if all += n; n == 0 || groupName(row.Group) != found.Groups[0] {
			continue
		}
		if first, ok := fresh[row.Target]; ok && row.Last.Sub(first) <= stillNew {
			young, long = young+n, max(long, row.Last.Sub(first))
			targets[row.Target] = true
		}
	}
	if len(targets) < 2 || !areNearlyAll(young, all) {
		return
	}
	within, after := amount.Of(int64(long/time.Minute)+1, "minute", "minutes"), "not"
	if young < all {
		after = "hardly"
	}
	found.Sentence = fmt.Sprintf("New targets of %s %s, %d of them, within %s of their first request, and %s after: they pass the health check before they can serve.", found.Groups[0], what, len(targets), within, after)
	found.Do = "let the path of the health check answer only once the application serves: a new target has to pass one check, whatever the threshold, and gets its whole share at once unless slow_start.duration_seconds is set"
	if found.Level == Note {
		found.Level = Warn
	}
	for _, g := range f.groups {
		if g.Name == found.Groups[0] && g.Attributes[attrSlowStart] != "" {
			found.because(FromConfig, attrSlowStart+" of "+g.Name+" is "+g.Attributes[attrSlowStart])
		}
	}
	found.because(FromLog, fmt.Sprintf("%d of these failures were within %s of their target's first request, which came while others had requests", young, within))
}

// firstOfNew is when targets of a group got their first request, of those that came while others were there.
func (f *facts) firstOfNew(group string) map[string]time.Time {
	var begin time.Time
	fresh := map[string]time.Time{}
	for _, t := range f.traffic() {
		if groupName(t.Group) != group || t.Target == "" || t.First.IsZero() {
			continue
		}
		fresh[t.Target] = t.First
		if begin.IsZero() || t.First.Before(begin) {
			begin = t.First
		}
	}
	for target, first := range fresh {
		if first.Sub(begin) < thereBefore {
			delete(fresh, target)
		}
	}
	return fresh
}
