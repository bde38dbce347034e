package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// finding is the first one of an id; nil if there is none.
func (r *Report) finding(id string) *Finding {
	if i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == id }); i >= 0 {
		return r.Findings[i]
	}
	return nil
}

// TestNetworkFailsOpen: where all targets of a group are unhealthy, a network balancer
// sends to all of them, as an application balancer does.
//
// Source: AWS, "Health checks" and "Target group health" of the Network Load Balancer
// guide, read 2026-11.
func TestNetworkFailsOpen(t *testing.T) {
	s := base()
	s.network()
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	r := Diagnose(copied(t, s))
	if f := r.finding("target-group-fail-open"); f == nil || !strings.Contains(f.Sentence, "sends connections to all of them") || len(f.BecauseOf) == 0 {
		t.Errorf("want target-group-fail-open, and why:\n%s", said(r))
	}

	s = base()
	s.network()
	s.second(s.web().Targets)
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
	r = Diagnose(copied(t, s))
	if f := r.finding("rule-weight-to-broken-group"); f != nil || r.Findings[0].ID != "target-port-refused" {
		t.Errorf("want target-port-refused first, and nothing of weights:\n%s", said(r))
	}
}
