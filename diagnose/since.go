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
func (f *facts) hasAnswered(share func(Failure) int64) bool { return f.answeredFor(share) >= quiet }

// answeredFor is for how long each target of some failures was sent requests after the last
// of them; 0 if the newest of its requests failed.
func (f *facts) answeredFor(share func(Failure) int64) time.Duration {
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
		return 0
	}
	for _, t := range f.Logs.Traffic {
		latest(sent, place{t.Group, t.Target}, t.Last)
	}
	var shortest time.Duration
	for at, last := range these {
		if at.target == "" || !sent[at].After(all[at]) {
			return 0
		}
		if d := sent[at].Sub(last); shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return shortest
}

// isOver reports whether failures of a group's targets are over, by all that is seen, and
// when it was. late is what metrics count of them after the logs. What comes now and then
// is over only after a longer rest than it had before.
func (f *facts) isOver(g *Group, targets []string, share func(Failure) int64, late float64) (span string, over bool) {
	if late > 0 || slices.ContainsFunc(f.of(g), func(e endpoint) bool { return slices.Contains(targets, e.name()) && !e.healthy() }) {
		return "", false
	}
	if since := f.answeredFor(share); since < quiet || since < 2*f.longestRest(g, share) {
		return "", false
	}
	first, last := f.firstAndLast(share)
	return f.span(first, last), true
}

// longestRest is the longest time between some failures of a group, by the minutes that
// have any for the same reasons.
func (f *facts) longestRest(g *Group, share func(Failure) int64) (longest time.Duration) {
	reasons := map[string]bool{}
	for _, row := range f.failures() {
		reasons[row.Reason] = reasons[row.Reason] || counted(row) && share(row) > 0
	}
	_, last := f.firstAndLast(share)
	var before time.Time
	for _, m := range f.Logs.Minutes { // by time
		has := false
		for reason, n := range m.Reasons {
			has = has || n > 0 && reasons[reason]
		}
		if m.Group != g.logARN(f) || !has || m.Minute.After(last) {
			continue
		}
		if !before.IsZero() {
			longest = max(longest, m.Minute.Sub(before))
		}
		before = m.Minute
	}
	return longest
}

// lateConnections are the failed connections of a group that metrics count after the logs.
func (f *facts) lateConnections(g *Group) float64 {
	return f.unlogged("TargetConnectionErrorCount", g.ARN, func(m Minute) int64 {
		return m.Reasons["Target_Connection_Error"] + m.Reasons["Target_Connect_Timeout"]
	})
}

// lateAnswers are the balancer's answers of a status that metrics count after the logs, of
// all groups.
func (f *facts) lateAnswers(status string) float64 {
	return f.unlogged("HTTPCode_ELB_"+status+"_Count", "", func(m Minute) int64 { return m.Statuses[status] })
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
