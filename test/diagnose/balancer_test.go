//go:build moto

package diagnose

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
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
