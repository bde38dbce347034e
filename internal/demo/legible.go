package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Legible is a text of the truth as an answer has it: bytes that are no UTF-8, and
// NUL, are written as AWS writes such bytes.
func Legible(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == 0 || r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02X`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
