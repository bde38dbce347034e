package demo

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// tlsLog is the content of a Network Load Balancer's access log.
type tlsLog struct {
	*object
	line tlsLine
}

// tlsLine is one line of it.
type tlsLine struct{ TLSConnection }

// clientAlerts are the TLS alerts by which clients end handshakes: bad and
// unknown certificates, an unknown authority, a version they do not speak.
var clientAlerts = []int16{42, 45, 46, 48, 70}

func (l *tlsLog) entry(n int) (record, int) {
	rng, b := l.rng, l.b
	// AWS writes whole seconds here.
	at := time.UnixMicro(l.when(n)).UTC().Truncate(time.Second)
	took := time.Duration(rng.IntN(90_000)) * time.Millisecond
	host := rng.IntN(len(b.hosts))
	l.line = tlsLine{TLSConnection{
		Time: at, LoadBalancer: b.elb, Listener: b.listeners[host], Client: one(rng, b.clients), ClientPort: int32(1024 + rng.IntN(64000)),
		Destination: one(rng, b.nodes) + ":" + strconv.Itoa(443+host*8440), Domain: b.hosts[host], Handshake: micros(2 + rng.IntN(80)),
		Alert: -1, Received: int64(200 + rng.IntN(9000)), Sent: int64(500 + rng.IntN(90_000)),
	}}
	c := &l.line.TLSConnection
	switch {
	case n == 0 || rng.IntN(25) == 0:
		l.fail(rng, c)
		took = time.Duration(1+rng.IntN(300)) * time.Millisecond
	case rng.IntN(40) == 0: // it stayed open for hours
		took = time.Duration(1+rng.IntN(5000)) * time.Second
		c.Received, c.Sent = c.Received<<20, c.Sent<<20
		l.agree(rng, c)
	default:
		l.agree(rng, c)
	}
	c.Duration = int64(took / time.Microsecond)
	c.Created = at.Add(-took).Truncate(time.Second)
	if rng.IntN(12) == 0 {
		c.Domain = "" // the client sent no server name
	}
	return &l.line, l.width()
}

// agree sets what client and balancer agreed on.
func (l *tlsLog) agree(rng *rand.Rand, c *TLSConnection) {
	c.CertARN, c.KeyExchange = l.b.cert, one(rng, []string{"x25519", "secp256r1"})
	c.Cipher, c.Protocol = "TLS_AES_128_GCM_SHA256", "tlsv13"
	if rng.IntN(4) == 0 {
		c.Cipher, c.Protocol = "ECDHE-RSA-AES128-GCM-SHA256", "tlsv12"
	}
	if l.has("alpn_client_preference_list") && rng.IntN(3) == 0 {
		c.ALPNFrontend, c.ALPNBackend, c.ALPNClient = "h2", "h2", `"h2","http/1.1"`
		if rng.IntN(2) == 0 {
			c.ALPNFrontend, c.ALPNBackend, c.ALPNClient = "http/1.1", "", `"http/1.1"`
		}
	}
}

// fail makes the connection one whose handshake failed; the client does not
// always say why.
func (l *tlsLog) fail(rng *rand.Rand, c *TLSConnection) {
	c.Handshake, c.Sent = -1, int64(7*rng.IntN(2))
	if rng.IntN(4) > 0 {
		c.Alert = one(rng, clientAlerts)
	}
}

func (l *tlsLog) keep(at int, line int32) {
	if l.options.NoTruth {
		return
	}
	c := l.line.TLSConnection
	c.Object, c.Line = l.index, line
	l.truth.TLS[at] = c
}

func (c *tlsLine) field(b []byte, f int) []byte {
	const layout = "2006-01-02T15:04:05"
	number := func(n int64) []byte {
		if n < 0 {
			return append(b, '-')
		}
		return strconv.AppendInt(b, n, 10)
	}
	switch f {
	case 1:
		return append(b, "tls"...)
	case 2:
		return append(b, "2.0"...)
	case 3:
		return c.Time.AppendFormat(b, layout)
	case 4:
		return append(b, c.LoadBalancer...)
	case 5:
		return append(b, c.Listener...)
	case 6:
		b = append(append(b, c.Client...), ':')
		return number(int64(c.ClientPort))
	case 7:
		return append(b, c.Destination...)
	case 8:
		return number(c.Duration / 1000)
	case 9:
		if c.Handshake < 0 {
			return append(b, '-')
		}
		return number(c.Handshake / 1000)
	case 10:
		return number(c.Received)
	case 11:
		return number(c.Sent)
	case 12:
		return number(int64(c.Alert))
	case 13:
		return appendText(b, c.CertARN)
	case 14:
		return append(b, '-')
	case 15:
		return appendText(b, c.Cipher)
	case 16:
		return appendText(b, c.Protocol)
	case 17:
		return appendText(b, c.KeyExchange)
	case 18:
		return appendText(b, c.Domain)
	case 19:
		return appendText(b, c.ALPNFrontend)
	case 20:
		return appendText(b, c.ALPNBackend)
	case 21:
		return appendText(b, c.ALPNClient)
	default:
		return c.Created.AppendFormat(b, layout)
	}
}
