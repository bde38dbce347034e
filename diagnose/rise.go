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
	r, ok := f.rise(counted, among, steep)
	switch {
	case !ok:
		return
	case len(among) == 0:
		found.Sentence += r.words(f, "They fail", "as many fail")
	default:
		found.Sentence += r.words(f, "They fail", "as large a part of the connections fails")
	}
	found.ruined = max(found.ruined, int64(r.more))
}

// words says when it rose, of what they do, and what does it so many times.
func (r rise) words(f *facts, they, such string) string {
	since := f.clock(r.since)
	switch {
	case math.IsInf(r.times, 1) && r.onset.Before(r.since):
		return fmt.Sprintf(" %s since %s UTC, and most since %s: none did before.", they, f.clock(r.onset), since)
	case math.IsInf(r.times, 1):
		return fmt.Sprintf(" %s since %s UTC: none did before.", they, since)
	case r.onset.Before(r.since):
		return fmt.Sprintf(" Since %s UTC, more and more do, and since %s %.0f times %s as before.", f.clock(r.onset), since, r.times, such)
	}
	return fmt.Sprintf(" Since %s UTC, %.0f times %s as before.", since, r.times, such)
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

// rise is when a count went up.
type rise struct {
	onset time.Time // when it began; before since, where it went up in steps, or little by little
	since time.Time // when it went up most
	times float64   // how many times as large a part it is since than before the onset; infinite after none
	more  float64   // how many more than before
}

// rise looks whether a count by the metrics' periods rose, as a part of what it is among; ok is false if it did not, to so many
// times as much at least, or is down again. The window is divided where one rate before and one since fit best what was counted,
// as events that come by chance at these rates; what came before, once more, for as long as that finds a rise. As traffic goes
// up in the morning, so does what always fails; as it goes down at night, scanners are a larger part of it: neither is a rise.
func (f *facts) rise(counted, among map[time.Time]float64, steep float64) (r rise, ok bool) {
	period := f.period()
	begin := f.From.UTC().Truncate(period)
	var s steps
	for at := begin; at.Before(f.Until); at = at.Add(period) {
		part := 1.0
		if len(among) > 0 {
			part = max(among[at], counted[at]) // a connection that fails may be counted a minute later
		}
		s.counts, s.of = append(s.counts, counted[at]), append(s.of, part)
	}
	long := func(n int) time.Duration { return time.Duration(n) * period }
	at, likely := s.divide()
	before, since := s.upTo(at), s.from(at)
	length := len(s.counts) - at
	if long(at) < beforeRise || long(length) < sinceRise || since.n < leastOfRise || likely < likelyRise {
		return r, false
	}
	last := s.from(at + length - length/3) // in the last third, at the end of which metrics may lack
	onset := at
	for ok := true; ok; {
		earlier := steps{s.counts[:onset], s.of[:onset]}
		i, likely := earlier.divide()
		if ok = likely >= likelyRise && long(i) >= beforeRise && earlier.from(i).exceeds(earlier.upTo(i), onset-i, i, asMany); ok {
			onset, before = i, s.upTo(i)
		}
	}
	r = rise{begin.Add(long(onset)), begin.Add(long(at)), since.rate() / before.rate(), s.from(onset).n - before.rate()*s.from(onset).of}
	ok = since.exceeds(before, length, onset, steep) && last.n >= since.rate()*last.of/2
	return r, ok
}

// steps are counts one after another, and what each is of.
type steps struct{ counts, of []float64 }

// portion is how many there were of how many.
type portion struct{ n, of float64 }

func (p portion) rate() float64 { return p.n / p.of }

// exceeds reports whether it is so many times as large a part as another, and as many in the same time; both took so long.
func (p portion) exceeds(other portion, long, others int, steep float64) bool {
	return p.rate() >= steep*other.rate() && p.n/float64(long) >= asMany*other.n/float64(others)
}

// fits is how likely it was, at their own rate, as a logarithm, but for what is the same however they are divided.
func (p portion) fits() float64 {
	if p.n == 0 {
		return 0
	}
	return p.n * math.Log(p.rate())
}

func (s steps) upTo(i int) (p portion) {
	for k := range i {
		p.n, p.of = p.n+s.counts[k], p.of+s.of[k]
	}
	return p
}

func (s steps) from(i int) (p portion) {
	for k := i; k < len(s.counts); k++ {
		p.n, p.of = p.n+s.counts[k], p.of+s.of[k]
	}
	return p
}

// divide is where two rates fit best, and how much better than one.
func (s steps) divide() (at int, likely float64) {
	all, before, best := s.from(0), portion{}, math.Inf(-1)
	for i := 1; i < len(s.counts); i++ {
		before.n, before.of = before.n+s.counts[i-1], before.of+s.of[i-1]
		since := portion{all.n - before.n, all.of - before.of}
		if fit := before.fits() + since.fits(); before.of > 0 && since.of > 0 && fit > best {
			at, best = i, fit
		}
	}
	return at, best - all.fits()
}
