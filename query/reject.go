package query

import "github.com/duckdb/duckdb-go/v2"

// newReject returns the relation of damaged lines: where each stands, what is
// wrong with it, and how it begins.
func newReject(s *spool) *relation[record] {
	return &relation[record]{
		name: "reject", spool: s,
		columns: []column[record]{
			{"object_id", duckdb.TYPE_INTEGER, func(c cell, r record) error { return put(c, r.object, true) }},
			{"line_no", duckdb.TYPE_BIGINT, func(c cell, r record) error { return put(c, r.line, true) }},
			{"byte_offset", duckdb.TYPE_BIGINT, func(c cell, r record) error { return put(c, r.offset, true) }},
			{"cause", duckdb.TYPE_VARCHAR, func(c cell, r record) error { return c.text([]byte(r.note)) }},
			{"raw", duckdb.TYPE_VARCHAR, func(c cell, r record) error {
				if r.raw == nil {
					r.raw = []byte{}
				}
				return c.text(r.raw)
			}},
		},
		decoder: func() func(record) (record, error) {
			return func(r record) (record, error) { return r, nil }
		},
	}
}
