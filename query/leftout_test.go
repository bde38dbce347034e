package query_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/parse"
	"loglens/query"
)

// columnList is entries of a log as a delivery has them that gives these columns.
type columnList struct {
	names []string
	rows  [][]string
}

// text is W3C without some columns.
func (c *columnList) text(without ...string) string {
	var b strings.Builder
	line := func(values []string, between string) {
		var kept []string
		for i, v := range values {
			if !slices.Contains(without, c.names[i]) {
				kept = append(kept, v)
			}
		}
		b.WriteString(strings.Join(kept, between) + "\n")
	}
	b.WriteString("#Fields: ")
	line(c.names, " ")
	for _, row := range c.rows {
		line(row, "\t")
	}
	return b.String()
}

// warning is what is said of a text.
func warning(t *testing.T, text string) string {
	t.Helper()
	s := parse.NewScanner()
	s.Reset(strings.NewReader(text), parse.KindUnknown)
	for s.Scan() {
		if d := s.Damage(); d != nil {
			return d.Cause.String()
		}
	}
	return s.Warning()
}

// columnLists are the entries of a tree, by log, with all columns that AWS has.
func columnLists(t *testing.T, w *world) map[parse.Kind]*columnList {
	t.Helper()
	lists := map[parse.Kind]*columnList{}
	s := parse.NewScanner()
	for i := range w.truth.Objects {
		s.Reset(strings.NewReader(w.text(t, int32(i))), parse.KindUnknown)
		for s.Scan() {
			kind := s.Kind()
			if kind == parse.KindClassic || s.Damage() != nil {
				continue
			}
			field := func(i int) []byte { return s.Access().Field(parse.Field(i)) }
			if e := s.Entry(); e != nil {
				field = e.Field
			}
			var names, values []string
			for i, name := range parse.FieldNames(kind) {
				value := strings.Trim(string(field(i)), `"`)
				host, address := strings.CutSuffix(name, "_port")
				if colon := strings.LastIndexByte(value, ':'); address && kind != parse.KindConnection {
					ip, port := value, value
					if colon >= 0 {
						ip, port = value[:colon], value[colon+1:]
					}
					names, values = append(names, host+"_ip"), append(values, ip)
					value = port
				}
				names, values = append(names, name), append(values, value)
			}
			if lists[kind] == nil {
				lists[kind] = &columnList{names: names}
			}
			lists[kind].rows = append(lists[kind].rows, values)
		}
	}
	return lists
}

// TestColumnsThatReportsRestOn: what a delivery may leave out without a word makes no
// report say anything else, however it is divided.
func TestColumnsThatReportsRestOn(t *testing.T) {
	t.Parallel()
	o := demo.Options{Seed: 11, End: end, Lines: 2500, Span: 10 * time.Minute, FailureRate: 0.3}
	lists := columnLists(t, newWorld(t, o, rand.New(rand.NewPCG(1, 1))))
	if len(lists) != 4 {
		t.Fatalf("entries of %d logs, want those of 4", len(lists))
	}
	full, less := t.TempDir(), t.TempDir()
	for kind, list := range lists {
		if w := warning(t, list.text()); w != "" {
			t.Errorf("%s, with all columns: %s", kind, w)
		}
		var unsaid []string
		for _, name := range list.names {
			w := warning(t, list.text(name))
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(w) {
				unsaid = append(unsaid, name)
			}
		}
		t.Logf("%s, not named: %v", kind, unsaid)
		for dir, text := range map[string]string{full: list.text(), less: list.text(unsaid...)} {
			if err := os.WriteFile(filepath.Join(dir, kind.String()+".log"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	said, unsaid := open(t, full, ingest.Plan{}, 2), open(t, less, ingest.Plan{}, 2)
	for _, r := range query.Reports() {
		for _, by := range [][]string{r.Default, r.DimensionNames()} {
			questions := []query.Question{{By: by, Classes: everyClass, Now: end}}
			if r.Has(query.WindowDimension) {
				questions[0].Every = time.Minute
			}
			if r.Name == "raw" {
				questions = nil
				for _, log := range []string{"request", "connection", "health_check", "nlb_tls"} {
					questions = append(questions, query.Question{Classes: everyClass, Now: end, Filters: map[string]string{"log": log}})
				}
			}
			for _, q := range questions {
				want, got := told(t, said, r, q), told(t, unsaid, r, q)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s of %+v, with fewer columns and no word of it (-all +fewer):\n%s", r.Name, q, diff)
				}
			}
		}
	}
}

// told is what a report tells but for places, sizes and the lines themselves.
func told(t *testing.T, s *query.Store, r query.Report, q query.Question) [][]any {
	t.Helper()
	table, err := s.Run(context.Background(), r, q)
	if err != nil {
		t.Fatalf("%s of %+v: %v", r.Name, q, err)
	}
	for i, c := range table.Columns {
		for _, row := range table.Rows {
			if c.Name == "object_uri" || c.Name == "raw" || c.Name == "bytes" || c.Name == "size" {
				row[i] = nil
			}
		}
	}
	return table.Rows
}
