package query

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
)

// givenUp stands for all sources that nobody looks through any more. The times for which
// they were looked through count as before; of any other time they lack only what no
// source was looked through for.
const givenUp = "sources that were given up"

// neverLooked is the span of a source of which no time was looked through.
var neverLooked = when.Window{From: time.Unix(0, 0), Until: time.Unix(0, 0)}

// Forget has a store ask no more for what it lacks of a source, and of those that lie in
// it: times that were not looked through, and objects that could not be read. What the
// store has of them stays. It returns how many sources they were.
//
// Errors: *DiskError, *LockedError.
func Forget(ctx context.Context, temp string, d Disk, source string) (sources int, err error) {
	place := absolute(source)
	err = change(ctx, temp, d, func(s *Store) ([]string, error) {
		known, err := s.spansOf(ctx)
		if err != nil {
			return nil, err
		}
		if sources = known.giveUp(place); sources == 0 {
			return nil, nil
		}
		var gone []string
		var m missing
		var identity string
		err = s.each(ctx, func() {
			if m.place = placeOf(identity, m.uri); m.lies(place) {
				gone = append(gone, fmt.Sprint(m.id))
			}
		}, "SELECT object_id, identity, uri FROM disk.object WHERE status <> 'ok'", []any{&m.id, &identity, &m.uri})
		return append(remember(known), withoutObjects(gone)...), err
	})
	return sources, err
}

// giveUp gives the spans of a source, and of those that lie in it, to those that were
// given up, and returns how many sources they were.
func (s spans) giveUp(place string) (sources int) {
	for _, source := range slices.Sorted(maps.Keys(s)) {
		if !slices.Contains(withFolders(source), place) {
			continue
		}
		sources++
		for balancer, list := range s[source] {
			of := origin{givenUp, balancer}
			if list = when.Join(append(s.of(of), list...)); list == nil {
				list = []when.Window{neverLooked}
			}
			s.set(of, list)
		}
		delete(s, source)
	}
	return sources
}

// placeOf is where an object lies: a local file by its identity, as its uri may be a name
// from another folder.
func placeOf(identity, uri string) string {
	if strings.HasPrefix(uri, "s3://") {
		return uri
	}
	return identity
}

// lies reports whether the object lies in a place, or is one of those that a pattern names.
func (m missing) lies(in string) bool {
	name := followed(in)
	return slices.ContainsFunc(withFolders(m.place), func(place string) bool { return ingest.Names(name, place) })
}

// followed is where a local path leads to, and anything else as it is.
func followed(place string) string {
	if to, err := filepath.EvalSymlinks(place); err == nil {
		return to
	}
	return place
}

// withoutObjects takes objects out that hold no rows.
func withoutObjects(ids []string) []string {
	if ids == nil {
		return nil
	}
	return []string{"DELETE FROM disk.object WHERE object_id IN (" + strings.Join(ids, ", ") + ")", placeObjects}
}

// vanished reports whether a source is a local file or folder that is not there any more.
func vanished(source string) bool {
	if !filepath.IsAbs(source) || strings.ContainsAny(source, ingest.Wild) {
		return false
	}
	_, err := os.Lstat(source)
	return errors.Is(err, fs.ErrNotExist)
}
