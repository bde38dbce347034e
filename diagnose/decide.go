package diagnose

import (
	"time"
)

// A 502 with all three times absent has one of three causes: the connection was
// refused, TLS failed, or the target closed an idle connection just as a request came.
// The log cannot tell; two metrics of the same minute and group can.

// decided divides the failures of a group whose connection failed, by what the
// metrics of their minutes say.
type decided struct {
	refused, tls, idle int64
	open               int64 // both metrics count, or neither is there
	wall               int64 // 504s at the connect timeout in minutes with TLS errors and no connection errors
	walls              int64 // all 504s at the connect timeout
}

// share is the part of a row of failures that has one cause.
func (d decided) share(n, part int64) int64 {
	if sum := d.refused + d.tls + d.idle + d.open; sum > 0 {
		return (n*part + sum/2) / sum
	}
	return 0
}

// decide looks at each minute of a group. A minute in which the balancer counted
// requests of the group, or anything else, and neither error, had neither: then
// nothing was refused. Without any metric nothing is decided.
func (f *facts) decide(g *Group) (d decided) {
	if f.Logs == nil {
		return d
	}
	connection := byMinute(f.series("TargetConnectionErrorCount", g.ARN))
	tls := byMinute(f.series("TargetTLSNegotiationErrorCount", g.ARN))
	requests := byMinute(f.series("RequestCount", g.ARN))
	for _, m := range f.Logs.Minutes {
		if m.Group != g.ARN {
			continue
		}
		n, late := m.Reasons["Target_Connection_Error"], m.Reasons["Target_Connect_Timeout"]
		d.walls += late
		minute := m.Minute.UTC()
		c, t := connection[minute], tls[minute]
		_, measured := requests[minute]
		if t > 0 && c == 0 {
			d.wall += late
		}
		switch {
		case c > 0 && t > 0:
			// Each metric counts its own; what is left over stays open.
			refused := min(n, int64(c))
			failed := min(n-refused, int64(t))
			if late > 0 {
				d.open += n
				break
			}
			d.refused, d.tls, d.open = d.refused+refused, d.tls+failed, d.open+n-refused-failed
		case c > 0:
			d.refused += n
		case t > 0:
			d.tls += n
		case measured:
			d.idle += n
		default:
			d.open += n
		}
	}
	return d
}

func byMinute(points []Point) map[time.Time]float64 {
	m := map[time.Time]float64{}
	for _, p := range points {
		m[p.Time.UTC().Truncate(time.Minute)] += p.Value
	}
	return m
}

// spread says over how many of the group's targets with requests some failures are
// spread, and what part of the requests to them failed so.
func (f *facts) spread(g *Group, share func(Failure) int64) (hit, targets int, rate float64) {
	failed := map[string]int64{}
	var sum, requests int64
	for _, row := range f.failures() {
		if n := share(row); n > 0 && row.Group == g.logARN(f) {
			failed[row.Target] += n
			sum += n
		}
	}
	seen := map[string]bool{}
	for _, t := range f.Logs.Traffic {
		if t.Group == g.logARN(f) && t.Target != "" {
			seen[t.Target] = true
			requests += t.Requests
		}
	}
	if requests > 0 {
		rate = float64(sum) / float64(requests)
	}
	return len(failed), len(seen), rate
}

// logARN is what logs write for a group: nothing, behind a Classic Load Balancer.
func (g *Group) logARN(f *facts) string {
	if f.Balancer.Type == Classic {
		return ""
	}
	return g.ARN
}
