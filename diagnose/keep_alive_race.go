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
func (f *facts) racing() []string { return groupNames(f.groupsThat(f.isRace)) }

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
	parts, n := f.parts(g, share, first, max(time.Minute, f.Logs.Last.Sub(first)/60)), f.sum(share)
	// What is broken off only where as much is refused is of the same restarts.
	if f.unmade(share) == 0 && !slices.ContainsFunc(parts, func(p part) bool { return p.closed > p.refused }) {
		all := n
		for _, p := range parts {
			all += p.refused
		}
		if inBursts(parts, all, part.failed) {
			return true
		}
	}
	return inBursts(parts, n, f.hit(share))
}

// unmade are those failures of a share for which no connection came about.
func (f *facts) unmade(share func(Failure) int64) int64 {
	return f.sum(where(func(row Failure) bool { return row.Reason == "Target_Connection_Error" }, share))
}

// hit tells parts in which failures of a share came, as far as their reasons tell.
func (f *facts) hit(share func(Failure) int64) func(part) bool {
	switch f.unmade(share) {
	case 0:
		return func(p part) bool { return p.closed > 0 }
	case f.sum(share): // and what is broken off apart from these says nothing
		return func(p part) bool { return p.reset > 0 }
	}
	return func(p part) bool { return p.closed+p.reset > 0 }
}

// inBursts reports whether some failures came in at most half as many parts of some time as by chance, and five or more
// in each: a race may fail two or three at once, where a client asks for several things.
func inBursts(parts []part, n int64, hit func(part) bool) bool {
	hits := countParts(parts, hit)
	return hits > 0 && n >= 5*hits && float64(2*hits) <= byChance(parts, n, hit)
}

// countParts counts the parts of some time of which something holds.
func countParts(parts []part, holds func(part) bool) (n int64) {
	for _, p := range parts {
		if holds(p) {
			n++
		}
	}
	return n
}

// byChance is in how many parts of some time so many failures would come by chance. hit is whether any came in a part.
func byChance(parts []part, n int64, hit func(part) bool) (hits float64) {
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
	for _, p := range parts {
		hits += 1 - math.Pow(1-float64(p.all)/float64(all), float64(n))
	}
	return hits
}

// part is what a group was sent in a part of some time.
type part struct {
	from            time.Time
	all             int64 // requests
	closed, refused int64 // those of them that were broken off at once, and for which no connection came about
	reset           int64 // those among the last to targets of which some share has any
	these           int64 // failures that are looked at, whatever they are
}

func (p part) failed() bool { return p.closed+p.refused > 0 }

// parts divides the time from some moment on; there are none if that is not known.
func (f *facts) parts(g *Group, share func(Failure) int64, from time.Time, width time.Duration) (parts []part) {
	if from.IsZero() {
		return nil
	}
	reset := map[string]bool{} // targets
	for _, row := range f.failures() {
		if row.Reason == "Target_Connection_Error" && share(row) > 0 {
			reset[row.Target] = true
		}
	}
	from = from.UTC().Truncate(time.Minute)
	for _, m := range f.minutesOf(g) {
		if m.Minute.Before(from) {
			continue
		}
		at := int(m.Minute.Sub(from) / width)
		for len(parts) <= at {
			parts = append(parts, part{from: from.Add(time.Duration(len(parts)) * width)})
		}
		p := &parts[at]
		p.all, p.closed, p.refused = p.all+m.Requests, p.closed+m.brokenOffAtOnce(), p.refused+m.Reasons["Target_Connection_Error"]
		for target, n := range m.Unconnected {
			if reset[target] {
				p.reset += n
			}
		}
		if m.Unconnected == nil {
			p.reset += m.Reasons["Target_Connection_Error"]
		}
	}
	return parts
}

// Targets that restart one after the other do so in few deployments a day, each of which is over within an hour:
// they fail requests at fewer times a day than these, and for less long.
const (
	manyTimes = 5
	longTime  = 45 * time.Minute
)

// comesAgain reports whether failures of a group, some of which came in each of these spells, came for so long, or so
// often and spread so much, that it is rather a race than restarts. Where it is not, nothing tells one from the other.
func (f *facts) comesAgain(g *Group, share func(Failure) int64) (times []spell, again bool) {
	first, _ := f.firstAndLast(share)
	minutes, hit := f.parts(g, share, first, time.Minute), f.hit(share)
	times = spells(minutes, hit)
	if slices.ContainsFunc(times, func(s spell) bool { return s.last.Sub(s.first) >= longTime }) {
		return times, true
	}
	days, parts := max(1, f.Logs.Last.Sub(first).Hours()/24), f.parts(g, share, first, quiet)
	often := float64(len(times)) >= manyTimes*days
	spread := float64(3*countParts(parts, hit)) > 2*byChance(parts, countParts(minutes, hit), hit)
	return times, often && spread
}

// isOutage reports whether failures of a group are of a time in which most of its requests failed so, or
// that is over, by how long and how many have gone well since. Only minutes with no more traffic than that
// time had tell: with more of it, connections are idle less often.
func (f *facts) isOutage(g *Group, share func(Failure) int64) bool {
	first, last := f.firstAndLast(share)
	failed := f.sum(share)
	during, _ := inMinutes(f.minutesOf(g), func(m Minute) bool {
		return m.Minute.Add(time.Minute).After(first) && !m.Minute.After(last)
	}, Minute.all)
	long := int64(last.Sub(first)/time.Minute) + 1
	since, _ := inMinutes(f.minutesOf(g), func(m Minute) bool {
		return m.Minute.After(last) && m.Requests*long <= 2*during
	}, Minute.all)
	if failed < fewRequests || first.IsZero() {
		return false
	}
	hits := countParts(f.parts(g, share, first, time.Minute), f.hit(share)) // of several at once none says more than the others
	return 2*failed > during || f.isRest(f.answeredFor(among(share)), among(share)) && hits*since >= fewRequests*during
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
	times, again := f.comesAgain(g, share)
	if !again {
		f.orRestarts(found, g, times)
	}
	found.because(FromConfig, f.idleSet()+"; a target's keep-alive has to be longer (unless changed, gunicorn: 2 s; Node.js, Apache and uvicorn: 5 s; nginx: 75 s)")
	if f.measured("RequestCount", g.ARN) {
		errors := f.total("TargetConnectionErrorCount", g.ARN)
		tls := f.total("TargetTLSNegotiationErrorCount", g.ARN)
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount %s, TargetTLSNegotiationErrorCount %s", number(errors), number(tls)))
		if again && errors == 0 && tls == 0 && over > 1 && rate <= raceSure {
			found.Confidence = High
		}
	} else {
		found.rival("target-port-refused", "without metrics a refused connection looks the same")
		if rate > raceSure {
			found.Confidence = Low
		}
	}
	found.rival("target-closes-connection", "targets that break off at once for another reason: restarts, as in deployments, a crash on certain requests, or an answer with malformed headers, or with more than 32 K of them")
	// An idle timeout below the targets' keep-alive would end the race, too, and cut off
	// what is silent for a while on purpose: WebSockets, long polls, slow answers.
	return found
}

// orRestarts says of what may be a race, by all but when it came, that it may be restarts as well.
func (f *facts) orRestarts(found *Finding, g *Group, times []spell) {
	found.Confidence = Low
	found.Sentence = fmt.Sprintf("Requests to %s got 502 at once: its targets were restarted, as in a deployment, or close idle connections before the balancer's %s.", g.Name, f.idleTimeout())
	found.Do = "see whether the targets were deployed, or restarted, at these times: then let them end what is under way before they stop; if not, " + found.Do
	if len(times) > 0 {
		found.when = times
		found.because(FromLog, "when they came does not tell restarts from idle connections")
	}
}
