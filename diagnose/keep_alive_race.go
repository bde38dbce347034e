package diagnose

import (
	"fmt"
	"math"
	"slices"
	"time"

	"loglens/internal/amount"
)

// raceRate is the part of requests above which failures at 0 s are no race with
// idle connections. With little traffic, where each request follows a pause, it may be
// high; but a repeat on a new connection goes well.
const raceRate = 0.5

// raceSure is up to which part of requests it is rather a race than anything else that
// ends them at once: only those fail that come just as a connection is closed.
const raceSure = 0.02

// quick is the share of failures that look like a race: over at once, with nothing
// refused and no TLS that failed.
func (f *facts) quick(g *Group) func(Failure) int64 {
	d, gone, refused, older := f.decide(g), f.deregistered(g), f.undecided(g), names(f.older(g))
	return func(row Failure) int64 {
		switch {
		case row.Group != g.logARN(f) || gone(row) || slices.Contains(older, row.Target):
			return 0
		case row.Reason == "Target_Closed_Connection":
			return row.Quick
		case row.Reason == "Target_Connection_Error" && d.at(row.Target).sure() > 0:
			return d.idleEnds(row)
		case row.Reason == "Target_Connection_Error" && refused(row) == 0:
			return row.Quick
		}
		return 0
	}
}

// isRace reports whether failures at 0 s are spread over most of a group's targets,
// and are few.
func (f *facts) isRace(g *Group) bool {
	share := f.quick(g)
	return f.mayRace(g, share) && !f.comesOnce(g, share)
}

// mayRace reports whether failures are those of a race, but for when they came.
func (f *facts) mayRace(g *Group, share func(Failure) int64) bool {
	hit, targets, rate := f.spread(g, share)
	return 2*hit > targets && rate <= raceRate
}

// racing are the groups whose targets do so. The idle timeout is that of all of them.
func (f *facts) racing() (names []string) {
	for i := range f.Groups {
		if f.isRace(&f.Groups[i]) {
			names = append(names, f.Groups[i].Name)
		}
	}
	return names
}

// comesOnce reports whether failures of a group are of some short times, bursts or an outage, and no race.
func (f *facts) comesOnce(g *Group, share func(Failure) int64) bool {
	return f.comesInBursts(g, share) || f.isOutage(g, share)
}

// comesInBursts reports whether failures of a group came in at most half as many parts of the time since the first of
// them as by chance: at targets that restart one after the other, in one deployment or several. A race comes again and
// again, as long as there is traffic.
func (f *facts) comesInBursts(g *Group, share func(Failure) int64) bool {
	first, _ := f.firstAndLast(share)
	if first.IsZero() {
		return false
	}
	parts, n := f.parts(g, first), f.sum(share)
	resets := f.sum(where(func(row Failure) bool { return row.Reason == "Target_Connection_Error" }, share))
	switch resets {
	case 0:
	case n: // and what is broken off apart from these says nothing
		return inBursts(parts, n, func(p part) bool { return p.refused > 0 })
	default:
		return inBursts(parts, n, part.failed)
	}
	// What is broken off only where as much is refused is of the same restarts.
	if !slices.ContainsFunc(parts, func(p part) bool { return p.closed > p.refused }) {
		all := n
		for _, p := range parts {
			all += p.refused
		}
		if inBursts(parts, all, part.failed) {
			return true
		}
	}
	return inBursts(parts, n, func(p part) bool { return p.closed > 0 })
}

// inBursts reports whether some failures came in at most half as many parts of some time as by chance, and five or more
// in each: a race may fail two or three at once, where a client asks for several things. hit is whether any of them came
// in a part.
func inBursts(parts []part, n int64, hit func(part) bool) bool {
	var most, all int64
	for _, p := range parts {
		if hit(p) {
			most = max(most, p.all)
		}
	}
	// With more traffic than in any of these, connections are idle less often.
	parts = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.all > most })
	for _, p := range parts {
		all += p.all
	}
	var hits, byChance float64
	for _, p := range parts {
		if byChance += 1 - math.Pow(1-float64(p.all)/float64(all), float64(n)); hit(p) {
			hits++
		}
	}
	return hits > 0 && float64(n) >= 5*hits && 2*hits <= byChance
}

// part is what a group was sent in a part of some time.
type part struct {
	all             int64 // requests
	closed, refused int64 // those of them that failed as those of a race do, and others
}

func (p part) failed() bool { return p.closed+p.refused > 0 }

// parts divides the time from some moment on into 61 at most.
func (f *facts) parts(g *Group, from time.Time) (parts []part) {
	from = from.UTC().Truncate(time.Minute)
	width := max(time.Minute, f.Logs.Last.Sub(from)/60)
	for _, m := range f.logMinutes() {
		if m.Group != g.logARN(f) || m.Minute.Before(from) {
			continue
		}
		at := int(m.Minute.Sub(from) / width)
		for len(parts) <= at {
			parts = append(parts, part{})
		}
		p := &parts[at]
		p.all, p.closed, p.refused = p.all+m.Requests, p.closed+m.brokenOffAtOnce(), p.refused+m.Reasons["Target_Connection_Error"]
	}
	return parts
}

// isOutage reports whether failures of a group are of a time in which most of its requests failed so, or
// that is over, by how long and how many have gone well since. Only minutes with no more traffic than that
// time had tell: with more of it, connections are idle less often.
func (f *facts) isOutage(g *Group, share func(Failure) int64) bool {
	first, last := f.firstAndLast(share)
	failed, all := f.sum(share), func(m Minute) int64 { return m.Requests }
	during, _ := f.minutes(func(m Minute) bool {
		return m.Group == g.logARN(f) && m.Minute.Add(time.Minute).After(first) && !m.Minute.After(last)
	}, all)
	long := int64(last.Sub(first)/time.Minute) + 1
	since, _ := f.minutes(func(m Minute) bool {
		return m.Group == g.logARN(f) && m.Minute.After(last) && m.Requests*long <= 2*during
	}, all)
	return failed >= fewRequests && !first.IsZero() && (2*failed > during || f.isRest(f.answeredFor(share), among(share)) && failed*since >= fewRequests*during)
}

func (f *facts) race(g *Group) *Finding {
	if !f.isRace(g) {
		return nil
	}
	share := f.quick(g)
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("keep-alive-race", fmt.Sprintf("Targets of %s close idle connections before the balancer's %s, and requests that come just then get 502.", g.Name, f.idleTimeout()))
	found.Targets, found.share = names, share
	if f.areRare(g, share, f.lateAnswers("502"), "Target_Closed_Connection", "Target_Connection_Error") {
		found.Level = Warn
	}
	hit, targets, rate := f.spread(g, share)
	over := len(names)
	if f.Target != "" {
		n, over = f.sum(share), hit // of all targets, as the rest of the line is
	}
	found.because(FromLog, fmt.Sprintf("%s got 502 at once, spread over %d of %d targets, %s of requests", amount.Of(n, "request", "requests"), over, targets, percent(rate, 2)))
	found.because(FromConfig, f.idleSet()+"; a target's keep-alive has to be longer (unless changed, gunicorn: 2 s; Node.js, Apache and uvicorn: 5 s; nginx: 75 s)")
	if f.measured("RequestCount", g.ARN) {
		errors := f.total("TargetConnectionErrorCount", g.ARN)
		tls := f.total("TargetTLSNegotiationErrorCount", g.ARN)
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount %s, TargetTLSNegotiationErrorCount %s", number(errors), number(tls)))
		if errors == 0 && tls == 0 && over > 1 && rate <= raceSure {
			found.Confidence = High
		}
	} else {
		found.rival("target-port-refused", "without metrics a refused connection looks the same")
		if rate > raceSure {
			found.Confidence = Low
		}
	}
	found.rival("target-closes-connection", "targets that break off at once for another reason: a crash on certain requests, or an answer with malformed headers, or with more than 32 K of them")
	// An idle timeout below the targets' keep-alive would end the race, too, and cut off
	// what is silent for a while on purpose: WebSockets, long polls, slow answers.
	return found
}
