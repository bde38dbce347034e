package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
	"loglens/test/internal/command"
)

// built is the command, built once per test process, beside the gateway's data.
var built = sync.OnceValues(func() (string, error) { return command.Build(filepath.Dir(server.Root)) })

// answer is what the command printed.
type answer struct {
	Accounting map[string]int64
	NotCounted []map[string]any `json:"not_counted"`
	Rows       []map[string]any
}

// run calls the command and decodes its JSON.
func run(t *testing.T, args ...string) (a answer, stderr string, status int) {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, append([]string{"top-errors", "--output", "json", "--limit", "0", "--by", "reason,target,node"}, args...)...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
		status = exit.ExitCode()
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &a); err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
	}
	return a, said.String(), status
}

// TestTopErrors asks the whole command about a bucket: through a sound network
// and a broken one it says what it says about the same files on disk, and where
// S3 refuses it says so.
func TestTopErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	truth, err := demo.Write(t.Context(), dir, demo.Options{Seed: 5, End: time.Date(2026, 11, 22, 0, 10, 0, 0, time.UTC), Lines: 60_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	bucket := newBucket(t, "whole-command")
	objects := map[string][]byte{}
	for _, o := range truth.Objects {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(o.Key)))
		if err != nil {
			t.Fatal(err)
		}
		objects["prod/"+o.Key] = b
	}
	put(t, bucket, objects)
	window := []string{"--since", truth.From.Format(time.RFC3339), "--until", truth.Until.Format(time.RFC3339)}
	source := "s3://" + bucket + "/prod"

	want, _, status := run(t, append(window, dir)...)
	if status != 0 || want.Accounting["lines"] != truth.Lines || want.Accounting["rejected"] != truth.Damaged {
		t.Fatalf("on disk: exit %d, %v; truth %d lines, %d damaged", status, want.Accounting, truth.Lines, truth.Damaged)
	}

	same := func(t *testing.T, url string, more ...string) {
		t.Helper()
		got, said, status := run(t, append(append(window, "--endpoint-url", url), append(more, source)...)...)
		if status != 0 {
			t.Fatalf("exit %d:\n%s", status, said)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-on disk +from S3):\n%s", diff)
		}
	}
	t.Run("sound", func(t *testing.T) { same(t, server.URL()) })
	t.Run("one worker", func(t *testing.T) { same(t, server.URL(), "--workers", "1") })
	t.Run("every connection cut", func(t *testing.T) {
		p := toxicProxy(t)
		spoil(t, p, "limit_data", `"bytes":30000`)
		same(t, "http://"+p.Listen)
	})
	t.Run("SlowDown", func(t *testing.T) {
		p := newProxy(t, func(_ request, n int) *fault {
			if n > 0 {
				return nil
			}
			return &fault{status: 503, code: "SlowDown", message: "Please reduce your request rate."}
		})
		same(t, p.url)
	})
	t.Run("one balancer", func(t *testing.T) {
		balancer := truth.Requests[0].LoadBalancer
		local, _, _ := run(t, append(window, "--lb", balancer, dir)...)
		remote, said, status := run(t, append(window, "--endpoint-url", server.URL(), "--lb", strings.Split(balancer, "/")[1], source)...)
		if status != 0 || len(remote.Rows) == 0 || len(remote.Rows) >= len(want.Rows) {
			t.Fatalf("exit %d, %d of %d rows:\n%s", status, len(remote.Rows), len(want.Rows), said)
		}
		if diff := cmp.Diff(local.Rows, remote.Rows); diff != "" {
			t.Errorf("(-on disk +from S3):\n%s", diff)
		}
	})
	t.Run("one object refused", func(t *testing.T) {
		bad := ""
		for _, o := range truth.Objects {
			if o.Kind == demo.KindAccess && o.Lines > 100 {
				bad = "prod/" + o.Key
			}
		}
		p := newProxy(t, func(r request, _ int) *fault {
			if r.key != bad {
				return nil
			}
			return &fault{status: 403, code: "AccessDenied", message: "Access Denied"}
		})
		got, said, status := run(t, append(window, "--endpoint-url", p.url, source)...)
		if status != 3 || !strings.Contains(said, "s3:GetObject") || !strings.Contains(said, bad) {
			t.Errorf("exit %d, want 3 and a word about s3:GetObject on %s:\n%s", status, bad, said)
		}
		if got.Accounting["objects_failed"] != 1 || got.Accounting["lines"] >= want.Accounting["lines"] || len(got.Rows) == 0 {
			t.Errorf("accounting %v", got.Accounting)
		}
	})
	t.Run("listing refused", func(t *testing.T) {
		p := newProxy(t, func(r request, _ int) *fault {
			if !r.isList() {
				return nil
			}
			return &fault{status: 403, code: "AccessDenied", message: "Access Denied"}
		})
		_, said, status := run(t, append(window, "--endpoint-url", p.url, source)...)
		if status != 4 || !strings.Contains(said, "s3:ListBucket") {
			t.Errorf("exit %d, want 4 and a word about s3:ListBucket:\n%s", status, said)
		}
	})
	t.Run("every object refused", func(t *testing.T) {
		p := newProxy(t, func(r request, _ int) *fault {
			if !r.isGet() {
				return nil
			}
			return &fault{status: 403, code: "AccessDenied", message: "Access Denied"}
		})
		got, said, status := run(t, append(window, "--endpoint-url", p.url, source)...)
		if status != 4 || !strings.Contains(said, "s3:GetObject") || len(got.Rows) > 0 {
			t.Errorf("exit %d, want 4 and a word about s3:GetObject:\n%s", status, said)
		}
	})
	t.Run("every object refused, into a store", func(t *testing.T) {
		p := newProxy(t, func(r request, _ int) *fault {
			if !r.isGet() {
				return nil
			}
			return &fault{status: 403, code: "AccessDenied", message: "Access Denied"}
		})
		ingest := []string{"ingest", "--store", filepath.Join(t.TempDir(), "loglens.duckdb"), "--endpoint-url", p.url, source}
		if _, said, status := ask(t, append(ingest, window...)...); status != 3 || !strings.Contains(said, "could not be read\n  allow s3:GetObject on ") {
			t.Errorf("exit %d, want 3 and the permission that is missing:\n%s", status, said)
		}
	})
	t.Run("no such bucket", func(t *testing.T) {
		_, said, status := run(t, append(window, "--endpoint-url", server.URL(), "s3://whole-comand/prod", "s3://hole-command/prod")...)
		if want := "loglens: s3://whole-comand/prod/: no such bucket\nloglens: s3://hole-command/prod/: no such bucket\n  aws s3 ls\n"; status != 1 || !strings.HasSuffix(said, want) {
			t.Errorf("exit %d, want 1:\n%swant\n%s", status, said, want)
		}
	})
	t.Run("nothing in the window", func(t *testing.T) {
		_, said, status := run(t, "--since", "2026-11-20T00:00Z", "--until", "2026-11-20T01:00Z", "--endpoint-url", server.URL(), source)
		if status != 5 {
			t.Errorf("exit %d, want 5:\n%s", status, said)
		}
	})
}
