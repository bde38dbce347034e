package query

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"loglens/parse"
)

// traffic counts every request, by time and by the way it took through the
// balancer. It is what failures are divided by.
type traffic struct {
	grain       grain
	first, last int64 // of all that was counted, in microseconds; last < first if nothing was
	from, until int64 // the step of the last line

	*interned // what keys are made of
	cells     map[cellKey]*counts
	failing   map[failureKey]failureCount
	nodes     map[nodeKey]*nodeCounts

	free []*counts // of earlier objects
	fold dense     // for counts.samples

	// Lines of one object take few routes, in turn, and stay in one step
	// for thousands of lines: recent is the cell of each route's last line.
	recent     []recentCell
	recentNode recentNode
}

type cellKey struct {
	start int64 // of the step, microseconds since 1970
	route int32
}

type recentCell struct {
	start  int64
	counts *counts
}

// counts is what is known of the requests of one step and route.
type counts struct {
	requests       int64
	failures       [6]int64 // by parse.Class
	status         [6]int64 // by the first digit of elb_status_code; 0 for none and 000
	received, sent int64    // bytes
	first, last    int64    // microseconds since 1970
	latency        latency  // of target_processing_time, where the target answered
	samples        []uint16 // buckets that are not yet in latency
}

// samplesAtOnce is how many samples a cell gathers before they are counted.
const samplesAtOnce = 512

func newTraffic(g grain, n *interned) *traffic {
	t := &traffic{
		grain: g, interned: n,
		cells: map[cellKey]*counts{}, failing: map[failureKey]failureCount{}, nodes: map[nodeKey]*nodeCounts{},
	}
	t.reset()
	return t
}

// cell returns the counts that a line belongs to.
func (t *traffic) cell(e *parse.Access) *counts {
	id := t.route(e)
	start := t.step(e.Time)
	for int(id) >= len(t.recent) {
		t.recent = append(t.recent, recentCell{})
	}
	r := &t.recent[id]
	if r.counts == nil || r.start != start {
		*r = recentCell{start, t.at(cellKey{start, id})}
	}
	return r.counts
}

// step returns when the step begins in which a time lies.
func (t *traffic) step(us int64) int64 {
	if us < t.from || us >= t.until {
		t.reach(us, us)
		t.from, t.until = t.grain.step(us)
	}
	return t.from
}

// reach makes room for what was counted from first to last.
func (t *traffic) reach(first, last int64) {
	t.first, t.last = min(t.first, first), max(t.last, last)
	if t.grain.reach(t.first, t.last) {
		t.coarsen()
	}
}

// coarsen adds the counts of steps that have become one.
func (t *traffic) coarsen() {
	t.from, t.until = 0, 0
	clear(t.recent)
	for k, c := range t.cells {
		if to := t.grain.inStep(k); to != k {
			t.settle(c)
			t.at(to).add(c)
			t.release(c)
			delete(t.cells, k)
		}
	}
	for k, c := range t.failing {
		to := k
		if to.cellKey = t.grain.inStep(k.cellKey); to != k {
			t.failing[to] = t.failing[to].add(c)
			delete(t.failing, k)
		}
	}
}

// inStep is the key that a finer one has become part of.
func (g grain) inStep(k cellKey) cellKey {
	k.start, _ = g.step(k.start)
	return k
}

func (t *traffic) at(k cellKey) *counts {
	c := t.cells[k]
	if c == nil {
		c = t.fresh()
		t.cells[k] = c
	}
	return c
}

func (t *traffic) fresh() *counts {
	n := len(t.free)
	if n == 0 {
		return new(counts)
	}
	c := t.free[n-1]
	t.free = t.free[:n-1]
	*c = counts{samples: c.samples[:0]}
	return c
}

func (t *traffic) count(c *counts, e *parse.Access) {
	if c.requests == 0 {
		c.first, c.last = e.Time, e.Time
	}
	c.first, c.last = min(c.first, e.Time), max(c.last, e.Time)
	c.requests++
	if d := e.ELBStatus / 100; d > 0 && d < len(c.status) {
		c.status[d]++
	} else {
		c.status[0]++
	}
	c.received += max(e.Received, 0)
	c.sent += max(e.Sent, 0)
}

// time counts how long the target took, where it answered: only then has it a status.
// Without one the time is how long it took to break off, or, for a listener that does
// not speak HTTP, to be connected.
func (t *traffic) time(c *counts, e *parse.Access) {
	if e.TargetStatus == parse.Absent {
		return
	}
	if us := e.Micros(parse.FieldTargetTime); us != parse.Absent {
		c.samples = append(c.samples, uint16(bucketOf(us)))
		if len(c.samples) == samplesAtOnce {
			t.settle(c)
		}
	}
}

// settle counts the samples of a cell.
func (t *traffic) settle(c *counts) {
	if len(c.samples) == 0 {
		return
	}
	c.latency = c.latency.add(t.fold.count(c.samples))
	c.samples = c.samples[:0]
}

// merge adds what o has counted under the same names, and leaves o empty.
func (t *traffic) merge(o *traffic) {
	if o.first <= o.last {
		t.reach(o.first, o.last)
	}
	for k, c := range o.cells {
		o.settle(c)
		t.at(t.grain.inStep(k)).add(c)
	}
	for k, c := range o.failing {
		k.cellKey = t.grain.inStep(k.cellKey)
		t.failing[k] = t.failing[k].add(c)
	}
	for k, c := range o.nodes {
		t.atNode(k).add(c)
	}
	o.reset()
}

func (c *counts) add(o *counts) {
	if c.requests == 0 {
		c.first, c.last = o.first, o.last
	}
	c.first, c.last = min(c.first, o.first), max(c.last, o.last)
	c.latency = c.latency.add(o.latency)
	c.requests += o.requests
	for i := range c.failures {
		c.failures[i] += o.failures[i]
		c.status[i] += o.status[i]
	}
	c.received += o.received
	c.sent += o.sent
}

// freeCounts is how many cells are kept for the next object.
const freeCounts = 500

// reset forgets the counts.
func (t *traffic) reset() {
	for _, c := range t.cells {
		t.release(c)
	}
	t.first, t.last, t.from, t.until = math.MaxInt64, math.MinInt64, 0, 0
	clear(t.cells)
	clear(t.failing)
	clear(t.nodes)
	clear(t.recent)
	t.recentNode = recentNode{}
}

func (t *traffic) release(c *counts) {
	if len(t.free) < freeCounts {
		t.free = append(t.free, c)
	}
}

// sorted returns the keys of all cells in an order that does not depend on how
// the work was divided.
func (t *traffic) sorted() []cellKey { return slices.SortedFunc(maps.Keys(t.cells), t.compare) }

func (t *traffic) compare(a, b cellKey) int {
	switch {
	case a.start != b.start:
		return cmp.Compare(a.start, b.start)
	case a.route == b.route:
		return 0
	}
	x, y := &t.raw[a.route], &t.raw[b.route]
	return cmp.Or(strings.Compare(x.elb, y.elb), strings.Compare(x.group, y.group), strings.Compare(x.target, y.target))
}
