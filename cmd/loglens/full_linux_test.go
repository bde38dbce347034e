package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

// mounting is set in a process that may mount, where nobody else sees it.
const mounting = "LOGLENS_TEST_MOUNTING"

// mayMount reports whether this process may mount. If not, it runs the test in one
// that may, and the test is over. Where nothing lets it mount, it is skipped, but
// in CI, where a test that is never run would not be missed.
func mayMount(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mounting) != "" {
		return true
	}
	var refused []string
	for _, own := range [][]string{{"unshare", "-Urm"}, {"unshare", "-m"}} {
		c := exec.Command(own[0], append(own[1:], "mount", "-t", "tmpfs", "tmpfs", t.TempDir())...)
		if out, err := c.CombinedOutput(); err != nil {
			refused = append(refused, fmt.Sprintf("%q: %v: %s", c.Args, err, bytes.TrimSpace(out)))
			continue
		}
		c = exec.CommandContext(t.Context(), own[0], append(own[1:], os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$", fmt.Sprintf("-soak=%t", *soak))...)
		c.Env = append(os.Environ(), mounting+"=1")
		out, err := c.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Error(err)
		}
		return false
	}
	why := "what happens on a full disk is NOT TESTED: this machine lets nobody mount: " + strings.Join(refused, "; ")
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
	return false
}

// smallDisk is a disk of its own with room for so many KiB.
func smallDisk(t *testing.T, kib int) (dir string, grow func(kib int)) {
	t.Helper()
	dir = t.TempDir()
	mount := func(flags uintptr, kib int) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%dk", kib)); err != nil {
			t.Fatal(err)
		}
	}
	mount(0, kib)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, func(kib int) { mount(syscall.MS_REMOUNT, kib) }
}

// must runs loglens, which must succeed, and returns what it prints.
func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := newProcess(t, args...).output(t)
	if status != 0 {
		t.Fatalf("%q: exit status %d: %s", args, status, stderr)
	}
	return stdout
}

// everything is all that a store counts, and an answer.
func everything(t *testing.T, store string) string {
	t.Helper()
	stats := must(t, "store", "stats", "--store", store)
	stats = stats[:strings.LastIndex(strings.TrimSpace(stats), "\n")] // the file's size
	return stats + must(t, "top-errors", "--limit", "0", "--output", "json", "--since", "2026-10-01", "--until", "2026-10-09", "--store", store)
}

// noRoom is how an error of a full disk ends.
const noRoom = ": no space left on device\n  df -h shows how full each disk is\n"

// full runs loglens and reports whether it ended for want of room, and as it should.
func full(t *testing.T, args ...string) bool {
	t.Helper()
	stdout, stderr, status := newProcess(t, args...).output(t)
	t.Logf("exit status %d: %s%s", status, stdout, stderr)
	if status != 0 && (status != exitDiskFull || !strings.HasSuffix(stderr, noRoom)) {
		t.Errorf("exit status %d, want %d: %s", status, exitDiskFull, stderr)
	}
	if _, path, found := strings.Cut(strings.TrimSuffix(stderr, noRoom), "write /"); found && strings.Contains(path, "write /") {
		t.Errorf("the file is named twice: %s", stderr)
	}
	return status != 0
}

// TestFullDisk lets the room for a store end at several points: while its tables
// are made, in the middle of a transaction, after it, and in a store that had
// objects before. An ingest says so, leaves a store that is sound, and once there
// is room brings it to what it would have been.
func TestFullDisk(t *testing.T) {
	if !mayMount(t) {
		return
	}
	logs, sound := t.TempDir(), filepath.Join(t.TempDir(), "sound.duckdb")
	truth, err := demo.Write(t.Context(), logs, demo.Options{Seed: 9, End: demoEnd, Lines: 2000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	half := truth.From.Add(truth.Until.Sub(truth.From) / 2).Format("2006-01-02T15:04Z")
	ingests := [][]string{
		{"ingest", "--since", "2026-10-01", "--until", half, logs, "--store"},
		{"ingest", "--since", "2026-10-01", "--until", "2026-10-09", logs, "--store"},
	}
	must(t, append(ingests[0], sound)...)
	info, err := os.Stat(sound)
	if err != nil {
		t.Fatal(err)
	}
	need := int(info.Size() >> 10)
	must(t, append(ingests[1], sound)...)
	want := everything(t, sound)

	const plenty = 1 << 20
	ended, kept := 0, 0
	rooms := [][2]int{ // in KiB, for the first ingest, and what there is more of it for the second
		{100, 0}, {need / 2, 0}, {need, 0}, {need * 3 / 2, 0}, {plenty, 100}, {plenty, need / 2}, {plenty, need * 4 / 5},
	}
	if *soak {
		for i := range 15 {
			rooms = append(rooms, [2]int{100 + need*i/10, 0}, [2]int{plenty, 100 + need*i/15})
		}
	}
	for _, room := range rooms {
		t.Run(fmt.Sprintf("%d and %d KiB", room[0], room[1]), func(t *testing.T) {
			dir, resize := smallDisk(t, room[0])
			store := filepath.Join(dir, "loglens.duckdb")
			for i, ingest := range ingests {
				if i > 0 && room[1] > 0 {
					resize(used(t, dir) + room[1])
				}
				if full(t, append(ingest, store)...) {
					ended++
				}
			}
			stats := must(t, "store", "stats", "--store", store)
			if objects := strings.Fields(strings.Split(stats, "\n")[1]); objects[0] != "object" || objects[1] != "0" {
				kept++
			}
			if got := must(t, "store", "verify", "--store", store); !strings.HasSuffix(got, " is sound\n") {
				t.Errorf("verify: %s", got)
			}
			resize(plenty)
			must(t, append(ingests[1], store)...)
			if diff := cmp.Diff(want, everything(t, store)); diff != "" {
				t.Errorf("with room (-never full +was full):\n%s", diff)
			}
			if got := must(t, "store", "verify", "--store", store); !strings.HasSuffix(got, " is sound\n") {
				t.Errorf("verify: %s", got)
			}
		})
	}
	if ended < 7 || kept < 3 {
		t.Errorf("%d ingests ended for want of room, and %d stores had objects then: these are not the points that were meant", ended, kept)
	}
	t.Run("export", func(t *testing.T) {
		dir, resize := smallDisk(t, 16)
		exported := func(name string, from ...string) {
			t.Helper()
			to := filepath.Join(dir, name)
			if !full(t, append([]string{"export", "--since", "2026-10-01", "--until", "2026-10-09", "--relation", "failure", "--to", to}, from...)...) {
				t.Errorf("%q: there was room", from)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		}
		whole := filepath.Join(t.TempDir(), "failures.duckdb")
		must(t, "export", "--since", "2026-10-01", "--until", "2026-10-09", "--relation", "failure", "--to", whole, logs)
		info, err := os.Stat(whole)
		if err != nil {
			t.Fatal(err)
		}
		need := int(info.Size() >> 10)
		for _, from := range [][]string{{logs}, {"--store", sound}} {
			exported("failures.parquet", from...)
			for _, room := range []int{16, need / 4, need / 2, need * 3 / 4, need - 4} {
				resize(room)
				exported("failures.duckdb", from...)
			}
			resize(16)
		}
	})
	t.Run("demo", func(t *testing.T) {
		dir, _ := smallDisk(t, 256)
		if !full(t, "demo", filepath.Join(dir, "new", "demo")) {
			t.Error("there was room")
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	t.Run("temporary files", func(t *testing.T) {
		dir, _ := smallDisk(t, 1024)
		for _, from := range [][]string{{logs}, {"--store", sound}} {
			for _, command := range [][]string{
				{"sql", "SELECT count(*) FROM (SELECT raw, r, count(*) FROM failure, range(200000) r(r) GROUP BY ALL)"}, // DuckDB's
				{"sql", "--output", "csv", "SELECT raw FROM failure, range(100)"},                                       // the answer itself
			} {
				command = append(append(command, "--since", "2026-10-01", "--until", "2026-10-09"), from...)
				p := newProcess(t, command...)
				p.Env = append(p.Env, "TMPDIR="+dir)
				stdout, stderr, status := p.output(t)
				if command[1] != "--output" && strings.Contains(stderr, "--memory-limit") {
					continue // DuckDB that can put nothing aside may also say that it has no memory
				}
				if status != exitDiskFull || stdout != "" || !strings.HasSuffix(stderr, "no space left on device\n  a shorter window takes less; TMPDIR names another folder for temporary files\n") {
					t.Errorf("%q: exit status %d, want %d: %s%s", command, status, exitDiskFull, stdout, stderr)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("%q: left behind: %v, %v", command, left, err)
				}
			}
		}
	})
}

// TestOutputThatCannotBeWritten: whatever is asked for, it is an error that the answer
// did not arrive.
func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, command := range []string{
		"", "--help", "--version", "help raw", "help exit-codes", "store", "version", "completion bash", "completion zsh", "completion fish", "completion powershell",
		"__complete top-errors --output=", "iam", "diagnose --list", "query --queries .", "store stats --help",
		"top-errors ../../testdata/logs/reasons.log", "top-errors -o csv ../../testdata/logs/reasons.log",
	} {
		t.Run(command, func(t *testing.T) {
			nowhere, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer nowhere.Close()
			p := newProcess(t, strings.Fields(command)...)
			p.Stdout = nowhere
			if _, stderr, status := p.output(t); status != exitDiskFull || !strings.Contains(stderr, "loglens: write /dev/stdout: no space left on device\n") {
				t.Errorf("exit status %d, want %d: %s", status, exitDiskFull, stderr)
			}
		})
	}
}

// used is how many KiB of a disk are not free.
func used(t *testing.T, dir string) int {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int((int64(s.Blocks) - int64(s.Bfree)) * s.Bsize >> 10)
}
