package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// cut finds the fields of l.raw.
func (l *cells) cut() (result causeKind) {
	l.n, result = cut(l.raw, l.span[:maxFields])
	return result
}

// cut finds the fields of a line in one pass and returns how many there are;
// those that spans have no room for are only counted. Fields are separated by
// one space; any of them may be quoted; a quoted field ends at the first quote
// that a space or the end of the line follows. A line that could be read in
// another way as well is doubtful, and left to the rarer grammars.
func cut(line []byte, spans []span) (n int, result causeKind) {
	for p := 0; p < len(line); n++ {
		var to int
		from := p
		switch {
		case line[p] != '"':
			if to = spaceFrom(line, p); to == from {
				return n, doubtful
			}
			p = to + 1
		case p+4 <= len(line) && binary.LittleEndian.Uint32(line[p:]) == quotedDash:
			from, to = p+1, p+2
			p += 4
		default:
			from = p + 1
			if to = closing(line, from); to < 0 {
				return n, openQuote
			}
			if to > from && line[to-1] == '\\' {
				return n, doubtful
			}
			p = to + 2
		}
		if n < len(spans) {
			spans[n] = span{uint32(from), uint32(to)}
		}
	}
	return n, whole
}

// quotedDash is `"-" `, what most of the quoted fields of a line are.
const quotedDash = '"' | '-'<<8 | '"'<<16 | ' '<<24

// closing returns the place of the quote that ends the field beginning at p, or -1.
func closing(line []byte, p int) int {
	for at := p; ; at++ {
		i := bytes.IndexByte(line[at:], '"')
		if i < 0 {
			return -1
		}
		at += i
		if at+1 == len(line) || line[at+1] == ' ' {
			return at
		}
	}
}

// spaceFrom returns the place of the next space at or after p, or the line's
// length. It looks at eight bytes at a time: most fields are short.
func spaceFrom(line []byte, p int) int {
	for ; p+8 <= len(line); p += 8 {
		x := binary.LittleEndian.Uint64(line[p:]) ^ ' '*each
		if hit := (x - each) &^ x & (0x80 * each); hit != 0 {
			return p + bits.TrailingZeros64(hit)>>3
		}
	}
	for ; p < len(line) && line[p] != ' '; p++ {
	}
	return p
}
