package diagnose

import (
	"cmp"
	"slices"
	"strconv"
)

// counted reports whether a failure is one that is to be explained: an outage, not
// what a client or a policy did. 464 is a client's by its name, and a setting's by
// its cause.
func counted(f Failure) bool {
	return f.Class != "client" && f.Class != "policy" || f.Reason == "Protocol_Mismatch"
}

// failures, traffic and logMinutes are what the logs have; nothing if there are none.

func (f *facts) failures() []Failure {
	if f.Logs == nil {
		return nil
	}
	if f.rows != nil {
		return f.rows
	}
	return f.Logs.Failures
}

func (f *facts) traffic() []Traffic {
	if f.Logs == nil {
		return nil
	}
	return f.Logs.Traffic
}

func (f *facts) logMinutes() []Minute {
	if f.Logs == nil {
		return nil
	}
	return f.Logs.Minutes
}

// sum adds up a share of all failures that count.
func (f *facts) sum(share func(Failure) int64) (n int64) {
	for _, row := range f.failures() {
		if counted(row) {
			n += share(row)
		}
	}
	return n
}

// sumAll adds up a share of all failures, those that do not count included.
func (f *facts) sumAll(share func(Failure) int64) (n int64) {
	for _, row := range f.failures() {
		n += share(row)
	}
	return n
}

// sumBy adds up a share of all failures by what they have in common.
func (f *facts) sumBy(key func(Failure) string, share func(Failure) int64) map[string]int64 {
	sums := map[string]int64{}
	for _, row := range f.failures() {
		if n := share(row); n > 0 {
			sums[key(row)] += n
		}
	}
	return sums
}

func byReason(row Failure) string { return row.Reason }

func byStatus(row Failure) string { return strconv.FormatInt(row.Status, 10) }

func byTarget(row Failure) string { return row.Target }

// where is the part of a share that is of some failures.
func where(which func(Failure) bool, share func(Failure) int64) func(Failure) int64 {
	return func(row Failure) int64 {
		if !which(row) {
			return 0
		}
		return share(row)
	}
}

// those is the share that is all of some failures.
func those(which func(Failure) bool) func(Failure) int64 { return where(which, Failure.all) }

func (row Failure) all() int64 { return row.Count }

// to is the part of a share that is of requests to some targets.
func to(share func(Failure) int64, targets ...string) func(Failure) int64 {
	return where(func(row Failure) bool { return slices.Contains(targets, row.Target) }, share)
}

// reasons is the share of failures for these reasons, to these targets; without
// targets, in these groups; without groups, anywhere.
func (f *facts) reasons(found *Finding, reasons ...string) func(Failure) int64 {
	return those(func(row Failure) bool { return slices.Contains(reasons, row.Reason) && f.about(found, row) })
}

// upTo is a share of no more failures than a metric counts, over all rows, but for those that came apart from it.
func (f *facts) upTo(n float64, apart int64, share func(Failure) int64) func(Failure) int64 {
	all := f.sum(share)
	n = min(n, float64(max(0, all-apart)))
	return func(row Failure) int64 { return share(row) * int64(n) / max(all, 1) }
}

// apart counts failures of periods in which, and next to which, a metric counts nothing: they are none of those
// that it counts. What came within the last minutes it may not have yet.
func (f *facts) apart(metric string, failures func(Minute) int64) (n int64) {
	if f.Metrics == nil {
		return 0
	}
	counts, period := f.byPeriod(f.series(metric, "")), f.period()
	for _, m := range f.logMinutes() {
		at := m.Minute.UTC().Truncate(period)
		if counts[at.Add(-period)]+counts[at]+counts[at.Add(period)] == 0 && f.Taken.Sub(m.Minute) > recently {
			n += failures(m)
		}
	}
	return n
}

// forReasons counts the requests of a minute that failed for some reasons.
func forReasons(reasons ...string) func(Minute) int64 {
	return func(m Minute) (n int64) {
		for _, reason := range reasons {
			n += m.Reasons[reason]
		}
		return n
	}
}

func (m Minute) all() int64 { return m.Requests }

// ended counts the requests of a minute that have a reason, whatever it is.
func (m Minute) ended() (n int64) {
	for _, some := range m.Reasons {
		n += some
	}
	return n
}

// brokenOffAtOnce counts the requests of a minute that targets broke off as soon as they were sent.
func (m Minute) brokenOffAtOnce() int64 { return m.Reasons["Target_Closed_Connection"] - m.Later }

// ofGroup is the share of failures for a reason whose lines name this very group.
func (f *facts) ofGroup(g *Group, reason string) func(Failure) int64 {
	return those(func(row Failure) bool { return row.Reason == reason && row.Group == g.logARN(f) })
}

// about reports whether a failure is of what a finding is about.
func (f *facts) about(found *Finding, row Failure) bool {
	switch {
	case len(found.Targets) > 0 && row.Target != "":
		return slices.Contains(found.Targets, row.Target)
	case len(found.Groups) > 0 && row.Group != "":
		g := f.group(row.Group)
		return g != nil && slices.Contains(found.Groups, g.Name)
	}
	return true
}

// requests are all that the logs have.
func (f *facts) requests() int64 { return f.requestsOf(func(Traffic) bool { return true }) }

// requestsOf are those of some of the traffic.
func (f *facts) requestsOf(which func(Traffic) bool) (n int64) {
	for _, t := range f.traffic() {
		if which(t) {
			n += t.Requests
		}
	}
	return n
}

// minutesOf is what the logs have of a group, by time.
func (f *facts) minutesOf(g *Group) []*Minute { return f.minutes[g.logARN(f)] }

// inMinutes are some of the requests of some minutes, and all of these.
func inMinutes(list []*Minute, part func(Minute) bool, some func(Minute) int64) (n, all int64) {
	for _, m := range list {
		if part(*m) {
			n, all = n+some(*m), all+m.Requests
		}
	}
	return n, all
}

// inLastMinutes are some of the requests of the last minutes that logs have, and all of these.
func (f *facts) inLastMinutes(some func(Minute) int64) (n, all int64) {
	for _, m := range f.logMinutes() {
		if f.Logs.Last.Sub(m.Minute) < recently {
			n, all = n+some(m), all+m.Requests
		}
	}
	return n, all
}

// concerns reports whether what went to a target, or to none, is of the question.
func (f *facts) concerns(target string) bool { return target == "" || f.asked(target) }

// observed sums the logs up: what went to the target that was asked about, or to none; all of it, if
// none was.
func (f *facts) observed(list []*Finding) Observed {
	o := Observed{Logs: f.hasAccess(), Target: f.Target}
	o.Requests = f.requestsOf(func(t Traffic) bool { return f.concerns(t.Target) })
	for _, row := range f.failures() {
		if !f.concerns(row.Target) {
			continue
		}
		if counted(row) {
			o.Failures += row.Count
			o.Explained += explained(row, list)
			continue
		}
		at := slices.IndexFunc(o.NotCounted, func(n NotCounted) bool { return n.Reason == row.Reason && n.Class == row.Class })
		if at < 0 {
			at = len(o.NotCounted)
			o.NotCounted = append(o.NotCounted, NotCounted{Reason: row.Reason, Class: row.Class})
		}
		o.NotCounted[at].Requests += row.Count
	}
	slices.SortFunc(o.NotCounted, func(a, b NotCounted) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Class, b.Class))
	})
	return o
}

// explained is how many of some failures at least one finding explains.
func explained(row Failure, list []*Finding) int64 {
	most, parts := int64(0), int64(0)
	for _, found := range list {
		if found.share != nil && found.ID != "unexplained-failures" && found.ID != "no-usable-target" {
			most = max(most, found.share(row))
			if (row.Reason == "Target_Connection_Error" || row.Reason == "Target_Closed_Connection") && slices.Contains(apart, found.ID) {
				parts += found.share(row)
			}
		}
	}
	return max(most, min(parts, row.Count))
}

// total adds up a metric.
func (f *facts) total(name, group string) (sum float64) {
	for _, p := range f.series(name, group) {
		sum += p.Value
	}
	return sum
}

// measured reports whether there is any point of a metric: none is not zero.
func (f *facts) measured(name, group string) bool { return len(f.series(name, group)) > 0 }

// series are the points of a metric; nil if it was not read.
func (f *facts) series(name, group string) []Point {
	for _, s := range f.Metrics {
		if s.Name == name && s.Group == group {
			return s.Points
		}
	}
	return nil
}

// met are the requests to a target that are of a share of its group's failures.
func (f *facts) met(e endpoint, share func(Failure) int64) int64 { return f.sum(to(share, e.name())) }

// served are the requests that a target answered: those of some groups, which it may be in
// together; without groups, all that came to its port.
func (f *facts) served(e endpoint, groups ...string) int64 {
	of := func(group, target string) bool {
		return target == e.name() && (len(groups) == 0 || slices.Contains(groups, group))
	}
	sent := f.requestsOf(func(t Traffic) bool { return of(t.Group, t.Target) })
	failed := f.sumAll(those(func(row Failure) bool { return of(row.Group, row.Target) && row.TargetStatus < 0 }))
	return max(0, sent-failed)
}
