package main

import (
	"bytes"
	"fmt"
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

// diagnosing runs a diagnosis of that balancer before a bucket, and returns what it says.
func diagnosing(t *testing.T, bucket http.HandlerFunc, args ...string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost:
			bucket(w, r)
		case r.FormValue("Action") == "DescribeLoadBalancers":
			fmt.Fprint(w, balancerAnswer)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
		}
	}))
	defer server.Close()
	for _, s := range append([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, quiet...) {
		name, v, _ := strings.Cut(s, "=")
		t.Setenv(name, v)
	}
	var stdout, stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr, now: time.Now, getenv: os.Getenv}
	status := a.run(t.Context(), append([]string{"diagnose", "--lb", "shop", "--region", "us-east-1", "--endpoint-url", server.URL}, args...))
	if status != 0 && status != exitFindings {
		t.Fatalf("exit status %d, stderr: %s", status, &stderr)
	}
	return stderr.String()
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
