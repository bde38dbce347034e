package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

// failsOnPurpose reports whether an action answers with 5xx by itself.
func (a Action) failsOnPurpose() bool {
	return a.Type == "fixed-response" && strings.HasPrefix(a.Status, "5")
}

// turnsAllAway is a warning where the default rule refuses whatever comes, and others of the
// listener would forward: as when clients ask for another host than before.
func (f *facts) turnsAllAway(r placed, a Action) *Finding {
	if r.Priority != "default" || a.Type != "fixed-response" || !strings.HasPrefix(a.Status, "4") || !f.hasAccess() {
		return nil
	}
	forwards := slices.DeleteFunc(slices.Clone(r.on.Rules), func(r Rule) bool { return !r.forwards() })
	n, since := f.answeredBy(r, a), ""
	if slices.ContainsFunc(f.traffic(), func(t Traffic) bool { return t.Group != "" }) {
		late, ok := f.Logs.displaced(a.besideGroups)
		if n = min(n, late.some); !ok || late.some < late.all {
			return nil
		}
		since = f.sinceThen(late.since)
	}
	if len(forwards) == 0 || n < fewRequests {
		return nil
	}
	found := finding("rule-fixed-response-error", fmt.Sprintf("%s answers %s by itself, and no request went to a target group%s: hosts or paths that rules ask for may not be those of the requests any more.", upper(r.name()), a.Status, since))
	found.Do = "compare the hosts and paths that the rules ask for with those of the requests"
	found.Verify = []string{f.lines("--class", "all", "--reason", "Fixed_Response")}
	found.because(FromLog, amount.Of(n, "request", "requests")+" got this answer, and none went to a target group"+since)
	for _, other := range forwards[:min(3, len(forwards))] {
		found.because(FromConfig, fmt.Sprintf("rule %s: %s", other.Priority, other.words()))
	}
	found.because(FromConfig, r.name()+": fixed-response "+a.Status)
	found.rival("", "clients that no rule is meant for, such as scanners, may be all that came")
	if since == "" { // else most others came until then
		f.likeScanners(found, n)
	}
	return found
}

// besideGroups compares a fixed answer with the requests to all groups.
func (a Action) besideGroups(m Minute) (some, all int64) {
	if m.Group != "" {
		return 0, m.Requests
	}
	some = a.fixed(m)
	return some, some
}

// fixed is how many requests of a minute may have got a fixed answer: others have its status, too.
func (a Action) fixed(m Minute) int64 { return min(m.Reasons["Fixed_Response"], m.Statuses[a.Status]) }

// likeScanners makes a finding about n requests a note where these are no more than scanners send,
// which find every balancer in the internet.
func (f *facts) likeScanners(found *Finding, n int64) {
	if f.Balancer.Scheme != "internal" && float64(n) < f.Until.Sub(f.From).Minutes() {
		found.Level, found.Confidence = Note, Low
	}
}

// answeredBy is how many requests a rule gave its fixed answer.
func (f *facts) answeredBy(r placed, a Action) int64 {
	return f.sumAll(those(func(row Failure) bool {
		return row.Reason == "Fixed_Response" && fmt.Sprint(row.Status) == a.Status && row.by(r)
	}))
}

// fixedResponse is a warning where the answer is seen, or is the only one, or that of a page for
// maintenance, which takes all that is left.
func (f *facts) fixedResponse(r placed, a Action) *Finding {
	found := finding("rule-fixed-response-error", fmt.Sprintf("%s answers %s by itself: clients see an error that no target gave.", upper(r.inShort()), a.Status))
	found.because(FromConfig, r.name()+": fixed-response "+a.Status)
	if r.Priority == "default" {
		found.Do = "let it lead to a target group if it is not meant"
	}
	switch n := f.answeredBy(r, a); {
	case n > 0:
		found.Confidence = High
		found.because(FromLog, amount.Of(n, "request", "requests")+" got this answer")
		for _, other := range f.rules() {
			if r.isLike(other) && slices.ContainsFunc(other.Actions, func(b Action) bool { return b.Type == a.Type && b.Status == a.Status }) {
				found.Confidence = Medium
				found.rival("", other.name()+" answers the same, and the logs do not tell which of them did")
			}
		}
		late, all := f.inLastMinutes(a.fixed)
		noise := float64(n) < tooMany*float64(f.requests()) && !manyOf(late, all)
		if r.Priority == "default" && len(r.on.Rules) > 1 && noise { // for what no other rule asks for
			f.likeScanners(found, n)
		}
	case (r.Priority == "default" || !r.closes()) && (len(r.on.Rules) > 1 || !f.rulesKnown()):
		found.Level = Note
	}
	return found
}

// by reports whether a rule may be the one that some failures were answered by.
func (row Failure) by(r placed) bool {
	priority := r.Priority
	if priority == "default" {
		priority = "0"
	}
	return (row.Rule == "" || row.Rule == priority) && (row.Listener == "" || row.Listener == r.on.Protocol)
}
