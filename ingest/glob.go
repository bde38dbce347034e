package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
)

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

// looking notes what doublestar passes over in silence. Its own option to fail would
// end with the first link that leads round in a circle.
type looking struct {
	fs.FS
	base string
	err  error // the first
}

func (l *looking) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(l.FS, name)
	l.note("list", name, err)
	return entries, err
}

func (l *looking) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(l.FS, name)
	l.note("open", name, err)
	return info, err
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
	l.err = fmt.Errorf("%s %s: %w", what, path.Join(l.base, name), reason(err))
}
