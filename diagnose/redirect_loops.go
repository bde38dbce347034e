package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
)

// leadsBack reports whether a redirect of a rule leads requests to that very rule again: all
// that it takes, or those for one host or path, of which rules before it do not take all. Headers may be others
// then, such as that of a CDN which says how it was asked, and a host that is made of the one before is one.
func (r placed) leadsBack(a Action) bool {
	to, before := a.To, r.on.Rules[:r.at]
	if a.Type != "redirect" || to == nil || !to.staysAt(r.on) || !r.comesBack(to.Query) || r.asks("http-header") || r.on.shadow(r.at) >= 0 {
		return false
	}
	oneHost, onePath := to.Host != sameHost, to.Path != samePath
	switch {
	case oneHost && (strings.Contains(to.Host, sameHost) || r.asksByRegex("host-header")),
		onePath && (strings.Contains(to.Path, "{") || !r.mayTakePath(to.Path) || r.asksByRegex("path-pattern")):
		return false
	case !oneHost && !onePath:
		return true
	}
	hosts := []string{to.Host}
	if !oneHost {
		if hosts = r.hosts(); len(hosts) == 0 || strings.ContainsAny(strings.Join(hosts, ""), "*?") {
			hosts = []string{""} // of which others may take some
		}
	}
	return slices.ContainsFunc(hosts, func(host string) bool {
		return (!oneHost || r.mayTake(host)) && !slices.ContainsFunc(before, func(other Rule) bool { return other.mayTakeAt(host, to.Path) })
	})
}

// staysAt reports whether a redirect leads to the listener that it is of.
func (l Location) staysAt(at Listener) bool {
	protocol, port := l.from(at)
	return strings.EqualFold(protocol, at.Protocol) && port == fmt.Sprint(at.Port)
}

// mayTakeAt reports whether a rule may take requests that are redirected to a host, "" for any, and a path.
func (r Rule) mayTakeAt(host, path string) bool {
	switch {
	case host == "" && r.asks("host-header"), host != "" && !r.mayTake(host):
		return false
	case path == samePath:
		return r.onlyHosts()
	}
	return r.mayTakePath(path)
}

// comesBack reports whether the query that a rule redirects to leads to no other rule: that of the request, or
// one that neither it nor rules before it ask for.
func (r placed) comesBack(query string) bool {
	return query == sameQuery || !strings.Contains(query, "{") && !slices.ContainsFunc(r.on.Rules[:r.at+1], func(r Rule) bool { return r.asks("query-string") })
}

// loop are the redirects of a group, or of rules, if nearly all of so many requests were
// redirected, and most of these in a circle; or of the last minutes, if these were.
func (f *facts) loop(group string, all int64) (l Late, ok bool) {
	inCircle := func(l Late) bool {
		return l.Repeated >= fewRequests && 2*l.Repeated >= l.Redirected && nearlyAll(l.Redirected, l.Requests)
	}
	for _, r := range f.Logs.Redirects {
		if l = (Late{Group: group, Requests: all, Redirected: r.Requests, Repeated: r.Repeated}); r.Group == group && inCircle(l) {
			return l, true
		}
	}
	l = f.Logs.lateOf(group)
	return l, inCircle(l)
}

// lateOf is what was counted of a group since some time; nothing if that was not looked at.
func (l *Logs) lateOf(group string) Late {
	if i := slices.IndexFunc(l.Late, func(late Late) bool { return late.Group == group }); i >= 0 {
		return l.Late[i]
	}
	return Late{}
}

// circle says what a circle shows in.
func (f *Finding) circle(l Late, since string) {
	f.ruined = l.Repeated
	f.because(FromLog, fmt.Sprintf("%d of %s%s were redirected, %d of these five times or more within four seconds, by clients of the same network that asked for the same URL", l.Redirected, amount.Of(l.Requests, "request", "requests"), since, l.Repeated))
}

// sinceThen says since when it is that nearly all requests end in some way; nothing if that is so of the whole window.
func (f *facts) sinceThen(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return " since " + f.clock(since) + " UTC"
}

// ruleLoop looks for redirects of rules that clients do not get away from. A balancer that leads to
// no targets has no other place to lead them to, and may have popular URLs behind a CDN.
func (f *facts) ruleLoop() *Finding {
	if f.Balancer.Type == Classic || !f.anyRule(Rule.forwards) {
		return nil
	}
	loop, ok := f.loop("", f.requests())
	if !ok {
		return nil
	}
	since := f.sinceThen(loop.Since)
	found := finding("rule-redirect-loop", fmt.Sprintf("Rules redirect nearly every request%s, and clients come back with the same one at once: they are led in a circle.", since))
	found.circle(loop, since)
	for _, r := range f.rules() {
		for _, a := range r.Actions {
			if a.Type == "redirect" && len(found.Evidence) < 4 {
				found.because(FromConfig, r.name()+": "+r.words())
			}
		}
	}
	for _, r := range f.rules() {
		for _, a := range r.Actions {
			if r.leadsBack(a) {
				f.breakCircle(found, r, a)
				return found
			}
		}
	}
	if circle := f.circle(); len(circle) > 0 {
		found.Confidence = High
		var rules []string
		for _, r := range circle {
			rules = append(rules, r.name())
			found.Verify = add(found.Verify, f.describeRules(r.on))
		}
		found.Sentence = fmt.Sprintf("%s redirect requests to one another: clients are led in a circle.", upper(strings.Join(rules, " and ")))
		found.Do = "let one of these rules forward to the target group that the requests are for"
		return found
	}
	for _, l := range f.secure() {
		host := ingest.ShellWord(fmt.Sprintf("::%s:%d", f.Balancer.DNSName, l.Port))
		found.Verify = append(found.Verify, fmt.Sprintf("curl -skI -m 5 --connect-to %s https://HOST:%d/", host, l.Port))
	}
	if len(found.Verify) > 0 {
		found.Do += "; where what is asked in HTTPS is redirected as well, it is not that"
	}
	found.rival("", "a rule that redirects to another host, such as the name with www or without, from where clients are sent back")
	if slices.ContainsFunc(f.actions(), func(a Action) bool { return a.To != nil && !strings.Contains(a.To.Host, sameHost) }) {
		found.rival("", "rules that redirect on purpose, as to another domain, many clients behind the same CDN")
	}
	return found
}

// circle are rules that redirect requests for a host to one another, whatever their path and query are; nil if there
// are none.
func (f *facts) circle() []placed {
	hosts := []string{"any"} // that no rule names
	for _, l := range f.Listeners {
		for _, host := range l.hosts() {
			if !strings.ContainsAny(host, "*?") {
				hosts = add(hosts, strings.ToLower(host))
			}
		}
	}
	for _, l := range f.Listeners {
		for _, host := range hosts {
			if rules := f.wayBack(l, host); len(rules) > 1 {
				return rules
			}
		}
	}
	return nil
}

// wayBack are the rules by which requests for a host come from a listener back to it; nil if they do not.
func (f *facts) wayBack(start Listener, host string) (rules []placed) {
	const most = 10 // as many as browsers follow, or fewer
	for l, at := start, host; len(rules) < most; {
		r, to := l.redirects(at)
		if to == nil {
			return nil
		}
		rules = append(rules, r)
		protocol, port := to.from(l)
		i := slices.IndexFunc(f.Listeners, func(other Listener) bool { return fmt.Sprint(other.Port) == port && other.Protocol == protocol })
		if i < 0 {
			return nil
		}
		l, at = f.Listeners[i], strings.ToLower(strings.ReplaceAll(to.Host, sameHost, at))
		if l.Port == start.Port && at == host {
			return rules
		}
	}
	return nil
}

// redirects is the rule that takes most requests for a host, and where it redirects these; nil if it does not, or
// to another path, or asks for more than hosts. Rules that do ask for more take some of them only.
func (l Listener) redirects(host string) (placed, *Location) {
	i := slices.IndexFunc(l.Rules, func(r Rule) bool { return r.mayTake(host) && r.onlyHosts() })
	if i < 0 || len(l.Rules[i].Actions) != 1 || l.Rules[i].asksByRegex("host-header") {
		return placed{}, nil
	}
	to := l.Rules[i].Actions[0].To
	if to == nil || to.Path != samePath || to.Query != sameQuery {
		return placed{}, nil
	}
	return placed{l.Rules[i], l, i}, to
}

// breakCircle says of a rule that redirects to where the request came from how it leads on: to where
// all others lead, if that is one place and open to all; from HTTP, to where HTTPS is spoken. What it
// is to do only with one host is left to a person.
func (f *facts) breakCircle(found *Finding, r placed, a Action) {
	rule, l := r.name(), r.on
	found.because(FromConfig, rule+": "+r.words()) // others may stand before it
	found.Confidence = High
	what, only := "path", a.To.Path
	if a.To.Host != sameHost {
		what, only = "host", a.To.Host
	}
	if only != samePath {
		found.Sentence = fmt.Sprintf("%s redirects requests for %s to where they are: clients are led in a circle.", upper(rule), only)
		found.Do = "let a rule before it take that " + what + ", and forward to its targets"
		found.Verify = append(found.Verify, f.describeRules(l))
		return
	}
	found.Sentence = fmt.Sprintf("%s redirects requests to where they came from: clients are led in a circle.", upper(rule))
	found.Do = "let the rule forward to the target group that these requests are for: only what comes in plain HTTP has to be redirected to HTTPS"
	action, ok := f.leadsOn(l)
	if secure := f.secure(); l.Protocol == "HTTP" && len(secure) > 0 {
		found.Do = "let the rule redirect to the port of a listener that speaks HTTPS, in HTTPS"
		to := *a.To
		to.Protocol, to.Port = "HTTPS", fmt.Sprint(secure[0].Port)
		action, ok = to.redirecting(a.Status), len(secure) == 1
	}
	if !ok || len(r.Actions) > 1 {
		found.Verify = append(found.Verify, f.describeRules(l))
		return
	}
	found.mend(f.setAction(r, action), f.setAction(r, a.To.redirecting(a.Status)))
}

// secure are the listeners that speak HTTPS.
func (f *facts) secure() (list []Listener) {
	for _, l := range f.Listeners {
		if l.Protocol == "HTTPS" {
			list = append(list, l)
		}
	}
	return list
}

// leadsOn is how a command has the one forward action that all rules have that forward; ok is false if
// there are several, or some of these rules let in only who has logged in, has a certificate, or is asked
// for by more than host, path and method: a rule without that would let everybody in.
func (f *facts) leadsOn(at Listener) (action string, ok bool) {
	var on []Action
	for _, r := range f.rules() {
		for _, a := range r.Actions {
			if a.Type != "forward" {
				continue
			}
			if len(r.Actions) > 1 || r.on.Mutual == "verify" && r.on.ARN != at.ARN || r.asks("source-ip", "http-header", "query-string") {
				return "", false
			}
			if !slices.ContainsFunc(on, func(b Action) bool { return slices.Equal(b.Weights, a.Weights) && b.Sticky == a.Sticky }) {
				on = append(on, a)
			}
		}
	}
	if len(on) != 1 || on[0].Sticky || !f.rulesKnown() {
		return "", false
	}
	return on[0].forwarding(sameWeight), true
}

// targetLoop looks for redirects of targets that clients do not get away from. The balancer
// ends TLS: who redirects whatever comes in plain HTTP does so for ever.
//
// Source: AWS, "HTTP headers and Application Load Balancers" (X-Forwarded-Proto), read 2026-11.
func (f *facts) targetLoop(g *Group) *Finding {
	loop, ok := f.loop(g.logARN(f), f.sent(g))
	if !ok || f.Balancer.Type == Classic && len(f.Groups) > 1 {
		return nil
	}
	since := f.sinceThen(loop.Since)
	found := finding("target-redirect-loop", fmt.Sprintf("Targets of %s redirect nearly every request%s, and clients come back with the same one at once: they are led in a circle.", g.Name, since))
	found.circle(loop, since)
	for _, l := range f.Listeners {
		if !f.leads(l, g) {
			continue
		}
		switch {
		case l.Protocol == "HTTPS" && g.plain():
			found.because(FromConfig, fmt.Sprintf("listener %s ends TLS, and %s speaks plain HTTP to its targets: only X-Forwarded-Proto tells them that a client came by HTTPS", l.label(), g.Name))
		case l.Protocol == "HTTP":
			found.rival("", fmt.Sprintf("a CDN or proxy before the balancer that asks listener %s in HTTP for what clients ask in HTTPS (Cloudflare: SSL mode Flexible): X-Forwarded-Proto is http then", l.label()))
		}
	}
	found.rival("", "a redirect to another host, such as the name with www or without, from where clients are sent back")
	found.rival("", "targets that redirect on purpose, as for short links, to many clients behind the same CDN")
	f.ask(found, g, "-I", "/")
	return found
}
