package demo

import (
	"bytes"
	"time"
)

// accessLog is the content of an Application Load Balancer's access log.
type accessLog struct {
	*object
	over  *connections
	mixes [Interval / time.Minute]*mix
	line  *line // of the writer, which keeps its buffers
	fate  *outcome
	width int
}

// oddRate is how many lines are strange where Options.Oddities is set.
const oddRate = 1.0 / 250

func (a *accessLog) entry(n int) (record, int) {
	rng, l := a.rng, a.line
	l.time = a.when(n)
	a.width = a.object.width()
	forced := a.forced[n]
	c := a.choose(a.width, forced.outcome)
	a.fate = c.outcome
	l.fill(rng, a.b, a.Node, c, a.over)
	l.bareResets = a.bare
	if forced.code != "" {
		l.code = forced.code
	}
	switch cause := a.damages[n]; {
	case cause == CauseLineLength:
		l.lengthen()
	case cause != "":
	case forced.oddity != nil:
		forced.oddity.apply(rng, l, forced.text)
	case a.options.Oddities && forced.outcome == nil && rng.Float64() < oddRate:
		if odd := one(rng, oddities); !odd.rare {
			odd.apply(rng, l, one(rng, orNone(odd.texts)))
		}
	}
	if a.Format != FormatPlain {
		// JSON must be valid UTF-8, and a tab ends a column of W3C; spaces mean
		// nothing to either.
		l.gap = 0
		l.request = bytes.ReplaceAll(bytes.ToValidUTF8(l.request, []byte("?")), []byte("\t"), []byte(" "))
	}
	return l, a.width
}

// mix returns what can happen in the minute of the line.
func (a *accessLog) mix() *mix {
	start := a.End.Add(-Interval)
	minute := time.UnixMicro(a.line.time).Sub(start) / time.Minute
	if a.mixes[minute] == nil {
		m := a.story.at(a.b, start.Add(minute*time.Minute))
		a.mixes[minute] = &m
	}
	return a.mixes[minute]
}

// choose draws what happens to a request, until the width can show it.
func (a *accessLog) choose(width int, forced *outcome) *choice {
	if forced != nil {
		if c := a.story.only(a.b, forced); c != nil {
			return c
		}
	}
	m := a.mix()
	for {
		if c := m.pick(a.rng.Float64()); c.outcome.fits(width) {
			return c
		}
	}
}

func (a *accessLog) keep(at int, line int32) {
	l, o := a.line, a.fate
	reason, source := o.reason, ""
	switch {
	case o.logged:
		reason, source = l.code, SourceLogged
	case reason != "":
		source = SourceDerived
	}
	if source != "" {
		a.reasons[reason]++
	}
	if a.options.NoTruth {
		return
	}
	r := Request{
		Time: time.UnixMicro(l.time).UTC(), Kind: KindAccess, LoadBalancer: l.elb, TargetGroupARN: absent(l.group), Target: absent(l.target),
		Node: l.node, Client: l.client, ClientPort: int32(l.port), RequestLine: string(l.request), Reason: reason, Class: o.class, Source: source,
		RequestTime: l.req, TargetTime: l.tgt, ResponseTime: l.resp, Created: -1, Received: l.received, Sent: l.sent,
		ELBStatus: status(l.status), TargetStatus: status(l.tstatus), Object: a.index, Line: line,
	}
	if a.width >= 22 {
		r.Created = l.created
	}
	if a.width >= 30 && !l.noTID {
		r.ConnTraceID = string(appendTraceID(nil, l.tid))
	}
	if !a.has("received_bytes") {
		r.Received = -1
	}
	a.truth.Requests[at] = r
}

// absent turns AWS's "-" into "".
func absent(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// status turns a status as AWS writes it into a number, -1 if there is none.
func status(s string) int16 {
	if s == "-" {
		return -1
	}
	var n int16
	for i := range len(s) {
		n = n*10 + int16(s[i]-'0')
	}
	return n
}
