//go:build moto

package diagnose

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// numbers makes each built scenario's account, name and addresses its own.
var numbers atomic.Int64

// claim takes a number whose addresses no other run of the lab on this machine uses.
func claim(t *testing.T) int {
	t.Helper()
	for range 10_000 {
		n := int(numbers.Add(1))
		l, err := net.Listen("tcp", fmt.Sprintf("127.%d.0.1:8079", n%250+1))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			return n
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("all addresses are in use")
	return 0
}

// built is a scenario that stands in the emulator.
type built struct {
	account, name, bucket, network string
	values                         map[string]string
	stops                          map[string]func() // its servers, by the end of their address
}

// build makes a scenario's set-up, runs its servers and its traffic, and puts
// its logs and metrics where AWS does.
func (s *scenario) build(t *testing.T, name string) *built {
	t.Helper()
	ctx, start := t.Context(), time.Now()
	n := claim(t)
	b := &built{
		account: fmt.Sprintf("1111222%05d", n), name: name, bucket: fmt.Sprintf("logs-%d", n),
		network: fmt.Sprintf("%s.%d", cmp.Or(s.Net, "10"), n%250+1), stops: map[string]func(){},
	}
	b.values = map[string]string{"account": b.account, "name": name, "bucket": b.bucket, "net": b.network, "region": region}
	if s.Certificate.Hosts != nil {
		c, err := newCertificate(s.Certificate.Hosts, s.Certificate.Valid)
		if err != nil {
			t.Fatal(err)
		}
		b.values["cert"] = base64.StdEncoding.EncodeToString(c.cert)
		b.values["key"] = base64.StdEncoding.EncodeToString(c.key)
	}
	place := []byte(`<CreateBucketConfiguration><LocationConstraint>` + region + `</LocationConstraint></CreateBucketConfiguration>`)
	if _, err := send(ctx, b.account, "s3", http.MethodPut, "/"+b.bucket, nil, place); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/AWSLogs/%s/*"}]}`, cmp.Or(s.BucketPolicy, "Allow"), b.bucket, b.account)
	if s.BucketPolicy != "none" {
		if _, err := send(ctx, b.account, "s3", http.MethodPut, "/"+b.bucket+"?policy", nil, []byte(policy)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Steps.run(ctx, b.account, b.values); err != nil {
		t.Fatal(err)
	}
	b.serve(t, s.Servers)
	to := time.Now().Add(-6 * time.Minute)
	from := to.Add(-45 * time.Minute)
	s.observe(t, b, s.kind(b.values), from, to)
	b.serve(t, s.Later)
	for _, m := range s.Metrics {
		b.add(t, m, from, to)
	}
	if s.Certificate.Hosts != nil && s.Certificate.Valid < time.Minute {
		time.Sleep(time.Until(start.Add(s.Certificate.Valid + time.Second)))
	}
	if err := s.After.run(ctx, b.account, b.values); err != nil {
		t.Fatal(err)
	}
	return b
}

// add puts a metric's data points into a window.
func (b *built) add(t *testing.T, m metric, from, to time.Time) {
	t.Helper()
	text, err := fill(m.Dimensions, b.values)
	if err != nil {
		t.Fatal(err)
	}
	var data []datum
	for at := from; at.Before(to); at = at.Add(5 * time.Minute) {
		data = append(data, datum{m.Name, strings.Fields(text), at.UTC(), m.Value})
	}
	if err := put(t.Context(), b.account, m.Namespace, data); err != nil {
		t.Fatal(err)
	}
}

// serve runs servers by the end of their addresses.
func (b *built) serve(t *testing.T, servers map[string]string) {
	t.Helper()
	for address, text := range servers {
		does, err := parseBehaviour(text)
		if err != nil {
			t.Fatal(err)
		}
		if stop := b.stops[address]; stop != nil {
			stop()
		}
		b.stops[address] = serve(t, b.network+"."+address, does)
	}
}

// observe sends a scenario's traffic and keeps what came of it.
func (s *scenario) observe(t *testing.T, b *built, kind string, from, to time.Time) {
	t.Helper()
	ctx := t.Context()
	var read *setup
	var err error
	if kind == "classic" {
		read, err = readClassic(ctx, b.account, b.name)
	} else {
		read, err = readSetup(ctx, b.account, b.values["lb"])
	}
	if err != nil {
		t.Fatal(err)
	}
	lb := &balancer{setup: read, net: b.network, idle: map[string][]*conn{}}
	if kind != "network" { // one that passes TCP on writes no log
		sent := s.Traffic
		if sent == nil {
			sent = []traffic{{}}
		}
		for _, one := range sent {
			lb.send(ctx, one, from, to)
		}
		lb.close()
		if !s.SilentLogs {
			if err := deliver(ctx, read, b.bucket, "", lb.accessLog(), s.Lost); err != nil {
				t.Fatal(err)
			}
		}
		if s.Refused != "" {
			if err := deliver(ctx, read, b.bucket, "conn_log_", read.connectionLog(b.network, s.Refused, from, to), 0); err != nil {
				t.Fatal(err)
			}
		}
		if s.HealthLog {
			if err := deliver(ctx, read, b.bucket, "health_check_log_", read.healthLog(ctx, b.network, from, to, 20), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.NoMetrics {
		return
	}
	data := lb.metrics
	if kind == "classic" {
		data = lb.classicMetrics
	}
	namespace := map[string]string{"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB", "classic": "AWS/ELB"}[kind]
	if err := put(ctx, b.account, namespace, data(from, to)); err != nil {
		t.Fatal(err)
	}
}
