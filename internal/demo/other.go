package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// checkEvery is the interval of health checks.
const checkEvery = 30 * time.Second

// testFile is the content of ELBAccessLogTestFile.
const testFile = "Enable AccessLog for ELB: this is a test file, created when access logs were enabled.\n"

// connection writes one line of a connection log: 15 fields.
func (j *job) connection(b []byte, rng *rand.Rand, n int) []byte {
	at := j.End.Add(-Interval + time.Duration(n)*Interval/time.Duration(j.Lines))
	client := one(rng, j.b.clients)
	const layout = "2006-01-02T15:04:05.000000Z"
	if rng.IntN(12) == 0 { // plain HTTP
		return fmt.Appendf(b, `%s %s %d 80 - - - "-" - - - TID_%016x%016x - %s %s`,
			at.Format(layout), client, 1024+rng.IntN(60000), rng.Uint64(), rng.Uint64(), j.b.elb, j.Node)
	}
	status := "Success"
	if rng.IntN(15) == 0 {
		status = "Failed:" + one(rng, []string{"ClientCertUntrusted", "ClientCertExpired", "UnmappedConnectionError"})
	}
	return fmt.Appendf(b, `%s %s %d 443 %s %s 0.%03d "-" - - %s TID_%016x%016x x25519 %s %s`,
		at.Format(layout), client, 1024+rng.IntN(60000), j.b.tls, j.b.cipher, rng.IntN(400), status, rng.Uint64(), rng.Uint64(), j.b.elb, j.Node)
}

// health writes one line of a health check log: 10 fields. Each target of
// each group is checked in turn; incidents fail some.
func (j *job) health(b []byte, rng *rand.Rand, s *story, n int) []byte {
	round := int(Interval / checkEvery)
	at := j.End.Add(-Interval + time.Duration(n%round)*checkEvery + time.Duration(rng.IntN(900_000))*time.Microsecond)
	n /= round
	for _, g := range j.b.groups {
		if n >= len(g.targets) {
			n -= len(g.targets)
			continue
		}
		target := g.targets[n]
		result := fmt.Sprintf("0.%09d %s %s PASS 200 -", 1_000_000+rng.IntN(90_000_000), target, g.name)
		switch code := s.check(rng, g, target, at); code {
		case "":
		case "TimedOut":
			result = fmt.Sprintf("5.%09d %s %s FAIL - %s", rng.IntN(3_000_000), target, g.name, code)
		default:
			result = fmt.Sprintf("0.%09d %s %s FAIL - %s", 300_000+rng.IntN(900_000), target, g.name, code)
		}
		return fmt.Appendf(b, "%s %s %s %s %s", g.protocol, at.Format("2006-01-02T15:04:05.000000Z"), result, j.b.elb, j.Node)
	}
	panic("demo: more health checks than targets")
}

// check returns the reason code of a health check of the target at the time,
// "" if it passes.
func (s *story) check(rng *rand.Rand, g *group, target string, at time.Time) string {
	for _, p := range s.active {
		if p.g != g || at.Before(p.start) || !at.Before(p.stop) || p.hit != nil && !slices.Contains(p.hit, target) {
			continue
		}
		if rng.Float64() < p.fails {
			return p.code
		}
	}
	return ""
}
