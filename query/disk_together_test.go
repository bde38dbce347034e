package query_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// TestReadersBesideIngests: while ingests come and go, answers from the store are
// whole: of as many objects as some ingest has left there, each with all its
// requests, and never an error.
func TestReadersBesideIngests(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 21, End: end, Lines: 1500, Span: 10 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(2, 1)))
	from, dir := w.dir, t.TempDir()
	disk := query.Disk{Path: filepath.Join(dir, "loglens.duckdb"), Wait: 30 * time.Second}
	paths := map[string]int64{} // requests by object
	for i := range w.truth.Requests {
		paths[w.path(w.truth.Requests[i].Object)]++
	}
	logs := t.TempDir()
	var sums []int64 // after each step
	var steps []string
	for p := range paths {
		steps = append(steps, p)
	}
	slices.Sort(steps)
	sum := int64(0)
	for _, p := range steps {
		sum += paths[p]
		sums = append(sums, sum)
	}
	if len(steps) < 5 {
		t.Fatalf("%d objects below %s", len(steps), from)
	}
	link := func(p string) {
		if err := os.Link(p, filepath.Join(logs, filepath.Base(p))); err != nil {
			t.Fatal(err)
		}
	}
	link(steps[0])
	ingested(t, disk, logs, ingest.Plan{}, false)
	report, _ := query.FindReport("timeline")
	var group sync.WaitGroup
	done := make(chan struct{})
	rounds := 0
	for range 2 {
		group.Go(func() {
			for first := int64(0); ; {
				select {
				case <-done:
					return
				default:
				}
				s, err := query.Open(context.Background(), t.TempDir(), query.Input{Workers: 1, Disk: disk})
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := s.Run(context.Background(), report, query.Question{By: []string{}, Classes: everyClass})
				if err := errors.Join(err, s.Close()); err != nil {
					t.Error(err)
					return
				}
				if !slices.Contains(sums, answer.Requests) || answer.Requests < first || answer.Requests != answer.Accounting.Parsed {
					t.Errorf("%d requests (%d parsed) after %d: no ingest has left that", answer.Requests, answer.Accounting.Parsed, first)
				}
				first = answer.Requests
			}
		})
	}
	for rounds < 200 {
		if rounds > 0 && rounds < len(steps) {
			link(steps[rounds])
		}
		ingested(t, disk, logs, ingest.Plan{}, false)
		rounds++
	}
	close(done)
	group.Wait()
}

// TestTwoIngests: the second waits for the first, or gives up and says so.
func TestTwoIngests(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 22, End: end, Lines: 800, Span: 5 * time.Minute}, rand.New(rand.NewPCG(2, 2)))
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Minute}
	results := make([]query.Ingested, 4)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = ingested(t, disk, w.dir, ingest.Plan{}, false) })
	}
	group.Wait()
	fresh, known := int64(0), int64(0)
	for _, r := range results {
		fresh, known = fresh+r.New, known+r.Known
	}
	if fresh != results[0].Listed || known != 3*fresh {
		t.Errorf("%+v: want each object once", results)
	}
	release := query.Hold(t, disk)
	defer release()
	sources, err := ingest.NewSources(context.Background(), []string{w.dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	disk.Wait = 20 * time.Millisecond
	_, err = query.Ingest(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: 1, Disk: disk}, false)
	if !errors.As(err, new(*query.LockedError)) {
		t.Errorf("%v, want a locked store", err)
	}
	s := fromDisk(t, disk, ingest.Plan{})
	report, _ := query.FindReport("timeline")
	if _, err := s.Run(context.Background(), report, query.Question{By: []string{}, Classes: everyClass}); err != nil {
		t.Errorf("a reader waits for an ingest that only reads: %v", err)
	}
}

// TestDiskModel plays ingests of windows, late files, overwrites, deletions and
// prunings against a map of what must be in the store.
func TestDiskModel(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 23, End: end, Lines: 400, Span: 20 * time.Minute, Kinds: []demo.Kind{demo.KindAccess, demo.KindConnection}}, rand.New(rand.NewPCG(2, 3)))
	var objects []int32
	for i, o := range w.truth.Objects {
		if o.Kind != demo.KindTestFile && o.Lines > 0 {
			objects = append(objects, int32(i))
		}
	}
	texts := map[int32][]byte{}
	for _, o := range objects {
		b, err := os.ReadFile(w.path(o))
		if err != nil {
			t.Fatal(err)
		}
		texts[o] = b
	}
	root := t.TempDir()
	n, checks := 0, 0
	if err := errors.Join(flag.Set("rapid.checks", "200"), flag.Set("rapid.steps", "12")); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		n++
		dir := filepath.Join(root, fmt.Sprint(n))
		logs := filepath.Join(dir, "logs")
		if err := os.MkdirAll(logs, 0o700); err != nil {
			r.Fatal(err)
		}
		disk := query.Disk{Path: filepath.Join(dir, "loglens.duckdb"), Wait: time.Second}
		there := map[string]int32{} // what lies in the folder, by name
		want := map[string]int32{}  // what must be in the store
		clock := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		put := func(name string, content int32) {
			clock = clock.Add(time.Second)
			path := filepath.Join(logs, name)
			if err := errors.Join(os.WriteFile(path, texts[content], 0o600), os.Chtimes(path, clock, clock)); err != nil {
				r.Fatal(err)
			}
			there[name] = content
		}
		name := func(o int32) string { return filepath.Base(w.truth.Objects[o].Key) }
		end := func(n string) time.Time { return ingest.ParseName(n).End }
		any := func() int32 { return rapid.SampledFrom(objects).Draw(r, "object") }
		prepared := false
		check := func() {
			wanted := map[string]int64{}
			for n, content := range want {
				wanted[n] = int64(w.truth.Objects[content].Lines)
			}
			s, err := query.Open(context.Background(), dir, query.Input{Workers: 1, Disk: disk})
			if err != nil {
				r.Fatal(err)
			}
			var got cells
			_, err = s.Ask(context.Background(), "SELECT uri, lines FROM object", nil, &got)
			if err := errors.Join(err, s.Close()); err != nil {
				r.Fatal(err)
			}
			have := map[string]int64{}
			for _, row := range got {
				have[filepath.Base(row[0].(string))] = row[1].(int64)
			}
			if diff := gocmp.Diff(wanted, have); diff != "" {
				r.Fatalf("(-model +store):\n%s", diff)
			}
			if checks++; checks%10 != 0 {
				return
			}
			if wrong, err := query.Verify(context.Background(), dir, disk); err != nil || wrong != nil {
				r.Fatalf("verify: %v, %v", wrong, err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"late": func(*rapid.T) { o := any(); put(name(o), o) },
			"overwrite": func(r *rapid.T) {
				o := any()
				same := slices.DeleteFunc(slices.Clone(objects), func(x int32) bool { return w.truth.Objects[x].Kind != w.truth.Objects[o].Kind })
				put(name(o), rapid.SampledFrom(same).Draw(r, "content"))
			},
			"delete": func(*rapid.T) {
				o := any()
				if _, ok := there[name(o)]; ok {
					if err := os.Remove(filepath.Join(logs, name(o))); err != nil {
						r.Fatal(err)
					}
					delete(there, name(o))
				}
			},
			"ingest": func(r *rapid.T) {
				plan := ingest.Plan{}
				if rapid.Bool().Draw(r, "windowed") {
					plan.Window.From = w.truth.From.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "minutes")) * time.Minute)
				}
				sources, err := ingest.NewSources(context.Background(), []string{logs}, nil, ingest.AWS{})
				if err != nil {
					r.Fatal(err)
				}
				if _, err := query.Ingest(context.Background(), dir, query.Input{Sources: sources, Plan: plan, Workers: 1, Disk: disk}, false); err != nil {
					r.Fatal(err)
				}
				prepared = true
				for n, content := range there {
					if !end(n).Before(plan.Window.From) {
						want[n] = content
					}
				}
				check()
			},
			"prune": func(r *rapid.T) {
				if !prepared {
					return
				}
				before := w.truth.From.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "prune")) * time.Minute)
				if _, err := query.Prune(context.Background(), dir, disk, before); err != nil {
					r.Fatal(err)
				}
				for n := range want {
					if end(n).Before(before) {
						delete(want, n)
					}
				}
				check()
			},
		})
	})
}
