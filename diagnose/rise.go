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

// tellRise says since when how many more handshakes fail than before, as a metric of the balancer counts
// them, and takes those for the damage that are more than before: so many fail everywhere.
func (found *Finding) tellRise(f *facts, counted map[time.Time]float64) {
	since, times, more, ok := f.rise(counted)
	switch {
	case !ok:
		return
	case math.IsInf(times, 1):
		found.Sentence += fmt.Sprintf(" They fail since %s UTC: none did before.", f.clock(since))
	default:
		found.Sentence += fmt.Sprintf(" Since %s UTC, %.0f times as many fail as before.", f.clock(since), times)
	}
	found.ruined = max(found.ruined, int64(more))
}

// rise is when a count by the metrics' periods rose, how many times as much it comes to since, and how much more; ok is
// false if it did not rise, or is down again. The window is divided where one rate before and one since
// fit best what was counted, as events that come by chance at these rates.
func (f *facts) rise(counted map[time.Time]float64) (since time.Time, times, more float64, ok bool) {
	period := f.period()
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
		return since, 0, 0, false
	}
	rate := (sum - before) / float64(length)
	last := 0.0 // in the last third, at the end of which metrics may lack
	for _, n := range counts[at+length-length/3:] {
		last += n
	}
	usual := before / float64(at)
	times = rate / usual // infinite after none
	return begin.Add(time.Duration(at) * period), times, sum - before - usual*float64(length), times >= steep && last >= rate*float64(length/3)/2
}
