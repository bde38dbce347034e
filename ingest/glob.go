package ingest

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
)

// Wild are the characters that make a pattern of a source's name.
const Wild = "*?[{"

// wildHelp says what they mean.
const wildHelp = "* stands for any name, ** for any folders, [ab] and {a,b} for a choice"

// matches are the paths below base, whose files fsys has, that match a pattern. A folder
// that cannot be listed is an error: logs that match may be in it.
func matches(fsys fs.FS, base, pattern string) ([]string, error) {
	look := &looking{FS: fsys, base: base}
	paths, err := doublestar.Glob(look, pattern, doublestar.WithNoHidden())
	if err != nil {
		return nil, err
	}
	for i, p := range paths {
		paths[i] = filepath.FromSlash(path.Join(base, p))
	}
	return paths, look.err
}

// Names reports whether a source of this name is a place or, if it is a pattern, has it
// among its matches. A local source that exists is none, whatever is in its name.
func Names(source, place string) bool {
	if source == place {
		return true
	}
	_, err := os.Lstat(source)
	return err != nil && doublestar.MatchUnvalidated(filepath.ToSlash(source), filepath.ToSlash(place))
}

// looking notes what doublestar passes over in silence, and ends circles of links. The
// option to fail, of doublestar's own, would end with the first of them.
type looking struct {
	fs.FS
	base string
	err  error // the first
}

func (l *looking) ReadDir(name string) ([]fs.DirEntry, error) {
	if l.round(name) {
		return nil, nil
	}
	entries, err := fs.ReadDir(l.FS, name)
	l.note("list", name, err)
	return entries, err
}

func (l *looking) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(l.FS, name)
	l.note("open", name, err)
	return info, err
}

// round reports whether links have led into the same folder for the third time on one
// path. By then all that is in it has been found, and two such links would make endless
// paths. The second time may be what the pattern asks for, as */latest/* does of a link
// to its own folder.
func (l *looking) round(name string) bool {
	here, err := fs.Stat(l.FS, name)
	if err != nil {
		return false // listing it tells
	}
	before := 0
	for above := name; above != "."; {
		above = path.Dir(above)
		if info, err := fs.Stat(l.FS, above); err == nil && os.SameFile(here, info) {
			before++
		}
	}
	return before >= 2
}

func (l *looking) note(what, name string, err error) {
	if err == nil || l.err != nil {
		return
	}
	// Where there is nothing, nothing is missed, and a circle has been gone round before.
	for _, nothing := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG} {
		if errors.Is(err, nothing) {
			return
		}
	}
	l.err = failure(what, path.Join(l.base, name), err)
}
