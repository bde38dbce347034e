package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNotKnown: what could not be asked is taken neither for good nor for bad.
func TestNotKnown(t *testing.T) {
	for _, tt := range []struct {
		name   string
		denied string // the action that was
		absent string // a finding that would rest on it
		mild   string // one that is no more than a warning
		hop    Hop    // that is not said to pass; "" for none
		change func(*Snapshot)
	}{
		{"rules beside one that answers 503", describeRules, "target-group-none", "", HopTargetGroup, func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "503"}}}}
		}},
		{"rules beside one that answers 503, which is no warning", describeRules, "rule-fixed-response-error", "", HopRule, func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "503"}}}}
		}},
		{"rules, and an empty group", describeRules, "", "target-group-empty", "", func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
			s.web().Targets = []Target{}
		}},
		{"rules, and a group that nothing leads to", describeRules, "target-group-not-in-use", "", HopTargetGroup, func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
			s.second(s.web().Targets)
			s.Idle, s.Groups = s.Groups[1:], s.Groups[:1]
		}},
		{"rules, and HTTP/2 on a listener without TLS", describeRules, "", "", HopListener, func(s *Snapshot) {
			s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
			s.web().Version = "HTTP2"
		}},
		{"certificates beside the default one", describeCertificates, "listener-certificate-does-not-cover-host", "", HopListener, func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"www.example.com"}, ""})
			r := forwardTo("1", webARN)
			r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
			s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
		}},
		{"nodes of subnets that are let in by half", "ec2:DescribeNetworkInterfaces", "target-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.instances()
			s.Network.Interfaces = nil
			for i := range s.Network.Instances {
				s.Network.Instances[i].State = "running"
			}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/25", "10.0.1.0/25"}}}
		}},
		{"nodes of a subnet some of whose addresses an ACL refuses", "ec2:DescribeNetworkInterfaces", "acl-target-inbound-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.instances()
			s.Network.Interfaces = nil
			for i := range s.Network.Instances {
				s.Network.Instances[i].State = "running"
			}
			s.deny("acl-app", ACLEntry{Protocol: "-1", CIDR: "10.0.0.200/32"})
		}},
		{"whether targets see clients", "elasticloadbalancing:DescribeTargetGroupAttributes", "nlb-client-addresses-blocked", "", HopNetwork, func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups, s.web().Attributes = []string{}, nil
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23"}}}
		}},
		{"whether targets see clients that their subnet's ACL keeps out", "elasticloadbalancing:DescribeTargetGroupAttributes", "acl-target-inbound-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.network()
			s.web().Attributes = nil
			s.Network.ACLs[0].Entries[0].CIDR = "10.0.0.0/16"
		}},
		{"whether targets see the balancer", "elasticloadbalancing:DescribeTargetGroupAttributes", "target-sg-public-source", "", HopNetwork, func(s *Snapshot) {
			s.network()
			s.web().Attributes, s.web().Type = nil, "ip"
			s.Balancer.SecurityGroups = []string{}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"203.0.113.0/24"}}}
		}},
		{"whether a classic balancer sends across zones", "elasticloadbalancing:DescribeLoadBalancerAttributes", "cross-zone-off-empty-zone", "", HopNetwork, func(s *Snapshot) {
			s.classic()
			s.Balancer.Attributes, s.web().Targets = nil, s.web().Targets[:1]
		}},
		{"the addresses of instances, one of which is asked about by its address", "ec2:DescribeInstances", "target-not-registered", "", HopTarget, func(s *Snapshot) {
			s.instances()
			s.Network.Instances, s.Target = nil, first
		}},
		{"a prefix list", "ec2:GetManagedPrefixListEntries", "target-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, PrefixLists: []string{"pl-1"}}
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}},
		{"the groups of targets, which an outbound rule names", "ec2:DescribeNetworkInterfaces", "balancer-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-app"}}}
			s.Network.Interfaces = nil
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}},
		{"whether a transit gateway refers to groups", "", "target-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.peered("tgw-1")
			s.onTheWayBack("tgw-1")
			s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-lb"}}}
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		}},
		{"whether rules refer to groups through an appliance", "", "target-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			for i := range s.Network.RouteTables {
				s.Network.RouteTables[i].Routes = append(s.Network.RouteTables[i].Routes, Route{"10.0.0.0/23", "vpce-0fw", "active"}, Route{"10.0.10.0/23", "vpce-0fw", "active"})
			}
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}},
		{"whether an outbound rule refers to groups over a transit gateway", "", "balancer-sg-blocks-traffic-port", "", HopNetwork, func(s *Snapshot) {
			s.peered("tgw-1")
			s.onTheWayBack("tgw-1")
			s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}}
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-peer", "sg-app"}}}
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			if tt.denied != "" {
				s.Missing = append(s.Missing, Missing{What: "what was denied", Action: tt.denied, Denied: true, Why: "access denied"})
			}
			r := Diagnose(copied(t, s))
			level := func(id string) Level {
				if i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == id }); i >= 0 {
					return r.Findings[i].Level
				}
				return ""
			}
			if l := level(tt.absent); tt.absent != "" && l != "" && l != Note {
				t.Errorf("%s is said:\n%s", tt.absent, said(r))
			}
			if tt.mild != "" && level(tt.mild) != Warn {
				t.Errorf("%s is no warning:\n%s", tt.mild, said(r))
			}
			for _, at := range r.Path {
				if at.Hop == tt.hop && at.State == Pass {
					t.Errorf("%s passes: %v", at.Hop, at.Evidence)
				}
			}
		})
	}
}

// TestCertificatesBeside: an expired certificate is what clients get only if no valid one
// beside it is for the same names. Where those were not read, that is not known.
func TestCertificatesBeside(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		sure   bool
	}{
		{"none", func(*Snapshot) {}, true},
		{"their list was denied", func(s *Snapshot) { s.Missing = append(s.Missing, Missing{Action: describeCertificates, Denied: true}) }, false},
		{"one of IAM", func(s *Snapshot) {
			s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, "arn:aws:iam::111122223333:server-certificate/shop")
		}, false},
		{"one for other names", func(s *Snapshot) {
			s.alsoHas(Certificate{"arn:other", "ISSUED", noon.Add(5000 * time.Hour), []string{"www.example.com"}, ""})
		}, true},
	} {
		s := base()
		s.https(Certificate{certARN, "EXPIRED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		tt.change(s)
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "listener-certificate-expired" })
		if at < 0 {
			t.Fatalf("%s: want listener-certificate-expired:\n%s", tt.name, said(r))
		}
		if f := r.Findings[at]; (f.Confidence == High) != tt.sure || (len(f.Rivals) == 0) != tt.sure {
			t.Errorf("%s: confidence %s, rivals %v", tt.name, f.Confidence, f.Rivals)
		}
	}
}

// TestFarGroups: over a peering rules name groups, so that nothing is left open; over a
// transit gateway that is a rival of what is seen.
func TestFarGroups(t *testing.T) {
	for _, tt := range []struct {
		via   string
		state State
		rival bool
	}{{"pcx-1", Pass, false}, {"tgw-1", Unknown, true}} {
		s := base()
		s.peered(tt.via)
		s.onTheWayBack(tt.via)
		s.group("sg-peer").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-lb"}}}
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		r := Diagnose(copied(t, s))
		if at := slices.IndexFunc(r.Path, func(s Station) bool { return s.Hop == HopNetwork }); r.Path[at].State != tt.state {
			t.Errorf("%s: the network is %s, want %s: %v", tt.via, r.Path[at].State, tt.state, r.Path[at].Evidence)
		}
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "target-health-timeout" })
		if at < 0 {
			t.Fatalf("%s: want target-health-timeout:\n%s", tt.via, said(r))
		}
		if slices.ContainsFunc(r.Findings[at].Rivals, func(v Rival) bool { return strings.Contains(v.Why, "transit gateway") }) != tt.rival {
			t.Errorf("%s: rivals %v", tt.via, r.Findings[at].Rivals)
		}
	}
}

// TestBehindTransit: of targets behind a transit gateway, or a core network, what is there is named beside
// health checks and connections that time out.
func TestBehindTransit(t *testing.T) {
	for via, want := range map[string]bool{"tgw-1": true, "arn:aws:networkmanager::111122223333:core-network/core-network-1": true, "pcx-1": false, "vgw-1": false} {
		for _, id := range []string{"target-health-timeout", "target-connect-timeout"} {
			s := base()
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"192.168.0.0/16", via, "active"})
			target := &s.web().Targets[0]
			target.ID, target.Zone = "192.168.5.7", "all"
			if id == "target-health-timeout" {
				target.State, target.Reason = "unhealthy", "Target.Timeout"
			} else {
				s.failing("Target_Connect_Timeout", "192.168.5.7:8080", 504, 300, func(f *Failure) { f.Connect = 300 })
			}
			f := Diagnose(copied(t, s)).finding(id)
			if f == nil || slices.ContainsFunc(f.Rivals, func(v Rival) bool { return strings.Contains(v.Why, "transit gateway or core network") }) != want {
				t.Errorf("%s, %s: want it named %v: %+v", via, id, want, f)
			}
		}
	}
}

// TestBehindNAT: where a route by default to a NAT gateway leads is not known, and where none leads is.
func TestBehindNAT(t *testing.T) {
	for via, want := range map[string]Confidence{"nat-1": Medium, "igw-1": High} {
		s := base()
		s.onPremises("192.168.5.7", "172.16.0.0/12")
		s.Network.RouteTables[1].Routes[1].Via = via
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		f := Diagnose(copied(t, s)).finding("route-balancer-to-target")
		if f == nil || f.Confidence != want || (len(f.Rivals) == 0) != (want == High) {
			t.Errorf("%s: want confidence %s: %+v", via, want, f)
		}
	}
}

// TestListsOfRoutesDenied: where ranges that routes lead somewhere could not be read, the routes are named as
// what could not be looked at.
func TestListsOfRoutesDenied(t *testing.T) {
	s := base()
	s.onPremises("192.168.5.7", "172.16.0.0/12")
	s.withEndpoint("rtb-edge")
	s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
	s.Missing = append(s.Missing, Missing{What: "prefix list pl-1", Action: "ec2:GetManagedPrefixListEntries", Denied: true, Why: "access denied"})
	f := Diagnose(copied(t, s)).finding("target-health-timeout")
	if f == nil || !slices.ContainsFunc(f.Rivals, func(v Rival) bool { return v.ID == "route-balancer-to-target" }) {
		t.Errorf("routes are not named: %+v", f)
	}
}

// onTheWayBack lets what s.peered made be reached, but for security groups.
func (s *Snapshot) onTheWayBack(via string) {
	n := &s.Network
	n.RouteTables = append(n.RouteTables, RouteTable{ID: "rtb-peer", VPC: "vpc-9", Main: true, Routes: []Route{{"10.9.0.0/16", "local", "active"}, {"10.0.0.0/16", via, "active"}}})
	acl := n.ACLs[0]
	acl.ID, acl.VPC, acl.Subnets = "acl-peer", "vpc-9", []string{"subnet-peer"}
	n.ACLs = append(n.ACLs, acl)
}

// TestEmptyZoneOfSomeGroup: a group that no rule leads to needs no target in every zone, but where rules were not
// read it may be one that requests are sent to.
func TestEmptyZoneOfSomeGroup(t *testing.T) {
	for _, read := range []bool{true, false} {
		s := base()
		s.second(s.web().Targets[:1])
		s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
		if !read {
			s.Missing = []Missing{{What: "rules", Action: describeRules, Denied: true, Why: "access denied"}}
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("cross-zone-off-empty-zone"); (f == nil) != read {
			t.Errorf("rules were read: %v:\n%s", read, said(r))
		}
	}
}

// TestGroupOfNoTarget: 503s for want of a target are told of the groups that had them alone.
func TestGroupOfNoTarget(t *testing.T) {
	s := base()
	s.second(s.web().Targets)
	s.Listeners[0].Rules = append([]Rule{forwardTo("10", newARN)}, s.Listeners[0].Rules...)
	s.failing("No_Usable_Target", "", 503, 300)
	s.failing("Target_5XX", first, 500, 300, func(f *Failure) { f.Group, f.TargetStatus = newARN, 500 })
	r := Diagnose(copied(t, s))
	if f := r.finding("no-usable-target"); f == nil || !slices.Equal(f.Groups, []string{"web"}) {
		t.Error(said(r))
	}
}
