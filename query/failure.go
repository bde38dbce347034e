package query

import (
	"errors"

	"loglens/parse"
)

// errUnreadable is a bug of ours, or of the machine: the line has been read before.
var errUnreadable = errors.New("a kept line cannot be read again")

// ofRecord are the columns of a request that its record gives without the line
// being read.
var ofRecord = columnSet{"time", "reason", "reason_class", "reason_source", "object_id", "object_uri", "line_no", "raw"}

// newKeptRequests returns a relation of requests out of lines that were kept.
func newKeptRequests(s *Store, name string, from lines) *relation[*request] {
	decoder := func(columns columnSet) func(record) (*request, bool, error) {
		line := s.in.Plan.LoadBalancer != "" // chooses by what stands in it
		for _, c := range columns {
			line = line || !ofRecord.has(c)
		}
		var p parse.Parser
		row, bare := new(request), new(parse.Access)
		return func(r record) (*request, bool, error) {
			if !s.within(r.at) {
				return nil, false, nil
			}
			e := bare
			if line {
				if e = again(&p, r); e == nil {
					return nil, false, errUnreadable
				}
				if !s.ofBalancer(e.Field(parse.FieldELB), r.object) {
					return nil, false, nil
				}
			}
			*row = request{e, r, s.node(r.object), s.uri(r.object)}
			return row, true, nil
		}
	}
	return &relation[*request]{
		name: name, columns: accessColumns(),
		size: from.rows, scan: kept(from, decoder),
	}
}

// again reads the line of a request once more.
func again(p *parse.Parser, r record) *parse.Access {
	if r.usual {
		return p.Again(r.raw)
	}
	return p.Parse(r.raw)
}

// within reports whether a kept line is inside of the window: all are that were
// kept for an answer, and a store on disk holds more.
func (s *Store) within(at int64) bool {
	from, until := s.in.Plan.Window.Micros()
	return at >= from && at < until
}

// ofBalancer reports whether a kept line is of the balancer that was asked for;
// one that names none is of its object's.
func (s *Store) ofBalancer(elb []byte, object int32) bool {
	if s.in.Plan.LoadBalancer == "" {
		return true
	}
	if len(elb) == 0 {
		return s.in.Plan.WantsBalancer(s.name(object).LoadBalancer)
	}
	return s.in.Plan.WantsBalancer(string(elb))
}
