package query

import (
	"errors"
	"fmt"

	"loglens/ingest"
	"loglens/parse"
)

// keeping is what is gathered of a batch of objects for the store on disk, beside
// what an answer gathers: the entries of the other logs, and whole requests if
// they are wanted.
type keeping struct {
	entries  [parse.KindClassic + 1]*spool // nil for what is not kept
	requests *spool                        // nil if they are not kept
}

// newKeeping keeps entries in memory and in temporary files in dir.
func newKeeping(dir string, requests bool) *keeping {
	k := &keeping{}
	for _, kind := range entryRelations {
		k.entries[kind] = &spool{budget: spoolBudget, dir: dir}
	}
	if requests {
		k.requests = &spool{budget: spoolBudget, dir: dir}
	}
	return k
}

// each does something with all spools.
func (k *keeping) each(do func(*spool) error) error {
	if k == nil {
		return nil
	}
	var errs []error
	for _, s := range append(k.entries[:], k.requests) {
		if s != nil {
			errs = append(errs, do(s))
		}
	}
	return errors.Join(errs...)
}

func (k *keeping) close() error { return k.each((*spool).close) }
func (k *keeping) empty() error { return k.each((*spool).empty) }

// keeper is a worker's part of keeping. All methods of a nil keeper do nothing.
type keeper struct {
	entries [parse.KindClassic + 1]*spooler // nil for what is not kept
	whole   *spooler                        // of requests; nil if they are not kept
	minutes map[minuteKey]minuteCount       // of the object at hand
	recent  minuteKey                       // of the last entry, not yet in minutes
	n       minuteCount
	elbs    map[string]string
}

// minuteKey is a minute of a log of a load balancer.
type minuteKey struct {
	minute int64 // microseconds since 1970
	kind   parse.Kind
	elb    string
}

// minuteCount is how many entries there were, and how many with unknown fields.
type minuteCount struct{ parsed, extended int64 }

func (k *keeping) keeper() *keeper {
	w := &keeper{minutes: map[minuteKey]minuteCount{}, elbs: map[string]string{}}
	for kind, s := range k.entries {
		if s != nil {
			w.entries[kind] = &spooler{spool: s, apart: true}
		}
	}
	if k.requests != nil {
		w.whole = &spooler{spool: k.requests, apart: true}
	}
	return w
}

// spoolers are all that there are.
func (k *keeper) spoolers() (list []*spooler) {
	if k == nil {
		return nil
	}
	for _, s := range append(k.entries[:], k.whole) {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// entry keeps the scanner's entry if it is of a log that is kept.
func (k *keeper) entry(o *ingest.Object, s *parse.Scanner) error {
	if k == nil || k.entries[s.Kind()] == nil {
		return nil
	}
	e := s.Entry()
	return k.entries[s.Kind()].add(record{object: o.ID, kind: s.Kind(), line: s.Line(), at: e.Time, raw: e.Raw()})
}

// requests reports whether all requests are kept.
func (k *keeper) requests() bool { return k != nil && k.whole != nil }

// request keeps a request if all are kept.
func (k *keeper) request(r record) error {
	if !k.requests() {
		return nil
	}
	return k.whole.add(r)
}

// count counts an entry. Entries come in long runs of one minute and balancer.
func (k *keeper) count(kind parse.Kind, at int64, elb []byte, extended bool) {
	if k == nil {
		return
	}
	minute := minuteOf(at)
	if k.n.parsed == 0 || minute != k.recent.minute || kind != k.recent.kind || string(elb) != k.recent.elb {
		k.settle()
		name, ok := k.elbs[string(elb)]
		if !ok {
			name = string(elb)
			if len(k.elbs) < routeLimit {
				k.elbs[name] = name
			}
		}
		k.recent = minuteKey{minute, kind, name}
	}
	k.n.parsed++
	if extended {
		k.n.extended++
	}
}

// settle puts the run at hand into minutes.
func (k *keeper) settle() {
	if k.n.parsed > 0 {
		c := k.minutes[k.recent]
		k.minutes[k.recent] = minuteCount{c.parsed + k.n.parsed, c.extended + k.n.extended}
		k.n = minuteCount{}
	}
}

func (k *keeper) rollback() {
	if k == nil {
		return
	}
	k.n = minuteCount{}
	clear(k.minutes)
	for _, s := range k.spoolers() {
		s.rollback()
	}
}

// keepCounts commits what is kept of an object, and writes its own counts.
func (w *worker) keepCounts(o *ingest.Object) error {
	for _, s := range w.kept.spoolers() {
		if err := s.commit(); err != nil {
			return err
		}
	}
	for _, c := range w.traffic.cells {
		w.traffic.settle(c)
	}
	err := errors.Join(w.store.appendTraffic(w.traffic, o.ID), w.store.appendMinutes(w.kept, o.ID))
	w.traffic.reset()
	w.traffic.forgetMany()
	return err
}

// appendMinutes writes how many entries the object at hand has, and empties the counts.
func (s *Store) appendMinutes(k *keeper, object int32) error {
	k.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	minutes, err := s.appender("entry_minute")
	if err != nil {
		return err
	}
	for key, n := range k.minutes {
		err := minutes.AppendRow(micros(key.minute), key.kind.String(), filled(key.elb), n.parsed, n.extended, object)
		if err != nil {
			return fmt.Errorf("append to entry_minute: %w", err)
		}
	}
	clear(k.minutes)
	return nil
}
