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

// failureCount is how many failures there were, and when the first and the last,
// in microseconds since 1970.
type failureCount struct{ n, first, last int64 }

func (c failureCount) add(o failureCount) failureCount {
	if c.n == 0 {
		return o
	}
	return failureCount{c.n + o.n, min(c.first, o.first), max(c.last, o.last)}
}

// fail counts a failing request.
func (t *traffic) fail(e *parse.Access, v verdict, node []byte) {
	k := failureKey{
		cellKey{minuteOf(e), t.route(e)}, t.intern(node), t.intern(v.why),
		int16(e.ELBStatus), int16(e.TargetStatus), v.class, v.source,
	}
	t.failing[k] = t.failing[k].add(failureCount{1, e.Time, e.Time})
}

// intern returns the id of a word.
func (t *traffic) intern(b []byte) int32 {
	if id, ok := t.words[string(b)]; ok {
		return id
	}
	id := int32(len(t.word))
	t.word = append(t.word, string(b))
	t.words[t.word[id]] = id
	return id
}

// sortedFailures returns the keys in an order that does not depend on how the
// work was divided.
func (t *traffic) sortedFailures() []failureKey {
	keys := make([]failureKey, 0, len(t.failing))
	for k := range t.failing {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b failureKey) int {
		return cmp.Or(t.compare(a.cellKey, b.cellKey), strings.Compare(t.word[a.node], t.word[b.node]),
			strings.Compare(t.word[a.reason], t.word[b.reason]), cmp.Compare(a.elb, b.elb),
			cmp.Compare(a.target, b.target), cmp.Compare(a.class, b.class), cmp.Compare(a.source, b.source))
	})
	return keys
}
