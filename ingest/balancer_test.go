package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/parse"
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
				_, _ = fmt.Fprint(w, `<DescribeLoadBalancerAttributesResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeLoadBalancerAttributesResult><Attributes>
<member><Value>60</Value><Key>idle_timeout.timeout_seconds</Key></member>`)
				for _, l := range b.Logs {
					log := map[parse.Kind]string{parse.KindConnection: "connection_logs", parse.KindHealthCheck: "health_check_logs"}[l.Kind]
					if log == "" {
						log = "access_logs"
					}
					_, _ = fmt.Fprintf(w, `<member><Value>%t</Value><Key>%s.s3.enabled</Key></member><member><Value>%s</Value><Key>%s.s3.prefix</Key></member><member><Value>%s</Value><Key>%s.s3.bucket</Key></member>`,
						l.Enabled, log, l.Prefix, log, l.Bucket, log)
				}
				_, _ = fmt.Fprint(w, `</Attributes></DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>`)
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
		_, _ = fmt.Fprintf(w, `<member><LoadBalancerArn>%s</LoadBalancerArn><Scheme>internet-facing</Scheme><LoadBalancerName>%s</LoadBalancerName><VpcId>vpc-3ac0fb5f</VpcId><CanonicalHostedZoneId>Z2P70J7EXAMPLE</CanonicalHostedZoneId><CreatedTime>%s</CreatedTime><AvailabilityZones><member><SubnetId>subnet-8360a9e7</SubnetId><ZoneName>us-west-2a</ZoneName></member></AvailabilityZones><SecurityGroups><member>sg-5943793c</member></SecurityGroups><DNSName>%s</DNSName><State><Code>active</Code></State><Type>%s</Type></member>`, b.ARN, b.Name, b.Created.Format(time.RFC3339Nano), b.DNSName, b.Type)
	}
	_, _ = fmt.Fprintf(w, `</LoadBalancers>%s</DescribeLoadBalancersResult><ResponseMetadata><RequestId>6581c0ac</RequestId></ResponseMetadata></DescribeLoadBalancersResponse>`, next)
}

// balancerOf makes a balancer as AWS would describe it.
func balancerOf(kind, name, id string) Balancer {
	b := Balancer{
		Created: time.Date(2016, 3, 25, 21, 26, 12, 920_000_000, time.UTC),
		Name:    name, Account: "111122223333", Region: "us-west-2",
		Type:    map[string]string{"app": "application", "net": "network", "gwy": "gateway"}[kind],
		ID:      kind + "/" + name + "/" + id,
		DNSName: name + "-424835706.us-west-2.elb.amazonaws.com",
	}
	b.ARN = "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/" + b.ID
	return b
}

func startELB(t *testing.T) (*elbServer, AWS) {
	t.Helper()
	shop := balancerOf("app", "shop-prod", "50dc6c495c0c9188")
	shop.Logs = []BalancerLog{
		{parse.KindAccess, true, "my-logs", "prod/alb"},
		{parse.KindConnection, true, "my-logs", "prod/conn"},
		{parse.KindHealthCheck, false, "other-logs", ""},
	}
	off := balancerOf("app", "blog", "60dc6c495c0c9188")
	off.Logs = []BalancerLog{{parse.KindAccess, false, "", ""}, {parse.KindConnection, true, "my-logs", ""}}
	plain := balancerOf("app", "Shop-Test", "70dc6c495c0c9188")
	plain.Logs = []BalancerLog{{parse.KindAccess, true, "test-logs", ""}, {parse.KindConnection, true, "test-logs", ""}}
	tcp := balancerOf("net", "tcp", "40dc6c495c0c9188")
	tcp.Logs = []BalancerLog{{parse.KindNLB, true, "net-logs", ""}}
	s := &elbServer{balancers: []Balancer{tcp, off, balancerOf("gwy", "wall", "80dc6c495c0c9188"), shop, plain}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, AWS{Region: "us-west-2", EndpointURL: server.URL}
}

func TestFindBalancer(t *testing.T) {
	s, aws := startELB(t)
	tcp, off, shop, plain := s.balancers[0], s.balancers[1], s.balancers[3], s.balancers[4]
	place := func(prefix string) string {
		return "s3://" + prefix + "/AWSLogs/111122223333/elasticloadbalancing/us-west-2"
	}
	tests := []struct {
		name    string
		which   string
		kinds   KindSet
		want    Balancer // with all its logs
		sources []string
	}{
		{"name", "shop-prod", 0, shop, []string{place("my-logs/prod/alb")}},
		{"id", "app/shop-prod/50dc6c495c0c9188", 0, shop, []string{place("my-logs/prod/alb")}},
		{"ARN", shop.ARN, 0, shop, []string{place("my-logs/prod/alb")}},
		{"DNS name", shop.DNSName, 0, shop, []string{place("my-logs/prod/alb")}},
		{"DNS name of two stacks, as dig prints it", "dualstack.SHOP-prod-424835706.us-west-2.elb.amazonaws.com.", 0, shop, []string{place("my-logs/prod/alb")}},
		{"on the second page", plain.DNSName, 0, plain, []string{place("test-logs")}},
		{"connection log", "shop-prod", Kinds(parse.KindConnection), shop, []string{place("my-logs/prod/conn")}},
		{"two logs", "shop-prod", Kinds(parse.KindAccess, parse.KindConnection), shop, []string{place("my-logs/prod/alb"), place("my-logs/prod/conn")}},
		{"two logs, one is off", "shop-prod", Kinds(parse.KindAccess, parse.KindHealthCheck), shop, []string{place("my-logs/prod/alb")}},
		{"two logs in one place", "Shop-Test", Kinds(parse.KindAccess, parse.KindConnection), plain, []string{place("test-logs")}},
		{"the log that is on", "blog", Kinds(parse.KindConnection), off, []string{place("my-logs")}},
		{"network", "tcp", Kinds(parse.KindNLB), tcp, []string{place("net-logs")}},
		{"network among others", tcp.ARN, Kinds(parse.KindAccess, parse.KindNLB), tcp, []string{place("net-logs")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FindBalancer(t.Context(), aws, tt.which, tt.kinds)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.Logs = slices.DeleteFunc(slices.Clone(want.Logs), func(l BalancerLog) bool { return !tt.kinds.Has(l.Kind) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("balancer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.sources, got.Sources()); diff != "" {
				t.Errorf("Sources() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindBalancerErrors(t *testing.T) {
	s, aws := startELB(t)
	tests := []struct {
		name   string
		which  string
		kinds  KindSet
		denied string
		want   any
		text   string // part of the message
		hint   string // part of the hint
	}{
		{"logs are off", "blog", 0, "", new(*LogsOffError), "access logs are off",
			"aws elbv2 modify-load-balancer-attributes --region us-west-2 --load-balancer-arn " + s.balancers[1].ARN + " --attributes Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=BUCKET"},
		{"a misspelt name", "shop-prd", 0, "", new(*NotFoundError), "us-west-2", "did you mean"},
		{"no such ARN", strings.Replace(s.balancers[3].ARN, "shop-prod", "shop-pro", 1), 0, "", new(*NotFoundError), "no such application or network load balancer", ""},
		{"same name, other id", "app/shop-prod/0000000000000000", 0, "", new(*NotFoundError), "of a Classic one, name the bucket", "did you mean shop-prod"},
		{"no such DNS name", "shop.example.com", 0, "", new(*NotFoundError), "no such application or network load balancer", ""},
		{"network", "tcp", 0, "", new(*BalancerTypeError), "tcp: a network load balancer's logs name no target", "application load balancer"},
		{"network, for a log it does not have", "tcp", Kinds(parse.KindConnection), "", new(*BalancerTypeError), "tcp: it is of type network", "application load balancer"},
		{"application, for a log it does not have", "shop-prod", Kinds(parse.KindNLB), "", new(*BalancerTypeError), "shop-prod: it is of type application", "network load balancer"},
		{"gateway", "wall", 0, "", new(*BalancerTypeError), "wall: it is of type gateway, which writes no log", "application load balancer"},
		{"another log is off", "shop-prod", Kinds(parse.KindHealthCheck), "", new(*LogsOffError), "load balancer shop-prod: health check logs are off",
			"Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=other-logs"},
		{"two logs are off", "blog", Kinds(parse.KindAccess, parse.KindHealthCheck), "", new(*LogsOffError), "access logs and health check logs are off",
			"Key=access_logs.s3.bucket,Value=BUCKET Key=health_check_logs.s3.enabled,Value=true"},
		{"may not describe", "shop-prod", 0, "DescribeLoadBalancers", new(*AccessError), "elasticloadbalancing:DescribeLoadBalancers", ""},
		{"may not read attributes", "shop-prod", 0, "DescribeLoadBalancerAttributes", new(*AccessError), "elasticloadbalancing:DescribeLoadBalancerAttributes", ""},
		{"ARN of something else", "arn:aws:s3:::bucket", 0, "", new(*SourceError), "not the ARN", "arn:aws:elasticloadbalancing"},
		{"not a name", "shop prod", 0, "", new(*SourceError), "not the name", "--lb"},
		{"empty", "", 0, "", new(*SourceError), "no load balancer", "--lb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.denied = tt.denied
			_, err := FindBalancer(t.Context(), aws, tt.which, tt.kinds)
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
		_, err := FindBalancer(t.Context(), aws, "shop-prod", 0)
		var h Hinter
		if !errors.As(err, &h) || !strings.Contains(h.Hint(), "--region") {
			t.Errorf("error %v, want one that asks for --region", err)
		}
		if _, err := FindBalancer(t.Context(), aws, s.balancers[3].ARN, 0); err != nil {
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
		"a.amazonaws.elb":                                  "",
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
	names := []string{"shop-prod", "shop-test", "blog", "checkout", "Shop-Prod-2", "Out", "Output"}
	for word, want := range map[string][]string{
		"shop-prd":  {"shop-prod", "shop-test"},
		"shop-prod": {"shop-prod", "Shop-Prod-2"},
		"outpt":     {"Output", "Out"},
		"blgo":      {"blog"},
		"outptu":    {"Output", "Out"},
		"xyz":       nil,
	} {
		got := Nearest(word, names)
		if len(want) > 0 && (len(got) == 0 || got[0] != want[0]) || len(want) == 0 && len(got) > 0 {
			t.Errorf("Nearest(%q) = %q, want %q first", word, got, want)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"kitten", "sitting", 3},
		{"outptu", "output", 1},
		{"ab", "ba", 1},
		{"ca", "abc", 3},
		{"", "abc", 3},
	} {
		if d := Distance(tt.a, tt.b); d != tt.want {
			t.Errorf("Distance(%s, %s) = %d, want %d", tt.a, tt.b, d, tt.want)
		}
	}
}
