package query

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"loglens/internal/demo"
)

// large is where a store of 30 days is to be written, for "make bench".
var large = flag.String("large-store", "", "write a store of 30 days, with 3 million rows of traffic and 2 million failures, to this file")

// TestLargeStore writes it: what nodes of two balancers would have left.
func TestLargeStore(t *testing.T) {
	if *large == "" {
		return
	}
	logs := t.TempDir()
	if _, err := demo.Write(context.Background(), logs, demo.Options{Lines: 200, End: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	disk := Disk{Path: *large}
	for _, f := range disk.files() {
		_ = os.Remove(f)
	}
	if _, err := ingestInto(disk, logs, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", *large)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	text, err := os.ReadFile(filepath.Join("testdata", "large_store.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	if wrong, err := Verify(context.Background(), t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
}
