package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

var rulesCheck = Check{
	Name:  "rules",
	About: "Rules that can never match, weights that lead nowhere, fixed answers that look like failures, redirects to a port without a listener, and hosts that no rule asks for.",
	Needs: []string{describeRules, "elasticloadbalancing:DescribeTargetHealth"},
	Gives: []string{"rule-never-matches", "rule-weights-all-zero", "rule-weight-to-broken-group", "rule-fixed-response-error", "redirect-without-listener", "host-without-rule"},
	look:  lookAtRules,
}

func lookAtRules(f *facts) (list []*Finding) {
	for _, r := range f.rules() {
		if before := r.on.shadow(r.at); before >= 0 {
			list = append(list, f.shadowed(r, before))
		}
		for _, a := range r.Actions {
			list = append(list, f.lookAtAction(r, a)...)
		}
	}
	return slices.Concat(list, f.redirectsNowhere(), f.strayHosts())
}

// shadowed is about a rule of which one before it takes all requests.
func (f *facts) shadowed(r placed, before int) *Finding {
	wide := r.on.Rules[before]
	found := finding("rule-never-matches", fmt.Sprintf("%s can never match: rule %s takes every request that it would.", upper(r.name()), wide.Priority))
	found.because(FromConfig, fmt.Sprintf("rule %s: %s", wide.Priority, wide.words()))
	found.because(FromConfig, fmt.Sprintf("rule %s: %s", r.Priority, r.words()))
	switch {
	case wide.closes():
		found.Level = Note
		found.Do = "nothing while that page is meant to be there; remove rule " + wide.Priority + " if it is not"
	case r.on.guards(wide, r.Rule):
		found.Do = fmt.Sprintf("remove rule %s, or put it first only if its requests are meant to come past rule %s, which asks for a login, leads to HTTPS or turns them away", r.Priority, wide.Priority)
	default:
		f.moveBefore(found, r, before)
	}
	for _, arn := range r.groups() {
		if g := f.group(arn); g != nil {
			found.onGroup(g)
		}
	}
	return found
}

// strayHosts looks for hosts that clients ask for and no rule does, though others are asked for
// by rules, and a certificate is for them. A rule that leads somewhere whatever the host is asks for
// some of their paths.
//
// Source: AWS, "Access log entries" (domain_name) of the Application Load Balancer guide, read
// 2026-11.
func (f *facts) strayHosts() (list []*Finding) {
	if !f.hasAccess() || !f.rulesKnown() {
		return nil
	}
	all := f.requests()
	var hosts, away []string // of rules; statuses with which default rules turn away
	for _, l := range f.Listeners {
		for _, host := range l.hosts() {
			hosts = add(hosts, host)
		}
	}
	for _, r := range f.rules() {
		leads := slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type != "fixed-response" })
		switch {
		case r.asksByRegex("host-header"):
			return nil // which may ask for it as well, and for a path
		case r.Priority == "default":
			for _, a := range r.Actions {
				away = append(away, a.Status)
			}
		case leads && !r.asks("host-header"):
			return nil
		}
	}
	for _, h := range f.Logs.StrayHosts {
		// One that a rule asks for was turned away for its path, or what else the rule asks for.
		if !manyOf(h.Requests, all) || len(hosts) == 0 || !slices.Contains(away, fmt.Sprint(h.Status)) ||
			slices.ContainsFunc(hosts, func(host string) bool { return glob(strings.ToLower(host), strings.ToLower(h.Name)) }) {
			continue
		}
		found := finding("host-without-rule", fmt.Sprintf("No rule asks for %s, which a certificate of the balancer is for: the default rule turns its clients away with %d.", h.Name, h.Status))
		found.because(FromLog, fmt.Sprintf("%s for %s, %.0f %% of all, got %d of the default rule", amount.Of(h.Requests, "request", "requests"), h.Name, 100*float64(h.Requests)/float64(all), h.Status))
		found.because(FromConfig, "rules ask for "+few(hosts))
		found.rival("", "a host that nobody is to use any more, which only scanners ask for")
		f.askFor(found, h.Name)
		if slices.ContainsFunc(list, func(other *Finding) bool { return len(other.Undo) > 0 && slices.Equal(other.Undo, found.Undo) }) {
			found.Fix, found.Undo = nil, nil
			found.because(FromConfig, "the rule that would take it is changed by the command for another host: ask again after that, as a command sets all hosts of a rule")
		}
		f.likeScanners(found, h.Requests)
		list = append(list, found)
	}
	return list
}

// askFor lets the rule that takes a host with www, or without it, take the one that lacks. Which
// rule others are meant for only somebody knows who set them up.
//
// Source: AWS, "Quotas for your Application Load Balancers" (condition values per rule), read 2026-11.
func (f *facts) askFor(found *Finding, host string) {
	const mostConditions = 5
	other, ok := strings.CutPrefix(host, "www.")
	if !ok {
		other = "www." + host
	}
	var rules []Rule
	for _, l := range f.Listeners {
		if l.Protocol != "HTTPS" { // the host comes with a certificate
			continue
		}
		for _, r := range l.Rules {
			if slices.ContainsFunc(r.hosts(), func(host string) bool { return strings.EqualFold(host, other) }) {
				rules = append(rules, r)
			}
		}
		if len(l.hosts()) > 0 {
			found.Verify = append(found.Verify, f.describeRules(l))
		}
	}
	if len(rules) != 1 || len(rules[0].Conditions) != 1 || len(rules[0].Conditions[0].Values) >= mostConditions ||
		!rules[0].forwards() { // a redirect may be for this very host
		return
	}
	set := func(hosts ...string) string {
		var values []string
		for _, host := range hosts {
			values = append(values, fmt.Sprintf("%q", host))
		}
		return f.command("elbv2", "modify-rule", "--rule-arn", rules[0].ARN, "--conditions", `[{"Field":"host-header","HostHeaderConfig":{"Values":[`+strings.Join(values, ",")+`]}}]`)
	}
	hosts := rules[0].Conditions[0].Values
	found.mend(set(append(slices.Clone(hosts), host)...), set(hosts...))
}

// moveBefore gives a rule a number before that of an earlier one, and no other rule
// another place: what stands between the two may decide about other requests. The two
// change places only where nothing stands between them. Rules that have to go before the
// same one keep their order, each with a number of its own.
func (f *facts) moveBefore(found *Finding, r placed, before int) {
	l, wide := r.on, r.on.Rules[before]
	set := func(priorities ...string) string {
		return f.command("elbv2", "set-rule-priorities", append([]string{"--rule-priorities"}, priorities...)...)
	}
	place := func(r Rule, priority string) string { return "RuleArn=" + r.ARN + ",Priority=" + priority }
	last := 0
	if before > 0 {
		last, _ = strconv.Atoi(l.Rules[before-1].Priority)
	}
	all, rest := 0, 0 // rules that go before wide; r and those after it
	for i := range l.Rules {
		if l.shadow(i) == before {
			if all++; i >= r.at {
				rest++
			}
		}
	}
	switch n, err := strconv.Atoi(wide.Priority); {
	case r.at == before+1 && all == 1:
		found.mend(set(place(r.Rule, wide.Priority), place(wide, r.Priority)), set(place(r.Rule, r.Priority), place(wide, wide.Priority)))
	case err == nil && n-all > last:
		found.mend(set(place(r.Rule, strconv.Itoa(n-rest))), set(place(r.Rule, r.Priority)))
	default:
		found.because(FromConfig, "there is no free number before rule "+wide.Priority+" for all that have to go there: the rules have to be numbered anew")
	}
}

func (f *facts) lookAtAction(r placed, a Action) (list []*Finding) {
	if a.failsOnPurpose() {
		list = append(list, f.fixedResponse(r, a))
	}
	list = append(list, given(f.turnsAllAway(r, a))...)
	if len(a.Weights) > 0 && a.weight() == 0 {
		found := finding("rule-weights-all-zero", fmt.Sprintf("All target groups of %s have weight 0: its requests go nowhere.", r.name()))
		found.Confidence = High
		for _, w := range a.Weights {
			if g := f.group(w.Group); g != nil {
				found.onGroup(g)
			}
			found.because(FromConfig, fmt.Sprintf("weight 0 for %s", groupName(w.Group)))
		}
		f.reweigh(found, r, a)
		found.share = f.reasons(found, "No_Usable_Target", "ELB_Internal_Error", "Unknown")
		list = append(list, found)
	}
	for _, w := range a.Weights {
		g := f.group(w.Group)
		if g == nil || w.Weight == 0 || !f.unusable(g) || !f.someWork(a) {
			continue
		}
		found := finding("rule-weight-to-broken-group", fmt.Sprintf("%s sends %d of %d parts to %s, which has no usable target.", upper(r.name()), w.Weight, a.weight(), g.Name))
		found.Confidence = High
		found.onGroup(g)
		found.because(FromHealth, g.Name+": "+f.states(g))
		found.because(FromConfig, fmt.Sprintf("weight %d for %s", w.Weight, g.Name))
		f.reweigh(found, r, a)
		found.share = f.reasons(found, "No_Usable_Target")
		list = append(list, found)
	}
	return list
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// groupName is the name in a target group's ARN.
func groupName(arn string) string {
	_, rest, ok := strings.Cut(arn, ":targetgroup/")
	if !ok {
		return arn
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// shown are the values of a condition without what may be a secret.
func (c Condition) shown() []string {
	values := slices.Clone(c.Values)
	for i, v := range values {
		if c.Field == "path-pattern" {
			values[i] = redacted(v)
		}
	}
	return values
}

// field is what a condition is about.
func (c Condition) field() string {
	if c.Name != "" {
		return c.Field + " " + c.Name
	}
	return c.Field
}

// words are what a rule asks for and does.
func (r Rule) words() string {
	var when, then []string
	for _, c := range r.Conditions {
		when = append(when, c.field()+" "+strings.Join(c.shown(), " or "))
	}
	for _, a := range r.Actions {
		what := a.Type
		if a.Status != "" {
			what += " " + a.Status
		}
		if a.To != nil {
			what += " to " + a.To.words()
		}
		for _, w := range a.Weights {
			what += fmt.Sprintf(" %s (%d)", groupName(w.Group), w.Weight)
		}
		then = append(then, what)
	}
	if len(when) == 0 {
		return strings.Join(then, ", ")
	}
	return strings.Join(when, " and ") + ": " + strings.Join(then, ", ")
}
