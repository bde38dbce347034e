package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestErrorsAreToldOneByOne: errors that were joined each get a line of their own, and
// what wraps several of them stays one.
func TestErrorsAreToldOneByOne(t *testing.T) {
	one, two := errors.New("open a: gone"), errors.New("open b: gone")
	for _, tt := range []struct {
		err  error
		want int
	}{
		{one, 1},
		{errors.Join(one, two), 2},
		{errors.Join(errors.Join(one, two), nil), 2},
		{fmt.Errorf("%w and %w", one, two), 1},
	} {
		if got := each(tt.err); len(got) != tt.want {
			t.Errorf("%q is told in %d parts, want %d", tt.err, len(got), tt.want)
		}
	}
}

// TestBalancerMadeAnew: a name stands for the balancer that has it now. If that was made
// within the window, it is said where the logs of another of its name are read; where an ID
// or an ARN was typed, one balancer was meant.
func TestBalancerMadeAnew(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shop/b2"
	created := time.Now().Add(-30 * time.Minute).UTC()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `<ListBucketResult><Name>logs</Name><IsTruncated>false</IsTruncated></ListBucketResult>`
		switch {
		case r.Method != http.MethodPost:
		case r.FormValue("Action") == "DescribeLoadBalancers":
			answer = `<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member>` +
				`<LoadBalancerArn>` + arn + `</LoadBalancerArn><LoadBalancerName>shop</LoadBalancerName><Type>application</Type>` +
				`<CreatedTime>` + created.Format(time.RFC3339) + `</CreatedTime>` +
				`</member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>`
		default:
			answer = `<DescribeLoadBalancerAttributesResponse><DescribeLoadBalancerAttributesResult><Attributes>` +
				`<member><Key>access_logs.s3.enabled</Key><Value>true</Value></member><member><Key>access_logs.s3.bucket</Key><Value>logs</Value></member>` +
				`</Attributes></DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>`
		}
		_, _ = fmt.Fprint(w, answer)
	}))
	defer server.Close()
	asSomebody(t)
	for _, tt := range []struct {
		which, since string
		said         bool
	}{
		{"shop", "1h", true},
		{"shop", "20m", false},
		{"app/shop/b2", "1h", false},
		{arn, "1h", false},
	} {
		t.Run(tt.which+" "+tt.since, func(t *testing.T) {
			var talk bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &talk, now: time.Now, getenv: os.Getenv}
			if status := a.run(t.Context(), []string{"top-errors", "--lb", tt.which, "--since", tt.since, "--region", "us-east-1", "--endpoint-url", server.URL}); status != exitNoObjects {
				t.Fatalf("exit status %d: %s", status, talk.String())
			}
			want := "load balancer shop was created at " + created.Format(endForm) +
				"; what another of this name logged before is read with --lb shop s3://logs/AWSLogs/111122223333/elasticloadbalancing/us-east-1\n"
			if said := strings.Contains(talk.String(), want); said != tt.said {
				t.Errorf("said: %v, want %v:\n%s", said, tt.said, talk.String())
			}
		})
	}
}
