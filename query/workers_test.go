package query_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/parse"
	"loglens/query"
)

// TestManyProcessors: a machine with many processors gives the same answers as one with
// few. Each of DuckDB's threads takes memory of its own.
func TestManyProcessors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	if _, err := demo.Write(ctx, dir, demo.Options{Seed: 11, End: end, Span: time.Hour, Lines: 120_000, FailureRate: 0.05, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	from := func(fromDisk bool, workers int) query.Input {
		if fromDisk {
			return query.Input{Workers: workers, Disk: disk}
		}
		sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		return query.Input{Sources: sources, Workers: workers}
	}
	in := from(false, 256)
	in.Disk = disk
	if _, err := query.Ingest(ctx, t.TempDir(), in, true); err != nil {
		t.Fatal(err)
	}
	classes := parse.Classes()
	for _, r := range query.Reports() {
		questions := []query.Question{{By: r.Default, Classes: classes, Limit: 20}}
		if r.Has("target_group") && r.Has("target") {
			questions = append(questions, query.Question{By: []string{"target_group", "target"}, Classes: classes, Limit: 20})
		}
		few := make([]*query.Table, len(questions))
		for _, c := range []struct {
			fromDisk bool
			workers  int
		}{{false, 2}, {false, 256}, {true, 256}} {
			s, err := query.Open(ctx, t.TempDir(), from(c.fromDisk, c.workers))
			if err != nil {
				t.Fatal(err)
			}
			for i, q := range questions {
				got, err := s.Run(ctx, r, q)
				what := fmt.Sprintf("%s by %v with %d workers, from disk %t", r.Name, q.By, c.workers, c.fromDisk)
				switch {
				case err != nil:
					t.Errorf("%s: %v", what, err)
				case few[i] == nil:
					few[i] = got
				default:
					if diff := gocmp.Diff(few[i], got); diff != "" {
						t.Errorf("%s (-few +many):\n%s", what, diff)
					}
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
