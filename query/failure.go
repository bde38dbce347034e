package query

import "errors"

import "loglens/parse"

// newFailure returns the relation of failing requests, whole, out of the lines
// that were kept.
func newFailure(s *Store) *relation[*request] {
	decoder := func() func(record) (*request, error) {
		var p parse.Parser
		row := new(request)
		return func(r record) (*request, error) {
			e := p.Parse(r.raw)
			if e == nil {
				return nil, errors.New("a kept line cannot be read again")
			}
			v, failed := e.Classify()
			*row = request{e, v, failed, r.object, r.line, s.node(r.object), s.uri(r.object)}
			return row, nil
		}
	}
	return &relation[*request]{
		name: "failure", columns: accessColumns(),
		size: s.failures.rows, scan: kept(s.failures, decoder),
	}
}
