package query

import (
	"strings"
	"testing"
	"time"

	"loglens/internal/when"
)

// TestComparability: what is wrong with the window before is said once, and whether anything
// is left to compare with.
func TestComparability(t *testing.T) {
	from := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	gaps := []Span{{Window: when.Window{From: from, Until: from.Add(time.Minute)}}}
	for _, tt := range []struct {
		name   string
		before *Basis
		want   string
	}{
		{"none", nil, "no beginning"},
		{"unseen but for the edge", &Basis{totals: &Table{Requests: 1, Unseen: true, Gaps: gaps}}, "was never ingested: what is new is not known"},
		{"whole", &Basis{totals: &Table{Requests: 1}}, ""},
		{"gap", &Basis{totals: &Table{Requests: 1, Gaps: gaps}}, "1m was never ingested: what is new rests on the rest"},
		{"gap and no requests", &Basis{totals: &Table{Gaps: gaps}}, "1m was never ingested: what is new is not known"},
		{"begins late", &Basis{totals: &Table{Requests: 1, Oldest: from}}, "what is new rests on what came then"},
		{"begins late, without requests", &Basis{totals: &Table{Oldest: from}}, "no requests in the window before"},
	} {
		got := comparability(tt.before)
		if said := strings.Join(got, "\n"); len(got) > 1 || (said == "") != (tt.want == "") || !strings.Contains(said, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if known := !strings.Contains(strings.Join(got, "\n"), "what is new is not known"); tt.before.known() != known || (tt.before.Compared() == nil) != (tt.before == nil || tt.before.totals.Unseen) {
			t.Errorf("%s: known %v, and said %q", tt.name, tt.before.known(), got)
		}
	}
}

// TestGrown: a rate has grown if it is three times what it was, by ten failures at least.
func TestGrown(t *testing.T) {
	for _, tt := range []struct {
		now, was tried
		want     bool
	}{
		{tried{failures: 15, requests: 100}, tried{failures: 5, requests: 100}, true},
		{tried{failures: 14, requests: 90}, tried{failures: 5, requests: 100}, false}, // by nine
		{tried{failures: 15, requests: 101}, tried{failures: 5, requests: 100}, false},
		{tried{failures: 30, requests: 1000}, tried{failures: 1, requests: 100}, true},
		{tried{failures: 30, requests: 1001}, tried{failures: 1, requests: 100}, false},
		{tried{failures: 30, requests: 100}, tried{failures: 11, requests: 100}, false},
	} {
		if got := grown(tt.now, tt.was); got != tt.want {
			t.Errorf("%d of %d after %d of %d: %v", tt.now.failures, tt.now.requests, tt.was.failures, tt.was.requests, got)
		}
	}
}
