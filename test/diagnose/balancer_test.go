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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The walls that an application balancer runs into.
const (
	connectWall   = 10 * time.Second
	handshakeWall = 10 * time.Second
)

// traffic is what clients ask for.
type traffic struct {
	Requests int    // 40 if 0; none if negative
	Path     string // "/" if empty
	Host     string // "shop.example.com" if empty
	Port     int    // of a listener, the first if 0
	HTTP     string // "1.1" (if empty), "2" or "grpc"
	Blind    int    // the first requests go to unhealthy targets too, since no check has noticed yet; 6 if 0, none if negative
	Pause    time.Duration
	Every    int // a pause, of AWS, after so many requests
}

// balancer forwards requests to targets as an application balancer does, and
// remembers what came of them.
type balancer struct {
	*setup
	net  string // the first two numbers of the set-up's addresses
	turn atomic.Int64

	mu   sync.Mutex
	idle map[string][]*conn // connections to targets that can be used again
	done []outcome
}

type conn struct {
	net.Conn
	r *bufio.Reader
}

// times are how long the parts of a request took; -1 is what AWS writes for a
// part that did not happen.
type times struct{ request, target, response time.Duration }

var never = times{-1, -1, -1}

// outcome is what came of one request.
type outcome struct {
	at             time.Time     // when the balancer answered
	took           time.Duration // of AWS
	listener       *listener
	traffic        traffic
	blind          bool
	node           string
	group          *group // nil if no rule forwards
	target         string // "10.1.10.11:8080"; empty if none
	times          times
	status, answer int // the balancer's and the target's; 0 if none
	rule, action   string
	reason         string // error_reason
	connect, tls   bool   // counted as TargetConnectionErrorCount, TargetTLSNegotiationErrorCount
}

// send sends requests, a few at the same time, and spreads them over a window as
// if clients had sent them then.
func (b *balancer) send(ctx context.Context, t traffic, from, to time.Time) {
	if t.Requests == 0 {
		t.Requests = 40
	}
	if t.Path == "" {
		t.Path = "/"
	}
	if t.Host == "" {
		t.Host = "shop.example.com"
	}
	if t.Blind == 0 {
		t.Blind = 6
	}
	if len(b.listeners) == 0 {
		return
	}
	l := &b.listeners[0]
	for i := range b.listeners {
		if b.listeners[i].Port == t.Port {
			l = &b.listeners[i]
		}
	}
	var all sync.WaitGroup
	for i := range max(t.Requests, 0) {
		if t.Every > 0 && i > 0 && i%t.Every == 0 {
			all.Wait()
			time.Sleep(lab(t.Pause))
		}
		at := from.Add(to.Sub(from) * time.Duration(i) / time.Duration(t.Requests))
		work := func() {
			o := outcome{listener: l, traffic: t, blind: i < t.Blind, node: b.net + "." + strconv.Itoa(i%2) + ".5", times: never}
			start := time.Now()
			b.forward(ctx, &o)
			if o.took == 0 {
				o.took = inAWS(time.Since(start))
			}
			o.at = at.Add(o.took)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.done = append(b.done, o)
		}
		if t.Every > 0 { // in turn, so that connections are used again
			work()
			continue
		}
		all.Go(work)
	}
	all.Wait()
}

// hit notes that a request ended at a wall, and that what came on top was work.
func (o *outcome) hit(wall time.Duration, start time.Time) {
	o.took = wall + max(time.Since(start)-lab(wall), 0)
}

// forward finds a rule, a group and a target for a request and sends it there.
func (b *balancer) forward(ctx context.Context, o *outcome) {
	for _, r := range o.listener.rules {
		if !r.matches(o.traffic.Host, o.traffic.Path) || len(r.Actions) == 0 {
			continue
		}
		action := r.Actions[len(r.Actions)-1]
		o.rule, o.action = strconv.Itoa(r.order()), action.Type
		if r.Priority == "default" {
			o.rule = "0"
		}
		if action.Type == "fixed-response" {
			o.status, _ = strconv.Atoi(action.Status)
			return
		}
		o.group = b.groups[action.Group]
		if len(action.Groups) > 0 {
			total := 0
			for _, g := range action.Groups {
				total += g.Weight
			}
			if total == 0 {
				o.group = b.groups[action.Groups[0].ARN]
				o.status = http.StatusServiceUnavailable
				return
			}
			n := int(b.turn.Add(1)) % total
			for _, g := range action.Groups {
				if n -= g.Weight; n < 0 {
					o.group = b.groups[g.ARN]
					break
				}
			}
		}
		break
	}
	if o.group == nil {
		o.status = http.StatusServiceUnavailable
		return
	}
	if wants, speaks := o.group.Version, o.traffic.HTTP; (wants == "GRPC" && speaks != "grpc") || (wants == "HTTP2" && speaks == "") {
		o.status = 464
		return
	}
	if o.group.Type == "lambda" {
		b.invoke(ctx, o)
		return
	}
	t, ok := b.choose(o)
	if !ok {
		o.status = http.StatusServiceUnavailable
		return
	}
	o.target = net.JoinHostPort(t.address, strconv.Itoa(t.Port))
	if o.group.Version == "GRPC" || o.group.Version == "HTTP2" {
		b.forward2(ctx, o)
		return
	}
	b.forward1(ctx, o)
}

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
