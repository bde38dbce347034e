package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFixesTogether: what the commands of several findings make has numbers and names of
// its own, so that all can be run, and one can be taken back without another.
func TestFixesTogether(t *testing.T) {
	for _, tt := range []struct {
		name, makes string // what the commands make, of which none comes twice
		n           int
		change      func(*Snapshot)
	}{
		{"entries of a network ACL", `--ingress --rule-number \d+`, 2, func(s *Snapshot) {
			s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTP", Rules: []Rule{forwardTo("default", webARN)}})
			s.Network.ACLs[1].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 1024, To: 65535}
		}},
		{"entries before two others", `--ingress --rule-number \d+`, 2, func(s *Snapshot) {
			s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTP", Rules: []Rule{forwardTo("default", webARN)}})
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
			s.Network.ACLs[1].Entries[0].Number = 91
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 443})
		}},
		{"permissions of one function", `--statement-id \S+`, 2, func(s *Snapshot) {
			function := Target{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}
			s.web().Type, s.web().Targets = "lambda", []Target{function}
			s.second([]Target{function})
			for _, g := range []string{webARN, newARN} {
				s.failing("LambdaAccessDenied", "", 502, 60, func(f *Failure) { f.Class, f.Group = "lambda", g })
			}
		}},
		{"rules that go before the same one", `Priority=\d+`, 2, func(s *Snapshot) {
			rule := func(priority, path string) Rule {
				r := forwardTo(priority, webARN)
				r.Conditions = []Condition{{Field: "path-pattern", Values: []string{path}}}
				return r
			}
			s.Listeners[0].Rules = append([]Rule{rule("10", "/api/*"), rule("20", "/api/v1/x"), rule("30", "/api/v1/*")}, s.Listeners[0].Rules...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			makes, seen := regexp.MustCompile(tt.makes), map[string]bool{}
			for _, f := range r.Findings {
				for _, command := range f.Fix {
					what := makes.FindString(command)
					if seen[what] {
						t.Errorf("made twice: %s", command)
					}
					if what != "" {
						seen[what] = true
					}
				}
			}
			if len(seen) != tt.n {
				t.Errorf("%d things are made, want %d:\n%s", len(seen), tt.n, said(r))
			}
		})
	}
}

// TestBothPorts: where neither the traffic nor the health checks are let through, both are
// said, with a command for each; and only what keeps the checks is why they fail.
func TestBothPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		traffic, check string
		change         func(*Snapshot)
	}{
		"into targets": {"target-sg-blocks-traffic-port", "target-sg-blocks-health-check-port", func(s *Snapshot) { s.group("sg-app").Ingress = nil }},
		"out of the balancer": {"balancer-sg-blocks-traffic-port", "balancer-sg-blocks-health-check-port", func(s *Snapshot) {
			s.group("sg-app").Ingress[0].To = 9090
			s.group("sg-lb").Egress = nil
		}},
		"an ACL": {"acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", func(s *Snapshot) {
			s.group("sg-app").Ingress[0].To = 9090
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 8080, To: 9090})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			s.checkPort("9090")
			s.all("unhealthy", "Target.Timeout", "Request timed out")
			tt.change(s)
			r := Diagnose(copied(t, s))
			ports := map[string]string{tt.traffic: "8080", tt.check: "9090"}
			for _, f := range r.Findings {
				if port, ok := ports[f.ID]; ok && strings.Contains(strings.Join(f.Fix, " "), port) {
					delete(ports, f.ID)
				}
				if f.ID == "target-health-timeout" && (slices.Contains(f.BecauseOf, tt.traffic) || !slices.Contains(f.BecauseOf, tt.check)) {
					t.Errorf("health checks fail because of %v", f.BecauseOf)
				}
			}
			if len(ports) > 0 {
				t.Errorf("not said, or without a command: %v\n%s", ports, said(r))
			}
		})
	}
}

// TestClientsAndTargets: what keeps clients from the balancer is not why its targets are
// unhealthy, nor why requests go to them.
func TestClientsAndTargets(t *testing.T) {
	for _, tt := range faults {
		if tt.want != "balancer-sg-blocks-listener" && tt.want != "acl-balancer-inbound-blocks-listener" && tt.want != "acl-balancer-outbound-blocks-clients" {
			continue
		}
		s := base()
		tt.change(s)
		s.all("unhealthy", "Target.InternalError", "")
		s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 600)
		s.metric("UnhealthyRoutingFlowCount", "", "Sum", 600)
		r := Diagnose(copied(t, s))
		for _, id := range []string{"target-group-fail-open", "fail-open-routing"} {
			if f := r.finding(id); f == nil || slices.Contains(f.BecauseOf, tt.want) {
				t.Errorf("%s: want %s, and not because of it:\n%s", tt, id, said(r))
			}
		}
	}
}

// TestSameCommand: where a command sets all of something anew, the one of each finding
// holds what that of the others does, so that the last one takes nothing back.
func TestSameCommand(t *testing.T) {
	for id, tt := range map[string]struct {
		want   []string
		change func(*Snapshot)
	}{
		"target-zone-not-enabled": {[]string{"--subnets subnet-edge-a subnet-edge-b subnet-app-c subnet-app-d"}, func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			for i, zone := range []string{"c", "d"} {
				cidr := "10.0.1" + string(rune('2'+i))
				s.Network.Subnets = append(s.Network.Subnets, Subnet{"subnet-app-" + zone, "vpc-1", "eu-central-1" + zone, []string{cidr + ".0/24"}, 200, "", false})
				s.web().Targets[i] = Target{ID: cidr + ".11", Port: 8080, Zone: "eu-central-1" + zone, State: "unused", Reason: "Target.NotInUse"}
			}
		}},
		"rule-weight-to-broken-group": {[]string{webARN + `","Weight":1}`, newARN + `","Weight":0}`, newARN + `x","Weight":0}`}, func(s *Snapshot) {
			s.second([]Target{})
			third := s.Groups[1]
			third.ARN, third.Name = newARN+"x", "third"
			s.Groups = append(s.Groups, third)
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN, third.ARN)}
		}},
	} {
		t.Run(id, func(t *testing.T) {
			s := base()
			tt.change(s)
			n := 0
			for _, f := range Diagnose(copied(t, s)).Findings {
				if f.ID != id {
					continue
				}
				n++
				for _, want := range tt.want {
					if len(f.Fix) != 1 || !strings.Contains(f.Fix[0], want) {
						t.Errorf("want %s:\n%s", want, strings.Join(f.Fix, "\n"))
					}
				}
			}
			if n != 2 {
				t.Errorf("%d findings, want 2", n)
			}
		})
	}
}

// TestMadeOnce: what one rule lets in is made by the first finding that lacks it alone, since AWS refuses
// it the second time, and the others say so.
func TestMadeOnce(t *testing.T) {
	s := base()
	s.all("unhealthy", "Target.Timeout", "Request timed out")
	s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-common", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.1.0/24"}}}})
	s.Network.Interfaces[1].SecurityGroups = []string{"sg-app", "sg-common"}
	s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, Groups: []string{"sg-lb"}}}
	r := Diagnose(copied(t, s))
	made, told := 0, 0
	for _, f := range r.Findings {
		if f.ID == "target-sg-blocks-traffic-port" {
			made += len(f.Fix)
			told += strings.Count(said(&Report{Findings: []*Finding{f}}), "what mends it stands above, with target-sg-blocks-traffic-port")
		}
	}
	if made != 1 || told != 1 {
		t.Errorf("%d commands, and %d findings that point to one:\n%s", made, told, said(r))
	}
}

// TestAnswersNowAndThen: a network ACL that refuses answers on some of their ports lets a part of
// the health checks through, and is why the others time out; not why they are answered with 5xx.
func TestAnswersNowAndThen(t *testing.T) {
	const acl, flaps = "acl-balancer-inbound-blocks-ephemeral", "target-health-flapping"
	for reason, want := range map[string]string{"TimedOut": acl, "TargetError": flaps} {
		s := base()
		s.Network.ACLs[1].Entries[0] = ACLEntry{Number: 100, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 32768, To: 65535}
		s.Network.ACLs[1].Entries = append(s.Network.ACLs[1].Entries, ACLEntry{Number: 110, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 80, To: 80})
		for _, target := range []string{first, second} {
			code := int64(-1)
			if reason == "TargetError" {
				code = 500
			}
			s.Logs.Health = append(s.Logs.Health, LogCheck{Group: "web", Target: target, Pass: true, Code: 200, Flaps: 30}, LogCheck{Group: "web", Target: target, Reason: reason, Code: code, Flaps: 30})
		}
		r := Diagnose(copied(t, s))
		f, behind := r.finding(acl), r.finding(flaps)
		if f == nil || behind == nil || r.Findings[0].ID != want || (f.Level == Fail) != (want == acl) || slices.Contains(behind.BecauseOf, acl) != (want == acl) {
			t.Errorf("%s: want %s first:\n%s", reason, want, said(r))
		}
	}
	s := base()
	s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "0.0.0.0/0", From: 3389, To: 3389})
	s.Logs.Health = []LogCheck{{Group: "web", Target: first, Pass: true, Code: 200, Flaps: 30}, {Group: "web", Target: first, Reason: "TimedOut", Code: -1, Flaps: 30}}
	r := Diagnose(copied(t, s))
	if f := r.finding(acl); f == nil || f.Level != Note || len(f.Fix) > 0 || strings.Contains(f.Do, "let answers in") || strings.Contains(said(r), "as each comes from another port") || len(r.finding(flaps).BecauseOf) > 0 {
		t.Errorf("want a note without a command, and no cause of what times out:\n%s", said(r))
	}
}

// TestOneGroupOfMany: where one rule is missing for several targets, its command is printed
// once, whatever other groups they are in; and for all subnets that they are spoken to from.
func TestOneGroupOfMany(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		lets   []string
	}{
		"another group": {func(s *Snapshot) {
			s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-common", VPC: "vpc-1", Ingress: []Permission{}})
			s.Network.Interfaces[1].SecurityGroups = []string{"sg-common", "sg-app"}
			s.group("sg-app").Ingress[0].From, s.group("sg-app").Ingress[0].To = 9090, 9090
		}, []string{"GroupId=sg-lb"}},
		"another group, and clients that are not let in": {func(s *Snapshot) {
			s.network()
			s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-common", VPC: "vpc-1", Ingress: []Permission{}})
			for i, groups := range [][]string{{"sg-app"}, {"sg-common", "sg-app"}} {
				s.Network.Instances[i].State, s.Network.Instances[i].SecurityGroups = "running", groups
			}
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}
		}, []string{"GroupId=sg-lb"}},
		"each zone by itself": {func(s *Snapshot) {
			s.network()
			s.Balancer.SecurityGroups, s.Balancer.Attributes[attrCrossZone] = []string{}, "false"
			s.web().Attributes[attrClientIP] = "false"
			s.group("sg-app").Ingress[0] = Permission{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"192.168.0.0/16"}}
		}, []string{"CidrIp=10.0.0.0/24", "CidrIp=10.0.1.0/24"}},
	} {
		s := base()
		tt.change(s)
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		r := Diagnose(copied(t, s))
		var fixes []string
		for _, f := range r.Findings {
			if f.ID == "target-sg-blocks-traffic-port" || f.ID == "nlb-client-addresses-blocked" {
				fixes = append(fixes, f.Fix...)
			}
		}
		all := strings.Join(fixes, "\n")
		if len(fixes) != len(tt.lets) || slices.ContainsFunc(tt.lets, func(let string) bool { return strings.Count(all, let+"}") != 1 }) {
			t.Errorf("%s: want commands for %v:\n%s", name, tt.lets, said(r))
		}
	}
}

// TestFailsOpenBesideAnother: where a rule leads to two groups by weight, the part of one goes to its
// targets also where none of them is healthy, and in a zone that is not enabled.
func TestFailsOpenBesideAnother(t *testing.T) {
	for want, change := range map[string]func(*Snapshot){
		"target-group-fail-open": func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "Request timed out") },
		"target-zone-not-enabled": func(s *Snapshot) {
			s.instances()
			s.Network.Instances = nil // which could not be read
			s.web().Targets[1] = Target{ID: "i-2", Port: 8080, State: "unused", Reason: "Target.NotInUse"}
		},
	} {
		s := base()
		change(s)
		s.second([]Target{{ID: "10.0.10.11", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		r := Diagnose(copied(t, s))
		if f := r.finding(want); f == nil || f.Level != Fail || !slices.Equal(f.Groups, []string{"web"}) {
			t.Errorf("want %s of web:\n%s", want, said(r))
		}
	}
}

// TestCircleBeforeRace: what leads nearly all requests to a group in a circle goes before what fails
// a few of those to another.
func TestCircleBeforeRace(t *testing.T) {
	s := base()
	s.second([]Target{{ID: "10.0.10.21", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
	s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: "10.0.10.21:8080", Requests: 3000, Slowest: 0.4, Last: noon})
	s.Logs.Redirects = []Redirects{{newARN, 3000, 2900}}
	for _, target := range []string{first, second} {
		s.failing("Target_Closed_Connection", target, 502, 60, func(f *Failure) { f.Quick = f.Count })
	}
	r := Diagnose(copied(t, s))
	if len(r.Findings) < 2 || r.Findings[0].ID != "target-redirect-loop" || r.Findings[1].ID != "keep-alive-race" {
		t.Errorf("want 2900 requests in a circle before 120 that failed:\n%s", said(r))
	}
}

// TestHalfOfTimeouts: where a setting accounts for the failures of one target, and nothing for those
// of another, the setting comes before the symptom of both; and after it where it accounts for few.
func TestHalfOfTimeouts(t *testing.T) {
	for n, want := range map[int64]string{300: "target-sg-blocks-traffic-port", 30: "target-connect-timeout"} {
		s := base()
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-old", VPC: "vpc-1", Ingress: []Permission{}})
		s.Network.Interfaces[1].SecurityGroups = []string{"sg-old"}
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unhealthy", "Target.Timeout"
		s.failing("Target_Connect_Timeout", first, 504, 300, func(f *Failure) { f.Connect = 300 })
		s.failing("Target_Connect_Timeout", second, 504, n, func(f *Failure) { f.Connect = n })
		r := Diagnose(copied(t, s))
		if f := r.finding("target-connect-timeout"); f == nil || len(f.BecauseOf) > 0 || r.Findings[0].ID != want {
			t.Errorf("want %s first:\n%s", want, said(r))
		}
	}
}

// TestLeftWithoutTrace: where a setting accounts for all failures of a symptom, and not for all of its targets,
// those that are left are unhealthy without a trace in the logs, and go before what fails few requests.
func TestLeftWithoutTrace(t *testing.T) {
	for _, n := range []int64{300, 30} {
		s := base()
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-old", VPC: "vpc-1", Ingress: []Permission{}})
		s.Network.Interfaces[1].SecurityGroups = []string{"sg-old"}
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.failing("Target_Connect_Timeout", second, 504, n, func(f *Failure) { f.Connect = n })
		for _, target := range []string{first, second} {
			s.failing("Target_Closed_Connection", target, 502, 10, func(f *Failure) { f.Quick = f.Count })
		}
		r := Diagnose(copied(t, s))
		var ids []string
		for _, f := range r.Findings[:min(len(r.Findings), 3)] {
			ids = append(ids, f.ID)
		}
		if !slices.Equal(ids, []string{"target-sg-blocks-traffic-port", "target-health-timeout", "keep-alive-race"}) {
			t.Errorf("%d that time out come before 20 of a race, and after what fails them:\n%s", n, said(r))
		}
	}
}
