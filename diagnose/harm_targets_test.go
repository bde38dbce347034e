package diagnose

// Targets: who listens, what they speak, and whether they are registered.
var harmOfTargets = []harmless{
	{"targets that could not be read, which may be there", func(s *Snapshot) { s.web().Targets = nil }, told{id: "target-group-empty", absent: true}},
	{"a zone of a dualstack balancer, whose first public subnet has no addresses of IPv6", func(s *Snapshot) {
		s.dualstack()
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		n := &s.Network
		n.Subnets = append(n.Subnets, Subnet{"subnet-wide-b", "vpc-1", "eu-central-1b", []string{"10.0.2.0/24", "2001:db8:0:2::/64"}, 200, "", false})
		n.RouteTables[1].Subnets = append(n.RouteTables[1].Subnets, "subnet-wide-b")
	}, told{id: "target-zone-not-enabled", fix: "--subnets subnet-edge-a subnet-wide-b", not: "subnet-edge-b"}},
	{"a zone of a dualstack balancer, in which no subnet has addresses of IPv6", func(s *Snapshot) {
		s.dualstackWithin()
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
	}, told{id: "target-zone-not-enabled", fix: "SUBNET-IN-EU-CENTRAL-1B", not: "subnet-app-b"}},
	{"a zone of a gateway balancer, which it cannot leave again", func(s *Snapshot) {
		s.gateway()
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
	}, told{id: "target-zone-not-enabled"}},
	{"draining containers, which were given their ports as they started", func(s *Snapshot) {
		s.instances()
		for i := range s.Network.Instances {
			s.Network.Instances[i].State = "running"
			s.web().Targets[i].Port = 32770
		}
		s.web().Port = 80
		s.all("draining", "Target.DeregistrationInProgress", "")
	}, told{id: "target-group-all-draining"}},
	{"a node in a private subnet", func(s *Snapshot) {
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
	}, told{id: "target-zone-not-enabled", fix: "subnet-edge-a subnet-edge-b", not: "subnet-app"}},
	{"an idle timeout below what is silent on purpose", func(s *Snapshot) {
		for _, x := range []string{first, second} {
			s.failing("Target_Closed_Connection", x, 502, 60, func(f *Failure) { f.Quick = 60 })
		}
	}, told{id: "keep-alive-race", denies: "command"}},
	{"an idle timeout above the targets' keep-alive", func(s *Snapshot) {
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
		for _, x := range []string{first, second} {
			s.failing("Target_Closed_Connection", x, 502, 60, func(f *Failure) { f.Quick = 60 })
		}
	}, told{id: "idle-timeout-reached"}},
	{"an idle timeout that is as long as can be", func(s *Snapshot) {
		s.Balancer.Attributes[attrIdle] = "4000"
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
	}, told{id: "idle-timeout-reached"}},
	{"a closed port behind routes that are not known", func(s *Snapshot) {
		s.network()
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.Network.RouteTables = nil
	}, told{id: "target-port-refused", absent: true}},
	{"a closed port behind an outbound rule that is not known", func(s *Snapshot) {
		s.network()
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.group("sg-lb").Egress = []Permission{{Protocol: "-1", PrefixLists: []string{"pl-1"}}}
	}, told{id: "target-port-refused", absent: true}},
	{"a closed port behind an appliance", func(s *Snapshot) {
		s.network()
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/23", "vpce-0fw", "active"})
	}, told{id: "target-port-refused", absent: true}},
	{"a rule for all requests", func(s *Snapshot) {
		s.second([]Target{{ID: "10.0.10.50", Port: 8080, State: "unused", Reason: "Target.NotInUse"}})
		s.Idle, s.Groups, s.Target = s.Groups[1:], s.Groups[:1], "10.0.10.50:8080"
	}, told{id: "target-group-not-in-use", fix: "--priority PRIORITY --conditions Field=path-pattern,Values=PATH", not: "/*"}},
	{"a listener that only redirects, and another one", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.Listeners[1].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
	}, told{id: "target-group-not-in-use", fix: "create-rule --region eu-central-1 --listener-arn arn:listener-443 "}},
	{"a balancer that only redirects, to HTTPS of another host", func(s *Snapshot) {
		s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", "www.example.com", "443", samePath, sameQuery}}}}}
	}, told{id: "target-group-none", absent: true}},
	{"a balancer that only redirects", func(s *Snapshot) {
		s.Idle, s.Groups = s.Groups, []Group{}
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.Logs = nil
	}, told{id: "target-group-not-in-use", absent: true}},
	{"targets of something else", func(s *Snapshot) {
		s.second([]Target{{ID: "10.0.10.50", Port: 9000, State: "unused", Reason: "Target.NotInUse"}})
		s.Idle, s.Groups, s.Logs = s.Groups[1:], s.Groups[:1], nil
		s.web().Targets = []Target{}
	}, told{id: "target-group-empty", fix: "Id=IP-ADDRESS", not: "10.0.10.50"}},
	{"addresses that are still leaving", func(s *Snapshot) {
		s.all("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
	}, told{id: "target-group-all-draining"}},
	{"unhealthy targets that keep the connections they have", func(s *Snapshot) {
		s.instances()
		s.network()
		s.all("unhealthy.draining", "Target.FailedHealthChecks", "Health checks failed")
	}, told{id: "target-group-all-draining", absent: true}},
	{"a port that is open in UDP alone", func(s *Snapshot) {
		s.network()
		s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
		s.group("sg-app").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
		s.all("unhealthy", "Target.FailedHealthChecks", "")
	}, told{id: "target-port-refused", says: "check a port that something listens on in TCP", denies: "start the process"}},
	{"400 on a port like 443 that others pass", func(s *Snapshot) {
		s.port(8443)
		s.fail("Target.ResponseCodeMismatch")
		s.web().Targets[0].Description = "Health checks failed with these codes: [400]"
	}, told{id: "target-expects-tls", absent: true}},
	{"checks that would pass where requests fail", func(s *Snapshot) {
		s.port(8443)
		s.codes(400)
	}, told{id: "target-expects-tls"}},
	{"checks of a port of their own, which speaks TLS", func(s *Snapshot) {
		s.checkPort("9443")
		s.codes(400)
	}, told{id: "target-expects-tls", fix: "--health-check-protocol HTTPS"}},
	{"a port like 443 that others speak HTTP on", func(s *Snapshot) {
		s.port(8443)
		s.fail("Target.FailedHealthChecks")
	}, told{id: "target-expects-tls", absent: true}},
	{"a zone of a gateway balancer without an appliance", func(s *Snapshot) {
		s.gateway()
		s.Balancer.Attributes[attrCrossZone], s.web().Attributes = "false", map[string]string{}
		s.web().Targets = s.web().Targets[:1]
	}, told{id: "cross-zone-off-empty-zone", says: "dropped", denies: "503", fix: "modify-load-balancer-attributes --region eu-central-1 --load-balancer-arn", not: "modify-target-group-attributes"}},
	{"a target for all zones", func(s *Snapshot) {
		s.peered("tgw-1")
		s.Network.Interfaces[2].Zone, s.Network.Subnets[4].Zone = "eu-central-1c", "eu-central-1c"
	}, told{id: "target-zone-not-enabled", absent: true}},
	{"a process that ends too soon", func(s *Snapshot) {
		s.failing("Target_Closed_Connection", "10.0.10.77:8080", 502, 60, func(f *Failure) { f.First, f.Last = s.minute(33), s.minute(34) })
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: "10.0.10.77:8080", Requests: 500, Slowest: 0.3, Last: s.minute(35)})
	}, told{id: "deregistration-delay-too-short"}},
	{"a target that failed for longer than it may take to leave, and is gone", func(s *Snapshot) {
		s.failing("Target_Closed_Connection", "10.0.10.77:8080", 502, 60, func(f *Failure) { f.First, f.Last = s.minute(5), s.minute(34) })
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: "10.0.10.77:8080", Requests: 500, Slowest: 0.3, Last: s.minute(35)})
	}, told{id: "deregistration-delay-too-short", absent: true}},
	{"a gateway balancer without a listener", func(s *Snapshot) { s.gateway(); s.Listeners = []Listener{} },
		told{id: "listener-none", fix: "create-listener", not: "--port"}},
	{"a target by IPv6 that is registered", func(s *Snapshot) {
		s.web().Targets[0].ID, s.Target = "2001:db8::1", "[2001:db8::1]:8080"
	}, told{id: "target-not-registered", absent: true}},
	{"a target by IPv6 as logs write it", func(s *Snapshot) {
		s.web().Targets[0].ID, s.Target = "2001:db8::1", "2001:db8::1:8080"
	}, told{id: "target-not-registered", absent: true}},
	{"a target by IPv6 that may be another one", func(s *Snapshot) { s.Target = "2001:db8::1:8080" }, told{id: "target-not-registered"}},
	{"a target by IPv6", func(s *Snapshot) { s.web().AddressType, s.Target = "ipv6", "[2001:db8::1]:8080" }, told{id: "target-not-registered", fix: "Id=2001:db8::1,Port=8080"}},
	{"a target by IPv6, and a group that takes IPv4", func(s *Snapshot) { s.Target = "[2001:db8::1]:8080" }, told{id: "target-not-registered", says: "that the group takes"}},
	{"a target by IPv4, and a group that takes IPv6", func(s *Snapshot) { s.web().AddressType, s.Target = "ipv6", "10.0.10.99:8080" }, told{id: "target-not-registered", says: "that the group takes"}},
	{"a target by an address of the internet", func(s *Snapshot) { s.Target = "203.0.113.9:8080" }, told{id: "target-not-registered", says: "that it is registered by"}},
	{"a target by an address of a carrier", func(s *Snapshot) { s.Target = "100.64.7.9:8080" }, told{id: "target-not-registered", fix: "Id=100.64.7.9,Port=8080,AvailabilityZone=all"}},
	{"an instance that is not behind a classic balancer", func(s *Snapshot) { s.classic(); s.Target = "i-99:8080" },
		told{id: "target-not-registered", fix: "elb register-instances-with-load-balancer --region eu-central-1 --load-balancer-name shop --instances i-99", not: "elbv2"}},
	{"a target in another network", func(s *Snapshot) { s.Target = "192.168.7.9:8080" }, told{id: "target-not-registered", fix: "Id=192.168.7.9,Port=8080,AvailabilityZone=all"}},
	{"a target in the VPC", func(s *Snapshot) { s.Target = "10.0.10.99:8080" }, told{id: "target-not-registered", fix: "Id=10.0.10.99,Port=8080", not: "AvailabilityZone"}},
	{"another port of a target", func(s *Snapshot) { s.Target = "10.0.10.11:9999" }, told{id: "target-not-registered", says: "ask about 10.0.10.11:8080, which is registered"}},
	{"another port of an instance", func(s *Snapshot) { s.instances(); s.Target = "i-1:9999" }, told{id: "target-not-registered", says: "ask about 10.0.10.11:8080, which is registered"}},
	{"an address, and a group of instances", func(s *Snapshot) { s.instances(); s.Target = "10.0.10.99:8080" }, told{id: "target-not-registered"}},
	{"an instance, and a group of addresses", func(s *Snapshot) { s.Target = "i-99" }, told{id: "target-not-registered"}},
	{"a zone without a target of one of two groups with weights", func(s *Snapshot) {
		s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
	}, told{id: "cross-zone-off-empty-zone", sure: true, says: "requests for it that enter there", fix: "Value=true"}},
	{"a zone to be enabled, in which another group that is not sent to across zones has no target", func(s *Snapshot) {
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
	}, told{id: "target-zone-not-enabled", sure: true}},
	{"a network balancer whose zones each have no target of one of two groups", func(s *Snapshot) {
		s.network()
		s.Balancer.Attributes[attrCrossZone] = "false"
		s.second(s.web().Targets[1:])
		s.web().Targets = s.web().Targets[:1]
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
	}, told{id: "cross-zone-off-empty-zone", sure: true, says: "connections for it that enter there find none", denies: "DNS", fix: "Value=true"}},
	{"TLS on a health check port of its own, beside a traffic port that answers", func(s *Snapshot) {
		s.checkPort("9090")
		s.codes(400)
		s.probed(ProbeTLS, ProbeConnected)
	}, told{id: "target-expects-tls", absent: true}},
	{"plain HTTP on a health check port of its own, beside a traffic port in TLS", func(s *Snapshot) {
		s.checkPort("9090")
		s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.probed(ProbePlain, ProbeConnected)
	}, told{id: "target-speaks-plain-http", absent: true}},
	{"a port where TLS is usual, in plain HTTP, that refuses", func(s *Snapshot) {
		s.port(8443)
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.probed(ProbeRefused, ProbeRefused)
	}, told{id: "target-expects-tls", absent: true}},
	{"instances that leave as they are ended", func(s *Snapshot) {
		s.instances()
		s.all("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
		s.Network.Instances[0].State, s.Network.Instances[1].State = "shutting-down", "running"
	}, told{id: "target-group-all-draining", fix: "Id=i-2,Port=8080", not: "i-1"}},
	{"few requests that target optimizer rejected for a minute", func(s *Snapshot) {
		s.optimized(2)
		s.Metrics = append(s.Metrics, Series{Name: rejectedCount, Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
	}, told{id: "target-optimizer-rejects", mild: true}},
	{"a subnet that is public by IPv6 alone", func(s *Snapshot) {
		s.Balancer.Zones = s.Balancer.Zones[:1]
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-six", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"},
			Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "active"}, {"::/0", "igw-1", "active"}}})
		s.Network.RouteTables[1].Subnets = s.Network.RouteTables[1].Subnets[:1]
	}, told{id: "target-zone-not-enabled", fix: "PUBLIC-SUBNET", not: "subnet-edge-b"}},
	{"TLS that fails just now, of more that did not", func(s *Snapshot) {
		s.web().Protocol = "HTTPS"
		s.late("TargetTLSNegotiationErrorCount", webARN, 59, 20)
	}, told{id: "target-tls-negotiation-fails", denies: "now and then", sure: true}},
	{"TLS errors of one group of two", func(s *Snapshot) {
		s.network()
		s.web().Protocol = "TLS"
		s.second(s.web().Targets)
		s.metric("TargetTLSNegotiationErrorCount", "", "Sum", 600)
	}, told{id: "target-tls-negotiation-fails", says: "one or more of web, new", groupless: true}},
	{"a group like one that is checked in TLS", func(s *Snapshot) {
		s.checkPort("9443")
		s.web().Protocol, s.web().Version, s.web().AddressType = "HTTPS", "HTTP2", "ipv6"
		s.web().Check.Protocol, s.web().Check.Matcher = "HTTPS", "200-299"
	}, told{id: "protocol-version-mismatch", fix: `--matcher '{"HttpCode":"200-299"}' --health-check-protocol HTTPS --health-check-port 9443 --ip-address-type ipv6`}},
}
