package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/query"
)

func TestVisible(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "GET /a b?x=~", "GET /a b?x=~"},
		{"letters of the world", "straße 日本語 naïve", "straße 日本語 naïve"},
		{"escape sequence", "\x1b[31mred", `\x1B[31mred`},
		{"C0 and DEL", "\x00\a\b\t\n\r\x7f", `\x00\x07\x08\x09\x0A\x0D\x7F`},
		{"C1 as characters", "\u0085\u009b", `\x85\x9B`},
		{"C1 as bytes", "\x85\x9b", `\x85\x9B`},
		{"bidi", "a\u202eb\u2066\u200f", `a\u202eb\u2066\u200f`},
		{"zero width", "a\u200b\u200d\ufeff\u2060", `a\u200b\u200d\ufeff\u2060`},
		{"soft hyphen and no-break space", "a\u00ad\u00a0", `a\xAD\xA0`},
		{"line separators", "\u2028\u2029", `\u2028\u2029`},
		{"tags", "\U000e0041", `\U000e0041`},
		{"selectors", "\ufe0f\U000e0100", `\ufe0f\U000e0100`},
		{"fillers", "\u3164\u115f\u2800", `\u3164\u115f\u2800`},
		{"private use", "\ue000", `\ue000`},
		{"accent", "e\u0301", "e\u0301"},
		{"mark without a letter", "\u0301e", `\u0301e`},
		{"mark after a blank", "e \u0301", `e \u0301`},
		{"mark after an escape", "\x1b\u0301", `\x1B\u0301`},
		{"overload", "e\u0301\u0301\u0301\u0301", "e\u0301\u0301" + `\u0301\u0301`},
		{"replacement character itself", "\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, visible(tt.in, false)); diff != "" {
				t.Errorf("visible(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
	if got, want := visible("straße 日", true), `stra\xDFe \u65e5`; got != want {
		t.Errorf("in ASCII %q, want %q", got, want)
	}
}

// allowedOnTerminal is the promise said apart from the code that keeps it:
// categories of Unicode, and nothing of what they contain that steers.
func allowedOnTerminal(r rune) bool {
	if unicode.In(r, unicode.C, unicode.Z, unicode.Bidi_Control, unicode.Join_Control, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
		return r == ' ' || r == '\n'
	}
	return r != 0x2800 && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
}

// poisoned has s in every text and as every name of a table.
func poisoned(s string) *query.Table {
	return &query.Table{
		Report: s, Version: 1, Window: when.Window{From: at("02:10:00"), Until: at("03:10:00")},
		Balancers: []string{s, "app/" + s + "/1"}, Warnings: []string{s}, Next: s, Lines: s,
		NotCounted: []query.NotCounted{{Reason: s, Class: s, Requests: 1}},
		Columns:    []query.Column{{Name: s, Label: s, Type: query.Text}, {Name: "n", Label: "N", Type: query.Count}, {Name: s, Label: s, Type: query.Boolean}},
		Rows:       [][]any{{s, int64(2), true}, {s + s, int64(1), false}},
		Accounting: query.Accounting{ObjectsFailed: 1}, Total: 3, Requests: 9,
	}
}

func hostileSeeds(f *testing.F) {
	f.Helper()
	for _, row := range hostile().Rows {
		f.Add(row[0].(string))
	}
	for _, s := range markdownCorpus {
		f.Add(s)
	}
}

func FuzzTerminalSafe(f *testing.F) {
	hostileSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, style := range []Style{{}, {ASCII: true}, {Terminal: true, Width: 50}, {Terminal: true, Width: 120, ASCII: true}} {
			var out strings.Builder
			if err := encodeTable(&out, poisoned(s), style); err != nil {
				t.Fatal(err)
			}
			if !utf8.ValidString(out.String()) {
				t.Errorf("not UTF-8: %q", out.String())
			}
			tabs, marks := 0, 0
			for _, r := range out.String() {
				if r == '\t' && !style.Terminal {
					tabs++
					continue
				}
				if !allowedOnTerminal(r) || style.ASCII && r >= utf8.RuneSelf {
					t.Errorf("%q has %U in %q", s, r, out.String())
				}
				if marks++; !unicode.Is(unicode.M, r) {
					marks = 0
				} else if marks > mostMarks {
					t.Errorf("%q has %d marks in a row", s, marks)
				}
			}
			if want := 6; tabs != want && !style.Terminal {
				t.Errorf("%q has %d tabs, want %d", s, tabs, want)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	hostileSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		encoded := appendJSONText(nil, s)
		for _, r := range string(encoded) {
			if r == '\n' || !allowedOnTerminal(r) {
				t.Errorf("%q has %U in %s", s, r, encoded)
			}
		}
		var got string
		if err := json.Unmarshal(encoded, &got); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("%q reads back as %q", s, got)
		}
		var out bytes.Buffer
		if err := encodeStreamed("jsonl")(&out, poisoned(s), Style{}); err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := json.NewDecoder(&out).Decode(&row); err != nil || len(row) != 3 {
			t.Errorf("a row with columns of the name %q reads as %v, %v", s, row, err)
		}
	})
}

func TestCSVFormulas(t *testing.T) {
	tests := []struct{ in, want string }{
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", `'\x09=1`},
		{"\r=1", `'\x0D=1`},
		{"\x00=1", `'\x00=1`},
		{"\ta", `'\x09a`},
		{"\ra", `'\x0Da`},
		{"\x00a", `'\x00a`},
		{"", ""},
		{"  =1", "'  =1"},
		{"\n=1", `'\x0A=1`},
		{"\u3000=1", `'\u3000=1`},
		{"\ufeff=1", `'\ufeff=1`},
		{`"=1"`, `'"=1"`},
		{"'=1", "''=1"},
		{"＝1", "'＝1"},
		{"＋1", "'＋1"},
		{"－1", "'－1"},
		{"＠A", "'＠A"},
		{"a=1", "a=1"},
		{"a;=1", "a;'=1"},
		{`a,b;"@SUM(A1)";-1`, `a,b;'"@SUM(A1)";'-1`},
		{"=1;=1", "'=1;'=1"},
		{"(compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
		{"10.0.3.17:8080", "10.0.3.17:8080"},
		{"'quoted'", "'quoted'"},
		{"", ""},
		{"two\nlines", `two\x0Alines`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			if got := forCSV(tt.in, false); got != tt.want {
				t.Errorf("forCSV(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := forCSV(tt.in, true); got != visible(tt.in, false) {
				t.Errorf("raw: forCSV(%q) = %q", tt.in, got)
			}
		})
	}
}

// withoutGuards takes off what stands between a semicolon and a formula.
func withoutGuards(s string) string {
	for strings.Contains(s, ";'") {
		s = strings.ReplaceAll(s, ";'", ";")
	}
	return s
}

func FuzzCSV(f *testing.F) {
	hostileSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, raw := range []bool{false, true} {
			var out bytes.Buffer
			if err := encodeStreamed("csv")(&out, poisoned(s), Style{RawCSV: raw}); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(out.Bytes(), []byte("\n")); n != 3 {
				t.Errorf("%q makes %d lines, want 3", s, n)
			}
			lines, err := csv.NewReader(&out).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			cell := lines[1][0]
			for _, cell := range append(lines[0], cell) {
				if bare := strings.TrimLeft(cell, ` "`); !raw && strings.IndexAny(bare, "=+-@＝＋－＠") == 0 {
					t.Errorf("%q is the formula %q", s, cell)
				}
			}
			if lines[0][0] == lines[0][2] {
				t.Errorf("two columns are called %q", lines[0][0])
			}
			for i, part := range strings.Split(cell, ";") {
				if bare := strings.TrimLeft(part, `"`); i > 0 && !raw && strings.IndexAny(bare, "=+-@＝＋－＠") == 0 {
					t.Errorf("%q has the formula %q where cells end at semicolons", s, part)
				}
			}
			if !raw && formula(s) {
				cell = strings.TrimPrefix(cell, "'")
			}
			if withoutGuards(cell) != withoutGuards(visible(s, false)) {
				t.Errorf("%q reads back as %q", s, cell)
			}
		}
	})
}

// markdownCorpus is what GitHub, GitLab, Slack and mail programs would turn
// into something else than text.
var markdownCorpus = []string{
	"[x](javascript:alert(1))", "![x](http://evil.example/p.png)", "[x][1]", "[1]: http://evil.example", "![x][1]", "[^1]",
	"http://evil.example", "https://evil.example/a_b", "www.evil.example", "ftp://evil.example", "mailto:a@evil.example", "a@evil.example",
	"<http://evil.example>", "<a@evil.example>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- -->", "<!channel>", "<@U123>", "<https://evil.example|click>", "</td></tr></table>", "<details open>",
	"@everyone", "@org/team", "@here", "#1", "GH-1", "org/repo#1", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", ":tada:",
	"*b*", "**b**", "_i_", "__b__", "~~s~~", "`c`", "``c``", "```", "`", "``", "a`", "`a", "\\`", "\\", "\\\\", "a\\",
	"|", "a|b", "\\|", "a\\|b", "||", "|---|", "# h", "> q", "- l", "1. l", "---", "===", "    code", "\tcode", "~~~", "+ l",
	"a\nb", "a\r\nb", "a\n\n# h", "a  \nb", "a\u2028b", "&lt;b&gt;", "&#60;b&#62;", "&nbsp;", "$x$", "$$x$$", "{{x}}", "{% x %}", "[[x]]", "\x00", "\x1b[31m", "\u202ex", " ", "  ", "", " a ", "\u00a0",
	"<!everyone> `<b>` | [x](y) @z", "`|`|`", "``|", "<a|b>", "![`](x)", "[`](x)`",
}

// span is a code span that fills a cell: one backtick, no backtick, one backtick.
var codeSpan = regexp.MustCompile("^`[^`|<>@\\n]+`$")

// TestMarkdownCorpus takes the lines apart as GitHub does, at bars and then at
// backticks. What stands in a code span of a cell means nothing; so it is enough
// that every hostile text is one whole code span.
func TestMarkdownCorpus(t *testing.T) {
	frame := regexp.MustCompile("`[^`\\n]*`")
	blank := markdownSkeleton(t, frame, "x")
	for _, s := range markdownCorpus {
		t.Run(s, func(t *testing.T) {
			if got := forMarkdown(s, false); got != "" && !codeSpan.MatchString(got) {
				t.Errorf("forMarkdown(%q) = %q", s, got)
			}
			if got := CodeBlock(s); strings.ContainsFunc(got, func(r rune) bool { return r == '`' || !allowedOnTerminal(r) }) {
				t.Errorf("CodeBlock(%q) = %q", s, got)
			}
			if strings.Trim(s, " ") == "" {
				return
			}
			if diff := cmp.Diff(blank, markdownSkeleton(t, frame, s)); diff != "" {
				t.Errorf("around the code spans (-with x +with %q):\n%s", s, diff)
			}
		})
	}
}

// proposed is a command in a code span, which an answer has only where it needs no escape.
var proposed = regexp.MustCompile("(?m)^(next|lines): ``\n*")

// markdownSkeleton is a table that has s in every text, with its code spans left empty
// and without commands.
func markdownSkeleton(t *testing.T, frame *regexp.Regexp, s string) string {
	t.Helper()
	table := poisoned(s)
	table.Balancers = []string{s}
	for _, i := range []int{0, 2} {
		table.Columns[i].Label = s + "_" // a label of letters alone would stand as it is
	}
	var out strings.Builder
	if err := encodeMarkdown(&out, table, Style{}); err != nil {
		t.Fatal(err)
	}
	empty := frame.ReplaceAllString(out.String(), "``")
	return strings.TrimRight(proposed.ReplaceAllString(empty, ""), "\n")
}

func FuzzMarkdown(f *testing.F) {
	hostileSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		if got := forMarkdown(s, false); got != "" && (!codeSpan.MatchString(got) || strings.ContainsFunc(got, func(r rune) bool { return !allowedOnTerminal(r) })) {
			t.Errorf("forMarkdown(%q) = %q", s, got)
		}
	})
}

func FuzzShorten(f *testing.F) {
	f.Add("Target_Connection_Error", 10)
	f.Add("日本語日本語", 5)
	f.Add("e\u0301e\u0301e\u0301e\u0301", 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 1 + int(uint(most)%300)
		s = visible(s, false)
		for _, ascii := range []bool{false, true} {
			got := shorten(s, most, ascii)
			if width(got) > most {
				t.Errorf("shorten(%q, %d) = %q is %d wide", s, most, got, width(got))
			}
			if width(s) <= most && got != s {
				t.Errorf("shorten(%q, %d) = %q changed what fits", s, most, got)
			}
		}
	})
}
