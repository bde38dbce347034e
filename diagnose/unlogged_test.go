package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUnlogged: without logs, as access logs are off unless somebody switches them on, the
// status and what else is counted leave few causes for what the balancer answered: these are
// named.
func TestUnlogged(t *testing.T) {
	const race, closes, slow, refused, late, none, tls = "keep-alive-race", "target-closes-connection", "idle-timeout-reached", "target-port-refused", "target-connect-timeout", "no-usable-target", "target-tls-negotiation-fails"
	for _, tt := range []struct {
		name   string
		counts map[string]float64
		change func(*Snapshot)
		want   []string
		says   string
	}{
		{"502", map[string]float64{"502": 60}, nil, []string{race, closes}, "closed the connection"},
		{"504", map[string]float64{"504": 60}, nil, []string{slow}, "idle timeout of 60 s"},
		{"503", map[string]float64{"503": 60}, nil, []string{none}, "503"},
		{"503 of a rule", map[string]float64{"503": 60}, func(s *Snapshot) {
			s.Listeners[0].Rules = append([]Rule{{ARN: "arn:rule-1", Priority: "1", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/a/*"}}}, Actions: []Action{{Type: "fixed-response", Status: "503"}}}}, s.Listeners[0].Rules...)
		}, []string{none, "rule-fixed-response-error"}, "5xx"},
		{"502 and a few 504", map[string]float64{"502": 60, "504": 12}, nil, []string{race, closes, slow}, "502"},
		{"500", map[string]float64{"500": 60}, nil, nil, "5xx"},
		{"a function", map[string]float64{"502": 60}, func(s *Snapshot) {
			s.web().Type, s.web().Targets = "lambda", []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}}
		}, []string{"lambda-errors", "lambda-access-denied"}, "502"},
		{"a function, 504", map[string]float64{"504": 60}, func(s *Snapshot) {
			s.web().Type, s.web().Targets = "lambda", []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}}
		}, []string{"lambda-errors"}, "Lambda"},
		{"metrics of connections that fail", map[string]float64{"502": 60}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", "", "Sum", 60) }, []string{refused}, "refused"},
		{"504 with these", map[string]float64{"504": 60}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", "", "Sum", 60) }, []string{late}, "504"},
		{"504 with these, by group", map[string]float64{"504": 60}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", webARN, "Sum", 60) }, []string{late}, "no connection"},
		{"without metrics of requests", map[string]float64{"502": 60}, func(s *Snapshot) {
			s.Metrics = s.Metrics[len(s.Metrics)-2:]
		}, []string{race, closes, refused}, "502"},
		{"TLS with targets that fails", map[string]float64{"502": 60}, func(s *Snapshot) { s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 60) }, []string{tls}, "TLS"},
		{"errors that may be of 502 or 504, and most are 502", map[string]float64{"502": 60, "504": 54}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", "", "Sum", 54) }, []string{refused, race, closes, late, slow}, "refused connections, or closed them"},
		{"errors that may be of 502 or 504, and most are 504", map[string]float64{"502": 42, "504": 60}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", "", "Sum", 42) }, []string{refused, race, closes, late, slow}, "within 10 s, or they took longer"},
		{"both", map[string]float64{"502": 600}, func(s *Snapshot) { s.metric("TargetConnectionErrorCount", "", "Sum", 60) }, []string{refused, race, closes}, "502"},
	} {
		s := base()
		s.Logs = nil
		sum := 0.0
		for code, n := range tt.counts {
			s.metric("HTTPCode_ELB_"+code+"_Count", "", "Sum", n)
			sum += n
		}
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", sum)
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("balancer-5xx-not-in-logs")
		var rivals []string
		if f != nil {
			for _, rival := range f.Rivals {
				rivals = append(rivals, rival.ID)
			}
		}
		slices.Sort(rivals)
		slices.Sort(tt.want)
		if f == nil || !slices.Equal(rivals, tt.want) || !strings.Contains(f.Sentence, tt.says) {
			t.Errorf("%s: %v are named, want %v and %q:\n%s", tt.name, rivals, tt.want, tt.says, said(r))
		}
	}
}

// TestSwitchedOff: of logs that were switched off, whose bucket is still named, it is not said
// that they are switched on and missing, and their policy is not what to look at.
func TestSwitchedOff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   string // what is to be done; "" for no finding
	}{
		{"none", func(s *Snapshot) { s.Logs = &Logs{} }, ""},
		{"until a while ago", func(s *Snapshot) { s.Logs.Newest = noon.Add(-50 * time.Minute) }, "switch"},
	} {
		s := base()
		s.Balancer.Attributes["access_logs.s3.enabled"] = "false"
		tt.change(s)
		r := Diagnose(copied(t, s))
		f, do := r.finding("logs-stale"), ""
		if f != nil {
			do = f.Do
		}
		if r.finding("logs-off") == nil || (f != nil) != (tt.want != "") || !strings.Contains(do, tt.want) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestFewErrorsNotLogged: 5xx that are as few as everywhere are a warning, unless they are many just now;
// where requests are not counted, they are a failure.
func TestFewErrorsNotLogged(t *testing.T) {
	const name = "HTTPCode_ELB_5XX_Count"
	few := func(n float64, from int) func(*Snapshot) {
		return func(s *Snapshot) { s.late(name, "", from, n) }
	}
	for _, tt := range []struct {
		what   string
		change func(*Snapshot)
		want   Level
	}{
		{"2 of 6000", func(s *Snapshot) {
			few(1, 30)(s)
			s.Metrics[len(s.Metrics)-1].Points = s.Metrics[len(s.Metrics)-1].Points[:2]
		}, Warn},
		{"2 of 6000, yesterday", func(s *Snapshot) {
			few(1, 30)(s)
			s.Metrics[len(s.Metrics)-1].Points = s.Metrics[len(s.Metrics)-1].Points[:2]
			s.Taken = noon.AddDate(0, 0, 1)
		}, Warn},
		{"60 of 6000", few(1, 0), Fail},
		{"20 of 6000, all of them just now", few(5, 56), Fail},
		{"2 of requests that are not counted", func(s *Snapshot) { s.Metrics = nil; few(1, 58)(s) }, Fail},
		{"2 of 2", func(s *Snapshot) {
			s.Metrics = nil
			s.late("RequestCount", "", 58, 1)
			few(1, 58)(s)
		}, Fail},
	} {
		s := base()
		s.Logs = nil
		tt.change(s)
		if f := Diagnose(copied(t, s)).finding("balancer-5xx-not-in-logs"); f == nil || f.Level != tt.want {
			t.Errorf("%s: want %s: %+v", tt.what, tt.want, f)
		}
		s = base()
		tt.change(s)
		s.Logs.Newest, s.Logs.Last = s.From, s.From
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 0
		}
		if f := Diagnose(copied(t, s)).finding("balancer-5xx-after-logs"); f == nil || f.Level != tt.want {
			t.Errorf("%s, after the logs' end: want %s: %+v", tt.what, tt.want, f)
		}
	}
}

// TestEndedByMetrics: what metrics alone tell of, and count no more although requests come, is a warning, and told in
// the past; what comes back, or may only not have been asked for since, is a failure.
func TestEndedByMetrics(t *testing.T) {
	quiet := func(group string) func(*Snapshot) { // nobody asks since
		return func(s *Snapshot) {
			for i := range s.Metrics {
				if m := &s.Metrics[i]; m.Name == "RequestCount" && (group == "" || m.Group == group) {
					m.Points = m.Points[:20]
				}
			}
		}
	}
	for _, tt := range []struct {
		name    string
		minutes []int
		change  func(*Snapshot)
		over    bool
	}{
		{"over", []int{5, 6, 7}, nil, true},
		{"comes back", []int{5, 6, 40}, nil, false},
		{"goes on", []int{5, 57}, nil, false},
		{"just now", []int{58}, nil, false},
		{"and nobody asks since", []int{5, 6, 7}, quiet(""), false},
		{"and nobody asks this group since", []int{5, 6, 7}, quiet(webARN), false},
		{"yesterday", []int{5, 6, 7}, func(s *Snapshot) { s.Taken = noon.AddDate(0, 0, 1) }, false}, // then it is not known what is now
		{"by the hour, which does not say when", []int{5, 6, 7}, func(s *Snapshot) {
			s.Taken, s.Until = noon.Add(time.Hour), noon.Add(time.Hour)
			for i := range s.Metrics {
				if m := &s.Metrics[i]; m.Name == "RequestCount" {
					m.Points = []Point{{s.From, 6000}, {noon, 6000}}
				} else {
					m.Points = []Point{{s.From, 180}, {noon, 0}}
				}
				s.Metrics[i].Period = 3600
			}
		}, false},
		{"unhealthy now", []int{5, 6, 7}, func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }, false},
	} {
		for id, name := range map[string]string{
			"target-connection-errors": "TargetConnectionErrorCount", "target-tls-negotiation-fails": "TargetTLSNegotiationErrorCount",
			"balancer-5xx-not-in-logs": "HTTPCode_ELB_5XX_Count", "rejected-connections": "RejectedConnectionCount",
		} {
			group, ofTargets := "", strings.HasPrefix(id, "target-")
			if ofTargets {
				group = webARN
			} else if tt.name == "unhealthy now" {
				continue
			}
			s := base()
			s.Logs = nil
			if id == "target-tls-negotiation-fails" {
				s.web().Protocol = "HTTPS"
			}
			m := Series{Name: name, Group: group, Stat: "Sum", Period: 60}
			for _, i := range tt.minutes {
				m.Points = append(m.Points, Point{s.minute(i), 60})
			}
			if s.Metrics = append(s.Metrics, m); tt.change != nil {
				tt.change(s)
			}
			r := Diagnose(copied(t, s))
			f := r.finding(id)
			past := f != nil && strings.Contains(f.Sentence, " between 11:05 and 11:07 UTC, and requests have come since without that")
			if f == nil || (f.Level == Warn) != tt.over || ofTargets && past != tt.over {
				t.Errorf("%s, %s: want it over: %v:\n%s", id, tt.name, tt.over, said(r))
			}
		}
	}
}

// TestEndedOfNetwork: a network balancer counts what its groups get together: of TLS that failed it is told that it does
// so no more only where the group has no others beside it, which may be all that is asked for since.
func TestEndedOfNetwork(t *testing.T) {
	for others, want := range map[int]Level{0: Warn, 1: Fail} {
		s := base()
		s.Logs, s.Balancer.Type, s.web().Protocol = nil, NetworkType, "TLS"
		for range others {
			tcp := *s.web()
			tcp.ARN, tcp.Name, tcp.Protocol = webARN+"2", "tcp", "TCP"
			s.Groups = append(s.Groups, tcp)
		}
		s.metric("NewFlowCount", "", "Sum", 6000)
		s.Metrics = append(s.Metrics, Series{Name: "TargetTLSNegotiationErrorCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 60}}})
		r := Diagnose(copied(t, s))
		if f := r.finding("target-tls-negotiation-fails"); f == nil || f.Level != want {
			t.Errorf("%d others: want a %s:\n%s", others, want, said(r))
		}
	}
}

// TestOpenRequests: lines of WebSockets come when these end, which metrics count as they begin: logs that
// are older may lack nothing.
func TestOpenRequests(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"some before": func(s *Snapshot) { s.Logs.Newest = noon.Add(-50 * time.Minute) },
		"none yet":    func(s *Snapshot) { s.Logs = &Logs{} },
	} {
		s := base()
		change(s)
		f := Diagnose(copied(t, s)).finding("logs-stale")
		if f == nil || !slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "WebSockets") }) {
			t.Errorf("%s: want WebSockets among what else it may be: %+v", name, f)
		}
	}
}

// TestPolicyAgainstLogs: where logs were written minutes ago, a policy that lets none be may just have changed, or
// says more than what was read of it.
func TestPolicyAgainstLogs(t *testing.T) {
	for name, tt := range map[string]struct {
		newest time.Time
		want   Confidence
	}{"minutes ago": {noon.Add(-5 * time.Minute), Low}, "an hour ago": {noon.Add(-time.Hour), Medium}, "no name says when": {time.Time{}, Medium}} {
		for _, policy := range []string{"none", "denies"} {
			s := base()
			s.Bucket.Policy, s.Logs.Newest = policy, tt.newest
			f := Diagnose(copied(t, s)).finding("logs-bucket-policy")
			if f == nil || f.Level != Warn || f.Confidence != tt.want {
				t.Errorf("%s, %s: want it with confidence %s: %+v", policy, name, tt.want, f)
			}
		}
	}
}

// TestFewAfterLogs: what only metrics count since the logs end does not go before what the logs have more of.
func TestFewAfterLogs(t *testing.T) {
	for each, want := range map[float64]string{1: "idle-timeout-reached", 20: "balancer-5xx-after-logs"} {
		s := base()
		s.failing("Target_Response_Timeout", first, 504, 20, func(f *Failure) { f.Idle = 20 })
		s.late("HTTPCode_ELB_5XX_Count", "", 55, each)
		s.late("HTTPCode_ELB_504_Count", "", 55, each)
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != want {
			t.Errorf("%v a minute: want %s first:\n%s", each, want, said(r))
		}
	}
}

// TestCauseOfCounted: without logs, what leaves requests without a target comes before a target that is ill beside a
// healthy one, and alone accounts for 503s that metrics count.
func TestCauseOfCounted(t *testing.T) {
	ill := func(s *Snapshot, reason, description string) {
		target := &s.web().Targets[0]
		target.State, target.Reason, target.Description = "unhealthy", reason, description
	}
	apart := func(s *Snapshot) {
		r := forwardTo("1", newARN)
		r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
		s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
	}
	for id, cause := range map[string]func(*Snapshot){
		"rule-weight-to-broken-group": func(s *Snapshot) {
			s.second(nil)
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		},
		"target-group-empty": func(s *Snapshot) {
			s.second(nil)
			apart(s)
		},
		"cross-zone-off-empty-zone": func(s *Snapshot) {
			s.second([]Target{{ID: "10.0.10.21", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
			s.Groups[1].Attributes = map[string]string{attrCrossZone: "false"}
			apart(s)
		},
	} {
		for other, change := range map[string]func(*Snapshot){
			"health-check-path-not-found": func(s *Snapshot) {
				ill(s, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")
			},
			"target-health-failed-checks": func(s *Snapshot) { ill(s, "Target.FailedHealthChecks", "") },
			"target-sg-blocks-traffic-port": func(s *Snapshot) {
				ill(s, "Target.Timeout", "")
				s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-old", VPC: "vpc-1", Ingress: []Permission{}})
				s.Network.Interfaces[0].SecurityGroups = []string{"sg-old"}
			},
		} {
			s := base()
			s.Logs = nil
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 600)
			s.metric("HTTPCode_ELB_503_Count", "", "Sum", 600)
			change(s)
			cause(s)
			r := Diagnose(copied(t, s))
			if counted := r.finding("balancer-5xx-not-in-logs"); r.Findings[0].ID != id || r.finding(other) == nil || counted == nil || !slices.Equal(counted.BecauseOf, []string{id}) {
				t.Errorf("want %s before %s, and 503s for it alone:\n%s", id, other, said(r))
			}
			s.metric("HTTPCode_ELB_502_Count", "", "Sum", 300)
			for i := range s.Metrics {
				if m := &s.Metrics[i]; m.Name == "HTTPCode_ELB_5XX_Count" {
					for j := range m.Points {
						m.Points[j].Value = 15
					}
				}
			}
			if counted := Diagnose(copied(t, s)).finding("balancer-5xx-not-in-logs"); strings.HasPrefix(other, "target-") && !slices.Contains(counted.BecauseOf, other) {
				t.Errorf("%s may be what 502s come of: %v", other, counted.BecauseOf)
			}
		}
	}
}

// TestMoreAfterLogs: 5xx after the logs' end with a status that another finding explains up to there are more of it, and no
// failure of their own; many more, another status, and what was over before, or is milder, are.
func TestMoreAfterLogs(t *testing.T) {
	late := func(status string, each float64) func(*Snapshot) {
		return func(s *Snapshot) {
			s.late("HTTPCode_ELB_5XX_Count", "", 55, each)
			s.late("HTTPCode_ELB_"+status+"_Count", "", 55, each)
		}
	}
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		more   bool
	}{
		"as many":                     {late("504", 10), true},
		"many more":                   {late("504", 50), false},
		"of another status":           {late("502", 10), false},
		"of a status without metrics": {func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 55, 10) }, false},
		"some of another status": {func(s *Snapshot) {
			late("504", 10)(s)
			s.late("HTTPCode_ELB_502_Count", "", 55, 5)
		}, false},
		"after they had rested": {func(s *Snapshot) {
			late("504", 10)(s)
			s.Logs.Failures[0].Last = s.minute(30)
		}, false},
		"beside more that nothing explains": {func(s *Snapshot) {
			late("504", 10)(s)
			s.failing("Unknown", first, 504, 1200)
		}, false},
		"with what came as they began": {func(s *Snapshot) {
			late("504", 100)(s)
			s.Logs.Failures[0].First = s.minute(49)
		}, true},
	} {
		s := base()
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle, f.Last = 600, s.minute(54) })
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("balancer-5xx-after-logs")
		told := f != nil && f.Level == Note && slices.Equal(f.BecauseOf, []string{"idle-timeout-reached"}) && strings.HasSuffix(f.Sentence, " after 11:55 UTC, where the logs end: most likely more of idle-timeout-reached.")
		if f == nil || told != tt.more || (f.Level == Fail) == tt.more {
			t.Errorf("%s: want it to be more of the same: %v:\n%s", name, tt.more, said(r))
		}
	}
	s := base() // whose metrics do not tell statuses apart
	s.classic()
	s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = "" })
	s.late("HTTPCode_ELB_5XX", "", 55, 10)
	if f := Diagnose(copied(t, s)).finding("balancer-5xx-after-logs"); f == nil || f.Level != Note || !strings.HasPrefix(f.Sentence, "50 × 5xx after ") {
		t.Errorf("classic: %+v", f)
	}
}
