package query

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"loglens/ingest"
	"loglens/parse"
)

// load reads the objects of the feed that begin starts into the tables: requests are
// counted, and those that failed kept as far as they are read. Each object counts whole
// or not at all: one that cannot be read is recorded as failed, with its reason, and the
// others are read all the same.
//
// Errors: the context's, *ingest.CredentialsError (nothing more can be read),
// the listing's, or of the temporary files and the database. After an error the
// store holds nothing that may be reported.
func (s *Store) load(ctx context.Context, begin func(context.Context) *ingest.Feed, kinds ingest.KindSet) error {
	group, working := errgroup.WithContext(ctx)
	feed := begin(working) // so that an error ends what others wait for
	var idle atomic.Int32
	for range s.in.Workers {
		w := newWorker(s, kinds, kinds|^s.read)
		w.idle = &idle
		group.Go(func() error { return w.run(working, feed.Objects()) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// All workers have seen the end of the channel, so the listing has ended.
	if err := feed.Err(); err != nil {
		return err
	}
	s.before = append(s.before, feed.Before()...) // of none that were listed beforehand
	return s.flush()
}

// worker carries one object at a time from its first byte to its commit.
type worker struct {
	store    *Store
	kinds    ingest.KindSet // whose entries are wanted
	mine     ingest.KindSet // whose lines this worker accounts for, see reading
	from     int64          // window in microseconds since 1970
	until    int64
	inflater *ingest.Inflater
	text     ingest.Ahead  // of the object at hand
	idle     *atomic.Int32 // how many workers have nothing to do any more
	scanner  *parse.Scanner
	failures spooler
	rejects  spooler
	total    *traffic // of all committed objects
	traffic  *traffic // of the object at hand
	tallies  tallies
	kept     *keeper // nil for an answer

	elb     string // the balancer of the last line, and whether it is wanted
	wanted  bool
	decided bool
}

func newWorker(s *Store, kinds, mine ingest.KindSet) *worker {
	from, until := s.in.Plan.Window.Micros()
	w := &worker{
		store: s, kinds: kinds, mine: mine, from: from, until: until,
		inflater: ingest.NewInflater(), scanner: parse.NewScanner(), idle: new(atomic.Int32),
		failures: spooler{spool: s.failures}, rejects: spooler{spool: s.rejects},
	}
	in := newInterned()
	w.total, w.traffic = newTraffic(s.count.grain, in), newTraffic(s.count.grain, in)
	w.inflater.Use(s.in.Decoder)
	if s.keeping != nil {
		w.failures.apart, w.rejects.apart = true, true
		w.kept = s.keeping.keeper()
	}
	return w
}

func (w *worker) run(ctx context.Context, objects <-chan *ingest.Object) error {
	for o := range objects {
		err := w.object(ctx, o)
		w.text.Stop()
		if err := errors.Join(err, o.Close()); err != nil {
			return err
		}
	}
	w.idle.Add(1)
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.finish()
}

// finish hands over what the worker has gathered.
func (w *worker) finish() error {
	err := errors.Join(w.failures.flush(), w.rejects.flush(), w.store.appendTraffic(w.total))
	w.total.reset()
	return err
}

// object reads one object to its end and commits it, or records why it failed.
func (w *worker) object(ctx context.Context, o *ingest.Object) error {
	for {
		err := w.read(ctx, o)
		if err == nil {
			return w.commit(o)
		}
		if again, err := w.retry(ctx, o, err); !again {
			return err
		}
	}
}

// retry rolls the object back after err and reports whether it is to be read
// once more. If not, its failure is recorded, and what is returned ends everything.
func (w *worker) retry(ctx context.Context, o *ingest.Object, err error) (again bool, fatal error) {
	if errors.As(err, new(*ownError)) {
		return false, err
	}
	w.rollback()
	w.text.Stop()
	if o.Restart(ctx, err) {
		return true, nil
	}
	if fatal := ctx.Err(); fatal != nil {
		return false, fatal
	}
	if errors.As(err, new(*ingest.CredentialsError)) {
		return false, err
	}
	return false, w.fail(o, err)
}

// ownError is a failure of ours while an object is read, not of the object.
type ownError struct{ error }

func (e *ownError) Unwrap() error { return e.error }

func own(err error) error {
	if err != nil {
		return &ownError{err}
	}
	return nil
}

// read scans the object's text. What it keeps is provisional.
func (w *worker) read(ctx context.Context, o *ingest.Object) error {
	if err := w.begin(ctx, o); err != nil {
		return err
	}
	for w.scanner.Scan() {
		wanted, err := w.line(o)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		if err := own(w.keep(o)); err != nil {
			return err
		}
	}
	return w.scanner.Err()
}

// keep counts the entry at hand if it is a request, and keeps it if it failed,
// or if everything is kept.
func (w *worker) keep(o *ingest.Object) error {
	e := w.scanner.Access()
	if e == nil {
		return w.kept.entry(o, w.scanner)
	}
	verdict := w.count(o, e)
	if !verdict.failed && !w.kept.requests() {
		return nil
	}
	r := w.request(o, e)
	r.verdict = verdict
	if verdict.failed {
		if err := w.failures.add(r); err != nil {
			return err
		}
	}
	return w.kept.request(r)
}

// begin opens the object's text.
func (w *worker) begin(ctx context.Context, o *ingest.Object) error {
	w.tallies = tallies{}
	w.traffic.grain = w.total.grain // what all objects have grown to
	w.text.Stop()
	text, err := o.Content(ctx, w.inflater)
	if err != nil {
		return err
	}
	var worth func() bool
	if o.Once() { // nobody knows how long a Read takes, which cannot be interrupted
		w.store.drained.Store(true)
	} else {
		worth = w.aheadPays
	}
	kind := o.Name.Kind
	if kind == parse.KindUnknown {
		kind, text = foretell(text)
	}
	w.text.Reset(text, worth)
	w.scanner.Reset(&w.text, w.likely(kind))
	return nil
}

// foretold is how much of a text is looked at to find out of which log it is.
const foretold = 64 << 10

// foretell returns the log of the first line that tells one, if one near the text's
// beginning does, and the text from its beginning. The damaged lines before it are of that
// log, whatever the question, and so they are in a store.
func foretell(text io.Reader) (kind parse.Kind, all io.Reader) {
	ahead := bufio.NewReaderSize(text, foretold)
	head, err := ahead.Peek(foretold)
	for line := range bytes.Lines(head) {
		if kind = parse.KindOf(bytes.TrimRight(line, "\r\n")); kind != parse.KindUnknown {
			break
		}
	}
	if err != nil { // Peek has taken it
		return kind, io.MultiReader(bytes.NewReader(head), ended{err})
	}
	return kind, ahead
}

// ended is a reader of which nothing is left but how it ended.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) { return 0, e.err }

// aheadPays reports whether there are processors that have nothing else to do.
func (w *worker) aheadPays() bool { return w.idle.Load() > 0 }

// likely is the kind under which damaged lines count until a good one tells
// better: the known one, or else one that is read, the same for all scans.
func (w *worker) likely(known parse.Kind) parse.Kind {
	if known == parse.KindUnknown && !w.store.read.Has(parse.KindAccess) {
		for k := parse.KindUnknown + 1; k <= parse.KindClassic; k++ {
			if w.store.read.Has(k) {
				return k
			}
		}
	}
	return known
}

// line accounts for the line at hand and reports whether it is an entry that
// is wanted: of a kind that is read, inside the window, of a balancer that was
// asked for. A damaged line is kept.
func (w *worker) line(o *ingest.Object) (wanted bool, err error) {
	s := w.scanner
	if s.Header() {
		return false, nil // no line of the log
	}
	kind := s.Kind()
	t := &w.tallies[kind]
	if w.mine&(1<<kind) == 0 {
		t = new(tally)
	}
	if d := s.Damage(); d != nil {
		if t.rejected++; w.mine&(1<<kind) == 0 {
			return false, nil
		}
		r := record{object: o.ID, kind: kind, line: d.Line, offset: d.Offset, raw: d.Raw, verdict: verdict{why: []byte(d.Cause.String())}}
		return false, own(w.rejects.add(r))
	}
	at, elb, extra := w.entry()
	if !w.kinds.Has(kind) || at < w.from || at >= w.until || !w.wants(elb, o) {
		t.skipped++
		return false, nil
	}
	t.parsed++
	if extra > 0 {
		t.extended++
	}
	w.kept.count(kind, at, elb, extra > 0)
	return true, nil
}

// entry returns what the entry at hand is chosen by.
func (w *worker) entry() (at int64, elb []byte, extra int) {
	if e := w.scanner.Access(); e != nil {
		return e.Time, e.Field(parse.FieldELB), e.Extra
	}
	e := w.scanner.Entry()
	return e.Time, e.Text(balancerField[e.Kind]), e.Extra
}

// wants reports whether the line's balancer was asked for. Lines come in long
// runs of one balancer. Lines that do not name it are of the object's.
func (w *worker) wants(elb []byte, o *ingest.Object) bool {
	if w.store.in.Plan.LoadBalancer == "" {
		return true
	}
	if len(elb) == 0 {
		return w.store.in.Plan.WantsBalancer(o.Name.LoadBalancer)
	}
	if !w.decided || string(elb) != w.elb {
		w.elb, w.decided = string(elb), true
		w.wanted = w.store.in.Plan.WantsBalancer(w.elb)
	}
	return w.wanted
}

// count counts a request, and says why it failed if it did.
func (w *worker) count(o *ingest.Object, e *parse.Access) verdict {
	node := nodeOf(e, o.Name.Node)
	c := w.traffic.cell(e)
	w.traffic.count(c, e)
	if w.store.count.latency {
		w.traffic.time(c, e)
	}
	if w.store.count.nodes {
		w.traffic.countNode(e, node)
	}
	v := judge(e)
	if v.failed {
		c.failures[v.class]++
		w.traffic.fail(e, v, node)
		if w.store.count.nodes {
			w.traffic.failNode(e, v, node)
		}
	}
	return v
}

func (w *worker) commit(o *ingest.Object) error {
	if err := errors.Join(w.failures.commit(), w.rejects.commit()); err != nil {
		return err
	}
	if w.kept != nil {
		return errors.Join(w.keepCounts(o), w.store.appendObject(o, w.tallies, w.scanner, nil))
	}
	w.total.merge(w.traffic)
	if len(w.total.cells)+len(w.total.failing) > cellLimit || w.total.full() {
		if err := w.store.appendTraffic(w.total); err != nil {
			return err
		}
		w.total.reset()
		w.traffic.forgetMany()
	}
	return w.store.appendObject(o, w.tallies, w.scanner, nil)
}

// cellLimit is how many cells a worker gathers before it hands them over. That takes
// some 2 µs for each, and nothing is read meanwhile: with more of them, what is fetched
// ahead runs out and the network stands still, and what is left at the end delays the
// answer. A balancer's keys sort by time, so that few cells come again later.
const cellLimit = 5_000

func (w *worker) rollback() {
	w.failures.rollback()
	w.rejects.rollback()
	w.kept.rollback()
	w.traffic.reset()
}

func (w *worker) fail(o *ingest.Object, err error) error {
	if !strings.Contains(err.Error(), o.URI) {
		err = fmt.Errorf("%s: %w", o.URI, err)
	}
	w.store.note(o.ID, err)
	return w.store.appendObject(o, tallies{}, w.scanner, err)
}
