package ingest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// A Source is one place that holds log objects.
type Source interface {
	// List yields the objects that the plan wants, and those that it finds of just
	// before the window, in an order that depends on nothing but the place's content.
	// An error stands for a part that could not be listed; what follows it is listed
	// nevertheless.
	List(ctx context.Context, p Plan) iter.Seq2[*Object, error]
	// String returns the place as it was named.
	String() string
}

// What is fetched before it is asked for.
const (
	aheadPerWorker = 2  // objects per worker, of any size
	aheadSmall     = 32 // objects, where so many take no more memory: each has to wait for its first byte
)

// listErrors is how many different listing errors are kept for the message.
const listErrors = 5

// Feed lists sources and fetches ahead of its consumers.
type Feed struct {
	objects  chan *Object
	prepared chan *Object
	room     *semaphore.Weighted // bytes of memory left for prepared objects
	listed   atomic.Int64
	done     atomic.Bool
	before   map[Name]bool // names of just before the window, without their nodes
	err      error         // set, as before is, before objects is closed
}

// Start begins to list the sources, one after the other, for so many workers.
// An object that two sources reach comes once. Cancelling ctx ends the listing
// and all fetching; so does reading Objects to its end and closing every Object.
func Start(ctx context.Context, sources []Source, p Plan, workers int) *Feed {
	ahead := aheadPerWorker * max(workers, 1)
	free := newChunks(ahead * aheadSize / chunkSize / 2)
	return start(ctx, sources, p, ahead, func(o *Object) error { return o.prefetch(ctx, free) })
}

// List lists the sources as Start does, but opens and fetches nothing unless an
// object's Content is asked for: it is for names, sizes and times.
func List(ctx context.Context, sources []Source, p Plan) *Feed {
	return start(ctx, sources, p, 0, func(*Object) error { return nil })
}

// start begins to list. prepare is called for each object before it is sent:
// for as many of any size as ahead, and for more that are small.
func start(ctx context.Context, sources []Source, p Plan, ahead int, prepare func(*Object) error) *Feed {
	f := &Feed{
		objects:  make(chan *Object),
		prepared: make(chan *Object, max(ahead, aheadSmall)-2), // list and hand have one each
		room:     semaphore.NewWeighted(int64(max(ahead, 1)) * aheadSize),
		before:   map[Name]bool{},
	}
	go func() {
		defer close(f.prepared)
		f.err = f.list(ctx, sources, p, prepare)
		f.done.Store(true)
	}()
	go f.hand(ctx)
	return f
}

// hand gives the consumers what is prepared, and makes room for more of it.
func (f *Feed) hand(ctx context.Context) {
	defer close(f.objects)
	for o := range f.prepared {
		room := o.reserved // before a consumer has it
		select {
		case f.objects <- o:
		case <-ctx.Done():
			_ = o.Close() // nobody will read it
		}
		f.room.Release(room)
	}
	if ctx.Err() != nil {
		f.err = context.Cause(ctx)
	}
}

// Objects returns the objects in the order of their IDs. The channel is closed
// at the end of the listing, or when the context is cancelled.
func (f *Feed) Objects() <-chan *Object { return f.objects }

// Err tells why the listing is not complete, nil if it is; several errors are
// joined. It may be called once Objects is closed.
func (f *Feed) Err() error { return f.err }

// Before are the names of the objects that were found of just before the window, and are none
// of Objects, in no order and without their nodes. It may be called once Objects is closed.
func (f *Feed) Before() []Name { return slices.Collect(maps.Keys(f.before)) }

// Listed returns how many objects were found so far, and whether that is all.
// It may be called at any time.
func (f *Feed) Listed() (n int64, done bool) { return f.listed.Load(), f.done.Load() }

// list sends the objects of all sources.
func (f *Feed) list(ctx context.Context, sources []Source, p Plan, prepare func(*Object) error) error {
	var errs []error
	said := make(map[string]bool)
	seen := make(map[string]bool)
	again := func(id string) bool {
		before := seen[id]
		seen[id] = true
		return before
	}
	for _, source := range sources {
		for o, err := range source.List(ctx, p) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil {
				if p.IsJustBefore(o.Name) {
					f.before[o.Name.log()] = true
					continue
				}
				if len(sources) > 1 && again(o.identity) || o.linked != "" && again(o.linked) {
					continue
				}
				o.ID = int32(f.listed.Add(1) - 1)
				o.reserved = o.room()
				if err := f.room.Acquire(ctx, o.reserved); err != nil {
					return context.Cause(ctx)
				}
				if err = prepare(o); err != nil {
					f.room.Release(o.reserved)
				}
			}
			if err != nil {
				if len(errs) < listErrors && !said[err.Error()] && !foretold(errs, err) {
					said[err.Error()] = true
					errs = append(errs, err)
				}
				if hopeless(err) {
					return joined(errs)
				}
				continue
			}
			select {
			case f.prepared <- o:
			case <-ctx.Done():
				_ = o.Close() // nobody will read it
				return context.Cause(ctx)
			}
		}
	}
	return joined(errs)
}

// hopeless reports whether what follows in the listing would fail alike.
func hopeless(err error) bool {
	return errors.As(err, new(*CredentialsError)) || errors.As(err, new(*UnreachableError))
}

// foretold reports whether an error says no more than an earlier one: a folder in S3
// could not be listed for the cause for which one that it lies in could not.
func foretold(earlier []error, err error) bool {
	place, cause := unlisted(err)
	return slices.ContainsFunc(earlier, func(e error) bool {
		above, same := unlisted(e)
		return same == cause && strings.HasSuffix(above, "/") && strings.HasPrefix(place, above)
	})
}

// unlisted is what could not be listed and why; the place is "" if err is of another kind.
func unlisted(err error) (place, cause string) {
	var denied *AccessError
	var missing *NotFoundError
	switch {
	case errors.As(err, &denied):
		place = denied.Resource
	case errors.As(err, &missing):
		place = missing.Name
	}
	return place, strings.TrimPrefix(err.Error(), place)
}

// joined is errors.Join, but leaves a single error as it is.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
