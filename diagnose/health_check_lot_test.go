package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestChecked draws a health check and what targets answer by lot: why it fails is found, and nothing that is not so; with
// the commands run the targets pass that they are for, none fails that passed, and none gets requests that it does not
// answer; and with those that undo them the health check is what it was.
func TestChecked(t *testing.T) {
	byLot(t, 250, func(seed uint64) modelled { return drawChecked(seed, false) })
}

// TestCheckedByNetwork does so with a network balancer.
func TestCheckedByNetwork(t *testing.T) {
	byLot(t, 250, func(seed uint64) modelled { return drawChecked(seed, true) })
}

// holds reports whether a finding above a note is true of a target.
func (s *checked) holds(f *Finding, i int) bool {
	g, v, check, request := s.web(), s.verdict(i), s.check(i), s.request(i)
	apart := s.port() != g.Port
	code := func(is func(int) bool) bool {
		return (v == "code" || len(s.Probes) > 0 && s.lateAndWrong(i)) && is(check.code)
	}
	at := s.services[i][s.port()]
	// Of two causes why no connection is made, metrics do not tell which is whose.
	noTLS := slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return s.request(i).how == "no TLS" })
	switch f.ID {
	case "health-check-path-not-found":
		return code(func(n int) bool { return n == 404 })
	case "health-check-redirect":
		return code(func(n int) bool { return n/100 == 3 })
	case "health-check-unauthorized":
		return code(func(n int) bool { return n == 401 || n == 403 })
	case "health-check-server-error":
		return code(func(n int) bool { return n/100 == 5 })
	case "health-check-matcher":
		return code(func(n int) bool { return slices.Contains([]int{204, 400, 405, 429}, n) })
	case "health-check-protocol-mismatch":
		return v != "pass" && (at.tls == (g.Check.Protocol == "HTTP") || at.how == "closes" && g.speaksTLS() || noTLS || f.Confidence != High)
	case "health-check-port-refused":
		return apart && (v == "failed" || v == "code" && check.code == 400 || v != "pass" && s.Balancer.Type == NetworkType) && request.how != "refused" && request.how != "dropped"
	case "health-check-port-differs":
		return apart && (v != "pass" && s.Balancer.Type == NetworkType || v == "failed" || v == "timeout" || check.code == 400)
	case "health-check-port-hides-refusal":
		return apart && v == "pass" && request.how == "refused"
	case "health-check-timeout-too-short":
		return v == "timeout" && check.how == "answered"
	case "target-health-timeout":
		return v == "timeout"
	case "target-health-failed-checks":
		return v == "failed" || v != "pass" && s.Balancer.Type == NetworkType
	case "target-port-refused":
		return request.how == "refused" || request.how == "dropped" && s.Balancer.Type == NetworkType || noTLS
	case "target-connect-timeout":
		return request.how == "dropped"
	case "target-closes-connection":
		return request.how == "closed"
	case "target-expects-tls":
		return g.Protocol == "HTTP" && (s.services[i][g.Port].tls || f.Confidence != High && request.how == "closed")
	case "target-speaks-plain-http":
		return request.how == "no TLS" && s.services[i][g.Port].how == "answers"
	case "target-tls-negotiation-fails":
		return noTLS
	case "target-group-fail-open", "fail-open-routing":
		return !g.hasHealthy()
	}
	return false
}

// lateAndWrong reports whether a check is answered too late, and with a code that the matcher does not take.
func (s *checked) lateAndWrong(i int) bool {
	return s.verdict(i) == "timeout" && s.check(i).how == "answered" && judge(HealthCheck{Matcher: s.web().Check.Matcher, Timeout: 120}, s.check(i)) == "code"
}

// compare says where a report and the model do not agree; "" if they do.
func (s *checked) compare(r *Report) string {
	g := s.web()
	name := func(i int) string { return fmt.Sprint(g.Targets[i].ID, ":", g.Port) }
	for _, f := range r.Findings {
		if f.Level == Note {
			continue
		}
		some := false
		for i := range g.Targets {
			holds := s.holds(f, i)
			if some = some || holds; !holds && slices.Contains(f.Targets, name(i)) {
				return fmt.Sprintf("%s is said of %s: %s", f.ID, name(i), f.Sentence)
			}
		}
		if !some {
			return f.ID + " is said: " + f.Sentence
		}
	}
	gets := func(i int) bool { return g.Targets[i].healthy() || !g.hasHealthy() }
	for i := range g.Targets {
		told := func(is func(id string) bool) bool {
			return slices.ContainsFunc(r.Findings, func(f *Finding) bool {
				return f.Level == Fail && is(f.ID) && (slices.Contains(f.Targets, name(i)) || len(f.Targets) == 0 && slices.Contains(f.Groups, g.Name))
			})
		}
		if s.verdict(i) != "pass" && !told(func(id string) bool { return !strings.HasPrefix(id, "target-group-") }) {
			return fmt.Sprintf("not said: why %s fails its checks (%s)", name(i), s.verdict(i))
		}
		probed := len(s.Probes) > 0 && s.check(i).after <= float64(max(2*g.Check.Timeout, 5))
		others := slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return s.verdict(i) == "pass" })
		switch known := probed || s.Balancer.Type == Application; {
		case probed && s.verdict(i) == "timeout" && s.check(i).how == "answered" && !told(func(id string) bool { return id == "health-check-timeout-too-short" }):
			return "not said: " + name(i) + " answers checks after its timeout"
		case known && s.verdict(i) == "code" && s.check(i).code != 400 && !told(func(id string) bool { return strings.HasPrefix(id, "health-check-") && !strings.Contains(id, "-port-") }):
			return fmt.Sprintf("not said: %s answers checks with %d", name(i), s.check(i).code)
		case probed && !others && s.verdict(i) == "failed" && !told(func(id string) bool {
			return !strings.HasPrefix(id, "target-health-") && !strings.HasPrefix(id, "target-group-")
		}) && s.check(i).how != "closed":
			return fmt.Sprintf("not said: how checks of %s fail (%s)", name(i), s.check(i).how)
		}
		if s.Logs != nil && gets(i) && !s.works(i) && s.request(i).code != 400 && !told(func(id string) bool { return !strings.HasPrefix(id, "health-check-") || strings.Contains(id, "hides") }) {
			return fmt.Sprintf("not said: why requests to %s fail (%s)", name(i), s.request(i).how)
		}
	}
	if s.Logs != nil && r.Observed.Explained != r.Observed.Failures {
		return fmt.Sprintf("%d of %d failures are explained", r.Observed.Explained, r.Observed.Failures)
	}
	return ""
}

// mend runs the commands of a report one finding after the other, and those that undo them.
func (s *checked) mend(t *testing.T, r *Report) string {
	t.Helper()
	for _, f := range r.Findings {
		if len(f.Fix) == 0 || f.Hop == HopLogs {
			continue
		}
		after := &checked{Snapshot: copied(t, s.Snapshot), services: s.services}
		for _, c := range f.Fix {
			if err := after.run(c); err != nil {
				return fmt.Sprintf("%s: %v", c, err)
			}
		}
		for i := range s.services {
			target := s.web().Targets[i].ID
			was, is := s.verdict(i), after.verdict(i)
			switch mended := slices.Contains(f.Targets, fmt.Sprint(target, ":", s.web().Port)) && f.Level == Fail; {
			case was == "pass" && is != "pass" && s.works(i):
				return fmt.Sprintf("with %v run, %s fails its checks (%s)", f.Fix, target, is)
			case mended && s.works(i) && !s.lateAndWrong(i) && s.Balancer.Type == Application && is == was && after.check(i) == s.check(i):
				return fmt.Sprintf("with %v run, %s still fails its checks (%s)", f.Fix, target, is)
			case was != "pass" && is == "pass" && !s.works(i) && s.web().hasHealthy():
				return fmt.Sprintf("with %v run, %s passes its checks, and does not answer requests", f.Fix, target)
			}
		}
		for _, c := range f.Undo {
			if err := after.run(c); err != nil {
				return fmt.Sprintf("%s: %v", c, err)
			}
		}
		if before, now := s.web().Check, after.web().Check; before != now {
			return fmt.Sprintf("with %v undone, the check is %+v", f.Fix, now)
		}
	}
	return ""
}
