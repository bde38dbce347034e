package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// balancerAnswer is what AWS knows of a balancer; nothing else of it may be asked.
const balancerAnswer = `<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member>
<LoadBalancerArn>arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shop/a1</LoadBalancerArn><LoadBalancerName>shop</LoadBalancerName>
<Type>application</Type><Scheme>internal</Scheme><VpcId>vpc-1</VpcId><State><Code>active</Code></State>
</member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>`

// diagnosing runs a diagnosis of that balancer before a bucket, and returns what it says
// beside its answer.
func diagnosing(t *testing.T, bucket http.HandlerFunc, args ...string) string {
	t.Helper()
	status, _, stderr := diagnosed(t, balancerAnswer, bucket, args...)
	if status != 0 && status != exitFindings {
		t.Fatalf("exit status %d, stderr: %s", status, stderr)
	}
	return stderr
}

// diagnosed runs a diagnosis of a balancer before a bucket.
func diagnosed(t *testing.T, balancer string, bucket http.HandlerFunc, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return diagnosedWith(t, strings.NewReader(""), balancer, bucket, args...)
}

// diagnosedWith is the same, with something on standard input.
func diagnosedWith(t *testing.T, stdin io.Reader, balancer string, bucket http.HandlerFunc, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost:
			bucket(w, r)
		case r.FormValue("Action") == "DescribeLoadBalancers":
			fmt.Fprint(w, balancer)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
		}
	}))
	defer server.Close()
	asSomebody(t)
	var out, talk bytes.Buffer
	a := &app{in: stdin, out: &out, err: &talk, now: time.Now, getenv: os.Getenv}
	status = a.run(t.Context(), append([]string{"diagnose", "--lb", "shop", "--region", "us-east-1", "--endpoint-url", server.URL}, args...))
	return status, out.String(), talk.String()
}

// TestDiagnoseLogsNotRead: where logs that were named have no connections of a balancer whose requests
// are in no log, that is said; a store that only the environment names is not needed then.
func TestDiagnoseLogsNotRead(t *testing.T) {
	network := strings.NewReplacer("<Type>application", "<Type>network", "/app/", "/net/").Replace(balancerAnswer)
	folder := t.TempDir()
	logs, store, absent := filepath.Join(folder, "requests.log"), filepath.Join(folder, "x.duckdb"), filepath.Join(folder, "none.duckdb")
	for _, path := range []string{logs, store} {
		if err := os.WriteFile(path, failing(10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, balancer, environment string
		args                        []string
		status                      int
		said                        string // of logs that were not read
	}{
		{"a source", network, "", []string{logs}, 0, "logs of connections in " + logs + ": there are none"},
		{"a store that is damaged", network, "", []string{"--store", store}, exitNoStore, ""},
		{"a store that is not there", network, "", []string{"--store", absent}, exitNoStore, ""},
		{"a store of the environment that is not there", network, absent, nil, 0, ""},
		{"a store of the environment that is not there, and that is needed", balancerAnswer, absent, nil, exitNoStore, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("LOGLENS_STORE", tt.environment)
			status, stdout, stderr := diagnosed(t, tt.balancer, func(http.ResponseWriter, *http.Request) {}, tt.args...)
			if status != tt.status {
				t.Fatalf("exit status %d, want %d: %s%s", status, tt.status, stdout, stderr)
			}
			if says := strings.Contains(stdout, "there are none"); says != (tt.said != "") || !strings.Contains(stdout, tt.said) {
				t.Errorf("it is to say %q:\n%s", tt.said, stdout)
			}
		})
	}
}

// TestDiagnoseWarns: what an answer out of logs warns of, such as lines that count twice, a
// diagnosis warns of as well.
func TestDiagnoseWarns(t *testing.T) {
	folder := t.TempDir()
	lines := bytes.ReplaceAll(failing(10), []byte("app/shop/50dc6c495c0c9188"), []byte("app/shop/a1"))
	for _, copied := range []string{"a", "b"} {
		path := filepath.Join(folder, copied, "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261007T0720Z_10.0.0.1_1a2b3c4d.log")
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, append(lines, "damaged\n"...), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, form := range []string{"table", "json", "markdown"} {
		_, stdout, _ := diagnosed(t, balancerAnswer, func(http.ResponseWriter, *http.Request) {}, "--since", "2026-10-07T07:00:00Z", "--until", "2026-10-07T08:00:00Z", "--output", form, folder)
		for _, want := range []string{"its lines count again", "2 damaged lines rejected"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: want %q:\n%s", form, want, stdout)
			}
		}
	}
}

// TestDiagnoseDecoder: LOGLENS_INFLATE names the decoder of a diagnosis, too.
func TestDiagnoseDecoder(t *testing.T) {
	for value, want := range map[string]string{"": ownDecoder, "klauspost": klauspostDecoder} {
		t.Run(strconv.Quote(value), func(t *testing.T) {
			used := make(chan string, 1)
			halt := sync.OnceFunc(func() { used <- inflating() })
			t.Setenv("LOGLENS_INFLATE", value)
			diagnosing(t, halting(t, 2000, 2, halt), "--since", "2026-10-07T07:00:00Z", "--until", "2026-10-07T08:00:00Z", "s3://bucket")
			if got := <-used; !strings.Contains(got, want) {
				t.Errorf("at work was not %q but\n%s", want, got)
			}
		})
	}
}

// TestDiagnoseWholeMinutes: a store counts by the minute, and it is said when that is more
// than was asked for.
func TestDiagnoseWholeMinutes(t *testing.T) {
	folder := t.TempDir()
	logs, store := filepath.Join(folder, "requests.log"), filepath.Join(folder, "x.duckdb")
	if err := os.WriteFile(logs, failing(10), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &stderr, err: &stderr, now: time.Now, getenv: os.Getenv}
	if status := a.run(t.Context(), []string{"ingest", "--store", store, logs}); status != 0 {
		t.Fatalf("exit status %d, stderr: %s", status, &stderr)
	}
	const wide = "the window of the logs is of whole minutes"
	none := func(http.ResponseWriter, *http.Request) {}
	if said := diagnosing(t, none, "--store", store, "--since", "2026-10-07T07:10:30Z", "--until", "2026-10-07T08:00:00Z"); !strings.Contains(said, wide) {
		t.Errorf("it does not say %q: %s", wide, said)
	}
	if said := diagnosing(t, none, "--store", store, "--since", "2026-10-07T07:10:00Z", "--until", "2026-10-07T08:00:00Z"); strings.Contains(said, wide) {
		t.Errorf("whole minutes were asked for: %s", said)
	}
}
