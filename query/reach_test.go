package query_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// TestEntriesReach: of objects whose names tell no time, the requests say how far they reach.
func TestEntriesReach(t *testing.T) {
	t.Parallel()
	eleven := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	const oldest, newest = "the oldest request is of 2026-11-22 ", "the newest request is of 2026-11-22 "
	for _, tt := range []struct {
		name        string
		first, last int // minutes after eleven of the first request and the last
		from, until int // the window; none if both are 0
		want        []string
	}{
		{"all of the window", 0, 59, 0, 60, nil},
		{"more than the window", 0, 59, 10, 50, nil},
		{"what is not delivered so soon is not much", 0, 56, 0, 60, nil},
		{"it ends early", 0, 55, 0, 60, []string{newest + "11:55Z"}},
		{"it begins late", 5, 59, 0, 60, []string{oldest + "11:05Z"}},
		{"both", 20, 40, 0, 60, []string{oldest + "11:20Z", newest + "11:40Z"}},
		{"no window", 20, 40, 0, 0, nil},
	} {
		var text strings.Builder
		for m := tt.first; m <= tt.last; m++ {
			at := eleven.Add(time.Duration(m) * time.Minute).Format("2006-01-02T15:04:05.000000Z")
			fmt.Fprintf(&text, "http %s app/shop/50dc6c495c0c9188 198.18.0.1:2000 10.1.0.1:80 0.001 0.002 0.000 200 200 34 366 \"GET http://x:80/ HTTP/1.1\" \"curl\" - - - \"-\"\n", at)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "all.log"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		var plan ingest.Plan
		if tt.until > 0 {
			plan.Window = when.Window{From: eleven.Add(time.Duration(tt.from) * time.Minute), Until: eleven.Add(time.Duration(tt.until) * time.Minute)}
		}
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		ingested(t, disk, dir, ingest.Plan{}, false)
		for from, s := range map[string]*query.Store{"the file": open(t, dir, plan, 2), "a store": fromDisk(t, disk, plan)} {
			for _, name := range []string{"top-errors", "targets", "timeline"} {
				report, _ := query.FindReport(name)
				answer, err := s.Run(t.Context(), report, query.Question{By: report.Default, Classes: outages, Now: eleven.Add(time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
				if diff := missed(tt.want, with(answer.Warnings, "est request is of")); diff != "" {
					t.Errorf("%s, %s from %s: %s", tt.name, name, from, diff)
				}
			}
		}
	}
}

// TestEmptyObjects: objects of which none has a line are no sign of a quiet time.
func TestEmptyObjects(t *testing.T) {
	t.Parallel()
	report, _ := query.FindReport("top-errors")
	for want, texts := range map[string][]string{
		"the only log object is empty: was it all copied? A balancer without traffic writes none": {""},
		"all 2 log objects are empty: was it all copied? A balancer without traffic writes none":  {"", ""},
		"": {"", "http 2026-11-22T11:30:00.000000Z app/shop/50dc6c495c0c9188 198.18.0.1:2000 10.1.0.1:80 0.001 0.002 0.000 200 200 34 366 \"GET http://x:80/ HTTP/1.1\" \"curl\" - - - \"-\"\n"},
	} {
		dir := t.TempDir()
		for i, text := range texts {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.log", i)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		answer, err := open(t, dir, ingest.Plan{}, 2).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages, Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(answer.Warnings, "\n"); got != want {
			t.Errorf("%d objects: warnings %q, want %q", len(texts), got, want)
		}
	}
}
