package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
)

// A server that is heard no more in the middle of many objects is not waited for by each of
// them. One that is silent for a while only, or for some, is.
func TestServerLost(t *testing.T) {
	t.Parallel()
	const objects, text = 400, "a line\n"
	for _, tt := range []struct {
		name   string
		silent func(n int64) bool // for the n-th object that is asked for
		ends   bool
	}{
		{"for good", func(n int64) bool { return n > 40 }, true},
		{"for some", func(n int64) bool { return n%50 == 0 }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked, requests atomic.Int64
			var listing strings.Builder
			keys := map[string]*atomic.Int64{} // the place of each in the order of asking
			for i := range objects {
				key := fmt.Sprintf("k/%04d", i)
				keys["/bucket/"+key] = new(atomic.Int64)
				fmt.Fprintf(&listing, `<Contents><Key>%s</Key><ETag>"e"</ETag><Size>%d</Size></Contents>`, key, len(text))
			}
			aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
				place := keys[r.URL.Path]
				if place == nil {
					_, _ = io.WriteString(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>`+listing.String()+`</ListBucketResult>`)
					return
				}
				requests.Add(1)
				if place.Load() == 0 {
					place.Store(asked.Add(1))
				}
				if tt.silent(place.Load()) {
					<-r.Context().Done()
					return
				}
				w.Header().Set("ETag", `"e"`)
				_, _ = io.WriteString(w, text)
			})
			aws.IdleTimeout = 300 * time.Millisecond
			sources, err := NewSources([]string{"s3://bucket/k/"}, nil, aws)
			if err != nil {
				t.Fatal(err)
			}
			f := Start(t.Context(), sources, Plan{}, 2)
			var read, failed, spared int
			for o := range f.Objects() {
				r, err := o.Content(t.Context(), NewInflater())
				if err == nil {
					_, err = io.Copy(io.Discard, r)
				}
				switch {
				case err == nil:
					read++
				case !errors.As(err, new(*UnreachableError)):
					t.Fatal(err)
				case strings.Contains(err.Error(), "not asked for"):
					spared++
				default:
					failed++
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			}
			if f.Err() != nil || read+failed+spared != objects {
				t.Errorf("%v: %d of %d objects", f.Err(), read+failed+spared, objects)
			}
			if tt.ends && (read != 40 || spared < objects/2) || !tt.ends && (spared > 0 || failed != objects/50) {
				t.Errorf("%d read, %d waited for in vain, %d not asked for", read, failed, spared)
			}
		})
	}
}

// A server counts as lost if both are true: nothing was heard for long, and many requests
// were given up since.
func TestPulse(t *testing.T) {
	const idle = 30 * time.Second
	dead := errors.New("connection refused")
	for _, tt := range []struct {
		name   string
		quiet  time.Duration
		failed int
		then   error // of one more request; nil for none
		lost   bool
	}{
		{"nothing was asked for long", 2 * lostIdles * idle, 0, nil, false},
		{"one too few", 2 * lostIdles * idle, lostRequests - 1, nil, false},
		{"many at once", time.Second, 2 * lostRequests, nil, false},
		{"many, and for long", 2 * lostIdles * idle, lostRequests, nil, true},
		{"a refusal is an answer", 2 * lostIdles * idle, lostRequests, &smithy.GenericAPIError{Code: "AccessDenied"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPulse(idle)
				defer p.timer.Stop()
				for range tt.failed {
					p.note(dead)
				}
				time.Sleep(tt.quiet)
				synctest.Wait()
				if tt.then != nil {
					p.note(tt.then)
				}
				if err := p.lost("s3://bucket/key"); (err != nil) != tt.lost {
					t.Errorf("error %v, want one: %t", err, tt.lost)
				}
			})
		})
	}
}
