package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// headFields is how many fields glance cuts: up to target_group_arn, which is
// what counting a request needs.
const headFields = int(FieldTargetGroup) + 1

// failureFields are the fields behind the head that can make a failure of a
// request whose status is fine, one bit each.
const failureFields = 1<<FieldErrorReason | 1<<FieldTransformStatus | 1<<FieldTargetErrorCode | 1<<FieldELBErrorCode

// glance reads a line of the shape that nearly all have, in one pass: it decodes
// the fields that every entry needs and cuts the head; over the tail it only
// makes sure that cut would find nothing there but known fields, none of which
// names a failure. The tail is cut when somebody asks for it.
//
// False means that the line is unusual in some way, and nothing is decided: it is
// read again by the long way, of which this is a short cut and no more.
func (e *Access) glance(line []byte, c *clock) bool {
	p := e.head(line, c)
	return p > 0 && quiet(line, p)
}

// head cuts the head of a line and returns where the tail begins, or -1 if the
// head is unusual. The tail has not been looked at.
func (e *Access) head(line []byte, c *clock) int {
	e.raw, e.usual = line, true
	p := spaceFrom(line, 0)
	// Types are lower-case words; what JSON and headers begin with is none.
	if p == 0 || line[0]-'a' > 'z'-'a' || p+28 >= len(line) || line[p+28] != ' ' {
		return -1
	}
	e.span[FieldType] = span{0, uint32(p)}
	var ok bool
	if e.Time, ok = c.usual(line[p+1 : p+28]); !ok {
		return -1
	}
	e.span[FieldTime] = span{uint32(p + 1), uint32(p + 28)}
	p += 29
	if p = e.bare(FieldELB, p); p < 0 {
		return -1
	}
	if p = e.address(FieldClient, p); p < 0 {
		return -1
	}
	if p = e.address(FieldTarget, p); p < 0 {
		return -1
	}
	if len(line)-p < 64 {
		return -1 // room for the numbers, so that they need no bounds
	}
	for f := FieldRequestTime; f <= FieldResponseTime; f++ {
		switch b := line[p : p+6]; {
		case b[5] == ' ' && thousandths(b):
			e.span[f] = span{uint32(p), uint32(p + 5)}
			p += 6
		case b[0] == '-' && b[1] == '1' && b[2] == ' ':
			e.span[f] = span{uint32(p), uint32(p + 2)}
			p += 3
		default:
			return -1
		}
	}
	if e.ELBStatus, p, ok = e.statusAt(FieldELBStatus, p); !ok {
		return -1
	}
	if e.TargetStatus, p, ok = e.statusAt(FieldTargetStatus, p); !ok {
		return -1
	}
	if e.Received, p, ok = e.countAt(FieldReceivedBytes, p); !ok {
		return -1
	}
	if e.Sent, p, ok = e.countAt(FieldSentBytes, p); !ok {
		return -1
	}
	for f := FieldRequest; f <= FieldUserAgent; f++ {
		if p >= len(line) || line[p] != '"' {
			return -1
		}
		from := p + 1
		if p = quotedEnd(line, from); p < 0 {
			return -1
		}
		e.span[f] = span{uint32(from), uint32(p - 2)}
	}
	for f := FieldSSLCipher; f <= FieldTargetGroup; f++ {
		if p = e.bare(f, p); p < 0 {
			return -1
		}
	}
	e.kind, e.n, e.Extra, e.tail = KindAccess, headFields, 0, true
	return p
}

// bare cuts a field without quotes at p and returns the place of the next, or -1.
func (e *Access) bare(f Field, p int) int {
	to := spaceFrom(e.raw, p)
	if to == p || to == len(e.raw) || e.raw[p] == '"' {
		return -1
	}
	e.span[f] = span{uint32(p), uint32(to)}
	return to + 1
}

// address cuts an address at p and returns the place of the next field, or -1.
// For IPv4 it looks for the end and at the characters at once.
func (e *Access) address(f Field, p int) int {
	line := e.raw
	for at := p; at+8 <= len(line); at += 8 {
		n := digitsDotsColons(binary.LittleEndian.Uint64(line[at:]))
		if n == 8 {
			continue
		}
		if at += n; line[at] == ' ' && at > p && at-p <= 64 {
			e.span[f] = span{uint32(p), uint32(at)}
			return at + 1
		}
		break
	}
	next := e.bare(f, p)
	if next < 0 || !addressLike(line[p:next-1]) {
		return -1
	}
	return next
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

// statusAt decodes three digits or - at p, a space behind them, and returns the
// place of the next field.
func (e *Access) statusAt(f Field, p int) (code, next int, ok bool) {
	b := e.raw[p : p+4]
	x, y, z := b[0]-'0', b[1]-'0', b[2]-'0'
	switch {
	case x <= 9 && y <= 9 && z <= 9 && b[3] == ' ':
		e.span[f] = span{uint32(p), uint32(p + 3)}
		return int(x)*100 + int(y)*10 + int(z), p + 4, true
	case b[0] == '-' && b[1] == ' ':
		e.span[f] = span{uint32(p), uint32(p + 1)}
		return Absent, p + 2, true
	}
	return 0, 0, false
}

// countAt decodes up to ten digits at p, a space behind them.
func (e *Access) countAt(f Field, p int) (n int64, next int, ok bool) {
	b := e.raw[p : p+11]
	for i, c := range b {
		if c -= '0'; c > 9 {
			e.span[f] = span{uint32(p), uint32(p + i)}
			return n, p + i + 1, i > 0 && b[i] == ' '
		}
		n = n*10 + int64(c)
	}
	return 0, 0, false
}

// quotedEnd returns the place behind the space that follows a quoted field whose
// text begins at p, or -1 if the field is not plainly ended.
func quotedEnd(line []byte, p int) int {
	i := bytes.IndexByte(line[p:], '"')
	if i < 0 {
		return -1
	}
	to := p + i
	if to+1 >= len(line) || line[to+1] != ' ' || i > 0 && line[to-1] == '\\' {
		return -1
	}
	return to + 2
}

// quiet reports whether the tail of a line holds nothing but known fields, and
// no sign of a failure.
func quiet(line []byte, p int) bool {
	f := Field(headFields)
	for ; p+4 <= len(line); f++ {
		if binary.LittleEndian.Uint32(line[p:]) == quotedDash {
			p += 4
			continue
		}
		if f >= Fields || failureFields>>f&1 != 0 {
			return false
		}
		if line[p] == '"' {
			if p = quotedEnd(line, p+1); p < 0 {
				return false
			}
			continue
		}
		to := spaceFrom(line, p)
		if to == p {
			return false
		}
		p = to + 1
	}
	// The last field of a line that AWS writes today is "-"; any other end that
	// is as short is left to the long way.
	return f < Fields && p+3 == len(line) && line[p] == '"' && line[p+1] == '-' && line[p+2] == '"' ||
		f <= Fields && p >= len(line)
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

// thousandths reports whether b begins with a time such as 0.159.
func thousandths(b []byte) bool {
	return b[1] == '.' && max(b[0]-'0', b[2]-'0', b[3]-'0', b[4]-'0') <= 9
}
