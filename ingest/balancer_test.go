package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// elbServer answers in the XML of AWS's "DescribeLoadBalancers" and
// "DescribeLoadBalancerAttributes" pages, four balancers to a page.
type elbServer struct {
	balancers []Balancer
	denied    string // the action that is refused

	asked []string
}

func (s *elbServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	action := r.Form.Get("Action")
	s.asked = append(s.asked, action)
	w.Header().Set("Content-Type", "text/xml")
	fail := func(status int, code, message string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>f9880f01</RequestId></ErrorResponse>`, code, message)
	}
	if action == s.denied {
		fail(http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::111122223333:user/eve is not authorized to perform: elasticloadbalancing:"+action)
		return
	}
	switch action {
	case "DescribeLoadBalancers":
		s.describe(w, r, fail)
	case "DescribeLoadBalancerAttributes":
		for _, b := range s.balancers {
			if b.ARN == r.Form.Get("LoadBalancerArn") {
				_, _ = fmt.Fprintf(w, `<DescribeLoadBalancerAttributesResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeLoadBalancerAttributesResult><Attributes>
<member><Value>%t</Value><Key>access_logs.s3.enabled</Key></member>
<member><Value>60</Value><Key>idle_timeout.timeout_seconds</Key></member>
<member><Value>%s</Value><Key>access_logs.s3.prefix</Key></member>
<member><Value>%s</Value><Key>access_logs.s3.bucket</Key></member>
</Attributes></DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>`, b.Enabled, b.Prefix, b.Bucket)
			}
		}
	}
}

func (s *elbServer) describe(w http.ResponseWriter, r *http.Request, fail func(int, string, string)) {
	name, arn, marker := r.Form.Get("Names.member.1"), r.Form.Get("LoadBalancerArns.member.1"), r.Form.Get("Marker")
	page := slices.Clone(s.balancers)
	next := ""
	switch {
	case name != "" || arn != "":
		page = slices.DeleteFunc(page, func(b Balancer) bool { return b.Name != name && b.ARN != arn })
		if len(page) == 0 {
			fail(http.StatusBadRequest, "LoadBalancerNotFound", "One or more load balancers not found")
			return
		}
	case marker == "" && len(page) > 4:
		page, next = page[:4], "<NextMarker>second</NextMarker>"
	case marker == "second":
		page = page[4:]
	}
	_, _ = fmt.Fprint(w, `<DescribeLoadBalancersResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeLoadBalancersResult><LoadBalancers>`)
	for _, b := range page {
		_, _ = fmt.Fprintf(w, `<member><LoadBalancerArn>%s</LoadBalancerArn><Scheme>internet-facing</Scheme><LoadBalancerName>%s</LoadBalancerName><VpcId>vpc-3ac0fb5f</VpcId><CanonicalHostedZoneId>Z2P70J7EXAMPLE</CanonicalHostedZoneId><CreatedTime>2016-03-25T21:26:12.920Z</CreatedTime><AvailabilityZones><member><SubnetId>subnet-8360a9e7</SubnetId><ZoneName>us-west-2a</ZoneName></member></AvailabilityZones><SecurityGroups><member>sg-5943793c</member></SecurityGroups><DNSName>%s</DNSName><State><Code>active</Code></State><Type>%s</Type></member>`, b.ARN, b.Name, b.DNSName, b.Type)
	}
	_, _ = fmt.Fprintf(w, `</LoadBalancers>%s</DescribeLoadBalancersResult><ResponseMetadata><RequestId>6581c0ac</RequestId></ResponseMetadata></DescribeLoadBalancersResponse>`, next)
}

// balancerOf makes a balancer as AWS would describe it.
func balancerOf(kind, name, id string) Balancer {
	b := Balancer{
		Name: name, Account: "111122223333", Region: "us-west-2", Type: "application",
		ID:      kind + "/" + name + "/" + id,
		DNSName: name + "-424835706.us-west-2.elb.amazonaws.com",
	}
	if kind == "net" {
		b.Type = "network"
	}
	b.ARN = "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/" + b.ID
	return b
}

func startELB(t *testing.T) (*elbServer, AWS) {
	t.Helper()
	shop := balancerOf("app", "shop-prod", "50dc6c495c0c9188")
	shop.Enabled, shop.Bucket, shop.Prefix = true, "my-logs", "prod/alb"
	off := balancerOf("app", "blog", "60dc6c495c0c9188")
	plain := balancerOf("app", "Shop-Test", "70dc6c495c0c9188")
	plain.Enabled, plain.Bucket = true, "test-logs"
	s := &elbServer{balancers: []Balancer{balancerOf("net", "tcp", "40dc6c495c0c9188"), off, balancerOf("app", "other", "80dc6c495c0c9188"), shop, plain}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, AWS{Region: "us-west-2", EndpointURL: server.URL}
}

func TestFindBalancer(t *testing.T) {
	s, aws := startELB(t)
	shop, plain := s.balancers[3], s.balancers[4]
	tests := []struct {
		name   string
		which  string
		want   Balancer
		source string
	}{
		{"name", "shop-prod", shop, "s3://my-logs/prod/alb/AWSLogs/111122223333/elasticloadbalancing/us-west-2"},
		{"id", "app/shop-prod/50dc6c495c0c9188", shop, ""},
		{"ARN", shop.ARN, shop, ""},
		{"DNS name", shop.DNSName, shop, ""},
		{"DNS name of two stacks, as dig prints it", "dualstack.SHOP-prod-424835706.us-west-2.elb.amazonaws.com.", shop, ""},
		{"on the second page", plain.DNSName, plain, "s3://test-logs/AWSLogs/111122223333/elasticloadbalancing/us-west-2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FindBalancer(t.Context(), aws, tt.which)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("balancer (-want +got):\n%s", diff)
			}
			if tt.source != "" && got.Source() != tt.source {
				t.Errorf("Source() = %s, want %s", got.Source(), tt.source)
			}
		})
	}
}

func TestFindBalancerErrors(t *testing.T) {
	s, aws := startELB(t)
	tests := []struct {
		name   string
		which  string
		denied string
		want   any
		text   string // part of the message
		hint   string // part of the hint
	}{
		{"logs are off", "blog", "", new(*LogsOffError), "access logs are off",
			"aws elbv2 modify-load-balancer-attributes --region us-west-2 --load-balancer-arn " + s.balancers[1].ARN + " --attributes Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=BUCKET"},
		{"a misspelt name", "shop-prd", "", new(*NotFoundError), "us-west-2", "did you mean"},
		{"no such ARN", strings.Replace(s.balancers[3].ARN, "shop-prod", "shop-pro", 1), "", new(*NotFoundError), "no such load balancer", ""},
		{"same name, other id", "app/shop-prod/0000000000000000", "", new(*NotFoundError), "no such load balancer", "did you mean shop-prod"},
		{"no such DNS name", "shop.example.com", "", new(*NotFoundError), "no such load balancer", ""},
		{"network", "tcp", "", new(*BalancerTypeError), "network", "application load balancer"},
		{"may not describe", "shop-prod", "DescribeLoadBalancers", new(*AccessError), "elasticloadbalancing:DescribeLoadBalancers", ""},
		{"may not read attributes", "shop-prod", "DescribeLoadBalancerAttributes", new(*AccessError), "elasticloadbalancing:DescribeLoadBalancerAttributes", ""},
		{"ARN of something else", "arn:aws:s3:::bucket", "", new(*SourceError), "not the ARN", "arn:aws:elasticloadbalancing"},
		{"not a name", "shop prod", "", new(*SourceError), "not the name", "--lb"},
		{"empty", "", "", new(*SourceError), "no load balancer", "--lb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.denied = tt.denied
			_, err := FindBalancer(t.Context(), aws, tt.which)
			if !errors.As(err, tt.want) {
				t.Fatalf("error %v (%T), want %T", err, err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%q does not contain %q", err, tt.text)
			}
			var h Hinter
			if !errors.As(err, &h) || !strings.Contains(h.Hint(), tt.hint) {
				t.Errorf("the hint of %v does not contain %q", err, tt.hint)
			}
		})
	}
	t.Run("region unknown", func(t *testing.T) {
		aws := aws
		aws.Region = ""
		_, err := FindBalancer(t.Context(), aws, "shop-prod")
		var h Hinter
		if !errors.As(err, &h) || !strings.Contains(h.Hint(), "--region") {
			t.Errorf("error %v, want one that asks for --region", err)
		}
		if _, err := FindBalancer(t.Context(), aws, s.balancers[3].ARN); err != nil {
			t.Errorf("with an ARN: %v", err)
		}
	})
}

func TestRegionOfDNS(t *testing.T) {
	for dns, want := range map[string]string{
		"shop-1.eu-west-1.elb.amazonaws.com":               "eu-west-1",
		"internal-shop-1.eu-west-1.elb.amazonaws.com":      "eu-west-1",
		"shop-1.elb.eu-west-1.amazonaws.com":               "eu-west-1",
		"shop-1.cn-north-1.elb.amazonaws.com.cn":           "cn-north-1",
		"shop.example.com":                                 "",
		"elb.amazonaws.com":                                "",
		"a.elb.example.com":                                "",
		"plain":                                            "",
		"dualstack.shop-1.eu-west-1.elb.amazonaws.com.":    "eu-west-1",
		"DUALSTACK.SHOP-1.EU-WEST-1.ELB.AMAZONAWS.COM":     "eu-west-1",
		"internal-shop-1.us-gov-west-1.elb.amazonaws.com.": "us-gov-west-1",
	} {
		if got := regionOfDNS(plainDNS(dns)); got != want {
			t.Errorf("region of %s = %q, want %q", dns, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"shop-prod", "shop-test", "blog", "checkout", "Shop-Prod-2"}
	for word, want := range map[string][]string{
		"shop-prd":  {"shop-prod", "shop-test"},
		"shop-prod": {"shop-prod", "Shop-Prod-2"},
		"blgo":      nil,
		"xyz":       nil,
	} {
		got := nearest(word, names)
		if len(want) > 0 && (len(got) == 0 || got[0] != want[0]) || len(want) == 0 && len(got) > 0 {
			t.Errorf("nearest(%q) = %q, want %q first", word, got, want)
		}
	}
	if d := distance("kitten", "sitting"); d != 3 {
		t.Errorf("distance(kitten, sitting) = %d, want 3", d)
	}
}
