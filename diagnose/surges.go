package diagnose

import (
	"cmp"
	"database/sql"
	"maps"
	"math"
	"slices"
	"time"
)

// Surge is that a group got many more requests than before, at times in which many failed.
type Surge struct {
	Group string      `json:"group"` // ARN; "" behind a Classic Load Balancer
	Times []SurgeTime `json:"times"` // by time
	Known bool        `json:"known"` // it was looked at whose requests these were
	Parts []SurgePart `json:"parts,omitempty"`
}

// SurgeTime is a time in which requests failed that were far more than before.
type SurgeTime struct {
	Since    time.Time `json:"since"` // the minute in which requests became more
	First    time.Time `json:"first"` // the first minute in which many failed, and the last
	Last     time.Time `json:"last"`
	Usual    float64   `json:"usual"`    // requests a minute before
	Minutes  int64     `json:"minutes"`  // from First on, half an hour at most: later it may be the day that has more of them
	Requests int64     `json:"requests"` // in these minutes
	Failed   int64     `json:"failed"`   // of these requests
}

// SurgePart is what rose far more than all other requests did.
type SurgePart struct {
	Trait string  `json:"trait"` // as of Alike
	Value string  `json:"value"` // without what may be a secret
	Usual float64 `json:"usual"` // requests a minute before, and in the surge
	Rose  float64 `json:"rose"`

	Requests int64 `json:"requests"` // in the surge
	Failed   int64 `json:"failed"`   // of these
}

// interval is the time whose requests are compared with those before.
func (t SurgeTime) interval() interval {
	return interval{t.First, t.First.Add(time.Duration(t.Minutes) * time.Minute)}
}

// What is a surge: so many times as many requests as in the hour before, and how much of that hour has to be known.
const (
	surging     = 2
	beforeSurge = time.Hour
	leastBefore = 10 // minutes
	intoSurge   = 30 * time.Minute
)

// mostSurges is of how many times of a group it is asked whose requests came.
const mostSurges = 10

// surges looks for times in which a group's requests failed and were far more than before, and whose these were: that takes
// two more readings for each group, and nothing is told of whose they were where that cannot be.
func (r *reader) surges(s *Snapshot) error {
	for _, one := range r.logs.surged() {
		if one.Group == "" && s.Balancer.Type != Classic { // of no group
			continue
		}
		if len(r.logs.Surges) < mostContrasts {
			if err := r.surgeParts(&one); err != nil {
				return err
			}
		}
		r.logs.Surges = append(r.logs.Surges, one)
	}
	return nil
}

// surged are the surges that the minutes of the logs show, most failures first.
func (l *Logs) surged() (list []Surge) {
	minutes := l.parts(l.failing())
	for _, group := range slices.Sorted(maps.Keys(minutes)) {
		if times := surgeTimes(minutes[group]); len(times) > 0 {
			list = append(list, Surge{Group: group, Times: times})
		}
	}
	slices.SortStableFunc(list, func(a, b Surge) int { return cmp.Compare(b.failed(), a.failed()) })
	return list
}

// failing are what requests fail for that an overload can have for a result, by group.
func (l *Logs) failing() map[alikes]bool {
	failing := map[alikes]bool{}
	for _, row := range l.Failures {
		if mayBeAlike(row) {
			failing[alikesOf(row)] = true
		}
	}
	return failing
}

// parts are the minutes of each group, with how many requests failed for some reasons.
func (l *Logs) parts(failing map[alikes]bool) map[string][]part {
	minutes := map[string][]part{}
	for _, m := range l.Minutes {
		p := part{from: m.Minute, all: m.Requests}
		for reason, n := range m.Reasons {
			if failing[alikes{m.Group, reason}] {
				p.these += n
			}
		}
		minutes[m.Group] = append(minutes[m.Group], p)
	}
	return minutes
}

// surgeTimes are those of a group's minutes.
func surgeTimes(minutes []part) (times []SurgeTime) {
	bad := failsMore(minutes)
	for _, s := range spells(minutes, bad) {
		if t, ok := surgeOf(minutes, bad, s); ok && s.n >= fewRequests {
			times = append(times, t)
		}
	}
	if len(times) > mostSurges {
		slices.SortStableFunc(times, func(a, b SurgeTime) int { return cmp.Compare(b.Failed, a.Failed) })
		times = times[:mostSurges]
		slices.SortFunc(times, func(a, b SurgeTime) int { return a.First.Compare(b.First) })
	}
	return times
}

// failsMore reports of minutes in which a far larger part of the requests failed than in most of the better ones.
func failsMore(minutes []part) func(part) bool {
	const least, more = 0.01, 5
	var rates []float64
	for _, m := range minutes {
		if m.all > 0 {
			rates = append(rates, float64(m.these)/float64(m.all))
		}
	}
	if len(rates) == 0 {
		return func(part) bool { return false }
	}
	slices.Sort(rates)
	rate := max(least, more*rates[len(rates)/4])
	return func(m part) bool { return m.these >= 3 && float64(m.these) >= rate*float64(m.all) }
}

// surgeOf compares the requests of a time in which many failed with those before it.
func surgeOf(minutes []part, bad func(part) bool, s spell) (t SurgeTime, ok bool) {
	t = SurgeTime{Since: s.first, First: s.first, Last: s.last}
	var before []float64
	for _, m := range minutes {
		switch into := m.from.Sub(s.first); {
		case into < -beforeSurge || m.from.After(s.last) || into >= intoSurge:
		case into >= 0:
			t.Requests, t.Failed = t.Requests+m.all, t.Failed+m.these
		case !bad(m):
			before = append(before, float64(m.all))
		}
	}
	t.Minutes = int64(min(s.last.Sub(s.first)+time.Minute, intoSurge) / time.Minute)
	if len(before) < leastBefore {
		return t, false
	}
	slices.Sort(before)
	t.Usual = before[len(before)/2]
	for i := len(minutes) - 1; i >= 0; i-- { // they may be more for a while before they are too many
		if m := minutes[i]; m.from.Before(t.Since) {
			if t.Since.Sub(m.from) > time.Minute || s.first.Sub(m.from) > beforeSurge/2 || float64(m.all) < surging*t.Usual/math.Sqrt2 {
				break
			}
			t.Since = m.from
		}
	}
	more := float64(t.Requests) - float64(t.Minutes)*t.Usual
	return t, more >= leastOfRise && float64(t.Requests) >= surging*float64(t.Minutes)*t.Usual && t.partRose(minutes, bad)
}

// partRose reports whether so large a part of the requests failed that it is no part that always does, which of few requests
// does not show in each minute; surges before are none of what is usual.
func (t SurgeTime) partRose(minutes []part, bad func(part) bool) bool {
	const more = 2
	failed, all := int64(1), int64(1) // one might have
	for _, m := range minutes {
		if into := m.from.Sub(t.First); into >= -beforeSurge && into < 0 && !(bad(m) && float64(m.all) >= surging*t.Usual) {
			failed, all = failed+m.these, all+m.all
		}
	}
	return float64(t.Failed)*float64(all) >= more*float64(t.Requests)*float64(failed)
}

func (s Surge) failed() (n int64) {
	for _, t := range s.Times {
		n += t.Failed
	}
	return n
}

// rates are the requests a minute before and in a surge, and those in it that did not fail.
func (s Surge) rates() (usual, rose, answered float64) {
	long := 0.0
	for _, t := range s.Times {
		n := float64(t.Minutes)
		usual, rose, answered, long = usual+n*t.Usual, rose+float64(t.Requests), answered+float64(t.Requests-t.Failed), long+n
	}
	return usual / long, rose / long, answered / long
}

// surgeParts looks whose requests a surge was of.
func (r *reader) surgeParts(s *Surge) error {
	var reasons []string
	for these := range r.logs.failing() {
		if these.group == s.Group {
			reasons = append(reasons, these.reason)
		}
	}
	c := contrast{group: s.Group, among: "true", which: "list_contains($failing, reason)", args: []any{sql.Named("failing", reasons)}, traits: traits}
	long, end := 0.0, r.logs.Minutes[0].Minute // of the surge before
	for _, t := range s.Times {
		c.during = append(c.during, t.interval())
		if b := hourBefore(t.Since, end); b.from.Before(b.until) {
			c.before, long = append(c.before, b), long+b.minutes()
		}
		end = t.Last.Add(time.Minute)
	}
	list, known, err := r.contrast(c)
	s.Known = known
	for _, one := range list {
		if one.trait == "" {
			continue
		}
		s.Parts = append(s.Parts, SurgePart{one.trait, one.value, float64(one.before.all) / long, float64(one.during.all) / s.minutes(), one.during.all, one.during.some})
	}
	s.Parts = s.most()
	return err
}

func (s Surge) minutes() (n float64) {
	for _, t := range s.Times {
		n += float64(t.Minutes)
	}
	return n
}

// most are the few values of each trait that rose twice as steeply as all requests did, and had half of what came in addition.
func (s Surge) most() (list []SurgePart) {
	usual, rose, _ := s.rates()
	for _, t := range traits {
		var of []SurgePart
		for _, p := range s.Parts {
			if p.Trait == t.name && p.Rose*usual >= 2*rose*p.Usual {
				of = append(of, p)
			}
		}
		slices.SortFunc(of, func(a, b SurgePart) int {
			return cmp.Or(cmp.Compare(b.Rose-b.Usual, a.Rose-a.Usual), cmp.Compare(a.Value, b.Value))
		})
		sum, n := 0.0, 0
		for n < len(of) && n < mostAlike && 10*sum < 9*(rose-usual) {
			sum, n = sum+of[n].Rose-of[n].Usual, n+1
		}
		if 2*sum < rose-usual {
			continue
		}
		for _, p := range of[:n] {
			p.Value = redacted(p.Value)
			list = append(list, p)
		}
	}
	return list
}
