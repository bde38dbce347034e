package query

import (
	"errors"
	"slices"

	"loglens/parse"
)

// errUnreadable is a bug of ours, or of the machine: the line has been read before.
var errUnreadable = errors.New("a kept line cannot be read again")

// headColumns are the columns of a request that the head of its record gives. What is
// odd about a row is found in its other columns.
var headColumns = columnSet{"time", "client_ip", "client_net", "reason", "reason_class", "reason_source", "object_id", "object_uri", "line_no", oddColumn}

// ofHead reports whether the heads of records give all of these columns.
func ofHead(columns columnSet) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return !headColumns.has(c) })
}

// newKeptRequests returns a relation of requests out of lines that were kept.
func newKeptRequests(s *Store, name string, from lines) *relation[*request] {
	decoder := func(columns columnSet) (func(record) (*request, bool, error), bool) {
		// The balancer stands in the line. From the sources no line of another was kept.
		whole := s.reader != nil && s.in.Plan.LoadBalancer != "" || !ofHead(columns)
		var p parse.Parser
		row, none := new(request), new(parse.Access)
		return func(r record) (*request, bool, error) {
			if !from.wants(r.at) {
				return nil, false, nil
			}
			e := none
			if whole {
				if e = p.Parse(r.raw); e == nil {
					return nil, false, errUnreadable
				}
				if !s.ofBalancer(e.Field(parse.FieldELB), r.object) {
					return nil, false, nil
				}
			}
			*row = request{e, r, s.name(r.object).Node, s.uri(r.object)}
			return row, true, nil
		}, whole
	}
	return &relation[*request]{
		name: name, columns: accessColumns(),
		size: from.rows, scan: kept(from, decoder),
	}
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
