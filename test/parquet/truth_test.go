//go:build parquet

package parquet

import (
	"path"
	"strconv"
	"strings"
	"time"

	"loglens/internal/demo"
)

// layout is how all engines are made to write a time.
const layout = "2006-01-02 15:04:05.000000"

// row is what the truth knows of a row, by column; nil is NULL.
type row map[string]any

// relations are what can be exported.
var relations = []struct {
	name  string
	when  string // the column that days are made of
	group string // the column that engines count by
	rows  func(*demo.Truth) []row
}{
	{"request", "time", "reason", requests},
	{"failure", "time", "reason", failures},
	{"connection", "timestamp", "tls_verify_status", connections},
	{"health_check", "time", "reason_code", checks},
	{"nlb_tls", "time", "tls_protocol_version", tls},
}

func requests(t *demo.Truth) []row {
	var rows []row
	for i := range t.Requests {
		rows = append(rows, request(t, &t.Requests[i]))
	}
	return rows
}

func failures(t *demo.Truth) []row {
	var rows []row
	for i := range t.Requests {
		if t.Requests[i].Failed() {
			rows = append(rows, request(t, &t.Requests[i]))
		}
	}
	return rows
}

func request(t *demo.Truth, r *demo.Request) row {
	ip, port := address(r.Target)
	return row{
		"time": r.Time.Format(layout), "elb": r.LoadBalancer, "node": r.Node,
		"client_ip": r.Client, "client_port": r.ClientPort, "target_ip": ip, "target_port": port,
		"request_processing_time":  fraction(r.RequestTime, 1e6),
		"target_processing_time":   fraction(r.TargetTime, 1e6),
		"response_processing_time": fraction(r.ResponseTime, 1e6),
		"elb_status_code":          number(int64(r.ELBStatus)), "target_status_code": number(int64(r.TargetStatus)),
		"received_bytes": number(int64(r.Received)), "sent_bytes": number(int64(r.Sent)),
		"request": demo.Legible(r.RequestLine), "target_group_arn": text(r.TargetGroupARN), "conn_trace_id": text(r.ConnTraceID),
		"request_creation_time": created(r.Created),
		"reason":                text(r.Reason), "reason_class": text(r.Class), "reason_source": text(r.Source),
		"object_uri": place(t, r.Object), "line_no": r.Line,
	}
}

func connections(t *demo.Truth) []row {
	var rows []row
	for _, c := range t.Connections {
		rows = append(rows, row{
			"timestamp": c.Time.Format(layout), "load_balancer": c.LoadBalancer, "node": c.Node,
			"client_ip": c.Client, "client_port": c.ClientPort, "listener_port": c.ListenerPort,
			"tls_protocol": text(c.Protocol), "tls_cipher": text(c.Cipher), "tls_keyexchange": text(c.KeyExchange),
			"tls_handshake_latency": fraction(c.Handshake, 1e6), "tls_verify_status": text(c.Verify),
			"leaf_client_cert_subject": text(c.Subject), "conn_trace_id": c.TraceID,
			"object_uri": place(t, c.Object), "line_no": c.Line,
		})
	}
	return rows
}

func checks(t *demo.Truth) []row {
	var rows []row
	for _, c := range t.Checks {
		status := "FAIL"
		if c.Pass {
			status = "PASS"
		}
		rows = append(rows, row{
			"time": c.Time.Format(layout), "load_balancer": c.LoadBalancer, "node": c.Node, "type": c.Type,
			"target_addr": c.Target, "target_group_id": c.Group, "latency": fraction(c.Latency, 1e9),
			"status": status, "status_code": number(int64(c.StatusCode)), "reason_code": text(c.ReasonCode),
			"object_uri": place(t, c.Object), "line_no": c.Line,
		})
	}
	return rows
}

func tls(t *demo.Truth) []row {
	var rows []row
	for _, c := range t.TLS {
		ip, port := address(c.Destination)
		var handshake any
		if c.Handshake >= 0 {
			handshake = c.Handshake / 1000
		}
		rows = append(rows, row{
			"time": c.Time.Format(layout), "tls_connection_creation_time": c.Created.Format("2006-01-02T15:04:05"),
			"elb": c.LoadBalancer, "listener": c.Listener, "client_ip": c.Client, "client_port": c.ClientPort,
			"destination_ip": ip, "destination_port": port,
			"connection_time": c.Duration / 1000, "tls_handshake_time": handshake,
			"received_bytes": c.Received, "sent_bytes": c.Sent, "incoming_tls_alert": number(int64(c.Alert)),
			"chosen_cert_arn": text(c.CertARN), "tls_cipher": text(c.Cipher), "tls_protocol_version": text(c.Protocol),
			"tls_keyexchange": text(c.KeyExchange), "domain_name": text(c.Domain), "alpn_fe_protocol": text(c.ALPNFrontend),
			"alpn_be_protocol": text(c.ALPNBackend), "alpn_client_preference_list": text(c.ALPNClient),
			"object_uri": place(t, c.Object), "line_no": c.Line,
		})
	}
	return rows
}

// place is where the command finds an object: it is run beside the tree.
func place(t *demo.Truth, object int32) string { return path.Join(tree, t.Objects[object].Key) }

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func number(n int64) any {
	if n < 0 {
		return nil
	}
	return n
}

func fraction(n int64, of float64) any {
	if n < 0 {
		return nil
	}
	return float64(n) / of
}

func created(us int64) any {
	if us < 0 {
		return nil
	}
	return time.UnixMicro(us).UTC().Format(layout)
}

func address(s string) (ip, port any) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return nil, nil
	}
	n, _ := strconv.Atoi(s[i+1:])
	return s[:i], n
}
