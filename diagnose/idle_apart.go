package diagnose

import (
	"slices"
	"time"
)

// apartness says of failed connections of a row whether they are idle ones that the target closed, or others, where a group has
// both at different times.
type apartness int

const (
	notApart apartness = iota
	idleApart
	othersApart
)

// setApart divides rows and minutes of failed connections where, by what metrics counted in their minutes, some were idle ones
// that targets closed, and others were not: each has times of its own, so that an outage is told as over though idle
// connections are closed now and then, before it and since.
func (f *facts) setApart() {
	for _, g := range f.groups {
		if d := f.decide(g); d.idle == 0 || d.refused+d.tls+d.open == 0 || d.targets == nil {
			continue
		}
		of, ok := f.timesApart(g)
		if !ok {
			continue
		}
		if f.rows == nil {
			f.rows = slices.Clone(f.failures())
		}
		f.rows = f.rowsApart(g, of)
	}
}

// both are the failed connections of a target that were idle, and the others.
type both struct {
	idle, others during
	taken, rows  int64 // idle ones that rows have got, of those of so many failures
}

// during counts failures, from the first minute to the last that has any.
type during struct {
	n           int64
	first, last time.Time
}

func (d *during) add(n int64, minute time.Time) {
	if n == 0 {
		return
	}
	if d.n == 0 {
		d.first = minute
	}
	d.n, d.last = d.n+n, minute
}

// clipped is a part of a row's failures, that came at its times.
func (d during) clipped(row Failure, n int64, apart apartness) Failure {
	row.Count, row.Quick, row.Apart = n, min(row.Quick, n), apart
	if d.first.After(row.First) {
		row.First = d.first
	}
	if end := d.last.Add(time.Minute - time.Microsecond); end.Before(row.Last) {
		row.Last = end
	}
	return row
}

// timesApart are the failed connections of a group by target; minutes are told which of theirs were idle. ok is false if some
// minute has more of them than idle connections can be, or the last ones have at least half as many as there were while others
// failed: then the metrics lack them.
func (f *facts) timesApart(g *Group) (of map[string]*both, ok bool) {
	of = map[string]*both{}
	var others during // of all targets
	since := int64(0) // idle ones after these
	periods := f.periods(g)
	for _, m := range f.minutes[g.ARN] {
		c, _ := periods[m.Minute.UTC().Truncate(f.period())].divide(false)
		idle := c.idle > 0 // and then all are
		if idle && manyOf(m.Reasons["Target_Connection_Error"], m.Requests) {
			return nil, false
		}
		for target, n := range m.Unconnected {
			if of[target] == nil {
				of[target] = &both{}
			}
			if idle {
				of[target].idle.add(n, m.Minute)
			} else {
				of[target].others.add(n, m.Minute)
			}
		}
		if n := m.Reasons["Target_Connection_Error"]; idle {
			m.Idle, since = n, since+n
		} else if n > 0 {
			others.add(n, m.Minute)
			since = 0
		}
	}
	long := others.last.Sub(others.first) + time.Minute
	rest := f.logsEnd().Sub(others.last) - time.Minute
	return of, since < 3 || 2*float64(since)*long.Minutes() < float64(others.n)*rest.Minutes()
}

// rowsApart are all rows, with those of failed connections of a group divided, in proportion to what its targets have of both.
func (f *facts) rowsApart(g *Group, of map[string]*both) (rows []Failure) {
	for _, row := range f.rows {
		b := of[row.Target]
		if row.Group != g.ARN || row.Reason != "Target_Connection_Error" || b == nil {
			rows = append(rows, row)
			continue
		}
		all := b.idle.n + b.others.n
		b.rows += row.Count
		idle := min(row.Count, (b.rows*b.idle.n+all/2)/all-b.taken)
		b.taken += idle
		if idle > 0 {
			rows = append(rows, b.idle.clipped(row, idle, idleApart))
		}
		if idle < row.Count {
			rows = append(rows, b.others.clipped(row, row.Count-idle, othersApart))
		}
	}
	return rows
}
