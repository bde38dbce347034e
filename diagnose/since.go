package diagnose

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// quiet is how long a target has to go on without failing in the same way before it is
// told that it has answered since.
const quiet = 5 * time.Minute

// hasAnswered reports whether each target of some failures was sent requests for a while
// after the last of them, the newest of which did not fail.
func (f *facts) hasAnswered(share func(Failure) int64) bool {
	return f.answeredFor(among(share)) >= quiet
}

// answeredFor is for how long each target of some failures was sent requests after the last
// of them; 0 if the newest of its requests failed: it was not answered, and not as a few are not at any time, since a
// client left or for another reason. Logs do not name a function: what is sent to its group is sent to it.
func (f *facts) answeredFor(which func(Failure) bool) time.Duration {
	type place struct{ group, target string }
	latest := func(m map[place]time.Time, at place, t time.Time) {
		if t.After(m[at]) {
			m[at] = t
		}
	}
	these, sent := map[place]time.Time{}, map[place]time.Time{}
	for _, row := range f.failures() {
		if which(row) {
			latest(these, place{row.Group, row.Target}, row.Last)
		}
	}
	for _, t := range f.traffic() {
		latest(sent, place{t.Group, t.Target}, t.Last)
	}
	for _, row := range f.failures() {
		at := place{row.Group, row.Target}
		if last, ok := these[at]; ok && !sent[at].After(row.Last) && (which(row) || row.TargetStatus < 0 && !f.fewEndSo(row, last)) {
			return 0
		}
	}
	var shortest time.Duration
	for at, last := range these {
		if g := f.group(at.group); at.target == "" && (g == nil || g.Type != "lambda") {
			return 0
		}
		if d := sent[at].Sub(last); shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return shortest
}

// fewEndSo reports whether a request that a target did not answer says nothing of the target: few of all to it ended so,
// and few of all to its group since some time. Clients leave all targets alike; of other failures, all of the group's may
// be this target's, which then answered nothing since.
func (f *facts) fewEndSo(row Failure, since time.Time) bool {
	few := func(n, all int64) bool { return float64(n) < tooMany*float64(all) }
	ended := f.sumAll(those(func(other Failure) bool { // of other nodes as well
		return other.Reason == row.Reason && other.Group == row.Group && other.Target == row.Target
	}))
	var all, targets int64
	for _, t := range f.traffic() {
		switch {
		case t.Group != row.Group:
		case t.Target == row.Target:
			all, targets = all+t.Requests, targets+1
		case t.Target != "":
			targets++
		}
	}
	later, sent := inMinutes(f.minutes[row.Group], func(m Minute) bool { return m.Minute.After(since) }, forReasons(row.Reason))
	if row.Reason != "Client_Closed" {
		later *= targets
	}
	return few(ended, all) && few(later, sent)
}

// targetsSince is for how long targets of each group that had none for some failures were sent
// requests after the last of them, the newest of which they answered.
func (f *facts) targetsSince(share func(Failure) int64) time.Duration {
	last, sent := map[string]time.Time{}, map[string]time.Time{}
	for _, row := range f.failures() {
		if among(share)(row) && row.Last.After(last[row.Group]) {
			last[row.Group] = row.Last
		}
	}
	for _, t := range f.traffic() {
		answered := !slices.ContainsFunc(f.failures(), func(row Failure) bool {
			return row.Group == t.Group && row.Target == t.Target && row.TargetStatus < 0 && !row.Last.Before(t.Last)
		})
		if t.Target != "" && answered && t.Last.After(sent[t.Group]) {
			sent[t.Group] = t.Last
		}
	}
	var shortest time.Duration
	for group, at := range last {
		if d := max(0, sent[group].Sub(at)); shortest == 0 || d < shortest {
			shortest = d
		}
		if shortest == 0 {
			break
		}
	}
	return shortest
}

// isOver reports whether failures of a group's targets are over, by all that is seen, and
// when it was. late is what metrics count of them after the logs. What comes now and then
// is over only after a longer rest than it had before.
func (f *facts) isOver(g *Group, targets []string, share func(Failure) int64, late float64) (span string, over bool) {
	return f.areOver(g, targets, among(share), late)
}

// areOver is isOver for any requests that ended so, those that clients gave up included.
func (f *facts) areOver(g *Group, targets []string, which func(Failure) bool, late float64) (span string, over bool) {
	these := func(row Failure) bool { return f.concerns(row.Target) && which(row) }
	if late > 0 || slices.ContainsFunc(f.of(g), func(e endpoint) bool {
		return slices.Contains(targets, e.name()) && (!e.healthy() || e.target.Anomalous) || g.Type == "lambda" && e.failing()
	}) {
		return "", false
	}
	if !f.isRest(f.answeredFor(these), these) {
		return "", false
	}
	return f.span(f.timesOf(these)), true
}

// areRare reports whether so few requests to a group failed for some reasons that it is no outage: one or two, or
// few of the window and of the last minutes that logs have; and by what metrics count after these, where late may be
// of other groups, too. It is one where a target fails, or is unhealthy, however few of the requests it gets.
func (f *facts) areRare(g *Group, share func(Failure) int64, late float64, reasons ...string) bool {
	after := f.unlogged("RequestCount", g.logARN(f), Minute.all)
	return f.fewFailed(g, share, reasons...) && late <= fewFailures*after && !f.fails(g, share)
}

// fewFailed reports whether one or two requests to a group failed for some reasons, or few of the window and of the last
// minutes that logs have.
func (f *facts) fewFailed(g *Group, share func(Failure) int64, reasons ...string) bool {
	_, _, rate := f.spread(g, share)
	failed, all := f.lastMinutes(g, reasons...)
	return f.sum(share) < 3 || rate < fewFailures && float64(failed) <= fewFailures*float64(all)
}

// lastMinutes are the requests to a group in the last minutes that logs have, and those that failed for some
// reasons.
func (f *facts) lastMinutes(g *Group, reasons ...string) (failed, all int64) {
	return inMinutes(f.minutesOf(g), func(m Minute) bool { return !m.Minute.Before(f.logsEnd().Add(-recently)) }, forReasons(reasons...))
}

// fails reports whether a target with some failures is unhealthy, or no small part of its requests failed so, or no
// few of those to some targets, the newest of all among them.
func (f *facts) fails(g *Group, share func(Failure) int64) bool {
	own, group := f.own(g, share), g.logARN(f)
	failed, newest := map[string]int64{}, map[string]time.Time{} // by target
	for _, row := range f.failures() {
		if row.Group == group && row.Target != "" {
			if failed[row.Target] += own(row); row.Last.After(newest[row.Target]) {
				newest[row.Target] = row.Last
			}
		}
	}
	last := maps.Clone(failed) // of targets that have answered nothing since
	for _, t := range f.traffic() {
		if t.Group == group && t.Last.After(newest[t.Target]) {
			delete(last, t.Target)
		}
	}
	most, sum := int64(0), int64(0)
	for _, n := range last {
		most = max(most, n)
	}
	for _, e := range f.of(g) { // to others nothing came since they left
		sum += last[e.name()]
	}
	if unnamed := to(own, ""); f.Balancer.Type == Classic && f.targetsSince(unnamed) == 0 { // whose logs do not say who did not answer
		sum += f.sum(unnamed)
	}
	return max(most, sum) >= fewRequests || len(f.mostly(g, share)) > 0 ||
		slices.ContainsFunc(f.of(g), func(e endpoint) bool {
			n := failed[e.name()]
			return n > 0 && (e.failing() || e.target.Anomalous || manyOf(n, n+f.served(e, group)))
		})
}

// ofAsked is the part of a share that concerns the target that was asked about; all of it, if none was.
func (f *facts) ofAsked(share func(Failure) int64) func(Failure) int64 {
	return where(func(row Failure) bool { return f.concerns(row.Target) }, share)
}

// passSince reports whether targets to which no connection came about pass health checks on that very
// port now, so long after it that they were seen to fail in between, and when it was. Nothing, or little,
// was sent to them since. Checks may pass all the while of those that answered some requests, which says
// nothing of what came after the logs and metrics.
func (f *facts) passSince(g *Group, targets []string, share func(Failure) int64, late float64) (span string, over bool) {
	if f.Balancer.Type == Classic { // metrics count failed checks of its own beside requests, and of all groups
		return "", false
	}
	if g.speaksTLS() && g.Check.Protocol == "HTTP" { // which passes where handshakes fail
		return "", false
	}
	share = f.ofAsked(share)
	first, last := f.firstAndLast(share)
	seen := time.Duration(g.Check.Unhealthy*g.Check.Interval) * time.Second // until checks that fail show
	end := f.Taken
	if slices.ContainsFunc(f.of(g), func(e endpoint) bool { return slices.Contains(targets, e.name()) && f.served(e, g.logARN(f)) > 0 }) {
		end = f.Until
		if f.Metrics == nil {
			end = f.logsEnd()
		}
	}
	if late > 0 || last.IsZero() || f.Taken.Sub(last) < seen || !f.isRest(end.Sub(last), among(share)) {
		return "", false
	}
	for _, t := range targets {
		if e, ok := f.called(g, t); !ok || !e.healthy() || e.target.Anomalous || e.checkedApart() {
			return "", false
		}
	}
	return f.span(first, last), len(targets) > 0
}

// isRest reports whether it is so long ago that some failures came that they are over.
func (f *facts) isRest(since time.Duration, which func(Failure) bool) bool {
	return since >= quiet && since >= 2*f.longestRest(which)
}

// among tells failures of a share.
func among(share func(Failure) int64) func(Failure) bool {
	return func(row Failure) bool { return counted(row) && share(row) > 0 }
}

// longestRest is the longest time between some failures, by minutes.
func (f *facts) longestRest(which func(Failure) bool) (longest time.Duration) {
	var before time.Time
	for _, m := range f.minutesWith(which) {
		if m.these == 0 {
			continue
		}
		if !before.IsZero() {
			longest = max(longest, m.from.Sub(before))
		}
		before = m.from
	}
	return longest
}

// minutesWith are the minutes up to the last of some failures of the groups that have any, with those that came for the
// same reasons, as answers of the balancer with the same status: one reason may be that of a login that is refused, and
// of a provider that fails.
func (f *facts) minutesWith(which func(Failure) bool) (list []part) {
	told := slices.ContainsFunc(f.logMinutes(), func(m Minute) bool { return m.Later > 0 })
	var these []likeness
	var last time.Time
	for _, row := range f.failures() {
		if which(row) {
			these = add(these, likenessOf(row, told))
			if row.Last.After(last) {
				last = row.Last
			}
		}
	}
	for _, m := range f.logMinutes() { // by time
		if m.Minute.After(last) || !slices.ContainsFunc(these, func(k likeness) bool { return k.group == m.Group }) {
			continue
		}
		if len(list) == 0 || !list[len(list)-1].from.Equal(m.Minute) {
			list = append(list, part{from: m.Minute})
		}
		p := &list[len(list)-1]
		p.all += m.Requests
		for _, k := range these {
			p.these += k.in(m)
		}
	}
	return list
}

// likeness is by what minutes tell failures from others.
type likeness struct {
	group, reason, status string // status of the balancer's answer; "" for any
	atOnce, later         bool   // of those that were broken off, each of which came otherwise
	apart                 apartness
}

// likenessOf is by what minutes tell failures such as these; told says whether they have which of those that were
// broken off came later.
func likenessOf(row Failure, told bool) likeness {
	closed := row.Reason == "Target_Closed_Connection"
	k := likeness{row.Group, row.Reason, "", closed && row.Quick == row.Count, closed && row.Quick == 0 && told, row.Apart}
	if row.TargetStatus < 0 && row.Status >= 0 {
		k.status = strconv.FormatInt(row.Status, 10)
	}
	return k
}

// in is how many a minute has.
func (k likeness) in(m Minute) int64 {
	n := m.Reasons[k.reason]
	switch {
	case k.group != m.Group:
		return 0
	case k.atOnce:
		n = m.brokenOffAtOnce()
	case k.later:
		n = m.Later
	case k.apart == idleApart:
		n = m.Idle
	case k.apart == othersApart:
		n -= m.Idle
	}
	if k.status != "" && len(m.Statuses) > 0 {
		n = min(n, m.Statuses[k.status])
	}
	return n
}

// lateConnections are the failed connections of a group that metrics count after the logs, and that may be more of a
// share of them.
func (f *facts) lateConnections(g *Group, share func(Failure) int64) float64 {
	return f.unlessOthers(f.unlogged("TargetConnectionErrorCount", g.ARN, unconnected), share, f.minutesOf(g), unconnected)
}

// lateLike are the balancer's answers of a status that metrics count after the logs, of all groups, and that may be more
// of a share of them.
func (f *facts) lateLike(status string, share func(Failure) int64) float64 {
	return f.unlessOthers(f.lateAnswers(status), share, slices.Concat(slices.Collect(maps.Values(f.minutes))...), func(m Minute) int64 { return m.Statuses[status] })
}

// unlessOthers is what metrics count after the logs of what is alike in minutes; 0 where others than those of a share
// have come in logs since the last of these, so many a minute that it is most likely more of them.
func (f *facts) unlessOthers(late float64, share func(Failure) int64, minutes []*Minute, alike func(Minute) int64) float64 {
	_, last := f.firstAndLast(share)
	if last.IsZero() || f.logsEnd().Sub(last) < quiet {
		return late
	}
	rest := f.logsEnd().Sub(last)
	others, _ := inMinutes(minutes, func(m Minute) bool { return m.Minute.After(last) }, alike)
	if late > 2*float64(others)*f.Until.Sub(f.logsEnd()).Minutes()/rest.Minutes() {
		return late
	}
	return 0
}

// lateTLS are the connections of a group whose TLS failed, which logs do not tell from others.
func (f *facts) lateTLS(g *Group) float64 {
	return f.unlogged("TargetTLSNegotiationErrorCount", g.ARN, unconnected)
}

// unconnectedReasons are those of requests for which no connection came about.
var unconnectedReasons = []string{"Target_Connection_Error", "Target_Connect_Timeout"}

var unconnected = forReasons(unconnectedReasons...)

// lateAnswers are the balancer's answers of a status that metrics count after the logs, of
// all groups.
func (f *facts) lateAnswers(status string) float64 {
	return f.unlogged("HTTPCode_ELB_"+status+"_Count", "", func(m Minute) int64 { return m.Statuses[status] })
}

// lateOf are the 5xx of the balancer that metrics count after the logs, of all groups, but for those with a status that
// some failures did not have.
func (f *facts) lateOf(share func(Failure) int64) float64 { return f.lateAs(among(share)) }

// lateAs is lateOf for any requests that ended so, those included that count as no failures.
func (f *facts) lateAs(which func(Failure) bool) float64 {
	n := f.lateErrors()
	had := f.sumBy(byStatus, those(which))
	for _, status := range countedStatuses {
		if had[status] == 0 {
			n -= f.lateAnswers(status)
		}
	}
	return max(0, n)
}

// lateErrors are the 5xx of the balancer that metrics count after the logs.
func (f *facts) lateErrors() float64 {
	return f.unlogged(f.errorMetric(), "", Minute.errors)
}

// firstAndLast are the times of the failures of a share; zero if there are none.
func (f *facts) firstAndLast(share func(Failure) int64) (first, last time.Time) {
	return f.timesOf(among(share))
}

// timesOf are those of some failures.
func (f *facts) timesOf(which func(Failure) bool) (first, last time.Time) {
	for _, row := range f.failures() {
		if !which(row) || row.First.IsZero() {
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
