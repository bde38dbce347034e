package demo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// pool is the connections that clients make to a node within an interval. They
// follow from the pool alone, so that the access log, whose requests go over
// them, and the connection log can be written independently.
type pool struct {
	b      *balancer
	start  int64 // µs since 1970
	stream uint64
	tls    int   // how many over TLS,
	plain  int   // and over plain HTTP; one of each at least
	before *pool // of the same node; nil = none
}

// conn is one connection.
type conn struct {
	time   int64 // µs since 1970
	client string
	port   int
	plain  bool
	tls    string // "-" = none
	cipher string // "-" = none
	agent  string
	tid    [2]uint64
	fate   string // "" = it came through, handshakeFailed, or the code of a client certificate that was refused
}

// handshakeFailed is the fate of connections that ended before TLS stood.
const handshakeFailed = "handshake"

// verifyCodes are why the balancer refuses client certificates.
// Source: AWS, "Connection logs for your Application Load Balancer".
var verifyCodes = []string{
	"ClientCertMaxChainDepthExceeded", "ClientCertMaxSizeExceeded", "ClientCertCrlHit", "ClientCertCrlProcessingError", "ClientCertUntrusted",
	"ClientCertNotYetValid", "ClientCertExpired", "ClientCertTypeUnsupported", "ClientCertInvalid", "ClientCertPurposeInvalid",
	"ClientCertRejected", "UnmappedConnectionError", "ClientCertIncompatible",
}

// connections is a pool and the one before it, in the making of an access log.
type connections struct {
	now, before *pool
	made        [2]map[bool][]conn // by plain; of now and before
}

func newConnections(seed int64, p *pool) *connections {
	c := &connections{now: p, before: p.before}
	c.made[0] = p.connections(seed)
	if p.before != nil {
		c.made[1] = p.before.connections(seed)
	}
	return c
}

// connections makes the connections of the pool that come through, by plain,
// each list in the order of time and with its first at the very start.
func (p *pool) connections(seed int64) map[bool][]conn {
	rng := rand.New(rand.NewPCG(uint64(seed), p.stream))
	list := map[bool][]conn{false: make([]conn, p.tls), true: make([]conn, p.plain)}
	for _, plain := range []bool{false, true} {
		each := int64(Interval/time.Microsecond) / int64(len(list[plain]))
		for i := range list[plain] {
			c := p.connection(rng, plain)
			c.time = p.start + int64(i)*each
			if i > 0 {
				c.time += rng.Int64N(each)
			}
			list[plain][i] = c
		}
	}
	return list
}

// connection makes one connection, but for its time.
func (p *pool) connection(rng *rand.Rand, plain bool) conn {
	few := rng.Float64() // clients make most of the connections
	c := conn{
		client: p.b.clients[int(few*few*float64(len(p.b.clients)))], port: 1024 + rng.IntN(64000), plain: plain, tls: "-", cipher: "-",
		agent: agents[int(few*few*few*float64(len(agents)))], tid: [2]uint64{rng.Uint64(), rng.Uint64()},
	}
	if !plain {
		version := tlsVersions[p.b.tls]
		if rng.IntN(5) == 0 {
			version = one(rng, tlsVersions)
		}
		c.tls, c.cipher = version.name, version.cipher
	}
	return c
}

// pick returns a connection that was there at the time, if there was any yet,
// and soon after otherwise: one of the last few that were made.
func (c *connections) pick(rng *rand.Rand, at int64, plain bool) *conn {
	list := c.made[0][plain]
	back := rng.IntN(8)
	if at >= c.now.start {
		i := latest(list, c.now.start, at)
		if i >= back {
			return &list[i-back]
		}
		back -= i + 1
		at = c.now.start - 1
	}
	if c.before == nil {
		return &list[0]
	}
	list = c.made[1][plain]
	return &list[max(0, latest(list, c.before.start, at)-back)]
}

// latest returns the place of the last connection made by the time; 0 if there
// is none.
func latest(list []conn, start, at int64) int {
	each := int64(Interval/time.Microsecond) / int64(len(list))
	i := int(min(max(0, (at-start)/each), int64(len(list)-1)))
	if i > 0 && list[i].time > at {
		i--
	}
	return i
}

// connectionLog is the content of a connection log.
type connectionLog struct {
	*object
	list []conn // in the order of time
	line connectionLine
}

// connectionLine is one line of a connection log.
type connectionLine struct {
	Connection
	validity, serial string // of the client's certificate; "" = none
}

// newConnectionLog adds to the connections that came through as many as the
// object has more lines: they failed.
func newConnectionLog(o *object) *connectionLog {
	made := o.pool.connections(o.options.Seed)
	l := &connectionLog{object: o, list: append(made[false], made[true]...)}
	const us = int64(Interval / time.Microsecond)
	for i := 0; len(l.list) < o.Lines; i++ {
		c := o.pool.connection(o.rng, false)
		c.time = o.pool.start + o.rng.Int64N(us)
		if i == 0 { // windows must be half-open
			c.time = o.pool.start + us - 1
		}
		if o.b.mutual && i%2 == 1 {
			c.fate = verifyCodes[(o.turn+i/2)%len(verifyCodes)]
		} else {
			c.fate, c.tls, c.cipher = handshakeFailed, "-", "-"
		}
		l.list = append(l.list, c)
	}
	slices.SortStableFunc(l.list, func(a, b conn) int { return cmp.Compare(a.time, b.time) })
	return l
}

func (l *connectionLog) entry(n int) (record, int) {
	c, rng := &l.list[n], l.rng
	width := l.width()
	l.line = connectionLine{Connection: Connection{
		Time: time.UnixMicro(c.time).UTC(), LoadBalancer: l.b.elb, Node: l.Node, Client: c.client, ClientPort: int32(c.port),
		ListenerPort: 443, Protocol: absent(c.tls), Cipher: absent(c.cipher), Handshake: -1, TraceID: string(appendTraceID(nil, c.tid)),
	}}
	switch {
	case c.plain:
		l.line.ListenerPort = 80
	case c.fate == "":
		l.line.Verify = "Success"
		l.line.Handshake = micros(1 + rng.IntN(90))
		if rng.IntN(60) == 0 {
			l.line.Handshake = micros(rng.IntN(9000))
		}
	case c.fate != handshakeFailed:
		l.line.Verify = "Failed:" + c.fate
	}
	if c.tls != "-" {
		if width > 12 && l.has("tls_keyexchange") {
			l.line.KeyExchange = one(rng, []string{"x25519", "secp256r1", "X25519MLKEM768"})
		}
		if l.b.mutual && l.has("leaf_client_cert_subject") {
			l.line.Subject = "CN=partner " + strconv.Itoa(rng.IntN(40)) + ",O=Example Partners,C=DE"
			l.line.validity = "NotBefore=2025-09-21T22:43:21Z;NotAfter=2027-06-17T22:43:21Z"
			l.line.serial = string(appendHex(nil, rng.Uint64(), 16))
		}
	}
	return &l.line, width
}

func (l *connectionLog) keep(at int, line int32) {
	if l.options.NoTruth {
		return
	}
	c := l.line.Connection
	c.Object, c.Line = l.index, line
	l.truth.Connections[at] = c
}

func (c *connectionLine) field(b []byte, f int) []byte {
	switch f {
	case 1:
		return appendTime(b, c.Time.UnixMicro())
	case 2:
		return append(b, c.Client...)
	case 3:
		return strconv.AppendInt(b, int64(c.ClientPort), 10)
	case 4:
		return strconv.AppendInt(b, int64(c.ListenerPort), 10)
	case 5:
		return appendText(b, c.Protocol)
	case 6:
		return appendText(b, c.Cipher)
	case 7:
		if c.Handshake < 0 {
			return append(b, '-')
		}
		return appendSeconds(b, c.Handshake, 3)
	case 8:
		return append(appendText(append(b, '"'), c.Subject), '"')
	case 9:
		return appendText(b, c.validity)
	case 10:
		return appendText(b, c.serial)
	case 11:
		return appendText(b, c.Verify)
	case 12:
		return append(b, c.TraceID...)
	case 13:
		return appendText(b, c.KeyExchange)
	case 14:
		return append(b, c.LoadBalancer...)
	default:
		return append(b, c.Node...)
	}
}

// countRequests fills in how many requests went over each connection.
func (t *Truth) countRequests() {
	requests := map[string]int32{}
	for i := range t.Requests {
		if id := t.Requests[i].ConnTraceID; id != "" {
			requests[id]++
		}
	}
	for i := range t.Connections {
		t.Connections[i].Requests = requests[t.Connections[i].TraceID]
	}
}
