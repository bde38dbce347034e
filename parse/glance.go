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
	if wide {
		if length, e.n = splitWide(&e.span, text); e.n > 0 {
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
	at := func(f Field) []byte { s := e.span[f]; return line[s.from:s.to] }
	if b := at(FieldTime); len(b) != 27 {
		return false
	} else if e.Time, ok = c.usual(b); !ok {
		return false
	}
	if !e.address(FieldClient) || !e.address(FieldTarget) {
		return false
	}
	for f := FieldRequestTime; f <= FieldResponseTime; f++ {
		b := at(f)
		_, ok := millis(b)
		switch {
		case ok:
		case len(b) == 2 && b[0] == '-' && b[1] == '1':
		default:
			return false
		}
	}
	if e.ELBStatus, ok = status(at(FieldELBStatus)); !ok {
		return false
	}
	if e.TargetStatus, ok = status(at(FieldTargetStatus)); !ok {
		return false
	}
	if e.Received, ok = integer(at(FieldReceivedBytes)); !ok {
		return false
	}
	if e.Sent, ok = integer(at(FieldSentBytes)); !ok {
		return false
	}
	return e.quoted(FieldRequest) && e.quoted(FieldUserAgent)
}

// quoted reports whether a field stands in quotes.
func (e *Access) quoted(f Field) bool { return e.raw[e.span[f].from-1] == '"' }

// address reports whether a field looks like an address. Of IPv4 it looks at eight
// characters at a time.
func (e *Access) address(f Field) bool {
	s := e.span[f]
	at := int(s.from)
	for ; at+8 <= len(e.raw); at += 8 {
		if n := digitsDotsColons(binary.LittleEndian.Uint64(e.raw[at:])); n < 8 {
			at += n
			break
		}
	}
	return at == int(s.to) && at > int(s.from) && at <= int(s.from)+64 || addressLike(e.raw[s.from:s.to])
}

// digitsDotsColons counts the bytes of w, from the lowest, that are of 0123456789.:
func digitsDotsColons(w uint64) int {
	const ones = 0x0101010101010101
	x := w ^ 0x30*ones // digits become 0 to 9, the colon 10, the point 0x1e
	dot := x ^ 0x1e*ones
	other := ((x&(0x7f*ones) + 0x75*ones) | x) & (0x80 * ones) // above 10
	isDot := ^((dot&(0x7f*ones) + 0x7f*ones) | dot) & (0x80 * ones)
	return bits.TrailingZeros64(other&^isDot) >> 3
}

// usual is micros for the 27 bytes that AWS writes, with six digits of fraction.
func (c *clock) usual(b []byte) (int64, bool) {
	_ = b[26]
	date, hour := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if date != c.date || hour != c.hour || date == 0 || b[16] != ':' || b[19] != '.' || b[26] != 'Z' {
		return c.micros(b)
	}
	s1, s0 := b[17]-'0', b[18]-'0'
	d5, d4, d3, d2, d1, d0 := b[20]-'0', b[21]-'0', b[22]-'0', b[23]-'0', b[24]-'0', b[25]-'0'
	if s1 > 5 || s0 > 9 || max(d5, d4, d3, d2, d1, d0) > 9 {
		return 0, false
	}
	frac := ((((int64(d5)*10+int64(d4))*10+int64(d3))*10+int64(d2))*10+int64(d1))*10 + int64(d0)
	return c.minute + (int64(s1)*10+int64(s0))*1e6 + frac, true
}
