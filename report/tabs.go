package report

import (
	"io"
	"strings"

	"loglens/query"
)

// aroundTabs returns what stands around the rows of a table for a pipe. It has the same
// columns as on a terminal, tab-separated and exact, one row per line under a head.
// Everything else stands on lines that begin with "# ", and no row does.
func aroundTabs(t *query.Table, s Style) (before, after string) {
	words := tabWording(s)
	dot := words.sign(" · ")

	var out strings.Builder
	say := func(line string) {
		if line != "" {
			out.WriteString("# " + line + "\n")
		}
	}
	say(balancers(t, words, 0))
	say(span(t, words, true))
	say(strings.Join(read(t, words, exactSize), dot))
	say(partial(t, words))
	before = out.String()
	out.Reset()
	say(rowsLeft(t, words))
	say(total(t, words))
	if reasons, why := notCounted(t, words, 0); len(reasons) > 0 {
		say("not counted: " + strings.Join(reasons, dot) + " (" + why + ")")
	}
	for _, warning := range t.Warnings {
		say(words.warning(warning))
	}
	for _, line := range further(t, words) {
		say(line)
	}
	return before, out.String()
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
