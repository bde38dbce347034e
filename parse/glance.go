package parse

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// glance reads a line of the shape that nearly all have: it cuts all fields at once
// and decodes those that every entry needs.
//
// False means that the line is unusual in some way, and nothing is decided: it is
// read again by the long way, of which this is a short cut and no more.
//
// The line is what text begins with, up to a newline that need not be there, see marks.mark.
func (r *reader) glance(text []byte) (line []byte, ok bool) {
	length, ok := r.fields(text)
	if !ok || text[length-1] == '\r' {
		return nil, false
	}
	e := &r.access
	e.raw, e.Extra, e.kind = text[:length], 0, KindAccess
	return e.raw, e.usualHead(&r.clock)
}

// fields cuts the line that text begins with if it is plain, has no more fields than
// are known, and does not begin with its newline. It returns the line's length.
func (r *reader) fields(text []byte) (length int, ok bool) {
	e := &r.access
	text = text[:min(len(text), markWords*markBlock)]
	if hasAVX512 {
		if length, e.n = splitAVX512(&e.span, text); e.n > 0 {
			return length, true
		}
	}
	if hasAVX2 {
		if length, e.n = splitAVX2(&e.span, text); e.n > 0 {
			return length, true
		}
	}
	length, ok = r.marks.mark(text)
	return length, ok && length > 0 && e.split(text[:length], &r.marks)
}

// glanceAt is glance for a line without its newline, which it copies to a place where
// whole blocks can be read.
func (r *reader) glanceAt(line []byte) bool {
	if len(line) >= markWords*markBlock {
		return false
	}
	r.text = append(append(r.text[:0], line...), '\n')
	r.text = slices.Grow(r.text, markBlock)
	found, ok := r.glance(r.text[:len(r.text)+markBlock])
	r.access.raw = line
	return ok && len(found) == len(line)
}

// split makes fields of what lies between the marks of a line.
func (e *Access) split(line []byte, ends *marks) bool {
	n, from := 0, 0
	for i, w := range ends[:len(line)/markBlock+1] {
		for ; w != 0; w &= w - 1 {
			to := i*markBlock + bits.TrailingZeros64(w)
			if n == Fields {
				return false // there are more than are known
			}
			e.span[n] = field(line, from, to)
			n++
			from = to + 1
		}
	}
	if n == Fields {
		return false
	}
	e.span[n] = field(line, from, len(line))
	e.n = n + 1
	return true
}

// field is the span of a field that is not empty, without its quotes if it has any.
func field(line []byte, from, to int) span {
	quote := 0
	if line[from] == '"' {
		quote = 1
	}
	return span{uint32(from + quote), uint32(to - quote)}
}

// usualHead decodes the first fields, in the form that they usually have.
func (e *Access) usualHead(c *clock) (ok bool) {
	line := e.raw
	// Types are lower-case words; what JSON and headers begin with is none.
	if e.n <= int(FieldTargetGroup) || line[0]-'a' > 'z'-'a' {
		return false
	}
	if e.Time, ok = c.usual(e.Field(FieldTime)); !ok || !e.address(FieldClient) || !e.address(FieldTarget) {
		return false
	}
	if !threeTimes(line[e.span[FieldRequestTime].from:e.span[FieldResponseTime].to]) {
		for f := FieldRequestTime; f <= FieldResponseTime; f++ {
			b := e.Field(f)
			if _, ok := millis(b); !ok && string(b) != "-1" {
				return false
			}
		}
	}
	if e.ELBStatus, ok = status(e.Field(FieldELBStatus)); !ok {
		return false
	}
	if e.TargetStatus, ok = status(e.Field(FieldTargetStatus)); !ok {
		return false
	}
	if e.Received, ok = e.size(FieldReceivedBytes); !ok {
		return false
	}
	if e.Sent, ok = e.size(FieldSentBytes); !ok {
		return false
	}
	return e.quoted(FieldRequest) && e.quoted(FieldUserAgent)
}

// quoted reports whether a field stands in quotes.
func (e *Access) quoted(f Field) bool { return e.raw[e.span[f].from-1] == '"' }

// address reports whether a field looks like an address.
func (e *Access) address(f Field) bool {
	s := e.span[f]
	return numeric(e.raw[s.from:], int(s.to-s.from)) || addressLike(e.raw[s.from:s.to])
}

// size decodes a field that is a count: it reads the eight characters that end with the
// field, those before it replaced by zeros. spare wraps around if there are more.
func (e *Access) size(f Field) (int64, bool) {
	s := e.span[f]
	if spare := 8 - (s.to - s.from); spare < 8 && s.to >= 8 {
		above := ^uint64(0) << (spare * 8)
		if n, ok := digits(binary.LittleEndian.Uint64(e.raw[s.to-8:])&above | '0'*each&^above); ok {
			return n, true
		}
	}
	return integer(e.raw[s.from:s.to])
}

// usual is micros for the 27 bytes that AWS writes, with six digits of fraction.
func (c *clock) usual(b []byte) (int64, bool) {
	if len(b) != 27 {
		return 0, false
	}
	date, hour, rest := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[19:])
	if date != c.date || hour != c.hour || date == 0 || b[16] != ':' || byte(rest) != '.' || byte(rest>>56) != 'Z' {
		return c.micros(b)
	}
	within, ok := digits(uint64(binary.LittleEndian.Uint16(b[17:])) | rest<<8>>16<<16)
	return c.minute + within, ok && within < 60e6
}
