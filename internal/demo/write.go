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
	"time"

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
	t := &Truth{From: o.End.Add(-o.Span), Until: o.End, Missing: missing, Incidents: s.incidents(), ByReason: map[string]int64{}}
	var requests, damages int
	folders := map[string]bool{}
	for _, j := range jobs {
		if j.Kind == KindAccess {
			j.first, j.firstBad = requests, damages
			requests += j.Lines - j.Damaged
			damages += j.Damaged
		}
		folders[filepath.Dir(filepath.Join(dir, filepath.FromSlash(j.Key)))] = true
	}
	for f := range folders {
		if err := os.MkdirAll(f, 0o755); err != nil {
			return nil, fmt.Errorf("create folder: %w", err)
		}
	}
	if !o.NoTruth {
		t.Requests = make([]Request, requests)
		t.Damages = make([]Damage, damages)
	}
	results, err := writeAll(ctx, dir, o, s, jobs, t)
	if err != nil {
		return nil, err
	}
	for i, j := range jobs {
		t.Objects = append(t.Objects, j.Object)
		if j.Kind != KindAccess {
			continue
		}
		t.Lines += int64(j.Lines)
		t.Damaged += int64(j.Damaged)
		t.Extra += int64(j.Extra)
		t.Bytes += j.Bytes
		t.Stored += j.Stored
		for reason, n := range results[i] {
			t.ByReason[reason] += n
			t.Failures += n
		}
	}
	return t, nil
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
			err = e
		}
		if err != nil {
			err = fmt.Errorf("write %s: %w", name, err)
		}
	}()
	if j.Kind == KindTestFile {
		n, err := io.WriteString(f, testFile)
		j.Bytes, j.Stored = int64(n), int64(n)
		return nil, err
	}
	if j.Members == 0 {
		return nil, nil
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
	reasons, err = w.lines(ctx, index, j)
	if err != nil {
		return nil, err
	}
	if err := w.zip.Close(); err != nil {
		return nil, err
	}
	j.Stored = w.stored.n
	return reasons, w.stored.w.Flush()
}

// lines writes the lines of j to the compressor.
func (w *writer) lines(ctx context.Context, index int, j *job) (map[string]int64, error) {
	rng := rand.New(rand.NewPCG(uint64(w.o.Seed), j.rng))
	reasons := map[string]int64{}
	var raw int64
	w.buf = w.buf[:0]
	a := access{writer: w, j: j, index: int32(index), rng: rng, reasons: reasons, request: j.first, bad: j.firstBad}
	members := 1
	for n := range j.Lines {
		switch j.Kind {
		case KindAccess:
			a.next(n)
		case KindConnection:
			w.buf = j.connection(w.buf, rng, n)
		case KindHealthCheck:
			w.buf = j.health(w.buf, rng, w.story, n)
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
			if err := w.flush(half, &raw); err != nil {
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
			if err := w.flush(len(w.buf), &raw); err != nil {
				return nil, err
			}
		}
	}
	if err := w.flush(len(w.buf), &raw); err != nil {
		return nil, err
	}
	j.Members, j.Bytes = members, raw
	return reasons, nil
}

// flush compresses the first n bytes of the buffer and keeps the rest.
func (w *writer) flush(n int, total *int64) error {
	if _, err := w.zip.Write(w.buf[:n]); err != nil {
		return err
	}
	*total += int64(n)
	w.buf = append(w.buf[:0], w.buf[n:]...)
	return nil
}

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

// access writes the lines of one access log and its part of the truth.
type access struct {
	*writer
	j            *job
	index        int32
	rng          *rand.Rand
	reasons      map[string]int64
	request, bad int // next places in the truth
	mixes        [Interval / time.Minute]*mix
}

// oddRate is how many lines are strange where Options.Oddities is set.
const oddRate = 1.0 / 250

// next writes line n, from 0, of the object.
func (a *access) next(n int) {
	j, rng, l := a.j, a.rng, &a.line
	l.time = a.when(n)
	width := j.Width
	if j.mixed {
		width = one(rng, widths)
	}
	forced := j.forced[n]
	c := a.choose(width, forced.outcome)
	l.fill(rng, j.b, j.Node, c)
	l.bareResets = j.bare
	if forced.code != "" {
		l.code = forced.code
	}
	if cause := j.damages[n]; cause != "" {
		a.buf = l.damage(rng, a.buf, width, cause)
		if !a.o.NoTruth {
			a.truth.Damages[a.bad] = Damage{Object: a.index, Line: int32(n + 1), Cause: cause}
		}
		a.bad++
		return
	}
	switch {
	case forced.oddity != nil:
		forced.oddity.apply(rng, l, forced.text)
	case a.o.Oddities && forced.outcome == nil && rng.Float64() < oddRate:
		if odd := one(rng, oddities); !odd.rare {
			odd.apply(rng, l, one(rng, orNone(odd.texts)))
		}
	}
	a.buf = l.append(a.buf, width)
	if j.TrailingDash {
		a.buf = append(a.buf, " -"...)
		width++
	}
	if width > today {
		j.Extra++
	}
	a.record(n, c.outcome)
}

// when returns the time of line n: roughly in order, as nodes write, inside
// the object's interval.
func (a *access) when(n int) int64 {
	const us = int64(Interval / time.Microsecond)
	const jitter = 8_000_000
	at := us*int64(n)/int64(a.j.Lines) + a.rng.Int64N(2*jitter) - jitter
	switch {
	case n == 0: // the first instant of the interval,
		at = 0
	case n == a.j.Lines-1: // and the last: windows must be half-open
		at = us - 1
	case at < 0:
		at = -at
	case at >= us:
		at = 2*us - 1 - at
	}
	return a.j.End.UnixMicro() - us + at
}

// mix returns what can happen in the minute of the line.
func (a *access) mix() *mix {
	start := a.j.End.Add(-Interval)
	minute := time.UnixMicro(a.line.time).Sub(start) / time.Minute
	if a.mixes[minute] == nil {
		m := a.story.at(a.j.b, start.Add(minute*time.Minute))
		a.mixes[minute] = &m
	}
	return a.mixes[minute]
}

// choose draws what happens to a request, until the width can show it.
func (a *access) choose(width int, forced *outcome) *choice {
	if forced != nil {
		if c := a.story.only(a.j.b, forced); c != nil {
			return c
		}
	}
	m := a.mix()
	for {
		if c := m.pick(a.rng.Float64()); c.outcome.fits(width) {
			return c
		}
	}
}

// record writes the truth of the line that l has become.
func (a *access) record(n int, o *outcome) {
	l := &a.line
	reason := o.reason
	source := ""
	switch {
	case o.logged:
		reason, source = l.code, SourceLogged
	case reason != "":
		source = SourceDerived
	}
	if source != "" {
		a.reasons[reason]++
	}
	if !a.o.NoTruth {
		a.truth.Requests[a.request] = Request{
			Time: time.UnixMicro(l.time).UTC(), LoadBalancer: l.elb, TargetGroupARN: absent(l.group), Target: absent(l.target),
			Node: l.node, Client: l.client, Reason: reason, Class: o.class, Source: source, Received: l.received, Sent: l.sent,
			ELBStatus: status(l.status), TargetStatus: status(l.tstatus), Object: a.index, Line: int32(n + 1),
		}
	}
	a.request++
}

// absent turns AWS's "-" into "".
func absent(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// status turns a status as AWS writes it into a number, -1 if there is none.
func status(s string) int16 {
	if s == "-" {
		return -1
	}
	var n int16
	for i := range len(s) {
		n = n*10 + int16(s[i]-'0')
	}
	return n
}
