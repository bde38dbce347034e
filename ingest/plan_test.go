package ingest

import (
	"testing"
	"time"

	"loglens/internal/when"
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
		return Name{Kind: Access, LoadBalancer: "app/shop/a1", End: at(clock)}
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
		{"test file", Plan{}, Name{Kind: TestFile}, false},
		{"connection log", Plan{}, Name{Kind: Connection}, false},
		{"health check log", Plan{}, Name{Kind: HealthCheck}, false},
		{"network", Plan{}, Name{Kind: NLB}, false},
		{"classic", Plan{}, Name{Kind: Classic}, false},
		{"balancer by name", Plan{LoadBalancer: "shop"}, access("00:00:00"), true},
		{"balancer by id", Plan{LoadBalancer: "app/shop/a1"}, access("00:00:00"), true},
		{"balancer by ARN", Plan{LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shop/a1"}, access("00:00:00"), true},
		{"other balancer", Plan{LoadBalancer: "shop2"}, access("00:00:00"), false},
		{"beginning of a name", Plan{LoadBalancer: "sho"}, access("00:00:00"), false},
		{"other id", Plan{LoadBalancer: "app/shop/a2"}, access("00:00:00"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.plan.wants(tt.in); got != tt.want {
				t.Errorf("wants(%+v) = %v, want %v", tt.in, got, tt.want)
			}
		})
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
		{"over midnight", Plan{Window: when.Window{From: day(22).Add(-time.Hour), Until: day(22)}, Now: now}, day(21), day(22), true},
		{"long ago: the next day's folder too", Plan{Window: when.Window{From: day(3), Until: day(3).Add(time.Hour)}, Now: now}, day(3), day(4), true},
		{"long ago: late on the day", Plan{Window: when.Window{From: day(3), Until: day(4)}, Now: now}, day(3), day(5), true},
		{"no end", Plan{Window: when.Window{From: day(20)}, Now: now}, day(20), day(22), true},
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
