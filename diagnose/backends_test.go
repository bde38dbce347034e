package diagnose

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"testing"
)

// backend is a real server that stands for a target.
type backend struct {
	name    string
	address string
	http    bool
	secure  bool // it speaks TLS
	newer   bool // it speaks HTTP/2, too
	asks    bool // for certificates of clients
}

// backends are servers of all sorts that a target may be.
func backends(t *testing.T) (list []backend) {
	t.Helper()
	a := newAuthority(t)
	good, old := a.issue(t, keys().rsa, noon.AddDate(1, 0, 0), "target.internal"), a.issue(t, keys().ecdsa, noon.AddDate(0, -1, 0), "elsewhere.internal")
	odd := a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(0x55), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}, keys().ecdsa)
	odd.Leaf, odd.Certificate[0] = nil, bytes.Replace(odd.Certificate[0], []byte{2, 1, 0x55}, []byte{2, 1, 0xd5}, 1) // a negative serial number
	with := func(c tls.Certificate, change ...func(*tls.Config)) *tls.Config {
		config := &tls.Config{Certificates: []tls.Certificate{c}}
		for _, f := range change {
			f(config)
		}
		return config
	}
	upTo := func(version uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MinVersion, c.MaxVersion = min(version, tls.VersionTLS12), version }
	}
	only := func(suite uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{suite} }
	}
	asks := func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }
	for _, b := range []struct {
		name   string
		config *tls.Config // nil in plain
		newer  bool        // HTTP/2, too
	}{
		{"plain", nil, false}, {"plain and HTTP/2", nil, true},
		{"TLS", with(good), false}, {"TLS and HTTP/2", with(good), true},
		{"an expired certificate", with(old), false}, {"an odd certificate", with(odd), false},
		{"TLS 1.0", with(good, upTo(tls.VersionTLS10)), false}, {"TLS 1.1", with(good, upTo(tls.VersionTLS11)), false},
		{"TLS 1.3", with(good, func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }), true},
		{"3DES", with(good, only(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)), false},
		{"ChaCha20", with(old, only(tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)), false},
		{"certificates of clients", with(good, asks, upTo(tls.VersionTLS12)), false}, {"certificates of clients, in TLS 1.3", with(good, asks), true},
		{"names of hosts", &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" {
				return nil, errors.New("which host")
			}
			return &good, nil
		}}, false},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols)}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetHTTP2(b.newer)
		s.Protocols.SetUnencryptedHTTP2(b.newer)
		t.Cleanup(func() { _ = s.Close() })
		if b.config == nil {
			go func() { _ = s.Serve(l) }()
		} else {
			s.TLSConfig = b.config
			go func() { _ = s.ServeTLS(l, "", "") }()
		}
		list = append(list, backend{b.name, l.Addr().String(), true, b.config != nil, b.newer, b.config != nil && b.config.ClientAuth != tls.NoClientCert})
	}
	// What takes no plain HTTP does not always say so.
	silent := with(good)
	list = append(list,
		backend{"TLS, or silence", served(t, func(c net.Conn) {
			secure := tls.Server(c, silent)
			if _, err := secure.Read(make([]byte, 1024)); err == nil {
				_, _ = io.WriteString(secure, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				_ = secure.Close()
			}
		}), true, true, false, false},
		backend{name: "hangs up", address: served(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })},
		backend{name: "another protocol", address: served(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n") })},
	)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	return append(list, backend{name: "nothing", address: gone.Addr().String()})
}
