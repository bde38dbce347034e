package report

import (
	"testing"

	"loglens/query"
)

// TestTotal: the sentence that the rows add up to.
func TestTotal(t *testing.T) {
	target := [2]string{"target", "targets"}
	rows := func(n int) [][]any { return make([][]any, n) }
	failed := query.Accounting{Objects: 1, ObjectsFailed: 1}
	tests := []struct {
		want string
		in   query.Table
	}{
		{"3 failures of 1,000 requests (0.30 %)", query.Table{Failures: true, Total: 3, Requests: 1000, Noun: target, Rows: rows(2)}},
		{"1 failure", query.Table{Failures: true, Total: 1, Rows: rows(1)}},
		{"no failures in 1 request", query.Table{Failures: true, Requests: 1}},
		{"no requests in the window", query.Table{Failures: true}},
		{"no requests in what could be read", query.Table{Failures: true, Accounting: failed}},
		{"14 targets in 120,000 requests", query.Table{Noun: target, Rows: rows(10), RowsLeft: 4, Requests: 120_000}},
		{"1 target in 1 request", query.Table{Noun: target, Rows: rows(1), Requests: 1}},
		{"2 targets", query.Table{Noun: target, Rows: rows(2)}},
		{"no targets in 120,000 requests", query.Table{Noun: target, Requests: 120_000}},
		{"no targets in the window", query.Table{Noun: target}},
		{"no targets in what could be read", query.Table{Noun: target, Accounting: failed}},
		{"1,000 rows", query.Table{Report: query.SQL, Rows: rows(1000)}},
		{"no rows", query.Table{Report: query.SQL}},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := total(&tt.in, forPeople(&tt.in, false, longName, visibleText)); got != tt.want {
				t.Errorf("total = %q, want %q", got, tt.want)
			}
		})
	}
}

func visibleText(s string) string { return visible(s, false) }
