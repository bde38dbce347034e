package demo

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// hostile are texts that clients send to harm who reads the log: terminal
// escapes, bidi, formulas, Markdown, HTML, bytes that are no text. None holds
// a line feed, a quote, or a backslash at its end, which AWS would not let
// through.
var hostile = []string{
	"\x1b[2J\x1b[31mred\x1b[0m",
	"\x1b]0;owned\x07\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x07",
	"\x9b31mC1",
	"\u202egnp.exe\u2066x\u2069",
	"=HYPERLINK(0)",
	"@SUM(1+1)*cmd|'/C calc'!A0",
	"+1+cmd|' /C calc'!A0",
	"-2+3",
	"\t=1+1",
	"| a | **b** | [c](javascript:alert(1)) `d` |",
	"<script>alert(1)</script>&lt;",
	"nul\x00in\x00side",
	"\xff\xfe\xc3(\xed\xa0\x80",
	"Ünïcödé ☃ 日本語 🎉",
	"next\u0085line\u2028separator",
	"carriage\rreturn",
	`\x22Mozilla/5.0\x22 \x5C \xE2\x98\x83`,
	`quoted \"inside\" it`,
}

// oddity makes a line strange. It leaves the truth as it is.
type oddity struct {
	name  string
	texts []string // that apply may be given; nil = it needs none
	apply func(rng *rand.Rand, l *line, text string)
	rare  bool // placed by the plan only
}

// oddities are all the strange things of the demo. Each works on any width;
// what a narrow line does not hold is not seen there.
var oddities = []oddity{
	{name: "spaces in URL", apply: func(rng *rand.Rand, l *line, text string) { l.insertURL("/garden hose/red shoes?q=a b  c&x=") }},
	{name: "escapes in URL", apply: func(rng *rand.Rand, l *line, text string) { l.insertURL(`/find?bar=\x22\x5C\x0A&x=`) }},
	{name: "hostile URL", texts: hostile, apply: func(_ *rand.Rand, l *line, text string) { l.insertURL("/" + text + "?x=") }},
	{name: "hostile agent", texts: hostile, apply: func(rng *rand.Rand, l *line, text string) { l.agent = text }},
	{name: "hostile domain", texts: hostile, apply: func(rng *rand.Rand, l *line, text string) { l.domain = text }},
	{name: "any domain", apply: func(rng *rand.Rand, l *line, text string) { l.domain = "*" }},
	{name: "mapped host", apply: func(rng *rand.Rand, l *line, text string) {
		l.request = append(l.request[:0], "GET https://[::ffff:a9fe:a9fe]:443/latest/meta-data/ HTTP/1.1"...)
	}},
	{name: "injected host", apply: func(rng *rand.Rand, l *line, text string) {
		l.request = append(l.request[:0], "GET https://shop]-(select 0 from dual)|[ :443/ HTTP/1.1"...)
	}},
	{name: "trace in parts", apply: func(rng *rand.Rand, l *line, text string) {
		l.trace = append([]byte("Self=1-67891234-0123456789abcdef01234567;"), l.trace...)
		l.trace = append(l.trace, ";CalledFrom=app name;Sampled=1"...)
	}},
	{name: "many spaces", apply: func(rng *rand.Rand, l *line, text string) { l.gap = 2 + rng.IntN(17) }},
	{name: "long agent", apply: func(rng *rand.Rand, l *line, text string) { l.agent = strings.Repeat("x-y ", 2047) + "..." }},
	{name: "long URL", rare: true, apply: func(rng *rand.Rand, l *line, text string) {
		l.insertURL("/" + strings.Repeat(`a\xC3\xA4`, 60_000/9) + "?x=")
	}},
}

// insertURL puts s before the first slash of the path. A request that has no
// path stays as it is.
func (l *line) insertURL(s string) {
	host := bytes.Index(l.request, []byte("://"))
	if host < 0 {
		return
	}
	path := bytes.IndexByte(l.request[host+3:], '/')
	if path < 0 {
		return
	}
	at := host + 3 + path
	rest := string(l.request[at:])
	l.request = append(append(l.request[:at], s...), rest...)
}

// longest is how long a line may be: 1 MiB. The damaged one is longer.
const longest = 1 << 20

// lengthen makes the line longer than any may be, whether or not its request has a path.
func (l *line) lengthen() {
	long := strings.Repeat("0123456789abcdef", (longest+longest/16)/16)
	short := len(l.request)
	if l.insertURL("/" + long + "?x="); len(l.request) == short {
		l.agent += long
	}
}
