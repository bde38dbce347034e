package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"loglens/query"
)

// RowWriter writes the rows of an answer one by one. It buffers: an error of
// the writer below may come with a later row, and comes with Close at the latest.
type RowWriter interface {
	Row(row []any) error // values in the order of the columns; nothing of it is kept
	Close() error        // writes what is buffered; the writer below stays open
}

// Stream returns a writer of rows alone, with their head and nothing around, in
// the form of that name. ok is false for a form that needs all rows before it
// can draw the first: markdown, and the table on a terminal.
func Stream(name string, w io.Writer, columns []query.Column, s Style) (rows RowWriter, ok bool) {
	switch {
	case name == "json":
		return newJSON(w, columns), true
	case name == "jsonl":
		return newJSONL(w, columns), true
	case name == "csv":
		return newCSV(w, columns, s), true
	case name == "table" && !s.Terminal:
		return newTabs(w, columns, s), true
	}
	return nil, false
}

// Around returns what stands before and after the rows that Stream writes in the form
// of that name; empty for a form that is rows and nothing else.
func Around(name string, t *query.Table, s Style) (before, after string, err error) {
	switch name {
	case "json":
		return aroundJSON(t)
	case "table":
		before, after = aroundTabs(t, s)
	}
	return before, after, nil
}

// lines writes a line per row, or a few.
type lines struct {
	out  *bufio.Writer
	line func(b []byte, row []any) []byte // appends the line of a row
	b    []byte
}

func newLines(w io.Writer, head []byte, line func(b []byte, row []any) []byte) *lines {
	l := &lines{out: bufio.NewWriterSize(w, 64<<10), line: line}
	_, _ = l.out.Write(head) // its error comes again with every later write
	return l
}

func (l *lines) Row(row []any) error {
	l.b = l.line(l.b[:0], row)
	_, err := l.out.Write(l.b)
	return err
}

func (l *lines) Close() error { return l.out.Flush() }

// writeRows ends a stream with all rows of a table.
func writeRows(w RowWriter, rows [][]any) error {
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

// encodeStreamed is the Encode of a form that can be streamed.
func encodeStreamed(name string) func(w io.Writer, t *query.Table, s Style) error {
	return func(w io.Writer, t *query.Table, s Style) error {
		before, after, err := Around(name, t, s)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		out.WriteString(before)
		rows, _ := Stream(name, &out, t.Columns, s)
		if err := writeRows(rows, t.Rows); err != nil {
			return err
		}
		out.WriteString(after)
		_, err = w.Write(out.Bytes())
		return err
	}
}

// fieldNames returns the names of columns as written by write, no two the same: a
// program that reads a row into a map would lose a value and not notice. Where a
// name repeats, the second "n" is called "n_2".
func fieldNames(columns []query.Column, write func(string) string) []string {
	taken := map[string]int{} // how many columns there are of a name by nature
	for _, c := range columns {
		taken[write(c.Name)]++
	}
	names := make([]string, len(columns))
	seen := map[string]bool{}
	for i, c := range columns {
		name := write(c.Name)
		for n := 2; seen[name]; n++ {
			if other := write(fmt.Sprintf("%s_%d", c.Name, n)); taken[other] == 0 {
				name = other
			}
		}
		names[i], seen[name] = name, true
	}
	return names
}
