package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"loglens/internal/amount"
)

var timeoutsCheck = Check{
	Name:  "timeouts",
	About: "The idle timeout against the targets' keep-alive and their slowest answers and their WebSockets, the deregistration delay, and clients that do not wait as long.",
	Needs: []string{"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes"},
	Gives: []string{"keep-alive-race", "idle-timeout-reached", "websocket-idle-timeout", "deregistration-delay-too-short", "clients-gave-up"},
	look:  lookAtTimeouts,
}

func lookAtTimeouts(f *facts) (list []*Finding) {
	if f.Logs == nil {
		return nil
	}
	for i := range f.Groups {
		g := &f.Groups[i]
		for _, look := range []func(*Group) *Finding{f.race, f.tooSlow, f.silentSockets, f.deregistering, f.gaveUp} {
			if found := look(g); found != nil {
				found.onGroup(g)
				list = append(list, found)
			}
		}
	}
	f.idleOnce(list)
	return list
}

// idleOnce leaves the command that changes the balancer's idle timeout to the finding that
// explains most.
func (f *facts) idleOnce(list []*Finding) {
	changes := func(found *Finding) bool {
		return (found.ID == "idle-timeout-reached" || found.ID == "websocket-idle-timeout") && len(found.Fix) > 0
	}
	explains := func(found *Finding) int64 {
		if found.share == nil { // of WebSockets, which are no failures
			return 0
		}
		return f.sum(found.share)
	}
	var most *Finding
	for _, found := range list {
		if changes(found) && (most == nil || explains(found) > explains(most)) {
			most = found
		}
	}
	for _, found := range list {
		if found != most && changes(found) {
			found.Fix, found.Undo = nil, nil
			found.because(FromConfig, "the idle timeout is that of all groups: the command is given for "+few(most.Groups))
		}
	}
}

// raceRate is the part of requests above which failures at 0 s are no race with
// idle connections. With little traffic, where each request follows a pause, it may be
// high; but a repeat on a new connection goes well.
const raceRate = 0.5

// raceSure is up to which part of requests it is rather a race than anything else that
// ends them at once: only those fail that come just as a connection is closed.
const raceSure = 0.02

// quick is the share of failures that look like a race: over at once, with nothing
// refused and no TLS that failed.
func (f *facts) quick(g *Group) func(Failure) int64 {
	d, gone, refused, older := f.decide(g), f.deregistered(g), f.undecided(g), names(f.older(g))
	return func(row Failure) int64 {
		switch {
		case row.Group != g.logARN(f) || gone(row) || slices.Contains(older, row.Target):
			return 0
		case row.Reason == "Target_Closed_Connection":
			return row.Quick
		case row.Reason == "Target_Connection_Error" && d.at(row.Target).sure() > 0:
			return d.idleEnds(row)
		case row.Reason == "Target_Connection_Error" && refused(row) == 0:
			return row.Quick
		}
		return 0
	}
}

// isRace reports whether failures at 0 s are spread over most of a group's targets,
// and are few.
func (f *facts) isRace(g *Group) bool {
	share := f.quick(g)
	return f.mayRace(g, share) && !f.comesOnce(g, share)
}

// mayRace reports whether failures are those of a race, but for when they came.
func (f *facts) mayRace(g *Group, share func(Failure) int64) bool {
	hit, targets, rate := f.spread(g, share)
	return 2*hit > targets && rate <= raceRate
}

// racing are the groups whose targets do so. The idle timeout is that of all of them.
func (f *facts) racing() (names []string) {
	for i := range f.Groups {
		if f.isRace(&f.Groups[i]) {
			names = append(names, f.Groups[i].Name)
		}
	}
	return names
}

// comesOnce reports whether failures of a group are of some short times, bursts or an outage, and no race.
func (f *facts) comesOnce(g *Group, share func(Failure) int64) bool {
	return f.comesInBursts(g, share) || f.isOutage(g, share)
}

// comesInBursts reports whether failures of a group came in at most half as many parts of the time since the first of
// them as by chance: at targets that restart one after the other, in one deployment or several. A race comes again and
// again, as long as there is traffic.
func (f *facts) comesInBursts(g *Group, share func(Failure) int64) bool {
	first, _ := f.firstAndLast(share)
	if first.IsZero() {
		return false
	}
	parts, n := f.parts(g, first), f.sum(share)
	resets := f.sum(where(func(row Failure) bool { return row.Reason == "Target_Connection_Error" }, share))
	switch resets {
	case 0:
	case n: // and what is broken off apart from these says nothing
		return inBursts(parts, n, func(p part) bool { return p.refused > 0 })
	default:
		return inBursts(parts, n, part.failed)
	}
	// What is broken off only where as much is refused is of the same restarts.
	if !slices.ContainsFunc(parts, func(p part) bool { return p.closed > p.refused }) {
		all := n
		for _, p := range parts {
			all += p.refused
		}
		if inBursts(parts, all, part.failed) {
			return true
		}
	}
	return inBursts(parts, n, func(p part) bool { return p.closed > 0 })
}

// inBursts reports whether some failures came in at most half as many parts of some time as by chance, and five or more
// in each: a race may fail two or three at once, where a client asks for several things. hit is whether any of them came
// in a part.
func inBursts(parts []part, n int64, hit func(part) bool) bool {
	var most, all int64
	for _, p := range parts {
		if hit(p) {
			most = max(most, p.all)
		}
	}
	// With more traffic than in any of these, connections are idle less often.
	parts = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.all > most })
	for _, p := range parts {
		all += p.all
	}
	var hits, byChance float64
	for _, p := range parts {
		if byChance += 1 - math.Pow(1-float64(p.all)/float64(all), float64(n)); hit(p) {
			hits++
		}
	}
	return hits > 0 && float64(n) >= 5*hits && 2*hits <= byChance
}

// part is what a group was sent in a part of some time.
type part struct {
	all             int64 // requests
	closed, refused int64 // those of them that failed as those of a race do, and others
}

func (p part) failed() bool { return p.closed+p.refused > 0 }

// parts divides the time from some moment on into 61 at most.
func (f *facts) parts(g *Group, from time.Time) (parts []part) {
	from = from.UTC().Truncate(time.Minute)
	width := max(time.Minute, f.Logs.Last.Sub(from)/60)
	for _, m := range f.logMinutes() { // by time
		if m.Group != g.logARN(f) || m.Minute.Before(from) {
			continue
		}
		for time.Duration(len(parts)) <= m.Minute.Sub(from)/width {
			parts = append(parts, part{})
		}
		p := &parts[len(parts)-1]
		p.all, p.closed, p.refused = p.all+m.Requests, p.closed+m.Reasons["Target_Closed_Connection"], p.refused+m.Reasons["Target_Connection_Error"]
	}
	return parts
}

// isOutage reports whether failures of a group are of a time in which most of its requests failed so, or
// that is over, by how long and how many have gone well since. Only minutes with no more traffic than that
// time had tell: with more of it, connections are idle less often.
func (f *facts) isOutage(g *Group, share func(Failure) int64) bool {
	first, last := f.firstAndLast(share)
	failed, all := f.sum(share), func(m Minute) int64 { return m.Requests }
	during, _ := f.minutes(func(m Minute) bool {
		return m.Group == g.logARN(f) && m.Minute.Add(time.Minute).After(first) && !m.Minute.After(last)
	}, all)
	long := int64(last.Sub(first)/time.Minute) + 1
	since, _ := f.minutes(func(m Minute) bool {
		return m.Group == g.logARN(f) && m.Minute.After(last) && m.Requests*long <= 2*during
	}, all)
	return failed >= fewRequests && !first.IsZero() && (2*failed > during || f.isRest(f.answeredFor(share), among(share)) && failed*since >= fewRequests*during)
}

func (f *facts) race(g *Group) *Finding {
	if !f.isRace(g) {
		return nil
	}
	share := f.quick(g)
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("keep-alive-race", fmt.Sprintf("Targets of %s close idle connections before the balancer's %s, and requests that come just then get 502.", g.Name, f.idleTimeout()))
	found.Targets, found.share = names, share
	if f.areRare(g, share, f.lateAnswers("502"), "Target_Closed_Connection", "Target_Connection_Error") {
		found.Level = Warn
	}
	hit, targets, rate := f.spread(g, share)
	over := len(names)
	if f.Target != "" {
		n, over = f.sum(share), hit // of all targets, as the rest of the line is
	}
	found.because(FromLog, fmt.Sprintf("%s got 502 at once, spread over %d of %d targets, %s of requests", amount.Of(n, "request", "requests"), over, targets, percent(rate, 2)))
	found.because(FromConfig, f.idleSet()+"; a target's keep-alive has to be longer (unless changed, gunicorn: 2 s; Node.js, Apache and uvicorn: 5 s; nginx: 75 s)")
	if f.measured("RequestCount", g.ARN) {
		errors := f.total("TargetConnectionErrorCount", g.ARN)
		tls := f.total("TargetTLSNegotiationErrorCount", g.ARN)
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount %s, TargetTLSNegotiationErrorCount %s", number(errors), number(tls)))
		if errors == 0 && tls == 0 && over > 1 && rate <= raceSure {
			found.Confidence = High
		}
	} else {
		found.rival("target-port-refused", "without metrics a refused connection looks the same")
		if rate > raceSure {
			found.Confidence = Low
		}
	}
	found.rival("target-closes-connection", "targets that break off at once for another reason: a crash on certain requests, or an answer with malformed headers, or with more than 32 K of them")
	// An idle timeout below the targets' keep-alive would end the race, too, and cut off
	// what is silent for a while on purpose: WebSockets, long polls, slow answers.
	return found
}

// idleTimeout names the balancer's idle timeout, and what it is where that was read.
func (f *facts) idleTimeout() string {
	if f.Balancer.Attributes == nil {
		return "idle timeout"
	}
	return "idle timeout of " + number(f.idle()) + " s"
}

// idleSet says what the idle timeout is, and whether that was read.
func (f *facts) idleSet() string { return taken(f.Balancer.Attributes, attrIdle, f.idle()) }

// taken says what a number among attributes is, or is taken to be where they could not be read.
func taken(attributes map[string]string, what string, n float64) string {
	if attributes == nil {
		return what + " could not be read, and is taken to be " + number(n) + ", as it is unless changed"
	}
	return what + " is " + number(n)
}

// slowest is the slowest answer of a group, in seconds.
func (f *facts) slowest(g *Group) (slowest float64) {
	for _, t := range f.traffic() {
		if t.Group == g.logARN(f) {
			slowest = max(slowest, t.Slowest)
		}
	}
	return slowest
}

// balancerAttribute changes an attribute of the balancer, and changes it back.
func (f *facts) balancerAttribute(found *Finding, key, value string) {
	set := func(value string) string {
		return f.command("elbv2", "modify-load-balancer-attributes", "--load-balancer-arn", f.Balancer.ARN, "--attributes", "Key="+key+",Value="+value)
	}
	found.Fix = append(found.Fix, set(value))
	if before, ok := f.Balancer.Attributes[key]; ok {
		found.Undo = append(found.Undo, set(before))
	}
}

// tooSlow looks for requests that end at the idle timeout.
func (f *facts) tooSlow(g *Group) *Finding {
	share := f.ofGroup(g, "Target_Response_Timeout")
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	idle := f.idle()
	rare, often := f.areRare(g, share, f.lateAnswers("504"), "Target_Response_Timeout"), ""
	if rare {
		often = " now and then"
	}
	found := finding("idle-timeout-reached", fmt.Sprintf("%s%s take%s longer to answer than the balancer's %s.", whom(names, g), often, third(len(names)), f.idleTimeout()))
	if found.Targets, found.share = names, share; rare {
		found.Level = Warn
	}
	wall := f.sum(where(among(f.own(g, share)), func(row Failure) int64 { return row.Idle }))
	if f.Balancer.Type == Classic { // whose lines do not say how long that took
		found.because(FromLog, amount.Of(n, "request", "requests")+" got 504, and no instance's answer")
	} else {
		found.because(FromLog, fmt.Sprintf("%s got 504 after they were sent, %d of them at %s s", amount.Of(n, "request", "requests"), wall, number(idle)))
	}
	found.because(FromConfig, f.idleSet())
	elsewhere, otherwise := ", and none of them ended at the balancer's "+f.idleTimeout(), "the idle timeout was another one then, or the requests took long to be sent"
	if f.Balancer.Attributes == nil {
		elsewhere, otherwise = "", "the idle timeout is another one than is usual, or the requests took long to be sent"
	}
	switch {
	case f.Balancer.Type == Classic:
		f.slowOrClosed(found, g)
	case 2*wall >= n:
		found.Confidence = High
	case wall == 0:
		found.Sentence = fmt.Sprintf("Requests to %s got no answer in time%s.", whom(names, g), elsewhere)
		found.Confidence = Low
		found.rival("", otherwise)
		found.rival("", "a Content-Length larger than the body")
	default:
		found.rival("", "a Content-Length larger than the body")
	}
	found.rival("", "the application waits for something behind it; a longer timeout only hides that")
	if slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return slices.Contains(found.Targets, e.name()) && f.overGateway(e) }) {
		found.rival("", "packets that are too large for the way to these targets, over a transit gateway, a VPN or Direct Connect, where no ICMP comes back that says so (MTU): small ones get through, and large ones do not")
	}
	if span, ok := f.isOver(g, names, share, f.lateAnswers("504")); ok {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s took longer to answer than the balancer's %s %s, and %s answered requests since.", whom(names, g), f.idleTimeout(), span, amount.Noun(len(names), "has", "have"))
		if wall == 0 {
			found.Sentence = fmt.Sprintf("Requests to %s got no answer in time %s%s. Requests have been answered since.", whom(names, g), span, elsewhere)
		}
		found.Do = "see what kept the targets from answering at that time: their load, a restart, what they wait for"
		return found
	}
	f.waitLonger(found, g, n, wall)
	return found
}

// slowOrClosed says of 504s of a Classic Load Balancer what else than slow answers they may be.
func (f *facts) slowOrClosed(found *Finding, g *Group) {
	names := found.Targets
	found.Sentence = fmt.Sprintf("%s take%s longer to answer than the balancer's %s, or close%s idle connections before it: a Classic Load Balancer answers 504 to both.", whom(names, g), third(len(names)), f.idleTimeout(), third(len(names)))
	found.Do = "see whether these clients have their 504 at once: then make the targets' keep-alive longer than the balancer's idle timeout; otherwise make the application answer sooner"
	found.Confidence = Low
	if slowest := f.slowest(g); slowest > 0 {
		found.because(FromLog, fmt.Sprintf("the slowest answer took %.1f s", slowest))
	}
	found.rival("keep-alive-race", "the logs do not say how long these requests took")
	f.undrained(found)
	if f.mayExpectTLS(g) {
		found.rival("target-expects-tls", fmt.Sprintf("instances that expect TLS on port %d, and hang up when they are spoken to in plain HTTP; --probe tells", g.Port))
	}
}

// waitLonger lets the balancer wait longer, if that helps the n requests of which so many ended at the idle
// timeout, and breaks no others.
func (f *facts) waitLonger(found *Finding, g *Group, n, wall int64) {
	switch longer := f.longerIdle(); {
	case f.Balancer.Type != Application || float64(longer) <= f.idle(): // there is none that is longer
	case wall == 0 || f.Balancer.Attributes == nil: // it is not what ended them, or may be longer already
	case f.onlyHere(found, g, n):
		found.Do = fmt.Sprintf("look at what keeps %s from answering, and not the others: load, threads, what is waited for; a longer timeout only lets requests wait longer", amount.Noun(len(found.Targets), "this target", "these targets"))
	case slices.ContainsFunc(f.of(g), func(e endpoint) bool {
		return slices.Contains(found.Targets, e.name()) && e.failing() && timeoutReason(e.target)
	}):
		found.because(FromHealth, "health checks time out as well: a longer timeout would only let requests wait longer")
		found.Do = fmt.Sprintf("look at what keeps %s from answering, even health checks: load, threads, what is waited for; a stack trace of the process tells", amount.Noun(len(found.Targets), "this target", "these targets"))
	case f.longerIsWorse(found):
	default:
		f.raiseIdle(found, longer)
	}
}

// raiseIdle makes the idle timeout longer, and says what has to be longer before.
func (f *facts) raiseIdle(found *Finding, longer int) {
	whose := "targets"
	if len(f.Groups) > 1 {
		whose = "targets of all groups"
	}
	found.because(FromConfig, fmt.Sprintf("%s have to keep idle connections for longer than the idle timeout: before it is raised, make their keep-alive longer than %d s, or requests get 502", whose, longer))
	f.balancerAttribute(found, attrIdle, strconv.Itoa(longer))
}

// longerIdle is twice the idle timeout, or the most that it may be.
func (f *facts) longerIdle() int { return min(4000, int(2*f.idle())) }

// longerIsWorse reports whether a longer idle timeout would break more connections, and says so.
func (f *facts) longerIsWorse(found *Finding) bool {
	if len(f.racing()) == 0 {
		return false
	}
	found.because(FromLog, fmt.Sprintf("targets of %s close idle connections before the balancer does: a longer idle timeout makes that worse, unless their keep-alive is made longer first", few(f.racing())))
	return true
}

// undrained says of a classic balancer that it breaks off what is under way at an instance that is
// taken out.
//
// Source: AWS, "Configure connection draining for your Classic Load Balancer", and Knowledge Center,
// "Why did I receive an HTTP 5xx error when connecting to web servers running on EC2 instances
// configured to use Classic Load Balancing?", read 2026-11.
func (f *facts) undrained(found *Finding) {
	if f.Balancer.Type == Classic && slices.ContainsFunc(f.Groups, func(g Group) bool { return g.Attributes[attrDelay] == "0" }) {
		found.rival("", "instances that were taken out, or became unhealthy, while requests were under way, as in a deployment: connection draining is off, and the balancer breaks these off")
	}
}

// overGateway reports whether a way to a target leads over a gateway that takes smaller packets than
// a VPC does.
//
// Source: AWS, "Network MTU for your EC2 instance" of the EC2 guide, and "Maximum transmission unit"
// of the Transit Gateway guide, read 2026-11.
func (f *facts) overGateway(e endpoint) bool { return f.someWay(e, "vgw-", "lgw-", "tgw-") }

// silentSockets looks for WebSockets that the balancer closed since nothing came on them: these
// are no failures of the logs, and end as long after their last message as the idle timeout is.
//
// Source: AWS, "Access log entries" (WebSocket) and "Connection idle timeout" of the Application
// Load Balancer guide, read 2026-11.
func (f *facts) silentSockets(g *Group) *Finding {
	if f.Balancer.Attributes == nil {
		return nil // those that ended at 60 s may have had another reason
	}
	for _, s := range f.Logs.Sockets {
		if s.Group != g.ARN || s.Idle < fewRequests || 2*s.Idle < s.Lasted {
			continue
		}
		found := finding("websocket-idle-timeout", fmt.Sprintf("WebSockets to %s end at the balancer's idle timeout of %s s: nothing comes on them for so long.", g.Name, number(f.idle())))
		found.because(FromLog, fmt.Sprintf("of %s, %d lasted for %s s or longer, and %d of these ended within three seconds of that", amount.Of(s.Count, "WebSocket", "WebSockets"), s.Lasted, number(f.idle()), s.Idle))
		found.because(FromConfig, f.idleSet())
		found.rival("", "a proxy on the target, or the application, that closes what is silent for as long (proxy_read_timeout of nginx: 60 s unless changed)")
		if longer := f.longerIdle(); float64(longer) > f.idle() && !f.longerIsWorse(found) {
			f.raiseIdle(found, longer)
		}
		return found
	}
	return nil
}

// onlyHere reports whether failures are of so few of a group's targets that they have to do
// with these, and says of the others that they answered.
func (f *facts) onlyHere(found *Finding, g *Group, n int64) bool {
	hit, targets, _ := f.spread(g, found.share)
	if 2*hit >= targets || int64(4*hit) > n { // a slow request, asked for now and then, may meet few of many
		return false
	}
	slowest := -1.0
	for _, t := range f.traffic() {
		if t.Group == g.logARN(f) && t.Target != "" && !slices.Contains(found.Targets, t.Target) {
			slowest = max(slowest, t.Slowest)
		}
	}
	if slowest < 0 {
		return false // they answered none
	}
	found.because(FromLog, fmt.Sprintf("none of the requests to %s ended so; the slowest answer took %.1f s", amount.Of(targets-hit, "other target of the group", "other targets of the group"), slowest))
	return true
}

// deregistered tells failures of targets that leave, or have left, the group, where that is known. A
// target that leaves gets no new requests: what failed longer than the delay before its last one failed
// while it was registered.
func (f *facts) deregistered(g *Group) func(Failure) bool {
	if !f.addressed(g) || f.Target != "" || f.Balancer.Type == Classic {
		return func(Failure) bool { return false }
	}
	var here []string
	for _, e := range f.whole(g) {
		if e.target.State != "draining" {
			here = append(here, e.name())
		}
	}
	last := map[string]time.Time{} // requests to targets
	for _, t := range f.traffic() {
		if t.Group == g.ARN && t.Last.After(last[t.Target]) {
			last[t.Target] = t.Last
		}
	}
	return func(row Failure) bool {
		return row.Target != "" && row.TargetStatus < 0 && row.Status == 502 && !slices.Contains(here, row.Target) &&
			last[row.Target].Sub(row.First) <= g.delay()+time.Minute
	}
}

// delay is how long a target that leaves may take to end its requests.
func (g *Group) delay() time.Duration {
	return time.Duration(numeric(g.Attributes, attrDelay, 300)) * time.Second
}

// deregistering looks for requests that were cut off when their target had left.
func (f *facts) deregistering(g *Group) *Finding {
	gone := f.deregistered(g)
	share := those(func(row Failure) bool {
		return row.Group == g.ARN && (row.Reason == "Target_Closed_Connection" || row.Reason == "Target_Connection_Error") && gone(row)
	})
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	delay := g.delay().Seconds()
	slowest := f.slowest(g)
	found := finding("deregistration-delay-too-short", fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: the deregistration delay of %s s is too short for them.", whom(names, g), number(delay)))
	found.Targets, found.share = names, share
	found.because(FromLog, amount.Of(n, "request", "requests")+" to targets that are draining or not registered any more got 502")
	found.because(FromConfig, taken(g.Attributes, attrDelay+" of "+g.Name, delay))
	if slowest > 0 {
		found.because(FromLog, fmt.Sprintf("the slowest answer of the group took %.1f s", slowest))
	}
	found.rival("target-closes-connection", "a process that crashed, and whose target was replaced for that; its log tells")
	// What the end of the delay cuts off was under way for as long, if there is one.
	cut := f.sum(where(func(row Failure) bool { return share(row) > 0 && row.Reason == "Target_Closed_Connection" },
		func(row Failure) int64 { return row.Count - row.Quick }))
	if g.Attributes == nil {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: its process stops before the balancer has let go of it, or the deregistration delay, which could not be read, is too short for them.", whom(names, g))
		return found
	}
	if slowest < delay || cut == 0 && delay > 0 {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Requests to %s were cut off while the target was deregistering, or after: its process stops before the balancer has let go of it, within the deregistration delay of %s s.", whom(names, g), number(delay))
		found.Do = runOn
		return found // a longer delay would be as little help
	}
	found.Confidence = High
	f.groupAttribute(found, g, attrDelay, strconv.Itoa(min(3600, max(60, int(2*max(slowest, delay))))))
	return found
}
