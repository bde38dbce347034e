package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"loglens/internal/amount"
)

var timeoutsCheck = Check{
	Name:  "timeouts",
	About: "The idle timeout against the targets' keep-alive and their slowest answers and their WebSockets, the deregistration delay, and clients that do not wait as long.",
	Needs: []string{"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes"},
	Gives: []string{"keep-alive-race", "idle-timeout-reached", "websocket-idle-timeout", "deregistration-delay-too-short", "clients-gave-up"},
	look:  lookAtTimeouts,
}

func lookAtTimeouts(f *facts) []*Finding {
	if f.Logs == nil {
		return nil
	}
	list := f.ofEach(f.race, f.tooSlow, f.silentSockets, f.deregistering, f.gaveUp)
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
	if span, ok := f.isOver(g, names, share, f.lateLike("504", share)); ok {
		found.tellAsOver()
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
	case f.slowsDown(found, g):
	case f.checksWait(found, g):
		found.Do = fmt.Sprintf("look at what keeps %s from answering, even health checks: load, threads, what is waited for; a stack trace of the process tells", amount.Noun(len(found.Targets), "this target", "these targets"))
	case f.longerIsWorse(found):
	default:
		f.raiseIdle(found, longer)
	}
}

// slowsDown reports whether a group answers far more slowly since some time than before, as what is meant to take long does not,
// and says so.
func (f *facts) slowsDown(found *Finding, g *Group) bool {
	s, ok := f.slowerOf(g)
	if !ok || !s.Goes || s.Fresh {
		return false
	}
	found.because(FromLog, fmt.Sprintf("since %s UTC the group answers more slowly: %s", f.clock(s.Since), s.words()))
	found.Do = fmt.Sprintf("look at what makes %s answer more slowly since %s UTC: a deployment, load, what it waits for; a longer timeout would only let requests wait longer", g.Name, f.clock(s.Since))
	return true
}

// checksWait reports whether health checks of targets that take too long to answer time out as well, now or in turn,
// or whether more of the group were unhealthy while most requests did, and says so.
func (f *facts) checksWait(found *Finding, g *Group) bool {
	const useless = ": a longer timeout would only let requests wait longer"
	these := slices.DeleteFunc(f.of(g), func(e endpoint) bool { return !slices.Contains(found.Targets, e.name()) })
	switch {
	case slices.ContainsFunc(these, func(e endpoint) bool { return e.failing() && timeoutReason(e.target) }):
		found.because(FromHealth, "health checks time out as well"+useless)
	case slices.ContainsFunc(these, f.checksTimeOut):
		found.because(FromLog, "health checks time out in turn as well"+useless)
	case !f.noneLost(g) && f.moreUnhealthy(g, "Target_Response_Timeout"):
		found.because(FromMetric, "UnHealthyHostCount was higher than usual while most of these came"+useless)
	default:
		return false
	}
	return true
}

// moreUnhealthy reports whether most requests to a group that failed for a reason did while metrics have more of its
// targets unhealthy than the fewest of the window: one that is down all the time, or was for a moment, has not to do
// with these.
func (f *facts) moreUnhealthy(g *Group, reason string) bool {
	unhealthy := f.byPeriod(f.series("UnHealthyHostCount", g.ARN))
	if len(unhealthy) == 0 {
		return false
	}
	fewest := slices.Min(slices.Collect(maps.Values(unhealthy)))
	var meanwhile, all int64
	for _, m := range f.minutesOf(g) {
		all += m.Reasons[reason]
		if unhealthy[m.Minute.UTC().Truncate(f.period())] > fewest {
			meanwhile += m.Reasons[reason]
		}
	}
	return 2*meanwhile > all
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
	found.because(FromLog, fmt.Sprintf("targets of %s seem to close idle connections before the balancer does: a longer idle timeout makes that worse, unless their keep-alive is made longer first", few(f.racing())))
	return true
}

// undrained says of a classic balancer that it breaks off what is under way at an instance that is
// taken out.
//
// Source: AWS, "Configure connection draining for your Classic Load Balancer", and Knowledge Center,
// "Why did I receive an HTTP 5xx error when connecting to web servers running on EC2 instances
// configured to use Classic Load Balancing?", read 2026-11.
func (f *facts) undrained(found *Finding) {
	if f.Balancer.Type == Classic && slices.ContainsFunc(f.groups, func(g *Group) bool { return g.Attributes[attrDelay] == "0" }) {
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
	slowest, here, elsewhere := -1.0, int64(0), int64(0)
	for _, t := range f.traffic() {
		switch {
		case t.Group != g.logARN(f) || t.Target == "":
		case slices.Contains(found.Targets, t.Target):
			here += t.Requests
		default:
			slowest, elsewhere = max(slowest, t.Slowest), elsewhere+t.Requests
		}
	}
	oneOfTwo := hit == 1 && targets == 2 && n*elsewhere >= fewRequests*here // no few would have met the other one
	if slowest < 0 || 2*hit >= targets && !oneOfTwo || int64(4*hit) > n {   // a slow request, asked for now and then, may meet few of many
		return false
	}
	found.because(FromLog, fmt.Sprintf("none of the requests to %s ended so; the slowest answer took %.1f s", amount.Of(targets-hit, "other target of the group", "other targets of the group"), slowest))
	return true
}
