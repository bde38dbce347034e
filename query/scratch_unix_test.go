//go:build unix

package query

import (
	"os"
	"path/filepath"
	"testing"
)

// TestScratch: a folder is there until it is closed, and of those that stand beside it, only
// what a process that is gone has left behind is removed.
func TestScratch(t *testing.T) {
	parent := t.TempDir()
	living, err := newScratch(t.Context(), parent, "loglens-")
	if err != nil {
		t.Fatal(err)
	}
	folder := func(name string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "duckdb_temp_storage_DEFAULT-0.tmp"), []byte("lines"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left := folder("loglens-4711-0123456789abcdef", 0o700)
	others := []string{
		folder("loglens-2026", 0o700),
		folder("loglens-4711-0123456789abcdef-mine", 0o700),
		folder("my-loglens-4711-0123456789abcdef", 0o700),
		folder(".x.parquet.part-4711-0123456789abcdef", 0o700),
		folder("loglens-4712-0123456789abcdef", 0o755),
	}
	link := filepath.Join(parent, "loglens-4713-0123456789abcdef")
	if err := os.Symlink(others[0], link); err != nil {
		t.Fatal(err)
	}
	others = append(others, link, living.path)

	s, err := newScratch(t.Context(), parent, "loglens-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("%s: %v; want it removed", left, err)
	}
	for _, path := range append(others, s.path, filepath.Join(others[0], "duckdb_temp_storage_DEFAULT-0.tmp")) {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []*scratch{s, living} {
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(s.path); !os.IsNotExist(err) {
			t.Errorf("%s: %v; want it removed", s.path, err)
		}
	}
}
