package diagnose

import "slices"

// What the nodes of a balancer do with what clients send, said as plainly as can be: an oracle for
// what the checks of zones and target groups say of all of them.
//
// Sources: AWS, "Target group health", "Cross-zone load balancing for target groups", "Health checks"
// and "Zonal shift" of the guides for Application and for Network Load Balancers, read 2026-11.

// region is a balancer with a node in each of its zones.
type region struct {
	*Snapshot
	shift string          // zone that a zonal shift takes out; "" for none
	sick  map[string]bool // targets by id that fail their checks, whether these are made or not

	unclear bool // AWS does not say what it does with a part of what was asked
}

func (s *region) enabled() (zones []string) {
	for _, z := range s.Balancer.Zones {
		zones = append(zones, z.Name)
	}
	return zones
}

// zone is where a target stands; "all" for one outside of the VPC.
func (s *region) zone(t Target) string {
	for _, i := range s.Network.Instances {
		if i.ID == t.ID {
			return i.Zone
		}
	}
	return t.Zone
}

func (s *region) crosses(g *Group) bool {
	switch own := g.Attributes[attrCrossZone]; {
	case own == "true" || own == "false":
		return own == "true"
	case s.Balancer.Type == Application:
		return true
	}
	return s.Balancer.Attributes[attrCrossZone] == "true"
}

// reach are a group's targets that the node of a zone may send to.
func (s *region) reach(g *Group, zone string) (list []Target) {
	for _, t := range g.Targets {
		at := s.zone(t)
		inUse := t.State == "healthy" || t.State == "unhealthy" || t.State == "initial"
		if inUse && (at == "all" || at == zone || s.crosses(g) && slices.Contains(s.enabled(), at)) {
			list = append(list, t)
		}
	}
	return list
}

func healthy(list []Target) (some []Target) {
	for _, t := range list {
		if t.State == "healthy" {
			some = append(some, t)
		}
	}
	return some
}

// short reports whether of some targets fewer are healthy than a group wants to be for an action.
func short(g *Group, action string, list []Target) bool {
	n := len(healthy(list))
	of := func(unit string, or float64) float64 {
		return numeric(g.Attributes, "target_group_health."+action+".minimum_healthy_targets."+unit, or)
	}
	return float64(n) < of("count", 1) || 100*float64(n) < of("percentage", 0)*float64(len(list))
}

// gets are the targets that the node of a zone sends to, and whether it does so however healthy they are.
func (s *region) gets(g *Group, zone string) (list []Target, open bool) {
	all := s.reach(g, zone)
	rest := slices.DeleteFunc(slices.Clone(all), func(t Target) bool { return t.Override == shifted })
	if len(healthy(rest)) == 0 {
		rest = all // where a balancer fails open a shift has no effect
	}
	if !short(g, "unhealthy_state_routing", rest) {
		return healthy(rest), false
	}
	if len(rest) > 0 && !slices.ContainsFunc(rest, func(t Target) bool { return t.State != "initial" }) {
		s.unclear = true // whether such ones are sent to
	}
	return rest, true
}

// names are the zones whose nodes clients find by the balancer's name.
func (s *region) names() (zones []string) {
	for _, zone := range s.enabled() {
		in := zone != s.shift
		for i := range s.Groups {
			g := &s.Groups[i]
			empty := len(g.Targets) == 0 // for which a network balancer fails open
			if s.Balancer.Type == Application {
				empty = len(s.reach(g, zone)) == 0 // of which DNS knows nothing
			}
			in = in && (empty || !short(g, "dns_failover", s.reach(g, zone)))
		}
		if in {
			zones = append(zones, zone)
		}
	}
	if len(zones) == 0 {
		return s.enabled()
	}
	return zones
}

// lost are the zones by name in which requests for a group find no target: of all that are enabled, whether clients
// come there or not.
func (s *region) lost(g *Group) (zones []string) {
	for _, zone := range s.enabled() {
		if list, _ := s.gets(g, zone); len(list) == 0 {
			zones = append(zones, zone)
		}
	}
	return zones
}

// weight is what rules give a group.
func (s *region) weight(g *Group) (n int) {
	for _, a := range s.actions() {
		for _, w := range a.Weights {
			if w.Group == g.ARN {
				n += w.Weight
			}
		}
	}
	return n
}

// outages are the groups, and zones in which clients come, where requests find no target.
func (s *region) outages() (list []string) {
	names := s.names()
	for i := range s.Groups {
		g := &s.Groups[i]
		for _, zone := range s.lost(g) {
			if s.weight(g) > 0 && slices.Contains(names, zone) {
				list = append(list, g.Name+" in "+zone)
			}
		}
	}
	for _, a := range s.actions() {
		if !slices.ContainsFunc(a.Weights, func(w Weight) bool { return w.Weight > 0 }) {
			list = append(list, "weights of "+groupName(a.Weights[0].Group))
		}
	}
	return list
}

// settle gives targets the states that AWS would.
func (s *region) settle() {
	for i := range s.Groups {
		for j := range s.Groups[i].Targets {
			t := &s.Groups[i].Targets[j]
			at := s.zone(*t)
			stopped := slices.ContainsFunc(s.Network.Instances, func(i Instance) bool { return i.ID == t.ID && i.State == "stopped" })
			set := func(state, reason, text string) { t.State, t.Reason, t.Description = state, reason, text }
			switch {
			case stopped:
				set("unused", "Target.InvalidState", "Target is in the stopped state")
			case at != "all" && !slices.Contains(s.enabled(), at):
				set("unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer")
			case t.State == "draining" || t.State == "initial":
			case s.sick[t.ID] && s.Balancer.Type == Application:
				set("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")
			case s.sick[t.ID]:
				set("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			default:
				set("healthy", "", "")
			}
			if t.Override = ""; at == s.shift {
				t.Override = shifted
			}
		}
	}
}
