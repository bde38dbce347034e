//go:build moto

package moto

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

const (
	logs   = "shop-logs"
	prefix = "prod/alb"
)

// answer is the part of the JSON that the tests look at.
type answer struct {
	Accounting struct {
		Objects  int `json:"objects"`
		Failed   int `json:"objects_failed"`
		Lines    int `json:"lines"`
		Parsed   int `json:"parsed"`
		Rejected int `json:"rejected"`
		Skipped  int `json:"skipped"`
	} `json:"accounting"`
	Rows []struct {
		Reason   string `json:"reason"`
		Class    string `json:"reason_class"`
		Source   string `json:"reason_source"`
		Failures int    `json:"failures"`
		Clients  int    `json:"clients"`
	} `json:"rows"`
}

// loglens runs top-errors and returns what it wrote and its exit status.
func loglens(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return report(t, "top-errors", args...)
}

// report runs a command, as loglens does.
func report(t *testing.T, name string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), under.Binary, append([]string{name, "--endpoint-url", "http://" + under.Address}, args...)...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), talk.String(), c.ProcessState.ExitCode()
}

// newBalancer makes a load balancer in subnets of its own.
func newBalancer(t *testing.T, name string, kind elbtypes.LoadBalancerTypeEnum) elbtypes.LoadBalancer {
	t.Helper()
	vpc := ec2(t, "Vpc", url.Values{"CidrBlock": {"10.0.0.0/16"}})
	var subnets []string
	for _, s := range [][2]string{{"10.0.1.0/24", region + "a"}, {"10.0.2.0/24", region + "b"}} {
		subnets = append(subnets, ec2(t, "Subnet", url.Values{"VpcId": {vpc}, "CidrBlock": {s[0]}, "AvailabilityZone": {s[1]}}))
	}
	out, err := balancers().CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: &name, Subnets: subnets, Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	b := out.LoadBalancers[0]
	t.Cleanup(func() {
		// The test's own context is over by now.
		_, err := balancers().DeleteLoadBalancer(context.Background(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: b.LoadBalancerArn})
		if err != nil {
			t.Error(err)
		}
	})
	return b
}

// turnOn does what the command that loglens prints does.
func turnOn(t *testing.T, b elbtypes.LoadBalancer) {
	t.Helper()
	var attributes []elbtypes.LoadBalancerAttribute
	for _, a := range [][2]string{{"access_logs.s3.enabled", "true"}, {"access_logs.s3.bucket", logs}, {"access_logs.s3.prefix", prefix}} {
		attributes = append(attributes, elbtypes.LoadBalancerAttribute{Key: aws.String(a[0]), Value: aws.String(a[1])})
	}
	_, err := balancers().ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: b.LoadBalancerArn, Attributes: attributes,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBalancer finds the logs of a balancer by each of its names, and counts
// what the generator knows to be there.
func TestBalancer(t *testing.T) {
	_, err := buckets().CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(logs),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	truth, err := demo.Write(t.Context(), dir, demo.Options{Seed: 3, End: time.Now(), Lines: 20_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	b := newBalancer(t, "shop-prod", elbtypes.LoadBalancerTypeEnumApplication)
	turnOn(t, b)
	_, id, _ := strings.Cut(aws.ToString(b.LoadBalancerArn), ":loadbalancer/")
	if err := upload(t.Context(), buckets(), logs, prefix, dir, demoID, id[strings.LastIndex(id, "/")+1:]); err != nil {
		t.Fatal(err)
	}

	var want answer
	written := "app/shop-prod/" + demoID
	a := truth.Account(time.Time{}, time.Time{}, func(o *demo.Object) bool { return o.LoadBalancer == written })
	want.Accounting.Objects, want.Accounting.Lines = a.Objects, a.Lines
	want.Accounting.Parsed, want.Accounting.Rejected = a.Parsed, a.Rejected
	counts := truth.Count(time.Time{}, time.Time{},
		func(r *demo.Request) bool { return r.LoadBalancer == written && r.Failed() },
		func(r *demo.Request) string { return r.Reason + " " + r.Class + " " + r.Source })
	if a.Parsed < 1000 || len(counts) < 10 {
		t.Fatalf("the demo has %d requests of %s and %d reasons", a.Parsed, written, len(counts))
	}

	dns := aws.ToString(b.DNSName)
	for _, tt := range []struct{ name, which string }{
		{"name", "shop-prod"}, {"id", id}, {"ARN", aws.ToString(b.LoadBalancerArn)},
		{"DNS name", dns}, {"DNS name of both stacks", "dualstack." + strings.ToUpper(dns) + "."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, status := loglens(t, "--lb", tt.which, "--since", "2h", "--class", "all", "--limit", "0", "--output", "json")
			if status != 0 {
				t.Fatalf("exit status %d; stderr: %s", status, stderr)
			}
			var got answer
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Accounting, got.Accounting); diff != "" {
				t.Errorf("accounting (-want +got):\n%s", diff)
			}
			wanted, rows := map[string][2]int{}, map[string][2]int{}
			for key, n := range counts {
				wanted[key] = [2]int{n.Failures, n.Clients}
			}
			for _, r := range got.Rows {
				rows[r.Reason+" "+r.Class+" "+r.Source] = [2]int{r.Failures, r.Clients}
			}
			if diff := cmp.Diff(wanted, rows); diff != "" {
				t.Errorf("failures and clients by reason (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("what to ask next", func(t *testing.T) {
		stdout, _, _ := loglens(t, "--lb", "shop-prod", "--since", "2h", "--by", "target")
		want := "\n# next: loglens diagnose --since 2h --lb shop-prod --endpoint-url http://" + under.Address + "\n"
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	})

	// Connection logs and health check logs are off, which is nothing to those who ask for
	// failing requests.
	t.Run("lines", func(t *testing.T) {
		for _, log := range []string{"request", "connection"} {
			_, stderr, status := report(t, "raw", "--lb", "shop-prod", "--since", "2h", "--log", log)
			if off, want := strings.Contains(stderr, " off"), log != "request"; off != want || status == 0 == want {
				t.Errorf("--log %s: exit status %d; stderr: %s", log, status, stderr)
			}
		}
	})

	t.Run("statement", func(t *testing.T) {
		_, stderr, status := report(t, "sql", "select count(*) from failure where raw like '%connection%'", "--lb", "shop-prod", "--since", "2h")
		if status != 0 || strings.Contains(stderr, " off") {
			t.Errorf("exit status %d; stderr: %s", status, stderr)
		}
	})

	t.Run("nothing in the window", func(t *testing.T) {
		_, stderr, status := loglens(t, "--lb", "shop-prod", "--since", "3d", "--until", "2d")
		if status != 5 || !strings.Contains(stderr, "no log objects of load balancer "+id) {
			t.Errorf("exit status %d; stderr: %s", status, stderr)
		}
	})
}

func TestLogsAreOff(t *testing.T) {
	b := newBalancer(t, "shop-quiet", elbtypes.LoadBalancerTypeEnumApplication)
	stdout, stderr, status := loglens(t, "--lb", "shop-quiet", "--since", "1h")
	want := "loglens: load balancer shop-quiet: access logs are off\n" +
		"  aws elbv2 modify-load-balancer-attributes --region " + region + " --load-balancer-arn " + aws.ToString(b.LoadBalancerArn) +
		" --attributes Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=BUCKET\n"
	if diff := cmp.Diff(want, stderr); diff != "" || status != 5 || stdout != "" {
		t.Errorf("exit status %d, want 5; stdout %q; stderr (-want +got):\n%s", status, stdout, diff)
	}
}

func TestUnknownBalancer(t *testing.T) {
	newBalancer(t, "shop-web", elbtypes.LoadBalancerTypeEnumApplication)
	newBalancer(t, "billing", elbtypes.LoadBalancerTypeEnumApplication)
	stdout, stderr, status := loglens(t, "--lb", "shop-wbe", "--since", "1h")
	want := "loglens: shop-wbe: no such application or network load balancer in " + region + "; of a Classic one, name the bucket beside --lb\n  did you mean shop-web?\n"
	if diff := cmp.Diff(want, stderr); diff != "" || status != 1 || stdout != "" {
		t.Errorf("exit status %d, want 1; stdout %q; stderr (-want +got):\n%s", status, stdout, diff)
	}
}

func TestNetworkBalancer(t *testing.T) {
	newBalancer(t, "shop-tcp", elbtypes.LoadBalancerTypeEnumNetwork)
	stdout, stderr, status := loglens(t, "--lb", "shop-tcp", "--since", "1h")
	if status != 1 || stdout != "" || !strings.Contains(stderr, "a network load balancer's logs name no target") {
		t.Errorf("exit status %d, want 1; stdout %q; stderr: %s", status, stdout, stderr)
	}
}
