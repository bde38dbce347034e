package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/query"
)

const summaryGoldens = "../testdata/golden/summary"

// totals are those of an hour, as in the report of this name.
func totals(requests, failures int64, rate, p50, p95, p99 any) *query.Table {
	t := &query.Table{
		Report: "totals", Version: 1, Failures: true, Columns: query.SummaryFields(),
		Window: when.Window{From: at("02:00:00"), Until: at("03:00:00")}, Requests: requests, Total: failures,
		Balancers:  []string{"app/shop-prod/50dc6c495c0c9188"},
		Accounting: query.Accounting{Objects: 12, Lines: requests + 3, Parsed: requests, Rejected: 1, Skipped: 2, BytesCompressed: 118_412, Bytes: 1_184_120},
	}
	t.Rows = [][]any{{requests, failures, rate, failures, int64(0), int64(0), int64(0), int64(7), int64(2), int64(40), failures, p50, p95, p99}}
	return t
}

func typicalSummary() *query.Summary {
	s := &query.Summary{
		Totals: totals(120_000, 812, 812.0/120_000, 0.027, 0.182, 0.29),
		Before: totals(118_000, 12, 12.0/118_000, 0.026, 0.18, 0.28),
	}
	s.Before.Window, _ = s.Totals.Window.Before()
	s.Totals.Warnings = []string{"1 damaged line rejected: 1 × empty line; the first is line 3 of s3://my-logs/a.log.gz"}
	none := &query.Table{Report: "late", Columns: simple().Columns, Noun: [2]string{"object", "objects"}, Empty: "no object came late"}
	more := typical()
	more.RowsLeft = 3
	s.Sections = []query.Section{
		{Name: "reasons", Title: "Failures by reason", Table: more},
		{Name: "worst_windows", Title: "Worst windows", Table: simple()},
		{Name: "late", Title: "Came late", Table: none},
	}
	return s
}

func hostileSummary() *query.Summary {
	s := typicalSummary()
	evil := hostile()
	evil.Rows[0][0] = "<!channel> <http://evil.example|ok> @here `x` ```y``` &lt;!here&gt; :skull:"
	s.Totals.Balancers, s.Totals.Warnings = evil.Balancers, slices.Concat(evil.Warnings, []string{"<!channel> & @here ```"})
	s.Totals.Accounting.ObjectsFailed = 2
	s.Sections = append(s.Sections, query.Section{Name: "targets", Title: "Failures by target", Table: evil})
	return s
}

func desertedSummary() *query.Summary {
	s := &query.Summary{Totals: totals(0, 0, nil, nil, nil, nil)}
	none := deserted()
	s.Sections = []query.Section{{Name: "reasons", Title: "Failures by reason", Table: none}}
	return s
}

// TestSummaryGolden draws summaries in every form.
func TestSummaryGolden(t *testing.T) {
	drawn := map[string]bool{}
	for name, make := range map[string]func() *query.Summary{"typical": typicalSummary, "hostile": hostileSummary, "deserted": desertedSummary} {
		forms := map[string]func() []byte{name + ".slack": func() []byte { return Slack(make()) }}
		for _, e := range SummaryEncoders {
			styles := map[string]Style{"": {}}
			if e.Name == "table" {
				styles["80."], styles["80-ascii."] = Style{Terminal: true, Width: 80}, Style{Terminal: true, Width: 80, ASCII: true}
				styles["120."] = Style{Terminal: true, Width: 120}
			}
			for style, s := range styles {
				forms[name+"."+style+e.Name] = func() []byte {
					var out bytes.Buffer
					if err := e.Encode(&out, make(), s); err != nil {
						t.Fatal(err)
					}
					return out.Bytes()
				}
			}
		}
		for file, draw := range forms {
			drawn[file] = true
			path, got := filepath.Join(summaryGoldens, file), draw()
			if !bytes.Equal(got, draw()) {
				t.Errorf("%s is not the same twice", file)
			}
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("%v (-update writes it)", err)
				continue
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
	files, err := os.ReadDir(summaryGoldens)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !drawn[f.Name()] {
			t.Errorf("golden file %s has no case", f.Name())
		}
	}
}

// TestSummaryEnvelope holds the promise of the JSON form: these keys in this order.
func TestSummaryEnvelope(t *testing.T) {
	var out bytes.Buffer
	if err := encodeSummaryJSON(&out, hostileSummary(), Style{}); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for line := range strings.Lines(out.String()) {
		if m := regexp.MustCompile(`^  "([a-z_]+)":`).FindStringSubmatch(line); m != nil {
			keys = append(keys, m[1])
		}
	}
	want := []string{"schema", "window", "accounting", "not_ingested", "warnings", "totals", "sections", "rows_left", "before"}
	if diff := cmp.Diff(want, keys); diff != "" || !json.Valid(out.Bytes()) {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// block is one of a message, as Slack reads it.
type block struct {
	Type string
	Text struct {
		Type, Text string
		Verbatim   bool
	}
}

func blocks(t *testing.T, message []byte) []block {
	t.Helper()
	var m struct {
		Text   string
		Blocks []block
	}
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	if m.Text == "" || len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		t.Fatalf("text %q, %d blocks", m.Text, len(m.Blocks))
	}
	return m.Blocks
}

// TestSlackIsHarmless: nothing out of a log can mention anyone, link anywhere or
// leave its code span.
func TestSlackIsHarmless(t *testing.T) {
	entities := regexp.MustCompile(`&(?:amp|lt|gt);`)
	for _, b := range blocks(t, Slack(hostileSummary())) {
		if b.Type == "header" {
			continue // plain text of our own
		}
		text := entities.ReplaceAllString(b.Text.Text, "")
		if strings.ContainsAny(text, "<>@&") || !b.Text.Verbatim || b.Text.Type != "mrkdwn" {
			t.Errorf("block %q", b.Text.Text)
		}
		if n := strings.Count(text, "```"); n != 0 && n != 2 {
			t.Errorf("%d fences in %q", n, text)
		}
		for _, r := range text {
			if r != '\n' && !harmless(r) {
				t.Errorf("%q in %q", r, text)
			}
		}
	}
}

// TestSlackLimits: whatever the summary holds, Slack takes the message.
func TestSlackLimits(t *testing.T) {
	s := hostileSummary()
	for range 100 {
		s.Sections = append(s.Sections, s.Sections[0])
		s.Totals.Warnings = append(s.Totals.Warnings, strings.Repeat("&<é", 3000))
	}
	long := simple()
	for range 200 {
		long.Rows = append(long.Rows, slices.Clone(long.Rows[0]))
		long.Rows[len(long.Rows)-1][0] = strings.Repeat("&", 500)
	}
	s.Sections = slices.Insert(s.Sections, 0, query.Section{Name: "long", Title: "Long", Table: long})
	for _, b := range blocks(t, Slack(s)) {
		most := 3000
		if b.Type == "header" {
			most = 150
		}
		if n := utf8.RuneCountInString(b.Text.Text); n > most || n == 0 {
			t.Errorf("%d characters in a %s", n, b.Type)
		}
	}
}

// TestSlackRoom: a section fits with its title and its fences, and says how many rows it has
// left out, by itself and before.
func TestSlackRoom(t *testing.T) {
	lines := slices.Repeat([]string{"x"}, slackText)
	for _, fence := range []string{"", "```"} {
		m := &slackMessage{}
		m.begin("text")
		m.section("*Title*", lines, fence)
		text := blocks(t, m.end())[0].Text.Text
		if n := utf8.RuneCountInString(text); n > slackText || n < slackText-10 || !strings.HasSuffix(text, fence) {
			t.Errorf("fence %q: %d characters, %q at the end", fence, n, text[len(text)-9:])
		}
	}
	long := simple()
	long.Rows, long.RowsLeft = slices.Repeat(long.Rows[:1], 25), 1000
	drawn := slackTable(long)
	if last := drawn[len(drawn)-1]; last != "and 1,015 more" {
		t.Errorf("%q, want 1,015 more", last)
	}
}

// TestSlackSmallShares: a share that is less than can be told begins no link.
func TestSlackSmallShares(t *testing.T) {
	s := typicalSummary()
	s.Totals = totals(30_000_000, 1, 1.0/30_000_000, 0.027, 0.182, 0.29)
	s.Before = s.Totals
	table := typical()
	table.Rows[0][slices.IndexFunc(table.Columns, func(c query.Column) bool { return c.Name == "share" })] = 1.0 / 30_000_000
	s.Sections = []query.Section{{Name: "reasons", Title: "Failures by reason", Table: table}}
	message := Slack(s)
	var m struct{ Text string }
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	texts := []string{m.Text}
	for _, b := range blocks(t, message) {
		if b.Type == "section" {
			texts = append(texts, b.Text.Text)
		}
	}
	small := 0
	for _, text := range texts {
		small += strings.Count(text, "&lt;0.0001 %")
		if strings.ContainsAny(text, "<>") {
			t.Errorf("%q", text)
		}
	}
	if small < 4 {
		t.Errorf("%d small shares, want those of text, both windows and a row:\n%s", small, message)
	}
}

func TestCorrect(t *testing.T) {
	written := func(change func(*query.Summary)) []byte {
		s := typicalSummary()
		change(s)
		var out bytes.Buffer
		if err := encodeSummaryJSON(&out, s, Style{}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	total := func(at int, value any) func(*query.Summary) {
		return func(s *query.Summary) { s.Totals.Rows[0][at] = value }
	}
	// again is a summary that has corrected an earlier one.
	again := func(earlier []byte, change func(*query.Summary)) []byte {
		return written(func(s *query.Summary) { change(s); Correct(earlier, s) })
	}
	same := func(*query.Summary) {}
	first := written(total(1, int64(10)))
	tests := []struct {
		name    string
		earlier []byte
		want    string
	}{
		{"the same", written(same), ""},
		{"other warnings", written(func(s *query.Summary) { s.Totals.Warnings = nil }), ""},
		{"failures", first, "failures 10 → 812"},
		{"what was not known", written(func(s *query.Summary) { s.Totals.Rows[0][11] = nil; s.Totals.Rows[0][0] = int64(0) }),
			"requests 0 → 120000, p50 null → 0.027"},
		{"a small rate", written(total(2, 1.0/30_000_000)), "failure_rate 0.000000033333333333333334 → 0.0067666666666666665"},
		{"corrected and the same", again(first, same), "failures 10 → 812"},
		{"corrected twice", again(again(first, same), same), "failures 10 → 812"},
		{"corrected by steps", again(first, total(1, int64(500))), "failures 10 → 812"},
		{"corrected field by field", again(written(func(s *query.Summary) { total(0, int64(7))(s); total(1, int64(10))(s) }), total(0, int64(7))),
			"requests 7 → 120000, failures 10 → 812"},
		{"corrected back", again(written(same), total(1, int64(10))), ""},
		{"another window", written(func(s *query.Summary) { s.Totals.Window.From = at("01:00:00"); s.Totals.Rows[0][1] = int64(10) }), ""},
		{"nothing", nil, ""},
		{"text", []byte("failures 10"), ""},
		{"another schema", bytes.Replace(written(total(1, int64(1))), []byte("summary/1"), []byte("summary/2"), 1), ""},
		{"no number", bytes.Replace(written(same), []byte("120000"), []byte(`"\u001b[2J"`), 1), ""},
		{"no number corrected", bytes.Replace(again(first, same), []byte(`"failures": 10`), []byte(`"failures": "\u001b[2J"`), 1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := typicalSummary()
			had := len(s.Totals.Warnings)
			if Correct(tt.earlier, s); tt.want != "" {
				tt.want = "corrects the summary written before: " + tt.want
			}
			if got := strings.Join(s.Totals.Warnings[had:], ""); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	// Once more, and nothing has changed: the same bytes.
	if diff := cmp.Diff(string(again(first, same)), string(again(again(first, same), same))); diff != "" {
		t.Errorf("(-corrected +once more):\n%s", diff)
	}
}

// TestSummaryCoverage: people are shown the nodes that lack something, and told of the others
// how many they are; programs get all of them.
func TestSummaryCoverage(t *testing.T) {
	coverage := func(left int64, missing ...int64) *query.Summary {
		table := &query.Table{Report: "coverage", Columns: []query.Column{
			{Name: "node", Label: "node", Type: query.Text}, {Name: "missing", Label: "missing", Type: query.Count},
		}, RowsLeft: left}
		for i, n := range missing {
			table.Rows = append(table.Rows, []any{fmt.Sprintf("192.0.2.%d", i), n})
		}
		s := typicalSummary()
		s.Sections = []query.Section{{Name: "coverage", Title: "Coverage", Table: table}}
		return s
	}
	for _, tt := range []struct {
		name string
		s    *query.Summary
		rows int
		says string
	}{
		{"some", coverage(0, 3, 1, 0, 0), 2, "and 2 nodes of which no interval is missing"},
		{"none", coverage(5, 0, 0), 0, "no interval is missing, of 7 nodes"},
		{"one node", coverage(0, 0), 0, "no interval is missing, of 1 node"},
		{"all", coverage(4, 3, 1), 2, "and 4 more rows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, encode := range map[string]func(io.Writer, *query.Summary, Style) error{"table": encodeSummaryTable, "markdown": encodeSummaryMarkdown} {
				var out bytes.Buffer
				if err := encode(&out, tt.s, Style{Terminal: true, Width: 80}); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(out.String(), tt.says) || strings.Count(out.String(), "192.0.2.") != tt.rows {
					t.Errorf("%s, want %q and %d rows:\n%s", name, tt.says, tt.rows, out.String())
				}
			}
			message := string(Slack(tt.s))
			if strings.Count(message, "192.0.2.") != tt.rows || strings.Contains(message, tt.says) != (tt.rows > 0 && tt.name != "all") {
				t.Errorf("Slack, want %d rows, and what is left out beside them:\n%s", tt.rows, message)
			}
			var all bytes.Buffer
			if err := encodeSummaryJSON(&all, tt.s, Style{}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(all.String(), "192.0.2."); got != len(tt.s.Sections[0].Rows) {
				t.Errorf("%d rows in JSON, want %d", got, len(tt.s.Sections[0].Rows))
			}
		})
	}
}
