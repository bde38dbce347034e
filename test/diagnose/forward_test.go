//go:build moto

package diagnose

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// refusals are what an access log calls the errors of a function's service.
var refusals = map[int]string{
	http.StatusForbidden: "LambdaAccessDenied", http.StatusTooManyRequests: "LambdaThrottling", http.StatusInternalServerError: "LambdaServiceException",
}

// invoke calls a function, whose service the lab has at an address of its own.
func (b *balancer) invoke(ctx context.Context, o *outcome) {
	start := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+loopback(b.net)+".200.1:9001/2015-03-31/functions/shop/invocations", strings.NewReader("{}"))
	if err != nil {
		o.status, o.reason = http.StatusBadGateway, "LambdaConnectionError"
		return
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		o.status, o.reason = http.StatusBadGateway, "LambdaConnectionError"
		return
	}
	_ = res.Body.Close()
	o.times = times{0, inAWS(time.Since(start)), 0}
	o.status, o.answer = http.StatusOK, http.StatusOK
	if reason := refusals[res.StatusCode]; reason != "" {
		o.status, o.answer, o.reason, o.times.response = http.StatusBadGateway, 0, reason, -1
	}
}

// choose takes a target in turn: a healthy one, or, if there is none, an unhealthy
// one, since the balancer fails open; a
// classic one does not.
func (b *balancer) choose(o *outcome) (target, bool) {
	states := []string{"healthy", "unhealthy"}
	if b.classic {
		states = states[:1]
	}
	for _, state := range states {
		var usable []target
		for _, t := range o.group.targets {
			if (t.State == state || o.blind && t.State == "unhealthy") && (o.group.crossZone || zone(t.address) == zone(o.node)) {
				usable = append(usable, t)
			}
		}
		if len(usable) > 0 {
			return usable[int(b.turn.Add(1))%len(usable)], true
		}
	}
	return target{}, false
}

// connect takes an idle connection to a target, or opens one.
func (b *balancer) connect(ctx context.Context, o *outcome) *conn {
	b.mu.Lock()
	if list := b.idle[o.target]; len(list) > 0 {
		c := list[len(list)-1]
		b.idle[o.target] = list[:len(list)-1]
		b.mu.Unlock()
		return c
	}
	b.mu.Unlock()
	start := time.Now()
	plain, err := dial(ctx, o.target, lab(connectWall))
	if err != nil {
		o.connect, o.status = true, http.StatusBadGateway
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
			o.status = http.StatusGatewayTimeout
			o.hit(connectWall, start)
		}
		return nil
	}
	if o.group.Protocol != "HTTPS" {
		return &conn{plain, bufio.NewReader(plain)}
	}
	secure := tls.Client(plain, &tls.Config{InsecureSkipVerify: true})
	_ = secure.SetDeadline(time.Now().Add(lab(handshakeWall)))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		o.tls, o.status = true, http.StatusBadGateway
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.status = http.StatusGatewayTimeout
			o.hit(handshakeWall, start)
		}
		return nil
	}
	return &conn{secure, bufio.NewReader(secure)}
}

// forward1 sends a request to a target in HTTP/1.1.
func (b *balancer) forward1(ctx context.Context, o *outcome) {
	connect := b.connect
	if b.classic {
		connect = b.retry
	}
	c := connect(ctx, o)
	if c == nil {
		return
	}
	start := time.Now()
	_ = c.SetDeadline(start.Add(lab(b.setup.idle)))
	_, err := io.WriteString(c, "GET "+o.traffic.Path+" HTTP/1.1\r\nHost: "+o.traffic.Host+"\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n")
	o.times.request = 0
	var res *http.Response
	if err == nil {
		res, err = http.ReadResponse(c.r, nil)
	}
	if err == nil {
		o.times.target = inAWS(time.Since(start))
		_, err = io.Copy(io.Discard, res.Body)
		err = errors.Join(err, res.Body.Close())
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		o.status = http.StatusGatewayTimeout
		o.hit(b.setup.idle, start)
	case err != nil: // closed, or no answer of HTTP
		o.status, o.times.target = http.StatusBadGateway, time.Since(start)
	default:
		o.status, o.answer, o.times.response = res.StatusCode, res.StatusCode, 0
	}
	if err != nil || res.Close {
		_ = c.Close()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle[o.target] = append(b.idle[o.target], c)
}

// forward2 sends a request to a target in HTTP/2.
func (b *balancer) forward2(ctx context.Context, o *outcome) {
	ctx, cancel := context.WithTimeout(ctx, lab(b.setup.idle))
	defer cancel()
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			c, err := dial(ctx, address, lab(connectWall))
			o.connect = err != nil
			return c, err
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		Protocols:       new(http.Protocols),
	}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	defer t.CloseIdleConnections()
	start := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.ToLower(o.group.Protocol)+"://"+o.target+o.traffic.Path, nil)
	var res *http.Response
	if err == nil {
		res, err = t.RoundTrip(r)
	}
	switch {
	case err == nil:
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		o.status, o.answer, o.times = res.StatusCode, res.StatusCode, times{0, inAWS(time.Since(start)), 0}
	case o.connect && ctx.Err() == nil:
		o.status = http.StatusBadGateway
	case errors.Is(err, context.DeadlineExceeded):
		o.status = http.StatusGatewayTimeout
		o.hit(b.setup.idle, start)
	default:
		o.status, o.times = http.StatusBadGateway, times{0, time.Since(start), -1}
	}
}

// close gives the connections to the targets up.
func (b *balancer) close() {
	for _, list := range b.idle {
		for _, c := range list {
			_ = c.Close()
		}
	}
}

// hex is a random number in hexadecimal.
func hex(digits int) string {
	const all = "0123456789abcdef"
	text := make([]byte, digits)
	for i := range text {
		text[i] = all[rand.IntN(16)]
	}
	return string(text)
}
