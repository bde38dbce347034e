package query_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// TestSummaryTellsWhatChanged: target groups that nothing fails in, and that have become
// slow or have lost their traffic; and those of which that would be chance.
func TestSummaryTellsWhatChanged(t *testing.T) {
	type half struct {
		requests int
		usual    float64 // seconds, of nine in ten requests
		longest  float64 // of the others
	}
	for _, g := range []struct {
		group    string
		was, now half
		want     string // the row, without group and ARN; empty for none
	}{
		{"slow", half{1000, 0.05, 0.05}, half{1000, 9, 9}, "slower|1000|1000|9|0.05|9|0.05|"},
		{"slow-tail", half{900, 0.05, 0.2}, half{1000, 0.05, 30}, "slower|1000|900|0.05|0.05|30|0.2|"},
		{"slow-median", half{800, 0.05, 9}, half{800, 4, 9}, "slower|800|800|4|0.05|9|9|"},
		{"gone", half{700, 0.05, 0.05}, half{}, "no requests|0|700|<nil>|0.05|<nil>|0.05|"},
		{"fewer", half{600, 0.05, 0.05}, half{200, 0.05, 0.05}, "fewer|200|600|0.05|0.05|0.05|0.05|"},
		{"fewer-slower", half{500, 0.05, 0.05}, half{150, 1, 1}, "fewer, slower|150|500|1|0.05|1|0.05|"},
		{"same", half{1000, 0.5, 2}, half{900, 0.6, 3}, ""},
		{"less-than-threefold", half{400, 1, 1}, half{400, 2.9, 2.9}, ""},
		{"two-fifths", half{500, 0.05, 0.05}, half{200, 0.05, 0.05}, ""},
		{"nobody-waits", half{400, 0.01, 0.01}, half{400, 0.1, 0.1}, ""},
		{"a-hundred", half{100, 0.05, 0.05}, half{100, 9, 9}, "slower|100|100|9|0.05|9|0.05|"},
		{"a-hundred-gone", half{100, 0.05, 0.05}, half{}, "no requests|0|100|<nil>|0.05|<nil>|0.05|"},
		{"few-before", half{99, 0.05, 0.05}, half{300, 9, 9}, ""},
		{"few-now", half{200, 0.05, 0.05}, half{99, 9, 9}, ""},
		{"few-gone", half{99, 0.05, 0.05}, half{}, ""},
		{"new", half{}, half{1000, 9, 9}, ""},
	} {
		t.Run(g.group, func(t *testing.T) {
			var log strings.Builder
			write := func(group string, from time.Time, h half) {
				for i := range h.requests {
					at, took := from.Add(time.Duration(i)*time.Millisecond), h.usual
					if i%10 == 0 {
						took = h.longest
					}
					fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 0.000 %.3f 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
						"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/%s/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n",
						at.Format("2006-01-02T15:04:05.000000Z"), took, group)
				}
			}
			w := when.Window{From: end.Add(-time.Hour), Until: end}
			write("another", w.From.Add(-30*time.Minute), half{1, 0.05, 0.05})
			write(g.group, w.From.Add(-30*time.Minute), g.was)
			write(g.group, w.From.Add(30*time.Minute), g.now)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			changed := section(t, summed(t, dir, w), "changed")
			if diff := gocmp.Diff([]string{g.want}, rounded(picked(t, changed, "change", "requests", "requests_before", "p50", "p50_before", "p95", "p95_before"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSummaryBeforeLogsAreThere: what has not been delivered yet is no traffic that has stopped.
func TestSummaryBeforeLogsAreThere(t *testing.T) {
	w := when.Window{From: end.Add(-time.Hour), Until: end}
	dir := everySecond(t, w.From.Add(-time.Hour), end.Add(-40*time.Minute))
	for asked, want := range map[time.Duration][]string{
		-20 * time.Minute: nil,                  // 1200 requests of the 25 minutes that should be there
		0:                 nil,                  // of 45 minutes
		time.Hour:         {"fewer|1200|3600|"}, // of all: a third
	} {
		sum := summedUp(t, w, func(w when.Window) *query.Store {
			return open(t, dir, ingest.Plan{Window: w, Now: end.Add(asked)}, 1)
		})
		if diff := gocmp.Diff(want, picked(t, section(t, sum, "changed"), "change", "requests", "requests_before")); diff != "" {
			t.Errorf("asked %s after the end (-want +got):\n%s", asked, diff)
		}
	}
}

// TestSummaryBeforeAnyLogIsThere: of a window that has just begun, nothing need be there.
func TestSummaryBeforeAnyLogIsThere(t *testing.T) {
	dir := everySecond(t, end.Add(-20*time.Minute), end.Add(-10*time.Minute))
	for asked, want := range map[time.Duration][]string{
		0:         nil,
		time.Hour: {"no requests|0|600|"},
	} {
		sum := summedUp(t, when.Window{From: end.Add(-10 * time.Minute), Until: end}, func(w when.Window) *query.Store {
			return open(t, dir, ingest.Plan{Window: w, Now: end.Add(asked)}, 1)
		})
		changed := section(t, sum, "changed")
		if diff := gocmp.Diff(want, picked(t, changed, "change", "requests", "requests_before")); diff != "" {
			t.Errorf("asked %s after the end (-want +got):\n%s", asked, diff)
		}
		if known := !strings.HasSuffix(changed.Empty, ", as far as there are logs"); known != (asked > 0) {
			t.Errorf("asked %s after the end: %q", asked, changed.Empty)
		}
	}
}

// TestSummaryOfAStoreWithGaps: nor is what a store was not given.
func TestSummaryOfAStoreWithGaps(t *testing.T) {
	w := when.Window{From: end.Add(-time.Hour), Until: end}
	for given, want := range map[time.Duration][]string{
		15 * time.Minute: nil,                  // a quarter is known, and 1200 requests in it
		time.Hour:        {"fewer|1200|3600|"}, // all that there are
	} {
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		sources, err := ingest.NewSources([]string{everySecond(t, w.From.Add(-time.Hour), w.From.Add(20*time.Minute))}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = query.Ingest(context.Background(), t.TempDir(), query.Input{
			Sources: sources, Workers: 1, Disk: disk, Plan: ingest.Plan{Window: when.Window{From: w.From.Add(-time.Hour), Until: w.From.Add(given)}, Now: end.Add(time.Hour)},
		}, false)
		if err != nil {
			t.Fatal(err)
		}
		sum := summedUp(t, w, func(w when.Window) *query.Store {
			return fromDisk(t, disk, ingest.Plan{Window: w, Now: end.Add(time.Hour)})
		})
		if diff := gocmp.Diff(want, picked(t, section(t, sum, "changed"), "change", "requests", "requests_before")); diff != "" {
			t.Errorf("given %s of the hour (-want +got):\n%s", given, diff)
		}
	}
}

// everySecond is a folder with one log, of a request in each second.
func everySecond(t *testing.T, from, until time.Time) string {
	t.Helper()
	var log strings.Builder
	for at := from; at.Before(until); at = at.Add(time.Second) {
		fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 0.000 0.010 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
			"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %[1]s \"forward\" \"-\" \"-\"\n",
			at.Format("2006-01-02T15:04:05.000000Z"))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// rounded leaves two digits of the fractions in rows, since times are 1.6 % off.
func rounded(rows []string) []string {
	return strings.Split(fraction.ReplaceAllStringFunc(strings.Join(rows, "\n"), func(s string) string {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return err.Error()
		}
		return strconv.FormatFloat(x, 'g', 2, 64)
	}), "\n")
}

var fraction = regexp.MustCompile(`[0-9]+\.[0-9]+`)
