package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// Write writes the tree AWSLogs/<account>/elasticloadbalancing/<region>/… below
// dir, which need not exist, and returns what was written. Files of the same
// name are replaced, others left alone. After an error, that of ctx included,
// the tree is incomplete and the truth nil.
func Write(ctx context.Context, dir string, o Options) (*Truth, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	balancers := newWorld(o.Seed)
	s := newStory(balancers, o)
	jobs, missing := plan(o, balancers)
	t := &Truth{From: o.End.Add(-o.Span), Until: o.End, Missing: missing, Incidents: s.incidents(),
		ByReason: map[string]int64{}, ByKind: map[Kind]Counts{}}
	t.makeRoom(o, jobs)
	folders := map[string]bool{}
	for _, j := range jobs {
		folders[filepath.Dir(filepath.Join(dir, filepath.FromSlash(j.Key)))] = true
	}
	for f := range folders {
		if err := os.MkdirAll(f, 0o755); err != nil {
			return nil, fmt.Errorf("create folder: %w", err)
		}
	}
	results, err := writeAll(ctx, dir, o, s, jobs, t)
	if err != nil {
		return nil, err
	}
	for i, j := range jobs {
		t.add(j.Object, results[i])
	}
	t.countRequests()
	return t, nil
}

// makeRoom gives every job its places in the truth.
func (t *Truth) makeRoom(o Options, jobs []*job) {
	entries, damages := map[Kind]int{}, 0
	for _, j := range jobs {
		list := j.Kind
		if list.requests() {
			list = KindAccess // both are in one list
		}
		j.first, j.firstBad = entries[list], damages
		entries[list] += j.Lines - j.Damaged
		damages += j.Damaged
	}
	if o.NoTruth {
		return
	}
	t.Requests = make([]Request, entries[KindAccess])
	t.Connections = make([]Connection, entries[KindConnection])
	t.Checks = make([]Check, entries[KindHealthCheck])
	t.TLS = make([]TLSConnection, entries[KindNLB])
	t.Damages = make([]Damage, damages)
}

// add adds an object that has been written.
func (t *Truth) add(o Object, reasons map[string]int64) {
	t.Objects = append(t.Objects, o)
	c := t.ByKind[o.Kind]
	c.Objects++
	c.Lines += int64(o.Lines)
	c.Damaged += int64(o.Damaged)
	c.Bytes += o.Bytes
	c.Stored += o.Stored
	t.ByKind[o.Kind] = c
	if !o.Kind.requests() {
		return
	}
	t.Lines += int64(o.Lines)
	t.Damaged += int64(o.Damaged)
	t.Extra += int64(o.Extra)
	t.Bytes += o.Bytes
	t.Stored += o.Stored
	for reason, n := range reasons {
		t.ByReason[reason] += n
		t.Failures += n
	}
}

// writeAll writes all jobs, some at a time, and returns the failures per
// reason of each. Every job fills its own part of the truth.
func writeAll(ctx context.Context, dir string, o Options, s *story, jobs []*job, t *Truth) ([]map[string]int64, error) {
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]map[string]int64, len(jobs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			w := &writer{dir: dir, o: o, story: s, truth: t}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				var err error
				if results[i], err = w.write(ctx, i, jobs[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return results, nil
}

// writer writes objects one after the other; it keeps its buffers.
type writer struct {
	dir   string
	o     Options
	story *story
	truth *Truth

	stored counter
	zip    *gzip.Writer
	buf    []byte
	line   line
}

// block is about how many bytes go to the compressor at a time.
const block = 256 << 10

// write writes one object and returns its failures per reason.
func (w *writer) write(ctx context.Context, index int, j *job) (reasons map[string]int64, err error) {
	name := filepath.Join(w.dir, filepath.FromSlash(j.Key))
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e // which names the file, as those of writing do
		}
	}()
	switch {
	case j.Kind == KindTestFile:
		n, err := io.WriteString(f, testFile)
		j.Bytes, j.Stored = int64(n), int64(n)
		return nil, err
	case j.Lines == 0 && j.Members == 0:
		return nil, nil
	case j.Members == 0:
		if reasons, err = w.lines(ctx, index, j, f); err == nil {
			j.Stored = j.Bytes
		}
		return reasons, err
	}
	w.stored.n = 0
	if w.zip == nil {
		w.stored.w = bufio.NewWriterSize(f, 64<<10)
		// Level 6 is what zlib does by default, and so AWS.
		if w.zip, err = gzip.NewWriterLevel(&w.stored, 6); err != nil {
			return nil, err
		}
	}
	w.stored.w.Reset(f)
	w.zip.Reset(&w.stored)
	reasons, err = w.lines(ctx, index, j, w.zip)
	if err != nil {
		return nil, err
	}
	if err := w.zip.Close(); err != nil {
		return nil, err
	}
	j.Stored = w.stored.n
	return reasons, w.stored.w.Flush()
}

// object is an object in the making.
type object struct {
	*job
	options Options
	story   *story
	truth   *Truth
	index   int32 // in Truth.Objects
	rng     *rand.Rand
	reasons map[string]int64 // failures
}

// content makes the entries of an object, one after the other.
type content interface {
	// entry decides entry n, from 0, and returns it with the number of its
	// fields. It is valid until the next call.
	entry(n int) (record, int)
	// keep keeps the truth of the entry that was decided last. It was written
	// whole, in the line of that number; at is its place in the list of its kind.
	keep(at int, line int32)
}

// content returns what writes the entries of o.
func (w *writer) content(o *object) content {
	switch o.Kind {
	case KindAccess:
		return &accessLog{object: o, line: &w.line, over: newConnections(o.options.Seed, o.pool)}
	case KindConnection:
		return newConnectionLog(o)
	case KindHealthCheck:
		return newHealthLog(o)
	case KindNLB:
		return &tlsLog{object: o}
	case KindClassic:
		return &classicLog{object: o}
	}
	panic("demo: no such kind: " + string(o.Kind))
}

// lines writes the lines of j to out, which is w.zip if members are to follow
// one another.
func (w *writer) lines(ctx context.Context, index int, j *job, out io.Writer) (map[string]int64, error) {
	o := &object{job: j, options: w.o, story: w.story, truth: w.truth, index: int32(index),
		rng: rand.New(rand.NewPCG(uint64(w.o.Seed), j.rng)), reasons: map[string]int64{}}
	var raw int64
	w.buf = append(w.buf[:0], j.header()...)
	members, kept, bad := min(1, j.Members), j.first, j.firstBad
	var c content
	if j.Lines > 0 {
		c = w.content(o)
	}
	for n := range j.Lines {
		r, width := c.entry(n)
		line := int32(j.Header + n + 1)
		if cause := j.damages[n]; cause != "" {
			w.buf = j.damage(o.rng, w.buf, r, width, cause)
			if !w.o.NoTruth {
				w.truth.Damages[bad] = Damage{Object: o.index, Line: line, Cause: cause}
			}
			bad++
		} else {
			w.buf = j.append(w.buf, r, width)
			if j.TrailingDash {
				w.buf = append(w.buf, " -"...)
				width++
			}
			if width > today {
				j.Extra++
			}
			c.keep(kept, line)
			kept++
		}
		if n < j.Lines-1 || !j.NoFinalNewline {
			if j.CRLF {
				w.buf = append(w.buf, '\r')
			}
			w.buf = append(w.buf, '\n')
		}
		// A new member begins in the middle of a line.
		if members < j.Members && n == j.Lines*members/j.Members {
			half := len(w.buf) - len(w.buf)/8
			if err := w.flush(out, half, &raw); err != nil {
				return nil, err
			}
			if err := w.zip.Close(); err != nil {
				return nil, err
			}
			w.zip.Reset(&w.stored)
			members++
		}
		if len(w.buf) >= block {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := w.flush(out, len(w.buf), &raw); err != nil {
				return nil, err
			}
		}
	}
	if err := w.flush(out, len(w.buf), &raw); err != nil {
		return nil, err
	}
	j.Members, j.Bytes = members, raw
	return o.reasons, nil
}

// when returns the time of entry n: roughly in order, as nodes write, inside
// the object's interval.
func (o *object) when(n int) int64 {
	const jitter = 8_000_000
	us := o.End.UnixMicro() - o.start
	at := us*int64(n)/int64(o.Lines) + o.rng.Int64N(2*jitter) - jitter
	switch {
	case n == 0: // the first instant of the interval,
		at = 0
	case n == o.Lines-1: // and the last: windows must be half-open
		at = us - 1
	case at < 0:
		at = -at
	case at >= us:
		at = 2*us - 1 - at
	}
	return o.start + at
}

// width returns how many fields the next line has.
func (o *object) width() int {
	l := layouts[o.Kind]
	switch {
	case o.mixed:
		return one(o.rng, l.widths)
	case o.Width == 0: // vended: the columns decide
		if o.Kind == KindAccess {
			return today
		}
		return l.widths[len(l.widths)-1]
	}
	return o.Width
}

// flush writes the first n bytes of the buffer and keeps the rest.
func (w *writer) flush(out io.Writer, n int, total *int64) error {
	if _, err := out.Write(w.buf[:n]); err != nil {
		return err
	}
	*total += int64(n)
	w.buf = append(w.buf[:0], w.buf[n:]...)
	return nil
}

// testFile is the content of ELBAccessLogTestFile.
const testFile = "Enable AccessLog for ELB: this is a test file, created when access logs were enabled.\n"

// counter counts the bytes that go through.
type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
