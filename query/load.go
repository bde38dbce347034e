package query

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"loglens/ingest"
	"loglens/parse"
)

// Progress is how far a Load has come. It may be read at any time.
type Progress struct {
	Objects atomic.Int64 // read or given up
	Bytes   atomic.Int64 // of log text, of the objects that are done
}

// Progress returns the counters of the running Load.
func (s *Store) Progress() *Progress { return &s.progress }

// Load reads the objects of a feed with so many workers. Each object counts
// whole or not at all: one that cannot be read is recorded as failed, with its
// reason, and the others are read all the same.
//
// Errors: the context's, *ingest.CredentialsError (nothing more can be read),
// the listing's, or of the temporary files and the database. After an error the
// store holds nothing that may be reported.
func (s *Store) Load(ctx context.Context, feed *ingest.Feed, plan ingest.Plan, workers int) error {
	group, working := errgroup.WithContext(ctx)
	for range workers {
		w := newWorker(s, plan)
		group.Go(func() error { return w.run(working, feed.Objects()) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// All workers have seen the end of the channel, so the listing has ended.
	if err := feed.Err(); err != nil {
		return err
	}
	return errors.Join(s.objects.Flush(), s.counted.Flush(), s.failing.Flush())
}

// worker carries one object at a time from its first byte to its commit.
type worker struct {
	store    *Store
	plan     ingest.Plan
	from     int64 // window in microseconds since 1970
	until    int64
	inflater *ingest.Inflater
	scanner  *parse.Scanner
	failures spooler
	rejects  spooler
	total    *traffic // of all committed objects
	traffic  *traffic // of the object at hand
	tally    tally

	elb     string // the balancer of the last line, and whether it is wanted
	wanted  bool
	decided bool
}

// tally is what is counted while an object is read.
type tally struct {
	parsed, rejected, skipped, extended int64
}

// errOtherKind ends the reading of an object that holds another log.
var errOtherKind = errors.New("another kind of log")

func newWorker(s *Store, plan ingest.Plan) *worker {
	from, until := plan.Window.Micros()
	return &worker{
		store: s, plan: plan, from: from, until: until,
		inflater: ingest.NewInflater(), scanner: parse.NewScanner(),
		failures: spooler{spool: s.failures}, rejects: spooler{spool: s.rejects},
		total: newTraffic(), traffic: newTraffic(),
	}
}

func (w *worker) run(ctx context.Context, objects <-chan *ingest.Object) error {
	for o := range objects {
		if err := errors.Join(w.object(ctx, o), o.Close()); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(w.failures.flush(), w.rejects.flush(), w.store.appendTraffic(w.total))
}

// object reads one object to its end and commits it, or records why it failed.
func (w *worker) object(ctx context.Context, o *ingest.Object) error {
	for {
		err := w.read(ctx, o)
		switch {
		case err == nil:
			return w.commit(o)
		case errors.As(err, new(*ownError)):
			return err
		}
		w.rollback()
		if o.Restart(ctx, err) {
			continue
		}
		if fatal := ctx.Err(); fatal != nil {
			return fatal
		}
		if errors.As(err, new(*ingest.CredentialsError)) {
			return err
		}
		return w.fail(o, err)
	}
}

// ownError is a failure of ours while an object is read, not of the object.
type ownError struct{ error }

func (e *ownError) Unwrap() error { return e.error }

// read scans the object's text. What it keeps is provisional.
func (w *worker) read(ctx context.Context, o *ingest.Object) error {
	w.tally = tally{}
	text, err := o.Content(ctx, w.inflater)
	if err != nil {
		return err
	}
	w.scanner.Reset(text)
	for w.scanner.Scan() {
		if e := w.scanner.Access(); e != nil {
			err = w.entry(o, e)
		} else {
			err = w.damage(o, w.scanner.Damage())
		}
		if err != nil {
			return err
		}
	}
	return w.scanner.Err()
}

// entry counts one request, and keeps it if it failed.
func (w *worker) entry(o *ingest.Object, e *parse.Access) error {
	if e.Time < w.from || e.Time >= w.until || !w.wants(e) {
		w.tally.skipped++
		return nil
	}
	w.tally.parsed++
	if e.Extra > 0 {
		w.tally.extended++
	}
	c := w.traffic.cell(e)
	c.count(e)
	v, failed := e.Classify()
	if !failed {
		return nil
	}
	c.failures[v.Class]++
	w.traffic.fail(e, v, nodeOf(e, o.Name.Node))
	return own(w.failures.add(record{object: o.ID, line: w.scanner.Line(), raw: e.Raw()}))
}

// wants reports whether the line's balancer was asked for. Lines come in long
// runs of one balancer.
func (w *worker) wants(e *parse.Access) bool {
	if w.plan.LoadBalancer == "" {
		return true
	}
	if elb := e.Field(parse.FieldELB); !w.decided || string(elb) != w.elb {
		w.elb, w.decided = string(elb), true
		w.wanted = w.plan.WantsBalancer(w.elb)
	}
	return w.wanted
}

// damage keeps a damaged line, unless the first one shows that the object is no
// access log at all.
func (w *worker) damage(o *ingest.Object, d *parse.Damage) error {
	if o.Name.Kind == ingest.Unknown && w.tally == (tally{}) {
		if k := parse.KindOf(d.Raw); k != parse.KindUnknown && k != parse.KindAccess {
			return fmt.Errorf("%w: %s", errOtherKind, k)
		}
	}
	w.tally.rejected++
	return own(w.rejects.add(record{object: o.ID, line: d.Line, offset: d.Offset, note: d.Cause.String(), raw: d.Raw}))
}

func own(err error) error {
	if err != nil {
		return &ownError{err}
	}
	return nil
}

func (w *worker) commit(o *ingest.Object) error {
	w.failures.commit()
	w.rejects.commit()
	w.total.merge(w.traffic)
	if len(w.total.cells)+len(w.total.failing) > cellLimit {
		if err := w.store.appendTraffic(w.total); err != nil {
			return err
		}
	}
	return w.store.appendObject(o, w.tally, w.scanner, nil)
}

// cellLimit is how many cells a worker gathers before it hands them over.
const cellLimit = 50_000

func (w *worker) rollback() {
	w.failures.rollback()
	w.rejects.rollback()
	w.traffic.reset()
}

func (w *worker) fail(o *ingest.Object, err error) error {
	w.tally = tally{}
	if !errors.Is(err, errOtherKind) {
		if !strings.Contains(err.Error(), o.URI) {
			err = fmt.Errorf("%s: %w", o.URI, err)
		}
		w.store.note(err)
	}
	return w.store.appendObject(o, w.tally, w.scanner, err)
}
