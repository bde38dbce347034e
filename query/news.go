package query

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
	"loglens/internal/when"
)

// What is worth telling apart from chance: a rate that has grown threefold, by so
// many failures.
const (
	grownBy   = 10
	grownFold = 3
)

// newsColumns are those of the section "new".
var newsColumns = []Column{
	{Name: "what", Label: "what", Type: Text},
	{Name: "change", Label: "change", Type: Text},
	{Name: "reason", Label: "reason", Type: Text},
	{Name: "reason_source", Label: "source", Type: Text},
	{Name: "target_group", Label: "target group", Type: Text},
	{Name: "target_group_arn", Label: "target group arn", Type: Text, Only: Programs},
	{Name: "target", Label: "target", Type: Text},
	{Name: "failures", Label: "failures", Type: Count},
	{Name: "failures_before", Label: "before", Type: Count},
	{Name: "failure_rate", Label: "rate", Type: Ratio},
	{Name: "failure_rate_before", Label: "rate before", Type: Ratio},
}

// notComparable is what a comparison says without another window.
const notComparable = "not known: there is nothing to compare with"

// newsLimit is how many rows the section has at most.
const newsLimit = 20

// tried is a row of the report "failing".
type tried struct {
	what, key          string // what it is, and which
	names              []any  // reason, reason_source, target_group, target_group_arn, target
	failures, requests int64
}

func triedRows(t *Table) []tried {
	var list []tried
	for _, row := range t.Rows {
		r := tried{what: row[0].(string), names: row[1:6]}
		r.failures, _ = row[6].(int64)
		r.requests, _ = row[7].(int64)
		// An absent target and one that is called so are not the same.
		r.key = fmt.Sprintf("%s %#v %#v %#v %#v", r.what, row[1], row[2], row[4], row[5])
		list = append(list, r)
	}
	return list
}

// grown reports whether a rate has grown at least threefold and by at least ten
// failures, in whole numbers: now.failures/now.requests ≥ 3 · was.failures/was.requests.
func grown(now, was tried) bool {
	return now.failures-was.failures >= grownBy && now.failures*was.requests >= grownFold*was.failures*now.requests
}

// newsTable is what has failed in a window and not, or much less, in the one before.
func newsTable(now Basis, before *Basis) *Table {
	t := &Table{
		Report: "new", Version: 1, Window: now.totals.Window, Columns: newsColumns,
		Narrow: []string{"failure_rate_before", "reason_source", "change", "what", "failure_rate", "target_group"},
		Keys:   []string{"reason", "target_group", "target"},
		Empty:  "no failure is new, and none has grown",
	}
	if !before.known() {
		t.Empty = notComparable
		return t
	}
	was := map[string]tried{}
	for _, r := range triedRows(before.failing) {
		was[r.key] = r
	}
	rows := triedRows(now.failing)
	more := func(r tried) int64 { return r.failures - was[r.key].failures }
	slices.SortStableFunc(rows, func(a, b tried) int {
		return cmp.Or(cmp.Compare(more(b), more(a)), strings.Compare(a.key, b.key))
	})
	for _, r := range rows {
		change, old := "new", was[r.key]
		if r.what == "reason" {
			old.requests = before.totals.Requests // one that nothing failed for has no row
		}
		switch {
		case r.failures == 0:
			continue
		case old.failures == 0:
		case grown(r, old):
			change = "grown"
		default:
			continue
		}
		if len(t.Rows) == newsLimit {
			t.RowsLeft++
			continue
		}
		row := append([]any{r.what, change}, r.names...)
		t.Rows = append(t.Rows, append(row, r.failures, old.failures, rate(r), rate(old)))
	}
	return t
}

// rate is nil where there were no requests, as for a target that was not there.
func rate(r tried) any {
	if r.requests == 0 {
		return nil
	}
	return float64(r.failures) / float64(r.requests)
}

// known reports whether there is anything to compare with. Without requests all
// that fails would be new, and objects at the edge are read in any case.
func (b *Basis) known() bool { return b != nil && b.totals.Requests > 0 && !b.totals.Unseen }

// Compared is the answer that a comparison rests on, nil if there is none.
func (b *Basis) Compared() *Table {
	if b == nil || b.totals.Unseen {
		return nil
	}
	return b.totals
}

// comparability says what is wrong with a comparison.
func comparability(before *Basis) (wrong []string) {
	if before == nil {
		return []string{"the window has no beginning, so there is none before it: what is new is not known"}
	}
	t := before.totals
	if t.Unseen {
		return []string{fmt.Sprintf("the window before, %s, was never ingested: what is new is not known", t.Window)}
	}
	rests := func(on string) string {
		if !before.known() {
			return "what is new is not known"
		}
		return "what is new rests on " + on
	}
	if n := t.Accounting.ObjectsFailed; n > 0 {
		wrong = append(wrong, fmt.Sprintf("of the window before, %s, %d of %s could not be read: %s",
			t.Window, n, amount.Of(t.Accounting.Objects, "object", "objects"), rests("the others")))
	}
	if len(t.Gaps) > 0 {
		wrong = append(wrong, fmt.Sprintf("of the window before, %s, %s was never ingested: %s",
			t.Window, when.FormatDuration(t.Lacking()), rests("the rest")))
	}
	if !t.Oldest.IsZero() && before.known() {
		wrong = append(wrong, fmt.Sprintf("of the window before, %s, the oldest log object ends at %s: what is new rests on what came then",
			t.Window, t.Oldest.Format(toMinute)))
	}
	if wrong == nil && !before.known() {
		wrong = []string{fmt.Sprintf("no requests in the window before, %s: what is new is not known", t.Window)}
	}
	return wrong
}
