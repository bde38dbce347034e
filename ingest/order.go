package ingest

import (
	"context"
	"iter"
	"sync"
)

// task is a piece of work with a sequence as its result.
type task[T any] func(ctx context.Context) iter.Seq2[T, error]

// whole makes a task of what knows all of its result at once. What it returns
// beside an error counts as well, and comes before it.
func whole[T any](list func(ctx context.Context) ([]T, error)) task[T] {
	return func(ctx context.Context) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			items, err := list(ctx)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
			}
		}
	}
}

// inOrder runs tasks, at most n at a time, and yields their results in the order
// of the tasks. Each runs as far as its first result, and waits there for its
// turn. All its goroutines have ended when it returns.
func inOrder[T any](ctx context.Context, n int, tasks iter.Seq[task[T]]) iter.Seq2[T, error] {
	type result struct {
		item T
		err  error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()

		queue := make(chan chan result, n-1) // the consumer has one
		running.Go(func() {
			defer close(queue)
			for t := range tasks {
				if ctx.Err() != nil {
					return
				}
				results := make(chan result)
				select {
				case queue <- results:
				case <-ctx.Done():
					return
				}
				running.Go(func() {
					defer close(results)
					for item, err := range t(ctx) {
						select {
						case results <- result{item, err}:
						case <-ctx.Done():
							return
						}
					}
				})
			}
		})
		for results := range queue {
			for r := range results {
				if !yield(r.item, r.err) {
					return
				}
			}
		}
		if ctx.Err() != nil {
			var none T
			yield(none, context.Cause(ctx))
		}
	}
}
