package parse

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// vended is a line as CloudWatch delivers it: values under names that were chosen
// and ordered by whoever set the delivery up. It is written down as a line of the
// plain log, and read as one: so there is one way for all.
// Source: AWS, "CloudWatch logs for your Application Load Balancer" and "… Network
// Load Balancer", and the names of record fields in the AWS CDK, read 2026-11.
type vended struct {
	n      int // columns; those from maxColumns on are not kept
	means  [maxColumns]*meaning
	values [maxColumns]span // in text
	text   []byte           // the line, or decoded

	slots   [maxFields]slot
	decoded []byte // reused, as is line
	line    []byte
}

// slot is what the columns give for one field.
type slot struct {
	value, ip span
	parts     uint8 // that have come, a bit each
}

// add appends a column.
func (v *vended) add(m *meaning, value span) {
	if v.n < maxColumns {
		v.means[v.n], v.values[v.n] = m, value
	}
	v.n++
}

// kind decides by the names which log it is: the one that knows most of them. Of
// several that know as many, it is the expected one; tied says that it was none
// of them, and that it is the first.
func (v *vended) kind(expected Kind) (k Kind, tied bool) {
	var known [KindNLB + 1]int
	for _, m := range v.means[:min(v.n, maxColumns)] {
		for k := KindAccess; m != nil && k <= KindNLB; k++ {
			if m[k].part != noPart {
				known[k]++
			}
		}
	}
	most := slices.Max(known[:])
	if int(expected) < len(known) && expected != KindUnknown && known[expected] == most {
		return expected, false
	}
	k = Kind(slices.Index(known[KindAccess:], most)) + KindAccess
	return k, slices.Contains(known[k+1:], most)
}

// kindOf is kind without expectations.
func (v *vended) kindOf() Kind {
	k, tied := v.kind(KindUnknown)
	if tied {
		return KindUnknown
	}
	return k
}

// place gives every value to its field, and says what the columns give. bare are
// the addresses of ports that have come alone.
func (v *vended) place(f *format) (given, bare columnSet, cause Cause) {
	if v.n > maxColumns {
		return 0, 0, Cause{kind: tooManyColumns}
	}
	clear(v.slots[:])
	for i, m := range v.means[:v.n] {
		if m == nil || m[f.kind].part == noPart {
			continue
		}
		c := m[f.kind]
		s := &v.slots[c.field]
		if s.parts>>c.part&1 != 0 {
			return 0, 0, Cause{repeatedColumn, f.kind, c.field}
		}
		switch {
		case c.part == ipPart:
			s.ip = v.values[i]
		case c.part != synonymPart || s.parts == 0:
			s.value = v.values[i]
		}
		s.parts |= 1 << c.part
		given |= columnOf(int(c.field), c.part)
	}
	for i, d := range f.fields {
		s := &v.slots[i]
		switch {
		case d.needed && s.parts == 0:
			return 0, 0, Cause{missingColumn, f.kind, uint8(i)}
		case s.parts&(1<<ipPart|1<<portPart) == 1<<portPart:
			given |= columnOf(i, ipPart)
			if port := v.text[s.value.from:s.value.to]; !none(port) && bytes.IndexByte(port, ':') < 0 {
				bare |= columnOf(i, ipPart)
			}
		}
	}
	return given, bare, Cause{}
}

// write writes the line down as one of the plain log. What no log knows comes
// behind the known fields, as new fields do.
func (v *vended) write(f *format) []byte {
	b := v.line[:0]
	for i := range f.fields {
		d, s := &f.fields[i], &v.slots[i]
		value := v.text[s.value.from:s.value.to]
		switch {
		case strings.HasSuffix(d.name, ":port"):
			b = appendAddress(b, v.text[s.ip.from:s.ip.to], value)
		case i == f.time && len(value) == len("1791357301101") && digitBytes.all(value):
			ms, _ := integer(value)
			b = time.UnixMilli(ms).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
		case d.form == aList && isList(value):
			b = append(b, value...)
		case d.form == aList:
			b = appendBare(b, value)
		default:
			b = appendValue(b, value, d.quoted)
		}
		b = append(b, ' ')
	}
	for i, m := range v.means[:v.n] {
		if m == nil || m[f.kind].part == noPart {
			b = append(appendValue(b, v.text[v.values[i].from:v.values[i].to], true), ' ')
		}
	}
	v.line = b
	return b[:len(b)-1]
}

// appendValue writes a value so that it is one field under the usual grammar alone.
func appendValue(b, value []byte, quoted bool) []byte {
	if !quoted && bytes.IndexByte(value, ' ') < 0 {
		return appendBare(b, value)
	}
	if len(value) == 0 {
		value = dash
	}
	b = append(b, '"')
	for i, c := range value {
		if c == '\\' && i == len(value)-1 {
			b = appendHex(b, c) // or the closing quote would seem escaped
		} else {
			b = appendByte(b, c)
		}
	}
	return append(b, '"')
}

// appendBare writes a value without quotes; its spaces are escaped.
func appendBare(b, value []byte) []byte {
	if len(value) == 0 {
		value = dash
	}
	for _, c := range value {
		if c == ' ' {
			b = appendHex(b, c)
		} else {
			b = appendByte(b, c)
		}
	}
	return b
}

// appendByte escapes as AWS does: quotes and control characters as \xHH.
func appendByte(b []byte, c byte) []byte {
	if c == '"' || c < ' ' || c == 0x7f {
		return appendHex(b, c)
	}
	return append(b, c)
}

func appendHex(b []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(b, '\\', 'x', hex[c>>4], hex[c&15])
}

var dash = []byte{'-'}

// isList reports whether value can stand as it is though it has quotes: it has
// them at both ends, and nothing in between that could end the field.
func isList(value []byte) bool {
	n := len(value)
	return n >= 2 && value[0] == '"' && value[n-1] == '"' && !bytes.ContainsAny(value, " \\") &&
		!bytes.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// appendAddress writes ip:port out of a port or a whole address, and an address
// without its port. An IPv6 address without port gets a colon, since the last one
// splits it.
func appendAddress(b, ip, port []byte) []byte {
	ip, port = text(ip), text(port)
	switch {
	case ip == nil && port == nil:
		return append(b, '-')
	case bytes.IndexByte(port, ':') >= 0:
		return appendBare(b, port)
	}
	if ip != nil {
		b = appendBare(b, ip)
	}
	if port != nil || bytes.IndexByte(ip, ':') >= 0 {
		b = append(b, ':')
	}
	if port != nil {
		b = appendBare(b, port)
	}
	return b
}

// deliver reads a vended line, and returns what its columns give.
func (r *reader) deliver(tell bool) (given columnSet, cause Cause) {
	v := &r.vended
	kind, _ := v.kind(r.kind)
	f := formats[kind]
	given, bare, cause := v.place(f)
	if cause.bad() {
		return 0, cause
	}
	line := v.write(f)
	if len(line) > LineLimit {
		return 0, Cause{kind: tooLong}
	}
	if kind == KindAccess && !tell && r.glanceAt(line) {
		r.kind = kind
		r.left[kind].bare |= bare
		return given, Cause{}
	}
	r.cells.raw = line
	r.cells.cut() // nothing is doubtful in what write has written
	if cause = f.check(&r.cells, &r.clock, tell); cause.kind == whole {
		r.kind = kind
		r.left[kind].bare |= bare
		r.take()
	}
	return given, cause
}
