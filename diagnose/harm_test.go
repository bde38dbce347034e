package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDoesNoHarm: where a command would break what works, there is none of it; and what
// AWS takes for right is not called wrong.
func TestDoesNoHarm(t *testing.T) {
	type finding struct {
		id     string
		absent bool   // in any level above a note
		fix    string // that its commands have; "" for no command at all
		not    string // that no command has
		behind string // which accounts for it
		aside  string // which does not
		says   string // what its sentence has
		denies string // what neither its sentence nor what is to be done has
		mild   bool   // is no failure
		sure   bool   // is one

		groupless bool // names no group, and no target
	}
	dead := func(s *Snapshot, reason string) {
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", reason
	}
	tests := []struct {
		name   string
		change func(*Snapshot)
		want   finding
	}{
		{"a store that was not filled is no log that is late", func(s *Snapshot) {
			s.Logs.Newest, s.Logs.NotIngested = noon.Add(-50*time.Minute), 3000
		}, finding{id: "logs-stale", absent: true}},
		{"a store that was not filled is no log that lacks", func(s *Snapshot) {
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Requests = 50
			}
			s.Logs.NotIngested = 3000
		}, finding{id: "logs-incomplete", absent: true}},
		{"targets that could not be read, which may be there", func(s *Snapshot) { s.web().Targets = nil }, finding{id: "target-group-empty", absent: true}},
		{"targets some of which leave, and others are unused, none of which gets a request", func(s *Snapshot) {
			s.all("unused", "Target.InvalidState", "")
			s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
		}, finding{id: "target-group-fail-open", absent: true}},
		{"targets of which it is not known whether they see clients, who alone are let in", func(s *Snapshot) {
			s.network()
			s.web().Type, s.web().Attributes = "ip", nil
			for i, ip := range []string{"10.0.10.11", "10.0.11.12"} {
				s.web().Targets[i].ID = ip
			}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"203.0.113.0/24"}}}
			dead(s, "Target.Timeout")
		}, finding{id: "target-sg-public-source", absent: true}},
		{"targets of which it is not known whether they see clients, and that let nobody in", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups, s.web().Attributes, s.group("sg-app").Ingress = []string{}, nil, nil
			dead(s, "Target.FailedHealthChecks")
		}, finding{id: "target-sg-blocks-traffic-port", fix: "CidrIp=10.0.0.0/24", says: "and those of the clients, if targets see their own addresses", denies: "whose own addresses targets see"}},
		{"the same, by a network ACL", func(s *Snapshot) {
			s.network()
			s.web().Type, s.web().Attributes = "ip", nil
			for i, ip := range []string{"10.0.10.11", "10.0.11.12"} {
				s.web().Targets[i].ID = ip
			}
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 8080, To: 8080})
			dead(s, "Target.Timeout")
		}, finding{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
		{"a network balancer without security groups, whose clients network ACLs that are not known may keep out", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups, s.Network.ACLs = nil, nil
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
		}, finding{id: "nlb-client-addresses-blocked", fix: "IpRanges=[{CidrIp=0.0.0.0/0}]"}},
		{"a network ACL that keeps clients out, of whom it is not known whether targets see them", func(s *Snapshot) {
			s.network()
			s.web().Attributes = nil
			s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
		}, finding{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
		{"a core network, by which another table leads", func(s *Snapshot) {
			s.peered("pcx-gone")
			s.Network.RouteTables[1].Routes[2].State = "blackhole"
			s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.9.0.0/16", "arn:aws:networkmanager::111122223333:core-network/core-network-0abc", "active"})
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", fix: "--core-network-arn arn:aws:networkmanager::111122223333:core-network/core-network-0abc"}},
		{"a quarter of an hour, whose last objects are there of one node, and not yet of the other", func(s *Snapshot) {
			s.From = noon.Add(-15 * time.Minute)
			s.Logs.Minutes = s.Logs.Minutes[45:55]
			for i := range 5 {
				s.Logs.Minutes[5+i].Requests = 50
			}
			for i := range s.Metrics {
				s.Metrics[i].Points = s.Metrics[i].Points[45:]
			}
		}, finding{id: "logs-incomplete", absent: true}},
		{"objects that could not be read, which is not for want of delivery", func(s *Snapshot) {
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Requests = 50
			}
			s.Logs.ObjectsFailed = 12
		}, finding{id: "logs-incomplete", denies: "delivery"}},
		{"TLS that fails on the traffic port, and a health check port without", func(s *Snapshot) {
			s.checkPort("9090")
			s.web().Protocol = "HTTPS"
			for _, x := range []string{first, second} {
				s.failing("Target_Connection_Error", x, 502, 600)
			}
			s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 1200)
		}, finding{id: "health-check-port-hides-refusal", absent: true}},
		{"idle connections that end on the traffic port, and a health check port of its own", func(s *Snapshot) {
			s.checkPort("9090")
			for _, x := range []string{first, second} {
				s.failing("Target_Connection_Error", x, 502, 60)
			}
		}, finding{id: "health-check-port-hides-refusal", absent: true}},
		{"a classic balancer's check of the port of another listener", func(s *Snapshot) { s.classicTwice() }, finding{id: "health-check-port-differs", absent: true}},
		{"a classic balancer's check of the port of another listener, and its protocol", func(s *Snapshot) { s.classicTwice() }, finding{id: "health-check-protocol-mismatch", absent: true}},
		{"a classic balancer's check of the port of another listener, which a security group refuses", func(s *Snapshot) {
			s.classicTwice()
			s.group("sg-app").Ingress = nil
		}, finding{id: "target-sg-blocks-health-check-port", absent: true}},
		{"a classic balancer's check of the port of another listener, which its own security group refuses", func(s *Snapshot) {
			s.classicTwice()
			s.group("sg-lb").Egress = nil
		}, finding{id: "balancer-sg-blocks-health-check-port", absent: true}},
		{"a classic balancer's check of the port of another listener, which a network ACL refuses", func(s *Snapshot) {
			s.classicTwice()
			s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.0/16"})
		}, finding{id: "acl-target-inbound-blocks-health-check-port", absent: true}},
		{"a classic balancer's check of the port of another listener, where the target of this one is asked about", func(s *Snapshot) {
			s.classicTwice()
			s.group("sg-app").Ingress = nil
			s.Target = "10.0.10.11:8443"
		}, finding{id: "target-sg-blocks-health-check-port", fix: "FromPort=8080,ToPort=8080", sure: true}},
		{"a classic balancer's check of a port of no listener", func(s *Snapshot) {
			s.classicTwice()
			for i := range s.Groups {
				for j := range s.Groups[i].Targets {
					s.Groups[i].Targets[j].CheckPort = "9090"
				}
			}
		}, finding{id: "target-sg-blocks-health-check-port", fix: "FromPort=9090,ToPort=9090", sure: true}},
		{"a balancer that serves, and lacks what it needs to grow", func(s *Snapshot) { s.Balancer.State = "active_impaired" }, finding{id: "balancer-not-active", says: "sends requests on, and has not what it needs to grow", mild: true}},
		{"a balancer that lacks what it needs to grow, and nobody comes", func(s *Snapshot) {
			s.Balancer.State = "active_impaired"
			s.Logs, s.Metrics = nil, nil
		}, finding{id: "balancer-not-active", sure: true}},
		{"a balancer that could not be made", func(s *Snapshot) { s.Balancer.State = "failed" }, finding{id: "balancer-not-active", denies: "to grow", sure: true}},
		{"a port for health checks that takes no address as Host", func(s *Snapshot) {
			s.checkPort("9090")
			s.web().Protocol = "HTTPS"
			s.codes(400)
		}, finding{id: "health-check-protocol-mismatch", absent: true}},
		{"a listener in the internet behind the VPC's default group", func(s *Snapshot) {
			s.group("sg-lb").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
		}, finding{id: "balancer-sg-blocks-listener", says: "nobody from the internet", fix: "CidrIp=CLIENTS-CIDR", sure: true}},
		{"a listener in the internet that was internal once", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8", "172.16.0.0/12"}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", says: "nobody from the internet, only private addresses,", fix: "CidrIp=CLIENTS-CIDR", not: "10.0.0.0", mild: true}},
		{"a listener in the internet for members of another group", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", says: "members of groups", fix: "CidrIp=CLIENTS-CIDR", not: "GroupId=", mild: true}},
		{"a listener in the internet for members of another group, as of Global Accelerator, who come", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"a listener in the internet for members of another group, and some addresses of it", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}, CIDRs: []string{"203.0.113.0/24"}}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"an internal listener for members of another group", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"a listener in the internet for private addresses, which come", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8"}
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"a listener in the internet for some addresses of it", func(s *Snapshot) {
			s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8", "203.0.113.0/24"}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"an internal listener that private addresses reach", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/8"}
			s.Metrics, s.Logs = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"an internal listener behind the VPC's default group", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.group("sg-lb").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"an internal listener in a VPC that has grown", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.Network.VPCs[0].CIDRs = []string{"10.0.0.0/16", "100.64.0.0/16"}
			s.group("sg-lb").Ingress = []Permission{}
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=100.64.0.0/16"}},
		{"a listener that only redirects, of a site that closed HTTP", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", mild: true}},
		{"a listener that only redirects, and nobody comes", func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
			s.Logs, s.Metrics = nil, nil
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
		{"a network ACL of a site that closed HTTP, which its listener only redirects", func(s *Snapshot) {
			s.closedHTTP()
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", mild: true}},
		{"a network ACL before a listener that only redirects, of one zone alone", func(s *Snapshot) {
			s.closedHTTP()
			s.Network.ACLs[1].Subnets = []string{"subnet-edge-a"}
			s.Network.ACLs[0].Subnets = append(s.Network.ACLs[0].Subnets, "subnet-edge-b")
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
		{"a network ACL before a listener that only redirects, and nobody comes", func(s *Snapshot) {
			s.closedHTTP()
			s.Logs, s.Metrics = nil, nil
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
		{"a network ACL before a balancer that only redirects, whose clients it has just shut out", func(s *Snapshot) {
			s.closedHTTP()
			s.Listeners = s.Listeners[:1]
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
		{"a network ACL before a listener that leads to targets", func(s *Snapshot) {
			s.closedHTTP()
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN)}
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "From=80,To=80", sure: true}},
		{"a zone of a dualstack balancer, whose first public subnet has no addresses of IPv6", func(s *Snapshot) {
			s.dualstack()
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
			n := &s.Network
			n.Subnets = append(n.Subnets, Subnet{"subnet-wide-b", "vpc-1", "eu-central-1b", []string{"10.0.2.0/24", "2001:db8:0:2::/64"}, 200, "", false})
			n.RouteTables[1].Subnets = append(n.RouteTables[1].Subnets, "subnet-wide-b")
		}, finding{id: "target-zone-not-enabled", fix: "--subnets subnet-edge-a subnet-wide-b", not: "subnet-edge-b"}},
		{"a zone of a dualstack balancer, in which no subnet has addresses of IPv6", func(s *Snapshot) {
			s.dualstackWithin()
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		}, finding{id: "target-zone-not-enabled", fix: "SUBNET-IN-EU-CENTRAL-1B", not: "subnet-app-b"}},
		{"a zone of a gateway balancer, which it cannot leave again", func(s *Snapshot) {
			s.gateway()
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		}, finding{id: "target-zone-not-enabled"}},
		{"draining containers, which were given their ports as they started", func(s *Snapshot) {
			s.instances()
			for i := range s.Network.Instances {
				s.Network.Instances[i].State = "running"
				s.web().Targets[i].Port = 32770
			}
			s.web().Port = 80
			s.all("draining", "Target.DeregistrationInProgress", "")
		}, finding{id: "target-group-all-draining"}},
		{"a listener that redirects by default, and whose other rules could not be read", func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[1:]
			s.Missing = append(s.Missing, Missing{What: "rules", Action: describeRules, Why: "access denied"})
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
		{"a listener that only redirects, and is asked in HTTPS", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[1].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.group("sg-lb").Ingress = s.group("sg-lb").Ingress[:1]
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=0.0.0.0/0", sure: true}},
		{"authentication goes with the weights", func(s *Snapshot) {
			s.second(nil)
			r := forwardTo("5", webARN, newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
			r.Actions = append([]Action{{Type: "authenticate-oidc"}}, r.Actions...)
			s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
		}, finding{id: "rule-weight-to-broken-group"}},
		{"stickiness goes with the weights", func(s *Snapshot) {
			s.second(nil)
			r := forwardTo("default", webARN, newARN)
			r.Actions[0].Sticky = true
			s.Listeners[0].Rules = []Rule{r}
		}, finding{id: "rule-weight-to-broken-group"}},
		{"weight for an empty group", func(s *Snapshot) {
			s.second(nil)
			r := forwardTo("default", newARN, webARN)
			r.Actions[0].Weights[0].Weight, r.Actions[0].Weights[1].Weight = 0, 0
			s.Listeners[0].Rules = []Rule{r}
		}, finding{id: "rule-weights-all-zero", fix: `new/0d18ee8d310e74a1","Weight":0},{"TargetGroupArn":"` + webARN + `","Weight":1}`}},
		{"a health check port that fails, where the traffic port refuses as well", func(s *Snapshot) {
			s.checkPort("9090")
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			for _, x := range []string{first, second} {
				s.failing("Target_Connection_Error", x, 502, 3000)
			}
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 6000)
		}, finding{id: "health-check-port-differs", says: "the traffic port refuses as well"}},
		{"a firewall before the internet gateway", func(s *Snapshot) { s.Network.RouteTables[1].Routes[1].Via = "vpce-0fw" }, finding{id: "balancer-subnet-not-public", absent: true}},
		{"a node in a private subnet", func(s *Snapshot) {
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		}, finding{id: "target-zone-not-enabled", fix: "subnet-edge-a subnet-edge-b", not: "subnet-app"}},
		{"an idle timeout below what is silent on purpose", func(s *Snapshot) {
			for _, x := range []string{first, second} {
				s.failing("Target_Closed_Connection", x, 502, 60, func(f *Failure) { f.Quick = 60 })
			}
		}, finding{id: "keep-alive-race", denies: "command"}},
		{"an idle timeout above the targets' keep-alive", func(s *Snapshot) {
			s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
			for _, x := range []string{first, second} {
				s.failing("Target_Closed_Connection", x, 502, 60, func(f *Failure) { f.Quick = 60 })
			}
		}, finding{id: "idle-timeout-reached"}},
		{"an idle timeout that is as long as can be", func(s *Snapshot) {
			s.Balancer.Attributes[attrIdle] = "4000"
			s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
		}, finding{id: "idle-timeout-reached"}},
		{"a closed port behind routes that are not known", func(s *Snapshot) {
			s.network()
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.Network.RouteTables = nil
		}, finding{id: "target-port-refused", absent: true}},
		{"a closed port behind an outbound rule that is not known", func(s *Snapshot) {
			s.network()
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.group("sg-lb").Egress = []Permission{{Protocol: "-1", PrefixLists: []string{"pl-1"}}}
		}, finding{id: "target-port-refused", absent: true}},
		{"a closed port behind an appliance", func(s *Snapshot) {
			s.network()
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/23", "vpce-0fw", "active"})
		}, finding{id: "target-port-refused", absent: true}},
		{"a rule for all requests", func(s *Snapshot) {
			s.second([]Target{{ID: "10.0.10.50", Port: 8080, State: "unused", Reason: "Target.NotInUse"}})
			s.Idle, s.Groups, s.Target = s.Groups[1:], s.Groups[:1], "10.0.10.50:8080"
		}, finding{id: "target-group-not-in-use", fix: "--priority PRIORITY --conditions Field=path-pattern,Values=PATH", not: "/*"}},
		{"a listener that only redirects, and another one", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.Listeners[1].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		}, finding{id: "target-group-not-in-use", fix: "create-rule --region eu-central-1 --listener-arn arn:listener-443 "}},
		{"a balancer that only redirects, to HTTPS whose listener is gone", func(s *Snapshot) {
			s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
		}, finding{id: "redirect-without-listener", mild: true, says: "Rule default of listener HTTP:80 redirects clients to port 443 of the same host"}},
		{"a redirect of a CDN's requests that came in HTTP, which itself speaks HTTPS", func(s *Snapshot) {
			r := Rule{Priority: "1", Conditions: []Condition{{Field: "http-header", Values: []string{"http"}}}, Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}
			s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
		}, finding{id: "redirect-without-listener", absent: true}},
		{"a redirect to the port of HTTPS, in HTTP", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{sameProtocol, sameHost, "443", samePath, sameQuery}}}}}
		}, finding{id: "redirect-without-listener", mild: true, says: "redirects clients to HTTP on port 443 of the same host, and the balancer's listener is HTTPS:443"}},
		{"a redirect to HTTPS on the port of HTTP", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, samePort, samePath, sameQuery}}}}}
		}, finding{id: "redirect-without-listener", mild: true, says: "redirects clients to HTTPS on port 80 of the same host, and the balancer's listener is HTTP:80"}},
		{"a redirect to another port, which a rule before it keeps all requests from", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.Listeners[0].Rules = nil
			for i, port := range []string{"443", "8443"} {
				r := Rule{Priority: fmt.Sprint(i + 1), Conditions: []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}, Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, port, samePath, sameQuery}}}}
				s.Listeners[0].Rules = append(s.Listeners[0].Rules, r)
			}
			s.Listeners[0].Rules = append(s.Listeners[0].Rules, forwardTo("default", webARN))
		}, finding{id: "redirect-without-listener", absent: true}},
		{"a redirect to HTTPS, and its listener", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
		}, finding{id: "redirect-without-listener", absent: true}},
		{"a balancer that only redirects, to HTTPS of another host", func(s *Snapshot) {
			s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", "www.example.com", "443", samePath, sameQuery}}}}}
		}, finding{id: "target-group-none", absent: true}},
		{"a balancer that only redirects", func(s *Snapshot) {
			s.Idle, s.Groups = s.Groups, []Group{}
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
			s.Logs = nil
		}, finding{id: "target-group-not-in-use", absent: true}},
		{"a gRPC server that is down", func(s *Snapshot) {
			s.speakHTTP2("GRPC")
			s.web().Check.Matcher = "0"
			s.all("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [14]")
		}, finding{id: "health-check-grpc-matcher"}},
		{"a gRPC server without the method", func(s *Snapshot) {
			s.speakHTTP2("GRPC")
			s.web().Check.Matcher = "0"
			s.all("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [12]")
		}, finding{id: "health-check-grpc-matcher", fix: `{"GrpcCode":"0,12"}`}},
		{"targets of something else", func(s *Snapshot) {
			s.second([]Target{{ID: "10.0.10.50", Port: 9000, State: "unused", Reason: "Target.NotInUse"}})
			s.Idle, s.Groups, s.Logs = s.Groups[1:], s.Groups[:1], nil
			s.web().Targets = []Target{}
		}, finding{id: "target-group-empty", fix: "Id=IP-ADDRESS", not: "10.0.10.50"}},
		{"a rule between two", func(s *Snapshot) {
			wide, between, narrow := forwardTo("10", webARN), Rule{ARN: "arn:rule-20", Priority: "20", Actions: []Action{{Type: "fixed-response", Status: "403"}}}, forwardTo("30", webARN)
			wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			between.Conditions = []Condition{{Field: "source-ip", Values: []string{"0.0.0.0/0"}}}
			narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/v2/*"}}}
			s.Listeners[0].Rules = append([]Rule{wide, between, narrow}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", fix: "RuleArn=arn:rule-30,Priority=9", not: "Priority=10"}},
		{"a rule behind one that turns its requests away", func(s *Snapshot) {
			wide, narrow := Rule{ARN: "arn:rule-10", Priority: "10", Actions: []Action{{Type: "fixed-response", Status: "403"}}}, forwardTo("20", webARN)
			wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/internal/*"}}}
			narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/internal/users"}}}
			s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", says: "remove rule 20"}},
		{"a rule behind one that asks for a login", func(s *Snapshot) {
			wide, narrow := forwardTo("10", webARN), forwardTo("20", webARN)
			wide.Actions = append([]Action{{Type: "authenticate-oidc"}}, wide.Actions...)
			wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
			narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/reports"}}}
			s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", says: "remove rule 20"}},
		{"a rule behind one that leads to HTTPS", func(s *Snapshot) {
			wide, narrow := Rule{ARN: "arn:rule-10", Priority: "10", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}, forwardTo("20", webARN)
			wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
			narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/shop/*"}}}
			s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", says: "remove rule 20"}},
		{"a rule with a login behind another one", func(s *Snapshot) {
			wide, narrow := forwardTo("10", webARN), forwardTo("20", webARN)
			wide.Actions = append([]Action{{Type: "authenticate-oidc"}}, wide.Actions...)
			narrow.Actions = append([]Action{{Type: "authenticate-cognito"}}, narrow.Actions...)
			wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
			narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/reports"}}}
			s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", fix: "RuleArn=arn:rule-20,Priority=10"}},
		{"a maintenance page before all rules", func(s *Snapshot) {
			page := Rule{ARN: "arn:rule-1", Priority: "1", Actions: []Action{{Type: "fixed-response", Status: "503"}}}
			page.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
			api := forwardTo("2", webARN)
			api.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			s.Listeners[0].Rules = append([]Rule{page, api}, s.Listeners[0].Rules...)
		}, finding{id: "rule-never-matches", absent: true}},
		{"addresses that are still leaving", func(s *Snapshot) {
			s.all("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
		}, finding{id: "target-group-all-draining"}},
		{"unhealthy targets that keep the connections they have", func(s *Snapshot) {
			s.instances()
			s.network()
			s.all("unhealthy.draining", "Target.FailedHealthChecks", "Health checks failed")
		}, finding{id: "target-group-all-draining", absent: true}},
		{"an unhealthy target beside one that keeps the connections it has", func(s *Snapshot) {
			s.instances()
			s.network()
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			s.web().Targets[1].State = "unhealthy.draining"
		}, finding{id: "target-group-fail-open", says: "No target of web is healthy, and the balancer sends connections to those"}},
		{"503 while new targets have their first checks", func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
			s.web().Targets[1].State, s.web().Targets[1].Reason = "initial", "Elb.InitialHealthChecking"
			s.failing("No_Usable_Target", "", 503, 600)
		}, finding{id: "no-usable-target", says: "none is healthy now: web has 1 draining, 1 initial", denies: "there is one now"}},
		{"503 of a group that is gone", func(s *Snapshot) {
			s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
		}, finding{id: "no-usable-target", says: "is known whether", denies: "and there is one now"}},
		{"one denied port, and a dead host", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
			s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
			dead(s, "Target.Timeout")
		}, finding{id: "acl-balancer-inbound-blocks-ephemeral", absent: true}},
		{"answers that are refused beside a port that is kept shut", func(s *Snapshot) {
			s.Network.ACLs[1].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 32768, To: 65535}
			s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
		}, finding{id: "acl-balancer-inbound-blocks-ephemeral", fix: "From=1024,To=3388", not: "3389"}},
		{"answers that an entry for all ports refuses in two parts", func(s *Snapshot) {
			everybody := "0.0.0.0/0"
			s.Network.ACLs[1].Entries = append([]ACLEntry{
				{Number: 100, Allow: true, Protocol: "6", CIDR: everybody, From: 80, To: 30000}, {Number: 110, Allow: true, Protocol: "6", CIDR: everybody, From: 35000, To: 60000},
				{Number: 200, Protocol: "-1", CIDR: everybody},
			}, s.Network.ACLs[1].Entries[1:]...)
		}, finding{id: "acl-balancer-inbound-blocks-ephemeral", fix: "From=30001,To=34999"}},
		{"answers to clients that are refused beside a port that is kept shut", func(s *Snapshot) {
			s.Network.ACLs[1].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"}
			s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
		}, finding{id: "acl-balancer-outbound-blocks-clients", fix: "From=1024,To=3388", not: "3389"}},
		{"an address of the subnet that is no node", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.200/32"})
			s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-8", Node: true, Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}})
			dead(s, "Target.Timeout")
		}, finding{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
		{"nodes that pass by IPv4 alone", func(s *Snapshot) {
			for i, cidr := range []string{"2001:db8:10::/64", "2001:db8:11::/64", "2001:db8:0::/64", "2001:db8:1::/64"} {
				s.Network.Subnets[i].CIDRs = append(s.Network.Subnets[i].CIDRs, cidr)
			}
			s.web().Targets[0].ID, s.Network.Interfaces[0].Addresses = "2001:db8:10::b", []string{"2001:db8:10::b"}
			s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-8", Node: true, Subnet: "subnet-edge-a", Addresses: []string{"10.0.0.5"}},
				Interface{ID: "eni-9", Node: true, Subnet: "subnet-edge-b", Addresses: []string{"10.0.1.5"}})
			dead(s, "Target.Timeout")
		}, finding{id: "acl-target-inbound-blocks-traffic-port", fix: "--ipv6-cidr-block 2001:db8::/64"}},
		{"timeout and interval of a network balancer", func(s *Snapshot) {
			s.network()
			s.web().Check.Interval, s.web().Check.Timeout = 10, 10
		}, finding{id: "health-check-timeout-not-below-interval", absent: true}},
		{"timeout and interval of a gateway balancer", func(s *Snapshot) {
			s.gateway()
			s.web().Check.Interval, s.web().Check.Timeout = 10, 10
		}, finding{id: "health-check-timeout-not-below-interval", absent: true}},
		{"a timeout above the interval of a gateway balancer", func(s *Snapshot) {
			s.gateway()
			s.web().Check.Interval, s.web().Check.Timeout = 10, 11
		}, finding{id: "health-check-timeout-not-below-interval", fix: "--health-check-timeout-seconds 5"}},
		{"a closed port behind a network balancer", func(s *Snapshot) {
			s.network()
			s.group("sg-app").Ingress = nil
			s.all("unhealthy", "Target.FailedHealthChecks", "")
		}, finding{id: "target-health-failed-checks", behind: "target-sg-blocks-traffic-port"}},
		{"health checks of UDP, which have a port of their own", func(s *Snapshot) {
			s.network()
			s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
			s.checkPort("9090")
			s.all("unhealthy", "Target.FailedHealthChecks", "")
		}, finding{id: "health-check-port-differs", absent: true}},
		{"health checks of appliances, which have a port of their own", func(s *Snapshot) {
			s.gateway()
			s.all("unhealthy", "Target.FailedHealthChecks", "")
		}, finding{id: "health-check-port-differs", absent: true}},
		{"a port that is open in UDP alone", func(s *Snapshot) {
			s.network()
			s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
			s.group("sg-app").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
			s.all("unhealthy", "Target.FailedHealthChecks", "")
		}, finding{id: "target-port-refused", says: "check a port that something listens on in TCP", denies: "start the process"}},
		{"TLS passed through", func(s *Snapshot) {
			s.port(9200)
			s.network()
			s.web().Check.Protocol, s.web().Check.Path, s.web().Check.Matcher = "HTTPS", "/", "200-399"
			dead(s, "Target.FailedHealthChecks")
		}, finding{id: "health-check-protocol-mismatch", absent: true}},
		{"a health check port that others pass", func(s *Snapshot) {
			s.checkPort("9090")
			s.group("sg-app").Ingress[0].To = 9090
			dead(s, "Target.Timeout")
		}, finding{id: "health-check-port-differs", absent: true}},
		{"a health check port of a server that is gone", func(s *Snapshot) {
			s.checkPort("9090")
			s.group("sg-app").Ingress[0].To = 9090
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			for _, x := range []string{first, second} {
				s.failing("Target_Connection_Error", x, 502, 600)
			}
		}, finding{id: "health-check-port-refused", absent: true}},
		{"a path of which not all is printed", func(s *Snapshot) {
			s.web().Check.Path = "/health?full=true"
			s.codes(404)
		}, finding{id: "health-check-path-not-found", fix: "--health-check-path /PATH-OF-NOW", not: "full"}},
		{"a path that others have", func(s *Snapshot) {
			dead(s, "Target.ResponseCodeMismatch")
			s.web().Targets[0].Description = "Health checks failed with these codes: [404]"
		}, finding{id: "health-check-path-not-found", says: first + " answers the health check of web with 404, and other targets", denies: "ask for a path"}},
		{"two codes that the matcher may be let take", func(s *Snapshot) {
			s.codes(301)
			s.web().Targets[1].Description = "Health checks failed with these codes: [302]"
		}, finding{id: "health-check-redirect", fix: `{"HttpCode":"200,301,302"}`}},
		{"a redirect behind a classic balancer", func(s *Snapshot) {
			s.classic()
			s.web().Targets[0].State, s.web().Targets[0].Reason, s.web().Targets[0].Description = "OutOfService", "Instance", "Health checks failed with these codes: [301]"
			s.web().Targets[1] = s.web().Targets[0]
		}, finding{id: "health-check-redirect"}},
		{"400 on a port like 443 that others pass", func(s *Snapshot) {
			s.port(8443)
			dead(s, "Target.ResponseCodeMismatch")
			s.web().Targets[0].Description = "Health checks failed with these codes: [400]"
		}, finding{id: "target-expects-tls", absent: true}},
		{"checks that would pass where requests fail", func(s *Snapshot) {
			s.port(8443)
			s.codes(400)
		}, finding{id: "target-expects-tls"}},
		{"checks of a port of their own, which speaks TLS", func(s *Snapshot) {
			s.checkPort("9443")
			s.codes(400)
		}, finding{id: "target-expects-tls", fix: "--health-check-protocol HTTPS"}},
		{"a port like 443 that others speak HTTP on", func(s *Snapshot) {
			s.port(8443)
			dead(s, "Target.FailedHealthChecks")
		}, finding{id: "target-expects-tls", absent: true}},
		{"GENEVE", func(s *Snapshot) { s.gateway() }, finding{id: "target-sg-blocks-traffic-port", absent: true}},
		{"answers in GENEVE that are kept", func(s *Snapshot) {
			s.gateway()
			s.deny("acl-app", ACLEntry{Egress: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 6081, To: 6081})
		}, finding{id: "acl-target-outbound-blocks-ephemeral", fix: "--protocol udp --port-range From=6081,To=6081"}},
		{"a zone of a gateway balancer without an appliance", func(s *Snapshot) {
			s.gateway()
			s.Balancer.Attributes[attrCrossZone], s.web().Attributes = "false", map[string]string{}
			s.web().Targets = s.web().Targets[:1]
		}, finding{id: "cross-zone-off-empty-zone", says: "dropped", denies: "503", fix: "modify-load-balancer-attributes --region eu-central-1 --load-balancer-arn", not: "modify-target-group-attributes"}},
		{"a target for all zones", func(s *Snapshot) {
			s.peered("tgw-1")
			s.Network.Interfaces[2].Zone, s.Network.Subnets[4].Zone = "eu-central-1c", "eu-central-1c"
		}, finding{id: "target-zone-not-enabled", absent: true}},
		{"an address of somebody else's VPC", func(s *Snapshot) {
			s.peered("vgw-1")
			dead(s, "Target.Timeout")
		}, finding{id: "target-sg-blocks-traffic-port", absent: true}},
		{"a prefix list that leads there", func(s *Snapshot) {
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "192.168.5.7", "all"
			dead(s, "Target.Timeout")
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"pl-onprem", "tgw-1", "active"})
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"a core network", func(s *Snapshot) {
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
			dead(s, "Target.Timeout")
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.9.0.0/16", "arn:aws:networkmanager::111122223333:core-network/core-network-0abc", "active"})
		}, finding{id: "target-other-vpc", absent: true}},
		{"clients of a network balancer", func(s *Snapshot) {
			s.network()
			s.checkPort("9090")
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"203.0.113.0/24"}}, {Protocol: "tcp", From: 9090, To: 9090, Groups: []string{"sg-lb"}}}
		}, finding{id: "target-sg-public-source", absent: true}},
		{"a process that ends too soon", func(s *Snapshot) {
			s.failing("Target_Closed_Connection", "10.0.10.77:8080", 502, 60, func(f *Failure) { f.First, f.Last = s.minute(33), s.minute(34) })
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{webARN, "10.0.10.77:8080", 500, 0.3, s.minute(35), 0, 0, 0, 0})
		}, finding{id: "deregistration-delay-too-short"}},
		{"a target that failed for longer than it may take to leave, and is gone", func(s *Snapshot) {
			s.failing("Target_Closed_Connection", "10.0.10.77:8080", 502, 60, func(f *Failure) { f.First, f.Last = s.minute(5), s.minute(34) })
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{webARN, "10.0.10.77:8080", 500, 0.3, s.minute(35), 0, 0, 0, 0})
		}, finding{id: "deregistration-delay-too-short", absent: true}},
		{"answers over UDP", func(s *Snapshot) {
			s.network()
			s.Listeners[0].Protocol, s.Listeners[0].Port, s.web().Protocol = "UDP", 53, "UDP"
			s.Network.ACLs[1].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 1024, To: 65535}
			s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Egress: true, Allow: true, Protocol: "6", CIDR: "10.0.0.0/16"})
		}, finding{id: "acl-balancer-outbound-blocks-clients", absent: true}},
		{"a network balancer without a listener", func(s *Snapshot) { s.network(); s.Listeners = []Listener{} }, finding{id: "listener-none", fix: "--protocol TCP --port 8080"}},
		{"a balancer without a listener, and a group of another kind", func(s *Snapshot) {
			s.web().Protocol = "TCP"
			s.Idle, s.Groups, s.Listeners = s.Groups, []Group{}, []Listener{}
		}, finding{id: "listener-none"}},
		{"a balancer without a listener, and gRPC, which needs a certificate", func(s *Snapshot) {
			s.web().Version = "GRPC"
			s.Idle, s.Groups, s.Listeners = s.Groups, []Group{}, []Listener{}
		}, finding{id: "listener-none"}},
		{"a gateway balancer without a listener", func(s *Snapshot) { s.gateway(); s.Listeners = []Listener{} },
			finding{id: "listener-none", fix: "create-listener", not: "--port"}},
		{"a target by IPv6 that is registered", func(s *Snapshot) {
			s.web().Targets[0].ID, s.Target = "2001:db8::1", "[2001:db8::1]:8080"
		}, finding{id: "target-not-registered", absent: true}},
		{"a target by IPv6 as logs write it", func(s *Snapshot) {
			s.web().Targets[0].ID, s.Target = "2001:db8::1", "2001:db8::1:8080"
		}, finding{id: "target-not-registered", absent: true}},
		{"a target by IPv6 that may be another one", func(s *Snapshot) { s.Target = "2001:db8::1:8080" }, finding{id: "target-not-registered"}},
		{"a target by IPv6", func(s *Snapshot) { s.web().AddressType, s.Target = "ipv6", "[2001:db8::1]:8080" }, finding{id: "target-not-registered", fix: "Id=2001:db8::1,Port=8080"}},
		{"a target by IPv6, and a group that takes IPv4", func(s *Snapshot) { s.Target = "[2001:db8::1]:8080" }, finding{id: "target-not-registered", says: "that the group takes"}},
		{"a target by IPv4, and a group that takes IPv6", func(s *Snapshot) { s.web().AddressType, s.Target = "ipv6", "10.0.10.99:8080" }, finding{id: "target-not-registered", says: "that the group takes"}},
		{"a target by an address of the internet", func(s *Snapshot) { s.Target = "203.0.113.9:8080" }, finding{id: "target-not-registered", says: "that it is registered by"}},
		{"a target by an address of a carrier", func(s *Snapshot) { s.Target = "100.64.7.9:8080" }, finding{id: "target-not-registered", fix: "Id=100.64.7.9,Port=8080,AvailabilityZone=all"}},
		{"an instance that is not behind a classic balancer", func(s *Snapshot) { s.classic(); s.Target = "i-99:8080" },
			finding{id: "target-not-registered", fix: "elb register-instances-with-load-balancer --region eu-central-1 --load-balancer-name shop --instances i-99", not: "elbv2"}},
		{"a target in another network", func(s *Snapshot) { s.Target = "192.168.7.9:8080" }, finding{id: "target-not-registered", fix: "Id=192.168.7.9,Port=8080,AvailabilityZone=all"}},
		{"a target in the VPC", func(s *Snapshot) { s.Target = "10.0.10.99:8080" }, finding{id: "target-not-registered", fix: "Id=10.0.10.99,Port=8080", not: "AvailabilityZone"}},
		{"another port of a target", func(s *Snapshot) { s.Target = "10.0.10.11:9999" }, finding{id: "target-not-registered", says: "ask about 10.0.10.11:8080, which is registered"}},
		{"another port of an instance", func(s *Snapshot) { s.instances(); s.Target = "i-1:9999" }, finding{id: "target-not-registered", says: "ask about 10.0.10.11:8080, which is registered"}},
		{"an address, and a group of instances", func(s *Snapshot) { s.instances(); s.Target = "10.0.10.99:8080" }, finding{id: "target-not-registered"}},
		{"an instance, and a group of addresses", func(s *Snapshot) { s.Target = "i-99" }, finding{id: "target-not-registered"}},
		{"a listener for clients by PrivateLink", func(s *Snapshot) {
			s.network()
			s.Balancer.LinkUnfiltered = true
			s.group("sg-lb").Ingress = []Permission{}
		}, finding{id: "balancer-sg-blocks-listener", mild: true}},
		{"targets for clients by PrivateLink", func(s *Snapshot) {
			s.network()
			s.Balancer.LinkUnfiltered = true
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true}},
		{"targets for nodes, whose health checks pass, and not for clients", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		}, finding{id: "nlb-client-addresses-blocked", sure: true, fix: "CidrIp=0.0.0.0/0"}},
		{"targets for those alone whom the balancer lets in", func(s *Snapshot) {
			s.network()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16", "203.0.113.0/24"}}}
		}, finding{id: "nlb-client-addresses-blocked", absent: true}},
		{"targets for some of those whom the balancer lets in", func(s *Snapshot) {
			s.network()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
		}, finding{id: "nlb-client-addresses-blocked", sure: true, fix: "GroupId=sg-lb"}},
		{"a network ACL for those alone whom the balancer lets in", func(s *Snapshot) {
			s.network()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/16"}}}
			s.Network.ACLs[0].Entries[0].CIDR, s.Network.ACLs[0].Entries[2].CIDR = "10.0.0.0/16", "10.0.0.0/16"
		}, finding{id: "acl-target-inbound-blocks-traffic-port", absent: true}},
		{"a network ACL without some of those whom the balancer lets in", func(s *Snapshot) {
			s.network()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
			s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
		}, finding{id: "acl-target-inbound-blocks-traffic-port", fix: "--cidr-block 203.0.113.0/24", not: "0.0.0.0/0"}},
		{"an old certificate beside the new one", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"*.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "EXPIRED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
			r := forwardTo("1", webARN)
			r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
			s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
		}, finding{id: "listener-certificate-expired", mild: true}},
		{"an old certificate as the default", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		}, finding{id: "listener-certificate-expired", mild: true, says: "only clients that name no host (SNI) get it", denies: "out of the listener's list"}},
		{"an old certificate in a list that has a new one", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
		}, finding{id: "listener-certificate-expired", mild: true, says: "no client needs it"}},
		{"an old certificate in the list of a listener that has a new one as the default", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		}, finding{id: "listener-certificate-expired", sure: true, says: "take it out of the listener's list", fix: "remove-listener-certificates --region eu-central-1 --listener-arn arn:listener-443 --certificates CertificateArn=arn:old", not: "NEW-"}},
		{"a certificate that expires soon, beside one that does not", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
		}, finding{id: "listener-certificate-expires-soon", absent: true}},
		{"a certificate that expires soon, before a default one that does not", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
		}, finding{id: "listener-certificate-expires-soon", fix: "CertificateArn=arn:old", not: "NEW-"}},
		{"a default certificate that expires soon, which clients get that name no host", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		}, finding{id: "listener-certificate-expires-soon", fix: "CertificateArn=NEW-CERTIFICATE-ARN"}},
		{"two certificates that expire soon", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(200 * time.Hour), []string{"shop.example.com"}, ""})
		}, finding{id: "listener-certificate-expires-soon", fix: "CertificateArn=NEW-CERTIFICATE-ARN"}},
		{"an old certificate of RSA beside a new one of ECDSA", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, "RSA_2048"})
			s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, "EC_prime256v1"})
		}, finding{id: "listener-certificate-expired", mild: true}},
		{"two certificates of ECDSA", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, "EC_prime256v1"})
			s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, "EC_secp384r1"})
		}, finding{id: "listener-certificate-expired", mild: true}},
		{"an old certificate for a name that nobody asks for", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.alsoHas(Certificate{"arn:old", "VALIDATION_TIMED_OUT", time.Time{}, []string{"old.example.com"}, ""})
		}, finding{id: "listener-certificate-not-issued", mild: true, says: "clients that ask for its names get it", denies: "no client needs it"}},
		{"a default rule that answers 503 to scanners", func(s *Snapshot) { s.turnsAway("default", 20) }, finding{id: "rule-fixed-response-error", absent: true}},
		{"a default rule that answers 503 to many", func(s *Snapshot) { s.turnsAway("default", 600) }, finding{id: "rule-fixed-response-error", denies: "remove the rule"}},
		{"503 of a default rule after the logs' end, of scanners", func(s *Snapshot) {
			s.turnsAway("default", 20)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 1)
			s.late("HTTPCode_ELB_503_Count", "", 56, 1)
		}, finding{id: "balancer-5xx-after-logs", absent: true}},
		{"a page for maintenance after the logs' end", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
			s.late("HTTPCode_ELB_503_Count", "", 56, 110)
		}, finding{id: "balancer-5xx-after-logs", absent: true}},
		{"503 after the logs' end, of more than scanners", func(s *Snapshot) {
			s.turnsAway("default", 20)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 100)
			s.late("HTTPCode_ELB_503_Count", "", 56, 100)
		}, finding{id: "balancer-5xx-after-logs", sure: true}},
		{"502 after the logs' end, beside a page for maintenance", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
			s.late("HTTPCode_ELB_502_Count", "", 56, 110)
		}, finding{id: "balancer-5xx-after-logs", sure: true}},
		{"503 after the logs' end, and others before that are no rule's", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.failing("No_Usable_Target", "", 503, 60)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
			s.late("HTTPCode_ELB_503_Count", "", 56, 110)
		}, finding{id: "balancer-5xx-after-logs", sure: true}},
		{"a target that is started beside those that there are", func(s *Snapshot) { s.unhealthyFor(30, 31) }, finding{id: "target-was-unhealthy", absent: true}},
		{"a target that failed, and is well again", func(s *Snapshot) {
			s.unhealthyFor(30, 31)
			for i := range s.Metrics {
				if s.Metrics[i].Name == "HealthyHostCount" {
					s.Metrics[i].Points[31].Value = 1
				}
			}
		}, finding{id: "target-was-unhealthy", mild: true, says: "Up to 1 target of web was unhealthy"}},
		{"targets that were unhealthy from the first minute on", func(s *Snapshot) { s.unhealthyFor(0, 1) }, finding{id: "target-was-unhealthy", mild: true}},
		{"few flows to targets that were blocked for a minute", func(s *Snapshot) {
			s.network()
			s.metric("NewFlowCount", "", "Sum", 60000)
			s.Metrics = append(s.Metrics, Series{Name: "SecurityGroupBlockedFlowCount_Outbound_TCP", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
		}, finding{id: "nlb-sg-blocks-flows", mild: true}},
		{"few flows to targets that are blocked, and all of the newest", func(s *Snapshot) {
			s.network()
			s.metric("NewFlowCount", "", "Sum", 60000)
			s.late("SecurityGroupBlockedFlowCount_Outbound_TCP", "", 59, 100)
		}, finding{id: "nlb-sg-blocks-flows", sure: true}},
		{"few flows without a source port", func(s *Snapshot) {
			s.network()
			s.metric("NewFlowCount", "", "Sum", 60000)
			s.Metrics = append(s.Metrics, Series{Name: "PortAllocationErrorCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
		}, finding{id: "nlb-port-allocation-errors", mild: true}},
		{"few requests that a queue had no room for", func(s *Snapshot) {
			s.classic()
			s.Metrics = append(s.Metrics, Series{Name: "SpilloverCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
		}, finding{id: "surge-queue-spillover", mild: true}},
		{"a zone without a target of one of two groups with weights", func(s *Snapshot) {
			s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
			s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
			s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
		}, finding{id: "cross-zone-off-empty-zone", sure: true, says: "requests for it that enter there", fix: "Value=true"}},
		{"a zone to be enabled, in which another group that is not sent to across zones has no target", func(s *Snapshot) {
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
			s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
			s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		}, finding{id: "target-zone-not-enabled", sure: true}},
		{"a network balancer whose zones each have no target of one of two groups", func(s *Snapshot) {
			s.network()
			s.Balancer.Attributes[attrCrossZone] = "false"
			s.second(s.web().Targets[1:])
			s.web().Targets = s.web().Targets[:1]
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		}, finding{id: "cross-zone-off-empty-zone", sure: true, says: "connections for it that enter there find none", denies: "DNS", fix: "Value=true"}},
		{"TLS on a health check port of its own, beside a traffic port that answers", func(s *Snapshot) {
			s.checkPort("9090")
			s.codes(400)
			s.probed(ProbeTLS, ProbeConnected)
		}, finding{id: "target-expects-tls", absent: true}},
		{"plain HTTP on a health check port of its own, beside a traffic port in TLS", func(s *Snapshot) {
			s.checkPort("9090")
			s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.probed(ProbePlain, ProbeConnected)
		}, finding{id: "target-speaks-plain-http", absent: true}},
		{"health checks in another protocol, of a port that refuses", func(s *Snapshot) {
			s.web().Check.Protocol = "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.probed(ProbeRefused, ProbeRefused)
		}, finding{id: "health-check-protocol-mismatch", absent: true}},
		{"health checks in another protocol, of a port where the probe gets an answer in it", func(s *Snapshot) {
			s.web().Protocol = "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.probed(ProbeAnswered, ProbePlain)
		}, finding{id: "health-check-protocol-mismatch", absent: true}},
		{"health checks in plain HTTP of one target in TLS, beside one that takes them", func(s *Snapshot) {
			s.web().Protocol = "HTTPS"
			s.web().Targets[0].State, s.web().Targets[0].Reason, s.web().Targets[0].Description = "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [400]"
			s.probed(ProbeTLS, ProbeConnected)
		}, finding{id: "health-check-protocol-mismatch", sure: true, fix: "--health-check-protocol HTTPS"}},
		{"a health check port that refuses, as does the traffic port", func(s *Snapshot) {
			s.checkPort("9090")
			s.Logs.Traffic = nil
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.probed(ProbeRefused, ProbeRefused)
		}, finding{id: "health-check-port-refused", absent: true}},
		{"a health check port that refuses for one target, and not for another", func(s *Snapshot) {
			s.checkPort("9090")
			dead(s, "Target.FailedHealthChecks")
			s.probed(ProbeRefused, ProbeConnected)
		}, finding{id: "health-check-port-refused", sure: true}},
		{"a health check port in another protocol than the traffic", func(s *Snapshot) {
			s.checkPort("9090")
			s.web().Check.Protocol = "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "")
		}, finding{id: "health-check-port-refused", sure: true, fix: "--health-check-port traffic-port --health-check-protocol HTTP"}},
		{"health checks that a probe gets an answer to after longer than their interval", func(s *Snapshot) {
			s.web().Check.Timeout, s.web().Check.Interval = 9, 11
			s.all("unhealthy", "Target.Timeout", "Request timed out")
			s.probed(ProbeAnswered, ProbeConnected)
			s.Probes[0].Millis = 11500
		}, finding{id: "health-check-timeout-too-short", sure: true, fix: "--health-check-timeout-seconds 18 --health-check-interval-seconds 23"}},
		{"a port where TLS is usual, in plain HTTP, that refuses", func(s *Snapshot) {
			s.port(8443)
			s.all("unhealthy", "Target.FailedHealthChecks", "")
			s.probed(ProbeRefused, ProbeRefused)
		}, finding{id: "target-expects-tls", absent: true}},
		{"the group of before, which rules give no weight any more", func(s *Snapshot) { s.without(webARN) }, finding{id: "health-check-path-not-found", mild: true, fix: "/PATH"}},
		{"a group without weight, beside another one that works no better", func(s *Snapshot) {
			s.without(webARN)
			s.web().Targets = []Target{}
		}, finding{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
		{"a group with weight in another rule", func(s *Snapshot) {
			s.without(webARN)
			s.Listeners[0].Rules = append([]Rule{forwardTo("1", newARN)}, s.Listeners[0].Rules...)
		}, finding{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
		{"a group without weight, whose requests failed before that", func(s *Snapshot) {
			s.without(webARN)
			s.Groups[1].Targets[0].State, s.Groups[1].Targets[0].Reason = "unhealthy", "Target.Timeout"
			s.failing("Target_Connect_Timeout", "10.0.10.50:8080", 504, 600, func(f *Failure) { f.Group, f.Connect = newARN, 600 })
		}, finding{id: "target-connect-timeout", sure: true}},
		{"clients of private subnets, who come by Global Accelerator", func(s *Snapshot) {
			s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:1]
			s.metric("NewConnectionCount", "", "Sum", 6000)
		}, finding{id: "balancer-subnet-not-public", mild: true, fix: "--gateway-id INTERNET-GATEWAY"}},
		{"private subnets, and no client comes", func(s *Snapshot) {
			s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:1]
			s.Metrics = nil
		}, finding{id: "balancer-subnet-not-public", sure: true, fix: "--gateway-id INTERNET-GATEWAY"}},
		{"clients, and one of two subnets is private", func(s *Snapshot) {
			s.Network.RouteTables[1].Subnets = s.Network.RouteTables[1].Subnets[:1]
			s.metric("NewConnectionCount", "", "Sum", 6000)
		}, finding{id: "balancer-subnet-not-public", sure: true}},
		{"weight for one of two groups, of which a release knows which", func(s *Snapshot) {
			s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
			r := forwardTo("default", newARN, webARN)
			r.Actions[0].Weights[0].Weight, r.Actions[0].Weights[1].Weight = 0, 0
			s.Listeners[0].Rules = []Rule{r}
		}, finding{id: "rule-weights-all-zero", sure: true}},
		{"instances that leave as they are ended", func(s *Snapshot) {
			s.instances()
			s.all("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
			s.Network.Instances[0].State, s.Network.Instances[1].State = "shutting-down", "running"
		}, finding{id: "target-group-all-draining", fix: "Id=i-2,Port=8080", not: "i-1"}},
		{"few requests that target optimizer rejected for a minute", func(s *Snapshot) {
			s.optimized(2)
			s.Metrics = append(s.Metrics, Series{Name: rejectedCount, Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
		}, finding{id: "target-optimizer-rejects", mild: true}},
		{"targets for some subnets of the VPC, whose addresses they see", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "10.0.20.0/24"}}}
		}, finding{id: "nlb-client-addresses-blocked", absent: true}},
		{"targets for the subnets of an internal balancer alone, which see others", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, fix: "CidrIp=10.0.0.0/16"}},
		{"targets for an office, whose addresses they see", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "203.0.113.0/24"}}}
		}, finding{id: "nlb-client-addresses-blocked", absent: true}},
		{"targets of a service that is reached by PrivateLink alone", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
			s.group("sg-lb").Ingress = []Permission{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
			s.metric("NewFlowCount", "", "Sum", 6000)
		}, finding{id: "nlb-client-addresses-blocked", absent: true}},
		{"a listener that clients come to by PrivateLink alone", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
			s.group("sg-lb").Ingress = []Permission{}
			s.metric("NewFlowCount", "", "Sum", 6000)
		}, finding{id: "balancer-sg-blocks-listener", absent: true}},
		{"a page for maintenance before all rules, and no logs", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.Logs = nil
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
			s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
		}, finding{id: "balancer-5xx-not-in-logs", absent: true}},
		{"502 beside such a page, and no logs", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.Logs = nil
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
			s.metric("HTTPCode_ELB_502_Count", "", "Sum", 6000)
		}, finding{id: "balancer-5xx-not-in-logs", sure: true}},
		{"503 where a default rule answers so, others lead to targets, and there are no logs", func(s *Snapshot) {
			s.turnsAway("default", 6000)
			s.Logs = nil
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
			s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
		}, finding{id: "balancer-5xx-not-in-logs", sure: true}},
		{"targets for private addresses alone, of a balancer in the internet", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/8"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, denies: "only some"}},
		{"targets by IPv6 whose group lets everybody in by IPv4 alone", func(s *Snapshot) {
			s.network()
			s.six()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0", "2001:db8::/56"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, fix: "::/0"}},
		{"a target that lets no client in, beside one that lets in some", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.SecurityGroups = "internal", []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
			s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-some", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.20.0/24"}}}})
			s.Network.Interfaces[0].SecurityGroups = []string{"sg-app", "sg-some"}
			s.Network.Instances[0].SecurityGroups = []string{"sg-app", "sg-some"}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, fix: "CidrIp=10.0.0.0/16"}},
		{"targets for one address in the internet, and no client comes", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups, s.Metrics = []string{}, nil
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "198.51.100.7/32"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, says: "lets in only some"}},
		{"targets for an office, of a balancer that lets everybody in", func(s *Snapshot) {
			s.network()
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "203.0.113.0/24"}}}
		}, finding{id: "nlb-client-addresses-blocked", mild: true, says: "lets in only some"}},
		{"a listener for PrivateLink, and flows that its groups block", func(s *Snapshot) {
			s.network()
			s.Balancer.Scheme, s.Balancer.LinkUnfiltered = "internal", true
			s.group("sg-lb").Ingress = []Permission{}
			s.metric("NewFlowCount", "", "Sum", 6000)
			s.late("SecurityGroupBlockedFlowCount_Inbound_TCP", "", 57, 5)
		}, finding{id: "balancer-sg-blocks-listener", mild: true}},
		{"a target that failed in a minute in which it was well at first", func(s *Snapshot) {
			s.unhealthyFor(31, 32)
			s.healthyOnly(1, 30, 32)
		}, finding{id: "target-was-unhealthy", mild: true}},
		{"503 of targets lost after the logs' end, beside a default rule that few get", func(s *Snapshot) {
			s.turnsAway("default", 1)
			s.Metrics = s.Metrics[2:]
			s.metric("RequestCount", "", "Sum", 60)
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 2)
			s.late("HTTPCode_ELB_503_Count", "", 56, 2)
		}, finding{id: "balancer-5xx-after-logs", sure: true}},
		{"503 in place of requests, after the logs' end, beside a page for one path", func(s *Snapshot) {
			s.turnsAway("1", 600)
			s.Listeners[0].Rules[0].Conditions[0].Values = []string{"/old"}
			s.Metrics = s.Metrics[2:]
			s.metric("RequestCount", "", "Sum", 600)
			s.Metrics[len(s.Metrics)-1].Points = s.Metrics[len(s.Metrics)-1].Points[:56]
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 20)
			s.late("HTTPCode_ELB_503_Count", "", 56, 20)
		}, finding{id: "balancer-5xx-after-logs", sure: true}},
		{"a default rule that answers 503 to all of few clients", func(s *Snapshot) {
			s.turnsAway("default", 40)
			s.Logs.Traffic = []Traffic{{"", "", 40, -1, noon, 0, 0, 0, 0}}
		}, finding{id: "rule-fixed-response-error", mild: true}},
		{"a group without weight that clients keep to", func(s *Snapshot) {
			s.without(webARN)
			s.Listeners[0].Rules[0].Actions[0].Sticky = true
		}, finding{id: "health-check-path-not-found", sure: true, fix: "/PATH"}},
		{"a page for maintenance before all rules, and no logs that say who gets it", func(s *Snapshot) {
			s.turnsAway("1", 6000)
			s.Logs = nil
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
			s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
		}, finding{id: "rule-fixed-response-error", mild: true, says: "answers 503 by itself"}},
		{"a listener that answers 503 to all who come, who are few", func(s *Snapshot) {
			s.turnsAway("default", 20)
			s.Listeners[0].Rules = s.Listeners[0].Rules[1:]
		}, finding{id: "rule-fixed-response-error", mild: true}},
		{"a default rule that answers 503 to many since a few minutes of a day", func(s *Snapshot) {
			s.turnsAway("default", 1000)
			s.From, s.Logs.Traffic[0].Requests = noon.Add(-24*time.Hour), 144000
			for i := range s.Logs.Minutes[45:] {
				m := &s.Logs.Minutes[45+i]
				m.Reasons, m.Statuses = map[string]int64{"Fixed_Response": 100}, map[string]int64{"503": 100}
			}
		}, finding{id: "rule-fixed-response-error", mild: true, denies: "remove the rule"}},
		{"fail-open with healthy targets", func(s *Snapshot) {
			s.web().Attributes[attrLeast] = "2"
			dead(s, "Target.Timeout")
			s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 60)
		}, finding{id: "fail-open-routing", says: "fewer than the group's minimum", denies: "no healthy one"}},
		{"fail-open of a zone", func(s *Snapshot) {
			s.web().Attributes[attrCrossZone] = "false"
			dead(s, "Target.Timeout")
			s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 60)
		}, finding{id: "fail-open-routing", says: "no healthy one in a zone"}},
		{"health checks in TCP where the traffic is UDP", func(s *Snapshot) {
			s.network()
			s.Listeners[0].Protocol, s.web().Protocol, s.web().Type = "UDP", "UDP", "ip"
			s.web().Attributes[attrClientIP] = "false"
			s.group("sg-lb").Ingress[0].Protocol = "udp"
			s.group("sg-app").Ingress = append(s.group("sg-app").Ingress, Permission{Protocol: "udp", From: 8080, To: 8080, Groups: []string{"sg-lb"}})
			s.group("sg-lb").Egress = []Permission{{Protocol: "udp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
		}, finding{id: "balancer-sg-blocks-health-check-port", fix: "IpProtocol=tcp"}},
		{"answers to health checks in TCP where the traffic is UDP", func(s *Snapshot) {
			s.network()
			s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
			s.Network.ACLs[0].Entries[2] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 1024, To: 65535}
		}, finding{id: "acl-target-outbound-blocks-ephemeral", fix: "--protocol tcp"}},
		{"an ACL whose first entry denies more", func(s *Snapshot) {
			a := &s.Network.ACLs[0]
			a.Entries = append([]ACLEntry{{Number: 1, Protocol: "-1", CIDR: "10.0.0.0/8"}}, a.Entries...)
			s.unreachable()
		}, finding{id: "acl-target-inbound-blocks-traffic-port"}},
		{"an ACL with a number before the one that denies more", func(s *Snapshot) {
			a := &s.Network.ACLs[0]
			a.Entries = append([]ACLEntry{{Number: 1, Allow: true, Protocol: "6", CIDR: "198.51.100.0/24"}, {Number: 3, Protocol: "-1", CIDR: "10.0.0.0/24"}}, a.Entries...)
			s.unreachable()
		}, finding{id: "acl-target-inbound-blocks-traffic-port", fix: "create-network-acl-entry --region eu-central-1 --network-acl-id acl-app --ingress --rule-number 2 ", not: "--rule-number 3"}},
		{"a subnet that is public by IPv6 alone", func(s *Snapshot) {
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
			s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-six", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"},
				Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "active"}, {"::/0", "igw-1", "active"}}})
			s.Network.RouteTables[1].Subnets = s.Network.RouteTables[1].Subnets[:1]
		}, finding{id: "target-zone-not-enabled", fix: "PUBLIC-SUBNET", not: "subnet-edge-b"}},
		{"a route for the clients there are", func(s *Snapshot) { s.Network.RouteTables[1].Routes[1].Destination = "203.0.113.0/24" }, finding{id: "balancer-subnet-not-public", absent: true}},
		{"public by IPv6 alone, as it is meant to be", func(s *Snapshot) {
			s.Balancer.AddressType = onlyPublicIPv6
			s.Network.RouteTables[1].Routes = []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "active"}, {"::/0", "igw-1", "active"}}
		}, finding{id: "balancer-subnet-not-public", absent: true}},
		{"a table that other subnets have, too", func(s *Snapshot) {
			s.Network.RouteTables[1].Routes[1].Via = "nat-1"
			s.Network.RouteTables[1].Subnets = append(s.Network.RouteTables[1].Subnets, "subnet-app-a")
		}, finding{id: "balancer-subnet-not-public"}},
		{"a table of a subnet that targets are in, too", func(s *Snapshot) {
			s.Balancer.Zones = []Zone{{"eu-central-1a", "subnet-edge-a"}, {"eu-central-1b", "subnet-app-b"}}
			s.Network.RouteTables[0].Subnets = []string{"subnet-app-b"}
			s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a", "subnet-edge-b", "subnet-app-a"}
		}, finding{id: "balancer-subnet-not-public"}},
		{"both families let in", func(s *Snapshot) { s.dualstack() }, finding{id: "ipv6-clients-blocked", absent: true}},
		{"some by IPv4, and nobody by IPv6", func(s *Snapshot) {
			s.dualstack()
			s.group("sg-lb").Ingress[0].CIDRs = []string{"203.0.113.0/24"}
			s.Network.ACLs[1].Entries[0].CIDR, s.Network.ACLs[1].Entries[4].CIDR = "203.0.113.0/24", "2001:db8::/56"
			s.Network.RouteTables[1].Routes[1].Destination, s.Network.RouteTables[1].Routes[2].Destination = "203.0.113.0/24", "2001:db8::/56"
		}, finding{id: "ipv6-clients-blocked", absent: true}},
		{"dualstack within a VPC that is not known", func(s *Snapshot) {
			s.dualstackWithin()
			s.Network.VPCs = nil
			s.group("sg-lb").Ingress[0].CIDRs = []string{"0.0.0.0/0"}
		}, finding{id: "ipv6-clients-blocked", absent: true}},
		{"dualstack within a VPC, for members of a group", func(s *Snapshot) {
			s.dualstackWithin()
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/16"}, Groups: []string{"sg-clients"}}
		}, finding{id: "ipv6-clients-blocked", absent: true}},
		{"dualstack within a VPC, in both families", func(s *Snapshot) { s.dualstackWithin() }, finding{id: "ipv6-clients-blocked", absent: true}},
		{"dualstack within a VPC, by IPv4 alone", func(s *Snapshot) {
			s.dualstackWithin()
			s.group("sg-lb").Ingress[0].CIDRs = []string{"10.0.0.0/16"}
		}, finding{id: "ipv6-clients-blocked", fix: "CidrIpv6=2001:db8::/56", not: "::/0", mild: true}},
		{"an ACL by IPv4 alone within a VPC", func(s *Snapshot) {
			s.dualstackWithin()
			s.Network.ACLs[1].Entries = s.Network.ACLs[1].Entries[:4]
		}, finding{id: "ipv6-clients-blocked", fix: "--ipv6-cidr-block 2001:db8::/56", not: "::/0", mild: true}},
		{"some by IPv4, of a name with IPv6 only", func(s *Snapshot) {
			s.dualstack()
			s.Balancer.AddressType = onlyPublicIPv6
			s.group("sg-lb").Ingress[0].CIDRs = []string{"203.0.113.0/24"}
		}, finding{id: "ipv6-clients-blocked", sure: true, says: "lets some in"}},
		{"IPv6 by a prefix list that is not known", func(s *Snapshot) {
			s.dualstack()
			s.group("sg-lb").Ingress[0] = Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"0.0.0.0/0"}, PrefixLists: []string{"pl-six"}}
		}, finding{id: "ipv6-clients-blocked", absent: true}},
		{"no route by IPv6 in a table that other subnets have, too", func(s *Snapshot) {
			s.dualstack()
			s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:2]
			s.Network.RouteTables[1].Subnets = append(s.Network.RouteTables[1].Subnets, "subnet-app-a")
		}, finding{id: "ipv6-clients-blocked"}},
		{"a route of IPv6 for its own VPC, and none to clients", func(s *Snapshot) {
			s.dualstack()
			s.Network.RouteTables[1].Routes[2] = Route{"2001:db8::/56", "local", "active"}
		}, finding{id: "ipv6-clients-blocked", fix: "--gateway-id igw-1", not: "replace-route"}},
		{"port scans", func(s *Snapshot) {
			s.network()
			s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 6000)
		}, finding{id: "nlb-sg-blocks-flows", absent: true}},
		{"port scans of a balancer for some", func(s *Snapshot) {
			s.network()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
			s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 600)
			s.metric("NewFlowCount", "", "Sum", 60000)
		}, finding{id: "nlb-sg-blocks-flows", absent: true}},
		{"port scans of a balancer whose groups could not be read", func(s *Snapshot) {
			s.network()
			s.Network.SecurityGroups = nil
			s.metric("SecurityGroupBlockedFlowCount_Inbound_TCP", "", "Sum", 6000)
		}, finding{id: "nlb-sg-blocks-flows", absent: true}},
		{"one of 6,000 connections that failed, which the logs do not have", func(s *Snapshot) {
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 1)
		}, finding{id: "target-connection-errors", says: "could not connect", mild: true}},
		{"many that failed just now, of more that did not", func(s *Snapshot) {
			s.late("TargetConnectionErrorCount", webARN, 59, 20)
			s.late("TargetConnectionErrorCount", "", 59, 20)
		}, finding{id: "target-connection-errors", says: "cannot connect", sure: true}},
		{"many of a small group's that failed just now, beside a large group", func(s *Snapshot) {
			s.second(s.web().Targets)
			s.Metrics = nil
			s.metric("RequestCount", "", "Sum", 600_000)
			s.metric("RequestCount", newARN, "Sum", 6000)
			s.late("TargetConnectionErrorCount", newARN, 59, 20)
			s.late("TargetConnectionErrorCount", "", 59, 20)
		}, finding{id: "target-connection-errors", says: "cannot connect", sure: true}},
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
		}, finding{id: "target-sg-blocks-traffic-port", sure: true, fix: "UserIdGroupPairs=[{GroupId=sg-lb}]"}},
		{"TLS that fails just now, of more that did not", func(s *Snapshot) {
			s.web().Protocol = "HTTPS"
			s.late("TargetTLSNegotiationErrorCount", webARN, 59, 20)
		}, finding{id: "target-tls-negotiation-fails", denies: "now and then", sure: true}},
		{"TLS errors of one group of two", func(s *Snapshot) {
			s.network()
			s.web().Protocol = "TLS"
			s.second(s.web().Targets)
			s.metric("TargetTLSNegotiationErrorCount", "", "Sum", 600)
		}, finding{id: "target-tls-negotiation-fails", says: "one or more of web, new", groupless: true}},
		{"a listener for a prefix list", func(s *Snapshot) {
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, PrefixLists: []string{"pl-cloudfront"}}}
		}, finding{id: "balancer-sg-blocks-listener", fix: "PrefixListIds=[{PrefixListId=pl-cloudfront}]", not: "0.0.0.0/0"}},
		{"a listener for another group", func(s *Snapshot) {
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, Groups: []string{"sg-edge"}, CIDRs: []string{"203.0.113.0/24"}}}
		}, finding{id: "balancer-sg-blocks-listener", fix: "GroupId=sg-edge", not: "0.0.0.0/0"}},
		{"a listener for few, where all may ping", func(s *Snapshot) {
			s.group("sg-lb").Ingress = []Permission{{Protocol: "icmp", From: 3, To: 4, CIDRs: []string{"0.0.0.0/0"}}, {Protocol: "58", CIDRs: []string{"::/0"}}, {Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"203.0.113.0/24"}}}
		}, finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=203.0.113.0/24", not: "/0"}},
		{"a listener for nobody knows whom", func(s *Snapshot) { s.group("sg-lb").Ingress = []Permission{} },
			finding{id: "balancer-sg-blocks-listener", fix: "CidrIp=CLIENTS-CIDR", not: "0.0.0.0/0"}},
		{"a network ACL before an internal listener", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "--cidr-block 10.0.0.0/16", not: "0.0.0.0/0"}},
		{"a network ACL before an internal listener of a VPC that is not known", func(s *Snapshot) {
			s.Balancer.Scheme, s.Network.VPCs = "internal", nil
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
		}, finding{id: "acl-balancer-inbound-blocks-listener"}},
		{"a network ACL that keeps answers of an internal balancer", func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 20000, To: 65535})
		}, finding{id: "acl-balancer-outbound-blocks-clients", fix: "--cidr-block 10.0.0.0/16", not: "0.0.0.0/0"}},
		{"clients that a network ACL keeps out on purpose", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Protocol: "-1", CIDR: "198.51.100.0/24"})
			s.Network.ACLs[1].Entries[1] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 443}
		}, finding{id: "acl-balancer-inbound-blocks-listener", fix: "--rule-number 327", not: "--rule-number 89"}},
		{"answers that a network ACL keeps on purpose", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "-1", CIDR: "198.51.100.0/24"})
			s.Network.ACLs[1].Entries[3] = ACLEntry{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 20000}
		}, finding{id: "acl-balancer-outbound-blocks-clients", fix: "--rule-number 32766 --protocol tcp --port-range From=20001,To=65535", not: "From=443"}},
		{"clients whom the targets' network ACL keeps out on purpose", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0"}}}
			s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "198.51.100.0/24"})
			s.Network.ACLs[0].Entries[1].CIDR = "10.0.0.0/16"
		}, finding{id: "acl-target-inbound-blocks-traffic-port", fix: "--rule-number 327", not: "--rule-number 89", says: "let clients in on the port, in a rule before the one that refuses, or do not preserve their addresses", denies: "the balancer's subnets"}},
		{"a target for a prefix list", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, PrefixLists: []string{"pl-cloudfront"}, CIDRs: []string{"10.0.0.0/23"}}}
			s.Network.PrefixLists = []PrefixList{{"pl-cloudfront", []string{"130.176.0.0/16"}}}
		}, finding{id: "nlb-client-addresses-blocked", absent: true}},
		{"a target that another balancer's group may reach", func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}, {Protocol: "tcp", From: 8443, To: 8443, Groups: []string{"sg-alb"}}}
		}, finding{id: "nlb-client-addresses-blocked"}},
		{"a default route that leads nowhere", func(s *Snapshot) {
			s.peered("tgw-1")
			s.Network.RouteTables[1].Routes = []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "nat-1", "blackhole"}}
			s.Balancer.Scheme = "internal"
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", fix: "create-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 10.9.0.7/32", not: "0.0.0.0/0"}},
		{"a target on premises, which an outbound rule by group does not let out to", func(s *Snapshot) {
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "172.20.1.7", "all"
			dead(s, "Target.Timeout")
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"172.16.0.0/12", "vgw-1", "active"})
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
		}, finding{id: "balancer-sg-blocks-traffic-port", fix: "CidrIp=172.20.1.7/32", sure: true}},
		{"a subnet of the balancer without the route that another one has", func(s *Snapshot) {
			s.peered("tgw-1")
			dead(s, "Target.Timeout")
			s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a"}
			s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "igw-1", "active"}}})
		}, finding{id: "route-balancer-to-target", fix: "--route-table-id rtb-edge-b --destination-cidr-block 10.9.0.0/24 --transit-gateway-id tgw-1"}},
		{"a subnet without the route that another one has, and a third one only as all networks on premises", func(s *Snapshot) {
			s.peered("pcx-1")
			dead(s, "Target.Timeout")
			s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/8", "vgw-1", "active"})
			s.Network.RouteTables[1].Subnets = []string{"subnet-edge-a"}
			s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-edge-b", VPC: "vpc-1", Subnets: []string{"subnet-edge-b"}, Routes: []Route{{"10.0.0.0/16", "local", "active"}, {"0.0.0.0/0", "igw-1", "active"}}})
		}, finding{id: "route-balancer-to-target", fix: "--route-table-id rtb-edge-b --destination-cidr-block 10.9.0.0/24 --vpc-peering-connection-id pcx-1"}},
		{"a peered network without a way back", func(s *Snapshot) {
			s.peered("pcx-1")
			s.onTheWayBack("nat-1")
			dead(s, "Target.Timeout")
			back := &s.Network.RouteTables[len(s.Network.RouteTables)-1]
			back.Routes = back.Routes[:1]
		}, finding{id: "route-target-to-balancer", fix: "--route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1"}},
		{"a peered network whose only way back is a NAT gateway", func(s *Snapshot) {
			s.peered("pcx-1")
			s.onTheWayBack("nat-1")
			s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
			dead(s, "Target.Timeout")
			s.Network.RouteTables[len(s.Network.RouteTables)-1].Routes[1].Destination = "0.0.0.0/0"
		}, finding{id: "route-target-to-balancer", sure: true, fix: "create-route --region eu-central-1 --route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1", not: "0.0.0.0/0"}},
		{"a peered network whose table leads the very range of a balancer's subnet to a NAT gateway", func(s *Snapshot) {
			s.peered("pcx-1")
			s.onTheWayBack("nat-1")
			s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
			dead(s, "Target.Timeout")
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.Network.RouteTables[len(s.Network.RouteTables)-1].Routes[1].Destination = "10.0.0.0/24"
		}, finding{id: "route-target-to-balancer", fix: "replace-route --region eu-central-1 --route-table-id rtb-peer --destination-cidr-block 10.0.0.0/24 --vpc-peering-connection-id pcx-1", not: "create-route"}},
		{"a table that leads the very address of a target to the internet", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "192.168.5.7/32")
			s.Network.RouteTables[1].Routes[2].Via = "igw-1"
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", fix: "replace-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION", not: "delete-route"}},
		{"a target on premises whose only way is a NAT gateway, and another network's is known", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", says: "leads to a NAT gateway", denies: "has no way", fix: "--route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION"}},
		{"a target on premises whose only way is a NAT gateway, beside an endpoint of S3", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.withEndpoint("rtb-edge", "52.219.170.0/23")
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", says: "leads to a NAT gateway", fix: "--destination-cidr-block 192.168.5.7/32"}},
		{"a target on premises that a list of ranges leads to", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.withEndpoint("rtb-edge", "52.219.170.0/23", "192.168.0.0/16")
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"a target on premises beside a list of ranges that could not be read", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.withEndpoint("rtb-edge")
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"a list of ranges that leads nowhere any more", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.withEndpoint("rtb-edge", "192.168.0.0/16")
			s.Network.RouteTables[1].Routes[len(s.Network.RouteTables[1].Routes)-1].State = "blackhole"
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", says: "has no way", fix: "create-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 192.168.5.7/32", not: "pl-1"}},
		{"a target on premises that times out, beside one that is reached through the same NAT gateway", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.web().Targets[1].ID, s.web().Targets[1].Zone = "192.168.5.8", "all"
			dead(s, "Target.Timeout")
			s.Target = "192.168.5.7:8080"
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"targets of two networks on premises, of which another table knows the way to one", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.web().Targets[1].ID, s.web().Targets[1].Zone = "192.168.77.8", "all"
			s.all("unhealthy", "Target.Timeout", "")
			s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-other", VPC: "vpc-1", Routes: []Route{{"192.168.5.0/24", "tgw-1", "active"}}})
		}, finding{id: "route-balancer-to-target", says: "--transit-gateway-id for a transit gateway", fix: "192.168.77.8/32 --vpc-peering-connection-id VPC-PEERING-CONNECTION"}},
		{"a target on premises that is reached through a NAT gateway, and refuses", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			dead(s, "Target.FailedHealthChecks")
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"a target on premises that is reached through a NAT gateway", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
		}, finding{id: "route-balancer-to-target", absent: true}},
		{"a target that no route leads to but that of a NAT gateway", func(s *Snapshot) {
			s.onPremises("192.168.5.7", "172.16.0.0/12")
			s.Network.RouteTables[1].Routes = s.Network.RouteTables[1].Routes[:2]
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", absent: true}}, // target-other-vpc says so
		{"a route to a transit gateway that is gone", func(s *Snapshot) {
			s.peered("tgw-1")
			dead(s, "Target.Timeout")
			last := len(s.Network.RouteTables[1].Routes) - 1
			s.Network.RouteTables[1].Routes[last].State = "blackhole"
		}, finding{id: "route-balancer-to-target", fix: "--destination-cidr-block 10.9.0.0/16 --transit-gateway-id TRANSIT-GATEWAY"}},
		{"a route to a peering that is gone, to which none can be made", func(s *Snapshot) {
			s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", "pcx-gone", "blackhole"})
			s.unreachable()
		}, finding{id: "route-target-to-balancer", fix: "delete-route --region eu-central-1 --route-table-id rtb-app --destination-cidr-block 10.0.0.0/23", not: "pcx-gone"}},
		{"a route to an appliance that was stopped", func(s *Snapshot) {
			s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", "eni-fw", "blackhole"})
			s.unreachable()
		}, finding{id: "route-target-to-balancer", fix: "--destination-cidr-block 10.0.0.0/23 --network-interface-id eni-fw"}},
		{"a route to an internet gateway that is gone", func(s *Snapshot) {
			s.Network.RouteTables[1].Routes[1].Via, s.Network.RouteTables[1].Routes[1].State = "igw-gone", "blackhole"
		}, finding{id: "balancer-subnet-not-public", fix: "delete-route --region eu-central-1 --route-table-id rtb-edge --destination-cidr-block 0.0.0.0/0", not: "igw-gone"}},
		{"a rule that turns away who comes by the balancer's own name", func(s *Snapshot) { s.asksFor("*.elb.amazonaws.com", "fixed-response", "403") },
			finding{id: "listener-certificate-does-not-cover-host", absent: true}},
		{"a rule that turns away who asks for a host of before", func(s *Snapshot) { s.asksFor("old.example.org", "fixed-response", "410") },
			finding{id: "listener-certificate-does-not-cover-host", absent: true}},
		{"a rule that sends on who comes by the balancer's own name", func(s *Snapshot) { s.asksFor("SHOP-1.eu-central-1.elb.amazonaws.com", "redirect", "301") },
			finding{id: "listener-certificate-does-not-cover-host", absent: true}},
		{"a rule that redirects from a host of before, whose clients never get there", func(s *Snapshot) { s.asksFor("old.example.org", "redirect", "301") },
			finding{id: "listener-certificate-does-not-cover-host", fix: "add-listener-certificates", mild: true}},
		{"a route that may lead to a peering or to a gateway", func(s *Snapshot) {
			s.peered("igw-1")
			dead(s, "Target.Timeout")
		}, finding{id: "route-balancer-to-target", fix: "--vpc-peering-connection-id VPC-PEERING-CONNECTION", not: "OR-GATEWAY"}},
		{"a group like one that is checked in TLS", func(s *Snapshot) {
			s.checkPort("9443")
			s.web().Protocol, s.web().Version, s.web().AddressType = "HTTPS", "HTTP2", "ipv6"
			s.web().Check.Protocol, s.web().Check.Matcher = "HTTPS", "200-299"
		}, finding{id: "protocol-version-mismatch", fix: `--matcher '{"HttpCode":"200-299"}' --health-check-protocol HTTPS --health-check-port 9443 --ip-address-type ipv6`}},
		{"a group of another VPC", func(s *Snapshot) {
			s.peered("tgw-1")
			dead(s, "Target.Timeout")
		}, finding{id: "target-sg-blocks-traffic-port", fix: "--group-id sg-peer --ip-permissions 'IpProtocol=tcp,FromPort=8080,ToPort=8080,IpRanges=[{CidrIp=10.0.0.0/24}]'", not: "sg-lb"}},
		{"public addresses on the traffic port, of which health checks of another port say nothing", func(s *Snapshot) {
			s.checkPort("9090")
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"52.57.1.2/32"}}}
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}, finding{id: "target-health-timeout", behind: "target-sg-blocks-health-check-port", aside: "target-sg-public-source"}},
		{"a group behind an appliance", func(s *Snapshot) {
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/23", "vpce-0fw", "active"})
			s.group("sg-app").Ingress = nil
			dead(s, "Target.Timeout")
		}, finding{id: "target-sg-blocks-traffic-port", fix: "IpRanges=[{CidrIp=10.0.0.0/24}]", not: "sg-lb"}},
		{"a group of another VPC, outbound", func(s *Snapshot) {
			s.peered("pcx-1")
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
			dead(s, "Target.Timeout")
		}, finding{id: "balancer-sg-blocks-traffic-port", fix: "CidrIp=10.9.0.0/24", not: "sg-peer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == tt.want.id && f.Level != Note })
			if tt.want.absent {
				if i >= 0 {
					t.Errorf("%s is said:\n%s", tt.want.id, said(r))
				}
				return
			}
			if i < 0 {
				t.Fatalf("want %s:\n%s", tt.want.id, said(r))
			}
			f := r.Findings[i]
			if told := f.Sentence + " " + f.Do; !strings.Contains(told, tt.want.says) || tt.want.denies != "" && strings.Contains(told, tt.want.denies) {
				t.Errorf("it says %q, want %q and not %q", told, tt.want.says, tt.want.denies)
			}
			if tt.want.groupless && len(f.Groups)+len(f.Targets) > 0 {
				t.Errorf("it is about %v %v", f.Groups, f.Targets)
			}
			if tt.want.mild && f.Level == Fail || tt.want.sure && f.Level != Fail {
				t.Errorf("%s is %s:\n%s", f.ID, f.Level, said(r))
			}
			if tt.want.behind != "" {
				if !slices.Contains(f.BecauseOf, tt.want.behind) || slices.Contains(f.BecauseOf, tt.want.aside) {
					t.Errorf("because of %v, want %s and not %s", f.BecauseOf, tt.want.behind, tt.want.aside)
				}
				return
			}
			commands := strings.Join(append(slices.Clone(f.Fix), f.Undo...), "\n")
			if tt.want.fix == "" && commands != "" || !strings.Contains(commands, tt.want.fix) || tt.want.not != "" && strings.Contains(commands, tt.want.not) {
				t.Errorf("commands, want %q and not %q:\n%s", tt.want.fix, tt.want.not, commands)
			}
		})
	}
}

// TestLogsOfNetworkBalancer: logs that would tell no failure by target are not asked for.
func TestLogsOfNetworkBalancer(t *testing.T) {
	s := base()
	s.network()
	s.Balancer.Attributes["access_logs.s3.enabled"] = "false"
	if r := Diagnose(copied(t, s)); slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-off" }) {
		t.Errorf("logs-off is said:\n%s", said(r))
	}
}

// TestClassicLogsOn: what a command that switches logs on does not name would be set anew.
func TestClassicLogsOn(t *testing.T) {
	for _, tt := range []struct{ prefix, interval, want string }{
		{"", "", `{"AccessLog":{"Enabled":true,"S3BucketName":"logs","EmitInterval":5}}`},
		{"prod/web", "60", `{"AccessLog":{"Enabled":true,"S3BucketName":"logs","EmitInterval":60,"S3BucketPrefix":"prod/web"}}`},
	} {
		s := base()
		s.classic()
		a := s.Balancer.Attributes
		a["access_logs.s3.enabled"], a["access_logs.s3.prefix"], a["access_logs.s3.emit_interval"] = "false", tt.prefix, tt.interval
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-off" })
		if at < 0 {
			t.Fatalf("want logs-off:\n%s", said(r))
		}
		off := strings.Replace(tt.want, "true", "false", 1)
		if f := r.Findings[at]; !strings.Contains(f.Fix[0], tt.want) || !strings.Contains(f.Undo[0], off) {
			t.Errorf("want %s:\n%s\n%s", tt.want, f.Fix[0], f.Undo[0])
		}
	}
}

// TestHealthCheckLogsOn: they go to where the bucket's policy lets access logs go.
func TestHealthCheckLogsOn(t *testing.T) {
	for _, tt := range []struct{ bucket, prefix, want string }{
		{"", "", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=logs"},
		{"", "prod", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=logs Key=health_check_logs.s3.prefix,Value=prod"},
		{"others", "prod", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=others"},
	} {
		s := base()
		s.all("unhealthy", "Target.Timeout", "")
		a := s.Balancer.Attributes
		a["health_check_logs.s3.enabled"], a["health_check_logs.s3.bucket"], a["access_logs.s3.prefix"] = "false", tt.bucket, tt.prefix
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-health-check-off" })
		if at < 0 || !strings.HasSuffix(r.Findings[at].Fix[0], " --attributes "+tt.want) {
			t.Errorf("want %s:\n%s", tt.want, said(r))
		}
	}
}

// TestPassesWhatIsKnown: a hop whose filters and routes are not all known does not pass.
func TestPassesWhatIsKnown(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hop    Hop
		want   State
		forget func(*Snapshot)
	}{
		{"all", HopNode, Pass, func(*Snapshot) {}},
		{"all", HopNetwork, Pass, func(*Snapshot) {}},
		{"ACLs of the balancer", HopNetwork, Unknown, func(s *Snapshot) { s.Network.ACLs = s.Network.ACLs[:1] }},
		{"routes of the balancer", HopNetwork, Unknown, func(s *Snapshot) { s.Network.RouteTables = nil }},
		{"ACLs of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.ACLs = s.Network.ACLs[:1] }},
		{"routes of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.RouteTables = nil }},
		{"groups of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.SecurityGroups = s.Network.SecurityGroups[:1] }},
		{"listeners", HopNode, Unknown, func(s *Snapshot) { s.Listeners = nil }},
		{"a balancer without groups", HopNode, Pass, func(s *Snapshot) { s.network(); s.Balancer.SecurityGroups = []string{} }},
		{"a function beside", HopNetwork, Pass, func(s *Snapshot) {
			s.second([]Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}})
			s.Groups[1].Type = "lambda"
		}},
	} {
		s := base()
		tt.forget(s)
		r := Diagnose(s)
		if at := slices.IndexFunc(r.Path, func(s Station) bool { return s.Hop == tt.hop }); r.Path[at].State != tt.want {
			t.Errorf("%s: %s is %s, want %s: %v", tt.name, tt.hop, r.Path[at].State, tt.want, r.Path[at].Evidence)
		}
	}
}

// asksFor puts a rule for a host before those of a listener whose certificate is for others.
func (s *Snapshot) asksFor(host, action, status string) {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	r := Rule{ARN: "arn:rule-1", Priority: "1", Conditions: []Condition{{Field: "host-header", Values: []string{host}}}, Actions: []Action{{Type: action, Status: status}}}
	s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
}

// turnsAway lets a rule answer 503 by itself to so many requests, but for a last part of the window
// that logs do not reach; the default one to what no other rule asks for.
func (s *Snapshot) turnsAway(priority string, n int64) {
	r, of := forwardTo("2", webARN), "0"
	r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
	page := Rule{ARN: "arn:rule-page", Priority: priority, Actions: []Action{{Type: "fixed-response", Status: "503"}}}
	s.Logs.Minutes = s.Logs.Minutes[:55]
	if s.Listeners[0].Rules = []Rule{r, page}; priority != "default" {
		of, page.Conditions = priority, []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		s.Listeners[0].Rules = []Rule{page, r, forwardTo("default", webARN)}
	}
	s.failing("Fixed_Response", "", 503, n, ofPolicy, func(f *Failure) { f.Group, f.Rule, f.Listener = "", of, "HTTP" })
}

// probed is how the targets answered a probe of their health check, and of their traffic port.
func (s *Snapshot) probed(check, traffic string) {
	for _, t := range s.web().Targets {
		name := fmt.Sprint(t.ID, ":", s.web().Port)
		s.Probes = append(s.Probes, Probe{Group: webARN, Target: name, Check: true, Address: fmt.Sprint(t.ID, ":", t.CheckPort), Outcome: check, Code: 200}, Probe{Group: webARN, Target: name, Address: name, Outcome: traffic})
	}
}

// without leaves another group, whose target fails its health checks, no weight beside one.
func (s *Snapshot) without(group string) {
	s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [404]", CheckPort: "8080"}})
	r := forwardTo("default", group, newARN)
	r.Actions[0].Weights[1].Weight = 0
	s.Listeners[0].Rules = []Rule{r}
}

// unhealthyFor is a target that metrics have as unhealthy from one minute to another.
func (s *Snapshot) unhealthyFor(from, to int) {
	m := Series{Name: "UnHealthyHostCount", Group: webARN, Stat: "Minimum", Period: 60}
	for i := range 60 {
		m.Points = append(m.Points, Point{Time: s.minute(i)})
		if from <= i && i <= to {
			m.Points[i].Value = 1
		}
	}
	s.Metrics = append(s.Metrics, m)
}

// healthyOnly are so many healthy targets from one minute to another.
func (s *Snapshot) healthyOnly(n float64, from, to int) {
	for i, m := range s.Metrics {
		if m.Name == "HealthyHostCount" {
			for at := from; at <= to; at++ {
				s.Metrics[i].Points[at].Value = n
			}
		}
	}
}

// gateway is a gateway balancer before appliances that are checked on port 80.
func (s *Snapshot) gateway() {
	s.network()
	s.Balancer.Type, s.Balancer.Scheme, s.Balancer.SecurityGroups = Gateway, "", []string{}
	s.Listeners[0].Protocol, s.Listeners[0].Port, s.web().Protocol, s.web().Port = "GENEVE", 6081, "GENEVE", 6081
	for i := range s.web().Targets {
		s.web().Targets[i].Port, s.web().Targets[i].CheckPort = 6081, "80"
	}
	s.web().Check.Port = "80"
	subnets := []string{"10.0.0.0/16"}
	s.group("sg-app").Ingress = []Permission{{Protocol: "udp", From: 6081, To: 6081, CIDRs: subnets}, {Protocol: "tcp", From: 80, To: 80, CIDRs: subnets}}
	s.Metrics = nil
}

// alsoHas adds a certificate to the listener that s.https made.
func (s *Snapshot) alsoHas(c Certificate) {
	s.Certificates = append(s.Certificates, c)
	l := &s.Listeners[1]
	l.Certificates = append(l.Certificates, c.ARN)
}

// peered puts the first target's address into another VPC, with a security group that
// lets nobody in, and a route of the balancer's subnets that leads its range somewhere.
func (s *Snapshot) peered(via string) {
	s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
	n := &s.Network
	n.RouteTables[1].Routes = append(n.RouteTables[1].Routes, Route{"10.9.0.0/16", via, "active"})
	n.VPCs = append(n.VPCs, VPC{"vpc-9", []string{"10.9.0.0/16"}})
	n.Subnets = append(n.Subnets, Subnet{"subnet-peer", "vpc-9", "eu-central-1a", []string{"10.9.0.0/24"}, 200, "", false})
	n.SecurityGroups = append(n.SecurityGroups, SecurityGroup{ID: "sg-peer", VPC: "vpc-9", Ingress: []Permission{}})
	n.Interfaces = append(n.Interfaces, Interface{ID: "eni-p", VPC: "vpc-9", Subnet: "subnet-peer", Zone: "eu-central-1a", Addresses: []string{"10.9.0.7"}, SecurityGroups: []string{"sg-peer"}})
}

// onPremises puts the first target outside of AWS, behind an internal balancer whose subnets lead all to
// a NAT gateway but for a network behind a transit gateway.
func (s *Snapshot) onPremises(address, network string) {
	s.Balancer.Scheme = "internal"
	s.web().Targets[0].ID, s.web().Targets[0].Zone = address, "all"
	edge := &s.Network.RouteTables[1]
	edge.Routes = append(edge.Routes[:1:1], Route{"0.0.0.0/0", "nat-1", "active"}, Route{network, "tgw-1", "active"})
}

// closedHTTP lets network ACLs keep clients from HTTP, which the balancer redirects to HTTPS.
func (s *Snapshot) closedHTTP() {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
	everybody, edge := "0.0.0.0/0", &s.Network.ACLs[1]
	edge.Entries = append([]ACLEntry{{Number: 100, Allow: true, Protocol: "6", CIDR: everybody, From: 443, To: 443}, {Number: 110, Allow: true, Protocol: "6", CIDR: everybody, From: 1024, To: 65535}}, edge.Entries[1:]...)
}

// withEndpoint leads a list of ranges to an endpoint, which is not known if there are none.
func (s *Snapshot) withEndpoint(table string, ranges ...string) {
	if len(ranges) > 0 {
		s.Network.PrefixLists = append(s.Network.PrefixLists, PrefixList{"pl-1", ranges})
	}
	for i := range s.Network.RouteTables {
		if t := &s.Network.RouteTables[i]; t.ID == table {
			t.Routes = append(t.Routes, Route{"pl-1", "vpce-1", "active"})
		}
	}
}

// classicTwice is a classic balancer with a listener for HTTPS beside that for HTTP, whose
// port is checked, and with instances that are down.
func (s *Snapshot) classicTwice() {
	s.classic()
	s.Logs = nil
	s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
	s.checkPort("8080")
	s.second(s.web().Targets)
	g := &s.Groups[1]
	g.Protocol, g.Port = "HTTPS", 8443
	for i := range g.Targets {
		g.Targets[i].Port = 8443
	}
}
