package ingest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loglens/internal/when"
)

// remote are so many objects of one size, which are worth reading ahead.
type remote struct {
	objects int
	size    int64
	opened  *int
}

func (remote) String() string { return "remote" }
func (remote) again() bool    { return true }
func (remote) ahead() bool    { return true }

func (r remote) open(context.Context, *Object, *chunks) (io.ReadCloser, error) {
	*r.opened++
	return io.NopCloser(strings.NewReader("")), nil
}

func (r remote) List(context.Context, Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		for i := range r.objects {
			if !yield(&Object{URI: fmt.Sprint(i), Size: r.size, origin: r}, nil) {
				return
			}
		}
	}
}

// What is read ahead is bounded by memory, and by the number of requests at a time.
func TestFeedAhead(t *testing.T) {
	tests := []struct {
		name    string
		size    int64
		workers int
		want    int
	}{
		{"large", 100 << 20, 2, 4},
		{"of unknown size", -1, 2, 4},
		{"large, many workers", 100 << 20, 20, 40},
		{"one MiB", 1 << 20, 2, 16},
		{"small", 1000, 2, aheadSmall},
		{"small, many workers", 1000, 20, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const objects = 200
				opened := 0
				f := Start(t.Context(), []Source{remote{objects, tt.size, &opened}}, Plan{}, tt.workers)
				for n := range objects {
					synctest.Wait()
					if want := min(tt.want, objects-n); opened-n != want {
						t.Fatalf("%d objects opened ahead of the %dth, want %d", opened-n, n, want)
					}
					if o := <-f.Objects(); o.ID != int32(n) {
						t.Fatalf("object %d came as the %dth", o.ID, n)
					}
				}
				if o, more := <-f.Objects(); more || f.Err() != nil {
					t.Errorf("object %v, error %v at the end", o, f.Err())
				}
			})
		})
	}
}

// shelved is one object that is worth reading ahead until it has been opened.
type shelved struct {
	remote
	whole bool
}

func (s *shelved) ahead() bool { return !s.whole }

func (s *shelved) open(context.Context, *Object, *chunks) (io.ReadCloser, error) {
	s.whole = true
	return io.NopCloser(strings.NewReader("")), nil
}

func (s *shelved) List(context.Context, Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		for i := range s.objects {
			if !yield(&Object{URI: fmt.Sprint(i), Size: s.size, origin: &shelved{}}, nil) {
				return
			}
		}
	}
}

// The memory that an object took is given back, even if it would take none by now.
func TestFeedGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const objects = 50
		f := Start(t.Context(), []Source{&shelved{remote: remote{objects: objects, size: 100 << 20}}}, Plan{}, 1)
		n := 0
		for range f.Objects() {
			n++
		}
		if n != objects || f.Err() != nil {
			t.Errorf("%d objects, error %v; want %d", n, f.Err(), objects)
		}
	})
}

// Where a folder may not be listed, those in it may not either, and are not named beside it;
// another bucket is.
func TestRefusalsAreToldOnce(t *testing.T) {
	aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		message := "Access Denied"
		if r.URL.Query().Get("prefix") == "a/b/" {
			message = "for another cause"
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>`+message+`</Message></Error>`)
	})
	sources, err := NewSources([]string{"s3://logs/AWSLogs/111122223333/elasticloadbalancing/eu-central-1", "s3://other", "s3://other/a/", "s3://other/a/b/"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	until := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	f := List(t.Context(), sources, Plan{Window: when.Window{From: until.Add(-time.Hour), Until: until}, Now: until})
	for o := range f.Objects() {
		t.Errorf("object %s", o.URI)
	}
	const said = "access denied: s3:ListBucket is missing (AccessDenied: Access Denied)"
	want := "s3://logs/AWSLogs/111122223333/elasticloadbalancing/eu-central-1/: " + said + "\ns3://other/: " + said +
		"\ns3://other/a/b/: " + strings.Replace(said, "Access Denied)", "for another cause)", 1)
	if err := f.Err(); err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}
