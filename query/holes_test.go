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
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// TestHoles: an interval without a line, of a node or of a balancer, is told where many lines came
// before and after, and not where that may be chance, or the node came or went.
func TestHoles(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const shop, edge, old, health = "app.shop.50dc6c495c0c9188", "net.edge.c9f0f895fb98ab91", "old", "health_check_log_"
	// A log is the lines of each interval from five past eleven on; -1 is no object.
	const none = -1
	many := func(lines ...int) []int { return append(lines, slices.Repeat([]int{80}, 12-len(lines))...) }
	for _, tt := range []struct {
		name  string
		logs  map[string][]int // by balancer and node
		since int              // minutes after eleven
		want  []string
	}{
		{"nothing is missing", map[string][]int{shop + " 10.0.0.1": many()}, 0, nil},
		{"an object of a node", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": many(80, 80, none)}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 5 minutes until 2026-11-22 11:15Z"}},
		{"an object of a node is empty", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": many(80, 80, 0)}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 5 minutes until 2026-11-22 11:15Z"}},
		{"two intervals of a node", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": many(80, 80, none, none)}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 10 minutes until 2026-11-22 11:20Z"}},
		{"intervals of two nodes", map[string][]int{shop + " 10.0.0.1": many(80, 80, none), shop + " 10.0.0.2": many(80, 80, 80, 80, none), shop + " 10.0.0.3": many()}, 0,
			[]string{"nodes of app/shop/50dc6c495c0c9188 have no line in the ALB access log in 2 intervals of 5 minutes, the first until 2026-11-22 11:15Z"}},
		{"an object of a node as all comes at once", map[string][]int{shop + " 10.0.0.1": many(80, 80, 240), shop + " 10.0.0.2": many(80, 80, none)}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 5 minutes until 2026-11-22 11:15Z"}},
		{"all of an interval", map[string][]int{shop + " 10.0.0.1": many(80, none), shop + " 10.0.0.2": many(80, none)}, 0,
			[]string{"app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 5 minutes until 2026-11-22 11:10Z"}},
		{"all from before nodes were replaced", map[string][]int{
			shop + " 10.0.0.1": {80, 80, 80, 80, 80}, shop + " 10.0.0.2": {none, none, none, none, none, none, none, 80, 80, 80, 80, 80}}, 0,
			[]string{"app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 10 minutes until 2026-11-22 11:35Z"}},
		{"of a network balancer", map[string][]int{edge: many(80, 80, none)}, 0,
			[]string{"net/edge/c9f0f895fb98ab91 has no line in the NLB access log for the 5 minutes until 2026-11-22 11:15Z"}},
		{"of a classic one", map[string][]int{old + " 10.0.0.1": many(80, 80, none)}, 0,
			[]string{"old has no line in the Classic Load Balancer access log for the 5 minutes until 2026-11-22 11:15Z"}},
		{"of few health checks", map[string][]int{health + shop + " 10.0.0.1": {2, 2, 2, none, 2, 2, 2, 2, 2, 2, 2, 2}}, 0,
			[]string{"app/shop/50dc6c495c0c9188 has no line in the ALB health check log for the 5 minutes until 2026-11-22 11:20Z"}},
		{"outside the window", map[string][]int{shop + " 10.0.0.1": many(80, 80, none)}, 20, nil},
		{"where the window begins", map[string][]int{shop + " 10.0.0.1": many(80, 80, 80, 80, none)}, 20,
			[]string{"app/shop/50dc6c495c0c9188 has no line in the ALB access log for the 5 minutes until 2026-11-22 11:25Z"}},
		{"of few lines", map[string][]int{shop + " 10.0.0.1": many(80, 10, none)}, 0, nil},
		{"of a node that is replaced", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": {80, 80, 80, 80, 80}, shop + " 10.0.0.3": {none, none, none, none, none, none, 80, 80, 80, 80, 80, 80}}, 0, nil},
		{"all of a node from some time on", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": {80, 80, 80, 80, 80}}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log after 2026-11-22 11:25Z, and the other nodes have no more than before"}},
		{"all of a node for a quarter of an hour", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": slices.Repeat([]int{80}, 9)}, 0,
			[]string{"node 10.0.0.2 of app/shop/50dc6c495c0c9188 has no line in the ALB access log after 2026-11-22 11:45Z"}},
		{"all of a node for ten minutes, which come late", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": slices.Repeat([]int{80}, 10)}, 0, nil},
		{"all of two nodes", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": {80, 80, 80, 80, 80}, shop + " 10.0.0.3": {80, 80, 80, 80, 80, 80}}, 0,
			[]string{"nodes of app/shop/50dc6c495c0c9188 have no line in the ALB access log after 2026-11-22 11:25Z"}},
		{"all of a node from before the window on", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": {80, 80, 80, 80, 80}}, 30, nil},
		{"of a node whose clients another takes over at once", map[string][]int{
			shop + " 10.0.0.1": {80, 80, 80, 80, 80, 160, 150, 140, 150, 160, 150, 140}, shop + " 10.0.0.2": {80, 80, 80, 80, 80}}, 0, nil},
		{"of a node that ends by and by", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": {80, 80, 80, 80, 20}}, 0, nil},
		{"of a node with a tenth of all", map[string][]int{shop + " 10.0.0.1": slices.Repeat([]int{900}, 12), shop + " 10.0.0.2": {100, 100, 100, 100, 100}}, 0, nil},
		{"of a node that stops checking", map[string][]int{health + shop + " 10.0.0.1": many(), health + shop + " 10.0.0.2": {80, 80, 80, 80, 80}}, 0, nil},
		{"of a balancer that rests every twenty minutes", map[string][]int{
			shop + " 10.0.0.1": many(80, 80, 80, none, 80, 80, 80, none), shop + " 10.0.0.2": many(80, 80, 80, none, 80, 80, 80, none)}, 0, nil},
		{"of a node that its few clients leave for another", map[string][]int{shop + " 10.0.0.1": many(), shop + " 10.0.0.2": many(80, 80, 80, none, none, none, none)}, 0, nil},
		{"of a node that four clients, always there, leave for another", map[string][]int{
			shop + " 10.0.0.1": {160, 80, 240, 320, 240, 160, 160, 80, 240, 160, 80, 160}, shop + " 10.0.0.2": {160, 240, 80, none, 80, 160, 160, 240, 80, 160, 240, 160}}, 0, nil},
		{"of a client that comes every quarter of an hour", map[string][]int{shop + " 10.0.0.1": {80, none, none, 80, none, none, 80, none, none, 80, none, none}}, 0, nil},
		{"of one that comes for ten minutes each time", map[string][]int{shop + " 10.0.0.1": {80, 80, none, 80, 80, none, 80, 80, none, 80, 80, none}}, 0, nil},
	} {
		dir := t.TempDir()
		for log, intervals := range tt.logs {
			balancer, node, _ := strings.Cut(log, " ")
			bare, checks := strings.CutPrefix(balancer, health)
			for i, n := range intervals {
				if n == none {
					continue
				}
				end := noon.Add(time.Duration(5*(i+1)-60) * time.Minute)
				name := fmt.Sprintf("111122223333_elasticloadbalancing_us-east-1_%s_%s_%s", bare, end.Format("20060102T1504Z"), strings.TrimLeft(node+"_0000000a.log", "_"))
				if checks {
					name = health + name
				}
				var text string
				for k := range n {
					at := end.Add(-5*time.Minute + time.Duration(k)*time.Second).Format("2006-01-02T15:04:05")
					switch balancer {
					case health + shop:
						text += "http " + at + ".000000Z 0.077890256 10.0.64.32:8080 web PASS 200 - app/shop/50dc6c495c0c9188 10.0.0.1\n"
					case edge:
						text += "tls 2.0 " + at + " net/edge/c9f0f895fb98ab91 g3d4b5e8bb8464cd 198.19.248.49:35058 198.51.100.180:443 15578 81 330 19876 - arn:aws:acm:x - TLS_AES_128_GCM_SHA256 tlsv13 x25519 mqtt.example.com - - - " + at + "\n"
					case old:
						text += at + `.000000Z old 198.18.0.1:2000 10.1.0.1:80 0.000090 0.103794 0.000025 200 200 375 10365 "GET http://old.example.com:80/index.php?page=checkout HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64)" - -` + "\n"
					default:
						text += "http " + at + `.000000Z app/shop/50dc6c495c0c9188 198.18.0.1:2000 10.1.0.1:80 0.001 0.002 0.000 200 200 34 366 "GET http://x:80/ HTTP/1.1" "curl" - - arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067 "-" "-" "-" 0 ` + at + `.000000Z "forward" "-" "-" "10.1.0.1:80" "200" "-" "-"` + "\n"
					}
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		plan := ingest.Plan{Window: when.Window{From: noon.Add(time.Duration(tt.since-60) * time.Minute), Until: noon}}
		disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		ingested(t, disk, dir, ingest.Plan{}, false)
		for from, s := range map[string]*query.Store{"the files": open(t, dir, plan, 2), "a store": fromDisk(t, disk, plan)} {
			if diff := missed(tt.want, holesTold(t, s)); diff != "" {
				t.Errorf("%s, from %s: %s", tt.name, from, diff)
			}
		}
	}
}

// TestHolesOfTheDemo: all that its busiest balancers lack is told, and nothing else.
func TestHolesOfTheDemo(t *testing.T) {
	t.Parallel()
	for seed := range int64(3) {
		dir := t.TempDir()
		truth, err := demo.Write(t.Context(), dir, demo.Options{Seed: seed, End: end, Lines: 30_000, NoTruth: true})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, m := range truth.Missing {
			want = append(want, fmt.Sprintf("node %s of %s has no line in the ALB access log for the 5 minutes until %s", m.Node, m.LoadBalancer, m.End.Format("2006-01-02 15:04Z")))
		}
		s := open(t, dir, ingest.Plan{Window: when.Window{From: truth.From, Until: truth.Until}}, 2)
		if diff := missed(want, holesTold(t, s)); diff != "" || want == nil {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// holesTold are the warnings of holes in any log.
func holesTold(t *testing.T, s *query.Store) []string {
	t.Helper()
	answer, err := s.Ask(t.Context(), "SELECT (SELECT count(*) FROM traffic) + (SELECT count(*) FROM connection) + (SELECT count(*) FROM nlb_tls) + (SELECT count(*) FROM health_check)", nil, &values{})
	if err != nil {
		t.Fatal(err)
	}
	return with(answer.Warnings, "no line in")
}

// with are the warnings that have some words.
func with(warnings []string, words string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return !strings.Contains(w, words) })
}

// missed compares warnings with a part of each that is wanted, in any order.
func missed(want, got []string) string {
	for _, part := range want {
		if !slices.ContainsFunc(got, func(w string) bool { return strings.Contains(w, part) }) {
			return fmt.Sprintf("%q is not among %q", part, got)
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%q, want %d", got, len(want))
	}
	return ""
}
