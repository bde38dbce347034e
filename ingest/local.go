package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// localSource is a file, or a folder with all below it.
type localSource struct {
	spec  string
	paths []string // the spec itself, or what its glob matched
}

// newLocalSource looks at the path or expands the glob.
func newLocalSource(spec string) (Source, error) {
	if spec == "" {
		return nil, &SourceError{Spec: `""`, Reason: "an empty name", Next: "is a variable empty? A source is s3://bucket/prefix, a file, a folder or a glob"}
	}
	switch _, err := os.Stat(spec); {
	case err == nil:
		return localSource{spec, []string{spec}}, nil
	case strings.ContainsAny(spec, Wild):
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotFoundError{What: "no such file or folder", Name: spec, Next: bucketHint(spec), Err: err}
	default:
		return nil, failure("open", spec, err)
	}
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(filepath.Clean(spec)))
	paths, err := matches(os.DirFS(base), base, pattern)
	switch {
	case errors.Is(err, doublestar.ErrBadPattern):
		return nil, &SourceError{Spec: spec, Reason: "not a valid pattern: " + err.Error(), Next: wildHelp}
	case err != nil:
		return nil, err
	case len(paths) == 0:
		return nil, &NotFoundError{What: "no file matches this pattern", Name: spec, Next: "quote a pattern, so that the shell leaves it alone: " + ShellWord(spec)}
	}
	return localSource{spec, paths}, nil
}

// bucketHint advises who has left out the scheme.
func bucketHint(spec string) string {
	if filepath.IsAbs(spec) || strings.HasPrefix(spec, ".") {
		return ""
	}
	for _, other := range []string{"s3:", "arn:aws:s3:::"} {
		spec = strings.TrimLeft(strings.TrimPrefix(spec, other), "/")
	}
	return "if it is a bucket: s3://" + spec
}

func (s localSource) String() string { return s.spec }

// List walks the folders in the order of names. Hidden files and folders are
// left out, links are followed, and what two paths reach comes once. The names of one
// file are left to the feed, which knows those of other sources.
func (s localSource) List(ctx context.Context, p Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		w := walker{ctx: ctx, plan: p, yield: yield, seen: make(map[string]bool)}
		for _, path := range s.paths {
			if !w.visit(look(path)) {
				return
			}
		}
	}
}

// walker goes through folders and yields the objects in them.
type walker struct {
	ctx   context.Context
	plan  Plan
	yield func(*Object, error) bool
	seen  map[string]bool // real paths of files and folders
}

// found is what lies at a path.
type found struct {
	path, real string      // real is "" if that is not known
	info       fs.FileInfo // of what a link leads to
	err        error
}

// look follows links.
func look(path string) found {
	info, err := os.Stat(path)
	return found{path: path, info: info, err: err}
}

// visit yields what was found; false means stop.
func (w *walker) visit(f found) bool {
	if w.ctx.Err() != nil {
		return w.yield(nil, context.Cause(w.ctx)) && false
	}
	path, real, info, err := f.path, f.real, f.info, f.err
	name := NameOf(path)
	switch {
	case err != nil && isLink(path):
		// What a link promises and does not lead to is one object that cannot be read,
		// and no reason to read nothing else.
		if !w.plan.Wants(name) {
			return true
		}
		return w.yield(&Object{URI: path, Size: -1, Name: name, identity: path, origin: file{path}}, nil)
	case err != nil:
		return w.yield(nil, failure("open", path, err))
	}
	if !info.IsDir() && !w.plan.Wants(name) && !w.plan.IsJustBefore(name) {
		return true
	}
	switch {
	case real != "":
	case info.IsDir() || info.Mode().IsRegular():
		if real, err = realPath(path); err != nil {
			return w.yield(nil, failure("open", path, err))
		}
	default:
		real = path // a pipe's path (/dev/fd/63) leads nowhere
	}
	if w.seen[real] {
		return true
	}
	w.seen[real] = true
	if info.IsDir() {
		return w.folder(path, real)
	}
	o := &Object{URI: path, Size: -1, Name: name, identity: real}
	if info.Mode().IsRegular() {
		o.Size, o.Modified, o.origin, o.linked = info.Size(), info.ModTime(), file{path}, linked(info)
	} else {
		o.origin = stream{&pipe{path: path}}
	}
	return w.yield(o, nil)
}

// isLink reports whether a path itself is a symbolic link.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// folder visits what lies in a folder; false means stop.
func (w *walker) folder(path, real string) bool {
	list, err := within(path, real)
	if err != nil {
		return w.yield(nil, failure("list", path, err))
	}
	for _, f := range list {
		if !w.visit(f) {
			return false
		}
	}
	return true
}

// within finds what lies in a folder. It looks at all of it at once, and again if a name
// is gone by then: whoever copies logs into the folder gives files another name as they
// become whole.
func within(path, real string) (list []found, err error) {
	for range 100 {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		gone := false
		list = list[:0]
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if e.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0 {
				continue // a socket, a device or a pipe is no log
			}
			f := look(filepath.Join(path, e.Name()))
			switch {
			case e.Type()&fs.ModeSymlink == 0:
				f.real = filepath.Join(real, e.Name())
				gone = gone || errors.Is(f.err, fs.ErrNotExist)
			case f.err == nil && !f.info.IsDir() && !f.info.Mode().IsRegular():
				continue // nor is what leads to one
			}
			list = append(list, f)
		}
		if !gone {
			break
		}
	}
	return list, nil
}

// realPath is the one path that all names of a file lead to.
func realPath(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// failure is an error of the file system, told with the path that was given.
func failure(what, path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &fs.PathError{Op: what, Path: path, Err: err}
}

// file is the origin of a local file that can be read again.
type file struct{ path string }

func (f file) again() bool { return true }
func (f file) ahead() bool { return false }

func (f file) open(context.Context, *Object, *chunks) (io.ReadCloser, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, failure("open", f.path, err)
	}
	return r, nil
}

// stream is the origin of what can be read once, standard input or a pipe. It is
// closed at the end of the reading if it can be.
type stream struct{ r io.Reader }

func (s stream) again() bool { return false }
func (s stream) ahead() bool { return false }

func (s stream) open(ctx context.Context, _ *Object, free *chunks) (io.ReadCloser, error) {
	return newPump(ctx, free, func(context.Context) io.Reader { return s.r }), nil
}

// pipe opens its file with the first Read: even opening a pipe waits, for its writer.
type pipe struct {
	path string
	f    *os.File
}

func (p *pipe) Read(b []byte) (int, error) {
	if p.f == nil {
		f, err := os.Open(p.path)
		if err != nil {
			return 0, failure("open", p.path, err)
		}
		p.f = f
	}
	return p.f.Read(b)
}

func (p *pipe) Close() error {
	if p.f == nil {
		return nil
	}
	return p.f.Close()
}

// stdinSource is standard input, one object of unknown name.
type stdinSource struct{ r io.Reader }

func (s stdinSource) String() string { return "-" }

func (s stdinSource) List(context.Context, Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		yield(&Object{URI: "-", Size: -1, identity: "-", origin: stream{onlyReader(s)}}, nil)
	}
}

// onlyReader hides all methods but Read: standard input is not ours to close.
type onlyReader struct{ r io.Reader }

func (o onlyReader) Read(p []byte) (int, error) { return o.r.Read(p) }
