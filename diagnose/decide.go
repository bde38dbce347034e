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
	unclear            bool  // both metrics count in the same minutes, and nothing tells which targets for which

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

// split gives each target its part, one after the other.
func (d *decided) split(order []string, failed map[string]int64, refused, tls, idle, open int64) {
	for _, name := range order {
		n, one := failed[name], d.targets[name]
		for _, cause := range []struct{ left, part *int64 }{{&refused, &one.refused}, {&tls, &one.tls}, {&idle, &one.idle}, {&open, &one.open}} {
			taken := min(n, *cause.left)
			n, *cause.left, *cause.part = n-taken, *cause.left-taken, *cause.part+taken
		}
		d.targets[name] = one
	}
}

// apiece reports whether targets in this order have one cause each, as far as so many are refused and fail for TLS.
func apiece(order []string, failed map[string]int64, refused, tls int64) bool {
	d := decided{targets: map[string]decided{}}
	d.split(order, failed, refused, tls, 0, 0)
	for _, one := range d.targets {
		if 10*min(one.refused, one.tls) > one.refused+one.tls {
			return false
		}
	}
	return true
}

// leastFirst are targets whose connections failed in minutes in which both metrics count, those with fewest first, if
// only so each of them has one cause; nil if not. clear is whether it is known which has which.
func leastFirst(failed map[string]int64, refused, tls int64) (order []string, clear bool) {
	most := mostFirst(failed)
	order = slices.Clone(most)
	slices.Reverse(order)
	down, up := apiece(most, failed, refused, tls), apiece(order, failed, refused, tls)
	if down || !up {
		order = nil
	}
	return order, down != up || len(most) < 2
}

// mostFirst are the names of numbers, the largest first.
func mostFirst(n map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
}

// decide is what the failures of a group are divided into. Each is looked at once.
func (f *facts) decide(g *Group) decided {
	d, ok := f.divided[g.ARN]
	if !ok {
		d = f.divide(g)
		f.divided[g.ARN] = d
	}
	return d
}

// divide looks at each minute of a group, or whatever the metrics are summed up by.
// Where both metrics count, each takes its own, and what is left over stays open. A
// minute in which the balancer counted requests of the group and neither error had
// neither: then nothing was refused. Without any metric nothing is decided.
func (f *facts) divide(g *Group) (d decided) {
	connection := f.byPeriod(f.series("TargetConnectionErrorCount", g.ARN))
	tls := f.byPeriod(f.series("TargetTLSNegotiationErrorCount", g.ARN))
	requests := f.byPeriod(f.series("RequestCount", g.ARN))
	failed, late := map[time.Time]int64{}, map[time.Time]int64{}
	targets := map[time.Time]map[string]int64{}
	for _, m := range f.logMinutes() {
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
	// In minutes with 504s at the connect timeout, these may be what one of the metrics counts, and 502s the other.
	var quick, walls, c, t int64
	for at, n := range failed {
		if n > 0 && late[at] > 0 && connection[at] > 0 && tls[at] > 0 {
			quick, walls, c, t = quick+n, walls+late[at], c+int64(connection[at]), t+int64(tls[at])
		}
	}
	hang, other := alike(quick, c) && alike(walls, t), alike(quick, t) && alike(walls, c)
	d.unclear = walls > 0 && hang == other
	type parts struct{ refused, tls, idle, open int64 }
	each := map[time.Time]parts{}
	both, sums := map[string]int64{}, parts{} // of minutes with refusals and failures of TLS
	for at, n := range failed {
		d.walls += late[at]
		// A connection that is not established in time is counted as well.
		c, t := max(0, int64(connection[at])-late[at]), int64(tls[at])
		switch {
		case t > 0 && connection[at] == 0:
			d.wall += late[at]
		case t > 0 && n > 0 && late[at] > 0 && hang && !other:
			c, t = int64(connection[at]), 0
			d.wall += late[at]
		}
		_, measured := requests[at]
		var p parts
		switch {
		case c > 0 || t > 0:
			p.refused = min(n, c)
			p.tls = min(n-p.refused, t)
			p.open = n - p.refused - p.tls
		case measured:
			p.idle = n
		default:
			p.open = n
		}
		each[at] = p
		d.refused, d.tls, d.idle, d.open = d.refused+p.refused, d.tls+p.tls, d.idle+p.idle, d.open+p.open
		if p.refused > 0 && p.tls > 0 {
			sums.refused, sums.tls = sums.refused+p.refused, sums.tls+p.tls
			for target, n := range targets[at] {
				both[target] += n
			}
		}
	}
	order, clear := leastFirst(both, sums.refused, sums.tls)
	if len(order) > 0 && slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.name() == order[0] && e.healthy() }) &&
		slices.ContainsFunc(f.of(g), func(e endpoint) bool { return both[e.name()] > 0 && e.failing() }) { // which rather refuses
		order, clear = nil, false
	}
	d.unclear = d.unclear || !clear
	// Those first that have most: a target that refuses fails all of its requests, and one that closes idle
	// connections only some.
	for at, p := range each {
		these := order
		if order == nil || p.refused == 0 || p.tls == 0 {
			these = mostFirst(targets[at])
		}
		d.split(these, targets[at], p.refused, p.tls, p.idle, p.open)
	}
	return d
}

// alike reports whether two numbers differ by a tenth at most.
func alike(a, b int64) bool { return 10*max(a-b, b-a) <= max(a, b) }

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
	for _, t := range f.traffic() {
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
