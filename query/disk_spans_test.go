package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
)

// called is a source by another name.
type called struct {
	ingest.Source
	name string
}

func (c called) String() string { return c.name }

// looked is what an ingest of a test has looked through.
type looked struct {
	window when.Window
	elb    string
}

// TestStoreKnowsWhatItLacks ingests random windows, of all load balancers or of one, and
// compares the gaps of an answer with a look at every minute; and an answer without a gap,
// to a question with a window and to one without, with one from the logs themselves. Some
// are asked once the source has been given up.
func TestStoreKnowsWhatItLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 31, End: end, Lines: 1000, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	var balancers []string
	for _, o := range w.truth.Objects {
		if o.LoadBalancer != "" && !slices.Contains(balancers, o.LoadBalancer) {
			balancers = append(balancers, o.LoadBalancer)
		}
	}
	report, _ := query.FindReport("top-errors")
	whole, partial, unseen, unbounded, forgotten := 0, 0, 0, 0, 0
	for seed := range uint64(query.Often(25, 600)) {
		rng := rand.New(rand.NewPCG(seed, 0x5ba))
		minute := func() time.Time {
			return w.truth.From.Truncate(time.Minute).Add(time.Duration(rng.IntN(45)) * time.Minute)
		}
		window := func() (w when.Window) {
			w.From, w.Until = minute(), minute()
			if w.Until.Before(w.From) {
				w.From, w.Until = w.Until, w.From
			}
			w.Until = w.Until.Add(time.Minute)
			return w
		}
		elb := func() string {
			if rng.IntN(3) > 0 {
				return ""
			}
			return one(rng, balancers...)
		}
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		var past []looked
		for range 1 + rng.IntN(3) {
			l := looked{window(), elb()}
			if rng.IntN(4) == 0 {
				l.window.From = time.Time{}
			}
			if rng.IntN(4) == 0 {
				l.window.Until = time.Time{}
			}
			done := ingested(t, disk, w.dir, ingest.Plan{Window: l.window, LoadBalancer: l.elb}, false)
			if done.Listed > 0 || slices.ContainsFunc(past, func(p looked) bool { return p.elb == l.elb }) {
				past = append(past, l)
			}
		}
		if len(past) == 0 {
			continue
		}
		var pruned time.Time
		if rng.IntN(5) == 0 {
			pruned = minute()
			n, err := query.Prune(context.Background(), t.TempDir(), disk, pruned)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				pruned = time.Time{}
			}
		}
		if rng.IntN(4) == 0 { // to give the only source up changes nothing of what was looked through
			if n, err := query.Forget(context.Background(), t.TempDir(), disk, w.dir); n != 1 || err != nil {
				t.Fatalf("seed %d: %d sources given up: %v", seed, n, err)
			}
			forgotten++
		}
		plan := ingest.Plan{Window: window(), LoadBalancer: elb()}
		ask := query.Question{By: report.Default, Classes: parse.Classes()}
		got, err := fromDisk(t, disk, plan).Run(context.Background(), report, ask)
		if err != nil {
			t.Fatal(err)
		}

		asked := []string{plan.LoadBalancer}
		if plan.LoadBalancer == "" {
			asked = nil
			for _, l := range past {
				asked = append(asked, l.elb)
			}
		}
		lacking := 0
		for at := plan.Window.From; at.Before(plan.Window.Until); at = at.Add(time.Minute) {
			want := slices.ContainsFunc(asked, func(elb string) bool {
				return !slices.ContainsFunc(past, func(l looked) bool {
					return (l.elb == "" || l.elb == elb) && l.window.Contains(at) && !at.Before(pruned)
				})
			})
			has := slices.ContainsFunc(got.Gaps, func(g query.Span) bool { return g.Window.Contains(at) })
			if has != want {
				t.Fatalf("seed %d: ingested %v, pruned before %v, asked %+v: gaps %v; want one at %v: %v", seed, past, pruned, plan, got.Gaps, at, want)
			}
			if want {
				lacking++
			}
		}
		if got.Lacking() != time.Duration(lacking)*time.Minute {
			t.Errorf("seed %d: %v lacking, want %d minutes", seed, got.Lacking(), lacking)
		}
		switch {
		case lacking > 0:
			partial++
			if got.Unseen {
				unseen++
			}
			if len(got.Warnings) == 0 || got.Whole() {
				t.Errorf("seed %d: %v, and no word of it: %q", seed, got.Gaps, got.Warnings)
			}
		case plan.LoadBalancer == "" && !slices.Contains(asked, ""):
			// Of the other load balancers nothing is known.
		default:
			whole++
			want, err := open(t, w.dir, plan, 1).Run(context.Background(), report, ask)
			if err != nil {
				t.Fatal(err)
			}
			if got.Total != want.Total || got.Requests != want.Requests {
				t.Errorf("seed %d: ingested %v, pruned before %v: %d of %d without a gap, want %d of %d", seed, past, pruned, got.Total, got.Requests, want.Total, want.Requests)
			}
		}

		plan.Window = when.Window{}
		if got, err = fromDisk(t, disk, plan).Run(context.Background(), report, ask); err != nil {
			t.Fatal(err)
		}
		if plan.Window = got.Window; !got.Whole() || got.Requests == 0 || plan.LoadBalancer == "" && !slices.Contains(asked, "") {
			continue
		}
		unbounded++
		want, err := open(t, w.dir, plan, 1).Run(context.Background(), report, ask)
		if err != nil {
			t.Fatal(err)
		}
		if got.Total != want.Total || got.Requests != want.Requests {
			t.Errorf("seed %d: ingested %v, pruned before %v, asked for all of %q: %d of %d in %v, want %d of %d", seed, past, pruned, plan.LoadBalancer, got.Total, got.Requests, got.Window, want.Total, want.Requests)
		}
	}
	if whole < 3 || partial < 5 || unseen == 0 || unbounded < 3 || forgotten < 3 {
		t.Errorf("%d whole answers, %d partial, %d of them of nothing; %d whole ones without a window; %d sources given up", whole, partial, unseen, unbounded, forgotten)
	}
}

// TestBoundedByWhatWasLookedThrough: objects hold lines of the time before the window that
// they were ingested for, and those of a Classic Load Balancer of up to an hour after it. A
// question without a window leaves them out.
func TestBoundedByWhatWasLookedThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 34, End: end, Lines: 3000, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess, demo.KindClassic}}, rand.New(rand.NewPCG(3, 1)))
	at := w.truth.From.Truncate(time.Minute).Add(18 * time.Minute)
	report, _ := query.FindReport("top-errors")
	ask := query.Question{By: report.Default, Classes: parse.Classes()}
	for _, half := range []when.Window{{From: at}, {Until: at}} {
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		ingested(t, disk, w.dir, ingest.Plan{Window: half}, false)
		s := fromDisk(t, disk, ingest.Plan{})
		for range 2 {
			got, err := s.Run(context.Background(), report, ask)
			if err != nil {
				t.Fatal(err)
			}
			want, err := open(t, w.dir, ingest.Plan{Window: half}, 1).Run(context.Background(), report, ask)
			if err != nil {
				t.Fatal(err)
			}
			bounded := (half.From.IsZero() || got.Window.From.Equal(half.From)) && (half.Until.IsZero() || got.Window.Until.Equal(half.Until))
			if got.Total != want.Total || got.Requests != want.Requests || !bounded || !got.Whole() {
				t.Errorf("%d of %d in %v, gaps %v; want %d of %d in %v", got.Total, got.Requests, got.Window, got.Gaps, want.Total, want.Requests, want.Window)
			}
			if got.Accounting.Skipped == 0 {
				t.Errorf("%v: no line of the time outside, so nothing was tried", half)
			}
		}
	}
}

// TestWithoutWindowLacksWhatOneSourceLacks: a question without a window is about all times
// at which any source was looked through, and tells what the others lack of that. That
// they were looked through one after the other is no lack.
func TestWithoutWindowLacksWhatOneSourceLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 35, End: end, Lines: 600, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	first, now := w.truth.From.Truncate(time.Minute), w.truth.Until.Truncate(time.Minute)
	report, _ := query.FindReport("top-errors")
	for _, c := range []struct {
		name                string
		since, until, clock [2]time.Time // of the ingest of each source; zero times are open
		lacking             time.Duration
	}{
		{"both whole", [2]time.Time{}, [2]time.Time{}, [2]time.Time{now, now}, 0},
		{"one begins later", [2]time.Time{first, first.Add(10 * time.Minute)}, [2]time.Time{}, [2]time.Time{now, now}, 10 * time.Minute},
		{"one has no beginning", [2]time.Time{{}, first.Add(10 * time.Minute)}, [2]time.Time{}, [2]time.Time{now, now}, 10 * time.Minute},
		{"one ends earlier", [2]time.Time{}, [2]time.Time{now, first.Add(5 * time.Minute)}, [2]time.Time{now, now}, now.Add(-15 * time.Minute).Sub(first.Add(5 * time.Minute))},
		{"one after the other", [2]time.Time{}, [2]time.Time{}, [2]time.Time{now, now.Add(7 * time.Minute)}, 0},
	} {
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		for i, name := range []string{"s3://one/prod", "s3://other/prod"} {
			_, err := query.Ingest(context.Background(), t.TempDir(), query.Input{
				Sources: []ingest.Source{called{sources[0], name}}, Workers: 1, Disk: disk,
				Plan: ingest.Plan{Window: when.Window{From: c.since[i], Until: c.until[i]}, Now: c.clock[i]},
			}, false)
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := fromDisk(t, disk, ingest.Plan{Now: now.Add(2 * time.Hour)}).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if err != nil {
			t.Fatal(err)
		}
		if got.Lacking() != c.lacking {
			t.Errorf("%s: %v lacking of %v, want %v", c.name, got.Gaps, got.Window, c.lacking)
		}
	}
}

// TestFarBehindWhatWasLookedThrough: lines that lie further behind what was looked through
// than they can by chance are shown, and what lacks there is told. Here a clock was wrong.
func TestFarBehindWhatWasLookedThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 36, End: end, Lines: 300, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, w.dir, ingest.Plan{Now: w.truth.Until.Add(-3 * time.Hour)}, false)
	report, _ := query.FindReport("top-errors")
	ask := query.Question{By: report.Default, Classes: parse.Classes()}
	got, err := fromDisk(t, disk, ingest.Plan{Now: w.truth.Until.Add(time.Hour)}).Run(context.Background(), report, ask)
	if err != nil {
		t.Fatal(err)
	}
	want, err := open(t, w.dir, ingest.Plan{}, 1).Run(context.Background(), report, ask)
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != want.Total || got.Requests != want.Requests || got.Whole() {
		t.Errorf("%d of %d in %v, gaps %v; want %d of %d in %v", got.Total, got.Requests, got.Window, got.Gaps, want.Total, want.Requests, want.Window)
	}
}

// TestOthersOfTheName: who has looked for one load balancer has not looked for all that are
// called so, unless it was where there can be no other.
func TestOthersOfTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 38, End: end, Lines: 600, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	id := w.truth.Requests[0].LoadBalancer
	part := strings.Split(id, "/")
	name, bucket, region := part[1], "s3://logs", "s3://logs/AWSLogs/111122223333/elasticloadbalancing/eu-central-1"
	arn := "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/" + id
	report, _ := query.FindReport("top-errors")
	for _, c := range []struct {
		source, looked, asked string
		whole                 bool
	}{
		{bucket, id, id, true},
		{bucket, id, arn, true},
		{bucket, arn, id, true},
		{bucket, name, id, true},
		{bucket, name, name, true},
		{bucket, "", name, true},
		{region, id, name, true},
		{bucket, id, name, false},
		{bucket, arn, name, false},
		{bucket, id, "app/" + name + "/0123456789abcdef", false},
		{region, id, "other", false},
	} {
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		window := when.Window{From: w.truth.From.Truncate(time.Minute), Until: w.truth.Until.Truncate(time.Minute)}
		_, err := query.Ingest(context.Background(), t.TempDir(), query.Input{
			Sources: []ingest.Source{called{sources[0], c.source}}, Workers: 1, Disk: disk, Plan: ingest.Plan{Window: window, LoadBalancer: c.looked},
		}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, window := range []when.Window{window, {}} {
			got, err := fromDisk(t, disk, ingest.Plan{Window: window, LoadBalancer: c.asked}).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
			if err != nil {
				t.Fatal(err)
			}
			if bounded := !window.From.IsZero(); got.Whole() != c.whole && (bounded || got.Requests > 0) {
				t.Errorf("%s, looked for %q, asked for %q, window %v: gaps %v", c.source, c.looked, c.asked, window, got.Gaps)
			}
		}
	}
}

// TestSourceForEveryObject: the shell makes a source of every file that a pattern matches.
func TestSourceForEveryObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 37, End: end, Lines: 20000, Span: 3 * time.Hour, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	found, err := ingest.NewSources([]string{w.dir, t.TempDir()}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	sources := []ingest.Source{found[0]}
	for i := range 3000 {
		sources = append(sources, called{found[1], fmt.Sprintf("/logs/%d.log.gz", i)})
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	if _, err := query.Ingest(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: 2, Disk: disk}, false); err != nil {
		t.Fatal(err)
	}
	_, spans, _, err := query.Stats(context.Background(), t.TempDir(), disk)
	if err != nil || len(spans) != len(sources) {
		t.Errorf("%d spans, want one for each of %d sources: %v", len(spans), len(sources), err)
	}
}

// TestObjectsAsSourcesVanish: where every object is a source, one that was read and is gone
// lacks nothing of the time after it. Times for which no source was looked through are told.
func TestObjectsAsSourcesVanish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 39, End: end, Lines: 3000, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	var files []string
	for _, o := range w.truth.Objects {
		if o.LoadBalancer != "" {
			files = append(files, filepath.Join(w.dir, filepath.FromSlash(o.Key)))
		}
	}
	from, until := w.truth.From.Truncate(time.Minute), w.truth.Until.Truncate(time.Minute).Add(time.Hour)
	report, _ := query.FindReport("top-errors")
	run := func(s *query.Store) *query.Table {
		t.Helper()
		got, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	window := when.Window{From: from, Until: until}
	want := run(open(t, w.dir, ingest.Plan{Window: window}, 1))
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	bring := func(now time.Time, files ...string) {
		t.Helper()
		sources, err := ingest.NewSources(files, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := query.Ingest(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: 1, Disk: disk, Plan: ingest.Plan{Now: now}}, false); err != nil {
			t.Fatal(err)
		}
	}
	bring(until.Add(-30*time.Minute), files...)
	bring(until, files[2:]...)
	got := run(fromDisk(t, disk, ingest.Plan{Window: window}))
	if !got.Whole() || got.Requests != want.Requests || got.Total != want.Total {
		t.Errorf("%d of %d, want %d of %d, and no gap: %v", got.Total, got.Requests, want.Total, want.Requests, got.Gaps)
	}
	window.Until = until.Add(time.Hour)
	if got = run(fromDisk(t, disk, ingest.Plan{Window: window})); got.Lacking() != time.Hour {
		t.Errorf("%v lacking of the hour that nobody has looked for: %v", got.Lacking(), got.Gaps)
	}
}

// TestNewestIsNotLookedFor: of S3, what is not delivered yet is no part of what was looked
// for; a gap there is told only once the next ingest is overdue.
func TestNewestIsNotLookedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 32, End: end, Lines: 300, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	now := w.truth.Until.Truncate(time.Minute)
	_, err = query.Ingest(context.Background(), t.TempDir(), query.Input{
		Sources: []ingest.Source{called{sources[0], "S3://my-logs/prod/"}}, Workers: 1, Disk: disk,
		Plan: ingest.Plan{Window: when.Window{From: now.Add(-time.Hour), Until: now}, Now: now},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("top-errors")
	for _, c := range []struct {
		later, since, lacking time.Duration
		open                  bool
	}{
		{0, time.Hour, 0, false},
		{5 * time.Minute, 30 * time.Minute, 0, false},
		{6 * time.Minute, 30 * time.Minute, 6 * time.Minute, false},
		{2 * time.Hour, 2 * time.Hour, 105 * time.Minute, false},
		{48 * time.Hour, time.Hour, 45 * time.Minute, false},
		{48 * time.Hour, time.Hour, 0, true}, // asks for what there is
		{0, 3 * time.Hour, 2 * time.Hour, false},
		{0, 10 * time.Minute, 0, false},
		{5 * time.Minute, 10 * time.Minute, 0, false},
		{6 * time.Minute, 10 * time.Minute, 10 * time.Minute, false},
		{2 * time.Hour, 20 * time.Minute, 5 * time.Minute, false},
		{2 * time.Hour, 15 * time.Minute, 15 * time.Minute, false},
	} {
		plan := ingest.Plan{Now: now.Add(c.later)}
		plan.Window = when.Window{From: plan.Now.Add(-c.since), Until: plan.Now}
		if c.open {
			plan.Window.Until = time.Time{}
		}
		got, err := fromDisk(t, disk, plan).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if err != nil {
			t.Fatal(err)
		}
		if got.Lacking() != c.lacking || c.lacking > 0 && got.Gaps[0].Source != "s3://my-logs/prod" {
			t.Errorf("%v after the ingest, of the last %v: %v lacking, want %v", c.later, c.since, got.Gaps, c.lacking)
		}
		if got.Unseen && got.Whole() {
			t.Errorf("%v after the ingest, of the last %v: nothing lacks, and all of it", c.later, c.since)
		}
	}
}

// TestBrokenOffIsNotLookedThrough: what an ingest has brought in before it was ended is
// there, and all of its source is told as lacking. A source in which there is nothing is
// not missed.
func TestBrokenOffIsNotLookedThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 33, End: end, Lines: 2000, Span: 40 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	report, _ := query.FindReport("top-errors")
	plan := ingest.Plan{Window: when.Window{From: w.truth.From.Truncate(time.Minute), Until: w.truth.Until.Truncate(time.Minute)}}
	ask := func(disk query.Disk, plan ingest.Plan) *query.Table {
		got, err := fromDisk(t, disk, plan).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	sources, err := ingest.NewSources([]string{w.dir, t.TempDir()}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := open(t, w.dir, plan, 1).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
	if err != nil {
		t.Fatal(err)
	}
	all, parts := logs.Accounting.Objects, 0
	for at := 1; ; at++ {
		disk := query.Disk{Path: filepath.Join(t.TempDir(), fmt.Sprint(at), "loglens.duckdb"), Wait: time.Second}
		in := query.Input{Sources: sources[:1], Plan: plan, Workers: 1, Disk: query.BreakAt(disk, at, 40)}
		_, err := query.Ingest(context.Background(), t.TempDir(), in, false)
		if err == nil {
			if got := ask(disk, plan); !got.Whole() {
				t.Errorf("after a whole ingest: %v", got.Gaps)
			}
			in.Sources, in.Disk = sources[1:], disk
			if _, err := query.Ingest(context.Background(), t.TempDir(), in, false); err != nil {
				t.Fatal(err)
			}
			if got := ask(disk, plan); !got.Whole() {
				t.Errorf("after an ingest of nothing: %v", got.Gaps)
			}
			break
		}
		if !errors.Is(err, query.ErrBroken) {
			t.Fatal(err)
		}
		s, err := query.Open(context.Background(), t.TempDir(), query.Input{Plan: plan, Workers: 1, Disk: disk})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if cerr := s.Close(); cerr != nil {
			t.Fatal(cerr)
		}
		if errors.As(err, new(*query.DiskError)) {
			continue // it has no tables yet
		}
		if err != nil {
			t.Fatal(err)
		}
		objects := got.Accounting.Objects
		switch {
		case objects == 0:
		case objects < all:
			if parts++; !got.Unseen {
				t.Errorf("broken at step %d, with %d of %d objects: %v", at, objects, all, got.Gaps)
			}
			if got := ask(disk, ingest.Plan{}); got.Requests > 0 && (got.Whole() || !got.Unseen) {
				t.Errorf("broken at step %d, asked for all of it: %v", at, got.Gaps)
			}
		case !got.Whole():
			t.Errorf("broken at step %d, with all objects: %v", at, got.Gaps)
		}
	}
	if parts == 0 {
		t.Error("no ingest broke off with a part of it in the store")
	}
}

// TestRootIsNoBucket: what lies in S3 does not lie in the root of the file system.
func TestRootIsNoBucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 39, End: end, Lines: 60, Span: 10 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(3, 1)))
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	for _, name := range []string{"s3://logs/prod", "/srv/logs"} {
		_, err := query.Ingest(context.Background(), t.TempDir(), query.Input{Sources: []ingest.Source{called{sources[0], name}}, Workers: 1, Disk: disk}, false)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		source string
		want   int
	}{{"/", 1}, {"s3://logs", 1}} {
		if n, err := query.Forget(context.Background(), t.TempDir(), disk, c.source); n != c.want || err != nil {
			t.Errorf("%s: %d sources, %v; want %d", c.source, n, err, c.want)
		}
	}
}
