package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// When a read of a body counts as broken, and how long it is mended.
const (
	readAttempts = 6                // in a row that come to nothing
	slowWindow   = 60 * time.Second // a body that brings less than slowBytes in it is given up
	slowBytes    = 60 << 10         // 1 KiB/s
)

var (
	errIdle  = errors.New("no byte came for too long")
	errSlow  = errors.New("less than 1 KiB/s came for a minute")
	errShort = errors.New("body ended early")
	errRange = errors.New("server did not honour the range that was asked for")
)

// body is the stored bytes of one object of S3. Whatever breaks the reading,
// it is taken up where it stopped, with Range and If-Match, so that the bytes
// are always those of one version.
type body struct {
	ctx    context.Context
	bucket *bucket
	key    string

	etag     string    // version that is read; "" until the first answer if any version will do
	modified time.Time // when it was delivered
	size     int64     // of that version, -1 until the first answer
	off      int64     // bytes read
	end      bool      // of a version whose size nobody told

	rc     io.ReadCloser // nil if no response is open
	watch  *watch
	from   int64 // where the last response begins
	failed int   // responses in a row that came to nothing, see mend
}

func (b *body) version() version { return version{b.etag, b.size, b.modified} }

// Read fills p as far as the object goes.
func (b *body) Read(p []byte) (int, error) {
	n := 0
	if b.rc != nil {
		b.watch.begin()
	}
	for n < len(p) {
		if b.end || b.size >= 0 && b.off == b.size {
			return n, b.finish()
		}
		if b.rc == nil {
			if err := b.open(); err != nil {
				return n, err
			}
			continue
		}
		k, err := b.watch.read(b.rc, p[n:])
		if b.size >= 0 && b.off+int64(k) > b.size {
			return n, fmt.Errorf("%s: body longer than %d bytes: %w", b.bucket.uri(b.key), b.size, ErrDamaged)
		}
		n, b.off = n+k, b.off+int64(k)
		if k > 0 {
			b.bucket.pulse.beat()
		}
		switch {
		case err == nil:
			continue
		case isEnd(err) && (b.size < 0 || b.off == b.size):
			b.end = true
			continue
		case isEnd(err):
			err = errShort
		}
		if err := b.mend(err); err != nil {
			return n, err
		}
	}
	return n, nil
}

// finish looks whether the body really ends where the object does.
func (b *body) finish() error {
	if b.rc == nil {
		return io.EOF
	}
	var more [1]byte
	if k, _ := b.watch.read(b.rc, more[:]); k > 0 {
		return fmt.Errorf("%s: body longer than %d bytes: %w", b.bucket.uri(b.key), b.size, ErrDamaged)
	}
	_ = b.Close() // all bytes are here
	return io.EOF
}

// mend waits before the next attempt, or gives up. A response that broke off has come to
// something if it brought a byte, and one that stalled if it brought as much as a minute
// has to: of a server that gives a byte now and then, the last one would never come.
func (b *body) mend(err error) error {
	least := int64(1)
	if cause := b.watch.cause(); cause != nil {
		err, least = cause, slowBytes
	}
	if b.off-b.from >= least {
		b.failed = 0
	}
	_ = b.Close() // it is broken already
	if b.ctx.Err() != nil {
		return context.Cause(b.ctx)
	}
	b.failed++
	if b.failed >= readAttempts || b.etag == "" {
		how := fmt.Sprintf("%d times in a row", b.failed)
		if b.etag == "" {
			how = "and without an ETag it cannot go on there"
		}
		return &UnreachableError{
			Resource: b.bucket.uri(b.key),
			Reason:   fmt.Sprintf("reading broke off at byte %d, %s: %s", b.off, how, innermost(err)),
			Next:     tryAgain,
			Err:      err,
		}
	}
	return pause(b.ctx, delay(b.failed-1))
}

// open asks for the rest of the object.
func (b *body) open() error {
	ctx, cancel := context.WithCancelCause(b.ctx)
	in := &s3.GetObjectInput{Bucket: &b.bucket.name, Key: &b.key}
	if b.etag != "" {
		in.IfMatch = &b.etag
	}
	if b.off > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", b.off))
	}
	out, err := call(ctx, b.bucket, "s3:GetObject", b.bucket.uri(b.key), func(c *s3.Client) (*s3.GetObjectOutput, error) {
		return c.GetObject(ctx, in)
	})
	if err != nil {
		cancel(nil)
		return err
	}
	b.rc, b.from = out.Body, b.off
	b.watch = newWatch(cancel, b.bucket.aws.idle())
	if b.etag == "" {
		b.etag = aws.ToString(out.ETag)
	}
	if b.modified.IsZero() {
		b.modified = aws.ToTime(out.LastModified)
	}
	switch {
	case b.off > 0 && !strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", b.off)):
		return b.mend(errRange)
	case out.ContentLength == nil:
	case b.size < 0:
		b.size = b.off + *out.ContentLength
	case b.off+*out.ContentLength != b.size:
		return b.mend(fmt.Errorf("body of %d bytes where %d are left", *out.ContentLength, b.size-b.off))
	}
	return nil
}

// Close ends the open response, if there is one.
func (b *body) Close() error {
	if b.rc == nil {
		return nil
	}
	b.watch.stop()
	err := b.rc.Close()
	b.rc = nil
	return err
}

// watch ends a response that stalls. Only the time within read counts: a slow
// consumer is no fault of the server.
type watch struct {
	cancel context.CancelCauseFunc
	idle   time.Duration
	quiet  *time.Timer
	slow   *time.Timer
	window chan struct{} // filled when slowWindow is over
	bytes  int           // in the window, which begins anew with each block
	err    error
}

func newWatch(cancel context.CancelCauseFunc, idle time.Duration) *watch {
	w := &watch{cancel: cancel, idle: idle, window: make(chan struct{}, 1)}
	w.quiet = time.AfterFunc(idle, func() { cancel(errIdle) })
	w.quiet.Stop()
	w.slow = time.AfterFunc(slowWindow, func() {
		select {
		case w.window <- struct{}{}:
		default:
		}
	})
	return w
}

// begin starts a new window: nobody has read since the last block was full.
func (w *watch) begin() {
	w.slow.Stop()
	select {
	case <-w.window:
	default:
	}
	w.bytes = 0
	w.slow.Reset(slowWindow)
}

func (w *watch) read(r io.Reader, p []byte) (int, error) {
	w.quiet.Reset(w.idle)
	n, err := r.Read(p)
	if !w.quiet.Stop() && err != nil {
		w.err = errIdle
	}
	w.bytes += n
	select {
	case <-w.window:
		if w.bytes < slowBytes && err == nil {
			w.err = errSlow
			return n, errSlow
		}
		w.bytes = 0
		w.slow.Reset(slowWindow)
	default:
	}
	return n, err
}

// cause is why the watch ended the response, nil if it did not.
func (w *watch) cause() error { return w.err }

func (w *watch) stop() {
	w.quiet.Stop()
	w.slow.Stop()
	w.cancel(nil)
}

// pause waits, or returns the context's cause.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
