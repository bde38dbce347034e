package diagnose

import (
	"fmt"
	"slices"

	"loglens/internal/amount"
)

var groupsCheck = Check{
	Name:  "target-groups",
	About: "Groups without a target that can be used: empty, unused, draining, or failing open.",
	Needs: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", describeRules},
	Gives: []string{"target-group-none", "target-group-empty", "target-group-not-in-use", "target-group-all-unused", "target-group-all-draining", "target-group-fail-open"},
	look:  lookAtGroups,
}

func lookAtGroups(f *facts) (list []*Finding) {
	for _, g := range f.groups {
		if g.Targets == nil || !f.forwards(g) {
			continue
		}
		if found := f.lookAtGroup(g); found != nil {
			if f.Balancer.Type == Classic && len(list) > 0 { // the same instances, on another port
				list[0].onGroup(g)
				continue
			}
			found.onGroup(g)
			if !f.named(g) { // then not all rules are known
				found.Level, found.Confidence = Warn, Low
				found.because(FromConfig, "not all rules could be read: whether one sends requests to it, or with what weight, is not known")
			}
			list = append(list, found)
		}
	}
	return append(list, f.unled()...)
}

// ofEach are the findings of some looks at each group behind the balancer.
func (f *facts) ofEach(looks ...func(*Group) *Finding) (list []*Finding) {
	for _, g := range f.groups {
		for _, look := range looks {
			if found := look(g); found != nil {
				found.onGroup(g)
				list = append(list, found)
			}
		}
	}
	return list
}

// forwards reports whether a rule sends requests to a group, and no other group beside it works where it
// has no usable target, which rule-weight-to-broken-group tells. Where not all rules are known, one of the
// others may: AWS lists no group behind a balancer that none names.
func (f *facts) forwards(g *Group) bool {
	found, apart := false, false
	for _, a := range f.actions() {
		if a.leadsTo(g.ARN) {
			found = true
			apart = apart || !f.unusable(g) || !f.someWork(a)
		}
	}
	return found && apart || !found && !f.rulesKnown()
}

// named reports whether a rule that is known sends requests to a group.
func (f *facts) named(g *Group) bool {
	return slices.ContainsFunc(f.Listeners, func(l Listener) bool { return f.leads(l, g) })
}

func (f *facts) lookAtGroup(g *Group) *Finding {
	used := slices.DeleteFunc(slices.Clone(g.Targets), func(t Target) bool { return !t.usable() })
	var found *Finding
	switch {
	case len(g.Targets) == 0:
		found = f.emptyGroup(g)
	case f.allDraining(g):
		found = f.drainingGroup(g)
	case !slices.ContainsFunc(g.Targets, func(t Target) bool { return t.State != "unused" }):
		found = finding("target-group-all-unused", fmt.Sprintf("All targets of %s are unused: the balancer can send to none of them.", g.Name))
		for _, t := range g.Targets[:min(len(g.Targets), 3)] {
			found.because(FromHealth, t.ID+": "+state(&t))
		}
		found.share = f.reasons(found, "No_Usable_Target")
	case (f.Balancer.Type == Application || f.Balancer.Type == NetworkType) && len(used) > 0 &&
		!slices.ContainsFunc(used, func(t Target) bool { return t.State != "unhealthy" }):
		found = f.openGroup(g, len(used))
	default:
		return nil
	}
	found.Confidence = High
	for _, e := range f.of(g) {
		if e.failing() || found.ID != "target-group-fail-open" {
			found.Targets = add(found.Targets, e.name())
		}
	}
	return found
}

func (f *facts) emptyGroup(g *Group) *Finding {
	found := finding("target-group-empty", fmt.Sprintf("Target group %s has no target, and rules send requests to it.", g.Name))
	found.because(FromHealth, "no target is registered in "+g.Name)
	switch {
	case f.Balancer.Type == Classic:
		found.Sentence = "No instance is registered with the balancer."
		found.Do = "register instances; where Auto Scaling is to register them, see whether it names this balancer"
		found.Evidence = []Evidence{{FromHealth, "DescribeInstanceHealth has none"}}
	case !f.named(g):
		found.Sentence = fmt.Sprintf("Target group %s has no target, and rules may send requests to it.", g.Name)
	case f.Balancer.Type != Application:
		found.Sentence = fmt.Sprintf("Target group %s has no target, and a listener sends connections to it.", g.Name)
	default:
		f.tellRules(found, g)
	}
	found.share = f.reasons(found, "No_Usable_Target")
	f.fill(found, g)
	return found
}

func (f *facts) drainingGroup(g *Group) *Finding {
	found := finding("target-group-all-draining", fmt.Sprintf("All targets of %s are deregistering, and there is none in their place.", g.Name))
	found.because(FromHealth, f.states(g))
	found.share = f.reasons(found, "No_Usable_Target", "Target_Closed_Connection")
	if g.Type != "instance" { // an address cannot be registered again before it has left
		return found
	}
	for _, e := range f.whole(g)[:min(len(g.Targets), mostTargets)] {
		switch {
		case ofKubernetes(g.Name): // which register says
			f.register(found, g, e.target.word())
		case e.port >= firstGiven && e.port != g.Port:
			found.because(FromConfig, fmt.Sprintf("ports from %d on that are not the group's are those that containers are given as they start: whoever starts these, such as ECS, registers them and takes them out", firstGiven))
		case e.instance != nil && !slices.Contains([]string{"running", ""}, e.instance.State): // which AWS does not take
			found.because(FromConfig, fmt.Sprintf("%s is %s", e.instance.ID, e.instance.State))
		default:
			f.register(found, g, e.target.word())
		}
	}
	return found
}

// openGroup is about a group that fails open, of whose targets so many are in use.
func (f *facts) openGroup(g *Group, used int) *Finding {
	what := "requests"
	if f.Balancer.Type == NetworkType {
		what = "connections"
	}
	found := finding("target-group-fail-open", fmt.Sprintf("All %s of %s are unhealthy, so the balancer sends %s to all of them (fail-open).", amount.Of(len(g.Targets), "target", "targets"), g.Name, what))
	switch {
	case used < len(g.Targets):
		found.Sentence = fmt.Sprintf("No target of %s is healthy, and the balancer sends %s to those that are unhealthy, as it has no others (fail-open).", g.Name, what)
	case used == 1:
		found.Sentence = fmt.Sprintf("The one target of %s is unhealthy, and the balancer sends %s to it all the same (fail-open).", g.Name, what)
	}
	found.because(FromHealth, f.states(g))
	if f.measured("UnhealthyRoutingRequestCount", g.ARN) {
		found.because(FromMetric, "UnhealthyRoutingRequestCount: "+number(f.total("UnhealthyRoutingRequestCount", g.ARN)))
	}
	return found
}

// unled looks at groups that no rule leads to, where that may be the fault: nothing
// else is behind the balancer, or the target asked about is in there.
func (f *facts) unled() (list []*Finding) {
	if f.Groups == nil || f.Listeners == nil {
		return nil
	}
	forward := slices.ContainsFunc(f.actions(), func(a Action) bool { return len(a.Weights) > 0 }) || !f.rulesKnown() && len(f.Groups) > 0
	for i := range f.Idle {
		g := &f.Idle[i]
		asked := slices.ContainsFunc(g.Targets, func(t Target) bool { return f.place(g, &t).named(f.Target) })
		if len(g.Targets) == 0 || !asked && (forward || f.Target != "" || f.redirectsOnly() || !f.fits(g)) {
			continue
		}
		found := finding("target-group-not-in-use", fmt.Sprintf("No rule of the balancer leads to target group %s, which has %s.", g.Name, amount.Of(len(g.Targets), "target", "targets")))
		found.Confidence = High
		found.onGroup(g)
		found.because(FromHealth, g.Name+": "+f.states(g))
		found.because(FromConfig, "it is in the balancer's VPC, and behind no balancer")
		if len(f.Listeners) > 0 && f.Balancer.Type == Application && f.fits(g) {
			// Which requests are meant only the one knows who set this up; hardly those that are led to HTTPS.
			l := f.Listeners[max(0, slices.IndexFunc(f.Listeners, func(l Listener) bool { return !l.redirectsOnly() }))]
			found.mend(f.command("elbv2", "create-rule", "--listener-arn", l.ARN, "--priority", "PRIORITY", "--conditions", "Field=path-pattern,Values=PATH", "--actions", "Type=forward,TargetGroupArn="+g.ARN),
				f.command("elbv2", "delete-rule", "--rule-arn", "RULE-ARN"))
		}
		list = append(list, found)
	}
	if len(f.Listeners) > 0 && !forward && len(list) == 0 {
		found := finding("target-group-none", "No listener sends requests to any target group: the balancer answers everything itself.")
		found.because(FromConfig, "no rule has a forward action")
		if f.answersOnPurpose() {
			found.Level = Note
		}
		list = append(list, found)
	}
	return list
}

// redirectsOnly reports whether all rules redirect, as those of a balancer do that is
// there for nothing else.
func (s *Snapshot) redirectsOnly() bool {
	return !slices.ContainsFunc(s.Listeners, func(l Listener) bool { return !l.redirectsOnly() })
}

func (l Listener) redirectsOnly() bool {
	return !slices.ContainsFunc(l.Rules, func(r Rule) bool {
		return slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type != "redirect" })
	})
}

// fits reports whether a rule of the balancer could lead to a group.
func (f *facts) fits(g *Group) bool {
	switch {
	case g.Protocol == "HTTP" || g.Protocol == "HTTPS" || g.Type == "lambda":
		return f.Balancer.Type == Application
	case g.Protocol == "GENEVE":
		return f.Balancer.Type == Gateway
	}
	return f.Balancer.Type == NetworkType
}

// answersOnPurpose reports whether all rules redirect, or answer below 500.
func (f *facts) answersOnPurpose() bool {
	return !slices.ContainsFunc(f.actions(), Action.failsOnPurpose)
}
