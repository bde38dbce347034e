package ingest

import (
	"context"
	"iter"
)

// Serve feeds objects that a List has yielded, in their order and with their
// IDs, for so many workers. The objects stay as they are: each consumer gets one
// of its own, so that the same list may be served several times, also at once.
func Serve(ctx context.Context, objects []*Object, workers int) *Feed {
	ahead := aheadPerWorker * max(workers, 1)
	free := newChunks(ahead * aheadSize / chunkSize / 2)
	n := 0
	return start(ctx, []Source{served(objects)}, Plan{}, ahead, func(o *Object) error {
		o.ID = objects[n].ID
		n++
		return o.prefetch(ctx, free)
	})
}

// served is a source that has been listed.
type served []*Object

func (s served) String() string { return "listed objects" }

func (s served) List(context.Context, Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		for _, listed := range s {
			o := *listed
			if !yield(&o, nil) {
				return
			}
		}
	}
}
