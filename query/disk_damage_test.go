package query

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

const childRead = "LOGLENS_TEST_READ" // a store, of which the child tells what is in it

// TestReadChild is no test but a child process: DuckDB may end a process that
// reads what is damaged.
func TestReadChild(t *testing.T) {
	path := os.Getenv(childRead)
	if path == "" {
		return
	}
	s, err := Open(context.Background(), t.TempDir(), Input{Workers: 1, Disk: Disk{Path: path, Wait: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, name := range []string{"timeline", "targets", "latency", "health", "tls", "rejects"} {
		r, _ := FindReport(name)
		answer, err := s.Run(context.Background(), r, Question{By: r.Default, Classes: []string{"target", "balancer", "client", "policy"}, Every: time.Minute})
		if err != nil {
			if !errors.As(err, new(*DiskError)) {
				t.Logf("no error of the disk: %v", err)
			}
			t.Fatal(err)
		}
		fmt.Printf("answer %s %v %+v\n", name, answer.Rows, answer.Accounting)
	}
}

// answers is what a child process tells of a store; ok is false if it does not.
func answers(t *testing.T, path string) (text string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestReadChild$")
	c.Env = append(os.Environ(), childRead+"="+path)
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("the child does not end:\n%s", out)
	}
	if err != nil && (strings.Contains(string(out), "no error of the disk") || !strings.Contains(string(out), "it is damaged")) {
		t.Errorf("damage is not told as such: %v\n%.600s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "answer ") {
			text += line
		}
	}
	return text, err == nil
}

// TestDamagedStore flips bits and cuts the end off: what is answered is right, or
// nothing is.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 31, 1500)
	dir := t.TempDir()
	sound := Disk{Path: filepath.Join(dir, "sound.duckdb"), Wait: time.Second}
	if _, err := ingestInto(sound, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	want, ok := answers(t, sound.Path)
	if !ok || strings.Count(want, "answer ") != 6 {
		t.Fatalf("no answer from a sound store:\n%s", want)
	}
	text, err := os.ReadFile(sound.Path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 1))
	tries, refused := Often(45, 750), 0
	for n := range tries {
		damaged := append([]byte(nil), text...)
		bit := rng.IntN(8 * len(text))
		what := fmt.Sprintf("bit %d flipped", bit)
		if damaged[bit/8] ^= 1 << (bit % 8); n%3 == 0 {
			end := max(bit/8, headersSize) // what ends before is told as empty, see Disk.begun
			damaged, what = text[:end], fmt.Sprintf("cut to %d bytes", end)
		}
		path := filepath.Join(dir, "damaged.duckdb")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, ok := answers(t, path)
		switch {
		case !ok:
			refused++
		case got != want:
			t.Errorf("%s: the answer is another, and nothing is said", what)
		}
	}
	if refused < tries/3 {
		t.Errorf("%d of %d damaged stores were refused: a cut one always must be", refused, tries)
	}
}

// TestEndedAtTheHeaders: a file that was cut short while DuckDB made it holds nothing, and
// the next ingest fills it. Nobody else's file is taken for one.
func TestEndedAtTheHeaders(t *testing.T) {
	b := newLogTree(t, 15, 300)
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	db, err := sql.Open("duckdb", disk.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Ping(), db.Close()); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(disk.Path)
	if err != nil || len(made) != headersSize {
		t.Fatalf("DuckDB makes a file of %d bytes, %v", len(made), err)
	}
	for size := 0; size <= headersSize; size += 4096 {
		if err := os.WriteFile(disk.Path, made[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		var hollow *DiskError
		if _, err := Verify(context.Background(), t.TempDir(), disk); !errors.As(err, &hollow) || !hollow.Missing {
			t.Errorf("%d bytes: %v", size, err)
		}
		if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if n := b.recount(t, disk, fmt.Sprintf("from %d bytes", size)); n != len(b.want) {
			t.Errorf("%d bytes: %d objects, want %d", size, n, len(b.want))
		}
	}
	const notes = "what I must not forget"
	if err := os.WriteFile(disk.Path, []byte(notes), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); !errors.As(err, new(*DiskError)) {
		t.Errorf("a text: %v", err)
	}
	if text, err := os.ReadFile(disk.Path); err != nil || string(text) != notes {
		t.Errorf("the text is now %.40q, %v", text, err)
	}
}

// TestOtherVersion: the tables of another version are not read, written or pruned,
// and what is said leads to a store that is.
func TestOtherVersion(t *testing.T) {
	b := newLogTree(t, 14, 300)
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, version := range []int{diskVersion - 1, diskVersion + 1} {
		db, err := sql.Open("duckdb", disk.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(fmt.Sprint("UPDATE meta SET version = ", version)); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for what, do := range map[string]func() error{
			"ingest": func() error { _, err := ingestInto(disk, b.dir, t.TempDir()); return err },
			"verify": func() error { _, err := Verify(ctx, t.TempDir(), disk); return err },
			"stats":  func() error { _, _, _, err := Stats(ctx, t.TempDir(), disk); return err },
			"prune":  func() error { _, err := Prune(ctx, t.TempDir(), disk, time.Now()); return err },
			"forget": func() error { _, err := Forget(ctx, t.TempDir(), disk, "logs"); return err },
		} {
			var refused *DiskError
			if err := do(); !errors.As(err, &refused) || !strings.Contains(refused.Reason, fmt.Sprint("version ", version)) || !strings.Contains(refused.Next, "store rebuild") {
				t.Errorf("version %d: %s: %v", version, what, err)
			}
		}
	}
	if err := os.WriteFile(disk.Path+copySuffix, []byte("of a writer that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	aside, err := SetAside(ctx, disk, time.Now())
	if err != nil || aside == "" {
		t.Fatalf("aside: %q, %v", aside, err)
	}
	for _, suffix := range []string{"", copySuffix} {
		_, gone := os.Stat(disk.Path + suffix)
		if _, err := os.Stat(aside + suffix); err != nil || !errors.Is(gone, os.ErrNotExist) {
			t.Errorf("%q of the store: %v where it was, %v where it is", suffix, gone, err)
		}
	}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if n := b.recount(t, disk, "made anew"); n != len(b.want) {
		t.Errorf("%d objects, want %d", n, len(b.want))
	}
}

const childHold = "LOGLENS_TEST_HOLD" // a store that the child opens as any program with DuckDB does

// TestHoldChild is no test but a child process: locks do not part a process from itself.
func TestHoldChild(t *testing.T) {
	path := os.Getenv(childHold)
	if path == "" {
		return
	}
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestHeldByAnother: a store that another program has open, or that may not be opened or
// written to, is not damaged. The first is waited for.
func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 16, 300)
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: 100 * time.Millisecond}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestHoldChild$")
	c.Env = append(os.Environ(), childHold+"="+disk.Path)
	in, ierr := c.StdinPipe()
	out, oerr := c.StdoutPipe()
	if err := errors.Join(ierr, oerr, c.Start()); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(out).ReadString('\n'); err != nil || said != "open\n" {
		t.Fatalf("%q, %v", said, err)
	}
	ctx := context.Background()
	var held *LockedError
	if _, err := Verify(ctx, t.TempDir(), disk); !errors.As(err, &held) || !strings.Contains(err.Error(), fmt.Sprint("(PID ", c.Process.Pid, ")")) {
		t.Errorf("verify: %v", err)
	}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); !errors.As(err, &held) {
		t.Errorf("ingest: %v", err)
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = in.Close() })
	disk.Wait = time.Minute
	if wrong, err := Verify(ctx, t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify, once it is free: %v, %v", wrong, err)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}

	for _, said := range []string{`Cannot open file "x": Permission denied`, `Checkpoint failed. Original error: Could not write file "x": Disk quota exceeded`} {
		err := disk.fault(&duckdb.Error{Type: duckdb.ErrorTypeIO, Msg: "IO Error: " + said})
		if err == nil || strings.Contains(err.Error(), "damaged") || !strings.HasSuffix(err.Error(), said) {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// TestDamageWithoutTrace: the places in DuckDB's own code that it adds help nobody.
func TestDamageWithoutTrace(t *testing.T) {
	err := &duckdb.Error{Type: duckdb.ErrorTypeInternal, Msg: "INTERNAL Error: offset is out of range\n\nStack Trace:\n\nloglens(duckdb::Exception) [0x231302b]"}
	if got, want := (Disk{Path: "x"}).fault(err).Error(), "store x: it is damaged: INTERNAL Error: offset is out of range"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
