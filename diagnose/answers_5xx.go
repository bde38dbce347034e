package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"loglens/internal/amount"
)

// erring looks for 5xx that the targets answer themselves.
func (f *facts) erring(g *Group) *Finding {
	share := f.ofGroup(g, "Target_5XX")
	var names []string
	var n int64
	rate := 0.0
	if f.hasAccess() {
		names, n = f.hits(g, share)
		_, _, rate = f.spread(g, share)
		rate = max(rate, f.rateOfMinutes(g))
	}
	name, of := f.targetErrorMetric(), g.ARN
	if f.Balancer.Type == Classic {
		of = ""
	}
	late := f.unlogged(name, of, forReasons("Target_5XX"))
	if n == 0 && late == 0 {
		return nil
	}
	own := f.own(g, share)
	most := f.most(own, names, n)
	who, s := whom(most, g), third(len(most))
	found := finding("target-answers-5xx", fmt.Sprintf("%s answer%s 5xx: the application fails, not the way to it.", who, s))
	codes := f.answers(own)
	code := ""
	if g.Type != "lambda" {
		code = proxied(codes, n)
	}
	if code != "" {
		found.Sentence = fmt.Sprintf("%s answer%s %s.", who, s, asProxy(code))
		found.Do = behindProxy(code)
	}
	if n > 0 {
		_, _, part := f.spread(g, own)
		found.because(FromLog, fmt.Sprintf("%s were answered with 5xx by the target (%s), %s of the group's", amount.Of(n, "request", "requests"), counts(codes), percent(part, 1)))
		found.Targets, found.share = most, share
		found.Confidence = High
	}
	if len(most) < len(names) {
		found.because(FromLog, fmt.Sprintf("%d of them by %s", f.sum(to(own, most...)), who))
		found.onGroup(g)
		f.oneZone(found)
	}
	if f.measured(name, of) {
		found.because(FromMetric, name+": "+number(f.total(name, of)))
	}
	if late > 0 {
		if f.hasAccess() {
			found.because(FromMetric, fmt.Sprintf("%s of them after %s UTC, where the logs end", number(late), f.clock(f.logsEnd())))
		}
		rate = max(rate, late/max(f.unlogged("RequestCount", of, Minute.all), 1))
	}
	if n > 0 {
		f.limit(found, own, n)
	}
	bad := f.mostly(g, share)
	if len(bad) > 0 && len(bad) < len(names) {
		found.because(FromLog, few(bad)+" answered most of "+amount.Noun(len(bad), "its", "their")+" requests so")
	}
	if rate < fewErrors && len(bad) == 0 {
		found.Level = Note
	}
	if span, ok := f.isOver(g, names, share, late); ok {
		found.over = true
		found.Sentence = fmt.Sprintf("%s answered 5xx %s, and not since: the application failed, not the way to it.", who, span)
		found.Do = "see what happened to the application at that time, in its log: a deployment, a restart, what it waits for"
		if code != "" {
			found.Sentence = fmt.Sprintf("%s answered %s: %s, and not since.", who, asProxy(code), span)
			found.Do = "see what happened to the application at that time: a deployment, a restart, what it waits for; the error log of a proxy (nginx, Envoy, an ingress) says why it answered so"
		}
	}
	return found
}

// most are those of some targets that have nearly all of n failures, if each of the others has less than a tenth as many
// as the one that has most: such as all do now and then. All of them, if not.
func (f *facts) most(own func(Failure) int64, names []string, n int64) (list []string) {
	of := f.sumBy(byTarget, own)
	worst, sum := int64(0), int64(0)
	for _, target := range names {
		worst = max(worst, of[target])
	}
	for _, target := range names {
		if k := of[target]; 10*k >= worst {
			list, sum = append(list, target), sum+k
		}
	}
	if 10*sum < 9*n {
		return names
	}
	return list
}

// fewErrors is the part of the requests to a group up to which it is a note that the application answers them with 5xx.
const fewErrors = 0.01

// rateOfMinutes is the part of requests to a group that its targets answered with 5xx, of the last minutes that logs
// have, or of any minute in which most ended so, or of the newest requests, if no few did; 0 if these are few.
func (f *facts) rateOfMinutes(g *Group) (rate float64) {
	const reason = "Target_5XX"
	of := func(failed, all int64) float64 {
		if failed < fewRequests {
			return 0
		}
		return float64(failed) / float64(all)
	}
	rate = of(f.lastMinutes(g, reason))
	rate = max(rate, of(f.worst(g, reason)))
	failed, all, since := f.newest(g, reason)
	if newest := of(failed, all); newest > 0.5 || f.isNew(since) && manyOf(failed, all) {
		rate = max(rate, newest)
	}
	return rate
}

// worst are the requests to a group of those minutes in which most failed for a reason, and no few, and those that did.
func (f *facts) worst(g *Group, reason string) (failed, all int64) {
	return inMinutes(f.minutesOf(g), func(m Minute) bool {
		return m.Reasons[reason] >= fewRequests && 2*m.Reasons[reason] > m.Requests
	}, forReasons(reason))
}

// isNew reports whether ten requests that failed since then have come so fast that no few of the newest ones are an
// incident: at night, when few others come, these may be of a monitor, or a scanner.
func (f *facts) isNew(since time.Time) bool { return f.logsEnd().Sub(since) <= 6*recently }

// newest are the requests to a group of the last minutes in which ten failed for a reason, those that did, and since
// when these are: at night, they come within hours.
func (f *facts) newest(g *Group, reason string) (failed, all int64, since time.Time) {
	for _, m := range slices.Backward(f.minutesOf(g)) {
		if failed >= fewRequests {
			break
		}
		failed, all, since = failed+m.Reasons[reason], all+m.Requests, m.Minute
	}
	return failed, all, since
}

// behindProxy is what to do where a target answers 502, 503 or 504. An application rarely does
// by itself: nginx and Envoy do, which stand before many of them.
//
// Source: RFC 9110, sections 15.6.3 to 15.6.5; nginx, "proxy_read_timeout" of
// ngx_http_proxy_module; Envoy, "Response flags" of its access logging, read 2026-11.
func behindProxy(code string) string {
	why := map[string]string{
		"502": "which refuses its connections, or breaks them off",
		"503": "of which there is none, or which is overloaded",
		"504": "which is slower than the proxy's own time limit, such as proxy_read_timeout of nginx (60 s unless changed)",
	}[code]
	return "look at the error log of the proxy (nginx, Envoy, an ingress), and at what is behind it, " + why + "; if there is no proxy, look at the application's log"
}

// proxied is the most frequent of the codes that a proxy answers with for want of an answer, if
// these are most of n answers; empty if not.
func proxied(codes map[string]int64, n int64) (code string) {
	sum := int64(0)
	for _, c := range []string{"502", "503", "504"} {
		if sum += codes[c]; codes[c] > codes[code] {
			code = c
		}
	}
	if 2*sum <= n {
		return ""
	}
	return code
}

// asProxy says of an answer who gives it.
func asProxy(code string) string {
	if code == "503" {
		return "503, as a proxy on the target does that has nowhere to send to, or an application that is overloaded or shut down"
	}
	return code + ", as a proxy on the target does that gets no answer from what is behind it"
}

// answers counts the failures of a share by what the target answered.
func (f *facts) answers(share func(Failure) int64) map[string]int64 {
	return f.sumBy(func(row Failure) string { return strconv.FormatInt(row.TargetStatus, 10) },
		where(func(row Failure) bool { return row.TargetStatus >= 0 }, share))
}

// counts names the most frequent of some numbers.
func counts(n map[string]int64) string {
	var all []string
	for _, name := range mostFirst(n) {
		all = append(all, fmt.Sprintf("%s: %d", name, n[name]))
	}
	return few(all)
}
