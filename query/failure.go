package query

import (
	"errors"

	"loglens/parse"
)

// errUnreadable is a bug of ours, or of the machine: the line has been read before.
var errUnreadable = errors.New("a kept line cannot be read again")

// newFailure returns the relation of failing requests, whole, out of the lines
// that were kept.
func newFailure(s *Store) *relation[*request] { return newKeptRequests(s, "failure", s.failures) }

// newKeptRequests returns a relation of requests out of lines that were kept.
func newKeptRequests(s *Store, name string, from *spool) *relation[*request] {
	decoder := func() func(record) (*request, error) {
		var p parse.Parser
		row := new(request)
		return func(r record) (*request, error) {
			e := p.Parse(r.raw)
			if e == nil {
				return nil, errUnreadable
			}
			v, failed := e.Classify()
			*row = request{e, v, failed, r.object, r.line, s.node(r.object), s.uri(r.object)}
			return row, nil
		}
	}
	return &relation[*request]{
		name: name, columns: accessColumns(),
		size: from.rows, scan: kept(from, decoder),
	}
}
