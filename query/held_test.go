package query

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

// TestHeadsOfReports: what a report's head says of the dimensions that need no lines is
// what DuckDB's plan scans.
func TestHeadsOfReports(t *testing.T) {
	s := asking(t)
	tried := 0
	for _, r := range Reports() {
		if r.held(nil) != headsHeld {
			continue
		}
		sets := [][]string{nil, r.Heads, r.DimensionNames()}
		for _, d := range r.DimensionNames() {
			sets = append(sets, []string{d}, append(slices.Clone(r.Heads), d))
		}
		for _, by := range sets {
			for _, limit := range []int{0, 20} {
				q := Question{By: by, Classes: []string{"target", "client"}, Limit: limit, Every: time.Hour}
				text, err := r.divided(q)
				if err != nil {
					t.Fatal(err)
				}
				scans, err := s.scans(context.Background(), text, q.args(s.in.Plan.Window, s.in.Plan.Window, parameters(text)))
				if err != nil {
					t.Fatal(err)
				}
				scan := scans[scanName("failure")]
				if got, want := r.held(by), scan.held(); got != want || scan.times == 0 {
					t.Errorf("%s by %v: held %d, want %d of %v", r.Name, by, got, want, scan.columns)
				}
				tried++
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d questions tried", tried)
	}
}

// TestHeldIsEnough: a statement holds no more than it reads, and what it says is the
// same as if all lines were held.
func TestHeldIsEnough(t *testing.T) {
	dir := failingLogs(t, 5_000)
	heads := `time, client_ip, client_net, reason, reason_class, reason_source, object_id, object_uri, line_no`
	for text, want := range map[string]held{
		"SELECT " + heads + " FROM failure": headsHeld,
		"SELECT reason FROM failure":        headsHeld,
		"SELECT reason, count(DISTINCT client_ip) FROM failure WHERE time > TIMESTAMP '2026-11-22 02:30' GROUP BY 1":         headsHeld,
		"SELECT f.reason, sum(m.failures) FROM failure f JOIN failure_minute m USING (reason) GROUP BY 1":                    headsHeld,
		"WITH f AS (FROM failure) SELECT a.line_no FROM f a JOIN f b ON a.object_id = b.object_id AND a.line_no = b.line_no": headsHeld,
		"SELECT " + heads + ", target FROM failure":                                                                          linesHeld,
		"SELECT a.line_no, b.elb FROM failure a JOIN failure b ON a.object_id = b.object_id AND a.line_no = b.line_no":       linesHeld,
		"SELECT reason FROM failure WHERE raw LIKE '%443%'":                                                                  linesHeld,
		"SELECT reason, (SELECT count(*) FROM failure g WHERE g.target = '-' AND g.reason = f.reason) FROM failure f":        linesHeld,
		"FROM failure":                                linesHeld,
		"SELECT count(*) FROM failure":                linesHeld, // DuckDB counts by the first column
		"SELECT reason, failures FROM failure_minute": noneHeld,
		"SELECT sum(requests) FROM traffic":           noneHeld,
	} {
		ask := func(text string) (*Store, []string) {
			s := asking(t, dir)
			var got texts
			if _, err := s.Ask(context.Background(), text, nil, &got); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			slices.Sort(got)
			return s, got
		}
		s, got := ask(text)
		if s.failures.held != want {
			t.Errorf("%s: held %d, want %d", text, s.failures.held, want)
		}
		// raw is wanted, and so all lines are.
		if s, whole := ask("SELECT * FROM (" + text + ") WHERE (SELECT count(raw) FROM failure) > 0"); s.failures.held != linesHeld || !gocmp.Equal(got, whole) {
			t.Errorf("%s: with all lines held (%d): %s", text, s.failures.held, gocmp.Diff(got, whole))
		}
		if len(got) == 0 {
			t.Errorf("%s: no rows", text)
		}
	}
}

// TestNothingIsReadThatIsNotHeld: it would look as if there were nothing.
func TestNothingIsReadThatIsNotHeld(t *testing.T) {
	dir := failingLogs(t, 500)
	for _, c := range []struct {
		asked, then string
		ok          bool
	}{
		{"SELECT sum(failures) FROM failure_minute", "SELECT count(reason) FROM failure", false},
		{"SELECT sum(failures) FROM failure_minute", "SELECT count(target) FROM failure", false},
		{"SELECT reason FROM failure", "SELECT count(reason) FROM failure", true},
		{"SELECT reason FROM failure", "SELECT count(target) FROM failure", false},
		{"SELECT target FROM failure", "SELECT count(target) FROM failure", true},
	} {
		s := asking(t, dir)
		if _, err := s.Ask(context.Background(), c.asked, nil, new(texts)); err != nil {
			t.Fatal(err)
		}
		var n int
		err := s.conn.QueryRowContext(context.Background(), c.then).Scan(&n)
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), errNotHeld.Error()) || c.ok && n == 0 {
			t.Errorf("%s after %s: %d, %v", c.then, c.asked, n, err)
		}
		// Asked for as usual, it is read once more.
		var got texts
		if _, err := s.Ask(context.Background(), c.then, nil, &got); err != nil || len(got) != 1 || got[0] == "0" {
			t.Errorf("%s asked after %s: %v, %v", c.then, c.asked, got, err)
		}
	}
}

// TestExportOfHeads: a file of columns that the heads give is the same as one that has
// others too.
func TestExportOfHeads(t *testing.T) {
	dir := failingLogs(t, 2_000)
	for _, ending := range []string{".parquet", ".duckdb"} {
		out := t.TempDir()
		var exported [2]string
		columns := []string{"time", "client_ip", "reason", "reason_class"}
		for i, more := range []string{"", "target"} {
			s := askingInto(t, out, dir)
			to := filepath.Join(out, fmt.Sprint("e", i, ending))
			_, n, err := s.Export(context.Background(), Export{Relation: "failure", Columns: slices.DeleteFunc(append(slices.Clone(columns), more), func(c string) bool { return c == "" }), To: to})
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			if want := []held{headsHeld, linesHeld}[i]; s.failures.held != want {
				t.Errorf("%s with %q: held %d, want %d", ending, more, s.failures.held, want)
			}
			exported[i] = hashOf(t, to, columns)
		}
		if exported[0] != exported[1] {
			t.Errorf("%s: %s of heads, %s of lines", ending, exported[0], exported[1])
		}
	}
}

// failingLogs writes logs of an hour, of which every tenth line or so is a failure.
func failingLogs(t *testing.T, lines int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	_, err := demo.Write(context.Background(), dir, demo.Options{
		Seed: 5, End: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), Span: time.Hour, Lines: lines, Plain: true, FailureRate: 0.1, NoTruth: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// hashOf is a hash of the rows of an exported file, whatever their order.
func hashOf(t *testing.T, file string, columns []string) (hash string) {
	t.Helper()
	name, from := "", quoted(file)
	if Database(file) {
		name, from = file+"?access_mode=read_only", "failure"
	}
	db, err := sql.Open("duckdb", name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRow("SELECT count(*) || ' ' || sum(hash(" + names(columns) + "))::VARCHAR FROM " + from).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}
