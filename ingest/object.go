package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Object is one log object on its way from the listing to the commit. One
// goroutine has it at a time. Whoever receives it from a Feed closes it.
type Object struct {
	ID   int32  // place in the listing, from 0: the same for the same input whatever the number of workers
	URI  string // "s3://bucket/key", a path as found, or "-"
	ETag string // as listed or, after a Restart, as read; "" where there is none
	Size int64  // stored bytes; -1 if not known
	Name Name
	// Modified is when the object was last written, as listed; zero if not known.
	Modified time.Time

	identity string // equal for the same stored object reached by two sources
	linked   string // equal for the names of a file that has several; "" for one that has one
	origin   origin
	ahead    io.ReadCloser // opened before anybody asked, or nil
	reserved int64         // bytes of memory that the feed holds for it, see room
	raw      io.ReadCloser // what Content reads from, or nil

	stored   int64
	warning  string
	replaced bool // a fresh start was made after ErrReplaced
	damaged  bool // a fresh start was made after ErrDamaged
}

// origin is where an object's stored bytes come from.
type origin interface {
	// open starts reading at the first byte. It does not wait for a server.
	open(ctx context.Context, o *Object, free *chunks) (io.ReadCloser, error)
	// again reports whether the bytes can be read a second time.
	again() bool
	// ahead reports whether reading before somebody asks is worth a goroutine.
	ahead() bool
}

// Once reports whether the object can be read one time only, as standard input and
// pipes can. It has no version then either, so nothing tells it from the next one.
func (o *Object) Once() bool { return !o.origin.again() }

// versioned is a stored stream that learns its object's version by reading.
type versioned interface {
	version() version // valid once a byte or an error was read
}

// version is what a server says of the content that it sends.
type version struct {
	etag     string // "" for none
	size     int64
	modified time.Time // zero if it does not say
}

// versionOf is what a stream has learned; zero if it learns nothing.
func versionOf(stream io.Reader) (v version) {
	if of, ok := stream.(versioned); ok {
		v = of.version()
	}
	return v
}

// take makes the content that was read the object's.
func (o *Object) take(v version) {
	if v.etag == "" {
		return
	}
	o.ETag, o.Size = v.etag, v.size
	if !v.modified.IsZero() {
		o.Modified = v.modified
	}
}

// prefetch starts to read ahead, where that saves time. ctx bounds the reading.
func (o *Object) prefetch(ctx context.Context, free *chunks) error {
	if !o.origin.ahead() || o.Size == 0 {
		return nil
	}
	var err error
	o.ahead, err = o.origin.open(ctx, o, free)
	return err
}

// room is how much memory reading ahead takes.
func (o *Object) room() int64 {
	if !o.origin.ahead() {
		return 0
	}
	return roomFor(o.Size)
}

// Content returns the object's log text, inflated by z, which must not be used
// for anything else until the text is read or given up. The text is whole when
// the reader returns io.EOF; after any other error none of it may count.
//
// Errors, of Content and of its reader alike: ErrDamaged, ErrBomb, ErrReplaced,
// *FormatError, *AccessError, *CredentialsError, *UnreachableError,
// *NotFoundError, *ArchivedError, the context's, or the file system's.
func (o *Object) Content(ctx context.Context, z *Inflater) (io.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	o.stored, o.warning = 0, ""
	o.raw, o.ahead = o.ahead, nil
	if o.raw == nil {
		raw, err := o.origin.open(ctx, o, nil)
		if err != nil {
			return nil, err
		}
		o.raw = raw
	}
	// A second reading after damage is a second opinion as well; what cannot be
	// read twice gets the library's at once.
	z.Careful(o.damaged || !o.origin.again())
	err := z.Reset(o.raw)
	if err == nil {
		o.take(versionOf(o.raw))
	}
	text := &content{object: o, z: z, ctx: ctx}
	if err != nil {
		return nil, text.end(err)
	}
	return text, nil
}

// content is the text of an object; it notes at the end what was read.
type content struct {
	object *Object
	z      *Inflater
	ctx    context.Context
}

func (c *content) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, c.end(context.Cause(c.ctx))
	}
	n, err := c.z.Read(p)
	if err != nil {
		err = c.end(err)
	}
	return n, err
}

// errJoined is the error of a pipe that "cat" was given files for that are packed and files
// that are not: what is ignored as garbage behind a stored object is their lines.
var errJoined = fmt.Errorf("gzip data with something else behind it: name the files, as packed and plain ones cannot be joined: %w", ErrDamaged)

func (c *content) end(err error) error {
	c.object.stored, c.object.warning = c.z.Stored(), c.z.Warning()
	if isEnd(err) {
		if c.z.more && c.object.Once() {
			return errJoined
		}
		if c.object.stored == 0 && c.object.Once() { // who writes to a pipe has something to say
			c.object.warning = "not one byte came out of it: did the command before the pipe fail?"
		}
		if r, ok := c.object.raw.(*recording); ok {
			r.keep()
		}
		return err
	}
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	var format *FormatError
	if errors.As(err, &format) {
		format.URI = c.object.URI
	}
	return err
}

// Restart reports whether err, from Content or its reader, deserves one more
// read of the whole object, and prepares it: call Content again. A replaced
// object is started afresh once, with whatever version is there then, and so is
// a damaged one that can be read again.
func (o *Object) Restart(ctx context.Context, err error) bool {
	switch {
	case ctx.Err() != nil || !o.origin.again():
		return false
	case errors.Is(err, ErrReplaced) && !o.replaced:
		o.replaced = true
		o.ETag, o.Size = "", -1
	case errors.Is(err, ErrDamaged) && !o.damaged:
		o.damaged = true
	default:
		return false
	}
	_ = o.Close() // the first reading failed; how its stream closes says nothing
	return true
}

// Identity is equal for the same place reached in two ways: the bucket and key,
// or the real path. It may hold any byte.
func (o *Object) Identity() string { return o.identity }

// Close ends all reading. It may be called at any time, and more than once.
func (o *Object) Close() error {
	var errs []error
	for _, c := range []*io.ReadCloser{&o.raw, &o.ahead} {
		if *c != nil {
			errs = append(errs, (*c).Close())
			*c = nil
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close %s: %w", o.URI, err)
	}
	return nil
}

// BytesCompressed returns how many stored bytes the last Content has read so
// far; it is the stored size after io.EOF.
func (o *Object) BytesCompressed() int64 { return o.stored }

// Warning tells what was odd about an object that is whole, such as
// "12 bytes after the last gzip member ignored"; "" if nothing was. It is
// complete once the text's reader has returned io.EOF.
func (o *Object) Warning() string { return o.warning }
