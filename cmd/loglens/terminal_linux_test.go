package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"loglens/internal/demo"
	"loglens/query"
)

// terminal is a pseudo terminal: what the process writes to
// process, the test reads from screen.
type terminal struct{ screen, process *os.File }

func newTerminal(t *testing.T, columns uint16) terminal {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns}); err != nil {
		t.Fatal(err)
	}
	process, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close(); process.Close() })
	return terminal{screen, process}
}

// until reads until the screen shows sign.
func (tm terminal) until(t *testing.T, sign string) string {
	t.Helper()
	var shown []byte
	b := make([]byte, 4096)
	for !bytes.Contains(shown, []byte(sign)) {
		n, err := tm.screen.Read(b)
		if err != nil {
			t.Fatalf("%v; shown so far: %q", err, shown)
		}
		shown = append(shown, b[:n]...)
	}
	return string(shown)
}

// rest reads until nobody can write to the terminal any more.
func (tm terminal) rest(t *testing.T) string {
	t.Helper()
	text, err := io.ReadAll(tm.screen)
	if err != nil && !errors.Is(err, syscall.EIO) { // Linux's word for the end
		t.Fatal(err)
	}
	return string(text)
}

// begin starts the process and leaves it the only one with the terminal open.
func (p *process) begin(t *testing.T, tm terminal) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	tm.process.Close()
}

// erase is what wipes a line.
const erase = "\r\x1b[K"

// remains is what the screen shows in the end of what was written to it.
func remains(written string) string {
	var b strings.Builder
	for line := range strings.Lines(written) {
		b.WriteString(line[strings.LastIndex(line, erase)+1:])
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), erase[1:], ""), "\r\n", "\n")
}

// TestProgress: a line is kept up to date on a terminal, and nothing of it stays.
func TestProgress(t *testing.T) {
	cases := []struct {
		name    string
		columns uint16
		end     func(*testing.T, *process, io.Closer)
		status  int
		want    string
	}{
		{"done", 80, func(t *testing.T, _ *process, in io.Closer) { in.Close() }, 0, ""},
		{"narrow", 20, func(t *testing.T, _ *process, in io.Closer) { in.Close() }, 0, ""},
		{"interrupted", 80, func(t *testing.T, p *process, _ io.Closer) {
			if err := p.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}, 130, "loglens: stopped: interrupt\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, tm := newProcess(t, "top-errors", "-"), newTerminal(t, c.columns)
			p.Stderr = tm.process
			in, err := p.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			p.begin(t, tm)
			shown := tm.until(t, " object")
			if !strings.HasPrefix(shown, erase) || strings.Contains(shown, "\n") {
				t.Errorf("shown: %q", shown)
			}
			if _, err := in.Write(failing(10)); err != nil {
				t.Fatal(err)
			}
			c.end(t, p, in)
			shown += tm.rest(t)
			if got := p.status(t); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			for line := range strings.SplitSeq(shown, erase) {
				if n := utf8.RuneCountInString(strings.TrimSpace(line)); n >= int(c.columns) && !strings.Contains(line, "\n") {
					t.Errorf("a progress line of %d columns: %q", n, line)
				}
			}
			if got := remains(shown); got != c.want {
				t.Errorf("remains %q, want %q; written: %q", got, c.want, shown)
			}
			if done := p.stdout.Len() > 0; done != (c.status == 0) {
				t.Errorf("stdout: %q", &p.stdout)
			}
		})
	}
}

func TestNoProgressOnDumbTerminal(t *testing.T) {
	p, tm := newProcess(t, "top-errors", "-"), newTerminal(t, 80)
	p.Env = append(p.Env, "TERM=dumb")
	p.Stderr = tm.process
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.begin(t, tm)
	hold(t, in)
	if shown := tm.rest(t); shown != "" {
		t.Errorf("shown: %q", shown)
	}
	if status := p.status(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestTypedLines: who has nothing before the command that writes lines is told so, and may
// paste them; but nothing is said of what is not read.
func TestTypedLines(t *testing.T) {
	p, tm := newProcess(t, "top-errors", "-"), newTerminal(t, 80)
	p.Stdin, p.Stderr = tm.process, tm.process
	p.begin(t, tm)
	if shown := tm.until(t, " object"); !strings.Contains(shown, "zcat x.log.gz | loglens top-errors -, or paste some and end with Ctrl-D") {
		t.Errorf("shown: %q", shown)
	}
	if _, err := tm.screen.Write(append(failing(1), 4)); err != nil { // Ctrl-D
		t.Fatal(err)
	}
	tm.rest(t)
	if status := p.status(t); status != 0 || !strings.Contains(p.stdout.String(), "1 failure of 1 request") {
		t.Errorf("exit status %d: %s", status, &p.stdout)
	}

	p, tm = newProcess(t, "top-errors", "--explain", "-"), newTerminal(t, 80)
	p.Stdin, p.Stderr = tm.process, tm.process
	p.begin(t, tm)
	if shown := tm.rest(t); strings.Contains(shown, "terminal") || p.status(t) != 0 {
		t.Errorf("with --explain: %q", shown)
	}
}

// ownSequences are the only ones that reach a terminal: bold, and the wiping of
// the progress line.
var ownSequences = regexp.MustCompile(`\x1b\[[01]m|\r\x1b\[K|\r\n`)

// TestTerminalIsSafe puts the hostile lines of the demo on a terminal: nothing
// but printable characters and our own sequences arrives there.
func TestTerminalIsSafe(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Write(t.Context(), dir, demo.Options{Seed: 3, End: demoEnd, Lines: 5000, Oddities: true, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	// A name that a folder of copies may have, with lines of all sorts that are hostile.
	evil := "evil\x1b]0;x\a\u202e\u009b2J\r.log"
	var text strings.Builder
	for i := range 9 {
		fmt.Fprintf(&text, `https 2026-10-07T07:15:0%d.101682Z app/sh%[2]sop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 -1 -1 -1 502 - 1458 277 "GET https://a/%[2]s HTTP/1.1" "%[2]s" - - `+
			`arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/ch%[2]seck/cd18ee8d310e74a0 "-" "%[2]s" "-" 10 2026-10-07T07:15:00.941000Z "%[2]s" "%[2]s" "%[2]s" "10.0.32.18:80" "-" "-" "-"`+"\n%[2]s damaged %[2]s\n",
			i, strings.Trim(strings.ReplaceAll(evil, "\r", ""), "."))
	}
	if err := os.WriteFile(filepath.Join(dir, evil), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), evil)
	commands := [][]string{
		{"top-errors"}, {"top-errors", "--by", "target,node,load_balancer"}, {"top-errors", "--class", "all", "--limit", "0"}, {"top-errors", "--output", "markdown"},
		{"top-errors", "--output", "json"}, {"top-errors", "--output", "csv"}, {"top-errors", "--output", "jsonl"}, {"top-errors", "--color", "always", "--ascii"},
		{"sql", "select * from failure"}, {"sql", "--output", "jsonl", "select * from reject"}, {"sql", "select user_agent || chr(27) as \"\x1b[2J\", uri from failure join object using (object_id)"},
		{"sql", "--explain", "select chr(27), '\x1b[2J' from request"}, {"summary"}, {"summary", "--output", "markdown"},
		{"ingest", "--store", store}, {"store", "stats", "--store", store}, {"store", "verify", "--store", store},
		{"export", "--to", store + ".parquet"}, {"top-errors", filepath.Join(dir, evil)}, {"coverage", filepath.Join(dir, evil)},
	}
	for _, r := range query.Reports() {
		commands = append(commands, []string{r.Name, "--limit", "0"}, []string{r.Name, "--limit", "0", "--output", "markdown"})
	}
	for _, args := range commands {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if args[0] != "store" && args[len(args)-1] != filepath.Join(dir, evil) {
				args = append(args, dir, "--since", "2026-10-01", "--until", "2026-10-09")
			}
			p, tm := newProcess(t, args...), newTerminal(t, 80)
			p.Stdout, p.Stderr = tm.process, tm.process
			p.begin(t, tm)
			shown := tm.rest(t)
			if status := p.status(t); status != 0 {
				t.Errorf("exit status %d: %q", status, shown)
			}
			if args[0] == "top-errors" && !strings.Contains(shown, "Target_Connection_Error") && !strings.Contains(shown, "10.0.") {
				t.Errorf("no answer: %q", shown)
			}
			text := ownSequences.ReplaceAllString(shown, "\n")
			for _, r := range text {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("%U reaches the terminal", r)
				}
			}
		})
	}
}

// onTerminal returns what a command that succeeds leaves on a terminal of 80 columns.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	p, tm := newProcess(t, args...), newTerminal(t, 80)
	p.Stdout, p.Stderr = tm.process, tm.process
	p.begin(t, tm)
	shown := remains(tm.rest(t))
	if status := p.status(t); status != 0 {
		t.Fatalf("%q: exit status %d:\n%s", args, status, shown)
	}
	return shown
}

// TestLinesOnTerminal: what raw is asked for is there, as far as three lines go, and how
// to see the rest.
func TestLinesOnTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(file, failing(1), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := onTerminal(t, "raw", file)
	for _, want := range []string{
		"\n  https 2026-10-07T07:15:01.000000Z app/shop/50dc6c495c0c9188 198.51.100.7:65530\n   10.0.32.18:80 -1 -1 -1 502 ",
		`"GET https://shop.example.com:443/cart?`, "\n  id=0 HTTP/1.1\" ",
		"…\n", "\n… entry cut off: --output jsonl has it whole",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown:\n%s", want, shown)
		}
	}
}

// TestRowsDifferOnTerminal: logs of two kinds and of two balancers, by nodes of one
// address, are told apart where there is little room.
func TestRowsDifferOnTerminal(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []string{"", "conn_log."} {
		for _, balancer := range []string{"shop-prod.8f14e45fceea167a", "shop-test.aab3238922bcc25a"} {
			for _, at := range []string{"0715", "0745"} {
				name := kind + "111122223333_elasticloadbalancing_eu-west-1_app." + balancer + "_20261007T" + at + "Z_203.0.113.177_r1.log"
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	shown := onTerminal(t, "coverage", dir)
	seen := map[string]bool{}
	for line := range strings.Lines(shown) {
		if strings.Contains(line, "203.0.113.177") {
			seen[line] = true
		}
	}
	if len(seen) != 4 || !strings.Contains(shown, "10-07 07") {
		t.Errorf("%d different rows of 4, with what is missing:\n%s", len(seen), shown)
	}
}

// TestHelpFits: on a terminal nothing of help but a command to copy is wider than it.
func TestHelpFits(t *testing.T) {
	for _, command := range []string{"--help", "top-errors --help", "raw --help", "diagnose --help", "store rebuild --help", "help export"} {
		t.Run(command, func(t *testing.T) {
			p, tm := newProcess(t, strings.Fields(command)...), newTerminal(t, 80)
			p.Stdout = tm.process
			p.begin(t, tm)
			text := strings.ReplaceAll(tm.rest(t), "\r\n", "\n")
			if err := p.Wait(); err != nil || !strings.Contains(text, "Usage:") {
				t.Fatalf("%v:\n%s", err, text)
			}
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 && !strings.Contains(line, "  loglens ") {
					t.Errorf("wider than 80 columns: %q", line)
				}
			}
		})
	}
}
