package diagnose

import (
	"fmt"
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
		s.newVersionFails()
		s.mainAction().Weights = []Weight{{webARN, 9}, {newARN, 1}}
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

// newVersionFails has a second group, whose one target refuses all of its requests.
func (s *Snapshot) newVersionFails() {
	s.second([]Target{{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
	s.failing("Target_Connection_Error", "10.0.10.13:8080", 502, 600, func(f *Failure) { f.Group = newARN })
	s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: "10.0.10.13:8080", Requests: 600, Slowest: -1, Last: noon})
	for i := range s.Logs.Minutes {
		delete(s.Logs.Minutes[i].Reasons, "Target_Connection_Error")
	}
	for i := range 60 {
		s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: newARN, Requests: 10, Reasons: map[string]int64{"Target_Connection_Error": 10}, Statuses: map[string]int64{"502": 10}, Unconnected: map[string]int64{"10.0.10.13:8080": 10}})
	}
	s.metric("TargetConnectionErrorCount", newARN, "Sum", 600)
}

// TestSpareInEachRule: the weight is taken in each rule that gives some, by commands of each; where a
// rule has no other group, that is said.
func TestSpareInEachRule(t *testing.T) {
	part, most := []Weight{{webARN, 9}, {newARN, 1}}, []Weight{{webARN, 1}, {newARN, 9}}
	beside, alone := []Weight{{webARN, 4}, {newARN, 1}}, []Weight{{newARN, 1}}
	for _, tt := range []struct {
		name    string
		sticky  bool
		first   []Weight // of the default rule
		another []Weight // of a second rule
		rules   []string // in which the weight is told
		taken   int      // by so many commands
		do      string
	}{
		{"in two rules", false, part, beside, []string{"1 of 5", "1 of 10"}, 2, "send nothing to new for now; then start"},
		{"in two rules, of which nobody knows how long clients stay", true, part, beside, []string{"1 of 5", "1 of 10"}, 0, "send nothing to new for now; then start"},
		{"most of it", false, most, []Weight{{webARN, 1}}, []string{"9 of 10"}, 1, "send nothing to new for now; then start"},
		{"alone in the other", false, part, alone, []string{"1 of 10"}, 1, "send nothing to new for now where others stand beside it; then start"},
	} {
		s := base()
		s.newVersionFails()
		s.mainAction().Weights, s.mainAction().Sticky = tt.first, tt.sticky
		rule := forwardTo("7", webARN)
		rule.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/open/*"}}}
		rule.Actions[0].Weights, rule.Actions[0].Sticky = tt.another, tt.sticky
		s.Listeners[0].Rules = append([]Rule{rule}, s.Listeners[0].Rules...)
		f := Diagnose(copied(t, s)).finding("target-port-refused")
		if f == nil {
			t.Errorf("%s: it is not told", tt.name)
			continue
		}
		var told []string
		for _, e := range f.Evidence {
			if _, part, ok := strings.Cut(e.Text, " gives "+groupName(newARN)+" "); ok {
				part, _, _ = strings.Cut(part, " of the weight")
				told = append(told, part)
			}
		}
		if !slices.Equal(told, tt.rules) || len(f.Fix) != tt.taken || len(f.Undo) != tt.taken || !strings.HasPrefix(f.Do, tt.do) ||
			strings.Contains(fmt.Sprint(f.Evidence), "; without it the others get 10 times as many requests: see whether they bear that") != (tt.first[0].Weight == 1) {
			t.Errorf("%s: want it told of %q, taken %d times, and %q; told of %q:\n%s", tt.name, tt.rules, tt.taken, tt.do, told, said(&Report{Findings: []*Finding{f}}))
		}
	}
}

// mainAction is the last action of the first listener's default rule.
func (s *Snapshot) mainAction() *Action {
	rules := s.Listeners[0].Rules
	r := &rules[len(rules)-1]
	return &r.Actions[len(r.Actions)-1]
}

// TestSpareNotToWhatFails: nothing is taken from a group where the other has begun to fail, however many requests went well
// before.
func TestSpareNotToWhatFails(t *testing.T) {
	for late, want := range map[int64]bool{0: true, 1: true, 50: false} { // that fail in each of the last four minutes, of 100
		s := base()
		s.newVersionFails()
		s.mainAction().Weights = []Weight{{webARN, 9}, {newARN, 1}}
		if late > 0 {
			s.failing("Target_5xx", first, 500, 4*late, func(f *Failure) { f.TargetStatus, f.First, f.Last = 500, s.minute(56), s.minute(59) })
			for i := range s.Logs.Minutes {
				switch m := &s.Logs.Minutes[i]; {
				case m.Group != webARN:
				case m.Minute.Before(s.minute(56)):
					m.Reasons["Target_5xx"] = 0
				default:
					m.Reasons["Target_5xx"] = late
				}
			}
		}
		f := Diagnose(copied(t, s)).finding("target-port-refused")
		if f == nil || strings.HasPrefix(f.Do, "send nothing to new for now") != want || len(f.Fix) > 0 != want {
			t.Errorf("%d: %s", late, said(Diagnose(s)))
		}
	}
}
