package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// thumbs is a rule that sends /thumbs/* to a group without targets, before one that sends the same
// to a group that has some, and rules of others.
func (s *Snapshot) thumbs() {
	s.second(nil)
	next, now := forwardTo("5", newARN), forwardTo("10", webARN)
	next.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/thumbs/*"}}}
	now.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/thumbs/*", "/t/*"}}}
	s.Listeners[0].Rules = []Rule{next, now, forwardTo("default", webARN)}
	s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
}

// TestRuleToEmptyGroup: a rule that leads to a group without targets is named, with what it asks for.
// It is put behind one that leads the same requests to a group that has some, unless the empty one
// had some as well, or that would let requests through that the rule keeps back.
func TestRuleToEmptyGroup(t *testing.T) {
	const fill = "--targets Id=IP-ADDRESS"
	for _, tt := range []struct {
		name      string
		change    func(*Snapshot)
		fix, undo []string // ends of the commands
	}{
		{"a later rule for the same paths", func(*Snapshot) {}, []string{"RuleArn=arn:rule-5,Priority=11"}, []string{"RuleArn=arn:rule-5,Priority=5"}},
		{"the next number is taken", func(s *Snapshot) {
			r := forwardTo("11", webARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/other"}}}
			s.Listeners[0].Rules = slices.Insert(s.Listeners[0].Rules, 2, r)
		}, []string{"RuleArn=arn:rule-5,Priority=12"}, []string{"RuleArn=arn:rule-5,Priority=5"}},
		{"two rules", func(s *Snapshot) {
			r := forwardTo("6", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/t/*"}}}
			s.Listeners[0].Rules = slices.Insert(s.Listeners[0].Rules, 1, r)
		}, []string{"RuleArn=arn:rule-5,Priority=11", "RuleArn=arn:rule-6,Priority=12"}, []string{"RuleArn=arn:rule-5,Priority=5", "RuleArn=arn:rule-6,Priority=6"}},
		{"two rules, one of which has nothing behind it", func(s *Snapshot) {
			r := forwardTo("6", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/new/*"}}}
			s.Listeners[0].Rules = slices.Insert(s.Listeners[0].Rules, 1, r)
		}, []string{fill}, []string{fill}},
		{"the later one is for fewer paths", func(s *Snapshot) {
			s.Listeners[0].Rules[1].Conditions[0].Values = []string{"/thumbs/small/*"}
		}, []string{fill}, []string{fill}},
		{"the later one is for whatever comes", func(s *Snapshot) {
			s.Listeners[0].Rules[1].Conditions[0].Values = []string{"/*"}
		}, []string{fill}, []string{fill}},
		{"the later one asks for a header as well", func(s *Snapshot) {
			c := &s.Listeners[0].Rules[1].Conditions
			*c = append(*c, Condition{Field: "http-header", Name: "X-Old", Values: []string{"1"}})
		}, []string{fill}, []string{fill}},
		{"the later one has no targets either", func(s *Snapshot) {
			s.third(nil)
			s.Listeners[0].Rules[1].Actions[0].Weights[0].Group = "arn:third"
		}, []string{fill}, []string{fill}},
		{"all targets of the later one are unhealthy", func(s *Snapshot) { s.all("unhealthy", "Target.Timeout", "") }, []string{fill}, []string{fill}},
		{"a login that the later one does not ask for", func(s *Snapshot) {
			a := &s.Listeners[0].Rules[0].Actions
			*a = append([]Action{{Type: "authenticate-oidc"}}, *a...)
		}, []string{fill}, []string{fill}},
		{"the logs name targets that it had", func(s *Snapshot) {
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: "10.0.10.13:8080", Requests: 10, Slowest: 0.1, Last: noon})
		}, []string{"--targets Id=10.0.10.13,Port=8080"}, []string{"--targets Id=10.0.10.13,Port=8080"}},
		{"instances, and the logs name targets that it had", func(s *Snapshot) {
			s.Groups[1].Type = "instance"
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: "10.0.10.13:8080", Requests: 10, Slowest: 0.1, Last: noon})
		}, []string{"--targets Id=INSTANCE-ID"}, []string{"--targets Id=INSTANCE-ID"}},
		{"of Kubernetes", func(s *Snapshot) { s.Groups[1].Name = "k8s-shop-new-0123456789" }, nil, nil},
		{"metrics count targets that it had", func(s *Snapshot) { s.metric("HealthyHostCount", newARN, "Minimum", 30) }, []string{fill}, []string{fill}},
	} {
		s := base()
		s.thumbs()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("target-group-empty")
		if f == nil {
			t.Errorf("%s: want target-group-empty:\n%s", tt.name, said(r))
			continue
		}
		ends := func(list, want []string) bool {
			return slices.EqualFunc(list, want, strings.HasSuffix)
		}
		if !ends(f.Fix, tt.fix) || !ends(f.Undo, tt.undo) || strings.Contains(f.Do, "behind rule 10") != strings.Contains(strings.Join(f.Fix, ""), "set-rule-priorities") {
			t.Errorf("%s: want %q, undone by %q:\n%s", tt.name, tt.fix, tt.undo, said(r))
		}
		if one := !strings.HasPrefix(tt.name, "two"); strings.Contains(f.Sentence, "and rule 5 of listener HTTP:80 (path /thumbs/*) sends requests to it") != one || strings.Contains(f.Sentence, "and rules send") == one {
			t.Errorf("%s: %s", tt.name, f.Sentence)
		}
		if !slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return strings.HasPrefix(e.Text, "rule 5 of listener HTTP:80: path-pattern /thumbs/*: ") && strings.HasSuffix(e.Text, "; its ARN: arn:rule-5")
		}) {
			t.Errorf("%s: the rule is not told: %v", tt.name, f.Evidence)
		}
	}
}

// TestFixedAnswerTo: what a rule asks for that answers by itself is told: one sees whether that is meant.
func TestFixedAnswerTo(t *testing.T) {
	for _, tt := range []struct {
		conditions []Condition
		want       string
	}{
		{nil, "Rule 1 of listener HTTP:80 answers 503 by itself"},
		{[]Condition{{Field: "path-pattern", Values: []string{"/beta/*"}}}, "Rule 1 of listener HTTP:80 (path /beta/*) answers 503 by itself"},
		{[]Condition{{Field: "host-header", Values: []string{"a.example", "b.example", "c.example", "d.example"}}, {Field: "http-header", Name: "X-Beta", Values: []string{"1"}}},
			"Rule 1 of listener HTTP:80 (host a.example, b.example, c.example and 1 more; http-header X-Beta 1) answers 503 by itself"},
	} {
		s := base()
		s.Listeners[0].Rules = append([]Rule{{Priority: "1", Conditions: tt.conditions, Actions: []Action{{Type: "fixed-response", Status: "503"}}}}, s.Listeners[0].Rules...)
		r := Diagnose(copied(t, s))
		if f := r.finding("rule-fixed-response-error"); f == nil || !strings.HasPrefix(f.Sentence, tt.want) {
			t.Errorf("want %s:\n%s", tt.want, said(r))
		}
	}
}
