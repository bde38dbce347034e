package diagnose

import (
	"slices"
	"time"
)

// divide looks at each minute of a group, or whatever the metrics are summed up by.
func (f *facts) divide(g *Group) (d decided) {
	periods := f.periods(g)
	hang, other := hanging(periods)
	each := map[time.Time]causes{}
	both, sum := map[string]int64{}, causes{} // of periods with refusals and failures of TLS
	walls := false
	for at, m := range periods {
		c, wall := m.divide(hang && !other)
		each[at], d.causes = c, d.plus(c)
		d.wall, d.walls, walls = d.wall+wall, d.walls+m.late, walls || m.mixed()
		if c.refused > 0 && c.tls > 0 {
			sum = sum.plus(c)
			for target, n := range m.targets {
				both[target] += n
			}
		}
	}
	order, clear := f.leastFirst(g, both, sum)
	if probed := f.refusedFirst(g, both); !clear && probed != nil {
		order, clear = probed, true
	}
	d.unclear = walls && hang == other || !clear
	// Those first that have most: a target that refuses fails all of its requests, and one that closes idle
	// connections only some.
	for at, c := range each {
		these := order
		if order == nil || c.refused == 0 || c.tls == 0 {
			these = mostFirst(periods[at].targets)
		}
		d.targets = split(d.targets, these, periods[at].targets, c)
	}
	f.tellTLS(g, &d)
	return d
}

// tellTLS takes failures of targets that were not refused for those of TLS, where a probe saw that it fails.
func (f *facts) tellTLS(g *Group, d *decided) {
	for _, e := range f.of(g) {
		if !g.speaksTLS() || f.endsInTLS(e) == "" {
			continue
		}
		if d.targets == nil {
			d.targets = map[string]causes{}
		}
		one := d.targets[e.name()]
		if one = (causes{refused: one.refused, tls: one.tls + one.idle + one.open}); one.sure() == 0 {
			one.tls = 1 // all of it
		}
		d.targets[e.name()] = one
	}
}

// ofPeriod is what logs and metrics have of a group in a period.
type ofPeriod struct {
	failed, late    int64            // connections: at once, and at the connect timeout
	targets         map[string]int64 // those of failed, where minutes name them
	connection, tls int64            // errors that metrics count
	measured        bool             // the metrics have requests
}

// periods are those of which there are logs.
func (f *facts) periods(g *Group) map[time.Time]*ofPeriod {
	all := map[time.Time]*ofPeriod{}
	for _, m := range f.minutes[g.ARN] {
		at := m.Minute.UTC().Truncate(f.period())
		if all[at] == nil {
			all[at] = &ofPeriod{targets: map[string]int64{}}
		}
		one := all[at]
		one.failed, one.late = one.failed+m.Reasons["Target_Connection_Error"], one.late+m.Reasons["Target_Connect_Timeout"]
		for target, n := range m.Unconnected {
			one.targets[target] += n
		}
	}
	connection := f.byPeriod(f.series("TargetConnectionErrorCount", g.ARN))
	tls := f.byPeriod(f.series("TargetTLSNegotiationErrorCount", g.ARN))
	requests := f.byPeriod(f.series("RequestCount", g.ARN))
	for at, one := range all {
		one.connection, one.tls = int64(connection[at]), int64(tls[at])
		_, one.measured = requests[at]
	}
	return all
}

// mixed reports whether there are failures of both kinds, and errors of both metrics.
func (m *ofPeriod) mixed() bool { return min(m.failed, m.late, m.connection, m.tls) > 0 }

// hanging reports whether by their numbers 504s at the connect timeout may be handshakes that hang, and 502s the
// connection errors, where there are both; and whether it may be the other way round.
func hanging(periods map[time.Time]*ofPeriod) (hang, other bool) {
	var sum ofPeriod
	for _, m := range periods {
		if m.mixed() {
			sum.failed, sum.late, sum.connection, sum.tls = sum.failed+m.failed, sum.late+m.late, sum.connection+m.connection, sum.tls+m.tls
		}
	}
	return alike(sum.failed, sum.connection) && alike(sum.late, sum.tls), alike(sum.failed, sum.tls) && alike(sum.late, sum.connection)
}

// divide is what failures of a period have for causes, and how many of the 504s are handshakes; hang is whether those of
// mixed periods are. Where both metrics count, each takes its own, and what is left over stays open. A period in which the
// balancer counted requests of the group and neither error had neither: then nothing was refused. Without any metric
// nothing is decided.
func (m *ofPeriod) divide(hang bool) (c causes, wall int64) {
	// A connection that is not established in time is counted as well.
	refused, tls := max(0, m.connection-m.late), m.tls
	switch {
	case tls > 0 && m.connection == 0:
		wall = m.late
	case m.mixed() && hang:
		refused, tls, wall = m.connection, 0, m.late
	}
	switch {
	case refused > 0 || tls > 0:
		c.refused = min(m.failed, refused)
		c.tls = min(m.failed-c.refused, tls)
		c.open = m.failed - c.refused - c.tls
	case m.measured:
		c.idle = m.failed
	default:
		c.open = m.failed
	}
	return c, wall
}

// split gives each target its part, one after the other.
func split(parts map[string]causes, order []string, failed map[string]int64, of causes) map[string]causes {
	for _, name := range order {
		if parts == nil {
			parts = map[string]causes{}
		}
		n, one := failed[name], parts[name]
		for _, cause := range []struct{ left, part *int64 }{{&of.refused, &one.refused}, {&of.tls, &one.tls}, {&of.idle, &one.idle}, {&of.open, &one.open}} {
			taken := min(n, *cause.left)
			n, *cause.left, *cause.part = n-taken, *cause.left-taken, *cause.part+taken
		}
		parts[name] = one
	}
	return parts
}

// apiece reports whether targets in this order have one cause each, as far as so many are refused and fail for TLS.
func apiece(order []string, failed map[string]int64, refused, tls int64) bool {
	for _, one := range split(nil, order, failed, causes{refused: refused, tls: tls}) {
		if 10*min(one.refused, one.tls) > one.refused+one.tls {
			return false
		}
	}
	return true
}

// leastFirst are targets whose connections failed in periods in which both metrics count, those with fewest first, if
// only so each of them has one cause; nil if not. clear is whether it is known which has which.
func (f *facts) leastFirst(g *Group, failed map[string]int64, of causes) (order []string, clear bool) {
	most := mostFirst(failed)
	order = slices.Clone(most)
	slices.Reverse(order)
	down, up := apiece(most, failed, of.refused, of.tls), apiece(order, failed, of.refused, of.tls)
	if down || !up {
		return nil, down != up || len(most) < 2
	}
	if len(order) > 0 && slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.name() == order[0] && e.healthy() }) &&
		slices.ContainsFunc(f.of(g), func(e endpoint) bool { return failed[e.name()] > 0 && e.failing() }) { // which rather refuses
		return nil, false
	}
	return order, true
}

// refusedFirst are targets whose connections failed, those first whose port refuses a probe; nil if that does not
// tell them all apart.
func (f *facts) refusedFirst(g *Group, failed map[string]int64) (order []string) {
	refused := 0
	for _, e := range f.of(g) {
		switch p := f.probe(e, false); {
		case failed[e.name()] == 0:
		case f.connects(e):
			order = append(order, e.name())
		case p.ended(ProbeRefused):
			order, refused = slices.Insert(order, 0, e.name()), refused+1
		default:
			return nil
		}
	}
	if refused == 0 || refused == len(order) || len(order) < len(failed) {
		return nil
	}
	return order
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
