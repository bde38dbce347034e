package parse

import (
	"strings"
	"testing"
)

// reasonLines hands out the entries of reasons.log. Each says in its user agent
// which reason, class and source it must get, or "no failure".
func reasonLines(t *testing.T, each func(line int64, want string, e *Access)) {
	t.Helper()
	s := NewScanner()
	s.Reset(strings.NewReader(logs(t)["reasons.log"]), KindUnknown)
	for s.Scan() {
		if d := s.Damage(); d != nil {
			t.Fatalf("line %d: %v", d.Line, d.Cause)
		}
		e := s.Access()
		each(s.Line(), string(e.Field(FieldUserAgent)), e)
	}
}

func TestClassify(t *testing.T) {
	reasonLines(t, func(line int64, want string, e *Access) {
		got := "no failure"
		if v, failed := e.Classify(); failed {
			got = string(v.Reason) + " " + v.Class.String() + " " + v.Source.String()
		}
		if got != want {
			t.Errorf("line %d: %s, want %s", line, got, want)
		}
	})
}

// firstRule returns the rule that decides about e, or -1 if none is asked.
func firstRule(e *Access) int {
	if !e.Suspect() || e.Has(FieldErrorReason) {
		return -1
	}
	for i := range Rules {
		if Rules[i].When.matchStatus(e.ELBStatus) && Rules[i].match(e, e.traits()) {
			return i
		}
	}
	return -1
}

// TestEveryRuleDecides: no rule is dead, and each has a line that shows it.
func TestEveryRuleDecides(t *testing.T) {
	decided := map[int]bool{}
	reasonLines(t, func(_ int64, _ string, e *Access) { decided[firstRule(e)] = true })
	// Suspect keeps the answers below 400 from the rules; the rule for them is
	// there for SQL, which has no Suspect.
	for i, r := range Rules {
		if !decided[i] && r.When.StatusUntil != 400 {
			t.Errorf("rule %d (%s: %s) decides no line of reasons.log", i+1, r.Reason, r.When.String())
		}
	}
}

// TestRulesAreWhole: a name means one class, and every rule explains itself.
func TestRulesAreWhole(t *testing.T) {
	class := map[string]Class{}
	for i, r := range Rules {
		if r.Reason == Delivered {
			continue
		}
		if c, ok := class[r.Reason]; ok && c != r.Class {
			t.Errorf("%s is of class %s and of class %s", r.Reason, c, r.Class)
		}
		class[r.Reason] = r.Class
		if !strings.HasSuffix(r.Meaning, ".") || !strings.HasSuffix(r.Check, ".") {
			t.Errorf("rule %d (%s) lacks its meaning or what to check", i+1, r.Reason)
		}
	}
	last := Rules[len(Rules)-1]
	if last.Reason != "Unknown" || last.When.String() != (&Condition{}).String() {
		t.Errorf("the last rule is %s with a condition: some failure may get no reason", last.Reason)
	}
	if _, ok := class["Target_TLS_Error"]; ok {
		t.Error("Target_TLS_Error is derived, though no line alone can show it")
	}
}
