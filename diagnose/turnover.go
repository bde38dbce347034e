package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

// turnover tells which targets began to get requests, or got no more of them, while others of their group went on: a
// deployment, Auto Scaling, or targets that were lost one after another. What fails since then may come of it.
func (f *facts) turnover() (list []string) {
	for _, g := range f.groups {
		var targets []Traffic
		for _, t := range f.traffic() {
			if t.Group == g.logARN(f) && t.Target != "" && !t.First.IsZero() {
				targets = append(targets, t)
			}
		}
		if len(targets) == 0 {
			continue
		}
		start := slices.MinFunc(targets, func(a, b Traffic) int { return a.First.Compare(b.First) }).First
		end := slices.MaxFunc(targets, func(a, b Traffic) int { return a.Last.Compare(b.Last) }).Last
		all := countIn(f.minutesOf(g), func(m *Minute) (time.Time, int64) { return m.Minute, m.Requests })
		var came, went []time.Time
		for _, t := range targets {
			if t.seldomRests(start, t.First, all) {
				came = append(came, t.First)
			}
			if t.seldomRests(t.Last, end, all) {
				went = append(went, t.Last)
			}
		}
		var parts []string
		tell := func(at []time.Time, which string) {
			if n := len(at); n > 0 {
				slices.SortFunc(at, time.Time.Compare)
				parts = append(parts, fmt.Sprintf("%s got %s %s request %s", amount.Of(n, "target", "targets"), amount.Noun(n, "its", "their"), which, f.span(at[0], at[n-1])))
			}
		}
		tell(came, "first")
		tell(went, "last")
		if len(parts) > 0 && len(list) < mostTurnovers {
			list = append(list, g.Name+": "+strings.Join(parts, ", "))
		}
	}
	return list
}

// mostTurnovers is of how many groups it is told which targets came and went.
const mostTurnovers = 3

// seldomRests reports whether what is used as often as it was, and as large a part of all that is counted as it was, would
// hardly ever rest from one time to another: at night, nobody comes for long.
func (t Traffic) seldomRests(from, until time.Time, all func(from, until time.Time) int64) bool {
	const times = 10 // of what passes from one request to the next: by chance once in 22,000
	d := until.Sub(from)
	return t.Requests >= fewRequests && d >= quiet && d >= times*t.Last.Sub(t.First)/time.Duration(t.Requests-1) &&
		t.Requests*all(from.Add(time.Minute), until.Add(-time.Minute)) >= times*all(t.First, t.Last)
}

// comesNoMore reports whether some requests of the logs would hardly ever rest until their end.
func (f *facts) comesNoMore(n int64, first, last time.Time) bool {
	all := countIn(f.logMinutes(), func(m Minute) (time.Time, int64) { return m.Minute, m.Requests })
	return Traffic{Requests: n, First: first, Last: last}.seldomRests(last, f.Logs.Last, all)
}

// countIn adds up what is counted by minutes, from the minute of one time to that of another.
func countIn[T any](minutes []T, count func(T) (time.Time, int64)) func(from, until time.Time) int64 {
	return func(from, until time.Time) (n int64) {
		for _, m := range minutes {
			if at, some := count(m); at.Add(time.Minute).After(from) && !at.After(until) {
				n += some
			}
		}
		return n
	}
}
