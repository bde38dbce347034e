package diagnose

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/report"
)

// TestNotCounted: requests that are no failures by their class are told all the same.
func TestNotCounted(t *testing.T) {
	s := base()
	of := func(class string) func(*Failure) { return func(f *Failure) { f.Class = class } }
	s.failing("Client_Closed", first, 460, 900, of("client"))
	s.failing("Client_Closed", second, 460, 1500, of("client"))
	s.failing("AuthTokenEpRequestTimeout", "", 500, 300, of("policy"))
	for _, reason := range []string{"A", "B", "C", "D\x1b[31m"} {
		s.failing(reason, "", 400, 3, of("client"))
	}
	r := Diagnose(copied(t, s))
	if r.Observed.Failures != 0 || len(r.Observed.NotCounted) != 6 || r.Observed.NotCounted[0] != (NotCounted{"Client_Closed", "client", 2400}) {
		t.Errorf("%+v", r.Observed)
	}
	for _, e := range Encoders {
		var b bytes.Buffer
		if err := e.Encode(&b, r, report.Style{}); err != nil {
			t.Fatal(err)
		}
		want := "Client_Closed 2400 · AuthTokenEpRequestTimeout 300 · A 3 · B 3 · and 2 other reasons 6"
		if e.Name == "json" {
			want = `"reason": "AuthTokenEpRequestTimeout",`
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s has no %q:\n%s", e.Name, want, b.String())
		}
	}
}

// TestGaveUp: where clients have less patience than the balancer, their 460s are all that is
// seen of targets that hang. A few are those that every service has.
func TestGaveUp(t *testing.T) {
	for _, tt := range []struct {
		requests int64 // of 6,000
		want     string
	}{{299, ""}, {300, "5 % of the requests to web ended with 460"}, {6000, "100 % of the requests to web ended with 460"}} {
		s := base()
		s.failing("Client_Closed", first, 460, tt.requests, func(f *Failure) { f.Class = "client" })
		r := Diagnose(copied(t, s))
		switch f := r.finding("clients-gave-up"); {
		case f == nil:
			if tt.want != "" || r.Wrong() {
				t.Errorf("%d: nothing of it:\n%s", tt.requests, said(r))
			}
		case tt.want == "" || !strings.Contains(f.Sentence, tt.want) || f.Explains != 0 || !r.Wrong():
			t.Errorf("%d: %s", tt.requests, said(r))
		}
	}
}

// TestGaveUpBeforeATarget: requests of a group that came to no target are among all of it.
func TestGaveUpBeforeATarget(t *testing.T) {
	s := base()
	s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Requests: 9000, Slowest: -1, Last: noon})
	s.failing("Client_Closed", "", 460, 9000, func(f *Failure) { f.Class = "client" })
	r := Diagnose(copied(t, s))
	if f := r.finding("clients-gave-up"); f == nil || !strings.Contains(f.Sentence, " 60 % of the requests to web ended with 460") {
		t.Errorf("want 9,000 of 15,000:\n%s", said(r))
	}
}

// TestNoneMatches: where the default rule turns all requests away, though others of the listener
// would forward, the rules are named: hosts may have changed.
func TestNoneMatches(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
		level  Level
	}{
		{"another host", func(*Snapshot) {}, true, Warn},
		{"scanners at night", func(s *Snapshot) { s.Logs.Failures[0].Count = 40 }, true, Note},
		{"as few within a network", func(s *Snapshot) { s.Logs.Failures[0].Count = 40; s.Balancer.Scheme = "internal" }, true, Warn},
		{"some are forwarded", func(s *Snapshot) {
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: first, Requests: 1, Slowest: 0.1, Last: noon})
		}, false, ""},
		{"few", func(s *Snapshot) { s.Logs.Failures[0].Count = 5 }, false, ""},
		{"no other rule forwards", func(s *Snapshot) { s.Listeners[0].Rules[0].Actions = []Action{{Type: "redirect", Status: "301"}} }, false, ""},
		{"of another listener", func(s *Snapshot) { s.Logs.Failures[0].Listener = "HTTPS" }, false, ""},
	} {
		s := base()
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"old.example.com"}}}
		s.Listeners[0].Rules = []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		s.Logs.Traffic = []Traffic{{Requests: 6000, Slowest: -1, Last: noon}}
		s.failing("Fixed_Response", "", 404, 6000, ofPolicy, func(f *Failure) { f.Rule, f.Listener = "0", "HTTP" })
		tt.change(s)
		report := Diagnose(copied(t, s))
		f := report.finding("rule-fixed-response-error")
		if (f != nil) != tt.want {
			t.Errorf("%s: want it: %v\n%s", tt.name, tt.want, said(report))
		}
		if f != nil && (f.Level != tt.level || report.Wrong() != (tt.level == Warn) || report.Findings[0] != f || (f.Confidence == Medium) != (tt.level == Warn) || !strings.HasSuffix(strings.Join(f.Verify, ""), " --class all --reason Fixed_Response") || !slices.Contains(f.Evidence, Evidence{FromConfig, "rule 1: host-header old.example.com: forward web (1)"})) {
			t.Errorf("%s:\n%s", tt.name, said(report))
		}
	}
}

// TestTakenOut: what failed in a group that is behind the balancer no more, as after blue and green, cannot go on;
// where it may be there still, it is told as what nothing explains.
func TestTakenOut(t *testing.T) {
	const blue = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/blue/2d18ee8d310e74a3"
	for _, tt := range []struct {
		name, reason string
		n            int64
		change       func(*Snapshot)
		id           string
		want         Level
	}{
		{"few 5xx of targets", "Target_5XX", 3, nil, "unexplained-failures", Note},
		{"many 5xx of targets", "Target_5XX", 300, nil, "unexplained-failures", Warn},
		{"few 5xx of targets, all of a minute", "Target_5XX", 20, func(s *Snapshot) {
			s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(7), Group: blue, Requests: 20, Reasons: map[string]int64{"Target_5XX": 20}})
		}, "unexplained-failures", Warn},
		{"few 5xx of targets, all of one of them", "Target_5XX", 20, func(s *Snapshot) {
			s.Logs.Traffic[2].Requests = 20
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: blue, Target: "10.0.10.78:8080", Requests: 3000, Slowest: 0.4, Last: s.minute(20)})
		}, "unexplained-failures", Warn},
		{"broken off", "Target_Closed_Connection", 3, nil, "unexplained-failures", Warn},
		{"a rule names it", "Target_Closed_Connection", 300, func(s *Snapshot) { s.Listeners[0].Rules[0] = forwardTo("default", webARN, blue) }, "unexplained-failures", Fail},
		{"rules were not read", "Target_Closed_Connection", 300, func(s *Snapshot) { s.Missing = []Missing{{What: "rules", Action: describeRules}} }, "unexplained-failures", Fail},
		{"groups were not read", "Target_Closed_Connection", 300, func(s *Snapshot) { s.Groups = nil }, "unexplained-failures", Fail},
		{"no target", "No_Usable_Target", 30, nil, "no-usable-target", Fail},
	} {
		s := base()
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: blue, Target: "10.0.10.77:8080", Requests: 3000, Slowest: 0.4, Last: s.minute(20)})
		f := Failure{Group: blue, Target: "10.0.10.77:8080", Status: 502, TargetStatus: -1, Reason: tt.reason, Class: "target", Count: tt.n, First: s.minute(5), Last: s.minute(19)}
		switch tt.reason {
		case "Target_5XX":
			f.Status, f.TargetStatus = 500, 500
		case "No_Usable_Target": // which has a finding of its own
			f.Status, f.Target = 503, ""
		}
		if s.Logs.Failures = append(s.Logs.Failures, f); tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		found := r.finding(tt.id)
		if found == nil || found.Level != tt.want || strings.Contains(found.Sentence, "to blue failed for "+tt.reason+"; no rule leads there any more") != (tt.want != Fail) || found.Explains != tt.n || r.Wrong() != (tt.want != Note) {
			t.Errorf("%s: want a %s:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestGaveUpAtNight: that all few clients at night gave up is told, however small a part of those of a day they are; not
// of a few that close whatever they ask for, or do so at any time.
func TestGaveUpAtNight(t *testing.T) {
	for _, tt := range []struct {
		name             string
		since            int   // hours in which six requests come
		failed, of, slow int64 // of six: those that end with 460; all; those that took long
		ever             int64 // that end with 460 in each hour before, when others come
		want             string
	}{
		{"for two hours", 2, 6, 6, 6, 0, "since 2026-11-22 10:00 UTC ended with 460"},
		{"for six hours", 6, 6, 6, 6, 0, "since 2026-11-22 06:00 UTC ended with 460"},
		{"a few more than during the day", 2, 6, 6, 6, 3, "since 2026-11-22 10:00 UTC ended with 460"},
		{"for most of the window", 18, 6, 6, 6, 0, "since 2026-11-21 18:00 UTC ended with 460"},
		{"an hour", 1, 6, 6, 6, 0, ""},
		{"half of them", 6, 3, 6, 3, 0, ""},
		{"at once, as a scanner", 6, 6, 6, 0, 0, ""},
		{"a monitor, at any time, for most of the window", 18, 6, 6, 6, 6, ""},
		{"a monitor, at any time", 6, 6, 6, 6, 6, ""},
	} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 36_000, 36_000
		s.Logs.Minutes, s.Logs.Newest, s.Logs.Last = nil, noon, noon.Add(-time.Minute)
		for i := range 24 * 6 {
			m := Minute{Minute: s.From.Add(time.Duration(i) * 10 * time.Minute), Group: webARN, Requests: 600, Reasons: map[string]int64{}}
			if i >= (24-tt.since)*6 {
				m.Requests, m.Reasons["Client_Closed"] = tt.of/6, tt.failed*int64(i%6+1)/6-tt.failed*int64(i%6)/6
			} else if i%6 < int(tt.ever) {
				m.Reasons["Client_Closed"] = 1
			}
			s.Logs.Minutes = append(s.Logs.Minutes, m)
		}
		for _, target := range []string{first, second} {
			s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: target, Status: 460, TargetStatus: -1, Reason: "Client_Closed", Class: "client", Count: 6 * int64(tt.since), Slow: tt.slow * int64(tt.since), First: s.From, Last: s.Logs.Last})
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("clients-gave-up"); (f != nil) != (tt.want != "") || f != nil && (f.Level != Warn || !strings.Contains(f.Sentence, tt.want)) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestGaveUpInAMinute: that most clients of a minute gave up is told, however long ago that was; not of those that close
// at once.
func TestGaveUpInAMinute(t *testing.T) {
	for slow, want := range map[int64]string{20: "most requests to web in some minutes, 20 of 30 in these, ended with 460", 0: ""} {
		s := base()
		s.failing("Client_Closed", first, 460, 20, func(f *Failure) {
			f.Class, f.Slow, f.First, f.Last = "client", slow, s.minute(5), s.minute(6)
		})
		m := &s.Logs.Minutes[5]
		m.Requests, m.Reasons = 30, map[string]int64{"Client_Closed": 20}
		r := Diagnose(copied(t, s))
		if f := r.finding("clients-gave-up"); (f != nil) != (want != "") || f != nil && !strings.Contains(f.Sentence, want) {
			t.Errorf("%d of them slow: want %q:\n%s", slow, want, said(r))
		}
	}
}

// TestOneInTen: that one in ten of few requests fails since some minutes is told, however small a part of all these are.
func TestOneInTen(t *testing.T) {
	for reason, want := range map[string]string{"Client_Closed": "clients-gave-up", "Target_5XX": "target-answers-5xx"} {
		s := base()
		s.Logs.Newest, s.Logs.Last = noon, noon.Add(-time.Second)
		s.failing(reason, first, 500, 20, func(f *Failure) {
			if f.First = s.minute(40); reason == "Target_5XX" {
				f.TargetStatus = 500
			} else {
				f.Status, f.Class = 460, "client"
			}
		})
		for i := range s.Logs.Minutes {
			if i >= 40 {
				s.Logs.Minutes[i].Requests, s.Logs.Minutes[i].Reasons[reason] = 10, 1
			}
		}
		r := Diagnose(copied(t, s))
		if f := r.finding(want); f == nil || f.Level != Warn {
			t.Errorf("%s: want a warning:\n%s", reason, said(r))
		}
	}
}
