package diagnose

import (
	"cmp"
	"maps"
	"slices"
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

	targets map[string]decided // the same by target; nil where minutes do not name them
}

// of is what was decided of a target; of all of them where these are not told apart.
func (d decided) of(target string) decided {
	if one, ok := d.targets[target]; ok {
		return one
	}
	return d
}

// sure is how many failures have a cause.
func (d decided) sure() int64 { return d.refused + d.tls + d.idle }

// refusals, tlsFailures and idleEnds are the parts of a row of failures that have one cause.

func (d decided) refusals(row Failure) int64 {
	one := d.of(row.Target)
	return one.share(row.Count, one.refused)
}

func (d decided) tlsFailures(row Failure) int64 {
	one := d.of(row.Target)
	return one.share(row.Count, one.tls)
}

func (d decided) idleEnds(row Failure) int64 {
	one := d.of(row.Target)
	return one.share(row.Count, one.idle)
}

func (d decided) share(n, part int64) int64 {
	if sum := d.sure() + d.open; sum > 0 {
		return (n*part + sum/2) / sum
	}
	return 0
}

// apart are the findings among which connections that failed or were broken off are divided:
// none explains what another does.
var apart = []string{"target-port-refused", "target-tls-negotiation-fails", "keep-alive-race", "target-closes-connection", "target-speaks-http1"}

// split gives each target its part, those first that have most: a target that refuses
// fails all of its requests, and one that closes idle connections only some.
func (d *decided) split(failed map[string]int64, refused, tls, idle, open int64) {
	for _, name := range mostFirst(failed) {
		n, one := failed[name], d.targets[name]
		for _, cause := range []struct{ left, part *int64 }{{&refused, &one.refused}, {&tls, &one.tls}, {&idle, &one.idle}, {&open, &one.open}} {
			taken := min(n, *cause.left)
			n, *cause.left, *cause.part = n-taken, *cause.left-taken, *cause.part+taken
		}
		d.targets[name] = one
	}
}

// mostFirst are the names of numbers, the largest first.
func mostFirst(n map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
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
	targets := map[time.Time]map[string]int64{}
	for _, m := range f.Logs.Minutes {
		if m.Group == g.ARN {
			at := m.Minute.UTC().Truncate(f.period())
			failed[at] += m.Reasons["Target_Connection_Error"]
			late[at] += m.Reasons["Target_Connect_Timeout"]
			for target, n := range m.Unconnected {
				if targets[at] == nil {
					targets[at] = map[string]int64{}
				}
				if d.targets == nil {
					d.targets = map[string]decided{}
				}
				targets[at][target] += n
			}
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
		var refused, broken, idle, open int64
		switch {
		case c > 0 || t > 0:
			refused = min(n, c)
			broken = min(n-refused, t)
			open = n - refused - broken
		case measured:
			idle = n
		default:
			open = n
		}
		d.refused, d.tls, d.idle, d.open = d.refused+refused, d.tls+broken, d.idle+idle, d.open+open
		d.split(targets[at], refused, broken, idle, open)
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
	// Logs of a Classic Load Balancer do not name an instance that did not answer, and none name a function.
	unnamed := f.Balancer.Type == Classic || g.Type == "lambda"
	seen := map[string]bool{}
	for _, t := range f.Logs.Traffic {
		if t.Group != g.logARN(f) || t.Target == "" && !unnamed {
			continue
		}
		if requests += t.Requests; t.Target != "" {
			seen[t.Target] = true
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
