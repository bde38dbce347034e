package diagnose

// The way from the balancer to targets and back: security groups, network ACLs, routes.
var harmOfNetwork = []harmless{
	{"targets of which it is not known whether they see clients, who alone are let in", func(s *Snapshot) {
		s.network()
		s.web().Type, s.web().Attributes = "ip", nil
		for i, ip := range []string{"10.0.10.11", "10.0.11.12"} {
			s.web().Targets[i].ID = ip
		}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"203.0.113.0/24"}}}
		s.fail("Target.Timeout")
	}, told{id: "target-sg-public-source", absent: true}},
	{"targets of which it is not known whether they see clients, and that let nobody in", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups, s.web().Attributes, s.group("sg-app").Ingress = []string{}, nil, nil
		s.fail("Target.FailedHealthChecks")
	}, told{id: "target-sg-blocks-traffic-port", fix: "CidrIp=10.0.0.0/24", says: "and those of the clients, if targets see their own addresses", denies: "whose own addresses targets see"}},
	{"the same, by a network ACL", func(s *Snapshot) {
		s.network()
		s.web().Type, s.web().Attributes = "ip", nil
		for i, ip := range []string{"10.0.10.11", "10.0.11.12"} {
			s.web().Targets[i].ID = ip
		}
		s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 8080, To: 8080})
		s.fail("Target.Timeout")
	}, told{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
	{"a network ACL that keeps clients out, of whom it is not known whether targets see them", func(s *Snapshot) {
		s.network()
		s.web().Attributes = nil
		s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
	}, told{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
	{"a core network, by which another table leads", func(s *Snapshot) {
		s.peered("pcx-gone")
		s.Network.RouteTables[1].Routes[2].State = "blackhole"
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.9.0.0/16", "arn:aws:networkmanager::111122223333:core-network/core-network-0abc", "active"})
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", fix: "--core-network-arn arn:aws:networkmanager::111122223333:core-network/core-network-0abc"}},
	{"a classic balancer's check of the port of another listener, which a security group refuses", func(s *Snapshot) {
		s.classicTwice()
		s.group("sg-app").Ingress = nil
	}, told{id: "target-sg-blocks-health-check-port", absent: true}},
	{"a classic balancer's check of the port of another listener, which its own security group refuses", func(s *Snapshot) {
		s.classicTwice()
		s.group("sg-lb").Egress = nil
	}, told{id: "balancer-sg-blocks-health-check-port", absent: true}},
	{"a classic balancer's check of the port of another listener, which a network ACL refuses", func(s *Snapshot) {
		s.classicTwice()
		s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.0/16"})
	}, told{id: "acl-target-inbound-blocks-health-check-port", absent: true}},
	{"a classic balancer's check of the port of another listener, where the target of this one is asked about", func(s *Snapshot) {
		s.classicTwice()
		s.group("sg-app").Ingress = nil
		s.Target = "10.0.10.11:8443"
	}, told{id: "target-sg-blocks-health-check-port", fix: "FromPort=8080,ToPort=8080", sure: true}},
	{"a classic balancer's check of a port of no listener", func(s *Snapshot) {
		s.classicTwice()
		for i := range s.Groups {
			for j := range s.Groups[i].Targets {
				s.Groups[i].Targets[j].CheckPort = "9090"
			}
		}
	}, told{id: "target-sg-blocks-health-check-port", fix: "FromPort=9090,ToPort=9090", sure: true}},
	{"one denied port, and a dead host", func(s *Snapshot) {
		s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
		s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
		s.fail("Target.Timeout")
	}, told{id: "acl-balancer-inbound-blocks-ephemeral", absent: true}},
	{"answers that are refused beside a port that is kept shut", func(s *Snapshot) {
		s.Network.ACLs[1].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 32768, To: 65535}
		s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
		s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
	}, told{id: "acl-balancer-inbound-blocks-ephemeral", fix: "--rule-number 32766 --protocol tcp --port-range From=1024,To=32767"}}, // behind what keeps it shut
	{"answers that an entry for all ports refuses in two parts", func(s *Snapshot) {
		everybody := "0.0.0.0/0"
		s.Network.ACLs[1].Entries = append([]ACLEntry{
			{Number: 100, Allow: true, Protocol: "6", CIDR: everybody, From: 80, To: 30000}, {Number: 110, Allow: true, Protocol: "6", CIDR: everybody, From: 35000, To: 60000},
			{Number: 200, Protocol: "-1", CIDR: everybody},
		}, s.Network.ACLs[1].Entries[1:]...)
	}, told{id: "acl-balancer-inbound-blocks-ephemeral", fix: "--rule-number 199 --protocol tcp --port-range From=30001,To=65535"}},
	{"an address of the subnet that is no node", func(s *Snapshot) {
		s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.200/32"})
		s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-8", Node: true, Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}})
		s.fail("Target.Timeout")
	}, told{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
	{"nodes that pass by IPv4 alone", func(s *Snapshot) {
		for i, cidr := range []string{"2001:db8:10::/64", "2001:db8:11::/64", "2001:db8:0::/64", "2001:db8:1::/64"} {
			s.Network.Subnets[i].CIDRs = append(s.Network.Subnets[i].CIDRs, cidr)
		}
		s.web().Targets[0].ID, s.Network.Interfaces[0].Addresses = "2001:db8:10::b", []string{"2001:db8:10::b"}
		s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-8", Node: true, Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}},
			Interface{ID: "eni-9", Node: true, Subnet: "subnet-edge-b", Addresses: []string{"10.0.1.5"}})
		s.fail("Target.Timeout")
	}, told{id: "acl-target-inbound-blocks-traffic-port", fix: "--ipv6-cidr-block 2001:db8::/64"}},
	{"GENEVE", func(s *Snapshot) { s.gateway() }, told{id: "target-sg-blocks-traffic-port", absent: true}},
	{"answers in GENEVE that are kept", func(s *Snapshot) {
		s.gateway()
		s.deny("acl-app", ACLEntry{Egress: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 6081, To: 6081})
	}, told{id: "acl-target-outbound-blocks-ephemeral", fix: "--protocol udp --port-range From=6081,To=6081"}},
	{"an address of somebody else's VPC", func(s *Snapshot) {
		s.peered("vgw-1")
		s.fail("Target.Timeout")
	}, told{id: "target-sg-blocks-traffic-port", absent: true}},
	{"a prefix list that leads there", func(s *Snapshot) {
		s.web().Targets[0].ID, s.web().Targets[0].Zone = "192.168.5.7", "all"
		s.fail("Target.Timeout")
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"pl-onprem", "tgw-1", "active"})
	}, told{id: "route-balancer-to-target", absent: true}},
	{"a core network", func(s *Snapshot) {
		s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
		s.fail("Target.Timeout")
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.9.0.0/16", "arn:aws:networkmanager::111122223333:core-network/core-network-0abc", "active"})
	}, told{id: "target-other-vpc", absent: true}},
	{"clients of a network balancer", func(s *Snapshot) {
		s.network()
		s.checkPort("9090")
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"203.0.113.0/24"}}, {Protocol: "tcp", From: 9090, To: 9090, Groups: []string{"sg-lb"}}}
	}, told{id: "target-sg-public-source", absent: true}},
	{"a network ACL for those alone whom the balancer lets in", func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/16"}}}
		s.Network.ACLs[0].Entries[0].CIDR, s.Network.ACLs[0].Entries[2].CIDR = "10.0.0.0/16", "10.0.0.0/16"
	}, told{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
	{"a network ACL without some of those whom the balancer lets in", func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
	}, told{id: "acl-target-inbound-blocks-traffic-port", fix: "--cidr-block 203.0.113.0/24", not: "0.0.0.0/0"}},
	{"few flows without a source port", func(s *Snapshot) {
		s.network()
		s.metric("NewFlowCount", "", "Sum", 60000)
		s.Metrics = append(s.Metrics, Series{Name: "PortAllocationErrorCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
	}, told{id: "nlb-port-allocation-errors", mild: true}},
	{"a group without weight, whose requests failed before that", func(s *Snapshot) {
		s.without(webARN)
		s.Groups[1].Targets[0].State, s.Groups[1].Targets[0].Reason = "unhealthy", "Target.Timeout"
		s.failing("Target_Connect_Timeout", "10.0.10.50:8080", 504, 600, func(f *Failure) { f.Group, f.Connect = newARN, 600 })
	}, told{id: "target-connect-timeout", sure: true}},
	{"health checks in TCP where the traffic is UDP", func(s *Snapshot) {
		s.network()
		s.Listeners[0].Protocol, s.web().Protocol, s.web().Type = "UDP", "UDP", "ip"
		s.web().Attributes[attrClientIP] = "false"
		s.group("sg-lb").Ingress[0].Protocol = "udp"
		s.group("sg-app").Ingress = append(s.group("sg-app").Ingress, Permission{Protocol: "udp", From: 8080, To: 8080, Groups: []string{"sg-lb"}})
		s.group("sg-lb").Egress = []Permission{{Protocol: "udp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
	}, told{id: "balancer-sg-blocks-health-check-port", fix: "IpProtocol=tcp"}},
	{"answers to health checks in TCP where the traffic is UDP", func(s *Snapshot) {
		s.network()
		s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
		s.Network.ACLs[0].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 1024, To: 65535}
	}, told{id: "acl-target-outbound-blocks-ephemeral", fix: "--protocol tcp"}},
	{"an ACL whose first entry denies more", func(s *Snapshot) {
		a := &s.Network.ACLs[0]
		a.Entries = append([]ACLEntry{{Number: 1, Protocol: "-1", CIDR: "10.0.0.0/8"}}, a.Entries...)
		s.unreachable()
	}, told{id: "acl-target-inbound-blocks-traffic-port"}},
	{"an ACL with a number before the one that denies more", func(s *Snapshot) {
		a := &s.Network.ACLs[0]
		a.Entries = append([]ACLEntry{{Number: 1, Allow: true, Protocol: "6", CIDR: "198.51.100.0/24"}, {Number: 3, Protocol: "-1", CIDR: "10.0.0.0/24"}}, a.Entries...)
		s.unreachable()
	}, told{id: "acl-target-inbound-blocks-traffic-port", fix: "create-network-acl-entry --region eu-central-1 --network-acl-id acl-app --ingress --rule-number 2 ", not: "--rule-number 3"}},
	{"one of 6,000 connections that failed, which the logs do not have", func(s *Snapshot) {
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 1)
	}, told{id: "target-connection-errors", says: "could not connect", mild: true}},
	{"many that failed just now, of more that did not", func(s *Snapshot) {
		s.late("TargetConnectionErrorCount", webARN, 59, 20)
		s.late("TargetConnectionErrorCount", "", 59, 20)
	}, told{id: "target-connection-errors", says: "cannot connect", sure: true}},
	{"many of a small group's that failed just now, beside a large group", func(s *Snapshot) {
		s.second(s.web().Targets)
		s.Metrics = nil
		s.metric("RequestCount", "", "Sum", 600_000)
		s.metric("RequestCount", newARN, "Sum", 6000)
		s.late("TargetConnectionErrorCount", newARN, 59, 20)
		s.late("TargetConnectionErrorCount", "", 59, 20)
	}, told{id: "target-connection-errors", says: "cannot connect", sure: true}},
	{"subnets of a balancer that are let in by IPv6 alone, whose nodes are not known", func(s *Snapshot) {
		s.instances()
		s.Network.Interfaces = nil
		for i := range s.Network.Instances {
			s.Network.Instances[i].State = "running"
		}
		for i, own := range []string{"2001:db8:0:2::/64", "2001:db8:0:3::/64"} {
			s.Network.Subnets[2+i].CIDRs = append(s.Network.Subnets[2+i].CIDRs, own)
		}
		s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"::/0"}}
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}, told{id: "target-sg-blocks-traffic-port", sure: true, fix: "UserIdGroupPairs=[{GroupId=sg-lb}]"}},
	{"clients whom the targets' network ACL keeps out on purpose", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0"}}}
		s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "198.51.100.0/24"})
		s.Network.ACLs[0].Entries[1].CIDR = "10.0.0.0/16"
	}, told{id: "acl-target-inbound-blocks-traffic-port", fix: "--rule-number 327", not: "--rule-number 89", says: "let clients in on the port, in a rule before the one that refuses, or do not preserve their addresses", denies: "the balancer's subnets"}},
	{"a default route that leads nowhere", func(s *Snapshot) {
		s.peered("tgw-1")
		s.Network.RouteTables[1].Routes = []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "blackhole"}}
		s.Balancer.Scheme = "internal"
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", fix: "create-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 10.9.0.7/32", not: "0.0.0.0/0"}},
	{"a target on premises, which an outbound rule by group does not let out to", func(s *Snapshot) {
		s.web().Targets[0].ID, s.web().Targets[0].Zone = "172.20.1.7", "all"
		s.fail("Target.Timeout")
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"172.16.0.0/12", "vgw-1", "active"})
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
	}, told{id: "balancer-sg-blocks-traffic-port", fix: "CidrIp=172.20.1.7/32", sure: true}},
	{"a subnet of the balancer without the route that another one has", func(s *Snapshot) {
		s.peered("tgw-1")
		s.fail("Target.Timeout")
		s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a"}
		s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "igw-1", "active"}}})
	}, told{id: "route-balancer-to-target", fix: "--route-table-id rtb-edge-b --destination-cidr-block 10.9.0.0/24 --transit-gateway-id tgw-1"}},
	{"a subnet without the route that another one has, and a third one only as all networks on premises", func(s *Snapshot) {
		s.peered("pcx-1")
		s.fail("Target.Timeout")
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/8", "vgw-1", "active"})
		s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a"}
		s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "igw-1", "active"}}})
	}, told{id: "route-balancer-to-target", fix: "--route-table-id rtb-edge-b --destination-cidr-block 10.9.0.0/24 --vpc-peering-connection-id pcx-1"}},
	{"a peered network without a way back", func(s *Snapshot) {
		s.peered("pcx-1")
		s.onTheWayBack("nat-1")
		s.fail("Target.Timeout")
		back := &s.Network.RouteTables[len(s.Network.RouteTables)-1]
		back.Routes = back.Routes[:1]
	}, told{id: "route-target-to-balancer", fix: "--route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1"}},
	{"a peered network whose only way back is a NAT gateway", func(s *Snapshot) {
		s.peered("pcx-1")
		s.onTheWayBack("nat-1")
		s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
		s.fail("Target.Timeout")
		s.Network.RouteTables[len(s.Network.RouteTables)-1].Routes[1].Destination = "0.0.0.0/0"
	}, told{id: "route-target-to-balancer", sure: true, fix: "create-route --region eu-central-1 --route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1", not: "0.0.0.0/0"}},
	{"a peered network whose table leads the very range of a balancer's subnet to a NAT gateway", func(s *Snapshot) {
		s.peered("pcx-1")
		s.onTheWayBack("nat-1")
		s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
		s.fail("Target.Timeout")
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.Network.RouteTables[len(s.Network.RouteTables)-1].Routes[1].Destination = "10.0.0.0/24"
	}, told{id: "route-target-to-balancer", fix: "replace-route --region eu-central-1 --route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1", not: "create-route"}},
	{"a table that leads the very address of a target to the internet", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "192.168.5.7/32")
		s.Network.RouteTables[1].Routes[2].Via = "igw-1"
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", fix: "replace-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION", not: "delete-route"}},
	{"a target on premises whose only way is a NAT gateway, and another network's is known", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", says: "leads to a NAT gateway", denies: "has no way", fix: "--route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION"}},
	{"a target on premises whose only way is a NAT gateway, beside an endpoint of S3", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.withEndpoint("rtb-edge", "52.219.170.0/23")
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", says: "leads to a NAT gateway", fix: "--destination-cidr-block 192.168.5.7/32"}},
	{"a target on premises that a list of ranges leads to", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.withEndpoint("rtb-edge", "52.219.170.0/23", "192.168.0.0/16")
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", absent: true}},
	{"a target on premises beside a list of ranges that could not be read", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.withEndpoint("rtb-edge")
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", absent: true}},
	{"a list of ranges that leads nowhere any more", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.withEndpoint("rtb-edge", "192.168.0.0/16")
		s.Network.RouteTables[1].Routes[len(s.Network.RouteTables[1].Routes)-1].State = "blackhole"
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", says: "has no way", fix: "create-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32", not: "pl-1"}},
	{"a target on premises that times out, beside one that is reached through the same NAT gateway", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.web().Targets[1].ID, s.web().Targets[1].Zone = "192.168.5.8", "all"
		s.fail("Target.Timeout")
		s.Target = "192.168.5.7:8080"
	}, told{id: "route-balancer-to-target", absent: true}},
	{"targets of two networks on premises, of which another table knows the way to one", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.web().Targets[1].ID, s.web().Targets[1].Zone = "192.168.77.8", "all"
		s.all("unhealthy", "Target.Timeout", "")
		s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-other", VPC: "vpc-1", Routes: []Route{{"192.168.5.0/24", "tgw-1", "active"}}})
	}, told{id: "route-balancer-to-target", says: "--transit-gateway-id for a transit gateway", fix: "192.168.77.8/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION"}},
	{"a target on premises that is reached through a NAT gateway, and refuses", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.fail("Target.FailedHealthChecks")
	}, told{id: "route-balancer-to-target", absent: true}},
	{"a target on premises that is reached through a NAT gateway", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
	}, told{id: "route-balancer-to-target", absent: true}},
	{"a target that no route leads to but that of a NAT gateway", func(s *Snapshot) {
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:2]
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", absent: true}}, // target-other-vpc says so
	{"a route to a transit gateway that is gone", func(s *Snapshot) {
		s.peered("tgw-1")
		s.fail("Target.Timeout")
		last := len(s.Network.RouteTables[1].Routes) - 1
		s.Network.RouteTables[1].Routes[last].State = "blackhole"
	}, told{id: "route-balancer-to-target", fix: "--destination-cidr-block 10.9.0.0/16 --transit-gateway-id TRANSIT-GATEWAY"}},
	{"a route to a peering that is gone, to which none can be made", func(s *Snapshot) {
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", "pcx-gone", "blackhole"})
		s.unreachable()
	}, told{id: "route-target-to-balancer", fix: "delete-route --region eu-central-1 --route-table-id rtb-app --destination-cidr-block 10.0.0.0/23", not: "pcx-gone"}},
	{"a route to an appliance that was stopped", func(s *Snapshot) {
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", "eni-fw", "blackhole"})
		s.unreachable()
	}, told{id: "route-target-to-balancer", fix: "--destination-cidr-block 10.0.0.0/23 --network-interface-id eni-fw"}},
	{"a rule that turns away who comes by the balancer's own name", func(s *Snapshot) { s.asksFor("*.elb.amazonaws.com", "fixed-response", "403") },
		told{id: "listener-certificate-does-not-cover-host", absent: true}},
	{"a rule that turns away who asks for a host of before", func(s *Snapshot) { s.asksFor("old.example.org", "fixed-response", "410") },
		told{id: "listener-certificate-does-not-cover-host", absent: true}},
	{"a rule that sends on who comes by the balancer's own name", func(s *Snapshot) { s.asksFor("SHOP-1.eu-central-1.elb.amazonaws.com", "redirect", "301") },
		told{id: "listener-certificate-does-not-cover-host", absent: true}},
	{"a rule that redirects from a host of before, whose clients never get there", func(s *Snapshot) { s.asksFor("old.example.org", "redirect", "301") },
		told{id: "listener-certificate-does-not-cover-host", fix: "add-listener-certificates", mild: true}},
	{"a route that may lead to a peering or to a gateway", func(s *Snapshot) {
		s.peered("igw-1")
		s.fail("Target.Timeout")
	}, told{id: "route-balancer-to-target", fix: "--vpc-peering-connection-id VPC-PEERING-CONNECTION", not: "OR-GATEWAY"}},
	{"a group of another VPC", func(s *Snapshot) {
		s.peered("tgw-1")
		s.fail("Target.Timeout")
	}, told{id: "target-sg-blocks-traffic-port", fix: "--group-id sg-peer --ip-permissions 'IpProtocol=tcp,FromPort=8080,ToPort=8080,IpRanges=[{CidrIp=10.0.0.0/24}]'", not: "sg-lb"}},
	{"a group behind an appliance", func(s *Snapshot) {
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/23", "vpce-0fw", "active"})
		s.group("sg-app").Ingress = nil
		s.fail("Target.Timeout")
	}, told{id: "target-sg-blocks-traffic-port", fix: "IpRanges=[{CidrIp=10.0.0.0/24}]", not: "sg-lb"}},
	{"a group of another VPC, outbound", func(s *Snapshot) {
		s.peered("pcx-1")
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
		s.fail("Target.Timeout")
	}, told{id: "balancer-sg-blocks-traffic-port", fix: "CidrIp=10.9.0.0/24", not: "sg-peer"}},
}
