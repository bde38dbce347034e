package demo

import (
	"slices"
	"time"
)

// Tally is what Count counts under one key. Clients, Targets, First and Last
// are of the failures only.
type Tally struct {
	Requests    int
	Failures    int
	Clients     int // distinct client addresses
	Targets     int // distinct targets; an absent target is none
	First, Last time.Time
}

// Count is the obvious way to count: one pass over all requests. It takes
// those with from ≤ Time < until (a zero bound is open) that keep keeps (nil
// keeps all) and tallies them under key.
func (t *Truth) Count(from, until time.Time, keep func(*Request) bool, key func(*Request) string) map[string]Tally {
	type sets struct{ clients, targets map[string]bool }
	tallies := map[string]Tally{}
	seen := map[string]sets{}
	for i := range t.Requests {
		r := &t.Requests[i]
		if !within(r.Time, from, until) || keep != nil && !keep(r) {
			continue
		}
		k := key(r)
		tally := tallies[k]
		tally.Requests++
		if r.Failed() {
			s, ok := seen[k]
			if !ok {
				s = sets{clients: map[string]bool{}, targets: map[string]bool{}}
				seen[k] = s
			}
			s.clients[r.Client] = true
			if r.Target != "" {
				s.targets[r.Target] = true
			}
			tally.Failures++
			tally.Clients, tally.Targets = len(s.clients), len(s.targets)
			if tally.First.IsZero() || r.Time.Before(tally.First) {
				tally.First = r.Time
			}
			if r.Time.After(tally.Last) {
				tally.Last = r.Time
			}
		}
		tallies[k] = tally
	}
	return tallies
}

// Account is what a reader of some of the objects must account for:
// Lines = Parsed + Rejected + Skipped.
type Account struct {
	Objects  int
	Lines    int
	Parsed   int // in the window
	Rejected int // damaged, in or out of the window
	Skipped  int // out of the window
	Bytes    int64
	Stored   int64
}

// Account accounts for the objects of the kinds (none named: the request logs)
// that read chooses (nil chooses all) under a window with from ≤ Time < until
// (a zero bound is open).
func (t *Truth) Account(from, until time.Time, read func(*Object) bool, kinds ...Kind) Account {
	if kinds == nil {
		kinds = []Kind{KindAccess, KindClassic}
	}
	var a Account
	chosen := make([]bool, len(t.Objects))
	for i := range t.Objects {
		o := &t.Objects[i]
		if !slices.Contains(kinds, o.Kind) || o.Kind == KindTestFile || read != nil && !read(o) {
			continue
		}
		chosen[i] = true
		a.Objects++
		a.Lines += o.Lines
		a.Rejected += o.Damaged
		a.Bytes += o.Bytes
		a.Stored += o.Stored
	}
	count := func(at time.Time, object int32) {
		switch {
		case !chosen[object]:
		case within(at, from, until):
			a.Parsed++
		default:
			a.Skipped++
		}
	}
	for i := range t.Requests {
		count(t.Requests[i].Time, t.Requests[i].Object)
	}
	for i := range t.Connections {
		count(t.Connections[i].Time, t.Connections[i].Object)
	}
	for i := range t.Checks {
		count(t.Checks[i].Time, t.Checks[i].Object)
	}
	for i := range t.TLS {
		count(t.TLS[i].Time, t.TLS[i].Object)
	}
	return a
}

// within reports whether t lies in the half-open window; a zero bound is open.
func within(t, from, until time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until))
}
