package post

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secret = "/services/T000/B000/hunter2"

// hook is a real server that answers as told, one answer after the other, and a
// client whose clock moves by what it sleeps.
type hook struct {
	address *url.URL
	client  *Client
	slept   []time.Duration

	mu     sync.Mutex // guards bodies: a request that was given up may still be there
	bodies []string
}

func newHook(t *testing.T, answers ...http.HandlerFunc) *hook {
	t.Helper()
	h := &hook{}
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1)) - 1
		if i >= len(answers) {
			t.Errorf("request %d is one too many", i+1)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != secret || r.Header.Get("Content-Type") != "application/json; charset=utf-8" || r.UserAgent() != "loglens/test" {
			t.Errorf("%s %s %v: %v", r.Method, r.URL, r.Header, err)
		}
		h.mu.Lock()
		h.bodies = append(h.bodies, string(body))
		h.mu.Unlock()
		answers[i](w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if int(n.Load()) != len(answers) {
			t.Errorf("%d requests, want %d", n.Load(), len(answers))
		}
	})
	address, err := Address(server.URL + secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	h.address = address
	h.client = &Client{
		HTTP: server.Client(), Agent: "loglens/test", Each: 5 * time.Second, All: 30 * time.Second,
		Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error {
			h.slept, now = append(h.slept, d), now.Add(d)
			return nil
		},
	}
	return h
}

func says(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func TestPost(t *testing.T) {
	tests := []struct {
		name    string
		answers []http.HandlerFunc
		slept   []time.Duration
		want    string // in the error; "" for none
	}{
		{"delivered", []http.HandlerFunc{says(200)}, nil, ""},
		{"no content", []http.HandlerFunc{says(204)}, nil, ""},
		{"broken, then delivered", []http.HandlerFunc{says(500), says(200)}, []time.Duration{time.Second}, ""},
		{"broken twice", []http.HandlerFunc{says(500), says(503), says(200)}, []time.Duration{time.Second, 2 * time.Second}, ""},
		{"broken for good", []http.HandlerFunc{says(500), says(500), says(502)}, []time.Duration{time.Second, 2 * time.Second}, "it answers 502 Bad Gateway"},
		{"asked to wait", []http.HandlerFunc{says(429, "Retry-After", "7"), says(200)}, []time.Duration{7 * time.Second}, ""},
		{"until a time", []http.HandlerFunc{says(429, "Retry-After", "Sun, 22 Nov 2026 10:00:09 GMT"), says(200)}, []time.Duration{9 * time.Second}, ""},
		{"until a time that has passed", []http.HandlerFunc{says(503, "Retry-After", "Sun, 22 Nov 2026 09:00:00 GMT"), says(200)}, []time.Duration{0}, ""},
		{"wait without a number", []http.HandlerFunc{says(429, "Retry-After", "soon"), says(200)}, []time.Duration{time.Second}, ""},
		{"asked to wait for too long", []http.HandlerFunc{says(429, "Retry-After", "31")}, nil, "429 Too Many Requests, and another try would come after 30s"},
		{"asked to wait for too long in all", []http.HandlerFunc{says(429, "Retry-After", "20"), says(429, "Retry-After", "20")}, []time.Duration{20 * time.Second}, "after 30s"},
		{"refused", []http.HandlerFunc{says(403)}, nil, "it answers 403 Forbidden"},
		{"gone", []http.HandlerFunc{says(410)}, nil, "410"},
		{"redirected", []http.HandlerFunc{says(307, "Location", "http://127.0.0.1:1/elsewhere")}, nil, "it answers 307"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHook(t, tt.answers...)
			err := h.client.Post(context.Background(), h.address, []byte(`{"text":"x"}`))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if diff := cmp.Diff(tt.slept, h.slept); diff != "" {
				t.Errorf("slept (-want +got):\n%s", diff)
			}
			for _, body := range h.bodies {
				if body != `{"text":"x"}` {
					t.Errorf("body %q", body)
				}
			}
			discreet(t, err)
		})
	}
}

// discreet fails if an error gives away more than the host.
func discreet(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "services")) {
		t.Errorf("the URL is in the error: %v", err)
	}
}

// TestHangs: a host that takes the request and says nothing is given up.
func TestHangs(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	h := newHook(t, slices.Repeat([]http.HandlerFunc{hang}, 3)...)
	h.client.Each = 30 * time.Millisecond
	err := h.client.Post(context.Background(), h.address, nil)
	if err == nil || !strings.Contains(err.Error(), "does not answer in time") {
		t.Errorf("error %v", err)
	}
	discreet(t, err)
}

// TestNobodyListens: nor is the URL in what the network says.
func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	h := newHook(t)
	h.address.Host = host
	err = h.client.Post(context.Background(), h.address, nil)
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), host) {
		t.Errorf("error %v", err)
	}
	discreet(t, err)
}

// TestCancelled: whoever stops the command does not wait for a webhook.
func TestCancelled(t *testing.T) {
	h := newHook(t, says(500))
	ctx, cancel := context.WithCancel(context.Background())
	h.client.Sleep = func(context.Context, time.Duration) error {
		cancel()
		return ctx.Err()
	}
	if err := h.client.Post(ctx, h.address, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep: %v", err)
	}
	if err := Sleep(context.Background(), time.Millisecond); err != nil {
		t.Errorf("sleep: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, s := range []string{"", "hooks.slack.com/hunter2", "ftp://h/hunter2", "https:///hunter2", "http://[::1/hunter2", "https://h/%zzhunter2"} {
		u, err := Address(s)
		if err == nil {
			t.Errorf("%q is taken: %v", s, u)
		}
		discreet(t, err)
	}
	if u, err := Address(" https://hooks.slack.com/x "); err != nil || u.Host != "hooks.slack.com" {
		t.Errorf("%v, %v", u, err)
	}
}
