package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"loglens/internal/amount"
)

var metricsCheck = Check{
	Name:  "metrics",
	About: "What CloudWatch counts beside the logs: rejected connections, fail-open, 5xx without logs, targets that were unhealthy.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"rejected-connections", "surge-queue-spillover", "fail-open-routing", "balancer-5xx-not-in-logs", "balancer-5xx-after-logs", "client-tls-negotiation-fails", "target-was-unhealthy"},
	look:  lookAtMetrics,
}

func lookAtMetrics(f *facts) []*Finding {
	list := given(f.rejects("rejected-connections", "RejectedConnectionCount", "The balancer rejected connections: it reached as many as it can hold."), f.spillover())
	for _, g := range f.groups {
		list = append(list, given(f.failedOpen("UnhealthyRoutingRequestCount", g.ARN, "Requests", g), f.wasUnhealthy(g))...)
	}
	// Of flows, a network balancer counts those of all groups together.
	return append(list, given(f.failedOpen("UnhealthyRoutingFlowCount", "", "Connections", f.groups...), f.notLogged(), f.clientTLS())...)
}

// rejects is about what the balancer had no room for, if a metric counts any.
func (f *facts) rejects(id, name, sentence string) *Finding {
	n := f.total(name, "")
	if n == 0 {
		return nil
	}
	found := finding(id, sentence)
	found.because(FromMetric, f.tally(name, ""))
	found.Confidence = High
	f.milder(found, n, f.total("RequestCount", ""), name)
	return found
}

func (f *facts) spillover() *Finding {
	const name = "SpilloverCount"
	found := f.rejects("surge-queue-spillover", name, "The balancer's queue overflowed: its instances are too few or too slow.")
	if found != nil {
		found.share = f.upTo(f.total(name, ""), f.apart(name, func(m Minute) int64 { return m.Statuses["503"] }),
			those(func(row Failure) bool { return row.Status == 503 && row.Target == "" }))
	}
	return found
}

// failedOpen looks for traffic that went to unhealthy targets of some groups.
//
// Source: AWS, "CloudWatch metrics" of the Application and Network Load Balancer guides,
// read 2026-11.
func (f *facts) failedOpen(name, of, traffic string, groups ...*Group) *Finding {
	if f.total(name, of) == 0 {
		return nil
	}
	found := finding("fail-open-routing", traffic+" went to unhealthy targets, since too few of a target group were healthy (fail-open).")
	found.because(FromMetric, f.tally(name, of))
	if len(groups) == 1 {
		g := groups[0]
		found.Sentence = fmt.Sprintf("%s went to unhealthy targets of %s, since %s (fail-open).", traffic, g.Name, f.failOpen(g))
		found.onGroup(g)
		if of == g.ARN && f.openAtSome(name, g) {
			found.Sentence = fmt.Sprintf("%s went to unhealthy targets of %s, since %s, as some of the balancer's nodes saw it (fail-open); others saw none unhealthy, and what AWS shows of a target is not by node: %s.", traffic, g.Name, f.failOpen(g), f.states(g))
			found.because(FromMetric, "UnHealthyHostCount (Minimum) was 0 at the same time")
		}
	}
	found.Level = Warn // it is over
	ended := f.period() <= recently && f.latelyAll(of) > 0 && f.lately(name, of) == 0
	for _, g := range groups {
		found.least(g)
		if !ended && slices.ContainsFunc(g.Targets, func(t Target) bool { return t.State == "unhealthy" }) {
			found.Level = Fail
		}
	}
	return found
}

// tally says what a metric comes to, and when there was something to count.
func (f *facts) tally(name, group string) string {
	first, last, _ := f.whenCounted(name, group)
	return fmt.Sprintf("%s: %s, %s", name, number(f.total(name, group)), f.span(first, last))
}

// whenCounted is when a metric first and last counted something, and the longest time from one to the next.
func (f *facts) whenCounted(name, group string) (first, last time.Time, longest time.Duration) {
	for _, p := range f.series(name, group) {
		switch {
		case p.Value == 0:
			continue
		case first.IsZero():
			first = p.Time
		default:
			longest = max(longest, p.Time.Sub(last))
		}
		last = p.Time
	}
	return first, last, longest
}

// failOpen says when a group's requests go to unhealthy targets as well. Nodes that do
// not send to other zones count the targets of their own.
//
// Source: AWS, "Target group health" of the guide for Application Load Balancers, read 2026-11.
func (f *facts) failOpen(g *Group) string {
	where := ""
	if across, _ := f.crossZone(g); !across {
		where = " in a zone"
	}
	switch {
	case g.Attributes == nil:
		return "too few were healthy"
	case g.leastIsSet():
		return "fewer than the group's minimum were healthy" + where
	}
	return "there was no healthy one" + where
}

// leastIsSet reports whether more than one target of a group has to be healthy.
func (g *Group) leastIsSet() bool {
	return numeric(g.Attributes, attrLeast, 1) > 1 || numeric(g.Attributes, attrLeastPart, 0) > 0
}

// least adds what a group's minimum is, if it has one of its own.
func (f *Finding) least(g *Group) {
	if g.leastIsSet() {
		f.because(FromConfig, fmt.Sprintf("%s of %s is %s, %s is %s", attrLeast, g.Name, cmp.Or(g.Attributes[attrLeast], "1"), attrLeastPart, cmp.Or(g.Attributes[attrLeastPart], "off")))
	}
}

// wasUnhealthy looks for targets that were unhealthy for every node, and are healthy now.
func (f *facts) wasUnhealthy(g *Group) *Finding {
	if len(g.Targets) == 0 || slices.ContainsFunc(g.Targets, func(t Target) bool { return t.State != "healthy" }) {
		return nil
	}
	minutes, most := 0, 0.0
	var first, last Point
	for _, p := range f.series("UnHealthyHostCount", g.ARN) {
		if p.Value > 0 {
			if minutes++; minutes == 1 {
				first = p
			}
			last, most = p, max(most, p.Value)
		}
	}
	if minutes == 0 {
		return nil
	}
	found := finding("target-was-unhealthy", fmt.Sprintf("Up to %s of %s %s unhealthy %s, and all are healthy now.", amount.Of(int(most), "target", "targets"), g.Name, amount.Noun(int(most), "was", "were"), f.span(first.Time, last.Time)))
	found.onGroup(g)
	found.because(FromMetric, fmt.Sprintf("UnHealthyHostCount (Minimum) was above 0 in %s", amount.Of(minutes, "period", "periods")))
	const asNew = ": as of new targets, which count as unhealthy until their first checks pass"
	switch {
	case f.noneLost(g):
		found.because(FromMetric, "HealthyHostCount (Minimum) was no lower then than before"+asNew)
	case f.replaced(g):
		found.because(FromMetric, "HealthyHostCount (Minimum) was no lower then than at most times, and than there are now, and no request to "+g.Name+" failed"+asNew)
	default:
		return found
	}
	found.Level, found.Confidence = Note, Low
	found.Do = "nothing, if targets were registered at that time, as in a deployment or by Auto Scaling"
	return found
}

// replaced reports whether, whenever some targets of a group were unhealthy, no fewer were healthy than at most times, and
// than are registered now, and no request to it failed: where targets take the place of others one after another, there are
// more right before each of these leaves.
func (f *facts) replaced(g *Group) bool {
	failed := f.sum(those(func(row Failure) bool { return row.Group == g.logARN(f) }))
	healthy := f.byPeriod(f.series("HealthyHostCount", g.ARN))
	if !f.hasAccess() || failed > 0 || len(healthy) == 0 {
		return false
	}
	least := max(slices.Sorted(maps.Values(healthy))[len(healthy)/2], float64(len(g.Targets)))
	for i, p := range f.series("UnHealthyHostCount", g.ARN) {
		if p.Value > 0 && (i < 3 || healthy[p.Time.UTC().Truncate(f.period())] < least) { // what was before is not known
			return false
		}
	}
	return true
}

// noneLost reports whether, whenever some targets of a group were unhealthy, no fewer than in the three
// periods before were healthy: in the one in which a target fails, and in which nodes see that one after
// another, the least of both metrics has it as neither.
func (f *facts) noneLost(g *Group) bool {
	healthy := map[int64]float64{}
	for _, p := range f.series("HealthyHostCount", g.ARN) {
		healthy[p.Time.Unix()] = p.Value
	}
	var before []float64
	for _, p := range f.series("UnHealthyHostCount", g.ARN) {
		switch n, ok := healthy[p.Time.Unix()]; {
		case p.Value == 0 && !ok:
			before = nil
		case p.Value == 0:
			before = append(before, n)
		case !ok || len(before) < 3 || n < slices.Max(before[len(before)-3:]):
			return false
		}
	}
	return true
}

// notLogged looks for 5xx of the balancer that no log explains.
func (f *facts) notLogged() *Finding {
	name, n := f.errorMetric(), f.lateErrors()
	if n == 0 {
		return nil
	}
	found, since := finding("balancer-5xx-not-in-logs", "The balancer answered with 5xx, and there are no logs that say why."), ""
	found.Confidence = Low
	if !f.hasAccess() {
		found.because(FromMetric, f.tally(name, ""))
	} else {
		found = finding("balancer-5xx-after-logs", fmt.Sprintf("The balancer answered with 5xx after %s UTC, where the logs end: no other finding counts these.", f.clock(f.logsEnd())))
		since = " since"
		found.because(FromMetric, name+since+": "+number(n))
	}
	found.ruined, found.partly = int64(n), int64(n) // of what the logs had before, most likely
	if requests := f.unlogged("RequestCount", "", Minute.all); f.milder(found, n, requests, name) {
		found.because(FromMetric, "RequestCount"+since+": "+number(requests))
	}
	for _, code := range countedStatuses {
		if n := f.lateAnswers(code); n > 0 {
			found.because(FromMetric, "HTTPCode_ELB_"+code+"_Count"+since+": "+number(n))
		}
	}
	if !f.hasAccess() {
		f.guess(found)
	}
	if slices.ContainsFunc(f.actions(), Action.failsOnPurpose) {
		found.rival("rule-fixed-response-error", "a rule answers with 5xx by itself, and these may be what is counted")
		f.onPurpose(found, n)
	}
	return found
}

// onPurpose makes n 5xx that no logs have a note where rules answer with all of their statuses, the logs
// have no others of these, and there are not many more than before, nor some more in place of requests: a
// page for maintenance goes on, or scanners come to a default rule. Without logs, only where no request gets
// past such a page.
func (f *facts) onPurpose(found *Finding, n float64) {
	fixed, rest := int64(0), n
	var statuses []int64
	for _, a := range f.actions() {
		if status, err := strconv.ParseInt(a.Status, 10, 64); err == nil && a.failsOnPurpose() && !slices.Contains(statuses, status) {
			statuses = append(statuses, status)
			rest -= f.lateAnswers(a.Status)
		}
	}
	if !f.hasAccess() {
		if rest <= 0 && f.rulesKnown() && !slices.ContainsFunc(f.Listeners, func(l Listener) bool { return !l.closed() }) {
			found.Level = Note
			found.because(FromConfig, "rules answer with this status before any leads to a target group")
		}
		return
	}
	for _, row := range f.failures() {
		switch {
		case row.TargetStatus >= 0 || !slices.Contains(statuses, row.Status):
		case row.Reason == "Fixed_Response":
			fixed += row.Count
		default:
			return
		}
	}
	part := f.Until.Sub(f.logsEnd()).Minutes() / f.logsEnd().Sub(f.From).Minutes()
	requests := f.unlogged("RequestCount", "", Minute.all)
	before := part * float64(fixed)
	more, fewer := n > 2*before, requests < (1-tooMany)*part*(f.total("RequestCount", "")-requests)
	if rest > 0 || fixed == 0 || more && n >= fewRequests || (more || fewer) && n-before > tooMany*requests {
		return
	}
	found.Level, found.Confidence = Note, Low
	found.because(FromLog, fmt.Sprintf("%s before that, all by rules", amount.Of(fixed, "answer with the same status", "answers with the same statuses")))
}

// areFew reports whether what a metric of a group, "" for the balancer, counts is no outage: little of so
// many requests, and of those of the last minutes.
func (f *facts) areFew(n, requests float64, name, group string) bool {
	if f.Balancer.Type == NetworkType { // which counts none by group
		group = ""
	}
	return n < fewFailures*requests && f.lately(name, group) <= fewFailures*f.latelyAll(group)
}

// milder makes a finding about n that a metric of the balancer counted a warning where these are few of
// the requests, which it reports, or where they have ended.
func (f *facts) milder(found *Finding, n, requests float64, name string) (few bool) {
	if few = f.areFew(n, requests, name, ""); few {
		found.Level = Warn
	} else if _, over := f.hasEnded(name, ""); over {
		found.Level = Warn
		found.because(FromMetric, "requests have come since, and it has counted nothing")
	}
	return few
}

// hasEnded reports whether a metric of a group, "" for the balancer, has counted nothing for a while in which requests
// came, to each of its groups, and for longer than it rested before, and when it counted.
func (f *facts) hasEnded(name, group string) (span string, over bool) {
	if f.Balancer.Type == NetworkType { // which counts none by group
		if group = ""; len(f.Groups) > 1 {
			return "", false
		}
	}
	first, last, longest := f.whenCounted(name, group)
	since := f.Taken.Sub(last.Add(f.period()))
	for _, g := range f.groups { // what was counted may be of one that is asked for rarely
		if f.Balancer.Type == Application && group == "" && f.named(g) && f.latelyAll(g.ARN) == 0 {
			return "", false
		}
	}
	return f.span(first, last), !first.IsZero() && f.period() <= recently && f.latelyAll(group) > 0 && since >= quiet && since >= 2*longest
}

// countedStatuses are those of the balancer's answers that have metrics of their own.
//
// Source: AWS, "CloudWatch metrics for your Application Load Balancer", read 2026-11.
var countedStatuses = []string{"500", "502", "503", "504"}

// errorMetric counts the requests that the balancer answered with 5xx.
func (f *facts) errorMetric() string {
	if f.Balancer.Type == Classic {
		return "HTTPCode_ELB_5XX"
	}
	return "HTTPCode_ELB_5XX_Count"
}

// errors are the requests that the balancer answered with 5xx.
func (m Minute) errors() (sum int64) {
	for status, n := range m.Statuses {
		if strings.HasPrefix(status, "5") {
			sum += n
		}
	}
	return sum
}

func (f *facts) hasAccess() bool { return f.Logs != nil && f.Logs.Access }

// logsEnd is up to when there are logs. Names may not say when.
func (f *facts) logsEnd() time.Time {
	if f.Logs.Newest.IsZero() {
		return f.Logs.Last
	}
	return f.Logs.Newest
}

// unlogged adds a metric up over the periods that access logs do not reach yet, but for
// what they have of it; over all of them where there are no logs. Logs come minutes after
// metrics: in the first minutes of an incident there is nothing else.
func (f *facts) unlogged(name, group string, logged func(Minute) int64) (sum float64) {
	reached := func(at time.Time) bool { return f.hasAccess() && !at.Add(f.period()).After(f.logsEnd()) }
	have := map[time.Time]float64{}
	if f.hasAccess() {
		for _, m := range f.logMinutes() {
			if (group == "" || m.Group == group) && !reached(m.Minute) {
				have[m.Minute.UTC().Truncate(f.period())] += float64(logged(m))
			}
		}
	}
	for at, n := range f.byPeriod(f.series(name, group)) {
		if !reached(at) {
			sum += max(0, n-have[at])
		}
	}
	return sum
}

// reconciled compares the logs with CloudWatch minute by minute, or whatever the
// metrics are summed up by.
type reconciled struct {
	periods, same    int     // that both know; in which both count the same requests
	counted, logged  float64 // requests in these periods
	apart            float64 // requests of the logs that are not in RequestCount: no target was chosen for them
	failed, answered float64 // 5xx of the balancer by CloudWatch, and by the logs
}

// reconcile leaves out minutes that the logs do not reach yet.
func (f *facts) reconcile() (r reconciled) {
	if !f.hasAccess() {
		return r
	}
	requests, errors := map[int64]float64{}, map[int64]float64{}
	for _, m := range f.logMinutes() {
		at := m.Minute.Truncate(f.period()).Unix()
		errors[at] += float64(m.errors())
		chosen := 0.0
		// Only requests for which a target was chosen are in RequestCount: none that a rule
		// answers, or redirects. A classic balancer has no groups.
		if m.Group != "" || f.Balancer.Type == Classic {
			chosen = float64(m.Requests) - float64(m.Reasons["No_Usable_Target"])
		}
		requests[at] += chosen
		if f.reached(time.Unix(at, 0)) {
			r.apart += float64(m.Requests) - chosen
		}
	}
	for _, p := range f.series(f.errorMetric(), "") {
		if f.reached(p.Time) {
			r.failed += p.Value
		}
	}
	for at, n := range errors {
		if f.reached(time.Unix(at, 0)) {
			r.answered += n
		}
	}
	for _, p := range f.series("RequestCount", "") {
		if !f.reached(p.Time) {
			continue
		}
		n := requests[p.Time.Truncate(f.period()).Unix()]
		r.periods++
		r.counted += p.Value
		r.logged += n
		if n == p.Value {
			r.same++
		}
	}
	return r
}

// reached reports whether the logs of a period must be there.
func (f *facts) reached(period time.Time) bool { return !period.After(f.wholeUntil().Add(-f.period())) }

// wholeUntil is up to when all logs must be there.
func (f *facts) wholeUntil() time.Time {
	if end := f.Logs.Newest; f.Taken.Sub(end) > lateLogs {
		return end
	}
	return f.Logs.Newest.Add(-f.interval()) // other nodes' objects may be on their way
}
