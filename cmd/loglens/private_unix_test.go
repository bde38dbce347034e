//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/internal/demo"
)

// open is loglens where every file that is made is everybody's, if nobody cares.
func open(t *testing.T, umask string, args ...string) *process {
	t.Helper()
	p := newProcess(t, args...)
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	p.Args = append([]string{"sh", "-c", "umask " + umask + `; exec "$0" "$@"`, p.Path}, args...)
	p.Path = sh
	return p
}

// closed checks that nobody else may read or write what is in a folder, and returns
// how many files there are.
func closed(t *testing.T, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was there for a moment only
		}
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			files++
		}
		if info.Mode().Type() != fs.ModeSymlink && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// watched runs loglens, and looks all the time at what it makes in a folder.
func watched(t *testing.T, dir string, args ...string) {
	t.Helper()
	p := open(t, "000", args...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, stderr, status := p.output(t); status != 0 {
			t.Errorf("%q: exit status %d: %s", args, status, stderr)
		}
	}()
	for {
		closed(t, dir)
		select {
		case <-done:
			closed(t, dir)
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestFilesArePrivate: what is written is its owner's alone, from its first moment on
// and whatever the umask, but a summary, which is for others; and nothing is written
// through a link that somebody has put in the way.
func TestFilesArePrivate(t *testing.T) {
	logs, dir := t.TempDir(), t.TempDir()
	if _, err := demo.Write(t.Context(), logs, demo.Options{Seed: 4, End: demoEnd, Lines: 3000, Oddities: true}); err != nil {
		t.Fatal(err)
	}
	all := []string{"--since", "2026-10-01", "--until", "2026-10-09"}
	store := filepath.Join(dir, "deep", "er", "x.duckdb")
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(name string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.Symlink(victim, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{store + ".metadata.new", filepath.Join(dir, "a.parquet.part"), filepath.Join(dir, "b.duckdb.part"), filepath.Join(dir, "b.duckdb.part.wal")} {
		link(name)
	}
	watched(t, dir, "ingest", "--store", store, logs, "--since", all[1], "--until", "2026-10-07T07:30Z")
	watched(t, dir, append([]string{"ingest", "--store", store, logs, "--keep", "requests"}, all...)...)
	watched(t, dir, "store", "prune", "--keep", "1d", "--store", store)
	watched(t, dir, append([]string{"store", "rebuild", "--store", store, logs}, all...)...)
	for _, to := range [][]string{{"a.parquet"}, {"b.duckdb"}, {"c", "--partition"}} {
		watched(t, dir, append(append([]string{"export", logs, "--to", filepath.Join(dir, to[0])}, to[1:]...), all...)...)
	}
	if n := closed(t, dir); n < 7 {
		t.Errorf("%d files", n)
	}
	t.Run("summary", func(t *testing.T) {
		for umask, want := range map[string]fs.FileMode{"000": 0o644, "022": 0o644, "027": 0o640} {
			name := filepath.Join(t.TempDir(), "s.json")
			if _, stderr, status := open(t, umask, append([]string{"summary", logs, "--output", "json", "--out", name}, all...)...).output(t); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if info, err := os.Stat(name); err != nil || info.Mode() != want {
				t.Errorf("umask %s: mode %v, error %v; want %v", umask, info.Mode(), err, want)
			}
		}
		for _, mode := range []fs.FileMode{0o600, 0o664} { // of the one that was written before
			name := filepath.Join(t.TempDir(), "s.json")
			if err := errors.Join(os.WriteFile(name, nil, mode), os.Chmod(name, mode)); err != nil {
				t.Fatal(err)
			}
			if _, stderr, status := open(t, "022", append([]string{"summary", logs, "--output", "json", "--out", name}, all...)...).output(t); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if info, err := os.Stat(name); err != nil || info.Mode() != mode || info.Size() == 0 {
				t.Errorf("written again: %v, error %v; want mode %v", info, err, mode)
			}
		}
		name := filepath.Join(t.TempDir(), "s.json")
		link(name)
		if _, stderr, status := open(t, "022", append([]string{"summary", logs, "--out", name, "--output", "json"}, all...)...).output(t); status != 0 {
			t.Errorf("exit status %d: %s", status, stderr)
		}
		if info, err := os.Lstat(name); err != nil || info.Mode() != 0o644 {
			t.Errorf("in place of a link: mode %v, error %v; want a file that all may read", info.Mode(), err)
		}
	})
	t.Run("temporary files", func(t *testing.T) {
		p := open(t, "000", append([]string{"sql", "select max(r) from (select raw, r from failure, range(5000) t(r) order by raw, r desc limit 3000000)", logs}, all...)...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); closed(t, p.temp) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Error("no temporary file within a minute")
				break
			}
		}
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if status := p.status(t); status != 130 {
			t.Errorf("exit status %d: %s", status, &p.stderr)
		}
		p.leavesNothing(t)
	})
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("what links led to: %v, %s", err, strings.ToValidUTF8(string(text[:min(len(text), 40)]), "?"))
	}
}
