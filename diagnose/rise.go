package diagnose

import (
	"fmt"
	"math"
	"time"
)

// What is told as a rise: so many times as much as before, over so long before and since, so many at least
// since, and so much more likely than one rate all the time, as a logarithm.
const (
	steep       = 5
	beforeRise  = 30 * time.Minute
	sinceRise   = 10 * time.Minute
	leastOfRise = 50
	likelyRise  = 20
)

// tellRise says since when a metric of the balancer counts how much more than before.
func (f *facts) tellRise(found *Finding, name string) {
	since, times, ok := f.rise(name)
	switch {
	case !ok:
	case math.IsInf(times, 1):
		found.Sentence += fmt.Sprintf(" They fail since %s UTC: none did before.", f.clock(since))
	default:
		found.Sentence += fmt.Sprintf(" Since %s UTC, %.0f times as many fail as before.", f.clock(since), times)
	}
}

// rise is when a metric of the balancer rose, and how many times as much it counts since; ok is false if it
// did not rise, or is down again. The window is divided where one rate before and one since
// fit best what was counted, as events that come by chance at these rates.
func (f *facts) rise(name string) (since time.Time, times float64, ok bool) {
	counted, period := f.byPeriod(f.series(name, "")), f.period()
	begin := f.From.UTC().Truncate(period)
	var counts []float64
	sum := 0.0
	for at := begin; at.Before(f.Until); at = at.Add(period) {
		counts = append(counts, counted[at])
		sum += counted[at]
	}
	fits := func(n, periods float64) float64 {
		if n == 0 {
			return 0
		}
		return n * math.Log(n/periods)
	}
	best, at, before, n := math.Inf(-1), 0, 0.0, 0.0
	for i := 1; i < len(counts); i++ {
		n += counts[i-1]
		if fit := fits(n, float64(i)) + fits(sum-n, float64(len(counts)-i)); fit > best {
			best, at, before = fit, i, n
		}
	}
	length := len(counts) - at
	if time.Duration(at)*period < beforeRise || time.Duration(length)*period < sinceRise || sum-before < leastOfRise || best-fits(sum, float64(len(counts))) < likelyRise {
		return since, 0, false
	}
	rate := (sum - before) / float64(length)
	last := 0.0 // in the last third, at the end of which metrics may lack
	for _, n := range counts[at+length-length/3:] {
		last += n
	}
	times = rate / (before / float64(at)) // infinite after none
	return begin.Add(time.Duration(at) * period), times, times >= steep && last >= rate*float64(length/3)/2
}
