//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"loglens/internal/demo"
)

// TestExportFromDamagedStore flips a bit in one block of a store after the other:
// what is exported is all there was, or nothing is and the damage is named with
// what helps against it.
func TestExportFromDamagedStore(t *testing.T) {
	logs, dir := t.TempDir(), t.TempDir()
	truth, err := demo.Write(t.Context(), logs, demo.Options{Seed: 4, End: demoEnd, Lines: 1500})
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "loglens.duckdb")
	if _, stderr, status := newProcess(t, "ingest", "--keep", "requests", "--since", "2026-10-01", "--until", "2026-10-09", "--store", store, logs).output(t); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	sound, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	const head, block, sample = 3 * 4096, 256 << 10, 24
	blocks := (len(sound) - head) / block
	damaged := 0
	for n := range sample {
		to := filepath.Join(dir, []string{"out.parquet", "out.duckdb"}[n%2])
		at := head + n*blocks/sample*block + 1000
		text := bytes.Clone(sound)
		text[at] ^= 1
		if err := os.WriteFile(store, text, 0o600); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, status := newProcess(t, "export", "--since", "2026-10-01", "--until", "2026-10-09", "--store", store, "--to", to).output(t)
		_, left := os.Stat(to)
		switch {
		case status == 0:
			if !strings.HasPrefix(stdout, fmt.Sprintf("%d rows in ", truth.Lines-truth.Damaged)) || left != nil {
				t.Errorf("byte %d: %s%s", at, stdout, stderr)
			}
		case status != exitNoStore || stdout != "" || !strings.Contains(stderr, "it is damaged") || !strings.Contains(stderr, "loglens store rebuild"):
			t.Errorf("byte %d: exit status %d, want %d: %s%s", at, status, exitNoStore, stdout, stderr)
		case left == nil:
			t.Errorf("byte %d: a file is there all the same", at)
		default:
			damaged++
		}
		if parts, _ := filepath.Glob(to + "*"); status != 0 && parts != nil {
			t.Errorf("byte %d: left behind: %q", at, parts)
		}
		_ = os.Remove(to)
	}
	if damaged < 3 {
		t.Errorf("%d of %d exports met the damage", damaged, sample)
	}
}

// TestRowsOfDamagedObjects: rows of an object that turns out to be damaged in the end are in
// no answer and no export, though many have been given by then, more than are shown and than
// the rest has.
func TestRowsOfDamagedObjects(t *testing.T) {
	dir := t.TempDir()
	var bad bytes.Buffer
	z := gzip.NewWriter(&bad)
	text := slices.Concat(bytes.Replace(failing(1), []byte("T07:15:"), []byte("T07:14:"), 1), failing(20_000), []byte("damaged\n"))
	if _, err := z.Write(text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	bad.Bytes()[bad.Len()-8] ^= 1 // of the checksum
	for name, text := range map[string][]byte{"a.log.gz": bad.Bytes(), "b.log": failing(2)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for form, want := range map[string]string{
		"csv": "line_no\n1\n2\n", "jsonl": `{"line_no":1}` + "\n" + `{"line_no":2}` + "\n", "table": "line_no\n1\n2\n",
		"json":     `"rows_left":0,"rows":[{"line_no":1},{"line_no":2}]}`,
		"markdown": "| `line_no` |\n| ---: |\n| 1 |\n| 2 |\n\n**2 rows**",
	} {
		stdout, stderr, status := newProcess(t, "sql", "--workers", "1", "--limit", "3", "--output", form, "select line_no from request", dir).output(t)
		got := stdout
		if form == "json" {
			got = strings.Join(strings.Fields(strings.ReplaceAll(stdout, `": `, `":`)), "")
			got = got[max(0, len(got)-len(want)):]
		}
		if status != exitPartial || form == "markdown" && !strings.Contains(got, want) || form != "markdown" && got != want {
			t.Errorf("%s: exit status %d\n%.2000s%s\nwant %s", form, status, got, stderr, want)
		}
	}
	if stdout, stderr, status := newProcess(t, "rejects", "--workers", "1", "--output", "jsonl", dir).output(t); status != exitPartial || stdout != "" {
		t.Errorf("rejects: exit status %d: %s%s", status, stdout, stderr)
	}
	store := filepath.Join(t.TempDir(), "x.duckdb")
	if _, stderr, status := newProcess(t, "ingest", "--workers", "1", "--keep", "requests", "--store", store, dir).output(t); status != exitPartial {
		t.Errorf("ingest: exit status %d: %s", status, stderr)
	}
	if stdout, stderr, status := newProcess(t, "store", "verify", "--store", store).output(t); status != 0 {
		t.Errorf("verify: exit status %d: %s%s", status, stdout, stderr)
	}
	for _, form := range []struct{ to, option, from string }{
		{"x.parquet", "--partition=false", "'x.parquet'"}, {"x", "--partition", "'x/*/*.parquet'"}, {"x.duckdb", "--partition=false", "x.request"},
	} {
		folder := t.TempDir()
		stdout, stderr, status := newProcess(t, "export", "--workers", "1", form.option, "--to", filepath.Join(folder, form.to), dir).output(t)
		if status != exitPartial || !strings.HasPrefix(stdout, "2 rows in ") {
			t.Errorf("%s: exit status %d: %s%s", form.to, status, stdout, stderr)
		}
		db, err := sql.Open("duckdb", "")
		if err != nil {
			t.Fatal(err)
		}
		from := strings.Replace(form.from, "'x", "'"+folder+"/x", 1)
		if form.from == "x.request" {
			_, err = db.ExecContext(t.Context(), "ATTACH '"+folder+"/x.duckdb'")
		}
		var rows int
		if err := errors.Join(err, db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+from).Scan(&rows), db.Close()); err != nil || rows != 2 {
			t.Errorf("%s: %d rows, %v; want 2", form.to, rows, err)
		}
	}
}

// TestExportOvertaken: what somebody has put where an export is to be stays, though it was not
// there when the export began.
func TestExportOvertaken(t *testing.T) {
	to := filepath.Join(t.TempDir(), "x.parquet")
	p := newProcess(t, "export", "--to", to, "-")
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for begun, end := false, time.Now().Add(time.Minute); !begun; time.Sleep(time.Millisecond) {
		parts, err := filepath.Glob(filepath.Join(filepath.Dir(to), ".x.parquet.part-*"))
		if begun = len(parts) > 0; err != nil || !begun && time.Now().After(end) {
			t.Fatalf("no file was begun within a minute: %v", err)
		}
	}
	if err := os.WriteFile(to, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(failing(9)); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if status := p.status(t); status != exitUsage || !strings.Contains(p.stderr.String(), "exists") {
		t.Errorf("exit status %d: %s", status, &p.stderr)
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestIngestOfPipe: what comes through a pipe has no name that a store could know it by.
func TestIngestOfPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(failing(9)); err != nil {
		t.Fatal(err)
	}
	end := time.AfterFunc(5*time.Second, func() { _ = writer.Close() }) // for a process that reads it
	_, stderr, status := newProcess(t, "ingest", "--store", filepath.Join(t.TempDir(), "x.duckdb"), pipe).output(t)
	if status != exitUsage || !strings.Contains(stderr, "what comes through a pipe has neither") {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	if end.Stop() {
		_ = writer.Close()
	}
}
