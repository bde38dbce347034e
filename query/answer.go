package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"loglens/ingest"
	"loglens/parse"
)

// asked is a statement on its way to DuckDB.
type asked struct {
	text      string
	plan      string // what is read, if it is not the text that can be asked for a plan
	args      func() []any
	relations []string // that it names
	count     bool     // requests are to be counted in any case
	grain     grain    // how finely
	many      bool     // there is no telling how many rows or groups there are
	large     bool     // the result may not fit in memory, see Store.result
	// earliest is a statement that finds out from when to when the rows are, see
	// Report.earliest; "" for none. If it is used, all takes how many rows there are.
	earliest string
	all      *int64
	failures held // what it reads of those, if it is not asked for a plan
	// before runs when the tables are filled and before the statement does.
	before func() error
	// rows takes the result. It may be called again, and then all that it was
	// given before counts no more.
	rows func(resultRows) error
}

// ErrDrained says that a question would have to read standard input or a pipe, which an
// earlier question of the same store has read.
var ErrDrained = errors.New("standard input and pipes can be read one time only, and an earlier question has done that")

// answer reads what the statement needs, and runs it.
//
// An object is found to be damaged only at its end, when DuckDB may have its
// rows. Then the statement is run again from the beginning, without the objects
// that cannot be read whole.
func (s *Store) answer(ctx context.Context, q asked) error {
	if s.reader != nil {
		return s.answerFromDisk(ctx, q)
	}
	n, err := s.needs(ctx, cmp.Or(q.plan, q.text), q.args(), q.relations, !q.count)
	if err != nil {
		return err
	}
	n.count.grain, n.count.failures = q.grain, max(n.count.failures, q.failures)
	if err := s.fresh(ctx, n); err != nil {
		return err
	}
	if s.read, s.own = n.kinds(), n.streams; s.filled == 0 {
		s.count, s.failures.held = n.count, n.count.failures
	}
	in, done, err := s.inventory(ctx, n)
	if err != nil {
		return err
	}
	defer done()
	for {
		torn, err := s.attempt(ctx, q, n, in)
		if err != nil || len(torn) == 0 {
			return err
		}
		if err := s.judge(ctx, in, torn); err != nil {
			return err
		}
		if err := s.forget(ctx); err != nil {
			return err
		}
	}
}

// What DuckDB may take, in bytes, with two threads, unless Input.Memory says otherwise.
// Counting takes little; streams bring all rows through it. Beside what a store's answer
// takes, the pages of its file have room in it, which the system keeps as well.
const (
	memoryToCount  = 128_000_000
	memoryToStream = 250_000_000
	memoryFromDisk = 96_000_000
)

// mostThreads is how many threads DuckDB has at most where it reads no sources: more
// take more memory than they save time.
const mostThreads = 8

// answerThreads is how many it has there.
func (s *Store) answerThreads() int { return min(s.in.Workers, mostThreads) }

// manyFailures are so many that a thread alone would take long to read them.
const manyFailures = 250_000

// equip gives DuckDB what a statement needs when the tables are filled: counts are few,
// and further threads for them would take time and memory.
func (s *Store) equip(ctx context.Context, n need, many bool) error {
	threads, memory := 1, int64(memoryToCount)
	switch {
	case n.streams != 0:
		threads = s.in.Workers
	case s.failures.rows() >= manyFailures:
		threads = s.answerThreads()
	}
	if n.streams != 0 || many {
		memory = memoryToStream
	}
	return s.configure(ctx, threads, memory)
}

// inventory is what was listed for a statement. Without streams the listing
// goes on while objects are read, and objects is nil.
type inventory struct {
	objects []*ingest.Object
	broken  map[int32]error // objects that cannot be read whole
}

// inventory lists the objects beforehand if several scans are to share them, or
// if there may be too many.
func (s *Store) inventory(ctx context.Context, n need) (_ *inventory, done func(), err error) {
	in := &inventory{broken: map[int32]error{}}
	if n.listing == 0 && s.in.MaxBytes == 0 {
		return in, func() {}, nil
	}
	if n.readings == 0 {
		return in, func() {}, s.survey(ctx, n)
	}
	sources, done := s.in.Sources, func() {}
	if n.readings > 1 {
		kept := ingest.Keep(sources, s.failures.dir)
		sources, done = kept.Sources(), func() { _ = kept.Close() } // nothing is read of it any more
	}
	in.objects, err = s.list(ctx, sources, n)
	if err == nil && n.readings > 0 {
		err = s.affordable(in.objects)
	}
	if err == nil && n.listing != 0 {
		err = s.appendListing(in.objects)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return in, done, nil
}

// attempt fills the tables and runs the statement. torn are objects whose rows
// were in the result before they turned out to be damaged.
func (s *Store) attempt(ctx context.Context, q asked, n need, in *inventory) (torn map[int32]error, err error) {
	if n.load != 0 && s.filled == 0 {
		if err := s.load(ctx, func(ctx context.Context) *ingest.Feed { return s.feed(ctx, n, in) }, n.load); err != nil {
			return nil, err
		}
		s.filled = n.load
	}
	if err := s.gather(ctx, n, in); err != nil {
		return nil, err
	}
	if err := s.equip(ctx, n, q.many); err != nil {
		return nil, err
	}
	if err := q.before(); err != nil {
		return nil, err
	}
	r := &reading{
		objects: in.objects, broken: in.broken, torn: map[int32]error{},
		taken: n.load, count: q.count && n.load&requestKinds == 0,
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	s.running = r
	s.gave.Store(false)
	err = s.statement(r.ctx, q)
	r.stop()
	err = cmp.Or(r.cause.err, err)
	if err != nil {
		return nil, err
	}
	if s.unread = 0; n.streams != 0 {
		for _, o := range chosen(in.objects, n.streams) {
			if int(o.ID) >= len(s.recorded) || !s.recorded[o.ID] {
				s.unread++
			}
		}
	}
	return r.torn, s.flush()
}

// gather reads beforehand, once, what has to be fetched and several scans want: they
// run at the same time, and each would fetch it. What was loaded is kept already. An
// object that cannot be read now counts as broken: tried again later, it might be
// another version for each of the scans.
func (s *Store) gather(ctx context.Context, n need, in *inventory) error {
	if n.scans < 2 {
		return nil
	}
	var wanted []*ingest.Object
	for _, o := range in.objects {
		remote := strings.HasPrefix(o.URI, "s3://")
		if unknown := o.Name.Kind == parse.KindUnknown; remote && (unknown && n.load == 0 || !unknown && (n.twice&^n.load)&(1<<o.Name.Kind) != 0) {
			wanted = append(wanted, o)
		}
	}
	group, working := errgroup.WithContext(ctx)
	feed := ingest.Serve(working, wanted, s.in.Workers)
	var mu sync.Mutex // guards in.broken
	for range s.in.Workers {
		w := newWorker(s, n.streams, 0)
		group.Go(func() error {
			for o := range feed.Objects() {
				err := w.probe(working, o)
				if fatal := context.Cause(working); fatal != nil {
					return fatal
				}
				if errors.As(err, new(*ingest.CredentialsError)) {
					return err
				}
				if err != nil {
					mu.Lock()
					in.broken[o.ID] = err
					mu.Unlock()
				}
			}
			return context.Cause(working)
		})
	}
	return group.Wait()
}

// feed returns the objects to load.
func (s *Store) feed(ctx context.Context, n need, in *inventory) *ingest.Feed {
	if in.objects != nil {
		return ingest.Serve(ctx, chosen(in.objects, n.load), s.in.Workers)
	}
	plan := s.in.Plan
	plan.Kinds = n.load
	feed := ingest.Start(ctx, s.in.Sources, plan, s.in.Workers)
	s.progress.follow(feed)
	return feed
}

func (s *Store) statement(ctx context.Context, q asked) (err error) {
	rows, err := s.result(ctx, q)
	if err != nil {
		return ofStatement(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return ofStatement(errors.Join(q.rows(rows), rows.Err()))
}

// judge reads torn objects once more, to their end. Those that cannot be read whole are
// broken; the others keep what a successful reading takes, such as the other decoder.
func (s *Store) judge(ctx context.Context, in *inventory, torn map[int32]error) error {
	w := newWorker(s, requestKinds, 0)
	for _, o := range in.objects {
		err := torn[o.ID]
		if err == nil {
			continue
		}
		if !o.Once() {
			err = w.probe(ctx, o)
		}
		if fatal := ctx.Err(); fatal != nil {
			return context.Cause(ctx)
		}
		if errors.As(err, new(*ingest.CredentialsError)) {
			return err
		}
		if err != nil {
			in.broken[o.ID] = err
		}
	}
	return nil
}

// probe reads an object to its end and keeps nothing.
func (w *worker) probe(ctx context.Context, o *ingest.Object) error {
	for {
		err := w.begin(ctx, o)
		for err == nil && w.scanner.Scan() {
		}
		if err == nil {
			err = w.scanner.Err()
		}
		w.text.Stop()
		if err == nil || !o.Restart(ctx, err) {
			return errors.Join(err, o.Close())
		}
	}
}

// fresh empties the store of what an earlier question left there, unless that is
// just what this one needs, or has more details.
func (s *Store) fresh(ctx context.Context, n need) error {
	if s.read == 0 || n.listing == 0 && s.filled == n.load && s.read == n.load && s.count.have(n.count) {
		return nil
	}
	if s.drained.Load() && n.load|n.streams != 0 {
		return ErrDrained
	}
	s.before = nil
	return errors.Join(s.forget(ctx), s.remove(ctx, listingTable))
}

// forget empties the store for another attempt.
func (s *Store) forget(ctx context.Context) error {
	if err := s.flush(); err != nil {
		return err
	}
	for _, table := range []string{"object_read", "accounting", "traffic", "node_minute", "failure_minute"} {
		if err := s.remove(ctx, table); err != nil {
			return err
		}
	}
	clear(s.recorded)
	s.first, s.filled = nil, 0
	return errors.Join(s.failures.empty(), s.rejects.empty())
}

// remove empties a table.
func (s *Store) remove(ctx context.Context, table string) error {
	if err := s.exec(ctx, "DELETE FROM "+table); err != nil {
		return fmt.Errorf("empty %s: %w", table, err)
	}
	return nil
}
