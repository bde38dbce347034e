package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"loglens/query"
)

// encodeCSV writes the rows under a head of field names (RFC 4180, lines end in
// LF). An absent value is an empty cell. encoding/csv quotes, but leaves line
// breaks and formulas as they are; forCSV does not.
func encodeCSV(w io.Writer, t *query.Table, s Style) error {
	words := forTools(s.ASCII, func(v string) string { return forCSV(v, s.RawCSV) })
	words.trend = func(counts []int64) string {
		return strings.Trim(string(appendValue(nil, counts)), "[]")
	}
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	columns := shown(t, query.People)
	cells := make([]string, len(columns))
	for i, at := range columns {
		cells[i] = words.text(t.Columns[at].Name)
	}
	err := lines.Write(cells)
	for _, row := range t.Rows {
		for i, at := range columns {
			if cells[i] = ""; row[at] != nil {
				cells[i] = words.cell(row[at], t.Columns[at].Type)
			}
		}
		if err == nil {
			err = lines.Write(cells)
		}
	}
	lines.Flush()
	if err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}
