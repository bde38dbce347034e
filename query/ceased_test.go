package query_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// TestCeased: of several logs those are named that came regularly and end a quarter of an hour or
// more before the window does, or before the others, be it before the window.
func TestCeased(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	written := func(first, last int, without ...int) (minutes []int) { // after eleven
		for m := first; m <= last; m += 5 {
			if !slices.Contains(without, m) {
				minutes = append(minutes, m)
			}
		}
		return minutes
	}
	const shop, api, conn, classic = "app.shop.50dc6c495c0c9188", "app.api.8f14e45fceea167a", "conn_log_", "old"
	for _, tt := range []struct {
		name  string
		logs  map[string][]int // by how their names begin, and the ends of the intervals
		since int              // when the window begins, in minutes after eleven
		open  bool             // it has no end, and ends at noon otherwise
		want  string           // the log that has ceased
	}{
		{"both go on", map[string][]int{shop: written(5, 60), api: written(5, 60)}, 0, false, ""},
		{"one ends", map[string][]int{shop: written(5, 45), api: written(5, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:45Z"},
		{"one ends at once", map[string][]int{shop: written(5, 15), api: written(5, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:15Z"},
		{"one has only begun", map[string][]int{shop: written(5, 10), api: written(5, 60)}, 0, false, ""},
		{"one may be late", map[string][]int{shop: written(5, 50), api: written(5, 60)}, 0, false, ""},
		{"one lacks a few", map[string][]int{shop: written(5, 35, 15), api: written(5, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:35Z"},
		{"one has little traffic", map[string][]int{shop: written(5, 35, 15, 30), api: written(5, 60)}, 0, false, ""},
		{"both end", map[string][]int{shop: written(5, 30), api: written(5, 30)}, 0, false, ""},
		{"no end asked for", map[string][]int{shop: written(5, 30), api: written(5, 60)}, 0, true, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:30Z"},
		{"of one balancer another log", map[string][]int{shop: written(5, 60), conn + shop: written(5, 30)}, 0, false, "ALB connection log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:30Z"},
		{"of one balancer all logs", map[string][]int{shop: written(5, 30), conn + shop: written(5, 30), api: written(5, 60)}, 0, false, "the ALB access log and ALB connection log of app/shop/50dc6c495c0c9188 end at 2026-11-22 11:30Z"},
		{"alone", map[string][]int{shop: written(5, 30)}, 0, false, ""},
		{"one is used now and then, for a while", map[string][]int{shop: written(15, 40), api: written(5, 60)}, 0, false, ""},
		{"one was used for a while before the window", map[string][]int{shop: written(-60, -20), api: written(-120, 60)}, 0, false, ""},
		{"one began late, and came for an hour", map[string][]int{shop: written(-60, -5), api: written(-120, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 10:55Z"},
		{"before the window", map[string][]int{shop: written(-60, -15), api: written(-60, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 10:45Z"},
		{"long before the window", map[string][]int{shop: written(-240, -185), api: written(-240, 60)}, 0, false, ""},
		{"from before the window on", map[string][]int{shop: written(-60, 5), api: written(-60, 60)}, 0, false, "ALB access log of app/shop/50dc6c495c0c9188 ends at 2026-11-22 11:05Z"},
		{"little traffic before the window", map[string][]int{shop: written(-60, 5, -50, -40, -30), api: written(-60, 60)}, 0, false, ""},
		{"a classic one's hour ends later", map[string][]int{shop: written(5, 60), classic: {60, 120}}, 0, false, ""},
		{"a classic one writes once an hour", map[string][]int{shop: written(-235, 60), classic: {-240, -180, -120}}, -240, false, "Classic Load Balancer access log of old ends at 2026-11-22 09:00Z"},
		{"a classic one may", map[string][]int{shop: written(-175, 60), classic: {-180, -120, -60}}, -240, false, ""},
		{"a classic one writes every five minutes", map[string][]int{shop: written(5, 60), classic: written(5, 45)}, 0, false, "Classic Load Balancer access log of old ends at 2026-11-22 11:45Z"},
	} {
		dir := t.TempDir()
		for log, ends := range tt.logs {
			bare, isConn := strings.CutPrefix(log, conn)
			for i, m := range ends {
				end := noon.Add(time.Duration(m-60) * time.Minute)
				name := fmt.Sprintf("111122223333_elasticloadbalancing_us-east-1_%s_%s_10.0.0.%d_%08d.log", bare, end.Format("20060102T1504Z"), 1+i%2, i)
				if isConn {
					name = conn + name
				}
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		plan := ingest.Plan{Window: when.Window{From: noon.Add(time.Duration(tt.since-60) * time.Minute), Until: noon}}
		if tt.open {
			plan.Window.Until = time.Time{}
		}
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		ingested(t, disk, dir, ingest.Plan{}, false)
		coverage, _ := query.FindReport("coverage")
		for from, s := range map[string]*query.Store{"the files": open(t, dir, plan, 2), "a store": fromDisk(t, disk, plan)} {
			answer, err := s.Ask(t.Context(), "SELECT count(*) FROM traffic, connection", nil, &values{})
			if err != nil {
				t.Fatal(err)
			}
			listed, err := s.Run(t.Context(), coverage, query.Question{By: coverage.Default, Now: noon})
			if err != nil {
				t.Fatal(err)
			}
			for about, warnings := range map[string][]string{"an answer": answer.Warnings, "coverage": listed.Warnings} {
				got := slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return !strings.Contains(w, "before others") })
				if len(got) > 1 || (len(got) == 1) != (tt.want != "") || !strings.Contains(strings.Join(got, ""), tt.want) {
					t.Errorf("%s, %s from %s: want %q among %q", tt.name, about, from, tt.want, warnings)
				}
			}
		}
	}
}
