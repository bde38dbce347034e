package report

import (
	"io"

	"loglens/query"
)

// newJSONL writes one compact object per row, with the keys and values that
// the rows have in newJSON.
func newJSONL(w io.Writer, columns []query.Column) RowWriter {
	object := rowObject(columns)
	return newLines(w, nil, func(b []byte, row []any) []byte {
		return append(object(b, row), '\n')
	})
}
