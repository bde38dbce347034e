package query

import (
	"bytes"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/parse"
)

// request is one entry of an access log as the columns of the relations request
// and failure read it.
type request struct {
	*parse.Access // empty where only columns are wanted that the record's head gives
	record
	node string // the balancer node by the object's name
	uri  string // of the object
}

// accessColumns are the columns of request and failure: all fields of the access
// log under AWS's names, absent values NULL, and what loglens derives. Times are
// UTC, durations seconds, sizes bytes.
func accessColumns() []column[*request] {
	text := func(name string, f parse.Field) column[*request] {
		return column[*request]{name, duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.text(e.Text(f)) }}
	}
	derived := func(name string, of func(*request) []byte) column[*request] {
		return column[*request]{name, duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.text(of(e)) }}
	}
	reason := func(name string, of func(*request) []byte) column[*request] {
		return derived(name, func(e *request) []byte {
			if !e.verdict.failed {
				return nil
			}
			return of(e)
		})
	}
	seconds := func(name string, f parse.Field) column[*request] {
		return column[*request]{name, duckdb.TYPE_DOUBLE, func(c cell, e *request) {
			v := e.Seconds(f)
			put(c, v, v != parse.Absent)
		}}
	}
	number := func(name string, of func(*request) int) column[*request] {
		return column[*request]{name, duckdb.TYPE_INTEGER, func(c cell, e *request) {
			v := of(e)
			put(c, int32(v), v != parse.Absent)
		}}
	}
	size := func(name string, of func(*request) int64) column[*request] {
		return column[*request]{name, duckdb.TYPE_BIGINT, func(c cell, e *request) {
			v := of(e)
			put(c, v, v != parse.Absent)
		}}
	}
	port := func(name string, f parse.Field) column[*request] {
		return number(name, func(e *request) int { _, p := e.Addr(f); return portNumber(p) })
	}
	return []column[*request]{
		text("type", parse.FieldType),
		{"time", duckdb.TYPE_TIMESTAMP, func(c cell, e *request) { put(c, e.at, true) }},
		text("elb", parse.FieldELB),
		derived("client_ip", func(e *request) []byte { return e.client }),
		port("client_port", parse.FieldClient),
		derived("target_ip", func(e *request) []byte { ip, _ := e.Addr(parse.FieldTarget); return ip }),
		port("target_port", parse.FieldTarget),
		seconds("request_processing_time", parse.FieldRequestTime),
		seconds("target_processing_time", parse.FieldTargetTime),
		seconds("response_processing_time", parse.FieldResponseTime),
		number("elb_status_code", func(e *request) int { return e.ELBStatus }),
		number("target_status_code", func(e *request) int { return e.TargetStatus }),
		size("received_bytes", func(e *request) int64 { return e.Received }),
		size("sent_bytes", func(e *request) int64 { return e.Sent }),
		text("request", parse.FieldRequest),
		text("user_agent", parse.FieldUserAgent),
		text("ssl_cipher", parse.FieldSSLCipher),
		text("ssl_protocol", parse.FieldSSLProtocol),
		text("target_group_arn", parse.FieldTargetGroup),
		text("trace_id", parse.FieldTraceID),
		text("domain_name", parse.FieldDomainName),
		text("chosen_cert_arn", parse.FieldChosenCert),
		text("matched_rule_priority", parse.FieldRulePriority),
		{"request_creation_time", duckdb.TYPE_TIMESTAMP, func(c cell, e *request) {
			t, ok := e.CreationTime()
			put(c, t, ok)
		}},
		text("actions_executed", parse.FieldActions),
		text("redirect_url", parse.FieldRedirectURL),
		text("error_reason", parse.FieldErrorReason),
		text("target_port_list", parse.FieldTargetList),
		text("target_status_code_list", parse.FieldTargetStatusList),
		text("classification", parse.FieldClassification),
		text("classification_reason", parse.FieldClassificationReason),
		text("conn_trace_id", parse.FieldConnTraceID),
		text("transformed_host", parse.FieldTransformedHost),
		text("transformed_uri", parse.FieldTransformedURI),
		text("request_transform_status", parse.FieldTransformStatus),
		text("ip_address", parse.FieldIPAddress),
		text("target_error_code", parse.FieldTargetErrorCode),
		text("elb_error_code", parse.FieldELBErrorCode),

		text("target", parse.FieldTarget),
		derived("target_group", func(e *request) []byte { return groupName(e.Text(parse.FieldTargetGroup)) }),
		derived("node", func(e *request) []byte { return nodeOf(e.Access, e.node) }),
		{"route", duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.text(c.arena.route(e.Access)) }},
		{"client_net", duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.text(c.arena.network(e.client)) }},
		reason("reason", func(e *request) []byte { return e.verdict.why }),
		reason("reason_class", func(e *request) []byte { return classNames[e.verdict.class] }),
		reason("reason_source", func(e *request) []byte { return sourceNames[e.verdict.source] }),
		{"duration", duckdb.TYPE_DOUBLE, func(c cell, e *request) {
			t, ok := e.CreationTime()
			put(c, float64(e.Time-t)/1e6, ok && t <= e.Time)
		}},
		{"object_id", duckdb.TYPE_INTEGER, func(c cell, e *request) { put(c, e.object, true) }},
		{"object_uri", duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.str(e.uri) }},
		{"line_no", duckdb.TYPE_BIGINT, func(c cell, e *request) { put(c, e.line, true) }},
		{"raw", duckdb.TYPE_VARCHAR, func(c cell, e *request) { c.text(e.raw) }},
	}
}

var (
	classNames = func() (names [][]byte) {
		for _, c := range parse.Classes() {
			names = append(names, []byte(c))
		}
		return names
	}()
	sourceNames = [...][]byte{
		parse.Derived: []byte(parse.Derived.String()),
		parse.Logged:  []byte(parse.Logged.String()),
	}
)

// nodeOf returns the address of the balancer node: the one that the object's
// name gives, since an object is one node's, or else the line's own word.
func nodeOf(e *parse.Access, named string) []byte {
	if named != "" {
		return []byte(named)
	}
	return e.Text(parse.FieldIPAddress)
}

// groupName cuts the name out of a target group's ARN,
// arn:aws:elasticloadbalancing:region:account:targetgroup/NAME/id; nil for
// nil, and the whole word if it is no such ARN.
func groupName(arn []byte) []byte {
	_, rest, ok := bytes.Cut(arn, []byte(":targetgroup/"))
	if !ok {
		return arn
	}
	name, _, _ := bytes.Cut(rest, []byte("/"))
	return name
}

// portNumber decodes a port; parse.Absent if there is none.
func portNumber(b []byte) int {
	n := 0
	for _, c := range b {
		if c -= '0'; c > 9 {
			return parse.Absent
		}
		if n = n*10 + int(c); n > 65535 {
			return parse.Absent
		}
	}
	if len(b) == 0 {
		return parse.Absent
	}
	return n
}
