package query

import (
	"bytes"
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
func plain(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }
