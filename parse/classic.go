package parse

// classicFormat is the access log of a Classic Load Balancer: the fields of an
// ALB access log from time to ssl_protocol, under older names. Lines from
// before 2015 end with the request. A name without a slash keeps lines of an ALB
// that have lost their type from being read as these.
// Source: AWS, "Access logs for your Classic Load Balancer", read 2026-11.
var classicFormat = format{kind: KindClassic, least: 12, widths: []int{12}, fields: []fieldFormat{
	{name: "time", form: aTime},
	{name: "elb", form: aPlainName},
	{name: "client:port", form: anEndpoint},
	{name: "backend:port", form: anAddress},
	{name: "request_processing_time", form: aDecimal},
	{name: "backend_processing_time", form: aDecimal},
	{name: "response_processing_time", form: aDecimal},
	{name: "elb_status_code", form: aStatus},
	{name: "backend_status_code", form: aStatus},
	{name: "received_bytes", form: anInteger},
	{name: "sent_bytes", form: anInteger},
	{name: "request", quoted: true},
	{name: "user_agent", quoted: true},
	{name: "ssl_cipher"},
	{name: "ssl_protocol"},
}}

// takeClassic makes e the entry of a classic line: its fields are those of an ALB
// line behind the type.
func (e *Access) takeClassic(l *cells, c *clock) {
	e.kind = KindClassic
	e.raw = l.raw
	n := min(l.n, len(classicFormat.fields))
	e.Extra = l.n - n
	e.n = copy(e.span[FieldTime:], l.span[:n]) + int(FieldTime)
	e.span[FieldType] = span{}
	e.decode(c)
	// A classic balancer writes 0 for the status of a backend that has not answered.
	if e.TargetStatus == 0 {
		e.TargetStatus = Absent
	}
}
