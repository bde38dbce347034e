package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
	"loglens/test/internal/gateway"
)

// tree is a made-up hour, on disk and in a bucket.
type tree struct {
	*demo.Truth
	dir, source string
	window      []string          // flags
	stored      map[string][]byte // by the bucket's keys
}

// newTree makes one of about so many requests within a span of time: the shorter
// it is, the fewer and larger the objects are.
func newTree(t *testing.T, bucket string, lines int, span time.Duration) *tree {
	t.Helper()
	w := &tree{dir: t.TempDir(), source: "s3://" + newBucket(t, bucket) + "/prod", stored: make(map[string][]byte)}
	var err error
	w.Truth, err = demo.Write(t.Context(), w.dir, demo.Options{Seed: 6, End: time.Date(2026, 11, 22, 0, 10, 0, 0, time.UTC), Span: span, Lines: lines, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range w.Objects {
		if w.stored["prod/"+o.Key], err = os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(o.Key))); err != nil {
			t.Fatal(err)
		}
	}
	put(t, bucket, w.stored)
	w.window = []string{"--since", w.From.Format(time.RFC3339), "--until", w.Until.Format(time.RFC3339)}
	return w
}

// keys are those of the objects of some kinds that hold bytes, with these.
func (w *tree) keys(kinds ...demo.Kind) (keys map[string]int, stored int64) {
	keys = make(map[string]int)
	for _, o := range w.Objects {
		if slices.Contains(kinds, o.Kind) && o.Stored > 0 {
			keys["prod/"+o.Key] = 1
			stored += o.Stored
		}
	}
	return keys, stored
}

// requests are the keys of the request logs.
func (w *tree) requests() (keys map[string]int, stored int64) {
	return w.keys(demo.KindAccess, demo.KindClassic)
}

// some returns one sound object of an access log with more lines than DuckDB
// takes at a time, so that rows are out before the object ends.
func (w *tree) some(t *testing.T) (key string, index int32) {
	t.Helper()
	most := 0
	for i, o := range w.Objects {
		if o.Kind == demo.KindAccess && o.Members == 1 && o.Lines > most {
			key, index, most = "prod/"+o.Key, int32(i), o.Lines
		}
	}
	if most < 2500 {
		t.Fatalf("the largest object has %d lines", most)
	}
	return key, index
}

// byBalancer counts requests and failures by balancer; wanted as perBalancer answers.
const perBalancer = "select elb, count(*) n, count(reason) f from request group by all order by 1"

func (w *tree) byBalancer(keep func(*demo.Request) bool) string {
	tallies := w.Count(time.Time{}, time.Time{}, keep, func(r *demo.Request) string { return r.LoadBalancer })
	var b strings.Builder
	for _, elb := range slices.Sorted(maps.Keys(tallies)) {
		fmt.Fprintf(&b, `{"elb":%q,"n":%d,"f":%d}`+"\n", elb, tallies[elb].Requests, tallies[elb].Failures)
	}
	return b.String()
}

// twice needs every object for two streams, which may run side by side.
const twice = `select (select count(*) from request) n, (select count(*) from request where reason is not null) f`

func (w *tree) twice(keep func(*demo.Request) bool) string {
	all := w.Count(time.Time{}, time.Time{}, keep, func(*demo.Request) string { return "" })[""]
	return fmt.Sprintf(`{"n":%d,"f":%d}`+"\n", all.Requests, all.Failures)
}

// thrice needs every object for two streams and for the tables.
const thrice = `select (select count(*) from request) n, (select count(*) from request where reason is not null) f,
	(select sum(requests)::bigint from traffic) s`

func (w *tree) thrice(keep func(*demo.Request) bool) string {
	all := w.Count(time.Time{}, time.Time{}, keep, func(*demo.Request) string { return "" })[""]
	return fmt.Sprintf(`{"n":%d,"f":%d,"s":%d}`+"\n", all.Requests, all.Failures, all.Requests)
}

func without(object int32) func(*demo.Request) bool {
	return func(r *demo.Request) bool { return r.Object != object }
}

// fetched counts the GETs of each key.
func (p *proxy) fetched() (keys map[string]int, sent int64) {
	keys = make(map[string]int)
	for _, r := range p.seen(request.isGet) {
		keys[r.key]++
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return keys, p.sent
}

// process is the command with a folder for temporary files of its own.
type process struct {
	*exec.Cmd
	temp           string
	stdout, stderr bytes.Buffer
}

func newProcess(t *testing.T, args ...string) *process {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(t.Context(), bin, args...), temp: t.TempDir()}
	p.Env = append(os.Environ(), "TMPDIR="+p.temp)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// end waits for the process, and checks that it has left no temporary file.
func (p *process) end(t *testing.T) (status int) {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(p.temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		t.Errorf("temporary file left behind: %s", file.Name())
	}
	return p.ProcessState.ExitCode()
}

// ask runs the command to its end.
func ask(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	p := newProcess(t, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	status = p.end(t)
	return p.stdout.String(), p.stderr.String(), status
}

// from is the command line that asks a proxy for the tree.
func (w *tree) from(p *proxy, command ...string) []string {
	return slices.Concat(command, w.window, []string{"--endpoint-url", p.url, w.source})
}

func (w *tree) onDisk(command ...string) []string {
	return slices.Concat(command, w.window, []string{w.dir})
}

func denied(ok func(request) bool) func(request, int) *fault {
	return func(r request, _ int) *fault {
		if !ok(r) {
			return nil
		}
		return &fault{status: http.StatusForbidden, code: "AccessDenied", message: "Access Denied"}
	}
}

// cutOnce breaks the first GET of each key off at a random byte.
func (w *tree) cutOnce(seed uint64) func(request, int) *fault {
	var mu sync.Mutex
	random := random(seed)
	return func(r request, n int) *fault {
		size := int64(len(w.stored[r.key]))
		if !r.isGet() || n > 0 || size == 0 {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		return &fault{cut: random.Int64N(size)}
	}
}

// slowDown refuses three requests in ten.
func slowDown(random *rand.Rand) func(request, int) *fault {
	var mu sync.Mutex
	return func(request, int) *fault {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(10) >= 3 {
			return nil
		}
		return &fault{status: http.StatusServiceUnavailable, code: "SlowDown", message: "Please reduce your request rate."}
	}
}

// checkFetched checks that all of keys were fetched once, and nothing else.
func checkFetched(t *testing.T, p *proxy, want map[string]int, stored int64) {
	t.Helper()
	got, sent := p.fetched()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GETs by key (-want +got):\n%s", diff)
	}
	if sent != stored {
		t.Errorf("%d bytes fetched for %d", sent, stored)
	}
}

// checkResumed checks that what was fetched before a cut was not fetched again.
func checkResumed(t *testing.T, p *proxy, stored int64) {
	t.Helper()
	keys, sent := p.fetched()
	seen := make(map[string]bool)
	for _, r := range p.seen(request.isGet) {
		if seen[r.key] && r.header.Get("Range") != "" && r.header.Get("If-Match") == "" {
			t.Errorf("%s taken up at %s without If-Match", r.key, r.header.Get("Range"))
		}
		seen[r.key] = true
	}
	resumed := len(p.seen(func(r request) bool { return r.isGet() && r.header.Get("Range") != "" }))
	if resumed < len(keys)/2 {
		t.Errorf("%d of %d reads were taken up", resumed, len(keys))
	}
	if sent > stored*12/10 {
		t.Errorf("%d bytes fetched for %d", sent, stored)
	}
	t.Logf("%d of %d reads were taken up, %d bytes fetched for %d", resumed, len(keys), sent, stored)
}

// TestSQL asks statements about a bucket. The rows are those of the truth and of
// the files on disk, through every fault that can be mended; what cannot be
// mended is left out and said.
func TestSQL(t *testing.T) {
	t.Parallel()
	w := newTree(t, "sql", 60_000, 15*time.Minute)
	requests, stored := w.requests()
	statements := []struct {
		name, text string
		want       func(keep func(*demo.Request) bool) string
		shared     bool // scans share what is fetched
	}{
		{"one scan", perBalancer, w.byBalancer, false},
		{"two scans", twice, w.twice, true},
		{"three readings", thrice, w.thrice, true},
	}
	for _, s := range statements {
		sql := []string{"sql", s.text, "--output", "jsonl"}
		onDisk, saidOnDisk, status := ask(t, w.onDisk(sql...)...)
		if diff := cmp.Diff(s.want(nil), onDisk); diff != "" || status != 0 {
			t.Fatalf("%s: exit %d, on disk (-truth +got):\n%s%s", s.name, status, diff, saidOnDisk)
		}
		accounting := fmt.Sprintf("lines: %d = %d parsed + %d rejected + 0 skipped", w.Lines, w.Lines-w.Damaged, w.Damaged)
		if !strings.Contains(saidOnDisk, accounting) {
			t.Fatalf("%s: want %q in\n%s", s.name, accounting, saidOnDisk)
		}
		same := func(t *testing.T, p *proxy, more ...string) {
			t.Helper()
			got, said, status := ask(t, w.from(p, slices.Concat(sql, more)...)...)
			if diff := cmp.Diff(onDisk, got); diff != "" || status != 0 {
				t.Errorf("exit %d (-on disk +from S3):\n%s%s", status, diff, said)
			}
			if diff := cmp.Diff(strings.ReplaceAll(saidOnDisk, w.dir, w.source), said); diff != "" {
				t.Errorf("stderr (-on disk +from S3):\n%s", diff)
			}
		}
		for _, workers := range []string{"1", "2", "7"} {
			t.Run(s.name+"/sound, workers "+workers, func(t *testing.T) {
				p := newProxy(t, nil)
				same(t, p, "--workers", workers)
				checkFetched(t, p, requests, stored)
			})
		}
		t.Run(s.name+"/every body cut", func(t *testing.T) {
			p := newProxy(t, w.cutOnce(1))
			same(t, p)
			checkResumed(t, p, stored)
		})
		t.Run(s.name+"/SlowDown", func(t *testing.T) {
			p := newProxy(t, slowDown(random(2)))
			same(t, p)
			if _, sent := p.fetched(); sent != stored {
				t.Errorf("%d bytes fetched for %d", sent, stored)
			}
		})
		t.Run(s.name+"/one object refused", func(t *testing.T) {
			bad, index := w.some(t)
			p := newProxy(t, denied(func(r request) bool { return r.key == bad }))
			got, said, status := ask(t, w.from(p, sql...)...)
			if diff := cmp.Diff(s.want(without(index)), got); diff != "" || status != 3 {
				t.Errorf("exit %d, want 3 (-truth of the others +got):\n%s%s", status, diff, said)
			}
			if !strings.Contains(said, "s3:GetObject") || !strings.Contains(said, bad) {
				t.Errorf("no word of s3:GetObject on %s:\n%s", bad, said)
			}
			others, _ := p.fetched()
			delete(others, bad)
			want := maps.Clone(requests)
			delete(want, bad)
			if diff := cmp.Diff(want, others); diff != "" {
				t.Errorf("GETs of the other keys (-want +got):\n%s", diff)
			}
		})
		t.Run(s.name+"/listing refused", func(t *testing.T) {
			p := newProxy(t, denied(request.isList))
			got, said, status := ask(t, w.from(p, sql...)...)
			if status != 4 || got != "" || !strings.Contains(said, "s3:ListBucket") {
				t.Errorf("exit %d, want 4, and %q on stdout; stderr:\n%s", status, got, said)
			}
		})
		t.Run(s.name+"/every object refused", func(t *testing.T) {
			p := newProxy(t, denied(request.isGet))
			got, said, status := ask(t, w.from(p, sql...)...)
			if status != 4 || got != "" || !strings.Contains(said, "s3:GetObject") {
				t.Errorf("exit %d, want 4, and %q on stdout; stderr:\n%s", status, got, said)
			}
		})
		t.Run(s.name+"/explain", func(t *testing.T) {
			p := newProxy(t, nil)
			got, said, status := ask(t, w.from(p, append(sql, "--explain")...)...)
			checkFetched(t, p, map[string]int{}, 0)
			objects, bytes := 0, int64(0)
			for _, o := range w.Objects {
				if o.Kind != demo.KindAccess && o.Kind != demo.KindClassic {
					continue
				}
				objects++
				bytes += o.Stored
			}
			for _, want := range []string{
				fmt.Sprintf("GET requests: %d, ", objects), fmt.Sprintf("transfer: %.1f MB", float64(bytes)/1e6), strings.Split(s.text, "\n")[0],
			} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
			if status != 0 {
				t.Errorf("exit %d:\n%s", status, said)
			}
		})
		t.Run(s.name+"/too much", func(t *testing.T) {
			p := newProxy(t, nil)
			got, said, status := ask(t, w.from(p, append(sql, "--max-bytes", "1KB")...)...)
			checkFetched(t, p, map[string]int{}, 0)
			if status != 2 || got != "" || !strings.Contains(said, "--max-bytes") {
				t.Errorf("exit %d, want 2, and %q on stdout; stderr:\n%s", status, got, said)
			}
		})
	}

	// The check sum stands at the end of an object, when its rows are out.
	bad, index := w.some(t)
	for _, s := range statements {
		t.Run(s.name+"/damaged object", func(t *testing.T) {
			body := bytes.Clone(w.stored[bad])
			body[len(body)-8] ^= 1
			bucket, _, _ := strings.Cut(strings.TrimPrefix(w.source, "s3://"), "/")
			put(t, bucket, map[string][]byte{bad: body})
			t.Cleanup(func() {
				if err := gateway.Put(context.WithoutCancel(t.Context()), client(), bucket, bad, w.stored[bad]); err != nil {
					t.Error(err)
				}
			})
			p := newProxy(t, nil)
			got, said, status := ask(t, w.from(p, "sql", s.text, "--output", "jsonl")...)
			if diff := cmp.Diff(s.want(without(index)), got); diff != "" || status != 3 {
				t.Errorf("exit %d, want 3 (-truth of the others +got):\n%s%s", status, diff, said)
			}
			if !strings.Contains(said, bad) {
				t.Errorf("no word of %s:\n%s", bad, said)
			}
			times, _ := p.fetched()
			if times[bad] < 2 {
				t.Errorf("no second opinion on the damaged object")
			}
			t.Logf("the damaged object was fetched %d times", times[bad])
			delete(times, bad)
			most := 2 // the statement is run again without the object
			if s.shared {
				most = 1
			}
			for key, n := range times {
				if n > most {
					t.Errorf("%s fetched %d times, want %d at most", key, n, most)
				}
			}
		})
	}
}

// versioned is the text of n requests that all have the same domain.
func versioned(r *rand.Rand, domain string, n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `https 2026-10-07T07:15:01.%06dZ app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 -1 -1 -1 502 - 1458 277 "GET https://shop.example.com:443/cart?id=%016x HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0 "Root=1-6703a1b5-2f1c7a9d4b6e8f0a1c2d3e4f" "%s" "session-reused" 10 2026-10-07T07:15:00.941000Z "forward" "-" "-" "10.0.32.18:80" "-" "-" "-"`+"\n", i, r.Uint64(), domain)
	}
	return b.Bytes()
}

// TestSQLReplaced: objects are overwritten while a statement reads them, when it
// has thousands of their rows, or before it asks for them a second time, if it
// ever does. What counts is one version of each, whole, and for all scans the same.
func TestSQLReplaced(t *testing.T) {
	t.Parallel()
	const oneScan = "select object_uri, domain_name, count(*) n, count(*) m from request group by all order by all"
	// The second scan differs, as DuckDB makes one of two that are the same.
	const twoScans = `select object_uri, domain_name, n, m from (select object_uri, domain_name, count(*) n from request group by all)
		full join (select object_uri, domain_name, count(*) m from request where target_ip is not null group by all)
		using (object_uri, domain_name) order by all`
	for _, s := range []struct {
		name, text string
		during     bool // the first reading; else before the second
	}{
		{"one scan", oneScan, true},
		{"two scans", twoScans, true},
		{"between two scans", twoScans, false},
	} {
		t.Run(s.name, func(t *testing.T) {
			const objects = 30
			r, c := random(11), client()
			bucket := newBucket(t, "sql-replaced-"+strings.ReplaceAll(s.name, " ", "-"))
			sizes := make(map[string]int)
			fresh, old := make(map[string][]byte), make(map[string][]byte)
			for i := range objects {
				key := fmt.Sprintf("%04d.log.gz", i)
				old[key] = pack(t, versioned(r, "old.example.com", 5000+i))
				fresh[key] = pack(t, versioned(r, "new.example.com", 6000+i))
				sizes[key] = len(old[key])
			}
			put(t, bucket, old)
			var mu sync.Mutex
			p := newProxy(t, func(q request, n int) *fault {
				replace := func() {
					if err := gateway.Put(context.WithoutCancel(t.Context()), c, bucket, q.key, fresh[q.key]); err != nil {
						t.Errorf("replace %s: %v", q.key, err)
					}
				}
				switch {
				case !q.isGet():
				case s.during && n == 0:
					mu.Lock()
					defer mu.Unlock()
					return &fault{cut: int64(sizes[q.key]/2 + r.IntN(sizes[q.key]/2)), then: replace}
				case !s.during && n == 1:
					replace()
				}
				return nil
			})
			stdout, said, status := ask(t, "sql", s.text, "--output", "jsonl", "--since", "2026-10-07T07:00Z", "--until", "2026-10-07T08:00Z",
				"--endpoint-url", p.url, "s3://"+bucket)
			if status != 0 {
				t.Fatalf("exit %d:\n%s", status, said)
			}
			type row struct {
				Object string `json:"object_uri"`
				Domain string `json:"domain_name"`
				N, M   int
			}
			i, all, replaced := 0, 0, 0
			for d := json.NewDecoder(strings.NewReader(stdout)); d.More(); i++ {
				var got row
				if err := d.Decode(&got); err != nil {
					t.Fatal(err)
				}
				want := row{fmt.Sprintf("s3://%s/%04d.log.gz", bucket, i), "old.example.com", 5000 + i, 5000 + i}
				if got.Domain == "new.example.com" {
					want.Domain, want.N, want.M = got.Domain, 6000+i, 6000+i
					replaced++
				}
				if got != want {
					t.Errorf("got %v, want %v", got, want)
				}
				all += got.N
			}
			if i != objects || s.during && replaced < objects/2 {
				t.Errorf("%d rows, %d of a new version; want %d, and half of them new", i, replaced, objects)
			}
			if want := fmt.Sprintf("objects: %d, lines: %d = %d parsed + 0 rejected + 0 skipped", objects, all, all); !strings.Contains(said, want) {
				t.Errorf("no %q in:\n%s", want, said)
			}
		})
	}
}

// TestSQLUnsteady: an object that is overwritten whenever it is read, one that
// vanishes while it is, and one that is never answered for: none of their rows
// count, whatever was out already, and the answer says so.
func TestSQLUnsteady(t *testing.T) {
	t.Parallel()
	const bad = "1.log.gz"
	c := client()
	for _, tt := range []struct {
		name   string
		during func(t *testing.T, bucket string, n int) // the n-th reading; nil if there is no answer
		says   string
	}{
		{"overwritten again and again", func(t *testing.T, bucket string, n int) {
			body := pack(t, versioned(random(uint64(n)), "new.example.com", 6000+n))
			if err := gateway.Put(context.WithoutCancel(t.Context()), c, bucket, bad, body); err != nil {
				t.Error(err)
			}
		}, "replaced"},
		{"vanishing", func(t *testing.T, bucket string, _ int) {
			key := bad
			if _, err := c.DeleteObject(context.WithoutCancel(t.Context()), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
				t.Error(err)
			}
		}, "vanished"},
		{"unanswered", nil, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := random(12)
			bucket := newBucket(t, "sql-"+strings.ReplaceAll(tt.name, " ", "-"))
			objects := make(map[string][]byte)
			for i := range 3 {
				objects[fmt.Sprintf("%d.log.gz", i)] = pack(t, versioned(r, "old.example.com", 5000+i))
			}
			put(t, bucket, objects)
			p := newProxy(t, func(q request, n int) *fault {
				switch {
				case q.key != bad:
					return nil
				case tt.during == nil:
					return &fault{drop: true}
				case q.header.Get("Range") != "":
					return nil
				}
				return &fault{cut: int64(len(objects[bad]) * 3 / 4), then: func() { tt.during(t, bucket, n) }}
			})
			got, said, status := ask(t, "sql", "select object_uri, domain_name, count(*) n from request group by all order by 1", "--output", "jsonl",
				"--since", "2026-10-07T07:00Z", "--until", "2026-10-07T08:00Z", "--endpoint-url", p.url, "s3://"+bucket)
			want := ""
			for _, i := range []int{0, 2} {
				want += fmt.Sprintf(`{"object_uri":"s3://%s/%d.log.gz","domain_name":"old.example.com","n":%d}`+"\n", bucket, i, 5000+i)
			}
			if diff := cmp.Diff(want, got); diff != "" || status != 3 {
				t.Errorf("exit %d, want 3 (-want +got):\n%s%s", status, diff, said)
			}
			if !strings.Contains(said, bad) || !strings.Contains(said, tt.says) {
				t.Errorf("no word of %s and %q:\n%s", bad, tt.says, said)
			}
		})
	}
}

// TestSQLEverReplaced: an object is overwritten before and while it is read, and
// goes on so. Two scans of one statement must not see two versions of it, which
// would contradict each other; it may well fail.
func TestSQLEverReplaced(t *testing.T) {
	t.Parallel()
	const bad = "1.log.gz"
	r, c := random(13), client()
	bucket := newBucket(t, "sql-ever-replaced")
	objects := make(map[string][]byte)
	for i := range 3 {
		objects[fmt.Sprintf("%d.log.gz", i)] = pack(t, versioned(r, "old.example.com", 5000))
	}
	for round := range 5 {
		put(t, bucket, objects)
		p := newProxy(t, func(q request, n int) *fault {
			if q.key != bad || q.header.Get("Range") != "" {
				return nil
			}
			replace := func() {
				body := pack(t, versioned(random(uint64(n)), fmt.Sprintf("new%d.example.com", n), 6000+n))
				if err := gateway.Put(context.WithoutCancel(t.Context()), c, bucket, bad, body); err != nil {
					t.Error(err)
				}
			}
			if n == 1 {
				return &fault{cut: int64(len(objects[bad]) / 2), then: replace}
			}
			replace()
			return nil
		})
		got, said, status := ask(t, "sql", `select domain_name, n, m from (select domain_name, count(*) n from request group by all)
			full join (select domain_name, count(*) m from request where target_ip is not null group by all) using (domain_name)
			order by n, m`, "--output", "jsonl", "--since", "2026-10-07T07:00Z", "--until", "2026-10-07T08:00Z", "--endpoint-url", p.url, "s3://"+bucket)
		want := map[int]string{3: `{"domain_name":"old.example.com","n":10000,"m":10000}` + "\n"}
		for n := range 20 { // or with one version of the object
			if version := fmt.Sprintf(`{"domain_name":"new%d.example.com","n":%d,"m":%d}`+"\n", n, 6000+n, 6000+n); strings.Contains(got, version) {
				want[0] = version + want[3]
				break
			}
		}
		if diff := cmp.Diff(want[status], got); diff != "" || got == "" {
			t.Errorf("round %d: exit %d (-want +got):\n%s%s", round, status, diff, said)
		}
	}
}

// TestExport writes a bucket's requests to a file: whole, or not at all.
func TestExport(t *testing.T) {
	t.Parallel()
	w := newTree(t, "export", 60_000, 15*time.Minute)
	requests, stored := w.requests()
	// export returns the status and what stands in the folder in the end.
	export := func(t *testing.T, args func(command ...string) []string) (said string, status int, file []byte) {
		t.Helper()
		dir := t.TempDir()
		to := filepath.Join(dir, "requests.parquet")
		stdout, said, status := ask(t, args("export", "--workers", "1", "--to", to)...)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != filepath.Base(to) {
				t.Errorf("%s is left", e.Name())
			}
		}
		if len(entries) == 0 {
			if stdout != "" {
				t.Errorf("no file, but on stdout: %s", stdout)
			}
			return said, status, nil
		}
		if file, err = os.ReadFile(to); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(file, []byte("PAR1")) || !bytes.HasSuffix(file, []byte("PAR1")) {
			t.Errorf("no Parquet: %d bytes", len(file))
		}
		return strings.ReplaceAll(stdout+said, dir, "dir"), status, file
	}
	from := func(p *proxy) func(...string) []string {
		return func(command ...string) []string { return w.from(p, command...) }
	}
	said, status, onDisk := export(t, w.onDisk)
	if want := fmt.Sprintf("%d rows in dir/requests.parquet\n", w.Lines-w.Damaged); status != 0 || !strings.HasPrefix(said, want) {
		t.Fatalf("on disk: exit %d, want %q:\n%s", status, want, said)
	}
	want := strings.ReplaceAll(said, w.dir, w.source)
	same := func(t *testing.T, p *proxy) {
		t.Helper()
		got, status, file := export(t, from(p))
		if diff := cmp.Diff(want, got); diff != "" || status != 0 {
			t.Errorf("exit %d (-on disk +from S3):\n%s", status, diff)
		}
		// One worker reads in the order of the keys, here as there.
		if sha256.Sum256(file) != sha256.Sum256(onDisk) {
			t.Errorf("%d bytes that are not the %d from the disk", len(file), len(onDisk))
		}
	}
	t.Run("sound", func(t *testing.T) {
		p := newProxy(t, nil)
		same(t, p)
		checkFetched(t, p, requests, stored)
	})
	t.Run("every body cut", func(t *testing.T) {
		p := newProxy(t, w.cutOnce(3))
		same(t, p)
		checkResumed(t, p, stored)
	})
	t.Run("SlowDown", func(t *testing.T) { same(t, newProxy(t, slowDown(random(4)))) })
	for _, what := range []struct {
		name string
		ok   func(request) bool
		says string
	}{
		{"listing refused", request.isList, "s3:ListBucket"},
		{"every object refused", request.isGet, "s3:GetObject"},
	} {
		t.Run(what.name, func(t *testing.T) {
			said, status, file := export(t, from(newProxy(t, denied(what.ok))))
			if status != 4 || file != nil || !strings.Contains(said, what.says) {
				t.Errorf("exit %d, want 4, no file (%d bytes) and a word of %s:\n%s", status, len(file), what.says, said)
			}
		})
	}
	t.Run("one object refused", func(t *testing.T) {
		bad, index := "", int32(0)
		for i, o := range w.Objects {
			if o.Kind == demo.KindAccess && o.Lines > 100 {
				bad, index = "prod/"+o.Key, int32(i)
			}
		}
		others := w.Count(time.Time{}, time.Time{}, without(index), func(*demo.Request) string { return "" })[""].Requests
		said, status, file := export(t, from(newProxy(t, denied(func(r request) bool { return r.key == bad }))))
		if status != 3 || len(file) == 0 || !strings.HasPrefix(said, fmt.Sprintf("%d rows in ", others)) || !strings.Contains(said, bad) {
			t.Errorf("exit %d, want 3, %d rows and a word of %s:\n%s", status, others, bad, said)
		}
	})
}

// TestReports asks other reports about a bucket: they say what they say about
// the files on disk, and fetch what they need and no more.
func TestReports(t *testing.T) {
	t.Parallel()
	w := newTree(t, "reports", 20_000, 30*time.Minute)
	for _, tt := range []struct {
		report string
		reads  []demo.Kind
		early  []string // columns that depend on the time of the upload, or of the question
	}{
		{"health", []demo.Kind{demo.KindHealthCheck, demo.KindAccess, demo.KindClassic}, nil},
		{"tls", []demo.Kind{demo.KindConnection, demo.KindNLB}, nil},
		{"coverage", nil, []string{"age", "late", "late_most"}},
		{"top-errors", []demo.Kind{demo.KindAccess, demo.KindClassic}, nil},
	} {
		t.Run(tt.report, func(t *testing.T) {
			answer := func(args []string) map[string]any {
				stdout, said, status := ask(t, args...)
				if status != 0 {
					t.Fatalf("exit %d:\n%s", status, said)
				}
				var a map[string]any
				if err := json.Unmarshal([]byte(strings.ReplaceAll(stdout, w.dir, w.source)), &a); err != nil {
					t.Fatalf("%v in\n%s", err, stdout)
				}
				rows, _ := a["rows"].([]any)
				if len(rows) == 0 {
					t.Fatalf("no rows in\n%s", stdout)
				}
				for _, row := range rows {
					for _, column := range tt.early {
						delete(row.(map[string]any), column)
					}
				}
				return a
			}
			command := []string{tt.report, "--output", "json", "--limit", "0"}
			want := answer(w.onDisk(command...))
			p := newProxy(t, nil)
			if diff := cmp.Diff(want, answer(w.from(p, command...))); diff != "" {
				t.Errorf("(-on disk +from S3):\n%s", diff)
			}
			keys, stored := w.keys(tt.reads...)
			checkFetched(t, p, keys, stored)

			p = newProxy(t, w.cutOnce(5))
			if diff := cmp.Diff(want, answer(w.from(p, command...))); diff != "" {
				t.Errorf("every body cut (-on disk +from S3):\n%s", diff)
			}
			if len(keys) > 0 {
				checkResumed(t, p, stored)
			}
		})
	}
}

// TestInterrupted stops the command while every body stalls. It ends at once,
// says nothing on stdout, and leaves no file.
func TestInterrupted(t *testing.T) {
	w := newTree(t, "interrupted", 60_000, 15*time.Minute)
	to := filepath.Join(t.TempDir(), "requests.parquet")
	for _, tt := range []struct {
		name    string
		command []string
	}{
		{"one scan", []string{"sql", perBalancer}},
		{"three readings", []string{"sql", thrice}},
		{"export", []string{"export", "--to", to}},
		{"health", []string{"health"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stalled := make(chan struct{}, len(w.stored))
			p := newProxy(t, func(r request, _ int) *fault {
				size := int64(len(w.stored[r.key]))
				if !r.isGet() || size < 10_000 {
					return nil
				}
				return &fault{cut: size - 100, hang: true, then: func() { stalled <- struct{}{} }}
			})
			c := newProcess(t, w.from(p, tt.command...)...)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				select {
				case <-stalled:
				case <-time.After(30 * time.Second):
					t.Fatal("no body stalls")
				}
			}
			time.Sleep(300 * time.Millisecond) // so that it reads what it got
			start := time.Now()
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			status := c.end(t)
			if took := time.Since(start); status != 130 || took > 1500*time.Millisecond {
				t.Errorf("exit %d after %v, want 130 at once:\n%s", status, took, &c.stderr)
			}
			if c.stdout.Len() > 0 {
				t.Errorf("stdout: %s", &c.stdout)
			}
			left, err := os.ReadDir(filepath.Dir(to))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range left {
				t.Errorf("left behind: %s", file.Name())
			}
		})
	}
}
