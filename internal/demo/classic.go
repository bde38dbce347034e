package demo

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// classicOutcomes are the fates of requests to a Classic Load Balancer that
// fail, and how AWS writes them down. A balancer that has no healthy instance
// does not fail open: it answers 503.
// Source: AWS, "Access logs for your Classic Load Balancer", "Troubleshoot a
// Classic Load Balancer: HTTP errors" (which knows 400, 405 and 408), and
// published lines, read 2026-11: what the instance did not answer has backend -
// and times -1 -1 -1, and a backend status of 0.
var classicOutcomes = []*outcome{
	{name: "no instance in service", reason: "No_Usable_Target", class: ClassTarget, elb: []string{"503"}, fromBalancer: true,
		noTarget: true, times: unsent, rate: 0.004},
	{name: "no answer", reason: "Target_Response_Timeout", class: ClassTarget, elb: []string{"504"}, fromBalancer: true,
		noTarget: true, times: unsent, rate: 0.004},
	{name: "no answer, instance named", reason: "Target_Response_Timeout", class: ClassTarget, elb: []string{"504"}, fromBalancer: true,
		times: unanswered, rate: 0.001},
	{name: "closed early", reason: "Target_Closed_Connection", class: ClassTarget, elb: []string{"502"}, fromBalancer: true,
		noTarget: true, times: unsent, rate: 0.002},
	{name: "unreadable answer", reason: "Target_Closed_Connection", class: ClassTarget, elb: []string{"502"}, fromBalancer: true,
		times: cutOff, rate: 0.001},
	{name: "instance 5xx", reason: "Target_5XX", class: ClassTarget, elb: []string{"500", "500", "502", "503", "504"}, rate: 0.004},
	{name: "malformed", reason: "Bad_Request", class: ClassClient, elb: []string{"400"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.002},
	{name: "client idle", reason: "Client_Timeout", class: ClassClient, elb: []string{"408"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.002},
	{name: "bad method", reason: "Method_Not_Allowed", class: ClassClient, elb: []string{"405"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.001},
	{name: "other 4xx", reason: "Client_4XX", class: ClassClient, elb: []string{"414"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.001},
	{name: "no connection", reason: "Target_Connection_Error", class: ClassTarget, kind: "tcp", times: unsent, rate: 0.02},
}

// classicLog is the content of a Classic Load Balancer's access log.
type classicLog struct {
	*object
	line classicLine
	fate *outcome
}

// classicLine is a line of it. The time is when the request was received, and
// the processing times have all their microseconds.
type classicLine struct{ line }

func (l *classicLog) entry(n int) (record, int) {
	rng, b, forced := l.rng, l.b, l.forced[n]
	listener := one(rng, b.listeners)
	l.fate = forced.outcome
	for l.fate != nil && (l.fate.kind == "tcp") != (listener == "tcp") {
		listener = one(rng, b.listeners) // another that can show it
	}
	if l.fate == nil {
		l.fate = l.choose(rng, listener == "tcp")
	}
	l.line.fill(rng, b, listener, l.fate, l.when(n))
	switch {
	case l.damages[n] != "":
	case forced.oddity != nil:
		forced.oddity.apply(rng, &l.line.line, forced.text)
	case l.options.Oddities && forced.outcome == nil && listener != "tcp" && rng.Float64() < oddRate:
		if odd := one(rng, oddities); !odd.rare {
			odd.apply(rng, &l.line.line, one(rng, orNone(odd.texts)))
		}
	}
	return &l.line, l.width()
}

// choose draws a fate that the listener can show.
func (l *classicLog) choose(rng *rand.Rand, tcp bool) *outcome {
	var rates float64
	for _, o := range classicOutcomes {
		if (o.kind == "tcp") == tcp {
			rates += o.rate
		}
	}
	share := rates
	if l.options.FailureRate > 0 {
		share = l.options.FailureRate
	}
	if rng.Float64() >= share {
		return delivered
	}
	x := rng.Float64() * rates
	for _, o := range classicOutcomes {
		if (o.kind == "tcp") != tcp {
			continue
		}
		if x -= o.rate; x < 0 {
			return o
		}
	}
	return classicOutcomes[len(classicOutcomes)-1]
}

// fill makes c the line of a request that met o at b.
func (c *classicLine) fill(rng *rand.Rand, b *balancer, listener string, o *outcome, at int64) {
	g := b.groups[0]
	if listener == "tcp" {
		g = b.groups[1]
	}
	few := rng.Float64()
	request := c.request[:0]
	c.line = line{time: at, elb: b.elb, client: b.clients[int(few*few*float64(len(b.clients)))], port: 1024 + rng.IntN(64000),
		target: "-", status: one(rng, o.statuses()), agent: agents[int(few*few*few*float64(len(agents)))], cipher: "-", tls: "-"}
	c.tstatus = c.status
	if o.fromBalancer {
		c.tstatus = one(rng, []string{"0", "0", "0", "-"})
	}
	if !o.noTarget {
		c.target = one(rng, g.targets)
	}
	switch o.times {
	case measured:
		c.req, c.tgt, c.resp = 20+rng.Int64N(90), 300+int64(400_000*rng.Float64()*rng.Float64()*rng.Float64()), 20+rng.Int64N(60)
	case unanswered:
		c.req, c.tgt, c.resp = 20+rng.Int64N(90), -1, -1
	case cutOff:
		c.req, c.tgt, c.resp = 20+rng.Int64N(90), 300+rng.Int64N(3000), -1
	default:
		c.req, c.tgt, c.resp = -1, -1, -1
	}
	if c.target != "-" && c.req >= 0 {
		c.received, c.sent = int32(rng.IntN(900)), int32(rng.IntN(40_000))
	}
	if listener == "tcp" {
		c.status, c.tstatus, c.agent = "-", "-", "-"
		request = append(request, "- - - "...)
		c.request = request
		return
	}
	scheme, port := "http://", ":80"
	if listener == "https" {
		scheme, port = "https://", ":443"
		c.cipher, c.tls = tlsVersions[b.tls].cipher, tlsVersions[b.tls].name
	}
	request = append(append(append(append(request, one(rng, []string{"GET ", "GET ", "POST "})...), scheme...), b.hosts[0]...), port...)
	before, after, numbered := strings.Cut(one(rng, g.paths), "%d")
	request = append(request, before...)
	if numbered {
		request = strconv.AppendInt(request, int64(rng.IntN(10_000_000)), 10)
	}
	c.request = append(append(request, after...), " HTTP/1.1"...)
}

func (l *classicLog) keep(at int, line int32) {
	if l.fate.reason != "" {
		l.reasons[l.fate.reason]++
	}
	if l.options.NoTruth {
		return
	}
	c := &l.line.line
	r := Request{
		Time: time.UnixMicro(c.time).UTC(), Kind: KindClassic, LoadBalancer: c.elb, Target: absent(c.target), Node: l.Node,
		Client: c.client, ClientPort: int32(c.port), RequestLine: string(c.request), Reason: l.fate.reason, Class: l.fate.class,
		RequestTime: c.req, TargetTime: c.tgt, ResponseTime: c.resp, Created: -1, Received: c.received, Sent: c.sent,
		ELBStatus: status(c.status), TargetStatus: status(c.tstatus), Object: l.index, Line: line,
	}
	if c.tstatus == "0" {
		r.TargetStatus = -1
	}
	if r.Reason != "" {
		r.Source = SourceDerived
	}
	l.truth.Requests[at] = r
}

func (c *classicLine) field(b []byte, f int) []byte {
	switch f {
	case 1:
		return appendTime(b, c.time)
	case 2:
		return append(b, c.elb...)
	case 3:
		b = append(append(b, c.client...), ':')
		return strconv.AppendInt(b, int64(c.port), 10)
	case 4:
		return append(b, c.target...)
	case 5:
		return appendSeconds(b, c.req, 6)
	case 6:
		return appendSeconds(b, c.tgt, 6)
	case 7:
		return appendSeconds(b, c.resp, 6)
	case 8:
		return append(b, c.status...)
	case 9:
		return append(b, c.tstatus...)
	case 10:
		return strconv.AppendInt(b, int64(c.received), 10)
	case 11:
		return strconv.AppendInt(b, int64(c.sent), 10)
	case 12:
		return append(append(append(b, '"'), c.request...), '"')
	case 13:
		return appendQuoted(b, c.agent)
	case 14:
		return append(b, c.cipher...)
	default:
		return append(b, c.tls...)
	}
}
