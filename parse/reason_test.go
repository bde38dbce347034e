package parse

import (
	"slices"
	"strings"
	"testing"
)

// ruleBooks are the two lists of rules, and the lines that show them.
var ruleBooks = []struct {
	name  string
	file  string
	rules []Rule
}{
	{"Rules", "reasons.log", Rules},
	{"ClassicRules", "classic_reasons.log", ClassicRules},
}

// reasonLines hands out the entries of a file. Each says in its user agent which
// reason, class and source it must get, or "no failure".
func reasonLines(t *testing.T, file string, each func(line int64, want string, e *Access)) {
	t.Helper()
	s := NewScanner()
	s.Reset(strings.NewReader(logs(t)[file]), KindUnknown)
	for s.Scan() {
		if d := s.Damage(); d != nil {
			t.Fatalf("line %d: %v", d.Line, d.Cause)
		}
		e := s.Access()
		each(s.Line(), string(e.Field(FieldUserAgent)), e)
	}
}

func TestClassify(t *testing.T) {
	for _, book := range ruleBooks {
		reasonLines(t, book.file, func(line int64, want string, e *Access) {
			got := "no failure"
			if v, failed := e.Classify(); failed {
				got = string(v.Reason) + " " + v.Class.String() + " " + v.Source.String()
			}
			if got != want {
				t.Errorf("%s, line %d: %s, want %s", book.file, line, got, want)
			}
		})
	}
}

// firstRule returns the rule that decides about e, or -1 if none is asked.
func firstRule(rules []Rule, e *Access) int {
	if !e.Suspect() || e.Has(FieldErrorReason) {
		return -1
	}
	for i := range rules {
		if rules[i].When.matchStatus(e.ELBStatus) && rules[i].match(e, e.traits()) {
			return i
		}
	}
	return -1
}

// TestEveryRuleDecides: no rule is dead, and each has a line that shows it.
func TestEveryRuleDecides(t *testing.T) {
	for _, book := range ruleBooks {
		decided := map[int]bool{}
		reasonLines(t, book.file, func(_ int64, _ string, e *Access) { decided[firstRule(book.rules, e)] = true })
		// Suspect keeps the answers below 400 from the rules; the rule for them is
		// there for SQL, which has no Suspect.
		for i, r := range book.rules {
			if !decided[i] && r.When.StatusUntil != 400 {
				t.Errorf("%s %d (%s: %s) decides no line of %s", book.name, i+1, r.Reason, r.When.String(), book.file)
			}
		}
	}
}

// TestRulesAreWhole: a name means one class, every rule explains itself, and the
// reasons of a Classic Load Balancer are names that are known already.
func TestRulesAreWhole(t *testing.T) {
	class := map[string]Class{}
	for _, book := range ruleBooks {
		for i, r := range book.rules {
			if r.Reason == Delivered {
				continue
			}
			if c, ok := class[r.Reason]; ok && c != r.Class {
				t.Errorf("%s is of class %s and of class %s", r.Reason, c, r.Class)
			} else if !ok && book.name != "Rules" {
				t.Errorf("%s %d (%s) has a name of its own", book.name, i+1, r.Reason)
			}
			class[r.Reason] = r.Class
			if !strings.HasSuffix(r.Meaning, ".") || !strings.HasSuffix(r.Check, ".") {
				t.Errorf("%s %d (%s) lacks its meaning or what to check", book.name, i+1, r.Reason)
			}
		}
		last := book.rules[len(book.rules)-1]
		if last.Reason != "Unknown" || last.When.String() != (&Condition{}).String() {
			t.Errorf("the last of %s is %s with a condition: some failure may get no reason", book.name, last.Reason)
		}
	}
	if _, ok := class["Target_TLS_Error"]; ok {
		t.Error("Target_TLS_Error is derived, though no line alone can show it")
	}
}

func TestFindReason(t *testing.T) {
	for _, c := range []struct {
		name, written string
		class         Class
	}{
		{"Target_5XX", "Target_5XX", ClassTarget},
		{"target_5xx", "Target_5XX", ClassTarget},
		{"Fixed_Response", "Fixed_Response", ClassPolicy},
		{"LambdaUnhandled", "LambdaUnhandled", ClassLambda},
		{"NoneYet", "NoneYet", ClassUnknown},
		{"-", "-", ClassUnknown},
		{"", "", ClassUnknown},
	} {
		written, classes := FindReason(c.name)
		if written != c.written || len(classes) == 0 || classes[0] != c.class {
			t.Errorf("FindReason(%q) = %q %v, want %q %v", c.name, written, classes, c.written, c.class)
		}
	}
	for _, r := range append(append([]Rule{}, Rules...), ClassicRules...) {
		if r.Reason == Delivered {
			continue
		}
		if written, classes := FindReason(r.Reason); written != r.Reason || !slices.Contains(classes, r.Class) {
			t.Errorf("FindReason(%q) = %q %v, which leaves %v out", r.Reason, written, classes, r.Class)
		}
	}
}
