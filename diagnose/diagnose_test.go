package diagnose

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/report"
)

// fault is a change to the healthy set-up, and the finding that must come first.
type fault struct {
	want   string
	name   string // where one finding has several faults
	also   []string
	change func(*Snapshot)
}

var faults = []fault{
	{want: "balancer-not-active", change: func(s *Snapshot) { s.Balancer.State = "failed" }},
	{want: "balancer-subnet-not-public", change: func(s *Snapshot) { s.Network.RouteTables[1].Routes[1].Via = "nat-1" }},
	{want: "balancer-subnet-not-public", name: "by IPv6 alone", change: func(s *Snapshot) {
		s.Network.RouteTables[1].Routes[1].Via = "nat-1"
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"::/0", "igw-1", "active"})
	}},
	{want: "balancer-subnet-not-public", name: "by an egress-only gateway", change: func(s *Snapshot) {
		s.Balancer.AddressType = onlyPublicIPv6
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"::/0", "eigw-1", "active"})
	}},
	{want: "balancer-no-way-back", change: func(s *Snapshot) {
		s.Balancer.Scheme = "internal"
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.9.0.0/16"}
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.9.0.0/16", "pcx-gone", "blackhole"})
	}},
	{want: "waf-blocks-clients", change: func(s *Snapshot) {
		blocked := WAFRoute{Route: "/api", Blocked: 300, Served: 900, Addresses: 90, Known: 90, First: s.minute(30), Last: s.minute(59)}
		for i := range 30 {
			blocked.Minutes = append(blocked.Minutes, WAFMinute{s.minute(i), 0, 20}, WAFMinute{s.minute(30 + i), 10, 10})
		}
		s.Logs.WAFRoutes = []WAFRoute{blocked}
	}},
	{want: "traffic-surge", change: func(s *Snapshot) {
		s.failing("Target_5XX", first, 503, 900, func(f *Failure) { f.TargetStatus, f.First = 503, s.minute(40) })
		for i := range s.Logs.Minutes {
			m := &s.Logs.Minutes[i]
			if m.Reasons = nil; !m.Minute.Before(s.minute(40)) {
				m.Requests, m.Reasons = 10*m.Requests, map[string]int64{"Target_5XX": 45}
			}
		}
		s.Logs.Surges = []Surge{{Group: webARN, Known: true, Times: []SurgeTime{{Since: s.minute(40), First: s.minute(40), Last: s.minute(59), Usual: 100, Minutes: 20, Requests: 20000, Failed: 900}}}}
	}},
	{want: "target-group-slower", change: func(s *Snapshot) {
		s.Logs.Slower = []Slower{{Group: webARN, Since: s.minute(30), Until: s.minute(59), Goes: true, Halves: true, Limit: 0.4, Before: Pace{0.1, 0.3, 3000, 10, 30}, Then: Pace{2, 5, 3000, 2900, 30}, Known: true}}
	}},
	{want: "clients-shut-out", change: func(s *Snapshot) {
		s.group("sg-lb").Ingress[0].CIDRs = []string{"198.51.100.0/24"}
		s.Logs.ShutOut = []ShutOut{{Requests: 500, Addresses: 1, First: s.From, Last: s.minute(30), Clients: []string{"203.0.113.7"}}}
	}},
	{want: "ipv6-clients-blocked", name: "security group", change: func(s *Snapshot) {
		s.dualstack()
		s.group("sg-lb").Ingress[0].CIDRs = []string{"0.0.0.0/0"}
	}},
	{want: "ipv6-clients-blocked", name: "network ACL", change: func(s *Snapshot) {
		s.dualstack()
		s.Network.ACLs[1].Entries = s.Network.ACLs[1].Entries[:4]
	}},
	{want: "ipv6-clients-blocked", name: "no route", change: func(s *Snapshot) {
		s.dualstack()
		s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:2]
	}},
	{want: "ipv6-clients-blocked", name: "egress-only gateway", change: func(s *Snapshot) {
		s.dualstack()
		s.Network.RouteTables[1].Routes[2].Via = "eigw-1"
	}},
	{want: "ipv6-clients-blocked", name: "security group of a name with IPv6 only", change: func(s *Snapshot) {
		s.dualstack()
		s.Balancer.AddressType = onlyPublicIPv6
		s.group("sg-lb").Ingress[0].CIDRs = []string{"0.0.0.0/0"}
	}},
	{want: "ipv6-clients-blocked", name: "security group within a VPC", change: func(s *Snapshot) {
		s.dualstackWithin()
		s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8"}
	}},
	{want: "ipv6-clients-blocked", name: "network ACL within a VPC", change: func(s *Snapshot) {
		s.dualstackWithin()
		s.Network.ACLs[1].Entries = s.Network.ACLs[1].Entries[:4]
	}},
	{want: "vpc-blocks-public-access", change: func(s *Snapshot) {
		for i := range s.Network.Subnets {
			s.Network.Subnets[i].PublicAccess = "block-ingress"
		}
		s.Metrics, s.Logs = []Series{}, nil
	}},
	{want: "balancer-subnet-short-of-addresses", change: func(s *Snapshot) { s.Network.Subnets[2].Free = 3 }},
	{want: "balancer-sg-blocks-listener", change: func(s *Snapshot) { s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:] }},
	{want: "acl-target-inbound-blocks-traffic-port", name: "clients by IPv6", also: []string{"acl-target-outbound-blocks-ephemeral"}, change: func(s *Snapshot) {
		s.network()
		s.six()
		own := "2001:db8::/56"
		s.Network.ACLs[0].Entries = append(s.Network.ACLs[0].Entries, ACLEntry{Number: 101, Allow: true, Protocol: "-1", CIDR: own}, ACLEntry{Number: 101, Egress: true, Allow: true, Protocol: "-1", CIDR: own})
	}},
	{want: "acl-balancer-inbound-blocks-listener", change: func(s *Snapshot) {
		s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
	}},
	{want: "acl-balancer-outbound-blocks-clients", change: func(s *Snapshot) {
		s.Network.ACLs[1].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "10.0.0.0/16", From: 8080, To: 8080}
		s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Egress: true, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 1024, To: 2000})
	}},
	{want: "listener-none", change: func(s *Snapshot) { s.Listeners = []Listener{} }},
	{want: "listener-certificate-expired", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
	}},
	{want: "listener-certificate-expired", name: "beside a few failures that the logs have", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		s.failing("Target_Closed_Connection", first, 502, 3)
	}},
	{want: "target-closes-connection", name: "beside an expired certificate", also: []string{"listener-certificate-expired"}, change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		s.failing("Target_Closed_Connection", first, 502, 600)
	}},
	{want: "rejected-connections", name: "beside a few failures that the logs have", change: func(s *Snapshot) {
		s.metric("RejectedConnectionCount", "", "Sum", 6000)
		s.failing("Target_Closed_Connection", first, 502, 3)
	}},
	{want: "target-closes-connection", name: "beside fewer connections that were rejected", also: []string{"rejected-connections"}, change: func(s *Snapshot) {
		s.metric("RejectedConnectionCount", "", "Sum", 3)
		s.failing("Target_Closed_Connection", first, 502, 20)
	}},
	{want: "listener-certificate-expired", name: "of ECDSA, which clients get before a valid one of RSA", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, "EC_prime256v1"})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, "RSA_2048"})
		s.Listeners[1].Certificates = []string{"arn:new", certARN, "arn:new"}
		s.failing("Target_Closed_Connection", first, 502, 3)
	}},
	{want: "listener-certificate-expires-soon", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(50 * time.Hour), []string{"shop.example.com"}, ""})
	}},
	{want: "listener-certificate-not-issued", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "REVOKED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	}},
	{want: "listener-certificate-expired", name: "of a host that a rule asks for", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"www.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "EXPIRED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
		s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
	}},
	{want: "listener-certificate-does-not-cover-host", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"*.example.com"}, ""})
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com", "a.b.example.com"}}}
		s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
	}},
	{want: "grpc-needs-https-listener", change: func(s *Snapshot) { s.web().Version = "GRPC" }},
	{want: "protocol-version-mismatch", name: "seen", change: func(s *Snapshot) {
		s.failing("Protocol_Mismatch", "", 464, 120, func(f *Failure) { f.Class = "client" })
	}},
	{want: "protocol-version-mismatch", name: "configured", change: func(s *Snapshot) { s.web().Version = "HTTP2" }},
	{want: "rule-never-matches", change: func(s *Snapshot) {
		wide, narrow := forwardTo("1", webARN), forwardTo("2", webARN)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api*"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/v?/*"}}, {Field: "host-header", Values: []string{"a.example.com"}}}
		s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
	}},
	{want: "rule-never-matches", name: "all paths before a host", change: func(s *Snapshot) {
		all, host := forwardTo("1", webARN), forwardTo("2", webARN)
		all.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		host.Conditions = []Condition{{Field: "host-header", Values: []string{"a.example.com"}}}
		s.Listeners[0].Rules = append([]Rule{all, host}, s.Listeners[0].Rules...)
	}},
	{want: "redirect-without-listener", name: "beside a listener for tests", change: func(s *Snapshot) {
		tests := s.Listeners[0]
		tests.ARN, tests.Port = "arn:listener-8443", 8443
		s.Listeners = append(s.Listeners, tests)
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 8443, CIDRs: []string{"0.0.0.0/0"}}}
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
	}},
	{want: "rule-weights-all-zero", change: func(s *Snapshot) { s.Listeners[0].Rules[0].Actions[0].Weights[0].Weight = 0 }},
	{want: "rule-weight-to-broken-group", change: func(s *Snapshot) {
		s.second(nil)
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
	}},
	{want: "rule-fixed-response-error", change: func(s *Snapshot) {
		r := Rule{ARN: "arn:rule-1", Priority: "1", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}, Actions: []Action{{Type: "fixed-response", Status: "503"}}}
		s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
		s.failing("Fixed_Response", "", 503, 60, func(f *Failure) { f.Group, f.Class = "", "policy" })
	}},
	{want: "login-provider-fails", change: func(s *Snapshot) { s.failing("AuthTokenEpRequestFailed", "", 500, 60, ofPolicy) }},
	{want: "login-refused", change: func(s *Snapshot) { s.failing("AuthInvalidStateParam", "", 401, 600, ofPolicy) }},
	{want: "waf-errors", change: func(s *Snapshot) { s.failing("WAF_Error", "", 500, 60, ofPolicy) }},
	{want: "target-group-none", change: func(s *Snapshot) {
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "forward"}}}}
		s.Groups = []Group{}
	}},
	{want: "target-group-empty", change: func(s *Snapshot) {
		s.web().Targets = []Target{}
		s.failing("No_Usable_Target", "", 503, 6000)
	}},
	{want: "target-group-not-in-use", change: func(s *Snapshot) {
		s.Idle = s.Groups
		s.Groups, s.Listeners[0].Rules = []Group{}, []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
	}},
	{want: "target-invalid-state", also: []string{"target-group-all-unused"}, change: func(s *Snapshot) {
		s.instances()
		s.all("unused", "Target.InvalidState", "Target is in the stopped state")
		s.failing("No_Usable_Target", "", 503, 6000)
	}},
	{want: "target-group-all-draining", change: func(s *Snapshot) {
		s.all("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
		s.failing("No_Usable_Target", "", 503, 60)
	}},
	{want: "cross-zone-off-empty-zone", change: func(s *Snapshot) {
		s.web().Attributes[attrCrossZone] = "false"
		s.web().Targets = s.web().Targets[:1]
		s.failing("No_Usable_Target", "", 503, 3000)
	}},
	{want: "zonal-shift-active", change: func(s *Snapshot) { s.web().Targets[1].Override = shifted }},
	{want: "zonal-shift-active", name: "of the only zone with targets", change: func(s *Snapshot) {
		s.web().Targets = s.web().Targets[:1]
		s.web().Targets[0].Override = shifted
		s.failing("No_Usable_Target", "", 503, 3000)
	}},
	{want: "target-zone-not-enabled", change: func(s *Snapshot) {
		s.Balancer.Zones = s.Balancer.Zones[:1]
		t := &s.web().Targets[1]
		t.State, t.Reason = "unused", "Target.NotInUse"
	}},
	{want: "target-other-vpc", name: "instance", change: func(s *Snapshot) {
		s.instances()
		for i := range s.Network.Instances {
			s.Network.Instances[i].VPC = "vpc-2"
		}
		s.all("unused", "Target.NotInUse", "")
	}},
	{want: "target-other-vpc", name: "address", change: func(s *Snapshot) {
		s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
	}},
	{want: "target-address-gone", also: []string{"target-health-timeout", "target-connect-timeout"}, change: func(s *Snapshot) {
		s.unreachable()
		s.web().Targets[1].State = "healthy"
		s.Logs.Failures = s.Logs.Failures[:1]
		s.Network.Interfaces = s.Network.Interfaces[1:]
	}},
	{want: "target-not-registered", change: func(s *Snapshot) { s.Target = "10.0.10.99:8080" }},
	{want: "target-ip-unusable", change: func(s *Snapshot) { s.all("unused", "Target.IpUnusable", "") }},
	{want: "target-health-internal-error", change: func(s *Snapshot) { s.all("unhealthy", "Elb.InternalError", "") }},
	{want: "target-health-timeout", also: []string{"target-group-fail-open"}, change: func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "Request timed out") }},
	{want: "target-health-timeout", name: "beside one that leaves", also: []string{"target-group-fail-open"}, change: func(s *Snapshot) {
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
	}},
	{want: "target-health-failed-checks", also: []string{"target-group-fail-open"}, change: func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }},
	{want: "target-health-code-mismatch", change: func(s *Snapshot) { s.all("unhealthy", "Target.ResponseCodeMismatch", "") }},
	{want: "target-health-flapping", change: func(s *Snapshot) {
		s.Logs.Health = []LogCheck{{Group: "web", Target: first, Pass: true, Code: 200, Flaps: 9}, {Group: "web", Target: first, Reason: "TargetError", Code: 500, Flaps: 9}}
	}},
	{want: "target-was-unhealthy", change: func(s *Snapshot) { s.metric("UnHealthyHostCount", webARN, "Minimum", 60) }},
	{want: "target-port-refused", name: "metrics", also: []string{"target-health-failed-checks"}, change: func(s *Snapshot) {
		t := &s.web().Targets[0]
		t.State, t.Reason = "unhealthy", "Target.FailedHealthChecks"
		s.failing("Target_Connection_Error", first, 502, 600)
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
	}},
	{want: "target-port-refused", name: "probe", change: func(s *Snapshot) {
		s.Probes = []Probe{{Group: webARN, Target: first, Address: first, Outcome: ProbeRefused}}
	}},
	{want: "target-port-refused", name: "no metrics, one of many", change: func(s *Snapshot) {
		s.Metrics = nil
		s.failing("Target_Connection_Error", first, 502, 600)
	}},
	{want: "target-closes-connection", change: func(s *Snapshot) {
		s.failing("Target_Closed_Connection", first, 502, 600)
	}},
	{want: "target-speaks-http1", also: []string{"target-health-failed-checks", "target-group-fail-open"}, change: func(s *Snapshot) {
		s.speakHTTP2("HTTP2")
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		s.failing("Target_Closed_Connection", first, 502, 3000)
		s.failing("Target_Closed_Connection", second, 502, 3000)
	}},
	{want: "target-answers-5xx", change: func(s *Snapshot) {
		s.failing("Target_5XX", first, 500, 600, func(f *Failure) { f.TargetStatus = 500 })
	}},
	{want: "lambda-access-denied", change: func(s *Snapshot) {
		s.web().Type, s.web().Targets = "lambda", []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}}
		s.failing("LambdaAccessDenied", "", 502, 600, func(f *Failure) { f.Class, f.Source = "lambda", "logged" })
	}},
	{want: "lambda-errors", change: func(s *Snapshot) {
		s.web().Type, s.web().Targets = "lambda", []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "healthy"}}
		s.failing("LambdaUnhandled", "", 502, 600, func(f *Failure) { f.Class, f.Source = "lambda", "logged" })
	}},
	{want: "classic-instance-out-of-service", change: func(s *Snapshot) {
		s.classic()
		s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
	}},
	{want: "health-check-port-refused", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	}},
	{want: "health-check-port-differs", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.Logs = nil
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	}},
	{want: "health-check-port-hides-refusal", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.failing("Target_Connection_Error", first, 502, 600)
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
	}},
	{want: "health-check-protocol-mismatch", change: func(s *Snapshot) {
		s.web().Check.Protocol = "HTTPS"
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	}},
	{want: "health-check-path-not-found", also: []string{"target-group-fail-open"}, change: func(s *Snapshot) { s.codes(404) }},
	{want: "health-check-redirect", change: func(s *Snapshot) { s.codes(301) }},
	{want: "health-check-unauthorized", change: func(s *Snapshot) { s.codes(401) }},
	{want: "health-check-server-error", change: func(s *Snapshot) { s.codes(500) }},
	{want: "health-check-matcher", change: func(s *Snapshot) { s.codes(204) }},
	{want: "health-check-grpc-matcher", change: func(s *Snapshot) {
		s.speakHTTP2("GRPC")
		s.web().Check.Matcher = "0"
		s.codes(12)
	}},
	{want: "health-check-timeout-not-below-interval", change: func(s *Snapshot) { s.web().Check.Timeout = 30 }},
	{want: "health-check-timeout-too-short", change: func(s *Snapshot) {
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.Logs.Health = []LogCheck{
			{"web", first, true, "", 200, 2, 4.8, 1, time.Time{}, time.Time{}}, {"web", first, false, "TimedOut", -1, 90, 5, 1, time.Time{}, time.Time{}},
			{"web", second, true, "", 200, 2, 4.9, 1, time.Time{}, time.Time{}}, {"web", second, false, "TimedOut", -1, 90, 5, 1, time.Time{}, time.Time{}},
		}
	}},
	{want: "balancer-sg-blocks-traffic-port", also: []string{"target-health-timeout"}, change: func(s *Snapshot) {
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"0.0.0.0/0"}}}
		s.unreachable()
	}},
	{want: "balancer-sg-blocks-health-check-port", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.group("sg-app").Ingress[0].To = 9090
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}},
	{want: "target-sg-blocks-traffic-port", name: "nothing open", also: []string{"target-health-timeout", "target-group-fail-open", "target-connect-timeout"}, change: func(s *Snapshot) {
		s.group("sg-app").Ingress = nil
		s.unreachable()
	}},
	{want: "target-sg-blocks-traffic-port", name: "another group", change: func(s *Snapshot) {
		s.group("sg-app").Ingress[0].Groups = []string{"sg-old"}
		s.unreachable()
	}},
	{want: "target-sg-blocks-traffic-port", name: "self reference", change: func(s *Snapshot) {
		s.group("sg-app").Ingress[0].Groups = []string{"sg-app"}
		s.unreachable()
	}},
	{want: "target-sg-blocks-traffic-port", name: "IPv6 only", change: func(s *Snapshot) {
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"::/0"}}}
		s.unreachable()
	}},
	{want: "target-sg-blocks-traffic-port", name: "one subnet of two", change: func(s *Snapshot) {
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/24"}}}
		s.unreachable()
	}},
	{want: "target-sg-blocks-traffic-port", name: "prefix list of other addresses", change: func(s *Snapshot) {
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, PrefixLists: []string{"pl-1"}}}
		s.Network.PrefixLists = []PrefixList{{"pl-1", []string{"10.7.0.0/16"}}}
		s.unreachable()
	}},
	{want: "target-sg-blocks-health-check-port", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}},
	{want: "target-sg-public-source", change: func(s *Snapshot) {
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"52.57.1.2/32", "18.184.3.4/32"}}}
		s.unreachable()
	}},
	{want: "nlb-client-addresses-blocked", change: func(s *Snapshot) {
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
	}},
	{want: "nlb-client-addresses-lost", change: func(s *Snapshot) {
		s.network()
		s.throughAppliance()
		s.web().Attributes[attrClientIP] = "true"
	}},
	{want: "target-sg-blocks-traffic-port", name: "TCP alone of TCP_UDP", change: func(s *Snapshot) {
		s.tcpAndUDP()
		s.group("sg-app").Ingress = s.group("sg-app").Ingress[:1]
	}},
	{want: "balancer-sg-blocks-traffic-port", name: "TCP alone of TCP_UDP", change: func(s *Snapshot) {
		s.tcpAndUDP()
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
	}},
	{want: "balancer-sg-blocks-listener", name: "TCP alone of TCP_UDP", change: func(s *Snapshot) {
		s.tcpAndUDP()
		s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[:2]
	}},
	{want: "acl-target-inbound-blocks-traffic-port", name: "UDP alone of TCP_UDP", change: func(s *Snapshot) {
		s.tcpAndUDP()
		s.deny("acl-app", ACLEntry{Protocol: "17", CIDR: "10.0.0.0/23", From: 8080, To: 8080})
	}},
	{want: "acl-balancer-inbound-blocks-listener", name: "UDP alone of TCP_UDP", change: func(s *Snapshot) {
		s.tcpAndUDP()
		s.deny("acl-edge", ACLEntry{Protocol: "17", CIDR: "0.0.0.0/0", From: 80, To: 80})
	}},
	{want: "acl-balancer-outbound-blocks-target-port", change: func(s *Snapshot) {
		s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "10.0.0.0/16", From: 8000, To: 8999})
		s.unreachable()
	}},
	{want: "acl-balancer-inbound-blocks-ephemeral", change: func(s *Snapshot) {
		s.Network.ACLs[1].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 443}
		s.unreachable()
	}},
	{want: "acl-target-inbound-blocks-traffic-port", change: func(s *Snapshot) {
		s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 8080, To: 8080})
		s.unreachable()
	}},
	{want: "acl-target-inbound-blocks-health-check-port", change: func(s *Snapshot) {
		s.checkPort("9090")
		s.group("sg-app").Ingress[0].To = 9090
		s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 9090, To: 9090})
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}},
	{want: "acl-target-outbound-blocks-ephemeral", change: func(s *Snapshot) {
		s.Network.ACLs[0].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 32768, To: 65535}
		s.unreachable()
	}},
	{want: "route-balancer-to-target", change: func(s *Snapshot) {
		s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/23", "eni-gone", "blackhole"})
		s.unreachable()
	}},
	{want: "route-target-to-balancer", change: func(s *Snapshot) {
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", "pcx-gone", "blackhole"})
		s.unreachable()
	}},
	{want: "target-connect-timeout", change: func(s *Snapshot) {
		s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
	}},
	{want: "nlb-sg-blocks-flows", change: func(s *Snapshot) {
		s.network()
		s.metric("SecurityGroupBlockedFlowCount_Outbound_TCP", "", "Sum", 600)
	}},
	{want: "nlb-sg-blocks-flows", name: "clients", change: func(s *Snapshot) {
		s.network()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 600)
		s.metric("NewFlowCount", "", "Sum", 60)
	}},
	{want: "nlb-port-allocation-errors", change: func(s *Snapshot) {
		s.network()
		s.metric("PortAllocationErrorCount", "", "Sum", 600)
	}},
	{want: "nlb-resets-connections", change: func(s *Snapshot) {
		s.network()
		s.metric("TCP_ELB_Reset_Count", "", "Sum", 600)
		s.metric("NewFlowCount", "", "Sum", 900)
	}},
	{want: "nlb-targets-reset-connections", change: func(s *Snapshot) {
		s.network()
		s.metric("TCP_Target_Reset_Count", "", "Sum", 600)
		s.metric("NewFlowCount", "", "Sum", 900)
	}},
	{want: "nlb-target-calls-itself", change: func(s *Snapshot) {
		s.network()
		s.Balancer.Scheme = "internal"
	}},
	{want: "target-tls-negotiation-fails", name: "refused at once", change: func(s *Snapshot) {
		s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
		s.failing("Target_Connection_Error", first, 502, 600)
		s.failing("Target_Connection_Error", second, 502, 600)
		s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 1200)
	}},
	{want: "target-tls-negotiation-fails", name: "handshake hangs", also: []string{"target-connect-timeout"}, change: func(s *Snapshot) {
		s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
		s.failing("Target_Connect_Timeout", first, 504, 600)
		s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 600)
	}},
	{want: "target-speaks-plain-http", change: func(s *Snapshot) {
		s.web().Protocol = "HTTPS"
		s.Probes = []Probe{{Group: webARN, Target: first, Address: first, Outcome: ProbePlain}}
	}},
	{want: "target-expects-tls", name: "probe", change: func(s *Snapshot) {
		s.Probes = []Probe{{Group: webARN, Target: first, Check: true, Address: first, Outcome: ProbeTLS}}
	}},
	{want: "target-expects-tls", name: "400 on a TLS port", change: func(s *Snapshot) {
		s.port(8443)
		s.codes(400)
	}},
	{want: "keep-alive-race", name: "answer cut off", change: func(s *Snapshot) {
		quick := func(f *Failure) { f.Quick = f.Count }
		s.failing("Target_Closed_Connection", first, 502, 60, quick)
		s.failing("Target_Closed_Connection", second, 502, 60, quick)
	}},
	{want: "keep-alive-race", name: "before anything was sent", change: func(s *Snapshot) {
		s.failing("Target_Connection_Error", first, 502, 60)
		s.failing("Target_Connection_Error", second, 502, 60)
	}},
	{want: "idle-timeout-reached", change: func(s *Snapshot) {
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
	}},
	{want: "deregistration-delay-too-short", change: func(s *Snapshot) {
		s.web().Attributes[attrDelay] = "5"
		s.Logs.Traffic[0].Slowest = 20
		s.failing("Target_Closed_Connection", "10.0.10.99:8080", 502, 60)
	}},
	{want: "clients-gave-up", change: func(s *Snapshot) {
		s.failing("Client_Closed", first, 460, 300, func(f *Failure) { f.Class = "client" })
	}},
	{want: "host-without-rule", change: func(s *Snapshot) {
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
		s.Listeners[0].Rules = []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		s.failing("Fixed_Response", "", 404, 900, ofPolicy, func(f *Failure) { f.Rule, f.Listener = "0", "HTTPS" })
		s.Logs.StrayHosts = []StrayHost{{"www.shop.example.com", 404, 900}}
	}},
	{want: "requests-refused", change: func(s *Snapshot) {
		s.failing("Header_Too_Large", "", 414, 600, func(f *Failure) { f.Class = "client" })
	}},
	{want: "waf-blocks-large-bodies", change: func(s *Snapshot) {
		s.failing("WAF_Block", "", 403, 300, ofPolicy, func(f *Failure) { f.Large = 280 })
	}},
	{want: "target-far-slower", change: func(s *Snapshot) {
		s.Logs.Traffic[0].Median, s.Logs.Traffic[0].Low, s.Logs.Traffic[1].Median = 8, 7, 0.1
	}},
	{want: "websocket-idle-timeout", change: func(s *Snapshot) { s.Logs.Sockets = []Sockets{{webARN, 600, 500, 490}} }},
	{want: "target-answers-not-found", change: func(s *Snapshot) {
		for i := range s.Logs.Traffic {
			s.Logs.Traffic[i].NotFound = 3000
		}
	}},
	{want: "target-redirect-loop", change: func(s *Snapshot) { s.Logs.Redirects = []Redirects{{webARN, 6000, 5800}} }},
	{want: "rule-redirect-loop", change: func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.Logs.Traffic = []Traffic{{Requests: 6000, Slowest: -1, Last: noon}}
		s.Logs.Redirects = []Redirects{{"", 6000, 5800}}
		s.Metrics = []Series{}
	}},
	{want: "target-connection-errors", change: func(s *Snapshot) { s.metric("TargetConnectionErrorCount", webARN, "Sum", 60) }},
	{want: "rejected-connections", change: func(s *Snapshot) { s.metric("RejectedConnectionCount", "", "Sum", 60) }},
	{want: "surge-queue-spillover", change: func(s *Snapshot) {
		s.classic()
		s.metric("SpilloverCount", "", "Sum", 60)
	}},
	{want: "target-optimizer-rejects", change: func(s *Snapshot) {
		s.optimized(2)
		s.metric(rejectedCount, "", "Sum", 600)
		s.failing("No_Usable_Target", "", 503, 600)
	}},
	{want: "target-optimizer-rejects", name: "in the minutes that the logs do not reach yet", change: func(s *Snapshot) {
		s.optimized(2)
		s.late(rejectedCount, "", 57, 40)
	}},
	{want: "target-control-channel-missing", also: []string{"target-optimizer-rejects"}, change: func(s *Snapshot) {
		s.optimized(0)
		s.metric(rejectedCount, "", "Sum", 6000)
		s.failing("No_Usable_Target", "", 503, 6000)
	}},
	{want: "target-control-channel-missing", name: "to one of two", change: func(s *Snapshot) { s.optimized(1) }},
	{want: "target-sg-blocks-control-port", also: []string{"target-control-channel-missing", "target-optimizer-rejects"}, change: func(s *Snapshot) {
		s.optimized(0)
		s.group("sg-app").Ingress = s.group("sg-app").Ingress[:1]
		s.metric(rejectedCount, "", "Sum", 6000)
		s.failing("No_Usable_Target", "", 503, 6000)
	}},
	{want: "balancer-sg-blocks-control-port", also: []string{"target-control-channel-missing"}, change: func(s *Snapshot) {
		s.optimized(0)
		s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
	}},
	{want: "acl-target-inbound-blocks-control-port", also: []string{"target-control-channel-missing"}, change: func(s *Snapshot) {
		s.optimized(0)
		s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/16", From: 3000, To: 3000})
	}},
	{want: "acl-balancer-outbound-blocks-control-port", also: []string{"target-control-channel-missing"}, change: func(s *Snapshot) {
		s.optimized(0)
		s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "10.0.0.0/16", From: 3000, To: 3000})
	}},
	{want: "fail-open-routing", change: func(s *Snapshot) { s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 60) }},
	{want: "balancer-5xx-not-in-logs", change: func(s *Snapshot) {
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 60)
	}},
	{want: "target-sg-blocks-traffic-port", name: "whose failures the logs do not have yet", also: []string{"balancer-5xx-after-logs"}, change: func(s *Snapshot) {
		s.group("sg-app").Ingress = nil
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 500)
	}},
	{want: "balancer-5xx-after-logs", change: func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 56, 500) }},
	{want: "balancer-5xx-not-in-logs", name: "of a Classic Load Balancer", change: func(s *Snapshot) {
		s.classic()
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX", "", "Sum", 1200)
	}},
	{want: "target-answers-5xx", name: "of a Classic Load Balancer, without logs", change: func(s *Snapshot) {
		s.classic()
		s.Logs = nil
		s.metric("HTTPCode_Backend_5XX", "", "Sum", 1200)
	}},
	{want: "target-answers-5xx", name: "after the logs", change: func(s *Snapshot) { s.late("HTTPCode_Target_5XX_Count", webARN, 56, 50) }},
	{want: "client-tls-negotiation-fails", change: func(s *Snapshot) {
		s.metric("ClientTLSNegotiationErrorCount", "", "Sum", 600)
		s.metric("NewConnectionCount", "", "Sum", 1200)
	}},
	{want: "client-certificate-refused", change: func(s *Snapshot) { s.connecting(partner("a", "ClientCertUntrusted", 600, 0)) }},
	{want: "client-tls-negotiation-fails", name: "by the log", change: func(s *Snapshot) { s.connecting(bare("UnmappedConnectionError", 600, 30)) }},
	{want: "no-usable-target", change: func(s *Snapshot) { s.failing("No_Usable_Target", "", 503, 60) }},
	{want: "unexplained-failures", change: func(s *Snapshot) { s.failing("Unknown", first, 500, 60, func(f *Failure) { f.Class = "unknown" }) }},
	{want: "logs-bucket-missing", change: func(s *Snapshot) { s.Bucket.Exists = false }},
	{want: "logs-bucket-policy", change: func(s *Snapshot) { s.Bucket.Policy = "denies" }},
	{want: "logs-stale", change: func(s *Snapshot) { s.Logs.Newest = noon.Add(-50 * time.Minute) }},
	{want: "logs-incomplete", change: func(s *Snapshot) {
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 50
		}
	}},
	{want: "logs-incomplete", name: "of an hour, whose objects have had time to arrive", change: func(s *Snapshot) {
		s.classic()
		s.Logs.Newest = noon.Add(-40 * time.Minute)
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 50
		}
	}},
	{want: "logs-incomplete", name: "where attributes could not be read", change: func(s *Snapshot) {
		s.Balancer.Attributes = nil
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 50
		}
	}},
	{want: "logs-off", change: func(s *Snapshot) { s.Balancer.Attributes["access_logs.s3.enabled"], s.Logs = "false", nil }},
	{want: "target-health-timeout", name: "logs", also: []string{"logs-health-check-off"}, change: func(s *Snapshot) {
		s.Balancer.Attributes["health_check_logs.s3.enabled"] = "false"
		s.all("unhealthy", "Target.Timeout", "Request timed out")
	}},
	{want: "target-draining", change: func(s *Snapshot) {
		s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
	}},
	{want: "target-initial", change: func(s *Snapshot) {
		s.web().Targets[0].State, s.web().Targets[0].Reason = "initial", "Elb.InitialHealthChecking"
	}},
	{want: "target-health-checks-disabled", change: func(s *Snapshot) { s.all("unavailable", "Target.HealthCheckDisabled", "") }},
}

// ofPolicy are failures of what a balancer is told to do, which no target has to do with.
func ofPolicy(f *Failure) { f.Group, f.Class = "", "policy" }

func (s *Snapshot) https(c Certificate) {
	s.Certificates = []Certificate{c}
	s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTPS", Policy: "ELBSecurityPolicy-TLS13-1-2-2021-06", Certificates: []string{c.ARN}, Rules: []Rule{forwardTo("default", webARN)}})
}

// speakHTTP2 lets the balancer speak HTTP/2 to its targets, for clients that do.
func (s *Snapshot) speakHTTP2(version string) {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	s.Listeners = s.Listeners[1:]
	s.web().Version = version
}

// optimized switches target optimizer on, with as many control channels.
func (s *Snapshot) optimized(channels float64) {
	s.web().ControlPort = 3000
	s.group("sg-app").Ingress = append(s.group("sg-app").Ingress, Permission{Protocol: "tcp", From: 3000, To: 3000, Groups: []string{"sg-lb"}})
	if channels > 0 {
		s.late(channelCount, "", 0, channels)
	}
}

// second adds another group.
func (s *Snapshot) second(targets []Target) {
	g := *s.web()
	g.ARN, g.Name, g.Targets = newARN, "new", append([]Target{}, targets...)
	s.Groups = append(s.Groups, g)
}

// third puts a group behind the balancer beside that of second.
func (s *Snapshot) third(targets []Target) {
	s.second(targets)
	g := &s.Groups[len(s.Groups)-1]
	g.ARN, g.Name = "arn:third", "third"
}

func (s *Snapshot) instances() {
	s.web().Type = "instance"
	for i, id := range []string{"i-1", "i-2"} {
		n := s.Network.Interfaces[i]
		s.web().Targets[i].ID = id
		s.Network.Instances = append(s.Network.Instances, Instance{ID: id, State: "stopped", VPC: n.VPC, Subnet: n.Subnet, Zone: n.Zone, Address: n.Addresses[0], SecurityGroups: n.SecurityGroups})
	}
}

func (s *Snapshot) classic() {
	s.instances()
	s.Balancer.Type, s.Balancer.ID, s.Balancer.ARN = Classic, "shop", ""
	s.Balancer.Attributes[attrCrossZone] = "true"
	for i := range s.Network.Instances {
		s.Network.Instances[i].State = "running"
	}
	s.all("InService", "N/A", "N/A")
}

func (s *Snapshot) network() {
	s.instances()
	s.Balancer.Type, s.Balancer.Attributes, s.Logs = NetworkType, map[string]string{attrCrossZone: "true", "access_logs.s3.enabled": "true"}, nil
	s.Listeners[0].Protocol, s.web().Protocol, s.web().Check.Protocol = "TCP", "TCP", "TCP"
}

// six gives the instances of a network balancer addresses by IPv6, at which it speaks to
// them.
func (s *Snapshot) six() {
	n := &s.Network
	s.Balancer.AddressType, s.web().AddressType = "dualstack", "ipv6"
	n.VPCs[0].CIDRs = append(n.VPCs[0].CIDRs, "2001:db8::/56")
	for i := range n.Subnets {
		n.Subnets[i].CIDRs = append(n.Subnets[i].CIDRs, fmt.Sprintf("2001:db8:0:%d::/64", i))
	}
	for i := range n.Instances {
		n.Instances[i].IPv6 = fmt.Sprintf("2001:db8:0:%d::b", i)
		n.Interfaces[i].Addresses = append(n.Interfaces[i].Addresses, n.Instances[i].IPv6)
	}
	for i := range n.RouteTables {
		n.RouteTables[i].Routes = append(n.RouteTables[i].Routes, Route{"2001:db8::/56", "local", "active"})
	}
	s.group("sg-lb").Egress[0].CIDRs = []string{"0.0.0.0/0", "::/0"}
	edge := &n.ACLs[1]
	edge.Entries = append(edge.Entries, ACLEntry{Number: 101, Allow: true, Protocol: "-1", CIDR: "::/0"}, ACLEntry{Number: 101, Egress: true, Allow: true, Protocol: "-1", CIDR: "::/0"})
}

// dualstack lets clients of both families come.
func (s *Snapshot) dualstack() {
	s.Balancer.AddressType = "dualstack"
	both := []string{"0.0.0.0/0", "::/0"}
	s.group("sg-lb").Ingress[0].CIDRs = both
	edge := &s.Network.ACLs[1]
	edge.Entries = append(edge.Entries, ACLEntry{Number: 101, Allow: true, Protocol: "-1", CIDR: both[1]}, ACLEntry{Number: 101, Egress: true, Allow: true, Protocol: "-1", CIDR: both[1]})
	s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{both[1], "igw-1", "active"})
}

// dualstackWithin is a dualstack balancer for clients in its VPC.
func (s *Snapshot) dualstackWithin() {
	s.dualstack()
	s.Balancer.Scheme = "internal"
	s.Network.VPCs[0].CIDRs = append(s.Network.VPCs[0].CIDRs, "2001:db8::/56")
}

// tcpAndUDP is a network balancer whose targets see it, and not its clients.
func (s *Snapshot) tcpAndUDP() {
	s.network()
	s.Listeners[0].Protocol, s.web().Protocol, s.web().Type = "TCP_UDP", "TCP_UDP", "ip"
	s.web().Attributes[attrClientIP] = "false"
	s.group("sg-app").Ingress = append(s.group("sg-app").Ingress, Permission{Protocol: "udp", From: 8080, To: 8080, Groups: []string{"sg-lb"}})
	s.group("sg-lb").Ingress = append(s.group("sg-lb").Ingress, Permission{Protocol: "udp", From: 80, To: 80, CIDRs: []string{"0.0.0.0/0"}})
}

func (s *Snapshot) checkPort(port string) {
	s.web().Check.Port = port
	for i := range s.web().Targets {
		s.web().Targets[i].CheckPort = port
	}
}

func (s *Snapshot) port(n int) {
	s.web().Port = n
	s.group("sg-app").Ingress[0].From, s.group("sg-app").Ingress[0].To = n, n
	for i := range s.web().Targets {
		s.web().Targets[i].Port, s.web().Targets[i].CheckPort = n, fmt.Sprint(n)
	}
	s.Logs.Traffic = nil
}

func (s *Snapshot) codes(n int) {
	s.all("unhealthy", "Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", n))
}

// unreachable is what is seen of targets that no packet reaches.
func (s *Snapshot) unreachable() {
	s.all("unhealthy", "Target.Timeout", "Request timed out")
	for _, t := range []string{first, second} {
		s.failing("Target_Connect_Timeout", t, 504, 300, func(f *Failure) { f.Connect = 300 })
	}
}

func (f fault) String() string { return strings.TrimSuffix(f.want+", "+f.name, ", ") }

// TestFaults changes one thing of a healthy set-up, and wants it named first.
func TestFaults(t *testing.T) {
	given := map[string]bool{}
	for _, tt := range faults {
		t.Run(tt.String(), func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			if len(r.Findings) == 0 || r.Findings[0].ID != tt.want {
				t.Fatalf("want %s first:\n%s", tt.want, said(r))
			}
			for _, f := range r.Findings {
				given[f.ID] = true
			}
			for _, id := range tt.also {
				if !slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == id }) {
					t.Errorf("want %s too:\n%s", id, said(r))
				}
			}
			held(t, r)
		})
	}
	for _, k := range Kinds {
		if !given[k.ID] {
			t.Errorf("no fault gives %s", k.ID)
		}
	}
}

// TestDays: in a window of many hours on two days, the hour alone does not say when.
func TestDays(t *testing.T) {
	for _, tt := range []struct {
		from, until, at, want string
	}{
		{"2026-11-22T01:00Z", "2026-11-23T00:00Z", "2026-11-22T15:00Z", "15:00"},
		{"2026-11-22T23:30Z", "2026-11-23T00:30Z", "2026-11-22T23:58Z", "23:58"},
		{"2026-11-21T12:00Z", "2026-11-22T12:00Z", "2026-11-21T15:00Z", "2026-11-21 15:00"},
		{"2026-11-19T12:00Z", "2026-11-22T12:00Z", "2026-11-22T11:58Z", "2026-11-22 11:58"},
	} {
		s := &Snapshot{From: timeOf(t, tt.from), Until: timeOf(t, tt.until)}
		if got := s.clock(timeOf(t, tt.at)); got != tt.want {
			t.Errorf("%s between %s and %s: %s, want %s", tt.at, tt.from, tt.until, got, tt.want)
		}
	}
}

func timeOf(t *testing.T, text string) time.Time {
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestAfterLogs: logs come minutes later than metrics. What only metrics have yet is said,
// and what logs have is not said twice.
func TestAfterLogs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   string // evidence of what comes after the logs; "" if nothing does
	}{
		{"nothing", func(*Snapshot) {}, ""},
		{"the first minutes of an incident", func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 56, 500) }, "HTTPCode_ELB_5XX_Count since: 2000"},
		{"an incident that the logs have", func(s *Snapshot) {
			s.Logs.Minutes[20].Statuses = map[string]int64{"502": 500}
			s.late("HTTPCode_ELB_5XX_Count", "", 20, 500)
			s.Metrics[len(s.Metrics)-1].Points = s.Metrics[len(s.Metrics)-1].Points[:1]
		}, ""},
		{"a node's logs that came before those of others", func(s *Snapshot) {
			s.Logs.Minutes[57].Statuses = map[string]int64{"502": 200, "200": 7}
			s.late("HTTPCode_ELB_5XX_Count", "", 57, 500)
		}, "HTTPCode_ELB_5XX_Count since: 1300"},
		{"logs whose names do not say when", func(s *Snapshot) {
			s.Logs.Newest, s.Logs.Last = time.Time{}, s.minute(58)
			s.late("HTTPCode_ELB_5XX_Count", "", 57, 500)
		}, "HTTPCode_ELB_5XX_Count since: 1000"},
		{"an incident after one that the logs have", func(s *Snapshot) {
			s.failing("Target_Closed_Connection", first, 502, 6)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 500)
		}, "HTTPCode_ELB_5XX_Count since: 2000"},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "balancer-5xx-after-logs" })
		switch {
		case at < 0 && tt.want == "":
		case at < 0 || len(r.Findings[at].Evidence) != 1 || r.Findings[at].Evidence[0].Text != tt.want || len(r.Findings[at].BecauseOf) > 0:
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestMaintenance: where a rule answers with 5xx on purpose, it is named among what may be
// behind 5xx of which no log says more.
func TestMaintenance(t *testing.T) {
	for _, status := range []string{"503", "404"} {
		s := base()
		s.Logs = nil
		s.Listeners[0].Rules[0].Actions = []Action{{Type: "fixed-response", Status: status}}
		s.Listeners[0].Rules = append([]Rule{forwardTo("1", webARN)}, s.Listeners[0].Rules...)
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 60)
		f := Diagnose(copied(t, s)).Findings[0]
		if f.ID != "balancer-5xx-not-in-logs" || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return r.ID == "rule-fixed-response-error" }) != (status == "503") {
			t.Errorf("%s: %s, rivals %v", status, f.ID, f.Rivals)
		}
	}
}

// TestMutualTLS: where a listener verifies clients, their certificates may be why TLS fails.
func TestMutualTLS(t *testing.T) {
	for _, mode := range []string{"", "off", "passthrough", "verify"} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[1].Mutual = mode
		s.metric("ClientTLSNegotiationErrorCount", "", "Sum", 600)
		f := Diagnose(copied(t, s)).Findings[0]
		if f.ID != "client-tls-negotiation-fails" || strings.Contains(f.Sentence, "does not trust theirs") != (mode == "verify") {
			t.Errorf("%q: %s: %s", mode, f.ID, f.Sentence)
		}
	}
}

// held are rules that every report keeps.
func held(t *testing.T, r *Report) {
	t.Helper()
	for _, f := range r.Findings {
		k := KindOf(f.ID)
		worse := map[Level]int{Note: 0, Warn: 1, Fail: 2}
		switch {
		case f.Sentence == "" || strings.Contains(f.Sentence, "%") && strings.Contains(f.Sentence, "%!"):
			t.Errorf("%s: sentence %q", f.ID, f.Sentence)
		case worse[f.Level] > worse[k.Level]:
			t.Errorf("%s is %s, and at worst %s", f.ID, f.Level, k.Level)
		case f.Hop != k.Hop:
			t.Errorf("%s is at %s, not %s", f.ID, f.Hop, k.Hop)
		case len(f.Evidence) == 0:
			t.Errorf("%s has no evidence", f.ID)
		case f.Explains > r.Observed.Failures:
			t.Errorf("%s explains %d of %d failures", f.ID, f.Explains, r.Observed.Failures)
		case len(f.Fix) > 0 && len(f.Undo) == 0:
			t.Errorf("%s can be mended, and that cannot be taken back: %v", f.ID, f.Fix)
		}
	}
	for _, at := range r.Path {
		if slices.Contains(at.Evidence, "") {
			t.Errorf("what is seen of %s: %q", at.Hop, at.Evidence)
		}
	}
	if r.Observed.Explained > r.Observed.Failures {
		t.Errorf("%d of %d failures are explained", r.Observed.Explained, r.Observed.Failures)
	}
	if len(r.Path) != len(Hops) {
		t.Errorf("%d hops", len(r.Path))
	}
}

// TestHealthy wants nothing to be wrong where nothing is.
func TestHealthy(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Snapshot)
	}{
		{"base", func(*Snapshot) {}},
		{"instances", func(s *Snapshot) { s.instances() }},
		{"classic", func(s *Snapshot) { s.classic() }},
		{"network", func(s *Snapshot) { s.network() }},
		{"clients by IPv6 alone", func(s *Snapshot) {
			s.Balancer.AddressType = onlyPublicIPv6
			s.group("sg-lb").Ingress[0].CIDRs = []string{"::/0"}
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"::/0", "igw-1", "active"})
			s.Network.ACLs[1].Entries = []ACLEntry{
				{Number: 100, Allow: true, Protocol: "6", CIDR: "::/0", From: 80, To: 80},
				{Number: 110, Allow: true, Protocol: "6", CIDR: "10.0.10.0/23", From: 1024, To: 65535},
				{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "::/0", From: 1024, To: 65535},
				{Number: 110, Egress: true, Allow: true, Protocol: "6", CIDR: "10.0.10.0/23", From: 8080, To: 8080},
			}
		}},
		{"gateway", func(s *Snapshot) {
			s.gateway()
			s.Network.Subnets[2].Free = 3
			for i := range s.Network.ACLs {
				var entries []ACLEntry
				for _, out := range []bool{false, true} {
					for n, e := range []ACLEntry{{Protocol: "17", From: 6081, To: 6081}, {Protocol: "6", From: 80, To: 80}, {Protocol: "6", From: 1024, To: 65535}} {
						e.Number, e.Egress, e.Allow, e.CIDR = 100+n, out, true, "10.0.0.0/16"
						entries = append(entries, e)
					}
				}
				s.Network.ACLs[i].Entries = entries
			}
		}},
		{"network, TCP and UDP", func(s *Snapshot) { s.tcpAndUDP() }},
		{"network with targets by address", func(s *Snapshot) {
			s.network()
			s.web().Type, s.Balancer.SecurityGroups = "ip", []string{}
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}
		}},
		{"subnets in two rules", func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8000, To: 9000, CIDRs: []string{"10.0.0.0/24"}}, {Protocol: "6", From: 8080, To: 8080, CIDRs: []string{"10.0.1.0/25", "10.0.1.128/25"}}}
		}},
		{"prefix list", func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, PrefixLists: []string{"pl-1"}}}
			s.Network.PrefixLists = []PrefixList{{"pl-1", []string{"10.0.0.0/8"}}}
		}},
		{"nodes by address", func(s *Snapshot) {
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.5/32", "10.0.1.5/32"}}}
			s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-8", Node: true, Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}}, Interface{ID: "eni-9", Node: true, Subnet: "subnet-edge-b", Addresses: []string{"10.0.1.5"}})
		}},
		{"tight ACLs", func(s *Snapshot) {
			s.Network.ACLs[0].Entries = []ACLEntry{
				{Number: 10, Allow: true, Protocol: "6", CIDR: "10.0.0.0/23", From: 8080, To: 8080},
				{Number: 10, Egress: true, Allow: true, Protocol: "6", CIDR: "10.0.0.0/23", From: 1024, To: 65535},
			}
		}},
		{"a few clients kept out", func(s *Snapshot) { s.deny("acl-edge", ACLEntry{Protocol: "-1", CIDR: "198.51.100.0/24"}) }},
		{"404 for what no rule takes", func(s *Snapshot) {
			r := forwardTo("1", webARN)
			r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
			s.Listeners[0].Rules = []Rule{r, {Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		}},
		{"few errors of the application", func(s *Snapshot) {
			s.failing("Target_5XX", first, 500, 12, func(f *Failure) { f.TargetStatus = 500 })
		}},
		{"health check on another port", func(s *Snapshot) {
			s.checkPort("9090")
			s.group("sg-app").Ingress[0].To = 9090
		}},
		{"private addresses of another VPC behind a peering", func(s *Snapshot) {
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.9.0.0/16", "pcx-1", "active"})
		}},
		{"nothing known but the balancer", func(s *Snapshot) {
			*s = Snapshot{Schema: SnapshotSchema, Taken: noon, From: noon.Add(-time.Hour), Until: noon, Balancer: Balancer{Name: "shop", Type: Application, State: "active"}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			if r.Wrong() {
				t.Errorf("something is wrong:\n%s", said(r))
			}
			for _, hop := range r.Path {
				if hop.State == Failed || hop.State == Warned {
					t.Errorf("hop %s: %s", hop.Hop, hop.State)
				}
			}
			held(t, r)
		})
	}
}

// TestChecks holds that every finding belongs to a check, or to what is left over.
func TestChecks(t *testing.T) {
	gives := map[string][]string{}
	for _, c := range Checks {
		for _, id := range c.Gives {
			gives[id] = append(gives[id], c.Name)
		}
		for _, action := range c.Needs {
			if !slices.ContainsFunc(Calls, func(call Call) bool { return call.Action == action }) {
				t.Errorf("check %s needs %s, which is not called", c.Name, action)
			}
		}
	}
	for _, k := range Kinds {
		if gives[k.ID] == nil {
			t.Errorf("no check gives %s", k.ID)
		}
		delete(gives, k.ID)
	}
	for id, names := range gives {
		t.Errorf("checks %v give %s, which is no kind", names, id)
	}
	for id, causes := range accounts {
		for _, begin := range append(causes, id) {
			if !slices.ContainsFunc(Kinds, func(k Kind) bool { return strings.HasPrefix(k.ID, begin) }) {
				t.Errorf("%s stands in accounts and is no kind", begin)
			}
		}
	}
}

// TestSameBytes shuffles what has no order, and wants the same answer in every form.
func TestSameBytes(t *testing.T) {
	for _, tt := range faults {
		s := base()
		tt.change(s)
		want := drawn(t, Diagnose(s))
		r := rand.New(rand.NewPCG(1, 2))
		for range 3 {
			again := base()
			tt.change(again)
			if again.Logs != nil {
				mixed(r, again.Logs.Failures)
				mixed(r, again.Logs.Health)
			}
			n := &again.Network
			for i := range n.ACLs {
				mixed(r, n.ACLs[i].Entries)
			}
			for i := range n.RouteTables {
				mixed(r, n.RouteTables[i].Routes)
			}
			mixed(r, n.ACLs)
			mixed(r, n.RouteTables)
			mixed(r, n.Instances)
			mixed(r, n.PrefixLists)
			mixed(r, n.VPCs)
			if diff := cmp.Diff(want, drawn(t, Diagnose(copied(t, again)))); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", tt, diff)
			}
		}
	}
}

func mixed[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func drawn(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range Encoders {
		if err := e.Encode(&b, r, report.Style{}); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestGolden draws one incident in every form.
func TestGolden(t *testing.T) {
	s := base()
	i := slices.IndexFunc(faults, func(f fault) bool { return f.String() == "target-sg-blocks-traffic-port, nothing open" })
	faults[i].change(s)
	s.Missing = []Missing{{What: "route tables", Action: "ec2:DescribeRouteTables", Denied: true, Why: "access denied"}}
	r := Diagnose(s)
	for name, draw := range map[string]func(*bytes.Buffer) error{
		"table":    func(b *bytes.Buffer) error { return encodeTable(b, r, report.Style{}) },
		"80.table": func(b *bytes.Buffer) error { return encodeTable(b, r, report.Style{Terminal: true, Width: 80}) },
		"json":     func(b *bytes.Buffer) error { return encodeJSON(b, r, report.Style{}) },
		"markdown": func(b *bytes.Buffer) error { return encodeMarkdown(b, r, report.Style{}) },
	} {
		var got bytes.Buffer
		if err := draw(&got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "incident."+name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
