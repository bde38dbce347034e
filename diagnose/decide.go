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
	open               int64 // the metrics count fewer, or neither is there
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

// decide looks at each minute of a group, or whatever the metrics are summed up by.
// Where both metrics count, each takes its own, and what is left over stays open. A
// minute in which the balancer counted requests of the group and neither error had
// neither: then nothing was refused. Without any metric nothing is decided.
func (f *facts) decide(g *Group) (d decided) {
	if f.Logs == nil {
		return d
	}
	connection := f.byPeriod(f.series("TargetConnectionErrorCount", g.ARN))
	tls := f.byPeriod(f.series("TargetTLSNegotiationErrorCount", g.ARN))
	requests := f.byPeriod(f.series("RequestCount", g.ARN))
	failed, late := map[time.Time]int64{}, map[time.Time]int64{}
	for _, m := range f.Logs.Minutes {
		if m.Group == g.ARN {
			at := m.Minute.UTC().Truncate(f.period())
			failed[at] += m.Reasons["Target_Connection_Error"]
			late[at] += m.Reasons["Target_Connect_Timeout"]
		}
	}
	for at, n := range failed {
		d.walls += late[at]
		// A connection that is not established in time is counted as well.
		c, t := max(0, int64(connection[at])-late[at]), int64(tls[at])
		if t > 0 && connection[at] == 0 {
			d.wall += late[at]
		}
		_, measured := requests[at]
		switch {
		case c > 0 || t > 0:
			refused := min(n, c)
			broken := min(n-refused, t)
			d.refused, d.tls, d.open = d.refused+refused, d.tls+broken, d.open+n-refused-broken
		case measured:
			d.idle += n
		default:
			d.open += n
		}
	}
	return d
}

// byPeriod sums points up by the period that they are of.
func (f *facts) byPeriod(points []Point) map[time.Time]float64 {
	m := map[time.Time]float64{}
	for _, p := range points {
		m[p.Time.UTC().Truncate(f.period())] += p.Value
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
