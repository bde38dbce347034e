package diagnose

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestCertificates draws a listener with certificates and hosts by lot, and lets clients of these hosts, and of the
// names of its default certificate, connect to a server that chooses as a balancer does: a certificate that is said to
// have expired, and not only for clients that nobody knows of, is what one of them turns away, and a host that none is
// said to be for is one that no certificate is for.
func TestCertificates(t *testing.T) {
	a := newAuthority(t)
	for seed := range uint64(40) {
		sim := drawCertificates(t, a, seed)
		sim.connect(t, a)
		r := Diagnose(copied(t, sim.Snapshot))
		fault := sim.compare(r)
		before := slices.Clone(sim.Listeners[1].Certificates)
		if fault == "" && len(sim.expired) > 0 {
			sim.run(t, a, r)
		}
		if fault == "" && len(sim.expired) > 0 {
			fault = fmt.Sprintf("after the commands, clients turn away %v of %v", sim.expired, sim.Listeners[1].Certificates)
		}
		if fault != "" {
			t.Fatalf("seed %d: %s\nhosts %v, default and list %v of %+v\n%s", seed, fault, sim.hosts, before, sim.Certificates, said(r))
		}
	}
}

// certified is a listener with certificates, and what clients make of these.
type certified struct {
	*Snapshot
	all     []tls.Certificate // as in Certificates
	hosts   []string          // that rules ask for
	expired map[int][]string  // certificates that are turned away, by whom
	foreign []string          // hosts that get a certificate for others
}

func drawCertificates(t *testing.T, a authority, seed uint64) *certified {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	sim := &certified{Snapshot: base()}
	sim.https(Certificate{})
	sim.Certificates = nil
	l := &sim.Listeners[1]
	l.Certificates = nil
	for i := range 1 + r.IntN(4) {
		c := Certificate{ARN: fmt.Sprint("arn:", i), Status: "ISSUED", NotAfter: noon.AddDate(0, 2+r.IntN(9), 0), Key: "RSA_2048"}
		for range 1 + r.IntN(2) {
			c.Names = add(c.Names, pick("shop.example.com", "*.example.com", "api.example.com", "example.com", "www.example.org"))
		}
		if r.IntN(3) == 0 {
			c.NotAfter, c.Status = noon.Add(-time.Hour*time.Duration(1+r.IntN(99))), pick("ISSUED", "EXPIRED")
		}
		key := keys().rsa
		if r.IntN(2) == 0 {
			c.Key, key = "EC_prime256v1", keys().ecdsa
		}
		sim.Certificates, sim.all = append(sim.Certificates, c), append(sim.all, a.issue(t, key, c.NotAfter, c.Names...))
		l.Certificates = append(l.Certificates, c.ARN)
	}
	if r.IntN(3) == 0 { // the default one once more
		l.Certificates = append(l.Certificates, "arn:0")
	}
	for range r.IntN(3) {
		sim.hosts = add(sim.hosts, pick("shop.example.com", "api.example.com", "www.example.org", "example.com", "a.b.example.com"))
	}
	for i, host := range sim.hosts {
		rule := forwardTo(fmt.Sprint(i+1), webARN)
		rule.Conditions = []Condition{{Field: "host-header", Values: []string{host}}}
		l.Rules = slices.Insert(l.Rules, i, rule)
	}
	return sim
}

// connect lets one client of each host connect.
func (sim *certified) connect(t *testing.T, a authority) {
	t.Helper()
	var given atomic.Int64
	var from []int
	for _, arn := range sim.Listeners[1].Certificates {
		from = append(from, slices.IndexFunc(sim.Certificates, func(c Certificate) bool { return c.ARN == arn }))
	}
	sim.expired, sim.foreign = map[int][]string{}, nil
	address := served(t, greet(&tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		i := choose(sim.all, from, hello.ServerName)
		given.Store(int64(i))
		return &sim.all[i], nil
	}}))
	clients := slices.Clone(sim.hosts)
	for _, name := range sim.Certificates[0].Names {
		clients = add(clients, strings.Replace(name, "*", "other", 1))
	}
	for _, host := range clients {
		now := noon
		err := hello(t, address, &tls.Config{ServerName: host, RootCAs: a.trust(), Time: func() time.Time { return now }})
		var invalid x509.CertificateInvalidError
		old := errors.As(err, &invalid) && invalid.Reason == x509.Expired
		if old {
			now = sim.Certificates[given.Load()].NotAfter // when it was still good
			err = hello(t, address, &tls.Config{ServerName: host, RootCAs: a.trust(), Time: func() time.Time { return now }})
		}
		var foreign x509.HostnameError
		switch {
		case errors.As(err, &foreign):
			sim.foreign = append(sim.foreign, host)
		case err != nil:
			t.Fatal(err)
		case old:
			sim.expired[int(given.Load())] = append(sim.expired[int(given.Load())], host)
		}
	}
}

// run changes the listener by the commands for certificates that fail, and lets the clients connect again.
func (sim *certified) run(t *testing.T, a authority, r *Report) {
	t.Helper()
	l := &sim.Listeners[1]
	for _, f := range r.Findings {
		if f.ID != "listener-certificate-expired" || f.Level != Fail {
			continue
		}
		old := strings.Fields(f.Evidence[0].Text)[0]
		names := sim.Certificates[slices.IndexFunc(sim.Certificates, func(c Certificate) bool { return c.ARN == old })].Names
		c := Certificate{ARN: "arn:for-" + old, Status: "ISSUED", NotAfter: noon.AddDate(1, 0, 0), Names: names}
		sim.Certificates, sim.all = append(sim.Certificates, c), append(sim.all, a.issue(t, keys().ecdsa, c.NotAfter, names...))
		for _, command := range f.Fix {
			words := strings.Fields(strings.ReplaceAll(command, "NEW-CERTIFICATE-ARN", c.ARN))
			arn := strings.TrimPrefix(words[len(words)-1], "CertificateArn=")
			switch words[2] {
			case "modify-listener":
				l.Certificates[0] = arn
			case "add-listener-certificates":
				l.Certificates = append(l.Certificates, arn)
			case "remove-listener-certificates":
				i := slices.Index(l.Certificates[1:], arn) + 1
				l.Certificates = slices.Delete(l.Certificates, i, i+1)
			}
		}
	}
	sim.connect(t, a)
}

// next reports whether a client that turned another certificate away would get one after that.
func (sim *certified) next(i int) bool {
	for _, hosts := range sim.expired {
		if slices.ContainsFunc(hosts, func(host string) bool { return sim.all[i].Leaf.VerifyHostname(host) == nil }) {
			return true
		}
	}
	return false
}

// compare says where a report and the clients do not agree; "" if they do.
func (sim *certified) compare(r *Report) string {
	told, foreign := map[string]Level{}, ""
	for _, f := range r.Findings {
		switch f.ID {
		case "listener-certificate-expired":
			told[strings.Fields(f.Evidence[0].Text)[0]] = f.Level
		case "listener-certificate-does-not-cover-host":
			foreign = f.Sentence
		default:
			return f.ID + " is said"
		}
	}
	for i, c := range sim.Certificates {
		hosts, away := sim.expired[i]
		switch level := told[c.ARN]; {
		case away && level != Fail:
			return fmt.Sprintf("clients of %v turn %s away, which has expired: %q", hosts, c.ARN, level)
		case !away && level == Fail && !sim.next(i):
			return c.ARN + " fails, which no client gets"
		case (level != "") != c.NotAfter.Before(noon):
			return fmt.Sprintf("%s is valid until %s: %q", c.ARN, c.NotAfter, level)
		}
	}
	for _, host := range sim.hosts {
		if away := slices.Contains(sim.foreign, host); away != strings.Contains(foreign+" ", " "+host+",") {
			return fmt.Sprintf("a client of %s turns away a certificate for others: %v: %q", host, away, foreign)
		}
	}
	return ""
}

// TestLongerKey: of certificates with RSA keys in its list a network balancer gives clients that with the longer key,
// which has expired; an application balancer gives them the one that has not.
func TestLongerKey(t *testing.T) {
	for _, tt := range []struct {
		kind, key string
		want      Level
	}{{NetworkType, "RSA_3072", Fail}, {NetworkType, "RSA_2048", Warn}, {Application, "RSA_3072", Warn}} {
		s := base()
		if tt.kind == NetworkType {
			s.network()
		}
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, "RSA_2048"})
		if tt.kind == NetworkType {
			s.Listeners[1].Protocol = "TLS"
		}
		s.alsoHas(Certificate{"arn:old", "EXPIRED", noon.AddDate(0, -1, 0), []string{"shop.example.com"}, tt.key})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, "RSA_2048"})
		f := Diagnose(copied(t, s)).finding("listener-certificate-expired")
		if f == nil || f.Level != tt.want {
			t.Errorf("%s, %s: want %s: %+v", tt.kind, tt.key, tt.want, f)
		}
	}
}

// TestListIsRead: whether the default certificate is in a listener's list, too, is known of it.
func TestListIsRead(t *testing.T) {
	member := func(arn string, first bool) string {
		return fmt.Sprintf("<member><CertificateArn>%s</CertificateArn><IsDefault>%v</IsDefault></member>", arn, first)
	}
	for _, tt := range []struct{ list, want string }{
		{member("arn:a", true) + member("arn:b", false), "arn:a arn:b"},
		{member("arn:a", false) + member("arn:b", false) + member("arn:a", true), "arn:a arn:a arn:b"},
	} {
		s, err := collected(t, &answers{by: map[string]string{
			"DescribeLoadBalancers":        balancerXML,
			"DescribeListeners":            `<Listeners><member><ListenerArn>arn:l</ListenerArn><Port>443</Port><Protocol>HTTPS</Protocol><Certificates><member><CertificateArn>arn:a</CertificateArn></member></Certificates></member></Listeners>`,
			"DescribeListenerCertificates": `<Certificates>` + tt.list + `</Certificates>`,
		}}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Listeners[0].Certificates, " "); got != tt.want {
			t.Errorf("%s: certificates %s, want %s", tt.list, got, tt.want)
		}
	}
}
