package diagnose

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"
)

// TestGuard makes a call that is not in the list.
func TestGuard(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	c := newCollector(aws.Config{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, server.URL)
	_, err := c.elb.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: aws.String(balancerARN)})
	if err == nil || !strings.Contains(err.Error(), "not in the list of calls") {
		t.Errorf("error %v", err)
	}
	if asked > 0 || len(c.counted()) > 0 {
		t.Errorf("%d requests, %v", asked, c.counted())
	}
}

// TestCallsOnlyRead holds that nothing in the list changes anything.
func TestCallsOnlyRead(t *testing.T) {
	for _, c := range Calls {
		for _, o := range c.operations {
			if !strings.HasPrefix(o, "Describe") && !strings.HasPrefix(o, "Get") && !strings.HasPrefix(o, "List") && o != "HeadBucket" {
				t.Errorf("%s may change something", o)
			}
		}
		if c.On != "*" && c.On != "bucket" && c.On != "objects" {
			t.Errorf("%s is on %q", c.Action, c.On)
		}
	}
}

// marked answers with the mark that it was asked with, and the one that follows.
type marked struct {
	next  map[string]string
	err   error
	calls int
}

func (m *marked) DescribeVpcs(_ context.Context, in *ec2.DescribeVpcsInput, _ ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	m.calls++
	mark := aws.ToString(in.NextToken)
	return &ec2.DescribeVpcsOutput{Vpcs: []types.Vpc{{VpcId: &mark}}, NextToken: aws.String(m.next[mark])}, m.err
}

// TestPages: a list whose marks go round has no end, and is not taken for whole.
func TestPages(t *testing.T) {
	for _, tt := range []struct {
		name  string
		marks map[string]string
		want  []string
		calls int
		err   error
	}{
		{"to the end", map[string]string{"": "a", "a": "b"}, []string{"", "a", "b"}, 3, nil},
		{"round and round", map[string]string{"": "a", "a": "b", "b": "a"}, nil, 3, errSameMark},
		{"on the spot", map[string]string{"": "a", "a": "a"}, nil, 2, errSameMark},
	} {
		m := &marked{next: tt.marks}
		all, err := pages(t.Context(), ec2.NewDescribeVpcsPaginator(m, nil), func(out *ec2.DescribeVpcsOutput) ([]string, *string) {
			return []string{*out.Vpcs[0].VpcId}, out.NextToken
		})
		if diff := cmp.Diff(tt.want, all); diff != "" || !errors.Is(err, tt.err) || m.calls != tt.calls {
			t.Errorf("%s: %v, %d calls (-want +got):\n%s", tt.name, err, m.calls, diff)
		}
	}
	broken := &marked{err: errors.New("broken")}
	unread := func(*ec2.DescribeVpcsOutput) ([]string, *string) {
		t.Error("an answer that is none was read")
		return nil, nil
	}
	if _, err := pages(t.Context(), ec2.NewDescribeVpcsPaginator(broken, nil), unread); !errors.Is(err, broken.err) {
		t.Errorf("error %v", err)
	}
}

func TestWrites(t *testing.T) {
	b := Balancer{ID: "app/shop/50dc6c495c0c9188", Type: Application, Region: "eu-central-1", Account: "111122223333", Attributes: map[string]string{"access_logs.s3.prefix": "prod"}}
	statement := func(effect, principal, action, resource, more string) string {
		return `{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"` + action + `","Resource":"` + resource + `"` + more + `}`
	}
	const service = `{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}`
	allow := statement("Allow", service, "s3:PutObject", "arn:aws:s3:::logs/prod/AWSLogs/111122223333/*", "")
	tests := []struct{ name, policy, want string }{
		{"the documented one", `{"Statement":[` + allow + `]}`, "allows"},
		{"one statement, bare", `{"Statement":` + allow + `}`, "allows"},
		{"the region's account", `{"Statement":[` + statement("Allow", `{"AWS":["arn:aws:iam::054676820928:root"]}`, "s3:*", "arn:aws:s3:::logs/*", "") + `]}`, "allows"},
		{"the principal of Outposts", `{"Statement":[` + statement("Allow", `{"Service":"logdelivery.elb.amazonaws.com"}`, "s3:PutObject", "arn:aws:s3:::logs/prod/AWSLogs/111122223333/*", "") + `]}`, ""},
		{"the principal of Outposts beside the usual one", `{"Statement":[` + allow + `,` + statement("Allow", `{"Service":"logdelivery.elb.amazonaws.com"}`, "s3:PutObject", "arn:aws:s3:::logs/prod/AWSLogs/111122223333/*", "") + `]}`, "allows"},
		{"another prefix", `{"Statement":[` + statement("Allow", service, "s3:PutObject", "arn:aws:s3:::logs/AWSLogs/111122223333/*", "") + `]}`, "none"},
		{"only reading", `{"Statement":[` + statement("Allow", service, "s3:GetObject", "arn:aws:s3:::logs/*", "") + `]}`, "none"},
		{"denied to all", `{"Statement":[` + allow + `,` + statement("Deny", `"*"`, "s3:*", "arn:aws:s3:::logs/*", "") + `]}`, "denies"},
		{"denied without TLS", `{"Statement":[` + allow + `,` + statement("Deny", `"*"`, "s3:*", "arn:aws:s3:::logs/*", `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`) + `]}`, "allows"},
		{"no JSON", `policy`, ""},
		{"only this region", `{"Statement":[` + statement("Allow", service, "s3:PutObject", "arn:aws:s3:::logs/prod/AWSLogs/111122223333/elasticloadbalancing/eu-central-1/*", "") + `]}`, "allows"},
		{"an account by its number", `{"Statement":[` + statement("Allow", `{"AWS":"054676820928"}`, "s3:PutObject", "arn:aws:s3:::logs/*", "") + `]}`, "allows"},
		{"denied to another account", `{"Statement":[` + allow + `,` + statement("Deny", `{"AWS":"arn:aws:iam::444455556666:root"}`, "s3:*", "arn:aws:s3:::logs/*", "") + `]}`, ""},
		{"denied to what does not write these logs", `{"Statement":[` + allow + `,` + statement("Deny", `{"Service":"delivery.logs.amazonaws.com"}`, "s3:*", "arn:aws:s3:::logs/*", "") + `]}`, "allows"},
		{"a variable", `{"Statement":[` + statement("Allow", service, "s3:PutObject", "arn:aws:s3:::logs/prod/AWSLogs/${aws:SourceAccount}/*", "") + `]}`, ""},
		{"a variable beside what is enough", `{"Statement":[` + allow + `,` + statement("Allow", service, "s3:PutObject", "arn:aws:s3:::logs/${aws:SourceAccount}/*", "") + `]}`, "allows"},
		{"a variable elsewhere", `{"Statement":[` + allow + `,` + statement("Deny", `"*"`, "s3:*", "arn:aws:s3:::logs/home/${aws:username}/*", "") + `]}`, "allows"},
		{"denied by a variable", `{"Statement":[` + allow + `,` + statement("Deny", `"*"`, "s3:*", "arn:aws:s3:::logs/${aws:PrincipalTag/team}/*", "") + `]}`, ""},
		{"all actions but reading", `{"Statement":[{"Effect":"Allow","Principal":` + service + `,"NotAction":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}]}`, "allows"},
		{"denied but for writing", `{"Statement":[` + allow + `,{"Effect":"Deny","Principal":"*","NotAction":["s3:Put*"],"Resource":"*"}]}`, "allows"},
		{"denied but for reading", `{"Statement":[` + allow + `,{"Effect":"Deny","Principal":"*","NotAction":"s3:Get*","Resource":"*"}]}`, "denies"},
		{"all objects but those of others", `{"Statement":[{"Effect":"Allow","Principal":` + service + `,"Action":"s3:PutObject","NotResource":"arn:aws:s3:::logs/home/*"}]}`, "allows"},
		{"denied but for logs", `{"Statement":[` + allow + `,{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","NotResource":["arn:aws:s3:::logs/*.log.gz"]}]}`, "allows"},
		{"denied elsewhere than logs are", `{"Statement":[` + allow + `,{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","NotResource":"arn:aws:s3:::logs/home/*"}]}`, "denies"},
		{"denied to all but log delivery", `{"Statement":[` + allow + `,{"Effect":"Deny","NotPrincipal":` + service + `,"Action":"s3:*","Resource":"*"}]}`, "allows"},
		{"denied to all but others", `{"Statement":[` + allow + `,{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::444455556666:role/x"},"Action":"s3:*","Resource":"*"}]}`, ""},
		{"allowed to all but others", `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::444455556666:role/x"},"Action":"s3:*","Resource":"*"}]}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := writes(tt.policy, b, "logs"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
