package parse

import "bytes"

// Absent stands for a number that the line does not have: AWS writes - or -1,
// or the line is older than the field. It is not zero, and no sum or average
// may see it.
const Absent = -1

// Access is one entry of an access log of an Application or a Classic Load
// Balancer; a classic entry has the same fields without type and from
// target_group_arn on. Its fields are views into the scanner's buffer and die
// with the next Scan.
// Source: AWS, "Access log entry syntax", read 2026-11.
type Access struct {
	// Time is when the balancer generated the response to the client, in
	// microseconds since 1970 UTC. For WebSockets it is when the connection
	// closed, and for a classic entry when the request was received.
	Time int64
	// ELBStatus is the balancer's status code; 0 for AWS's 000, Absent if there
	// is none, as for the TCP and SSL connections of a classic balancer.
	ELBStatus int
	// TargetStatus is the target's status code, Absent unless the target
	// sent a response.
	TargetStatus int
	// Received and Sent are the bytes from and to the client, headers included.
	Received, Sent int64
	// Extra is how many fields follow the last known one.
	Extra int

	kind Kind
	cells
}

// Kind returns KindAccess or KindClassic.
func (e *Access) Kind() Kind { return e.kind }

// Raw returns the whole line without its end; a view. A line of a delivery as
// JSON or W3C is rewritten in the order and form of the plain log.
func (e *Access) Raw() []byte { return e.raw }

// Width returns how many fields are known of the line: those below Width, but
// for the type of a classic entry.
func (e *Access) Width() int {
	return e.n
}

// Field returns a field as it stands in the log, without quotes and with AWS's
// escapes; nil if the line is older than the field. A view.
func (e *Access) Field(f Field) []byte {
	return e.at(int(f))
}

// Text returns a field, or nil where the log says - or is older than the field.
// A view.
func (e *Access) Text(f Field) []byte {
	return text(e.Field(f))
}

// Has reports whether the line has a value for the field.
func (e *Access) Has(f Field) bool { return e.Text(f) != nil }

// Seconds returns one of the three processing times in seconds, Absent for
// AWS's -1, which says that this part of the exchange never happened.
func (e *Access) Seconds(f Field) float64 {
	v, ok := decimal(e.Field(f))
	if !ok {
		return Absent
	}
	return v
}

// Micros returns one of the three processing times in microseconds, rounded, Absent
// where Seconds does.
func (e *Access) Micros(f Field) int64 {
	b := e.Field(f)
	if ms, ok := millis(b); ok {
		return ms * 1000
	}
	s, ok := decimal(b)
	if !ok || s == Absent {
		return Absent
	}
	return int64(s*1e6 + 0.5)
}

// Addr splits client:port or target:port at the last colon, since AWS writes
// IPv6 addresses without brackets. Both are nil if the field is; port is nil
// if there is no colon. Views.
func (e *Access) Addr(f Field) (ip, port []byte) {
	return splitAddress(e.Text(f))
}

// RequestLine splits the request into verb, URL and protocol. AWS writes the
// URL as the client sent it, raw spaces included: the verb is the first word,
// the protocol the last. Malformed requests have a - in place of either. Views.
func (e *Access) RequestLine() (verb, url, protocol []byte) {
	b := bytes.TrimRight(e.Field(FieldRequest), " ")
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil, nil
	}
	verb, b = b[:i], b[i+1:]
	j := bytes.LastIndexByte(b, ' ')
	if j < 0 {
		return verb, b, nil
	}
	return verb, b[:j], b[j+1:]
}

// CreationTime returns when the balancer received the request, in microseconds
// since 1970 UTC. ok is false if the line does not say.
func (e *Access) CreationTime() (micros int64, ok bool) {
	var c clock
	return c.micros(e.Field(FieldCreationTime))
}

// take makes e the entry of these fields, which have been checked.
func (e *Access) take(l *cells, c *clock) {
	e.kind = KindAccess
	e.cells = *l
	e.limit()
	e.decode(c)
}

// limit tells the known fields from those that follow.
func (e *Access) limit() {
	all := e.n
	e.n = min(all, Fields)
	e.Extra = all - e.n
}

// decode gives the fields that every entry needs their types.
func (e *Access) decode(c *clock) {
	e.Time, _ = c.micros(e.Field(FieldTime))
	e.ELBStatus, _ = status(e.Field(FieldELBStatus))
	e.TargetStatus, _ = status(e.Field(FieldTargetStatus))
	e.Received, _ = integer(e.Field(FieldReceivedBytes))
	e.Sent, _ = integer(e.Field(FieldSentBytes))
}
