package query_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// TestReadersBesideIngests: while ingests come and go, answers from the store are
// whole: of as many objects as some ingest has left there, each with all its
// requests, and never an error.
func TestReadersBesideIngests(t *testing.T) {
	t.Parallel()
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
	rounds, ingests := 0, query.Often(60, 200)
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
	for rounds < ingests {
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
	sources, err := ingest.NewSources([]string{w.dir}, nil, ingest.AWS{})
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

// TestDiskModel plays ingests of windows, ingests that break off, late files,
// overwrites, deletions and prunings against a map of what must be in the store.
func TestDiskModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo.Options{Seed: 23, End: end, Lines: 400, Span: 20 * time.Minute, Kinds: []demo.Kind{demo.KindAccess, demo.KindConnection}}, rand.New(rand.NewPCG(2, 3)))
	m := diskModel{world: w, texts: map[int32][]byte{}, broken: map[string]int{}}
	for i, o := range w.truth.Objects {
		if o.Kind != demo.KindTestFile && o.Lines > 0 {
			m.objects = append(m.objects, int32(i))
		}
	}
	for _, o := range m.objects {
		b, err := os.ReadFile(w.path(o))
		if err != nil {
			t.Fatal(err)
		}
		m.texts[o] = b
	}
	root := t.TempDir()
	if err := errors.Join(flag.Set("rapid.checks", strconv.Itoa(query.Often(200, 1000))), flag.Set("rapid.steps", "12")); err != nil {
		t.Fatal(err)
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		m.begin(r, filepath.Join(root, fmt.Sprint(n)))
		r.Repeat(map[string]func(*rapid.T){
			"late": m.late, "overwrite": m.overwrite, "delete": m.remove, "ingest": m.ingest, "break": m.breakOff, "prune": m.prune,
		})
	})
	t.Log(m.broken)
	for _, how := range []string{"nothing in", "part in"} {
		if m.broken[how] < 10 {
			t.Errorf("%d ingests broke off with %s", m.broken[how], how)
		}
	}
}

// diskModel is what must be in a store, and what lies in the folder of its logs.
type diskModel struct {
	world   *world
	objects []int32
	texts   map[int32][]byte
	changes int
	checks  int
	broken  map[string]int // how many ingests broke off, by what was in then

	dir, logs string
	disk      query.Disk
	clock     time.Time
	prepared  bool                  // there is a store
	there     map[string]diskObject // what lies in the folder, by name
	want      map[string]diskObject // what must be in the store
}

// diskObject is a version of an object: no two are of one time.
type diskObject struct {
	Lines int64
	At    time.Time
}

func (m *diskModel) begin(r *rapid.T, dir string) {
	m.dir, m.logs = dir, filepath.Join(dir, "logs")
	if err := os.MkdirAll(m.logs, 0o700); err != nil {
		r.Fatal(err)
	}
	m.disk = query.Disk{Path: filepath.Join(dir, "loglens.duckdb"), Wait: time.Second}
	m.changes, m.checks = 0, 0
	m.clock, m.prepared = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), false
	m.there, m.want = map[string]diskObject{}, map[string]diskObject{}
}

func (m *diskModel) any(r *rapid.T) int32 { return rapid.SampledFrom(m.objects).Draw(r, "object") }
func (m *diskModel) name(o int32) string  { return filepath.Base(m.world.truth.Objects[o].Key) }
func intervalEnd(name string) time.Time   { return ingest.ParseName(name).End }
func (m *diskModel) minute(r *rapid.T, label string) time.Time {
	return m.world.truth.From.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, label)) * time.Minute)
}

func (m *diskModel) put(r *rapid.T, name string, content int32) {
	m.clock = m.clock.Add(time.Second)
	path := filepath.Join(m.logs, name)
	if err := errors.Join(os.WriteFile(path, m.texts[content], 0o600), os.Chtimes(path, m.clock, m.clock)); err != nil {
		r.Fatal(err)
	}
	m.there[name] = diskObject{int64(m.world.truth.Objects[content].Lines), m.clock}
}

func (m *diskModel) late(r *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(r, "late") {
		o := m.any(r)
		m.put(r, m.name(o), o)
	}
}

func (m *diskModel) overwrite(r *rapid.T) {
	o := m.any(r)
	same := slices.DeleteFunc(slices.Clone(m.objects), func(x int32) bool { return m.world.truth.Objects[x].Kind != m.world.truth.Objects[o].Kind })
	m.put(r, m.name(o), rapid.SampledFrom(same).Draw(r, "content"))
}

func (m *diskModel) remove(r *rapid.T) {
	name := m.name(m.any(r))
	if _, ok := m.there[name]; ok {
		if err := os.Remove(filepath.Join(m.logs, name)); err != nil {
			r.Fatal(err)
		}
		delete(m.there, name)
	}
}

// bring ingests a window of the folder. wanted is what must be in then.
func (m *diskModel) bring(r *rapid.T, disk query.Disk) (wanted map[string]diskObject, err error) {
	plan := ingest.Plan{}
	if rapid.Bool().Draw(r, "windowed") {
		plan.Window.From = m.minute(r, "minutes")
	}
	sources, err := ingest.NewSources([]string{m.logs}, nil, ingest.AWS{})
	if err != nil {
		r.Fatal(err)
	}
	wanted = maps.Clone(m.want)
	for n, o := range m.there {
		if !intervalEnd(n).Before(plan.Window.From) {
			wanted[n] = o
		}
	}
	_, err = query.Ingest(context.Background(), m.dir, query.Input{Sources: sources, Plan: plan, Workers: 1, Disk: disk}, false)
	return wanted, err
}

func (m *diskModel) ingest(r *rapid.T) {
	wanted, err := m.bring(r, m.disk)
	if err != nil {
		r.Fatal(err)
	}
	m.want, m.prepared = wanted, true
	m.check(r)
}

// breakOff lets an ingest end in the middle. Each object is in the store as it was
// before or as it is now, and those of a transaction alike.
func (m *diskModel) breakOff(r *rapid.T) {
	objects := rapid.IntRange(1, 2).Draw(r, "objects")
	at := rapid.IntRange(1, 60).Draw(r, "step")
	wanted, err := m.bring(r, query.BreakAt(m.disk, at, objects))
	if err == nil {
		m.want, m.prepared = wanted, true
		m.check(r)
		return
	}
	if !errors.Is(err, query.ErrBroken) {
		r.Fatal(err)
	}
	have, err := m.have()
	if errors.As(err, new(*query.DiskError)) && !m.prepared {
		return // it has no tables yet
	}
	if err != nil {
		r.Fatal(err)
	}
	m.prepared = true
	changed, in := 0, 0
	for name, o := range wanted {
		if o == m.want[name] {
			continue
		}
		if changed++; have[name] == o {
			m.want[name] = o
			in++
		}
	}
	if in%objects != 0 && in != changed {
		r.Fatalf("%d of %d objects are in, by transactions of %d", in, changed, objects)
	}
	switch {
	case changed == 0:
	case in == 0:
		m.broken["nothing in"]++
	case in < changed:
		m.broken["part in"]++
	default:
		m.broken["all in"]++
	}
	m.compare(r, have)
}

func (m *diskModel) prune(r *rapid.T) {
	if !m.prepared {
		return
	}
	before := m.minute(r, "prune")
	if _, err := query.Prune(context.Background(), m.dir, m.disk, before); err != nil {
		r.Fatal(err)
	}
	for n := range m.want {
		if intervalEnd(n).Before(before) {
			delete(m.want, n)
		}
	}
	m.check(r)
}

// have is what the store says that it has.
func (m *diskModel) have() (map[string]diskObject, error) {
	// Since long ago: without a window it would be since what was looked through.
	plan := ingest.Plan{Window: when.Window{From: time.Unix(0, 0)}}
	s, err := query.Open(context.Background(), m.dir, query.Input{Plan: plan, Workers: 1, Disk: m.disk})
	if err != nil {
		return nil, err
	}
	var got cells
	_, err = s.Ask(context.Background(), "SELECT uri, lines, modified FROM object", nil, &got)
	have := map[string]diskObject{}
	for _, row := range got {
		have[filepath.Base(row[0].(string))] = diskObject{row[1].(int64), row[2].(time.Time)}
	}
	return have, errors.Join(err, s.Close())
}

// check looks at the store every other time, which is soon enough to find a mistake.
func (m *diskModel) check(r *rapid.T) {
	if m.changes++; m.changes%2 != 0 {
		return
	}
	have, err := m.have()
	if err != nil {
		r.Fatal(err)
	}
	m.compare(r, have)
}

func (m *diskModel) compare(r *rapid.T, have map[string]diskObject) {
	if diff := gocmp.Diff(m.want, have); diff != "" {
		r.Fatalf("(-model +store):\n%s", diff)
	}
	if m.checks++; m.checks != 4 {
		return // reading all of it takes long
	}
	if wrong, err := query.Verify(context.Background(), m.dir, m.disk); err != nil || wrong != nil {
		r.Fatalf("verify: %v, %v", wrong, err)
	}
}
