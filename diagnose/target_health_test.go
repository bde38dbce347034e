package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestProtocolOfSilentChecks: a network balancer does not say how health checks fail, so that another
// protocol than the traffic's is not sure to be why, unless a probe says more.
func TestProtocolOfSilentChecks(t *testing.T) {
	for _, probed := range []bool{false, true} {
		s := base()
		s.network()
		s.web().Protocol, s.web().Check.Protocol, s.web().Check.Path = "TLS", "HTTP", "/health"
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		if probed {
			s.Probes = []Probe{{Group: webARN, Target: first, Check: true, Address: first, Outcome: ProbeTLS}}
		}
		r := Diagnose(copied(t, s))
		f := r.finding("health-check-protocol-mismatch")
		if f == nil || (f.Confidence == High) != probed || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return r.ID == "health-check-matcher" }) == probed {
			t.Errorf("probed %v:\n%s", probed, said(r))
		}
	}
}

// TestStartedOnce: a stopped instance that several groups have, or one on several ports, is started by
// one command of a finding.
func TestStartedOnce(t *testing.T) {
	s := base()
	s.instances()
	s.all("unused", "Target.InvalidState", "Target is in the stopped state")
	again := s.web().Targets[0]
	again.Port = 9090
	s.web().Targets = append(s.web().Targets, again)
	s.second(s.web().Targets)
	n := 0
	for _, f := range Diagnose(copied(t, s)).Findings {
		if f.ID != "target-invalid-state" {
			continue
		}
		if n++; len(f.Fix) != 2 || len(f.Undo) != 2 {
			t.Errorf("want two commands, and two that undo them:\n%s\n%s", strings.Join(f.Fix, "\n"), strings.Join(f.Undo, "\n"))
		}
	}
	if n != 2 {
		t.Errorf("%d findings, want one for each group", n)
	}
}

// TestChecksNotAnswered: where health checks are not let through, a network balancer says
// no more than that they fail. So what was not seen of the way is named beside a port that
// nothing listens on.
func TestChecksNotAnswered(t *testing.T) {
	for _, tt := range []struct {
		name, denied, why string
		change            func(*Snapshot)
	}{
		{"a permission", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups is missing", func(s *Snapshot) {
			s.network()
			s.Network.SecurityGroups = nil
		}},
		{"another account's network", "", "security groups of these targets were not seen", func(s *Snapshot) {
			s.network()
			s.peered("pcx-1")
			s.Network.Interfaces = nil
			s.web().Type, s.web().Targets = "ip", s.web().Targets[:1]
		}},
		{"another balancer", "", "security groups of these targets were not seen", func(s *Snapshot) {
			s.network()
			s.web().Type, s.web().Targets = "alb", []Target{{ID: balancerARN, Port: 80}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			if tt.denied != "" {
				s.Missing = append(s.Missing, Missing{What: "what was denied", Action: tt.denied, Denied: true, Why: "access denied"})
			}
			r := Diagnose(copied(t, s))
			at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "target-health-failed-checks" })
			if at < 0 {
				t.Fatalf("want target-health-failed-checks:\n%s", said(r))
			}
			f := r.Findings[at]
			if !strings.Contains(f.Sentence, "nothing is answered") || len(f.BecauseOf) > 0 ||
				!slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, tt.why) }) {
				t.Errorf("want %q among the rivals:\n%s", tt.why, said(r))
			}
			behind := slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "has no healthy target, and answers 503") })
			host := slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "a firewall on the target itself") })
			if balancer := s.web().Type == "alb"; behind != balancer || host == balancer || hasRival(f, "target-port-refused") == balancer {
				t.Errorf("behind another balancer: %v:\n%s", balancer, said(r))
			}
		})
	}
}

// TestZoneDown: where all targets of a zone do not answer and those of others do, the zone
// is named.
func TestZoneDown(t *testing.T) {
	const want = "these are all targets in zone eu-central-1a; 2 healthy ones are in other zones"
	for _, tt := range []struct {
		name  string
		down  []int // of targets 0 and 2 in zone a, 1 and 3 in zone b
		named bool
	}{{"a zone", []int{0, 2}, true}, {"one of a zone", []int{0}, false}, {"one of each", []int{0, 1}, false}, {"all", []int{0, 1, 2, 3}, false}} {
		s := base()
		for i, address := range []string{"10.0.10.21", "10.0.11.22"} {
			target := s.web().Targets[i]
			target.ID = address
			s.web().Targets = append(s.web().Targets, target)
			s.Network.Interfaces[i].Addresses = append(s.Network.Interfaces[i].Addresses, address)
		}
		for _, i := range tt.down {
			target := &s.web().Targets[i]
			target.State, target.Reason, target.Description = "unhealthy", "Target.Timeout", "Request timed out"
		}
		found := Diagnose(copied(t, s)).Findings[0]
		if found.ID != "target-health-timeout" || slices.Contains(found.Evidence, Evidence{FromHealth, want}) != tt.named {
			t.Errorf("%s: want the zone named %v: %+v", tt.name, tt.named, found)
		}
	}
}

// TestWithoutPod: a node of Kubernetes that has no pod of a service fails its health check on
// purpose, where the service goes to pods of the same node only. That is nothing wrong.
func TestWithoutPod(t *testing.T) {
	network, classic := func(s *Snapshot) { s.network(); s.instances() }, func(s *Snapshot) { s.classic() }
	asked := func(s *Snapshot, outcome string, code int) {
		s.Probes = []Probe{{Group: webARN, Target: "10.0.11.12:31080", Check: true, Address: "10.0.11.12:32456", Outcome: outcome, Code: code}}
	}
	for _, tt := range []struct {
		name   string
		begin  func(*Snapshot)
		change func(*Snapshot)
		want   Level
	}{
		{"behind a network balancer", network, nil, Note},
		{"behind a classic balancer", classic, nil, Note},
		{"no node passes", network, func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
		}, Fail},
		{"the application's own path", network, func(s *Snapshot) { s.web().Check.Path = "/up" }, Fail},
		{"no node port", network, func(s *Snapshot) {
			s.web().Check.Port = "8081"
			s.web().Targets[0].CheckPort = "8081"
			s.web().Targets[1].CheckPort = "8081"
		}, Fail},
		{"the traffic port", network, func(s *Snapshot) { s.web().Targets[0].Port, s.web().Targets[1].Port = 32456, 32456 }, Fail},
		{"asked by loglens, and there is none", network, func(s *Snapshot) { asked(s, ProbeAnswered, 503) }, Note},
		{"asked by loglens, and refused", network, func(s *Snapshot) { asked(s, ProbeRefused, 0) }, Fail},
		{"asked by loglens, and broken", network, func(s *Snapshot) { asked(s, ProbeAnswered, 500) }, Fail},
		{"refused, as an application balancer says, and not answered with 503", func(*Snapshot) {}, nil, Fail},
	} {
		s := base()
		tt.begin(s)
		s.Logs = nil
		for i := range s.Network.Instances {
			s.Network.Instances[i].State = "running"
		}
		s.group("sg-app").Ingress = []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}
		g := s.web()
		g.Check.Protocol, g.Check.Port, g.Check.Path = "HTTP", "32456", "/healthz"
		for i := range g.Targets {
			g.Targets[i].Port, g.Targets[i].CheckPort = 31080, "32456"
		}
		id := "target-health-failed-checks"
		if g.Targets[1].State, g.Targets[1].Reason = "unhealthy", "Target.FailedHealthChecks"; s.Balancer.Type == Classic {
			id, g.Targets[1].State, g.Targets[1].Reason = "classic-instance-out-of-service", "OutOfService", "Instance"
		}
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding(id)
		if f == nil || f.Level != tt.want || r.Wrong() != (tt.want != Note) || strings.Contains(said(r), "externalTrafficPolicy Local") != (tt.want == Note) {
			t.Errorf("%s: want %s:\n%s", tt.name, tt.want, said(r))
		}
	}
	// An application balancer says what it was answered.
	for code, want := range map[string]Level{"503": Note, "500": Fail} {
		s := base()
		s.Logs = nil
		s.group("sg-app").Ingress = []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}
		g := s.web()
		g.Check.Port, g.Check.Path, g.Targets[0].CheckPort, g.Targets[1].CheckPort = "32456", "/healthz", "32456", "32456"
		g.Targets[1].State, g.Targets[1].Reason, g.Targets[1].Description = "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: ["+code+"]"
		r := Diagnose(copied(t, s))
		if f := r.finding("health-check-server-error"); f == nil || f.Level != want || r.Wrong() != (want != Note) {
			t.Errorf("%s: want %s:\n%s", code, want, said(r))
		}
	}
}

// TestReplaced: where targets leave while others of the group fail their checks, or have their
// first ones, and none is healthy, they may be ended before they have started: that is named
// beside whatever is seen of their checks.
func TestReplaced(t *testing.T) {
	leaves := func(s *Snapshot) {
		s.web().Targets = append(s.web().Targets, Target{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "draining", Reason: "Target.DeregistrationInProgress"})
		s.Network.Interfaces[0].Addresses = append(s.Network.Interfaces[0].Addresses, "10.0.10.13")
	}
	refuses := func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }
	for _, tt := range []struct {
		name, id string
		change   func(*Snapshot)
		want     bool
	}{
		{"checks are refused", "target-health-failed-checks", func(s *Snapshot) { refuses(s); leaves(s) }, true},
		{"checks are not answered", "target-health-timeout", func(s *Snapshot) {
			s.all("unhealthy", "Target.Timeout", "Request timed out")
			leaves(s)
		}, true},
		{"checks are answered with 503", "health-check-server-error", func(s *Snapshot) { s.codes(503); leaves(s) }, true},
		{"requests are refused", "target-port-refused", func(s *Snapshot) {
			refuses(s)
			leaves(s)
			s.failing("Target_Connection_Error", first, 502, 3000, func(f *Failure) { f.Quick = 3000 })
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 3000)
		}, true},
		{"there was none", "no-usable-target", func(s *Snapshot) {
			s.all("initial", "Elb.InitialHealthChecking", "")
			leaves(s)
			s.failing("No_Usable_Target", "", 503, 60)
		}, true},
		{"nobody leaves", "target-health-failed-checks", refuses, false},
		{"pods, which Kubernetes does not end for these", "target-health-failed-checks", func(s *Snapshot) {
			refuses(s)
			leaves(s)
			s.web().Name = "k8s-shop-web-0123456789"
		}, false},
		{"one is healthy", "target-health-failed-checks", func(s *Snapshot) {
			refuses(s)
			leaves(s)
			s.web().Targets[0].State = "healthy"
		}, false},
		{"the path is not there, which is why", "health-check-path-not-found", func(s *Snapshot) { s.codes(404); leaves(s) }, false},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if got := f != nil && slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "grace period") }); f == nil || got != tt.want {
			t.Errorf("%s: the grace period is named %v, want %v:\n%s", tt.name, got, tt.want, said(r))
		}
	}
}

// TestNetworkOfDocker: where a subnet of the balancer has addresses that Docker takes for its own,
// that is named beside health checks and connections that time out, and nowhere else.
func TestNetworkOfDocker(t *testing.T) {
	for _, tt := range []struct {
		name, cidr string
		change     func(*Snapshot)
		id         string
		want       bool
	}{
		{"checks that time out", "172.17.4.0/24", func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "Request timed out") }, "target-health-timeout", true},
		{"connections that time out", "172.17.4.0/24", func(s *Snapshot) {
			s.failing("Target_Connect_Timeout", first, 504, 300, func(f *Failure) { f.Connect = 300 })
		}, "target-connect-timeout", true},
		{"another range", "172.18.4.0/24", func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "Request timed out") }, "target-health-timeout", false},
		{"checks that are refused", "172.17.4.0/24", func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }, "target-health-failed-checks", false},
	} {
		s := base()
		s.Network.Subnets[2].CIDRs = []string{tt.cidr}
		for i := range s.Network.RouteTables {
			s.Network.RouteTables[i].Routes = append(s.Network.RouteTables[i].Routes, Route{tt.cidr, "local", "active"})
		}
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if f == nil || slices.ContainsFunc(f.Rivals, func(r Rival) bool {
			return strings.Contains(r.Why, "172.17.0.0/16") && strings.Contains(r.Why, "subnet-edge-a")
		}) != tt.want {
			t.Errorf("%s: want it: %v:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestOfSeveral: what is told of one target is told of several in words that are right for them, too.
func TestOfSeveral(t *testing.T) {
	for reason, want := range map[string]string{
		"Target.InvalidState": "No instance runs at 10.0.10.11:8080, 10.0.11.12:8080: stopped or terminated.",
		"Target.IpUnusable":   "A load balancer has the address of 10.0.10.11:8080, 10.0.11.12:8080.",
	} {
		s := base()
		s.all("unused", reason, "")
		f := Diagnose(copied(t, s)).finding(verdicts[reason].id)
		if f == nil || f.Sentence != want {
			t.Errorf("%s: want %q: %+v", reason, want, f)
		}
	}
}

// TestFunctionIsNotChecked: health checks of a function are disabled unless changed, and not worth a word.
func TestFunctionIsNotChecked(t *testing.T) {
	for kind, want := range map[string]bool{"ip": true, "lambda": false} {
		s := base()
		if kind == "lambda" {
			s.function()
		}
		s.all("unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target")
		if r := Diagnose(copied(t, s)); (r.finding("target-health-checks-disabled") != nil) != want {
			t.Errorf("%s: want it told: %v:\n%s", kind, want, said(r))
		}
	}
}

// TestProtocolOfChecks: an application balancer says how checks fail, so that nothing else is a rival.
func TestProtocolOfChecks(t *testing.T) {
	s := base()
	s.web().Check.Protocol = "HTTPS"
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	r := Diagnose(copied(t, s))
	if f := r.finding("health-check-protocol-mismatch"); f == nil || f.Confidence != High || len(f.Rivals) > 0 {
		t.Error(said(r))
	}
}
