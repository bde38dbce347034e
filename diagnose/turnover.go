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
		var came, went []time.Time
		for _, t := range targets {
			if t.seldomRests(t.First.Sub(start)) {
				came = append(came, t.First)
			}
			if t.seldomRests(end.Sub(t.Last)) {
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

// seldomRests reports whether a target that is used as often as it was would hardly ever get no request for so long.
func (t Traffic) seldomRests(d time.Duration) bool {
	const times = 10 // of what passes from one request to the next: by chance once in 22,000
	return t.Requests >= fewRequests && d >= quiet && d >= times*t.Last.Sub(t.First)/time.Duration(t.Requests-1)
}
