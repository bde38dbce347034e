package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loglens/query"
)

const (
	usualWidth = 80
	leastWidth = 40

	reasonsShown = 8 // of those not counted; what fails is above, and an answer should fit a screen

	bold  = "\x1b[1m"
	reset = "\x1b[0m"
)

// encodeTable draws t for a terminal, or for a pipe in the form that can be streamed.
func encodeTable(w io.Writer, t *query.Table, s Style) error {
	if !s.Terminal {
		return encodeStreamed("table")(w, t, s)
	}
	p := newScreen(t, s)
	p.head(t)
	if p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
	var drawn remarks
	if len(t.Rows) > 0 {
		drawn = drawRows(&p.out, t, p.Style, p.words)
		p.out.WriteByte('\n')
	}
	p.say("  ", joined(p.dot, said(total(t, p.words), rowsLeft(t, p.words))...)...)
	if reasons, why := notCounted(t, p.words, reasonsShown); len(reasons) > 0 {
		reasons[0] = "not counted: " + reasons[0]
		p.say("  ", append(joined(p.dot, reasons...), "("+why+")")...)
	}
	if drawn.derived {
		p.say("  ", derivedLegend)
	}
	if drawn.cut {
		p.say("  ", p.words.sign(cutLegend))
	}
	p.say("  ", leftOut(drawn.left, "")...)
	for _, warning := range p.words.warnings(t) {
		p.say("  ", warning)
	}
	for i, line := range further(t, p.words) {
		if i == 0 {
			p.out.WriteByte('\n')
		}
		p.out.WriteString(line + "\n")
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

// screen is what a terminal is to show.
type screen struct {
	Style
	words wording
	dot   string // that joins chunks, see fold
	out   bytes.Buffer
}

func newScreen(t *query.Table, s Style) *screen {
	if s.Width == 0 {
		s.Width = usualWidth
	}
	s.Width = max(s.Width, leastWidth)
	words := screenWording(t, s)
	return &screen{Style: s, words: words, dot: words.sign(" ·")}
}

func screenWording(t *query.Table, s Style) wording {
	return forPeople(t, s.ASCII, s.Width/2, func(v string) string { return forTerminal(v, s.ASCII) })
}

// say writes chunks in as many lines as they take.
func (p *screen) say(indent string, chunks ...string) {
	for _, line := range fold(chunks, p.Width, indent, p.dot) {
		p.out.WriteString(line + "\n")
	}
}

// head says what the answer is about and what it rests on.
func (p *screen) head(t *query.Table) {
	names := balancers(t, p.words, balancersShown(t, p.words, p.Width))
	p.say("", joined(p.dot, said(names, span(t, p.words, false))...)...)
	p.say("", joined(p.dot, read(t, p.words, size)...)...)
	p.say("  ", said(partial(t, p.words))...)
}

// balancersShown is how many names, up to three, fit one line with the window.
func balancersShown(t *query.Table, words wording, most int) int {
	for n := min(3, len(t.Balancers)); n > 1; n-- {
		if width(balancers(t, words, n))+width(t.Window.String())+3 <= most {
			return n
		}
	}
	return 1
}

// remarks are what is to be said about rows as they are drawn.
type remarks struct {
	left    []string // labels of the columns that do not fit
	derived bool     // a derived reason bears its sign
	cut     bool     // a line below its row is cut off
}

// drawRows draws the columns that fit.
func drawRows(out *bytes.Buffer, t *query.Table, s Style, words wording) (said remarks) {
	var columns []*column
	var entry *column // that stands below the row
	for _, at := range shown(t.Columns, query.Programs) {
		if c := newColumn(t, at, words); c.Type == query.Line {
			entry = c
		} else {
			columns = append(columns, c)
		}
	}
	kept, dropped, derived := fitDerived(columns, t, s.Width)
	said.derived = derived
	for _, c := range dropped {
		said.left = append(said.left, c.label)
	}

	worst := worstRow(t)
	for i, line := range strings.Split(grid(kept, len(t.Rows), s, words), "\n") {
		line = strings.TrimRight(line, " ")
		if i == 1 { // the rule below the head ends with the last column, without its padding
			line = text.Trim(line, width(line)-gutter)
		}
		if s.Color && worst >= 0 && i == worst+2 {
			line = bold + line + reset
		}
		out.WriteString(line + "\n")
		if row := i - 2; row >= 0 && entry != nil {
			text, cut := below(entry.cells[row], s.Width, s.ASCII)
			out.WriteString(text)
			said.cut = said.cut || cut
		}
	}
	return said
}

// grid draws the head and all rows of some columns.
func grid(columns []*column, rows int, s Style, words wording) string {
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = strings.Repeat(" ", gutter)
	style.Box.MiddleHorizontal = words.sign("─")
	drawn := table.NewWriter()
	drawn.SetStyle(style)
	var head table.Row
	var configs []table.ColumnConfig
	for i, c := range columns {
		head = append(head, shorten(c.label, c.width, s.ASCII))
		align := text.AlignRight
		switch c.Type {
		case query.Text, query.Times, query.Trend, query.Time, query.Boolean:
			align = text.AlignLeft
		}
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, WidthMin: c.width})
	}
	drawn.AppendHeader(head)
	drawn.SetColumnConfigs(configs)
	for i := range rows {
		var row table.Row
		for _, c := range columns {
			row = append(row, c.at(i, s.ASCII))
		}
		drawn.AppendRow(row)
	}
	return drawn.Render()
}

func newColumn(t *query.Table, at int, words wording) *column {
	c := &column{Column: t.Columns[at], label: words.name(t.Columns[at].Label)}
	for _, row := range t.Rows {
		cell := words.cell(row[at], c.Type)
		c.cells = append(c.cells, cell)
		c.body = max(c.body, width(cell))
		if c.Type == query.Times {
			times, _ := row[at].([]time.Time)
			c.times = append(c.times, times)
		}
		if c.isTrend() {
			counts, _ := row[at].([]int64)
			c.trend = append(c.trend, counts)
			c.slices = max(c.slices, len(counts))
		}
	}
	c.natural = max(c.body, width(c.label))
	return c
}

// at returns the cell of a row in the column's decided width.
func (c *column) at(row int, ascii bool) string {
	if c.isTrend() && len(c.trend[row]) > c.width {
		return narrowed(c.trend[row], c.width, ascii)
	}
	if c.Type == query.Times && width(c.cells[row]) > c.width {
		for most := mostTimes; most > 0; most-- { // a time that is cut says little
			if fewer := firstTimes(c.times[row], most); width(fewer) <= c.width {
				return fewer
			}
		}
	}
	return shorten(c.cells[row], c.width, ascii)
}

// worstRow is the row with the most failures; -1 if there is none.
func worstRow(t *query.Table) int {
	at := slices.IndexFunc(t.Columns, func(c query.Column) bool { return c.Name == "failures" })
	if at < 0 {
		return -1
	}
	worst, most := -1, int64(0)
	for i, row := range t.Rows {
		if n, ok := row[at].(int64); ok && n > most {
			worst, most = i, n
		}
	}
	return worst
}
