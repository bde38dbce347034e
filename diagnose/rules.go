package diagnose

import (
	"fmt"
	"net/netip"
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
	for _, l := range f.Listeners {
		for i, r := range l.Rules {
			if before := l.shadow(i); before >= 0 {
				found := finding("rule-never-matches", fmt.Sprintf("Rule %s of listener %s can never match: rule %s takes every request that it would.", r.Priority, l.label(), l.Rules[before].Priority))
				found.because(FromConfig, fmt.Sprintf("rule %s: %s", l.Rules[before].Priority, l.Rules[before].words()))
				found.because(FromConfig, fmt.Sprintf("rule %s: %s", r.Priority, r.words()))
				switch wide := l.Rules[before]; {
				case wide.closes():
					found.Level = Note
					found.Do = "nothing while that page is meant to be there; remove rule " + wide.Priority + " if it is not"
				case l.guards(wide, r):
					found.Do = fmt.Sprintf("remove rule %s, or put it first only if its requests are meant to come past rule %s, which asks for a login, leads to HTTPS or turns them away", r.Priority, wide.Priority)
				default:
					f.moveBefore(found, l, before, i)
				}
				for _, a := range r.Actions {
					for _, w := range a.Weights {
						if g := f.group(w.Group); g != nil {
							found.onGroup(g)
						}
					}
				}
				list = append(list, found)
			}
			for _, a := range r.Actions {
				list = append(list, f.lookAtAction(l, r, a)...)
			}
		}
	}
	return slices.Concat(list, f.redirectsNowhere(), f.strayHosts())
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
		for _, r := range l.Rules {
			leads := slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type != "fixed-response" })
			switch {
			case slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Field == "host-header" && c.Regex }):
				return nil // which may ask for it as well, and for a path
			case r.Priority == "default":
				for _, a := range r.Actions {
					away = append(away, a.Status)
				}
			case leads && !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Field == "host-header" }):
				return nil
			}
		}
	}
	for _, h := range f.Logs.StrayHosts {
		// One that a rule asks for was turned away for its path, or what else the rule asks for.
		if h.Requests < fewRequests || float64(h.Requests) < tooMany*float64(all) || len(hosts) == 0 || !slices.Contains(away, fmt.Sprint(h.Status)) ||
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
			if slices.ContainsFunc(r.Conditions, func(c Condition) bool {
				return c.Field == "host-header" && slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, other) })
			}) {
				rules = append(rules, r)
			}
		}
		if len(l.hosts()) > 0 {
			found.Verify = append(found.Verify, f.command("elbv2", "describe-rules", "--listener-arn", l.ARN))
		}
	}
	if len(rules) != 1 || len(rules[0].Conditions) != 1 || len(rules[0].Conditions[0].Values) >= mostConditions ||
		!slices.ContainsFunc(rules[0].Actions, func(a Action) bool { return a.Type == "forward" }) { // a redirect may be for this very host
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
	found.Fix, found.Undo = []string{set(append(slices.Clone(hosts), host)...)}, []string{set(hosts...)}
}

// shadow is the place of the first rule that takes every request that the i-th one
// would; -1 if there is none.
func (l Listener) shadow(i int) int {
	return slices.IndexFunc(l.Rules[:i], func(earlier Rule) bool { return takesAll(earlier, l.Rules[i]) })
}

// moveBefore gives a rule a number before that of an earlier one, and no other rule
// another place: what stands between the two may decide about other requests. The two
// change places only where nothing stands between them. Rules that have to go before the
// same one keep their order, each with a number of its own.
func (f *facts) moveBefore(found *Finding, l Listener, before, at int) {
	r, wide := l.Rules[at], l.Rules[before]
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
			if all++; i >= at {
				rest++
			}
		}
	}
	switch n, err := strconv.Atoi(wide.Priority); {
	case at == before+1 && all == 1:
		found.Fix, found.Undo = []string{set(place(r, wide.Priority), place(wide, r.Priority))}, []string{set(place(r, r.Priority), place(wide, wide.Priority))}
	case err == nil && n-all > last:
		found.Fix, found.Undo = []string{set(place(r, strconv.Itoa(n-rest)))}, []string{set(place(r, r.Priority))}
	default:
		found.because(FromConfig, "there is no free number before rule "+wide.Priority+" for all that have to go there: the rules have to be numbered anew")
	}
}

func (f *facts) lookAtAction(l Listener, r Rule, a Action) (list []*Finding) {
	where := fmt.Sprintf("rule %s of listener %s", r.Priority, l.label())
	if a.failsOnPurpose() {
		list = append(list, f.fixedResponse(where, l, r, a))
	}
	list = append(list, given(f.turnsAllAway(where, l, r, a))...)
	sum := 0
	for _, w := range a.Weights {
		sum += w.Weight
	}
	if len(a.Weights) > 0 && sum == 0 {
		found := finding("rule-weights-all-zero", fmt.Sprintf("All target groups of %s have weight 0: its requests go nowhere.", where))
		found.Confidence = High
		for _, w := range a.Weights {
			if g := f.group(w.Group); g != nil {
				found.onGroup(g)
			}
			found.because(FromConfig, fmt.Sprintf("weight 0 for %s", groupName(w.Group)))
		}
		f.reweigh(found, l, r, a)
		found.share = f.reasons(found, "No_Usable_Target", "ELB_Internal_Error", "Unknown")
		list = append(list, found)
	}
	for i, w := range a.Weights {
		g := f.group(w.Group)
		if g == nil || w.Weight == 0 || w.Weight == sum || !f.unusable(g) || !f.anotherWorks(a, i) {
			continue
		}
		found := finding("rule-weight-to-broken-group", fmt.Sprintf("%s sends %d of %d parts to %s, which has no usable target.", upper(where), w.Weight, sum, g.Name))
		found.Confidence = High
		found.onGroup(g)
		found.because(FromHealth, g.Name+": "+f.states(g))
		found.because(FromConfig, fmt.Sprintf("weight %d for %s", w.Weight, g.Name))
		f.reweigh(found, l, r, a)
		found.share = f.reasons(found, "No_Usable_Target")
		list = append(list, found)
	}
	return list
}

// failsOnPurpose reports whether an action answers with 5xx by itself.
func (a Action) failsOnPurpose() bool {
	return a.Type == "fixed-response" && strings.HasPrefix(a.Status, "5")
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

// unusable reports whether nothing can be sent to a group: it is empty, or its
// targets are unused or draining. Where all are unhealthy they still get requests, but
// for those of a classic balancer.
//
// Source: AWS, "Target group health" of the guides for Application and Network Load
// Balancers, read 2026-11.
func (f *facts) unusable(g *Group) bool {
	if f.Balancer.Type == Classic {
		return g.Targets != nil && !slices.ContainsFunc(g.Targets, func(t Target) bool { return t.healthy() || t.State == "initial" })
	}
	return g.Targets != nil && !slices.ContainsFunc(g.Targets, Target.usable)
}

// anotherWorks reports whether a forward action has a usable group beside the i-th.
func (f *facts) anotherWorks(a Action, i int) bool {
	for j, w := range a.Weights {
		if g := f.group(w.Group); j != i && w.Weight > 0 && g != nil && !f.unusable(g) {
			return true
		}
	}
	return false
}

// atRest makes a failure of groups a warning where they get no requests now, and none is seen to have
// failed for it: of blue and green, rules give all of their weight to the other one. Clients that have
// to stay in one group may still be in this one.
func (f *facts) atRest(found *Finding) {
	if found.Level != Fail || found.Explains > 0 || len(found.Groups) == 0 || f.Target != "" || !f.rulesKnown() {
		return
	}
	for i := range f.Groups {
		g := &f.Groups[i]
		without := func(a Action) bool { return slices.Contains(a.Weights, Weight{g.ARN, 0}) }
		idle := func(a Action) bool { return without(a) && !a.Sticky && f.anotherWorks(a, -1) }
		if slices.Contains(found.Groups, g.Name) && (f.named(g) || !slices.ContainsFunc(f.actions(), idle) || slices.ContainsFunc(f.actions(), func(a Action) bool { return without(a) && !idle(a) })) {
			return
		}
	}
	found.Level = Warn
	found.because(FromConfig, fmt.Sprintf("rules give %s no weight: it gets no requests now", few(found.Groups)))
}

// states counts a group's targets by state.
func (f *facts) states(g *Group) string {
	switch {
	case g.Targets == nil:
		return "targets not known"
	case len(g.Targets) == 0:
		return "no target"
	}
	var names []string
	n := map[string]int64{}
	for _, t := range g.Targets {
		names = add(names, t.State)
		n[t.State]++
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", n[name], name)
	}
	return strings.Join(names, ", ")
}

// reweigh moves all weight away from the broken groups of an action to the others, or
// gives the one that is usable weight where none has any.
func (f *facts) reweigh(found *Finding, l Listener, r Rule, a Action) {
	if found.ID == "rule-weights-all-zero" {
		usable := func(w Weight) bool { g := f.group(w.Group); return g != nil && !f.unusable(g) }
		use := slices.IndexFunc(a.Weights, usable)
		if use < 0 {
			return
		}
		if slices.ContainsFunc(a.Weights[use+1:], usable) { // such as blue and green
			found.because(FromConfig, "several of them have targets: which is meant is known to those who set the rule")
			found.Verify = append(found.Verify, f.command("elbv2", "describe-rules", "--listener-arn", l.ARN))
			return
		}
		f.setWeights(found, l, r, a, func(i int, _ Weight) int {
			if i == use {
				return 1
			}
			return 0
		})
		return
	}
	// From all that are broken: the command gives each group its weight.
	f.setWeights(found, l, r, a, func(_ int, w Weight) int {
		if g := f.group(w.Group); g != nil && f.unusable(g) {
			return 0
		}
		return w.Weight
	})
}

// setWeights gives the groups of an action other weights, and those of now back. A command
// replaces all actions of a rule, so that there is none where the rule does more than that.
func (f *facts) setWeights(found *Finding, l Listener, r Rule, a Action, weight func(i int, w Weight) int) {
	if len(r.Actions) > 1 || a.Sticky {
		found.because(FromConfig, "the rule has more than weights (authentication, stickiness): all of its actions have to be given again with the weights")
		found.Verify = append(found.Verify, f.command("elbv2", "describe-rules", "--listener-arn", l.ARN))
		return
	}
	found.Fix = append(found.Fix, f.setAction(l, r, a.forwarding(weight)))
	found.Undo = append(found.Undo, f.setAction(l, r, a.forwarding(sameWeight)))
}

// setAction gives a rule one action in place of all that it has.
func (f *facts) setAction(l Listener, r Rule, action string) string {
	if r.Priority == "default" {
		return f.command("elbv2", "modify-listener", "--listener-arn", l.ARN, "--default-actions", "["+action+"]")
	}
	return f.command("elbv2", "modify-rule", "--rule-arn", r.ARN, "--actions", "["+action+"]")
}

// forwarding is how a command has a forward action with other weights.
func (a Action) forwarding(weight func(i int, w Weight) int) string {
	var groups []string
	for i, w := range a.Weights {
		groups = append(groups, fmt.Sprintf(`{"TargetGroupArn":%q,"Weight":%d}`, w.Group, weight(i, w)))
	}
	return `{"Type":"forward","ForwardConfig":{"TargetGroups":[` + strings.Join(groups, ",") + `]}}`
}

func sameWeight(_ int, w Weight) int { return w.Weight }

// turnsAllAway is a warning where the default rule refuses whatever comes, and others of the
// listener would forward: as when clients ask for another host than before.
func (f *facts) turnsAllAway(where string, l Listener, r Rule, a Action) *Finding {
	if r.Priority != "default" || a.Type != "fixed-response" || !strings.HasPrefix(a.Status, "4") || !f.hasAccess() {
		return nil
	}
	forwards := slices.DeleteFunc(slices.Clone(l.Rules), func(r Rule) bool {
		return !slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type == "forward" })
	})
	n := f.answeredBy(l, r, a)
	if len(forwards) == 0 || n < fewRequests || slices.ContainsFunc(f.Logs.Traffic, func(t Traffic) bool { return t.Group != "" }) {
		return nil
	}
	found := finding("rule-fixed-response-error", fmt.Sprintf("%s answers %s by itself, and no request went to a target group: hosts or paths that rules ask for may not be those of the requests any more.", upper(where), a.Status))
	found.Do = "compare the hosts and paths that the rules ask for with those of the requests"
	found.Verify = []string{f.lines("--class", "all", "--reason", "Fixed_Response")}
	found.because(FromLog, amount.Of(n, "request", "requests")+" got this answer, and none went to a target group")
	for _, other := range forwards[:min(3, len(forwards))] {
		found.because(FromConfig, fmt.Sprintf("rule %s: %s", other.Priority, other.words()))
	}
	found.because(FromConfig, where+": fixed-response "+a.Status)
	found.rival("", "clients that no rule is meant for, such as scanners, may be all that came")
	f.likeScanners(found, n)
	return found
}

// likeScanners makes a finding about n requests a note where these are no more than scanners send,
// which find every balancer in the internet.
func (f *facts) likeScanners(found *Finding, n int64) {
	if f.Balancer.Scheme != "internal" && float64(n) < f.Until.Sub(f.From).Minutes() {
		found.Level, found.Confidence = Note, Low
	}
}

// answeredBy is how many requests a rule gave its fixed answer.
func (f *facts) answeredBy(l Listener, r Rule, a Action) (n int64) {
	for _, row := range f.failures() {
		if row.Reason == "Fixed_Response" && fmt.Sprint(row.Status) == a.Status && row.by(l, r) {
			n += row.Count
		}
	}
	return n
}

// fixedResponse is a warning where the answer is seen, or is the only one, or that of a page for
// maintenance, which takes all that is left.
func (f *facts) fixedResponse(where string, l Listener, r Rule, a Action) *Finding {
	found := finding("rule-fixed-response-error", fmt.Sprintf("%s answers %s by itself: clients see an error that no target gave.", upper(where), a.Status))
	found.because(FromConfig, where+": fixed-response "+a.Status)
	if r.Priority == "default" {
		found.Do = "let it lead to a target group if it is not meant"
	}
	switch n := f.answeredBy(l, r, a); {
	case n > 0:
		found.Confidence = High
		found.because(FromLog, amount.Of(n, "request", "requests")+" got this answer")
		for _, other := range f.Listeners {
			if other.ARN != l.ARN && other.Protocol == l.Protocol && slices.ContainsFunc(other.Rules, func(o Rule) bool {
				return o.Priority == r.Priority && slices.ContainsFunc(o.Actions, func(b Action) bool { return b.Type == a.Type && b.Status == a.Status })
			}) {
				found.Confidence = Medium
				found.rival("", fmt.Sprintf("rule %s of listener %s answers the same, and the logs do not tell which of them did", r.Priority, other.label()))
			}
		}
		late, all := f.minutes(f.beforeEnd(0, recently), func(m Minute) int64 { return min(m.Reasons["Fixed_Response"], m.Statuses[a.Status]) })
		noise := float64(n) < tooMany*float64(f.requests()) && (late < fewRequests || float64(late) < tooMany*float64(all))
		if r.Priority == "default" && len(l.Rules) > 1 && noise { // for what no other rule asks for
			f.likeScanners(found, n)
		}
	case (r.Priority == "default" || !r.closes()) && (len(l.Rules) > 1 || !f.rulesKnown()):
		found.Level = Note
	}
	return found
}

// by reports whether a rule of a listener may be the one that some failures were answered by.
func (row Failure) by(l Listener, r Rule) bool {
	priority := r.Priority
	if priority == "default" {
		priority = "0"
	}
	return (row.Rule == "" || row.Rule == priority) && (row.Listener == "" || row.Listener == l.Protocol)
}

// words are what a rule asks for and does.
func (r Rule) words() string {
	var when, then []string
	for _, c := range r.Conditions {
		values := slices.Clone(c.Values)
		for i, v := range values {
			if c.Field == "path-pattern" {
				values[i] = redacted(v)
			}
		}
		field := c.Field
		if c.Name != "" {
			field += " " + c.Name
		}
		when = append(when, field+" "+strings.Join(values, " or "))
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

// takesAll reports whether every request that matches a later rule matches the
// earlier one: each of its conditions is one that the later rule has, or a wider one, or
// one that every request has.
func takesAll(earlier, later Rule) bool {
	if len(later.Conditions) == 0 && len(earlier.Conditions) > 0 {
		return false
	}
	for _, wide := range earlier.Conditions {
		if !wide.takesAny() && !slices.ContainsFunc(later.Conditions, func(narrow Condition) bool { return wider(wide, narrow) }) {
			return false
		}
	}
	return len(earlier.Conditions) > 0
}

// takesAny reports whether every request has what a condition asks for.
func (c Condition) takesAny() bool {
	return c.Field == "path-pattern" && !c.Regex && (slices.Contains(c.Values, "*") || slices.Contains(c.Values, "/*"))
}

// closes reports whether a rule answers every request with 5xx by itself, as that of a
// maintenance page does, which stands before all others for as long as it is needed.
func (r Rule) closes() bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return !c.takesAny() }) &&
		slices.ContainsFunc(r.Actions, Action.failsOnPurpose)
}

// closed reports whether a listener leads no request to a target group, as behind such a page.
func (l Listener) closed() bool {
	for _, r := range l.Rules {
		switch {
		case r.closes():
			return true
		case slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type == "forward" }):
			return false
		}
	}
	return len(l.Rules) > 0
}

// guards reports whether a rule keeps from targets whom a later one, put before it, would let through to
// them: it turns them away, leads them from HTTP to HTTPS, or asks for a login.
func (l Listener) guards(earlier, later Rule) bool {
	away := slices.ContainsFunc(earlier.Actions, func(a Action) bool {
		return a.Type == "fixed-response" && strings.HasPrefix(a.Status, "4") || l.Protocol == "HTTP" && a.To != nil && a.To.Protocol == "HTTPS"
	})
	return (away || earlier.login() != "" && later.login() == "") && slices.ContainsFunc(later.Actions, func(a Action) bool { return a.Type == "forward" })
}

// wider reports whether all that one condition takes the other takes as well.
func wider(wide, narrow Condition) bool {
	if wide.Field != narrow.Field || !strings.EqualFold(wide.Name, narrow.Name) || wide.Regex != narrow.Regex {
		return false
	}
	for _, n := range narrow.Values {
		if !slices.ContainsFunc(wide.Values, func(w string) bool { return widerValue(wide, w, n) }) {
			return false
		}
	}
	return true
}

func widerValue(c Condition, wide, narrow string) bool {
	switch {
	case wide == narrow:
		return true
	case c.Regex:
		return false
	case c.Field == "host-header":
		return globCovers(strings.ToLower(wide), strings.ToLower(narrow))
	case c.Field == "path-pattern":
		return globCovers(wide, narrow)
	case c.Field == "source-ip":
		w, errW := netip.ParsePrefix(wide)
		n, errN := netip.ParsePrefix(narrow)
		return errW == nil && errN == nil && w.Bits() <= n.Bits() && w.Contains(n.Addr())
	}
	return false
}

// glob reports whether a text matches a pattern, in which * stands for any text and
// ? for one character.
func glob(pattern, s string) bool { return matches(pattern, s, false) }

// globCovers reports whether all that a pattern takes another one takes as well. It
// may miss some that do.
func globCovers(wide, narrow string) bool { return matches(wide, narrow, true) }

// matches is the usual greedy match with one place to go back to. If s is itself a
// pattern, a ? does not match its *.
func matches(pattern, s string, isPattern bool) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == s[i] || pattern[p] == '?' && (!isPattern || s[i] != '*')):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
