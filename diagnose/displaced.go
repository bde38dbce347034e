package diagnose

import (
	"slices"
	"time"
)

// A shift is that most requests are of a kind since some time, in place of most others that came before.
type shift struct {
	since     time.Time
	some, all int64 // requests since then of that kind, and all
	before    int64 // others in the hour before that
}

// most reports whether nine in ten of the requests since then are of that kind.
func (s shift) most() bool { return 10*s.some >= 9*s.all }

// count counts the requests of a minute that are of a kind, and all with which these are to be compared.
type count func(Minute) (some, all int64)

// amongAll compares some requests with all.
func amongAll(some func(Minute) int64) count {
	return func(m Minute) (int64, int64) { return some(m), m.Requests }
}

// amongThose compares some requests to a group with all to it.
func amongThose(group string, some func(Minute) int64) count {
	return func(m Minute) (int64, int64) {
		if m.Group != group {
			return 0, 0
		}
		return some(m), m.Requests
	}
}

// displaced looks for a shift up to the last minutes of the logs: five minutes most requests of which are of a kind, in
// place of most others that usually came in the hour before, and most of each five minutes since, nine in ten of all. It
// begins where more others came than since. What comes in bursts, such as a job of each hour, does not usually come.
func (l *Logs) displaced(by count) (s shift, ok bool) {
	if l == nil {
		return s, false
	}
	const before, least = int((time.Hour - recently) / recently), 3
	kind, all, oldest := map[int]int64{}, map[int]int64{}, 0 // by five minutes, from the end backwards
	for _, m := range l.Minutes {
		if some, of := by(m); of > 0 && !m.Minute.After(l.Last) {
			at := int(l.Last.Sub(m.Minute) / recently)
			kind[at], all[at], oldest = kind[at]+some, all[at]+of, max(oldest, at)
		}
	}
	for i := 0; all[i] > 0 && (!ok || kind[i]*s.all >= s.some*all[i]); i++ {
		s.some, s.all, s.before = s.some+kind[i], s.all+all[i], 0
		usual, others := int64(0), []int64{}
		for j := i + 1; j <= i+least || j <= min(i+before, oldest); j++ {
			usual, others, s.before = usual+kind[j], append(others, all[j]-kind[j]), s.before+all[j]-kind[j]
		}
		slices.Sort(others)
		s.since = l.Last.Add(-time.Duration(i+1) * recently).Truncate(time.Minute).Add(time.Minute)
		ok = ok || (i == 0 || s.most()) && mostInPlace(kind[i], all[i], usual/int64(len(others)), others[len(others)/2])
		if !ok && 2*kind[i] <= all[i] {
			break
		}
	}
	return s, ok
}

// mostInPlace reports whether most of all are some of a kind, in place of most others that usually come. If there are
// about as many of the kind as usual, it may be the others that came to an end.
func mostInPlace[T int64 | float64](some, all, usual, usualOthers T) bool {
	return some-usual >= fewRequests && 2*some >= 3*usual && 2*some > all && usualOthers >= fewRequests && 2*(all-some) < usualOthers
}
