package query_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/query"
)

// pieces are what SQL is injected with.
var pieces = []string{"'", "''", `"`, "\\", ";", "--", "/*", "*/", " OR ", " 1=1", "x", "%", "_", "$1", "$reason", "?", ")", "(", "||", "chr(39)", " UNION SELECT ", " DROP TABLE failure", "\t", "{", "}", "$$", "E'", "é", ":a", "NULL", "-"}

// TestFilterValues: a value that lines are asked for is a value, whatever it looks
// like. Lines have such values, too, and just those are found.
func TestFilterValues(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 6))
	hostile := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	dir, planted := t.TempDir(), map[string]int64{}
	var text strings.Builder
	for i := range 100 {
		reason := hostile()
		if strings.ContainsAny(reason, "\"\\\t") || strings.TrimSpace(reason) != reason || reason == "-" {
			reason = "it's " + fmt.Sprint(i%7)
		}
		planted[reason]++
		fmt.Fprintf(&text, `https 2026-10-07T07:15:01.%06dZ app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 0.000 0.159 0.000 502 - 1458 8264 "GET https://shop.example.com:443/cart HTTP/1.1" "curl/8.5.0" - - `+
			`arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0 "-" "-" "-" 10 2026-10-07T07:15:00.941000Z "forward" "-" "%s" "10.0.32.18:80" "200" "-" "-" -`+"\n", i, reason)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.log"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, true)
	stored := func() [32]byte {
		b, err := os.ReadFile(disk.Path)
		if err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(bytes.Clone(b))
	}
	before := stored()
	raw, _ := query.FindReport("raw")
	found := func(s *query.Store, filter, value string) int64 {
		t.Helper()
		answer, err := s.Run(context.Background(), raw, query.Question{Classes: everyClass, Limit: 1000, Filters: map[string]string{filter: value}})
		if err != nil {
			t.Fatalf("%s %q: %v", filter, value, err)
		}
		return int64(len(answer.Rows))
	}
	for name, s := range map[string]*query.Store{"files": open(t, dir, ingest.Plan{}, 2), "store": fromDisk(t, disk, ingest.Plan{})} {
		for reason, n := range planted {
			if got := found(s, "reason", reason); got != n {
				t.Errorf("%s: %d lines of the reason %q, want %d", name, got, reason, n)
			}
		}
		for range 120 {
			filter := []string{"reason", "load_balancer", "target_group", "target_group_arn", "target", "node", "client", "network", "route"}[rng.IntN(9)]
			value, want := hostile(), int64(0)
			switch {
			case filter == "reason":
				want = planted[value]
			case value == "-" && filter == "node":
				want = 100 // the lines do not say it
			}
			if got := found(s, filter, value); got != want {
				t.Errorf("%s: %d lines with the %s %q, want %d", name, got, filter, value, want)
			}
		}
	}
	if stored() != before {
		t.Error("the store is another one")
	}
}
