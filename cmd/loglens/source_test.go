package main

import (
	"errors"
	"fmt"
	"testing"
)

// TestBalancerName: a DNS name stands in no log; the name in it does.
func TestBalancerName(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop-prod/50dc6c495c0c9188"
	for typed, want := range map[string]string{
		"":                               "",
		"shop-prod":                      "shop-prod",
		"app/shop-prod/50dc6c495c0c9188": "app/shop-prod/50dc6c495c0c9188",
		arn:                              arn,
		"shop-prod-1234567890.eu-west-1.elb.amazonaws.com":           "shop-prod",
		"internal-shop-prod-1234567890.eu-west-1.elb.amazonaws.com":  "shop-prod",
		"dualstack.shop-prod-1234567890.eu-west-1.elb.amazonaws.com": "shop-prod",
		"Shop-Prod-1234567890.eu-west-1.ELB.amazonaws.com.":          "Shop-Prod",
	} {
		if got := balancerName(typed); got != want {
			t.Errorf("balancerName(%q) = %q, want %q", typed, got, want)
		}
	}
}

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
		{fmt.Errorf("%w and %w", one, two), 1},
	} {
		if got := each(tt.err); len(got) != tt.want {
			t.Errorf("%q is told in %d parts, want %d", tt.err, len(got), tt.want)
		}
	}
}
