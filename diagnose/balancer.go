package diagnose

import (
	"fmt"

	"loglens/internal/amount"
)

var balancerCheck = Check{
	Name:  "balancer",
	About: "The balancer's own state, and whether its subnets have room for its nodes.",
	Needs: []string{"elasticloadbalancing:DescribeLoadBalancers", "ec2:DescribeSubnets"},
	Gives: []string{"balancer-not-active", "balancer-subnet-short-of-addresses"},
	look:  lookAtBalancer,
}

// leastAddresses is how many free addresses a balancer needs in a subnet to grow.
// Source: AWS, "Subnets for your load balancer", read 2026-11.
const leastAddresses = 8

// impaired is the state of a balancer that routes traffic, and cannot scale.
//
// Source: AWS, "LoadBalancerState" of the Elastic Load Balancing API reference, read 2026-11.
const impaired = "active_impaired"

func lookAtBalancer(f *facts) (list []*Finding) {
	if s := f.Balancer.State; s != "active" && s != "" {
		found := finding("balancer-not-active", fmt.Sprintf("The balancer is in state %s.", s))
		found.Confidence = High
		found.because(FromConfig, "state "+s)
		if s == impaired && f.clientsCome() {
			found.Level = Warn
			found.Sentence = fmt.Sprintf("The balancer is in state %s: it sends requests on, and has not what it needs to grow.", s)
		}
		if r := f.Balancer.StateReason; r != "" {
			found.because(FromConfig, r)
		}
		list = append(list, found)
	}
	if f.Balancer.Type == NetworkType || f.Balancer.Type == Gateway {
		return list // these have one address in a subnet for good
	}
	for _, s := range f.subnets() {
		if s.Free >= leastAddresses {
			continue
		}
		found := finding("balancer-subnet-short-of-addresses", fmt.Sprintf("Subnet %s of the balancer has %s left: the balancer cannot grow there.", s.ID, amount.Of(s.Free, "address", "addresses")))
		found.because(FromConfig, fmt.Sprintf("%s (%s) has %s free; the balancer wants at least %d", s.ID, few(s.CIDRs), amount.Of(s.Free, "address", "addresses"), leastAddresses))
		list = append(list, found)
	}
	return list
}
