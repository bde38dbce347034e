package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// What a goroutine has on its stack while it inflates.
const (
	ownDecoder       = "loglens/ingest/inflate.(*Reader).Read("
	klauspostDecoder = "github.com/klauspost/compress/gzip.(*Reader).Read("
)

// TestDecoder: the decoder that LOGLENS_INFLATE names is the one at work. Answers
// do not show it, so the goroutines do: an object of S3 stops half-way until one
// of them waits for more of it within a decoder.
func TestDecoder(t *testing.T) {
	for value, want := range map[string]string{"": ownDecoder, "own": ownDecoder, "klauspost": klauspostDecoder} {
		for command, flag := range map[string]string{"top-errors": "--output=csv", "ingest": "--store=" + filepath.Join(t.TempDir(), "x.duckdb")} {
			t.Run(command+" with "+strconv.Quote(value), func(t *testing.T) {
				used := make(chan string, 1)
				halt := sync.OnceFunc(func() { used <- inflating() }) // the object may be asked for again
				t.Setenv("LOGLENS_INFLATE", value)
				runOn(t, halting(t, 2000, 2, halt), command, flag)
				if got := <-used; !strings.Contains(got, want) {
					t.Errorf("at work was not %q but\n%s", want, got)
				}
			})
		}
	}
}

// TestInflatedAhead: one object takes two processors, since its text is inflated by
// a goroutine that does nothing else, once a worker has nothing left to do.
func TestInflatedAhead(t *testing.T) {
	for command, args := range map[string][]string{"top-errors": nil, "sql": {"select count(*) from request"}, "ingest": {"--store=" + filepath.Join(t.TempDir(), "x.duckdb")}} {
		t.Run(command, func(t *testing.T) {
			last := ""
			halt := func() {
				if !strings.Contains(last, "loglens/ingest.readAhead(") {
					last = inflating()
				}
			}
			runOn(t, halting(t, 20_000, 20, halt), append([]string{command, "--workers=2"}, args...)...)
			if !strings.Contains(last, "loglens/ingest.readAhead(") {
				t.Errorf("nobody inflates ahead, but\n%s", last)
			}
		})
	}
}

// runOn runs a command on a bucket.
func runOn(t *testing.T, bucket http.HandlerFunc, args ...string) {
	t.Helper()
	server := httptest.NewServer(bucket)
	defer server.Close()
	asSomebody(t)
	var stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &stderr, now: time.Now, getenv: os.Getenv}
	status := a.run(t.Context(), append(args, "--region", "us-east-1", "--endpoint-url", server.URL,
		"--since", "2026-10-07T07:00:00Z", "--until", "2026-10-07T08:00:00Z", "s3://bucket"))
	if status != 0 {
		t.Fatalf("exit status %d, stderr: %s", status, &stderr)
	}
}

// halting is a bucket of one object of some lines, which is sent in parts; between
// them it calls halt. It is stored without being compressed: what arrives is taken
// in blocks, and a part shall be several.
func halting(t *testing.T, lines, parts int, halt func()) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(failing(lines)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	object := packed.Bytes()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bucket/requests.log.gz" {
			w.Header().Set("Content-Length", strconv.Itoa(len(object)))
			size := len(object)/parts + 1
			for rest := object; len(rest) > 0; {
				n, _ := w.Write(rest[:min(size, len(rest))])
				_ = http.NewResponseController(w).Flush()
				if rest = rest[n:]; n == 0 || len(rest) == 0 {
					return
				}
				halt()
			}
			return
		}
		contents := ""
		if r.URL.Query().Get("prefix") == "" {
			contents = fmt.Sprintf(`<Contents><Key>requests.log.gz</Key><ETag>"e1"</ETag><Size>%d</Size></Contents>`, len(object))
		}
		_, _ = fmt.Fprintf(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>`, contents)
	}
}

// inflating waits until a goroutine stands in a decoder, and returns its stack; ""
// if none ever does. Nothing tells when one does, so it looks again and again, and lets
// others have a processor before.
func inflating() string {
	stacks := make([]byte, 1<<20)
	for range 10_000 {
		time.Sleep(time.Millisecond)
		text := string(stacks[:runtime.Stack(stacks, true)])
		for stack := range strings.SplitSeq(text, "\n\n") {
			if strings.Contains(stack, ownDecoder) || strings.Contains(stack, klauspostDecoder) {
				return stack
			}
		}
	}
	return ""
}
