package ingest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
)

// Kept makes sources that one command can read several times, and fetch once.
// What is read of their objects is kept as it is stored, in one temporary file
// that has no name and vanishes with the process. A second reading gets the
// bytes of the first, whatever has happened to the bucket or the pipe since.
//
// Local files that can be read again are not kept. An object of S3 is kept if
// its text was read to the end and was whole; any other is fetched again, and so
// is what the file has no room for. Of standard input and pipes every byte is
// kept; if that fails, so does the reading.
//
// It is for use by several goroutines.
type Kept struct {
	sources []Source
	dir     string

	mu     sync.Mutex
	file   *os.File // nil until there is something to keep
	size   int64    // of file, with what is being written
	closed bool
	known  map[string]*keptObject // by identity
}

// Keep wraps sources. The file lies in dir, "" for the system's folder of
// temporary files, and is as large as what is fetched. The caller closes Kept
// when no object of its sources is read any more.
func Keep(sources []Source, dir string) *Kept {
	k := &Kept{dir: dir, known: make(map[string]*keptObject)}
	for _, s := range sources {
		k.sources = append(k.sources, &keptSource{Source: s, kept: k})
	}
	return k
}

// Sources returns the wrapped sources, in the order of those that were given.
// Listed again with an equal plan they yield the same objects, without looking.
func (k *Kept) Sources() []Source { return slices.Clone(k.sources) }

// Close gives the file back. A pipe from which nobody is reading is closed.
func (k *Kept) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for _, o := range k.known {
		if t, ok := o.origin.(*tape); ok {
			t.close()
		}
	}
	if k.file == nil {
		return nil
	}
	err := k.file.Close()
	k.file = nil
	return err
}

// keptSource lists its source once for each plan.
type keptSource struct {
	Source
	kept *Kept

	mu     sync.Mutex
	plan   Plan
	listed []*keptObject
	whole  bool // listed is all that the plan wants
}

// List yields what an equal plan found before, or else lists the source.
func (s *keptSource) List(ctx context.Context, p Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		s.mu.Lock()
		listed, again := s.listed, s.whole && s.plan == p
		s.mu.Unlock()
		if again {
			for _, o := range listed {
				if !yield(o.object(), nil) {
					return
				}
			}
			return
		}
		listed, whole := nil, true
		for o, err := range s.Source.List(ctx, p) {
			if err != nil {
				whole = false
				if !yield(nil, err) {
					return
				}
				continue
			}
			known := s.kept.remember(o)
			listed = append(listed, known)
			if !yield(known.object(), nil) {
				return
			}
		}
		if whole && ctx.Err() == nil {
			s.mu.Lock()
			s.plan, s.listed, s.whole = p, listed, true
			s.mu.Unlock()
		}
	}
}

// remember returns what is known of an object of that version, which is new
// unless it was listed before.
func (k *Kept) remember(o *Object) *keptObject {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.known[o.identity]; known != nil && known.is(o) {
		return known
	}
	known := &keptObject{kept: k, listed: *o, origin: o.origin}
	switch s, once := o.origin.(stream); {
	case once:
		known.origin = &tape{kept: k, src: s.r}
	case !o.origin.ahead():
		return known // a local file needs nothing of this
	}
	k.known[o.identity] = known
	return known
}

// keptObject is what one object of several listings has in common. It is the
// origin of a remote object.
type keptObject struct {
	kept   *Kept
	origin origin

	mu     sync.Mutex
	listed Object // as it was listed, with the version that is kept
	bytes  []extent
	whole  bool // bytes are those of the version
}

// is reports whether o is the same version of the object. There is one version
// of what can be read once.
func (k *keptObject) is(o *Object) bool {
	if _, once := k.origin.(*tape); once {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.listed.ETag != o.ETag || k.listed.Size != o.Size {
		return false
	}
	return o.ETag != "" || k.listed.Modified.Equal(o.Modified) // not every server has ETags
}

// object is the object as a listing yields it.
func (k *keptObject) object() *Object {
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.listed
	o.origin = k.origin
	if o.origin.ahead() {
		o.origin = k
	}
	return &o
}

func (k *keptObject) again() bool { return true }

func (k *keptObject) ahead() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.whole
}

func (k *keptObject) open(ctx context.Context, o *Object, free *chunks) (io.ReadCloser, error) {
	k.mu.Lock()
	bytes, whole := k.bytes, k.whole
	k.mu.Unlock()
	if whole {
		return io.NopCloser(&replay{kept: k.kept, bytes: bytes}), nil
	}
	raw, err := k.origin.open(ctx, o, free)
	if err != nil {
		return nil, err
	}
	return &recording{ReadCloser: raw, of: k}, nil
}

// recording writes a stored stream to the file while it is read.
type recording struct {
	io.ReadCloser
	of    *keptObject
	bytes []extent
	err   error
}

func (r *recording) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 && r.err == nil {
		r.bytes, r.err = r.of.kept.write(r.bytes, p[:n])
	}
	return n, err
}

func (r *recording) version() version { return versionOf(r.ReadCloser) }

// keep makes the bytes the object's. It is called when the stream was read to its end and
// the text has proved whole: what is damaged may have been damaged on its way.
func (r *recording) keep() {
	if r.err != nil {
		return
	}
	k := r.of
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.whole {
		return
	}
	k.listed.take(r.version())
	k.bytes, k.whole = r.bytes, true
}

// tape is the origin of a stream that can be read once: what is read of it is
// written to the file before anybody sees it, so each reading begins at the
// first byte and goes on with the stream where the file ends.
type tape struct {
	kept *Kept

	mu    sync.Mutex // held while the stream is read, which may take for ever
	src   io.Reader
	bytes []extent
	err   error // how the stream ended
}

func (t *tape) again() bool { return true }
func (t *tape) ahead() bool { return false }

func (t *tape) open(ctx context.Context, _ *Object, free *chunks) (io.ReadCloser, error) {
	return newPump(ctx, free, func(context.Context) io.Reader { return &tapeReader{tape: t} }), nil
}

// close closes the stream, unless somebody waits for it: that one will, as
// nothing can be kept any more.
func (t *tape) close() {
	if t.mu.TryLock() {
		t.end(os.ErrClosed)
		t.mu.Unlock()
	}
}

// end notes how the stream ended, if it has not before. t.mu is held.
func (t *tape) end(err error) {
	if t.err != nil {
		return
	}
	t.err = err
	if c, ok := t.src.(io.Closer); ok {
		_ = c.Close() // its bytes are read, or nobody wants them
	}
}

// tapeReader is one reading of a tape.
type tapeReader struct {
	tape *tape
	at   place
}

func (r *tapeReader) Read(p []byte) (int, error) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, err := t.kept.read(t.bytes, &r.at, p); n > 0 || err != nil {
		return n, err
	}
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.src.Read(p)
	if n > 0 {
		bytes, lost := t.kept.write(t.bytes, p[:n])
		if lost == nil {
			t.bytes, r.at = bytes, place{len(bytes) - 1, bytes[len(bytes)-1].n}
		} else {
			err = lost
		}
	}
	if err != nil {
		t.end(err)
	}
	return n, err
}

// extent is a run of bytes in the file.
type extent struct{ off, n int64 }

// place is how far a reading has come: so many bytes of the i-th extent.
type place struct {
	i int
	n int64
}

// replay reads what is kept of a remote object.
type replay struct {
	kept  *Kept
	bytes []extent
	at    place
}

func (r *replay) Read(p []byte) (int, error) {
	n, err := r.kept.read(r.bytes, &r.at, p)
	if n == 0 && err == nil && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// read reads from a place in extents, and moves it; 0 at their end.
func (k *Kept) read(from []extent, at *place, p []byte) (int, error) {
	for at.i < len(from) && at.n == from[at.i].n {
		if at.i == len(from)-1 {
			return 0, nil // it may grow
		}
		*at = place{i: at.i + 1}
	}
	if at.i >= len(from) || len(p) == 0 {
		return 0, nil
	}
	k.mu.Lock()
	file := k.file
	k.mu.Unlock()
	if file == nil {
		return 0, fmt.Errorf("read temporary file: %w", os.ErrClosed)
	}
	e := from[at.i]
	n, err := file.ReadAt(p[:min(int64(len(p)), e.n-at.n)], e.off+at.n)
	at.n += int64(n)
	switch {
	case n > 0:
		return n, nil
	case isEnd(err):
		err = io.ErrUnexpectedEOF // the file is shorter than what was written to it
	}
	return 0, fmt.Errorf("read temporary file: %w", err)
}

// write puts bytes behind those that extents tell, and returns the extents of all.
func (k *Kept) write(to []extent, p []byte) ([]extent, error) {
	file, off, err := k.room(int64(len(p)))
	if err == nil {
		_, err = file.WriteAt(p, off)
	}
	if err != nil {
		return to, fmt.Errorf("write temporary file: %w", err)
	}
	if last := len(to) - 1; last >= 0 && to[last].off+to[last].n == off {
		to[last].n += int64(len(p))
		return to, nil
	}
	return append(to, extent{off, int64(len(p))}), nil
}

// room finds a place for n bytes.
func (k *Kept) room(n int64) (*os.File, int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, 0, os.ErrClosed
	}
	if k.file == nil {
		f, err := NamelessFile(k.dir)
		if err != nil {
			return nil, 0, err
		}
		k.file = f
	}
	off := k.size
	k.size += n
	return k.file, off, nil
}
