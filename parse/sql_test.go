package parse

import (
	"fmt"
	"strings"
	"testing"
)

// TestReasonSQL: one branch per rule, in the order of the rules, that names every
// column that the rule asks for.
func TestReasonSQL(t *testing.T) {
	logged := "  WHEN error_reason IS NOT NULL THEN error_reason\n"
	for _, test := range []struct {
		sql, head string
		rules     []Rule
	}{
		{ReasonSQL(), "CASE\n" + logged, Rules},
		{ClassicReasonSQL(), "CASE\n", ClassicRules},
	} {
		body, ok := strings.CutPrefix(test.sql, test.head)
		lines := strings.Split(body, "\n")
		if !ok || len(lines) != len(test.rules)+1 || lines[len(test.rules)] != "END" {
			t.Fatalf("%d lines for %d rules:\n%s", len(lines), len(test.rules), test.sql)
		}
		for i := range test.rules {
			r, line := &test.rules[i], lines[i]
			want := fmt.Sprintf(" '%s'", r.Reason)
			if r.Reason == Delivered {
				want = " NULL"
			}
			if !strings.HasSuffix(line, want) {
				t.Errorf("rule %d: %q does not end in %q", i+1, line, want)
			}
			for _, ask := range strings.Split(r.When.String(), "; ") {
				column, _, _ := strings.Cut(strings.ReplaceAll(ask, "target:port", "target_ip"), " ")
				switch column {
				case "last":
					column = "actions_executed"
				case "nothing":
					column = "ELSE"
				}
				if !strings.Contains(line, column) {
					t.Errorf("rule %d asks for %s: %q does not", i+1, ask, line)
				}
			}
		}
	}
}

func TestConditionSQL(t *testing.T) {
	tests := []struct {
		when Condition
		want string
	}{
		{Condition{}, ""},
		{Condition{Status: []int{0}}, "elb_status_code = 0"},
		{Condition{Status: []int{401, 561}, None: hasTargetStatus}, "elb_status_code IN (401, 561) AND target_status_code IS NULL"},
		{Condition{All: hasTarget, None: hasELBStatus}, "elb_status_code IS NULL AND target_ip IS NOT NULL"},
		{Condition{StatusFrom: 400, StatusUntil: 500}, "elb_status_code >= 400 AND elb_status_code < 500"},
		{Condition{LastAction: "waf"}, "(actions_executed = 'waf' OR actions_executed LIKE '%,waf')"},
		{Condition{Classification: []string{"Severe"}}, "classification IN ('Severe')"},
		{Condition{All: targetReset}, "target_error_code NOT IN ('0', '0x0')"},
		{Condition{None: transformFailed}, "coalesce(request_transform_status IN ('TransformSuccess'), true)"},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			if got := test.when.sql(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
