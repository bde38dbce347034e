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
	named := 0.0
	for _, status := range f.lateStatuses() {
		n := f.lateErrors()
		if status != anyError {
			n = f.lateAnswers(status)
		}
		causes := f.causesAtEnd(status, n, found, list)
		if len(causes) == 0 {
			return
		}
		for _, id := range causes {
			ids = add(ids, id)
		}
		counts, named = append(counts, number(n)+" × "+status), named+n
	}
	if named < f.lateErrors() { // others have no metric of their own
		return
	}
	found.Level, found.BecauseOf, found.Rivals = Note, ids, nil
	found.Sentence = fmt.Sprintf("%s after %s UTC, where the logs end: most likely more of %s.", strings.Join(counts, ", "), f.clock(f.logsEnd()), strings.Join(ids, ", "))
}

// anyError stands for all 5xx of a Classic Load Balancer, whose metrics do not tell them apart.
const anyError = "5xx"

// lateStatuses are those of the balancer's 5xx that metrics count after the logs.
func (f *facts) lateStatuses() []string {
	if f.Balancer.Type == Classic {
		return []string{anyError}
	}
	return slices.DeleteFunc(slices.Clone(countedStatuses), func(status string) bool { return f.lateAnswers(status) == 0 })
}

// causesAtEnd are the findings, no milder than another, that explain most of what the balancer answered with a status up to
// the logs' end, those first that explain most; none if n are many more than that would be by then.
func (f *facts) causesAtEnd(status string, n float64, found *Finding, list []*Finding) []string {
	in, is := func(m Minute) int64 { return m.Statuses[status] }, func(row Failure) bool { return byStatus(row) == status }
	if status == anyError {
		in, is = Minute.errors, func(row Failure) bool { return row.Status >= 500 }
	}
	end := f.logsEnd()
	which := func(row Failure) bool {
		return counted(row) && row.TargetStatus < 0 && is(row) && !row.Last.Before(end.Add(-recently))
	}
	first, _ := f.timesOf(which)
	minutes := max(1, end.Sub(first).Minutes())
	all := f.sum(those(which))
	lately, _ := f.inLastMinutes(in)
	perMinute := max(float64(all)/minutes, float64(lately)/recently.Minutes())
	if n >= fewRequests && n > 2*perMinute*f.Until.Sub(end).Minutes() {
		return nil
	}
	causes := slices.DeleteFunc(slices.Clone(list), func(c *Finding) bool {
		return c.share == nil || c.over || c.Level == Note || c.Level == Warn && found.Level == Fail || len(c.BecauseOf) > 0 ||
			c.ID == "unexplained-failures" || f.sum(where(which, c.share)) == 0
	})
	if 2*f.sum(where(which, atMost(Failure.all, causes))) <= all {
		return nil
	}
	slices.SortStableFunc(causes, func(a, b *Finding) int {
		return cmp.Compare(f.sum(where(which, b.share)), f.sum(where(which, a.share)))
	})
	var ids []string
	for _, c := range causes {
		ids = add(ids, c.ID)
	}
	return ids
}
