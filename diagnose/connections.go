package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

var connectionsCheck = Check{
	Name:  "connections",
	About: "Targets that refuse, drop or break off connections, or answer 5xx, by what logs and metrics say together.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"target-port-refused", "target-connect-timeout", "target-closes-connection", "target-answers-5xx", "target-connection-errors"},
	look:  lookAtConnections,
}

func lookAtConnections(f *facts) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		for _, look := range []func(*Group) *Finding{f.refusing, f.unreachable, f.closing, f.erring} {
			if found := look(g); found != nil {
				found.onGroup(g)
				f.anomalies(found)
				list = append(list, found)
			}
		}
	}
	return append(list, f.connectionErrors(list)...)
}

// anomalies adds which targets fail more often than others by what AWS finds itself, and get
// less traffic for that, so that there are fewer failures than there would be.
//
// Source: AWS, "Automatic Target Weights (ATW)" of the guide for Application Load Balancers,
// and "TargetHealthDescription" of the Elastic Load Balancing API reference, read 2026-11.
func (f *facts) anomalies(found *Finding) {
	for _, e := range f.endpoints {
		switch {
		case !found.has(e) || !e.target.Anomalous:
		case e.target.Mitigated:
			found.because(FromHealth, e.label()+": anomalous, and sent less traffic for that (anomaly mitigation)")
		default:
			found.because(FromHealth, e.label()+": anomalous (anomaly detection)")
		}
	}
}

// hits are the targets with failures of a share, and how many there are of each.
func (f *facts) hits(g *Group, share func(Failure) int64) (names []string, sum int64) {
	own := f.own(g, share)
	for _, row := range f.failures() {
		if n := own(row); n > 0 {
			if sum += n; row.Target != "" {
				names = add(names, row.Target)
			}
		}
	}
	slices.SortFunc(names, compareTargets)
	return names, sum
}

// own is a share of the same failures that hits counts.
func (f *facts) own(g *Group, share func(Failure) int64) func(Failure) int64 {
	return where(func(row Failure) bool { return row.Group == g.logARN(f) && f.mine(g, row) }, share)
}

// mine tells the groups of a Classic Load Balancer apart, whose logs name none: by
// the target, which is absent as well where it did not answer.
func (f *facts) mine(g *Group, row Failure) bool {
	if f.Balancer.Type != Classic {
		return f.asked(row.Target)
	}
	return row.Target == "" && len(f.Groups) == 1 || slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.name() == row.Target })
}

// asked reports whether a target that logs name is the one that was asked about, which
// may be registered no more, or may have been named by its instance.
func (f *facts) asked(target string) bool {
	at, _ := readTarget(target)
	return f.Target == "" || f.Target == target || means(f.Target, at.Addr(), int(at.Port())) ||
		slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return e.name() == target })
}

// readTarget reads the address and port of a target as logs write it, which put none of IPv6 into brackets.
func readTarget(target string) (netip.AddrPort, error) {
	if at := strings.LastIndexByte(target, ':'); at > 0 && target[0] != '[' {
		target = bracketed(target[:at]) + target[at:]
	}
	return netip.ParseAddrPort(target)
}

func third(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

func whom(names []string, g *Group) string {
	if len(names) == 0 {
		return "Targets of " + g.Name
	}
	if len(names) > 3 {
		return fmt.Sprintf("%d targets of %s", len(names), g.Name)
	}
	return few(names)
}

// brokenOff is the share of a group's failures that ended with no usable answer on a
// connection that was there: neither refused nor for TLS.
func (f *facts) brokenOff(g *Group) func(Failure) int64 {
	gone, d := f.deregistered(g), f.decide(g)
	return func(row Failure) int64 {
		switch {
		case row.Group != g.logARN(f) || gone(row):
			return 0
		case row.Reason == "Target_Connection_Error":
			return d.idleEnds(row)
		case row.Reason == "Target_Closed_Connection" || row.Reason == "Target_Stream_Reset":
			return row.Count
		}
		return 0
	}
}

// closing looks for answers that are cut off or none, and no race with an idle
// connection, nor for the protocol version.
func (f *facts) closing(g *Group) *Finding {
	if f.silent(g) > 0 {
		return nil // target-expects-tls has it among its rivals
	}
	race, older, broken := f.isRace(g), names(f.older(g)), f.brokenOff(g)
	share := func(row Failure) int64 {
		switch {
		case slices.Contains(older, row.Target) || race && row.Reason == "Target_Connection_Error":
			return 0
		case race && row.Reason == "Target_Closed_Connection":
			return broken(row) - min(broken(row), row.Quick)
		}
		return broken(row)
	}
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("target-closes-connection", fmt.Sprintf("%s break%s off while a request is outstanding, or answer%s what is no HTTP.", whom(names, g), third(len(names)), third(len(names))))
	found.Targets, found.share = names, share
	found.because(FromLog, amount.Of(n, "request", "requests")+" ended with an answer cut off, or none, on a connection that was there")
	own := f.own(g, share)
	limited := f.limit(found, own, n)
	if resets := f.sum(where(func(row Failure) bool { return row.Reason == "Target_Stream_Reset" }, own)); resets > 0 {
		found.because(FromLog, fmt.Sprintf("%d of them %s of HTTP/2 that the %s reset; target_error_code of the lines has why", resets, amount.Noun(resets, "is a stream", "are streams"), amount.Noun(len(names), "target", "targets")))
		found.rival("", "streams that the application ends by itself, such as calls of gRPC that take longer than their deadline (0x8, cancelled)")
		found.Verify = append(found.Verify, f.lines("--reason", "Target_Stream_Reset"))
	}
	if limited {
		found.Sentence = fmt.Sprintf("%s break%s off requests that take long, mostly after the same time, as a time limit on the target does.", whom(names, g), third(len(names)))
		found.Do = "see what takes these requests so long, and which limit ends them: the server's, for its workers (gunicorn: --timeout, 30 s unless changed), or a proxy's on the target"
	}
	if !limited && f.answersNone(g) > 0 && g.plain() && !g.http2() && !f.passesPlain(g) {
		found.rival("target-expects-tls", "targets that take TLS only, as pods of a service mesh do in mutual TLS (STRICT in Istio), and answer no plain HTTP; --probe tells")
	}
	found.rival("", "a process that crashes or is restarted; the application's log tells")
	found.rival("", "headers of the answer above 32 K, or malformed ones")
	if f.areRare(g, share, f.lateAnswers("502"), "Target_Closed_Connection", "Target_Connection_Error", "Target_Stream_Reset") {
		found.Level = Warn
	}
	if span, ok := f.isOver(g, found.Targets, share, f.lateAnswers("502")); ok {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s broke off while a request was outstanding, or answered something that is not HTTP, %s, and %s answered requests since.", whom(names, g), span, amount.Noun(len(names), "has", "have"))
	}
	return found
}

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
	name, of := "HTTPCode_Target_5XX_Count", g.ARN
	if f.Balancer.Type == Classic {
		name, of = "HTTPCode_Backend_5XX", ""
	}
	late := f.unlogged(name, of, forReasons("Target_5XX"))
	if n == 0 && late == 0 {
		return nil
	}
	found := finding("target-answers-5xx", fmt.Sprintf("%s answer%s 5xx: the application fails, not the way to it.", whom(names, g), third(len(names))))
	own := f.own(g, share)
	codes := f.answers(own)
	code := ""
	if g.Type != "lambda" {
		code = proxied(codes, n)
	}
	if code != "" {
		found.Sentence = fmt.Sprintf("%s answer%s %s.", whom(names, g), third(len(names)), asProxy(code))
		found.Do = behindProxy(code)
	}
	if n > 0 {
		_, _, part := f.spread(g, own)
		found.because(FromLog, fmt.Sprintf("%s were answered with 5xx by the target (%s), %s of the group's", amount.Of(n, "request", "requests"), counts(codes), percent(part, 1)))
		found.Targets, found.share = names, share
		found.Confidence = High
	}
	if f.measured(name, of) {
		found.because(FromMetric, name+": "+number(f.total(name, of)))
	}
	if late > 0 {
		if f.hasAccess() {
			found.because(FromMetric, fmt.Sprintf("%s of them after %s UTC, where the logs end", number(late), f.clock(f.logsEnd())))
		}
		rate = max(rate, late/max(f.unlogged("RequestCount", of, func(m Minute) int64 { return m.Requests }), 1))
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
		found.Sentence = fmt.Sprintf("%s answered 5xx %s, and not since: the application failed, not the way to it.", whom(names, g), span)
		found.Do = "see what happened to the application at that time, in its log: a deployment, a restart, what it waits for"
		if code != "" {
			found.Sentence = fmt.Sprintf("%s answered %s: %s, and not since.", whom(names, g), asProxy(code), span)
			found.Do = "see what happened to the application at that time: a deployment, a restart, what it waits for; the error log of a proxy (nginx, Envoy, an ingress) says why it answered so"
		}
	}
	return found
}

// fewErrors is the part of the requests to a group up to which it is a note that the application answers them with 5xx.
const fewErrors = 0.01

// rateOfMinutes is the part of requests to a group that its targets answered with 5xx, of the last minutes that logs
// have, or of any minute in which most ended so, or of the newest requests, if most did; 0 if these are few.
func (f *facts) rateOfMinutes(g *Group) (rate float64) {
	const reason = "Target_5XX"
	of := func(failed, all int64) float64 {
		if failed < fewRequests {
			return 0
		}
		return float64(failed) / float64(all)
	}
	rate = of(f.lastMinutes(g, reason))
	for _, m := range f.logMinutes() {
		if m.Group != g.logARN(f) {
			continue
		}
		if one := of(m.Reasons[reason], m.Requests); one > 0.5 {
			rate = max(rate, one)
		}
	}
	var failed, all int64
	for _, m := range slices.Backward(f.logMinutes()) { // at night, these come within hours
		if failed >= fewRequests {
			break
		}
		if m.Group == g.logARN(f) {
			failed, all = failed+m.Reasons[reason], all+m.Requests
		}
	}
	if newest := of(failed, all); newest > 0.5 {
		rate = max(rate, newest)
	}
	return rate
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
	codes := map[string]int64{}
	for _, row := range f.failures() {
		if n := share(row); n > 0 && row.TargetStatus >= 0 {
			codes[strconv.FormatInt(row.TargetStatus, 10)] += n
		}
	}
	return codes
}

// counts names the most frequent of some numbers.
func counts(n map[string]int64) string {
	var all []string
	for _, name := range mostFirst(n) {
		all = append(all, fmt.Sprintf("%s: %d", name, n[name]))
	}
	return few(all)
}

// mostly are targets most of whose requests fail by a share, however few these are of the
// group's.
func (f *facts) mostly(g *Group, share func(Failure) int64) (list []string) {
	failed := map[string]int64{}
	for _, row := range f.failures() {
		if row.Target != "" && f.mine(g, row) {
			failed[row.Target] += share(row)
		}
	}
	for _, t := range f.traffic() {
		if n := failed[t.Target]; t.Group == g.logARN(f) && t.Requests >= fewRequests && 2*n > t.Requests {
			list = append(list, t.Target)
		}
	}
	return list
}

// connectionErrors says what metrics count where the logs do not show a target.
func (f *facts) connectionErrors(known []*Finding) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		n, gone := f.total("TargetConnectionErrorCount", g.ARN), f.deregistered(g)
		left := f.sum(those(func(row Failure) bool { // of which logs say whose they are: of targets that leave, or were not asked about
			return row.Group == g.logARN(f) && slices.Contains(unconnectedReasons, row.Reason) && (gone(row) || !f.concerns(row.Target))
		}))
		if n <= float64(left) || slices.ContainsFunc(known, func(k *Finding) bool {
			return slices.Contains(k.Groups, g.Name) && (k.ID == "target-port-refused" || k.ID == "target-connect-timeout")
		}) {
			continue
		}
		found := finding("target-connection-errors", fmt.Sprintf("The balancer cannot connect to targets of %s; the logs do not say to which.", g.Name))
		found.onGroup(g)
		found.because(FromMetric, f.tally("TargetConnectionErrorCount", g.ARN))
		if f.areFew(n, f.total("RequestCount", g.ARN), "TargetConnectionErrorCount", g.ARN) {
			found.Level = Warn
			found.Sentence = fmt.Sprintf("The balancer could not connect to targets of %s now and then; the logs do not say to which.", g.Name)
		} else if span, over := f.hasEnded("TargetConnectionErrorCount", g.ARN); over && !slices.ContainsFunc(f.whole(g), endpoint.failing) {
			found.Level = Warn
			found.Sentence = fmt.Sprintf("The balancer could not connect to targets of %s %s, and requests have come since without that; the logs do not say to which.", g.Name, span)
			found.Do = whatHappened
		}
		found.rival("target-port-refused", "the port refuses")
		found.rival("target-connect-timeout", "or packets are dropped")
		if f.hasAccess() {
			found.Do = "ask again in a few minutes, when the logs of that time are there; until then, ask the targets' port by hand"
		}
		list = append(list, found)
	}
	if f.total("BackendConnectionErrors", "") > 0 && len(known) == 0 {
		found := finding("target-connection-errors", "The balancer cannot connect to its instances; health checks and repeats are counted as well.")
		found.because(FromMetric, f.tally("BackendConnectionErrors", ""))
		found.Confidence = Low
		if f.hasAccess() {
			found.Do = "ask the instances' port by hand, those that are out of service first"
		}
		list = append(list, found)
	}
	return list
}
