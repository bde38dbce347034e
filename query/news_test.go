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
		{"unseen", &Basis{totals: &Table{Unseen: true, Gaps: gaps}}, "was never ingested: what is new is not known"},
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
	}
}
