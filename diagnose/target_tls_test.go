package diagnose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// TestFewTLSErrors: a handshake that fails now and then, as one does whose target is being
// stopped, is no target that speaks no TLS.
func TestFewTLSErrors(t *testing.T) {
	network := func(s *Snapshot) {
		s.network()
		s.web().Protocol, s.Metrics = "TLS", nil
		s.metric("NewFlowCount", "", "Sum", 6000)
	}
	for name, tt := range map[string]struct {
		group  string // that the metric is of
		errors float64
		change func(*Snapshot)
		want   Level
	}{
		"one":                           {webARN, 1, func(s *Snapshot) { s.web().Protocol = "HTTPS" }, Warn},
		"many":                          {webARN, 600, func(s *Snapshot) { s.web().Protocol = "HTTPS" }, Fail},
		"one of a network balancer":     {"", 1, network, Warn},
		"many of a network balancer":    {"", 600, network, Fail},
		"many of those of just now":     {"", 20, network, Fail},
		"one, of nobody knows how many": {webARN, 1, func(s *Snapshot) { s.web().Protocol, s.Metrics = "HTTPS", nil }, Fail},
	} {
		s := base()
		tt.change(s)
		s.late("TargetTLSNegotiationErrorCount", tt.group, 59, tt.errors)
		r := Diagnose(copied(t, s))
		if len(r.Findings) != 1 || r.Findings[0].ID != "target-tls-negotiation-fails" || r.Findings[0].Level != tt.want {
			t.Errorf("%s: want one finding, %s:\n%s", name, tt.want, said(r))
		}
	}
}

// TestTLSOfOneTarget: one of many targets with which no handshake succeeds is named, and is no small part of what
// fails now and then.
func TestTLSOfOneTarget(t *testing.T) {
	for _, tt := range []struct {
		name  string
		part  int64 // of its requests that fail, in percent
		other string
		want  Level
		says  string
	}{
		{"all", 100, "healthy", Fail, "TLS between the balancer and 10.0.10.1:8080 fails."},
		{"all, and another that got none is unhealthy", 100, "unhealthy", Fail, "TLS between the balancer and the targets of web fails."},
		{"few", 3, "healthy", Warn, "now and then"},
	} {
		s := base()
		s.web().Protocol, s.web().Targets, s.Logs.Traffic = "HTTPS", nil, nil
		s.Metrics = nil
		s.metric("RequestCount", webARN, "Sum", 60_000)
		for i := range 250 {
			s.web().Targets = append(s.web().Targets, Target{ID: fmt.Sprintf("10.0.10.%d", i+1), Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: fmt.Sprintf("10.0.10.%d:8080", i+1), Requests: 240, Slowest: 0.4, Last: noon.Add(-time.Minute)})
		}
		if s.web().Targets[1].State = tt.other; tt.other == "unhealthy" {
			s.web().Targets[1].Reason = "Target.FailedHealthChecks"
		}
		n := 240 * tt.part / 100
		s.failing("Target_Connection_Error", "10.0.10.1:8080", 502, n, func(f *Failure) { f.Last = noon.Add(-2 * time.Minute) })
		at := s.minute(30)
		for i := range s.Logs.Minutes {
			if m := &s.Logs.Minutes[i]; m.Minute.Equal(at) {
				m.Reasons, m.Unconnected = map[string]int64{"Target_Connection_Error": n}, map[string]int64{"10.0.10.1:8080": n}
			} else {
				m.Reasons = nil
			}
		}
		s.Metrics = append(s.Metrics, Series{Name: "TargetTLSNegotiationErrorCount", Group: webARN, Stat: "Sum", Period: 60, Points: []Point{{at, float64(n)}}})
		r := Diagnose(copied(t, s))
		f := r.finding("target-tls-negotiation-fails")
		if f == nil || f.Level != tt.want || !strings.Contains(f.Sentence, tt.says) || f.Explains != n || tt.want == Fail && !slices.Contains(f.Verify, "openssl s_client -connect 10.0.10.1:8080 -tls1_2 </dev/null") {
			t.Errorf("%s: want a %s, %q:\n%s", tt.name, tt.want, tt.says, said(r))
		}
	}
}

// TestTLSOfProbedAndLogged: beside a target that a probe sees to fail, those are named of which logs and metrics say so.
func TestTLSOfProbedAndLogged(t *testing.T) {
	for _, metric := range []string{"TargetTLSNegotiationErrorCount", "TargetConnectionErrorCount"} {
		s := base()
		s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
		s.failing("Target_Connection_Error", second, 502, 3000)
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Unconnected = map[string]int64{second: 50}
		}
		s.metric(metric, webARN, "Sum", 3000)
		s.Probes = []Probe{{webARN, first, false, first, ProbeNoCertificate, 0, 1}}
		want := []string{first}
		if metric == "TargetTLSNegotiationErrorCount" {
			want = append(want, second)
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-tls-negotiation-fails"); f == nil || !slices.Equal(f.Targets, want) || !strings.Contains(f.Do, "no certificate") || !strings.Contains(f.Evidence[0].Text, "asks for a certificate of its client") {
			t.Errorf("%s: want it of %v:\n%s", metric, want, said(r))
		}
	}
}

// TestTLSBesideRefusal: a target that is unhealthy since it refuses connections is none with which TLS fails.
func TestTLSBesideRefusal(t *testing.T) {
	s := base()
	s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	s.failing("Target_Connection_Error", first, 502, 3000)
	s.failing("Target_Connection_Error", second, 502, 600)
	for i := range s.Logs.Minutes {
		s.Logs.Minutes[i].Unconnected = map[string]int64{first: 50, second: 10}
	}
	s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 3000)
	s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
	r := Diagnose(copied(t, s))
	for id, want := range map[string]string{"target-tls-negotiation-fails": first, "target-port-refused": second} {
		if f := r.finding(id); f == nil || !slices.Equal(f.Targets, []string{want}) {
			t.Errorf("want %s of %s:\n%s", id, want, said(r))
		}
	}
}

// TestExpectsTLS: requests in plain HTTP that are all broken off on a port where TLS is usual,
// or where health checks pass in HTTPS, are told as such before a target that breaks off.
func TestExpectsTLS(t *testing.T) {
	const tls, closes = "target-expects-tls", "target-closes-connection"
	all := func(s *Snapshot) {
		for i := range s.web().Targets {
			s.failing("Target_Closed_Connection", s.Logs.Traffic[i].Target, 502, 3000)
		}
	}
	port := func(n int) func(*Snapshot) {
		return func(s *Snapshot) {
			s.port(n)
			for _, e := range newFacts(s).endpoints {
				s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: e.name(), Requests: 3000, Slowest: -1, Last: noon})
			}
		}
	}
	check := func(protocol string) func(*Snapshot) { return func(s *Snapshot) { s.web().Check.Protocol = protocol } }
	unhealthy := func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }
	classic := func(reason string, status int64) func(*Snapshot) {
		return func(s *Snapshot) {
			s.classic()
			s.web().Check.Protocol, s.web().Check.Path, s.web().Check.Matcher = "TCP", "", ""
			s.Logs.Traffic = []Traffic{{Requests: 6000, Slowest: -1, Last: noon}}
			s.failing(reason, "", status, 6000, func(f *Failure) { f.Group = "" })
		}
	}
	// bad lets targets answer 400 to some requests of each thousand.
	bad := func(each ...int64) func(*Snapshot) {
		return func(s *Snapshot) {
			for i, n := range each {
				s.Logs.Traffic[i].BadRequests = s.Logs.Traffic[i].Requests * n / 1000
			}
		}
	}
	elsewhere := func(s *Snapshot) {
		s.checkPort("9090")
		in := &s.group("sg-app").Ingress
		*in = append(*in, Permission{Protocol: "tcp", From: 9090, To: 9090, Groups: []string{"sg-lb"}})
	}
	takes := func(s *Snapshot) { s.web().Check.Matcher = "200-499" }
	for _, tt := range []struct {
		name       string
		changes    []func(*Snapshot)
		want       string // the first finding
		level      Level
		confidence Confidence
		explains   int64
		without    string // none of these
	}{
		{"a TLS port", []func(*Snapshot){port(8443), unhealthy, all}, tls, Fail, Medium, 6000, closes},
		{"a TLS port, checked elsewhere", []func(*Snapshot){port(443), func(s *Snapshot) { s.checkPort("9090") }, all}, tls, Fail, Medium, 6000, closes},
		{"a TLS port, where checks pass in HTTP", []func(*Snapshot){port(8443), all}, closes, Fail, Medium, 6000, tls},
		{"a TLS port, where a request was answered", []func(*Snapshot){port(8443), func(s *Snapshot) { s.checkPort("9090") }, all, func(s *Snapshot) { s.Logs.Traffic[1].Requests++ }}, closes, Fail, Medium, 6000, tls},
		{"a port where TLS is not usual", []func(*Snapshot){func(s *Snapshot) { s.checkPort("9090") }, all}, closes, Fail, Medium, 6000, tls},
		{"checks that pass in HTTPS", []func(*Snapshot){check("HTTPS"), all}, tls, Fail, High, 6000, closes},
		{"checks that pass in HTTPS on another port", []func(*Snapshot){check("HTTPS"), func(s *Snapshot) { s.checkPort("9443") }, all}, closes, Fail, Medium, 6000, tls},
		{"checks that pass in HTTPS, and answers", []func(*Snapshot){check("HTTPS")}, tls, Warn, Medium, 0, closes},
		{"checks that pass in HTTPS, and answers in HTTP", []func(*Snapshot){check("HTTPS"), func(s *Snapshot) {
			s.failing("Target_5XX", first, 500, 600, func(f *Failure) { f.TargetStatus = 500 })
		}}, "target-answers-5xx", Warn, High, 600, tls},
		{"400 on a TLS port, checked elsewhere", []func(*Snapshot){port(443), elsewhere, bad(1000, 998)}, tls, Fail, Medium, 0, closes},
		{"400 on a TLS port, checked in TCP", []func(*Snapshot){port(8443), check("TCP"), bad(1000, 1000)}, tls, Fail, Medium, 0, closes},
		{"400 on a TLS port, which the matcher takes", []func(*Snapshot){port(443), takes, bad(1000, 1000)}, tls, Fail, Medium, 0, closes},
		{"400 beside a group in HTTPS with the same targets", []func(*Snapshot){port(443), check("TCP"), bad(1000, 1000), func(s *Snapshot) {
			s.second(s.web().Targets)
			s.Groups[1].Protocol = "HTTPS"
			for _, t := range s.Logs.Traffic {
				t.Group, t.BadRequests = newARN, 0
				s.Logs.Traffic = append(s.Logs.Traffic, t)
			}
		}}, tls, Fail, Medium, 0, closes},
		{"400 of one of two", []func(*Snapshot){port(443), check("TCP"), bad(1000)}, tls, Fail, Medium, 0, closes},
		{"400 on a port where TLS is not usual", []func(*Snapshot){elsewhere, bad(1000, 1000)}, tls, Warn, Low, 0, closes},
		{"400 where checks pass in HTTPS", []func(*Snapshot){check("HTTPS"), bad(1000, 1000)}, tls, Fail, High, 0, closes},
		{"a classic balancer, and 400", []func(*Snapshot){func(s *Snapshot) {
			s.classic()
			s.web().Check.Protocol, s.web().Check.Path, s.web().Check.Matcher = "TCP", "", ""
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Group = ""
			}
		}, bad(1000, 1000)}, tls, Warn, Low, 0, closes},
		{"a classic balancer", []func(*Snapshot){port(443), classic("Target_Closed_Connection", 502)}, tls, Fail, Medium, 6000, closes},
		{"a classic balancer, whose checks pass in SSL", []func(*Snapshot){classic("Target_Closed_Connection", 502), check("SSL")}, tls, Fail, High, 6000, closes},
		{"a classic balancer, whose checks pass in HTTP", []func(*Snapshot){port(443), classic("Target_Closed_Connection", 502), check("HTTP")}, closes, Fail, Medium, 6000, tls},
		{"a classic balancer, on another port", []func(*Snapshot){classic("Target_Closed_Connection", 502)}, closes, Fail, Medium, 6000, tls},
	} {
		s := base()
		for _, change := range tt.changes {
			change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		other := slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == tt.without })
		if f.ID != tt.want || f.Level != tt.level || f.Confidence != tt.confidence || f.Explains != tt.explains || other {
			t.Errorf("%s: want %s, %s, of %s confidence, which explains %d, and no %s:\n%s", tt.name, tt.want, tt.level, tt.confidence, tt.explains, tt.without, said(r))
		}
	}
	for name, changes := range map[string][]func(*Snapshot){
		"some are answered otherwise":     {port(443), elsewhere, bad(980, 980)},
		"few requests":                    {port(443), elsewhere, func(s *Snapshot) { s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 9, 9 }, bad(1000, 1000)},
		"checks that pass with 200":       {port(443), bad(1000, 1000)},
		"checks that are seen to get 200": {port(443), takes, bad(1000, 1000), func(s *Snapshot) { s.seen(200) }},
		"a group in HTTPS":                {port(443), elsewhere, func(s *Snapshot) { s.web().Protocol = "HTTPS" }, bad(1000, 1000)},
		"a probe that got another answer": {port(443), takes, bad(1000), func(s *Snapshot) {
			s.Probes = []Probe{{webARN, "10.0.10.11:443", true, "10.0.10.11:443", ProbeAnswered, 204, 1}}
		}},
		"probes that got 400, and tried TLS then": {port(443), takes, bad(1000, 1000), func(s *Snapshot) {
			for _, e := range newFacts(s).endpoints {
				s.Probes = append(s.Probes, Probe{webARN, e.name(), true, e.name(), ProbeAnswered, 400, 1})
			}
		}},
		"400s that nobody has looked for": {port(443), elsewhere},
		"checks seen to get another code": {port(443), takes, bad(1000, 1000), func(s *Snapshot) { s.seen(404) }},
	} {
		s := base()
		for _, change := range changes {
			change(s)
		}
		if r := Diagnose(copied(t, s)); r.Wrong() {
			t.Errorf("%s: want nothing wrong:\n%s", name, said(r))
		}
	}
	s := base()
	for _, change := range []func(*Snapshot){port(443), takes, bad(1000, 1000), func(s *Snapshot) { s.seen(400) }} {
		change(s)
	}
	r := Diagnose(copied(t, s))
	want := Evidence{FromLog, "10.0.11.12:443 answered 3000 of 3000 requests with 400"}
	if f := r.finding(tls); f == nil || !slices.Contains(f.Evidence, want) || !strings.Contains(f.Rivals[0].Why, "a Host") || len(f.Verify) == 0 {
		t.Errorf("want %q, and what is not excluded:\n%s", want.Text, said(r))
	}
}

// seen adds health checks of each target to the logs that passed with a status.
func (s *Snapshot) seen(code int64) {
	f := newFacts(s)
	for _, e := range f.endpoints {
		s.Logs.Health = append(s.Logs.Health, LogCheck{Group: "web", Target: f.checkName(e), Pass: true, Code: code, Checks: 120})
	}
}

// TestBadRequestsOfLines: the answers with 400 are those that lines have of a target, and
// not other 4xx, nor those of the balancer itself. What cannot be read twice is not known.
func TestBadRequestsOfLines(t *testing.T) {
	answered := func(status string) func(i int) string {
		return func(i int) string {
			return strings.Replace(accessLine(noon.Add(-time.Duration(i)*time.Second), first, false), " 200 200 ", " "+status+" ", 1)
		}
	}
	for _, tt := range []struct {
		name   string
		line   func(i int) string
		change func(*Snapshot)
		from   string // "" for a file
		want   int64
		warns  bool
	}{
		{"400", answered("400 400"), nil, "", 300, false},
		{"404", answered("404 404"), nil, "", 0, false},
		{"400 of the balancer", answered("400 -"), nil, "", 0, false},
		{"400 to three of four", func(i int) string { return answered([]string{"400 400", "400 400", "400 400", "200 200"}[i%4])(i) }, nil, "", 0, false},
		{"400 of a group in HTTPS", answered("400 400"), func(s *Snapshot) { s.web().Protocol = "HTTPS" }, "", 300, false},
		{"400 out of a pipe", answered("400 400"), nil, "pipe", 0, true},
		{"400 out of a store that has the failures only", answered("400 400"), nil, "store", 0, true},
		{"400 out of a store", answered("400 400"), nil, "store of requests", 300, false},
	} {
		s := base()
		if tt.change != nil {
			tt.change(s)
		}
		var lines []string
		for i := range 300 {
			lines = append(lines, tt.line(i), accessLine(noon.Add(-time.Duration(i)*time.Second), second, false))
		}
		switch tt.from {
		case "":
			s.Logs = logged(t, s, lines)
		case "pipe":
			s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
		default:
			dir := t.TempDir()
			file := filepath.Join(dir, "111122223333_elasticloadbalancing_eu-central-1_app.shop.50dc6c495c0c9188_20261122T1200Z_10.0.0.5_1.log")
			if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			in := query.Input{
				Disk: query.Disk{Path: filepath.Join(dir, "store.duckdb")}, Workers: 1,
				Plan: ingest.Plan{Window: when.Window{From: noon.Add(-time.Hour), Until: noon.Add(time.Minute)}, Now: noon.Add(time.Hour)},
			}
			filling := in
			filling.Sources = sources(t, nil, file)
			if _, err := query.Ingest(t.Context(), "", filling, tt.from != "store"); err != nil {
				t.Fatal(err)
			}
			s.Logs = readLogs(t, s, in)
		}
		at := slices.IndexFunc(s.Logs.Traffic, func(t Traffic) bool { return t.Target == first })
		if got, of := s.Logs.Traffic[at].BadRequests, s.Logs.Traffic[at].Requests; got != tt.want || of != 300 || strings.Contains(strings.Join(s.Logs.Warnings, "; "), "requests to "+first+" ended with 4xx") != tt.warns {
			t.Errorf("%s: %d of %d, warnings %q; want %d of 300, warned: %v", tt.name, got, of, s.Logs.Warnings, tt.want, tt.warns)
		}
	}
}

// TestNameInHandshake: handshakes of a balancer with its targets name no host, so that gateways
// fail that choose by it: they are named beside TLS that fails, and health checks in HTTPS.
func TestNameInHandshake(t *testing.T) {
	for _, tt := range []struct {
		name, id string
		change   func(*Snapshot)
		want     bool
	}{
		{"requests", "target-tls-negotiation-fails", func(s *Snapshot) {
			s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
			s.failing("Target_Connection_Error", first, 502, 600)
			s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 600)
		}, true},
		{"health checks", "target-health-failed-checks", func(s *Snapshot) {
			s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		}, true},
		{"in plain HTTP", "target-health-failed-checks", func(s *Snapshot) {
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		}, false},
		{"now and then", "target-tls-negotiation-fails", func(s *Snapshot) {
			s.web().Protocol, s.web().Check.Protocol = "HTTPS", "HTTPS"
			s.metric("TargetTLSNegotiationErrorCount", webARN, "Sum", 6)
		}, false},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if got := f != nil && slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "SNI") }); f == nil || got != tt.want {
			t.Errorf("%s: SNI is named %v, want %v:\n%s", tt.name, got, tt.want, said(r))
		}
	}
}

// TestClientTLSOfScanners: few clients whose TLS fails are those that find every balancer in the internet,
// also where little else comes; not where fewer requests were served, or of an internal one.
func TestClientTLSOfScanners(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      float64
		change func(*Snapshot)
		want   Level
	}{
		{"at night", 24, func(*Snapshot) {}, Note},
		{"many", 120, func(*Snapshot) {}, Warn},
		{"internal", 24, func(s *Snapshot) { s.Balancer.Scheme = "internal" }, Warn},
		{"all there are", 24, func(s *Snapshot) { s.Metrics, s.Logs = nil, nil }, Warn},
		{"most there are", 48, func(s *Snapshot) {
			s.Metrics, s.Logs = nil, nil
			s.metric("RequestCount", "", "Sum", 12)
		}, Warn},
	} {
		s := base()
		tt.change(s)
		s.metric("ClientTLSNegotiationErrorCount", "", "Sum", tt.n)
		s.metric("NewConnectionCount", "", "Sum", 240)
		if f := Diagnose(copied(t, s)).finding("client-tls-negotiation-fails"); f == nil || f.Level != tt.want {
			t.Errorf("%s: want a %s: %+v", tt.name, tt.want, f)
		}
	}
}

// TestClientTLSJustNow: where hardly any client agrees with the listener any more since a few minutes, that is no
// small part of a long window; where the others come as before, it may be scanners.
func TestClientTLSJustNow(t *testing.T) {
	for _, tt := range []struct {
		name                        string
		usual, before, came, failed float64 // connections of each minute of the last hour, those that failed, and both of each of the last minutes
		want                        Level
	}{
		{"all", 100, 0, 100, 96, Warn},
		{"all, at night", 10, 0, 10, 10, Warn},
		{"beside as many others as before", 100, 0, 200, 100, Note},
		{"few", 100, 0, 100, 1, Note},
		{"few, beside fewer others than before", 100, 0, 40, 4, Note},
		{"many, at night, beside as many others as before", 10, 0, 30, 20, Note},
		{"as many as before, when the others are done", 100, 4, 4, 4, Note},
	} {
		s := base()
		s.Metrics = nil
		for name, values := range map[string][2]float64{"NewConnectionCount": {tt.usual, tt.came}, "RequestCount": {tt.usual, tt.came - tt.failed}, "ClientTLSNegotiationErrorCount": {tt.before, tt.failed}} {
			m := Series{Name: name, Stat: "Sum", Period: 60}
			for i := range 60 {
				m.Points = append(m.Points, Point{s.minute(i), values[i/56]})
			}
			s.Metrics = append(s.Metrics, m)
		}
		// The same within a day.
		s.From = noon.Add(-24 * time.Hour)
		for i := range 23 * 60 {
			for j := range s.Metrics {
				if m := &s.Metrics[j]; m.Name != "ClientTLSNegotiationErrorCount" {
					m.Points = append(m.Points, Point{s.minute(i), 100})
				}
			}
		}
		if f := Diagnose(copied(t, s)).finding("client-tls-negotiation-fails"); f == nil || f.Level != tt.want {
			t.Errorf("%s: want a %s: %+v", tt.name, tt.want, f)
		}
	}
}

// TestExpectsTLSWithoutLogs: what targets expect is told without logs, too.
func TestExpectsTLSWithoutLogs(t *testing.T) {
	s := base()
	s.port(443)
	s.Logs = nil
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	if r := Diagnose(copied(t, s)); r.finding("target-expects-tls") == nil {
		t.Error(said(r))
	}
}

// TestTLSFailsWithOne: where TLS fails with one target and with none of the others, these are what to compare it with; and
// checks that go past TLS are why it is sent requests all the same.
func TestTLSFailsWithOne(t *testing.T) {
	for _, tt := range []struct {
		name      string
		change    func(*Snapshot)
		one, past bool
	}{
		{"checks in HTTP on another port", func(s *Snapshot) { s.checkPort("8081") }, true, true},
		{"checks in TLS", func(s *Snapshot) { s.web().Check.Protocol = "HTTPS" }, true, false},
		{"both fail", func(s *Snapshot) {
			s.checkPort("8081")
			s.failing("Target_Connection_Error", first, 502, 3000)
			s.Metrics[len(s.Metrics)-1].Points = nil
			s.late("TargetTLSNegotiationErrorCount", webARN, 0, 100)
			s.Metrics = slices.Delete(s.Metrics, len(s.Metrics)-2, len(s.Metrics)-1)
		}, false, true},
	} {
		s := base()
		s.web().Protocol = "HTTPS"
		s.failing("Target_Connection_Error", second, 502, 3000)
		s.late("TargetTLSNegotiationErrorCount", webARN, 0, 50)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-tls-negotiation-fails")
		if f == nil {
			t.Errorf("%s: not told:\n%s", tt.name, said(r))
			continue
		}
		text := said(&Report{Findings: []*Finding{f}})
		one := strings.Contains(f.Do, "compare certificate, key, versions and ciphers of "+second+" with those of the others") && strings.Contains(text, "TLS fails with none of 1 other target of the group that answered")
		if past := strings.Contains(text, "health checks go in HTTP to port 8081, and do not see it"); one != tt.one || past != tt.past {
			t.Errorf("%s: it is one of some: %t, want %t; checks go past it: %t, want %t:\n%s", tt.name, one, tt.one, past, tt.past, text)
		}
	}
}
