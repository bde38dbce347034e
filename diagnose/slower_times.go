package diagnose

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// pooled are the answers with those of some minutes put together where each five have too few.
func pooled(list []paced) (all []paced) {
	var few []paced
	for _, p := range list {
		if p.failed || p.Answers >= leastOfHalf {
			all, few = append(all, p), nil
			continue
		}
		few = slices.DeleteFunc(append(few, p), func(old paced) bool { return p.from.Sub(old.from) >= beforeSurge })
		if one := merged(few); one.Answers >= leastOfHalf {
			all, few = append(all, one), nil
		}
	}
	return all
}

// merged is the pace of all, nearly.
func merged(list []paced) paced {
	one := paced{interval: interval{list[0].from, list[len(list)-1].until}}
	for _, p := range list {
		one.Answers, one.Percentile = one.Answers+p.Answers, max(one.Percentile, p.Percentile)
	}
	half := int64(0)
	list = slices.SortedFunc(slices.Values(list), func(a, b paced) int { return cmp.Compare(a.Median, b.Median) })
	for i := 0; 2*half < one.Answers; i++ {
		half, one.Median = half+list[i].Answers, list[i].Median
	}
	return one
}

// slowed are the times in which a group seems to have been slower than before: the one that goes on, then those with most
// answers. end is that of the logs.
func slowed(list []paced, end time.Time) []slowSpell {
	var before []paced
	var now *slowSpell
	var all []*slowSpell
	for _, p := range list {
		if p.failed {
			if now != nil {
				if now.Until = p.until; now.Failed.IsZero() {
					now.Failed = p.from
				}
			}
			continue
		}
		usual, known := usually(before, p.from)
		most := 1.0
		if now != nil { // it is slower until it is nearly as fast again
			usual, known, most = now.Before, true, 1.5
		}
		half := beyond(p.Median, usual.Median, slowerByHalf, most)
		few := p.Answers >= leastOfFew && beyond(p.Percentile, usual.Percentile, slowerByFew, most)
		if !known || !half && !few {
			if now == nil || now.Halves || p.Answers >= leastOfFew { // fewer do not tell of one in twenty
				before, now = append(before, p), nil
			}
			continue
		}
		if now == nil {
			now = &slowSpell{Slower: Slower{Since: p.from, Before: usual}}
			all = append(all, now)
		}
		now.Until, now.Halves, now.then = p.until, now.Halves || half, with(now.then, p.interval)
		now.Then.Answers += p.Answers
	}
	if now != nil {
		now.Open = end.Sub(now.Until) > untilUnknown
		now.Goes = !now.Open
	}
	var told []slowSpell
	for _, s := range all {
		if s.Until.Sub(s.Since) > paceOver || s.Halves { // a few slow ones of five minutes are nothing
			s.setLimit()
			told = append(told, *s)
		}
	}
	slices.SortStableFunc(told, func(a, b slowSpell) int {
		if a.Goes != b.Goes {
			return map[bool]int{true: -1, false: 1}[a.Goes]
		}
		return cmp.Compare(b.Then.Answers, a.Then.Answers)
	})
	return told
}

// with are times and one more, later one, of which no more are taken than a statement may name.
func with(list []interval, one interval) []interval {
	const most = 100
	switch last := len(list) - 1; {
	case last >= 0 && list[last].until.Equal(one.from):
		list[last].until = one.until
	case len(list) < most:
		return append(list, one)
	}
	return list
}

// setLimit sets from which time on an answer is slow.
func (s *Slower) setLimit() {
	if s.Limit = max(s.Before.Percentile*timesSlower, s.Before.Percentile+slowerByFew); s.Halves {
		s.Limit = max(s.Before.Median*timesSlower, s.Before.Median+slowerByHalf)
	}
}

// byChance reports whether so many slow answers may come of those that were as slow before: of few answers half may be slow now
// and then, if many always are. A week has two thousand times to compare.
func (s Slower) byChance() bool {
	const likely = 5 // standard deviations
	n, m := float64(s.Then.Answers), float64(s.Before.Answers)
	if n == 0 || m == 0 {
		return true
	}
	then, before := float64(s.Then.Slow)/n, float64(s.Before.Slow)/m
	part := float64(s.Then.Slow+s.Before.Slow) / (n + m)
	return then-before < likely*math.Sqrt(part*(1-part)*(1/n+1/m)) || s.Then.Slow == 0
}

// beyond reports whether a time is far longer than usual, or, by a factor, nearly so.
func beyond(now, usual, by, most float64) bool {
	return usual > 0 && now*most >= timesSlower*usual && (now-usual)*most >= by
}

// usually is the pace of the middle of those in the hour before some time; known is false if there are too few.
func usually(before []paced, at time.Time) (usual Pace, known bool) {
	var medians, percentiles []float64
	for _, p := range slices.Backward(before) { // the newest first: a week has two thousand
		if at.Sub(p.from) > beforeSurge {
			break
		}
		medians, percentiles = append(medians, p.Median), append(percentiles, p.Percentile)
	}
	if len(medians) < leastPaces {
		return usual, false
	}
	slices.Sort(medians)
	slices.Sort(percentiles)
	return Pace{Median: medians[len(medians)/2], Percentile: percentiles[len(percentiles)/2]}, true
}
