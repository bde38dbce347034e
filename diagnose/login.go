package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

var loginCheck = Check{
	Name:  "login",
	About: "Requests that end in an authenticate or JWT action, or since AWS WAF gives no verdict, by the codes that the logs have for it.",
	Gives: []string{"login-provider-fails", "login-refused", "waf-errors"},
	look:  lookAtLogin,
}

// Codes by whose they are, and what AWS says of them. All others that authenticate and JWT
// actions have are of what a client sent, or of a user who was denied.
//
// Source: AWS, "Access logs for your Application Load Balancer" (error reason codes),
// "CloudWatch metrics for your Application Load Balancer" (ELBAuthError, ELBAuthFailure) and
// "Troubleshoot your Application Load Balancers" (HTTP 500, 561, 562), read 2026-11.
var (
	notReached    = []string{"AuthTokenEpRequestTimeout", "AuthUserinfoEpRequestTimeout", "JWKSRequestTimeout"}
	claimsTooLong = []string{"AuthUserinfoResponseSizeExceeded"}
	providerSays  = []string{"AuthTokenEpRequestFailed", "AuthUserinfoEpRequestFailed", "AuthInvalidTokenResponse", "AuthInvalidUserinfoResponse", "AuthInvalidIdToken",
		"AuthUnhandledException", "JWKSRequestFailed", "JWKSResponseInvalid", "JWKSResponseSizeExceeded", "JWTValidationInternalError"}
)

// endPoints are those of the identity provider that answered with an error, by the code of it.
var endPoints = map[string]string{"AuthTokenEpRequestFailed": "token", "AuthUserinfoEpRequestFailed": "user info"}

func lookAtLogin(f *facts) []*Finding {
	return given(f.providerFails(), f.loginRefused(), f.noVerdict())
}

// ofLogin reports whether a request ended in an authenticate or JWT action.
func (row Failure) ofLogin() bool {
	return row.Class == "policy" && row.Status >= 400 && (strings.HasPrefix(row.Reason, "Auth") || strings.HasPrefix(row.Reason, "JW"))
}

// ofProvider reports whether it did so for the identity provider, or the balancer itself.
func (row Failure) ofProvider() bool {
	return row.ofLogin() && (slices.Contains(slices.Concat(notReached, claimsTooLong, providerSays), row.Reason) || row.Reason == "Auth_Failed" && row.Status >= 500)
}

func (f *facts) providerFails() *Finding {
	p := f.ended(Failure.ofProvider).ofRule(f, Failure.ofProvider)
	if p.n < fewRequests && p.rate < tooMany {
		return nil
	}
	late := f.suddenly(Failure.ofProvider)
	silent, long := p.codes(notReached), p.codes(claimsTooLong)
	begin, end := "The balancer cannot log clients in: "+p.words(), "."
	span, over := f.loginsRest(p, Failure.ofProvider)
	if over = over && 2*long <= p.n; over { // else they are of these clients, whoever else has logged in since
		begin, end = "The balancer could not log clients in "+span+": "+p.words(), "; logins have gone well since."
	}
	stopped := f.loginsStopped(p)
	well := f.loginsMeanwhile(p, Failure.ofProvider)
	some := !over && stopped.IsZero() && well >= float64(p.n)
	if some {
		begin, end = "The balancer cannot log some clients in: "+p.words(), fmt.Sprintf(", while %s logins went well.", number(well))
	}
	if !over && !stopped.IsZero() {
		end = ", and no login has gone well since " + f.clock(stopped) + " UTC."
	}
	found := finding("login-provider-fails", begin+" failed in its exchange with the identity provider, or in the balancer itself"+end)
	if over || max(p.rate, p.ruleRate) < fewFailures && late == "" {
		found.Level = Warn
	} else {
		found.ruined = p.n
	}
	found.apart = Failure.ofProvider
	f.told(found, p, late, Failure.ofProvider)
	switch {
	case 2*silent > p.n:
		found.Sentence = begin + " failed, mostly since the identity provider was not reached, or did not answer within 5 s" + end
		found.Do = "see whether the provider's end points answer, and whether their names lead to IPv4 addresses in public DNS; let the balancer out to them on 443: security group, network ACLs, routes, of an internal balancer to a NAT gateway"
		if own := f.Balancer.SecurityGroups; len(own) > 0 && f.Network.SecurityGroups != nil {
			found.because(FromConfig, f.rulesFor(own, true, "tcp", 443))
		}
	case 2*long > p.n:
		found.Sentence = begin + " failed, mostly since the claims that the identity provider sent exceed 11 KB" + end
		found.Do = "let the provider send fewer claims, or ask for fewer scopes"
	}
	if code := p.most(); endPoints[code] != "" {
		found.Sentence = begin + " failed, mostly since the identity provider's " + endPoints[code] + " end point answered with an error" + end
		switch {
		case some:
			found.Do = "see in the provider's log what it says of these logins: others go well, so issuer, end points and client secret are right"
		case !stopped.IsZero() && !f.logInElsewhere(f.loginsOf(Failure.ofProvider)):
			found.Do = fmt.Sprintf("see at the provider, and in its log, whether the client secret has expired, or the client was changed; logins went well until %s UTC, so issuer and end points are right, unless the rule was changed then", f.clock(stopped))
		}
	}
	if over {
		found.Do = "see what happened at that time to the provider, in its log, or to the way from the balancer to it"
	}
	return found
}

func (f *facts) loginRefused() *Finding {
	others := func(row Failure) bool { return row.ofLogin() && !row.ofProvider() }
	p, late := f.ended(others).ofRule(f, others), f.suddenly(others)
	if p.n < fewRequests || max(p.rate, p.ruleRate) < tooMany && late == "" {
		return nil
	}
	found := finding("login-refused", "Logins are refused: "+p.words()+" ended so.")
	// No metric tells what was refused after the logs, as one does of 5xx.
	if span, over := f.loginsRest(p, others); over && f.isRest(f.Logs.Last.Sub(p.last), others) {
		found.Sentence = "Logins were refused " + span + ": " + p.words() + " ended so, and none since."
	}
	f.told(found, p, late, others)
	found.rival("", "clients that nobody expects to log in, such as scanners, or those of an interface that have no session: where a rule denies what is not authenticated, 401 is meant")
	return found
}

func (f *facts) noVerdict() *Finding {
	ofWAF := func(row Failure) bool {
		return row.Class == "policy" && row.Status >= 500 && row.Reason != "WAF_Block" && strings.HasPrefix(row.Reason, "WAF")
	}
	p := f.ended(ofWAF)
	if p.n < fewRequests && p.rate < tooMany {
		return nil
	}
	late := f.suddenly(ofWAF)
	found := finding("waf-errors", "AWS WAF gives the balancer no verdict: "+p.words()+" failed for that.")
	if p.rate < fewFailures && late == "" {
		found.Level = Warn
	} else {
		found.ruined = p.n
	}
	found.apart = ofWAF
	f.told(found, p, late, ofWAF)
	open, ok := f.Balancer.Attributes["waf.fail_open.enabled"]
	if open != "true" && f.lateAs(ofWAF) == 0 && f.isRest(f.Logs.Last.Sub(p.last), ofWAF) {
		found.Level = Warn
		found.Sentence = "AWS WAF gave the balancer no verdict " + f.span(p.first, p.last) + ": " + p.words() + " failed for that, and none since."
		found.Do = "see what AWS's health page says of AWS WAF in the region at that time"
	}
	if ok {
		found.because(FromConfig, "waf.fail_open.enabled is "+open+"; if it is true, requests go to targets unchecked while AWS WAF does not answer")
	}
	return found
}

// ended is a part of the failures that are none of targets.
type ended struct {
	n           int64
	rate        float64 // of all requests
	byCode      map[string]int64
	first, last time.Time

	rule     string  // that turns away the largest part of its requests; "" if no such part is known
	ruleRate float64 // at least, of those that it turned away or let through
}

func (f *facts) ended(which func(Failure) bool) (p ended) {
	p.byCode = map[string]int64{}
	for _, row := range f.failures() {
		if !which(row) {
			continue
		}
		code := row.Reason
		if code == "Auth_Failed" || code == "WAF_Error" { // not logged, but concluded
			code = fmt.Sprintf("%d without a code", row.Status)
		}
		p.n, p.byCode[code] = p.n+row.Count, p.byCode[code]+row.Count
	}
	p.first, p.last = f.timesOf(which)
	if all := f.requests(); all > 0 {
		p.rate = float64(p.n) / float64(all)
	}
	return p
}

// ofRule compares those that a rule turned away with all that came to it, where they are the
// largest part of these.
func (p ended) ofRule(f *facts, which func(Failure) bool) ended {
	if !f.rulesKnown() {
		return p
	}
	for _, r := range f.rules() {
		if rate := f.turnedAwayBy(r, which); rate > p.ruleRate {
			p.rule, p.ruleRate = r.name(), rate
		}
	}
	return p
}

// turnedAwayBy is the part that a rule turned away of the requests that came to it, at least: it
// let no more through than the groups got that it leads to. Whom it sent to log in is left out
// of both. 0 if these are few, or cannot be told from those of another rule.
func (f *facts) turnedAwayBy(r placed, which func(Failure) bool) float64 {
	groups := r.groups()
	if r.login() == "" || len(groups) == 0 || slices.ContainsFunc(f.rules(), r.isLike) {
		return 0
	}
	var n, of int64
	for _, row := range f.failures() {
		if !row.ofLogin() || row.Rule == "" || row.Listener == "" || !row.by(r) {
			continue
		}
		if which(row) {
			n += row.Count
		}
		if !slices.Contains(groups, row.Group) { // or it is among the group's
			of += row.Count
		}
	}
	if n < fewRequests {
		return 0
	}
	of += f.requestsOf(func(t Traffic) bool { return slices.Contains(groups, t.Group) })
	return float64(n) / float64(of)
}

// login is the action of a rule that lets through only who is logged in, or has a token; ""
// if it has none.
func (r Rule) login() string {
	for _, a := range r.Actions {
		if strings.HasPrefix(a.Type, "authenticate-") || a.Type == "jwt-validation" {
			return a.Type
		}
	}
	return ""
}

// loginsRest reports whether what logins ended with is over, and when it was: at each of the
// rules at which some ended so, others have gone well for a while.
func (f *facts) loginsRest(p ended, which func(Failure) bool) (span string, over bool) {
	var well time.Time
	rules := f.loginsOf(which)
	for i, r := range rules {
		if at := f.lastLetIn(r, rules); i == 0 || at.Before(well) {
			well = at
		}
	}
	return f.span(p.first, p.last), f.rulesKnown() && f.lateAs(which) == 0 && f.isRest(well.Sub(p.last), which)
}

// lastLetIn is when one of some rules is known to have let the last client in; zero if that is
// not known. A token is looked at with each request. Who has a session needs no login: of
// logins, only a metric tells, which is of all rules that have them.
//
// Source: AWS, "CloudWatch metrics for your Application Load Balancer" (ELBAuthSuccess),
// read 2026-11.
func (f *facts) lastLetIn(r placed, of []placed) (last time.Time) {
	if r.login() != "jwt-validation" {
		if f.logInElsewhere(of) {
			return last
		}
		return f.lastLogin()
	}
	for _, t := range f.traffic() {
		if r.leadsTo(t.Group) && t.Last.After(last) && !f.anyRule(func(o Rule) bool { return o.login() == "" && o.leadsTo(t.Group) }) {
			last = t.Last
		}
	}
	return last
}

// lastLogin is the last period in which a login went well, at any rule; zero if none did, or that is not known.
func (f *facts) lastLogin() (last time.Time) {
	for _, p := range f.series("ELBAuthSuccess", "") {
		if p.Value > 0 {
			last = p.Time
		}
	}
	return last
}

// loginsStopped is the end of that period, if some failed long after; zero else.
func (f *facts) loginsStopped(p ended) time.Time {
	last := f.lastLogin()
	if end := last.Add(f.period()); !last.IsZero() && p.last.Sub(end) >= quiet {
		return end
	}
	return time.Time{}
}

// loginsMeanwhile counts the logins that went well between the first and the last that failed, in periods of metrics that lie
// between these; 0 if they may be of other rules.
func (f *facts) loginsMeanwhile(p ended, which func(Failure) bool) (n float64) {
	if f.logInElsewhere(f.loginsOf(which)) {
		return 0
	}
	for _, one := range f.series("ELBAuthSuccess", "") {
		if !one.Time.Before(p.first) && !one.Time.Add(f.period()).After(p.last) {
			n += one.Value
		}
	}
	return n
}

// logInElsewhere reports whether clients log in at other rules than some.
func (f *facts) logInElsewhere(than []placed) bool {
	return f.anyRule(func(o Rule) bool {
		return strings.HasPrefix(o.login(), "authenticate-") && !slices.ContainsFunc(than, func(one placed) bool { return one.ARN == o.ARN })
	})
}

// anyRule reports whether a rule of any listener is so.
func (f *facts) anyRule(is func(Rule) bool) bool {
	return slices.ContainsFunc(f.rules(), func(r placed) bool { return is(r.Rule) })
}

// suddenly says since when most requests end so, in place of others: of all, or nearly all of those that a rule with a
// login lets through or not; nothing if they do not.
func (f *facts) suddenly(which func(Failure) bool) string {
	var reasons []string
	for _, row := range f.failures() {
		if which(row) {
			reasons = add(reasons, row.Reason)
		}
	}
	these := forReasons(reasons...)
	say := func(late shift, of string) string {
		return fmt.Sprintf("%d of %s%s ended so since %s UTC", late.some, amount.Of(late.all, "request", "requests"), of, f.clock(late.since))
	}
	if late, ok := f.Logs.displaced(amongAll(these)); ok {
		return say(late, "")
	}
	for _, r := range f.loginsOf(which) {
		late, ok := f.Logs.displaced(func(m Minute) (some, all int64) {
			switch some = these(m); {
			case r.leadsTo(m.Group):
				return some, m.Requests
			case m.Group == "":
				return some, some
			}
			return 0, 0
		})
		if ok && late.most() {
			return say(late, fmt.Sprintf(" that %s turned away or let through", r.name()))
		}
	}
	return ""
}

func (p ended) words() string {
	text := fmt.Sprintf("%s, %s of all,", amount.Of(p.n, "request", "requests"), percent(p.rate, 1))
	if p.ruleRate > p.rate {
		text += fmt.Sprintf(" and at least %.1f %% of those that %s turned away or let through,", 100*p.ruleRate, p.rule)
	}
	return text
}

// most is the code of more than half of them; "" if there is none.
func (p ended) most() string {
	for code, n := range p.byCode {
		if 2*n > p.n {
			return code
		}
	}
	return ""
}

func (p ended) codes(list []string) (n int64) {
	for _, code := range list {
		n += p.byCode[code]
	}
	return n
}

// told adds which codes there were, by which rules, and when; and late, what suddenly says of them.
func (f *facts) told(found *Finding, p ended, late string, which func(Failure) bool) {
	found.Confidence = High
	var counts []string
	for _, code := range mostFirst(p.byCode) {
		counts = append(counts, fmt.Sprintf("%s %d", code, p.byCode[code]))
	}
	found.because(FromLog, few(counts)+", "+f.span(p.first, p.last))
	if late != "" {
		found.because(FromLog, late)
	}
	for _, r := range f.loginsOf(which) {
		if len(found.Evidence) < 6 && found.ID != "waf-errors" {
			found.because(FromConfig, r.name()+": "+r.login())
		}
	}
}

// loginsOf are the rules with a login that some requests may have ended at.
func (f *facts) loginsOf(which func(Failure) bool) []placed {
	return slices.DeleteFunc(f.rules(), func(r placed) bool {
		return r.login() == "" || !slices.ContainsFunc(f.failures(), func(row Failure) bool { return row.Count > 0 && which(row) && row.by(r) })
	})
}
