package query_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
)

// everyClass are the classes of reasons.
var everyClass = []string{demo.ClassTarget, demo.ClassBalancer, demo.ClassLambda, demo.ClassClient, demo.ClassPolicy, demo.ClassUnknown}

// chance is true once in n times.
func chance(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

// some are those of a list that the dice choose, in its order.
func some[T any](rng *rand.Rand, list []T) (chosen []T) {
	for _, x := range list {
		if chance(rng, 2) {
			chosen = append(chosen, x)
		}
	}
	return chosen
}

func one[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// randomOptions shapes a small tree.
func randomOptions(rng *rand.Rand) demo.Options {
	o := demo.Options{
		Seed: rng.Int64(), Lines: 300 + rng.IntN(2700),
		End:  time.Date(2026, time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), 5*rng.IntN(12), 0, 0, time.UTC),
		Span: time.Duration(one(rng, 5, 5, 5, 5, 5, 5, 5, 5, 10, 10, 10, 10, 15, 15, 20, 40)) * time.Minute,
	}
	if chance(rng, 3) {
		o.FailureRate = one(rng, 0.01, 0.2, 0.7, 1)
	}
	o.Oddities = chance(rng, 2)
	if chance(rng, 3) {
		o.Vended = one(rng, demo.FormatJSON, demo.FormatW3C)
	}
	if chance(rng, 6) {
		o.Kinds = some(rng, append(slices.Clone(everyKind), demo.KindTestFile))
	}
	return o
}

// randomWindow is the whole of the tree, a part of it, or open.
func randomWindow(rng *rand.Rand, t *demo.Truth) when.Window {
	all := when.Window{From: t.From, Until: t.Until}
	length := t.Until.Sub(t.From)
	at := t.From.Add(time.Duration(rng.Int64N(int64(length * 3 / 4))).Truncate(time.Microsecond))
	part := when.Window{From: at, Until: at.Add(time.Millisecond + time.Duration(rng.Int64N(int64(t.Until.Sub(at)))).Truncate(time.Microsecond))}
	switch rng.IntN(6) {
	case 0:
		return when.Window{}
	case 1:
		return when.Window{From: part.From}
	case 2:
		return when.Window{Until: part.Until}
	case 3:
		return part
	case 4: // wider than the tree
		return when.Window{From: t.From.Add(-7 * time.Minute), Until: t.Until.Add(17 * time.Minute)}
	}
	return all
}

// randomQuestion asks a report for something.
func randomQuestion(rng *rand.Rand, r query.Report, w *world) query.Question {
	q := query.Question{Now: w.truth.Until.Add(time.Duration(rng.IntN(3600)) * time.Second)}
	q.By = some(rng, slices.DeleteFunc(r.DimensionNames(), func(d string) bool { return d == query.WindowDimension }))
	if chance(rng, 4) {
		q.By = slices.DeleteFunc(slices.Clone(r.Default), func(d string) bool { return d == query.WindowDimension })
	}
	rng.Shuffle(len(q.By), func(i, k int) { q.By[i], q.By[k] = q.By[k], q.By[i] })
	if q.Classes = some(rng, everyClass); len(q.Classes) == 0 || chance(rng, 3) {
		q.Classes = slices.Clone(outages)
	}
	if !chance(rng, 3) {
		q.Limit = 1 + rng.IntN(15)
	}
	if r.Has(query.WindowDimension) && chance(rng, 2) {
		q.Every = time.Duration(one(rng, 1, 1, 2, 5, 7, 15, 60, 24*60)) * time.Minute
	}
	switch r.Name {
	case "raw":
		q.Filters = randomFilters(rng, w)
	case "latency":
		if !chance(rng, 6) {
			q.Limit = 0 // a limited answer takes a second one to be judged
		}
	}
	return q
}

// randomFilters asks raw for lines of a log with some values of one of them.
func randomFilters(rng *rand.Rand, w *world) map[string]string {
	f := map[string]string{}
	if log := one(rng, "", "", "request", "connection", "health_check", "nlb_tls", "reject"); log != "" {
		f["log"] = log
	}
	absent := func(v any) string {
		if s, ok := v.(string); ok {
			return s
		}
		return "-"
	}
	has := map[string]string{}
	switch f["log"] {
	case "connection", "nlb_tls":
		list := slices.DeleteFunc(w.handshakes(), func(h handshake) bool { return h.log != f["log"] || h.cause == "" })
		if len(list) > 0 {
			h := one(rng, list...)
			has = map[string]string{"reason": h.cause, "load_balancer": h.elb, "client": h.client, "port": h.port, "reason_source": h.source}
			if has["node"] = h.node; h.node == "" {
				delete(has, "node")
			}
		}
	case "health_check":
		list := slices.DeleteFunc(w.checks(), func(c *demo.Check) bool { return c.Pass })
		if len(list) > 0 {
			c := one(rng, list...)
			has = map[string]string{"reason": c.ReasonCode, "load_balancer": c.LoadBalancer, "target_group": c.Group, "target": c.Target, "node": c.Node}
		}
	case "reject":
		has = map[string]string{"reason": "empty line", "kind": kindNames[one(rng, everyKind...)]}
	default:
		list := slices.DeleteFunc(slices.Clone(w.requests), func(r *demo.Request) bool { return !r.Failed() })
		if len(list) > 0 {
			r := one(rng, list...)
			has = map[string]string{
				"reason": absent(word(r.Reason)), "reason_source": r.Source, "load_balancer": r.LoadBalancer, "target_group": absent(name(r.TargetGroupARN)),
				"target_group_arn": absent(word(r.TargetGroupARN)), "target": absent(word(r.Target)), "node": r.Node, "client": r.Client,
				"network": networkOf(r.Client), "route": absent(word(routeOf(r.RequestLine))),
				"status": absent(spelledCode(r.ELBStatus)), "target_status": absent(spelledCode(r.TargetStatus)),
			}
		}
	}
	names := slices.Sorted(keysOf(has))
	for range min(rng.IntN(4), len(names)) {
		name := one(rng, names...)
		f[name] = has[name]
	}
	return f
}

// onceWrong are seeds of nights that have found something.
var onceWrong = []int{75, 164, 223}

// TestReportsAreTrue asks every report random questions about random trees and
// compares every value of every row, and what the answer says it rests on, with
// the generator's truth.
func TestReportsAreTrue(t *testing.T) {
	t.Parallel()
	seeds := make(chan int)
	var group sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) { // one waits for files while another counts
		group.Go(func() {
			for seed := range seeds {
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { askAll(t, uint64(seed)) })
			}
		})
	}
	all := query.Often(60, 500)
	for seed := range all {
		seeds <- seed
	}
	for _, seed := range onceWrong {
		if seed >= all {
			seeds <- seed
		}
	}
	close(seeds)
	group.Wait()
}

// askAll asks every report a random question about a random tree.
func askAll(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x10c1e45))
	o := randomOptions(rng)
	w := newWorld(t, o, rng)
	plan := ingest.Plan{Window: randomWindow(rng, w.truth)}
	if chance(rng, 5) && len(w.truth.Objects) > 0 {
		w.balancer = one(rng, w.truth.Objects...).LoadBalancer
		parts := strings.Split(w.balancer, "/")
		plan.LoadBalancer = one(rng, w.balancer, parts[len(parts)/2]) // or its name alone
	}
	w.look(plan.Window)
	workers := one(rng, 1, 1, 1, 1, 2, 2, 3, 4)
	s := open(t, w.dir, plan, workers)
	reports := slices.Clone(query.Reports())
	rng.Shuffle(len(reports), func(i, k int) { reports[i], reports[k] = reports[k], reports[i] })
	for _, r := range reports {
		if r.Name == "top-errors" && !chance(rng, 8) {
			continue // TestTopErrorsIsTrue asks it
		}
		q := randomQuestion(rng, r, w)
		answer, err := s.Run(context.Background(), r, q)
		what := fmt.Sprintf("%s of %+v\nwindow %s, balancer %q, tree %+v, %d workers", r.Name, q, w.window, plan.LoadBalancer, o, workers)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if wrong := w.compare(t, s, r, q, answer); len(wrong) > 0 {
			t.Errorf("%s:\n%s", what, strings.Join(wrong, "\n"))
		}
	}
}

// TestReportsOfABusyHour asks about many lines, where clients and routes come
// again and incidents run their course.
func TestReportsOfABusyHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 6, End: end, Lines: 25_000, Oddities: true, Vended: demo.FormatJSON}, rand.New(rand.NewPCG(6, 6)))
	w.look(when.Window{From: w.truth.From, Until: w.truth.Until})
	s := open(t, w.dir, ingest.Plan{Window: w.window}, 2)
	for _, r := range query.Reports() {
		narrow := query.Question{Now: w.truth.Until, Classes: outages}
		if len(r.Dimensions) > 0 {
			narrow.By = []string{r.Default[len(r.Default)-1]}
		}
		wide := query.Question{Now: w.truth.Until, Classes: everyClass, Limit: 400}
		wide.By = slices.DeleteFunc(r.DimensionNames(), func(d string) bool { return d == query.WindowDimension })
		for _, q := range []query.Question{narrow, wide} {
			answer, err := s.Run(context.Background(), r, q)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := w.compare(t, s, r, q, answer); len(wrong) > 0 {
				t.Errorf("%s by %v:\n%s", r.Name, q.By, strings.Join(wrong, "\n"))
			}
		}
	}
}

// bucket lists what lies in a folder as if it lay in S3, where times are those of
// the delivery. Nothing of it can be read.
type bucket struct{ ingest.Source }

func (b bucket) List(ctx context.Context, p ingest.Plan) iter.Seq2[*ingest.Object, error] {
	return func(yield func(*ingest.Object, error) bool) {
		for o, err := range b.Source.List(ctx, p) {
			if o != nil {
				o.URI = "s3://logs/" + filepath.Base(o.URI)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// TestExplainOfAList: what is only listed is not fetched, and costs nothing.
func TestExplainOfAList(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 3, End: end, Lines: 300}, rand.New(rand.NewPCG(3, 1)))
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	s := opened(t, query.Input{Sources: []ingest.Source{bucket{sources[0]}}})
	for text, listed := range map[string]bool{"FROM listing": true, "FROM request": false, "FROM listing, failure": false} {
		e, err := s.Explain(context.Background(), text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p := e.Kinds[parse.KindAccess]; e.Listed != listed || p.Objects == 0 || (p.Remote == 0) != listed || (p.Download == 0) != listed {
			t.Errorf("%s: %+v", text, e)
		}
	}
}

// TestTimelineWithoutRequests: where no beginning is known, there are no windows
// to show, rather than all since 1970.
func TestTimelineWithoutRequests(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 1, End: end, Span: 5 * time.Minute, Lines: 100, Kinds: []demo.Kind{demo.KindHealthCheck}})
	if err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("timeline")
	for _, w := range []when.Window{{}, {From: truth.From}, {Until: truth.Until}} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		answer, err := open(t, dir, ingest.Plan{Window: w}, 1).Run(ctx, report, query.Question{By: []string{"reason"}, Classes: outages})
		cancel()
		if err != nil {
			t.Errorf("%s: %v", w, err)
		} else if len(answer.Rows) > 0 {
			t.Errorf("%s: %d windows of nothing", w, len(answer.Rows))
		}
	}
}

// TestFailOpenBeforeAGap: a failed check says for two intervals how it is with its target,
// also where the next one comes before a third has passed.
func TestFailOpenBeforeAGap(t *testing.T) {
	var log strings.Builder
	at := func(second int) string {
		return end.Add(time.Duration(second) * time.Second).Format("2006-01-02T15:04:05.000000Z")
	}
	for second, status := range map[int]string{-80: "FAIL 502 TargetError", -50: "FAIL 502 TargetError", -20: "FAIL 502 TargetError", 10: "FAIL 502 TargetError", 85: "PASS 200 -"} {
		fmt.Fprintf(&log, "http %s 0.1 10.0.1.7:8080 web %s app/a/50dc6c495c0c9188 203.0.113.9\n", at(second), status)
	}
	fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 0.000 0.010 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
		"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n", at(30))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("health")
	answer, err := open(t, dir, ingest.Plan{}, 1).Run(context.Background(), report, query.Question{By: []string{"target"}, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	if got := column(answer, "fail_open_minutes", "fail_open_requests"); !slices.Equal(got, []string{"1 1"}) {
		t.Errorf("fail-open %q, want one minute and one request", got)
	}
}

// TestFailOpenAfterAGap: how long a failed check tells of its target goes by what lies
// between most checks of the group. Beyond it, nobody knows.
func TestFailOpenAfterAGap(t *testing.T) {
	every := func(from, to, step int) (seconds []int) {
		for second := from; second < to; second += step {
			seconds = append(seconds, second)
		}
		return seconds
	}
	for name, c := range map[string]struct {
		checks map[string][]int // when each target fails one, in seconds
		want   string           // a digit for each minute
	}{
		"all but the minute before 10.0.1.8 is checked again": {map[string][]int{
			"10.0.1.7": every(0, 600, 30), "10.0.1.8": append([]int{0}, every(300, 600, 30)...),
		}, "1111011111"},
		"none between two checks a minute apart, where most are ten seconds apart": {map[string][]int{
			"10.0.1.7": append(every(0, 60, 10), every(60, 361, 60)...),
		}, "1000001"},
		"all between two checks a minute apart, where most are": {map[string][]int{
			"10.0.1.7": append(every(0, 60, 10), every(60, 481, 60)...),
		}, "111111111"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			at := func(second int) string {
				return end.Add(time.Duration(second) * time.Second).Format("2006-01-02T15:04:05.000000Z")
			}
			for target, seconds := range c.checks {
				for _, second := range seconds {
					fmt.Fprintf(&log, "http %s 0.1 %s:8080 web FAIL 502 TargetError app/a/50dc6c495c0c9188 203.0.113.9\n", at(second), target)
				}
			}
			for minute := range c.want {
				fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 0.000 0.010 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
					"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n", at(60*minute+30))
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			report, _ := query.FindReport("health")
			answer, err := open(t, dir, ingest.Plan{}, 1).Run(t.Context(), report, query.Question{By: []string{"target_group", "window"}, Every: time.Minute, Classes: outages})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(column(answer, "fail_open_minutes"), ""); got != c.want {
				t.Errorf("minutes in which all fail: %s, want %s: %s", got, c.want, name)
			}
		})
	}
}

// TestFailOpenOfLambda: what went to a function that fails its checks is told of the
// function, too, which only its checks name.
func TestFailOpenOfLambda(t *testing.T) {
	var log strings.Builder
	for minute := range 10 {
		at := end.Add(time.Duration(minute) * time.Minute).Format("2006-01-02T15:04:05.000000Z")
		fmt.Fprintf(&log, "lambda %s 0.1 arn:aws:lambda:eu-central-1:111122223333:function:fn fn FAIL 502 TargetError app/a/50dc6c495c0c9188 203.0.113.9\n", at)
		fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 - 0.000 0.010 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
			"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/fn/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n", at)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("health")
	for _, by := range [][]string{{"target_group"}, {"target"}, report.Default} {
		answer, err := open(t, dir, ingest.Plan{}, 1).Run(context.Background(), report, query.Question{By: by, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if got := column(answer, "fail_open_minutes", "fail_open_requests"); !slices.Equal(got, []string{"10 10"}) {
			t.Errorf("by %v: fail-open %q, want 10 minutes and 10 requests", by, got)
		}
	}
}

// TestDeadRoutes: a route some of whose requests always fail is not dead since the last ones did; one on which hardly any
// failed is, once three do in a row, and one on which nothing has succeeded for long.
func TestDeadRoutes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fails func(i int) bool // the request of second i
		dead  bool
	}{
		{"a third fails, the last three of them", func(i int) bool { return i%3 == 0 || i >= 597 }, false},
		{"a third fails, and since a minute all", func(i int) bool { return i%3 == 0 || i >= 540 }, true},
		{"none fails but the last three", func(i int) bool { return i >= 597 }, true},
		{"none fails but the last two", func(i int) bool { return i >= 598 }, false},
		{"all fail", func(int) bool { return true }, true},
		{"all fail but the last one", func(i int) bool { return i < 599 }, false},
	} {
		var log strings.Builder
		for i := range 600 {
			status, times := "200", "0.000 0.010 0.000"
			if tt.fails(i) {
				status, times = "502", "-1 -1 -1"
			}
			for _, line := range []string{`"GET https://h:443/a HTTP/1.1"`, `"- https://h:443- -"`} {
				fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 %s %s %s 1 2 %s "-" - - `+
					"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n",
					end.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05.000000Z"), times, status, strings.NewReplacer("502", "-").Replace(status), line)
			}
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		report, _ := query.FindReport("routes")
		answer, err := open(t, dir, ingest.Plan{}, 1).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, row := range column(answer, "route", "dead") {
			route, dead, _ := strings.Cut(row, " ")
			got[route] = dead
		}
		if want := map[string]string{"/a": fmt.Sprint(tt.dead), "<nil>": "false"}; !maps.Equal(got, want) {
			t.Errorf("%s: dead %v, want %v", tt.name, got, want)
		}
	}
}

// TestFailOpenOfOneNode: where one node alone finds all targets of a group failing, no request is counted as sent
// open, since others may find some that pass; that this node does so is told, and for how long. Nodes that find so a
// little later than others are not.
func TestFailOpenOfOneNode(t *testing.T) {
	for _, tt := range []struct{ alone, late int }{{20, 0}, {5, 0}, {4, 0}, {0, 3}} {
		var log strings.Builder
		for minute := range 60 {
			for i, node := range []string{"203.0.113.9", "203.0.113.10"} {
				for _, target := range []string{"10.0.1.7", "10.0.1.8"} {
					status, reason := "PASS", "-"
					if i == 0 && minute >= 10 && minute < 10+tt.alone || tt.late > 0 && minute >= 10+i*tt.late && minute < 30 {
						status, reason = "FAIL", "TimedOut"
					}
					fmt.Fprintf(&log, "http %s 0.1 %s:8080 web %s - %s app/a/50dc6c495c0c9188 %s\n", end.Add(time.Duration(minute)*time.Minute).Format("2006-01-02T15:04:05.000000Z"), target, status, reason, node)
				}
			}
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		report, _ := query.FindReport("health")
		answer, err := open(t, dir, ingest.Plan{}, 1).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if tt.alone >= 5 {
			want = fmt.Sprintf("node 203.0.113.9 alone found all targets of web failing, for %d minutes until %s: its requests to them went to all (fail-open), and are not counted as such; --by node,target_group tells more",
				tt.alone, end.Add(time.Duration(10+tt.alone)*time.Minute).Format("2006-01-02 15:04Z"))
		}
		if answer.Warned != want {
			t.Errorf("%+v: it is told %q, want %q", tt, answer.Warned, want)
		}
	}
}

// TestMissingObjects: the object that was never delivered is found.
func TestMissingObjects(t *testing.T) {
	report, _ := query.FindReport("coverage")
	for seed := range int64(3) {
		dir := t.TempDir()
		truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: seed, End: end, Lines: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(truth.Missing) == 0 {
			t.Fatal("nothing is missing")
		}
		answer, err := open(t, dir, ingest.Plan{}, 2).Run(context.Background(), report, query.Question{By: report.Default, Now: truth.Until})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range truth.Missing {
			want := fmt.Sprint("ALB access log ", m.LoadBalancer, " ", m.Node, " 1 ", []time.Time{m.End.UTC()})
			if got := column(answer, "log", "load_balancer", "node", "missing", "missing_at"); !slices.Contains(got, want) {
				t.Errorf("seed %d: %q is not among %q", seed, want, got)
			}
		}
	}
}

// TestCoverageOfHourlyLogs: a Classic Load Balancer that writes once an hour
// misses nothing, at whichever minute its hours end.
func TestCoverageOfHourlyLogs(t *testing.T) {
	report, _ := query.FindReport("coverage")
	for _, minute := range []int{0, 10} {
		dir := t.TempDir()
		_, err := demo.Write(context.Background(), dir, demo.Options{Seed: 2, End: end.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute),
			Span: 3 * time.Hour, Lines: 1000, Kinds: []demo.Kind{demo.KindClassic}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := open(t, dir, ingest.Plan{}, 1).Run(context.Background(), report, query.Question{By: report.Default, Now: end})
		if err != nil {
			t.Fatal(err)
		}
		got := column(answer, "load_balancer", "objects", "intervals", "missing")
		slices.Sort(got)
		if diff := gocmp.Diff([]string{"legacy-mail 3 3 0", "legacy-mail 3 3 0", "legacy-shop 36 36 0", "legacy-shop 36 36 0"}, got); diff != "" {
			t.Errorf("hours end at minute %d (-truth +answer):\n%s", minute, diff)
		}
	}
}

// column spells some columns of each row.
func column(table *query.Table, names ...string) (rows []string) {
	for _, r := range table.Rows {
		var values []string
		for _, n := range names {
			values = append(values, fmt.Sprint(r[slices.IndexFunc(table.Columns, func(c query.Column) bool { return c.Name == n })]))
		}
		rows = append(rows, strings.Join(values, " "))
	}
	return rows
}

// TestCoverageOfABucket: what is delivered late shows.
func TestCoverageOfABucket(t *testing.T) {
	report, _ := query.FindReport("coverage")
	for seed := range 12 {
		rng := rand.New(rand.NewPCG(uint64(seed), 0xb0c4e7))
		w := newWorld(t, randomOptions(rng), rng)
		w.look(randomWindow(rng, w.truth))
		sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := query.Open(context.Background(), t.TempDir(), query.Input{Sources: []ingest.Source{bucket{sources[0]}}, Plan: ingest.Plan{Window: w.window}})
		if err != nil {
			t.Fatal(err)
		}
		q := randomQuestion(rng, report, w)
		q.Limit = 0
		answer, err := s.Run(context.Background(), report, q)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := compareRows(w.question(report, q).coverage(false), answer); len(wrong) > 0 {
			t.Errorf("seed %d:\n%s", seed, strings.Join(wrong, "\n"))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// compare says what is wrong with an answer.
func (w *world) compare(t testing.TB, s *query.Store, r query.Report, q query.Question, got *query.Table) (wrong []string) {
	t.Helper()
	a := w.question(r, q)
	rows, all := w.expected(t, s, a, r, got)
	wrong = compareRows(rows, got)
	if left := int64(all - len(rows)); got.RowsLeft != left {
		wrong = append(wrong, fmt.Sprintf("%d rows left, want %d", got.RowsLeft, left))
	}
	wrong = append(wrong, w.compareFacts(t, a, r, got)...)
	return append(wrong, compareDrill(r, a, got)...)
}

// expected gives the rows that an answer must have, and how many there would be
// without a limit.
func (w *world) expected(t testing.TB, s *query.Store, a question, r query.Report, answer *query.Table) (rows []row, all int) {
	t.Helper()
	limit := a.Limit
	oracle := map[string]func(question) []row{
		"timeline": question.timeline, "targets": question.targets, "nodes": question.nodes, "routes": question.routes,
		"clients": question.clients, "health": question.health, "tls": question.tls,
		"coverage":   func(q question) []row { return q.coverage(true) },
		"raw":        func(q question) []row { return q.raw(t) },
		"rejects":    func(q question) []row { return q.rejects(t) },
		"top-errors": question.topErrors,
		"latency": func(q question) []row {
			if q.Limit > 0 {
				unlimited := q.Question
				unlimited.Limit = 0
				var err error
				if answer, err = s.Run(context.Background(), r, unlimited); err != nil {
					t.Fatal(err)
				}
			}
			return best(within2Percent(q.latency(), answer), q.Limit, slowest)
		},
	}[r.Name]
	if oracle == nil {
		t.Fatalf("report %s has no oracle", r.Name)
	}
	if rows = oracle(a); limit > 0 && len(rows) > limit {
		rows = rows[:limit] // of reports that have no limit in their SQL
	}
	a.Limit = 0
	if all = len(rows); limit > 0 && all == limit {
		all = len(oracle(a))
	}
	return rows, all
}

// approximate are columns that may be 2 % off, or a microsecond.
var approximate = []string{"p50", "p90", "p95", "p99", "slowest"}

// within2Percent puts the answer's percentiles in place of the exact ones where
// they are near enough, so that rows that are ordered by them can be ordered.
func within2Percent(rows []row, answer *query.Table) []row {
	about := []string{"window_start", "load_balancer", "target_group_arn", "target"}
	given := map[string]row{}
	for _, r := range answer.Rows {
		g := row{}
		for i, c := range answer.Columns {
			g[c.Name] = r[i]
		}
		given[spell(g.listed(about...))] = g
	}
	for _, r := range rows {
		for _, c := range approximate {
			if g, ok := given[spell(r.listed(about...))][c]; ok && same(c, r[c], g) {
				r[c] = g
			}
		}
	}
	return rows
}

// same reports whether a value is the one expected.
func same(column string, want, got any) bool {
	if w, ok := want.(words); ok {
		return w.in(got)
	}
	x, ok := want.(float64)
	y, both := got.(float64)
	if !ok || !both {
		return gocmp.Equal(want, got)
	}
	if slices.Contains(approximate, column) {
		return math.Abs(x-y) <= max(0.02*x, 1e-6)
	}
	return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
}

// compareRows compares rows in their order, and columns by name.
func compareRows(want []row, got *query.Table) (wrong []string) {
	if len(want) != len(got.Rows) {
		wrong = append(wrong, fmt.Sprintf("%d rows, want %d", len(got.Rows), len(want)))
	}
	for i, r := range want {
		if i >= len(got.Rows) {
			return append(wrong, fmt.Sprintf("missing from row %d on: %v", i, r))
		}
		names := map[string]bool{}
		for k, c := range got.Columns {
			names[c.Name] = true
			v, ok := r[c.Name]
			if !ok || !same(c.Name, v, got.Rows[i][k]) {
				wrong = append(wrong, fmt.Sprintf("row %d of %d, %s: %v, want %v", i, len(want), c.Name, got.Rows[i][k], v))
			}
		}
		for c := range r {
			if !names[c] {
				wrong = append(wrong, "no column "+c)
			}
		}
		if len(wrong) > 4 {
			return append(wrong, fmt.Sprintf("row %d wanted: %v\nrow %d given:  %v", i, r, i, got.Rows[i]))
		}
	}
	return wrong
}

// reads says which logs the entries of an answer come from.
func reads(r query.Report, q query.Question) []demo.Kind {
	switch r.Name {
	case "health":
		return append([]demo.Kind{demo.KindHealthCheck}, requestKinds...)
	case "tls":
		return []demo.Kind{demo.KindConnection, demo.KindNLB}
	case "rejects", "coverage":
		return everyKind
	case "raw":
		switch q.Filters["log"] {
		case "connection":
			return []demo.Kind{demo.KindConnection}
		case "health_check":
			return []demo.Kind{demo.KindHealthCheck}
		case "nlb_tls":
			return []demo.Kind{demo.KindNLB}
		case "reject":
			return everyKind
		}
	}
	return requestKinds
}

// compareFacts compares what the answer says beside its rows.
func (w *world) compareFacts(t testing.TB, a question, r query.Report, got *query.Table) (wrong []string) {
	t.Helper()
	say := func(what string, want, got any) {
		if diff := gocmp.Diff(want, got); diff != "" {
			wrong = append(wrong, what+" (-truth +answer):\n"+diff)
		}
	}
	kinds := reads(r, a.Question)
	if r.Name == "coverage" {
		var listed query.Accounting
		for i := range w.truth.Objects {
			if o := &w.truth.Objects[i]; w.opened(int32(i), kinds) {
				listed.Objects++
				listed.BytesCompressed += o.Stored
			}
		}
		say("accounting", listed, got.Accounting)
		if !got.Listed {
			wrong = append(wrong, "it does not say that objects were only listed")
		}
		return wrong
	}
	rests := w.accounting(t, kinds)
	if r.Name == "health" && !w.has(demo.KindHealthCheck) {
		rests = query.Accounting{} // no answer can rest on the requests alone
	}
	say("accounting", rests, got.Accounting)
	want := &query.Table{Window: w.window}
	if slices.Contains(kinds, demo.KindAccess) {
		want.Window = w.resolved
		if r.Name == "health" && len(got.Rows) > 0 {
			for _, c := range a.checks() { // the window reaches over checks, too
				m := c.Time.Truncate(time.Minute)
				if w.window.From.IsZero() && (want.Window.From.IsZero() || m.Before(want.Window.From)) {
					want.Window.From = m
				}
				if w.window.Until.IsZero() && !m.Before(want.Window.Until) {
					want.Window.Until = m.Add(time.Minute)
				}
			}
		}
		left := map[query.NotCounted]int64{}
		balancers := map[string]bool{}
		for _, x := range w.requests {
			want.Requests++
			balancers[x.LoadBalancer] = true
			if a.counts(x) {
				want.Total++
			} else if x.Failed() {
				left[query.NotCounted{Reason: demo.Legible(x.Reason), Class: x.Class}]++
			}
		}
		if r.Name == "rejects" {
			want.Requests = 0 // damaged lines are no part of them
		}
		want.Balancers = slices.Sorted(keysOf(balancers))
		for n, requests := range left {
			n.Requests = requests
			want.NotCounted = append(want.NotCounted, n)
		}
		slices.SortFunc(want.NotCounted, func(a, b query.NotCounted) int {
			return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Class, b.Class))
		})
	}
	if !slices.Contains(kinds, demo.KindAccess) {
		want.Window, want.Balancers = w.written(t, kinds)
	}
	say("facts", want, &query.Table{Window: got.Window, Requests: got.Requests, Total: got.Total, Balancers: got.Balancers, NotCounted: got.NotCounted})
	return wrong
}

func keysOf[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// drilled is the column of a report whose count its drill shows the lines of.
var drilled = map[string]string{
	"top-errors": "failures", "timeline": "failures", "targets": "failures", "nodes": "failures", "routes": "failures", "clients": "failures",
	"tls": "failures", "health": "failed", "rejects": "lines",
}

// drillable is the row that an answer's drill belongs to: the first one whose
// count is not zero; -1 if there is none. count is that count.
func drillable(r query.Report, got *query.Table) (i int, count int64) {
	column := func(row []any, name string) int64 {
		n, _ := row[slices.IndexFunc(got.Columns, func(c query.Column) bool { return c.Name == name })].(int64)
		return n
	}
	for i, row := range got.Rows {
		n := int64(0)
		switch c := drilled[r.Name]; {
		case r.Name == "latency":
			n = max(column(row, "wall_10s"), column(row, "wall_60s"))
		case c != "":
			n = column(row, c)
		}
		if n > 0 {
			return i, n
		}
	}
	return -1, 0
}

// compareDrill checks that there is a way to the lines behind the first count,
// where raw has the filters for it, and that it promises as many.
func compareDrill(r query.Report, a question, got *query.Table) (wrong []string) {
	row, n := drillable(r, got)
	unfiltered := r.Name == "tls" && (!a.divides("log") || a.divides("protocol")) || r.Name == "rejects" && (a.divides("object") || a.divides("window"))
	if r.Name == "tls" && n > 0 && a.divides("window") && !unfiltered {
		cell := func(name string) any {
			i := slices.IndexFunc(got.Columns, func(c query.Column) bool { return c.Name == name })
			if i < 0 {
				return nil
			}
			return got.Rows[row][i]
		}
		unfiltered = cell("log") == "connection" && cell("cause_source") != "logged"
	}
	switch {
	case n == 0 || unfiltered:
		if got.Drill != nil {
			wrong = append(wrong, fmt.Sprintf("a drill out of nothing: %+v", got.Drill))
		}
	case got.Drill == nil:
		wrong = append(wrong, fmt.Sprintf("no drill for a count of %d", n))
	case got.Drill.Rows != n:
		wrong = append(wrong, fmt.Sprintf("the drill promises %d lines of a count of %d: %v", got.Drill.Rows, n, got.Drill.Filters))
	}
	return wrong
}
