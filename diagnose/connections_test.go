package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAsked: a target is found in the logs by whatever it was asked about, and is not
// accused of what another one does.
func TestAsked(t *testing.T) {
	for _, tt := range []struct {
		target string
		change func(*Snapshot)
		want   bool // the target whose connections fail
	}{
		{first, nil, true},
		{"10.0.10.11", nil, true},
		{"10.0.11.12", nil, false},
		{second, nil, false},
		{"i-1", (*Snapshot).instances, true},
		{"i-1:8080", (*Snapshot).instances, true},
		{"i-2", (*Snapshot).instances, false},
		{"10.0.10.11", func(s *Snapshot) { s.web().Targets = s.web().Targets[1:] }, true},
	} {
		s := base()
		if tt.change != nil {
			tt.change(s)
		}
		s.Target = tt.target
		s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
		r := Diagnose(copied(t, s))
		for _, id := range []string{"target-connect-timeout", "unexplained-failures"} {
			want := tt.want && id == "target-connect-timeout"
			if got := slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == id }); got != want {
				t.Errorf("--target %s: %s said is %v, want %v:\n%s", tt.target, id, got, want, said(r))
			}
		}
	}
}

// TestLeaves: connections that time out to targets that leave, or have left, are told as
// such; where one of them stays, it is not that.
func TestLeaves(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		leaves bool
	}{
		"draining": {func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
		}, true},
		"gone":      {func(s *Snapshot) { s.web().Targets = s.web().Targets[1:] }, true},
		"stays":     {func(*Snapshot) {}, false},
		"not known": {func(s *Snapshot) { s.web().Targets = nil }, false},
		"by an address not known": {func(s *Snapshot) {
			s.instances()
			s.Network.Instances = []Instance{}
		}, false},
		"one of two stays": {func(s *Snapshot) {
			s.web().Targets = s.web().Targets[1:]
			s.failing("Target_Connect_Timeout", second, 504, 60, func(f *Failure) { f.Connect = 60 })
		}, false},
	} {
		s := base()
		tt.change(s)
		s.failing("Target_Connect_Timeout", first, 504, 60, func(f *Failure) { f.Connect = 60 })
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if leaves := strings.Contains(f.Sentence, "left the group") && strings.Contains(f.Do, "preStop"); f.ID != "target-connect-timeout" || strings.Contains(name, "not known") && strings.Contains(said(r), "registered any more") || leaves != tt.leaves {
			t.Errorf("%s: told as leaving is %v, want %v:\n%s", name, leaves, tt.leaves, said(r))
		}
	}
}

// TestStopsAsItLeaves: a target that refuses as it leaves its group, as those do that a
// deployment stops at once, is not to be started.
func TestStopsAsItLeaves(t *testing.T) {
	gone := "10.0.10.77:8080"
	for name, tt := range map[string]struct {
		target string
		counts float64 // of the metric
		want   []string
	}{
		"left":                      {gone, 60, []string{"deregistration-delay-too-short"}},
		"stays":                     {first, 60, []string{"target-port-refused"}},
		"left, and more after logs": {gone, 90, []string{"deregistration-delay-too-short", "target-connection-errors"}},
	} {
		s := base()
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: gone, Requests: 900, Slowest: 0.4, Last: s.minute(31)})
		s.failing("Target_Connection_Error", tt.target, 502, 60, func(f *Failure) { f.First, f.Last = s.minute(30), s.minute(31) })
		s.metric("TargetConnectionErrorCount", webARN, "Sum", tt.counts)
		r := Diagnose(copied(t, s))
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.ID)
		}
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: want %v:\n%s", name, tt.want, said(r))
		}
	}
}

// TestRefusesAsItLeaves: what refuses at once was not cut off by the end of the deregistration
// delay, however slow answers are: a longer one is no help.
func TestRefusesAsItLeaves(t *testing.T) {
	gone := "10.0.10.77:8080"
	for _, tt := range []struct {
		reason, delay string
		longer        bool
	}{{"Target_Connection_Error", "5", false}, {"Target_Closed_Connection", "5", true}, {"Target_Connection_Error", "0", true}} {
		s := base()
		s.web().Attributes[attrDelay] = tt.delay
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: gone, Requests: 900, Slowest: 8, Last: s.minute(31)})
		s.failing(tt.reason, gone, 502, 60, func(f *Failure) { f.First, f.Last = s.minute(30), s.minute(31) })
		r := Diagnose(copied(t, s))
		if f := r.Findings[0]; f.ID != "deregistration-delay-too-short" || (len(f.Fix) > 0) != tt.longer || (f.Level == Fail) != tt.longer || strings.Contains(f.Do, "make the delay longer") != tt.longer {
			t.Errorf("%s, delay %s: advice of a longer delay is to be %v:\n%s", tt.reason, tt.delay, tt.longer, said(r))
		}
	}
}

// TestDelayIsNotKnown: a deregistration delay that could not be read is not told as read, nor held to be
// longer or shorter than requests take, and not made anew by a command that nothing takes back.
func TestDelayIsNotKnown(t *testing.T) {
	for _, slowest := range []float64{400, 40} {
		s := base()
		s.web().Attributes = nil
		gone := "10.0.10.77:8080"
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: gone, Requests: 900, Slowest: slowest, Last: s.minute(31)})
		s.failing("Target_Closed_Connection", gone, 502, 60, func(f *Failure) { f.First, f.Last = s.minute(30), s.minute(31) })
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		want := Evidence{FromConfig, attrDelay + " of web could not be read, and is taken to be 300, as it is unless changed"}
		told := strings.Contains(f.Sentence, "its process stops") && strings.Contains(f.Sentence, "which could not be read") && !strings.Contains(f.Sentence, "300")
		if f.ID != "deregistration-delay-too-short" || f.Level != Warn || !told || f.Confidence == High || len(f.Fix) > 0 || !slices.Contains(f.Evidence, want) {
			t.Errorf("answers of up to %v s: want both causes, no command, and %q:\n%s", slowest, want.Text, said(r))
		}
	}
}

// TestLogsAreOn: who has access logs is not told to switch them on.
func TestLogsAreOn(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"application": func(s *Snapshot) { s.metric("TargetConnectionErrorCount", webARN, "Sum", 60) },
		"classic": func(s *Snapshot) {
			s.classic()
			s.metric("BackendConnectionErrors", "", "Sum", 60)
		},
	} {
		for _, logs := range []bool{true, false} {
			s := base()
			change(s)
			if !logs {
				s.Logs = nil
			}
			r := Diagnose(copied(t, s))
			f := r.Findings[0]
			if off := strings.Contains(f.Do, "switch access logs on"); f.ID != "target-connection-errors" || off == logs {
				t.Errorf("%s, logs %v: %q:\n%s", name, logs, f.Do, said(r))
			}
		}
	}
}

// TestClassicTCP: behind a TCP listener of a Classic Load Balancer there is no 502, and no race
// with idle connections, since each client has a connection of its own to an instance.
func TestClassicTCP(t *testing.T) {
	s := base()
	s.classic()
	s.Listeners[0].Protocol, s.web().Protocol, s.web().ARN = "TCP", "TCP", "shop:8080"
	for i := range s.Logs.Traffic {
		s.Logs.Traffic[i].Group = ""
	}
	for i := range s.Logs.Minutes {
		s.Logs.Minutes[i].Group = ""
	}
	for _, target := range []string{first, second} {
		s.failing("Target_Connection_Error", target, -1, 300, func(f *Failure) { f.Group = "" })
	}
	s.metric("BackendConnectionErrors", "", "Sum", 600)
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	if all := said(r); f.ID != "target-port-refused" || f.Explains != 600 || f.Confidence != Medium || len(r.Findings) != 1 || strings.Contains(all, "502") || strings.Contains(all, "keep-alive") {
		t.Errorf("want target-port-refused alone, for all 600:\n%s", all)
	}
}

// TestOneOfMany: of two hundred targets, one that answers nothing but 5xx is no noise, and is
// the one that is named; a few 5xx of all of them are.
func TestOneOfMany(t *testing.T) {
	for name, tt := range map[string]struct {
		bad  int64 // of a hundred requests to the first target
		want Level
	}{"all of one target's": {100, Warn}, "some of one target's": {40, Note}} {
		s := base()
		s.Logs.Traffic, s.web().Targets = nil, nil
		for i := range 200 {
			target := fmt.Sprintf("10.0.10.%d:8080", i+1)
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: target, Requests: 100, Slowest: 0.4, Last: noon})
			s.web().Targets = append(s.web().Targets, Target{ID: fmt.Sprintf("10.0.10.%d", i+1), Port: 8080, State: "healthy", CheckPort: "8080"})
			n := int64(0)
			switch {
			case i == 0:
				n = tt.bad
			case i%20 == 1:
				n = 1
			}
			if n > 0 {
				s.failing("Target_5XX", target, 500, n, func(f *Failure) { f.TargetStatus = 500 })
			}
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		named := slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return e.Text == "10.0.10.1:8080 answered most of its requests so"
		})
		if f.ID != "target-answers-5xx" || f.Level != tt.want || named != (tt.want == Warn) {
			t.Errorf("%s: want %s, and that target named:\n%s", name, tt.want, said(r))
		}
	}
}

// TestRejected: what answers a connection with ICMP "destination unreachable" need not be a
// port that nobody listens on, however sure it is that connections are refused.
//
// Source: AWS, "HTTP 502" of the guide for Application Load Balancers, read 2026-11.
func TestRejected(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"logs and metrics": func(s *Snapshot) {
			s.failing("Target_Connection_Error", first, 502, 600, func(f *Failure) { f.Quick = 600 })
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
		},
		"probe": func(s *Snapshot) {
			s.Probes = []Probe{{Group: webARN, Target: first, Address: first, Outcome: ProbeRefused}}
		},
	} {
		s := base()
		change(s)
		r := Diagnose(copied(t, s))
		if f := r.Findings[0]; f.ID != "target-port-refused" || f.Confidence != High || !slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "ICMP") }) {
			t.Errorf("%s: want target-port-refused, and what else may reject:\n%s", name, said(r))
		}
	}
}

// TestOnPremises: of targets outside of AWS, what is on the way to them is among what may drop
// packets, and no security group of theirs is.
func TestOnPremises(t *testing.T) {
	for id, change := range map[string]func(*Snapshot){
		"target-health-timeout": func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "Request timed out") },
		"target-connect-timeout": func(s *Snapshot) {
			s.failing("Target_Connect_Timeout", "172.20.1.7:8080", 504, 600, func(f *Failure) { f.Connect = 600 })
		},
	} {
		for via, want := range map[string]bool{"vgw-1": true, "tgw-1": false} {
			s := base()
			s.web().Targets[0].ID, s.web().Targets[0].Zone = "172.20.1.7", "all"
			s.web().Targets = s.web().Targets[:1]
			s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"172.16.0.0/12", via, "active"})
			change(s)
			f := Diagnose(copied(t, s)).Findings[0]
			has := func(text string) bool {
				return slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, text) })
			}
			if f.ID != id || has("on premises") != want || has("were not seen") != (!want && id == "target-health-timeout") {
				t.Errorf("%s by %s: want what is on the way: %v: %s %v", id, via, want, f.ID, f.Rivals)
			}
		}
	}
}

// TestProxyAnswers: 502, 503 and 504 of a target are mostly those of a proxy on it, such as
// nginx or Envoy, that gets no answer from what is behind it: that is not told as an
// application that fails, whose log has nothing.
func TestProxyAnswers(t *testing.T) {
	for _, tt := range []struct {
		codes map[int64]int64
		proxy bool
		want  string
	}{
		{map[int64]int64{504: 60}, true, "60 requests were answered with 5xx by the target (504: 60), 1.0 % of the group's"},
		{map[int64]int64{502: 60, 500: 12}, true, "72 requests were answered with 5xx by the target (502: 60, 500: 12), 1.2 % of the group's"},
		{map[int64]int64{503: 60}, true, "60 requests were answered with 5xx by the target (503: 60), 1.0 % of the group's"},
		{map[int64]int64{500: 48, 502: 24, 504: 36}, true, "108 requests were answered with 5xx by the target (500: 48, 504: 36, 502: 24), 1.8 % of the group's"},
		{map[int64]int64{500: 60, 502: 12}, false, "72 requests were answered with 5xx by the target (500: 60, 502: 12), 1.2 % of the group's"},
	} {
		for _, past := range []bool{false, true} {
			s := base()
			for code, n := range tt.codes {
				s.failing("Target_5XX", first, code, n, func(f *Failure) {
					if f.TargetStatus = code; past {
						f.First, f.Last = s.minute(5), s.minute(6)
					}
				})
			}
			for i := range s.Logs.Minutes {
				if m := &s.Logs.Minutes[i]; past && i != 5 && i != 6 {
					m.Reasons = nil
				}
			}
			r := Diagnose(copied(t, s))
			f := r.Findings[0]
			if strings.Contains(f.Sentence, "500,") {
				t.Errorf("%v: 500 is told as a proxy's:\n%s", tt.codes, said(r))
			}
			proxy := strings.Contains(f.Sentence, "a proxy") && strings.Contains(f.Do, "proxy") && !strings.Contains(f.Sentence, "the application fail")
			if f.ID != "target-answers-5xx" || proxy != tt.proxy || strings.Contains(f.Sentence, "not since") != past || !slices.Contains(f.Evidence, Evidence{FromLog, tt.want}) {
				t.Errorf("%v, past %v: told as a proxy's %v, want %v, and %q:\n%s", tt.codes, past, proxy, tt.proxy, tt.want, said(r))
			}
		}
	}
}

// TestProxyAnswersOfFunction: a function has no proxy.
func TestProxyAnswersOfFunction(t *testing.T) {
	s := base()
	s.function()
	s.failing("Target_5XX", "", 502, 60, func(f *Failure) { f.TargetStatus = 502 })
	if r := Diagnose(copied(t, s)); r.Findings[0].ID != "target-answers-5xx" || strings.Contains(said(r), "proxy") {
		t.Errorf("told as a proxy's:\n%s", said(r))
	}
}

// TestProxyAnswersOfOne: of a target that is asked about, its own answers are told, and not those of others.
func TestProxyAnswersOfOne(t *testing.T) {
	s := base()
	s.Target = first
	s.failing("Target_5XX", first, 500, 60, func(f *Failure) { f.TargetStatus = 500 })
	s.failing("Target_5XX", second, 504, 600, func(f *Failure) { f.TargetStatus, f.Slow, f.Low, f.High = 504, 600, 60, 60.5 })
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	if f.ID != "target-answers-5xx" || !strings.Contains(f.Evidence[0].Text, "60 requests were answered with 5xx by the target (500: 60)") || strings.Contains(said(r), "proxy") || strings.Contains(said(r), "time limit") {
		t.Errorf("want those of %s alone:\n%s", first, said(r))
	}
}

// TestProxyAnswersChecks: the same of a health check. 503 is what an application says of itself
// that is not ready.
func TestProxyAnswersChecks(t *testing.T) {
	for code, want := range map[int]bool{500: false, 502: true, 503: false, 504: true} {
		s := base()
		s.codes(code)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if proxy := strings.Contains(f.Do, "proxy"); f.ID != "health-check-server-error" || proxy != want {
			t.Errorf("%d: told as a proxy's %v, want %v:\n%s", code, proxy, want, said(r))
		}
		for _, kind := range []string{"lambda", "alb"} { // where there is no such proxy
			s.web().Type = kind
			if r := Diagnose(copied(t, s)); strings.Contains(said(r), "proxy") {
				t.Errorf("%d of %s: told as a proxy's:\n%s", code, kind, said(r))
			}
		}
	}
}

// TestMesh: targets that broke off every request may expect TLS on whatever port, as pods of a
// service mesh do that takes mutual TLS only. Not where they pass checks in plain HTTP there,
// or answered once.
func TestMesh(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		want   bool
	}{
		"none answered":             {func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }, true},
		"checked on another port":   {func(s *Snapshot) { s.checkPort("15021") }, true},
		"passes checks in HTTP":     {func(*Snapshot) {}, false},
		"answered some":             {func(s *Snapshot) { s.checkPort("15021"); s.Logs.Traffic[0].Requests = 6000 }, false},
		"spoken to in TLS as it is": {func(s *Snapshot) { s.checkPort("15021"); s.web().Protocol = "HTTPS" }, false},
		"broken off after 30 s": {func(s *Snapshot) {
			s.checkPort("15021")
			for i := range s.Logs.Failures {
				f := &s.Logs.Failures[i]
				f.Quick, f.Slow, f.Low, f.High = 0, f.Count, 30, 30.5
			}
		}, false}, // TLS would be at once
		"checked in TLS on the port": {func(s *Snapshot) { s.web().Check.Protocol = "HTTPS" }, false}, // which says so itself
	} {
		s := base()
		for _, target := range []string{first, second} {
			s.failing("Target_Closed_Connection", target, 502, 3000, func(f *Failure) { f.Quick = 3000 })
		}
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 0)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-closes-connection")
		if got := f != nil && hasRival(f, "target-expects-tls"); got != tt.want {
			t.Errorf("%s: TLS is named beside it %v, want %v:\n%s", name, got, tt.want, said(r))
		}
	}
}

// TestRegisteredPort: targets that refuse, and have not answered once, may listen on another port
// than the one that they are registered with: it is not the process alone that is looked at.
func TestRegisteredPort(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"none answered", func(*Snapshot) {}, true},
		{"logs are off", func(s *Snapshot) {
			s.Logs = nil
			s.web().Check.Protocol = "TCP"
		}, true},
		{"some were answered", func(s *Snapshot) { s.Logs.Traffic[0].Requests = 6000 }, false},
	} {
		s := base()
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		for _, target := range []string{first, second} {
			s.failing("Target_Connection_Error", target, 502, 3000, func(f *Failure) { f.Quick = 3000 })
		}
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 6000)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if other := strings.Contains(f.Do, "another port"); f.ID != "target-port-refused" || other != tt.want {
			t.Errorf("%s: another port is named %v, want %v:\n%s", tt.name, other, tt.want, said(r))
		}
	}
}

// TestKeepAliveOfServers: what to change is named for the servers that have a short keep-alive
// unless told otherwise.
func TestKeepAliveOfServers(t *testing.T) {
	s := base()
	for _, target := range []string{first, second} {
		s.failing("Target_Closed_Connection", target, 502, 60, func(f *Failure) { f.Quick = 60 })
	}
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	for _, server := range []string{"nginx", "Node.js", "gunicorn", "Apache", "uvicorn"} {
		if f.ID != "keep-alive-race" || !strings.Contains(f.Do, server) {
			t.Errorf("want what to change in %s:\n%s", server, said(r))
		}
	}
}

// TestRestarts: a target that is healthy, answers, and refuses for a moment again and again is
// restarted, or crashes: nobody has to start it, or to let it listen elsewhere.
func TestRestarts(t *testing.T) {
	again := func(s *Snapshot) {
		s.failing("Target_Connection_Error", first, 502, 60, func(f *Failure) { f.First, f.Last, f.Quick = s.minute(5), s.minute(45), 60 })
		counts := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Reasons = nil; i%20 == 5 {
				s.Logs.Minutes[i].Reasons, s.Logs.Minutes[i].Unconnected = map[string]int64{"Target_Connection_Error": 20}, map[string]int64{first: 20}
				counts.Points = append(counts.Points, Point{s.minute(i), 20})
			}
		}
		s.Metrics = append(s.Metrics, counts)
	}
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"again and again", func(*Snapshot) {}, true},
		{"unhealthy now", func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
		}, false},
		{"registered no more", func(s *Snapshot) { s.web().Targets[0].ID = "10.0.10.13" }, false},
		{"checked on another port", func(s *Snapshot) { s.checkPort("9090") }, false},
		{"a probe is refused", func(s *Snapshot) {
			s.Probes = []Probe{{Group: webARN, Target: first, Address: first, Outcome: ProbeRefused}}
		}, false},
		{"not known of which target", func(s *Snapshot) {
			s.classic()
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Group = ""
			}
			s.Logs.Failures[0].Group, s.Logs.Failures[0].Target = "", ""
			s.metric("BackendConnectionErrors", "", "Sum", 60)
		}, false},
		{"just now, and ever since", func(s *Snapshot) {
			s.Logs.Failures[0].First, s.Logs.Failures[0].Last = s.minute(58), s.Until
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Reasons, s.Logs.Minutes[i].Unconnected = nil, nil
			}
			for _, i := range []int{58, 59} {
				s.Logs.Minutes[i].Reasons, s.Logs.Minutes[i].Unconnected = map[string]int64{"Target_Connection_Error": 30}, map[string]int64{first: 30}
			}
			s.Metrics[len(s.Metrics)-1].Points = []Point{{s.minute(58), 30}, {s.minute(59), 30}}
		}, false},
		{"mostly refuses", func(s *Snapshot) { s.Logs.Traffic[0].Requests = 100 }, false},
		{"over", func(s *Snapshot) {
			s.Logs.Failures[0].Last = s.minute(5)
			for i := 6; i < 60; i++ {
				s.Logs.Minutes[i].Reasons, s.Logs.Minutes[i].Unconnected = nil, nil
			}
			s.Metrics[len(s.Metrics)-1].Points = []Point{{s.minute(5), 60}}
		}, false},
	} {
		s := base()
		again(s)
		tt.change(s)
		r := Diagnose(copied(t, s))
		for _, f := range r.Findings {
			if f.ID == "target-port-refused" || f.ID == "deregistration-delay-too-short" || f.ID == "health-check-port-hides-refusal" {
				if told := strings.Contains(f.Sentence, "now and then") && strings.Contains(f.Do, "restart") && !strings.Contains(f.Do, "all addresses"); told != tt.want {
					t.Errorf("%s: told as restarts %v, want %v:\n%s", tt.name, told, tt.want, said(r))
				}
			}
		}
		if tt.want && r.Findings[0].ID != "target-port-refused" {
			t.Errorf("%s: want target-port-refused:\n%s", tt.name, said(r))
		}
	}
}

// TestJustNow: what all requests end with, or all to one of many targets, is an outage from the first minutes on,
// however few of those of a long window these are; and one of 5xx is told when it is over, too.
func TestJustNow(t *testing.T) {
	const closes, errors = "target-closes-connection", "target-answers-5xx"
	day := func(s *Snapshot) {
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 72_000, 72_000
		s.Logs.Newest, s.Logs.Last = noon, noon
	}
	for _, tt := range []struct {
		name, id  string
		from      int   // minute of the last hour in which it begins
		each, all int64 // requests of one target that fail in a minute, and all of both
		change    func(*Snapshot)
		want      Level
	}{
		{"all", closes, 57, 50, 100, nil, Fail},
		{"few", closes, 57, 1, 1000, nil, Warn},
		{"all of a target of many", closes, 57, 4, 4000, nil, Fail},
		{"few of a target that is unhealthy", closes, 57, 1, 1000, func(s *Snapshot) { s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout" }, Fail},
		{"few, and many after the logs", closes, 50, 1, 1000, func(s *Snapshot) {
			s.Logs.Newest, s.Logs.Minutes = s.Logs.Minutes[55].Minute, s.Logs.Minutes[:55]
			s.Metrics = append(s.Metrics, Series{Name: "HTTPCode_ELB_502_Count", Stat: "Sum", Period: 60, Points: []Point{{noon.Add(-time.Minute), 40}}})
		}, Fail},
		{"all", errors, 57, 50, 100, nil, Warn},
		{"some", errors, 57, 4, 100, nil, Warn},
		{"few", errors, 57, 1, 1000, nil, Note},
		{"few of few", errors, 57, 1, 20, nil, Note},
		{"all, and over", errors, 20, 50, 100, func(s *Snapshot) {
			for i := 23; i < 60; i++ {
				s.Logs.Minutes[i].Reasons = nil
			}
			for i := range s.Logs.Failures {
				s.Logs.Failures[i].Count, s.Logs.Failures[i].Last = 150, s.Logs.Minutes[22].Minute
			}
		}, Warn},
	} {
		s := base()
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Requests = tt.all; i >= tt.from {
				s.Logs.Minutes[i].Reasons = map[string]int64{map[string]string{closes: "Target_Closed_Connection", errors: "Target_5XX"}[tt.id]: 2 * tt.each}
			}
		}
		day(s)
		n := tt.each * int64(60-tt.from)
		for i, target := range []string{first, second} {
			f := Failure{Group: webARN, Target: target, Status: 502, TargetStatus: -1, Reason: "Target_Closed_Connection", Class: "target", Count: n, First: s.Logs.Minutes[tt.from].Minute, Last: noon}
			if tt.id == errors {
				f.Reason, f.TargetStatus, f.Status = "Target_5XX", 500, 500
			}
			if tt.name == "all of a target of many" {
				s.Logs.Traffic[1].Requests = 10_000_000
				f.Count *= int64(2 * (1 - i))
			} else if tt.each < 50 {
				f.Last = f.Last.Add(-time.Second) // the newest is answered
			}
			s.Logs.Failures = append(s.Logs.Failures, f)
		}
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		if f := r.finding(tt.id); f == nil || f.Level != tt.want {
			t.Errorf("%s, %s: want a %s:\n%s", tt.id, tt.name, tt.want, said(r))
		}
	}
}

// TestStreamsReset: streams of HTTP/2 that targets reset are told as such, since the lines have why.
func TestStreamsReset(t *testing.T) {
	for resets, want := range map[int64]string{
		600: "600 of them are streams of HTTP/2 that the targets reset; target_error_code of the lines has why",
		1:   "1 of them is a stream of HTTP/2 that the targets reset; target_error_code of the lines has why",
		0:   "",
	} {
		s := base()
		s.failing("Target_Closed_Connection", second, 502, 60)
		if resets > 0 {
			s.failing("Target_Stream_Reset", first, 200, resets, func(f *Failure) { f.TargetStatus = 200 })
		}
		r := Diagnose(copied(t, s))
		f := r.finding("target-closes-connection")
		told := f != nil && slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "reset") })
		if f == nil || told != (want != "") || told && !slices.Contains(f.Evidence, Evidence{FromLog, want}) || f.Explains != resets+60 || (len(f.Verify) > 0) != told {
			t.Errorf("%d: want %q:\n%s", resets, want, said(r))
		}
	}
}

// TestErrorsAtNight: 5xx that all few requests at night end with are no small part of those of a day.
func TestErrorsAtNight(t *testing.T) {
	for all, want := range map[int64]Level{1: Warn, 3: Note} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 36_000, 36_000
		s.Logs.Minutes = []Minute{{Minute: noon.Add(-12 * time.Hour), Group: webARN, Requests: 72_000}}
		for i := range 12 {
			s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: noon.Add(time.Duration(10*i-120) * time.Minute), Group: webARN, Requests: all, Reasons: map[string]int64{"Target_5XX": 1}})
		}
		for _, target := range []string{first, second} {
			s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: target, Status: 500, TargetStatus: 500, Reason: "Target_5XX", Class: "target", Count: 6, First: noon.Add(-2 * time.Hour), Last: noon.Add(-10 * time.Minute)})
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-answers-5xx"); f == nil || f.Level != want {
			t.Errorf("one of %d: want a %s:\n%s", all, want, said(r))
		}
	}
}
