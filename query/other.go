package query

import (
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/ingest"
	"loglens/parse"
)

// entryRelations are those of whole logs other than access logs.
var entryRelations = map[string]parse.Kind{
	"connection": parse.KindConnection, "health_check": parse.KindHealthCheck, "nlb_tls": parse.KindNLB,
}

// entry is a line of a log that is no access log, as columns read it.
type entry struct {
	*parse.Entry
	object int32
	line   int64
	node   string // the balancer node by the object's name
	elb    string // the balancer by the object's name
	uri    string
}

// newEntries returns the relation of a whole log other than access logs: its
// fields under AWS's names, what stands in two, and where each line is.
func newEntries(s *Store, name string, kind parse.Kind) *relation[*entry] {
	row := func(bool) func(*worker, *ingest.Object) *entry {
		e := new(entry)
		return func(w *worker, o *ingest.Object) *entry {
			*e = entry{w.scanner.Entry(), o.ID, w.scanner.Line(), o.Name.Node, o.Name.LoadBalancer, o.URI}
			return e
		}
	}
	kinds := ingest.Kinds(kind)
	return &relation[*entry]{
		name: name, columns: entryColumns(kind),
		size: s.guess, scan: streamed(s, kinds, row),
	}
}

// balancerField is where the lines of a log name the balancer.
var balancerField = func() (at [parse.KindClassic + 1]int) {
	for k := range at {
		at[k] = slices.Index(parse.FieldNames(parse.Kind(k)), "elb")
	}
	return at
}()

func entryColumns(kind parse.Kind) (columns []column[*entry]) {
	names := parse.FieldNames(kind)
	for i, name := range names {
		columns = append(columns, fieldColumns(kind, i, name)...)
	}
	place := func(name string) int { return slices.Index(names, name) }
	text := func(name string, of func(*entry) []byte) {
		columns = append(columns, column[*entry]{name, duckdb.TYPE_VARCHAR, func(c cell, e *entry) { c.text(of(e)) }})
	}
	text("load_balancer", func(e *entry) []byte {
		if b := e.Text(balancerField[kind]); b != nil || e.elb == "" {
			return b
		}
		return []byte(e.elb)
	})
	if kind == parse.KindHealthCheck {
		target, group := place("target_addr"), place("target_group_id")
		text("target", func(e *entry) []byte { return e.Text(target) })
		text("target_group", func(e *entry) []byte { return e.Text(group) })
	}
	if kind != parse.KindNLB {
		address := place("ip_address")
		text("node", func(e *entry) []byte {
			if e.node != "" {
				return []byte(e.node)
			}
			return e.Text(address)
		})
	}
	return append(columns,
		column[*entry]{"object_id", duckdb.TYPE_INTEGER, func(c cell, e *entry) { put(c, e.object, true) }},
		column[*entry]{"object_uri", duckdb.TYPE_VARCHAR, func(c cell, e *entry) { c.str(e.uri) }},
		column[*entry]{"line_no", duckdb.TYPE_BIGINT, func(c cell, e *entry) { put(c, e.line, true) }},
		column[*entry]{"raw", duckdb.TYPE_VARCHAR, func(c cell, e *entry) { c.text(e.Raw()) }},
	)
}

// fieldColumns are the columns of a field: one as a rule, two of an address with
// its port.
func fieldColumns(kind parse.Kind, i int, name string) []column[*entry] {
	if what, ok := strings.CutSuffix(name, "_port"); ok && kind == parse.KindNLB {
		return []column[*entry]{
			{what + "_ip", duckdb.TYPE_VARCHAR, func(c cell, e *entry) { b, _ := e.Addr(i); c.text(b) }},
			{what + "_port", duckdb.TYPE_INTEGER, func(c cell, e *entry) {
				_, b := e.Addr(i)
				p := portNumber(b)
				put(c, int32(p), p != parse.Absent)
			}},
		}
	}
	switch name {
	case "time", "timestamp":
		return []column[*entry]{{name, duckdb.TYPE_TIMESTAMP, func(c cell, e *entry) { put(c, e.Time, true) }}}
	case "latency", "tls_handshake_latency":
		return []column[*entry]{{name, duckdb.TYPE_DOUBLE, func(c cell, e *entry) {
			v := e.Seconds(i)
			put(c, v, v != parse.Absent)
		}}}
	case "client_port", "listener_port", "connection_time", "tls_handshake_time", "received_bytes", "sent_bytes",
		"incoming_tls_alert", "status_code":
		return []column[*entry]{{name, duckdb.TYPE_BIGINT, func(c cell, e *entry) {
			v := e.Integer(i)
			put(c, v, v != parse.Absent)
		}}}
	}
	return []column[*entry]{{name, duckdb.TYPE_VARCHAR, func(c cell, e *entry) { c.text(e.Text(i)) }}}
}

// keptEntries reads the entries of a log out of kept lines.
func keptEntries(s *Store, kind parse.Kind, from lines) func() func(columnSet) reader[*entry] {
	return kept(from, func(columnSet) (func(record) (*entry, bool, error), bool) {
		var p parse.Parser
		row := new(entry)
		return func(r record) (*entry, bool, error) {
			if !from.wants(r.at) {
				return nil, false, nil
			}
			e := p.Entry(r.raw)
			if e == nil {
				return nil, false, errUnreadable
			}
			if !s.ofBalancer(e.Text(balancerField[kind]), r.object) {
				return nil, false, nil
			}
			name := s.name(r.object)
			*row = entry{e, r.object, r.line, name.Node, name.LoadBalancer, s.uri(r.object)}
			return row, true, nil
		}, true
	})
}
