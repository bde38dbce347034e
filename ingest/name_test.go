package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/parse"
)

func TestParseName(t *testing.T) {
	end := time.Date(2026, 11, 22, 3, 5, 0, 0, time.UTC)
	const account, region = "111122223333", "us-east-1"
	app := func(kind parse.Kind, node string) Name {
		return Name{Kind: kind, Account: account, Region: region, LoadBalancer: "app/shop-prod/50dc6c495c0c9188", End: end, Node: node}
	}
	tests := []struct {
		name string
		base string
		want Name
	}{
		{"access", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindAccess, "10.0.1.9")},
		{"access unpacked", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log", app(parse.KindAccess, "10.0.1.9")},
		{"copy .log (1).gz", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log (1).gz", app(parse.KindAccess, "10.0.1.9")},
		{"copy .log(1).gz", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log(1).gz", app(parse.KindAccess, "10.0.1.9")},
		{"copy .log - Copy (2).gz", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log - Copy (2).gz", app(parse.KindAccess, "10.0.1.9")},
		{"copy .log copy.gz", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log copy.gz", app(parse.KindAccess, "10.0.1.9")},
		{"copy .log.gz.1", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz.1", app(parse.KindAccess, "10.0.1.9")},
		{"copy  (1).log.gz", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm (1).log.gz", app(parse.KindAccess, "10.0.1.9")},
		{"copy  - Copy.log", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm - Copy.log", app(parse.KindAccess, "10.0.1.9")},
		{"copy of", "Copy of 111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindAccess, "10.0.1.9")},
		{"second copy of", "Kopie (2) von conn_log_111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindConnection, "10.0.1.9")},
		{"copy in Japanese", "コピー ～ 111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log", app(parse.KindAccess, "10.0.1.9")},
		{"of several times", "0700Z to 111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", Name{}},
		{"two names", "from 111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz to 111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0405Z_10.0.1.9_r.log.gz", Name{}},
		{"a log not known yet", "new_log_111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"balancer called log", "111122223333_elasticloadbalancing_us-east-1_app.log.a1_20261122T0305Z_10.0.1.9_r.gz", Name{}},
		{"not yet whole", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz.6Bf3A1c2", Name{}},
		{"access on a node with IPv6", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_2600-1f18--9_20sg8hgm.log.gz", app(parse.KindAccess, "2600-1f18--9")},
		{"node with colons", "111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_2600:1f18::9_20sg8hgm.log.gz", app(parse.KindAccess, "2600:1f18::9")},
		{"connection", "conn_log_111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindConnection, "10.0.1.9")},
		{"connection with a dot", "conn_log.111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindConnection, "10.0.1.9")},
		{"health check", "health_check_log_111122223333_elasticloadbalancing_us-east-1_app.shop-prod.50dc6c495c0c9188_20261122T0305Z_10.0.1.9_20sg8hgm.log.gz", app(parse.KindHealthCheck, "10.0.1.9")},
		{"network", "111122223333_elasticloadbalancing_us-east-1_net.tcp.a1b2_20261122T0305Z_20sg8hgm.log.gz",
			Name{Kind: parse.KindNLB, Account: account, Region: region, LoadBalancer: "net/tcp/a1b2", End: end}},
		{"classic", "111122223333_elasticloadbalancing_us-east-1_old-lb_20261122T0305Z_172.16.1.9_20sg8hgm.log",
			Name{Kind: parse.KindClassic, Account: account, Region: region, LoadBalancer: "old-lb", End: end, Node: "172.16.1.9"}},
		{"classic called app", "111122223333_elasticloadbalancing_us-east-1_app_20261122T0305Z_172.16.1.9_20sg8hgm.log",
			Name{Kind: parse.KindClassic, Account: account, Region: region, LoadBalancer: "app", End: end, Node: "172.16.1.9"}},
		{"test file", "ELBAccessLogTestFile", Name{TestFile: true}},
		{"health check test file", "ELBHealthCheckLogTestFile", Name{TestFile: true}},
		{"connection test file", "ELBConnectionLogTestFile", Name{TestFile: true}},

		{"empty", "", Name{}},
		{"short account", "11112222333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"other service", "111122223333_CloudTrail_us-east-1_20261122T0305Z_r.json.gz", Name{}},
		{"no node", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_r.log.gz", Name{}},
		{"one part too many", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r_x.log.gz", Name{}},
		{"thirteenth month", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261322T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"stamp with seconds", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T030500Z_10.0.1.9_r.log.gz", Name{}},
		{"gateway", "111122223333_elasticloadbalancing_us-east-1_gwy.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"name with a dot", "111122223333_elasticloadbalancing_us-east-1_app.shop.v2.a1_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"connection log of a classic", "conn_log_111122223333_elasticloadbalancing_us-east-1_old_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"no id", "111122223333_elasticloadbalancing_us-east-1_app.shop._20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"no balancer", "111122223333_elasticloadbalancing_us-east-1_20261122T0305Z_10.0.1.9_r.log.gz", Name{}},
		{"parquet", "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.parquet", Name{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ParseName(tt.base)); diff != "" {
				t.Errorf("ParseName(%q) (-want +got):\n%s", tt.base, diff)
			}
		})
	}
}

// write is the name that AWS would write for n, the inverse of ParseName.
func (n Name) write(random string) string {
	s := n.Account + "_elasticloadbalancing_" + n.Region + "_" + strings.ReplaceAll(n.LoadBalancer, "/", ".") + "_" + n.End.Format(endLayout) + "_"
	if n.Node != "" {
		s += n.Node + "_"
	}
	s += random + ".log"
	switch n.Kind {
	case parse.KindConnection:
		s = "conn_log_" + s
	case parse.KindHealthCheck:
		s = "health_check_log_" + s
	}
	if n.Kind != parse.KindClassic {
		s += ".gz"
	}
	return s
}

func FuzzParseName(f *testing.F) {
	f.Add("111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz")
	f.Add("conn_log_111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz")
	f.Add("111122223333_elasticloadbalancing_us-east-1_net.tcp.a1b2_20261122T0305Z_20sg8hgm.log.gz")
	f.Add("111122223333_elasticloadbalancing_us-east-1_old_20261122T0305Z_10.0.1.9_r.log")
	f.Add("ELBAccessLogTestFile")
	f.Fuzz(func(t *testing.T, base string) {
		n := ParseName(base)
		if n.Kind == parse.KindUnknown {
			if diff := cmp.Diff(Name{TestFile: n.TestFile}, n); diff != "" {
				t.Errorf("ParseName(%q) says more than its kind (-want +got):\n%s", base, diff)
			}
			return
		}
		// What was understood must lead back to itself.
		if diff := cmp.Diff(n, ParseName(n.write("r"))); diff != "" {
			t.Errorf("ParseName(%q), written and read again (-want +got):\n%s", base, diff)
		}
	})
}
