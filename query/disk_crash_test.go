package query

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"

	"loglens/ingest"
	"loglens/internal/demo"
)

// Variables of the child process, which is this test binary once more.
const (
	childLogs  = "LOGLENS_TEST_LOGS"
	childStore = "LOGLENS_TEST_STORE"
	childBatch = "LOGLENS_TEST_BATCH" // objects in a transaction
	childStep  = "LOGLENS_TEST_STEP"  // at which it ends itself
)

// TestIngestChild is no test but the child process.
func TestIngestChild(t *testing.T) {
	if os.Getenv(childLogs) == "" {
		return
	}
	disk := Disk{Path: os.Getenv(childStore), Wait: time.Minute} // several may be ahead, on a busy machine
	if _, err := fmt.Sscan(os.Getenv(childBatch), &disk.seams.objects); err != nil {
		t.Fatal(err)
	}
	n := 0
	disk.seams.step = func(string) error {
		if n++; fmt.Sprint(n) == os.Getenv(childStep) {
			_ = killSelf()
			select {}
		}
		return nil
	}
	if _, err := ingestInto(disk, os.Getenv(childLogs), t.TempDir()); err != nil {
		t.Fatal(err)
	}
}

func killSelf() error {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return p.Kill()
}

func ingestInto(disk Disk, logs, temp string) (Ingested, error) {
	ctx := context.Background()
	sources, err := ingest.NewSources([]string{logs}, nil, ingest.AWS{})
	if err != nil {
		return Ingested{}, err
	}
	return Ingest(ctx, temp, Input{Sources: sources, Workers: 2, Disk: disk}, false)
}

// child starts an ingest in a process of its own.
func child(t *testing.T, logs string, disk Disk, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestIngestChild$")
	c.Env = append(append(os.Environ(), childLogs+"="+logs, childStore+"="+disk.Path, "TMPDIR="+t.TempDir()), env...)
	return c
}

// logTree is a tree of logs, and what is in each object by the generator's word.
type logTree struct {
	dir  string
	want map[string]map[string]int64 // by path: rows by table
}

func newLogTree(t *testing.T, seed int64, lines int) logTree {
	t.Helper()
	b := logTree{dir: t.TempDir(), want: map[string]map[string]int64{}}
	truth, err := demo.Write(context.Background(), b.dir, demo.Options{
		Seed: seed, Lines: lines, Span: 10 * time.Minute, End: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), Oddities: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := func(object int32) string { return filepath.Join(b.dir, filepath.FromSlash(truth.Objects[object].Key)) }
	for i, o := range truth.Objects {
		if o.Kind != demo.KindTestFile {
			b.want[path(int32(i))] = map[string]int64{}
		}
	}
	for i := range truth.Requests {
		r := &truth.Requests[i]
		if b.want[path(r.Object)]["requests"]++; r.Failed() {
			b.want[path(r.Object)]["failure"]++
		}
	}
	for _, d := range truth.Damages {
		b.want[path(d.Object)]["reject"]++
	}
	for _, c := range truth.Connections {
		b.want[path(c.Object)]["connection"]++
	}
	for _, c := range truth.Checks {
		b.want[path(c.Object)]["health_check"]++
	}
	for _, c := range truth.TLS {
		b.want[path(c.Object)]["nlb_tls"]++
	}
	return b
}

// recount compares every object of a store with the truth, by DuckDB alone, and
// returns how many there are: one that is in the ledger has all its rows, and no
// row is there of another.
func (b logTree) recount(t *testing.T, disk Disk, when string) (objects int) {
	t.Helper()
	if info, err := os.Stat(disk.Path); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() < headersSize {
		return 0 // DuckDB had made the file, and not yet written all of its headers; see Disk.begun
	}
	taken, err := disk.take(context.Background(), false)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	defer func() { _ = taken.Unlock() }()
	db, err := sql.Open("duckdb", disk.Path+"?access_mode=READ_ONLY")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var tables int
	if err := db.QueryRow("SELECT count(*) FROM duckdb_tables()").Scan(&tables); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if tables == 0 {
		return 0
	}
	got := map[string]map[string]int64{}
	ids := map[int64]string{}
	rows := func(query string, row func(id int64, text string)) {
		r, err := db.Query(query)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			var id int64
			var text string
			if err := r.Scan(&id, &text); err != nil {
				t.Fatal(err)
			}
			row(id, text)
		}
		if err := r.Err(); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	rows("SELECT object_id, uri FROM object", func(id int64, uri string) {
		if objects++; got[uri] != nil {
			t.Fatalf("%s: %s is there twice", when, uri)
		}
		ids[id], got[uri] = uri, map[string]int64{}
	})
	add := func(id int64, what string, n int64) {
		if ids[id] == "" {
			t.Errorf("%s: %d of %s of an object that is not in the ledger", when, n, what)
			return
		}
		got[ids[id]][what] += n
	}
	rows("SELECT object_id, sum(requests)::VARCHAR FROM traffic GROUP BY ALL", func(id int64, text string) {
		var n int64
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
		add(id, "requests", n)
	})
	rows("SELECT object_id, relation || ' ' || lines || ' ' || hex(heads) || ' ' || hex(raws) FROM line_block", func(id int64, text string) {
		block := strings.Fields(text) // fmt.Sscan reads these megabytes rune by rune
		if len(block) != 4 {
			t.Fatalf("%s: %d words of a block, want 4", when, len(block))
		}
		n, err := strconv.ParseInt(block[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if found := blockLines(t, block[2], block[3]); found != n {
			t.Errorf("%s: %d lines in a block of %d", when, found, n)
		}
		add(id, block[0], n)
	})
	for uri, have := range got {
		if diff := gocmp.Diff(b.want[uri], have); diff != "" {
			t.Errorf("%s: %s (-truth +store):\n%s", when, uri, diff)
		}
	}
	return objects
}

// blockLines counts the lines of a block, by its description: of each there are
// the object, three bytes, the line's number, its offset and time, two texts, and
// the length of the line.
func blockLines(t *testing.T, heads, raws string) (n int64) {
	unpack := func(text string) *bytes.Reader {
		packed, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s2.Decode(nil, packed)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(b)
	}
	r, lines := unpack(heads), unpack(raws)
	number := func() int64 {
		v, err := binary.ReadUvarint(r)
		if err != nil {
			t.Fatal(err)
		}
		return int64(v)
	}
	skip := func(r io.Reader, n int64) {
		if _, err := io.CopyN(io.Discard, r, n); err != nil {
			t.Fatal(err)
		}
	}
	for ; r.Len() > 0; n++ {
		number()
		skip(r, 3)
		number()
		number()
		number()
		skip(r, number())
		skip(r, number())
		skip(lines, number())
	}
	if lines.Len() > 0 {
		t.Errorf("%d bytes of lines that no head knows", lines.Len())
	}
	return n
}

// TestKilled ends ingests at random moments, by SIGKILL. Whatever the moment,
// every object is in the store whole or not at all, and the next ingest goes on.
func TestKilled(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 11, 6000)
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: 10 * time.Second}
	begun := time.Now()
	if out, err := child(t, b.dir, Disk{Path: filepath.Join(t.TempDir(), "whole.duckdb")}, childBatch+"=25").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(begun)
	rng := rand.New(rand.NewPCG(1, 2))
	kills, partial := Often(200, 1000), 0
	for i := range kills {
		c := child(t, b.dir, disk, childBatch+"=25")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(whole))))
		_ = c.Process.Kill()
		_ = c.Wait()
		n := b.recount(t, disk, fmt.Sprintf("kill %d", i))
		if n > 0 && n < len(b.want) {
			partial++
		}
		if t.Failed() {
			return
		}
		if n == len(b.want) { // nothing is left to do: begin anew
			for _, f := range disk.files() {
				if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
		}
	}
	if partial < kills/20 {
		t.Errorf("only %d of %d kills came in the middle", partial, kills)
	}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if n := b.recount(t, disk, "the last ingest"); n != len(b.want) {
		t.Errorf("%d objects, want %d", n, len(b.want))
	}
	if wrong, err := Verify(context.Background(), t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
}

// TestManyProcesses has eight processes ingest the same at once, one of which is
// killed. The others wait for one another, and nobody for the one that is gone;
// every object is there once.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 13, 1500)
	rng := rand.New(rand.NewPCG(1, 3))
	for round := range Often(4, 50) {
		disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb")}
		var all []*exec.Cmd
		var said [8]bytes.Buffer
		for i := range said {
			c := child(t, b.dir, disk, childBatch+"=25")
			c.Stdout, c.Stderr = &said[i], &said[i]
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		victim := rng.IntN(len(all))
		time.Sleep(time.Duration(rng.Int64N(int64(time.Second))))
		_ = all[victim].Process.Kill()
		for i, c := range all {
			if err := c.Wait(); err != nil && i != victim {
				t.Errorf("round %d, process %d: %v\n%s", round, i, err, &said[i])
			}
		}
		if n := b.recount(t, disk, fmt.Sprintf("round %d", round)); n != len(b.want) {
			t.Errorf("round %d: %d objects, want %d", round, n, len(b.want))
		}
	}
}

// TestEveryStep ends an ingest at each step once by SIGKILL, and lets each step
// fail once. What follows puts in what is missing.
func TestEveryStep(t *testing.T) {
	t.Parallel()
	for seed := range int64(Often(1, 25)) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			newLogTree(t, 12+seed, 600).everyStep(t)
		})
	}
}

func (b logTree) everyStep(t *testing.T) {
	t.Helper()
	half := len(b.want)/2 + 1 // so that there are two transactions
	for n := 1; ; n++ {
		disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		c := child(t, b.dir, disk, fmt.Sprintf("%s=%d", childStep, n), fmt.Sprintf("%s=%d", childBatch, half))
		out, err := c.CombinedOutput()
		if err == nil {
			if n < 20 {
				t.Errorf("an ingest of %d steps only", n-1)
			}
			break
		}
		if c.ProcessState.Exited() {
			t.Fatalf("step %d: %v\n%s", n, err, out)
		}
		b.recount(t, disk, fmt.Sprintf("killed at step %d", n))
		b.finish(t, disk, n)
	}
	for n := 1; ; n++ {
		disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
		_, err := ingestInto(BreakAt(disk, n, half), b.dir, t.TempDir())
		if err == nil {
			break
		}
		if !errors.Is(err, ErrBroken) || strings.Contains(err.Error(), "Transaction") {
			t.Fatalf("step %d: %v", n, err)
		}
		b.recount(t, disk, fmt.Sprintf("failed at step %d", n))
		b.finish(t, disk, n)
	}
}

// finish ingests what is missing, and looks at all of it.
func (b logTree) finish(t *testing.T, disk Disk, n int) {
	t.Helper()
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatalf("after step %d: %v", n, err)
	}
	if have := b.recount(t, disk, fmt.Sprintf("after step %d", n)); have != len(b.want) {
		t.Fatalf("after step %d: %d objects, want %d", n, have, len(b.want))
	}
}
