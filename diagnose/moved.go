package diagnose

// movedFrom are the groups to which most of what came in addition in a surge went before, the largest part first: as in a
// deployment with two groups, after a change of weights, or as the other one has no targets any more. "" is what rules answered
// themselves. It is not known of surges that come and go.
func (f *facts) movedFrom(s Surge) []string {
	if len(s.Times) > 1 {
		return nil
	}
	const least = 0.2 // of what a group had
	t := s.Times[0]
	during, before := t.interval(), hourBefore(t.Since, f.Logs.Minutes[0].Minute)
	if before.minutes() < leastBefore {
		return nil
	}
	lost, sum := map[string]int64{}, 0.0
	for group, minutes := range f.minutes {
		if group == s.Group {
			continue
		}
		had, _ := inMinutes(minutes, func(m Minute) bool { return before.has(m.Minute) }, Minute.all)
		has, _ := inMinutes(minutes, func(m Minute) bool { return during.has(m.Minute) }, Minute.all)
		usual := float64(had) * during.minutes() / before.minutes()
		if n := usual - float64(has); n > least*usual {
			lost[group], sum = int64(n), sum+n
		}
	}
	if 2*sum < float64(t.Requests)-during.minutes()*t.Usual {
		return nil
	}
	return mostFirst(lost)
}
