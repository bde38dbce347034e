package parse

import "testing"

// TestConditionBounds: ranges of status codes include their beginning and not their end.
func TestConditionBounds(t *testing.T) {
	when := Condition{StatusFrom: 400, StatusUntil: 500, TargetStatus: [2]int{300, 500}}
	for _, test := range []struct {
		elb, target int
		want        bool
	}{
		{400, 300, true}, {499, 499, true}, {399, 300, false}, {500, 300, false},
		{400, 299, false}, {400, 500, false}, {400, Absent, false}, {Absent, 300, false}, {0, 300, false},
	} {
		e := &Access{ELBStatus: test.elb, TargetStatus: test.target}
		r := Rule{When: when}
		if got := when.matchStatus(test.elb) && r.match(e, e.traits()); got != test.want {
			t.Errorf("%s matches %d, %d: %t, want %t", when.String(), test.elb, test.target, got, test.want)
		}
	}
}
