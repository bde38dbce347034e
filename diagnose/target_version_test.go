package diagnose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTargetVersion wants the protocol version named where no target has answered in
// HTTP/2, and only there.
func TestTargetVersion(t *testing.T) {
	const http1, closes, refused, checks = "target-speaks-http1", "target-closes-connection", "target-port-refused", "target-health-failed-checks"
	unhealthy := func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }
	brokenOff := func(s *Snapshot, target string, n int64) { s.failing("Target_Closed_Connection", target, 502, n) }
	unsure := []string{closes}
	tests := []struct {
		name       string
		version    string
		change     func(*Snapshot)
		want       string
		targets    []string
		confidence Confidence
		rivals     []string
		never      []string
	}{
		{"nothing answered", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 3000)
			brokenOff(s, second, 3000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes, "keep-alive-race"}},
		{"nothing answered, gRPC", "GRPC", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 3000)
			brokenOff(s, second, 3000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes}},
		{"nothing answered, HTTP/1.1", "HTTP1", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 3000)
			brokenOff(s, second, 3000)
		}, closes, []string{first, second}, Medium, []string{"target-expects-tls", "", ""}, []string{http1}},
		{"before anything was sent, with metrics", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.failing("Target_Connection_Error", first, 502, 3000)
			s.failing("Target_Connection_Error", second, 502, 3000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes, refused}},
		{"before anything was sent, without metrics", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Metrics = nil
			s.failing("Target_Connection_Error", first, 502, 3000)
			s.failing("Target_Connection_Error", second, 502, 3000)
		}, refused, []string{first, second}, Medium, []string{"keep-alive-race", http1, ""}, []string{closes, http1}},
		{"refused, and another is alike and got no request", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs.Traffic = s.Logs.Traffic[:1]
			s.failing("Target_Connection_Error", first, 502, 3000)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 3000)
		}, refused, []string{first, second}, High, []string{""}, []string{closes, http1}},
		{"one of two", "HTTP2", func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
			brokenOff(s, first, 3000)
		}, http1, []string{first}, Medium, unsure, []string{closes}},
		{"another is alike and got no request", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs.Traffic = s.Logs.Traffic[:1]
			brokenOff(s, first, 3000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes}},
		{"healthy on another port", "HTTP2", func(s *Snapshot) {
			s.checkPort("9090")
			s.group("sg-app").Ingress[0].To = 9090
			brokenOff(s, first, 3000)
			brokenOff(s, second, 3000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes}},
		{"some answered", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 2000)
		}, closes, []string{first}, Medium, []string{"", ""}, []string{http1}},
		{"streams reset", "GRPC", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 2000)
			s.failing("Target_Stream_Reset", first, 502, 1000)
			brokenOff(s, second, 2000)
			s.failing("Target_Stream_Reset", second, 502, 1000)
		}, closes, []string{first, second}, Medium, []string{"", "", ""}, []string{http1}},
		{"health checks passed", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs.Health = []LogCheck{{Group: "web", Target: first, Pass: true, Code: 200, Checks: 20, Flaps: 1}}
			s.Logs.Traffic = s.Logs.Traffic[:1]
			brokenOff(s, first, 3000)
		}, closes, []string{first}, Medium, []string{"", ""}, []string{http1}},
		{"the same targets answer in another group", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 3000)
			brokenOff(s, second, 3000)
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: first, Requests: 5000, Slowest: 0.1, Last: noon})
		}, http1, []string{first, second}, Medium, unsure, []string{closes}},
		{"metrics only", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs, s.Metrics = nil, nil
			s.metric("HealthyHostCount", webARN, "Minimum", 0)
			s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 6000)
		}, http1, []string{first, second}, Medium, unsure, []string{closes}},
		{"metrics only, once healthy", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs = nil
			s.metric("UnhealthyRoutingRequestCount", webARN, "Sum", 600)
		}, checks, []string{first, second}, Medium, []string{refused, "target-expects-tls", http1}, []string{http1}},
		{"health checks only", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			s.Logs, s.Metrics = nil, nil
		}, checks, []string{first, second}, Medium, []string{refused, "target-expects-tls", http1}, []string{http1}},
		{"probe", "GRPC", func(s *Snapshot) {
			unhealthy(s)
			s.Logs, s.Metrics = nil, nil
			s.Probes = []Probe{{Group: webARN, Target: first, Check: true, Address: first, Outcome: ProbeHTTP1}, {Group: webARN, Target: second, Check: true, Address: second, Outcome: ProbeHTTP1}}
		}, http1, []string{first, second}, High, nil, nil},
		{"the probe is answered", "HTTP2", func(s *Snapshot) {
			unhealthy(s)
			brokenOff(s, first, 3000)
			s.Logs.Traffic = s.Logs.Traffic[:1]
			s.Probes = []Probe{{Group: webARN, Target: first, Check: true, Address: first, Outcome: ProbeAnswered, Code: 200}}
		}, closes, []string{first}, Medium, []string{"", ""}, []string{http1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.speakHTTP2(tt.version)
			tt.change(s)
			r := Diagnose(copied(t, s))
			held(t, r)
			i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == tt.want })
			if i != 0 {
				t.Fatalf("want %s first:\n%s", tt.want, said(r))
			}
			f := r.Findings[i]
			var rivals []string
			for _, rival := range f.Rivals {
				rivals = append(rivals, rival.ID)
			}
			if !slices.Equal(f.Targets, tt.targets) || f.Confidence != tt.confidence {
				t.Errorf("%s confidence of %v, want %s of %v", f.Confidence, f.Targets, tt.confidence, tt.targets)
			}
			if diff := cmp.Diff(tt.rivals, rivals); diff != "" {
				t.Errorf("rivals (-want +got):\n%s", diff)
			}
			for _, f := range r.Findings {
				if slices.Contains(tt.never, f.ID) {
					t.Errorf("%s is given as well:\n%s", f.ID, said(r))
				}
			}
		})
	}
}

// TestVersionOfCheckPort: checks that fail on a port of their own say nothing of the protocol on the traffic's.
func TestVersionOfCheckPort(t *testing.T) {
	for port, told := range map[string]bool{"traffic-port": true, "9090": false} {
		s := base()
		s.speakHTTP2("HTTP2")
		if s.web().Check.Port = port; port != "traffic-port" {
			s.checkPort(port)
		}
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		s.Logs.Traffic = nil
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 0)
		s.Metrics = slices.DeleteFunc(s.Metrics, func(m Series) bool { return m.Name == "HealthyHostCount" })
		s.failing("Target_Closed_Connection", first, 502, 600)
		r := Diagnose(copied(t, s))
		f := r.finding("target-speaks-http1")
		if all := f != nil && len(f.Targets) == 2; all != told {
			t.Errorf("%s: want both targets told: %v:\n%s", port, told, said(r))
		}
	}
}
