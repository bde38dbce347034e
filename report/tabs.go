package report

import (
	"bytes"
	"io"
	"strings"

	"loglens/query"
)

// aroundTabs returns what stands around the rows of a table for a pipe. It has the same
// columns as on a terminal, tab-separated and exact, one row per line under a head.
// Everything else stands on lines that begin with "# ", and no row does.
func aroundTabs(t *query.Table, s Style) (before, after string) {
	words := tabWording(s)
	var above, below bytes.Buffer
	comment(&above, tabsHead(t, words)...)
	comment(&below, rowsLeft(t, words), total(t, words))
	if reasons, why := notCounted(t, words, 0); len(reasons) > 0 {
		comment(&below, "not counted: "+strings.Join(reasons, words.sign(" · "))+" ("+why+")")
	}
	comment(&below, words.warnings(t)...)
	comment(&below, further(t, words)...)
	return above.String(), below.String()
}

// comment writes lines that are no rows, those left out that say nothing.
func comment(out *bytes.Buffer, lines ...string) {
	for _, line := range said(lines...) {
		out.WriteString("# " + line + "\n")
	}
}

// tabsHead says what the answer is about and what it rests on.
func tabsHead(t *query.Table, words wording) []string {
	return []string{balancers(t, words, 0), span(t, words, true), strings.Join(read(t, words, exactSize), words.sign(" · ")), partial(t, words)}
}

// newTabs writes the head and the rows of the table for a pipe.
func newTabs(w io.Writer, columns []query.Column, s Style) RowWriter {
	words := tabWording(s)
	places := shown(columns, query.Programs)
	line := func(b []byte, cell func(at int) string) []byte {
		for i, at := range places {
			text := cell(at)
			switch {
			case i > 0:
				b = append(b, '\t')
			case strings.HasPrefix(text, "#"):
				text = `\x23` + text[1:]
			}
			b = append(b, text...)
		}
		return append(b, '\n')
	}
	head := line(nil, func(at int) string { return words.text(columns[at].Label) })
	return newLines(w, head, func(b []byte, row []any) []byte {
		return line(b, func(at int) string { return words.cell(row[at], columns[at].Type) })
	})
}

func tabWording(s Style) wording {
	return forTools(s.ASCII, func(v string) string { return forTerminal(v, s.ASCII) })
}
