package report

import (
	"io"
	"strings"

	"loglens/query"
)

// newCSV writes rows under a head of field names (RFC 4180, lines end in LF).
// An absent value is an empty cell.
func newCSV(w io.Writer, columns []query.Column, s Style) RowWriter {
	words := forTools(false, func(v string) string { return forCSV(v, s.RawCSV) })
	words.absent = ""
	words.trend = func(counts []int64) string {
		return strings.Trim(string(appendValue(nil, counts)), "[]")
	}
	places := shown(columns, query.People)
	cells := fieldNames(picked(columns, places), words.text)
	return newLines(w, appendCSV(nil, cells), func(b []byte, row []any) []byte {
		for i, at := range places {
			cells[i] = words.cell(row[at], columns[at].Type)
		}
		return appendCSV(b, cells)
	})
}

// appendCSV appends cells, which have no line breaks left, as a line. A line of
// one empty cell is quoted: readers take an empty line for none.
func appendCSV(b []byte, cells []string) []byte {
	for i, cell := range cells {
		b = appendComma(b, i)
		if strings.ContainsAny(cell, `",`) || strings.HasPrefix(cell, " ") || cell == "" && len(cells) == 1 {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		b = append(b, cell...)
	}
	return append(b, '\n')
}
