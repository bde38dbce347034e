package query

import "github.com/duckdb/duckdb-go/v2"

// newReject returns the relation of damaged lines: where each stands, what is
// wrong with it, and how it begins.
func newReject(s *Store, from lines) *relation[record] {
	return &relation[record]{
		name: "reject",
		columns: []column[record]{
			{"object_id", duckdb.TYPE_INTEGER, func(c cell, r record) { put(c, r.object, true) }},
			{"object_uri", duckdb.TYPE_VARCHAR, func(c cell, r record) { c.str(s.uri(r.object)) }},
			{"kind", duckdb.TYPE_VARCHAR, func(c cell, r record) { c.str(r.kind.String()) }},
			{"line_no", duckdb.TYPE_BIGINT, func(c cell, r record) { put(c, r.line, true) }},
			{"byte_offset", duckdb.TYPE_BIGINT, func(c cell, r record) { put(c, r.offset, true) }},
			{"cause", duckdb.TYPE_VARCHAR, func(c cell, r record) { c.text(r.verdict.why) }},
			{"raw", duckdb.TYPE_VARCHAR, func(c cell, r record) { c.text(r.raw) }},
		},
		size: from.rows,
		scan: kept(from, func(columns columnSet) (func(record) (record, bool, error), bool) {
			return func(r record) (record, bool, error) { return r, true, nil }, columns.has("raw")
		}),
	}
}
