package diagnose

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

var healthCheckCheck = Check{
	Name:  "health-check",
	About: "The health check against the target: port, protocol, path, matcher, timeout and interval.",
	Needs: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"},
	Gives: []string{"health-check-port-refused", "health-check-port-differs", "health-check-port-hides-refusal", "health-check-protocol-mismatch",
		"health-check-path-not-found", "health-check-redirect", "health-check-unauthorized", "health-check-server-error", "health-check-matcher",
		"health-check-grpc-matcher", "health-check-timeout-not-below-interval", "health-check-timeout-too-short", "target-health-code-mismatch"},
	look: lookAtHealthChecks,
}

func lookAtHealthChecks(f *facts) (list []*Finding) {
	for _, g := range f.groups {
		if !g.Check.Enabled || g.Type == "lambda" && f.Balancer.Type != Application {
			continue
		}
		list = append(list, f.wrongCodes(g)...)
		list = append(list, f.otherPort(g)...)
		list = append(list, given(f.otherProtocol(g), f.checksOverlap(g), f.checksTooShort(g))...)
	}
	return list
}

// answer is what an unhealthy target's health check was answered with.
type answer struct {
	endpoint
	code int
	from Source
	text string
}

// answered collects the codes that do not count as success, from what the balancer
// says, from its health check logs, and from our own probe.
func (f *facts) answered(g *Group) (list []answer) {
	for _, e := range f.of(g) {
		if !e.failing() || f.flaps(e) >= oftenFlaps {
			continue // one that passes as well is no wrong setting
		}
		if !f.probe(e, true).ended(ProbeTLS) { // then its answer is to the protocol, not to the path
			list = append(list, f.answersOf(e)...)
		}
	}
	return list
}

func (f *facts) answersOf(e endpoint) (list []answer) {
	var named []int
	if e.target.Reason == "Target.ResponseCodeMismatch" || f.Balancer.Type == Classic {
		named = codes(e.target.Description)
	}
	for _, code := range named {
		list = append(list, answer{e, code, FromHealth, e.label() + ": " + state(e.target)})
	}
	if p := f.probe(e, true); p.ended(ProbeAnswered) && !e.group.takes(p.Code) {
		list = append(list, answer{e, p.Code, FromProbe, fmt.Sprintf("%s answers %d to %s", p.Address, p.Code, redacted(e.group.Check.Path))})
	}
	for _, c := range f.loggedChecks(e) {
		if !c.Pass && c.Code > 0 && (len(named) == 0 || slices.Contains(named, int(c.Code))) && c.Reason != "" && !timedOut(c.Reason) {
			list = append(list, answer{e, int(c.Code), FromLog, fmt.Sprintf("%s: %s with %d (%s)", e.label(), amount.Of(c.Checks, "check", "checks"), c.Code, c.Reason)})
		}
	}
	return list
}

// takes reports whether a matcher counts a code as success.
func (g *Group) takes(code int) bool {
	for _, part := range strings.Split(g.Check.Matcher, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, errLast := strconv.Atoi(to)
		if err == nil && errLast == nil && first <= code && code <= last {
			return true
		}
	}
	return false
}

// meaning is the finding that an answer to a health check gives, and its sentence: by the code, and by
// whether other targets of the group pass.
func (a answer) meaning(others bool) (id, text string) {
	g, code, path := a.group, a.code, redacted(a.group.Check.Path)
	switch {
	case g.Version == "GRPC":
		return "health-check-grpc-matcher", fmt.Sprintf("The gRPC health check of %s is answered with status %d, and the matcher takes %s.", g.Name, code, g.Check.Matcher)
	case code == 400 && g.plain() && g.Check.Protocol == "HTTP" && tlsPort(a.checkPort) && !others:
		return "target-expects-tls", fmt.Sprintf("Targets of %s expect TLS on port %d, and the balancer speaks plain HTTP.", g.Name, a.checkPort)
	case code == 404 || code == 410:
		return "health-check-path-not-found", fmt.Sprintf("The health check of %s asks for %s, and is told that it is not there (%d).", g.Name, path, code)
	case code/100 == 3:
		return "health-check-redirect", fmt.Sprintf("The health check of %s asks for %s and is redirected (%d), which the matcher %s does not take.", g.Name, path, code, g.Check.Matcher)
	case code == 401 || code == 403 || code == 407:
		return "health-check-unauthorized", fmt.Sprintf("The health check of %s asks for %s without credentials and is turned away (%d).", g.Name, path, code)
	case code/100 == 5:
		return "health-check-server-error", fmt.Sprintf("The health check of %s asks for %s, and its targets fail (%d).", g.Name, path, code)
	}
	return "health-check-matcher", fmt.Sprintf("The health check of %s is answered with %d, which the matcher %s does not take.", g.Name, code, g.Check.Matcher)
}

// wrongCodes says what the answers to a group's health checks mean.
func (f *facts) wrongCodes(g *Group) []*Finding {
	b := gather{}
	kinds := map[*Finding]answer{} // one of those that each is about
	for _, a := range f.answered(g) {
		others := a.othersPass()
		id, text := a.meaning(others)
		found := b.at(fmt.Sprint(id, a.code, others), func() *Finding { return f.wrongCode(a, id, text) })
		found.on(a.endpoint)
		if others {
			found.Sentence = fmt.Sprintf("%s answer%s the health check of %s with %d, and other targets of the group pass it.", whom(found.Targets, g), third(len(found.Targets)), g.Name, a.code)
		}
		if len(found.Evidence) < 4 {
			found.because(a.from, a.text)
		}
		kinds[found] = a
	}
	var takers []*Finding
	var more []string // codes that the matcher may be let take
	for _, found := range b.list {
		if a := kinds[found]; !a.othersPass() && f.mayTake(found, g, a.code) {
			takers, more = append(takers, found), append(more, strconv.Itoa(a.code))
		}
	}
	for _, found := range takers { // all of them at once, as a command sets the matcher whole
		set := func(matcher string) []string {
			return []string{"--matcher", fmt.Sprintf(`{%q:%q}`, g.matches(), matcher)}
		}
		f.modifyGroup(found, g, set(strings.Join(append([]string{g.Check.Matcher}, more...), ",")), set(g.Check.Matcher))
	}
	list := slices.Concat(b.list, given(f.unknownCodes(g, b.list)))
	for _, found := range list {
		found.because(FromConfig, fmt.Sprintf("health check of %s: %s", g.Name, g.Check.words()))
		if a, ok := kinds[found]; ok && a.othersPass() && a.code == http.StatusServiceUnavailable {
			f.withoutPod(found)
		}
	}
	return list
}

// wrongCode begins a finding about an answer.
func (f *facts) wrongCode(a answer, id, text string) *Finding {
	g, found := a.group, finding(id, text)
	found.Confidence = High
	if a.othersPass() {
		found.Do = "look at how these targets differ from those that pass: version, configuration, what they have started"
	} else {
		found.nameless(g, a.code)
		if (a.code == 502 || a.code == 504) && g.Type != "lambda" && g.Type != "alb" { // with 503, an application says of itself that it is not ready
			found.Do = behindProxy(strconv.Itoa(a.code))
		}
		f.mendCode(found, g)
	}
	f.fromTarget(found, a.endpoint)
	return found
}

// unknownCodes is about targets of which nothing says what their health checks are answered with, but that the matcher
// does not take it; known are findings about others.
func (f *facts) unknownCodes(g *Group, known []*Finding) *Finding {
	found := finding("target-health-code-mismatch", fmt.Sprintf("Health checks of %s are answered with a code that the matcher %s does not take.", g.Name, g.Check.Matcher))
	for _, e := range f.of(g) {
		told := slices.ContainsFunc(known, func(other *Finding) bool { return slices.Contains(other.Targets, e.name()) })
		if e.target.Reason == "Target.ResponseCodeMismatch" && !told && f.flaps(e) < oftenFlaps && f.probe(e, true) == nil {
			found.on(e)
			f.evidence(found, e)
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	return found
}

// words are a health check's settings.
func (c HealthCheck) words() string {
	text := fmt.Sprintf("%s on port %s", c.Protocol, c.Port)
	if c.Path != "" {
		text += " " + redacted(c.Path)
	}
	if c.Matcher != "" {
		text += ", matcher " + c.Matcher
	}
	return text + fmt.Sprintf(", timeout %d s of %d s", c.Timeout, c.Interval)
}

// pathWord is the path for a command that sets it; a word where a part of it is not
// printed, since it may be a secret.
func (c HealthCheck) pathWord() string {
	if path := redacted(c.Path); strings.Contains(path, leftOut) {
		return "/PATH-OF-NOW"
	}
	return c.Path
}

// Statuses of gRPC that a health check may be answered with by a server that works.
const (
	grpcNotFound        = 5
	grpcUnimplemented   = 12
	grpcUnauthenticated = 16
)

// mendCode prints the change that makes a health check pass, but for that of the matcher.
func (f *facts) mendCode(found *Finding, g *Group) {
	if f.Balancer.Type == Classic {
		return // its health check is one text, set whole
	}
	switch found.ID {
	case "health-check-path-not-found", "health-check-unauthorized":
		if g.Check.pathWord() != g.Check.Path {
			found.Verify = append(found.Verify, f.command("elbv2", "describe-target-groups", "--target-group-arns", g.ARN, "--query", "TargetGroups[].HealthCheckPath"))
		}
		f.modifyGroup(found, g, []string{"--health-check-path", "/PATH"}, []string{"--health-check-path", g.Check.pathWord()})
	case "target-expects-tls":
		// Checks that pass on the traffic port would send requests to where they fail.
		if !g.checksApart() {
			return
		}
		f.modifyGroup(found, g, []string{"--health-check-protocol", "HTTPS"}, []string{"--health-check-protocol", g.Check.Protocol})
	}
}

// mayTake reports whether a code may be one that a server answers with that works, so that
// the matcher can be let take it. A classic balancer has no matcher that can be set.
func (f *facts) mayTake(found *Finding, g *Group, code int) bool {
	switch found.ID {
	case "health-check-grpc-matcher":
		return slices.Contains([]int{grpcNotFound, grpcUnimplemented, grpcUnauthenticated}, code)
	case "health-check-redirect", "health-check-matcher":
		// A server that has no time, knows no such host, or has too many requests is not well.
		return g.Check.Matcher != "" && f.Balancer.Type != Classic && !slices.Contains([]int{badRequest, http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooManyRequests}, code)
	}
	return false
}

// badRequest is what a server answers that takes nothing of what it was asked: it does not
// know the Host, or expects TLS.
const badRequest = 400

// nameless adds that a health check names no site: a server that has several, or takes no
// other than its own, turns it away, whatever the path.
//
// Source: AWS, "Troubleshoot your Application Load Balancers", on the Host header of health
// checks, read 2026-11.
func (f *Finding) nameless(g *Group, code int) {
	if g.Version == "GRPC" || code/100 != 3 && code/100 != 4 {
		return
	}
	f.rival("", "health checks have an address as Host: a server that only takes the names of its sites answers so to any path")
	if f.ID == "health-check-matcher" && code == badRequest {
		f.Do = "let the targets take an address as Host for this path; if they expect TLS, let the balancer speak it"
	}
}

// matches is what the codes of a group's matcher are called.
func (g *Group) matches() string {
	if g.Version == "GRPC" {
		return "GrpcCode"
	}
	return "HttpCode"
}

// checksApart reports whether none of a group's targets is checked on its traffic port.
func (g *Group) checksApart() bool {
	return !slices.ContainsFunc(g.Targets, func(t Target) bool { return g.checkPort(&t) == cmp.Or(t.Port, g.Port) })
}

// othersPass reports whether another target of a group passes the check that this one does
// not: what is set for all of them is not why.
func (e endpoint) othersPass() bool {
	return slices.ContainsFunc(e.group.Targets, func(t Target) bool { return t.healthy() && e.group.checkPort(&t) == e.checkPort })
}

// probe is how a target answered us, on its health check port or its traffic port;
// nil if it was not asked.
func (f *facts) probe(e endpoint, check bool) *Probe {
	for i := range f.Probes {
		p := &f.Probes[i]
		if p.Group == e.group.ARN && p.Target == e.name() && p.Check == check {
			return p
		}
	}
	return nil
}

// tlsPort reports whether a port is one where TLS is usual.
func tlsPort(port int) bool { return port%1000 == 443 }
