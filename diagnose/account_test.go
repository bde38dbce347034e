package diagnose

import (
	"slices"
	"strings"
	"testing"

	"loglens/report"
)

// TestAccountsForNothing: what explains none, or few, of a symptom's failures, or cannot be why
// they come about, does not account for it: the symptom stays the answer.
func TestAccountsForNothing(t *testing.T) {
	timeouts := func(s *Snapshot) {
		s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
	}
	unlogged := func(s *Snapshot) {
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 1200)
	}
	for _, tt := range []struct {
		symptom, other string
		change         func(*Snapshot)
	}{
		{"target-connect-timeout", "target-tls-negotiation-fails", func(s *Snapshot) {
			s.web().Protocol = "HTTPS"
			timeouts(s)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
			s.late("TargetTLSNegotiationErrorCount", webARN, 59, 1)
		}},
		{"target-connect-timeout", "target-sg-blocks-health-check-port", func(s *Snapshot) {
			timeouts(s)
			s.checkPort("9090")
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}},
		{"target-connection-errors", "target-answers-5xx", func(s *Snapshot) {
			unlogged(s)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 1200)
			s.metric("HTTPCode_Target_5XX_Count", webARN, "Sum", 120)
		}},
		{"balancer-5xx-not-in-logs", "target-answers-5xx", func(s *Snapshot) {
			unlogged(s)
			s.metric("HTTPCode_Target_5XX_Count", webARN, "Sum", 120)
		}},
		{"balancer-5xx-not-in-logs", "target-connection-errors", func(s *Snapshot) {
			unlogged(s)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 60)
		}},
		{"balancer-5xx-not-in-logs", "target-zone-not-enabled", func(s *Snapshot) { // of a target beside one that is healthy
			unlogged(s)
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.NotInUse"
		}},
		{"balancer-5xx-not-in-logs", "target-ip-unusable", func(s *Snapshot) { // beside one that is healthy, as well
			unlogged(s)
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unused", "Target.IpUnusable"
		}},
		{"balancer-5xx-not-in-logs", "health-check-path-not-found", func(s *Snapshot) {
			unlogged(s)
			s.codes(404)
			s.web().Targets[1].State, s.web().Targets[1].Reason = "healthy", ""
		}},
		{"target-health-timeout", "health-check-path-not-found", func(s *Snapshot) { // of another group that has the target, too
			s.codes(404)
			s.second(s.web().Targets)
			s.all("unhealthy", "Target.Timeout", "Request timed out")
			s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		}},
		{"target-health-timeout", "health-check-timeout-not-below-interval", func(s *Snapshot) { // checks that overlap
			s.web().Check.Timeout = s.web().Check.Interval
			s.all("unhealthy", "Target.Timeout", "Request timed out")
		}},
		{"target-health-failed-checks", "target-tls-negotiation-fails", func(s *Snapshot) { // which failed at another target, that answers now
			s.restart("Target_Connection_Error", 502)
			s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
			s.Metrics[len(s.Metrics)-1].Name = "TargetTLSNegotiationErrorCount"
			s.Logs.Failures, s.Logs.Minutes[5].Unconnected = s.Logs.Failures[:1], map[string]int64{first: 60}
			s.web().Targets[1].State, s.web().Targets[1].Reason = "unhealthy", "Target.FailedHealthChecks"
		}},
		{"target-connection-errors", "health-check-port-refused", func(s *Snapshot) { // the traffic port of which answers
			s.checkPort("9090")
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			s.late("TargetConnectionErrorCount", webARN, 57, 40)
		}},
		{"target-connection-errors", "target-health-flapping", func(s *Snapshot) { // of checks that have passed since
			s.Logs.Health = []LogCheck{{Group: "web", Target: first, Pass: true, Code: 200, Flaps: 9, LastFlap: s.minute(12), Last: s.minute(54)}}
			s.late("TargetConnectionErrorCount", webARN, 57, 40)
		}},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		at := func(id string) int { return slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == id }) }
		if symptom := at(tt.symptom); symptom < 0 || at(tt.other) < 0 || len(r.Findings[symptom].BecauseOf) > 0 {
			t.Errorf("%s is not to stand behind %s:\n%s", tt.symptom, tt.other, said(r))
		}
	}
}

// TestBehindItsCauses: what others account for stands behind each of them, also where these
// have others behind them in turn.
func TestBehindItsCauses(t *testing.T) {
	seen := 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		for i, f := range r.Findings {
			for _, id := range f.BecauseOf {
				if seen++; !slices.ContainsFunc(r.Findings[:i], func(cause *Finding) bool { return cause.ID == id }) {
					t.Errorf("%s: %s has place %d, before %s", tt, f.ID, i, id)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d accounts", seen)
	}
}

// TestFailsOpenOfChecks: what requests to targets end with, or targets answer them, is not why all
// of these are unhealthy, as long as it is not what their health checks fail for as well.
func TestFailsOpenOfChecks(t *testing.T) {
	for id, change := range map[string]func(*Snapshot){
		"target-closes-connection": func(s *Snapshot) { s.failing("Target_Closed_Connection", first, 502, 600) },
		"target-answers-5xx": func(s *Snapshot) {
			s.failing("Target_5XX", first, 500, 600, func(f *Failure) { f.TargetStatus = 500 })
		},
		"target-far-slower": func(s *Snapshot) {
			s.Logs.Traffic[0].Median, s.Logs.Traffic[0].Low, s.Logs.Traffic[1].Median = 8, 7, 0.1
		},
		"target-redirect-loop": func(s *Snapshot) { s.Logs.Redirects = []Redirects{{webARN, 6000, 5800}} },
		"target-optimizer-rejects": func(s *Snapshot) {
			s.optimized(2)
			s.metric(rejectedCount, "", "Sum", 600)
			s.failing("No_Usable_Target", "", 503, 600)
		},
	} {
		s := base()
		s.codes(404)
		change(s)
		r := Diagnose(copied(t, s))
		if f := r.finding("target-group-fail-open"); f == nil || r.finding(id) == nil || !slices.Equal(f.BecauseOf, []string{"health-check-path-not-found"}) {
			t.Errorf("%s is no reason for target-group-fail-open:\n%s", id, said(r))
		}
	}
}

// TestAccountsAllTheSame: of what mostly is no reason, that which is one here has its symptom behind it.
func TestAccountsAllTheSame(t *testing.T) {
	unlogged := func(s *Snapshot) {
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 1200)
	}
	for _, tt := range []struct {
		symptom, cause string
		change         func(*Snapshot)
	}{
		{"balancer-5xx-not-in-logs", "target-zone-not-enabled", func(s *Snapshot) { // no target of the group is healthy
			unlogged(s)
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.web().Targets = s.web().Targets[1:]
			s.all("unused", "Target.NotInUse", "")
		}},
		{"balancer-5xx-not-in-logs", "target-ip-unusable", func(s *Snapshot) {
			unlogged(s)
			s.all("unused", "Target.IpUnusable", "")
		}},
		{"target-connection-errors", "classic-instance-out-of-service", func(s *Snapshot) { // whose health checks count
			s.classic()
			s.Logs = nil
			s.checkPort("9090")
			s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
			s.metric("BackendConnectionErrors", "", "Sum", 1200)
		}},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		if f := r.finding(tt.symptom); f == nil || !slices.Contains(f.BecauseOf, tt.cause) {
			t.Errorf("%s is to stand behind %s:\n%s", tt.symptom, tt.cause, said(r))
		}
	}
}

// TestAccountsInNoCircle: no symptom accounts for itself, be it by way of others: each would stand behind the other.
func TestAccountsInNoCircle(t *testing.T) {
	var follow func(id string, way []string)
	follow = func(id string, way []string) {
		if slices.Contains(way, id) {
			t.Fatalf("%s accounts for itself, by way of %v", id, way)
		}
		for symptom := range accounts {
			if slices.ContainsFunc(accounts[id], func(begin string) bool { return strings.HasPrefix(symptom, begin) }) {
				follow(symptom, append(way, id))
			}
		}
	}
	for id := range accounts {
		follow(id, nil)
	}
}

// TestGaveUpMeanwhile: clients with less patience than the balancer are behind what keeps the others waiting, where that
// is at the same targets, seen by the same nodes, at the same time, and for no few.
func TestGaveUpMeanwhile(t *testing.T) {
	for _, tt := range []struct {
		name          string
		reason        string // of those that waited, and of which there are so many
		waited        int64
		node          string // by which clients gave up, within these minutes
		from, until   int
		behind, other string
	}{
		{"not connected", "Target_Connect_Timeout", 600, "10.0.0.5", 20, 40, "target-connect-timeout", ""},
		{"not answered", "Target_Response_Timeout", 600, "10.0.0.5", 20, 40, "idle-timeout-reached", ""},
		{"four times as many", "Target_Response_Timeout", 150, "10.0.0.5", 20, 40, "idle-timeout-reached", ""},
		{"many more", "Target_Response_Timeout", 60, "10.0.0.5", 20, 40, "", "idle-timeout-reached"},
		{"by another node", "Target_Connect_Timeout", 600, "10.0.1.5", 20, 40, "", "target-connect-timeout"},
		{"at another time", "Target_Response_Timeout", 600, "10.0.0.5", 40, 60, "", "idle-timeout-reached"},
		{"broken off", "Target_Closed_Connection", 600, "10.0.0.5", 20, 40, "", "target-closes-connection"},
	} {
		s := base()
		add := func(reason, node string, status, n int64, from, until int) {
			f := Failure{Group: webARN, Target: first, Node: node, Status: status, TargetStatus: -1, Reason: reason, Class: "target", Source: "derived", Count: n, First: s.minute(from), Last: s.minute(until - 1), Connect: n, Idle: n}
			if reason == "Client_Closed" {
				f.Class, f.Slow, f.Low, f.High = "client", n, 6, 6.1
			}
			s.Logs.Failures = append(s.Logs.Failures, f)
			for i := from; i < until; i++ {
				m := &s.Logs.Minutes[i]
				if m.Reasons == nil {
					m.Reasons = map[string]int64{}
				}
				m.Reasons[reason] += n / int64(until-from)
			}
		}
		add(tt.reason, "10.0.0.5", 504, tt.waited, 20, 40)
		add("Client_Closed", tt.node, 460, 600, tt.from, tt.until)
		r := Diagnose(copied(t, s))
		f := r.finding("clients-gave-up")
		if f == nil || strings.Join(f.BecauseOf, " ") != tt.behind || r.finding(tt.behind+tt.other) == nil {
			t.Errorf("%s: want clients that gave up behind %q:\n%s", tt.name, tt.behind, said(r))
		}
	}
}

// TestFactOfASymptom: of what others account for, one fact is shown, where there is no number of failures that says as much,
// and not of notes.
func TestFactOfASymptom(t *testing.T) {
	s := base()
	s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
	s.failing("Client_Closed", first, 460, 600, func(f *Failure) { f.Class, f.Slow, f.Low, f.High = "client", 600, 6, 6.1 })
	r := Diagnose(copied(t, s))
	for name, encode := range map[string]func(*strings.Builder) error{
		"table":    func(b *strings.Builder) error { return encodeTable(b, r, report.Style{}) },
		"markdown": func(b *strings.Builder) error { return encodeMarkdown(b, r, report.Style{}) },
	} {
		var b strings.Builder
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		_, after, behind := strings.Cut(b.String(), "because of target-connect-timeout\n")
		if fact, rest, _ := strings.Cut(after, "\n"); !behind || !strings.Contains(strings.ReplaceAll(fact, "`", ""), "log: 600 requests got 460, between 11:00 and 12:00 UTC") || strings.Contains(rest, "log") {
			t.Errorf("%s: want one fact of clients that gave up:\n%s", name, b.String())
		}
	}
	for _, f := range []*Finding{
		{Level: Fail, Explains: 600, Evidence: []Evidence{{FromLog, "600"}}},
		{Level: Note, Evidence: []Evidence{{FromLog, "600"}}},
		{Level: Fail, Evidence: []Evidence{{FromConfig, "600"}, {FromHealth, "2 unhealthy"}}},
		{Level: Fail},
	} {
		if list := f.ownFact(); len(list) > 0 {
			t.Errorf("%+v: %v", f, list)
		}
	}
}
