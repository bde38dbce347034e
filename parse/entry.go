package parse

import "bytes"

// Entry is one entry of a log that is no access log of requests: a connection, a
// health check, or a TLS connection of a Network Load Balancer. Its fields are
// named by the constants of its kind, such as ConnectionTime; they are views
// into the scanner's buffer and die with the next Scan.
type Entry struct {
	// Kind is KindConnection, KindHealthCheck or KindNLB.
	Kind Kind
	// Time is the entry's own time in microseconds since 1970 UTC: when the
	// connection came, when the check began, when the TLS connection ended.
	Time int64
	// Extra is how many fields follow the last known one.
	Extra int

	cells
}

// Raw returns the whole line without its end; a view. A line of a delivery as
// JSON or W3C is rewritten in the order and form of the plain log.
func (e *Entry) Raw() []byte { return e.raw }

// Width returns how many known fields the line has.
func (e *Entry) Width() int { return e.n }

// Field returns a field as it stands in the log, without quotes and with AWS's
// escapes; nil if the line is older than the field. A view.
func (e *Entry) Field(i int) []byte { return e.at(i) }

// Text returns a field, or nil where the log says - or is older than the field.
// A view.
func (e *Entry) Text(i int) []byte { return text(e.at(i)) }

// Seconds returns a field that is a decimal number, Absent if there is none.
func (e *Entry) Seconds(i int) float64 {
	v, ok := decimal(e.at(i))
	if !ok {
		return Absent
	}
	return v
}

// Integer returns a field that is a whole number, Absent if there is none.
func (e *Entry) Integer(i int) int64 {
	v, ok := integer(e.at(i))
	if !ok {
		return Absent
	}
	return v
}

// Addr splits a field that holds address and port at the last colon, since AWS
// writes IPv6 addresses without brackets. Both are nil if the field is; port is
// nil if there is none. The ARN of a Lambda function is returned whole. Views.
func (e *Entry) Addr(i int) (ip, port []byte) {
	b := e.Text(i)
	if bytes.HasPrefix(b, []byte("arn:")) {
		return b, nil
	}
	return splitAddress(b)
}

// take makes e the entry of these fields, which have been checked.
func (e *Entry) take(f *format, l *cells, c *clock) {
	e.cells = *l
	e.Kind = f.kind
	e.n = min(l.n, len(f.fields))
	e.Extra = l.n - e.n
	e.Time, _ = c.zoneless(bytes.TrimSuffix(e.at(f.time), []byte{'Z'}))
	if f.kind == KindNLB {
		e.unquote(NLBALPNClient)
	}
}

// unquote gives a list its quotes back: they are not the log's but its items',
// as in "h2","http/1.1".
func (e *Entry) unquote(i int) {
	if s := &e.span[i]; e.Text(i) != nil && s.from > 0 && e.raw[s.from-1] == '"' {
		s.from--
		s.to++
	}
}
