package diagnose

import (
	"fmt"
	"math"
	"time"
)

// What is told as a rise: so many times as large a part of the connections as before, and so many times as many, over so
// long before and since, so many at least since, and so much more likely than one rate all the time, as a logarithm.
const (
	steep       = 5 // where scanners come, and go
	asMany      = 2
	beforeRise  = 30 * time.Minute
	sinceRise   = 10 * time.Minute
	leastOfRise = 50
	likelyRise  = 20
)

// tellRise says since when how many more handshakes fail than before, as a metric of the balancer counts
// them, and takes those for the damage that are more than before: so many fail everywhere.
func (found *Finding) tellRise(f *facts, counted map[time.Time]float64) {
	among := f.connections()
	since, times, more, ok := f.rise(counted, among, steep)
	switch {
	case !ok:
		return
	case math.IsInf(times, 1):
		found.Sentence += fmt.Sprintf(" They fail since %s UTC: none did before.", f.clock(since))
	case len(among) == 0:
		found.Sentence += fmt.Sprintf(" Since %s UTC, %.0f times as many fail as before.", f.clock(since), times)
	default:
		found.Sentence += fmt.Sprintf(" Since %s UTC, %.0f times as large a part of the connections fails as before.", f.clock(since), times)
	}
	found.ruined = max(found.ruined, int64(more))
}

// connections are those of clients by the metrics' periods; where no metric counts them, requests, which go up and down
// with them. Empty if nothing is counted.
func (f *facts) connections() map[time.Time]float64 {
	for _, name := range []string{"NewConnectionCount", "NewFlowCount", "RequestCount"} {
		if f.total(name, "") > 0 {
			return f.byPeriod(f.series(name, ""))
		}
	}
	return nil
}

// rise is when a count by the metrics' periods rose, how many times as large a part it comes to since of what it is
// among, and how much more; ok is false if it did not rise, to so many times as much at least, or is down again. The window is divided where one rate before
// and one since fit best what was counted, as events that come by chance at these rates. As traffic goes up in the morning,
// so does what always fails; as it goes down at night, scanners are a larger part of it: neither is a rise.
func (f *facts) rise(counted, among map[time.Time]float64, steep float64) (since time.Time, times, more float64, ok bool) {
	period := f.period()
	begin := f.From.UTC().Truncate(period)
	var counts, of []float64
	var sum, all float64
	for at := begin; at.Before(f.Until); at = at.Add(period) {
		part := 1.0
		if len(among) > 0 {
			part = max(among[at], counted[at]) // a connection that fails may be counted a minute later
		}
		counts, of = append(counts, counted[at]), append(of, part)
		sum, all = sum+counted[at], all+part
	}
	fits := func(n, of float64) float64 {
		if n == 0 {
			return 0
		}
		return n * math.Log(n/of)
	}
	best, at, before, ofBefore := math.Inf(-1), 0, 0.0, 0.0
	n, m := 0.0, 0.0
	for i := 1; i < len(counts); i++ {
		n, m = n+counts[i-1], m+of[i-1]
		if fit := fits(n, m) + fits(sum-n, all-m); m > 0 && m < all && fit > best {
			best, at, before, ofBefore = fit, i, n, m
		}
	}
	length := len(counts) - at
	if time.Duration(at)*period < beforeRise || time.Duration(length)*period < sinceRise || sum-before < leastOfRise || best-fits(sum, all) < likelyRise {
		return since, 0, 0, false
	}
	rate, usual := (sum-before)/(all-ofBefore), before/ofBefore
	last, ofLast := 0.0, 0.0 // in the last third, at the end of which metrics may lack
	for i := at + length - length/3; i < len(counts); i++ {
		last, ofLast = last+counts[i], ofLast+of[i]
	}
	times = rate / usual // infinite after none
	ok = times >= steep && (sum-before)/float64(length) >= asMany*before/float64(at) && last >= rate*ofLast/2
	return begin.Add(time.Duration(at) * period), times, sum - before - usual*(all-ofBefore), ok
}
