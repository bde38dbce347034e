package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
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

func lookAtConnections(f *facts) []*Finding {
	list := f.ofEach(f.refusing, f.unreachable, f.closing, f.erring)
	for _, found := range list {
		f.anomalies(found)
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
	switch quick := f.quick(g); {
	case race || f.sum(where(among(share), quick)) == 0:
	case f.sum(quick) < fewRequests:
		found.rival("keep-alive-race", "idle connections that targets close too early: too few ended at once to tell")
	case f.mayRace(g, quick) && !f.isOutage(g, quick):
		found.rival("keep-alive-race", "idle connections that targets close too early, several of them at once, as those of clients that send requests side by side now and then")
	}
	if f.areRare(g, share, f.lateAnswers("502"), "Target_Closed_Connection", "Target_Connection_Error", "Target_Stream_Reset") {
		found.Level = Warn
	}
	if span, ok := f.isOver(g, found.Targets, share, f.lateLike("502", share)); ok {
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("%s broke off while a request was outstanding, or answered something that is not HTTP, %s, and %s answered requests since.", whom(names, g), span, amount.Noun(len(names), "has", "have"))
	}
	return found
}

// mostly are targets most of whose requests fail by a share, however few these are of the
// group's.
func (f *facts) mostly(g *Group, share func(Failure) int64) (list []string) {
	failed := f.sumBy(byTarget, where(func(row Failure) bool { return row.Target != "" && f.mine(g, row) }, share))
	for _, t := range f.traffic() {
		if n := failed[t.Target]; t.Group == g.logARN(f) && t.Requests >= fewRequests && 2*n > t.Requests {
			list = append(list, t.Target)
		}
	}
	return list
}

// connectionErrors says what metrics count where the logs do not show a target.
func (f *facts) connectionErrors(known []*Finding) (list []*Finding) {
	for _, g := range f.groups {
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
