package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// restart lets both targets fail to connect for 40 s an hour ago, and then answer.
func (s *Snapshot) restart(reason string, status int64) {
	from := s.minute(5)
	for _, target := range []string{first, second} {
		s.failing(reason, target, status, 60, func(f *Failure) { f.First, f.Last, f.Connect, f.Idle = from, from.Add(40*time.Second), 60, 60 })
	}
	for i := range s.Logs.Minutes {
		m := &s.Logs.Minutes[i]
		if m.Reasons = map[string]int64{}; m.Minute.Equal(from) {
			m.Reasons[reason] = 120
			if reason == "Target_Connection_Error" {
				m.Unconnected = map[string]int64{first: 60, second: 60}
			}
		}
	}
	s.Metrics = append(s.Metrics, Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60, Points: []Point{{from, 120}}})
}

func TestOver(t *testing.T) {
	refused := func(s *Snapshot) { s.restart("Target_Connection_Error", 502) }
	dropped := func(s *Snapshot) { s.restart("Target_Connect_Timeout", 504) }
	slow := func(s *Snapshot) { s.restart("Target_Response_Timeout", 504) }
	broken := func(s *Snapshot) { s.restart("Target_Closed_Connection", 502) }
	tls := func(s *Snapshot) {
		refused(s)
		s.web().Protocol = "HTTPS"
		s.Metrics[len(s.Metrics)-1].Name = "TargetTLSNegotiationErrorCount"
	}
	// again lets some of these failures come in later minutes, too.
	again := func(minutes ...int) func(*Snapshot) {
		return func(s *Snapshot) {
			reason := s.Logs.Failures[0].Reason
			for _, i := range minutes {
				s.Logs.Minutes[i].Reasons[reason] = 12
				s.Logs.Failures[0].Last, s.Logs.Failures[1].Last = s.minute(i), s.minute(i)
			}
		}
	}
	// unasked lets none of the requests come after these failures.
	unasked := func(s *Snapshot) {
		for i := range s.Logs.Traffic {
			s.Logs.Traffic[i].Last = s.minute(5).Add(40 * time.Second)
		}
	}
	lately := func(name string) func(*Snapshot) { return func(s *Snapshot) { s.late(name, "", 57, 40) } }
	for _, c := range []struct {
		name, id string
		begin    func(*Snapshot)
		change   func(*Snapshot)
		over     bool
	}{
		{"refused", "target-port-refused", refused, nil, true},
		{"dropped", "target-connect-timeout", dropped, nil, true},
		{"behind a health check port of its own", "target-port-refused", refused, func(s *Snapshot) { s.checkPort("9090") }, true},
		{"no request since, and checks pass on that port", "target-port-refused", refused, unasked, true},
		{"no request since, and checks do not show so soon", "target-port-refused", refused, func(s *Snapshot) {
			unasked(s)
			s.web().Check.Interval, s.web().Check.Unhealthy = 300, 10
			s.Taken = s.minute(30)
		}, false},
		{"no request since, and anomalous", "target-port-refused", refused, func(s *Snapshot) { unasked(s); s.web().Targets[1].Anomalous = true }, false},
		{"dropped, no request since, and checks pass on that port", "target-connect-timeout", dropped, unasked, true},
		{"dropped, no request since, and checks pass on another port", "target-connect-timeout", dropped, func(s *Snapshot) { unasked(s); s.checkPort("9090") }, false},
		{"the newest request failed, too, and checks pass on another port", "target-port-refused", refused, func(s *Snapshot) {
			s.checkPort("9090")
			s.failing("Target_Response_Timeout", second, 504, 60, func(f *Failure) { f.First = s.minute(10) })
			for i := 10; i < 60; i++ {
				s.Logs.Minutes[i].Reasons["Target_Response_Timeout"] = 5
			}
		}, false},
		{"unhealthy now", "target-port-refused", refused, func(s *Snapshot) {
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unhealthy", "Target.FailedHealthChecks"
		}, false},
		{"a probe is refused now", "target-port-refused", refused, func(s *Snapshot) {
			s.Probes = []Probe{{Group: webARN, Target: second, Address: second, Outcome: ProbeRefused}}
		}, false},
		{"counted again after the logs", "target-port-refused", refused, func(s *Snapshot) {
			m := &s.Metrics[len(s.Metrics)-1]
			m.Points = append(m.Points, Point{s.minute(57), 40})
		}, false},
		{"slow", "idle-timeout-reached", slow, nil, true},
		{"slow, unhealthy now", "idle-timeout-reached", slow, func(s *Snapshot) {
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unhealthy", "Target.Timeout"
		}, false},
		{"slow after the logs", "idle-timeout-reached", slow, lately("HTTPCode_ELB_504_Count"), false},
		{"slow now and then", "idle-timeout-reached", slow, again(25, 45), false},
		{"slow twice", "idle-timeout-reached", slow, again(7, 8), true},
		{"broken off", "target-closes-connection", broken, nil, true},
		{"broken off after the logs", "target-closes-connection", broken, lately("HTTPCode_ELB_502_Count"), false},
		{"broken off now and then", "target-closes-connection", broken, again(25, 45), false},
		{"refused now and then", "target-port-refused", refused, again(25, 45), false},
		{"TLS failed", "target-tls-negotiation-fails", tls, nil, true},
		{"TLS fails after the logs", "target-tls-negotiation-fails", tls, func(s *Snapshot) {
			m := &s.Metrics[len(s.Metrics)-1]
			m.Points = append(m.Points, Point{s.minute(57), 40})
		}, false},
		{"TLS failed, and fails to the probe", "target-tls-negotiation-fails", tls, func(s *Snapshot) {
			s.Probes = []Probe{{Group: webARN, Target: second, Address: second, Outcome: ProbeTLSFailed}}
		}, false},
	} {
		s := base()
		c.begin(s)
		if c.change != nil {
			c.change(s)
		}
		found := Diagnose(copied(t, s)).Findings[0]
		past := strings.Contains(found.Sentence, " 11:05 ") && (strings.Contains(found.Sentence, "answered") || strings.Contains(strings.ToLower(found.Sentence), "health checks on that port"))
		if found.ID != c.id || past != c.over || (found.Level == Warn) != c.over {
			t.Errorf("%s: got %s, %s: %s; want %s, over: %v", c.name, found.Level, found.ID, found.Sentence, c.id, c.over)
		}
		if past && len(found.Fix) > 0 {
			t.Errorf("%s: what is over is to be mended by %v", c.name, found.Fix)
		}
	}
}

// TestOverBesideOthers: what metrics count after the logs is no sign that failures which ended go on, where others that
// they count alike went on in the logs, and were as many.
func TestOverBesideOthers(t *testing.T) {
	other := "10.0.10.77:8080"
	for _, tt := range []struct {
		id, reason, others, metric string
		status, otherStatus        int64
		until                      int     // the last minute of the others
		late                       float64 // what the metric counts in each minute since the logs end
		over                       bool
	}{
		{"target-port-refused", "Target_Connection_Error", "Target_Connect_Timeout", "TargetConnectionErrorCount", 502, 504, 60, 2, true},
		{"target-port-refused", "Target_Connection_Error", "Target_Connect_Timeout", "TargetConnectionErrorCount", 502, 504, 60, 9, false},
		{"target-port-refused", "Target_Connection_Error", "Target_Connect_Timeout", "TargetConnectionErrorCount", 502, 504, 7, 2, false},
		{"idle-timeout-reached", "Target_Response_Timeout", "Target_Connect_Timeout", "HTTPCode_ELB_504_Count", 504, 504, 60, 2, true},
		{"idle-timeout-reached", "Target_Response_Timeout", "Target_Connect_Timeout", "HTTPCode_ELB_504_Count", 504, 504, 60, 9, false},
		{"target-closes-connection", "Target_Closed_Connection", "Target_Connection_Error", "HTTPCode_ELB_502_Count", 502, 502, 60, 2, true},
		{"target-closes-connection", "Target_Closed_Connection", "Target_Connection_Error", "HTTPCode_ELB_502_Count", 502, 502, 7, 2, false},
	} {
		s := base()
		s.restart(tt.reason, tt.status)
		s.failing(tt.others, other, tt.otherStatus, 120, func(f *Failure) { f.Last = s.minute(min(tt.until, 55)) })
		for i := range s.Logs.Minutes {
			m := &s.Logs.Minutes[i]
			if m.Statuses = map[string]int64{}; i >= tt.until || i >= 55 {
				delete(m.Reasons, tt.others)
			} else {
				m.Statuses[strconv.FormatInt(tt.otherStatus, 10)] = 2
			}
			if i == 5 {
				m.Statuses[strconv.FormatInt(tt.status, 10)] += 120
			}
		}
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: other, Requests: 1000, Slowest: 0.3, Last: s.minute(55)})
		s.Metrics = s.Metrics[:len(s.Metrics)-1]
		for _, name := range slices.Compact([]string{"TargetConnectionErrorCount", tt.metric}) {
			m := Series{Name: name, Stat: "Sum", Period: 60}
			if name == "TargetConnectionErrorCount" {
				m.Group = webARN
			}
			for i := range 60 {
				n := 2.0
				switch {
				case i >= 55 && name == tt.metric:
					n = tt.late
				case i >= tt.until || i >= 55:
					continue
				case i == 5 && tt.reason == "Target_Connection_Error":
					n += 120
				}
				m.Points = append(m.Points, Point{s.minute(i), n})
			}
			s.Metrics = append(s.Metrics, m)
		}
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == tt.id && slices.Contains(f.Targets, first) })
		if at < 0 || (r.Findings[at].Level == Warn) != tt.over {
			t.Errorf("%+v:\n%s", tt, said(r))
		}
	}
}

// TestOverBehind: what goes on comes before what was worse, and is over; what leaves no trace in the logs does not.
func TestOverBehind(t *testing.T) {
	for _, tt := range []struct {
		first  string
		change func(*Snapshot)
	}{
		{"idle-timeout-reached", nil},
		{"idle-timeout-reached", func(s *Snapshot) {
			s.Listeners[0].Rules = append([]Rule{{ARN: "arn:rule-1", Priority: "1", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/old"}}}, Actions: []Action{{Type: "fixed-response", Status: "503"}}}}, s.Listeners[0].Rules...)
		}},
		{"target-port-refused", func(s *Snapshot) {
			s.failing("Target_Connection_Error", second, 502, 60)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 60)
		}},
	} {
		s := base()
		s.restart("Target_Response_Timeout", 504)
		s.Metrics = s.Metrics[:len(s.Metrics)-1]
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		slow := r.finding("idle-timeout-reached")
		if r.Findings[0].ID != tt.first || slow == nil || slow.Level != Warn || slow.Explains != 120 {
			t.Errorf("want %s first, and what took too long to be over:\n%s", tt.first, said(r))
		}
	}
}

// TestErrorsOver: targets that answered 5xx for a while, and well since, are told in the past;
// what goes on, comes back, or is counted after the logs is not.
func TestErrorsOver(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int64 // of each target
		change func(*Snapshot)
		over   bool
		level  Level
	}{
		{"ended", 60, nil, true, Warn},
		{"few, and ended", 6, nil, true, Note},
		{"goes on", 60, func(s *Snapshot) { s.Logs.Failures[1].Last = s.minute(58) }, false, Warn},
		{"no request since", 60, func(s *Snapshot) { s.Logs.Traffic[0].Last = s.minute(7) }, false, Warn},
		{"comes back", 60, func(s *Snapshot) {
			s.Logs.Failures[0].Last, s.Logs.Minutes[35].Reasons = s.minute(35), map[string]int64{"Target_5XX": 10}
		}, false, Warn},
		{"counted after the logs", 60, func(s *Snapshot) { s.late("HTTPCode_Target_5XX_Count", webARN, 57, 40) }, false, Warn},
		{"unhealthy now", 60, func(s *Snapshot) { s.web().Targets[0].State = "unhealthy" }, false, Warn},
		{"anomalous now", 60, func(s *Snapshot) { s.web().Targets[0].Anomalous, s.web().Targets[0].Mitigated = true, true }, false, Warn},
	} {
		s := base()
		for _, target := range []string{first, second} {
			s.failing("Target_5XX", target, 500, tt.n, func(f *Failure) { f.TargetStatus, f.First, f.Last = 500, s.minute(5), s.minute(6) })
		}
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Reasons = nil; i == 5 || i == 6 {
				s.Logs.Minutes[i].Reasons = map[string]int64{"Target_5XX": tt.n}
			}
		}
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		found := r.finding("target-answers-5xx")
		past := found != nil && strings.Contains(found.Sentence, "answered 5xx between 11:05 and 11:06 UTC, and not since")
		mitigated := s.web().Targets[0].Mitigated
		if found == nil || past != tt.over || found.Level != tt.level || found.Explains != 2*tt.n ||
			slices.Contains(found.Evidence, Evidence{FromHealth, first + ": anomalous, and sent less traffic for that (anomaly mitigation)"}) != mitigated {
			t.Errorf("%s: want it over: %v, %s:\n%s", tt.name, tt.over, tt.level, said(r))
		}
	}
}

// What goes on until the logs end has no answers since.
func TestSince(t *testing.T) {
	for _, c := range []struct {
		name  string
		last  int // minute of the last failure
		since bool
	}{{"ended", 30, true}, {"goes on", 59, false}} {
		s := base()
		s.failing("Target_Response_Timeout", first, 504, 60, func(f *Failure) { f.Idle, f.First, f.Last = 60, s.minute(10), s.minute(c.last) })
		r := Diagnose(copied(t, s))
		found := r.Findings[0]
		if told := strings.Contains(said(r), "each of these targets has answered since"); found.ID != "idle-timeout-reached" || told != c.since {
			t.Errorf("%s: %s: told %v that the target has answered since, want %v", c.name, found.ID, told, c.since)
		}
	}
}

// TestWasUnhealthy: one target within one minute is told as that.
func TestWasUnhealthy(t *testing.T) {
	for most, tt := range map[float64]struct {
		last int
		want string
	}{
		1: {5, "Up to 1 target of web was unhealthy at 11:05 UTC, and all are healthy now."},
		2: {6, "Up to 2 targets of web were unhealthy between 11:05 and 11:06 UTC, and all are healthy now."},
	} {
		s := base()
		s.Metrics = append(s.Metrics, Series{Name: "UnHealthyHostCount", Group: webARN, Stat: "Minimum", Period: 60, Points: []Point{{s.minute(5), most}, {s.minute(tt.last), most}}})
		if r := Diagnose(copied(t, s)); r.Findings[0].Sentence != tt.want {
			t.Errorf("want %q:\n%s", tt.want, said(r))
		}
	}
}

// TestWhenCounted: what only metrics show is told with the time that it was counted at.
func TestWhenCounted(t *testing.T) {
	for _, tt := range []struct{ id, metric, group string }{
		{"rejected-connections", "RejectedConnectionCount", ""},
		{"fail-open-routing", "UnhealthyRoutingRequestCount", webARN},
		{"target-connection-errors", "TargetConnectionErrorCount", webARN},
		{"balancer-5xx-not-in-logs", "HTTPCode_ELB_5XX_Count", ""},
	} {
		s := base()
		s.Logs = nil
		s.Metrics = append(s.Metrics, Series{Name: tt.metric, Group: tt.group, Stat: "Sum", Period: 60, Points: []Point{{s.minute(4), 0}, {s.minute(5), 20}, {s.minute(8), 5}, {s.minute(9), 0}}})
		want := Evidence{FromMetric, tt.metric + ": 25, between 11:05 and 11:08 UTC"}
		r := Diagnose(copied(t, s))
		if f := r.Findings[0]; f.ID != tt.id || !slices.Contains(f.Evidence, want) {
			t.Errorf("%s: want %q:\n%s", tt.id, want.Text, said(r))
		}
	}
}

// TestFailOpenEnded: that requests went to unhealthy targets is over where requests still come and
// none of them does, though a target is unhealthy now.
func TestFailOpenEnded(t *testing.T) {
	const failedOpen = "UnhealthyRoutingRequestCount"
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   Level
	}{
		{"ended", func(s *Snapshot) { s.late("RequestCount", webARN, 0, 100) }, Warn},
		{"goes on", func(s *Snapshot) {
			m := &s.Metrics[len(s.Metrics)-1]
			m.Points = append(m.Points, Point{s.minute(58), 20})
			s.late("RequestCount", webARN, 0, 100)
		}, Fail},
		{"no requests since", func(*Snapshot) {}, Fail},
		{"all are healthy", func(s *Snapshot) { s.web().Targets[0].State = "healthy" }, Warn},
	} {
		s := base()
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		s.Metrics = slices.DeleteFunc(s.Metrics, func(m Series) bool { return m.Name == "RequestCount" })
		s.Metrics = append(s.Metrics, Series{Name: failedOpen, Group: webARN, Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 20}, {s.minute(8), 5}}})
		tt.change(s)
		r := Diagnose(copied(t, s))
		if f := r.finding("fail-open-routing"); f == nil || f.Level != tt.want {
			t.Errorf("%s: want %s:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestFunctionOver: a function that failed for a while, and answers now, is told in the past,
// and no command gives a permission that is there; its log is shown from its first failure on.
func TestFunctionOver(t *testing.T) {
	const denied, failed = "lambda-access-denied", "lambda-errors"
	both := func(s *Snapshot) {
		for i := range 2 {
			s.Logs.Minutes[5+i].Reasons["LambdaUnhandled"] = 60
		}
		s.failing("LambdaUnhandled", "", 502, 12, func(f *Failure) { f.Class, f.First, f.Last = "lambda", s.minute(5), s.minute(6) })
	}
	for _, tt := range []struct {
		name   string
		ids    map[string]bool // and whether it is over
		reason string
		change func(*Snapshot)
	}{
		{"denied", map[string]bool{denied: true}, "LambdaAccessDenied", nil},
		{"failed", map[string]bool{failed: true}, "LambdaUnhandled", nil},
		{"denied and failed", map[string]bool{denied: true, failed: true}, "LambdaAccessDenied", both},
		{"goes on", map[string]bool{denied: false}, "LambdaAccessDenied", func(s *Snapshot) { s.Logs.Failures[0].Last = s.minute(54) }},
		{"fails now and then", map[string]bool{failed: false}, "LambdaThrottling", func(s *Snapshot) {
			s.Logs.Minutes[35].Reasons, s.Logs.Failures[0].Last = map[string]int64{"LambdaThrottling": 3}, s.minute(35)
		}},
		{"no request since", map[string]bool{failed: false}, "LambdaUnhandled", func(s *Snapshot) { s.Logs.Traffic[0].Last = s.minute(7) }},
		{"it runs, and fails", map[string]bool{denied: true, failed: false}, "LambdaAccessDenied", func(s *Snapshot) {
			both(s)
			s.Logs.Failures[1].Last = s.Logs.Last
		}},
		{"it ran in between", map[string]bool{denied: false, failed: false}, "LambdaAccessDenied", func(s *Snapshot) {
			both(s)
			s.Logs.Failures[0].Last, s.Logs.Failures[1].Last = s.minute(53), s.Logs.Last
		}},
		{"the newest are throttled", map[string]bool{denied: false, failed: false}, "LambdaAccessDenied", func(s *Snapshot) {
			both(s)
			s.Logs.Failures[1].Reason, s.Logs.Failures[1].Last, s.Logs.Failures[1].Count = "LambdaThrottling", s.Logs.Last, 600
		}},
		{"counted after the logs", map[string]bool{denied: false}, "LambdaAccessDenied", func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 57, 40) }},
		{"denied, and 5xx with another status after the logs", map[string]bool{denied: true}, "LambdaAccessDenied", func(s *Snapshot) {
			s.late("HTTPCode_ELB_5XX_Count", "", 57, 40)
			s.late("HTTPCode_ELB_503_Count", "", 57, 40)
		}},
		{"failed, and 5xx with another status after the logs", map[string]bool{failed: true}, "LambdaUnhandled", func(s *Snapshot) {
			s.late("HTTPCode_ELB_5XX_Count", "", 57, 40)
			s.late("HTTPCode_ELB_503_Count", "", 57, 40)
		}},
		{"its health check fails", map[string]bool{failed: false}, "LambdaUnhandled", func(s *Snapshot) { s.web().Targets[0].State = "unhealthy" }},
	} {
		s := base()
		s.function()
		s.failing(tt.reason, "", 502, 120, func(f *Failure) { f.Class, f.First, f.Last = "lambda", s.minute(5), s.minute(6) })
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Reasons = map[string]int64{}; i == 5 || i == 6 {
				s.Logs.Minutes[i].Reasons[tt.reason] = 60
			}
		}
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		for id, over := range tt.ids {
			f := r.finding(id)
			if f == nil || (f.Level == Warn) != over || strings.Contains(f.Sentence, " between 11:05 and 11:06 UTC, and ") != over {
				t.Errorf("%s: %s: want it over: %v:\n%s", tt.name, id, over, said(r))
				continue
			}
			if id == denied && (len(f.Fix) > 0) == over {
				t.Errorf("%s: over: %v, and to be mended by %v", tt.name, over, f.Fix)
			}
			if want := "--region eu-central-1 /aws/lambda/shop --since 2026-11-22T11:05:00Z"; id == failed && !slices.Equal(f.Verify, []string{"aws logs tail " + want}) {
				t.Errorf("%s: %v", tt.name, f.Verify)
			}
		}
	}
}

// function lets the group have a function as its target, which logs do not name.
func (s *Snapshot) function() {
	s.web().Type, s.web().Check.Enabled = "lambda", false
	s.web().Targets = []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:shop", State: "unavailable", Reason: "Target.HealthCheckDisabled"}}
	s.Logs.Traffic = []Traffic{{Group: webARN, Requests: 6000, Slowest: 0.4, Last: s.Logs.Last}}
}

// TestNoTargetOver: 503s for want of a target are told in the past where targets of the group
// have answered since, and none came again.
func TestNoTargetOver(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		over   bool
	}{
		{"ended", nil, true},
		{"goes on", func(s *Snapshot) { s.Logs.Failures[0].Last = s.minute(58) }, false},
		{"no request since", func(s *Snapshot) { s.Logs.Traffic[0].Last, s.Logs.Traffic[1].Last = s.minute(7), s.minute(4) }, false},
		{"targets answered none since", func(s *Snapshot) {
			for _, target := range []string{first, second} {
				s.failing("Target_Closed_Connection", target, 502, 1500, func(f *Failure) { f.First, f.Last = s.minute(7), s.Until })
			}
		}, false},
		{"requests of another group only", func(s *Snapshot) { s.Logs.Traffic[0].Group, s.Logs.Traffic[1].Group = newARN, newARN }, false},
		{"comes back", func(s *Snapshot) {
			s.Logs.Failures[0].Last, s.Logs.Minutes[35].Reasons = s.minute(35), map[string]int64{"No_Usable_Target": 10}
		}, false},
		{"counted after the logs", func(s *Snapshot) { s.late("HTTPCode_ELB_503_Count", "", 57, 40) }, false},
		{"none is healthy now", func(s *Snapshot) { s.all("initial", "Elb.InitialHealthChecking", "") }, false},
	} {
		s := base()
		s.failing("No_Usable_Target", "", 503, 60, func(f *Failure) { f.First, f.Last = s.minute(5), s.minute(6) })
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Reasons = nil; i == 5 || i == 6 {
				s.Logs.Minutes[i].Reasons = map[string]int64{"No_Usable_Target": 30}
			}
		}
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("no-usable-target")
		past := f != nil && f.Level == Warn && strings.HasPrefix(f.Sentence, "Requests got 503 between 11:05 and 11:06 UTC") && strings.Contains(f.Do, "at that time")
		if f == nil || past != tt.over || (f.Level == Fail) == tt.over || f.Explains != 60 {
			t.Errorf("%s: told as over %v, want %v:\n%s", tt.name, past, tt.over, said(r))
		}
	}
}

// TestOverForOne: where one target is asked about, its failures are over though others of its group go on.
func TestOverForOne(t *testing.T) {
	for _, asked := range []string{"", first, second} {
		for since, says := range map[bool]string{true: "answered requests since", false: "health checks on that port"} {
			s := base()
			s.restart("Target_Connection_Error", 502)
			s.Logs.Failures[1].Last = s.Until
			errors := &s.Metrics[len(s.Metrics)-1]
			errors.Points = nil
			for i := range s.Logs.Minutes {
				m := &s.Logs.Minutes[i]
				m.Reasons["Target_Connection_Error"] += 2
				errors.Points = append(errors.Points, Point{m.Minute, float64(m.Reasons["Target_Connection_Error"])})
			}
			if !since {
				s.Logs.Traffic[0].Last = s.Logs.Failures[0].Last
			}
			s.Target = asked
			f := Diagnose(copied(t, s)).finding("target-port-refused")
			if over := asked == first; f == nil || (f.Level == Warn) != over || strings.Contains(f.Sentence, says) != over {
				t.Errorf("%q, sent requests since: %v: want it to be over: %v: %+v", asked, since, over, f)
			}
		}
	}
}

// TestNotOverWhereLogsEnd: targets that refuse, or do not take, some of their connections pass health
// checks all the while; that logs end, or the window, is no rest. Where they answered nothing, it was
// before these checks.
func TestNotOverWhereLogsEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		count  int64 // of 3000 requests
		change func(*Snapshot)
		over   bool
	}{
		{"some of them, up to the end of the logs, without metrics", 600, func(s *Snapshot) { s.Metrics = nil }, false},
		{"all of them, up to the end of the logs, without metrics", 3000, func(s *Snapshot) { s.Metrics = nil }, true},
		{"some of them, long before the end of the logs, without metrics", 600, func(s *Snapshot) {
			s.Metrics = nil
			s.Logs.Failures[0].Last, s.Logs.Traffic[1].Last = s.minute(20), s.minute(20)
		}, true},
		{"all of them, up to the end of the logs, without metrics, in TLS, which is not checked", 3000, func(s *Snapshot) {
			s.Metrics = nil
			s.web().Protocol = "HTTPS"
		}, false},
		{"some of them, up to the end of a window of yesterday", 600, func(s *Snapshot) { s.Taken = noon.AddDate(0, 0, 1) }, false},
	} {
		for reason, id := range map[string]string{"Target_Connection_Error": "target-port-refused", "Target_Connect_Timeout": "target-connect-timeout"} {
			s := base()
			s.Logs.Newest = noon.Add(-time.Minute)
			s.failing(reason, second, 502, tt.count, func(f *Failure) { f.Last = s.Logs.Newest })
			s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(tt.count))
			m := &s.Metrics[len(s.Metrics)-1]
			m.Points = m.Points[:len(m.Points)-1]
			s.Logs.Traffic[1].Last = s.Logs.Newest
			s.Taken = noon.Add(5 * time.Minute)
			tt.change(s)
			f := Diagnose(copied(t, s)).finding(id)
			if f == nil || (f.Level == Warn) != tt.over || strings.Contains(f.Sentence, "on that port") != tt.over {
				t.Errorf("%s, %s: want it to be over: %v: %+v", reason, tt.name, tt.over, f)
			}
		}
	}
}

// TestFlapped: targets that flapped in the first half of the window only, and are healthy, are told in
// the past.
func TestFlapped(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		over   bool
	}{
		{"early", func(*Snapshot) {}, true},
		{"not long ago", func(s *Snapshot) { s.Logs.Health[1].LastFlap = s.minute(40) }, false},
		{"early, and unhealthy now", func(s *Snapshot) { s.web().Targets[1].State = "unhealthy" }, false},
		{"nobody knows when", func(s *Snapshot) { s.Logs.Health[1].LastFlap = time.Time{} }, false},
		{"the logs of checks end soon after", func(s *Snapshot) { s.Logs.Health[1].Last = s.minute(20) }, false},
	} {
		s := base()
		for _, target := range []string{first, second} {
			s.Logs.Health = append(s.Logs.Health, LogCheck{Group: "web", Target: target, Pass: true, Code: 200, Checks: 100, Flaps: 9, LastFlap: s.minute(12), Last: s.minute(54)})
		}
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-health-flapping")
		if f == nil || (f.Level == Warn) != tt.over || strings.Contains(f.Sentence, "passed and failed in turn until 11:12 UTC") != tt.over {
			t.Errorf("%s: in the past is to be %v:\n%s", tt.name, tt.over, said(r))
		}
	}
}

// TestRare: connections that fail, and answers that lack, for less than 0.5 % of the requests now and then are a
// warning; but not where these are all of the last minutes, of a target, or of a small group.
func TestRare(t *testing.T) {
	const rpm = 1000 // requests a minute
	var every []int
	for i := range 58 {
		every = append(every, i)
	}
	for _, tt := range []struct {
		name    string
		targets int // that share the requests
		minutes []int
		n       int64 // failures of the first target in each of these minutes
		change  func(*Snapshot)
		want    Level
	}{
		{"now and then", 2, []int{7, 31, 52}, 1, nil, Warn},
		{"now and then, of many targets", 100, []int{7, 31, 52}, 1, nil, Warn},
		{"many", 2, every, 10, nil, Fail},
		{"all to a target of many", 300, []int{1, 10, 20, 30, 40, 50}, 33, nil, Fail},
		{"a third of those to a target of many", 300, []int{1, 10, 20, 30, 40, 50}, 11, nil, Fail},
		{"all to a target of many, of the last minutes", 100, []int{58, 59}, 10, func(s *Snapshot) { s.Logs.Traffic[0].Last = s.Logs.Failures[0].Last }, Fail},
		{"all of the last minute", 2, []int{59}, 290, nil, Fail},
		{"one of few requests", 2, []int{58}, 1, func(s *Snapshot) {
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Requests = 30
			}
		}, Warn},
		{"of few requests", 2, []int{7, 31, 52}, 1, func(s *Snapshot) {
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Requests = 30
			}
		}, Fail},
		{"after the logs, many", 2, []int{7, 31, 52}, 1, func(s *Snapshot) {
			s.late("HTTPCode_ELB_502_Count", "", 56, 40)
			s.late("HTTPCode_ELB_504_Count", "", 56, 40)
			refused := slices.IndexFunc(s.Metrics, func(m Series) bool { return m.Name == "TargetConnectionErrorCount" })
			s.Metrics[refused].Points = append(s.Metrics[refused].Points, Point{s.minute(56), 160})
		}, Fail},
		{"unhealthy now", 2, []int{7, 31, 52}, 1, func(s *Snapshot) {
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
		}, Fail},
		{"anomalous now", 2, []int{7, 31, 52}, 1, func(s *Snapshot) { s.web().Targets[0].Anomalous = true }, Fail},
	} {
		for id, reason := range map[string]string{"target-port-refused": "Target_Connection_Error", "target-connect-timeout": "Target_Connect_Timeout", "idle-timeout-reached": "Target_Response_Timeout", "keep-alive-race": "Target_Closed_Connection"} {
			race := id == "keep-alive-race" // which is spread over all targets
			if race && (tt.targets > 2 || tt.want == Fail && len(tt.minutes) == 1) {
				continue
			}
			s := base()
			s.Logs.Traffic, s.web().Targets, s.Logs.Newest = nil, nil, s.minute(max(55, tt.minutes[len(tt.minutes)-1]+1))
			for i := range tt.targets {
				target := Target{ID: fmt.Sprintf("10.0.10.%d", i%250+1), Port: 8080 + i/250, Zone: "eu-central-1a", State: "healthy"}
				target.CheckPort = strconv.Itoa(target.Port)
				s.web().Targets = append(s.web().Targets, target)
				s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: target.ID + ":" + target.CheckPort, Requests: int64(60 * rpm / tt.targets), Slowest: 0.4, Last: noon})
			}
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Requests = rpm
			}
			each := int64(len(tt.minutes)) * tt.n
			for i := range 2 {
				if i == 0 || race {
					s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: s.Logs.Traffic[i].Target, Status: 504, TargetStatus: -1, Reason: reason, Class: "target", Count: each, Quick: each, Idle: each, Connect: each,
						First: s.minute(tt.minutes[0]), Last: s.minute(tt.minutes[len(tt.minutes)-1])})
				}
			}
			refused := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
			for _, i := range tt.minutes {
				if s.Logs.Minutes[i].Reasons = map[string]int64{reason: tt.n}; id == "target-port-refused" {
					s.Logs.Minutes[i].Unconnected = map[string]int64{s.Logs.Traffic[0].Target: tt.n}
					refused.Points = append(refused.Points, Point{s.minute(i), float64(tt.n)})
				}
			}
			if s.Metrics = append(s.Metrics, refused); tt.change != nil {
				tt.change(s)
			}
			sum := each
			if race {
				sum *= 2
			}
			r := Diagnose(copied(t, s))
			f := r.finding(id)
			if f == nil || f.Level != tt.want || f.Explains != sum || !race && strings.Contains(f.Sentence, "now and then") != (tt.want == Warn) && id != "target-port-refused" {
				t.Errorf("%s, %s: want a %s that explains %d:\n%s", id, tt.name, tt.want, sum, said(r))
			}
		}
	}
}

// TestRareAtNight: what all requests end with that come at night, one to each target now and then, is an outage, however
// few of those of a day these are.
func TestRareAtNight(t *testing.T) {
	for _, tt := range []struct {
		name string
		last time.Duration // since the newest request to each target
		want Level
	}{
		{"all", 0, Fail},
		{"some", time.Minute, Warn},
	} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Newest, s.Logs.Minutes = noon, nil
		for i, target := range []string{first, second} {
			at := noon.Add(time.Duration(-6-i) * time.Minute)
			s.Logs.Traffic[i].Requests, s.Logs.Traffic[i].Last = 36_000, at.Add(tt.last)
			s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: target, Status: 504, TargetStatus: -1, Reason: "Target_Response_Timeout", Class: "target", Count: 6, Idle: 6, First: noon.Add(-2 * time.Hour), Last: at})
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("idle-timeout-reached"); f == nil || f.Level != tt.want || strings.Contains(f.Sentence, "now and then") != (tt.want == Warn) {
			t.Errorf("%s: want a %s:\n%s", tt.name, tt.want, said(r))
		}
		// Logs of a Classic Load Balancer do not name who did not answer.
		s.classic()
		for i := range s.Logs.Failures {
			s.Logs.Traffic[i].Group, s.Logs.Failures[i].Group, s.Logs.Failures[i].Target = "", "", ""
		}
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Requests: 12, Slowest: -1, Last: s.Logs.Failures[0].Last})
		r = Diagnose(copied(t, s))
		if f := r.finding("idle-timeout-reached"); f == nil || f.Level != tt.want {
			t.Errorf("%s, of a Classic Load Balancer: want a %s:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestRareOfFormer: the last of what targets got that have left since, as in each deployment, may fail now and then.
func TestRareOfFormer(t *testing.T) {
	for n, want := range map[int64]Level{1: Warn, 20: Fail} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 36_000, 36_000
		for i := range 12 {
			old, at := fmt.Sprintf("10.0.10.%d:8080", 101+i), noon.Add(time.Duration(-1-i)*time.Hour)
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: old, Requests: 3000, Slowest: 0.4, Last: at})
			s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: old, Status: 504, TargetStatus: -1, Reason: "Target_Connect_Timeout", Class: "target", Count: n, Connect: n, First: at, Last: at})
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-connect-timeout"); f == nil || f.Level != want {
			t.Errorf("%d each: want a %s:\n%s", n, want, said(r))
		}
	}
}

// TestAnsweredSince: that a client left, that an answer was 5xx, or that a few requests failed for another reason, does not
// hide that a target has answered in time since; that clients leave as they wait for it does, and that it may have
// answered nothing since.
func TestAnsweredSince(t *testing.T) {
	for name, tt := range map[string]struct {
		reason string
		status int64
		n      int64
		lately int64 // of each of the last minutes
		want   Level
	}{
		"few clients left":     {"Client_Closed", 460, 60, 1, Warn},
		"many clients left":    {"Client_Closed", 460, 900, 15, Fail},
		"an answer was 5xx":    {"Target_5XX", 500, 60, 1, Warn},
		"few were broken off":  {"Target_Closed_Connection", 502, 60, 1, Warn},
		"few were refused":     {"Target_Connection_Error", 502, 60, 1, Warn},
		"many were broken off": {"Target_Closed_Connection", 502, 900, 15, Fail},
		"few were broken off, of what it may have got since no few": {"Target_Closed_Connection", 502, 140, 15, Fail},
	} {
		s := base()
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.First, f.Last, f.Idle = s.minute(10), s.minute(20), 600 })
		s.failing(tt.reason, first, tt.status, tt.n, func(f *Failure) {
			if f.Status == 500 {
				f.TargetStatus = 500
			}
			if f.Status == 460 {
				f.Class = "client"
			}
		})
		for i := 50; i < 60; i++ {
			s.Logs.Minutes[i].Reasons[tt.reason] = tt.lately
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("idle-timeout-reached"); f == nil || f.Level != tt.want || strings.Contains(f.Sentence, "since") != (tt.want == Warn) {
			t.Errorf("%s: want a %s:\n%s", name, tt.want, said(r))
		}
	}
}

// TestTakesThePlace: targets that take the place of others one after another are unhealthy until their first checks pass, which
// is a note; one that was lost is not, nor where requests failed, or nobody knows.
func TestTakesThePlace(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		want   Level
	}{
		"a new target after another left": {nil, Note},
		"a target that was lost":          {func(s *Snapshot) { s.healthyOnly(1, 22, 24) }, Warn},
		"fewer than now": {func(s *Snapshot) {
			s.web().Targets = append(s.web().Targets, Target{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "healthy"})
		}, Warn},
		"fewer than usual": {func(s *Snapshot) { s.healthyOnly(3, 26, 59) }, Warn},
		"requests failed":  {func(s *Snapshot) { s.failing("Target_Connection_Error", second, 502, 60) }, Warn},
		"no logs":          {func(s *Snapshot) { s.Logs = nil }, Warn},
	} {
		s := base()
		s.healthyOnly(3, 20, 21)
		s.unhealthyFor(23, 23)
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-was-unhealthy"); f == nil || f.Level != tt.want {
			t.Errorf("%s: want a %s:\n%s", name, tt.want, said(r))
		}
	}
}

// TestCutOff: requests that were never answered, and under way as connections began to fail since a network ACL was
// changed, come of that; others that were slow before or since, or at another target, do not.
func TestCutOff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target string
		at     time.Duration // when they ended, after the first connection that failed
		cut    bool
	}{
		{"under way", first, 20 * time.Second, true},
		{"slow before", first, -2 * time.Minute, false},
		{"slow since", first, 4 * time.Minute, false},
		{"at another target", second, 20 * time.Second, false},
	} {
		s := base()
		s.Network.ACLs[0].Subnets = []string{"subnet-app-a"}
		other := s.Network.ACLs[0]
		other.ID, other.Subnets, other.Entries = "acl-other", []string{"subnet-app-b"}, slices.Clone(other.Entries)
		s.Network.ACLs = append(s.Network.ACLs, other)
		s.deny("acl-app", ACLEntry{Egress: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 1024, To: 32767})
		began := s.minute(20)
		s.failing("Target_Connect_Timeout", first, 504, 240, func(f *Failure) { f.First, f.Last, f.Connect = began, s.minute(55), 240 })
		s.failing("Target_Response_Timeout", tt.target, 504, 12, func(f *Failure) { f.First, f.Last, f.Idle = began.Add(tt.at), began.Add(tt.at+5*time.Second), 12 })
		for i := range s.Logs.Minutes {
			m := &s.Logs.Minutes[i]
			if delete(m.Reasons, "Target_Response_Timeout"); i < 20 || i > 55 {
				delete(m.Reasons, "Target_Connect_Timeout")
			}
		}
		s.Logs.Minutes[int(began.Add(tt.at).Sub(s.From)/time.Minute)].Reasons["Target_Response_Timeout"] = 12
		f := Diagnose(copied(t, s)).finding("idle-timeout-reached")
		if f == nil || (len(f.BecauseOf) == 1 && f.BecauseOf[0] == "acl-target-outbound-blocks-ephemeral") != tt.cut || len(f.BecauseOf) > 1 {
			t.Errorf("%s: want it cut off: %t:\n%s", tt.name, tt.cut, said(Diagnose(copied(t, s))))
		}
	}
}
