package demo

import (
	"math/rand/v2"
	"slices"
)

// record is one entry that can be written field by field.
type record interface {
	// field writes field f, counted from 1 as AWS's documentation does, with
	// its quotes if it has any.
	field(b []byte, f int) []byte
}

// layout is what AWS documents of a log: its fields, and where a line of it can
// be damaged. Fields are counted from 1.
type layout struct {
	fields []string // by AWS's names, in order
	widths []int    // numbers of fields that lines have had, oldest first
	time   int
	status int   // 0 = no field that is a number to every reader
	quoted []int // fields whose closing quote can be missing
	least  int   // a line of so many fields is too short for any reader
	vended []string
}

// layouts are those of all logs. What is vended always holds the columns that
// times, places and reasons need, in an order that is not AWS's.
var layouts = map[Kind]*layout{
	KindAccess: {
		fields: []string{"type", "time", "elb", "client:port", "target:port", "request_processing_time", "target_processing_time",
			"response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request_line",
			"user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn",
			"matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url", "error_reason", "target:port_list",
			"target_status_code_list", "classification", "classification_reason", "conn_trace_id", "transformed_host",
			"transformed_uri", "request_transform_status", "ip_address", "target_error_code", "elb_error_code"},
		// 38 is the future: two fields that nobody knows.
		widths: []int{18, 20, 25, 27, 29, 30, 33, 34, today, 38},
		time:   2, status: 9, quoted: []int{13, 14}, least: 11,
		vended: []string{"elb_status_code", "target_status_code", "time", "elb", "ip_address", "client:port", "conn_trace_id",
			"target_group_arn", "target:port", "request_line", "response_processing_time", "target_processing_time",
			"request_processing_time", "request_creation_time", "sent_bytes", "actions_executed", "matched_rule_priority",
			"error_reason", "classification", "request_transform_status", "target_error_code", "elb_error_code"},
	},
	KindConnection: {
		fields: []string{"time", "client_ip", "client_port", "listener_port", "tls_protocol", "tls_cipher", "tls_handshake_latency",
			"leaf_client_cert_subject", "leaf_client_cert_validity", "leaf_client_cert_serial_number", "tls_verify_status",
			"conn_trace_id", "tls_keyexchange", "elb", "ip_address"},
		widths: []int{12, 15},
		time:   1, quoted: []int{8}, least: 7,
		vended: []string{"conn_trace_id", "elb", "ip_address", "time", "listener_port", "client_port", "client_ip",
			"tls_verify_status", "tls_handshake_latency", "tls_protocol", "tls_cipher"},
	},
	KindHealthCheck: {
		fields: []string{"type", "time", "latency", "target_addr", "target_group_id", "status", "status_code", "reason_code", "elb", "ip_address"},
		widths: []int{8, 10},
		time:   2, least: 5,
		vended: []string{"status", "reason_code", "status_code", "target_group_id", "target_addr", "type", "ip_address", "elb", "time"},
	},
	KindNLB: {
		fields: []string{"type", "version", "time", "elb", "listener", "client:port", "destination:port", "connection_time",
			"tls_handshake_time", "received_bytes", "sent_bytes", "incoming_tls_alert", "chosen_cert_arn", "chosen_cert_serial",
			"tls_cipher", "tls_protocol_version", "tls_keyexchange", "domain_name", "alpn_fe_protocol", "alpn_be_protocol",
			"alpn_client_preference_list", "tls_connection_creation_time"},
		widths: []int{22},
		time:   3, least: 10,
		vended: []string{"elb", "time", "tls_connection_creation_time", "listener", "destination:port", "client:port", "tls_handshake_time",
			"connection_time", "incoming_tls_alert", "tls_protocol_version", "tls_cipher", "tls_keyexchange", "chosen_cert_arn",
			"domain_name", "sent_bytes", "received_bytes"},
	},
	KindClassic: {
		fields: []string{"time", "elb", "client:port", "backend:port", "request_processing_time", "backend_processing_time",
			"response_processing_time", "elb_status_code", "backend_status_code", "received_bytes", "sent_bytes", "request",
			"user_agent", "ssl_cipher", "ssl_protocol"},
		widths: []int{15},
		time:   1, status: 8, quoted: []int{12, 13}, least: 10,
	},
}

// today is the width that AWS writes now in access logs.
const today = 36

// append writes an entry in the object's format. The width is that of
// FormatPlain.
func (o *Object) append(b []byte, r record, width int) []byte {
	switch o.Format {
	case FormatJSON:
		return appendJSON(b, r, o.Kind, o.Columns)
	case FormatW3C:
		return appendW3C(b, r, o.Kind, o.Columns)
	}
	return appendFields(b, r, width)
}

// has reports whether entries of the object have a field.
func (o *Object) has(column string) bool {
	return o.Columns == nil || slices.Contains(o.Columns, column)
}

// appendFields writes the first width fields.
func appendFields(b []byte, r record, width int) []byte {
	for f := 1; f <= width; f++ {
		if f > 1 {
			b = append(b, ' ')
		}
		b = r.field(b, f)
	}
	return b
}

// badTimes cannot be read as a time by anybody.
var badTimes = []string{"2026-13-41T25:61:61.000000Z", "-", "yesterday", "2026-11-22", "22/Nov/2026:03:15:00"}

// badStatuses are no numbers and not absent.
var badStatuses = []string{"2OO", "ok", "5x3", "4.0.4"}

// causes are the ways to damage a line of the layout that may strike anywhere.
func (l *layout) causes() []Cause {
	list := []Cause{CauseCut, CauseTime, CauseEmpty}
	if l.status > 0 {
		list = append(list, CauseStatus)
	}
	if l.quoted != nil {
		list = append(list, CauseQuote)
	}
	return list
}

// spoiled is a record one of whose fields says something else.
type spoiled struct {
	record
	at   int
	text string
}

func (s spoiled) field(b []byte, f int) []byte {
	if f == s.at {
		return append(b, s.text...)
	}
	return s.record.field(b, f)
}

// damage writes r as a line that must be rejected.
func (o *Object) damage(rng *rand.Rand, b []byte, r record, width int, cause Cause) []byte {
	l, start := layouts[o.Kind], len(b)
	switch cause {
	case CauseEmpty:
		return b
	case CauseTime:
		return o.append(b, spoiled{r, l.time, one(rng, badTimes)}, width)
	case CauseStatus:
		return o.append(b, spoiled{r, l.status, one(rng, badStatuses)}, width)
	case CauseLineLength: // the record is long already
		return o.append(b, r, width)
	case CauseCut:
		switch o.Format {
		case FormatJSON:
			b = o.append(b, r, width)
			return b[:start+1+rng.IntN(len(b)-start-1)]
		case FormatW3C:
			b = appendW3C(b, r, o.Kind, o.Columns[:len(o.Columns)/3])
		default:
			b = appendFields(b, r, l.least)
		}
		return b[:start+1+rng.IntN(len(b)-start)]
	case CauseQuote:
		last := one(rng, l.quoted)
		b = append(appendFields(b, r, last-1), ' ')
		from := len(b) + 1
		b = r.field(b, last)
		return b[:from+rng.IntN(len(b)-from)]
	}
	panic("demo: no such cause: " + string(cause))
}
