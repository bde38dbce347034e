//go:build moto

package diagnose

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// second is how long what takes a second in AWS takes in the lab.
const second = time.Second / 20

// lab is how long d of AWS takes here.
func lab(d time.Duration) time.Duration { return d * second / time.Second }

// inAWS is how long what took d here takes in AWS. What is too short to have been
// waited for is work, and takes there what it takes here: no server waits for less than four seconds there, and a busy
// machine may take that long.
func inAWS(d time.Duration) time.Duration {
	if d < 3*second {
		return d
	}
	return d * (time.Second / second)
}

// behaviour is what a server does:
//
//	http 200 /health=404 /report=70s slow=6s keep=5s
//
// speaks HTTP and answers 200 after six seconds, but 404 to /health, and to /report
// after seventy, and closes a connection that was idle for five. Numbers and times
// joined by commas take turns. Other kinds: https; h2c, cleartext HTTP/2; grpc, whose
// number is a status of gRPC; tcp, which takes connections; mute, which takes
// requests and never answers; cut, which takes requests and hangs up; bytes, which
// answers what is no HTTP; closed, where nobody listens; dropped, where nothing
// answers a connection's first packet.
type behaviour struct {
	kind   string
	status []int
	paths  map[string][]int
	waits  map[string]time.Duration
	slow   []time.Duration // of AWS
	keep   time.Duration
}

func parseBehaviour(text string) (behaviour, error) {
	b := behaviour{paths: map[string][]int{}, waits: map[string]time.Duration{}}
	for i, word := range strings.Fields(text) {
		key, value, option := strings.Cut(word, "=")
		var err error
		switch {
		case i == 0:
			b.kind = word
		case option && strings.HasPrefix(key, "/") && strings.HasSuffix(value, "s"):
			b.waits[key], err = time.ParseDuration(value)
		case option && strings.HasPrefix(key, "/"):
			b.paths[key], err = numbersOf(value)
		case option && key == "slow":
			for _, n := range strings.Split(value, ",") {
				d, bad := time.ParseDuration(n)
				b.slow, err = append(b.slow, d), errors.Join(err, bad)
			}
		case option && key == "keep":
			b.keep, err = time.ParseDuration(value)
		case option:
			err = errors.New("no such option")
		default:
			b.status, err = numbersOf(word)
		}
		if err != nil {
			return b, fmt.Errorf("server %q: %s: %w", text, word, err)
		}
	}
	return b, nil
}

// numbersOf are numbers joined by commas.
func numbersOf(text string) (list []int, err error) {
	for _, word := range strings.Split(text, ",") {
		n, bad := strconv.Atoi(word)
		list, err = append(list, n), errors.Join(err, bad)
	}
	return list, err
}

// serve runs a server at an address, until it is stopped or the test ends.
func serve(t *testing.T, address string, b behaviour) (stop func()) {
	t.Helper()
	address = loopback(address)
	switch b.kind {
	case "closed":
		return func() {}
	case "dropped":
		stop = dropPackets(t, address)
		t.Cleanup(stop)
		return stop
	}
	l, err := net.Listen("tcp", address)
	for i := 0; i < 100 && errors.Is(err, syscall.EADDRINUSE); i++ { // whoever was here is not quite gone
		time.Sleep(50 * time.Millisecond)
		l, err = net.Listen("tcp", address)
	}
	if err != nil {
		t.Fatal(err)
	}
	stop = func() { _ = l.Close() }
	t.Cleanup(stop)
	switch b.kind {
	case "tcp", "mute", "cut", "bytes":
		go accept(l, b.kind)
		return stop
	case "http", "https", "h2c", "grpc":
	default:
		t.Fatalf("%s: a server of kind %q is not known", address, b.kind)
	}
	var turn, pathTurn, wait atomic.Int64
	s := &http.Server{
		IdleTimeout: lab(b.keep),
		ErrorLog:    log.New(io.Discard, "", 0),
		Protocols:   new(http.Protocols),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d, ok := b.waits[r.URL.Path]; ok {
				time.Sleep(lab(d))
			} else if len(b.slow) > 0 {
				time.Sleep(lab(b.slow[int(wait.Add(1)-1)%len(b.slow)]))
			}
			turns, list := &turn, b.status
			if l, ok := b.paths[r.URL.Path]; ok {
				turns, list = &pathTurn, l
			}
			status := list[int(turns.Add(1)-1)%len(list)]
			if b.kind == "grpc" {
				w.Header().Set("Content-Type", "application/grpc")
				w.Header().Set("Trailer", "Grpc-Status")
				w.WriteHeader(http.StatusOK)
				w.Header().Set("Grpc-Status", strconv.Itoa(status))
				return
			}
			if status/100 == 3 {
				w.Header().Set("Location", "/login")
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, http.StatusText(status))
		}),
	}
	s.Protocols.SetHTTP1(b.kind == "http" || b.kind == "https")
	s.Protocols.SetHTTP2(b.kind == "https")
	s.Protocols.SetUnencryptedHTTP2(b.kind == "h2c" || b.kind == "grpc")
	t.Cleanup(func() { _ = s.Close() })
	if b.kind == "https" {
		pair, err := newCertificate([]string{"target.internal"}, 365*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair.tls}}
		go func() { _ = s.ServeTLS(l, "", "") }()
		return stop
	}
	go func() { _ = s.Serve(l) }()
	return stop
}

// accept serves what is less than HTTP.
func accept(l net.Listener, kind string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if kind == "cut" || kind == "bytes" {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				if kind == "bytes" {
					_, _ = io.WriteString(c, "220 smtp.example.com ESMTP\r\n")
				}
				return
			}
			_, _ = io.Copy(io.Discard, c)
		}()
	}
}

// dropPackets listens with a queue that is full, so that the kernel drops the
// first packet of each further connection, as a security group does.
func dropPackets(t *testing.T, address string) (stop func()) {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() { once.Do(func() { _ = syscall.Close(fd) }) }
	err = errors.Join(
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(fd, &syscall.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}),
		syscall.Listen(fd, 0))
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	for range 2 {
		if c, err := net.DialTimeout("tcp", address, 100*time.Millisecond); err == nil {
			t.Cleanup(func() { _ = c.Close() })
		}
	}
	if c, err := net.DialTimeout("tcp", address, 100*time.Millisecond); err == nil {
		_ = c.Close()
		t.Fatalf("%s takes connections though its queue is full", address)
	}
	return stop
}

// loopback is where the lab has an address of the set-up.
func loopback(address string) string {
	if rest, ok := strings.CutPrefix(address, "10."); ok {
		return "127." + rest
	}
	return address
}

// dial connects to an address of the set-up. It never leaves loopback.
func dial(ctx context.Context, address string, timeout time.Duration) (net.Conn, error) {
	to := loopback(address)
	if !strings.HasPrefix(to, "127.") {
		// No route leads there, and nothing comes back.
		select {
		case <-ctx.Done():
		case <-time.After(timeout):
		}
		return nil, context.DeadlineExceeded
	}
	d := net.Dialer{Timeout: timeout}
	return d.DialContext(ctx, "tcp", to)
}
