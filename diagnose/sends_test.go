package diagnose

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// offered are the ciphers that a balancer offers to targets up to TLS 1.2, those of ELBSecurityPolicy-2016-08 that
// crypto/tls has.
//
// Source: AWS, "Security policies for your Application Load Balancer" (backend connections), read 2026-11.
var offered = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// How a request of a balancer to a target ends.
const (
	endsOK      = "200"
	endsBad     = "400"
	endsRefused = "refused"
	endsTLS     = "tls"    // no handshake
	endsClosed  = "closed" // no answer on a connection that was there
)

// send lets a balancer ask a target, with HTTP/2 or HTTP/1.1, and with TLS 1.3 or up to TLS 1.2. It looks at no
// certificate, has none, and names no host. Nor does it at one that crypto/tls cannot read, of a server of HTTP/1.1.
func send(t *testing.T, b backend, protocol, version string, newest bool) string {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: offered}
	if newest {
		config.MaxVersion = tls.VersionTLS13
	}
	c, err := net.Dial("tcp", b.address)
	if err != nil {
		return endsRefused
	}
	if protocol == "HTTPS" {
		if b.name == "an odd certificate" {
			return map[bool]string{true: endsOK, false: endsClosed}[version == "HTTP1"]
		}
		if err := tls.Client(c, config).Handshake(); err != nil {
			_ = c.Close()
			return endsTLS
		}
	}
	_ = c.Close()
	versions := new(http.Protocols)
	newer := version != "HTTP1"
	versions.SetHTTP1(!newer)
	versions.SetHTTP2(newer)
	versions.SetUnencryptedHTTP2(newer)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, Protocols: versions}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.ToLower(protocol)+"://"+b.address+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(ask)
	if err != nil {
		return endsClosed
	}
	_ = res.Body.Close()
	return res.Status[:3]
}

// endings are what was sent and tried, which ends alike each time.
var endings sync.Map

func remembered[T any](key string, find func() T) T {
	if v, ok := endings.Load(key); ok {
		return v.(T)
	}
	v := find()
	endings.Store(key, v)
	return v
}

// sent is how requests of a group end.
func sent(t *testing.T, b backend, g *Group, newest bool) string {
	t.Helper()
	return remembered(fmt.Sprint("sent ", b, g.Protocol, g.Version, newest), func() string { return send(t, b, g.Protocol, g.Version, newest) })
}

// tried is how a probe of a server ends.
func (s *Snapshot) tried(t *testing.T, b backend, g *Group, check bool) Probe {
	t.Helper()
	return remembered(fmt.Sprint("tried ", b, g.Protocol, g.Version, check, s.upToTLS12(), s.Balancer.Type), func() Probe {
		at := netip.MustParseAddrPort(b.address)
		e := endpoint{group: g, target: &Target{}, address: at.Addr(), port: int(at.Port()), checkPort: int(at.Port())}
		return prober{new(net.Dialer).DialContext, time.Now, 5 * time.Second, s.offer(check)}.probe(t.Context(), e, check)
	})
}

// TestChecksInTLS: health checks of a network balancer have no TLS 1.3, whatever its listeners have, and no certificate;
// where probes see that they end for it, that is said, and not that TLS of the traffic fails.
func TestChecksInTLS(t *testing.T) {
	for _, b := range backends(t) {
		for _, protocol := range []string{"TLS", "TCP"} {
			s := base()
			s.network()
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			if s.Listeners = s.Listeners[1:]; protocol == "TCP" {
				s.Listeners[0].Policy, s.Listeners[0].Certificates = "", nil
			}
			s.Listeners[0].Protocol, s.web().Protocol, s.web().Check.Protocol = protocol, protocol, "HTTPS"
			s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
			for _, name := range []string{first, second} {
				for _, check := range []bool{true, false} {
					p := s.tried(t, b, s.web(), check)
					p.Target, p.Address = name, name
					s.Probes = append(s.Probes, p)
				}
			}
			want := b.name == "TLS 1.3" || protocol == "TCP" && (b.asks || b.name == "3DES" || b.name == "ChaCha20" || b.name == "names of hosts")
			r := Diagnose(copied(t, s))
			f := r.finding("target-health-failed-checks")
			if told := f != nil && strings.HasSuffix(f.Sentence, " fail: these end in TLS.") && strings.Contains(f.Do, "in TLS 1.2"); told != want || want && (r.finding("target-tls-negotiation-fails") != nil || f != r.Findings[0]) {
				t.Errorf("%s, %s: it is said that health checks end in TLS: %v, want %v:\n%s", b.name, protocol, told, want, said(r))
			}
		}
	}
}
