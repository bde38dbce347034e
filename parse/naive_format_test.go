package parse

import (
	"regexp"
	"strings"
)

// naiveFormat says in words and patterns what the lines of a log look like.
type naiveFormat struct {
	kind    Kind
	least   int
	time    int
	names   []string
	looks   map[string]look
	telling map[string]func(string) bool
	quoted  []string // what AWS writes in quotes
}

// look is what a field must look like.
type look struct {
	what string
	ok   func(string) bool
}

func pattern(what, expression string) look {
	return look{what, regexp.MustCompile(`^(?:` + expression + `)$`).MatchString}
}

var (
	likeTime = look{"a time such as 2026-10-07T07:15:01.101682Z", func(s string) bool {
		_, ok := naiveTime(s)
		return ok && strings.HasSuffix(s, "Z")
	}}
	likeBareTime = look{"a time such as 2026-10-07T07:15:01", func(s string) bool {
		_, ok := naiveTime(s)
		return ok
	}}
	likeSeconds = look{"a number", func(s string) bool {
		_, ok := naiveSeconds(s)
		return ok
	}}
	likeCount    = pattern("a number", `-|-1|-1\.0+|\d{1,18}`)
	likeStatus   = pattern("a status code", `-|\d{0,3}`)
	likePort     = pattern("a port", `-|-1|-1\.00?|\d{1,5}`)
	likeAddress  = pattern("an address", `-|[0-9a-fA-F.:\[\]]{1,64}`)
	likeEndpoint = look{"an address and a port", func(s string) bool { return likeAddress.ok(s) && strings.Contains(s, ":") }}
	likeTarget   = look{"an address or an ARN", func(s string) bool { return likeAddress.ok(s) || strings.HasPrefix(s, "arn:") }}
)

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

var naiveFormats = []naiveFormat{
	{
		kind: KindAccess, least: 12, time: 1,
		names: strings.Fields(`type time elb client:port target:port request_processing_time target_processing_time
			response_processing_time elb_status_code target_status_code received_bytes sent_bytes request user_agent
			ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority
			request_creation_time actions_executed redirect_url error_reason target:port_list target_status_code_list
			classification classification_reason conn_trace_id transformed_host transformed_uri
			request_transform_status ip_address target_error_code elb_error_code`),
		looks: map[string]look{
			"time": likeTime, "client:port": likeAddress, "target:port": likeAddress,
			"request_processing_time": likeSeconds, "target_processing_time": likeSeconds, "response_processing_time": likeSeconds,
			"elb_status_code": likeStatus, "target_status_code": likeStatus, "received_bytes": likeCount, "sent_bytes": likeCount,
		},
		telling: map[string]func(string) bool{"target_group_arn": isARN, "request_creation_time": likeBareTime.ok},
		quoted: strings.Fields(`request user_agent trace_id domain_name chosen_cert_arn actions_executed redirect_url
			error_reason target:port_list target_status_code_list classification classification_reason
			transformed_host transformed_uri request_transform_status target_error_code elb_error_code`),
	},
	{
		kind: KindConnection, least: 12,
		names: strings.Fields(`timestamp client_ip client_port listener_port tls_protocol tls_cipher tls_handshake_latency
			leaf_client_cert_subject leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status
			conn_trace_id tls_keyexchange elb ip_address`),
		looks: map[string]look{
			"timestamp": likeTime, "client_ip": likeAddress, "client_port": likePort, "listener_port": likePort,
			"tls_handshake_latency": likeSeconds,
		},
		telling: map[string]func(string) bool{"conn_trace_id": func(s string) bool { return strings.HasPrefix(s, "TID_") }},
		quoted:  []string{"leaf_client_cert_subject"},
	},
	{
		kind: KindHealthCheck, least: 8, time: 1,
		names: strings.Fields("type time latency target_addr target_group_id status status_code reason_code elb ip_address"),
		looks: map[string]look{
			"time": likeTime, "latency": likeSeconds, "target_addr": likeTarget, "status": pattern("PASS or FAIL", "PASS|FAIL"),
			"status_code": likeStatus,
		},
	},
	{
		kind: KindNLB, least: 18, time: 2,
		names: strings.Fields(`type version time elb listener client:port destination:port connection_time tls_handshake_time
			received_bytes sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial tls_cipher tls_protocol_version
			tls_keyexchange domain_name alpn_fe_protocol alpn_be_protocol alpn_client_preference_list
			tls_connection_creation_time`),
		looks: map[string]look{
			"version": pattern("a version", `-?|[0-9.]+`), "time": likeBareTime, "client:port": likeAddress,
			"destination:port": likeAddress, "connection_time": likeCount, "tls_handshake_time": likeCount,
			"received_bytes": likeCount, "sent_bytes": likeCount, "incoming_tls_alert": likeCount,
		},
		telling: map[string]func(string) bool{"chosen_cert_arn": isARN, "tls_connection_creation_time": likeBareTime.ok},
	},
	{
		kind: KindClassic, least: 12,
		names: strings.Fields(`time elb client:port backend:port request_processing_time backend_processing_time
			response_processing_time elb_status_code backend_status_code received_bytes sent_bytes request user_agent
			ssl_cipher ssl_protocol`),
		looks: map[string]look{
			"time": likeTime, "elb": pattern("the name of a Classic Load Balancer", "[0-9A-Za-z-]+"),
			"client:port": likeEndpoint, "backend:port": likeAddress,
			"request_processing_time": likeSeconds, "backend_processing_time": likeSeconds, "response_processing_time": likeSeconds,
			"elb_status_code": likeStatus, "backend_status_code": likeStatus, "received_bytes": likeCount, "sent_bytes": likeCount,
		},
	},
}

// naiveFormatOf returns the format of a kind.
func naiveFormatOf(k Kind) naiveFormat {
	for _, f := range naiveFormats {
		if f.kind == k {
			return f
		}
	}
	panic("no such log: " + k.String())
}
