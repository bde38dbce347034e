package diagnose

import (
	"slices"
	"time"
)

// quiet is how long a target has to go on without failing in the same way before it is
// told that it has answered since.
const quiet = 5 * time.Minute

// hasAnswered reports whether each target of some failures was sent requests for a while
// after the last of them, the newest of which did not fail.
func (f *facts) hasAnswered(share func(Failure) int64) bool {
	type place struct{ group, target string }
	latest := func(m map[place]time.Time, at place, t time.Time) {
		if t.After(m[at]) {
			m[at] = t
		}
	}
	these, all, sent := map[place]time.Time{}, map[place]time.Time{}, map[place]time.Time{}
	for _, row := range f.failures() {
		at := place{row.Group, row.Target}
		latest(all, at, row.Last)
		if counted(row) && share(row) > 0 {
			latest(these, at, row.Last)
		}
	}
	if len(these) == 0 {
		return false
	}
	for _, t := range f.Logs.Traffic {
		latest(sent, place{t.Group, t.Target}, t.Last)
	}
	for at, last := range these {
		if at.target == "" || sent[at].Sub(last) < quiet || !sent[at].After(all[at]) {
			return false
		}
	}
	return true
}

// isOver reports whether connections to targets of a group that failed are over, by all
// that is seen, and when it was.
func (f *facts) isOver(g *Group, targets []string, share func(Failure) int64) (span string, over bool) {
	late := f.unlogged("TargetConnectionErrorCount", g.ARN, func(m Minute) int64 {
		return m.Reasons["Target_Connection_Error"] + m.Reasons["Target_Connect_Timeout"]
	})
	if late > 0 || slices.ContainsFunc(f.of(g), func(e endpoint) bool { return slices.Contains(targets, e.name()) && !e.healthy() }) || !f.hasAnswered(share) {
		return "", false
	}
	first, last := f.firstAndLast(share)
	return f.span(first, last), true
}

// firstAndLast are the times of some failures; zero if there are none.
func (f *facts) firstAndLast(share func(Failure) int64) (first, last time.Time) {
	for _, row := range f.failures() {
		if !counted(row) || share(row) == 0 || row.First.IsZero() {
			continue
		}
		if first.IsZero() || row.First.Before(first) {
			first = row.First
		}
		if row.Last.After(last) {
			last = row.Last
		}
	}
	return first, last
}

// span says when something was.
func (f *facts) span(first, last time.Time) string {
	if from, until := f.clock(first), f.clock(last); from != until {
		return "between " + from + " and " + until + " UTC"
	}
	return "at " + f.clock(first) + " UTC"
}
