package diagnose

import "time"

// arriving counts the connections of clients within the last minutes before the snapshot.
// What security groups reject is not among them. An application balancer counts its own
// connections to targets as well, maybe those of health checks: clients have come only
// where there were requests, too.
func (f *facts) arriving() (name string, n float64) {
	switch {
	case f.period() > recently: // what came within an hour says nothing of now
		return "", 0
	case f.Balancer.Type == NetworkType:
		name = "NewFlowCount"
	case f.lately("RequestCount", "") > 0:
		name = "NewConnectionCount"
	}
	return name, f.lately(name, "")
}

// recently is how old a point of a metric may be to tell what is now.
const recently = 5 * time.Minute

// lately is what a metric of a group, "" for the balancer, came to in the last minutes before the
// snapshot, or in the periods that have some of these, which are wide where the window is.
func (f *facts) lately(name, group string) (n float64) {
	for _, p := range f.series(name, group) {
		if p.Time.Add(f.period() - time.Minute).After(f.Taken.Add(-recently)) {
			n += p.Value
		}
	}
	return n
}

// latelyAll are the requests to a group, or to the balancer, in the last minutes, or the flows of a
// network balancer, which counts none by group.
func (f *facts) latelyAll(group string) float64 {
	if f.Balancer.Type == NetworkType {
		return f.lately("NewFlowCount", "")
	}
	return f.lately("RequestCount", group)
}

// clientsCome reports whether clients are seen to arrive: within the last minutes, or, of
// what is longer ago or has no metrics, at any time of the window.
func (f *facts) clientsCome() bool {
	if f.Metrics != nil && f.Taken.Sub(f.Until) <= recently {
		return f.lately("RequestCount", "")+f.lately("NewFlowCount", "") > 0
	}
	return f.total("RequestCount", "")+f.total("NewFlowCount", "") > 0 || f.requests() > 0
}
