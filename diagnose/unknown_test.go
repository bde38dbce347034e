package diagnose

import (
	"slices"
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
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"www.example.com"}})
			r := forwardTo("1", webARN)
			r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
			s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			s.Missing = append(s.Missing, Missing{What: "what was denied", Action: tt.denied, Denied: true, Why: "access denied"})
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
