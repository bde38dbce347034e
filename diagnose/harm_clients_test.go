package diagnose

import "time"

// The way of clients to the balancer.
var harmOfClients = []harmless{
	{"a network balancer without security groups, whose clients network ACLs that are not known may keep out", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups, s.Network.ACLs = nil, nil
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
	}, told{id: "nlb-client-addresses-blocked", fix: "IpRanges=[{CidrIp=0.0.0.0/0}]"}},
	{"a balancer that serves, and lacks what it needs to grow", func(s *Snapshot) { s.Balancer.State = "active_impaired" }, told{id: "balancer-not-active", says: "sends requests on, and has not what it needs to grow", mild: true}},
	{"a balancer that lacks what it needs to grow, and nobody comes", func(s *Snapshot) {
		s.Balancer.State = "active_impaired"
		s.Logs, s.Metrics = nil, nil
	}, told{id: "balancer-not-active", sure: true}},
	{"a balancer that could not be made", func(s *Snapshot) { s.Balancer.State = "failed" }, told{id: "balancer-not-active", denies: "to grow", sure: true}},
	{"a listener in the internet behind the VPC's default group", func(s *Snapshot) {
		s.group("sg-lb").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
	}, told{id: "balancer-sg-blocks-listener", says: "nobody from the internet", fix: "CidrIp=CLIENTS-CIDR", sure: true}},
	{"a listener in the internet that was internal once", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8", "172.16.0.0/12"}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", says: "nobody from the internet, only private addresses,", fix: "CidrIp=CLIENTS-CIDR", not: "10.0.0.0", mild: true}},
	{"a listener in the internet for members of another group", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", says: "members of groups", fix: "CidrIp=CLIENTS-CIDR", not: "GroupId=", mild: true}},
	{"a listener in the internet for members of another group, as of Global Accelerator, who come", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"a listener in the internet for members of another group, and some addresses of it", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}, CIDRs: []string{"203.0.113.0/24"}}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"an internal listener for members of another group", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"a listener in the internet for private addresses, which come", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8"}
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"a listener in the internet for some addresses of it", func(s *Snapshot) {
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8", "203.0.113.0/24"}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"an internal listener that private addresses reach", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8"}
		s.Metrics, s.Logs = nil, nil
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"an internal listener behind the VPC's default group", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.group("sg-lb").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"an internal listener in a VPC that has grown", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.Network.VPCs[0].CIDRs = []string{"10.0.0.0/16", "100.64.0.0/16"}
		s.group("sg-lb").Ingress = []Permission{}
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=100.64.0.0/16"}},
	{"a listener that only redirects, of a site that closed HTTP", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", mild: true}},
	{"a listener that only redirects, and nobody comes", func(s *Snapshot) {
		s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
		s.Logs, s.Metrics = nil, nil
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
	{"a network ACL of a site that closed HTTP, which its listener only redirects", func(s *Snapshot) {
		s.closedHTTP()
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", mild: true}},
	{"a network ACL before a listener that only redirects, of one zone alone", func(s *Snapshot) {
		s.closedHTTP()
		s.Network.ACLs[1].Subnets = []string{"subnet-edge-a"}
		s.Network.ACLs[0].Subnets = append(s.Network.ACLs[0].Subnets, "subnet-edge-b")
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
	{"a network ACL before a listener that only redirects, and nobody comes", func(s *Snapshot) {
		s.closedHTTP()
		s.Logs, s.Metrics = nil, nil
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
	{"a network ACL before a balancer that only redirects, whose clients it has just shut out", func(s *Snapshot) {
		s.closedHTTP()
		s.Listeners = s.Listeners[:1]
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
	{"a network ACL before a listener that leads to targets", func(s *Snapshot) {
		s.closedHTTP()
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN)}
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
	{"a listener that redirects by default, and whose other rules could not be read", func(s *Snapshot) {
		s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
		s.Missing = append(s.Missing, Missing{What: "rules", Action: describeRules, Why: "access denied"})
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
	{"a listener that only redirects, and is asked in HTTPS", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[1].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[:1]
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
	{"a firewall before the internet gateway", func(s *Snapshot) { s.Network.RouteTables[1].Routes[1].Via = "vpce-0fw" }, told{id: "balancer-subnet-not-public", absent: true}},
	{"answers to clients that are refused beside a port that is kept shut", func(s *Snapshot) {
		s.Network.ACLs[1].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"}
		s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
	}, told{id: "acl-balancer-outbound-blocks-clients", fix: "From=1024,To=3388", not: "3389"}},
	{"answers over UDP", func(s *Snapshot) {
		s.network()
		s.Listeners[0].Protocol, s.Listeners[0].Port, s.web().Protocol = "UDP", 53, "UDP"
		s.Network.ACLs[1].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 1024, To: 65535}
		s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Egress: true, Allow: true, Protocol: "6", CIDR: "10.0.0.0/16"})
	}, told{id: "acl-balancer-outbound-blocks-clients", absent: true}},
	{"a network balancer without a listener", func(s *Snapshot) { s.network(); s.Listeners = []Listener{} }, told{id: "listener-none", fix: "--protocol TCP --port 8080"}},
	{"a balancer without a listener, and a group of another kind", func(s *Snapshot) {
		s.web().Protocol = "TCP"
		s.Idle, s.Groups, s.Listeners = s.Groups, []Group{}, []Listener{}
	}, told{id: "listener-none"}},
	{"a balancer without a listener, and gRPC, which needs a certificate", func(s *Snapshot) {
		s.web().Version = "GRPC"
		s.Idle, s.Groups, s.Listeners = s.Groups, []Group{}, []Listener{}
	}, told{id: "listener-none"}},
	{"a listener for clients by PrivateLink", func(s *Snapshot) {
		s.network()
		s.Balancer.LinkUnfiltered = true
		s.group("sg-lb").Ingress = []Permission{}
	}, told{id: "balancer-sg-blocks-listener", mild: true}},
	{"targets for clients by PrivateLink", func(s *Snapshot) {
		s.network()
		s.Balancer.LinkUnfiltered = true
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true}},
	{"targets for nodes, whose health checks pass, and not for clients", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
	}, told{id: "nlb-client-addresses-blocked", sure: true, fix: "CidrIp=0.0.0.0/0"}},
	{"targets for those alone whom the balancer lets in", func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16", "203.0.113.0/24"}}}
	}, told{id: "nlb-client-addresses-blocked", absent: true}},
	{"targets for some of those whom the balancer lets in", func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
	}, told{id: "nlb-client-addresses-blocked", sure: true, fix: "GroupId=sg-lb"}},
	{"few flows to targets that were blocked for a minute", func(s *Snapshot) {
		s.network()
		s.metric("NewFlowCount", "", "Sum", 60000)
		s.Metrics = append(s.Metrics, Series{Name: "SecurityGroupBlockedFlowCount_Outbound_TCP", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
	}, told{id: "nlb-sg-blocks-flows", mild: true}},
	{"few flows to targets that are blocked, and all of the newest", func(s *Snapshot) {
		s.network()
		s.metric("NewFlowCount", "", "Sum", 60000)
		s.late("SecurityGroupBlockedFlowCount_Outbound_TCP", "", 59, 100)
	}, told{id: "nlb-sg-blocks-flows", sure: true}},
	{"clients of private subnets, who come by Global Accelerator", func(s *Snapshot) {
		s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:1]
		s.metric("NewConnectionCount", "", "Sum", 6000)
	}, told{id: "balancer-subnet-not-public", mild: true, fix: "--gateway-id INTERNET-GATEWAY"}},
	{"private subnets, and no client comes", func(s *Snapshot) {
		s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:1]
		s.Metrics = nil
	}, told{id: "balancer-subnet-not-public", sure: true, fix: "--gateway-id INTERNET-GATEWAY"}},
	{"clients, and one of two subnets is private", func(s *Snapshot) {
		s.Network.RouteTables[1].Subnets = s.Network.RouteTables[1].Subnets[:1]
		s.metric("NewConnectionCount", "", "Sum", 6000)
	}, told{id: "balancer-subnet-not-public", sure: true}},
	{"targets for some subnets of the VPC, whose addresses they see", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "10.0.20.0/24"}}}
	}, told{id: "nlb-client-addresses-blocked", absent: true}},
	{"targets for the subnets of an internal balancer alone, which see others", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true, fix: "CidrIp=10.0.0.0/16"}},
	{"targets for an office, whose addresses they see", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "203.0.113.0/24"}}}
	}, told{id: "nlb-client-addresses-blocked", absent: true}},
	{"targets of a service that is reached by PrivateLink alone", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
		s.group("sg-lb").Ingress = []Permission{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		s.metric("NewFlowCount", "", "Sum", 6000)
	}, told{id: "nlb-client-addresses-blocked", absent: true}},
	{"a listener that clients come to by PrivateLink alone", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
		s.group("sg-lb").Ingress = []Permission{}
		s.metric("NewFlowCount", "", "Sum", 6000)
	}, told{id: "balancer-sg-blocks-listener", absent: true}},
	{"targets for private addresses alone, of a balancer in the internet", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/8"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true, denies: "only some"}},
	{"targets by IPv6 whose group lets everybody in by IPv4 alone", func(s *Snapshot) {
		s.network()
		s.six()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0", "2001:db8::/56"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true, fix: "::/0"}},
	{"a target that lets no client in, beside one that lets in some", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-some", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.20.0/24"}}}})
		s.Network.Interfaces[0].SecurityGroups = []string{"sg-app", "sg-some"}
		s.Network.Instances[0].SecurityGroups = []string{"sg-app", "sg-some"}
	}, told{id: "nlb-client-addresses-blocked", mild: true, fix: "CidrIp=10.0.0.0/16"}},
	{"targets for one address in the internet, and no client comes", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups, s.Metrics = []string{}, nil
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "198.51.100.7/32"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true, says: "lets in only some"}},
	{"targets for an office, of a balancer that lets everybody in", func(s *Snapshot) {
		s.network()
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "203.0.113.0/24"}}}
	}, told{id: "nlb-client-addresses-blocked", mild: true, says: "lets in only some"}},
	{"a listener for PrivateLink, and flows that its groups block", func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
		s.group("sg-lb").Ingress = []Permission{}
		s.metric("NewFlowCount", "", "Sum", 6000)
		s.late("SecurityGroupBlockedFlowCount_Inbound_TCP", "", 57, 5)
	}, told{id: "balancer-sg-blocks-listener", mild: true}},
	{"a route for the clients there are", func(s *Snapshot) { s.Network.RouteTables[1].Routes[1].Destination = "203.0.113.0/24" }, told{id: "balancer-subnet-not-public", absent: true}},
	{"public by IPv6 alone, as it is meant to be", func(s *Snapshot) {
		s.Balancer.AddressType = onlyPublicIPv6
		s.Network.RouteTables[1].Routes = []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "active"}, {"::/0", "igw-1", "active"}}
	}, told{id: "balancer-subnet-not-public", absent: true}},
	{"a table that other subnets have, too", func(s *Snapshot) {
		s.Network.RouteTables[1].Routes[1].Via = "nat-1"
		s.Network.RouteTables[1].Subnets = append(s.Network.RouteTables[1].Subnets, "subnet-app-a")
	}, told{id: "balancer-subnet-not-public"}},
	{"a table of a subnet that targets are in, too", func(s *Snapshot) {
		s.Balancer.Zones = []Zone{{"eu-central-1a", "subnet-edge-a"}, {"eu-central-1b", "subnet-app-b"}}
		s.Network.RouteTables[0].Subnets = []string{"subnet-app-b"}
		s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a", "subnet-edge-b", "subnet-app-a"}
	}, told{id: "balancer-subnet-not-public"}},
	{"both families let in", func(s *Snapshot) { s.dualstack() }, told{id: "ipv6-clients-blocked", absent: true}},
	{"some by IPv4, and nobody by IPv6", func(s *Snapshot) {
		s.dualstack()
		s.group("sg-lb").Ingress[0].CIDRs = []string{"203.0.113.0/24"}
		s.Network.ACLs[1].Entries[0].CIDR, s.Network.ACLs[1].Entries[4].CIDR = "203.0.113.0/24", "2001:db8::/56"
		s.Network.RouteTables[1].Routes[1].Destination, s.Network.RouteTables[1].Routes[2].Destination = "203.0.113.0/24", "2001:db8::/56"
	}, told{id: "ipv6-clients-blocked", absent: true}},
	{"dualstack within a VPC that is not known", func(s *Snapshot) {
		s.dualstackWithin()
		s.Network.VPCs = nil
		s.group("sg-lb").Ingress[0].CIDRs = []string{"0.0.0.0/0"}
	}, told{id: "ipv6-clients-blocked", absent: true}},
	{"dualstack within a VPC, for members of a group", func(s *Snapshot) {
		s.dualstackWithin()
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/16"}, Groups: []string{"sg-clients"}}
	}, told{id: "ipv6-clients-blocked", absent: true}},
	{"dualstack within a VPC, in both families", func(s *Snapshot) { s.dualstackWithin() }, told{id: "ipv6-clients-blocked", absent: true}},
	{"dualstack within a VPC, by IPv4 alone", func(s *Snapshot) {
		s.dualstackWithin()
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/16"}
	}, told{id: "ipv6-clients-blocked", fix: "CidrIpv6=2001:db8::/56", not: "::/0", mild: true}},
	{"an ACL by IPv4 alone within a VPC", func(s *Snapshot) {
		s.dualstackWithin()
		s.Network.ACLs[1].Entries = s.Network.ACLs[1].Entries[:4]
	}, told{id: "ipv6-clients-blocked", fix: "--ipv6-cidr-block 2001:db8::/56", not: "::/0", mild: true}},
	{"some by IPv4, of a name with IPv6 only", func(s *Snapshot) {
		s.dualstack()
		s.Balancer.AddressType = onlyPublicIPv6
		s.group("sg-lb").Ingress[0].CIDRs = []string{"203.0.113.0/24"}
	}, told{id: "ipv6-clients-blocked", sure: true, says: "lets some in"}},
	{"IPv6 by a prefix list that is not known", func(s *Snapshot) {
		s.dualstack()
		s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"0.0.0.0/0"}, PrefixLists: []string{"pl-six"}}
	}, told{id: "ipv6-clients-blocked", absent: true}},
	{"no route by IPv6 in a table that other subnets have, too", func(s *Snapshot) {
		s.dualstack()
		s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:2]
		s.Network.RouteTables[1].Subnets = append(s.Network.RouteTables[1].Subnets, "subnet-app-a")
	}, told{id: "ipv6-clients-blocked"}},
	{"a route of IPv6 for its own VPC, and none to clients", func(s *Snapshot) {
		s.dualstack()
		s.Network.RouteTables[1].Routes[2] = Route{"2001:db8::/56", "local", "active"}
	}, told{id: "ipv6-clients-blocked", fix: "--gateway-id igw-1", not: "replace-route"}},
	{"port scans", func(s *Snapshot) {
		s.network()
		s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 6000)
	}, told{id: "nlb-sg-blocks-flows", absent: true}},
	{"port scans of a balancer for some", func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 600)
		s.metric("NewFlowCount", "", "Sum", 60000)
	}, told{id: "nlb-sg-blocks-flows", absent: true}},
	{"port scans of a balancer whose groups could not be read", func(s *Snapshot) {
		s.network()
		s.Network.SecurityGroups = nil
		s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 6000)
	}, told{id: "nlb-sg-blocks-flows", absent: true}},
	{"a listener for a prefix list", func(s *Snapshot) {
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, PrefixLists: []string{"pl-cloudfront"}}}
	}, told{id: "balancer-sg-blocks-listener", fix: "PrefixListIds=[{PrefixListId=pl-cloudfront}]", not: "0.0.0.0/0"}},
	{"a listener for another group", func(s *Snapshot) {
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, Groups: []string{"sg-edge"}, CIDRs: []string{"203.0.113.0/24"}}}
	}, told{id: "balancer-sg-blocks-listener", fix: "GroupId=sg-edge", not: "0.0.0.0/0"}},
	{"a listener for few, where all may ping", func(s *Snapshot) {
		s.group("sg-lb").Ingress = []Permission{{Protocol: "icmp", From: 3, To: 4, CIDRs: []string{"0.0.0.0/0"}}, {Protocol: "58", CIDRs: []string{"::/0"}}, {Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"203.0.113.0/24"}}}
	}, told{id: "balancer-sg-blocks-listener", fix: "CidrIp=203.0.113.0/24", not: "/0"}},
	{"a listener for nobody knows whom", func(s *Snapshot) { s.group("sg-lb").Ingress = []Permission{} },
		told{id: "balancer-sg-blocks-listener", fix: "CidrIp=CLIENTS-CIDR", not: "0.0.0.0/0"}},
	{"a network ACL before an internal listener", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "--cidr-block 10.0.0.0/16", not: "0.0.0.0/0"}},
	{"a network ACL before an internal listener of a VPC that is not known", func(s *Snapshot) {
		s.Balancer.Scheme, s.Network.VPCs = "internal", nil
		s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
	}, told{id: "acl-balancer-inbound-blocks-listener"}},
	{"a network ACL that keeps answers of an internal balancer", func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 20000, To: 65535})
	}, told{id: "acl-balancer-outbound-blocks-clients", fix: "--cidr-block 10.0.0.0/16", not: "0.0.0.0/0"}},
	{"clients that a network ACL keeps out on purpose", func(s *Snapshot) {
		s.deny("acl-edge", ACLEntry{Protocol: "-1", CIDR: "198.51.100.0/24"})
		s.Network.ACLs[1].Entries[1] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 443}
	}, told{id: "acl-balancer-inbound-blocks-listener", fix: "--rule-number 327", not: "--rule-number 89"}},
	{"answers that a network ACL keeps on purpose", func(s *Snapshot) {
		s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "-1", CIDR: "198.51.100.0/24"})
		s.Network.ACLs[1].Entries[3] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 20000}
	}, told{id: "acl-balancer-outbound-blocks-clients", fix: "--rule-number 32766 --protocol tcp --port-range From=20001,To=65535", not: "From=443"}},
	{"a target for a prefix list", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, PrefixLists: []string{"pl-cloudfront"}, CIDRs: []string{"10.0.0.0/23"}}}
		s.Network.PrefixLists = []PrefixList{{"pl-cloudfront", []string{"130.176.0.0/16"}}}
	}, told{id: "nlb-client-addresses-blocked", absent: true}},
	{"a target that another balancer's group may reach", func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}, {Protocol: "tcp", From: 8443, To: 8443, Groups: []string{"sg-alb"}}}
	}, told{id: "nlb-client-addresses-blocked"}},
	{"a route to an internet gateway that is gone", func(s *Snapshot) {
		s.Network.RouteTables[1].Routes[1].Via, s.Network.RouteTables[1].Routes[1].State = "igw-gone", "blackhole"
	}, told{id: "balancer-subnet-not-public", fix: "delete-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 0.0.0.0/0", not: "igw-gone"}},
}
