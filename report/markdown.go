package report

import (
	"bytes"
	"io"
	"regexp"
	"strings"

	"loglens/query"
)

// encodeMarkdown writes t as a GitHub table with its frame around, for a ticket
// or a chat. All text stands in code spans: see forMarkdown.
func encodeMarkdown(w io.Writer, t *query.Table, s Style) error {
	words := markdownWording(t, s)
	var out bytes.Buffer
	paragraphs(&out, markdownHead(t, words)...)
	if len(t.Rows) > 0 {
		markdownRows(&out, t, words)
	}
	paragraphs(&out, rowsLeft(t, words), "**"+markdownNumber(total(t, words))+"**")
	if reasons, why := notCounted(t, words, 0); len(reasons) > 0 {
		paragraphs(&out, "not counted: "+strings.Join(reasons, words.sign(" · "))+" ("+why+")")
	}
	paragraphs(&out, words.warnings(t)...)
	paragraphs(&out, further(t, words)...)
	_, err := w.Write(append(bytes.TrimRight(out.Bytes(), "\n"), '\n'))
	return err
}

func markdownWording(t *query.Table, s Style) wording {
	words := forPeople(t, s.ASCII, longName, func(v string) string { return forMarkdown(v, s.ASCII) })
	words.trend = func(counts []int64) string { return forMarkdown(sparkline(counts, s.ASCII), false) }
	return words
}

// paragraphs writes lines, those left out that say nothing.
func paragraphs(out *bytes.Buffer, lines ...string) {
	for _, line := range said(lines...) {
		out.WriteString(line + "\n\n")
	}
}

// markdownHead says what the answer is about and what it rests on.
func markdownHead(t *query.Table, words wording) []string {
	dot := words.sign(" · ")
	lines := []string{
		strings.Join(said(balancers(t, words, 3), span(t, words, false)), dot),
		strings.Join(read(t, words, size), dot),
	}
	if p := partial(t, words); p != "" {
		lines = append(lines, "**"+p+"**")
	}
	return lines
}

func markdownRows(out *bytes.Buffer, t *query.Table, words wording) {
	columns := shown(t.Columns, query.Programs)
	line := func(cell func(at int) string) {
		for _, at := range columns {
			out.WriteString("| " + cell(at) + " ")
		}
		out.WriteString("|\n")
	}
	line(func(at int) string { return markdownLabel(t.Columns[at].Label, words) })
	line(func(at int) string {
		switch t.Columns[at].Type {
		case query.Text, query.Line, query.Times, query.Trend, query.Boolean:
			return ":---"
		}
		return "---:"
	})
	for _, row := range t.Rows {
		line(func(at int) string { return markdownNumber(words.cell(row[at], t.Columns[at].Type)) })
	}
	out.WriteByte('\n')
}

// plainLabel is a label in which nothing can mean anything to Markdown.
var plainLabel = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ,()%]*$`)

func markdownLabel(label string, words wording) string {
	if plainLabel.MatchString(label) {
		return label
	}
	return words.text(label)
}

// markdownNumber keeps the sign of "<0.0001 %" and ">99.9 %" from being HTML or a quotation.
// A code span has none of these.
func markdownNumber(s string) string { return withoutAngles.Replace(s) }
