package query_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
)

// ingested puts what lies in a folder into a store.
func ingested(t testing.TB, disk query.Disk, dir string, plan ingest.Plan, requests bool) query.Ingested {
	t.Helper()
	ctx := context.Background()
	sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	done, err := query.Ingest(ctx, t.TempDir(), query.Input{Sources: sources, Plan: plan, Workers: 2, Disk: disk}, requests)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestIngestOfMuch: what one object keeps may be more than DuckDB may hold.
func TestIngestOfMuch(t *testing.T) {
	t.Parallel()
	const lines, agent = 80_000, 4500
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "much.log"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 0, agent)
	for range lines {
		for noise = noise[:0]; len(noise) < agent; {
			noise = strconv.AppendUint(noise, rng.Uint64(), 36)
		}
		fmt.Fprintf(w, `https 2026-10-07T07:15:01.101682Z app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 0.000 -1 -1 502 - 14 82 `+
			`"GET https://shop.example.com:443/ HTTP/1.1" "%s" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/cd18ee8d310e74a0 `+
			`"-" "-" "-" 10 2026-10-07T07:15:00.941000Z "forward" "-" "-" "10.0.32.18:80" "-" "-" "-" -`+"\n", noise)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, false)
	if info, err := os.Stat(disk.Path); err != nil || info.Size() < 300e6 {
		t.Errorf("store: %v, %v; want more than DuckDB may hold", info, err)
	}
	if wrong, err := query.Verify(context.Background(), t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
	report, _ := query.FindReport("top-errors")
	got, err := fromDisk(t, disk, ingest.Plan{}).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes(), Limit: 5})
	if err != nil || got.Total != lines {
		t.Errorf("%+v, %v; want %d failures", got, err, lines)
	}
}

// fromDisk opens a store that answers from a disk.
func fromDisk(t testing.TB, disk query.Disk, plan ingest.Plan) *query.Store {
	t.Helper()
	return opened(t, query.Input{Plan: plan, Workers: 2, Disk: disk})
}

// TestManyGroupsFromDisk: what a statement gathers may be more than DuckDB may hold.
func TestManyGroupsFromDisk(t *testing.T) {
	t.Parallel()
	const times = 100_000
	dir := filepath.Join("..", "testdata", "logs")
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, false)
	s := fromDisk(t, disk, ingest.Plan{})
	lines, _ := ask(t, s, "SELECT DISTINCT raw FROM failure")
	groups, _ := ask(t, s, fmt.Sprintf("SELECT count(*), count(DISTINCT raw) FROM (SELECT raw, r FROM failure, range(%d) r(r) GROUP BY ALL)", times))
	n := len(lines.rows)
	if want := fmt.Sprint(n*times, n); n < 10 || groups.rows[0] != want {
		t.Errorf("groups and lines: %s, want %s", groups.rows[0], want)
	}
}

// TestDiskAnswersAlike asks every report both ways: from the logs and from a
// store that has ingested them. The answers are the same to the last value.
func TestDiskAnswersAlike(t *testing.T) {
	t.Parallel()
	for seed := range uint64(query.Often(15, 100)) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0xd15c))
			w := newWorld(t, randomOptions(rng), rng)
			disk := query.Disk{Path: filepath.Join(t.TempDir(), "store", "loglens.duckdb"), Wait: time.Second}
			ingested(t, disk, w.dir, ingest.Plan{}, true)
			window := randomWindow(rng, w.truth)
			window = when.Window{From: window.From.Truncate(time.Minute), Until: window.Until.Truncate(time.Minute)}
			switch rng.IntN(4) { // an open end is closed by what the logs have
			case 0:
				window = when.Window{}
			case 1:
				window.From = time.Time{}
			}
			plan := ingest.Plan{Window: window}
			if chance(rng, 3) && len(w.truth.Objects) > 0 {
				plan.LoadBalancer = one(rng, w.truth.Objects...).LoadBalancer
			}
			w.look(window)
			streamed, stored := open(t, w.dir, plan, 2), fromDisk(t, disk, plan)
			for _, r := range query.Reports() {
				q := randomQuestion(rng, r, w)
				want, err := streamed.Run(context.Background(), r, q)
				if err != nil {
					t.Fatal(err)
				}
				got, err := stored.Run(context.Background(), r, q)
				if err != nil {
					t.Fatalf("%s of %+v: %v", r.Name, q, err)
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s of %+v, window %s, balancer %q (-logs +store):\n%s", r.Name, q, window, plan.LoadBalancer, diff)
				}
			}
		})
	}
}

// inBucket is a folder as if it lay in S3, where its objects were written at some time.
type inBucket struct {
	ingest.Source
	written map[string]time.Time // by the object's name
}

func (b inBucket) List(ctx context.Context, p ingest.Plan) iter.Seq2[*ingest.Object, error] {
	return func(yield func(*ingest.Object, error) bool) {
		for o, err := range b.Source.List(ctx, p) {
			if o != nil {
				name := filepath.Base(o.URI)
				o.URI, o.Modified = "s3://b/"+name, b.written[name]
			}
			if (o == nil || p.Lists(o.Name, o.Modified)) && !yield(o, err) {
				return
			}
		}
	}
}

// TestOldObjectsWithoutNameFromDisk: what S3 says to have been written long before the window
// is left out of an answer, with its damaged lines and faults, whether a store has it or not.
func TestOldObjectsWithoutNameFromDisk(t *testing.T) {
	dir := t.TempDir()
	line := func(at time.Time) string {
		return at.Format(`http 2006-01-02T15:04:05.000000Z`) + ` app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 0.000 -1 -1 502 - 14 82 ` +
			`"GET http://shop.example.com:80/ HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/cd18ee8d310e74a0 ` +
			at.Format(`"-" "-" "-" 10 2006-01-02T15:04:05.000000Z "forward" "-" "-" "10.0.32.18:80" "-" "-" "-" -`) + "\nno line\n"
	}
	now := time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC)
	written := map[string]time.Time{"new": now.Add(-10 * time.Minute), "uploaded": now.Add(-20 * time.Hour), "old": now.AddDate(0, 0, -6), "broken": now.AddDate(0, 0, -6)}
	for name, at := range written {
		text := line(at)
		if name == "broken" {
			text = "\x1f\x8b\x08 cut short"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	in := query.Input{Sources: []ingest.Source{inBucket{folder[0], written}}, Workers: 1}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	filling := in
	filling.Disk = disk
	if done, err := query.Ingest(context.Background(), t.TempDir(), filling, false); err != nil || done.Listed != 4 || done.Failed != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	in.Plan = ingest.Plan{Window: when.Window{From: now.Add(-time.Hour), Until: now}}
	report, _ := query.FindReport("top-errors")
	ask := func(in query.Input) *query.Table {
		s, err := query.Open(context.Background(), t.TempDir(), in)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes()})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want, got := ask(in), ask(query.Input{Plan: in.Plan, Workers: 1, Disk: disk})
	if diff := gocmp.Diff(want, got); diff != "" || want.Accounting.Objects != 2 || want.Total != 1 {
		t.Errorf("(-logs +store):\n%s", diff)
	}
}
