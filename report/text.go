package report

import (
	"strings"
	"unicode/utf8"
)

// What follows is for those who draw something that is no Table, out of the same
// hostile text.

// Text makes text out of the data safe for a terminal, in ASCII where asked for.
func Text(s string, ascii bool) string { return forTerminal(signs(ascii)(s), ascii) }

// Markdown makes text out of the data safe in Markdown: a code span.
func Markdown(s string) string { return forMarkdown(s, false) }

// CodeBlock makes a line safe within a fenced code block, where all but the fence
// itself means nothing.
func CodeBlock(s string) string { return strings.ReplaceAll(visible(s, false), "`", `\x60`) }

// Fold breaks text between words into lines of at most most columns, all but the
// first beginning with indent; 0 for no bound. A longer word stays whole.
func Fold(text string, most int, indent string) string {
	if most <= 0 {
		return text
	}
	return strings.Join(fold(strings.Fields(text), most, indent, ""), "\n")
}

// HarmlessJSON escapes in encoded JSON what does not show as itself; the value stays
// the same.
func HarmlessJSON(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == '\n' || harmless(r) {
			out = append(out, b[i:i+n]...)
		} else {
			out = appendEscape(out, r)
		}
		i += n
	}
	return out
}
