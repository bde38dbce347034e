package parse

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// beginsJSON reports whether a line is JSON, good or broken: no plain line
// begins with a brace.
func beginsJSON(line []byte) bool {
	text := jsonText(line)
	return text.next('{')
}

// json reads a line that is a JSON object of plain values.
func (r *reader) json(line []byte) Cause {
	if cause := r.vended.object(line); cause.bad() {
		return cause
	}
	r.namesTell()
	given, cause := r.deliver(false)
	if cause.kind == whole {
		left := &r.left[r.kind]
		left.anyJSON = true
		left.inJSON |= given
	}
	return cause
}

// object takes the columns out of a JSON object (RFC 8259) that has at least
// begun. Of a broken one it takes those before the break.
func (v *vended) object(line []byte) Cause {
	text, rest := v.decoded[:0], jsonText(line)
	defer func() { v.decoded, v.text = text, text }()
	v.n = 0
	rest.next('{')
	for first := true; !rest.next('}'); first = false {
		from := len(text)
		if !first && !rest.next(',') || !rest.next('"') || !rest.string(&text) || !rest.next(':') {
			return Cause{kind: brokenJSON}
		}
		m := meaningOf(text[from:])
		text = text[:from]
		if cause := rest.value(&text); cause.bad() {
			return cause
		}
		v.add(m, span{uint32(from), uint32(len(text))})
	}
	if rest.space(); len(rest) > 0 {
		return Cause{kind: brokenJSON}
	}
	return Cause{}
}

// jsonText is what is left of a JSON text.
type jsonText []byte

func (t *jsonText) space() {
	b := *t
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	*t = b
}

// next skips space and, if it is there, the byte c.
func (t *jsonText) next(c byte) bool {
	t.space()
	if len(*t) == 0 || (*t)[0] != c {
		return false
	}
	*t = (*t)[1:]
	return true
}

// value decodes a value to the end of text: null as nothing, words and numbers
// as they stand.
func (t *jsonText) value(text *[]byte) Cause {
	switch {
	case t.next('"'):
		if t.string(text) {
			return Cause{}
		}
	case t.next('{'), t.next('['):
		return Cause{kind: nestedJSON}
	case bytes.HasPrefix(*t, []byte("null")):
		*t = (*t)[len("null"):]
		return Cause{}
	default:
		n := t.number()
		for _, word := range [...]string{"true", "false"} {
			if bytes.HasPrefix(*t, []byte(word)) {
				n = len(word)
			}
		}
		*text = append(*text, (*t)[:n]...)
		if *t = (*t)[n:]; n > 0 {
			return Cause{}
		}
	}
	return Cause{kind: brokenJSON}
}

// number returns the length of the number that the text begins with, 0 if it is none.
func (t *jsonText) number() int {
	b, p := *t, 0
	digits := func() bool {
		from := p
		for p < len(b) && b[p]-'0' <= 9 {
			p++
		}
		return p > from
	}
	if p < len(b) && b[p] == '-' {
		p++
	}
	if p < len(b) && b[p] == '0' {
		p++
	} else if !digits() {
		return 0
	}
	if p < len(b) && b[p] == '.' {
		if p++; !digits() {
			return 0
		}
	}
	if p < len(b) && b[p]|0x20 == 'e' {
		if p++; p < len(b) && (b[p] == '+' || b[p] == '-') {
			p++
		}
		if !digits() {
			return 0
		}
	}
	return p
}

// string decodes a string, whose opening quote has been read, to the end of
// text. What is not UTF-8, or half of a character, becomes U+FFFD.
func (t *jsonText) string(text *[]byte) bool {
	b := *t
	for i := 0; i < len(b); {
		from := i
		for i < len(b) && plainBytes[b[i]] {
			i++
		}
		*text = append(*text, b[from:i]...)
		switch {
		case i == len(b) || b[i] < ' ':
			return false
		case b[i] == '"':
			*t = b[i+1:]
			return true
		case b[i] == '\\':
			n := escape(b[i:], text)
			if n == 0 {
				return false
			}
			i += n
		default:
			r, n := utf8.DecodeRune(b[i:])
			*text = utf8.AppendRune(*text, r)
			i += n
		}
	}
	return false
}

// plainBytes stand for themselves in a JSON string.
var plainBytes = func() *byteSet {
	var s byteSet
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		s[c] = c != '"' && c != '\\'
	}
	return &s
}()

// escape decodes the escape that b begins with and returns its length, 0 if it is none.
func escape(b []byte, text *[]byte) int {
	if len(b) < 2 {
		return 0
	}
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), b[1]); i >= 0 {
		*text = append(*text, "\"\\/\b\f\n\r\t"[i])
		return 2
	}
	r, n := unit(b), len(`\u0000`)
	if r < 0 {
		return 0
	}
	if utf16.IsSurrogate(r) {
		pair := utf16.DecodeRune(r, unit(b[n:]))
		if r = pair; pair != utf8.RuneError {
			n *= 2
		}
	}
	*text = utf8.AppendRune(*text, r)
	return n
}

// unit returns the UTF-16 unit of an escape such as \u00e9, -1 if b does not
// begin with one.
func unit(b []byte) rune {
	if len(b) < len(`\u0000`) || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range b[2:len(`\u0000`)] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
