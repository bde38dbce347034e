package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestHostOfChecks: a server that does not know the address that a health check has as Host
// turns it away as one does whose path is not there, or that is spoken to in the wrong way.
// No command lets such an answer count as health.
func TestHostOfChecks(t *testing.T) {
	for _, tt := range []struct {
		code int
		id   string
		host bool   // the Host may be why
		fix  string // "" for no command
	}{
		{204, "health-check-matcher", false, `{"HttpCode":"200,204"}`},
		{301, "health-check-redirect", true, `{"HttpCode":"200,301"}`},
		{400, "health-check-matcher", true, ""},
		{405, "health-check-matcher", true, `{"HttpCode":"200,405"}`},
		{421, "health-check-matcher", true, ""},
		{429, "health-check-matcher", true, ""},
		{403, "health-check-unauthorized", true, "--health-check-path /PATH"},
		{404, "health-check-path-not-found", true, "--health-check-path /PATH"},
		{503, "health-check-server-error", false, ""},
	} {
		s := base()
		s.codes(tt.code)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		host := slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "as Host") })
		if fix := strings.Join(f.Fix, ""); f.ID != tt.id || host != tt.host || !strings.Contains(fix, tt.fix) || tt.fix == "" && fix != "" {
			t.Errorf("%d: want %s, the Host %v, fix %q:\n%s", tt.code, tt.id, tt.host, tt.fix, said(r))
		}
	}
}

// TestHiddenRefusal: no command lets health checks ask a port that refuses, or one where
// nobody knows whether it answers the check's path: what replaces unhealthy targets, as ECS
// does, would end all of them.
func TestHiddenRefusal(t *testing.T) {
	probed := func(outcomes ...string) func(*Snapshot) {
		return func(s *Snapshot) {
			s.network()
			for i, outcome := range outcomes {
				target := []string{first, second}[i]
				s.Probes = append(s.Probes, Probe{Group: webARN, Target: target, Address: target, Outcome: outcome})
			}
		}
	}
	refused := func(targets ...string) func(*Snapshot) {
		return func(s *Snapshot) {
			for _, target := range targets {
				s.failing("Target_Connection_Error", target, 502, 3000)
			}
			s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(3000*len(targets)))
		}
	}
	for name, tt := range map[string]struct {
		change      func(*Snapshot)
		fix         bool
		says, looks string
	}{
		"all targets":                      {refused(first, second), false, "ends and replaces them", "http://10.0.10.11:8080/health"},
		"one of two":                       {refused(first), false, "whether 10.0.11.12:8080 passes the check of /health on port 8080 is not known", "http://10.0.11.12:8080/health"},
		"one of two, asked about":          {func(s *Snapshot) { refused(first)(s); s.Target = first }, false, "whether 10.0.11.12:8080 passes", "http://10.0.11.12:8080/health"},
		"a check that connects":            {probed(ProbeRefused, ProbeConnected), true, "", ""},
		"a check that connects to neither": {probed(ProbeRefused, ProbeRefused), false, "ends and replaces them", "nc -zv -w 5 10.0.10.11 8080"},
	} {
		s := base()
		s.checkPort("9090")
		tt.change(s)
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "health-check-port-hides-refusal" })
		if at < 0 {
			t.Errorf("%s: not said:\n%s", name, said(r))
			continue
		}
		f := r.Findings[at]
		says := slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, tt.says) })
		if len(f.Fix) > 0 != tt.fix || !says || !strings.Contains(strings.Join(f.Verify, "\n"), tt.looks) {
			t.Errorf("%s: want %q, to look at %q, a command: %v:\n%+v", name, tt.says, tt.looks, tt.fix, f)
		}
	}
}

// TestSlowToProbe: a target that answers the probe after the check's timeout is told by the probe,
// and not as by health check logs that do not say so.
func TestSlowToProbe(t *testing.T) {
	s := base()
	s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.Timeout"
	s.Probes = []Probe{{Group: webARN, Target: first, Check: true, Address: first, Outcome: ProbeAnswered, Code: 200, Millis: 7000}}
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	if f.ID != "health-check-timeout-too-short" || !slices.Contains(f.Evidence, Evidence{FromProbe, first + " answered after 7.0 s"}) ||
		slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Source == FromLog }) {
		t.Error(said(r))
	}
}

// TestCodesOnTLSPort: what is answered in plain HTTP on a port where TLS is usual means what it means elsewhere,
// but for 400, which a server of TLS answers to it.
func TestCodesOnTLSPort(t *testing.T) {
	for code, want := range map[int]string{400: "target-expects-tls", 404: "health-check-path-not-found", 503: "health-check-server-error"} {
		s := base()
		s.port(443)
		s.codes(code)
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != want {
			t.Errorf("%d: want %s:\n%s", code, want, said(r))
		}
	}
}

// TestPortOfOthersNotKnown: while nothing is seen to answer on the traffic port, health checks are not led there,
// also where a probe says how it fails.
func TestPortOfOthersNotKnown(t *testing.T) {
	for outcome, led := range map[string]bool{ProbeConnected: true, ProbeAnswered: true, ProbeTimeout: false, ProbeRefused: false} {
		s := base()
		s.checkPort("9090")
		s.web().Check.Protocol, s.Logs.Traffic = "TCP", nil
		s.failing("Target_Connection_Error", first, 502, 600, func(f *Failure) { f.Quick = 600 })
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
		s.Probes = []Probe{{Group: webARN, Target: first, Address: first, Outcome: ProbeRefused}, {Group: webARN, Target: second, Address: second, Outcome: outcome}}
		r := Diagnose(copied(t, s))
		f := r.finding("health-check-port-hides-refusal")
		if f == nil || outcome != ProbeRefused && (len(f.Fix) > 0) != led {
			t.Errorf("%s: want a command: %v:\n%s", outcome, led, said(r))
		}
	}
}

// TestTooShortBesideSlow: the check's timeout is made longer though a few requests of many are not answered in time, as
// where one path is slow; not where no few are.
func TestTooShortBesideSlow(t *testing.T) {
	for slow, longer := range map[int64]bool{4: true, 600: false} {
		s := base()
		s.all("unhealthy", "Target.Timeout", "Request timed out")
		s.failing("Target_Response_Timeout", first, 504, slow, func(f *Failure) { f.Idle = slow })
		s.Logs.Health = []LogCheck{{Group: "web", Target: first, Pass: true, Code: 200, Checks: 60, Slowest: 4.8}, {Group: "web", Target: first, Reason: "TimedOut", Code: -1, Checks: 60, Slowest: 5}}
		r := Diagnose(copied(t, s))
		if f := r.finding("health-check-timeout-too-short"); f == nil || len(f.Fix) > 0 != longer {
			t.Errorf("%d of 6000: want a command: %t:\n%s", slow, longer, said(r))
		}
	}
}

// TestWhyFlapping: only checks that are refused or broken off speak of a process that crashes; of those that are answered
// it is said how, as the matcher may be what is wrong.
func TestWhyFlapping(t *testing.T) {
	for check, want := range map[LogCheck]string{
		{Reason: "ConnectionReset", Code: -1}:         "crashes",
		{Reason: "TimedOut", Code: -1}:                "at its limit",
		{Reason: "InternalError", Code: -1}:           "at its limit",
		{Reason: "GRPCStatusHeaderEmpty", Code: -1}:   "at its limit",
		{Reason: "ResponseCodeMismatch", Code: 429}:   "what the check does not take (429: 20)",
		{Reason: "ResponseStringMismatch", Code: 200}: "what the check does not take (200: 20)",
	} {
		s := base()
		check.Group, check.Target, check.Checks, check.Flaps = "web", first, 20, 10
		s.Logs.Health = []LogCheck{check}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-health-flapping"); f == nil || !strings.Contains(f.Sentence, want) {
			t.Errorf("%s: want %q:\n%s", check.Reason, want, said(r))
		}
	}
}

// TestRefusedBesideFlapping: connections of a target that flaps are refused where most of its checks are that fail; that
// says nothing of the other target's.
func TestRefusedBesideFlapping(t *testing.T) {
	for late, want := range map[int64][]string{0: {first}, 20: nil} {
		s := base()
		s.Metrics = nil
		s.Logs.Health = []LogCheck{{Group: "web", Target: first, Reason: "ConnectionReset", Code: -1, Checks: 5, Flaps: 10}, {Group: "web", Target: first, Reason: "TimedOut", Code: -1, Checks: late, Flaps: 10}}
		for _, target := range []string{first, second} {
			s.failing("Target_Connection_Error", target, 502, 60)
		}
		r := Diagnose(copied(t, s))
		var targets []string
		if f := r.finding("target-port-refused"); f != nil {
			targets = f.Targets
		}
		if !slices.Equal(targets, want) {
			t.Errorf("%d checks late: want %v:\n%s", late, want, said(r))
		}
	}
}
