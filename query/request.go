package query

import (
	"loglens/ingest"
	"loglens/parse"
)

// requestKinds are the logs that hold requests.
var requestKinds = ingest.Kinds(parse.KindAccess, parse.KindClassic)

// newRequest returns the relation of all requests, read from the sources as
// DuckDB asks for them and never held.
func newRequest(s *Store) *relation[*request] {
	row := func(first bool) func(*worker, *ingest.Object) *request {
		r := new(request)
		count := first && s.running.count
		return func(w *worker, o *ingest.Object) *request {
			e := w.scanner.Access()
			*r = request{Access: e, record: w.request(o, e), node: o.Name.Node, uri: o.URI}
			if count {
				r.verdict = w.count(o, e)
			} else {
				r.verdict = judge(e)
			}
			return r
		}
	}
	return &relation[*request]{
		name: "request", columns: accessColumns(), line: func(r *request) []byte { return r.raw },
		size: s.guess, scan: streamed(s, requestKinds, row),
	}
}

// storedLine is about how many stored bytes a request takes.
const storedLine = 60

// guess is how many entries the objects of the statement may hold.
func (s *Store) guess() (rows int64) {
	if s.running == nil {
		return 1
	}
	for _, o := range s.running.objects {
		rows += max(o.Size, storedLine) / storedLine
	}
	return rows
}

// request is the record of the request at hand, without a verdict.
func (w *worker) request(o *ingest.Object, e *parse.Access) record {
	client, _ := e.Addr(parse.FieldClient)
	return record{object: o.ID, kind: e.Kind(), line: w.scanner.Line(), at: e.Time, client: client, raw: e.Raw()}
}

// judge says whether a request failed, and why.
func judge(e *parse.Access) verdict {
	v, failed := e.Classify()
	return verdict{failed, v.Class, v.Source, v.Reason}
}
