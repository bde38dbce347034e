package when

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDuration(t *testing.T) {
	tests := []struct {
		in   string
		want time.Duration
	}{
		{"0s", 0},
		{"45s", 45 * time.Second},
		{"90m", 90 * time.Minute},
		{"1h30m", 90 * time.Minute},
		{" 5m ", 5 * time.Minute},
		{"7d", 168 * time.Hour},
		{"2w", 336 * time.Hour},
		{"1w2d3h4m5s", 9*day + 3*time.Hour + 4*time.Minute + 5*time.Second},
		{"36500d", longest},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Duration(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("Duration(%q) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func TestDurationErrorsNameTheFix(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "write a length such as 90m"},
		{"-5m", "leave the sign out"},
		{"1M", "months"},
		{"1y", "365d"},
		{"1.5h", "write 1h30m"},
		{".5h", "whole numbers"},
		{"5", "5m (minutes)"},
		{"1h5", "a number needs a unit"},
		{"500ms", "whole seconds only"},
		{"36501d", "longer than 100 years"},
		{"٣h", "whole numbers"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Duration(tt.in)
			if err == nil {
				t.Fatalf("Duration(%q) = %v, want an error", tt.in, got)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks %q", err, tt.want)
			}
		})
	}
}

func TestFormatDuration(t *testing.T) {
	tests := []struct {
		in   time.Duration
		want string
	}{
		{0, "0s"},
		{time.Hour, "1h"},
		{90 * time.Minute, "1h30m"},
		{14 * day, "14d"},
		{day + time.Second, "1d1s"},
		{time.Minute + 1500*time.Millisecond, "1m1.5s"},
		{-time.Hour, "-1h"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := FormatDuration(tt.in); got != tt.want {
				t.Errorf("FormatDuration(%v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestDurationReadsWhatIsFormatted(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := time.Duration(rapid.Int64Range(0, int64(longest/time.Second)).Draw(r, "seconds")) * time.Second
		got, err := Duration(FormatDuration(want))
		if err != nil || got != want {
			r.Fatalf("Duration(%q) = %v, %v, want %v", FormatDuration(want), got, err, want)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"1h30m", "2w", "1M", "1.5h", "-1s", "99999999999d", "1h 30m", "1e5h", "0x1p-2h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Duration(s)
		if got < 0 || got > longest || err != nil && got != 0 {
			t.Errorf("Duration(%q) = %v, %v", s, got, err)
		}
	})
}
