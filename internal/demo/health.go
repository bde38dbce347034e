package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// checkEvery is the interval of health checks.
const checkEvery = 30 * time.Second

// checked is a target of a group: "ip:port" or the ARN of a function.
type checked struct {
	group  *group
	target string
}

// checks returns what the nodes of a balancer check.
func (b *balancer) checks() []checked {
	var list []checked
	for _, g := range b.groups {
		for _, t := range g.targets {
			list = append(list, checked{g, t})
		}
		if g.function != "" {
			list = append(list, checked{g, g.function})
		}
	}
	return list
}

// healthLog is the content of a health check log: round after round of checks.
type healthLog struct {
	*object
	list []checked
	line checkLine
}

// checkLine is one line of a health check log.
type checkLine struct{ Check }

func newHealthLog(o *object) *healthLog { return &healthLog{object: o, list: o.b.checks()} }

func (l *healthLog) entry(n int) (record, int) {
	rng, width := l.rng, l.width()
	round, what := n/len(l.list), l.list[n%len(l.list)]
	at := l.End.Add(-Interval + time.Duration(round)*checkEvery)
	switch n {
	case 0:
	case l.Lines - 1: // windows must be half-open
		at = l.End.Add(-time.Microsecond)
	default:
		at = at.Add(time.Duration(rng.Int64N(int64(checkEvery/time.Microsecond))) * time.Microsecond)
	}
	l.line = checkLine{Check{
		Time: at, LoadBalancer: l.b.elb, Node: l.Node, Type: what.group.protocol, Target: what.target, Group: what.group.name,
		ReasonCode: l.story.check(rng, what, at), Latency: 1_000_000 + rng.Int64N(90_000_000), StatusCode: -1,
	}}
	c := &l.line.Check
	if c.ReasonCode == "TimedOut" {
		c.Latency += int64(5 * time.Second)
		if width == 8 {
			c.ReasonCode = one(rng, []string{"RequestTimedOut", "ConnectionTimedOut"}) // as it was before
		}
	}
	c.Pass = c.ReasonCode == ""
	if answers := checkAnswers[c.ReasonCode]; answers != nil {
		c.StatusCode = one(rng, answers)
	}
	if c.Pass && c.Type == "grpc" {
		c.StatusCode = 12
	}
	if !l.has("latency") {
		c.Latency = -1
	}
	return &l.line, width
}

// checkAnswers are the statuses that targets answer, by reason code; where
// there are none, none came back.
var checkAnswers = map[string][]int16{
	"":                       {200},
	"ResponseCodeMismatch":   {301, 404, 401},
	"ResponseStringMismatch": {200},
	"TargetError":            {500, 502, 503},
	"GRPCUnexpectedStatus":   {14},
}

// noise are the failures of health checks that nobody can explain, by type of
// check.
var noise = map[string][]string{
	"http":  {"ResponseCodeMismatch", "ResponseStringMismatch", "InternalError", "TargetError"},
	"https": {"ResponseCodeMismatch", "InternalError", "TargetError"},
	"grpc":  {"GRPCStatusHeaderEmpty", "GRPCStatusHeaderEmpty", "InternalError"},
}

// check returns the reason code of a health check of the target at the time,
// "" if it passes.
func (s *story) check(rng *rand.Rand, what checked, at time.Time) string {
	for _, p := range s.active {
		if p.g != what.group || at.Before(p.start) || !at.Before(p.stop) || p.hit != nil && !slices.Contains(p.hit, what.target) {
			continue
		}
		if p.flaps > 0 {
			phase := at.Sub(p.start).Seconds() / p.stop.Sub(p.start).Seconds() * (p.from - p.until) / p.flaps
			if math.Mod(phase, 2) >= 1 {
				continue
			}
		}
		if rng.Float64() < p.fails {
			return p.code
		}
	}
	if codes := noise[what.group.protocol]; codes != nil && rng.IntN(150) == 0 {
		return one(rng, codes)
	}
	return ""
}

func (l *healthLog) keep(at int, line int32) {
	if l.options.NoTruth {
		return
	}
	c := l.line.Check
	c.Object, c.Line = l.index, line
	l.truth.Checks[at] = c
}

func (c *checkLine) field(b []byte, f int) []byte {
	switch f {
	case 1:
		return append(b, c.Type...)
	case 2:
		return appendTime(b, c.Time.UnixMicro())
	case 3:
		b = append(strconv.AppendInt(b, c.Latency/1e9, 10), '.')
		return appendDigits(b, int(c.Latency%1e9), 9)
	case 4:
		return append(b, c.Target...)
	case 5:
		return append(b, c.Group...)
	case 6:
		if c.Pass {
			return append(b, "PASS"...)
		}
		return append(b, "FAIL"...)
	case 7:
		if c.StatusCode < 0 {
			return append(b, '-')
		}
		return strconv.AppendInt(b, int64(c.StatusCode), 10)
	case 8:
		return appendText(b, c.ReasonCode)
	case 9:
		return append(b, c.LoadBalancer...)
	default:
		return append(b, c.Node...)
	}
}
