package report

import (
	"bytes"
	"io"
	"strings"

	"loglens/query"
)

// encodeTabs writes the table for a pipe: the same columns as on a terminal,
// tab-separated and exact, one row per line under a head. Everything else
// stands on lines that begin with "# ", and no row does.
func encodeTabs(w io.Writer, t *query.Table, s Style) error {
	words := forTools(s.ASCII, func(v string) string { return forTerminal(v, s.ASCII) })
	bytesOf := func(n int64) string { return exact(n) + " bytes" }
	dot := words.sign(" · ")

	var out bytes.Buffer
	say := func(line string) { out.WriteString("# " + line + "\n") }
	if names := balancers(t, words, 0); names != "" {
		say(names)
	}
	say(span(t, words, true))
	say(strings.Join(read(t.Accounting, words, bytesOf), dot))
	if p := partial(t.Accounting, words); p != "" {
		say(p)
	}

	columns := shown(t, query.Programs)
	line := func(cell func(at int) string) {
		cells := make([]string, 0, len(columns))
		for _, at := range columns {
			cells = append(cells, cell(at))
		}
		if len(cells) > 0 && strings.HasPrefix(cells[0], "#") {
			cells[0] = `\x23` + cells[0][1:]
		}
		out.WriteString(strings.Join(cells, "\t") + "\n")
	}
	line(func(at int) string { return words.text(t.Columns[at].Label) })
	for _, row := range t.Rows {
		line(func(at int) string { return words.cell(row[at], t.Columns[at].Type) })
	}

	if more := rowsLeft(t, words); more != "" {
		say(more)
	}
	say(total(t, words))
	if reasons, why := notCounted(t, words, 0); len(reasons) > 0 {
		say("not counted: " + strings.Join(reasons, dot) + " (" + why + ")")
	}
	for _, warning := range t.Warnings {
		say("warning: " + words.text(warning))
	}
	if t.Next != "" {
		say("next: " + words.text(t.Next))
	}
	_, err := w.Write(out.Bytes())
	return err
}
