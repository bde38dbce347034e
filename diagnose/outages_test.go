package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOutages simulates targets, their health checks, and a balancer that sends requests to those that pass them, for
// logs, metrics and configuration that agree. What somebody on call would name first is named first, and of these
// targets; what goes on is not told in the past, nor the other way round; and no command makes a timeout longer where
// targets are too slow.
func TestOutages(t *testing.T) {
	for _, o := range outages {
		for seed := range uint64(4) {
			d := &outageDay{simulation: &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(seed, 11)), end: noon}}
			d.run(o)
			d.Logs = logged(t, d.Snapshot, d.lines)
			d.Logs.Newest, d.Logs.Checks, d.Logs.Health = d.end, true, d.checks
			if r := Diagnose(copied(t, d.Snapshot)); d.wrong(o, r) != "" {
				t.Errorf("%s, seed %d, %v from %s to %s: %s\n%s", o.name, seed, d.bad, d.at.from.Format("15:04"), d.at.until.Format("15:04"), d.wrong(o, r), said(r))
			}
		}
	}
}

// outage is what is wrong with some targets for a while, or until now.
type outage struct {
	name    string
	strikes func(*outageDay, *server)
	first   []string // what somebody on call would name first, if it goes on
	over    []string // and if it is over; else the same
	many    bool     // all targets are struck, not one of them only
}

var outages = []outage{
	{"overload", func(_ *outageDay, s *server) { s.slow, s.checked = 40, true }, []string{"idle-timeout-reached"}, nil, true},
	{"one is slow", func(_ *outageDay, s *server) { s.slow = 300 }, []string{"idle-timeout-reached"}, nil, false},
	{"refuses", func(d *outageDay, s *server) {
		s.down = []span{d.at}
	}, []string{"target-port-refused", "target-health-failed-checks"}, []string{"target-port-refused", "target-was-unhealthy"}, false},
	{"crash loop", func(d *outageDay, s *server) {
		for at := d.at.from.Add(seconds(300 * d.r.Float64())); at.Before(d.at.until); at = at.Add(seconds(200 + 200*d.r.Float64())) {
			s.down = append(s.down, span{at, at.Add(75 * time.Second)})
		}
	}, []string{"target-port-refused"}, nil, true},
	{"dropped", func(d *outageDay, s *server) {
		s.cut = []span{d.at}
	}, []string{"target-connect-timeout", "target-health-timeout"}, []string{"target-connect-timeout"}, true},
	{"error in the application", func(_ *outageDay, s *server) { s.errs = 1 }, []string{"target-answers-5xx"}, nil, false},
	{"clients give up", func(_ *outageDay, s *server) { s.slow, s.patience = 20, 10 }, []string{"clients-gave-up"}, nil, true},
	{"no target", func(d *outageDay, s *server) {
		s.away = d.at
	}, []string{"target-group-empty"}, []string{"no-usable-target"}, true},
}

// server is a target, and what happens to it.
type server struct {
	name, zone     string
	healthy        []bool // by ten seconds of the window
	reason         string // why its last check failed
	down, cut      []span // nothing listens; packets are dropped
	away           span   // it is not registered
	slow, patience float64
	checked        bool    // health checks are slow as well
	errs           float64 // part of the requests that it answers with 500
}

type span struct{ from, until time.Time }

func (s span) has(at time.Time) bool { return !at.Before(s.from) && at.Before(s.until) }

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// outageDay is a window with an outage in it.
type outageDay struct {
	*simulation
	at      span
	now     bool // it goes on
	servers []*server
	bad     []string
	checks  []LogCheck
	breaks  float64 // part of all requests that targets break off, as they do at any time
	errs    float64 // or answer with 500
}

func (d *outageDay) run(o outage) {
	r, g := d.r, d.web()
	d.From = noon.Add(-time.Duration(1+2*r.IntN(2)) * time.Hour)
	if d.Metrics = nil; r.IntN(2) == 0 {
		d.Metrics = []Series{}
	}
	if d.at = (span{noon.Add(-seconds(60 * (20 + 15*r.Float64()))), noon.Add(time.Hour)}); r.IntN(2) == 0 {
		d.at.until = d.at.from
		d.at.from = d.at.from.Add(-seconds(60 * (12 + 8*r.Float64())))
	} else {
		d.now, d.end = true, noon.Add(-time.Duration(r.IntN(2))*5*time.Minute)
	}
	switch r.IntN(3) {
	case 0:
		d.breaks = 0.0005
	case 1:
		d.errs = 0.0005
	}
	g.Check.Healthy, g.Attributes[attrDelay], g.Targets = 2, "0", []Target{}
	for i := range 2 + r.IntN(5) {
		s := &server{name: fmt.Sprintf("10.0.%d.%d", 10+i%2, 11+i), zone: string("ab"[i%2])}
		if o.many || i == 0 {
			o.strikes(d, s)
			d.bad = append(d.bad, s.name+":8080")
		}
		d.check(s)
		d.servers = append(d.servers, s)
		d.Network.Interfaces = append(d.Network.Interfaces, Interface{ID: "eni-" + s.name, VPC: "vpc-1", Subnet: "subnet-app-" + s.zone, Zone: "eu-central-1" + s.zone, Addresses: []string{s.name}, SecurityGroups: []string{"sg-app"}})
		if !s.away.has(noon) {
			state := Target{ID: s.name, Port: 8080, Zone: "eu-central-1" + s.zone, State: "healthy", CheckPort: "8080"}
			if !s.healthy[len(s.healthy)-1] {
				state.State, state.Reason = "unhealthy", s.reason
			}
			g.Targets = append(g.Targets, state)
		}
	}
	each := 6000 / noon.Sub(d.From).Minutes()
	for minute := d.From; minute.Before(noon); minute = minute.Add(time.Minute) {
		for range int(each*(0.7+0.6*r.Float64()) + r.Float64()) {
			d.request(minute.Add(seconds(60 * r.Float64())))
		}
		d.hosts(minute)
	}
}

// check lets a target be checked each thirty seconds.
func (d *outageDay) check(s *server) {
	pass, fail := LogCheck{Group: "web", Target: s.name + ":8080", Pass: true, Code: 200}, LogCheck{Group: "web", Target: s.name + ":8080", Reason: "TimedOut", Code: -1}
	healthy, run, before := true, 0, true
	for at := d.From; at.Before(noon); at = at.Add(10 * time.Second) {
		if at.Sub(d.From)%(30*time.Second) == 0 && !s.away.has(at) {
			took := d.takes(s, at) * 0.3
			ok := took < 5
			if s.reason = "Target.Timeout"; !s.checked {
				ok, took = true, 0.02
			}
			switch {
			case isIn(s.cut, at):
				ok = false
			case isIn(s.down, at):
				ok, s.reason, fail.Reason = false, "Target.FailedHealthChecks", "ConnectionReset"
			}
			if run++; ok != before {
				run, before = 1, ok
				pass.Flaps, fail.Flaps, pass.LastFlap, fail.LastFlap = pass.Flaps+1, fail.Flaps+1, at, at
			}
			if run >= 2 {
				healthy = ok
			}
			of := &pass
			if !ok {
				of, took = &fail, min(took, 5)
			}
			of.Checks, of.Last, of.Slowest = of.Checks+1, at, max(of.Slowest, took)
		}
		s.healthy = append(s.healthy, healthy)
	}
	for _, c := range []LogCheck{pass, fail} {
		if c.Checks > 0 {
			d.checks = append(d.checks, c)
		}
	}
}

func isIn(list []span, at time.Time) bool {
	return slices.ContainsFunc(list, func(s span) bool { return s.has(at) })
}

// takes is how long a target takes to answer.
func (d *outageDay) takes(s *server, at time.Time) float64 {
	median := 0.05
	if s.slow > 0 && d.at.has(at) {
		median = s.slow
	}
	return median * math.Exp(0.5*d.r.NormFloat64())
}

// usable are the targets to one of which a request is sent.
func (d *outageDay) usable(at time.Time) (healthy, others []*server) {
	for _, s := range d.servers {
		switch {
		case s.away.has(at):
		case s.healthy[at.Sub(d.From)/(10*time.Second)]:
			healthy = append(healthy, s)
		default:
			others = append(others, s)
		}
	}
	return healthy, others
}

func (d *outageDay) request(at time.Time) {
	healthy, others := d.usable(at)
	if len(healthy) == 0 {
		healthy = others
	}
	target, ends := "-", failings[6] // none usable
	if len(healthy) > 0 {
		s := healthy[d.r.IntN(len(healthy))]
		target, ends = s.name+":8080", d.ends(s, at)
	}
	if done := at.Add(ends.takes); done.Before(noon) {
		if d.line(d.web(), ends, target, at); !done.Before(d.end) {
			d.lines = d.lines[:len(d.lines)-1] // of an object to come
		}
	}
}

// ends is how a target ends a request.
func (d *outageDay) ends(s *server, at time.Time) failing {
	took := d.takes(s, at)
	limit := cmp.Or(s.patience, 60)
	switch {
	case isIn(s.cut, at):
		return failings[1]
	case isIn(s.down, at):
		return failings[0]
	case isIn(s.down, at.Add(seconds(min(took, limit)))):
		return failing{"closed", "0.000 -1 -1", "502", "-", seconds(took), nil}
	case took > limit && s.patience > 0:
		return failing{"gave up", "0.000 -1 -1", "460", "-", seconds(limit), nil}
	case took > limit:
		return failings[4]
	case d.at.has(at) && d.r.Float64() < s.errs || d.r.Float64() < d.errs:
		return failings[5]
	case d.r.Float64() < d.breaks:
		return failings[2]
	}
	return failing{"", fmt.Sprintf("0.000 %.3f 0.000", took), "200", "200", seconds(took), nil}
}

// hosts is what metrics have of the health of targets in a minute.
func (d *outageDay) hosts(minute time.Time) {
	if d.Metrics == nil {
		return
	}
	healthy, others := d.usable(minute)
	for name, n := range map[string]int{"HealthyHostCount": len(healthy), "UnHealthyHostCount": len(others)} {
		i := slices.IndexFunc(d.Metrics, func(m Series) bool { return m.Name == name })
		if i < 0 {
			d.Metrics, i = append(d.Metrics, Series{Name: name, Group: webARN, Stat: "Minimum", Period: 60}), len(d.Metrics)
		}
		d.Metrics[i].Points = append(d.Metrics[i].Points, Point{minute, float64(n)})
	}
}

// wrong says what is wrong with a report; "" for nothing.
func (d *outageDay) wrong(o outage, r *Report) string {
	if len(r.Findings) == 0 || d.now && r.Findings[0].Level == Note {
		return "nothing is said"
	}
	f, ids := r.Findings[0], o.first
	if !d.now && o.over != nil {
		ids = o.over
	}
	if !slices.Contains(ids, f.ID) {
		return f.ID + " is named first"
	}
	for _, target := range f.Targets {
		if !slices.Contains(d.bad, target) {
			return target + " is named"
		}
	}
	if worst := KindOf(f.ID).Level; d.now && f.Level != worst || !d.now && f.Level == Fail {
		return fmt.Sprintf("it goes on: %t; it is told as %s", d.now, f.Level)
	}
	for _, f := range r.Findings {
		if command := strings.Join(f.Fix, "; "); strings.Contains(command, attrIdle) || strings.Contains(command, "--health-check-timeout") {
			return command
		}
	}
	return ""
}
