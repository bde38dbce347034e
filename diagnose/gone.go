package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"loglens/internal/amount"
)

var goneCheck = Check{
	Name:  "target-address",
	About: "Targets by address whose address nothing has any more: what had it is gone, and was not deregistered.",
	Needs: []string{"elasticloadbalancing:DescribeTargetHealth", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"},
	Gives: []string{"target-address-gone"},
	look:  lookForGone,
}

// lookForGone looks for targets whose health checks are not answered, and whose address is one
// of the VPC and of no interface: a pod, a task or an instance that is no more. Whoever
// registered it, such as ECS or a controller of Kubernetes, is to take it out, and may have
// failed to.
func lookForGone(f *facts) (list []*Finding) {
	if f.Network.Interfaces == nil || !f.knows("ec2:DescribeNetworkInterfaces") {
		return nil
	}
	for _, g := range f.groups {
		if slices.ContainsFunc(f.whole(g), func(e endpoint) bool { return e.healthy() && f.isGone(e) }) {
			return nil // there are interfaces that are not seen
		}
	}
	for _, g := range f.groups {
		if g.Type != "ip" {
			continue
		}
		found := finding("target-address-gone", "")
		var words []string
		for _, e := range f.of(g) {
			if !f.isGone(e) || !e.unanswered(f.Balancer.Type) {
				continue
			}
			if found.on(e); len(words) < mostTargets {
				words = append(words, e.target.word())
			}
			f.evidence(found, e)
		}
		if len(found.Targets) == 0 {
			continue
		}
		n := len(found.Targets)
		found.Sentence = fmt.Sprintf("No network interface has the address of %s: what had it is gone, and %s still registered.", whom(found.Targets, g), amount.Noun(n, "it is", "they are"))
		found.because(FromConfig, "addresses of the VPC, and neither an address nor in a prefix of any interface in it")
		found.rival("", "in a VPC that is shared, interfaces of another account, which are not seen")
		found.share = f.reasons(found, "Target_Connect_Timeout")
		set := func(operation string) string {
			return f.command("elbv2", operation, append([]string{"--target-group-arn", g.ARN, "--targets"}, words...)...)
		}
		found.mend(set("deregister-targets"), set("register-targets"))
		list = append(list, found)
	}
	return list
}

// isGone reports whether no interface has a target's address, though it is one of the group's
// VPC. In a subnet that another account shares, only one's own interfaces are seen.
//
// Source: AWS, "Share your VPC subnets with other accounts" of the VPC guide, read 2026-11.
func (f *facts) isGone(e endpoint) bool {
	s := f.subnet(e.subnet)
	return s != nil && !s.Shared && e.target.Zone != "all" && e.instance == nil &&
		!slices.ContainsFunc(f.Network.Interfaces, func(i Interface) bool {
			return i.VPC == e.vpc && slices.ContainsFunc(i.Addresses, func(text string) bool {
				a, _ := netip.ParseAddr(text)
				return a == e.address
			})
		})
}
