package demo

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// line is one access-log line before it is written. Absent texts are "-";
// absent times are -1.
type line struct {
	kind            string
	time            int64 // µs since the epoch
	created         int64
	elb             string
	client          string
	port            int
	target          string
	req, tgt, resp  int64 // µs
	status, tstatus string
	received, sent  int32
	request         []byte
	agent           string
	cipher, tls     string
	group           string
	trace           []byte
	domain          string
	cert            string
	rule            string
	actions         string
	redirect        string
	code            string
	class           string
	classReason     string
	tid             [2]uint64
	noTID           bool
	host, uri       string // transformed
	transform       string
	node            string
	targetReset     string
	elbReset        string
	bareResets      bool // fields 35 and 36 without quotes
	gap             int  // this field is preceded by three spaces, not one; 0 = none
}

// field writes field f of an Application Load Balancer's access log.
func (l *line) field(b []byte, f int) []byte {
	if f == l.gap {
		b = append(b, ' ', ' ')
	}
	switch f {
	case 1:
		return append(b, l.kind...)
	case 2:
		return appendTime(b, l.time)
	case 3:
		return append(b, l.elb...)
	case 4:
		b = append(append(b, l.client...), ':')
		return strconv.AppendInt(b, int64(l.port), 10)
	case 5:
		return append(b, l.target...)
	case 6:
		return appendSeconds(b, l.req, 3)
	case 7:
		return appendSeconds(b, l.tgt, 3)
	case 8:
		return appendSeconds(b, l.resp, 3)
	case 9:
		return append(b, l.status...)
	case 10:
		return append(b, l.tstatus...)
	case 11:
		return strconv.AppendInt(b, int64(l.received), 10)
	case 12:
		return strconv.AppendInt(b, int64(l.sent), 10)
	case 13:
		return append(append(append(b, '"'), l.request...), '"')
	case 14:
		return appendQuoted(b, l.agent)
	case 15:
		return append(b, l.cipher...)
	case 16:
		return append(b, l.tls...)
	case 17:
		return append(b, l.group...)
	case 18:
		return append(append(append(b, '"'), l.trace...), '"')
	case 19:
		return appendQuoted(b, l.domain)
	case 20:
		return appendQuoted(b, l.cert)
	case 21:
		return append(b, l.rule...)
	case 22:
		return appendTime(b, l.created)
	case 23:
		return appendQuoted(b, l.actions)
	case 24:
		return appendQuoted(b, l.redirect)
	case 25:
		return appendQuoted(b, l.code)
	case 26:
		return appendQuoted(b, l.target)
	case 27:
		return appendQuoted(b, l.tstatus)
	case 28:
		return appendQuoted(b, l.class)
	case 29:
		return appendQuoted(b, l.classReason)
	case 30:
		if l.noTID {
			return append(b, '-')
		}
		return appendTraceID(b, l.tid)
	case 31:
		return appendQuoted(b, l.host)
	case 32:
		return appendQuoted(b, l.uri)
	case 33:
		return appendQuoted(b, l.transform)
	case 34:
		return append(b, l.node...)
	case 35, 36:
		reset := l.targetReset
		if f == 36 {
			reset = l.elbReset
		}
		if l.bareResets {
			return append(b, reset...)
		}
		return appendQuoted(b, reset)
	default: // fields of the future
		if f%2 == 1 {
			return appendQuoted(b, "x25519 mlkem768")
		}
		return append(b, "7"...)
	}
}

// appendText writes s, or the "-" of what is absent.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-')
	}
	return append(b, s...)
}

func appendQuoted(b []byte, s string) []byte {
	return append(append(append(b, '"'), s...), '"')
}

// appendSeconds writes µs as seconds with the first 3 or all 6 decimals; absent
// is "-1".
func appendSeconds(b []byte, us int64, decimals int) []byte {
	if us < 0 {
		return append(b, "-1"...)
	}
	b = append(strconv.AppendInt(b, us/1e6, 10), '.')
	if decimals == 3 {
		return appendDigits(b, int(us%1e6/1e3), 3)
	}
	return appendDigits(b, int(us%1e6), 6)
}

// appendTime writes µs since the epoch as RFC 3339 with six decimals. It is
// the hot spot of writing, so the clock is written by hand.
func appendTime(b []byte, us int64) []byte {
	t := time.UnixMicro(us).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), int(month), 2)
	b = appendDigits(append(b, '-'), day, 2)
	b = appendDigits(append(b, 'T'), hour, 2)
	b = appendDigits(append(b, ':'), minute, 2)
	b = appendDigits(append(b, ':'), second, 2)
	b = appendDigits(append(b, '.'), int(us%1e6), 6)
	return append(b, 'Z')
}

// appendDigits writes n ≥ 0 in exactly the given number of digits.
func appendDigits(b []byte, n, digits int) []byte {
	at := len(b)
	for range digits {
		b = append(b, '0')
	}
	for i := at + digits - 1; i >= at; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// appendHex writes the low digits of n in hexadecimal.
func appendHex(b []byte, n uint64, digits int) []byte {
	const hex = "0123456789abcdef"
	for i := digits - 1; i >= 0; i-- {
		b = append(b, hex[n>>(4*i)&15])
	}
	return b
}

// appendTraceID writes the id of a connection.
func appendTraceID(b []byte, id [2]uint64) []byte {
	b = append(b, "TID_"...)
	return appendHex(appendHex(b, id[0], 16), id[1], 16)
}

// agents are the user agents of ordinary clients, the commonest first.
var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"okhttp/5.1.0",
	"python-requests/2.32.5",
	"curl/8.14.1",
	"-",
}

var classReasons = map[string][]string{
	"Severe":     {"BadHeader", "BadUri", "MultipleContentLength", "BadMethod"},
	"Ambiguous":  {"BothTeClPresent", "SuspiciousHeader", "AmbiguousUri"},
	"Acceptable": {"SpaceInUri", "NonCompliantHeader"},
}

// malformedRequests are request lines of requests that could not be read; the
// trailing space of the second is AWS's.
var malformedRequests = []string{"- http://%s:80- -", "- http://%s:80- ", "- - - "}

// fill makes l the line of a request that met c at b and node, over one of the
// connections. The response time l.time is set before; all the rest is set
// here.
func (l *line) fill(rng *rand.Rand, b *balancer, node string, c *choice, over *connections) {
	o, g := c.outcome, c.group
	request, trace := l.request[:0], l.trace[:0]
	*l = line{time: l.time, elb: b.elb, node: node, group: g.arn,
		target: "-", tstatus: "-", class: "-", classReason: "-", code: "-", redirect: "-", host: "-", uri: "-",
		transform: "-", targetReset: "-", elbReset: "-", actions: g.actions, rule: g.rule, cert: "session-reused"}

	l.kind = one(rng, g.kinds)
	switch {
	case o.malformed:
		l.kind = "http"
	case o.kind != "":
		l.kind = o.kind
	}
	if !o.noTarget && len(c.targets) > 0 {
		l.target = one(rng, c.targets)
	}
	if o.noGroup {
		l.group = "-"
	}
	l.status = one(rng, o.statuses())
	if !o.fromBalancer {
		l.tstatus = l.status
	}
	l.setTimes(rng, o, g)
	conn := over.pick(rng, l.created, l.kind == "http")
	l.client, l.port, l.tid, l.cipher, l.tls, l.agent = conn.client, conn.port, conn.tid, conn.cipher, conn.tls, conn.agent

	if o.actions != nil {
		l.actions = one(rng, o.actions)
	}
	if o.rule != "" {
		l.rule = o.rule
	}
	if o.codes != nil {
		l.code = one(rng, o.codes)
	}
	if o.desync != "" {
		l.class, l.classReason = o.desync, one(rng, classReasons[o.desync])
	}
	if o.targetReset != nil {
		l.targetReset = one(rng, o.targetReset)
	}
	if o.elbReset != nil {
		l.elbReset = one(rng, o.elbReset)
	}

	l.received = int32(120 + rng.IntN(1800))
	l.sent = int32(250 + rng.IntN(600))
	if l.tstatus != "-" {
		l.sent += int32(rng.IntN(40_000))
	}
	l.domain = b.hosts[rng.IntN(len(b.hosts))]
	host := l.domain
	if rng.IntN(6) == 0 {
		l.cert = b.cert
	}
	if o.malformed {
		l.noRequest(rng, request, host)
		trace = append(trace, '-')
		l.trace = trace
		return
	}
	l.request = l.ask(rng, request, host, g)
	if o.redirect {
		l.redirect = "https://" + host + ":443/" + one(rng, []string{"", "de/", "sale?utm_source=newsletter", "sale now/50 % off?a=b c"})
	}
	if o.transform != nil {
		l.transform = one(rng, o.transform)
		if l.transform == "TransformSuccess" {
			l.host, l.uri = "internal."+host, "/rewritten"
		}
	}
	trace = append(trace, "Root=1-"...)
	trace = appendHex(trace, uint64(l.time/1e6), 8)
	trace = appendHex(append(trace, '-'), rng.Uint64(), 16)
	l.trace = appendHex(trace, rng.Uint64(), 8)
}

// statuses is what the balancer may answer; a target's answer is passed on.
func (o *outcome) statuses() []string {
	if o.elb == nil {
		return delivered.elb
	}
	return o.elb
}

// setTimes sets the three processing times and the time of creation, which
// must agree with them.
func (l *line) setTimes(rng *rand.Rand, o *outcome, g *group) {
	took := 1 + rng.IntN(8) // ms
	switch o.wait {
	case connectUp:
		took = 10_000 + rng.IntN(4)
	case idleUp:
		took = 60_000 + rng.IntN(6)
	case patience:
		took = 500 + rng.IntN(9000)
	case wsSession:
		took = 5_000 + rng.IntN(270_000)
	}
	var req, tgt, resp int // ms
	switch o.times {
	case measured:
		// Most answers are quick, some slow: a product of two draws.
		req, tgt, resp = rng.IntN(2), 1+int(400*rng.Float64()*rng.Float64()*rng.Float64()), rng.IntN(2)
		if rng.IntN(200) == 0 {
			tgt += rng.IntN(8000)
		}
		if g.protocol == "lambda" {
			req, resp = 0, 0
		}
		if o.wait == atOnce {
			took = req + tgt + resp
		}
	case unsent:
		req, tgt, resp = -1, -1, -1
	case unanswered:
		req, tgt, resp = rng.IntN(3), -1, -1
	case cutOff:
		req, tgt, resp = rng.IntN(2), rng.IntN(6), -1
		took = req + tgt + 1
	}
	l.req, l.tgt, l.resp = micros(req), micros(tgt), micros(resp)
	// The creation time has whole milliseconds only.
	l.created = (l.time/1000 - int64(took)) * 1000
}

// micros turns milliseconds into microseconds; -1 stays what it is.
func micros(ms int) int64 {
	if ms < 0 {
		return -1
	}
	return int64(ms) * 1000
}

// noRequest empties what AWS does not know of a request that it could not read.
func (l *line) noRequest(rng *rand.Rand, request []byte, host string) {
	l.domain, l.cert, l.agent, l.noTID = "-", "-", "-", rng.IntN(4) == 0
	before, after, named := strings.Cut(one(rng, malformedRequests), "%s")
	request = append(request, before...)
	if named {
		request = append(request, host...)
	}
	request = append(request, after...)
	l.request = request
}

// ask writes an ordinary request line.
func (l *line) ask(rng *rand.Rand, b []byte, host string, g *group) []byte {
	scheme, port, version := "https://", ":443", "HTTP/1.1"
	switch l.kind {
	case "http":
		scheme, port = "http://", ":80"
		l.domain, l.cert = "-", "-"
	case "h2", "grpcs":
		version = "HTTP/2.0"
	case "wss":
		scheme = "wss://"
	}
	verb := "GET "
	if l.kind == "grpcs" || rng.IntN(5) == 0 {
		verb = "POST "
	}
	b = append(append(append(append(b, verb...), scheme...), host...), port...)
	before, after, numbered := strings.Cut(one(rng, g.paths), "%d")
	b = append(b, before...)
	if numbered {
		b = strconv.AppendInt(b, int64(rng.IntN(10_000_000)), 10)
	}
	b = append(b, after...)
	if l.kind != "grpcs" && rng.IntN(3) > 0 {
		sep := byte('?')
		if bytes.IndexByte(b, '?') >= 0 {
			sep = '&'
		}
		b = append(append(b, sep), "session="...)
		b = appendHex(b, rng.Uint64(), 16)
		b = append(b, "&lang=de-DE&ref=newsletter-2026-11"...)
	}
	return append(append(b, ' '), version...)
}

// one returns one of the list.
func one[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
