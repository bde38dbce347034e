package query

import (
	"cmp"
	"slices"
	"strings"

	"loglens/parse"
)

// failureKey is everything that a report divides failures by, except the client:
// there are as many of those as failures, and of all else a thousandth.
type failureKey struct {
	cellKey
	node, reason int32 // words
	elb, target  int16 // status codes, parse.Absent for none
	class        parse.Class
	source       parse.Source
}

// failureCount is how many failures there were, when the first and the last, in
// microseconds since 1970, and how many of them ended at a wall.
type failureCount struct{ n, first, last, wall10, wall60 int64 }

func (c failureCount) add(o failureCount) failureCount {
	if c.n == 0 {
		return o
	}
	return failureCount{c.n + o.n, min(c.first, o.first), max(c.last, o.last), c.wall10 + o.wall10, c.wall60 + o.wall60}
}

// walls says at which wall the request ended, if at one: 10 to 10.5 s after its
// creation the balancer gives up to connect, and 60 to 61 s after it to wait, unless
// the idle timeout was changed.
func walls(e *parse.Access) (wall10, wall60 int64) {
	created, ok := e.CreationTime()
	switch took := e.Time - created; {
	case !ok:
	case took >= 10e6 && took < 10.5e6:
		return 1, 0
	case took >= 60e6 && took < 61e6:
		return 0, 1
	}
	return 0, 0
}

// fail counts a failing request.
func (t *traffic) fail(e *parse.Access, v verdict, node []byte) {
	k := failureKey{
		cellKey{t.step(e.Time), t.route(e)}, t.intern(node), t.intern(v.why),
		int16(e.ELBStatus), int16(e.TargetStatus), v.class, v.source,
	}
	wall10, wall60 := walls(e)
	t.failing[k] = t.failing[k].add(failureCount{1, e.Time, e.Time, wall10, wall60})
}

// sortedFailures returns the keys in an order that does not depend on how the
// work was divided.
func (t *traffic) sortedFailures() []failureKey {
	keys := make([]failureKey, 0, len(t.failing))
	for k := range t.failing {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b failureKey) int {
		if c := t.compare(a.cellKey, b.cellKey); c != 0 { // cmp.Or would compare the words all the same
			return c
		}
		return cmp.Or(strings.Compare(t.word[a.node], t.word[b.node]),
			strings.Compare(t.word[a.reason], t.word[b.reason]), cmp.Compare(a.elb, b.elb),
			cmp.Compare(a.target, b.target), cmp.Compare(a.class, b.class), cmp.Compare(a.source, b.source))
	})
	return keys
}
