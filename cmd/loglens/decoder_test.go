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
				halt := sync.OnceFunc(func() { used <- decoderAtWork() }) // the object may be asked for again
				server := httptest.NewServer(halting(t, halt))
				defer server.Close()
				for _, s := range append([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "LOGLENS_INFLATE=" + value}, quiet...) {
					name, v, _ := strings.Cut(s, "=")
					t.Setenv(name, v)
				}
				var stderr bytes.Buffer
				a := &app{in: strings.NewReader(""), out: io.Discard, err: &stderr, now: time.Now, getenv: os.Getenv}
				status := a.run(t.Context(), []string{command, flag, "--region", "us-east-1", "--endpoint-url", server.URL,
					"--since", "2026-10-07T07:00:00Z", "--until", "2026-10-07T08:00:00Z", "s3://bucket"})
				if status != 0 {
					t.Fatalf("exit status %d, stderr: %s", status, &stderr)
				}
				if got := <-used; got != want {
					t.Errorf("%q was at work, want %q", got, want)
				}
			})
		}
	}
}

// halting is a bucket of one object, which calls halt when half of it is sent. It
// is stored without being compressed: what arrives is taken in blocks, and half
// of it shall be several.
func halting(t *testing.T, halt func()) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(failing(2000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	object := packed.Bytes()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bucket/requests.log.gz" {
			w.Header().Set("Content-Length", strconv.Itoa(len(object)))
			_, _ = w.Write(object[:len(object)/2])
			_ = http.NewResponseController(w).Flush()
			halt()
			_, _ = w.Write(object[len(object)/2:])
			return
		}
		contents := ""
		if r.URL.Query().Get("prefix") == "" {
			contents = fmt.Sprintf(`<Contents><Key>requests.log.gz</Key><ETag>"e1"</ETag><Size>%d</Size></Contents>`, len(object))
		}
		_, _ = fmt.Fprintf(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>`, contents)
	}
}

// decoderAtWork waits until a goroutine stands in a decoder, and says in which; ""
// if none ever does. Nothing tells when one does, so it looks again and again.
func decoderAtWork() string {
	stacks := make([]byte, 1<<20)
	for range 10_000 {
		text := stacks[:runtime.Stack(stacks, true)]
		for _, decoder := range []string{ownDecoder, klauspostDecoder} {
			if bytes.Contains(text, []byte(decoder)) {
				return decoder
			}
		}
		time.Sleep(time.Millisecond)
	}
	return ""
}
