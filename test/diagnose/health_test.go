//go:build moto

package diagnose

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// probe is one health check that the emulator asks for.
type probe struct {
	Address  string
	Port     int
	Protocol string // "HTTP", "HTTPS" or "TCP"
	Version  string // of the group: "HTTP1", "HTTP2" or "GRPC"
	Path     string
	Timeout  int    // seconds of AWS
	Codes    string // "200-299,401"
	Network  bool   // by a network balancer
}

// health is a target's state in the words of the API, and what the probe met.
type health struct {
	State, Reason, Description string

	code int
	took time.Duration // of AWS
}

// prober makes the health checks that it is asked for.
type prober struct{}

func (prober) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var probes []probe
	if err := json.NewDecoder(r.Body).Decode(&probes); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	found := make([]health, len(probes))
	var all sync.WaitGroup
	for i, p := range probes {
		all.Go(func() { found[i] = p.settle(r.Context()) })
	}
	all.Wait()
	_ = json.NewEncoder(w).Encode(found)
}

// settle checks a target until its state is known: two failures in a row make it
// unhealthy, and four checks without that do not.
func (p probe) settle(ctx context.Context) health {
	failed := 0
	for range 4 {
		h := p.check(ctx)
		if h.State == "healthy" {
			failed = 0
		} else if failed++; failed == 2 {
			return h
		}
	}
	return health{State: "healthy"}
}

// check probes a target as a balancer does.
func (p probe) check(ctx context.Context) health {
	limit := lab(time.Duration(p.Timeout) * time.Second)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	code, err := p.ask(ctx, limit)
	h := health{State: "unhealthy", code: code, took: inAWS(time.Since(start))}
	switch {
	case err == nil && (p.Protocol == "TCP" || codes(p.Codes, code)):
		h.State = "healthy"
	case p.Network:
		h.Reason, h.Description = "Target.FailedHealthChecks", "Health checks failed"
	case err == nil:
		h.Reason, h.Description = "Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", code)
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		h.Reason, h.Description = "Target.Timeout", "Request timed out"
	default:
		h.Reason, h.Description = "Target.FailedHealthChecks", "Health checks failed"
	}
	return h
}

// ask makes the request of a check, and returns the code of HTTP or gRPC.
func (p probe) ask(ctx context.Context, limit time.Duration) (int, error) {
	address := net.JoinHostPort(p.Address, strconv.Itoa(p.Port))
	if p.Protocol == "TCP" {
		c, err := dial(ctx, address, limit)
		if err != nil {
			return 0, err
		}
		return 0, c.Close()
	}
	t := &http.Transport{
		DialContext:       func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address, limit) },
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // a balancer does not look at a target's certificate
		DisableKeepAlives: true,
		Protocols:         new(http.Protocols),
	}
	plain := p.Version != "HTTP2" && p.Version != "GRPC"
	t.Protocols.SetHTTP1(plain)
	t.Protocols.SetHTTP2(!plain)
	t.Protocols.SetUnencryptedHTTP2(!plain)
	path := p.Path
	if path == "" {
		path = "/"
	}
	method := http.MethodGet
	if p.Version == "GRPC" {
		method = http.MethodPost
		if p.Path == "" {
			path = "/AWS.ALB/healthcheck"
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.ToLower(p.Protocol)+"://"+address+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	res, err := t.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return 0, err
	}
	if p.Version == "GRPC" {
		return strconv.Atoi(res.Trailer.Get("Grpc-Status"))
	}
	return res.StatusCode, nil
}

// codes says whether a matcher takes a code.
func codes(matcher string, code int) bool {
	for _, part := range strings.Split(matcher, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			to = from
		}
		low, err := strconv.Atoi(from)
		high, err2 := strconv.Atoi(to)
		if err == nil && err2 == nil && low <= code && code <= high {
			return true
		}
	}
	return false
}
