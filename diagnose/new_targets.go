package diagnose

import (
	"fmt"
	"time"

	"loglens/internal/amount"
)

// How long after its first request a target is new, and how long others of its group were there before.
const (
	stillNew    = 3 * time.Minute
	thereBefore = 10 * time.Minute
)

// failWhileNew are the findings that may come of targets that get requests before they can serve them, and what these do.
var failWhileNew = map[string]string{
	"target-port-refused":      "refuse connections",
	"target-closes-connection": "break requests off",
	"target-answers-5xx":       "answer 5xx",
	"idle-timeout-reached":     "take longer to answer than the balancer waits",
}

// serveFirst is what mends it.
const serveFirst = "let the path of the health check answer only once the application serves: a new target has to pass one check, whatever the threshold, and gets its whole share at once unless slow_start.duration_seconds is set"

// YoungFailures counts the requests to a target that failed for a reason while it was new.
type YoungFailures struct {
	Group  string    `json:"group"` // ARN; "" behind a Classic Load Balancer
	Target string    `json:"target"`
	Reason string    `json:"reason"`
	Count  int64     `json:"count"`
	Last   time.Time `json:"last"`
}

// youngSQL counts failures in the first minutes of targets that came while others were there. What a target did not answer, the
// balancer logs when it has waited long enough.
const youngSQL = `
WITH arrived AS (SELECT target_group_arn, target, min(first_seen) AS first FROM traffic WHERE target IS NOT NULL GROUP BY ALL),
fresh AS (SELECT *, min(first) OVER (PARTITION BY target_group_arn) AS begin FROM arrived QUALIFY first - begin >= INTERVAL %[1]d SECOND)
SELECT f.target_group_arn, f.target, reason, count(*) AS failures, max(time) AS last_seen
FROM failure f JOIN fresh ON f.target_group_arn IS NOT DISTINCT FROM fresh.target_group_arn AND f.target = fresh.target
WHERE time - to_seconds(coalesce(duration, 0)) - first <= INTERVAL %[2]d SECOND GROUP BY ALL ORDER BY ALL`

// young looks for what fails of new targets, if there are any.
func (r *reader) young() error {
	if len(freshTargets(r.logs.Traffic, func(Traffic) bool { return true })) == 0 {
		return nil
	}
	_, err := r.ask(fmt.Sprintf(youngSQL, int(thereBefore.Seconds()), int(stillNew.Seconds())), func(row []any) {
		r.logs.Young = append(r.logs.Young, YoungFailures{text(row[0]), text(row[1]), text(row[2]), whole(row[3], 0), moment(row[4])})
	})
	return err
}

// newTargets says of failures that most are of targets that were new, one after another, that these get requests too early. A
// new target is healthy once it passes one check, whatever the threshold is.
//
// Source: AWS, "Health checks for Application Load Balancer target groups" and "Target group attributes" (slow start) of the
// Application Load Balancer guide, read 2026-12.
func (f *facts) newTargets(found *Finding) {
	what := failWhileNew[found.ID]
	if what == "" || len(found.Groups) != 1 {
		return
	}
	type place struct{ target, reason string }
	of, all, long := map[place]int64{}, int64(0), time.Duration(0)
	for _, row := range f.failures() {
		if n := found.share(row); n > 0 && groupName(row.Group) == found.Groups[0] {
			of[place{row.Target, row.Reason}] += n
			all += n
		}
	}
	fresh := freshTargets(f.traffic(), func(t Traffic) bool { return groupName(t.Group) == found.Groups[0] })
	young, targets := int64(0), map[string]bool{}
	for _, y := range f.Logs.Young {
		n := min(of[place{y.Target, y.Reason}], y.Count)
		if first, ok := fresh[y.Target]; ok && n > 0 && groupName(y.Group) == found.Groups[0] {
			young, long = young+n, max(long, y.Last.Sub(first))
			targets[y.Target] = true
		}
	}
	if len(targets) < 2 || young < fewRequests || 3*young < 2*all {
		return
	}
	within, after := amount.Of(int64(long/time.Minute)+1, "minute", "minutes"), "not after"
	switch {
	case 10*young < 9*all:
		after = "seldom at other times"
	case young < all:
		after = "hardly after"
	}
	found.Sentence = fmt.Sprintf("New targets of %s %s, %d of them, within %s of their first request, and %s: they pass the health check before they can serve.", found.Groups[0], what, len(targets), within, after)
	found.Fix, found.Undo = nil, nil // which would let requests wait, or others in
	found.Do = serveFirst
	if found.Level == Note {
		found.Level = Warn
	}
	for _, g := range f.groups {
		if g.Name == found.Groups[0] && g.Attributes[attrSlowStart] != "" {
			found.because(FromConfig, attrSlowStart+" of "+g.Name+" is "+g.Attributes[attrSlowStart])
		}
	}
	found.because(FromLog, fmt.Sprintf("%d of these %d were within %s of their target's first request, which came while others had requests", young, all, within))
}

// freshTargets is when targets of a group got their first request, of those that came while others were there, and got requests
// for as long again as they are new: of those that go sooner, as where each crashes and is replaced, it is not known whether
// they would serve.
func freshTargets(traffic []Traffic, of func(Traffic) bool) map[string]time.Time {
	begin := map[string]time.Time{}
	for _, t := range traffic {
		if of(t) && t.Target != "" && !t.First.IsZero() && (begin[t.Group].IsZero() || t.First.Before(begin[t.Group])) {
			begin[t.Group] = t.First
		}
	}
	fresh := map[string]time.Time{}
	for _, t := range traffic {
		if of(t) && t.Target != "" && !t.First.IsZero() && t.First.Sub(begin[t.Group]) >= thereBefore && t.Last.Sub(t.First) >= 2*stillNew {
			fresh[t.Target] = t.First
		}
	}
	return fresh
}
