package query

import (
	"testing"
	"time"

	"loglens/internal/when"
)

// TestWidths: windows are as narrow as leaves 24 of them, or 50 in a summary, and not one more.
func TestWidths(t *testing.T) {
	const day = 24 * time.Hour
	open := when.Window{Until: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}
	for _, tt := range []struct {
		length, screen, summary time.Duration
	}{
		{time.Second, time.Minute, 5 * time.Minute},
		{24 * time.Minute, time.Minute, 5 * time.Minute},
		{24*time.Minute + 1, 5 * time.Minute, 5 * time.Minute},
		{2*time.Hour + 1, 10 * time.Minute, 5 * time.Minute},
		{4 * time.Hour, 10 * time.Minute, 5 * time.Minute},
		{250 * time.Minute, 15 * time.Minute, 5 * time.Minute},
		{250*time.Minute + 1, 15 * time.Minute, 15 * time.Minute},
		{750*time.Minute + 1, time.Hour, 30 * time.Minute},
		{day, time.Hour, 30 * time.Minute},
		{day + 1, 2 * time.Hour, 30 * time.Minute},
		{25*time.Hour + 1, 2 * time.Hour, time.Hour},
		{50*time.Hour + 1, 6 * time.Hour, 6 * time.Hour},
		{300 * time.Hour, 24 * time.Hour, 6 * time.Hour},
		{300*time.Hour + 1, 24 * time.Hour, 24 * time.Hour},
		{24 * day, day, day},
		{24*day + 1, 7 * day, day},
	} {
		w := when.Window{From: open.Until.Add(-tt.length), Until: open.Until}
		if got := (Question{}).width(w); got != tt.screen {
			t.Errorf("%s by %s, want %s", tt.length, got, tt.screen)
		}
		if got := sliceWidth(w); got != tt.summary {
			t.Errorf("a summary of %s by %s, want %s", tt.length, got, tt.summary)
		}
	}
	if got := (Question{Every: 7 * time.Minute}).width(open); got != 7*time.Minute {
		t.Errorf("by 7m asked for, by %s", got)
	}
	if screen, summary := (Question{}).width(open), sliceWidth(open); screen != time.Minute || summary != 5*time.Minute {
		t.Errorf("without a beginning by %s, and by %s in a summary", screen, summary)
	}
}
