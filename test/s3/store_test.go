package s3

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
	"loglens/test/internal/gateway"
)

// bucket and key are where an object of the tree lies.
func (w *tree) bucket() string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(w.source, "s3://"), "/")
	return bucket
}

// put writes an object of the tree anew.
func (w *tree) put(t *testing.T, key string, body []byte) {
	t.Helper()
	w.stored[key] = body
	put(t, w.bucket(), map[string][]byte{key: body})
}

// remove takes an object out of the bucket.
func (w *tree) remove(t *testing.T, key string) {
	t.Helper()
	bucket := w.bucket()
	if _, err := client().DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}

// access are the keys of the access logs that have lines, in order.
func (w *tree) access() (keys []string) {
	for _, o := range w.Objects {
		if o.Kind == demo.KindAccess && o.Lines > 0 {
			keys = append(keys, "prod/"+o.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// all is the number of logs, with the keys of those that an ingest has to fetch.
func (w *tree) all() (n int, fetched map[string]int) {
	fetched = map[string]int{}
	for _, o := range w.Objects {
		if o.Kind == demo.KindTestFile {
			continue
		}
		if n++; o.Stored > 0 {
			fetched["prod/"+o.Key] = 1
		}
	}
	return n, fetched
}

// ingest puts the bucket into a store, and checks what is said of it.
func (w *tree) ingest(t *testing.T, p *proxy, store, says string, want int) {
	t.Helper()
	stdout, stderr, status := ask(t, w.from(p, "ingest", "--store", store)...)
	if status != want || !strings.Contains(stdout, says) {
		t.Errorf("exit %d, want %d and %q:\n%s%s", status, want, says, stdout, stderr)
	}
}

// checkAsked checks which objects were fetched, however often.
func checkAsked(t *testing.T, p *proxy, want map[string]int) {
	t.Helper()
	got, _ := p.fetched()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("objects that were fetched (-want +got):\n%s", diff)
	}
}

// questions are what a bucket and a store of it are asked.
var questions = [][]string{
	{"top-errors", "--output", "json", "--limit", "0", "--by", "reason,target,node"},
	{"rejects", "--output", "json"},
	{"health", "--output", "json"},
	{"tls", "--output", "json"},
	{"sql", "select uri, etag, size, kind, lines, parsed, rejected, status, bytes from object order by uri", "--output", "jsonl"},
}

// sameFromStore asks the bucket and the store the same.
func (w *tree) sameFromStore(t *testing.T, store string, more ...[]string) {
	t.Helper()
	sound := newProxy(t, nil)
	for _, command := range append(more, questions...) {
		want, said, status := ask(t, w.from(sound, command...)...)
		if status != 0 || want == "" {
			t.Fatalf("%q from S3: exit %d:\n%s", command, status, said)
		}
		got, said, status := ask(t, slices.Concat(command, w.window, []string{"--store", store})...)
		if diff := cmp.Diff(want, got); diff != "" || status != 0 {
			t.Errorf("%q: exit %d (-from S3 +from the store):\n%s%s", command, status, diff, said)
		}
	}
	if got, said, status := ask(t, "store", "verify", "--store", store); status != 0 || !strings.HasSuffix(got, " is sound\n") {
		t.Errorf("verify: exit %d:\n%s%s", status, got, said)
	}
}

// TestIngest keeps a store of a bucket: each object is read once, and again when
// it is another; and the store answers as the bucket does.
func TestIngest(t *testing.T) {
	t.Parallel()
	w := newTree(t, "ingest", 3_000, 5*time.Minute)
	n, others := w.all()
	access, store := w.access(), filepath.Join(t.TempDir(), "loglens.duckdb")
	late, replaced := access[1], access[2]
	body := w.stored[late]
	w.remove(t, late)
	delete(others, late)
	step := func(name, says string, want map[string]int) {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, nil)
			w.ingest(t, p, store, says, 0)
			checkAsked(t, p, want)
			// A summary looks at the window before, too, in which there is nothing.
			before := w.From.Add(w.From.Sub(w.Until)).Format(time.RFC3339)
			if _, said, status := ask(t, append(w.from(p, "ingest", "--store", store), "--since", before, "--until", w.window[1])...); status != 0 {
				t.Errorf("ingest of the window before: exit %d:\n%s", status, said)
			}
			w.sameFromStore(t, store, []string{"summary", "--output", "json"})
		})
	}
	step("first", fmt.Sprintf("%d objects in the window: %d new, 0 replaced, 0 known, 0 failed;", n-1, n-1), others)
	t.Run("nothing new", func(t *testing.T) {
		p := newProxy(t, nil)
		w.ingest(t, p, store, fmt.Sprintf("0 new, 0 replaced, %d known, 0 failed; 0.0 MB", n-1), 0)
		checkAsked(t, p, map[string]int{})
	})
	w.put(t, replaced, w.stored[access[3]])
	step("overwritten", fmt.Sprintf("0 new, 1 replaced, %d known, 0 failed;", n-2), map[string]int{replaced: 1})
	w.put(t, late, body)
	step("late", fmt.Sprintf("1 new, 0 replaced, %d known, 0 failed;", n-1), map[string]int{late: 1})
}

// TestIngestFaults lets S3 fail. What can be mended is, and what cannot is told,
// and left to the next ingest: the store never has a part of an object.
func TestIngestFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(t *testing.T, w *tree, store, whole string){
		"slowdown": func(t *testing.T, w *tree, store, whole string) {
			w.ingest(t, newProxy(t, slowDown(random(4))), store, whole, 0)
		},
		"bodies-cut": func(t *testing.T, w *tree, store, whole string) {
			p := newProxy(t, w.cutOnce(5))
			w.ingest(t, p, store, whole, 0)
			checkResumed(t, p, int64(totalSize(w.stored)))
		},
		"connections-cut": func(t *testing.T, w *tree, store, whole string) {
			p := toxicProxy(t)
			spoil(t, p, "limit_data", `"bytes":20000`)
			w.ingest(t, &proxy{url: "http://" + p.Listen}, store, whole, 0)
		},
		"listing-refused": func(t *testing.T, w *tree, store, whole string) {
			w.ingest(t, newProxy(t, denied(request.isList)), store, "", 4)
			w.ingest(t, newProxy(t, nil), store, whole, 0)
		},
		"unreadable":  unreadable,
		"overwritten": overwritten,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTree(t, "ingest-"+name, 3_000, 5*time.Minute)
			store := filepath.Join(t.TempDir(), "loglens.duckdb")
			n, _ := w.all()
			test(t, w, store, fmt.Sprintf("%d new, 0 replaced, 0 known, 0 failed;", n))
			w.sameFromStore(t, store)
		})
	}
}

// unreadable has two objects that are refused, one that never comes, and one that is
// damaged. The answer from the store is as partial as that from the bucket, and
// the next ingest tries those again, and nothing else. One that is gone by then is
// missed no longer.
func unreadable(t *testing.T, w *tree, store, _ string) {
	n, _ := w.all()
	access := w.access()
	refused, hopeless, damaged, gone := access[0], access[4], access[5], access[2]
	sound := w.stored[damaged]
	broken := bytes.Clone(sound)
	broken[len(broken)-8] ^= 1
	w.put(t, damaged, broken)
	fault := func(r request, _ int) *fault {
		switch {
		case !r.isGet():
		case r.key == refused, r.key == gone:
			return &fault{status: http.StatusForbidden, code: "AccessDenied", message: "Access Denied"}
		case r.key == hopeless:
			return &fault{cut: 0}
		}
		return nil
	}
	w.ingest(t, newProxy(t, fault), store, fmt.Sprintf("%d new, 0 replaced, 0 known, 4 failed;", n-4), 3)
	command := []string{"top-errors", "--output", "json", "--limit", "0"}
	want, said, status := ask(t, w.from(newProxy(t, fault), command...)...)
	got, saidOfStore, stored := ask(t, slices.Concat(command, w.window, []string{"--store", store})...)
	if diff := cmp.Diff(want, got); diff != "" || status != 3 || stored != 3 {
		t.Errorf("exit %d from S3, %d from the store, want 3 (-from S3 +from the store):\n%s%s%s", status, stored, diff, said, saidOfStore)
	}
	w.put(t, damaged, sound)
	w.remove(t, gone)
	p := newProxy(t, nil)
	w.ingest(t, p, store, fmt.Sprintf("0 new, 3 replaced, %d known, 0 failed;", n-4), 0)
	checkAsked(t, p, map[string]int{refused: 1, hopeless: 1, damaged: 1})
}

// overwritten has objects that are overwritten while they are read. Whatever
// version was put in, after the next ingest it is the last. (When an object was
// delivered is what its listing says, so a summary may name the older time.)
func overwritten(t *testing.T, w *tree, store, whole string) {
	n, _ := w.all()
	access := w.access()
	fresh := map[string][]byte{}
	for i, key := range access[:len(access)-1] {
		fresh[key] = w.stored[access[i+1]]
	}
	c := client()
	w.ingest(t, newProxy(t, func(r request, n int) *fault {
		if !r.isGet() || n > 0 || fresh[r.key] == nil {
			return nil
		}
		return &fault{cut: int64(len(w.stored[r.key]) / 2), then: func() {
			if err := gateway.Put(context.WithoutCancel(t.Context()), c, w.bucket(), r.key, fresh[r.key]); err != nil {
				t.Error(err)
			}
		}}
	}), store, whole, 0)
	w.ingest(t, newProxy(t, nil), store, " 0 new, ", 0)
	p := newProxy(t, nil)
	w.ingest(t, p, store, fmt.Sprintf("0 new, 0 replaced, %d known, 0 failed;", n), 0)
	checkAsked(t, p, map[string]int{})
}

func totalSize(objects map[string][]byte) (n int) {
	for _, b := range objects {
		n += len(b)
	}
	return n
}

// TestSummary: a summary of a bucket is that of a store of it, through every fault
// that can be mended; what --fail-if says decides the status; and what is written
// once more names what it corrects.
func TestSummary(t *testing.T) {
	t.Parallel()
	w := newTree(t, "summary", 3_000, 10*time.Minute)
	half := w.From.Add(w.Until.Sub(w.From) / 2)
	w.window = []string{"--since", half.Format(time.RFC3339), "--until", w.Until.Format(time.RFC3339)}
	dir := t.TempDir()
	store, out := filepath.Join(dir, "loglens.duckdb"), filepath.Join(dir, "summary.json")
	written := func(t *testing.T) string {
		t.Helper()
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	keep := &tree{Truth: w.Truth, source: w.source, window: []string{"--since", w.From.Format(time.RFC3339), "--until", w.Until.Format(time.RFC3339)}}
	keep.ingest(t, newProxy(t, nil), store, " new, 0 replaced, 0 known, 0 failed;", 0)
	command := []string{"summary", "--output", "json", "--out", out}
	condition := []string{"--fail-if", "failures > 0 and requests >= 10"}

	stdout, said, status := ask(t, slices.Concat(command, condition, w.window, []string{"--store", store})...)
	if status != 20 || stdout != "" || !strings.Contains(said, "--fail-if failures > 0 and requests >= 10 is true: ") {
		t.Fatalf("from the store: exit %d, want 20:\n%s%s", status, stdout, said)
	}
	want := written(t)
	for name, damage := range map[string]func(request, int) *fault{"sound": nil, "SlowDown": slowDown(random(6)), "every body cut": w.cutOnce(7)} {
		t.Run(name, func(t *testing.T) {
			if err := os.Remove(out); err != nil {
				t.Fatal(err)
			}
			stdout, said, status := ask(t, w.from(newProxy(t, damage), slices.Concat(command, condition)...)...)
			if diff := cmp.Diff(want, written(t)); diff != "" || status != 20 || stdout != "" {
				t.Errorf("exit %d, want 20 (-from the store +from S3):\n%s%s%s", status, diff, stdout, said)
			}
		})
	}
	t.Run("false", func(t *testing.T) {
		stdout, said, status := ask(t, w.from(newProxy(t, nil), slices.Concat(command, []string{"--fail-if", "failure_rate > 99%"})...)...)
		if diff := cmp.Diff(want, written(t)); diff != "" || status != 0 || stdout != "" {
			t.Errorf("exit %d (-want +got):\n%s%s%s", status, diff, stdout, said)
		}
	})
	t.Run("refused", func(t *testing.T) {
		_, said, status := ask(t, w.from(newProxy(t, denied(request.isGet)), command...)...)
		if status != 4 || written(t) != want {
			t.Errorf("exit %d, want 4, and the file as it was:\n%s", status, said)
		}
	})
	t.Run("one object refused", func(t *testing.T) {
		if err := os.Remove(out); err != nil {
			t.Fatal(err)
		}
		access := w.access()
		bad := access[len(access)-1]
		_, said, status := ask(t, w.from(newProxy(t, denied(func(r request) bool { return r.key == bad })), command...)...)
		if got := written(t); status != 3 || !strings.Contains(got, `"objects_failed": 1,`) || !strings.Contains(said, bad) {
			t.Errorf("exit %d, want 3:\n%s%s", status, got, said)
		}
		// All of it the next time, which corrects what was written.
		for range 2 {
			_, said, status = ask(t, w.from(newProxy(t, nil), command...)...)
			if status != 0 || !strings.Contains(said, "corrects the summary written before: requests ") || !strings.Contains(written(t), `"corrects": {`) {
				t.Errorf("exit %d:\n%s", status, said)
			}
		}
	})
}
