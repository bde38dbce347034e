package ingest

import (
	"context"
	"iter"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// How many listings run at a time; their results keep their order.
const (
	foldersAtOnce   = 2 // accounts, and regions of each
	partsAtOnce     = 4 // days of a region, and what is beside them
	balancersAtOnce = 8
)

// seeker finds the objects of a plan in a bucket.
//
// Keys sort by log, balancer and then by the end of their interval, and the
// folder of a day lists all balancers with one request, whose delimiter "_20"
// cuts each key at its time stamp. So per day: one request for the balancers,
// and per wanted log of a wanted balancer one that starts shortly before the window
// and stops behind it. Keys with other names show up beside the balancers and are
// read.
//
// What is a bool of its methods is false when the consumer wants no more.
type seeker struct {
	bucket *bucket
	plan   Plan
	match  string // glob for keys, or ""
	emit   func(*Object, error) bool
}

// walk lists a folder with all that is in it, and the object of that key, if it may be
// one: a permission to list a folder does not cover the key without its slash.
func (l *seeker) walk(ctx context.Context, prefix string, isKey bool) bool {
	if root, below, ok := splitLayout(prefix); ok {
		return l.tree(ctx, root, below)
	}
	key := prefix
	if !isKey {
		key = ""
	}
	return l.place(ctx, folder(prefix), key)
}

// place lists a folder of which nothing is known, and the object of that key; "" for none.
func (l *seeker) place(ctx context.Context, parent, key string) bool {
	root, err := l.layout(ctx, parent)
	switch {
	case err != nil:
		l.emit(nil, err)
		return false
	case root != "":
		return l.tree(ctx, root, nil)
	}
	return l.key(ctx, key) && l.flat(ctx, parent)
}

// each lists folders one after the other, each with a seeker of its own, and begins
// with the next one while the objects of one are read.
func (l *seeker) each(ctx context.Context, folders []string, list func(*seeker, context.Context, string) bool) bool {
	objects := inOrder(ctx, foldersAtOnce, func(yield func(task[*Object]) bool) {
		for _, folder := range folders {
			if !yield(func(ctx context.Context) iter.Seq2[*Object, error] {
				return func(yield func(*Object, error) bool) {
					list(&seeker{bucket: l.bucket, plan: l.plan, match: l.match, emit: yield}, ctx, folder)
				}
			}) {
				return
			}
		}
	})
	for o, err := range objects {
		if !l.emit(o, err) {
			return false
		}
	}
	return true
}

// children lists the folders directly below a folder, and the wanted objects
// that lie there beside them.
func (l *seeker) children(ctx context.Context, parent string) (folders []string, loose []*Object, err error) {
	for p, err := range l.bucket.pages(ctx, listing{prefix: parent, delimiter: "/"}) {
		if err != nil {
			return nil, nil, err
		}
		for _, f := range p.prefixes {
			if f != parent { // a server that gives it would send us round in a circle
				folders = append(folders, f)
			}
		}
		for _, k := range p.objects {
			if o := l.object(k); o != nil {
				loose = append(loose, o)
			}
		}
	}
	return folders, loose, nil
}

// all yields some objects.
func (l *seeker) all(objects []*Object) bool {
	for _, o := range objects {
		if !l.emit(o, nil) {
			return false
		}
	}
	return true
}

// key yields the object whose key is the whole prefix, if there is one.
func (l *seeker) key(ctx context.Context, key string) bool {
	if key == "" {
		return true
	}
	for p, err := range l.bucket.pages(ctx, listing{prefix: key, limit: 1}) {
		if err != nil {
			l.emit(nil, err)
			return false
		}
		if len(p.objects) > 0 && p.objects[0].key == key {
			if o := l.object(p.objects[0]); o != nil {
				return l.emit(o, nil)
			}
		}
		break
	}
	return true
}

// flat lists every key below a prefix and takes those that the plan wants by
// their names. Where it meets an AWSLogs folder it goes on in AWS's layout, and
// where a glob takes a folder, as if that had been named.
func (l *seeker) flat(ctx context.Context, prefix string) bool {
	ask := listing{prefix: prefix}
	for {
		inner := ""
	pages:
		for p, err := range l.bucket.pages(ctx, ask) {
			if err != nil {
				return l.emit(nil, err)
			}
			for _, k := range p.objects {
				if k.key <= ask.startAfter {
					continue // from a server that does not know where to start
				}
				if inner = l.folderIn(prefix, k.key); inner != "" {
					break pages
				}
				if o := l.object(k); o != nil && !l.emit(o, nil) {
					return false
				}
			}
		}
		if inner == "" {
			return true
		}
		if !l.enter(ctx, inner) {
			return false
		}
		ask.startAfter = inner + "\U0010ffff" // behind all that is in it
	}
}

// folderIn is the folder in which a key lies, below prefix or that itself, that is not
// listed key by key: AWSLogs or, with a glob, the one that the glob takes; "" for none.
func (l *seeker) folderIn(prefix, key string) string {
	if l.match == "" {
		rest := key[len(prefix):]
		if at := strings.Index("/"+rest, "/AWSLogs/"); at >= 0 {
			return prefix + rest[:at] + "AWSLogs/"
		}
		return ""
	}
	for i := range len(key) {
		if key[i] == '/' && (doublestar.MatchUnvalidated(l.match, key[:i]) || doublestar.MatchUnvalidated(l.match, key[:i+1])) {
			return key[:i+1]
		}
	}
	return ""
}

// enter lists the folder that folderIn has found.
func (l *seeker) enter(ctx context.Context, folder string) bool {
	if l.match == "" {
		return l.tree(ctx, folder, nil)
	}
	all := &seeker{bucket: l.bucket, plan: l.plan, emit: l.emit}
	return all.walk(ctx, strings.TrimSuffix(folder, "/"), false)
}
