package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// elsewhen is a bucket whose server's clock differs from the one here. It holds one
// failing request, at a time by that clock.
func elsewhen(t *testing.T, off time.Duration, at time.Time) (asked *int, run func(args ...string) (status int, stdout, stderr string)) {
	t.Helper()
	asked = new(int)
	object := fmt.Sprintf(`http %s app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 -1 -1 -1 502 - 1458 277 "GET http://shop.example.com:80/ HTTP/1.1" "curl" - -`+"\n", at.Format("2006-01-02T15:04:05.000000Z"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		if r.Method == http.MethodPost { // of the control plane, which knows no balancer
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>LoadBalancerNotFound</Code><Message>none</Message></Error></ErrorResponse>`)
			return
		}
		if r.URL.Path == "/bucket/requests.log" {
			_, _ = w.Write([]byte(object))
			return
		}
		contents := ""
		if r.URL.Query().Get("prefix") == "" {
			contents = fmt.Sprintf(`<Contents><Key>requests.log</Key><ETag>"e1"</ETag><Size>%d</Size></Contents>`, len(object))
		}
		_, _ = fmt.Fprintf(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>`, contents)
	}))
	t.Cleanup(server.Close)
	asSomebody(t)
	return asked, func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr, now: time.Now, getenv: os.Getenv}
		status := a.run(t.Context(), append(args, "--region", "us-east-1", "--endpoint-url", server.URL, "s3://bucket"))
		return status, stdout.String(), stderr.String()
	}
}

// TestWindowByTheClockOfAWS: what lies in the future and what is empty is judged by the
// time at AWS, and told once; what is mistyped is told without asking what time it is.
func TestWindowByTheClockOfAWS(t *testing.T) {
	for _, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			now := time.Now().Add(off).UTC()
			asked, run := elsewhen(t, off, now.Add(-20*time.Minute))
			stamp := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }

			for _, c := range []struct {
				name string
				args []string
				note string // in stderr, once
			}{
				{"since", []string{"--since", stamp(-30 * time.Minute)}, ""},
				{"since and until", []string{"--since", stamp(-30 * time.Minute), "--until", stamp(-10 * time.Minute)}, ""},
				{"until in the future", []string{"--since", stamp(-30 * time.Minute), "--until", stamp(30 * time.Minute)}, "is in the future; the window ends now"},
				{"relative", []string{"--since", "30m"}, ""},
			} {
				status, stdout, stderr := run(append([]string{"top-errors", "-o", "json"}, c.args...)...)
				var got struct {
					Accounting struct{ Parsed int64 }
				}
				if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != 0 || got.Accounting.Parsed != 1 {
					t.Errorf("%s: exit status %d, %d lines, %v; stderr: %s", c.name, status, got.Accounting.Parsed, err, stderr)
				}
				if n := strings.Count(stderr, "in the future"); c.note == "" && n != 0 || c.note != "" && (n != 1 || !strings.Contains(stderr, c.note)) {
					t.Errorf("%s: stderr does not say %q once: %s", c.name, c.note, stderr)
				}
			}

			// Whether the balancer is there is asked before what lies in the future is told.
			for _, since := range []string{stamp(-30 * time.Minute), stamp(30 * time.Minute)} {
				*asked = 0
				status, _, stderr := run("diagnose", "--lb", "shop", "--since", since)
				if status == exitUsage && strings.Contains(stderr, "in the future") || *asked == 0 {
					t.Errorf("diagnose --since %s: exit status %d, %d requests; stderr: %s", since, status, *asked, stderr)
				}
			}
			*asked = 0
			if status, _, stderr := run("diagnose", "--lb", "shop", "--since", "1M"); status != exitUsage || *asked > 0 || !strings.Contains(stderr, "months") {
				t.Errorf("diagnose --since 1M: exit status %d, %d requests; stderr: %s", status, *asked, stderr)
			}

			for _, c := range []struct {
				name, want string
				args       []string
				silent     bool // nothing is asked
			}{
				{"since in the future", "is in the future", []string{"--since", stamp(30 * time.Minute)}, false},
				{"until before since", "is after --until", []string{"--since", stamp(-30 * time.Minute), "--until", stamp(-40 * time.Minute)}, false},
				{"a month", "months", []string{"--since", "1M"}, true},
				{"until alone", "--until without --since", []string{"--until", stamp(-10 * time.Minute)}, true},
			} {
				*asked = 0
				status, stdout, stderr := run(append([]string{"top-errors"}, c.args...)...)
				if status != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
					t.Errorf("%s: exit status %d, stdout %q, stderr: %s", c.name, status, stdout, stderr)
				}
				if c.silent && *asked > 0 {
					t.Errorf("%s: %d requests before it is told", c.name, *asked)
				}
			}
		})
	}
}
