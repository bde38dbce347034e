package diagnose

import (
	"cmp"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"
)

// Slower is that targets of a group answered far more slowly for some time than in the hour before.
type Slower struct {
	Group  string     `json:"group"` // ARN; "" behind a Classic Load Balancer
	Since  time.Time  `json:"since"` // by five minutes
	Until  time.Time  `json:"until"`
	Goes   bool       `json:"goes_on"` // to the end of the logs
	Open   bool       `json:"open"`    // too few answers since tell whether it does
	Failed time.Time  `json:"failed"`  // from when on so many failed that the others say nothing; zero if not
	Halves bool       `json:"halves"`  // half of the answers took longer, not only one in twenty
	Limit  float64    `json:"limit"`   // seconds from which on an answer is slow here
	Before Pace       `json:"before"`  // in the hour before, as far as the logs have it
	Then   Pace       `json:"then"`
	Known  bool       `json:"known"` // it was looked at which answers are slow
	Fresh  bool       `json:"fresh"` // hardly any such requests as the slow ones came before
	Parts  []SlowPart `json:"parts,omitempty"`
}

// Pace is how long answers took: seconds until the target began to answer.
type Pace struct {
	Median     float64 `json:"median"`
	Percentile float64 `json:"p95"`
	Answers    int64   `json:"answers"`
	Slow       int64   `json:"slow"` // that took as long as Limit
	Minutes    float64 `json:"minutes"`
}

// SlowPart counts answers that have something in common, and those among them that were slow: before, and then.
type SlowPart struct {
	Trait      string `json:"trait"` // as of Alike, or target
	Value      string `json:"value"` // without what may be a secret
	Before     int64  `json:"before"`
	SlowBefore int64  `json:"slow_before"`
	Requests   int64  `json:"requests"`
	Slow       int64  `json:"slow"`
}

// What is slower than before: so many times as slow, and by so many seconds, at least; and how many answers of five minutes
// tell it of half of them, and of one in twenty.
const (
	timesSlower  = 3
	slowerByHalf = 0.3
	slowerByFew  = 1.0
	leastOfHalf  = 20
	leastOfFew   = 200
	paceOver     = 5 * time.Minute
	leastPaces   = 3 // within the hour before
	mostFailed   = 0.2
	untilUnknown = 30 * time.Minute // without answers that tell
	mostSlowed   = 10               // of how many times of a group it is asked whether it is chance
)

// paceSQL is how long answers took, by what is to be told apart. %[1]s is that, %[2]s which answers, %[3]s the seconds from which
// on one is slow.
const paceSQL = `
SELECT target_group_arn, part, max(answered)::BIGINT AS answers, min(seconds) FILTER (2 * upto >= answered) AS median, min(seconds) FILTER (20 * upto >= 19 * answered) AS p95,
	coalesce(sum(n) FILTER (seconds >= %[3]g), 0)::BIGINT AS slow
FROM (
	SELECT *, sum(n) OVER (PARTITION BY target_group_arn, part ORDER BY seconds) AS upto, sum(n) OVER (PARTITION BY target_group_arn, part) AS answered
	FROM (SELECT target_group_arn, %[1]s AS part, seconds, sum(requests) AS n FROM latency WHERE %[2]s GROUP BY ALL)
) GROUP BY ALL ORDER BY target_group_arn, part`

// countSlowSQL counts answers, and slow ones, at some times of some groups, by what these are.
const countSlowSQL = `
SELECT spell, during, sum(requests)::BIGINT AS answers, coalesce(sum(requests) FILTER (seconds >= least), 0)::BIGINT AS slow
FROM latency JOIN (
	SELECT unnest($spells) AS spell, unnest($groups) AS arn, unnest($during) AS during, unnest($least) AS least, unnest($since)::TIMESTAMP AS since, unnest($until)::TIMESTAMP AS until
) ON coalesce(target_group_arn, '') = arn AND minute >= since AND minute < until
GROUP BY ALL ORDER BY ALL`

// slowTraits are what slow answers may have in common.
var slowTraits = append(slices.Clone(traits), trait{name: "target", column: "target", word: "%s", were: "were of"})

// paced are the answers of some time.
type paced struct {
	Pace
	interval
	failed bool // so many requests that the others say nothing of all: what fails may do so at once, or after long
}

// slowSpell is a time in which a group seems to have been slower than before; then are those parts of it of which the answers
// tell.
type slowSpell struct {
	Slower
	then   []interval
	before interval
}

// slower looks for groups that answer more slowly than before, and, in two more readings for each, what is slow; that is not told
// where the logs cannot be read again, nor of more than some groups, as where what they all wait for is slow.
func (r *reader) slower() error {
	paces, groups, fails := map[string][]paced{}, []string{}, r.logs.failing()
	_, err := r.ask(fmt.Sprintf(paceSQL, "time_bucket(INTERVAL 5 MINUTE, minute)", "true", 0.0), func(row []any) {
		group := text(row[0])
		groups = add(groups, group)
		at := moment(row[1])
		paces[group] = append(paces[group], paced{Pace: paceOf(row), interval: interval{at, at.Add(paceOver)}})
	})
	if err != nil {
		return err
	}
	for group, list := range r.logs.parts(fails) {
		all, failed := map[time.Time]int64{}, map[time.Time]int64{}
		for _, m := range list {
			at := m.from.Truncate(paceOver)
			all[at], failed[at] = all[at]+m.all, failed[at]+m.these
		}
		for i := range paces[group] {
			p := &paces[group][i]
			p.failed = float64(failed[p.from]) >= mostFailed*float64(all[p.from])
		}
	}
	var all []slowSpell
	for _, group := range groups {
		list := slowed(pooled(paces[group]), r.logs.Last)
		for _, s := range list[:min(len(list), mostSlowed)] {
			s.Group, s.before = group, hourBefore(s.Since, paces[group][0].from)
			all = append(all, s)
		}
	}
	if err := r.countSlow(all); err != nil {
		return err
	}
	told := map[string]bool{}
	all = slices.DeleteFunc(all, func(s slowSpell) bool { // all but the first one of each group
		no := told[s.Group] || s.byChance()
		told[s.Group] = told[s.Group] || !no
		return no
	})
	slices.SortStableFunc(all, func(a, b slowSpell) int { return cmp.Compare(b.Then.Slow, a.Then.Slow) })
	for _, s := range all {
		if err := r.compare(&s.Slower, s.then, s.before); err != nil {
			return err
		}
		r.logs.Slower = append(r.logs.Slower, s.Slower)
	}
	return nil
}

// countSlow counts the answers of each time in which a group seems to have been slower, and of the hour before, in one question:
// of a week, and many groups with few answers, there are many.
func (r *reader) countSlow(all []slowSpell) error {
	if len(all) == 0 {
		return nil
	}
	var spells []int64
	var groups, since, until []string
	var during []bool
	var least []float64
	for i, s := range all {
		for k, t := range append([]interval{s.before}, s.then...) {
			spells, groups, during, least = append(spells, int64(i)), append(groups, s.Group), append(during, k > 0), append(least, s.Limit)
			since, until = append(since, t.from.UTC().Format(time.DateTime)), append(until, t.until.UTC().Format(time.DateTime))
		}
	}
	_, err := r.ask(countSlowSQL, func(row []any) {
		s := &all[whole(row[0], 0)]
		p := &s.Before
		if during, _ := row[1].(bool); during {
			p = &s.Then
		}
		p.Answers, p.Slow = whole(row[2], 0), whole(row[3], 0)
	}, sql.Named("spells", spells), sql.Named("groups", groups), sql.Named("during", during), sql.Named("least", least), sql.Named("since", since), sql.Named("until", until))
	return err
}

func paceOf(row []any) (p Pace) {
	p.Answers, p.Slow = whole(row[2], 0), whole(row[5], 0)
	p.Median, _ = row[3].(float64)
	p.Percentile, _ = row[4].(float64)
	return p
}

// compare counts the answers of a time in which a group was slower, and those before.
func (r *reader) compare(s *Slower, then []interval, before interval) error {
	during := atTimes("minute", then)
	which := "target_group_arn IS NOT DISTINCT FROM $group AND (" + during + " OR " + atTimes("minute", []interval{before}) + ")"
	_, err := r.ask(fmt.Sprintf(paceSQL, during, which, s.Limit), func(row []any) {
		if during, _ := row[1].(bool); during {
			s.Then = paceOf(row)
		} else {
			s.Before = paceOf(row)
		}
	}, ofGroup(s.Group))
	if err != nil {
		return err
	}
	s.Then.Minutes, s.Before.Minutes = minutesOf(then), before.minutes()
	if len(r.logs.Slower) >= mostContrasts {
		return nil
	}
	slow := fmt.Sprintf("target_processing_time >= %g", s.Limit)
	list, known, err := r.contrast(contrast{group: s.Group, during: then, before: []interval{before}, among: slow, which: slow, traits: slowTraits})
	s.Known = known
	for _, one := range list {
		if one.trait == "" { // counts that are not off by what a bucket is wide
			s.Then.Slow, s.Before.Slow = one.during.some, one.before.some
			continue
		}
		s.Parts = append(s.Parts, SlowPart{one.trait, one.value, one.before.all, one.before.some, one.during.all, one.during.some})
	}
	s.most()
	return err
}

// most leaves the few values of each trait that nearly all slow answers have, and no more than a third of all; a target may be
// one of two. It says whether they are slow by themselves: hardly any that have these values came before, in place of no others.
// Not where answers were not slow before that have other values in common with them, as callers with new addresses have, nor
// where the others are slow, too.
func (s *Slower) most() {
	var list []SlowPart
	fresh, changed := false, false
	for _, t := range slowTraits {
		parts, sum := s.covering(t)
		if len(parts) == 0 {
			continue
		}
		before, then := float64(sum.Before)/s.Before.Minutes, float64(sum.Requests)/s.Then.Minutes
		more := float64(s.Then.Answers)/s.Then.Minutes - float64(s.Before.Answers)/s.Before.Minutes
		few := s.Then.Answers / 3
		if t.name == "target" {
			few = s.Then.Answers * 3 / 5
		}
		isFew, came := sum.Requests <= few, 10*before >= then
		added := t.name != "target" && !came && (isFew || 2*more >= then) && 10*(s.Then.Slow-sum.Slow) <= s.Then.Answers-sum.Requests
		fresh = fresh || added
		changed = changed || t.name != "target" && came && 2*sum.Slow >= sum.Requests && 4*sum.SlowBefore < sum.Before
		if isFew || added {
			for _, p := range parts {
				p.Value = redacted(p.Value)
				list = append(list, p)
			}
		}
	}
	s.Parts, s.Fresh = list, fresh && !changed
}

// covering are the few values of a trait that nearly all slow answers have, and what these sum up to; none if these have many.
func (s *Slower) covering(t trait) (of []SlowPart, sum SlowPart) {
	for _, p := range s.Parts {
		if p.Trait == t.name && p.Slow > 0 {
			of = append(of, p)
		}
	}
	slices.SortFunc(of, func(a, b SlowPart) int { return cmp.Or(cmp.Compare(b.Slow, a.Slow), cmp.Compare(a.Value, b.Value)) })
	for n, p := range of[:min(len(of), mostAlike)] {
		sum.Before, sum.SlowBefore, sum.Requests, sum.Slow = sum.Before+p.Before, sum.SlowBefore+p.SlowBefore, sum.Requests+p.Requests, sum.Slow+p.Slow
		if areNearlyAll(sum.Slow, s.Then.Slow) {
			return of[:n+1], sum
		}
	}
	return nil, sum
}

// words says how long answers took, of half of them or of one in twenty.
func (s Slower) words() string {
	which, before, then := "one in twenty answers", s.Before.Percentile, s.Then.Percentile
	if s.Halves {
		which, before, then = "half of the answers", s.Before.Median, s.Then.Median
	}
	when := "since"
	if !s.Goes {
		when = "then"
	}
	return fmt.Sprintf("%s took %s or longer before, and %s %s", which, inSeconds(before), inSeconds(then), when)
}

// inSeconds writes a time that is at most 1.6 % off.
func inSeconds(s float64) string {
	digits := 0
	switch {
	case s < 0.0995:
		digits = 3
	case s < 0.995:
		digits = 2
	case s < 9.95:
		digits = 1
	}
	scale := math.Pow10(digits)
	return number(math.Round(s*scale)/scale) + " s"
}
