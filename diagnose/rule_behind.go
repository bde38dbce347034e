package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

// lastPriority is the highest number that a rule may have.
//
// Source: AWS, "CreateRule" of the Elastic Load Balancing API reference, read 2026-11.
const lastPriority = 50000

// leadingTo are the rules that send requests to a group.
func (f *facts) leadingTo(g *Group) []placed {
	return slices.DeleteFunc(f.rules(), func(r placed) bool {
		return !slices.ContainsFunc(r.Actions, func(a Action) bool { return a.leadsTo(g.ARN) })
	})
}

// tellRules says which rules send requests to an empty group.
func (f *facts) tellRules(found *Finding, g *Group) {
	rules := f.leadingTo(g)
	if len(rules) == 1 {
		found.Sentence = fmt.Sprintf("Target group %s has no target, and %s sends requests to it.", g.Name, rules[0].inShort())
	}
	for _, r := range rules[:min(len(rules), 3)] {
		text := r.name() + ": " + r.words()
		if r.Priority != "default" {
			text += "; its ARN: " + r.ARN
		}
		found.because(FromConfig, text)
	}
	if more := len(rules) - 3; more > 0 {
		found.because(FromConfig, amount.Of(more, "more rule sends", "more rules send")+" requests to it")
	}
}

// putBehind puts each rule that leads to an empty group behind one that leads the same requests to a
// group that works, as where a rule for a group that is not ready yet came before the one that it is
// to follow: that is undone more surely than targets are registered in a group that somebody prepares.
// A group that had targets is not such a one, and rules of Kubernetes are its controller's.
func (f *facts) putBehind(found *Finding, g *Group) bool {
	rules := f.leadingTo(g)
	if f.hadTargets(g) || ofKubernetes(g.Name) || !f.rulesKnown() || len(rules) == 0 {
		return false
	}
	later := make([]Rule, len(rules))
	for i, r := range rules {
		next := f.follower(r)
		if next == nil {
			return false
		}
		later[i] = *next
	}
	taken := map[string][]string{} // by listener
	var moves []string
	var put []func()
	for i, r := range rules {
		next := later[i]
		at := next.freeAfter(append(taken[r.on.ARN], r.on.priorities()...))
		if at == "" {
			return false
		}
		taken[r.on.ARN] = append(taken[r.on.ARN], at)
		moves = append(moves, fmt.Sprintf("put rule %s behind rule %s", r.Priority, next.Priority))
		put = append(put, func() {
			found.because(FromConfig, fmt.Sprintf("behind it, rule %s takes the same requests: %s", next.Priority, next.words()))
			set := func(priority string) string {
				return f.command("elbv2", "set-rule-priorities", "--rule-priorities", "RuleArn="+r.ARN+",Priority="+priority)
			}
			found.mend(set(at), set(r.Priority))
		})
	}
	for _, one := range put {
		one()
	}
	found.Do = fmt.Sprintf("%s, which leads the same requests to a group that has targets, until %s has some; whoever else sets the rules, such as Terraform, has to leave them so", few(moves), g.Name)
	return true
}

// hadTargets reports whether logs or metrics of the window know of targets in a group.
func (f *facts) hadTargets(g *Group) bool {
	named := func(t Traffic) bool { return t.Group == g.ARN && t.Target != "" }
	return slices.ContainsFunc(f.traffic(), named) || f.total("HealthyHostCount", g.ARN) > 0 || f.total("UnHealthyHostCount", g.ARN) > 0
}

// follower is the first later rule of a listener that takes all requests of a rule and leads them to
// a healthy target; nil if there is none, or it asks for nothing at all, as a rule for the rest does,
// or for no login where the other one does.
func (f *facts) follower(r placed) *Rule {
	for i := r.at + 1; i < len(r.on.Rules); i++ {
		next := &r.on.Rules[i]
		if !takesAll(*next, r.Rule) {
			continue
		}
		forRest := !slices.ContainsFunc(next.Conditions, func(c Condition) bool { return !c.takesAny() })
		works := len(next.Actions) > 0 && !slices.ContainsFunc(next.groups(), func(arn string) bool {
			g := f.group(arn)
			return g == nil || !slices.ContainsFunc(g.Targets, Target.healthy)
		})
		if forRest || !works || !next.forwards() || r.login() != "" && next.login() == "" {
			return nil
		}
		return next
	}
	return nil
}

// priorities are the numbers of a listener's rules.
func (l Listener) priorities() (list []string) {
	for _, r := range l.Rules {
		list = append(list, r.Priority)
	}
	return list
}

// freeAfter is the first number behind a rule that is not taken; "" if there is none.
func (r Rule) freeAfter(taken []string) string {
	n, err := strconv.Atoi(r.Priority)
	if err != nil {
		return ""
	}
	for n++; n <= lastPriority; n++ {
		if at := strconv.Itoa(n); !slices.Contains(taken, at) {
			return at
		}
	}
	return ""
}

// inShort names a rule with what it asks for.
func (r placed) inShort() string {
	var when []string
	for _, c := range r.Conditions {
		short := map[string]string{"path-pattern": "path", "host-header": "host"}[c.Field]
		when = append(when, cmp.Or(short, c.field())+" "+few(c.shown()))
	}
	if len(when) == 0 {
		return r.name()
	}
	return r.name() + " (" + strings.Join(when, "; ") + ")"
}
