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
	requests bool
	entries  [parse.KindClassic + 1]*spool // nil for what is not kept
}

// newKeeping keeps entries in memory and in temporary files in dir.
func newKeeping(dir string, requests bool) *keeping {
	k := &keeping{requests: requests}
	for kind := parse.KindAccess; kind <= parse.KindClassic; kind++ {
		if !requestKinds.Has(kind) || requests && kind == parse.KindAccess {
			k.entries[kind] = &spool{budget: spoolBudget, dir: dir}
		}
	}
	return k
}

// spool is where entries of a kind are kept, nil if they are not. All requests
// are kept together.
func (k *keeping) spool(kind parse.Kind) *spool {
	if kind == parse.KindClassic {
		kind = parse.KindAccess
	}
	return k.entries[kind]
}

// each does something with all spools.
func (k *keeping) each(do func(*spool) error) error {
	if k == nil {
		return nil
	}
	var errs []error
	for _, s := range k.entries {
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
	keeping *keeping
	entries [parse.KindClassic + 1]*spooler
	minutes map[minuteKey]minuteCount // of the object at hand
	recent  minuteKey                 // of the last entry, not yet in minutes
	n       minuteCount
	elbs    map[string]string
}

// minuteKey is a minute of a log of a load balancer.
type minuteKey struct {
	minute int64 // since 1970
	kind   parse.Kind
	elb    string
}

// minuteCount is how many entries there were, and how many with unknown fields.
type minuteCount struct{ parsed, extended int64 }

func (k *keeping) keeper() *keeper {
	w := &keeper{keeping: k, minutes: map[minuteKey]minuteCount{}, elbs: map[string]string{}}
	for kind, s := range k.entries {
		if s != nil {
			w.entries[kind] = &spooler{spool: s}
		}
	}
	return w
}

// add keeps the scanner's entry if it is of a log that is kept.
func (k *keeper) add(o *ingest.Object, s *parse.Scanner) error {
	if k == nil {
		return nil
	}
	kind := s.Kind()
	if kind == parse.KindClassic {
		kind = parse.KindAccess
	}
	to := k.entries[kind]
	if to == nil {
		return nil
	}
	r := record{object: o.ID, kind: s.Kind(), line: s.Line()}
	if e := s.Access(); e != nil {
		r.raw = e.Raw()
	} else {
		r.raw = s.Entry().Raw()
	}
	return to.add(r)
}

// count counts an entry. Entries come in long runs of one minute and balancer.
func (k *keeper) count(kind parse.Kind, at int64, elb []byte, extended bool) {
	if k == nil {
		return
	}
	minute := floorMinute(at)
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
	for _, s := range k.entries {
		if s != nil {
			s.rollback()
		}
	}
}

// flush hands the last committed entries over.
func (k *keeper) flush() error {
	if k == nil {
		return nil
	}
	var errs []error
	for _, s := range k.entries {
		if s != nil {
			errs = append(errs, s.flush())
		}
	}
	return errors.Join(errs...)
}

// keepCounts commits what is kept of an object, and writes its own counts.
func (w *worker) keepCounts(o *ingest.Object) error {
	for _, s := range w.kept.entries {
		if s != nil {
			s.commit()
		}
	}
	for _, c := range w.traffic.cells {
		w.traffic.settle(c)
	}
	err := errors.Join(w.store.appendTraffic(w.traffic, o.ID), w.store.appendMinutes(w.kept, o.ID))
	w.traffic.reset()
	return err
}

// appendMinutes writes how many entries the object at hand has, and empties the counts.
func (s *Store) appendMinutes(k *keeper, object int32) error {
	k.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	minutes, err := s.appender(&s.appenders.minutes, "entry_minute")
	if err != nil {
		return err
	}
	for key, n := range k.minutes {
		err := minutes.AppendRow(micros(key.minute*60e6), key.kind.String(), filled(key.elb), n.parsed, n.extended, object)
		if err != nil {
			return fmt.Errorf("append to entry_minute: %w", err)
		}
	}
	clear(k.minutes)
	return nil
}

// registerKept makes relations of what is kept.
func (s *Store) registerKept(exec func(string) error) error {
	var errs []error
	if s.keeping.requests {
		errs = append(errs, newKeptRequests(s, "request", s.keeping.spool(parse.KindAccess)).register(s, exec))
	}
	for name, kind := range entryRelations {
		r := newEntries(s, name, kind)
		kept := s.keeping.spool(kind)
		r.size, r.scan = kept.rows, keptEntries(s, kept)
		errs = append(errs, r.register(s, exec))
	}
	return errors.Join(append(errs, newFailure(s).register(s, exec), newReject(s).register(s, exec))...)
}

// keptEntries reads the entries of a log again.
func keptEntries(s *Store, from *spool) func() func() reader[*entry] {
	return kept(from, func() func(record) (*entry, error) {
		var p parse.Parser
		row := new(entry)
		return func(r record) (*entry, error) {
			e := p.Entry(r.raw)
			if e == nil {
				return nil, errUnreadable
			}
			name := s.name(r.object)
			*row = entry{e, r.object, r.line, name.Node, name.LoadBalancer, s.uri(r.object)}
			return row, nil
		}
	})
}
