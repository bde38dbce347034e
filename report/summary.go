package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"loglens/internal/amount"
	"loglens/query"
)

// SummaryEncoders are the forms of a summary.
var SummaryEncoders = Forms[*query.Summary]{
	{Name: "table", Encode: encodeSummaryTable},
	{Name: "markdown", Encode: encodeSummaryMarkdown},
	{Name: "json", Encode: encodeSummaryJSON},
}

// summarySchema names the envelope: within a version keys are only ever added.
const summarySchema = "loglens.summary/1"

func encodeSummaryJSON(w io.Writer, s *query.Summary, _ Style) error {
	b := appendJSONText([]byte(`{"schema":`), summarySchema)
	b = appendEnvelope(append(b, ','), s.Totals)
	b = appendWarnings(append(b, ','), s.Totals.Warnings)
	b = appendTotals(append(b, ','), s.Totals)
	b = append(b, `,"sections":{`...)
	for i, section := range s.Sections {
		b = append(appendJSONText(appendComma(b, i), section.Name), `:[`...)
		object := rowObject(section.Columns)
		for j, row := range section.Rows {
			b = object(appendComma(b, j), row)
		}
		b = append(b, ']')
	}
	b = append(b, `},"rows_left":{`...)
	for i, section := range s.Sections {
		b = fmt.Appendf(appendJSONText(appendComma(b, i), section.Name), `:%d`, section.RowsLeft)
	}
	b = append(b, `},"before":`...)
	if s.Before == nil {
		b = append(b, "null"...)
	} else {
		b = appendEnvelope(append(b, '{'), s.Before)
		b = append(appendTotals(append(b, ','), s.Before), '}')
	}
	for i, c := range s.Corrects {
		if i == 0 {
			b = append(b, `,"corrects":{`...)
		}
		b = append(append(appendJSONText(appendComma(b, i), c.Field), ':'), c.Was...)
	}
	if len(s.Corrects) > 0 {
		b = append(b, '}')
	}
	b = append(b, '}')

	var out bytes.Buffer
	if err := json.Indent(&out, b, "", jsonIndent); err != nil {
		return fmt.Errorf("indent JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := w.Write(out.Bytes())
	return err
}

func appendTotals(b []byte, t *query.Table) []byte {
	return rowObject(t.Columns)(append(b, `"totals":`...), t.Rows[0])
}

// encodeSummaryTable draws a summary for a terminal, or for a pipe, where all
// but the rows stands on lines that begin with "# ".
func encodeSummaryTable(w io.Writer, s *query.Summary, st Style) error {
	if !st.Terminal {
		return encodeSummaryTabs(w, s, st)
	}
	p := newScreen(s.Totals, st)
	p.head(s.Totals)
	p.out.WriteByte('\n')
	p.say("  ", joined(p.dot, overall(s.Totals, p.words)...)...)
	p.say("  ", joined(p.dot, earlier(s, p.words)...)...)
	var left, legend []string
	for _, section := range s.Sections {
		section, whole := lacking(section, p.words)
		p.out.WriteString("\n" + section.Title + "\n")
		if len(section.Rows) == 0 {
			p.say("  ", "  "+nothingIn(section))
			continue
		}
		words := screenWording(section.Table, p.Style)
		drawn := drawRows(&p.out, section.Table, p.Style, words)
		for _, label := range drawn.left {
			if !slices.Contains(left, label) {
				left = append(left, label)
			}
		}
		for _, more := range said(sectionLeft(section, words), whole) {
			p.say("  ", "  "+more)
		}
		if drawn.derived {
			legend = []string{derivedLegend}
		}
	}
	p.out.WriteByte('\n')
	p.say("  ", legend...)
	p.say("  ", leftOut(left, " in one table or more")...)
	for _, warning := range p.words.warnings(s.Totals) {
		p.say("  ", warning)
	}
	_, err := w.Write(append(bytes.TrimRight(p.out.Bytes(), "\n"), '\n'))
	return err
}

func encodeSummaryTabs(w io.Writer, s *query.Summary, st Style) error {
	words := tabWording(st)
	dot := words.sign(" · ")
	var out bytes.Buffer
	comment(&out, tabsHead(s.Totals, words)...)
	sentence := words // where a number has no head to say its unit
	sentence.seconds = func(v float64) string { return words.seconds(v) + " s" }
	comment(&out, strings.Join(overall(s.Totals, sentence), dot), strings.Join(earlier(s, sentence), dot))
	for _, section := range s.Sections {
		comment(&out, section.Title)
		if len(section.Rows) == 0 {
			comment(&out, nothingIn(section))
			continue
		}
		if err := writeRows(newTabs(&out, section.Columns, st), section.Rows); err != nil {
			return err
		}
		comment(&out, sectionLeft(section, words))
	}
	comment(&out, words.warnings(s.Totals)...)
	_, err := w.Write(out.Bytes())
	return err
}

// encodeSummaryMarkdown writes a summary for a ticket or a chat.
func encodeSummaryMarkdown(w io.Writer, s *query.Summary, st Style) error {
	words := markdownWording(s.Totals, st)
	dot := words.sign(" · ")
	var out bytes.Buffer
	paragraphs(&out, markdownHead(s.Totals, words)...)
	paragraphs(&out, "**"+markdownNumber(strings.Join(overall(s.Totals, words), dot))+"**", markdownNumber(strings.Join(earlier(s, words), dot)))
	for _, section := range s.Sections {
		section, whole := lacking(section, words)
		paragraphs(&out, "### "+section.Title)
		if len(section.Rows) == 0 {
			paragraphs(&out, nothingIn(section))
			continue
		}
		words := markdownWording(section.Table, st)
		markdownRows(&out, section.Table, words)
		paragraphs(&out, said(sectionLeft(section, words), whole)...)
	}
	paragraphs(&out, words.warnings(s.Totals)...)
	_, err := w.Write(append(bytes.TrimRight(out.Bytes(), "\n"), '\n'))
	return err
}

// overall says what a window adds up to.
func overall(t *query.Table, w wording) []string {
	chunks := []string{total(t, w)}
	for at, c := range t.Columns {
		if v, ok := t.Rows[0][at].(float64); ok && c.Type == query.Seconds {
			chunks = append(chunks, c.Label+" "+w.seconds(v))
		}
	}
	return chunks
}

// earlier says what the window before added up to; nil if that is not known.
func earlier(s *query.Summary, w wording) []string {
	if s.Before == nil {
		return nil
	}
	chunks := overall(s.Before, w)
	chunks[0] = "before: " + chunks[0]
	return chunks
}

// nothingIn says that a section has no rows.
func nothingIn(s query.Section) string {
	if s.Empty != "" {
		return s.Empty
	}
	_, many := nouns(s.Table)
	if s.Failures {
		many = "failures"
	}
	return "no " + many
}

// lacking leaves out of what a summary says of coverage the nodes that lack no interval, of
// which there may be dozens, and says how many these are: people look for what is missing.
// Those that lack most come first, so that what the section has left out lacks none, either.
func lacking(s query.Section, w wording) (_ query.Section, whole string) {
	at := slices.IndexFunc(s.Columns, func(c query.Column) bool { return c.Name == "missing" })
	if s.Name != "coverage" || at < 0 {
		return s, ""
	}
	t := *s.Table
	t.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []any) bool { return row[at] == int64(0) })
	n := int64(len(s.Rows) - len(t.Rows))
	if n == 0 {
		return s, ""
	}
	n, t.RowsLeft = n+t.RowsLeft, 0
	nodes := w.count(n) + amount.Noun(n, " node", " nodes")
	if s.Table = &t; len(t.Rows) == 0 {
		t.Empty = "no interval is missing, of " + nodes
		return s, ""
	}
	return s, "and " + nodes + " of which no interval is missing"
}

// sectionLeft says how many rows a section has left out; empty for none. A
// summary has no limit that could be set.
func sectionLeft(s query.Section, w wording) string {
	if s.RowsLeft == 0 {
		return ""
	}
	one, many := nouns(s.Table)
	return "and " + w.count(s.RowsLeft) + " more " + amount.Noun(s.RowsLeft, one, many)
}

// number is what totals hold. A file that anyone may have written is not quoted.
var number = regexp.MustCompile(`^(?:null|[0-9.]{1,40})$`)

// Correct writes into a summary how its totals differ from those that were written
// first for the same window. earlier is a summary in JSON: it has its own totals, and
// the first values of those that it corrected itself, so that a third summary still
// names the first values. Nothing is written if nothing differs, or if earlier is
// something else.
func Correct(earlier []byte, s *query.Summary) {
	var had struct {
		Schema           string
		Window           struct{ From, To json.RawMessage }
		Totals, Corrects map[string]json.RawMessage
	}
	w := s.Totals.Window
	switch {
	case json.Unmarshal(earlier, &had) != nil || had.Schema != summarySchema:
		return
	case string(had.Window.From) != string(appendBound(nil, w.From)) || string(had.Window.To) != string(appendBound(nil, w.Until)):
		return
	}
	var changes []string
	for at, c := range s.Totals.Columns {
		was, ok := had.Corrects[c.Name]
		if !ok {
			was = had.Totals[c.Name]
		}
		is := string(appendValue(nil, s.Totals.Rows[0][at]))
		if string(was) != is && number.Match(was) {
			changes = append(changes, fmt.Sprintf("%s %s → %s", c.Name, was, is))
			s.Corrects = append(s.Corrects, query.Corrected{Field: c.Name, Was: string(was)})
		}
	}
	if len(changes) > 0 {
		s.Totals.Warnings = append(s.Totals.Warnings, "corrects the summary written before: "+strings.Join(changes, ", "))
	}
}
