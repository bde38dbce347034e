package diagnose

import (
	"fmt"
	"slices"
)

var networkBalancerCheck = Check{
	Name:  "network-balancer",
	About: "What only a Network Load Balancer has: flows that its security groups block, and source ports that run out.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"nlb-sg-blocks-flows", "nlb-port-allocation-errors"},
	look: func(f *facts) (list []*Finding) {
		if found := f.blockedFlows(); found != nil {
			list = append(list, found)
		}
		if n, ok := f.total("PortAllocationErrorCount", ""); ok && n > 0 {
			found := finding("nlb-port-allocation-errors", "The balancer ran out of source ports to a target: there are too few targets for its connections.")
			found.because(FromMetric, "PortAllocationErrorCount: "+number(n))
			found.Confidence = High
			list = append(list, found)
		}
		return list
	},
}

// blockedFlows looks at flows that the balancer's groups blocked. Outbound ones are the
// balancer's own, to its targets. Inbound ones are whatever knocks at any port, also at
// ports without a listener: they are clients' only where listeners do not let everybody
// in, and a word worth if there are as many of them as flows that came in.
func (f *facts) blockedFlows() *Finding {
	found := finding("nlb-sg-blocks-flows", "The balancer's security groups blocked flows to its targets.")
	blocked := func(way string) (sum float64) {
		for _, protocol := range []string{"TCP", "UDP"} {
			name := "SecurityGroupBlockedFlowCount_" + way + "_" + protocol
			if n, _ := f.total(name, ""); n > 0 {
				found.because(FromMetric, name+": "+number(n))
				sum += n
			}
		}
		return sum
	}
	in, out := blocked("Inbound"), blocked("Outbound")
	switch {
	case out > 0:
		return found
	case in == 0:
		return nil
	}
	found.Sentence = "The balancer's security groups blocked flows from outside; whoever knocks at a closed port is counted."
	flows, counted := f.total("NewFlowCount", "")
	if counted {
		found.because(FromMetric, "NewFlowCount: "+number(flows))
	}
	closed := slices.ContainsFunc(f.Listeners, func(l Listener) bool { return !f.everybodyIn(l) })
	if found.Level = Note; closed && in >= max(flows, fewFlows) {
		found.Level, found.Confidence = Warn, Low
		found.because(FromConfig, fmt.Sprintf("%s do not let everybody in on every listener's port", few(f.Balancer.SecurityGroups)))
	}
	return found
}

// fewFlows is how many blocked flows are nothing but noise.
const fewFlows = 10

// everybodyIn reports whether the balancer's groups let all addresses in on a listener's port.
func (f *facts) everybodyIn(l Listener) bool {
	return !slices.ContainsFunc(l.transports(), func(protocol string) bool {
		openings, _ := f.openings(f.Balancer.SecurityGroups, false, protocol, l.Port)
		return !slices.ContainsFunc(openings, func(p Permission) bool { return slices.Contains(p.CIDRs, "0.0.0.0/0") })
	})
}
