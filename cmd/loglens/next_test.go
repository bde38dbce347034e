package main

import (
	"testing"

	"loglens/query"
)

// TestNextCommand: an answer names the command that is worth most after it.
func TestNextCommand(t *testing.T) {
	failed := &query.Table{Failures: true, Total: 3, Requests: 9, Rows: [][]any{{}}}
	balancer := readOptions{since: "1h", source: sourceOptions{balancer: "shop-prod"}}
	balancer.source.aws.Profile = "prod"
	for _, c := range []struct {
		name, report string
		o            reportOptions
		remote       bool
		answer       *query.Table
		want         string
	}{
		{"failures", "top-errors", reportOptions{read: balancer, by: []string{"reason"}}, true, failed,
			"loglens top-errors --since 1h --lb shop-prod --profile prod --by reason,target"},
		{"failures over time, of which targets there are too many rows", "timeline", reportOptions{read: balancer, by: []string{"reason"}, every: "5m"}, true, failed,
			"loglens top-errors --since 1h --lb shop-prod --profile prod --by reason,target"},
		{"failures by target", "top-errors", reportOptions{read: balancer, by: []string{"reason", "target"}}, true, failed,
			"loglens diagnose --since 1h --lb shop-prod --profile prod"},
		{"failures of clients by target", "top-errors", reportOptions{read: balancer, by: []string{"target"}, classes: []string{"client"}}, true, failed,
			"loglens diagnose --since 1h --lb shop-prod --profile prod"},
		{"failures by route, which know no target", "clients", reportOptions{read: balancer, by: []string{"client"}}, true, failed,
			"loglens diagnose --since 1h --lb shop-prod --profile prod"},
		{"copies of a balancer's logs", "top-errors", reportOptions{read: balancer, by: []string{"target"}}, false, failed, ""},
		{"all balancers of a bucket", "top-errors", reportOptions{by: []string{"target"}}, true, failed, ""},
		{"no failures", "top-errors", reportOptions{read: balancer, by: []string{"reason"}, every: "5m"}, true, &query.Table{Failures: true, Requests: 9},
			"loglens targets --since 1h --lb shop-prod --profile prod --window 5m"},
		{"no failures but a twentieth of refusals", "top-errors", reportOptions{read: balancer, by: []string{"reason"}}, true,
			&query.Table{Failures: true, Requests: 200, NotCounted: []query.NotCounted{{Requests: 4}, {Requests: 6}}},
			"loglens top-errors --since 1h --lb shop-prod --profile prod --class all"},
		{"no failures by target but refusals", "top-errors", reportOptions{by: []string{"target"}}, false,
			&query.Table{Failures: true, Requests: 2, NotCounted: []query.NotCounted{{Requests: 1}}}, "loglens top-errors --class all --by target"},
		{"no failures and few refusals", "top-errors", reportOptions{read: balancer, by: []string{"reason"}}, true,
			&query.Table{Failures: true, Requests: 201, NotCounted: []query.NotCounted{{Requests: 4}, {Requests: 6}}},
			"loglens targets --since 1h --lb shop-prod --profile prod"},
		{"no requests", "top-errors", reportOptions{read: balancer, by: []string{"reason"}}, true, &query.Table{Failures: true}, ""},
		{"rows that are no failures, by what has targets", "latency", reportOptions{by: []string{"load_balancer"}}, false, &query.Table{Requests: 9, Rows: [][]any{{}}},
			"loglens latency --by load_balancer,target"},
		{"no rows", "latency", reportOptions{by: []string{"load_balancer"}}, false, &query.Table{Requests: 9}, ""},
		{"rows that are no failures", "targets", reportOptions{read: balancer, by: []string{"target_group", "target"}}, true, &query.Table{Requests: 9, Rows: [][]any{{}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ok := query.FindReport(c.report)
			if !ok {
				t.Fatal("no such report")
			}
			if c.o.classes == nil {
				c.o.classes = outages
			}
			answer := *c.answer
			further(r, c.o, nil, input{remote: c.remote}, &answer)
			if answer.Next != c.want {
				t.Errorf("next is\n%s, want\n%s", answer.Next, c.want)
			}
		})
	}
}
