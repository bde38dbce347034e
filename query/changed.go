package query

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A target group's response times and traffic are worth telling apart from chance where
// there are so many requests in both windows, or were before; and a time that nobody
// waits for is no news.
const (
	changedFrom = 100
	slowerBy    = 0.1 // seconds
)

// changedColumns are those of the section "changed".
var changedColumns = []Column{
	{Name: "change", Label: "change", Type: Text},
	{Name: "target_group", Label: "target group", Type: Text},
	{Name: "target_group_arn", Label: "target group arn", Type: Text, Only: Programs},
	{Name: "requests", Label: "requests", Type: Count},
	{Name: "requests_before", Label: "before", Type: Count},
	{Name: "p50", Label: "p50", Type: Seconds},
	{Name: "p50_before", Label: "p50 before", Type: Seconds},
	{Name: "p95", Label: "p95", Type: Seconds},
	{Name: "p95_before", Label: "p95 before", Type: Seconds},
}

// timed is a row of the report "latency", divided by target group.
type timed struct {
	name, arn          any
	requests, answered int64
	p50, p95           any // float64, or nil
}

func timedRows(t *Table) []timed {
	name, arn, requests, answered, p50, p95 := t.at("target_group"), t.at("target_group_arn"), t.at("requests"), t.at("answered"), t.at("p50"), t.at("p95")
	var list []timed
	for _, row := range t.Rows {
		list = append(list, timed{row[name], row[arn], row[requests].(int64), row[answered].(int64), row[p50], row[p95]})
	}
	return list
}

// slower reports whether a group takes three times as long, in the middle or at p95, where
// enough was answered in both windows.
func slower(now, was timed) bool {
	longer := func(now, was any) bool {
		a, _ := now.(float64)
		b, _ := was.(float64)
		return a >= grownFold*b && a-b >= slowerBy
	}
	return min(now.answered, was.answered) >= changedFrom && (longer(now.p50, was.p50) || longer(now.p95, was.p95))
}

// quieter reports whether a group has a third of the requests that it had, or fewer, as
// far as the logs of the window are there: see settledShare.
func quieter(now, was timed, share float64) bool {
	return share > 0 && was.requests >= changedFrom && grownFold*float64(now.requests) <= share*float64(was.requests)
}

// settledShare is how much of a window the logs have been delivered for, nearly always, and
// a store has looked through them, of 1. What is not there yet must not look like traffic
// that has stopped. A window's gaps end where what has been delivered does.
func settledShare(t *Table, now time.Time) float64 {
	from, until := t.Window.From, t.Window.Until
	if delivered := now.Add(-settled); !now.IsZero() && delivered.Before(until) {
		until = delivered
	}
	return max(0, (until.Sub(from)-t.Lacking()).Seconds()/t.Window.Until.Sub(from).Seconds())
}

// changedTable is which target groups have become slow, or have lost their traffic,
// against the window before: what no count of failures tells. Those that had most
// requests come first.
func changedTable(now Basis, before *Basis, at time.Time) *Table {
	t := &Table{
		Report: "changed", Version: 1, Window: now.totals.Window, Columns: changedColumns,
		Narrow: []string{"p50_before", "p95_before", "target_group"}, Keys: []string{"target_group"},
		Empty: "no target group takes three times as long at p50 or p95, or has only a third of the requests",
	}
	if !before.known() {
		t.Empty = notComparable
		return t
	}
	key := func(r timed) string { return fmt.Sprintf("%#v", r.arn) } // an absent group and one that is called so are not the same
	current := map[string]timed{}
	for _, r := range timedRows(now.latency) {
		current[key(r)] = r
	}
	earlier, share := timedRows(before.latency), settledShare(now.totals, at)
	if share < 1 {
		t.Empty += ", as far as there are logs"
	}
	slices.SortStableFunc(earlier, func(a, b timed) int {
		return cmp.Or(cmp.Compare(b.requests, a.requests), cmp.Compare(key(a), key(b)))
	})
	for _, was := range earlier {
		r := current[key(was)]
		var change string
		switch {
		case quieter(r, was, share) && r.requests == 0:
			change = "no requests"
		case quieter(r, was, share) && slower(r, was):
			change = "fewer, slower"
		case quieter(r, was, share):
			change = "fewer"
		case slower(r, was):
			change = "slower"
		default:
			continue
		}
		t.Rows = append(t.Rows, []any{change, was.name, was.arn, r.requests, was.requests, r.p50, was.p50, r.p95, was.p95})
	}
	return t.cut(newsLimit)
}

// cut leaves the first rows of a table that has all.
func (t *Table) cut(n int) *Table {
	short := *t
	short.Rows = t.Rows[:min(n, len(t.Rows))]
	short.RowsLeft = int64(len(t.Rows) - len(short.Rows))
	return &short
}
