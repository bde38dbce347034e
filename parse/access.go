package parse

import "bytes"

// Absent stands for a number that the line does not have: AWS writes - or -1,
// or the line is older than the field. It is not zero, and no sum or average
// may see it.
const Absent = -1

// Access is one entry of an ALB access log. Its fields are views into the
// scanner's buffer and die with the next Scan.
// Source: AWS, "Access log entry syntax", read 2026-11.
type Access struct {
	// Time is when the balancer generated the response to the client, in
	// microseconds since 1970 UTC. For WebSockets it is when the connection closed.
	Time int64
	// ELBStatus is the balancer's status code; 0 for AWS's 000, Absent if there is none.
	ELBStatus int
	// TargetStatus is the target's status code, Absent unless the target
	// sent a response.
	TargetStatus int
	// Received and Sent are the bytes from and to the client, headers included.
	Received, Sent int64
	// Extra is how many fields follow the last known one.
	Extra int

	raw  []byte
	n    int  // known fields that are cut
	tail bool // more fields follow those, all of them plain, see glance
	span [Fields]span
}

// span is a field's place in the line, without quotes.
type span struct{ from, to uint32 }

// Raw returns the whole line without its end; a view.
func (e *Access) Raw() []byte { return e.raw }

// Width returns how many known fields the line has.
func (e *Access) Width() int {
	e.finish()
	return e.n
}

// finish cuts the fields that glance has left.
func (e *Access) finish() {
	if e.tail {
		e.tail = false
		e.cut() // cannot find anything amiss: glance has looked
	}
}

// Field returns a field as it stands in the log, without quotes and with AWS's
// escapes; nil if the line is older than the field. A view.
func (e *Access) Field(f Field) []byte {
	if int(f) >= e.n {
		if e.finish(); int(f) >= e.n {
			return nil
		}
	}
	s := e.span[f]
	return e.raw[s.from:s.to]
}

// Text returns a field, or nil where the log says - or is older than the field.
// A view.
func (e *Access) Text(f Field) []byte {
	b := e.Field(f)
	if len(b) == 0 || (len(b) == 1 && b[0] == '-') {
		return nil
	}
	return b
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

// Addr splits client:port or target:port at the last colon, since AWS writes
// IPv6 addresses without brackets. Both are nil if the field is; port is nil
// if there is no colon. Views.
func (e *Access) Addr(f Field) (ip, port []byte) {
	b := e.Text(f)
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i+1:]
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

// set makes e the entry on line, or says what is wrong with it. The usual line
// goes through one quick pass.
func (e *Access) set(line []byte, c *clock) Cause {
	e.raw = line
	if e.glance(c) {
		return Cause{}
	}
	e.tail = false
	cause := e.cut()
	if cause.kind == whole {
		cause = e.check(c)
	}
	if cause.kind == whole || cause.kind == emptyLine {
		return cause
	}
	return e.setRare(c)
}

// check decodes the fields that every entry needs and refuses a line in which
// one of them cannot be what it should be: its fields have been shifted.
func (e *Access) check(c *clock) Cause {
	var ok bool
	if e.Time, ok = c.micros(e.Field(FieldTime)); !ok {
		return Cause{badField, FieldTime}
	}
	if !addressLike(e.Field(FieldClient)) {
		return Cause{badField, FieldClient}
	}
	if !addressLike(e.Field(FieldTarget)) {
		return Cause{badField, FieldTarget}
	}
	for f := FieldRequestTime; f <= FieldResponseTime; f++ {
		if _, ok = decimal(e.Field(f)); !ok {
			return Cause{badField, f}
		}
	}
	if e.ELBStatus, ok = status(e.Field(FieldELBStatus)); !ok {
		return Cause{badField, FieldELBStatus}
	}
	if e.TargetStatus, ok = status(e.Field(FieldTargetStatus)); !ok {
		return Cause{badField, FieldTargetStatus}
	}
	if e.Received, ok = integer(e.Field(FieldReceivedBytes)); !ok {
		return Cause{badField, FieldReceivedBytes}
	}
	if e.Sent, ok = integer(e.Field(FieldSentBytes)); !ok {
		return Cause{badField, FieldSentBytes}
	}
	return Cause{}
}
