package report

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/internal/when"
	"loglens/query"
)

// TestTotal: the sentence that the rows add up to.
func TestTotal(t *testing.T) {
	target := [2]string{"target", "targets"}
	rows := func(n int) [][]any { return slices.Repeat([][]any{{nil}}, n) }
	failed := query.Accounting{Objects: 1, ObjectsFailed: 1}
	counted := []query.Column{{Name: "requests", Type: query.Count}}
	gap := []query.Span{{Window: when.Window{From: at("02:10:00"), Until: at("02:25:00")}}}
	tests := []struct {
		want string
		in   query.Table
	}{
		{"3 failures of 1,000 requests (0.30 %)", query.Table{Failures: true, Total: 3, Requests: 1000, Noun: target, Rows: rows(2)}},
		{"1 failure", query.Table{Failures: true, Total: 1, Rows: rows(1)}},
		{"no failures in 1 request", query.Table{Failures: true, Requests: 1}},
		{"no requests in the window", query.Table{Failures: true}},
		{"no requests in what could be read", query.Table{Failures: true, Accounting: failed}},
		{"14 targets in 120,000 requests", query.Table{Noun: target, Columns: counted, Rows: rows(10), RowsLeft: 4, Requests: 120_000}},
		{"1 target in 1 request", query.Table{Noun: target, Columns: counted, Rows: rows(1), Requests: 1}},
		{"2 targets", query.Table{Noun: target, Rows: rows(2)}},
		{"no targets in 120,000 requests", query.Table{Noun: target, Columns: counted, Requests: 120_000}},
		{"3 targets", query.Table{Noun: target, Columns: []query.Column{{Name: "checks"}}, Rows: rows(3), Requests: 120_000}}, // of health checks
		{"no targets in the window", query.Table{Noun: target}},
		{"no targets in what could be read", query.Table{Noun: target, Accounting: failed}},
		{"all is well", query.Table{Empty: "all is well", Noun: target, Accounting: query.Accounting{Objects: 1, Lines: 2, Parsed: 1}}},
		{"no entries in the window", query.Table{Empty: "all is well", Noun: target, Accounting: query.Accounting{Objects: 1, Lines: 2}}},
		{"no targets in what could be read", query.Table{Empty: "all is well", Noun: target, Accounting: query.Accounting{Objects: 2, ObjectsFailed: 1, Lines: 2, Parsed: 2}}},
		{"no targets in what was ingested", query.Table{Empty: "all is well", Noun: target, Accounting: query.Accounting{Objects: 1, Lines: 2, Parsed: 2}, Gaps: gap}},
		{"1,000 rows", query.Table{Report: query.SQL, Rows: rows(1000)}},
		{"no rows", query.Table{Report: query.SQL}},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := total(&tt.in, forPeople(&tt.in, false, longName, visibleText)); got != tt.want {
				t.Errorf("total = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPartial: what an answer lacks is said, whatever it lacks.
func TestPartial(t *testing.T) {
	gap := []query.Span{{Window: when.Window{From: at("02:10:00"), Until: at("02:25:00")}}}
	for _, tt := range []struct {
		want string
		in   query.Table
	}{
		{"", query.Table{Accounting: query.Accounting{Objects: 2, Lines: 5, Parsed: 3, Rejected: 1, Skipped: 1}}},
		{"PARTIAL: 1 of 2 objects could not be read; the numbers below are too low", query.Table{Accounting: query.Accounting{Objects: 2, ObjectsFailed: 1}}},
		{"PARTIAL: 15m of the window was never ingested; the numbers below are too low", query.Table{Accounting: query.Accounting{Objects: 2}, Gaps: gap}},
		{"PARTIAL: 1 of 2 objects could not be read, and 15m of the window was never ingested; the numbers below are too low",
			query.Table{Accounting: query.Accounting{Objects: 2, ObjectsFailed: 1}, Gaps: gap}},
		{"PARTIAL: 1 of 1 object could not be read", query.Table{Accounting: query.Accounting{Objects: 1, ObjectsFailed: 1}}},
	} {
		if got := partial(&tt.in, forPeople(&tt.in, false, longName, visibleText)); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func visibleText(s string) string { return visible(s, false) }

// TestSignsInASCII: our own text has no sign that a terminal without UTF-8 could not show.
func TestSignsInASCII(t *testing.T) {
	table := simple()
	table.Warnings = []string{"2 damaged lines rejected: 1 × empty line, 1 × no time – seen before 12:00–13:00Z"}
	for _, form := range []struct {
		encode   func(io.Writer, *query.Table, Style) error
		terminal bool
	}{{encodeTable, true}, {encodeTable, false}, {encodeMarkdown, true}} {
		var out strings.Builder
		if err := form.encode(&out, table, Style{ASCII: true, Terminal: form.terminal}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "1 x empty line, 1 x no time - seen before") || strings.Contains(out.String(), `\xD7`) {
			t.Errorf("the sign for times is not said in ASCII:\n%s", out.String())
		}
	}
}

// TestBoldIsTheWorstRow: a table whose rows count no failures has nothing bold in it.
func TestBoldIsTheWorstRow(t *testing.T) {
	for _, named := range []string{"failures", "requests"} {
		table := &query.Table{
			Columns: []query.Column{{Name: "target", Type: query.Text}, {Name: named, Type: query.Integer}},
			Rows:    [][]any{{"a", int64(1)}, {"b", int64(2)}},
		}
		var out strings.Builder
		if err := encodeTable(&out, table, Style{Terminal: true, Color: true}); err != nil {
			t.Fatal(err)
		}
		var marked []string
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, bold) {
				marked = append(marked, strings.Fields(strings.TrimPrefix(line, bold))[0])
			}
		}
		want := map[string]string{"failures": "b"}[named]
		if strings.Join(marked, " ") != want {
			t.Errorf("%s: %q is bold, want %q", named, marked, want)
		}
	}
}

// TestFold: lines fit, break between chunks where they can, and begin with what their chunk does.
func TestFold(t *testing.T) {
	for _, tt := range []struct {
		chunks []string
		most   int
		want   string
	}{
		{[]string{"one", "two three"}, 20, "one two three"},
		{[]string{"one", "two three"}, 12, "one\n..two three"},
		{[]string{"  none of these is slower"}, 30, "..none of these is slower"},
		{[]string{"  none of these is slower"}, 20, "..none of these is\n..slower"},
		{[]string{"  a-long-word-stays-whole here"}, 12, "..a-long-word-stays-whole\n..here"},
		{[]string{"one", "  two three four five"}, 12, "one two\n..three four\n..five"},
		{[]string{"there is a store without them: loglens store stats"}, 40, "there is a store without them:\n..loglens store stats"},
		{[]string{"never ingested: loglens ingest --since 1h './a  b' brings it in"}, 20, "never ingested: loglens ingest --since 1h './a..b' brings it in"},
		{[]string{"   "}, 2, ""},
	} {
		got := strings.ReplaceAll(strings.Join(fold(tt.chunks, tt.most, "  ", ""), "\n"), "  ", "..")
		if got != tt.want {
			t.Errorf("%q in %d columns:\n%s\nwant\n%s", tt.chunks, tt.most, got, tt.want)
		}
	}
}

// TestFoldSigns: the sign between chunks stands behind a chunk that was broken, not behind
// its words.
func TestFoldSigns(t *testing.T) {
	want := []string{"Target_5XX 6, of", "  which some were", "  logged, Unknown 2"}
	if got := fold(joined(",", "Target_5XX 6", "of which some were logged", "Unknown 2"), 20, "  ", ","); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestShortName: only names of application load balancers are cut to their middle, where
// there is one that no other has.
func TestShortName(t *testing.T) {
	all := []string{"app/shop/a1", "app/api/b2", "app/api/c3", "net/edge/d4", "app//e5", "classic"}
	for full, want := range map[string]string{"app/shop/a1": "shop", "app/api/b2": "app/api/b2", "net/edge/d4": "net/edge/d4", "app//e5": "app//e5", "classic": "classic"} {
		if got := shortName(full, all); got != want {
			t.Errorf("%s is shown as %q, want %q", full, got, want)
		}
	}
}

// TestTimeLayout: times leave out what all of them share, and no more.
func TestTimeLayout(t *testing.T) {
	from := at("02:00:00")
	for _, tt := range []struct {
		w    when.Window
		want string
	}{
		{when.Window{From: from, Until: from.Add(22 * time.Hour)}, "15:04:05"},
		{when.Window{From: from, Until: from.Add(22*time.Hour + 1)}, "01-02 15:04"},
		{when.Window{From: from, Until: from.AddDate(0, 2, 0)}, "2006-01-02 15:04"},
		{when.Window{From: from, Until: from.AddDate(1, 0, 0).Add(time.Hour)}, "2006-01-02 15:04"}, // the same day of another year
		{when.Window{Until: from}, "2006-01-02 15:04"},
		{when.Window{}, "2006-01-02 15:04"},
	} {
		if got := timeLayout(&query.Table{Window: tt.w}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.w, got, tt.want)
		}
	}
	// Rows may reach beyond the window.
	for _, away := range []time.Duration{-3 * time.Hour, 22 * time.Hour} {
		table := &query.Table{Window: when.Window{From: from, Until: from.Add(time.Hour)}, Columns: []query.Column{{Name: "newest", Type: query.Time}}, Rows: [][]any{{from.Add(away)}}}
		if got := timeLayout(table); got != "01-02 15:04" {
			t.Errorf("with a time %s from the window's start: %q", away, got)
		}
	}
}

// TestNotCounted: what is left out is said to be no failures of targets if all of it is not.
func TestNotCounted(t *testing.T) {
	for want, classes := range map[string][]string{
		"client and policy: not the targets' failures; --class all shows them": {"policy", "client"},
		"client and target; --class all shows them":                            {"target", "client"},
		"client and unknown; --class all shows them":                           {"client", ""},
	} {
		table := &query.Table{}
		for _, class := range classes {
			table.NotCounted = append(table.NotCounted, query.NotCounted{Reason: "Other", Class: class, Requests: 2})
		}
		if _, why := notCounted(table, forPeople(table, false, longName, visibleText), 0); why != want {
			t.Errorf("%q, want %q", why, want)
		}
	}
}
