package diagnose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// authority signs the certificates of tests.
type authority struct {
	*x509.Certificate
	key crypto.Signer
}

// keys are made once: that takes longer than a handshake.
var keys = sync.OnceValue(func() (k struct{ ecdsa, rsa crypto.Signer }) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	k.ecdsa, k.rsa = ec, other
	return k
})

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, SerialNumber: big.NewInt(1), NotBefore: noon.AddDate(-9, 0, 0), NotAfter: noon.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key}
	a.Certificate = a.sign(t, a.Certificate, a.key).Leaf
	return a
}

func (a authority) sign(t *testing.T, c *x509.Certificate, key crypto.Signer) tls.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, a.Certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// issue signs a certificate for some names, which are those of a server or of a client.
func (a authority) issue(t *testing.T, key crypto.Signer, until time.Time, names ...string) tls.Certificate {
	t.Helper()
	return a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: noon.AddDate(-1, 0, 0), NotAfter: until, DNSNames: names,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, key)
}

// trust is who believes in an authority.
func (a authority) trust() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	return pool
}

// served listens until the test ends, and gives each connection to a function.
func served(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				serve(c)
			})
		}
	})
	return l.Addr().String()
}

// greet says hello to who has agreed on TLS.
func greet(config *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		secure := tls.Server(c, config)
		if secure.Handshake() == nil {
			_, _ = secure.Write([]byte("hello"))
			_ = secure.Close()
		}
	}
}

// hello connects as a client does, and wants to be greeted: what a server does not like of a client it says, in
// TLS 1.3, when that has done its part of the handshake.
func hello(t *testing.T, address string, config *tls.Config) error {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = io.ReadFull(tls.Client(c, config), make([]byte, 5))
	return err
}

// choose is the certificate that a listener gives to a client that asks for a host, or for none: of its list, or else
// the default one, which is the first.
//
// Source: AWS, "SSL certificates for your Application Load Balancer", read 2026-11.
func choose(all []tls.Certificate, from []int, name string) int {
	chosen, list := from[0], from[1:]
	better := func(a, b *x509.Certificate) bool {
		if a.PublicKeyAlgorithm != b.PublicKeyAlgorithm {
			return a.PublicKeyAlgorithm == x509.ECDSA
		}
		return a.NotAfter.After(b.NotAfter)
	}
	for k, i := range slices.DeleteFunc(slices.Clone(list), func(i int) bool { return name == "" || all[i].Leaf.VerifyHostname(name) != nil }) {
		if k == 0 || better(all[i].Leaf, all[chosen].Leaf) {
			chosen = i
		}
	}
	return chosen
}
