package query_test

import (
	"context"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// TestMillionLines reads a million lines with everything odd in them: every
// count is the truth's, and the table is the same whoever shares the work.
func TestMillionLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 7, End: end, Lines: 1_000_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("top-errors")
	all := when.Window{From: truth.From, Until: truth.Until}
	var first *query.Table
	for _, workers := range []int{1, 2, 16} {
		s := open(t, dir, ingest.Plan{Window: all}, workers)
		got, err := s.Run(context.Background(), report, query.Question{By: everyDims, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
			accounted(t, truth, all, got)
			ranked(t, got, 0)
			if diff := gocmp.Diff(oracle(truth, all, everyDims, outages, 0), spelled(t, got, everyDims, 0)); diff != "" {
				t.Errorf("(-truth +answer):\n%s", diff)
			}
		}
		if diff := gocmp.Diff(first, got); diff != "" {
			t.Errorf("%d workers answer otherwise (-1 +%d):\n%s", workers, workers, diff)
		}
	}
}
