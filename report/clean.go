package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Text out of a log line is under the control of whoever sent the request, and
// the one who reads it has a terminal, a spreadsheet or a ticket system in
// front. Each form has one function here that all its text goes through:
// forTerminal, appendJSONText, forCSV, forMarkdown, forSlack.
//
// What a reader cannot see as itself is printed as AWS prints it in the logs, \xHH,
// for a byte or a control character, and \uHHHH or \UHHHHHHHH beyond.

// invisible are characters that unicode.IsPrint lets through although they
// show nothing of their own: fillers, blanks and selectors that a name could be
// forged or a column be shifted with.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, // Mongolian variation selectors
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // empty Braille pattern
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, // half-width Hangul filler
	},
	R32: []unicode.Range32{
		{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}, // tags and variation selectors
	},
}

// harmless reports whether r shows as itself. unicode.IsPrint leaves out all
// controls (C0, C1, DEL), formats (bidi, zero width, soft hyphen, tags), line
// separators, private use, and every blank but U+0020.
func harmless(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) && !unicode.Is(invisible, r)
}

// mostMarks is how many combining marks may follow one another. Two are enough
// for any language's letters; a hundred of them overprint the rows above.
const mostMarks = 2

// visible returns s with everything escaped that does not show as itself, and
// with ascii everything beyond ASCII. A combining mark without a letter before
// it is escaped as well: it would change what stands to the left of s.
func visible(s string, ascii bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := mostMarks
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02X`, s[i])
			marks = mostMarks
		case !harmless(r) || ascii && r >= utf8.RuneSelf:
			b.WriteString(escaped(r))
			marks = mostMarks
		case unicode.Is(unicode.M, r):
			if marks++; marks > mostMarks {
				b.WriteString(escaped(r))
			} else {
				b.WriteRune(r)
			}
		default:
			b.WriteRune(r)
			if marks = 0; r == ' ' {
				marks = mostMarks
			}
		}
		i += n
	}
	return b.String()
}

// plain reports whether s is printable ASCII only, as nearly all text is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func escaped(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02X`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// forTerminal makes s harmless on a terminal and between tabs.
func forTerminal(s string, ascii bool) string { return visible(s, ascii) }

// Plain makes text out of the data safe for a terminal, for those who write to
// one without a Table.
func Plain(s string) string { return forTerminal(s, false) }

// appendJSONText appends s as a JSON string. Nothing is lost but bytes that are
// not UTF-8, which become the text \xHH; what does not show as itself is
// written as \u escapes, so that the file is harmless on a terminal too.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\\x%02X`, s[i])
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case harmless(r):
			b = append(b, s[i:i+n]...)
		default:
			b = appendEscape(b, r)
		}
		i += n
	}
	return append(b, '"')
}

// appendEscape writes a character as JSON escapes it: one beyond U+FFFF in two halves.
func appendEscape(b []byte, r rune) []byte {
	if r < 0x10000 {
		return fmt.Appendf(b, `\u%04x`, r)
	}
	r -= 0x10000
	return fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}

// forCSV makes s harmless in a spreadsheet: a leading ' turns what would be
// run as a formula into text (CWE-1236), unless raw. In countries that write numbers with
// a comma, spreadsheets split lines at semicolons instead, even within quotes: so what
// follows a semicolon is treated as the beginning of a cell, too. Where a blank follows
// it, as in many user agents, all of them take the rest for text.
func forCSV(s string, raw bool) string {
	clean := visible(s, false)
	if raw {
		return clean
	}
	if formula(s) {
		clean = "'" + clean
	}
	parts := strings.Split(clean, ";")
	for i, part := range parts[1:] {
		if !strings.HasPrefix(part, " ") && formula(part) {
			parts[i+1] = "'" + part
		}
	}
	return strings.Join(parts, ";")
}

// formula reports whether a spreadsheet might run s. Blanks and quotes before
// the sign do not hold it off: some programs drop them.
func formula(s string) bool {
	s = strings.TrimLeftFunc(s, func(r rune) bool {
		return r == '\'' || r == '"' || r == '\ufeff' || unicode.IsSpace(r) && r != '\t' && r != '\r'
	})
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("=+-@\t\r\x00＝＋－＠−", r)
}

// markdownSigns are escaped even in a code span: they end the span or the cell,
// or mean something to a program that reads messages before they are rendered.
var markdownSigns = strings.NewReplacer("`", `\x60`, "|", `\x7C`, "<", `\x3C`, ">", `\x3E`, "@", `\x40`)

// withoutAngles is for our own words and figures outside of code, in Markdown and Slack:
// "<0.0001 %" must not be taken for HTML, a quotation or a link.
var withoutAngles = strings.NewReplacer("<", "&lt;", ">", "&gt;")

// forMarkdown returns s as a code span, the only place in Markdown where links,
// mentions, issue numbers, images, emphasis and HTML all mean nothing. (A
// backslash does not do: GitHub looks for mentions after rendering.)
func forMarkdown(s string, ascii bool) string {
	s = markdownSigns.Replace(visible(s, ascii))
	if strings.Trim(s, " ") == "" {
		return ""
	}
	return "`" + s + "`"
}

// forSlack makes s harmless in Slack's mrkdwn, in a code span or block. What is
// escaped for Markdown ends or begins nothing there either; & alone is left, which
// begins an entity. Links and mentions are none without < and @, and are not
// looked for in code.
func forSlack(s string) string {
	return strings.ReplaceAll(markdownSigns.Replace(visible(s, false)), "&", "&amp;")
}

// width is how many columns of the terminal s takes.
func width(s string) int { return text.StringWidthWithoutEscSequences(s) }

// gap is the sign for text that is left out.
func gap(ascii bool) string { return signs(ascii)("…") }

// shorten returns s in at most most columns, with the middle left out.
func shorten(s string, most int, ascii bool) string {
	if width(s) <= most {
		return s
	}
	gap := gap(ascii)
	room := most - width(gap)
	if room < 2 {
		return text.Trim(s, most)
	}
	head := text.Trim(s, room-room/2)
	runes := []rune(s)
	from, free := len(runes), room-width(head)
	for from > 0 && text.RuneWidth(runes[from-1]) <= free {
		from--
		free -= text.RuneWidth(runes[from])
	}
	for from < len(runes) && unicode.Is(unicode.M, runes[from]) {
		from++
	}
	return head + gap + string(runes[from:])
}
