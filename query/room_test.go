package query_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/parse"
	"loglens/query"
)

// TestManyClientsAndRoutes: a flood has more clients and paths than fit in memory.
// What is summed up for each goes to disk.
func TestManyClientsAndRoutes(t *testing.T) {
	t.Parallel()
	const many, memory = 1_000_000, 160_000_000
	path := filepath.Join(t.TempDir(), "flood.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range many {
		status := "404 404"
		if i%1000 == 0 { // one client fails four times, all others once or never
			status = "502 -"
		}
		client := fmt.Sprintf("%d.%d.%d.7", 11+i>>16, i>>8&255, i&255)
		if i%(many/4) == 0 {
			client = "198.51.100.7"
		}
		fmt.Fprintf(w, "https 2026-10-07T07:15:01.101682Z app/shop/50dc6c495c0c9188 %s:65530 10.0.32.18:80 0.000 -1 -1 %s 14 82 "+
			`"GET https://shop.example.com:443/%s HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/cd18ee8d310e74a0`+"\n",
			client, status, letters(i))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]int64{"clients": many - 3, "routes": many} {
		t.Run(name, func(t *testing.T) {
			sources, err := ingest.NewSources([]string{path}, nil, ingest.AWS{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := query.Open(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: 2, Memory: memory})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			report, _ := query.FindReport(name)
			got, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes(), Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got.Total != many/1000 || int64(len(got.Rows))+got.RowsLeft != rows {
				t.Errorf("%d failures in %d rows and %d more, want %d in %d", got.Total, len(got.Rows), got.RowsLeft, many/1000, rows)
			}
			if name == "clients" && (got.Rows[0][0] != "198.51.100.7" || got.Rows[0][3] != int64(4)) {
				t.Errorf("first of all: %v, want 198.51.100.7 with 4 failures", got.Rows[0])
			}
		})
	}
}

// TestTargetsByTheMinute: two hundred targets of an hour by the minute are no more than
// there is memory for.
func TestTargetsByTheMinute(t *testing.T) {
	const targets = 200
	path := filepath.Join(t.TempDir(), "hour.log")
	var text []byte
	for i := range 60 * targets {
		text = fmt.Appendf(text, "https 2026-10-07T07:%02d:01.101682Z app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.%d:80 0.000 0.001 0.000 200 200 14 82 "+
			`"GET https://shop.example.com:443/ HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/cd18ee8d310e74a0`+"\n", i/targets, i%targets)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	report, _ := query.FindReport("targets")
	got, err := open(t, path, ingest.Plan{}, 2).Run(context.Background(), report, query.Question{By: report.Default, Classes: parse.Classes(), Every: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if rows := len(got.Rows); rows != 60*targets {
		t.Errorf("%d rows, want %d", rows, 60*targets)
	}
}

// TestIngestOutOfMemory: an ingest has no flag for memory, and proposes none. Nor does it
// call the store damaged.
func TestIngestOutOfMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	line := "https 2026-10-07T07:15:01.101682Z app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 0.000 0.001 0.000 200 200 14 82 " +
		`"GET https://shop.example.com:443/ HTTP/1.1" "-" - - arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/g/cd18ee8d310e74a0` + "\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	sources, err := ingest.NewSources([]string{path}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	// Each is too little for another step; the last one for a checkpoint.
	for _, limit := range []int64{100_000, 1_500_000, 3_000_000, 600_000} {
		in := query.Input{Sources: sources, Workers: 1, Memory: limit, Disk: query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}}
		_, err = query.Ingest(context.Background(), t.TempDir(), in, false)
		var memory *query.MemoryError
		if !errors.As(err, &memory) {
			t.Fatalf("%d bytes: %v, want a lack of memory", limit, err)
		}
		if hint := memory.Hint(); !strings.HasPrefix(memory.Error(), "the ingest needs") || strings.Contains(hint, "memory-limit") {
			t.Errorf("%d bytes: %v; %s", limit, err, hint)
		}
	}
}

// letters writes a number in letters, which no route leaves out.
func letters(n int) string {
	b := []byte("aaaaaaaaaaaaaaaa")
	for i := range b {
		b[i] += byte(n % 13)
		n /= 13
	}
	return string(b)
}
