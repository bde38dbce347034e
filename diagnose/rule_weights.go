package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

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

// works reports whether something can be sent to a group of an action, whatever its weight.
func (f *facts) works(w Weight) bool {
	g := f.group(w.Group)
	return g != nil && !f.unusable(g)
}

// weight is what the groups of an action have in all.
func (a Action) weight() (sum int) {
	for _, w := range a.Weights {
		sum += w.Weight
	}
	return sum
}

// someWork reports whether a forward action sends requests to a group that works.
func (f *facts) someWork(a Action) bool {
	return slices.ContainsFunc(a.Weights, func(w Weight) bool { return w.Weight > 0 && f.works(w) })
}

// atRest makes a failure of groups a warning where they get no requests now, and none is seen to have
// failed for it: of blue and green, rules give all of their weight to the other one. Clients that have
// to stay in one group may still be in this one.
func (f *facts) atRest(found *Finding) {
	if found.Level != Fail || found.Explains > 0 || len(found.Groups) == 0 || f.Target != "" || !f.rulesKnown() {
		return
	}
	for _, g := range f.groups {
		without := func(a Action) bool { return slices.Contains(a.Weights, Weight{g.ARN, 0}) }
		idle := func(a Action) bool { return without(a) && !a.Sticky && f.someWork(a) }
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
		state := t.State
		if t.unchecked() {
			state = "without health check"
		}
		names = add(names, state)
		n[state]++
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", n[name], name)
	}
	return strings.Join(names, ", ")
}

// reweigh moves all weight away from the broken groups of an action to the others, or
// gives the one that is usable weight where none has any.
func (f *facts) reweigh(found *Finding, r placed, a Action) {
	if found.ID == "rule-weights-all-zero" {
		use := slices.IndexFunc(a.Weights, f.works)
		if use < 0 {
			return
		}
		if slices.ContainsFunc(a.Weights[use+1:], f.works) { // such as blue and green
			found.because(FromConfig, "several of them have targets: which is meant is known to those who set the rule")
			found.Verify = append(found.Verify, f.describeRules(r.on))
			return
		}
		f.setWeights(found, r, a, func(i int, _ Weight) int {
			if i == use {
				return 1
			}
			return 0
		})
		return
	}
	// From all that are broken: the command gives each group its weight.
	f.setWeights(found, r, a, func(_ int, w Weight) int {
		if g := f.group(w.Group); g != nil && f.unusable(g) {
			return 0
		}
		return w.Weight
	})
}

// setWeights gives the groups of an action other weights, and those of now back. A command
// replaces all actions of a rule, so that there is none where the rule does more than that.
func (f *facts) setWeights(found *Finding, r placed, a Action, weight func(i int, w Weight) int) {
	if len(r.Actions) > 1 || a.Sticky && a.Stays == 0 {
		found.because(FromConfig, "the rule has more than weights (authentication, stickiness whose time is not known): all of its actions have to be given again with the weights")
		found.Verify = add(found.Verify, f.describeRules(r.on))
		return
	}
	for i, w := range a.Weights {
		if g := f.group(w.Group); g != nil && w.Weight == 0 && weight(i, w) > 0 {
			f.wouldEnter(found, g)
		}
	}
	found.mend(f.setAction(r, a.forwarding(weight)), f.setAction(r, a.forwarding(sameWeight)))
}

// wouldEnter says in which zones requests would find no target of a group that gets none now.
func (f *facts) wouldEnter(found *Finding, g *Group) {
	for _, zone := range f.zones() {
		if f.lacks(g, zone) {
			found.because(FromConfig, fmt.Sprintf("cross-zone load balancing is off for %s, which has no target in %s: with weight, requests for it that enter there get 503; let it send across zones before", g.Name, zone))
		}
	}
}

// setAction gives a rule one action in place of all that it has.
func (f *facts) setAction(r placed, action string) string {
	if r.Priority == "default" {
		return f.command("elbv2", "modify-listener", "--listener-arn", r.on.ARN, "--default-actions", "["+action+"]")
	}
	return f.command("elbv2", "modify-rule", "--rule-arn", r.ARN, "--actions", "["+action+"]")
}

// forwarding is how a command has a forward action with other weights.
func (a Action) forwarding(weight func(i int, w Weight) int) string {
	var groups []string
	for i, w := range a.Weights {
		groups = append(groups, fmt.Sprintf(`{"TargetGroupArn":%q,"Weight":%d}`, w.Group, weight(i, w)))
	}
	sticky := ""
	if a.Sticky {
		sticky = fmt.Sprintf(`,"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":%d}`, a.Stays)
	}
	return `{"Type":"forward","ForwardConfig":{"TargetGroups":[` + strings.Join(groups, ",") + `]` + sticky + `}}`
}

func sameWeight(_ int, w Weight) int { return w.Weight }
