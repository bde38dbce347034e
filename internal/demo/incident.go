package demo

import (
	"math"
	"slices"
	"time"
)

// script is one incident as written by its author. Times are minutes before
// the end of the last hour; a shorter span squeezes them.
type script struct {
	name, balancer, group string
	targets               []int // indices in the group; nil = all of it
	from, until           float64
	effects               []effect // none = health checks only
	code                  string   // reason code of the health checks that it fails
	fails                 float64  // share of the health checks that it fails
	flaps                 float64  // minutes of failing checks between minutes of passing ones; 0 = all fail
	cause                 string
}

// effect is what an incident does to a share of the requests that it touches:
// those of its targets, or of its whole group.
type effect struct {
	outcome *outcome
	share   float64
}

// scripts is what happens in the last hour.
var scripts = []script{
	{name: "maintenance page", balancer: "partner-gw", group: "partner-api", from: 40, until: 32,
		effects: []effect{{maintenance, 0.75}},
		cause:   "planned maintenance: a listener rule with a fixed 503 response; no outage"},
	{name: "TLS mismatch", balancer: "shop-prod", group: "shop-checkout", targets: []int{1}, from: 50, until: 0,
		effects: []effect{{refused, 0.9}},
		cause:   "the target offers no cipher that the balancer knows, so the TLS handshake on port 8443 fails, which the log does not say; health checks go to a port without TLS and pass"},
	{name: "slow targets", balancer: "api-prod", group: "api-v2", from: 35, until: 5,
		effects: []effect{{noAnswer, 0.04}, {gaveUp, 0.015}}, code: "TimedOut", fails: 0.05,
		cause: "the database behind the targets is slow: no answer within the idle timeout of 60 s, clients give up"},
	{name: "deploy, targets refuse", balancer: "shop-prod", group: "shop-web", targets: []int{3, 10}, from: 25, until: 18,
		effects: []effect{{refused, 0.85}}, code: "ConnectionReset", fails: 1,
		cause: "a deploy left two targets without a listening process; they stay in service until ten health checks have failed"},
	{name: "deploy, targets crash", balancer: "shop-prod", group: "shop-web", targets: []int{3, 10}, from: 21, until: 0,
		effects: []effect{{closedEarly, 0.12}}, code: "ConnectionReset", fails: 0.1,
		cause: "the process comes up on the two targets and crashes under requests"},
	{name: "security group", balancer: "shop-prod", group: "shop-search", targets: []int{1, 3, 5}, from: 20, until: 8,
		effects: []effect{{connectTimeout, 0.55}, {gaveUpConnecting, 0.2}},
		cause:   "a changed security group drops the packets to the traffic port of the targets of one zone; the port of the health checks stayed open, so they pass"},
	{name: "emptied group", balancer: "internal-admin", group: "admin-reports", from: 12, until: 0,
		effects: []effect{{emptyGroup, 1}},
		cause:   "the last target was deregistered and none registered"},
	{name: "all targets fail their checks", balancer: "api-prod", group: "api-grpc", from: 30, until: 22, code: "GRPCUnexpectedStatus", fails: 1,
		cause: "a release removed the method that the health checks call; with no healthy target left the balancer fails open and traffic flows on"},
	{name: "flapping target", balancer: "partner-gw", group: "partner-api", targets: []int{2}, from: 55, until: 0, code: "TargetError", fails: 1, flaps: 3,
		cause: "the target restarts every few minutes and answers its checks with 5xx meanwhile; it is out of service before requests reach it"},
}

// story is the incidents placed in time and among the Application Load Balancers.
type story struct {
	balancers []*balancer
	active    []placed
	odd       bool
	scale     float64 // of the failures' rates; 1 = as scripted
	allFail   bool
}

// placed is a script with its times and things found.
type placed struct {
	script
	b           *balancer
	g           *group
	hit         []string // targets; nil = all of the group
	start, stop time.Time
}

// newStory places the scripts in the last hour before end, or in the span if
// that is shorter.
func newStory(balancers []*balancer, o Options) *story {
	balancers = slices.DeleteFunc(slices.Clone(balancers), func(b *balancer) bool { return b.kind != KindAccess })
	s := &story{balancers: balancers, odd: o.Oddities, scale: 1, allFail: o.FailureRate >= 1}
	minute := float64(min(o.Span, time.Hour)) / 60
	for _, sc := range scripts {
		p := placed{script: sc, start: o.End.Add(-time.Duration(sc.from * minute)), stop: o.End.Add(-time.Duration(sc.until * minute))}
		for _, b := range balancers {
			for _, g := range b.groups {
				if b.name == sc.balancer && g.name == sc.group {
					p.b, p.g = b, g
				}
			}
		}
		for _, i := range sc.targets {
			p.hit = append(p.hit, p.g.targets[i])
		}
		s.active = append(s.active, p)
	}
	if o.FailureRate > 0 && !s.allFail {
		s.scale = o.FailureRate / s.natural(o)
	}
	return s
}

// incidents returns the story for the truth.
func (s *story) incidents() []Incident {
	in := make([]Incident, len(s.active))
	for i, p := range s.active {
		in[i] = Incident{Name: p.name, LoadBalancer: p.b.elb, TargetGroupARN: p.g.arn, Targets: slices.Clone(p.hit),
			From: p.start, Until: p.stop, CheckReason: p.code, Cause: p.cause}
		for _, e := range p.effects {
			in[i].Reasons = append(in[i].Reasons, e.outcome.reason)
		}
	}
	return in
}

// natural is the share of failures in the story as scripted, over all
// balancers and minutes.
func (s *story) natural(o Options) float64 {
	var sum, n float64
	for _, b := range s.balancers {
		share := b.share
		if o.Plain { // all nodes are alike
			share = float64(len(b.nodes))
		}
		for t := o.End.Add(-o.Span); t.Before(o.End); t = t.Add(time.Minute) {
			failing, _ := s.failing(b, t)
			for _, c := range failing {
				sum += c.weight * share
			}
			n += share
		}
	}
	return sum / n
}

// choice is one thing that can happen to a request.
type choice struct {
	weight  float64
	outcome *outcome
	group   *group
	targets []string // to choose from
}

// failing returns what can go wrong at b in the minute of t, weighted by the
// share of b's requests, and the targets that answer hardly anything.
func (s *story) failing(b *balancer, t time.Time) (list []choice, dead map[string]bool) {
	noise := 0.8 + 0.4*hash01(b.id, t.Unix()/60)
	for _, p := range s.active {
		if p.b != b || t.Before(p.start) || !t.Before(p.stop) {
			continue
		}
		touched, share := p.g.targets, p.g.share
		if p.hit != nil {
			touched, share = p.hit, share*float64(len(p.hit))/float64(len(p.g.targets))
		}
		var total float64
		for _, e := range p.effects {
			total += e.share
			list = append(list, choice{weight: share * e.share * math.Min(1, noise), outcome: e.outcome, group: p.g, targets: touched})
		}
		if total > 0.7 {
			if dead == nil {
				dead = map[string]bool{}
			}
			for _, a := range touched {
				dead[a] = true
			}
		}
	}
	for _, o := range outcomes[1:] {
		if o.failed() {
			list = s.background(list, b, o)
		}
	}
	for i := range list {
		list[i].weight *= s.scale
	}
	return list, dead
}

// background adds what o contributes to b's requests at any time.
func (s *story) background(list []choice, b *balancer, o *outcome) []choice {
	if o.balancer != "" && o.balancer != b.name || o.odd && !s.odd {
		return list
	}
	var share float64
	start := len(list)
	for _, g := range b.groups {
		if o.group == g.name || o.group == "" && len(g.targets) > 0 {
			share += g.share
			list = append(list, choice{weight: o.rate * g.share, outcome: o, group: g, targets: g.targets})
		}
	}
	for i := start; i < len(list); i++ {
		list[i].weight /= share
	}
	return list
}

// mix is everything that can happen to a request of a balancer in a minute.
type mix struct {
	choices []choice
	upTo    []float64 // cumulated weights, ending at 1
}

// at returns the mix of b in the minute of t.
func (s *story) at(b *balancer, t time.Time) mix {
	failing, dead := s.failing(b, t)
	var bad float64
	for _, c := range failing {
		bad += c.weight
	}
	var m mix
	if !s.allFail {
		var fine []choice
		var total float64
		for _, o := range outcomes[1:] {
			if !o.failed() {
				fine = s.background(fine, b, o)
			}
		}
		for _, g := range b.groups {
			fine = append(fine, choice{weight: g.share, outcome: delivered, group: g, targets: healthy(g.targets, dead)})
		}
		for _, c := range fine {
			total += c.weight
		}
		for i := range fine {
			fine[i].weight *= math.Max(0, 1-bad) / total
		}
		// The likeliest last choices first: a pick looks from the front.
		slices.Reverse(fine)
		m.choices = fine
	}
	m.choices = append(m.choices, failing...)
	var sum float64
	for _, c := range m.choices {
		sum += c.weight
		m.upTo = append(m.upTo, sum)
	}
	for i := range m.upTo {
		m.upTo[i] /= sum
	}
	return m
}

// healthy returns the targets that are not dead, or all if none is left.
func healthy(targets []string, dead map[string]bool) []string {
	if len(dead) == 0 {
		return targets
	}
	left := slices.DeleteFunc(slices.Clone(targets), func(a string) bool { return dead[a] })
	if len(left) == 0 {
		return targets
	}
	return left
}

// pick returns the choice at x of [0,1).
func (m *mix) pick(x float64) *choice {
	for i, u := range m.upTo {
		if x < u {
			return &m.choices[i]
		}
	}
	return &m.choices[len(m.choices)-1]
}

// only returns the choice for a forced outcome, or nil if the balancer cannot
// show it.
func (s *story) only(b *balancer, o *outcome) *choice {
	if o == delivered {
		return nil
	}
	list := s.background(nil, b, o)
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// hash01 returns a number in [0,1) that follows its arguments: noise that
// needs no generator.
func hash01(s string, n int64) float64 { return float64(hash(s, n)%10007) / 10007 }

// hash is FNV-1a.
func hash(s string, n int64) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	for range 8 {
		h = (h ^ uint64(n&0xff)) * 1099511628211
		n >>= 8
	}
	return h ^ h>>29
}
