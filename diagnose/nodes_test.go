package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestNodes draws zones, groups and the states of targets by lot, and lets clients send to all nodes of a
// model of an application balancer: where requests find no target, a failure says why; where they do, none
// is told; with the commands run none is lost any more that they are for, and no other; and with those that
// undo them the set-up is what it was.
func TestNodes(t *testing.T) {
	byLot(t, 100, func(seed uint64) modelled { return drawRegion(seed, false) })
}

// TestNodesOfNetwork does so with a network balancer.
func TestNodesOfNetwork(t *testing.T) {
	byLot(t, 100, func(seed uint64) modelled { return drawRegion(seed, true) })
}

// modelled is a set-up drawn by lot, with a model of what AWS makes of it.
type modelled interface {
	snapshot() *Snapshot
	compare(*Report) string          // where a report and the model do not agree
	mend(*testing.T, *Report) string // where the report's commands do not do in the model what they are for
	words() string
}

func byLot(t *testing.T, n uint64, draw func(seed uint64) modelled) {
	t.Helper()
	for seed := range n {
		s := draw(seed)
		r := Diagnose(copied(t, s.snapshot()))
		fault := s.compare(r)
		if fault == "" {
			fault = s.mend(t, r)
		}
		if fault != "" {
			t.Fatalf("seed %d: %s\n%s\nit says\n%s", seed, fault, s.words(), said(r))
		}
	}
}

func (s *Snapshot) snapshot() *Snapshot { return s }

// words are what was drawn.
func (s *region) words() string {
	text := fmt.Sprintf("%s: zones %v, shift %q, in DNS %v, lost %v", s.Balancer.Type, s.enabled(), s.shift, s.names(), s.outages())
	for i := range s.Groups {
		g := &s.Groups[i]
		text += fmt.Sprintf("\n%s: weight %d, crosses %v, %v", g.Name, s.weight(g), s.crosses(g), g.Attributes)
		for _, t := range g.Targets {
			text += fmt.Sprintf("\n  %s in %s: %s %s %s", t.ID, s.zone(t), t.State, t.Reason, t.Override)
		}
	}
	return text
}

// some reports whether one of the groups that a finding names, or any if it names none, is so.
func (s *region) some(f *Finding, is func(*Group) bool) bool {
	for i := range s.Groups {
		if g := &s.Groups[i]; (len(f.Groups) == 0 || slices.Contains(f.Groups, g.Name)) && is(g) {
			return true
		}
	}
	return false
}

// holds reports whether a finding above a note is true.
func (s *region) holds(f *Finding) bool {
	in := func(is func(Target) bool) bool {
		return s.some(f, func(g *Group) bool { return slices.ContainsFunc(g.Targets, is) })
	}
	unhealthy := func(t Target) bool { return t.State == "unhealthy" }
	whole := func(g *Group) bool {
		return s.weight(g) > 0 && !slices.ContainsFunc(s.enabled(), func(zone string) bool { return len(s.reach(g, zone)) > 0 })
	}
	switch f.ID {
	case "target-zone-not-enabled":
		return in(func(t Target) bool { return s.zone(t) != "all" && !slices.Contains(s.enabled(), s.zone(t)) })
	case "target-invalid-state":
		return in(func(t Target) bool { return t.Reason == "Target.InvalidState" })
	case "target-group-empty", "target-group-all-unused", "target-group-all-draining", "rule-weight-to-broken-group":
		return s.some(f, whole)
	case "rule-weights-all-zero":
		return s.some(f, func(g *Group) bool { return s.weight(g) == 0 })
	case "cross-zone-off-empty-zone":
		return s.some(f, func(g *Group) bool {
			return s.weight(g) > 0 && !whole(g) && !slices.ContainsFunc(s.enabled(), func(zone string) bool {
				return strings.Contains(f.Sentence, zone) != (len(s.reach(g, zone)) == 0) || s.Balancer.Type == NetworkType && strings.Contains(f.Sentence, zone) && !slices.Contains(s.names(), zone)
			})
		})
	case "zonal-shift-active":
		return in(func(t Target) bool { return t.Override != "" })
	case "target-group-fail-open":
		return in(unhealthy) && !in(func(t Target) bool { return t.State == "healthy" })
	case "fail-open-routing":
		return s.some(f, func(g *Group) bool {
			return slices.ContainsFunc(s.names(), func(zone string) bool { _, open := s.gets(g, zone); return open })
		})
	case "balancer-5xx-not-in-logs":
		return s.Logs == nil && len(s.outages()) > 0
	}
	return (f.ID == "target-port-refused" || strings.HasPrefix(f.ID, "health-check-") || strings.HasPrefix(f.ID, "target-health-")) && in(unhealthy)
}

// compare says where a report and the model do not agree; "" if they do.
func (s *region) compare(r *Report) string {
	for _, f := range r.Findings {
		if f.Level != Note && !s.holds(f) {
			return f.ID + " is said: " + f.Sentence
		}
	}
	for _, lost := range s.outages() {
		switch {
		case s.unclear:
		case !s.told(r, lost):
			return "not said: requests for " + lost + " find no target"
		case r.Observed.Failures > 0 && !slices.Contains(withoutTarget, r.Findings[0].ID):
			return "why requests for " + lost + " find no target is not said first"
		}
	}
	if f := r.finding("balancer-5xx-not-in-logs"); f != nil && len(f.BecauseOf) == 0 && !s.unclear {
		return "not said: why there are 503s"
	}
	for i := range s.Groups {
		for _, t := range s.Groups[i].Targets {
			name := newFacts(s.Snapshot).place(&s.Groups[i], &t).name()
			if (t.State == "unhealthy" || t.State == "unused") && !slices.ContainsFunc(r.Findings, func(f *Finding) bool {
				return (f.Level == Fail || s.weight(&s.Groups[i]) == 0) && slices.Contains(f.Targets, name)
			}) {
				return fmt.Sprintf("not said: %s is %s", name, t.State)
			}
		}
	}
	if s.Logs != nil && !s.unclear && r.Observed.Explained != r.Observed.Failures {
		return fmt.Sprintf("%d of %d failures are explained", r.Observed.Explained, r.Observed.Failures)
	}
	return ""
}

// withoutTarget are findings that say why requests find no target.
var withoutTarget = []string{"target-zone-not-enabled", "target-invalid-state", "target-group-empty", "target-group-all-unused", "target-group-all-draining", "rule-weight-to-broken-group", "rule-weights-all-zero", "cross-zone-off-empty-zone", "zonal-shift-active"}

// told reports whether a failure says why an outage is.
func (s *region) told(r *Report, outage string) bool {
	group, zone, _ := strings.Cut(outage, " in ")
	return slices.ContainsFunc(r.Findings, func(f *Finding) bool {
		switch {
		case !slices.Contains(withoutTarget, f.ID) || f.Level != Fail:
			return false
		case zone == "":
			return f.ID == "rule-weights-all-zero"
		}
		return slices.Contains(f.Groups, group) && (f.ID != "cross-zone-off-empty-zone" || strings.Contains(f.Sentence, zone))
	})
}

// mend runs the commands of a report that are whole, and then those that undo them.
func (s *region) mend(t *testing.T, r *Report) string {
	t.Helper()
	after := &region{Snapshot: copied(t, s.Snapshot), shift: s.shift, sick: s.sick}
	left, before := s.outages(), s.outages()
	var undo, done []string
	for _, f := range r.Findings {
		if f.Hop == HopLogs || len(f.Fix) == 0 || placeholder(f.Fix) {
			continue
		}
		for _, c := range f.Fix {
			if slices.Contains(done, c) {
				continue
			}
			if err := after.run(c); err != nil {
				return fmt.Sprintf("%s: %v", c, err)
			}
			done = append(done, c)
		}
		for _, c := range f.Undo {
			if !slices.Contains(undo, c) {
				undo = append(undo, c)
			}
		}
		if slices.Contains(withoutTarget, f.ID) && f.Level == Fail {
			left = slices.DeleteFunc(left, func(lost string) bool { return s.told(&Report{Findings: []*Finding{f}}, lost) })
		}
	}
	for _, lost := range after.outages() {
		switch {
		case after.unclear, slices.ContainsFunc(s.Groups, func(g Group) bool {
			return strings.HasPrefix(lost, g.Name) && (s.weight(&g) == 0 || len(s.lost(&g)) == len(s.enabled()))
		}):
		case !slices.Contains(before, lost):
			return fmt.Sprintf("with %v run, requests for %s find no target", done, lost)
		case !slices.Contains(left, lost):
			return fmt.Sprintf("with %v run, requests for %s still find no target", done, lost)
		}
	}
	for _, c := range undo {
		if err := after.run(c); err != nil {
			return fmt.Sprintf("%s: %v", c, err)
		}
	}
	if before, now := s.settings(), after.settings(); before != now {
		return fmt.Sprintf("with all commands undone, of\n%s\nit is\n%s", before, now)
	}
	return ""
}

// placeholder reports whether commands have words that are to be filled in.
func placeholder(commands []string) bool {
	text := strings.Join(commands, " ")
	return strings.Contains(text, "-IN-") || strings.Contains(text, "IP-ADDRESS") || strings.Contains(text, "INSTANCE-ID") || strings.Contains(text, "/PATH")
}

// TestWeightInEmptyZone: a command that gives weight to a group at rest says in which zones that has no target.
func TestWeightInEmptyZone(t *testing.T) {
	for _, across := range []string{"false", "true"} {
		s := base()
		s.second(nil)
		s.web().Attributes[attrCrossZone] = across
		s.web().Targets = s.web().Targets[:1]
		s.Listeners[0].Rules = []Rule{forwardTo("default", newARN, webARN)}
		s.Listeners[0].Rules[0].Actions[0].Weights[1].Weight = 0
		f := Diagnose(copied(t, s)).finding("target-group-empty")
		if f == nil || len(f.Fix) != 1 {
			t.Fatalf("want target-group-empty, and a command: %+v", f)
		}
		told := slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "has no target in eu-central-1b") })
		if told != (across == "false") {
			t.Errorf("across zones: %s: zone b is told: %v: %v", across, told, f.Evidence)
		}
	}
}
