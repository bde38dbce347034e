//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

// process is loglens as its own process, with a folder for temporary files of its own.
type process struct {
	*exec.Cmd
	temp           string
	stdout, stderr bytes.Buffer
}

func newProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), "loglens", args...), temp: t.TempDir()}
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.temp, "HOME=/no-home", "TERM=xterm"}, quiet...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// status waits for the end and returns what a shell would call the exit status.
func (p *process) status(t *testing.T) int {
	t.Helper()
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if s, ok := p.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return p.ProcessState.ExitCode()
}

// output runs the process to its end.
func (p *process) output(t *testing.T) (stdout, stderr string, status int) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	status = p.status(t)
	return p.stdout.String(), p.stderr.String(), status
}

// leavesNothing checks that the folder for temporary files is empty again.
func (p *process) leavesNothing(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(p.temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		t.Errorf("temporary file left behind: %s", file.Name())
	}
}

// failing is the log text of n requests that failed, about 500 bytes each.
func failing(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `https 2026-10-07T07:15:01.%06dZ app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 -1 -1 -1 502 - 1458 277 "GET https://shop.example.com:443/cart?id=%d HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0 "Root=1-6703a1b5-2f1c7a9d4b6e8f0a1c2d3e4f" "shop.example.com" "session-reused" 10 2026-10-07T07:15:00.941000Z "forward" "-" "-" "10.0.32.18:80" "-" "-" "-"`+"\n", i%1e6, i)
	}
	return b.Bytes()
}

// TestSignals stops loglens while it reads. It must end within a second, say
// nothing on stdout, and take its temporary files with it.
func TestSignals(t *testing.T) {
	cases := []struct {
		signal syscall.Signal
		status int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 129}}
	// More failures than are kept in memory, so that there is a temporary file.
	text := failing(40_000)
	stop := func(t *testing.T, p *process, signal syscall.Signal, want int) {
		t.Helper()
		start := time.Now()
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if got := p.status(t); got != want {
			t.Errorf("exit status %d, want %d; stderr: %s", got, want, &p.stderr)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("ended after %s", took)
		}
		if p.stdout.Len() > 0 {
			t.Errorf("stdout: %s", &p.stdout)
		}
		if !strings.HasPrefix(p.stderr.String(), "loglens: stopped: ") || strings.Count(p.stderr.String(), "\n") != 1 {
			t.Errorf("stderr: %s", &p.stderr)
		}
		p.leavesNothing(t)
	}
	for _, c := range cases {
		t.Run("standard input/"+c.signal.String(), func(t *testing.T) {
			p := newProcess(t, "top-errors", "-")
			in, err := p.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			// A pipe holds 64 KiB: once this is written, nearly all is read.
			if _, err := in.Write(text); err != nil {
				t.Fatal(err)
			}
			stop(t, p, c.signal, c.status)
		})
	}

	reads := func(t *testing.T, command ...string) {
		t.Helper()
		dir := t.TempDir()
		folder, fifo := filepath.Join(dir, "logs"), filepath.Join(dir, "fifo")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		first := filepath.Join(folder, "0.log")
		if err := os.WriteFile(first, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < 300; i++ { // some gigabytes to read
			if err := os.Link(first, filepath.Join(folder, fmt.Sprintf("%d.log", i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		p := newProcess(t, append(command, "--workers", "2", fifo, folder)...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		// Opening and filling the pipe waits for one worker to read it; the other reads the folder.
		in, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if _, err := in.Write(text); err != nil {
			t.Fatal(err)
		}
		stop(t, p, syscall.SIGINT, 130)
	}
	t.Run("folder", func(t *testing.T) { reads(t, "top-errors") })
	for _, name := range []string{"x.parquet", "x.duckdb"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			reads(t, "export", "--to", filepath.Join(dir, name))
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// interruptTwice interrupts a process once a file of one name lies below a folder, and
// again when the folder of another has gone that it lies in, or else before DuckDB's driver
// stops, which takes 500 ms.
func interruptTwice(t *testing.T, p *process, dir, begun, gone string) {
	t.Helper()
	wait := func(name string, there bool, most time.Duration) bool {
		for deadline := time.Now().Add(most); strings.Contains(below(t, dir), name) != there; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return false
			}
		}
		return true
	}
	if !wait(begun, true, 20*time.Second) {
		t.Fatal("nothing was written in 20 s")
	}
	time.Sleep(300 * time.Millisecond) // DuckDB is at it
	for range 2 {
		_ = p.Process.Signal(os.Interrupt)
		wait(gone, false, 400*time.Millisecond)
	}
}

// TestStoppedExport: a second signal does not wait until DuckDB has stopped, and still no
// half of a file is left behind.
func TestStoppedExport(t *testing.T) {
	text := failing(1000)
	for _, to := range [][]string{{"x.parquet"}, {"x.duckdb"}, {"x", "--partition"}} {
		t.Run(to[0], func(t *testing.T) {
			dir, endless := t.TempDir(), filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(endless, 0o600); err != nil {
				t.Fatal(err)
			}
			p := newProcess(t, append([]string{"export", endless, "--to", filepath.Join(dir, to[0])}, to[1:]...)...)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			go func() {
				in, err := os.OpenFile(endless, os.O_WRONLY, 0)
				for err == nil { // until the process has gone
					_, err = in.Write(text)
				}
				_ = in.Close()
			}()
			interruptTwice(t, p, dir, ".part-", ".part-")
			if status := p.status(t); status != 130 {
				t.Errorf("exit status %d: %s", status, &p.stderr)
			}
			if left := below(t, dir); left != dir+"\n" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}

// TestStoppedSpill: nor are temporary files of DuckDB.
func TestStoppedSpill(t *testing.T) {
	p := newProcess(t, "sql", "WITH RECURSIVE t AS (SELECT 1 AS n, repeat('x', 1000000) AS s UNION ALL SELECT n + 1, s || n FROM t) FROM t")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	interruptTwice(t, p, p.temp, "duckdb_temp", "loglens-")
	if status := p.status(t); status != 130 {
		t.Errorf("exit status %d: %s", status, &p.stderr)
	}
	p.leavesNothing(t)
}

// TestKilled: what a process that is killed leaves behind of temporary files and of an export, the
// next one that needs such a folder removes, but nothing of one that lives.
func TestKilled(t *testing.T) {
	const endless = "WITH RECURSIVE t AS (SELECT 1 AS n, repeat('x', 1000000) AS s UNION ALL SELECT n + 1, s || n FROM t) FROM t"
	logs, dir := filepath.Join(t.TempDir(), "x.log"), t.TempDir()
	if err := os.WriteFile(logs, failing(1), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.OpenFile(fifo, os.O_RDWR, 0) // which never ends
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, c := range []struct {
		name, begun string
		args        []string // of what is killed, and of what lives meanwhile
		next        []string
		dir         func(*process) string
	}{
		{"temporary files", "duckdb_temp", []string{"sql", endless}, []string{"top-errors", logs}, func(p *process) string { return p.temp }},
		{"export", ".part-", []string{"export", fifo, "--to", filepath.Join(dir, "x.parquet")}, []string{"export", logs, "--to", filepath.Join(dir, "x.parquet")}, func(*process) string { return dir }},
	} {
		t.Run(c.name, func(t *testing.T) {
			killed, living, next := newProcess(t, c.args...), newProcess(t, c.args...), newProcess(t, c.next...)
			living.Env, next.Env = killed.Env, killed.Env
			where := c.dir(killed)
			kept := func(p *process) bool {
				folders, err := filepath.Glob(filepath.Join(where, fmt.Sprintf("*-%d-*", p.Process.Pid)))
				if err != nil {
					t.Fatal(err)
				}
				return folders != nil
			}
			begin := func(p *process) {
				t.Helper()
				if err := p.Start(); err != nil {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(20 * time.Second); !kept(p) || !strings.Contains(below(t, where), c.begun); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("nothing was written in 20 s: %s", below(t, where))
					}
				}
			}
			begin(killed)
			begin(living)
			if !kept(killed) {
				t.Fatalf("one that lives was removed: %s", below(t, where))
			}
			_ = killed.Process.Kill()
			if status := killed.status(t); status != 137 {
				t.Fatalf("exit status %d: %s", status, &killed.stderr)
			}
			if _, stderr, status := next.output(t); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if kept(killed) || !kept(living) || kept(next) {
				t.Errorf("killed %d, living %d, next %d; there is\n%s", killed.Process.Pid, living.Process.Pid, next.Process.Pid, below(t, where))
			}
			_ = living.Process.Signal(os.Interrupt)
			if status := living.status(t); status != 130 {
				t.Errorf("exit status %d: %s", status, &living.stderr)
			}
			if kept(living) {
				t.Errorf("left behind:\n%s", below(t, where))
			}
		})
	}
}

// TestSignalledIngest stops ingests at random moments. They end at once, leave nothing
// but the store, and the last one, which nobody stops, has all that is missing.
func TestSignalledIngest(t *testing.T) {
	logs, dir := t.TempDir(), t.TempDir()
	if _, err := demo.Write(t.Context(), logs, demo.Options{Seed: 8, End: demoEnd, Lines: 20_000, Oddities: true}); err != nil {
		t.Fatal(err)
	}
	ingest := func(store string) *process {
		return newProcess(t, "ingest", "--keep", "requests", "--since", "2026-10-01", "--until", "2026-10-09", "--store", filepath.Join(dir, store), logs)
	}
	held := func(store string) string {
		t.Helper()
		for _, what := range []string{"verify", "stats"} {
			stdout, stderr, status := newProcess(t, "store", what, "--store", filepath.Join(dir, store)).output(t)
			if status != 0 {
				t.Fatalf("%s: exit status %d: %s", what, status, stderr)
			}
			if what == "stats" {
				return stdout[:strings.LastIndex(strings.TrimSpace(stdout), "\n")] // without the file's size
			}
		}
		return ""
	}
	begun := time.Now()
	if _, stderr, status := ingest("whole.duckdb").output(t); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	whole, stopped := time.Since(begun), 0
	rng := rand.New(rand.NewPCG(1, 4))
	for range 20 {
		p, signal := ingest("x.duckdb"), []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[rng.IntN(3)]
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		// Until a process of Go has said what it does with signals, they end it.
		time.Sleep(50*time.Millisecond + time.Duration(rng.Int64N(int64(whole))))
		begun := time.Now()
		_ = p.Process.Signal(signal)
		switch status := p.status(t); status {
		case 0: // nothing is left to do: begin anew
			for _, suffix := range []string{"", ".lock", ".ingesting"} {
				if err := os.Remove(filepath.Join(dir, "x.duckdb"+suffix)); err != nil {
					t.Fatal(err)
				}
			}
		case map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129}[signal]:
			stopped++
		default:
			t.Errorf("exit status %d after %v: %s", status, signal, &p.stderr)
		}
		if took := time.Since(begun); took > 1500*time.Millisecond {
			t.Errorf("ended %v after %v", took, signal)
		}
		p.leavesNothing(t)
	}
	if stopped < 5 {
		t.Errorf("only %d of 20 were stopped", stopped)
	}
	if _, stderr, status := ingest("x.duckdb").output(t); status != 0 {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	if diff := cmp.Diff(held("whole.duckdb"), held("x.duckdb")); diff != "" {
		t.Errorf("(-never stopped +stopped often):\n%s", diff)
	}
	files, err := filepath.Glob(filepath.Join(dir, "x.duckdb*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := filepath.Base(f); !slices.Contains([]string{"x.duckdb", "x.duckdb.lock", "x.duckdb.ingesting"}, name) {
			t.Errorf("left behind: %s", name)
		}
	}
}

// TestLocked: who finds a store in the hands of another waits as long as was said, and
// no longer than the other has it.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "x.duckdb")
	ingest := func(wait string) *process {
		return newProcess(t, "ingest", "--since", "2026-10-01", "--until", "2026-10-09", "--lock-timeout", wait, "--store", store, "../../testdata/logs/reasons.log")
	}
	if _, stderr, status := ingest("1s").output(t); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	for _, lock := range []string{".ingesting", ".lock"} {
		t.Run(lock, func(t *testing.T) {
			f, err := os.OpenFile(store+lock, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			stdout, stderr, status := ingest("1s").output(t)
			if took := time.Since(begun); status != exitLocked || stdout != "" || !strings.Contains(stderr, store) || took < time.Second || took > 5*time.Second {
				t.Errorf("exit status %d after %v, want %d after a second: %s%s", status, took, exitLocked, stdout, stderr)
			}
			p := ingest("1m")
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
			begun = time.Now()
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if status := p.status(t); status != 0 || time.Since(begun) > 5*time.Second {
				t.Errorf("exit status %d %v after the other has gone: %s", status, time.Since(begun), &p.stderr)
			}
		})
	}
}

// TestStoppedDemo: half of an incident is not left behind, and what was there before is.
func TestStoppedDemo(t *testing.T) {
	for _, c := range []struct{ name, folder string }{{"new", "a/b/demo"}, {"empty", "empty"}, {"here", "."}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.folder != "." {
				if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			before := below(t, dir)
			p := newProcess(t, "demo", "--lines", "20000000", c.folder)
			p.Dir = dir
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(20 * time.Second); !strings.Contains(below(t, dir), ".log"); {
				if time.Now().After(deadline) {
					t.Fatal("nothing was written in 20 s")
				}
				<-time.After(time.Millisecond)
			}
			if err := p.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if status := p.status(t); status != 130 || p.stderr.String() != "loglens: stopped: interrupt\n" {
				t.Errorf("exit status %d: %s", status, &p.stderr)
			}
			if diff := cmp.Diff(before, below(t, dir)); diff != "" {
				t.Errorf("left behind (-before +after):\n%s", diff)
			}
		})
	}
}

// below lists all that lies below a folder, line by line.
func below(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be gone by now
			return err
		}
		fmt.Fprintln(&b, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestClosedPipe: whoever reads the answer may go away, as in "| head -1".
func TestClosedPipe(t *testing.T) {
	for _, form := range []string{"table", "csv"} {
		t.Run(form, func(t *testing.T) {
			p := newProcess(t, "top-errors", "--output", form, "../../testdata/logs/reasons.log")
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			defer w.Close()
			p.Stdout = w
			_, stderr, status := p.output(t)
			if status != 141 {
				t.Errorf("exit status %d, want 141", status)
			}
			for line := range strings.Lines(stderr) {
				if form == "table" || !strings.HasPrefix(line, "loglens: window ") {
					t.Errorf("stderr: %s", line)
				}
			}
			p.leavesNothing(t)
		})
	}
}

// TestDeterminism: the same logs give the same bytes, however the work is divided.
func TestDeterminism(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(t.Context(), dir, demo.Options{Seed: 7, End: demoEnd, Lines: 20_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for i, o := range truth.Objects {
		if o.Kind == demo.KindAccess && o.Lines > 20 && i%10 == 0 {
			path := filepath.Join(dir, filepath.FromSlash(o.Key))
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, info.Size()/2); err != nil {
				t.Fatal(err)
			}
			damaged++
		}
	}
	if damaged == 0 {
		t.Fatal("no object is damaged")
	}
	for _, form := range []string{"table", "json", "jsonl", "csv", "markdown"} {
		t.Run(form, func(t *testing.T) {
			var want, wantErr string
			for _, workers := range []string{"1", "2", "16"} {
				p := newProcess(t, "top-errors", "--workers", workers, "--by", "reason,target_group,target,node", "--window", "5m", "--limit", "0",
					"--since", "2026-10-07T07:02Z", "--until", "2026-10-07T07:58Z", "--output", form, dir)
				got, gotErr, status := p.output(t)
				if status != exitPartial {
					t.Fatalf("exit status %d, want %d; stderr: %s", status, exitPartial, gotErr)
				}
				if want == "" {
					want, wantErr = got, gotErr
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("--workers %s (-want +got):\n%s", workers, diff)
				}
				if diff := cmp.Diff(wantErr, gotErr); diff != "" {
					t.Errorf("--workers %s, stderr (-want +got):\n%s", workers, diff)
				}
				p.leavesNothing(t)
			}
			if strings.Count(want, "\n") < 100 {
				t.Errorf("a short answer: %s", want)
			}
		})
	}
}

// TestTalkIsPlain: what was typed comes back in messages, on a terminal, and so do names of
// files that others have made.
func TestTalkIsPlain(t *testing.T) {
	const evil, name = "no\x1b[2J\u202e\r\nfile", "no\x1b]0;x\a\u202e\r\nfile"
	dir := t.TempDir()
	empty, broken, store := filepath.Join(dir, "empty"+name), filepath.Join(dir, "broken"), filepath.Join(dir, name+".duckdb")
	for _, folder := range []string{empty, broken} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string][]byte{"a" + name: []byte("\x1f\x8b\x08 no more"), "b" + name: append([]byte("damaged\n"), failing(9)...)} {
		if err := os.WriteFile(filepath.Join(broken, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"top-errors", evil}, {"top-errors", "./" + evil}, {"top-errors", "--by", evil, "."}, {"top-errors", "--since", evil, "."},
		{"top-errors", "--lb", evil, "../../testdata/logs/empty.log"}, {"top-errors", "--" + evil}, {"top-errors", "--limit", evil}, {"top-errors", "--tz", evil, "."},
		{"top-errors", "--output", evil, "."}, {"top-errors", "s3://" + evil}, {"top-errors", evil + "*"}, {"top-errors", "-o", "csv", "--lb", evil, "."}, {evil}, {"version", evil}, {"demo", "/proc/" + evil},
		{"top-errors", name}, {"top-errors", name + "*"}, {"top-errors", "-o", "json", broken}, {"summary", "-o", "json", "--fail-if", "failures > 0", broken},
		{"ingest", "--store", store, broken, empty}, {"store", "rebuild", "--store", store, broken}, {"top-errors", "-o", "csv", "--store", store},
		{"store", "forget", "--store", store, name}, {"store", "stats", "--store", name}, {"export", "--to", filepath.Join(dir, name), broken},
	} {
		stdout, stderr, status := newProcess(t, args...).output(t)
		if status == 0 && args[1] != "--lb" {
			t.Errorf("%q: exit status 0", args)
		}
		for _, said := range []string{stdout, stderr} {
			if strings.ContainsFunc(said, func(r rune) bool { return r != '\n' && r != '\t' && r < ' ' || r == '\u202e' }) {
				t.Errorf("%q: %q", args, said)
			}
		}
	}
}

// TestProgressIsForTerminals: off a terminal, nothing is drawn and wiped.
func TestProgressIsForTerminals(t *testing.T) {
	p := newProcess(t, "top-errors", "-")
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	hold(t, in)
	if status := p.status(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if p.stderr.Len() > 0 {
		t.Errorf("stderr: %q", &p.stderr)
	}
}

// hold keeps a reading loglens alive for longer than the progress line needs to appear.
func hold(t *testing.T, in io.WriteCloser) {
	t.Helper()
	if _, err := in.Write(failing(400)); err != nil {
		t.Fatal(err)
	}
	<-time.After(500 * time.Millisecond)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
}
