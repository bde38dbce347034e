package query

import (
	"bytes"
	"errors"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/parse"
)

// failed is a failing request as the columns of the failure relation read it.
type failed struct {
	*parse.Access
	parse.Verdict
	record record
	node   string // the balancer node by the object's name
}

// newFailure returns the relation of failing requests, whole: all fields of the
// access log under AWS's names, absent values NULL, and what loglens derives.
// Times are UTC, durations seconds, sizes bytes. node gives a log object's node.
func newFailure(s *spool, node func(object int32) string) *relation[failed] {
	return &relation[failed]{
		name: "failure", spool: s, columns: failureColumns(),
		decoder: func() func(record) (failed, error) {
			var p parse.Parser
			return func(r record) (failed, error) {
				e := p.Parse(r.raw)
				if e == nil {
					return failed{}, errors.New("a kept line cannot be read again")
				}
				v, _ := e.Classify()
				return failed{e, v, r, node(r.object)}, nil
			}
		},
	}
}

func failureColumns() []column[failed] {
	text := func(name string, f parse.Field) column[failed] {
		return column[failed]{name, duckdb.TYPE_VARCHAR, func(c cell, e failed) error { return c.text(e.Text(f)) }}
	}
	derived := func(name string, of func(failed) []byte) column[failed] {
		return column[failed]{name, duckdb.TYPE_VARCHAR, func(c cell, e failed) error { return c.text(of(e)) }}
	}
	seconds := func(name string, f parse.Field) column[failed] {
		return column[failed]{name, duckdb.TYPE_DOUBLE, func(c cell, e failed) error {
			v := e.Seconds(f)
			return put(c, v, v != parse.Absent)
		}}
	}
	number := func(name string, of func(failed) int) column[failed] {
		return column[failed]{name, duckdb.TYPE_INTEGER, func(c cell, e failed) error {
			v := of(e)
			return put(c, int32(v), v != parse.Absent)
		}}
	}
	size := func(name string, of func(failed) int64) column[failed] {
		return column[failed]{name, duckdb.TYPE_BIGINT, func(c cell, e failed) error {
			v := of(e)
			return put(c, v, v != parse.Absent)
		}}
	}
	ip := func(name string, f parse.Field) column[failed] {
		return derived(name, func(e failed) []byte { ip, _ := e.Addr(f); return ip })
	}
	port := func(name string, f parse.Field) column[failed] {
		return number(name, func(e failed) int { _, p := e.Addr(f); return portNumber(p) })
	}
	return []column[failed]{
		text("type", parse.FieldType),
		{"time", duckdb.TYPE_TIMESTAMP, func(c cell, e failed) error { return put(c, micros(e.Time), true) }},
		text("elb", parse.FieldELB),
		ip("client_ip", parse.FieldClient),
		port("client_port", parse.FieldClient),
		ip("target_ip", parse.FieldTarget),
		port("target_port", parse.FieldTarget),
		seconds("request_processing_time", parse.FieldRequestTime),
		seconds("target_processing_time", parse.FieldTargetTime),
		seconds("response_processing_time", parse.FieldResponseTime),
		number("elb_status_code", func(e failed) int { return e.ELBStatus }),
		number("target_status_code", func(e failed) int { return e.TargetStatus }),
		size("received_bytes", func(e failed) int64 { return e.Received }),
		size("sent_bytes", func(e failed) int64 { return e.Sent }),
		text("request", parse.FieldRequest),
		text("user_agent", parse.FieldUserAgent),
		text("ssl_cipher", parse.FieldSSLCipher),
		text("ssl_protocol", parse.FieldSSLProtocol),
		text("target_group_arn", parse.FieldTargetGroup),
		text("trace_id", parse.FieldTraceID),
		text("domain_name", parse.FieldDomainName),
		text("chosen_cert_arn", parse.FieldChosenCert),
		text("matched_rule_priority", parse.FieldRulePriority),
		{"request_creation_time", duckdb.TYPE_TIMESTAMP, func(c cell, e failed) error {
			t, ok := e.CreationTime()
			return put(c, micros(t), ok)
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
		derived("target_group", func(e failed) []byte { return groupName(e.Text(parse.FieldTargetGroup)) }),
		derived("node", func(e failed) []byte { return nodeOf(e.Access, e.node) }),
		derived("reason", func(e failed) []byte { return e.Reason }),
		derived("reason_class", func(e failed) []byte { return []byte(e.Class.String()) }),
		derived("reason_source", func(e failed) []byte { return []byte(e.Source.String()) }),
		{"duration", duckdb.TYPE_DOUBLE, func(c cell, e failed) error {
			t, ok := e.CreationTime()
			return put(c, float64(e.Time-t)/1e6, ok && t <= e.Time)
		}},
		{"object_id", duckdb.TYPE_INTEGER, func(c cell, e failed) error { return put(c, e.record.object, true) }},
		{"line_no", duckdb.TYPE_BIGINT, func(c cell, e failed) error { return put(c, e.record.line, true) }},
	}
}

// micros is a time of the log as DuckDB takes it.
func micros(t int64) time.Time { return time.UnixMicro(t).UTC() }

// nodeOf returns the address of the balancer node: the line's own word, or the
// object name's where the line is older than the field.
func nodeOf(e *parse.Access, named string) []byte {
	if ip := e.Text(parse.FieldIPAddress); ip != nil || named == "" {
		return ip
	}
	return []byte(named)
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
