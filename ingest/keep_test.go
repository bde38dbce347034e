package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shelf is a bucket whose objects can be read, and replaced in between.
type shelf struct {
	mu    sync.Mutex
	books map[string][]byte

	lists, gets atomic.Int64
	// serve, if set, may answer the n-th GET of a key itself, from 0.
	serve func(w http.ResponseWriter, key string, n int) bool
	asked map[string]int
}

// tag changes with the content.
func tag(b []byte) string { return fmt.Sprintf(`"%d-%x"`, len(b), b[:min(4, len(b))]) }

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/bucket"), "/")
	if key == "" {
		s.lists.Add(1)
		keys := make([]string, 0, len(s.books))
		for k := range s.books {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		stored{keys: keys, page: 1000, describe: func(k string) (string, int64) { return tag(s.books[k]), int64(len(s.books[k])) }}.ServeHTTP(w, r)
		return
	}
	s.gets.Add(1)
	n := s.asked[key]
	s.asked[key]++
	book := s.books[key]
	if match := r.Header.Get("If-Match"); match != "" && match != tag(book) {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	w.Header().Set("ETag", tag(book))
	if s.serve != nil && s.serve(w, key, n) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(book))
}

// times returns how often a key was asked for.
func (s *shelf) times(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[key]
}

func (s *shelf) put(key string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books[key] = b
}

// requests returns how many LIST and GET were answered since it was called before.
func (s *shelf) requests() (lists, gets int64) { return s.lists.Swap(0), s.gets.Swap(0) }

func newShelf(t *testing.T, books map[string][]byte) (*shelf, AWS) {
	s := &shelf{books: books, asked: make(map[string]int)}
	return s, fakeS3(t, s.ServeHTTP)
}

// outcome is what one reading of an object gave.
type outcome struct {
	ID        int32
	URI, ETag string
	Size      int64
	Modified  time.Time
	Name      Name
	Stored    int64
	Text      string
	Err       string
}

// round reads all objects of sources as workers do, several at a time, each as
// far as most bytes of text if that is not 0.
func round(ctx context.Context, t *testing.T, sources []Source, p Plan, workers int, most int64) (map[string]outcome, error) {
	t.Helper()
	f := Start(ctx, sources, p, workers)
	var mu sync.Mutex
	got := make(map[string]outcome)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			z := NewInflater()
			for o := range f.Objects() {
				out := take(ctx, o, z, most)
				if err := o.Close(); err != nil {
					t.Error(err)
				}
				mu.Lock()
				got[o.URI] = out
				mu.Unlock()
			}
		})
	}
	working.Wait()
	return got, f.Err()
}

// take reads one object, afresh where that is deserved.
func take(ctx context.Context, o *Object, z *Inflater, most int64) outcome {
	var text []byte
	var err error
	for again := true; again; again = err != nil && o.Restart(ctx, err) {
		var r io.Reader
		text = nil
		if r, err = o.Content(ctx, z); err != nil {
			continue
		}
		if most > 0 {
			r = io.LimitReader(r, most)
		}
		text, err = io.ReadAll(r)
	}
	out := outcome{ID: o.ID, URI: o.URI, ETag: o.ETag, Size: o.Size, Modified: o.Modified, Name: o.Name, Stored: o.BytesCompressed(), Text: string(text)}
	if err != nil {
		out.Err, out.Text = err.Error(), ""
	}
	return out
}

// bookshelf is a bucket's worth of objects of all sorts, with their texts by URI.
func bookshelf(t *testing.T) (books map[string][]byte, texts map[string]string) {
	r := rand.New(rand.NewPCG(11, 12))
	books, texts = make(map[string][]byte), make(map[string]string)
	add := func(key string, stored, text []byte) {
		books[key], texts["s3://bucket/"+key] = stored, string(text)
	}
	for i := range 2 * aheadSmall { // a round that ends early has not listed all
		text := logText(r, 1+r.IntN(100_000))
		add(fmt.Sprintf("%02d.log.gz", i), pack(t, text), text)
	}
	plain := logText(r, 6<<20) // more than a pump holds
	add("plain.log", plain, plain)
	add("copied/"+nameAt0310, pack(t, []byte("a named one\n")), []byte("a named one\n"))
	add("empty.log", nil, nil)
	add("nothing.log.gz", pack(t, nil), nil)
	add("two members.gz", cat(pack(t, []byte("one\n")), pack(t, []byte("two\n"))), []byte("one\ntwo\n"))
	return books, texts
}

// The second round gives what the first gave, and asks nobody.
func TestKept(t *testing.T) {
	books, texts := bookshelf(t)
	s, aws := newShelf(t, books)
	local := t.TempDir()
	file := filepath.Join(local, "a.log")
	if err := os.WriteFile(file, []byte("on disk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	piped := string(logText(rand.New(rand.NewPCG(13, 14)), 5<<20))
	texts[file], texts["-"] = "on disk\n", piped
	wanted := len(piped)
	for _, b := range books {
		wanted += len(b)
	}
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			all, err := NewSources([]string{"s3://bucket", local, "-"}, strings.NewReader(piped), aws)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			kept := Keep(all, dir)
			s.requests()
			first, err := round(t.Context(), t, kept.Sources(), Plan{}, workers, 0)
			if err != nil {
				t.Fatal(err)
			}
			lists, gets := s.requests()
			if want := int64(len(books) - 1); lists == 0 || gets != want { // nobody fetches what is empty
				t.Errorf("first round: %d LIST, %d GET; want some and %d", lists, gets, want)
			}
			if kept.size != int64(wanted) {
				t.Errorf("%d bytes are kept, want %d: what is remote, once", kept.size, wanted)
			}
			for n := range 2 {
				again, err := round(t.Context(), t, kept.Sources(), Plan{}, workers, 0)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(first, again); diff != "" {
					t.Fatalf("round %d differs (-first +again):\n%.2000s", n+2, diff)
				}
				if lists, gets := s.requests(); lists+gets > 0 {
					t.Errorf("round %d: %d LIST, %d GET; want none", n+2, lists, gets)
				}
			}
			got := make(map[string]string)
			for uri, o := range first {
				if got[uri] = o.Text; o.Err != "" {
					t.Errorf("%s: %s", uri, o.Err)
				}
				if strings.HasPrefix(uri, "s3:") && (!o.Modified.Equal(storedAt) || o.ETag == "" || o.Size != o.Stored) {
					t.Errorf("%s: ETag %s, modified %v, %d bytes of which %d were read", uri, o.ETag, o.Modified, o.Size, o.Stored)
				}
			}
			if diff := cmp.Diff(texts, got); diff != "" {
				t.Errorf("texts (-want +got):\n%.2000s", diff)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("the file has a name: %v, error %v", left, err)
			}
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// onShelf keeps one bucket and returns what a test of its rounds needs.
func onShelf(t *testing.T, books map[string][]byte, dir string) (*shelf, *Kept) {
	t.Helper()
	s, aws := newShelf(t, books)
	all, err := NewSources([]string{"s3://bucket"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	kept := Keep(all, dir)
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, kept
}

// What is kept of an object is not given for another version of it, nor by a server that
// has no ETags.
func TestKeptVersions(t *testing.T) {
	listed := func(etag string, size int64, modified time.Time) *Object {
		return &Object{identity: "s3://bucket/\x00a.gz", ETag: etag, Size: size, Modified: modified, origin: s3Object{}}
	}
	later := storedAt.Add(time.Second)
	for _, tt := range []struct {
		name        string
		first, then *Object
		same        bool
	}{
		{"by its ETag, whenever it was written", listed("e", 5, storedAt), listed("e", 5, later), true},
		{"another ETag", listed("e", 5, storedAt), listed("f", 5, storedAt), false},
		{"no ETag", listed("", 5, storedAt), listed("", 5, storedAt), true},
		{"no ETag, another size", listed("", 5, storedAt), listed("", 6, storedAt), false},
		{"no ETag, another time", listed("", 5, storedAt), listed("", 5, later), false},
	} {
		kept := Keep(nil, t.TempDir())
		if same := kept.remember(tt.first) == kept.remember(tt.then); same != tt.same {
			t.Errorf("%s: the same version: %t", tt.name, same)
		}
	}
}

// A listing that failed says so again, and a part of it is not taken for all.
func TestKeptListingFails(t *testing.T) {
	s, aws := newShelf(t, map[string][]byte{"a.log": []byte("a line\n")})
	shut := true
	front := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		if shut {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.ServeHTTP(w, r)
	})
	aws.EndpointURL = front.EndpointURL
	sources, err := NewSources([]string{"s3://bucket"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	kept := Keep(sources, t.TempDir())
	for n := range 2 {
		if got, err := round(t.Context(), t, kept.Sources(), Plan{}, 1, 0); !errors.As(err, new(*AccessError)) || len(got) > 0 {
			t.Errorf("round %d: %v, error %v", n+1, got, err)
		}
	}
	shut = false
	if got, err := round(t.Context(), t, kept.Sources(), Plan{}, 1, 0); err != nil || got["s3://bucket/a.log"].Text != "a line\n" {
		t.Errorf("let in: %v, error %v", got, err)
	}
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
}

func TestKeptFaults(t *testing.T) {
	good, long := []byte("a line\nanother line\n"), logText(rand.New(rand.NewPCG(15, 16)), 1<<20)
	read := func(t *testing.T, kept *Kept, most int64) map[string]outcome {
		t.Helper()
		got, err := round(t.Context(), t, kept.Sources(), Plan{}, 2, most)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	expect := func(t *testing.T, s *shelf, wantLists, wantGets int64) {
		t.Helper()
		if lists, gets := s.requests(); lists != wantLists || gets != wantGets {
			t.Errorf("%d LIST and %d GET, want %d and %d", lists, gets, wantLists, wantGets)
		}
	}
	t.Run("damaged in the bucket: fetched anew", func(t *testing.T) {
		bad := pack(t, good)
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, good), "bad.gz": bad[:len(bad)-3]}, t.TempDir())
		for n := range 2 {
			s.requests()
			got := read(t, kept, 0)
			if o := got["s3://bucket/bad.gz"]; !strings.Contains(o.Err, ErrDamaged.Error()) {
				t.Errorf("round %d: error %q, want ErrDamaged", n+1, o.Err)
			}
			if o := got["s3://bucket/a.gz"]; o.Text != string(good) {
				t.Errorf("round %d: text %q, error %s", n+1, o.Text, o.Err)
			}
			if n > 0 {
				expect(t, s, 0, 2)
			}
		}
		s.put("bad.gz", bad) // it is mended, so that it is another one by its ETag
		got := read(t, kept, 0)
		if o := got["s3://bucket/bad.gz"]; o.Text != string(good) || o.ETag != tag(bad) {
			t.Errorf("mended: %+v", o)
		}
		s.requests()
		if diff := cmp.Diff(got, read(t, kept, 0)); diff != "" {
			t.Errorf("after it was mended (-before +after):\n%s", diff)
		}
		expect(t, s, 0, 0)
	})
	t.Run("damaged on its way: what was whole is kept", func(t *testing.T) {
		stored := pack(t, long)
		s, kept := onShelf(t, map[string][]byte{"a.gz": stored}, t.TempDir())
		s.serve = func(w http.ResponseWriter, _ string, n int) bool {
			if n > 0 {
				return false
			}
			bad := slices.Clone(stored)
			bad[len(bad)-5] ^= 1
			_, _ = w.Write(bad)
			return true
		}
		first := read(t, kept, 0)
		if o := first["s3://bucket/a.gz"]; o.Text != string(long) {
			t.Fatalf("error %s, %d bytes of text", o.Err, len(o.Text))
		}
		s.requests()
		if diff := cmp.Diff(first, read(t, kept, 0)); diff != "" {
			t.Errorf("second round (-first +second):\n%.2000s", diff)
		}
		expect(t, s, 0, 0)
	})
	t.Run("cut off on its way: taken up, and kept once", func(t *testing.T) {
		stored := pack(t, long)
		s, kept := onShelf(t, map[string][]byte{"a.gz": stored}, t.TempDir())
		s.serve = func(w http.ResponseWriter, _ string, n int) bool {
			if n > 0 {
				return false
			}
			_, _ = w.Write(stored[:len(stored)/3])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		first := read(t, kept, 0)
		if o := first["s3://bucket/a.gz"]; o.Text != string(long) || kept.size != int64(len(stored)) {
			t.Fatalf("error %s, %d bytes of text, %d bytes kept of %d", o.Err, len(o.Text), kept.size, len(stored))
		}
		s.requests()
		if diff := cmp.Diff(first, read(t, kept, 0)); diff != "" {
			t.Errorf("second round (-first +second):\n%.2000s", diff)
		}
		expect(t, s, 0, 0)
	})
	t.Run("replaced after the listing: the version that was read", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.log": []byte("old\n")}, t.TempDir())
		s.serve = func(w http.ResponseWriter, key string, n int) bool {
			if n == 0 {
				s.books[key] = []byte("replaced\n")
				w.WriteHeader(http.StatusPreconditionFailed)
			}
			w.Header().Set("Last-Modified", storedAt.Add(time.Hour).Format(http.TimeFormat))
			return n == 0
		}
		first := read(t, kept, 0)
		if o := first["s3://bucket/a.log"]; o.Text != "replaced\n" || o.ETag != tag([]byte(o.Text)) || o.Size != 9 || !o.Modified.Equal(storedAt.Add(time.Hour)) {
			t.Fatalf("%+v", o)
		}
		s.put("a.log", []byte("and once more\n"))
		s.requests()
		if diff := cmp.Diff(first, read(t, kept, 0)); diff != "" {
			t.Errorf("second round (-first +second):\n%s", diff)
		}
		expect(t, s, 0, 0)
		// Who lists anew sees what is there now.
		got, err := round(t.Context(), t, kept.Sources(), Plan{LoadBalancer: "shop"}, 1, 0)
		if o := got["s3://bucket/a.log"]; err != nil || o.Text != "and once more\n" {
			t.Errorf("listed anew: %+v, error %v", o, err)
		}
	})
	t.Run("not read to the end: fetched anew", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, long), "b.log": long}, t.TempDir())
		if o := read(t, kept, 100)["s3://bucket/b.log"]; o.Text != string(long[:100]) {
			t.Fatalf("%+v", o)
		}
		s.requests()
		for uri, o := range read(t, kept, 0) {
			if o.Text != string(long) {
				t.Errorf("%s: error %s, %d bytes of text", uri, o.Err, len(o.Text))
			}
		}
		expect(t, s, 0, 2)
		read(t, kept, 0)
		expect(t, s, 0, 0)
	})
	t.Run("another plan lists, and fetches nothing", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, long), "b.log": long}, t.TempDir())
		first := read(t, kept, 0)
		lists, _ := s.requests()
		got, err := round(t.Context(), t, kept.Sources(), Plan{LoadBalancer: "shop"}, 2, 0)
		if diff := cmp.Diff(first, got); diff != "" || err != nil {
			t.Errorf("another plan: error %v (-first +got):\n%.2000s", err, diff)
		}
		expect(t, s, lists, 0)
	})
	t.Run("a listing alone is kept too", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, long), "b.log": long}, t.TempDir())
		f := List(t.Context(), kept.Sources(), Plan{})
		n := 0
		for o := range f.Objects() {
			if int(o.ID) != n || o.Size < 0 || o.Name != (Name{}) || !o.Modified.Equal(storedAt) {
				t.Errorf("%+v", o)
			}
			n++
		}
		lists, gets := s.requests()
		if n != 2 || f.Err() != nil || lists == 0 || gets > 0 {
			t.Errorf("%d objects, error %v, %d LIST, %d GET", n, f.Err(), lists, gets)
		}
		if got := read(t, kept, 0); len(got) != 2 {
			t.Errorf("%d objects", len(got))
		}
		expect(t, s, 0, 2)
	})
	t.Run("nowhere to keep it: fetched anew", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, long), "b.log": long}, filepath.Join(t.TempDir(), "missing"))
		first := read(t, kept, 0)
		s.requests()
		if diff := cmp.Diff(first, read(t, kept, 0)); diff != "" || first["s3://bucket/b.log"].Text != string(long) {
			t.Errorf("second round (-first +second):\n%.2000s", diff)
		}
		expect(t, s, 0, 2)
	})
	t.Run("a file that has lost bytes is no end of an object", func(t *testing.T) {
		_, kept := onShelf(t, map[string][]byte{"b.log": long}, t.TempDir())
		read(t, kept, 0)
		if err := kept.file.Truncate(int64(len(long) / 2)); err != nil {
			t.Fatal(err)
		}
		if o := read(t, kept, 0)["s3://bucket/b.log"]; !strings.Contains(o.Err, "temporary file") {
			t.Errorf("error %q, want that of the temporary file", o.Err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		_, kept := onShelf(t, map[string][]byte{"b.log": long}, t.TempDir())
		read(t, kept, 0)
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
		if o := read(t, kept, 0)["s3://bucket/b.log"]; !strings.Contains(o.Err, os.ErrClosed.Error()) {
			t.Errorf("error %q, want that the file is closed", o.Err)
		}
	})
	t.Run("our decoder is wrong", func(t *testing.T) {
		s, kept := onShelf(t, map[string][]byte{"a.gz": pack(t, good)}, t.TempDir())
		z := NewInflater()
		z.fast = new(wrongMember)
		for n := range 2 {
			o := <-Start(t.Context(), kept.Sources(), Plan{}, 1).Objects()
			if out := take(t.Context(), o, z, 0); out.Text != string(good) {
				t.Errorf("round %d: %+v", n+1, out)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, gets := s.requests(); gets != 2 {
			t.Errorf("%d GET, want 2, both in the first round", gets)
		}
	})
}

// A first round that is cancelled leaves a second one nothing but less to fetch.
func TestKeptCancelled(t *testing.T) {
	books, texts := bookshelf(t)
	s, kept := onShelf(t, books, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := Start(ctx, kept.Sources(), Plan{}, 2)
	z := NewInflater()
	asked := make(map[string]int) // of what was read, how often
	for o := range f.Objects() {
		if out := take(ctx, o, z, 0); out.Err == "" {
			key := strings.TrimPrefix(o.URI, "s3://bucket/")
			asked[key] = s.times(key)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		if len(asked) == 10 {
			cancel()
		}
	}
	if !errors.Is(f.Err(), context.Canceled) || len(asked) < 10 || len(asked) > 20 {
		t.Fatalf("%d objects read, error %v", len(asked), f.Err())
	}
	s.requests()
	got, err := round(t.Context(), t, kept.Sources(), Plan{}, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	for uri, text := range texts {
		if got[uri].Text != text {
			t.Errorf("%s: error %s, %d bytes of text, want %d", uri, got[uri].Err, len(got[uri].Text), len(text))
		}
	}
	if lists, gets := s.requests(); lists == 0 || gets == 0 {
		t.Errorf("second round: %d LIST, %d GET; want some", lists, gets)
	}
	for key, n := range asked {
		if more := s.times(key) - n; more > 0 {
			t.Errorf("%s was fetched %d times more", key, more)
		}
	}
}

// Standard input can be read as often as one likes, and from its beginning,
// however little of it was read before.
func TestKeptStandardInput(t *testing.T) {
	text := string(logText(rand.New(rand.NewPCG(17, 18)), 5<<20))
	first := func(t *testing.T, ctx context.Context, kept *Kept, most int64) outcome {
		t.Helper()
		got, err := round(ctx, t, kept.Sources(), Plan{}, 1, most)
		if err != nil || len(got) != 1 {
			t.Fatalf("%d objects, error %v", len(got), err)
		}
		return got["-"]
	}
	t.Run("left early", func(t *testing.T) {
		kept := Keep(sources(t, bufio.NewReader(strings.NewReader(text)), "-"), t.TempDir())
		for _, most := range []int64{100, 3 << 20, 0, 200, 0} {
			want := text
			if most > 0 {
				want = text[:most]
			}
			if o := first(t, t.Context(), kept, most); o.Text != want || o.Err != "" {
				t.Errorf("error %s, %d bytes of text, want %d", o.Err, len(o.Text), len(want))
			}
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("left while it waits", func(t *testing.T) {
		r, w := io.Pipe()
		kept := Keep(sources(t, r, "-"), t.TempDir())
		go func() { _, _ = io.WriteString(w, "begun some time ago ") }()
		if o := first(t, t.Context(), kept, 5); o.Text != "begun" {
			t.Errorf("%+v", o)
		}
		// The first round's goroutine waits for what the second round is to have.
		time.AfterFunc(10*time.Millisecond, func() {
			_, _ = io.WriteString(w, "and ended")
			_ = w.Close()
		})
		for range 2 {
			if o := first(t, t.Context(), kept, 0); o.Text != "begun some time ago and ended" || o.Err != "" {
				t.Errorf("%+v", o)
			}
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled while it waits", func(t *testing.T) {
		r, w := io.Pipe()
		kept := Keep(sources(t, r, "-"), t.TempDir())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		got, _ := round(ctx, t, kept.Sources(), Plan{}, 1, 0)
		if o, was := got["-"]; was && o.Err != context.Canceled.Error() {
			t.Errorf("%+v", o)
		}
		if err := kept.Close(); err != nil { // must not wait for the writer
			t.Error(err)
		}
		_ = w.Close()
	})
	t.Run("damaged", func(t *testing.T) {
		stored := pack(t, []byte(text[:1<<20]))
		kept := Keep(sources(t, bytes.NewReader(stored[:len(stored)-1]), "-"), t.TempDir())
		for range 2 {
			if o := first(t, t.Context(), kept, 0); !strings.Contains(o.Err, ErrDamaged.Error()) {
				t.Errorf("error %q, want ErrDamaged", o.Err)
			}
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("our decoder is wrong: the library reads it from the file", func(t *testing.T) {
		kept := Keep(sources(t, bytes.NewReader(pack(t, []byte(text[:1<<20]))), "-"), t.TempDir())
		z := NewInflater()
		z.fast = new(wrongMember)
		o := <-Start(t.Context(), kept.Sources(), Plan{}, 1).Objects()
		if out := take(t.Context(), o, z, 0); out.Text != text[:1<<20] {
			t.Errorf("error %s, %d bytes of text", out.Err, len(out.Text))
		}
		if err := errors.Join(o.Close(), kept.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Run("breaks off", func(t *testing.T) {
		broken := errors.New("the line went dead")
		kept := Keep(sources(t, io.MultiReader(strings.NewReader("begun"), &failing{broken}), "-"), t.TempDir())
		for range 2 {
			if o := first(t, t.Context(), kept, 0); o.Err != broken.Error() {
				t.Errorf("%+v, want that the line went dead", o)
			}
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("nowhere to keep it", func(t *testing.T) {
		kept := Keep(sources(t, strings.NewReader(text), "-"), filepath.Join(t.TempDir(), "missing"))
		for range 2 {
			if o := first(t, t.Context(), kept, 0); !strings.Contains(o.Err, "temporary file") {
				t.Errorf("error %q, want that of the temporary file", o.Err)
			}
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// failing can be read once, with an error.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) {
	if f.err == nil {
		panic("read after it has failed")
	}
	err := f.err
	f.err = nil
	return 0, err
}

// A pipe with a name, as a shell makes of <(command).
func TestKeptPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	text := string(logText(rand.New(rand.NewPCG(19, 20)), 1<<20))
	var writing sync.WaitGroup
	writing.Go(func() {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	})
	kept := Keep(sources(t, nil, path), t.TempDir())
	for _, most := range []int64{10, 0, 0} {
		got, err := round(t.Context(), t, kept.Sources(), Plan{}, 1, most)
		want := text
		if most > 0 {
			want = text[:most]
		}
		if o := got[path]; err != nil || o.Text != want || o.Size != -1 || !o.Modified.IsZero() {
			t.Errorf("%d bytes of text, %d stored, modified %v, errors %v, %s", len(o.Text), o.Size, o.Modified, err, o.Err)
		}
	}
	writing.Wait()
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
}

// Whoever writes at the same time, and however little at a time, gets his own
// bytes back.
func TestKeptExtents(t *testing.T) {
	kept := Keep(nil, t.TempDir())
	var working sync.WaitGroup
	for i := range 8 {
		working.Go(func() {
			r := rand.New(rand.NewPCG(21, uint64(i)))
			want := logText(r, 200_000)
			var bytes []extent
			for rest := want; len(rest) > 0; {
				n := min(1+r.IntN(9000), len(rest))
				var err error
				if bytes, err = kept.write(bytes, rest[:n]); err != nil {
					t.Error(err)
					return
				}
				rest = rest[n:]
			}
			for range 3 {
				in := &replay{kept: kept, bytes: bytes}
				var got []byte
				for {
					b := make([]byte, r.IntN(5000))
					n, err := in.Read(b)
					got = append(got, b[:n]...)
					if isEnd(err) {
						break
					} else if err != nil {
						t.Error(err)
						return
					}
				}
				if string(got) != string(want) {
					t.Errorf("%d bytes, want %d or other ones", len(got), len(want))
				}
			}
		})
	}
	working.Wait()
	if kept.size != 8*200_000 {
		t.Errorf("the file has %d bytes", kept.size)
	}
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
}
