package query

import (
	"regexp"
	"strings"
)

// Statements are often taken from Athena, whose tables AWS's documentation creates: what they
// name is here, under another name. Source: Athena User Guide, "Query Application Load Balancer
// logs", and those of Classic and Network Load Balancers, read 2026-11.

// elsewhere is what stands here for a table or a column of those tables, or a function of Athena,
// and for what other tools, and our own reports, call a column.
var elsewhere = map[string]string{
	"alb_access_logs": "request", "alb_logs": "request", "elb_logs": "request", "clb_logs": "request",
	"alb_connection_logs": "connection", "nlb_tls_logs": "nlb_tls", "nlb_logs": "nlb_tls",

	"request_verb": requestMethod, "request_url": requestURL, "request_proto": requestVersion,
	"url": requestURL, "protocol": requestVersion, "day": "time::date",
	"timestamp": "time", "elb_name": "elb", "request_ip": "client_ip", "request_port": "client_port",
	"backend_ip": "target_ip", "backend_port": "target_port", "backend_processing_time": "target_processing_time",
	"client_response_time": "response_processing_time", "elb_response_code": "elb_status_code", "backend_response_code": "target_status_code",
	"lambda_error_reason": "error_reason", "listener_id": "listener", "tcp_connection_time_ms": "connection_time",
	"tls_handshake_time_ms": "tls_handshake_time", "cert_arn": "chosen_cert_arn", "certificate_serial": "chosen_cert_serial",
	"tls_cipher_suite": "tls_cipher", "tls_named_group": "tls_keyexchange",
	"method": requestMethod, "path": requestPath, "host": requestHost, "uri": requestURL,
	"client": "client_ip", "load_balancer": "elb", "elb": "load_balancer",

	"date_format": "strftime(time, '%H:%M')", "approx_percentile": "quantile_cont(target_processing_time, 0.99)",
	"parse_datetime": plainTime, "date_parse": plainTime, "from_iso8601_timestamp": plainTime,
	"regexp_like": "regexp_matches(request, '/api/')", "url_extract_host": requestHost, "url_extract_path": requestPath,
}

// Parts of a request's first line. A URL may have spaces in it.
const (
	requestMethod  = "split_part(request, ' ', 1)"
	requestURL     = "regexp_extract(request, ' (.*) ', 1)"
	requestVersion = "regexp_extract(request, '[^ ]*$')"
	requestHost    = "regexp_extract(request, '://(.*?):[0-9]+/', 1)"
	requestPath    = "regexp_extract(request, '://.*?:[0-9]+(/[^?]*?)([?].*)? [^ ]*$', 1)"
)

// plainTime is a time of the logs, which has not to be read from a text.
const plainTime = "time >= '2026-11-22 03:15'"

// here tells what stands for a name of elsewhere, "" if it is none.
func here(name string) string {
	if what := elsewhere[lower(name)]; what != "" {
		return "in place of " + lower(name) + ": " + what
	}
	return ""
}

// noColumn is how DuckDB says that there is no column of a name.
var noColumn = regexp.MustCompile(`column (?:named )?"([^"]+)"`)

// hinted is what to do next, with one hint more, if there is one.
func hinted(next, hint string) string { return strings.Trim(next+"\n"+hint, "\n") }
