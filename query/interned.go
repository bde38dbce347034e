package query

import (
	"database/sql/driver"
	"encoding/binary"

	"loglens/parse"
)

// interned numbers what counts are kept by: routes, and words that are no part of one.
// A worker's counts of one object and of all share theirs.
type interned struct {
	routes map[string]int32 // by the parts, joined by NUL
	raw    []route          // by number, as the lines have it
	key    []byte
	known  [knownRoutes]int32

	words map[string]int32 // reasons, nodes and balancers
	word  []string         // by number
}

// knownRoutes is how many routes are found without the map.
const (
	knownBits   = 8
	knownRoutes = 1 << knownBits
)

// route is the way of a request: which balancer, target group and target.
// Empty means absent.
type route struct {
	elb, group, target string
	values             routeValues
}

// routeValues are the parts of a route, and the group's name, as an appender takes them.
type routeValues struct{ elb, group, name, target driver.Value }

func newRoute(elb, group, target []byte) route {
	r := route{elb: string(elb), group: string(group), target: string(target)}
	r.values = routeValues{filled(r.elb), filled(r.group), filled(string(groupName(group))), filled(r.target)}
	return r
}

func newInterned() *interned { return &interned{routes: map[string]int32{}, words: map[string]int32{}} }

// routeLimit is how many routes, and how many words, a worker remembers from
// object to object.
const routeLimit = 10_000

// full reports whether there are more names than are worth remembering.
func (n *interned) full() bool { return len(n.raw) > routeLimit || len(n.word) > routeLimit }

// forgetMany drops all names if they are too many. No count may be kept by one.
func (n *interned) forgetMany() {
	if n.full() {
		*n = *newInterned()
	}
}

// route interns the line's route. Most lines take one of a few dozen, and find
// it without building a key.
func (n *interned) route(e *parse.Access) int32 {
	elb, group, target := e.Text(parse.FieldELB), e.Text(parse.FieldTargetGroup), e.Text(parse.FieldTarget)
	known := &n.known[slot(group, target)]
	if int(*known) < len(n.raw) {
		if r := &n.raw[*known]; r.elb == string(elb) && r.group == string(group) && r.target == string(target) {
			return *known
		}
	}
	n.key = append(n.key[:0], elb...)
	n.key = append(n.key, 0)
	n.key = append(n.key, group...)
	n.key = append(n.key, 0)
	n.key = append(n.key, target...)
	id, ok := n.routes[string(n.key)]
	if !ok {
		id = int32(len(n.raw))
		n.raw = append(n.raw, newRoute(elb, group, target))
		n.routes[string(n.key)] = id
	}
	*known = id
	return id
}

// slot spreads routes by the ends of their names, where they differ.
func slot(group, target []byte) int {
	h := uint64(len(target))
	if n := len(target); n >= 8 {
		h += binary.LittleEndian.Uint64(target[n-8:])
	}
	if n := len(group); n > 0 {
		h += uint64(group[n-1]) << 8
	}
	return int(h * 0x9e3779b97f4a7c15 >> (64 - knownBits)) // the upper bits depend on all others
}

// intern returns the id of a word.
func (n *interned) intern(b []byte) int32 {
	if id, ok := n.words[string(b)]; ok {
		return id
	}
	id := int32(len(n.word))
	n.word = append(n.word, string(b))
	n.words[n.word[id]] = id
	return id
}
