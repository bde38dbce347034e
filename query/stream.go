package query

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"loglens/ingest"
	"loglens/parse"
)

// reading is what the scans of one statement share: the objects that were
// listed for it, and what became of them.
type reading struct {
	ctx     context.Context
	cancel  context.CancelFunc
	objects []*ingest.Object
	broken  map[int32]error // objects that are known to be unreadable
	count   bool            // requests are counted, since nothing else does
	// taken are the kinds that something accounts for already. Each kind is accounted
	// for by the first scan that wants it, and what nobody wants by the first of all.
	taken ingest.KindSet

	mu      sync.Mutex
	streams []interface{ stop() error }
	cause   firstError
	torn    map[int32]error // why objects broke after some of their rows were out
}

// stop ends all scans of the statement, those included that DuckDB did not want
// to its end.
func (r *reading) stop() {
	r.cancel()
	for _, s := range r.streams {
		_ = s.stop() // nothing more is wanted of them
	}
}

// firstError is what ended a reading, told better than DuckDB passes it on.
type firstError struct {
	mu  sync.Mutex
	err error
}

// keep keeps the first error, and returns err for DuckDB.
func (f *firstError) keep(err error) error {
	if err != nil {
		f.mu.Lock()
		if f.err == nil {
			f.err = err
		}
		f.mu.Unlock()
	}
	return err
}

// tear notes that the rows of an object that are out already must not count.
func (r *reading) tear(object int32, why error) {
	r.mu.Lock()
	r.torn[object] = why
	r.mu.Unlock()
}

// streamed returns the scan of a relation that reads the sources: the entries of
// some kinds, turned into rows by a function that each thread makes anew. The
// first scan of these kinds in a statement is the one that is accounted for.
func streamed[T any](s *Store, kinds ingest.KindSet, row func(first bool) func(*worker, *ingest.Object) T) func() func(columnSet) reader[T] {
	return func() func(columnSet) reader[T] {
		r := s.running
		feed := ingest.Serve(r.ctx, chosen(r.objects, kinds), s.in.Workers)
		idle := new(atomic.Int32)
		r.mu.Lock()
		mine := kinds &^ r.taken
		record := mine != 0
		if r.taken == 0 {
			mine |= ^s.read
		}
		r.taken |= kinds
		r.mu.Unlock()
		return func(columnSet) reader[T] {
			w := newWorker(s, kinds, mine)
			w.idle = idle
			st := &stream[T]{reading: r, worker: w, feed: feed, row: row(record), record: record}
			r.mu.Lock()
			r.streams = append(r.streams, st)
			r.mu.Unlock()
			return st
		}
	}
}

// chosen returns the objects that can hold entries of some kinds.
func chosen(objects []*ingest.Object, kinds ingest.KindSet) (some []*ingest.Object) {
	for _, o := range objects {
		if o.Name.Kind == parse.KindUnknown || kinds.Has(o.Name.Kind) {
			some = append(some, o)
		}
	}
	return some
}

// stream is one thread's part of a scan of the sources.
type stream[T any] struct {
	reading *reading
	worker  *worker
	feed    *ingest.Feed
	row     func(*worker, *ingest.Object) T
	record  bool

	object *ingest.Object // at hand, or nil
	opened bool           // its text is
	out    int64          // its rows that DuckDB has
	ended  bool           // there are no more objects
}

func (s *stream[T]) next() (row T, ok bool, err error) {
	for {
		if s.object == nil && !s.take() {
			return row, false, s.reading.cause.keep(s.finish())
		}
		if err = s.step(); err == nil {
			s.out++
			return s.row(s.worker, s.object), true, nil
		}
		if err = s.end(err); err != nil {
			return row, false, s.reading.cause.keep(err)
		}
	}
}

// take receives the next object; false if there is none.
func (s *stream[T]) take() (ok bool) {
	if s.object, ok = <-s.feed.Objects(); !ok && !s.ended {
		s.ended = true
		s.worker.idle.Add(1)
	}
	s.opened, s.out = false, 0
	return ok
}

// errEnd says that an object has ended well. It is not io.EOF, which an error of
// the network may wrap.
var errEnd = errors.New("end of the object")

// step goes to the next entry that is wanted. errEnd says that the object has
// ended well, any other error that it did not.
func (s *stream[T]) step() error {
	w := s.worker
	if !s.opened {
		if err := s.reading.broken[s.object.ID]; err != nil {
			return err
		}
		if err := w.begin(s.reading.ctx, s.object); err != nil {
			return err
		}
		s.opened = true
	}
	for w.scanner.Scan() {
		if wanted, err := w.line(s.object); wanted || err != nil {
			return err
		}
	}
	if err := w.scanner.Err(); err != nil {
		return err
	}
	return errEnd
}

// end commits the object at hand if it ended well. Otherwise it is started
// afresh, if that is worth it, or given up. An error ends the statement.
func (s *stream[T]) end(why error) (err error) {
	w, o := s.worker, s.object
	whole := errors.Is(why, errEnd)
	switch {
	case s.reading.ctx.Err() != nil:
		return context.Cause(s.reading.ctx)
	case whole && s.record:
		err = w.commit(o)
	case whole:
		w.rollback()
	case s.out > 0 && !errors.As(why, new(*ownError)):
		w.rollback()
		s.reading.tear(o.ID, why)
	default:
		var again bool
		if again, err = w.retry(s.reading.ctx, o, why); again {
			s.opened = false
			return nil
		}
	}
	return errors.Join(err, s.stop())
}

// finish hands over what was gathered, at the end of the feed.
func (s *stream[T]) finish() error {
	if err := context.Cause(s.reading.ctx); err != nil {
		return err
	}
	if err := s.feed.Err(); err != nil {
		return err
	}
	return s.worker.finish()
}

// stop closes the object at hand.
func (s *stream[T]) stop() error {
	s.worker.text.Stop()
	if s.out > 0 {
		s.worker.store.gave.Store(true)
	}
	o := s.object
	s.object = nil
	if o == nil {
		return nil
	}
	return o.Close()
}
