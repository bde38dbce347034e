package parse

// The fields of an access log of a Network Load Balancer, for Entry. One line
// per TLS connection; other listeners write none, and no field names a target. Lines of
// before ALPN, in 2020, end with domain_name, later ones with alpn_client_preference_list.
// Source: AWS, "Access logs for your Network Load Balancer", read 2026-11.
const (
	NLBType    = iota // tls
	NLBVersion        // of the line, 2.0
	NLBTime           // when the connection ended
	NLBELB
	NLBListener
	NLBClient
	NLBDestination    // the listener's address, or that of a VPC endpoint; never the target
	NLBConnectionTime // milliseconds
	NLBHandshakeTime  // milliseconds; absent if the handshake was not completed
	NLBReceivedBytes
	NLBSentBytes
	NLBTLSAlert
	NLBCertARN
	NLBCertSerial
	NLBTLSCipher
	NLBTLSProtocol
	NLBKeyExchange // formerly tls_named_group
	NLBDomainName
	NLBALPNFrontEnd
	NLBALPNBackEnd
	NLBALPNClient // what the client prefers, as in "h2","http/1.1"
	NLBCreationTime
)

var nlbFormat = format{kind: KindNLB, least: NLBDomainName + 1, time: NLBTime, widths: []int{18, 21}, fields: []fieldFormat{
	NLBType:           {name: "type"},
	NLBVersion:        {name: "version", form: aVersion},
	NLBTime:           {name: "time", form: aBareTime, needed: true},
	NLBELB:            {name: "elb", told: wholePart},
	NLBListener:       {name: "listener"},
	NLBClient:         {name: "client:port", form: anAddress, told: ipPart},
	NLBDestination:    {name: "destination:port", form: anAddress, told: portPart},
	NLBConnectionTime: {name: "connection_time", form: anInteger},
	NLBHandshakeTime:  {name: "tls_handshake_time", form: anInteger, told: wholePart},
	NLBReceivedBytes:  {name: "received_bytes", form: anInteger},
	NLBSentBytes:      {name: "sent_bytes", form: anInteger},
	NLBTLSAlert:       {name: "incoming_tls_alert", form: anInteger, told: wholePart},
	NLBCertARN:        {name: "chosen_cert_arn", tell: maybeARN},
	NLBCertSerial:     {name: "chosen_cert_serial"},
	NLBTLSCipher:      {name: "tls_cipher"},
	NLBTLSProtocol:    {name: "tls_protocol_version", told: wholePart},
	NLBKeyExchange:    {name: "tls_keyexchange"},
	NLBDomainName:     {name: "domain_name"},
	NLBALPNFrontEnd:   {name: "alpn_fe_protocol"},
	NLBALPNBackEnd:    {name: "alpn_be_protocol"},
	NLBALPNClient:     {name: "alpn_client_preference_list", form: aList},
	NLBCreationTime:   {name: "tls_connection_creation_time", tell: maybeTime},
}}
