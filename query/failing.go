package query

import (
	"cmp"
	"maps"
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
// microseconds since 1970, of how many it is known how long the request took, and how
// many of those ended at a wall.
type failureCount struct{ n, first, last, timed, wall10, wall60 int64 }

func (c failureCount) add(o failureCount) failureCount {
	if c.n == 0 {
		return o
	}
	return failureCount{c.n + o.n, min(c.first, o.first), max(c.last, o.last), c.timed + o.timed, c.wall10 + o.wall10, c.wall60 + o.wall60}
}

// measure notes at which wall the request ended, if at one: 10 to 10.5 s after its
// creation the balancer gives up to connect, and 60 to 61 s after it to wait, unless
// the idle timeout was changed. A log that does not say when the request was created,
// such as a classic balancer's, leaves it open.
func (c *failureCount) measure(e *parse.Access) {
	created, ok := e.CreationTime()
	if !ok {
		return
	}
	c.timed = 1
	switch took := e.Time - created; {
	case took >= 10e6 && took < 10.5e6:
		c.wall10 = 1
	case took >= 60e6 && took < 61e6:
		c.wall60 = 1
	}
}

// fail counts a failing request.
func (t *traffic) fail(e *parse.Access, v verdict, node []byte) {
	k := failureKey{
		cellKey{t.step(e.Time), t.route(e)}, t.intern(node), t.intern(v.why),
		int16(e.ELBStatus), int16(e.TargetStatus), v.class, v.source,
	}
	c := failureCount{n: 1, first: e.Time, last: e.Time}
	c.measure(e)
	t.failing[k] = t.failing[k].add(c)
}

// sortedFailures returns the keys in an order that does not depend on how the
// work was divided.
func (t *traffic) sortedFailures() []failureKey {
	return slices.SortedFunc(maps.Keys(t.failing), func(a, b failureKey) int {
		if c := t.compare(a.cellKey, b.cellKey); c != 0 { // cmp.Or would compare the words all the same
			return c
		}
		return cmp.Or(strings.Compare(t.word[a.node], t.word[b.node]),
			strings.Compare(t.word[a.reason], t.word[b.reason]), cmp.Compare(a.elb, b.elb),
			cmp.Compare(a.target, b.target), cmp.Compare(a.class, b.class), cmp.Compare(a.source, b.source))
	})
}
