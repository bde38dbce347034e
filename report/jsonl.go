package report

import (
	"io"

	"loglens/query"
)

// encodeJSONL writes one compact object per row, with the keys and values that
// the rows have in encodeJSON.
func encodeJSONL(w io.Writer, t *query.Table, _ Style) error {
	var b []byte
	columns := shown(t, query.People)
	for _, row := range t.Rows {
		b = append(appendRow(b, t, columns, row), '\n')
	}
	if len(b) == 0 {
		return nil
	}
	_, err := w.Write(b)
	return err
}
