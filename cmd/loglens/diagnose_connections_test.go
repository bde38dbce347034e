package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refusedConnections are lines of a connection log: certificates of a client that are refused.
func refusedConnections(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `2026-10-07T07:15:01.%06dZ 198.51.100.7 65530 443 TLSv1.3 TLS_AES_128_GCM_SHA256 - "CN=partner.example" NotBefore=2025-10-07T00:00:00Z;NotAfter=2026-10-07T07:00:00Z 0A1B2C Failed:ClientCertExpired TID_%d x25519 app/shop/a1 203.0.113.9`+"\n", i, i)
	}
	return b.Bytes()
}

var ofThatHour = []string{"--since", "2026-10-07T07:00:00Z", "--until", "2026-10-07T08:00:00Z"}

// TestDiagnoseConnections: connections are read from wherever logs are, and what of these is no connection is told
// all the same.
func TestDiagnoseConnections(t *testing.T) {
	folder := t.TempDir()
	requests := bytes.ReplaceAll(failing(10), []byte("app/shop/50dc6c495c0c9188"), []byte("app/shop/a1"))
	for kind, lines := range map[string][]byte{"": requests, "conn_log_": refusedConnections(40)} {
		name := kind + "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261007T0720Z_10.0.0.1_1a2b3c4d.log"
		if err := os.WriteFile(filepath.Join(folder, name), lines, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mixed, store := filepath.Join(t.TempDir(), "all.log"), filepath.Join(t.TempDir(), "x.duckdb")
	if err := os.WriteFile(mixed, append(requests, refusedConnections(40)...), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &stderr, err: &stderr, now: time.Now, getenv: os.Getenv}
	if status := a.run(t.Context(), []string{"ingest", "--store", store, folder}); status != 0 {
		t.Fatalf("exit status %d, stderr: %s", status, &stderr)
	}
	none := func(http.ResponseWriter, *http.Request) {}
	for name, args := range map[string][]string{"a folder": {folder}, "a file of both": {mixed}, "a store": {"--store", store}} {
		status, stdout, stderr := diagnosed(t, balancerAnswer, none, append(args, ofThatHour...)...)
		for _, want := range []string{"client-certificate-refused", "CN=partner.example (serial 0A1B2C) expired at 2026-10-07 07:00 UTC. 40 TLS handshakes", "10 requests, 10 failures", "40 connections over TLS, 40 of them failed"} {
			if status != exitFindings || !strings.Contains(stdout, want) {
				t.Errorf("%s: exit status %d, want %q:\n%s%s", name, status, want, stdout, stderr)
			}
		}
	}
}

// TestDiagnoseConnectionsOnce: what can be read one time only is read for requests, and it is said that connections were not
// looked for in it.
func TestDiagnoseConnectionsOnce(t *testing.T) {
	requests := bytes.ReplaceAll(failing(10), []byte("app/shop/50dc6c495c0c9188"), []byte("app/shop/a1"))
	_, stdout, stderr := diagnosedWith(t, bytes.NewReader(append(requests, refusedConnections(40)...)), balancerAnswer, func(http.ResponseWriter, *http.Request) {}, append([]string{"-"}, ofThatHour...)...)
	for _, want := range []string{"10 requests, 10 failures", "logs of connections in -: read logs: standard input and pipes can be read one time only"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("want %q:\n%s%s", want, stdout, stderr)
		}
	}
}

// TestDiagnoseNoConnections: a file of requests alone, which its name does not say, is none of connections.
func TestDiagnoseNoConnections(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.log")
	if err := os.WriteFile(file, bytes.ReplaceAll(failing(10), []byte("app/shop/50dc6c495c0c9188"), []byte("app/shop/a1")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := diagnosed(t, balancerAnswer, func(http.ResponseWriter, *http.Request) {}, append([]string{file}, ofThatHour...)...)
	if !strings.Contains(stdout, "10 requests, 10 failures") || strings.Contains(stdout, "connections over TLS") || strings.Contains(stdout, "logs of connections") {
		t.Error(stdout)
	}
}

// TestDiagnoseConnectionsShut: where the log of connections cannot be read, that is said, with the permission that
// lacks, and the requests are told as without.
func TestDiagnoseConnectionsShut(t *testing.T) {
	attributes := `<DescribeLoadBalancerAttributesResponse><DescribeLoadBalancerAttributesResult><Attributes>`
	for _, log := range []string{"access", "connection"} {
		for key, value := range map[string]string{"enabled": "true", "bucket": log, "prefix": ""} {
			attributes += "<member><Key>" + log + "_logs.s3." + key + "</Key><Value>" + value + "</Value></member>"
		}
	}
	attributes += `</Attributes></DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>`
	const object = "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/10/07/111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261007T0720Z_10.0.0.1_1a2b3c4d.log"
	lines := bytes.ReplaceAll(failing(10), []byte("app/shop/50dc6c495c0c9188"), []byte("app/shop/a1"))
	for status, want := range map[int]string{
		http.StatusForbidden: "logs of connections in s3://connection/AWSLogs/111122223333/elasticloadbalancing/us-east-1: allow s3:ListBucket",
		http.StatusNotFound:  "logs of connections in s3://connection/AWSLogs/111122223333/elasticloadbalancing/us-east-1: ",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			code := map[int]string{http.StatusForbidden: "AccessDenied", http.StatusNotFound: "NoSuchBucket"}[status]
			switch {
			case r.Method == http.MethodPost && r.FormValue("Action") == "DescribeLoadBalancers":
				fmt.Fprint(w, balancerAnswer)
			case r.Method == http.MethodPost && r.FormValue("Action") == "DescribeLoadBalancerAttributes":
				fmt.Fprint(w, attributes)
			case r.Method == http.MethodPost:
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
			case bucket == "connection":
				w.WriteHeader(status)
				fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message></Error>`, code)
			case key == object:
				w.Header().Set("ETag", `"e1"`)
				_, _ = w.Write(lines)
			case strings.HasPrefix(object, r.URL.Query().Get("prefix")) && r.URL.Query().Get("delimiter") == "":
				fmt.Fprintf(w, `<ListBucketResult><Name>access</Name><IsTruncated>false</IsTruncated><Contents><Key>%s</Key><ETag>"e1"</ETag><Size>%d</Size></Contents></ListBucketResult>`, object, len(lines))
			case strings.HasPrefix(object, r.URL.Query().Get("prefix")):
				prefix, delimiter := r.URL.Query().Get("prefix"), r.URL.Query().Get("delimiter")
				common, _, _ := strings.Cut(object[len(prefix):], delimiter)
				fmt.Fprintf(w, `<ListBucketResult><Name>access</Name><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes></ListBucketResult>`, prefix+common+delimiter)
			default:
				fmt.Fprint(w, `<ListBucketResult><Name>access</Name><IsTruncated>false</IsTruncated></ListBucketResult>`)
			}
		}))
		asSomebody(t)
		var out, talk bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &talk, now: time.Now, getenv: os.Getenv}
		a.run(t.Context(), append([]string{"diagnose", "--lb", "shop", "--region", "us-east-1", "--endpoint-url", server.URL}, ofThatHour...))
		server.Close()
		for _, want := range []string{want, "10 requests, 10 failures"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%d: want %q:\n%s%s", status, want, &out, &talk)
			}
		}
	}
}
