package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
)

// TestSpillover: a queue that overflowed explains as many 503s as were counted, however
// many rows of the logs they stand in.
func TestSpillover(t *testing.T) {
	for _, tt := range []struct{ spilled, want int64 }{{60, 60}, {600, 200}} {
		s := base()
		s.classic()
		s.metric("SpilloverCount", "", "Sum", float64(tt.spilled))
		for _, node := range []string{"10.0.0.5", "10.0.1.5"} {
			s.failing("No_Usable_Target", "", 503, 100, func(f *Failure) { f.Group, f.Node = "", node })
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("surge-queue-spillover"); f == nil || f.Explains != tt.want || r.Observed.Explained != tt.want {
			t.Errorf("%d requests spilled over, and want %d explained, got %d:\n%s", tt.spilled, tt.want, r.Observed.Explained, said(r))
		}
	}
}

// TestSpilloverAndNone: 503s that came when nothing spilled over are left to what else had them. A metric
// may count those of a minute in the next one, and those of the last minutes later on.
func TestSpilloverAndNone(t *testing.T) {
	for from, spilled := range map[int]bool{5: false, 38: false, 39: true, 51: true, 52: false, 58: true} {
		s := base()
		s.classic()
		s.late("SpilloverCount", "", 40, 30)
		m := &s.Metrics[len(s.Metrics)-1]
		m.Points = m.Points[:11]
		for _, at := range []int{from, 45} {
			s.failing("No_Usable_Target", "", 503, 100, func(f *Failure) { f.Group, f.First, f.Last = "", s.minute(at), s.minute(at) })
			s.Logs.Minutes[at].Statuses = map[string]int64{"503": 100}
		}
		r := Diagnose(copied(t, s))
		f, g := r.finding("surge-queue-spillover"), r.finding("no-usable-target")
		if f == nil || spilled && (f.Explains != 200 || g != nil) || !spilled && (f.Explains != 100 || g == nil || g.Explains != 100) {
			t.Errorf("minute %d: want spilled over: %v, beside 100 failures that did:\n%s", from, spilled, said(r))
		}
	}
}

// TestClassicFailsWholly: requests without an answer name no instance, and are requests
// nevertheless: where all end so, that is a failure, and where few do, a warning.
func TestClassicFailsWholly(t *testing.T) {
	for _, tt := range []struct {
		answered int64
		want     Level
	}{{0, Fail}, {500, Fail}, {1_000_000, Warn}} {
		s := base()
		s.classic()
		s.Logs.Traffic = []Traffic{{Requests: 600, Slowest: -1, Last: noon}}
		if tt.answered > 0 {
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Target: first, Requests: tt.answered, Slowest: 0.4, Last: noon})
		}
		s.failing("Target_Closed_Connection", "", 502, 600, func(f *Failure) { f.Group, f.Last = "", s.minute(59) })
		r := Diagnose(copied(t, s))
		if f := r.finding("target-closes-connection"); f == nil || f.Level != tt.want {
			t.Errorf("%d requests are answered and 600 are not, want %s:\n%s", tt.answered, tt.want, said(r))
		}
	}
}

// TestClassicRegistering: an instance that comes to others is not out of service. Where
// there is no other, nothing is served.
func TestClassicRegistering(t *testing.T) {
	for _, tt := range []struct {
		coming int
		want   string
		level  Level
	}{{1, "target-initial", Note}, {2, "classic-instance-out-of-service", Fail}} {
		s := base()
		s.classic()
		for i := range tt.coming {
			to := &s.web().Targets[i]
			to.State, to.Reason, to.Description = "OutOfService", "ELB", "Instance registration is still in progress."
		}
		r := Diagnose(copied(t, s))
		if f := r.finding(tt.want); f == nil || f.Level != tt.level || r.Wrong() != (tt.level == Fail) {
			t.Errorf("%d of 2 instances are coming, want %s:\n%s", tt.coming, tt.want, said(r))
		}
	}
}

// TestClassicOutOfService: a zone that is not enabled is why, and what could not be read of
// the way is named.
func TestClassicOutOfService(t *testing.T) {
	s := base()
	s.classic()
	s.Balancer.Zones = []Zone{{Subnet: "subnet-edge-a"}}
	away := &s.web().Targets[1]
	away.State, away.Reason, away.Description = "OutOfService", "ELB", "Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to."
	r := Diagnose(copied(t, s))
	if f := r.finding("classic-instance-out-of-service"); f == nil || !slices.Contains(f.BecauseOf, "target-zone-not-enabled") {
		t.Errorf("want the zone to be why:\n%s", said(r))
	}

	s = base()
	s.classic()
	s.Network.SecurityGroups = nil
	s.Missing = append(s.Missing, Missing{What: "security groups", Action: "ec2:DescribeSecurityGroups", Denied: true, Why: "access denied"})
	s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
	r = Diagnose(copied(t, s))
	if f := r.finding("classic-instance-out-of-service"); f == nil || !slices.ContainsFunc(f.Rivals, func(v Rival) bool { return strings.Contains(v.Why, "ec2:DescribeSecurityGroups is missing") }) {
		t.Errorf("want security groups not to be excluded:\n%s", said(r))
	}
}

// TestClassicPolicies: policies on the port of instances are read, and named where health
// checks fail that they may turn away. A balancer that has some does look at certificates.
//
// Source: AWS, "Troubleshoot a Classic Load Balancer: Health checks", read 2026-11.
func TestClassicPolicies(t *testing.T) {
	port := func(policies ...string) types.BackendServerDescription {
		return types.BackendServerDescription{InstancePort: aws.Int32(8443), PolicyNames: policies}
	}
	for _, tt := range []struct {
		name     string
		protocol string // of the health check
		policies []types.BackendServerDescription
		want     bool
	}{
		{"one", "HTTPS", []types.BackendServerDescription{port("trust-2024")}, true},
		{"one, and a check that only connects", "TCP", []types.BackendServerDescription{port("trust-2024")}, false},
		{"of another port", "HTTPS", []types.BackendServerDescription{{InstancePort: aws.Int32(80), PolicyNames: []string{"proxy"}}}, false},
		{"none", "HTTPS", nil, false},
	} {
		_, groups := classicListeners(types.LoadBalancerDescription{
			LoadBalancerName:     aws.String("shop"),
			ListenerDescriptions: []types.ListenerDescription{{Listener: &types.Listener{InstancePort: aws.Int32(8443), InstanceProtocol: aws.String("HTTPS"), LoadBalancerPort: 443, Protocol: aws.String("HTTPS")}}},
			HealthCheck:          &types.HealthCheck{Target: aws.String(tt.protocol + ":8443/health"), Interval: aws.Int32(30), Timeout: aws.Int32(5)}, BackendServerDescriptions: tt.policies,
		})
		s := base()
		s.classic()
		s.port(8443)
		s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
		g := s.web()
		g.Protocol, g.Check, g.Policies = groups[0].Protocol, groups[0].Check, groups[0].Policies
		s.Probes = []Probe{{Group: webARN, Target: "10.0.10.11:8443", Address: "10.0.10.11:8443", Outcome: ProbeTLSFailed}}
		r := Diagnose(copied(t, s))
		f := r.finding("classic-instance-out-of-service")
		if f == nil || strings.Contains(said(r), "back-end authentication") != tt.want || strings.Contains(strings.Join(f.Verify, "\n"), "describe-load-balancer-policies --region eu-central-1 --load-balancer-name shop --policy-names trust-2024") != tt.want {
			t.Errorf("%s: want policies named: %t:\n%s", tt.name, tt.want, said(r))
		}
		if f := r.finding("target-tls-negotiation-fails"); f == nil || strings.Contains(said(r), "does not validate") == (len(g.Policies) > 0) {
			t.Errorf("%s: want a certificate to be looked at only where there are policies:\n%s", tt.name, said(r))
		}
	}
}

// TestUndrained: where a classic balancer breaks off what is under way at instances that are taken
// out, that is named beside its 503s and 504s.
func TestUndrained(t *testing.T) {
	for delay, want := range map[string]bool{"0": true, "300": false} {
		for id, change := range map[string]func(*Snapshot){
			"no-usable-target": func(s *Snapshot) { s.failing("No_Usable_Target", "", 503, 60, func(f *Failure) { f.Group = "" }) },
			"idle-timeout-reached": func(s *Snapshot) {
				s.failing("Target_Response_Timeout", "", 504, 60, func(f *Failure) { f.Group = "" })
			},
		} {
			s := base()
			s.classic()
			s.web().Attributes[attrDelay] = delay
			change(s)
			r := Diagnose(copied(t, s))
			f := r.finding(id)
			if f == nil || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "connection draining is off") }) != want {
				t.Errorf("%s, %s s: want it: %v:\n%s", id, delay, want, said(r))
			}
		}
	}
}

// TestClassicPorts: what is wrong with instances of a Classic Load Balancer, or with where they stand, is so on
// each of their ports, and told once, by instance.
func TestClassicPorts(t *testing.T) {
	for _, tt := range []struct {
		id, want string
		change   func(*Snapshot)
	}{
		{"classic-instance-out-of-service", "The balancer sends no requests to i-1, i-2: OutOfService.", func(*Snapshot) {}},
		{"target-invalid-state", "No instance runs at i-1: stopped or terminated.", func(s *Snapshot) { s.Network.Instances[0].State = "stopped" }},
		{"target-initial", "Registration of i-2 is under way.", func(s *Snapshot) {
			for i := range s.Groups {
				s.Groups[i].Targets[0].State, s.Groups[i].Targets[1].Description = "InService", registering
			}
		}},
		{"target-zone-not-enabled", "Instances stand in zone eu-central-1b, in which the balancer is not enabled.", func(s *Snapshot) {
			s.Balancer.Zones = s.Balancer.Zones[:1]
			for i := range s.Groups {
				s.Groups[i].Targets[0].State, s.Groups[i].Targets[1].Reason = "InService", "ELB"
			}
		}},
		{"cross-zone-off-empty-zone", "Cross-zone load balancing is off, and there is no usable instance in eu-central-1b: requests that enter there get 503.", func(s *Snapshot) {
			s.Balancer.Attributes[attrCrossZone] = "false"
			for i := range s.Groups {
				s.Groups[i].Targets = s.Groups[i].Targets[:1:1]
				s.Groups[i].Targets[0].State = "InService"
			}
		}},
	} {
		s := base()
		s.classicTwice()
		s.Groups[1].Targets = slices.Clone(s.Groups[1].Targets)
		s.Listeners = append(s.Listeners, Listener{Port: 443, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", newARN)}})
		tt.change(s)
		r := Diagnose(copied(t, s))
		var all []*Finding
		for _, f := range r.Findings {
			if f.ID == tt.id {
				all = append(all, f)
			}
		}
		if len(all) != 1 || all[0].Sentence != tt.want || !slices.Equal(all[0].Groups, []string{"new", "web"}) || len(all[0].Fix) > 1 {
			t.Fatalf("want %s once, as %q:\n%s", tt.id, tt.want, said(r))
		}
		if slices.ContainsFunc(all[0].Evidence, func(e Evidence) bool { return strings.Contains(e.Text, ":8443") }) {
			t.Errorf("want the evidence of %s by instance, and not by port: %v", tt.id, all[0].Evidence)
		}
	}
}
