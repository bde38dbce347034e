package query

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"loglens/parse"
)

// nodeKey is a minute of a node of a balancer. The names are words of traffic.
type nodeKey struct {
	minute    int64 // microseconds since 1970
	elb, node int32
}

// nodeCounts is how many requests a node handled, and how many of them failed.
type nodeCounts struct {
	requests int64
	failures [6]int64 // by parse.Class
}

func (c *nodeCounts) add(o *nodeCounts) {
	c.requests += o.requests
	for i := range c.failures {
		c.failures[i] += o.failures[i]
	}
}

// recentNode is where the last line was counted: lines come in long runs of one
// node and minute.
type recentNode struct {
	minute    int64
	elb, node string
	counts    *nodeCounts
}

// minuteOf returns when the minute of a time begins, in microseconds since 1970.
func minuteOf(us int64) int64 { return floor(us, minute) }

// countNode counts a request at the node that handled it.
func (t *traffic) countNode(e *parse.Access, node []byte) {
	elb, minute := e.Text(parse.FieldELB), minuteOf(e.Time)
	r := &t.recentNode
	if r.counts == nil || r.minute != minute || r.elb != string(elb) || r.node != string(node) {
		k := nodeKey{minute, t.intern(elb), t.intern(node)}
		*r = recentNode{minute, t.word[k.elb], t.word[k.node], t.atNode(k)}
	}
	r.counts.requests++
}

// failNode counts a failing request at the node that handled it.
func (t *traffic) failNode(e *parse.Access, v verdict, node []byte) {
	t.atNode(nodeKey{minuteOf(e.Time), t.intern(e.Text(parse.FieldELB)), t.intern(node)}).failures[v.class]++
}

func (t *traffic) atNode(k nodeKey) *nodeCounts {
	c := t.nodes[k]
	if c == nil {
		c = new(nodeCounts)
		t.nodes[k] = c
	}
	return c
}

// sortedNodes returns the keys in an order that does not depend on how the work
// was divided.
func (t *traffic) sortedNodes() []nodeKey {
	return slices.SortedFunc(maps.Keys(t.nodes), func(a, b nodeKey) int {
		if c := cmp.Compare(a.minute, b.minute); c != 0 { // cmp.Or would compare the words all the same
			return c
		}
		return cmp.Or(strings.Compare(t.word[a.elb], t.word[b.elb]), strings.Compare(t.word[a.node], t.word[b.node]))
	})
}
