package diagnose

var networkBalancerCheck = Check{
	Name:  "network-balancer",
	About: "What only a Network Load Balancer has: flows that its security groups block, and source ports that run out.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"nlb-sg-blocks-flows", "nlb-port-allocation-errors"},
	look: func(f *facts) (list []*Finding) {
		in, okIn := f.total("SecurityGroupBlockedFlowCount_Inbound_TCP", "")
		out, okOut := f.total("SecurityGroupBlockedFlowCount_Outbound_TCP", "")
		if okIn && in > 0 || okOut && out > 0 {
			found := finding("nlb-sg-blocks-flows", "The balancer's security groups blocked flows.")
			if in > 0 {
				found.because(FromMetric, "SecurityGroupBlockedFlowCount_Inbound_TCP: "+number(in))
			}
			if out > 0 {
				found.because(FromMetric, "SecurityGroupBlockedFlowCount_Outbound_TCP: "+number(out))
			} else {
				found.Level = Warn // whoever knocks at a closed port is counted
			}
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
