package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEmptyGroup wants targets named where they are known, and taken out again by the
// very words that put them in.
func TestEmptyGroup(t *testing.T) {
	const unknown = "Id=IP-ADDRESS"
	idle := func(s *Snapshot, kind string, targets ...Target) {
		s.Idle = append(s.Idle, Group{ARN: newARN, Name: "new", Type: kind, Protocol: "HTTP", Port: 9090, VPC: "vpc-1", Targets: targets})
	}
	tests := []struct {
		name   string
		change func(*Snapshot)
		want   string
	}{
		{"the logs name them", func(*Snapshot) {}, "Id=10.0.10.11,Port=8080 Id=10.0.11.12,Port=8080"},
		{"the logs name others", func(s *Snapshot) {
			s.Logs.Traffic = []Traffic{{Group: newARN, Target: first, Requests: 10, Slowest: 0.1, Last: noon}, {Group: webARN, Target: "10.9.0.7:8080", Requests: 10, Slowest: 0.1, Last: noon}, {Group: webARN, Requests: 10, Slowest: -1, Last: noon}}
		}, unknown},
		{"a group in no rule", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "ip", Target{ID: "10.0.10.13", Port: 9090, Zone: "eu-central-1a"}, Target{ID: "192.168.0.7", Port: 9090, Zone: "all"})
		}, unknown},
		{"two groups in no rule", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "ip", Target{ID: "10.0.10.13", Port: 9090})
			idle(s, "ip", Target{ID: "10.0.10.14", Port: 9090})
		}, unknown},
		{"a group in no rule of another type", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "instance", Target{ID: "i-1", Port: 9090})
		}, unknown},
		{"nothing known", func(s *Snapshot) { s.Logs = nil }, unknown},
		{"instances, which logs do not name", func(s *Snapshot) { s.web().Type = "instance" }, "Id=INSTANCE-ID"},
		{"function", func(s *Snapshot) { s.web().Type = "lambda" }, "Id=FUNCTION-ARN"},
		{"load balancer", func(s *Snapshot) { s.web().Type = "alb" }, "Id=BALANCER-ARN"},
		{"classic", func(s *Snapshot) { s.classic() }, "INSTANCE-ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			s.web().Targets = []Target{}
			r := Diagnose(copied(t, s))
			i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "target-group-empty" })
			if i < 0 {
				t.Fatalf("want target-group-empty:\n%s", said(r))
			}
			f := r.Findings[i]
			if s.web().Type == "lambda" { // which is not taken before the balancer may invoke it
				if len(f.Fix) != 2 || len(f.Undo) != 2 || !strings.Contains(f.Fix[0], " add-permission ") || !strings.Contains(f.Fix[0], " --function-name FUNCTION-ARN ") || !strings.Contains(f.Undo[1], " remove-permission ") {
					t.Fatalf("fix %q, undo %q", f.Fix, f.Undo)
				}
				f.Fix, f.Undo = f.Fix[1:], f.Undo[:1]
			}
			if len(f.Fix) != 1 || len(f.Undo) != 1 {
				t.Fatalf("fix %q, undo %q", f.Fix, f.Undo)
			}
			if !strings.HasSuffix(f.Fix[0], " "+tt.want) {
				t.Errorf("fix %s, want the end %s", f.Fix[0], tt.want)
			}
			back := strings.NewReplacer(" register-", " deregister-", "-with-", "-from-").Replace(f.Fix[0])
			if diff := cmp.Diff(back, f.Undo[0]); diff != "" {
				t.Errorf("undo (-want +got):\n%s", diff)
			}
			if len(f.Verify) != 1 && s.web().Type != "instance" { // whether they are there, or which there are
				t.Errorf("look closer: %q", f.Verify)
			}
			// One that Auto Scaling starts later is in no group that Auto Scaling does not name.
			scaling := strings.Contains(strings.Join(f.Verify, "\n"), "aws autoscaling describe-auto-scaling-groups")
			if !strings.Contains(f.Do, "Auto Scaling") || scaling != (s.web().Type == "instance") {
				t.Errorf("whether Auto Scaling registers them: %q, %q", f.Do, f.Verify)
			}
		})
	}
}

// TestAskedByIPv6: EC2 finds an interface by an address of IPv6 by a filter of its own.
func TestAskedByIPv6(t *testing.T) {
	s := base()
	s.six()
	s.web().Targets = []Target{}
	for want, traffic := range map[string][]Traffic{
		"--filters Name=ipv6-addresses.ipv6-address,Values=2001:db8::b --query 'NetworkInterfaces[].[Ipv6Addresses[0].Ipv6Address,": {{Group: webARN, Target: "2001:db8::b:8080", Requests: 6000, Slowest: 0.4, Last: noon}},
		"--filters Name=vpc-id,Values=vpc-1 --query 'NetworkInterfaces[].[Ipv6Addresses[0].Ipv6Address,":                            {},
	} {
		s.Logs.Traffic = traffic
		r := Diagnose(copied(t, s))
		f := r.finding("target-group-empty")
		if f == nil || !slices.ContainsFunc(f.Verify, func(c string) bool { return strings.Contains(c, want) }) {
			t.Errorf("want %s:\n%s", want, said(r))
		}
	}
}

// TestOtherColour: of two groups that a rule has for deployments in blue and green, one has all
// the weight and no targets, as where whoever manages the rule sets it to what it was before a
// deployment: the answer is to send to the other one, and not to register targets by hand.
func TestOtherColour(t *testing.T) {
	for _, tt := range []struct {
		name      string
		change    func(*Snapshot)
		fix, undo string // ends of the commands
	}{
		{"default rule", func(*Snapshot) {},
			`--default-actions '[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"` + newARN + `","Weight":0},{"TargetGroupArn":"` + webARN + `","Weight":100}]}}]'`,
			`--default-actions '[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"` + newARN + `","Weight":100},{"TargetGroupArn":"` + webARN + `","Weight":0}]}}]'`},
		{"two are empty", func(s *Snapshot) {
			s.third(nil)
			a := &s.Listeners[0].Rules[0].Actions[0]
			a.Weights[0].Weight = 50
			a.Weights = append(a.Weights, Weight{"arn:third", 50})
		},
			`[{"TargetGroupArn":"` + newARN + `","Weight":0},{"TargetGroupArn":"` + webARN + `","Weight":100},{"TargetGroupArn":"arn:third","Weight":0}]}}]'`,
			`[{"TargetGroupArn":"` + newARN + `","Weight":50},{"TargetGroupArn":"` + webARN + `","Weight":0},{"TargetGroupArn":"arn:third","Weight":50}]}}]'`},
		{"a third one fails its checks", func(s *Snapshot) {
			s.third([]Target{{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "unhealthy", Reason: "Target.FailedHealthChecks"}})
			a := &s.Listeners[0].Rules[0].Actions[0]
			a.Weights = append([]Weight{{"arn:third", 0}}, a.Weights...)
		},
			`[{"TargetGroupArn":"arn:third","Weight":0},{"TargetGroupArn":"` + newARN + `","Weight":0},{"TargetGroupArn":"` + webARN + `","Weight":100}]}}]'`,
			`[{"TargetGroupArn":"arn:third","Weight":0},{"TargetGroupArn":"` + newARN + `","Weight":100},{"TargetGroupArn":"` + webARN + `","Weight":0}]}}]'`},
		{"the other one is not in another rule, which leads to none", func(s *Snapshot) {
			s.Listeners[0].Rules = append([]Rule{forwardTo("10", newARN)}, s.Listeners[0].Rules...)
		}, "--targets Id=IP-ADDRESS", "--targets Id=IP-ADDRESS"},
		{"another action beside it", func(s *Snapshot) {
			r := &s.Listeners[0].Rules[0]
			r.Actions = append([]Action{{Type: "authenticate-oidc"}}, r.Actions...)
		}, "", ""},
		{"the other one has none either", func(s *Snapshot) { s.web().Targets = []Target{} }, "--targets Id=IP-ADDRESS", "--targets Id=IP-ADDRESS"},
		{"the other one drains", func(s *Snapshot) { s.all("draining", "Target.DeregistrationInProgress", "") }, "--targets Id=IP-ADDRESS", "--targets Id=IP-ADDRESS"},
	} {
		s := base()
		s.second(nil)
		s.Listeners[0].Rules = []Rule{forwardTo("default", newARN, webARN)}
		s.Listeners[0].Rules[0].Actions[0].Weights[0].Weight, s.Listeners[0].Rules[0].Actions[0].Weights[1].Weight = 100, 0
		s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		only := func(list []string, end string) bool {
			return end == "" && len(list) == 0 || len(list) == 1 && end != "" && strings.HasSuffix(list[0], end)
		}
		other := slices.Contains(f.Evidence, Evidence{FromConfig, "rule default of listener HTTP:80 gives weight 0 to web, which has 2 healthy"})
		if f.ID != "target-group-empty" || !only(f.Fix, tt.fix) || !only(f.Undo, tt.undo) || other != strings.Contains(f.Do, "send to web") || other == strings.HasPrefix(tt.name, "the other") {
			t.Errorf("%s: want %q, undone by %q:\n%s", tt.name, tt.fix, tt.undo, said(r))
		}
	}
}

// TestNoInstances: a Classic Load Balancer without instances has none on any of its ports, which is told once,
// and of no target group or rule, which it does not have.
func TestNoInstances(t *testing.T) {
	s := base()
	s.classicTwice()
	s.Listeners = append(s.Listeners, Listener{Port: 443, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", newARN)}})
	for i := range s.Groups {
		s.Groups[i].Targets = []Target{}
	}
	r := Diagnose(copied(t, s))
	n := 0
	for _, f := range r.Findings {
		if f.ID == "target-group-empty" {
			n++
		}
	}
	f := r.finding("target-group-empty")
	if n != 1 || f.Sentence != "No instance is registered with the balancer." || len(f.Groups) != 2 || len(f.Fix) != 1 || strings.Contains(f.Do, "group") {
		t.Errorf("want it once, of both ports:\n%s", said(r))
	}
}

// TestNothingToConnectTo: a network balancer has no rules, and its clients send no requests.
func TestNothingToConnectTo(t *testing.T) {
	s := base()
	s.network()
	s.web().Targets = []Target{}
	if f := Diagnose(copied(t, s)).finding("target-group-empty"); f == nil || f.Sentence != "Target group web has no target, and a listener sends connections to it." {
		t.Errorf("it says %+v", f)
	}
}

// TestNoWeight: an empty group that has no weight in a rule, beside one that works, is none that requests are sent to.
func TestNoWeight(t *testing.T) {
	for weight, told := range map[int]bool{0: false, 10: true} {
		s := base()
		s.second(nil)
		s.Listeners[0].Rules = []Rule{forwardTo("default", newARN, webARN)}
		s.Listeners[0].Rules[0].Actions[0].Weights[0].Weight, s.Listeners[0].Rules[0].Actions[0].Weights[1].Weight = weight, 90
		r := Diagnose(copied(t, s))
		if f := r.finding("rule-weight-to-broken-group"); (f != nil) != told {
			t.Errorf("weight %d: want it told: %v:\n%s", weight, told, said(r))
		}
	}
}
