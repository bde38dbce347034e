//go:build unix

package main

import (
	"encoding/json"
	"testing"
	"time"

	"loglens/internal/demo"
)

// TestMillionLinesSameBytes: a million lines with everything odd in them give
// the same bytes of JSON whoever shares the work, and the truth's accounting.
func TestMillionLinesSameBytes(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(t.Context(), dir, demo.Options{
		Seed: 11, End: time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC), Lines: 1_000_000, Oddities: true, NoTruth: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, workers := range []string{"1", "2", "16"} {
		p := newProcess(t, "top-errors", "--workers", workers, "--by", "reason,target_group,target,node", "--limit", "0", "--output", "json", dir)
		got, stderr, status := p.output(t)
		if status != 0 {
			t.Fatalf("--workers %s: exit status %d: %s", workers, status, stderr)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("--workers %s gives other bytes than 1", workers)
		}
		p.leavesNothing(t)
	}
	var answer struct {
		Accounting struct{ Lines, Parsed, Rejected, Skipped int64 }
		Rows       []json.RawMessage
	}
	if err := json.Unmarshal([]byte(want), &answer); err != nil {
		t.Fatal(err)
	}
	a := answer.Accounting
	if a.Lines != truth.Lines || a.Rejected != truth.Damaged || a.Skipped != 0 || a.Lines != a.Parsed+a.Rejected || len(answer.Rows) < 100 {
		t.Errorf("%+v and %d rows; truth %d lines, %d damaged", a, len(answer.Rows), truth.Lines, truth.Damaged)
	}
}
