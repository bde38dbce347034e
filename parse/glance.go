package parse

import (
	"bytes"
	"encoding/binary"
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
// False means that the line is unusual in some way, and nothing is decided: set
// reads it again by the long way, of which this is a short cut and no more.
func (e *Access) glance(c *clock) bool {
	line := e.raw
	p := spaceFrom(line, 0)
	if p == 0 || line[0] == '"' || p+28 >= len(line) || line[p+28] != ' ' {
		return false
	}
	e.span[FieldType] = span{0, uint32(p)}
	var ok bool
	if e.Time, ok = c.usual(line[p+1 : p+28]); !ok {
		return false
	}
	e.span[FieldTime] = span{uint32(p + 1), uint32(p + 28)}
	p += 29
	if p = e.bare(FieldELB, p); p < 0 {
		return false
	}
	for f := FieldClient; f <= FieldTarget; f++ {
		from := p
		if p = e.bare(f, p); p < 0 || !addressLike(line[from:p-1]) {
			return false
		}
	}
	for f := FieldRequestTime; f <= FieldResponseTime; f++ {
		from := p
		if p+6 <= len(line) && line[p+5] == ' ' && thousandths(line[p:p+5]) {
			e.span[f] = span{uint32(p), uint32(p + 5)}
			p += 6
			continue
		}
		if p = e.bare(f, p); p < 0 {
			return false
		}
		if _, ok := decimal(line[from : p-1]); !ok {
			return false
		}
	}
	from := p
	if p = e.bare(FieldELBStatus, p); p < 0 {
		return false
	}
	if e.ELBStatus, ok = status(line[from : p-1]); !ok {
		return false
	}
	from = p
	if p = e.bare(FieldTargetStatus, p); p < 0 {
		return false
	}
	if e.TargetStatus, ok = status(line[from : p-1]); !ok {
		return false
	}
	from = p
	if p = e.bare(FieldReceivedBytes, p); p < 0 {
		return false
	}
	if e.Received, ok = integer(line[from : p-1]); !ok {
		return false
	}
	from = p
	if p = e.bare(FieldSentBytes, p); p < 0 {
		return false
	}
	if e.Sent, ok = integer(line[from : p-1]); !ok {
		return false
	}
	for f := FieldRequest; f <= FieldUserAgent; f++ {
		if p >= len(line) || line[p] != '"' {
			return false
		}
		from := p + 1
		if p = quotedEnd(line, from); p < 0 {
			return false
		}
		e.span[f] = span{uint32(from), uint32(p - 2)}
	}
	for f := FieldSSLCipher; f <= FieldTargetGroup; f++ {
		if p = e.bare(f, p); p < 0 {
			return false
		}
	}
	e.n, e.Extra, e.tail = headFields, 0, true
	return quiet(line, p)
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

// thousandths reports whether b is a time such as 0.159.
func thousandths(b []byte) bool {
	return b[1] == '.' && max(b[0]-'0', b[2]-'0', b[3]-'0', b[4]-'0') <= 9
}
