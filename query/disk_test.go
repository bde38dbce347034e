package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// ingested puts what lies in a folder into a store.
func ingested(t testing.TB, disk query.Disk, dir string, plan ingest.Plan, requests bool) query.Ingested {
	t.Helper()
	ctx := context.Background()
	sources, err := ingest.NewSources(ctx, []string{dir}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	done, err := query.Ingest(ctx, t.TempDir(), query.Input{Sources: sources, Plan: plan, Workers: 2, Disk: disk}, requests)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// fromDisk opens a store that answers from a disk.
func fromDisk(t testing.TB, disk query.Disk, plan ingest.Plan) *query.Store {
	t.Helper()
	s, err := query.Open(context.Background(), t.TempDir(), query.Input{Plan: plan, Workers: 2, Disk: disk})
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

// TestDiskAnswersAlike asks every report both ways: from the logs and from a
// store that has ingested them. The answers are the same to the last value.
func TestDiskAnswersAlike(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0xd15c))
			w := newWorld(t, randomOptions(rng), rng)
			disk := query.Disk{Path: filepath.Join(t.TempDir(), "store", "loglens.duckdb"), Wait: time.Second}
			ingested(t, disk, w.dir, ingest.Plan{}, true)
			window := randomWindow(rng, w.truth)
			window = when.Window{From: window.From.Truncate(time.Minute), Until: window.Until.Truncate(time.Minute)}
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
