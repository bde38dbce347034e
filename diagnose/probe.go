package diagnose

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// probesAtATime bounds what the targets are asked at once.
const probesAtATime = 64

// RunProbes asks every target's health path, and its traffic port, from where
// loglens runs: the test that an engineer does by hand. What cannot be reached from
// here may well be from the balancer. dial is net.Dialer's DialContext.
func RunProbes(ctx context.Context, s *Snapshot, dial Dial, now func() time.Time) error {
	type question struct {
		endpoint
		check bool
	}
	var all []question
	for _, e := range newFacts(s).endpoints {
		if e.group.over("tcp") && e.address.IsValid() {
			all = append(all, question{e, true}, question{e, false})
		}
	}
	s.Probes = make([]Probe, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(probesAtATime)
	for i, q := range all {
		g.Go(func() error {
			p := prober{dial, now, time.Duration(max(2*q.group.Check.Timeout, 5)) * time.Second, s.offer(q.check)}
			s.Probes[i] = p.probe(ctx, q.endpoint, q.check)
			return ctx.Err()
		})
	}
	return g.Wait()
}

// Dial opens a connection.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// prober asks one target. It waits for twice the health check's timeout, to tell
// what is slow from what does not answer.
type prober struct {
	dial    Dial
	now     func() time.Time
	timeout time.Duration
	offer   *tls.Config // what it speaks TLS with
}

// ended reports whether a target was asked, and how that ended is one of these.
func (p *Probe) ended(outcomes ...string) bool {
	return p != nil && slices.Contains(outcomes, p.Outcome)
}

func (p prober) probe(ctx context.Context, e endpoint, check bool) Probe {
	port, protocol, path := e.port, e.group.Protocol, "/"
	if check {
		port, protocol, path = e.checkPort, e.group.Check.Protocol, e.group.Check.Path
	}
	out := Probe{Group: e.group.ARN, Target: e.name(), Check: check, Address: net.JoinHostPort(e.address.String(), strconv.Itoa(port))}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	begin := p.now()
	switch protocol {
	case "HTTP", "HTTPS":
		switch {
		case !check:
			out.Outcome = p.connect(ctx, out.Address, protocol == "HTTPS")
		case e.group.http2():
			out.Outcome, out.Code = p.get2(ctx, protocol, out.Address, path)
		default:
			out.Outcome, out.Code = p.get(ctx, protocol, out.Address, path, false)
		}
		if check && e.group.Version == "GRPC" && out.Outcome != ProbeHTTP1 {
			out.Outcome, out.Code = p.connect(ctx, out.Address, protocol == "HTTPS"), 0 // what was asked is no call of gRPC
		}
	case "TLS", "SSL":
		out.Outcome = p.connect(ctx, out.Address, true)
	default:
		out.Outcome = p.connect(ctx, out.Address, false)
	}
	// An answer that is no HTTP, or a 400, may come from a server that wants TLS.
	if protocol == "HTTP" && (out.Outcome == ProbeClosed || out.Outcome == ProbeFailed || out.Code == http.StatusBadRequest) &&
		slices.Contains([]string{ProbeConnected, ProbeTLSFailed, ProbeNoCertificate}, p.connect(ctx, out.Address, true)) {
		out.Outcome, out.Code = ProbeTLS, 0
	}
	out.Millis = p.now().Sub(begin).Milliseconds()
	return out
}

// connect opens a connection, and speaks TLS on it if that is asked for, as a balancer does.
func (p prober) connect(ctx context.Context, address string, secure bool) string {
	c, err := p.dial(ctx, "tcp", address)
	if err != nil {
		return outcome(err)
	}
	defer func() { _ = c.Close() }()
	if !secure {
		return ProbeConnected
	}
	config, asked := p.withoutCertificate()
	client := tls.Client(c, config)
	err = client.HandshakeContext(ctx)
	if err == nil && asked.Load() { // in TLS 1.3, a server says only then that it wants one
		_ = client.SetReadDeadline(p.now().Add(time.Second))
		_, err = client.Read(make([]byte, 1))
	}
	switch {
	case refusesUs(err, asked):
		return ProbeNoCertificate
	case err == nil, unread(err), client.ConnectionState().HandshakeComplete:
		return ProbeConnected
	}
	return outcome(err)
}

// offer is how a balancer speaks TLS to its targets: it takes any certificate, has none, and names no host. Up to
// TLS 1.2 its ciphers are those of ELBSecurityPolicy-2016-08, as far as crypto/tls has them, and it speaks TLS 1.3 if
// the policy of a listener does, but for health checks of a network balancer. What a Classic Load Balancer speaks is
// not known: all that there is.
//
// Source: AWS, "Security policies for your Application Load Balancer" and the same of the Network Load Balancer guide
// (backend connections), and "Health checks for Network Load Balancer target groups", read 2026-11.
func (s *Snapshot) offer(check bool) *tls.Config {
	c := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if s.Balancer.Type == Classic || strings.Contains(suite.Name, "_AES_") {
			c.CipherSuites = append(c.CipherSuites, suite.ID)
		}
	}
	if s.upToTLS12() || check && s.Balancer.Type == NetworkType {
		c.MaxVersion = tls.VersionTLS12
	}
	return c
}

// upToTLS12 reports whether a balancer is known to speak no TLS 1.3 to its targets.
func (s *Snapshot) upToTLS12() bool {
	return s.Balancer.Type != Classic && s.Listeners != nil &&
		!slices.ContainsFunc(s.Listeners, func(l Listener) bool { return strings.Contains(l.Policy, "TLS13") })
}

// withoutCertificate is what is offered, and whether the other side has asked for a certificate, of which there is none.
func (p prober) withoutCertificate() (*tls.Config, *atomic.Bool) {
	c, asked := p.offer.Clone(), new(atomic.Bool)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked.Store(true)
		return new(tls.Certificate), nil
	}
	return c, asked
}

// refusesUs reports whether the other side ended TLS after it had asked for a certificate.
func refusesUs(err error, asked *atomic.Bool) bool {
	return err != nil && asked.Load() && strings.Contains(err.Error(), "remote error: tls")
}

// unread reports whether TLS was ended from here, after version and cipher were agreed on, for a certificate that
// crypto/tls cannot read: no balancer looks at it.
func unread(err error) bool {
	return strings.Contains(err.Error(), "tls: failed to parse certificate from server") || strings.Contains(err.Error(), "tls: server sent certificate containing RSA key")
}

// get2 asks for a path in HTTP/2, and if that is not understood, in HTTP/1.1.
func (p prober) get2(ctx context.Context, protocol, address, path string) (string, int) {
	how, code := p.get(ctx, protocol, address, path, true)
	if how == ProbeAnswered || how == ProbeRefused || how == ProbeTimeout {
		return how, code
	}
	switch older, code := p.get(ctx, protocol, address, path, false); older {
	case ProbeAnswered:
		return ProbeHTTP1, code
	case ProbeFailed: // no HTTP/2 in TLS
		return older, code
	}
	return how, code
}

// get asks for a path as a health check does.
func (p prober) get(ctx context.Context, protocol, address, path string, http2 bool) (string, int) {
	versions := new(http.Protocols)
	versions.SetHTTP1(!http2)
	versions.SetHTTP2(http2)
	versions.SetUnencryptedHTTP2(http2)
	config, asked := p.withoutCertificate()
	client := http.Client{
		Transport: &http.Transport{
			DialContext: p.dial, TLSClientConfig: config, DisableKeepAlives: true, Protocols: versions,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.ToLower(protocol)+"://"+address+"/", http.NoBody)
	if err != nil {
		return ProbeFailed, 0
	}
	ask.URL.Path, ask.URL.RawQuery, _ = strings.Cut(path, "?")
	ask.Header.Set("User-Agent", "loglens")
	res, err := client.Do(ask)
	switch {
	case err == nil:
	case asked.Load() && p.connect(ctx, address, true) == ProbeNoCertificate: // what was asked may have reset the connection before it was read why
		return ProbeNoCertificate, 0
	case unread(err):
		return ProbeFailed, 0
	default:
		return outcome(err), 0
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 4096) // the answer is not looked at
	return ProbeAnswered, res.StatusCode
}

// outcome says what an error means.
func outcome(err error) string {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var wait net.Error
	text := err.Error()
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return ProbeRefused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return ProbeTimeout
	case errors.As(err, &record) && string(record.RecordHeader[:4]) == "HTTP", strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return ProbePlain
	case errors.As(err, &record):
		return ProbeNoTLS
	case errors.As(err, &alert), strings.Contains(text, "tls: "), strings.Contains(text, "remote error: tls"):
		return ProbeTLSFailed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(text, "http2: client conn could not be established"): // closed before the first request
		return ProbeClosed
	}
	return ProbeFailed
}
