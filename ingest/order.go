package ingest

import (
	"context"
	"iter"
	"sync"
)

// task is a piece of work with a list as its result. What it returns beside an
// error counts as well, and comes before it.
type task[T any] func(ctx context.Context) ([]T, error)

// inOrder runs tasks, about n at a time, and yields their results in the order
// of the tasks. All its goroutines have ended when it returns.
func inOrder[T any](ctx context.Context, n int, tasks iter.Seq[task[T]]) iter.Seq2[T, error] {
	type result struct {
		items []T
		err   error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()

		queue := make(chan chan result, max(n-2, 0))
		running.Go(func() {
			defer close(queue)
			for t := range tasks {
				done := make(chan result, 1)
				select {
				case queue <- done:
				case <-ctx.Done():
					return
				}
				running.Go(func() {
					items, err := t(ctx)
					done <- result{items, err}
				})
			}
		})
		var none T
		for done := range queue {
			r := <-done
			for _, item := range r.items {
				if !yield(item, nil) {
					return
				}
			}
			if r.err != nil && !yield(none, r.err) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(none, context.Cause(ctx))
		}
	}
}
