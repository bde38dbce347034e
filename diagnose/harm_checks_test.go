package diagnose

// Health checks.
var harmOfChecks = []harmless{
	{"targets some of which leave, and others are unused, none of which gets a request", func(s *Snapshot) {
		s.all("unused", "Target.InvalidState", "")
		s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
	}, told{id: "target-group-fail-open", absent: true}},
	{"TLS that fails on the traffic port, and a health check port without", func(s *Snapshot) {
		s.checkPort("9090")
		s.web().Protocol = "HTTPS"
		for _, x := range []string{first, second} {
			s.failing("Target_Connection_Error", x, 502, 600)
		}
		s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 1200)
	}, told{id: "health-check-port-hides-refusal", absent: true}},
	{"idle connections that end on the traffic port, and a health check port of its own", func(s *Snapshot) {
		s.checkPort("9090")
		for _, x := range []string{first, second} {
			s.failing("Target_Connection_Error", x, 502, 60)
		}
	}, told{id: "health-check-port-hides-refusal", absent: true}},
	{"a classic balancer's check of the port of another listener", func(s *Snapshot) { s.classicTwice() }, told{id: "health-check-port-differs", absent: true}},
	{"a classic balancer's check of the port of another listener, and its protocol", func(s *Snapshot) { s.classicTwice() }, told{id: "health-check-protocol-mismatch", absent: true}},
	{"a port for health checks that takes no address as Host", func(s *Snapshot) {
		s.checkPort("9090")
		s.web().Protocol = "HTTPS"
		s.codes(400)
	}, told{id: "health-check-protocol-mismatch", absent: true}},
	{"a health check port that fails, where the traffic port refuses as well", func(s *Snapshot) {
		s.checkPort("9090")
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		for _, x := range []string{first, second} {
			s.failing("Target_Connection_Error", x, 502, 3000)
		}
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 6000)
	}, told{id: "health-check-port-differs", says: "the traffic port refuses as well"}},
	{"a gRPC server that is down", func(s *Snapshot) {
		s.speakHTTP2("GRPC")
		s.web().Check.Matcher = "0"
		s.all("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [14]")
	}, told{id: "health-check-grpc-matcher"}},
	{"a gRPC server without the method", func(s *Snapshot) {
		s.speakHTTP2("GRPC")
		s.web().Check.Matcher = "0"
		s.all("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [12]")
	}, told{id: "health-check-grpc-matcher", fix: `{"GrpcCode":"0,12"}`}},
	{"an unhealthy target beside one that keeps the connections it has", func(s *Snapshot) {
		s.instances()
		s.network()
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		s.web().Targets[1].State = "unhealthy.draining"
	}, told{id: "target-group-fail-open", says: "No target of web is healthy, and the balancer sends connections to those"}},
	{"timeout and interval of a network balancer", func(s *Snapshot) {
		s.network()
		s.web().Check.Interval, s.web().Check.Timeout = 10, 10
	}, told{id: "health-check-timeout-not-below-interval", absent: true}},
	{"timeout and interval of a gateway balancer", func(s *Snapshot) {
		s.gateway()
		s.web().Check.Interval, s.web().Check.Timeout = 10, 10
	}, told{id: "health-check-timeout-not-below-interval", absent: true}},
	{"a timeout above the interval of a gateway balancer", func(s *Snapshot) {
		s.gateway()
		s.web().Check.Interval, s.web().Check.Timeout = 10, 11
	}, told{id: "health-check-timeout-not-below-interval", fix: "--health-check-timeout-seconds 5"}},
	{"a closed port behind a network balancer", func(s *Snapshot) {
		s.network()
		s.group("sg-app").Ingress = nil
		s.all("unhealthy", "Target.FailedHealthChecks", "")
	}, told{id: "target-health-failed-checks", behind: "target-sg-blocks-traffic-port"}},
	{"health checks of UDP, which have a port of their own", func(s *Snapshot) {
		s.network()
		s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
		s.checkPort("9090")
		s.all("unhealthy", "Target.FailedHealthChecks", "")
	}, told{id: "health-check-port-differs", absent: true}},
	{"health checks of appliances, which have a port of their own", func(s *Snapshot) {
		s.gateway()
		s.all("unhealthy", "Target.FailedHealthChecks", "")
	}, told{id: "health-check-port-differs", absent: true}},
	{"TLS passed through", func(s *Snapshot) {
		s.port(9200)
		s.network()
		s.web().Check.Protocol, s.web().Check.Path, s.web().Check.Matcher = "HTTPS", "/", "200-399"
		s.fail("Target.FailedHealthChecks")
	}, told{id: "health-check-protocol-mismatch", absent: true}},
	{"a health check port that others pass", func(s *Snapshot) {
		s.checkPort("9090")
		s.group("sg-app").Ingress[0].To = 9090
		s.fail("Target.Timeout")
	}, told{id: "health-check-port-differs", absent: true}},
	{"a health check port of a server that is gone", func(s *Snapshot) {
		s.checkPort("9090")
		s.group("sg-app").Ingress[0].To = 9090
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		for _, x := range []string{first, second} {
			s.failing("Target_Connection_Error", x, 502, 600)
		}
	}, told{id: "health-check-port-refused", absent: true}},
	{"a path of which not all is printed", func(s *Snapshot) {
		s.web().Check.Path = "/health?full=true"
		s.codes(404)
	}, told{id: "health-check-path-not-found", fix: "--health-check-path /PATH-OF-NOW", not: "full"}},
	{"a path that others have", func(s *Snapshot) {
		s.fail("Target.ResponseCodeMismatch")
		s.web().Targets[0].Description = "Health checks failed with these codes: [404]"
	}, told{id: "health-check-path-not-found", says: first + " answers the health check of web with 404, and other targets", denies: "ask for a path"}},
	{"two codes that the matcher may be let take", func(s *Snapshot) {
		s.codes(301)
		s.web().Targets[1].Description = "Health checks failed with these codes: [302]"
	}, told{id: "health-check-redirect", fix: `{"HttpCode":"200,301,302"}`}},
	{"a redirect behind a classic balancer", func(s *Snapshot) {
		s.classic()
		s.web().Targets[0].State, s.web().Targets[0].Reason, s.web().Targets[0].Description = "OutOfService", "Instance", "Health checks failed with these codes: [301]"
		s.web().Targets[1] = s.web().Targets[0]
	}, told{id: "health-check-redirect"}},
	{"a target that is started beside those that there are", func(s *Snapshot) { s.unhealthyFor(30, 31) }, told{id: "target-was-unhealthy", absent: true}},
	{"a target that failed, and is well again", func(s *Snapshot) {
		s.unhealthyFor(30, 31)
		for i := range s.Metrics {
			if s.Metrics[i].Name == "HealthyHostCount" {
				s.Metrics[i].Points[31].Value = 1
			}
		}
	}, told{id: "target-was-unhealthy", mild: true, says: "Up to 1 target of web was unhealthy"}},
	{"targets that were unhealthy from the first minute on", func(s *Snapshot) { s.unhealthyFor(0, 1) }, told{id: "target-was-unhealthy", mild: true}},
	{"health checks in another protocol, of a port that refuses", func(s *Snapshot) {
		s.web().Check.Protocol = "HTTPS"
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.probed(ProbeRefused, ProbeRefused)
	}, told{id: "health-check-protocol-mismatch", absent: true}},
	{"health checks in another protocol, of a port where the probe gets an answer in it", func(s *Snapshot) {
		s.web().Protocol = "HTTPS"
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.probed(ProbeAnswered, ProbePlain)
	}, told{id: "health-check-protocol-mismatch", absent: true}},
	{"health checks in plain HTTP of one target in TLS, beside one that takes them", func(s *Snapshot) {
		s.web().Protocol = "HTTPS"
		s.web().Targets[0].State, s.web().Targets[0].Reason, s.web().Targets[0].Description = "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [400]"
		s.probed(ProbeTLS, ProbeConnected)
	}, told{id: "health-check-protocol-mismatch", sure: true, fix: "--health-check-protocol HTTPS"}},
	{"a health check port that refuses, as does the traffic port", func(s *Snapshot) {
		s.checkPort("9090")
		s.Logs.Traffic = nil
		s.all("unhealthy", "Target.FailedHealthChecks", "")
		s.probed(ProbeRefused, ProbeRefused)
	}, told{id: "health-check-port-refused", absent: true}},
	{"a health check port that refuses for one target, and not for another", func(s *Snapshot) {
		s.checkPort("9090")
		s.fail("Target.FailedHealthChecks")
		s.probed(ProbeRefused, ProbeConnected)
	}, told{id: "health-check-port-refused", sure: true}},
	{"a health check port in another protocol than the traffic", func(s *Snapshot) {
		s.checkPort("9090")
		s.web().Check.Protocol = "HTTPS"
		s.all("unhealthy", "Target.FailedHealthChecks", "")
	}, told{id: "health-check-port-refused", sure: true, fix: "--health-check-port traffic-port --health-check-protocol HTTP"}},
	{"health checks that a probe gets an answer to after longer than their interval", func(s *Snapshot) {
		s.web().Check.Timeout, s.web().Check.Interval = 9, 11
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.probed(ProbeAnswered, ProbeConnected)
		s.Probes[0].Millis = 11500
	}, told{id: "health-check-timeout-too-short", sure: true, fix: "--health-check-timeout-seconds 18 --health-check-interval-seconds 23"}},
	{"the group of before, which rules give no weight any more", func(s *Snapshot) { s.without(webARN) }, told{id: "health-check-path-not-found", mild: true, fix: "/PATH"}},
	{"a group without weight, beside another one that works no better", func(s *Snapshot) {
		s.without(webARN)
		s.web().Targets = []Target{}
	}, told{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
	{"a group with weight in another rule", func(s *Snapshot) {
		s.without(webARN)
		s.Listeners[0].Rules = append([]Rule{forwardTo("1", newARN)}, s.Listeners[0].Rules...)
	}, told{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
	{"a target that failed in a minute in which it was well at first", func(s *Snapshot) {
		s.unhealthyFor(31, 32)
		s.healthyOnly(1, 30, 32)
	}, told{id: "target-was-unhealthy", mild: true}},
	{"a group without weight that clients keep to", func(s *Snapshot) {
		s.without(webARN)
		s.Listeners[0].Rules[0].Actions[0].Sticky = true
	}, told{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
	{"fail-open with healthy targets", func(s *Snapshot) {
		s.web().Attributes[attrLeast] = "2"
		s.fail("Target.Timeout")
		s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 60)
	}, told{id: "fail-open-routing", says: "fewer than the group's minimum", denies: "no healthy one"}},
	{"fail-open of a zone", func(s *Snapshot) {
		s.web().Attributes[attrCrossZone] = "false"
		s.fail("Target.Timeout")
		s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 60)
	}, told{id: "fail-open-routing", says: "no healthy one in a zone"}},
	{"public addresses on the traffic port, of which health checks of another port say nothing", func(s *Snapshot) {
		s.checkPort("9090")
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"52.57.1.2/32"}}}
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}, told{id: "target-health-timeout", behind: "target-sg-blocks-health-check-port", aside: "target-sg-public-source"}},
}
