package query

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// appendClean appends b as the text that the database holds: valid UTF-8
// without NUL, every other byte written \xHH, as AWS itself escapes.
func appendClean(dst, b []byte) []byte {
	if plain(b) {
		return append(dst, b...)
	}
	const hex = "0123456789ABCDEF"
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || r == 0 {
			dst = append(dst, '\\', 'x', hex[b[0]>>4], hex[b[0]&15])
		} else {
			dst = append(dst, b[:n]...)
		}
		b = b[n:]
	}
	return dst
}

// plain reports whether b needs no escape.
func plain(b []byte) bool {
	return ascii(b) || utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// ascii reports whether b has only bytes from 1 to 127, as nearly all fields
// do. It looks at eight bytes at a time.
func ascii(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		if (x|(x-ones))&tops != 0 {
			return false
		}
	}
	for _, c := range b {
		if c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
