package diagnose

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// hangingUp is a server that closes connections after it has read some bytes.
func hangingUp(t *testing.T, after int64) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, c, after)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestProbeIsHungUpOn: that a server closes is seen by what can be read no more, or by
// what cannot be written.
func TestProbeIsHungUpOn(t *testing.T) {
	address := hangingUp(t, 0)
	p := prober{new(net.Dialer).DialContext, time.Now, 5 * time.Second, base().offer(true)}
	for range 1000 {
		if got, _ := p.get(t.Context(), "HTTP", address, "/", true); got != ProbeClosed {
			t.Fatalf("%s, want closed", got)
		}
	}
}

// TestProbe asks real servers.
func TestProbe(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" || r.URL.RawQuery != "deep" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Location", "https://example.com/")
		w.WriteHeader(http.StatusFound)
	})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	old := httptest.NewUnstartedServer(answer)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	newer := func(secure bool) *httptest.Server {
		s := httptest.NewUnstartedServer(answer)
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP2(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.EnableHTTP2 = true
		if secure {
			s.StartTLS()
		} else {
			s.Start()
		}
		return s
	}
	plain2, secure2 := newer(false), newer(true)
	defer plain2.Close()
	defer secure2.Close()
	hangUp := hangingUp(t, 1)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name, address, protocol, version string
		check                            bool
		outcome                          string
		code                             int
	}{
		{"health", plain.Listener.Addr().String(), "HTTP", "", true, ProbeAnswered, http.StatusFound},
		{"health over TLS", secure.Listener.Addr().String(), "HTTPS", "", true, ProbeAnswered, http.StatusFound},
		{"old TLS", old.Listener.Addr().String(), "HTTPS", "", true, ProbeAnswered, http.StatusFound},
		{"traffic", plain.Listener.Addr().String(), "HTTP", "", false, ProbeConnected, 0},
		{"traffic over TLS", secure.Listener.Addr().String(), "HTTPS", "", false, ProbeConnected, 0},
		{"TLS where there is none", plain.Listener.Addr().String(), "HTTPS", "", true, ProbePlain, 0},
		{"TLS for traffic where there is none", plain.Listener.Addr().String(), "TLS", "", false, ProbePlain, 0},
		{"none where there is TLS", secure.Listener.Addr().String(), "HTTP", "", true, ProbeTLS, 0},
		{"closed port", gone.Addr().String(), "HTTP", "", true, ProbeRefused, 0},
		{"hangs up", hangUp, "HTTP", "", true, ProbeClosed, 0},
		{"connects", hangUp, "TCP", "", true, ProbeConnected, 0},
		{"HTTP/2", plain2.Listener.Addr().String(), "HTTP", "HTTP2", true, ProbeAnswered, http.StatusFound},
		{"HTTP/2 over TLS", secure2.Listener.Addr().String(), "HTTPS", "HTTP2", true, ProbeAnswered, http.StatusFound},
		{"gRPC", plain2.Listener.Addr().String(), "HTTP", "GRPC", true, ProbeConnected, 0},
		{"traffic in HTTP/2", plain2.Listener.Addr().String(), "HTTP", "HTTP2", false, ProbeConnected, 0},
		{"HTTP/1.1 where there is HTTP/2", plain.Listener.Addr().String(), "HTTP", "HTTP2", true, ProbeHTTP1, http.StatusFound},
		{"HTTP/1.1 where there is HTTP/2, over TLS", secure.Listener.Addr().String(), "HTTPS", "HTTP2", true, ProbeHTTP1, http.StatusFound},
		{"HTTP/1.1 where there is gRPC", plain.Listener.Addr().String(), "HTTP", "GRPC", true, ProbeHTTP1, http.StatusFound},
		{"HTTP/2 over TLS where there is none", plain.Listener.Addr().String(), "HTTPS", "HTTP2", true, ProbePlain, 0},
		{"HTTP/2 without TLS where there is some", secure.Listener.Addr().String(), "HTTP", "HTTP2", true, ProbeTLS, 0},
		{"closed port, HTTP/2", gone.Addr().String(), "HTTP", "HTTP2", true, ProbeRefused, 0},
		{"hangs up, HTTP/2", hangUp, "HTTP", "HTTP2", true, ProbeClosed, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := netip.MustParseAddrPort(tt.address)
			g := &Group{ARN: webARN, Protocol: tt.protocol, Version: tt.version, Check: HealthCheck{Protocol: tt.protocol, Path: "/health?deep", Timeout: 1}}
			e := endpoint{group: g, target: &Target{}, address: at.Addr(), port: int(at.Port()), checkPort: int(at.Port())}
			p := prober{new(net.Dialer).DialContext, time.Now, 5 * time.Second, base().offer(true)}.probe(t.Context(), e, tt.check)
			if p.Outcome != tt.outcome || p.Code != tt.code || p.Address != tt.address {
				t.Errorf("%s with %d at %s, want %s with %d", p.Outcome, p.Code, p.Address, tt.outcome, tt.code)
			}
		})
	}
}

// TestProbes keeps the order of targets, whichever answers first, and gives up where
// nobody answers.
func TestProbes(t *testing.T) {
	s := base()
	silent := func(ctx context.Context, _, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := RunProbes(t.Context(), s, silent, time.Now); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, p := range s.Probes {
		order = append(order, p.Target)
		if p.Outcome != ProbeTimeout {
			t.Errorf("%s: %s", p.Target, p.Outcome)
		}
	}
	if len(order) != 4 || order[0] != first || order[3] != second {
		t.Errorf("probes of %v", order)
	}
}
