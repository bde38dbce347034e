package ingest

import "context"

// Serve feeds objects that a List has yielded, in their order and with their
// IDs, for so many workers. The objects stay as they are: each consumer gets one
// of its own, so that the same list may be served several times, also at once.
func Serve(ctx context.Context, objects []*Object, workers int) *Feed {
	workers = max(workers, 1)
	f := &Feed{objects: make(chan *Object, aheadPerWorker*workers-1)}
	go func() {
		defer close(f.objects)
		free := newChunks(aheadPerWorker * workers * aheadSize / chunkSize / 2)
		for _, listed := range objects {
			o := *listed
			f.listed.Add(1)
			if f.err = o.prefetch(ctx, free); f.err != nil {
				return
			}
			select {
			case f.objects <- &o:
			case <-ctx.Done():
				f.err = context.Cause(ctx)
				_ = o.Close() // nobody will read it
				for len(f.objects) > 0 {
					select {
					case o := <-f.objects:
						_ = o.Close()
					default:
					}
				}
				return
			}
		}
		f.done.Store(true)
	}()
	return f
}

// Again reports whether the object can be read a second time, which standard
// input and pipes cannot.
func (o *Object) Again() bool { return o.origin.again() }
