package parse

import "bytes"

// cells are the fields of one line: views, without quotes.
type cells struct {
	raw  []byte
	n    int // how many fields the line has; those from maxFields on are not kept
	span [maxFields + spareFields]span
}

// spareFields is how many fields splitAVX2 and splitAVX512 may write behind the last known one: those of
// a block.
const spareFields = 16

// span is a field's place in the line, without quotes.
type span struct{ from, to uint32 }

// at returns field i; nil if the line has no such field.
func (l *cells) at(i int) []byte {
	if i >= l.n {
		return nil
	}
	s := l.span[i]
	return l.raw[s.from:s.to]
}

// text is b, or nil where the log says that there is none.
func text(b []byte) []byte {
	if none(b) {
		return nil
	}
	return b
}

// splitAddress splits an address at its last colon, since AWS writes IPv6
// addresses without brackets. port is nil if there is no colon.
func splitAddress(b []byte) (ip, port []byte) {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i+1:]
}
