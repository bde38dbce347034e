package query

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
)

// TestGrain: a step lies within one slice of the answer's trend and within one of its
// windows, whatever part of the requests it was made for. The slices are those that the
// answer reaches into, and as many as a trend may have if they are as short as they can be.
func TestGrain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0x67a1))
	for range 20_000 {
		begin := rng.Int64N(3e15) - 1e14
		length := 1 + rng.Int64N(int64(1)<<rng.IntN(46))
		some := func() int64 { return begin + rng.Int64N(length) }
		asked := when.Window{}
		answer := when.Window{From: time.UnixMicro(floor(begin, minute)).UTC(), Until: time.UnixMicro(floor(begin+length-1, minute) + minute).UTC()}
		if rng.IntN(2) == 0 {
			asked = when.Window{From: time.UnixMicro(begin).UTC(), Until: time.UnixMicro(begin + length).UTC()}
			answer = asked
		}
		var widths []time.Duration
		if rng.IntN(2) == 0 {
			widths = []time.Duration{time.Duration(1+rng.IntN(100)) * time.Minute}
		}
		g := grainOf("", asked, widths)
		first := some()
		last := first + rng.Int64N(begin+length-first)
		g.reach(first, last) // of a part
		at := some()
		from, until := g.step(at)
		if at < from || at >= until {
			t.Fatalf("%d is not in its step from %d to %d of %+v", at, from, until, g)
		}
		start, slice, n := trendSlices(answer, asked)
		if i := (at - start) / slice; at < start || i >= n || i != (max(from, start)-start)/slice || i != (until-1-start)/slice {
			t.Fatalf("the step from %d to %d is in several of %d slices of %d from %d; %+v", from, until, n, slice, start, g)
		}
		if a, b := answer.From.UnixMicro(), answer.Until.UnixMicro(); a < start || a >= start+slice || b <= start+(n-1)*slice || b > start+n*slice ||
			n > trendWidth || closed(asked) && start+(slice-minute)*trendWidth >= b {
			t.Fatalf("%s has %d slices of %d from %d", answer, n, slice, start)
		}
		if len(widths) > 0 {
			if width := widths[0].Microseconds(); floor(from, width) != floor(until-1, width) {
				t.Fatalf("the step from %d to %d is in several windows of %s", from, until, widths[0])
			}
		}
		if again, _ := g.step(from); again != from {
			t.Fatalf("the step from %d begins at %d", from, again)
		}
	}
}

// TestGrainOfReports: what a report needs of minutes is found in its text.
func TestGrainOfReports(t *testing.T) {
	coarse := map[string]bool{
		"top-errors": true, "targets": true, "latency": true, "timeline": true,
		"nodes":  false, // first and last are minutes
		"health": false, // fail-open is by the minute
	}
	for _, r := range Reports() {
		want, ok := coarse[r.Name]
		if !ok {
			continue
		}
		delete(coarse, r.Name)
		text, err := r.divided(Question{By: r.Default})
		if err != nil {
			t.Fatal(err)
		}
		if g := grainOf(text, when.Window{}, nil); (g != grain{}) != want {
			t.Errorf("%s: grain %+v", r.Name, g)
		}
	}
	if len(coarse) > 0 {
		t.Errorf("there are no reports %v", coarse)
	}
	two := []time.Duration{time.Minute, time.Hour}
	for _, text := range []string{"SELECT minute FROM traffic", "SELECT min(minute) - minute % $window_us", "SELECT epoch_us(minute) FROM traffic"} {
		if (grainOf(text, when.Window{}, nil) != grain{}) {
			t.Errorf("%s could do without minutes", text)
		}
	}
	if (grainOf("", when.Window{}, two) != grain{}) {
		t.Error("windows of two widths share steps")
	}
}

// TestFewCounts: how many counts there are depends on the routes, not on how long the
// window is or how few requests a minute has.
func TestFewCounts(t *testing.T) {
	dir := t.TempDir()
	end := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 3, End: end, Span: 48 * time.Hour, Lines: 40_000, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	routes := map[[3]string]bool{}
	for i := range truth.Requests {
		r := &truth.Requests[i]
		routes[[3]string{r.LoadBalancer, r.TargetGroupARN, r.Target}] = true
	}
	report, _ := FindReport("top-errors")
	for _, window := range []when.Window{{}, {From: end.Add(-24 * time.Hour), Until: end}} {
		sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(context.Background(), t.TempDir(), Input{Sources: sources, Plan: ingest.Plan{Window: window}, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(context.Background(), report, Question{By: report.Default, Classes: []string{"target"}}); err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := s.conn.QueryRowContext(context.Background(), "SELECT count(*) FROM traffic").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		steps := mostSteps
		if closed(window) {
			steps = trendWidth
		}
		if most := 2 * steps * len(routes); rows > most || rows == 0 {
			t.Errorf("%d rows of %d routes in window %s, two workers", rows, len(routes), window)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
