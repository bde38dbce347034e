package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// moreOfTheSame makes 5xx that metrics count after the logs' end a note where other findings explain most of what the logs
// have of each such status up to their end, and not many more came since: these most likely go on.
func (f *facts) moreOfTheSame(list []*Finding) {
	at := slices.IndexFunc(list, func(found *Finding) bool { return found.ID == "balancer-5xx-after-logs" })
	if at < 0 || list[at].Level == Note {
		return
	}
	found := list[at]
	var ids, counts []string
	for _, late := range f.lateStatuses() {
		causes := f.causesAtEnd(late, found, list)
		if len(causes) == 0 {
			return
		}
		for _, id := range causes {
			ids = add(ids, id)
		}
		counts = append(counts, number(late.n)+" × "+late.name)
	}
	if len(counts) == 0 {
		return
	}
	found.Level, found.BecauseOf, found.Rivals = Note, ids, nil
	found.Sentence = fmt.Sprintf("%s after %s UTC, where the logs end: most likely more of %s.", strings.Join(counts, ", "), f.clock(f.logsEnd()), strings.Join(ids, ", "))
}

// lateStatus is what metrics count after the logs' end of the balancer's answers with one status, or with several, as far as
// metrics tell them apart.
type lateStatus struct {
	name string
	n    float64
	has  func(status string) bool
}

func (l lateStatus) in(m Minute) (n int64) {
	for status, some := range m.Statuses {
		if l.has(status) {
			n += some
		}
	}
	return n
}

// lateStatuses are those of the balancer's 5xx that metrics count after the logs. Those of a Classic Load Balancer are not
// told apart; of others, such as 561 where a login fails, there are as many as there are more of all.
func (f *facts) lateStatuses() (list []lateStatus) {
	isError := func(status string) bool { return strings.HasPrefix(status, "5") }
	rest := lateStatus{"5xx", f.lateErrors(), isError}
	if f.Balancer.Type != Classic {
		for _, status := range countedStatuses {
			if n := f.lateAnswers(status); n > 0 {
				list = append(list, lateStatus{status, n, func(s string) bool { return s == status }})
				rest.n -= n
			}
		}
		rest.name, rest.has = "other 5xx", func(s string) bool { return isError(s) && !slices.Contains(countedStatuses, s) }
	}
	if rest.n > 0 {
		list = append(list, rest)
	}
	return list
}

// causesAtEnd are the findings, no milder than another, that explain most of what the balancer answered with a status up to
// the logs' end, those first that explain most; none if many more came since than that would be by then.
func (f *facts) causesAtEnd(late lateStatus, found *Finding, list []*Finding) []string {
	causes := slices.DeleteFunc(slices.Clone(list), func(c *Finding) bool {
		return c.share == nil && c.apart == nil || c.over || c.Level == Note || c.Level == Warn && found.Level == Fail || len(c.BecauseOf) > 0 || c.ID == "unexplained-failures"
	})
	end := f.logsEnd()
	which := func(row Failure) bool {
		return row.TargetStatus < 0 && late.has(byStatus(row)) && !row.Last.Before(end.Add(-recently)) &&
			(counted(row) || slices.ContainsFunc(causes, func(c *Finding) bool { return c.apart != nil && c.apart(row) }))
	}
	first, _ := f.timesOf(which)
	minutes := max(1, end.Sub(first).Minutes())
	all := f.sumAll(those(which))
	lately, _ := f.inLastMinutes(late.in)
	perMinute := max(float64(all)/minutes, float64(lately)/recently.Minutes())
	if late.n >= fewRequests && late.n > 2*perMinute*f.Until.Sub(end).Minutes() {
		return nil
	}
	explains := func(c *Finding) int64 { return f.sumAll(where(which, c.all)) }
	causes = slices.DeleteFunc(causes, func(c *Finding) bool { return explains(c) == 0 })
	most := func(row Failure) (n int64) {
		for _, c := range causes {
			n = max(n, c.all(row))
		}
		return n
	}
	if 2*f.sumAll(where(which, most)) <= all {
		return nil
	}
	slices.SortStableFunc(causes, func(a, b *Finding) int { return cmp.Compare(explains(b), explains(a)) })
	var ids []string
	for _, c := range causes {
		ids = add(ids, c.ID)
	}
	return ids
}

// all are the requests that a finding accounts for, be they failures of the logs or not.
func (found *Finding) all(row Failure) int64 {
	switch {
	case found.apart != nil && found.apart(row):
		return row.Count
	case found.share != nil:
		return found.share(row)
	}
	return 0
}
