package query_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// counted is the answer to top-errors as the generator's truth gives it: one
// loop, one map, nothing shared with the code under test.
type counted struct {
	failures    int64
	clients     map[string]bool
	first, last time.Time
}

// key spells a request's values in the chosen dimensions; denominator those
// that traffic knows.
func key(r *demo.Request, by []string, every time.Duration, denominator bool) string {
	parts := []string{}
	if every > 0 {
		parts = append(parts, r.Time.Truncate(every).Format(time.RFC3339))
	}
	for _, d := range by {
		switch d {
		case "load_balancer":
			parts = append(parts, r.LoadBalancer)
		case "target_group":
			parts = append(parts, orNull(r.TargetGroupARN))
		case "target":
			parts = append(parts, orNull(r.Target))
		}
		if denominator {
			continue
		}
		switch d {
		case "reason":
			parts = append(parts, r.Reason, r.Class, r.Source)
		case "elb_status_code":
			parts = append(parts, code(r.ELBStatus))
		case "target_status_code":
			parts = append(parts, code(r.TargetStatus))
		case "node":
			parts = append(parts, r.Node)
		}
	}
	return strings.Join(parts, " | ")
}

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return s
}

func code(n int16) string {
	if n < 0 {
		return "NULL"
	}
	return fmt.Sprint(n)
}

// oracle counts the truth, slowly.
func oracle(t *demo.Truth, w when.Window, by, classes []string, every time.Duration) map[string]string {
	groups := map[string]*counted{}
	denominators := map[string]int64{}
	from := map[string]string{}
	for i := range t.Requests {
		r := &t.Requests[i]
		if !w.Contains(r.Time) {
			continue
		}
		denominators[key(r, by, every, true)]++
		if !slices.Contains(classes, r.Class) {
			continue
		}
		k := key(r, by, every, false)
		from[k] = key(r, by, every, true)
		g := groups[k]
		if g == nil {
			g = &counted{clients: map[string]bool{}, first: r.Time, last: r.Time}
			groups[k] = g
		}
		g.failures++
		g.clients[r.Client] = true
		if r.Time.Before(g.first) {
			g.first = r.Time
		}
		if r.Time.After(g.last) {
			g.last = r.Time
		}
	}
	rows := map[string]string{}
	for k, g := range groups {
		rows[k] = fmt.Sprintf("%d of %d, %d clients, %s..%s", g.failures, denominators[from[k]], len(g.clients),
			g.first.Format(time.RFC3339Nano), g.last.Format(time.RFC3339Nano))
	}
	return rows
}

// spelled turns a table's rows into the oracle's form.
func spelled(t *testing.T, table *query.Table, by []string, every time.Duration) map[string]string {
	t.Helper()
	at := func(row []any, name string) any {
		i := slices.IndexFunc(table.Columns, func(c query.Column) bool { return c.Name == name })
		if i < 0 {
			t.Fatalf("no column %s", name)
		}
		return row[i]
	}
	text := func(v any) string {
		if v == nil {
			return "NULL"
		}
		return fmt.Sprint(v)
	}
	rows := map[string]string{}
	for _, row := range table.Rows {
		var parts []string
		if every > 0 {
			parts = append(parts, at(row, "window_start").(time.Time).Format(time.RFC3339))
		}
		for _, d := range by {
			switch d {
			case "reason":
				parts = append(parts, text(at(row, "reason")), text(at(row, "reason_class")), text(at(row, "reason_source")))
			case "target_group":
				parts = append(parts, text(at(row, "target_group_arn")))
			default:
				parts = append(parts, text(at(row, d)))
			}
		}
		k := strings.Join(parts, " | ")
		if _, twice := rows[k]; twice {
			t.Errorf("two rows for %s", k)
		}
		rows[k] = fmt.Sprintf("%d of %d, %d clients, %s..%s", at(row, "failures"), at(row, "requests"), at(row, "clients"),
			at(row, "first_seen").(time.Time).Format(time.RFC3339Nano), at(row, "last_seen").(time.Time).Format(time.RFC3339Nano))
	}
	return rows
}

// open makes a store that reads a folder.
func open(t testing.TB, dir string, plan ingest.Plan, workers int) *query.Store {
	t.Helper()
	sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, query.Input{Sources: sources, Plan: plan, Workers: workers})
}

// opened is a store on what is to be read, until the test is over.
func opened(t testing.TB, in query.Input) *query.Store {
	t.Helper()
	s, err := query.Open(context.Background(), t.TempDir(), in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	end       = time.Date(2026, 11, 22, 3, 10, 0, 0, time.UTC)
	outages   = []string{"target", "balancer", "lambda", "unknown"}
	everyDims = []string{"reason", "load_balancer", "target_group", "target", "elb_status_code", "target_status_code", "node"}
)

func TestTopErrorsIsTrue(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 1, End: end, Lines: 60_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	report, ok := query.FindReport("top-errors")
	if !ok {
		t.Fatal("no report top-errors")
	}
	all := when.Window{From: truth.From, Until: truth.Until}
	part := when.Window{From: truth.From.Add(7*time.Minute + 13*time.Second), Until: truth.Until.Add(-11*time.Minute - 300*time.Millisecond)}
	for _, w := range []when.Window{all, part, {}} {
		s := open(t, dir, ingest.Plan{Window: w}, 2)
		cases := []struct {
			by      []string
			classes []string
			every   time.Duration
		}{
			{by: []string{"reason"}, classes: outages},
			{by: []string{"reason"}, classes: []string{"target", "balancer", "lambda", "unknown", "client", "policy"}},
			{by: []string{"target"}, classes: outages},
			{by: []string{"load_balancer", "target_group"}, classes: outages},
			{by: []string{"node", "elb_status_code"}, classes: []string{"target"}},
			{by: []string{"reason", "target"}, classes: outages, every: 5 * time.Minute},
			{by: everyDims, classes: outages},
			{by: everyDims, classes: outages, every: time.Hour},
		}
		for _, c := range cases {
			t.Run(fmt.Sprint(w, c.by, c.every), func(t *testing.T) {
				got, err := s.Run(context.Background(), report, query.Question{By: c.by, Classes: c.classes, Every: c.every})
				if err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(oracle(truth, w, c.by, c.classes, c.every), spelled(t, got, c.by, c.every)); diff != "" {
					t.Errorf("(-truth +answer):\n%s", diff)
				}
				accounted(t, truth, w, got)
				ranked(t, got, c.every)
			})
		}
	}
}

// accounted checks what the answer says it rests on.
func accounted(t *testing.T, truth *demo.Truth, w when.Window, got *query.Table) {
	t.Helper()
	a := got.Accounting
	if a.Lines != a.Parsed+a.Rejected+a.Skipped {
		t.Errorf("lines %d ≠ parsed %d + rejected %d + skipped %d", a.Lines, a.Parsed, a.Rejected, a.Skipped)
	}
	inside, failures := int64(0), int64(0)
	for i := range truth.Requests {
		if w.Contains(truth.Requests[i].Time) {
			inside++
			if truth.Requests[i].Failed() {
				failures++
			}
		}
	}
	if a.Parsed != inside || got.Requests != inside {
		t.Errorf("parsed %d, requests %d, truth %d", a.Parsed, got.Requests, inside)
	}
	left := got.Total
	for _, n := range got.NotCounted {
		left += n.Requests
	}
	if left != failures {
		t.Errorf("counted and not counted %d, truth %d", left, failures)
	}
	if w == (when.Window{}) || w == (when.Window{From: truth.From, Until: truth.Until}) {
		if a.Lines != truth.Lines || a.Rejected != truth.Damaged || a.Bytes != truth.Bytes || a.BytesCompressed != truth.Stored {
			t.Errorf("accounting %+v, truth %d lines, %d damaged, %d bytes, %d stored", a, truth.Lines, truth.Damaged, truth.Bytes, truth.Stored)
		}
	}
}

// ranked checks order, shares and trends.
func ranked(t *testing.T, got *query.Table, every time.Duration) {
	t.Helper()
	col := map[string]int{}
	for i, c := range got.Columns {
		col[c.Name] = i
	}
	sum := int64(0)
	for i, row := range got.Rows {
		n := row[col["failures"]].(int64)
		sum += n
		trend := int64(0)
		for _, k := range row[col["trend"]].([]int64) {
			trend += max(k, 0)
		}
		if trend != n {
			t.Errorf("row %d: trend adds up to %d of %d", i, trend, n)
		}
		if i == 0 || every > 0 {
			continue
		}
		if c := cmp.Compare(n, got.Rows[i-1][col["failures"]].(int64)); c > 0 {
			t.Errorf("row %d has more failures than the one above", i)
		}
	}
	if sum != got.Total {
		t.Errorf("rows add up to %d of %d", sum, got.Total)
	}
}
