package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

// mostTargets is how many targets the commands of a finding name.
const mostTargets = 20

// fill prints what registers targets in an empty group, and takes just that back, unless rules are
// better changed. Where nothing tells which, they are to be filled in.
func (f *facts) fill(found *Finding, g *Group) {
	if f.swap(found, g) || f.putBehind(found, g) {
		return
	}
	for _, other := range f.Idle {
		if len(other.Targets) == 0 || other.Protocol != g.Protocol {
			continue
		}
		found.because(FromConfig, fmt.Sprintf("target group %s in the same VPC has %s, and no rule leads to it", other.Name, amount.Of(len(other.Targets), "target", "targets")))
	}
	targets := f.had(g)
	if len(targets) == 0 {
		f.fillIn(found, g)
		return
	}
	var at, addresses, words []string
	for i, t := range targets {
		at = append(at, f.place(g, &t).name())
		if i < mostTargets {
			addresses, words = append(addresses, t.ID), append(words, t.word())
		}
	}
	found.because(FromLog, "requests of the window went to "+few(at)+", which the group had then")
	filter, address := g.addressOf()
	found.Verify = append(found.Verify, f.command("ec2", "describe-network-interfaces", "--filters", "Name="+filter+",Values="+strings.Join(addresses, ","),
		"--query", "NetworkInterfaces[].["+address+",Description,Status]", "--output", "text"))
	f.register(found, g, words...)
}

// mostWeight is the most that a rule takes for a group.
//
// Source: AWS, "TargetGroupTuple" of the Elastic Load Balancing API reference, read 2026-11.
const mostWeight = 999

// swap sends what goes to an empty group to one that has targets, where each rule that needs it
// has such a one with weight 0 beside it: deployments in blue and green move all weight from one
// to the other, and whoever else sets the rule, such as Terraform, may move it back to where
// nothing is.
func (f *facts) swap(found *Finding, g *Group) bool {
	var swaps []func()
	for _, r := range f.rules() {
		for _, a := range r.Actions {
			if !a.leadsTo(g.ARN) || f.someWork(a) {
				continue
			}
			full := f.without(a, Target.healthy)
			if full < 0 {
				full = f.without(a, Target.usable)
			}
			if full < 0 {
				return false
			}
			swaps = append(swaps, func() { f.swapWeights(found, r, a, full) })
		}
	}
	for _, swap := range swaps {
		swap()
	}
	return len(swaps) > 0
}

// without is the place of a group in an action that has weight 0 and such a target; -1 if there
// is none.
func (f *facts) without(a Action, is func(Target) bool) int {
	return slices.IndexFunc(a.Weights, func(w Weight) bool {
		g := f.group(w.Group)
		return w.Weight == 0 && g != nil && slices.ContainsFunc(g.Targets, is)
	})
}

// swapWeights gives one group of an action all the weight of others, none of which is usable.
func (f *facts) swapWeights(found *Finding, r placed, a Action, full int) {
	other := f.group(a.Weights[full].Group)
	found.because(FromConfig, fmt.Sprintf("%s gives weight 0 to %s, which has %s", r.name(), other.Name, f.states(other)))
	found.Do = fmt.Sprintf("send to %s, if a deployment has put the targets there; whoever else sets the rule, such as Terraform, has to leave the weights alone", other.Name)
	f.setWeights(found, r, a, func(i int, _ Weight) int {
		if i == full {
			return min(a.weight(), mostWeight)
		}
		return 0
	})
}

// had are targets that the logs name in a group by address, where that is one of its VPC.
func (f *facts) had(g *Group) (list []Target) {
	if g.Type != "ip" {
		return nil
	}
	for _, row := range f.traffic() {
		at, err := readTarget(row.Target)
		if err != nil || row.Group != g.ARN {
			continue
		}
		t := Target{ID: at.Addr().String(), Port: int(at.Port())}
		if f.place(g, &t).vpc == g.VPC {
			list = append(list, t)
		}
	}
	return list
}

// addressOf is where EC2 has the address of an interface that a group takes: for a filter, and for a query.
func (g *Group) addressOf() (filter, field string) {
	if g.AddressType == "ipv6" {
		return "ipv6-addresses.ipv6-address", "Ipv6Addresses[0].Ipv6Address"
	}
	return "addresses.private-ip-address", "PrivateIpAddress"
}

// fillIn prints the same with a word in place of the target, and a command that lists
// what it may be.
//
// Source: AWS, "Use Lambda functions as targets of an Application Load Balancer" (permissions to
// invoke the Lambda function), read 2026-11.
func (f *facts) fillIn(found *Finding, g *Group) {
	word, list := "INSTANCE-ID", f.command("ec2", "describe-instances", "--filters", "Name=vpc-id,Values="+cmp.Or(g.VPC, f.Balancer.VPC),
		"--query", "Reservations[].Instances[].[InstanceId,State.Name,PrivateIpAddress]", "--output", "text")
	switch g.Type {
	case "ip":
		_, address := g.addressOf()
		word, list = "IP-ADDRESS", f.command("ec2", "describe-network-interfaces", "--filters", "Name=vpc-id,Values="+cmp.Or(g.VPC, f.Balancer.VPC),
			"--query", "NetworkInterfaces[].["+address+",Description]", "--output", "text")
	case "lambda":
		word, list = "FUNCTION-ARN", f.command("lambda", "list-functions", "--query", "Functions[].[FunctionArn]", "--output", "text")
	case "alb":
		word, list = "BALANCER-ARN", f.command("elbv2", "describe-load-balancers", "--query", "LoadBalancers[?Type==`application`].[LoadBalancerArn]", "--output", "text")
	}
	found.Verify = append(found.Verify, list)
	switch {
	case f.Balancer.Type == Classic:
		found.Verify = append(found.Verify, f.command("autoscaling", "describe-auto-scaling-groups", "--query", "AutoScalingGroups[].[AutoScalingGroupName,LoadBalancerNames,length(Instances)]"))
	case g.Type == "instance":
		found.Verify = append(found.Verify, f.command("autoscaling", "describe-auto-scaling-groups", "--query", "AutoScalingGroups[].[AutoScalingGroupName,TargetGroupARNs,length(Instances)]"))
	}
	if g.Type == "lambda" {
		f.letInvoke(found, g, word) // without which it is not taken
	}
	f.register(found, g, "Id="+word)
	slices.Reverse(found.Undo)
}
