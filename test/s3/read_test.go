package s3

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"loglens/ingest"
)

// outcome is what became of one object.
type outcome struct {
	text     []byte
	err      error
	restarts int
	etag     string
	modified time.Time
}

// readAll reads sources to their end with so many workers, as the program does.
func readAll(ctx context.Context, t *testing.T, aws ingest.AWS, p ingest.Plan, workers int, specs ...string) (map[string]outcome, error) {
	t.Helper()
	sources, err := ingest.NewSources(specs, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	feed := ingest.Start(ctx, sources, p, workers)
	got := make(map[string]outcome)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			z := ingest.NewInflater()
			for o := range feed.Objects() {
				out := read(ctx, o, z)
				mu.Lock()
				if _, twice := got[o.URI]; twice {
					t.Errorf("%s came twice", o.URI)
				}
				got[o.URI] = out
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return got, feed.Err()
}

// read is one worker's way with one object.
func read(ctx context.Context, o *ingest.Object, z *ingest.Inflater) (out outcome) {
	for {
		var r io.Reader
		out.text = nil
		r, out.err = o.Content(ctx, z)
		if out.err == nil {
			out.text, out.err = io.ReadAll(r)
		}
		if out.err == nil || !o.Restart(ctx, out.err) {
			break
		}
		out.restarts++
	}
	out.etag, out.modified = o.ETag, o.Modified
	return closed(o, out)
}

func closed(o *ingest.Object, out outcome) outcome {
	out.err = errors.Join(out.err, o.Close())
	return out
}

// logText is about n bytes that compress like a log.
func logText(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "https 2026-11-22T03:%02d:%02d.%06dZ app/shop/a1 10.0.%d.%d:443 %x\n", r.IntN(60), r.IntN(60), r.IntN(1e6), r.IntN(256), r.IntN(256), r.Uint64())
	}
	return b.Bytes()
}

// pack makes one gzip member.
func pack(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// random is a source of random numbers that is the same in each run.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 22)) }
