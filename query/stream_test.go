package query_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
)

// sink keeps rows as text.
type sink struct {
	begun   int
	columns []query.Column
	rows    []string
}

func (s *sink) Begin(columns []query.Column) error {
	s.begun++
	s.columns, s.rows = columns, nil
	return nil
}

func (s *sink) Row(row []any) error {
	s.rows = append(s.rows, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
	return nil
}

// fullSink takes room rows and no more.
type fullSink struct {
	sink
	room int
}

var errFull = errors.New("no room")

func (s *fullSink) Row(row []any) error {
	if len(s.rows) == s.room {
		return errFull
	}
	return s.sink.Row(row)
}

func ask(t *testing.T, s *query.Store, text string) (*sink, *query.Table) {
	t.Helper()
	var rows sink
	table, err := s.Ask(context.Background(), text, nil, &rows)
	if err != nil {
		t.Fatal(err)
	}
	return &rows, table
}

// broken damages a third of the access objects of a tree near their ends, and
// returns which.
func broken(t *testing.T, dir string, truth *demo.Truth) map[int32]bool {
	t.Helper()
	broken := map[int32]bool{}
	for i, o := range truth.Objects {
		if o.Kind != demo.KindAccess || o.Lines < 50 || i%3 != 0 {
			continue
		}
		broken[int32(i)] = true
		path := filepath.Join(dir, filepath.FromSlash(o.Key))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-6] ^= 1 // checksum: seen only when every row is out
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(broken) == 0 {
		t.Fatal("no object to break")
	}
	return broken
}

// TestDamagedObjectsInStreams: an object that breaks at its end leaves no row
// in a streamed answer, though all of them had been seen.
func TestDamagedObjectsInStreams(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 5, End: end, Lines: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	bad := broken(t, dir, truth)
	want := map[string]int{}
	for _, r := range truth.Requests {
		if !bad[r.Object] {
			want[r.LoadBalancer]++
		}
	}
	for _, workers := range []int{1, 2} {
		s := open(t, dir, ingest.Plan{}, workers)
		rows, table := ask(t, s, "SELECT elb, count(*) FROM request GROUP BY ALL")
		got := map[string]int{}
		for _, row := range rows.rows {
			var elb string
			var n int
			if _, err := fmt.Sscan(row, &elb, &n); err != nil {
				t.Fatal(err)
			}
			got[elb] = n
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers (-truth of the whole objects +answer):\n%s", workers, diff)
		}
		if rows.begun != 2 {
			t.Errorf("the statement ran %d times, want 2", rows.begun)
		}
		a := table.Accounting
		if a.ObjectsFailed != int64(len(bad)) || a.Lines != a.Parsed+a.Rejected+a.Skipped {
			t.Errorf("%d broken objects, accounting %+v", len(bad), a)
		}
		if s.FirstFailure() == nil || !strings.Contains(strings.Join(table.Warnings, "\n"), "damaged object") {
			t.Errorf("nothing says that the answer is partial: %q", table.Warnings)
		}
		report, _ := query.FindReport("routes")
		answer, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Accounting != a || answer.Requests != a.Parsed {
			t.Errorf("routes: accounting %+v, %d requests; SQL: %+v", answer.Accounting, answer.Requests, a)
		}
	}
}

// unserved is a line of a request that failed.
const unserved = `http 2026-10-07T07:15:01.101682Z app/a/1 198.51.100.7:65530 - -1 -1 -1 503 - 0 0 "GET http://a:80/ HTTP/1.1" "-"` + "\n"

// loose is a gzip member of two blocks. The second has a match and no code for distances:
// klauspost/compress v1.20 takes that of the first, and all others call it damaged.
const loose = "\x1f\x8b\b\x00\x00\x00\x00\x00\x00\xff\f\xc0\x01\t\x00\x00\x00\x80\xa0\xad\xfe?QZ\r\xc0\x01\t\x00\x00\x00\x80\xa0\xad\xfe?QXF\x80\x84\xbf\b\x00\x00\x00"

// TestSecondOpinion: an object that our decoder calls damaged when most of it is read,
// and the library does not, counts whole, and once.
func TestSecondOpinion(t *testing.T) {
	const lines = 8000
	var stored bytes.Buffer
	w := gzip.NewWriter(&stored)
	if _, err := w.Write([]byte(strings.Repeat(unserved, lines))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	stored.WriteString(loose) // a damaged line, "aaaaaaaa"
	for decoder, want := range map[ingest.Decoder]error{ingest.DecoderOwn: ingest.ErrDamaged, ingest.DecoderKlauspost: nil} {
		z := ingest.NewInflater()
		z.Use(decoder)
		if err := z.Reset(bytes.NewReader(stored.Bytes())); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, z); !errors.Is(err, want) || n < lines*int64(len(unserved)) {
			t.Fatalf("decoder %d reads %d bytes, error %v, want %v: the decoders must differ here", decoder, n, err, want)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log.gz"), stored.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, true)
	for name, open := range map[string]func() *query.Store{
		"one worker":  func() *query.Store { return open(t, dir, ingest.Plan{}, 1) },
		"two workers": func() *query.Store { return open(t, dir, ingest.Plan{}, 2) },
		"store":       func() *query.Store { return fromDisk(t, disk, ingest.Plan{}) },
	} {
		rows, table := ask(t, open(), "SELECT count(*) FROM request")
		if a := table.Accounting; rows.rows[0] != fmt.Sprint(lines) || a.ObjectsFailed != 0 || a.Parsed != lines || a.Rejected != 1 {
			t.Errorf("%s, SQL: rows %q, accounting %+v, %q", name, rows.rows, a, table.Warnings)
		}
		report, _ := query.FindReport("top-errors")
		got, err := open().Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if a := got.Accounting; got.Total != lines || a.ObjectsFailed != 0 || a.Parsed != lines || a.Rejected != 1 {
			t.Errorf("%s: %d failures, accounting %+v", name, got.Total, a)
		}
	}
}

// piped is a store that answers from standard input.
func piped(t *testing.T, stdin io.Reader) *query.Store {
	t.Helper()
	sources, err := ingest.NewSources([]string{"-"}, stdin, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, query.Input{Sources: sources, Workers: 1})
}

// TestDamagedStandardInput: what cannot be read twice is no answer, and said so.
func TestDamagedStandardInput(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(strings.Repeat(unserved, 5000))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := piped(t, bytes.NewReader(b.Bytes()[:b.Len()-5]))
	rows, table := ask(t, s, "SELECT count(*) FROM request")
	if gocmp.Diff([]string{"0"}, rows.rows) != "" || table.Accounting.ObjectsFailed != 1 {
		t.Errorf("rows %q, accounting %+v", rows.rows, table.Accounting)
	}
}

// TestStandardInputTwice: what an earlier question has read is not there for another one, and
// an answer out of what is left would say that nothing failed.
func TestStandardInputTwice(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		want                error
	}{
		{"streamed twice", "SELECT count(*) FROM request", "SELECT count(*) FROM request", query.ErrDrained},
		{"counted, then streamed", "SELECT sum(requests) FROM traffic", "SELECT count(*) FROM request", query.ErrDrained},
		{"more details than were counted", "SELECT sum(requests) FROM traffic", "SELECT sum(requests) FROM node_minute", query.ErrDrained},
		{"the same reading", "SELECT sum(requests) FROM traffic", "SELECT sum(requests) FROM traffic WHERE requests > 0", nil},
		{"nothing to read", "SELECT count(*) FROM request", "SELECT 50", nil},
	} {
		s := piped(t, strings.NewReader(strings.Repeat(unserved, 50)))
		if rows, _ := ask(t, s, c.first); gocmp.Diff([]string{"50"}, rows.rows) != "" {
			t.Errorf("%s: at first %q", c.name, rows.rows)
		}
		var rows sink
		_, err := s.Ask(t.Context(), c.second, nil, &rows)
		if !errors.Is(err, c.want) || err == nil && gocmp.Diff([]string{"50"}, rows.rows) != "" {
			t.Errorf("%s: %v, rows %q", c.name, err, rows.rows)
		}
		if strings.Contains(c.first, "traffic") { // refusing the second takes nothing away
			if rows, _ := ask(t, s, c.first); gocmp.Diff([]string{"50"}, rows.rows) != "" {
				t.Errorf("%s: at last %q", c.name, rows.rows)
			}
		}
	}
}

// TestRecursionOverStandardInput: each round of a recursion reads all of what cannot be
// read twice.
func TestRecursionOverStandardInput(t *testing.T) {
	for _, how := range []string{"", "USING KEY (i)"} {
		s := piped(t, strings.NewReader(strings.Repeat(unserved, 50)))
		rows, table := ask(t, s, "WITH RECURSIVE r(i, n) "+how+" AS (SELECT 0, 0 UNION "+
			"SELECT i + 1, a.n FROM r, (SELECT count(*) AS n FROM request) AS a WHERE i < 3) SELECT i, n FROM r ORDER BY i")
		if diff := gocmp.Diff([]string{"0 0", "1 50", "2 50", "3 50"}, rows.rows); diff != "" || table.Accounting.Parsed != 50 {
			t.Errorf("%s: accounting %+v, rows (-want +got):\n%s", how, table.Accounting, diff)
		}
	}
}

// TestScansAgree: what a statement reads twice, and beside loaded tables, is the
// same each time; a statement that wants few rows stops early.
func TestScansAgree(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 6, End: end, Lines: 20_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	w := when.Window{From: truth.From.Add(10 * 60e9), Until: truth.Until.Add(-7 * 60e9)}
	inside := 0
	for _, r := range truth.Requests {
		if w.Contains(r.Time) {
			inside++
		}
	}
	s := open(t, dir, ingest.Plan{Window: w}, 2)
	for _, q := range []string{
		"SELECT (SELECT count(*) FROM request), (SELECT sum(requests) FROM traffic), (SELECT sum(requests) FROM node_minute)",
		"SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM request WHERE time IS NOT NULL), (SELECT sum(parsed) FROM accounting)",
		"WITH r AS (FROM request) SELECT count(*), count(DISTINCT (object_id, line_no)), (SELECT sum(parsed) FROM object) FROM r",
	} {
		rows, table := ask(t, s, q)
		if want := fmt.Sprintf("[%d %d %d]", inside, inside, inside); len(rows.rows) != 1 || "["+rows.rows[0]+"]" != want {
			t.Errorf("%s: %q, want %s", q, rows.rows, want)
		}
		if table.Accounting.Parsed != int64(inside) {
			t.Errorf("%s: accounting %+v, want %d parsed", q, table.Accounting, inside)
		}
	}
	failing, _ := ask(t, s, "SELECT count(*), count(reason) FROM failure f SEMI JOIN request r USING (object_id, line_no, reason, raw)")
	kept, _ := ask(t, s, "SELECT count(*), count(*) FROM failure")
	if gocmp.Diff(kept.rows, failing.rows) != "" {
		t.Errorf("of %q failures %q are among the requests", kept.rows, failing.rows)
	}
	few, table := ask(t, s, "SELECT raw FROM request LIMIT 3")
	if len(few.rows) != 3 || table.Accounting.Lines > int64(len(truth.Requests)) {
		t.Errorf("%d rows, accounting %+v", len(few.rows), table.Accounting)
	}
}

// TestPages: a large result is the same however it is cut into pages, and none of it is
// left behind.
func TestPages(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Write(context.Background(), dir, demo.Options{Seed: 8, End: end, Lines: 3_000, Oddities: true}); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, ingest.Plan{}, 2)
	raw, _ := query.FindReport("raw")
	want, err := s.Run(context.Background(), raw, query.Question{Classes: parse.Classes()})
	if err != nil {
		t.Fatal(err)
	}
	var held sink
	for _, row := range want.Rows {
		_ = held.Row(row)
	}
	all := len(held.rows)
	if all < 50 {
		t.Fatalf("%d rows are too few for pages", all)
	}
	for _, size := range []int{1, 7, all - 1, all, all + 1} {
		release := query.HoldPage(size)
		var given sink
		_, err := s.Run(context.Background(), raw, query.Question{Classes: parse.Classes(), To: &given})
		release()
		if err != nil || !slices.Equal(given.rows, held.rows) {
			t.Errorf("pages of %d rows: %d of %d rows, or others (%v)", size, len(given.rows), all, err)
		}
	}
	defer query.HoldPage(7)()
	for range 2 {
		if _, err := s.Run(context.Background(), raw, query.Question{Classes: parse.Classes(), To: &fullSink{room: 30}}); !errors.Is(err, errFull) {
			t.Errorf("%v, want the sink's error", err)
		}
	}
}

// TestRowsGiven: a sink gets the rows that the table would have, and the rest of the
// answer is the same.
func TestRowsGiven(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0x51))
	w := newWorld(t, randomOptions(rng), rng)
	s := open(t, w.dir, ingest.Plan{}, 2)
	for _, r := range query.Reports() {
		q := randomQuestion(rng, r, w)
		for _, q.Limit = range []int{0, 2} {
			want, err := s.Run(context.Background(), r, q)
			if err != nil {
				t.Fatal(err)
			}
			var rows, given sink
			for _, row := range want.Rows {
				_ = rows.Row(row)
			}
			q.To = &given
			got, err := s.Run(context.Background(), r, q)
			q.To = nil
			if err != nil {
				t.Fatal(err)
			}
			if given.begun == 0 || !slices.Equal(given.rows, rows.rows) || got.Shown() != want.Shown() {
				t.Errorf("%s of %+v: %d of %d rows:\n%q\nwant\n%q", r.Name, q, got.Shown(), want.Shown(), given.rows, rows.rows)
			}
			got.Rows, got.RowsGiven = want.Rows, 0
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %+v (-held +given):\n%s", r.Name, q, diff)
			}
		}
	}
}
