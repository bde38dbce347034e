package report

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"loglens/query"
)

// What Slack takes. Source: Slack, "Reference: blocks" (section, header), read 2026-11.
const (
	slackBlocks  = 50   // per message
	slackText    = 3000 // characters per section
	slackHeader  = 150  // characters of a header
	slackRows    = 10   // of a section; the rest is in the summary itself
	slackWarning = 500  // characters
)

// Slack writes a summary as a message in Slack's Block Kit: what it adds up to, and
// the first rows of each section that has any. Text out of the logs stands in
// code alone: see forSlack.
func Slack(s *query.Summary) []byte {
	words := forPeople(s.Totals, false, longName, forSlack)
	headline := total(s.Totals, words)
	m := &slackMessage{}
	m.begin(headline + ", " + words.sign(s.Totals.Window.String()))
	m.header(headline)
	lines := []string{"`" + strings.Join(said(balancers(s.Totals, words, 3), span(s.Totals, words, false)), " · ") + "`"}
	lines = append(lines, withoutAngles.Replace(strings.Join(overall(s.Totals, words), " · ")))
	lines = append(lines, said(withoutAngles.Replace(strings.Join(earlier(s, words), " · ")))...)
	if p := partial(s.Totals, words); p != "" {
		lines = append(lines, "*"+p+"*")
	}
	m.section("", lines, "")
	for _, section := range s.Sections {
		section, whole := lacking(section, words)
		if len(section.Rows) > 0 {
			m.section("*"+section.Title+"*", append(slackTable(section.Table), said(whole)...), "```")
		}
	}
	var warnings []string
	for _, w := range s.Totals.Warnings {
		warnings = append(warnings, shorten(forSlack(w), slackWarning, false))
	}
	if len(warnings) > 0 {
		m.section("*Warnings*", warnings, "```")
	}
	return m.end()
}

// slackTable draws the rows of a section as aligned lines, without what a
// narrow terminal goes without first.
func slackTable(t *query.Table) []string {
	const most = 100
	words := forPeople(t, false, most/2, forSlack)
	shownRows := *t
	shownRows.Rows = t.Rows[:min(len(t.Rows), slackRows)]
	shownRows.Columns = withoutTrends(t.Columns)
	var out bytes.Buffer
	drawRows(&out, &shownRows, Style{Terminal: true, Width: most}, words)
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if left := t.RowsLeft + int64(len(t.Rows)-len(shownRows.Rows)); left > 0 {
		lines = append(lines, "and "+words.count(left)+" more")
	}
	for i := range lines {
		lines[i] = withoutAngles.Replace(lines[i])
	}
	return lines
}

// withoutTrends leaves to programs what is no more than decoration in a message.
func withoutTrends(columns []query.Column) []query.Column {
	columns = slices.Clone(columns)
	for i := range columns {
		if columns[i].Type == query.Trend {
			columns[i].Only = query.Programs
		}
	}
	return columns
}

// slackMessage is a message on its way.
type slackMessage struct {
	b      []byte
	blocks int
}

// begin opens the message; text is what a notification shows.
func (m *slackMessage) begin(text string) {
	m.b = appendJSONText([]byte(`{"text":`), withoutAngles.Replace(text))
	m.b = append(m.b, `,"blocks":[`...)
}

func (m *slackMessage) end() []byte { return append(m.b, "]}\n"...) }

func (m *slackMessage) header(text string) {
	m.b = append(appendComma(m.b, m.blocks), `{"type":"header","text":{"type":"plain_text","emoji":false,"text":`...)
	m.b = append(appendJSONText(m.b, clip([]string{text}, slackHeader)), `}}`...)
	m.blocks++
}

// section writes a title and lines, between fences; what does not fit is cut off
// after a whole line, so that no escape is.
func (m *slackMessage) section(title string, lines []string, fence string) {
	if m.blocks == slackBlocks {
		return
	}
	if title != "" {
		title += "\n"
	}
	room := slackText - utf8.RuneCountInString(title) - 2*len(fence) - 2
	text := clip(lines, room)
	if fence != "" {
		text = fence + "\n" + text + "\n" + fence
	}
	m.b = append(appendComma(m.b, m.blocks), `{"type":"section","text":{"type":"mrkdwn","verbatim":true,"text":`...)
	m.b = append(appendJSONText(m.b, title+text), `}}`...)
	m.blocks++
}

// clip joins as many lines as most characters have room for. A line that has none
// by itself is left out, and a sign says so.
func clip(lines []string, most int) string {
	text, left := "", most-2
	for _, line := range lines {
		if left -= utf8.RuneCountInString(line) + 1; left < 0 {
			return text + "…"
		}
		text += line + "\n"
	}
	return strings.TrimSuffix(text, "\n")
}
