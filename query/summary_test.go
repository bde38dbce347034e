package query_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

var summaryAsk = query.SummaryQuestion{Classes: outages, Lag: 15 * time.Minute}

// summed sums up a window of a folder and compares it with the one before.
func summed(t *testing.T, dir string, w when.Window) *query.Summary {
	t.Helper()
	return summedUp(t, w, func(w when.Window) *query.Store { return open(t, dir, ingest.Plan{Window: w}, 2) })
}

func summedUp(t *testing.T, w when.Window, store func(when.Window) *query.Store) *query.Summary {
	t.Helper()
	var before *query.Basis
	if earlier, ok := w.Before(); ok {
		var err error
		if before, err = store(earlier).Basis(context.Background(), summaryAsk); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := store(w).Summary(context.Background(), summaryAsk, before)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func section(t *testing.T, s *query.Summary, name string) *query.Table {
	t.Helper()
	i := slices.IndexFunc(s.Sections, func(s query.Section) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no section %s", name)
	}
	return s.Sections[i].Table
}

// picked spells the named columns of a table's rows.
func picked(t *testing.T, table *query.Table, names ...string) (rows []string) {
	t.Helper()
	for _, row := range table.Rows {
		line := ""
		for _, name := range names {
			at := slices.IndexFunc(table.Columns, func(c query.Column) bool { return c.Name == name })
			if at < 0 {
				t.Fatalf("no column %s in %s", name, table.Report)
			}
			v := row[at]
			if at, ok := v.(time.Time); ok {
				v = at.Format(time.RFC3339)
			}
			if f, ok := v.(float64); ok {
				v = fmt.Sprintf("%.9f", f)
			}
			line += fmt.Sprintf("%v|", v)
		}
		rows = append(rows, line)
	}
	return rows
}

// numbers is what the truth says of a key: how many failures of how many requests.
type numbers struct{ failures, requests int64 }

func (n numbers) rate() string { return fmt.Sprintf("%.9f", float64(n.failures)/float64(n.requests)) }

// failuresBy counts failures of the classes that count, and all requests, by keys.
func failuresBy(truth *demo.Truth, w when.Window, failing, passing func(*demo.Request) string) map[string]numbers {
	counts, all := map[string]numbers{}, map[string]int64{}
	of := map[string]string{}
	for i := range truth.Requests {
		r := &truth.Requests[i]
		if !w.Contains(r.Time) {
			continue
		}
		all[passing(r)]++
		if slices.Contains(outages, r.Class) {
			n := counts[failing(r)]
			n.failures++
			counts[failing(r)], of[failing(r)] = n, passing(r)
		}
	}
	for k, n := range counts {
		n.requests = all[of[k]]
		counts[k] = n
	}
	return counts
}

func nothing(*demo.Request) string { return "" }
func reasonOf(r *demo.Request) string {
	return "reason|new|" + r.Reason + "|" + r.Source + "|<nil>|<nil>|"
}
func targetOf(r *demo.Request) string {
	return "target|new|<nil>|<nil>|" + null(r.TargetGroupARN) + "|" + null(r.Target) + "|"
}

func null(s string) string {
	if s == "" {
		return "<nil>"
	}
	return s
}

// worstFirst returns the keys with the most failures first, at most n of them.
func worstFirst(counts map[string]numbers, n int) (keys []string) {
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b].failures, counts[a].failures), cmp.Compare(a, b))
	})
	return keys[:min(n, len(keys))]
}

// TestSummaryIsTrue holds totals, reasons, targets, worst windows and news to the
// truth of a generated incident, counted in the obvious way.
func TestSummaryIsTrue(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 3, End: end, Lines: 40_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []when.Window{
		{From: truth.Until.Add(-30 * time.Minute), Until: truth.Until},
		{From: truth.Until.Add(-20*time.Minute - 17*time.Second), Until: truth.Until.Add(-3 * time.Minute)},
		{From: truth.From, Until: truth.Until},
		{From: truth.Until.Add(-10 * time.Minute), Until: truth.Until.Add(25 * time.Minute)}, // traffic stops in it
	} {
		t.Run(w.String(), func(t *testing.T) {
			s := summed(t, dir, w)
			total := failuresBy(truth, w, nothing, nothing)[""]
			if diff := gocmp.Diff([]string{fmt.Sprintf("%d|%d|%s|", total.requests, total.failures, total.rate())},
				picked(t, s.Totals, "requests", "failures", "failure_rate")); diff != "" {
				t.Errorf("totals (-truth +answer):\n%s", diff)
			}
			// Ties are in an order of their own, so rows are compared as counts in their order.
			reasons := failuresBy(truth, w, reasonOf, nothing)
			targets := failuresBy(truth, w, targetOf, targetOf)
			for name, counts := range map[string]map[string]numbers{"reasons": reasons, "targets": targets} {
				var want []string
				for _, k := range worstFirst(counts, 10) {
					want = append(want, fmt.Sprintf("%d|", counts[k].failures))
				}
				got := section(t, s, name)
				if diff := gocmp.Diff(want, picked(t, got, "failures")); diff != "" {
					t.Errorf("%s (-truth +answer):\n%s", name, diff)
				}
				if left := int64(len(counts) - len(got.Rows)); got.RowsLeft != left {
					t.Errorf("%s: %d rows left, truth %d", name, got.RowsLeft, left)
				}
			}
			for _, row := range picked(t, section(t, s, "reasons"), "reason", "reason_source", "failures", "requests") {
				i := slices.IndexFunc(worstFirst(reasons, 1000), func(k string) bool {
					n := reasons[k]
					return k+fmt.Sprintf("%d|%d|", n.failures, n.requests) == "reason|new|"+cut(row, 2)+"<nil>|<nil>|"+row[len(cut(row, 2)):]
				})
				if i < 0 {
					t.Errorf("reason %s is not in the truth", row)
				}
			}
			worst(t, s, truth, w)
			news(t, s, truth, w, reasons, targets)
			changed(t, s, truth, w)
			accounted(t, truth, w, s.Totals)
		})
	}
}

// cut is the first n fields of a row.
func cut(row string, n int) string {
	for i := range row {
		if row[i] == '|' {
			if n--; n == 0 {
				return row[:i+1]
			}
		}
	}
	return row
}

// worst compares the slices of five minutes.
func worst(t *testing.T, s *query.Summary, truth *demo.Truth, w when.Window) {
	t.Helper()
	slice := func(r *demo.Request) string { return r.Time.Truncate(5 * time.Minute).Format(time.RFC3339) }
	counts := failuresBy(truth, w, slice, slice)
	mostly, where := map[string][]string{}, map[string][]string{}
	for i := range truth.Requests {
		if r := &truth.Requests[i]; w.Contains(r.Time) && slices.Contains(outages, r.Class) {
			mostly[slice(r)], where[slice(r)] = append(mostly[slice(r)], r.Reason), append(where[slice(r)], r.Target)
		}
	}
	var want []string
	for _, k := range worstFirst(counts, 10) {
		want = append(want, fmt.Sprintf("%s|%d|%d|%s|%v|%v|", k, counts[k].failures, counts[k].requests, counts[k].rate(), most(mostly[k]), most(where[k])))
	}
	if diff := gocmp.Diff(want, picked(t, section(t, s, "worst_windows"), "window_start", "failures", "requests", "failure_rate", "reason", "target")); diff != "" {
		t.Errorf("worst windows (-truth +answer):\n%s", diff)
	}
}

// news compares what is new, as a set: the counts say the order.
func news(t *testing.T, s *query.Summary, truth *demo.Truth, w when.Window, reasons, targets map[string]numbers) {
	t.Helper()
	got := section(t, s, "new")
	before, _ := w.Before()
	if !slices.ContainsFunc(truth.Requests, func(r demo.Request) bool { return before.Contains(r.Time) }) {
		if len(got.Rows) > 0 || s.Before != nil {
			t.Errorf("nothing is known of %s, and this is new: %v", before, got.Rows)
		}
		return
	}
	want := map[string]string{}
	var most []int64 // how many more failures there are of each, the most first
	add := func(now, was map[string]numbers, requests func(key string) int64) {
		for k, n := range now {
			old := was[k]
			rate := "<nil>" // nobody asked
			if all := requests(k); all > 0 {
				rate = numbers{old.failures, all}.rate()
			}
			grown := float64(n.failures)/float64(n.requests) >= 3*float64(old.failures)/float64(old.requests) && n.failures-old.failures >= 10
			switch {
			case old.failures == 0:
				want[k] = fmt.Sprintf("%d|0|%s|%s|", n.failures, n.rate(), rate)
			case grown:
				want["grown "+k] = fmt.Sprintf("%d|%d|%s|%s|", n.failures, old.failures, n.rate(), rate)
			default:
				continue
			}
			most = append(most, n.failures-old.failures)
		}
	}
	asked := map[string]int64{}
	for i := range truth.Requests {
		if r := &truth.Requests[i]; before.Contains(r.Time) {
			asked[nothing(r)]++
			asked[targetOf(r)]++
		}
	}
	add(reasons, failuresBy(truth, before, reasonOf, nothing), func(string) int64 { return asked[""] })
	add(targets, failuresBy(truth, before, targetOf, targetOf), func(key string) int64 { return asked[key] })
	slices.SortFunc(most, func(a, b int64) int { return cmp.Compare(b, a) })
	if n := min(len(want), 20); len(got.Rows) != n || int(got.RowsLeft) != len(want)-n {
		t.Errorf("%d rows and %d left, truth %d", len(got.Rows), got.RowsLeft, len(want))
	}
	for i, row := range picked(t, got, "what", "change", "reason", "reason_source", "target_group_arn", "target", "failures", "failures_before", "failure_rate", "failure_rate_before") {
		k := cut(row, 6)
		values := row[len(k):]
		if got.Rows[i][1] == "grown" {
			k = "grown " + k[:6] + "|new|" + k[len("reason|grown|"):]
		}
		if want[k] != values {
			t.Errorf("%s: %s, truth %q", k, values, want[k])
		}
		if more := got.Rows[i][7].(int64) - got.Rows[i][8].(int64); i < len(most) && more != most[i] {
			t.Errorf("row %d is of %d more failures, truth %d", i, more, most[i])
		}
	}
}

// changed compares the target groups that are slower or quieter, those with most requests first.
func changed(t *testing.T, s *query.Summary, truth *demo.Truth, w when.Window) {
	t.Helper()
	if s.Before == nil {
		return
	}
	before, _ := w.Before()
	was, now := map[string][]*demo.Request{}, map[string][]*demo.Request{}
	for i := range truth.Requests {
		switch r := &truth.Requests[i]; {
		case before.Contains(r.Time):
			was[r.TargetGroupARN] = append(was[r.TargetGroupARN], r)
		case w.Contains(r.Time):
			now[r.TargetGroupARN] = append(now[r.TargetGroupARN], r)
		}
	}
	answers := func(list []*demo.Request) (n int) {
		for _, r := range list {
			if answered(r) {
				n++
			}
		}
		return n
	}
	var want []string
	for _, group := range slices.SortedFunc(maps.Keys(was), func(a, b string) int { return cmp.Or(cmp.Compare(len(was[b]), len(was[a])), cmp.Compare(a, b)) }) {
		a, b := was[group], now[group]
		fewer, slower := len(a) >= 100 && 3*len(b) <= len(a), false
		for _, percent := range []int{50, 95} {
			if answers(a) >= 100 && answers(b) >= 100 {
				p, q := percentile(a, percent).(float64), percentile(b, percent).(float64)
				slower = slower || q >= 3*p && q-p >= 0.1
			}
		}
		change := map[[2]bool]string{{true, false}: "fewer", {false, true}: "slower", {true, true}: "fewer, slower"}[[2]bool{fewer, slower}]
		if len(b) == 0 && fewer {
			change = "no requests"
		}
		if change != "" {
			want = append(want, fmt.Sprintf("%s|%s|%d|%d|", change, null(group), len(b), len(a)))
		}
	}
	if diff := gocmp.Diff(want, picked(t, section(t, s, "changed"), "change", "target_group_arn", "requests", "requests_before")); diff != "" {
		t.Errorf("changed (-truth +answer):\n%s", diff)
	}
}

// TestSummaryAgrees: what a summary says with a report, the report says; and what
// comes from a store on disk is the same.
func TestSummaryAgrees(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 4, End: end, Lines: 10_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	w := when.Window{From: truth.Until.Add(-30 * time.Minute), Until: truth.Until}
	s := summed(t, dir, w)
	for name, q := range map[string]query.Question{
		"reasons": {By: []string{"reason"}}, "targets": {By: []string{"target_group", "target"}}, "latency": {By: []string{"target_group"}},
	} {
		r, ok := query.FindReport("top-errors")
		if name == "latency" {
			r, ok = query.FindReport(name)
		}
		q.Classes, q.Limit = outages, 10
		want, err := open(t, dir, ingest.Plan{Window: w}, 1).Run(context.Background(), r, q)
		if err != nil || !ok {
			t.Fatal(err)
		}
		got := section(t, s, name)
		if diff := gocmp.Diff(want.Rows, got.Rows); diff != "" || want.RowsLeft != got.RowsLeft || len(want.Rows) == 0 {
			t.Errorf("%s (-report +summary):\n%s", name, diff)
		}
		// Rows whose names are left out on a narrow terminal look the same.
		if diff := gocmp.Diff([][]string{want.Keys, want.Narrow}, [][]string{got.Keys, got.Narrow}); diff != "" {
			t.Errorf("%s: keys and columns to go without (-report +summary):\n%s", name, diff)
		}
	}
	for name, keys := range map[string][]string{
		"new": {"reason", "target_group", "target"}, "coverage": {"load_balancer", "node"}, "late": {"load_balancer", "node"},
	} {
		if diff := gocmp.Diff(keys, section(t, s, name).Keys); diff != "" {
			t.Errorf("%s: keys (-want +got):\n%s", name, diff)
		}
	}
	latency, _ := query.FindReport("latency")
	want, err := open(t, dir, ingest.Plan{Window: w}, 1).Run(context.Background(), latency, query.Question{Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(picked(t, want, "requests", "p50", "p95", "p99"), picked(t, s.Totals, "requests", "p50", "p95", "p99")); diff != "" {
		t.Errorf("percentiles (-report +summary):\n%s", diff)
	}

	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, false)
	stored := summedUp(t, w, func(w when.Window) *query.Store { return fromDisk(t, disk, ingest.Plan{Window: w}) })
	if diff := gocmp.Diff(s, stored); diff != "" {
		t.Errorf("(-logs +store):\n%s", diff)
	}
}

// counting is a source that counts how often it is listed, and can say of its
// objects that they came late.
type counting struct {
	ingest.Source
	listed *atomic.Int64
	late   func(*ingest.Object)
}

func (c counting) List(ctx context.Context, p ingest.Plan) iter.Seq2[*ingest.Object, error] {
	c.listed.Add(1)
	return func(yield func(*ingest.Object, error) bool) {
		for o, err := range c.Source.List(ctx, p) {
			if err == nil && c.late != nil {
				c.late(o)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// TestSummaryReadsOnce: whatever the number of sections, the objects of a window
// are listed once, and each is read once.
func TestSummaryReadsOnce(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 5, End: end, Lines: 3000, NoTruth: true})
	if err != nil {
		t.Fatal(err)
	}
	var listed atomic.Int64
	read := func(w when.Window, ask func(*query.Store) int64) {
		t.Helper()
		sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		listed.Store(0)
		s, err := query.Open(context.Background(), t.TempDir(), query.Input{
			Sources: []ingest.Source{counting{sources[0], &listed, nil}}, Plan: ingest.Plan{Window: w}, Workers: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		objects := ask(s)
		if listed.Load() != 1 || s.Progress().Objects() != objects || objects == 0 {
			t.Errorf("listed %d times; %d of %d objects read", listed.Load(), s.Progress().Objects(), objects)
		}
	}
	w := when.Window{From: truth.Until.Add(-30 * time.Minute), Until: truth.Until}
	before, _ := w.Before()
	var basis *query.Basis
	read(before, func(s *query.Store) int64 {
		if basis, err = s.Basis(context.Background(), summaryAsk); err != nil {
			t.Fatal(err)
		}
		return basis.Compared().Accounting.Objects
	})
	read(w, func(s *query.Store) int64 {
		sum, err := s.Summary(context.Background(), summaryAsk, basis)
		if err != nil {
			t.Fatal(err)
		}
		return sum.Totals.Accounting.Objects
	})
}

// delivered sums a folder up as if it lay in S3, where it was delivered as told.
func delivered(t *testing.T, dir string, plan ingest.Plan, told func(*ingest.Object)) *query.Summary {
	t.Helper()
	sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	var listed atomic.Int64
	s, err := query.Open(context.Background(), t.TempDir(), query.Input{
		Sources: []ingest.Source{counting{sources[0], &listed, told}}, Plan: plan, Workers: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sum, err := s.Summary(context.Background(), summaryAsk, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestSummaryLate: what was delivered longer after its interval than the lag is
// named; coverage and ages end with the window.
func TestSummaryLate(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 6, End: end, Lines: 3000, NoTruth: true, Kinds: []demo.Kind{demo.KindAccess}})
	if err != nil {
		t.Fatal(err)
	}
	w := when.Window{From: truth.From.Add(-11 * time.Minute), Until: truth.Until.Add(20 * time.Minute)}
	now := truth.Until.Add(25 * time.Minute)
	punctual := end.Add(-25 * time.Minute)
	late := func(o *ingest.Object) {
		o.URI, o.Modified = "s3://b/"+filepath.Base(o.URI), o.Name.End.Add(15*time.Minute)
		if o.Name.End.Equal(punctual) {
			o.Modified = o.Name.End.Add(15*time.Minute + time.Second)
		}
	}
	sum := delivered(t, dir, ingest.Plan{Window: w, Now: now}, late)
	want := map[string]bool{}
	for _, o := range truth.Objects {
		if o.End.Equal(punctual) {
			want[fmt.Sprintf("%s|%s|%s|%s|901.000000000|", o.LoadBalancer, o.Node, o.End.Format(time.RFC3339), o.End.Add(901*time.Second).Format(time.RFC3339))] = true
		}
	}
	got := section(t, sum, "late")
	if len(want) == 0 || len(got.Rows)+int(got.RowsLeft) != len(want) {
		t.Errorf("%d late, truth %d", len(got.Rows), len(want))
	}
	for _, row := range picked(t, got, "load_balancer", "node", "interval_end", "delivered", "late") {
		if !want[row] {
			t.Errorf("%s is not late", row)
		}
	}
	coverage(t, section(t, sum, "coverage"), truth, w, now)
}

// TestSummaryLateOfHourlyLogs: an hour of a classic balancer that reaches into the
// window is of the window, however long after it the hour ends.
func TestSummaryLateOfHourlyLogs(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 2, End: end.Truncate(time.Hour), Span: 3 * time.Hour, Lines: 1000, NoTruth: true, Kinds: []demo.Kind{demo.KindClassic}})
	if err != nil {
		t.Fatal(err)
	}
	late := func(o *ingest.Object) {
		o.URI, o.Modified = "s3://b/"+filepath.Base(o.URI), o.Name.End.Add(16*time.Minute)
	}
	w := when.Window{From: truth.Until.Add(-100 * time.Minute), Until: truth.Until.Add(-40 * time.Minute)}
	sum := delivered(t, dir, ingest.Plan{Window: w, Now: truth.Until.Add(time.Hour)}, late)
	got := section(t, sum, "late")
	n := 0
	for _, o := range truth.Objects {
		width := 5 * time.Minute
		if o.LoadBalancer == "legacy-mail" {
			width = time.Hour
		}
		if o.End.After(w.From) && o.End.Add(-width).Before(w.Until) {
			n++
		}
	}
	if shown := len(got.Rows) + int(got.RowsLeft); n == 0 || shown != n {
		t.Errorf("%d late, truth %d", shown, n)
	}
}

// coverage counts objects and gaps per node, and those of no node.
func coverage(t *testing.T, got *query.Table, truth *demo.Truth, w when.Window, now time.Time) {
	t.Helper()
	ends := map[string]map[any][]time.Time{}
	for _, o := range truth.Objects {
		if o.LoadBalancer == "" || o.End.Before(w.From) || o.End.Add(-5*time.Minute).After(w.Until) {
			continue
		}
		if ends[o.LoadBalancer] == nil {
			ends[o.LoadBalancer] = map[any][]time.Time{}
		}
		ends[o.LoadBalancer][o.Node] = append(ends[o.LoadBalancer][o.Node], o.End) // some nodes write two for an interval
	}
	want := map[string]bool{}
	for elb, nodes := range ends {
		missing := gaps(w, now, 5*time.Minute, nodes)
		if n := len(missing[nil]); n > 0 {
			want[fmt.Sprintf("%s|%v|0|%d|%v|", elb, nil, n, nil)] = true
		}
		for node, all := range nodes {
			age := w.Until.Sub(slices.MaxFunc(all, time.Time.Compare)).Seconds()
			want[fmt.Sprintf("%s|%s|%d|%d|%.9f|", elb, node, len(all), len(missing[node]), max(age, 0))] = true
		}
	}
	rows := picked(t, got, "load_balancer", "node", "objects", "missing", "age")
	if len(rows) != len(want) {
		t.Errorf("%d nodes, truth %d", len(rows), len(want))
	}
	for _, row := range rows {
		if !want[row] {
			t.Errorf("coverage: %s is not so", row)
		}
	}
}

// TestSummaryOfAllTime: without a beginning there is nothing to compare with, and
// that is said.
func TestSummaryOfAllTime(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Write(context.Background(), dir, demo.Options{Seed: 7, End: end, Lines: 2000, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	s := summed(t, dir, when.Window{})
	if s.Before != nil || len(section(t, s, "new").Rows) > 0 || !slices.Contains(s.Totals.Warnings, "the window has no beginning, so there is none before it: what is new is not known") {
		t.Errorf("before %v, warnings %q", s.Before, s.Totals.Warnings)
	}
}
