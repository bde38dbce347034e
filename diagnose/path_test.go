package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// TestLogsHop: where the logs end is told once, and what else is to be said of them as well.
func TestLogsHop(t *testing.T) {
	newest := time.Date(2026, 11, 22, 11, 55, 0, 0, time.UTC)
	ends := query.NewestObject + "2026-11-22 11:55Z: what came after it is not there yet, or there was no traffic"
	checks := query.NewestObject + "2026-11-22 11:20Z: what came after it is not there yet, or there was no traffic"
	s := &Snapshot{Logs: &Logs{Access: true, Newest: newest, Warnings: []string{ends, "another thing", checks}}}
	evidence, _ := logsPass(newFacts(s))
	said := strings.Join(evidence, "; ")
	if strings.Count(said, "11:55") != 1 || !strings.Contains(said, "newest object ends 2026-11-22 11:55 UTC") || !strings.Contains(said, "another thing") || !strings.Contains(said, checks) {
		t.Errorf("the hop says %q", said)
	}
}

// TestMetricsHop: of metrics that are summed up by the hour it is told that they do not show all, where
// nothing is found.
func TestMetricsHop(t *testing.T) {
	for period, want := range map[time.Duration]bool{time.Minute: false, 5 * time.Minute: false, time.Hour: true} {
		s := base()
		s.widen(period)
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Path, func(s Station) bool { return s.Hop == HopMetrics })
		if told := strings.Contains(strings.Join(r.Path[at].Evidence, "; "), "summed up by the hour"); told != want || r.Path[at].State != Pass {
			t.Errorf("periods of %s: %s, %q, want it told: %v", period, r.Path[at].State, r.Path[at].Evidence, want)
		}
	}
}

// TestNodeOfGateway: a gateway balancer is neither internal nor in the internet.
func TestNodeOfGateway(t *testing.T) {
	s := base()
	s.gateway()
	if evidence, _ := nodePasses(newFacts(s)); evidence[0] != "gateway, active" {
		t.Errorf("it says %q", evidence)
	}
	if evidence, _ := nodePasses(newFacts(base())); evidence[0] != "application, internet-facing, active" {
		t.Errorf("it says %q", evidence)
	}
}

// TestPathOfFunction: a function has no port, and as AWS makes it no health check: it is not counted as a target that is
// not healthy.
func TestPathOfFunction(t *testing.T) {
	function := []Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}}
	for name, tt := range map[string]struct {
		change        func(*Snapshot)
		group, target string
	}{
		"alone": {func(s *Snapshot) {
			s.web().Type, s.web().Protocol, s.web().Port, s.web().Targets, s.web().Check = "lambda", "", 0, function, HealthCheck{}
		}, "web: targets of type lambda, 1 without health check", "1 target without health check"},
		"beside others": {func(s *Snapshot) {
			s.second(function)
			g := &s.Groups[1]
			g.Type, g.Protocol, g.Port, g.Check = "lambda", "", 0, HealthCheck{}
		}, ": targets of type lambda, 1 without health check", "2 of 2 targets healthy, 1 without health check"},
		"none": {func(*Snapshot) {}, "web: HTTP on port 8080, targets of type ip, 2 healthy", "2 of 2 targets healthy"},
	} {
		s := base()
		tt.change(s)
		f := newFacts(s)
		groups, _ := groupPasses(f)
		if targets, _ := targetPasses(f); !strings.HasSuffix(groups[len(groups)-1], tt.group) || targets[0] != tt.target {
			t.Errorf("%s: %q, %q", name, groups, targets[0])
		}
	}
}
