package diagnose

import (
	"fmt"
	"slices"

	"loglens/internal/amount"
)

// leftOver says which failures no finding explains: nothing that is seen is passed over.
func leftOver(f *facts, list []*Finding) []*Finding {
	rest := func(which func(Failure) bool) func(Failure) int64 {
		return f.ofAsked(where(which, func(row Failure) int64 { return row.Count - explained(row, list) }))
	}
	gone := map[string]bool{} // groups, by the names that logs have
	for _, row := range f.failures() {
		if _, known := gone[row.Group]; !known {
			gone[row.Group] = f.former(row.Group)
		}
	}
	without := func(row Failure) bool { return row.Reason == "No_Usable_Target" }
	former := func(row Failure) bool { return !without(row) && gone[row.Group] }
	others := func(row Failure) bool { return !without(row) && !gone[row.Group] }
	more := given(f.noTarget(rest(without)), f.unexplained(rest(others)), f.takenOut(rest(former)))
	for _, found := range more {
		found.finish(f)
	}
	return more
}

// former reports whether a group that logs name is behind the balancer no more, as one of two in blue and green.
func (f *facts) former(group string) bool {
	return group != "" && f.Groups != nil && f.group(group) == nil && f.rulesKnown() && f.Balancer.Type == Application &&
		!f.anyRule(func(r Rule) bool { return slices.Contains(r.groups(), group) })
}

// takenOut tells of failures in groups that are behind the balancer no more: they cannot come again.
func (f *facts) takenOut(share func(Failure) int64) *Finding {
	n, all := f.sum(share), int64(0)
	if n == 0 {
		return nil
	}
	var groups, names []string
	for _, row := range f.failures() {
		if counted(row) && share(row) > 0 {
			groups = add(groups, row.Group)
		}
	}
	rare := true // as in target-answers-5xx
	for _, group := range groups {
		names = append(names, groupName(group))
		g := &Group{ARN: group}
		rare = rare && f.rateOfMinutes(g) < fewErrors && len(f.mostly(g, share)) == 0
		all += f.sent(g)
	}
	sums := f.sumBy(byReason, where(counted, share))
	reasons := mostFirst(sums)
	found := finding("unexplained-failures", fmt.Sprintf("%s to %s failed for %s; no rule leads there any more.", amount.Of(n, "request", "requests"), few(names), few(reasons)))
	if found.Level = Warn; sums["Target_5XX"] == n && float64(n)/float64(all) < fewErrors && rare {
		found.Level = Note
	}
	for _, reason := range reasons {
		found.because(FromLog, fmt.Sprintf("%s: %d", reason, sums[reason]))
	}
	found.because(FromConfig, fmt.Sprintf("%s behind the balancer: taken out since, as one of two groups in blue and green", amount.Noun(len(names), few(names)+" is not", few(names)+" are not")))
	found.Do = "see what happened before it was taken out: loglens raw has the lines, and the application's log the rest"
	found.share = share
	return found
}

// noTarget tells of 503s that are left over, since nothing says now why no target could be used.
func (f *facts) noTarget(share func(Failure) int64) *Finding {
	n := f.sum(share)
	if n == 0 {
		return nil
	}
	found := finding("no-usable-target", "Requests got 503 since no target could be used, and there is one now: the setting has changed since, or a zone had none.")
	var without []string // groups that have none that is healthy
	known := true
	for _, row := range f.failures() {
		if share(row) == 0 {
			continue
		}
		at := slices.IndexFunc(f.groups, func(g *Group) bool { return g.logARN(f) == row.Group && g.Targets != nil })
		if known = known && at >= 0; at < 0 {
			continue
		}
		g := f.groups[at]
		found.onGroup(g)
		if !g.hasHealthy() {
			without = add(without, g.Name+" has "+f.states(g))
		}
	}
	switch {
	case len(without) > 0:
		found.Sentence = fmt.Sprintf("Requests got 503 since no target could be used, and none is healthy now: %s.", few(without))
	case !known:
		found.Sentence = "Requests got 503 since no target could be used; of not all of their target groups is known whether there is one now."
	case f.isRest(f.targetsSince(share), among(share)) && f.lateAnswers("503") == 0:
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Requests got 503 %s since no target could be used, and targets have answered since.", f.span(f.firstAndLast(share)))
		found.Do = "see what happened to the targets at that time: a deployment, a scale-in to none, health checks that all of them failed"
	}
	found.because(FromLog, amount.Of(n, "request", "requests")+" got 503 without a target")
	found.share = share
	found.rival("cross-zone-off-empty-zone", "a zone may have been without targets for some time")
	f.undrained(found)
	return found
}

// unexplained tells of all other failures that are left over, by their reasons.
func (f *facts) unexplained(share func(Failure) int64) *Finding {
	n := f.sum(share)
	if n == 0 {
		return nil
	}
	sums := f.sumBy(byReason, where(counted, share))
	reasons := mostFirst(sums)
	found := finding("unexplained-failures", fmt.Sprintf("%s failed for %s, and nothing that was looked at explains it.", amount.Of(n, "request", "requests"), few(reasons)))
	for _, reason := range reasons {
		found.because(FromLog, fmt.Sprintf("%s: %d", reason, sums[reason]))
	}
	found.Confidence = Low
	found.share = share
	return found
}
