package ingest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/parse"
)

func TestPlanWants(t *testing.T) {
	at := func(clock string) time.Time {
		v, err := time.Parse(time.RFC3339, "2026-11-22T"+clock+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	window := when.Window{From: at("02:07:30"), Until: at("03:07:30")}
	access := func(clock string) Name {
		return Name{Kind: parse.KindAccess, Account: "111122223333", Region: "us-east-1", LoadBalancer: "app/shop/a1", End: at(clock)}
	}
	classic := func(clock string) Name {
		return Name{Kind: parse.KindClassic, Account: "111122223333", Region: "us-east-1", LoadBalancer: "old", End: at(clock)}
	}
	tests := []struct {
		name string
		plan Plan
		in   Name
		want bool
	}{
		{"everything", Plan{}, access("00:00:00"), true},
		{"before", Plan{Window: window}, access("02:06:00"), false},
		{"the window's first minute", Plan{Window: window}, access("02:07:00"), true},
		{"inside", Plan{Window: window}, access("02:30:00"), true},
		{"interval reaches over the end", Plan{Window: window}, access("03:12:00"), true},
		{"behind", Plan{Window: window}, access("03:13:00"), false},
		{"open beginning", Plan{Window: when.Window{Until: window.Until}}, access("00:00:00"), true},
		{"open end", Plan{Window: when.Window{From: window.From}}, access("23:55:00"), true},
		{"unknown name", Plan{Window: window, LoadBalancer: "other"}, Name{}, true},
		{"test file", Plan{}, Name{TestFile: true}, false},
		{"test file of any log", Plan{Kinds: Kinds(parse.KindAccess, parse.KindConnection)}, Name{TestFile: true}, false},
		{"connection log", Plan{}, Name{Kind: parse.KindConnection}, false},
		{"connection log, wanted", Plan{Kinds: Kinds(parse.KindConnection)}, Name{Kind: parse.KindConnection}, true},
		{"access log, not wanted", Plan{Kinds: Kinds(parse.KindConnection)}, access("00:00:00"), false},
		{"unknown name, whatever is wanted", Plan{Kinds: Kinds(parse.KindNLB)}, Name{}, true},
		{"health check log", Plan{}, Name{Kind: parse.KindHealthCheck}, false},
		{"health check that takes two minutes", Plan{Window: window, Kinds: Kinds(parse.KindHealthCheck)}, Name{Kind: parse.KindHealthCheck, End: at("03:14:00")}, true},
		{"health check behind", Plan{Window: window, Kinds: Kinds(parse.KindHealthCheck)}, Name{Kind: parse.KindHealthCheck, End: at("03:15:00")}, false},
		{"network", Plan{}, Name{Kind: parse.KindNLB}, false},
		{"network, behind", Plan{Window: window, Kinds: Kinds(parse.KindNLB)}, Name{Kind: parse.KindNLB, End: at("03:13:00")}, false},
		{"classic", Plan{}, classic("00:00:00"), true},
		{"classic, not wanted", Plan{Kinds: Kinds(parse.KindAccess)}, classic("00:00:00"), false},
		{"classic before", Plan{Window: window}, classic("02:06:00"), false},
		{"classic, the window's first minute", Plan{Window: window}, classic("02:07:00"), true},
		{"classic, an hour reaches over the end", Plan{Window: window}, classic("04:07:00"), true},
		{"classic, an hour and a long request", Plan{Window: window}, classic("04:12:00"), true},
		{"classic behind", Plan{Window: window}, classic("04:13:00"), false},
		{"classic by name", Plan{LoadBalancer: "old"}, classic("00:00:00"), true},
		{"classic by ARN", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/old"}, classic("00:00:00"), true},
		{"classic of that name elsewhere", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/old"}, classic("00:00:00"), false},
		{"classic of that name in another account", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:222233334444:loadbalancer/old"}, classic("00:00:00"), false},
		{"balancer by name", Plan{LoadBalancer: "shop"}, access("00:00:00"), true},
		{"balancer by id", Plan{LoadBalancer: "app/shop/a1"}, access("00:00:00"), true},
		{"balancer by ARN", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shop/a1"}, access("00:00:00"), true},
		{"other balancer", Plan{LoadBalancer: "shop2"}, access("00:00:00"), false},
		{"balancer by DNS name", Plan{LoadBalancer: "shop-1234567890.us-east-1.elb.amazonaws.com"}, access("00:00:00"), true},
		{"of that name in another region", Plan{LoadBalancer: "shop-1234567890.eu-west-1.elb.amazonaws.com"}, access("00:00:00"), false},
		{"in another account", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:222233334444:loadbalancer/app/shop/a1"}, access("00:00:00"), false},
		{"classic by DNS name", Plan{LoadBalancer: "old-1234567890.us-east-1.elb.amazonaws.com"}, classic("00:00:00"), true},
		{"beginning of a name", Plan{LoadBalancer: "sho"}, access("00:00:00"), false},
		{"other id", Plan{LoadBalancer: "app/shop/a2"}, access("00:00:00"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.plan.Wants(tt.in); got != tt.want {
				t.Errorf("wants(%+v) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func TestWantsBalancer(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/"
	const id, region = "00000000000000c4", ".eu-west-1.elb.amazonaws.com"
	all := []string{"app/shop/a1", "app/shop/a2", "net/shop/c3", "shop", "app/blog/b2", "blog", "net/shop/" + id, "app/Shop-Prod/d5"}
	for want, takes := range map[string][]string{
		"":                  all,
		"shop":              {"app/shop/a1", "app/shop/a2", "net/shop/c3", "shop", "net/shop/" + id},
		"app/shop/a1":       {"app/shop/a1"},
		"net/shop/c3":       {"net/shop/c3"},
		arn + "app/shop/a2": {"app/shop/a2"},
		arn + "net/shop/c3": {"net/shop/c3"},
		arn + "shop":        {"shop"},
		"app":               nil,
		"a1":                nil,
		"arn:aws:s3:::shop": nil,
		arn:                 nil,

		"shop-1234567890" + region:                          {"app/shop/a1", "app/shop/a2", "shop"},
		"internal-shop-1234567890" + region:                 {"app/shop/a1", "app/shop/a2", "shop"},
		"dualstack.shop-1234567890" + region:                {"app/shop/a1", "app/shop/a2", "shop"},
		"shop-" + id + ".elb.eu-west-1.amazonaws.com":       {"net/shop/" + id},
		"shop-00000000000000c3.elb.eu-west-1.amazonaws.com": nil,
		"SHOP-prod-1234567890.EU-WEST-1.elb.AMAZONAWS.com.": {"app/Shop-Prod/d5"},
		"blog-1234567890.cn-north-1.elb.amazonaws.com.cn":   {"app/blog/b2", "blog"},
		"shop.example.com":                                  nil,
		"elb.amazonaws.com":                                 nil,
		"shop.amazonaws.elb":                                nil,
	} {
		var got []string
		for _, id := range all {
			if (Plan{LoadBalancer: want}).WantsBalancer(id) {
				got = append(got, id)
			}
		}
		if diff := cmp.Diff(takes, got); diff != "" {
			t.Errorf("%q takes (-want +got):\n%s", want, diff)
		}
	}
}

func TestKindSet(t *testing.T) {
	all := []parse.Kind{parse.KindUnknown, parse.KindAccess, parse.KindConnection, parse.KindHealthCheck, parse.KindNLB, parse.KindClassic}
	for _, want := range [][]parse.Kind{
		{parse.KindAccess}, {parse.KindConnection, parse.KindHealthCheck}, {parse.KindNLB}, {parse.KindAccess, parse.KindClassic}, all[1:],
	} {
		for _, s := range []KindSet{Kinds(want...), Kinds(append(want, want...)...)} {
			for _, k := range all {
				if s.Has(k) != slices.Contains(want, k) {
					t.Errorf("Kinds(%v).Has(%v) = %v", want, k, s.Has(k))
				}
			}
		}
	}
	for _, k := range all {
		if (KindSet(0)).Has(k) != (k == parse.KindAccess || k == parse.KindClassic) {
			t.Errorf("the zero value's Has(%v) = %v", k, KindSet(0).Has(k))
		}
	}
}

func TestPlanDays(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	now := day(22).Add(15 * time.Hour)
	tests := []struct {
		name        string
		plan        Plan
		from, until time.Time
		bounded     bool
	}{
		{"last hour", Plan{Window: when.Window{From: now.Add(-time.Hour), Until: now}, Now: now}, day(22), day(22), true},
		{"soon after midnight: the day before", Plan{Window: when.Window{From: day(22).Add(3*time.Hour - 1), Until: day(22).Add(4 * time.Hour)}, Now: now}, day(21), day(22), true},
		{"three hours after it", Plan{Window: when.Window{From: day(22).Add(3 * time.Hour), Until: day(22).Add(4 * time.Hour)}, Now: now}, day(22), day(22), true},
		{"over midnight", Plan{Window: when.Window{From: day(22).Add(-time.Hour), Until: day(22)}, Now: now}, day(21), day(22), true},
		{"long ago: two days' folders more", Plan{Window: when.Window{From: day(3), Until: day(3).Add(time.Hour)}, Now: now}, day(2), day(5), true},
		{"long ago: late on the day", Plan{Window: when.Window{From: day(3), Until: day(4)}, Now: now}, day(2), day(6), true},
		{"classic logs end later", Plan{Window: when.Window{From: day(3), Until: day(3).Add(23 * time.Hour)}, Now: now}, day(2), day(6), true},
		{"access logs alone do not", Plan{Window: when.Window{From: day(3), Until: day(3).Add(23 * time.Hour)}, Now: now, Kinds: Kinds(parse.KindAccess)}, day(2), day(5), true},
		{"health checks, a little", Plan{Window: when.Window{From: day(3), Until: day(4).Add(-6 * time.Minute)}, Now: now, Kinds: Kinds(parse.KindHealthCheck)}, day(2), day(6), true},
		{"no end", Plan{Window: when.Window{From: day(20)}, Now: now}, day(19), day(22), true},
		{"no beginning", Plan{Window: when.Window{Until: now}, Now: now}, time.Time{}, day(22), false},
		{"nothing known", Plan{}, time.Time{}, time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, until, bounded := tt.plan.days()
			if !from.Equal(tt.from) || !until.Equal(tt.until) || bounded != tt.bounded {
				t.Errorf("days() = %v, %v, %v; want %v, %v, %v", from, until, bounded, tt.from, tt.until, tt.bounded)
			}
		})
	}
}
