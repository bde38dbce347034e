package query

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// saved writes a query of that name and reads its folder.
func saved(t *testing.T, name, text string) SavedQuery {
	t.Helper()
	dir := t.TempDir()
	file(t, dir, name, text)
	queries, err := ReadQueries([]string{dir})
	if err != nil || len(queries) != 1 {
		t.Fatalf("%d queries, %v", len(queries), err)
	}
	return queries[0]
}

func file(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name+".sql"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const everyType = `-- query: every-type
-- about: One parameter of each type: and a colon.
-- for people only
-- param: a text               the text
-- param: b integer 5          how many
-- param: c number 2.5         seconds
-- param: d boolean true
-- param: e time 1h            since
-- param: f duration 1m30s     as long
SELECT $a, $b, $c, $d, $e, $f, '$no' AS "$nor" -- $this
	/* or $that */
`

func TestSavedElsewhere(t *testing.T) {
	q := saved(t, "every-type", "\ufeff"+strings.ReplaceAll(everyType, "\n", "\r\n"))
	if q.Err != nil || len(q.Params) != 6 || q.Params[1].About != "how many" {
		t.Errorf("with the mark and the ends of lines of another system: %v, %+v", q.Err, q.Params)
	}
}

func TestSavedHead(t *testing.T) {
	q := saved(t, "every-type", everyType)
	want := SavedQuery{
		Name: "every-type", About: "One parameter of each type: and a colon.", SQL: everyType, Path: q.Path,
		Params: []Param{
			{Name: "a", Type: "text", Required: true, About: "the text"},
			{Name: "b", Type: "integer", Default: "5", About: "how many"},
			{Name: "c", Type: "number", Default: "2.5", About: "seconds"},
			{Name: "d", Type: "boolean", Default: "true"},
			{Name: "e", Type: "time", Default: "1h", About: "since"},
			{Name: "f", Type: "duration", Default: "1m30s", About: "as long"},
		},
	}
	if diff := gocmp.Diff(want, q); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSavedBroken: a query that is not as it should be is found and cannot be
// asked, and the others can.
func TestSavedBroken(t *testing.T) {
	tests := []struct{ name, text, reason string }{
		{"no-head", "SELECT 1", `"no-head"`},
		{"other-name", "-- query: another\nSELECT 1", `"other-name"`},
		{"no-type", "-- query: no-type\n-- param: a\nSELECT $a", `"a"`},
		{"words", "-- query: words\n-- param: a text b c\nSELECT $a", "after two blanks"},
		{"type", "-- query: type\n-- param: a date\nSELECT $a", `unknown type "date", want one of boolean, duration, integer, number, text, time`},
		{"twice", "-- query: twice\n-- param: a text\n-- param: a text\nSELECT $a", "a is declared twice"},
		{"undeclared", "-- query: undeclared\nSELECT $a", "$a is not declared"},
		{"unused", "-- query: unused\n-- param: a text\nSELECT '$a' -- $a", "$a is declared and not used"},
		{"late", "-- query: late\nSELECT $a\n-- param: a text", "$a is not declared"},
	}
	for _, tt := range tests {
		q := saved(t, tt.name, tt.text)
		_, err := q.Bind(map[string]string{"a": "1"}, time.Time{}, time.UTC)
		var e *QueryError
		if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) || e.Hint() == "" || !strings.HasPrefix(e.Error(), q.Path) || q.Name != tt.name {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestSavedFolders: a missing folder holds nothing, other files are no queries,
// and of two of one name the first counts.
func TestSavedFolders(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	file(t, second, "b", "-- query: b\nSELECT 2")
	file(t, second, "a", "-- query: a\nSELECT 2")
	file(t, first, "b", "-- query: b\nSELECT 1")
	if err := os.WriteFile(filepath.Join(first, "README.md"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(first, "folder.sql"), 0o700); err != nil {
		t.Fatal(err)
	}
	queries, err := ReadQueries([]string{filepath.Join(first, "missing"), first, second})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range queries {
		got = append(got, q.Path)
	}
	if diff := gocmp.Diff([]string{filepath.Join(second, "a.sql"), filepath.Join(first, "b.sql")}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.Symlink(filepath.Join(first, "nowhere"), filepath.Join(second, "c.sql")); err != nil {
		t.Fatal(err)
	}
	queries, err = ReadQueries([]string{first, second})
	if err != nil || len(queries) != 3 || queries[0].Err != nil || queries[1].Err != nil {
		t.Fatalf("with a link to nothing: %v, error %v", queries, err)
	}
	if _, err := queries[2].Bind(nil, time.Time{}, time.UTC); queries[2].Name != "c" || !errors.As(err, new(*QueryError)) {
		t.Errorf("a link to nothing is bound as %q: %v", queries[2].Name, err)
	}
	if queries, err := ReadQueries([]string{filepath.Join(first, "README.md")}); err == nil {
		t.Errorf("a file is read as the folder of %v", queries)
	}
}

func TestSavedBind(t *testing.T) {
	q := saved(t, "every-type", everyType)
	now := time.Date(2026, 11, 22, 3, 10, 0, 0, time.UTC)
	zone := time.FixedZone("", 3600)
	tests := []struct {
		values map[string]string
		want   []any
	}{
		{map[string]string{"a": "x"}, []any{"x", int64(5), 2.5, true, now.Add(-time.Hour), 90.0}},
		{
			map[string]string{"a": "", "b": "-7", "c": "1e3", "d": "false", "e": "2026-11-22 03:00", "f": "5m"},
			[]any{"", int64(-7), 1000.0, false, time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC), 300.0},
		},
	}
	for _, tt := range tests {
		args, err := q.Bind(tt.values, now, zone)
		if err != nil {
			t.Errorf("%v: %v", tt.values, err)
			continue
		}
		var got []any
		names := ""
		for _, a := range args {
			named := a.(sql.NamedArg)
			names += named.Name
			got = append(got, named.Value)
		}
		if diff := gocmp.Diff(tt.want, got); diff != "" || names != "abcdef" {
			t.Errorf("%v: %s (-want +got):\n%s", tt.values, names, diff)
		}
	}
	for _, tt := range []struct{ name, value, reason string }{
		{"", "", "a has no value"}, {"x", "1", `no parameter "x"`}, {"A", "1", `no parameter "A"`}, {"b", "1.5", `"1.5" is no integer`},
		{"b", "99999999999999999999", "is no integer"}, {"c", "1,5", "is no number"}, {"d", "maybe", "is no boolean"},
		{"e", "yesteryear", "is no time"}, {"f", "-5m", "is no duration"}, {"f", "5", "is no duration"},
	} {
		values := map[string]string{tt.name: tt.value}
		if tt.name != "" {
			values["a"] = "x"
		} else {
			delete(values, "")
		}
		_, err := q.Bind(values, now, zone)
		var e *QueryError
		if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) || e.Hint() == "" || e.Path != q.Path {
			t.Errorf("%s=%s: %v", tt.name, tt.value, err)
		}
	}
}

// TestSavedAsk: values go into the statement as values, whatever they say.
func TestSavedAsk(t *testing.T) {
	s := asking(t, "../testdata/logs")
	q := saved(t, "reasons", `-- query: reasons
-- about: Failures of one reason since a time.
-- param: reason text
-- param: since time 2026-10-07T00:00  when to begin
-- param: least duration 0s
-- param: most integer 1000
SELECT count(*) FROM failure
WHERE reason = $reason AND time >= $since AND coalesce(duration, 0) >= $least AND $most > 0`)
	count := func(values map[string]string) string {
		t.Helper()
		args, err := q.Bind(values, time.Date(2026, 11, 22, 3, 10, 0, 0, time.UTC), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		var rows texts
		if _, err := s.Ask(context.Background(), q.SQL, args, &rows); err != nil {
			t.Fatal(err)
		}
		return strings.Join(rows, "|")
	}
	var want texts
	if _, err := s.Ask(context.Background(), "SELECT count(*) FROM failure WHERE reason = 'Target_Response_Timeout' AND time >= '2026-10-07'", nil, &want); err != nil {
		t.Fatal(err)
	}
	if got := count(map[string]string{"reason": "Target_Response_Timeout"}); got != want[0] || got == "0" {
		t.Errorf("%s failures, want %s", got, want)
	}
	for _, values := range []map[string]string{
		{"reason": "' OR true --"}, {"reason": "$reason"}, {"reason": "Target_Response_Timeout", "since": "2026-11-01"},
		{"reason": "Target_Response_Timeout", "least": "7d"}, {"reason": "Target_Response_Timeout", "most": "0"},
	} {
		if got := count(values); got != "0" {
			t.Errorf("%v: %s failures", values, got)
		}
	}
	if _, err := s.Ask(context.Background(), q.SQL, nil, &texts{}); !errors.As(err, new(*StatementError)) {
		t.Errorf("without values: %v", err)
	}
}
