package query_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// TestReadAgainInVain: an object that is to be read again for its requests, and cannot
// be, is not lost: what the store has of it stays, and the next ingest tries again.
func TestReadAgainInVain(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 24, End: end, Lines: 600, Span: 10 * time.Minute, Kinds: []demo.Kind{demo.KindAccess}}, rand.New(rand.NewPCG(2, 4)))
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ctx := context.Background()
	first := ingested(t, disk, w.dir, ingest.Plan{}, false)
	have := func() (got cells) {
		s := fromDisk(t, disk, ingest.Plan{})
		if _, err := s.Ask(ctx, "SELECT uri, status, lines, parsed, (SELECT sum(requests)::BIGINT FROM traffic), (SELECT count(*) FROM failure) FROM object ORDER BY uri", nil, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := have()

	// The same object to look at, and unreadable.
	var path string
	for _, o := range w.truth.Objects {
		if strings.HasSuffix(o.Key, ".gz") && o.Lines > 10 {
			path = filepath.Join(w.dir, filepath.FromSlash(o.Key))
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	broken := append([]byte(nil), sound...)
	broken[len(broken)-6] ^= 1
	put(broken)
	done := ingested(t, disk, w.dir, ingest.Plan{}, true)
	if done.Failed != 1 || done.Replaced != first.New-1 || done.New != 0 || len(done.Failures) != 1 || done.First == nil {
		t.Errorf("%+v: want one failure, and why", done)
	}
	if diff := gocmp.Diff(want, have()); diff != "" {
		t.Errorf("after an object was not readable again (-before +after):\n%s", diff)
	}
	if wrong, err := query.Verify(ctx, t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
	put(sound)
	if done = ingested(t, disk, w.dir, ingest.Plan{}, true); done.Replaced != 1 || done.Known != first.New-1 || done.Failed != 0 {
		t.Errorf("%+v: want that one read again", done)
	}
	if diff := gocmp.Diff(want, have()); diff != "" {
		t.Errorf("with all requests (-before +after):\n%s", diff)
	}
	if wrong, err := query.Verify(ctx, t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
}

// TestOldFileWithoutNameGone: a file whose name tells nothing is looked for whatever the
// window and however old it is; so it is missed no more, once it is not found.
func TestOldFileWithoutNameGone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.gz")
	now := time.Now()
	if err := os.WriteFile(path, []byte("\x1f\x8b\x08 cut short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y.log"), []byte("no line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, now, now.AddDate(0, 0, -10)); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	hour := ingest.Plan{Window: when.Window{From: now.Add(-time.Hour)}, Now: now}
	if done := ingested(t, disk, dir, hour, false); done.Failed != 1 || done.Gone != 0 {
		t.Errorf("%+v, want one that failed", done)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if done := ingested(t, disk, dir, hour, false); done.Gone != 1 {
		t.Errorf("%+v, want one that is gone", done)
	}
}
