package parse

// The fields of a connection log of an Application Load Balancer, for Entry. One
// line per connection; files from before 2025 end with conn_trace_id.
// Source: AWS, "Connection log entry syntax", read 2026-11.
const (
	ConnectionTime = iota
	ConnectionClientIP
	ConnectionClientPort
	ConnectionListenerPort
	ConnectionTLSProtocol
	ConnectionTLSCipher
	ConnectionHandshakeLatency // seconds; absent without TLS, and if the handshake failed
	ConnectionCertSubject
	ConnectionCertValidity
	ConnectionCertSerial
	ConnectionVerifyStatus // Success, Failed:CODE; absent without TLS
	ConnectionTraceID      // stands in the access log, too
	ConnectionKeyExchange
	ConnectionELB
	ConnectionIPAddress // the balancer's node
)

var connectionFormat = format{kind: KindConnection, least: ConnectionTraceID + 1, time: ConnectionTime, widths: []int{12}, fields: []fieldFormat{
	ConnectionTime:             {name: "timestamp", form: aTime, needed: true},
	ConnectionClientIP:         {name: "client_ip", form: anAddress, told: wholePart},
	ConnectionClientPort:       {name: "client_port", form: aPort},
	ConnectionListenerPort:     {name: "listener_port", form: aPort, told: wholePart},
	ConnectionTLSProtocol:      {name: "tls_protocol", told: wholePart},
	ConnectionTLSCipher:        {name: "tls_cipher"},
	ConnectionHandshakeLatency: {name: "tls_handshake_latency", form: aDecimal},
	ConnectionCertSubject:      {name: "leaf_client_cert_subject", quoted: true},
	ConnectionCertValidity:     {name: "leaf_client_cert_validity"},
	ConnectionCertSerial:       {name: "leaf_client_cert_serial_number"},
	ConnectionVerifyStatus:     {name: "tls_verify_status", told: wholePart},
	ConnectionTraceID:          {name: "conn_trace_id", tell: maybeTraceID},
	ConnectionKeyExchange:      {name: "tls_keyexchange"},
	ConnectionELB:              {name: "elb", told: wholePart},
	ConnectionIPAddress:        {name: "ip_address", told: wholePart},
}}
