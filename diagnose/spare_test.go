package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestSpare: a part of the weight is taken from a group of which nearly all requests fail, if the groups beside it work, with
// what stickiness the rule has, and given back by what undoes that.
func TestSpare(t *testing.T) {
	const take, giveBack = `"Weight":9},{"TargetGroupArn":"` + newARN + `","Weight":0}]`, `"Weight":9},{"TargetGroupArn":"` + newARN + `","Weight":1}]`
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		told   bool   // which weight it has
		fix    string // what the command has beside the weights; "-" for none
	}{
		{"the others work", func(*Snapshot) {}, true, ""},
		{"clients stay for an hour", func(s *Snapshot) { s.mainAction().Sticky, s.mainAction().Stays = true, 3600 }, true, `,"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":3600}`},
		{"clients stay, nobody knows for how long", func(s *Snapshot) { s.mainAction().Sticky = true }, true, "-"},
		{"after a login", func(s *Snapshot) {
			r := &s.Listeners[0].Rules[0]
			r.Actions = append([]Action{{Type: "authenticate-oidc"}}, r.Actions...)
		}, true, "-"},
		{"the others fail as well", func(s *Snapshot) { s.failing("Target_5XX", first, 500, 300, func(f *Failure) { f.TargetStatus = 500 }) }, false, "-"},
		{"the others have no target", func(s *Snapshot) { s.all("draining", "Target.DeregistrationInProgress", "") }, false, "-"},
		{"alone", func(s *Snapshot) { s.mainAction().Weights = s.mainAction().Weights[1:] }, false, "-"},
		{"half of them fail", func(s *Snapshot) { s.Logs.Traffic[len(s.Logs.Traffic)-1].Requests = 1200 }, false, "-"},
	} {
		s := base()
		s.second([]Target{{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		s.mainAction().Weights = []Weight{{webARN, 9}, {newARN, 1}}
		s.failing("Target_Connection_Error", "10.0.10.13:8080", 502, 600, func(f *Failure) { f.Group = newARN })
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: "10.0.10.13:8080", Requests: 600, Slowest: -1, Last: noon})
		for i := range s.Logs.Minutes {
			delete(s.Logs.Minutes[i].Reasons, "Target_Connection_Error")
		}
		for i := range 60 {
			s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: newARN, Requests: 10, Reasons: map[string]int64{"Target_Connection_Error": 10}, Statuses: map[string]int64{"502": 10}, Unconnected: map[string]int64{"10.0.10.13:8080": 10}})
		}
		s.metric("TargetConnectionErrorCount", newARN, "Sum", 600)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-port-refused")
		if f == nil {
			t.Errorf("%s: it is not told:\n%s", tt.name, said(r))
			continue
		}
		told := slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return strings.Contains(e.Text, "gives "+groupName(newARN)+" 1 of 10 of the weight")
		})
		mends := len(f.Fix) == 1 && len(f.Undo) == 1 && strings.Contains(f.Fix[0], take+tt.fix+"}}") && strings.Contains(f.Undo[0], giveBack+tt.fix+"}}")
		if told != tt.told || mends != (tt.fix != "-") || tt.fix == "-" && len(f.Fix) > 0 {
			t.Errorf("%s: want the weight told: %t, and taken %q:\n%s", tt.name, tt.told, tt.fix, said(&Report{Findings: []*Finding{f}}))
		}
	}
}

// mainAction is the last action of the first listener's default rule.
func (s *Snapshot) mainAction() *Action {
	rules := s.Listeners[0].Rules
	r := &rules[len(rules)-1]
	return &r.Actions[len(r.Actions)-1]
}
