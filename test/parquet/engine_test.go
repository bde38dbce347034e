//go:build parquet

package parquet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loglens/internal/demo"
	"loglens/test/internal/command"
)

const (
	python = "../../.cache/venv-parquet/bin/python"
	// tree is the demo's folder, beside what is exported.
	tree = "logs"
	// elsewhere is where the engines are: a time that is not UTC must not move.
	elsewhere = "America/New_York"
)

var (
	dir       string // of the tree and of what is exported, absolute
	truth     *demo.Truth
	documents map[string][]column // of each relation, as documented
)

// own are the columns that are no log's, and are exported only if named.
var own = []string{
	"target", "target_group", "node", "route", "client_net", "duration", "load_balancer", "object_id", "object_uri", "line_no", "raw",
}

// column is a column of a relation and its SQL type.
type column struct{ name, kind string }

// job is some Parquet that an engine reads, and where its answer goes.
type job struct {
	Path  string `json:"path"`
	When  string `json:"when"`
	Group string `json:"group"`
	Out   string `json:"out"`
}

// answer is what an engine found: facts that it worked out by itself, and all rows.
type answer struct {
	Columns [][2]string    `json:"columns"` // name and the engine's type
	Count   int            `json:"count"`
	First   string         `json:"first"`
	Last    string         `json:"last"`
	Groups  map[string]int `json:"groups"`
	rows    [][]any        // as encoding/json decodes them
}

func TestMain(m *testing.M) {
	var err error
	if dir, err = os.MkdirTemp("", "loglens-parquet-"); err != nil {
		log.Fatal(err)
	}
	code := 1
	if err := export(); err != nil {
		log.Print(err)
	} else {
		code = m.Run()
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// export writes a tree over midnight, and every relation twice: as a file of all
// columns in a folder of its own, and by day.
func export() (err error) {
	if documents, err = documented(); err != nil {
		return err
	}
	binary, err := command.Build(dir)
	if err != nil {
		return err
	}
	end := time.Date(2026, 11, 22, 0, 20, 0, 0, time.UTC)
	truth, err = demo.Write(context.Background(), filepath.Join(dir, tree), demo.Options{Seed: 9, End: end, Lines: 60_000, Oddities: true})
	if err != nil {
		return err
	}
	for _, r := range relations {
		var names []string
		for _, c := range documents[r.name] {
			names = append(names, c.name)
		}
		if err := os.Mkdir(filepath.Join(dir, r.name), 0o700); err != nil {
			return err
		}
		for _, to := range [][]string{
			{"--to", filepath.Join(r.name, "all.parquet"), "--columns", strings.Join(names, ",")},
			{"--to", r.name + "_by_day", "--partition"},
		} {
			c := exec.Command(binary, append(append([]string{"export", "--relation", r.name}, to...), tree)...)
			c.Dir = dir
			if out, err := c.CombinedOutput(); err != nil {
				return fmt.Errorf("export %s: %w\n%s", r.name, err, out)
			}
		}
	}
	return nil
}

var (
	relationHead = regexp.MustCompile(`^## (\w+)`)
	columnLine   = regexp.MustCompile("^\\| `(\\w+)` \\| (\\w+)")
)

// documented reads the columns of all relations from their page.
func documented() (map[string][]column, error) {
	page, err := os.ReadFile("../../docs/relations.md")
	if err != nil {
		return nil, err
	}
	found, relation := map[string][]column{}, ""
	for line := range strings.Lines(string(page)) {
		if m := relationHead.FindStringSubmatch(line); m != nil {
			relation = m[1]
		} else if m := columnLine.FindStringSubmatch(line); m != nil {
			found[relation] = append(found[relation], column{m[1], m[2]})
		}
	}
	return found, nil
}

// columnsOf returns the columns that were exported: all, or by day AWS's fields,
// the reason and the folder's date.
func columnsOf(relation string, byDay bool) []column {
	if !byDay {
		return documents[relation]
	}
	fields := slices.DeleteFunc(slices.Clone(documents[relation]), func(c column) bool { return slices.Contains(own, c.name) })
	return append(fields, column{"date", "date"})
}

// TestArrow and TestSpark read all that was exported.
func TestArrow(t *testing.T) {
	ask(t, "read_arrow.py", map[string]string{
		"VARCHAR": "string", "TIMESTAMP": "timestamp[us]", "INTEGER": "int32", "BIGINT": "int64", "DOUBLE": "double", "date": "string",
	})
}

func TestSpark(t *testing.T) {
	ask(t, "read_spark.py", map[string]string{
		"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz", "INTEGER": "int", "BIGINT": "bigint", "DOUBLE": "double", "date": "date",
	})
}

// ask has a script read everything; types are the engine's names of ours.
func ask(t *testing.T, script string, types map[string]string) {
	out := t.TempDir()
	var jobs []job
	for _, r := range relations {
		jobs = append(jobs,
			job{filepath.Join(dir, r.name, "all.parquet"), r.when, r.group, filepath.Join(out, r.name)},
			job{filepath.Join(dir, r.name+"_by_day"), r.when, "date", filepath.Join(out, r.name+"_by_day")})
	}
	questions, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "-B", script)
	c.Env = append(os.Environ(), "TZ="+elsewhere)
	c.Stdin = bytes.NewReader(questions)
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: make test-parquet sets it up\n%s", script, err, said)
	}
	check(t, types, func(t *testing.T, table string) answer {
		a, err := read(filepath.Join(out, table))
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
}

// read reads what a script wrote.
func read(path string) (a answer, err error) {
	f, err := os.Open(path)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	d := json.NewDecoder(f)
	if err := d.Decode(&a); err != nil {
		return a, err
	}
	for d.More() {
		var row []any
		if err := d.Decode(&row); err != nil {
			return a, err
		}
		a.rows = append(a.rows, row)
	}
	return a, nil
}

// check compares what an engine found in every table with the documentation, the
// truth, and what the engines before it found.
func check(t *testing.T, types map[string]string, find func(t *testing.T, table string) answer) {
	for _, r := range relations {
		rows := r.rows(truth)
		if len(rows) < 500 {
			t.Fatalf("the demo has %d rows of %s", len(rows), r.name)
		}
		for _, byDay := range []bool{false, true} {
			want, table := answer{Count: len(rows), Groups: map[string]int{}}, r.name
			for _, c := range columnsOf(r.name, byDay) {
				want.Columns = append(want.Columns, [2]string{c.name, types[c.kind]})
			}
			if byDay {
				table += "_by_day"
			}
			for _, row := range rows {
				when, group := row[r.when].(string), row[r.group]
				if want.First == "" || when < want.First {
					want.First = when
				}
				want.Last = max(want.Last, when)
				switch {
				case byDay:
					group = when[:len("2026-11-22")]
				case group == nil:
					group = "NULL"
				}
				want.Groups[group.(string)]++
			}
			if len(want.Groups) < 2 {
				t.Fatalf("the demo's %s has groups %v only", table, want.Groups)
			}
			t.Run(table, func(t *testing.T) {
				got := find(t, table)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(answer{})); diff != "" {
					t.Errorf("facts (-want +got):\n%s", diff)
				}
				compare(t, got, rows)
				agree(t, table, got.rows)
			})
		}
	}
}

// compare compares the columns that the truth knows. Rows have no order.
func compare(t *testing.T, got answer, want []row) {
	t.Helper()
	left := map[string]int{}
	for _, w := range want {
		var values []any
		for _, c := range got.Columns {
			if v, known := w[c[0]]; known {
				values = append(values, v)
			}
		}
		left[encoded(t, values)]++
	}
	strange := 0
	for _, g := range got.rows {
		var values []any
		for i, c := range got.Columns {
			if _, known := want[0][c[0]]; known {
				values = append(values, g[i])
			}
		}
		key := encoded(t, values)
		if left[key]--; left[key] == 0 {
			delete(left, key)
		} else if left[key] < 0 {
			delete(left, key)
			if strange++; strange <= 3 {
				t.Errorf("not in the truth: %s", key)
			}
		}
	}
	if strange > 0 || len(left) > 0 {
		t.Errorf("%d rows are not in the truth, and %d of the truth are not there", strange, len(left))
	}
	shown := 0
	for key := range left {
		if shown++; shown <= 3 {
			t.Errorf("not there: %s", key)
		}
	}
}

// agreed are the sums of all rows of a table, as the first engine read them.
var agreed = map[string][sha256.Size]byte{}

// agree compares all columns, those that the truth does not know included.
func agree(t *testing.T, table string, rows [][]any) {
	t.Helper()
	var lines []string
	for _, r := range rows {
		lines = append(lines, encoded(t, r))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	if before, ok := agreed[table]; ok && before != sum {
		t.Error("another engine has read other values")
	}
	agreed[table] = sum
}

func encoded(t *testing.T, values []any) string {
	t.Helper()
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
