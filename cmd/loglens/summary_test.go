//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"loglens/internal/demo"
)

// webhook serves a webhook for a script.
func webhook(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	file := ts.MkAbs(args[0])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(file, body, 0o600)
		}
		if err != nil {
			status = http.StatusTeapot
		}
		w.WriteHeader(status)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL+"/services/hunter2")
}

// summing runs loglens summary at a time of the test's own.
type summing struct {
	app      *app
	out, err bytes.Buffer
	slept    []time.Duration
}

func newSumming(now time.Time) *summing {
	s := &summing{}
	s.app = &app{
		in: strings.NewReader(""), out: &s.out, err: &s.err, now: func() time.Time { return now },
		getenv: func(string) string { return "" }, hooks: http.DefaultClient,
		sleep: func(_ context.Context, d time.Duration) error {
			s.slept = append(s.slept, d)
			return nil
		},
	}
	return s
}

func (s *summing) run(t *testing.T, args ...string) (status int) {
	t.Helper()
	s.out.Reset()
	s.err.Reset()
	return s.app.run(t.Context(), append([]string{"summary"}, args...))
}

// window is that of a summary in JSON.
func (s *summing) window(t *testing.T) [2]string {
	t.Helper()
	var got struct{ Window struct{ From, To string } }
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s%s", err, s.out.String(), s.err.String())
	}
	return [2]string{got.Window.From, got.Window.To}
}

// TestSummaryWindow: a schedule gets whole hours and days, and the same bytes
// whenever in the next hour it asks.
func TestSummaryWindow(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Write(t.Context(), dir, demo.Options{Seed: 1, End: demoEnd, Span: 2 * time.Hour, Lines: 5000, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		now  string
		args []string
		want [2]string
	}{
		{"2026-10-07T08:14:59Z", []string{"--window", "hour"}, [2]string{"2026-10-07T06:00:00Z", "2026-10-07T07:00:00Z"}},
		{"2026-10-07T08:15:00Z", []string{"--window", "hour"}, [2]string{"2026-10-07T07:00:00Z", "2026-10-07T08:00:00Z"}},
		{"2026-10-07T08:04:00Z", []string{"--window", "hour", "--lag", "4m"}, [2]string{"2026-10-07T07:00:00Z", "2026-10-07T08:00:00Z"}},
		{"2026-10-08T05:00:00Z", []string{"--window", "day"}, [2]string{"2026-10-07T00:00:00Z", "2026-10-08T00:00:00Z"}},
		{"2026-10-08T05:00:00Z", []string{"--window", "day", "--tz", "Europe/Berlin"}, [2]string{"2026-10-06T22:00:00Z", "2026-10-07T22:00:00Z"}},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		var first string
		for _, later := range []time.Duration{0, 7 * time.Minute, 40 * time.Minute} {
			if strings.HasPrefix(tt.now, "2026-10-07T08:14") && later > 0 {
				break // then it is the next window's turn
			}
			s := newSumming(now.Add(later))
			args := append([]string{"--tz", "UTC", "--output", "json"}, tt.args...)
			if status := s.run(t, append(args, dir)...); status != 0 {
				t.Fatalf("%s %v: exit status %d: %s", tt.now, tt.args, status, s.err.String())
			}
			if got := s.window(t); got != tt.want {
				t.Errorf("%s %v: window %v, want %v", tt.now, tt.args, got, tt.want)
			}
			if first == "" {
				first = s.out.String()
			}
			if diff := cmp.Diff(first, s.out.String()); diff != "" {
				t.Errorf("%s later (-first +now):\n%s", later, diff)
			}
		}
	}
}

// TestSummaryPost: a webhook that fails at first gets the summary in the end, one
// that does not answer is said to, and in both cases the summary is there before.
func TestSummaryPost(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Write(t.Context(), dir, demo.Options{Seed: 1, End: demoEnd, Lines: 2000, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	var answer func(n int32, w http.ResponseWriter, r *http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(asked.Add(1), w, r)
	}))
	defer server.Close()
	args := []string{"--since", "2026-10-07T07:00", "--until", "2026-10-07T08:00", "--tz", "UTC", "--post", server.URL + "/hunter2"}
	s := newSumming(demoEnd)

	file := filepath.Join(t.TempDir(), "s.md")
	answer = func(n int32, w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("posted before it is written: %v", err)
		}
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		if n == 2 {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}
	status := s.run(t, append(args, "--out", file, dir)...)
	if diff := cmp.Diff([]time.Duration{time.Second, 3 * time.Second}, s.slept); status != 0 || diff != "" || asked.Load() != 3 {
		t.Errorf("exit status %d, asked %d times, slept (-want +got):\n%s%s", status, asked.Load(), diff, s.err.String())
	}

	asked.Store(0)
	answer = func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	status = s.run(t, append(args, dir)...)
	if status != 0 || s.out.Len() == 0 || asked.Load() != 3 || !strings.Contains(s.err.String(), "warning: the summary was not delivered: post to 127.0.0.1:") {
		t.Errorf("exit status %d, asked %d times: %s", status, asked.Load(), s.err.String())
	}
	if strings.Contains(s.err.String()+s.out.String(), "hunter2") {
		t.Errorf("the URL is printed: %s", s.err.String())
	}
}
