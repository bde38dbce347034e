package diagnose

import (
	"slices"
	"testing"
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
				s.Logs.Traffic = append(s.Logs.Traffic, Traffic{webARN, e.name(), 3000, -1, noon})
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
}
