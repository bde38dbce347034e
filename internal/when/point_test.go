package when

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// zones have their clocks changed at different hours and by different amounts,
// Lord Howe by half an hour, Santiago at midnight.
var zones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func rfc(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.UTC()
}

func TestPoint(t *testing.T) {
	const now = "2026-11-22T03:10:25Z"
	tests := []struct{ name, in, zone, now, want string }{
		{"now", "now", "UTC", now, now},
		{"blanks around", "  now ", "UTC", now, now},
		{"duration", "90m", "UTC", now, "2026-11-22T01:40:25Z"},
		{"duration ago", "90m ago", "UTC", now, "2026-11-22T01:40:25Z"},
		{"duration ago without blank", "90mago", "UTC", now, "2026-11-22T01:40:25Z"},
		{"compound", "1h30m", "UTC", now, "2026-11-22T01:40:25Z"},
		{"now minus", "now-1h", "UTC", now, "2026-11-22T02:10:25Z"},
		{"now minus with blanks", "now - 1h", "UTC", now, "2026-11-22T02:10:25Z"},
		{"RFC 3339", "2026-11-22T02:10:00Z", "Europe/Berlin", now, "2026-11-22T02:10:00Z"},
		{"RFC 3339 offset", "2026-11-22T02:10:00+01:00", "UTC", now, "2026-11-22T01:10:00Z"},
		{"RFC 3339 fraction", "2026-11-22T02:10:00.123456Z", "UTC", now, "2026-11-22T02:10:00.123456Z"},
		{"as the window is printed", "2026-11-22 02:10Z", "Europe/Berlin", now, "2026-11-22T02:10:00Z"},
		{"date", "2026-11-21", "UTC", now, "2026-11-21T00:00:00Z"},
		{"date in zone", "2026-11-21", "Europe/Berlin", now, "2026-11-20T23:00:00Z"},
		{"date and clock", "2026-11-21T03:15", "Europe/Berlin", now, "2026-11-21T02:15:00Z"},
		{"date blank clock", "2026-11-21 03:15:30", "Europe/Berlin", now, "2026-11-21T02:15:30Z"},
		{"leap day", "2024-02-29", "UTC", now, "2024-02-29T00:00:00Z"},
		{"clock of today", "02:10", "UTC", now, "2026-11-22T02:10:00Z"},
		{"clock of this minute", "03:10", "UTC", now, "2026-11-22T03:10:00Z"},
		{"clock still to come is yesterday's", "03:11", "UTC", now, "2026-11-21T03:11:00Z"},
		{"clock before midnight", "23:50", "UTC", "2026-11-22T00:10:00Z", "2026-11-21T23:50:00Z"},
		{"clock with seconds", "02:10:30", "UTC", now, "2026-11-22T02:10:30Z"},
		{"clock in zone", "04:00", "Europe/Berlin", now, "2026-11-22T03:00:00Z"},
		{"clock in UTC", "02:00Z", "Europe/Berlin", now, "2026-11-22T02:00:00Z"},
		{"today", "today", "UTC", now, "2026-11-22T00:00:00Z"},
		{"today is the zone's", "today", "America/New_York", now, "2026-11-21T05:00:00Z"},
		{"yesterday", "yesterday", "UTC", now, "2026-11-21T00:00:00Z"},
		{"yesterday after a long day", "yesterday", "Europe/Berlin", "2026-10-26T08:00:00Z", "2026-10-24T22:00:00Z"},
		{"yesterday of the first of a month", "yesterday", "UTC", "2026-03-01T08:00:00Z", "2026-02-28T00:00:00Z"},
		{"a day is 24 hours", "1d", "Europe/Berlin", "2026-10-25T11:00:00Z", "2026-10-24T11:00:00Z"},
		{"epoch", "@1795317025", "Europe/Berlin", now, "2026-11-22T03:10:25Z"},
		{"epoch zero", "@0", "UTC", now, "1970-01-01T00:00:00Z"},

		{"Berlin forward: no such clock", "2026-03-29T02:30", "Europe/Berlin", now, "2026-03-29T01:00:00Z"},
		{"Berlin back: first of two", "2026-10-25T02:30", "Europe/Berlin", now, "2026-10-25T00:30:00Z"},
		{"Berlin back: most recent of two", "02:30", "Europe/Berlin", "2026-10-25T02:00:00Z", "2026-10-25T01:30:00Z"},
		{"Berlin back: between the two", "02:30", "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T00:30:00Z"},
		{"New York forward", "2026-03-08 02:30", "America/New_York", now, "2026-03-08T07:00:00Z"},
		{"New York back", "2026-11-01 01:30", "America/New_York", now, "2026-11-01T05:30:00Z"},
		{"Lord Howe forward by half an hour", "2026-10-04T02:15", "Australia/Lord_Howe", now, "2026-10-03T15:30:00Z"},
		{"Lord Howe back by half an hour", "2026-04-05T01:45", "Australia/Lord_Howe", now, "2026-04-04T14:45:00Z"},
		{"Santiago: the day begins at one", "2026-09-06", "America/Santiago", now, "2026-09-06T04:00:00Z"},
		{"Cairo: the day begins at one", "2026-04-24", "Africa/Cairo", now, "2026-04-23T22:00:00Z"},
		{"Apia: the day that was left out", "2011-12-30T12:00", "Pacific/Apia", now, "2011-12-30T10:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Point(tt.in, rfc(t, tt.now), zone(t, tt.zone))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Format(time.RFC3339Nano)); diff != "" {
				t.Errorf("Point(%q) (-want +got):\n%s", tt.in, diff)
			}
			if got.Location() != time.UTC {
				t.Errorf("Point(%q) is in %v, want UTC", tt.in, got.Location())
			}
		})
	}
}

func TestPointErrorsNameTheFix(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "write a time such as 1h"},
		{"   ", "write a time such as 1h"},
		{"1M", "write days such as 30d, minutes such as 1m"},
		{"2months ago", "write days"},
		{"1y", "write days such as 365d"},
		{"3/4/2026", "write the date as YYYY-MM-DD"},
		{"27.11.2026", "write the date as YYYY-MM-DD"},
		{"1.5.h", "whole numbers only"},
		{"1.5h", "write 1h30m"},
		{"0.5d", "write 12h"},
		{"1,5h", "write 1h30m"},
		{"1h 30m", "write 1h30m"},
		{"-1h", "leave the sign out"},
		{"now+1h", "the future has no log"},
		{"now1h", "as in now-1h30m"},
		{"now-", "write a length"},
		{"now--1h", "leave the sign out"},
		{"tomorrow", "the future has no log"},
		{"90", "such as 90m for minutes"},
		{"0315", "such as 03:15"},
		{"20261122", "write a date as 2026-11-22"},
		{"1795317025", "write seconds since 1970 as @1795317025"},
		{"@1795317025123", "write @1795317025"},
		{"@", "whole seconds since 1970"},
		{"@-5", "whole seconds since 1970"},
		{"@1.5", "whole seconds since 1970"},
		{"@99999999999999999999999", "end after 2199"},
		{"1795317025123", "these are milliseconds; write @1795317025"},
		{"3am", "write 03:00"},
		{"3 PM", "write 15:00"},
		{"12am", "write 00:00"},
		{"12pm", "write 12:00"},
		{"13pm", "none of s, m (minutes), h, d and w"},
		{"am", "write 1h, 03:15"},
		{"5min", "write 5m"},
		{"5 minutes ago", "write 5m"},
		{"2H", "write 2h"},
		{"5x", "none of s, m (minutes), h, d and w"},
		{"ago", "write a length"},
		{"h", "write 1h, 03:15"},
		{"2026-1-2", "YYYY-MM-DD"},
		{"22-11-2026", "YYYY-MM-DD"},
		{"2026-02-30", "no such day"},
		{"2026-00-10", "no such day"},
		{"2026-13-01", "no such day"},
		{"2026-11-22X03:15", "as in 2026-11-22T03:15"},
		{"2026-11-22T", "HH:MM"},
		{"2026-11-22T3:15", "HH:MM"},
		{"7:05", "HH:MM"},
		{"24:00", "ends at 23:59:59"},
		{"03:60", "ends at 23:59:59"},
		{"03:15:60", "ends at 23:59:59"},
		{"03:15:", "HH:MM:SS"},
		{"03:15:00.", "HH:MM:SS"},
		{"03:15 pm", "after the clock comes"},
		{"2026-11-22T03:15+0100", "+01:00"},
		{"2026-11-22T03:15+25:00", "+01:00"},
		{"1969-12-31", "outside the years 1970 to 2199"},
		{"2200-01-01", "outside the years 1970 to 2199"},
		{"0000-01-01", "outside the years 1970 to 2199"},
		{"99y", "write days"},
		{"99999d", "longer than 100 years"},
		{"9223372036854775807s", "longer than 100 years"},
		{"99999999999999999999s", "longer than 100 years"},
		{"36500d36500d", "longer than 100 years"},
		{"30000d", "outside the years"},
		{"\x1b[31m1h", `"\x1b[31m1h"`},
	}
	now := rfc(t, "2026-11-22T03:10:00Z")
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Point(tt.in, now, time.UTC)
			if err == nil {
				t.Fatalf("Point(%q) = %v, want an error with %q", tt.in, got, tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks %q", err, tt.want)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("error %q has a control character", err)
			}
		})
	}
}

// layouts are the ways to write a moment that lose nothing of it down to the second.
var layouts = []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00"}

func TestPointReadsWhatIsFormatted(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		z := zone(t, rapid.SampledFrom(append([]string{"UTC", "Asia/Kathmandu"}, zones...)).Draw(r, "zone"))
		x := time.Unix(rapid.Int64Range(86400, latest.Unix()-86400).Draw(r, "seconds"), 0).In(z)
		layout := rapid.SampledFrom(layouts).Draw(r, "layout")
		text := x.Format(layout)
		got, err := Point(text, rfc(t, "2026-11-22T03:10:00Z"), z)
		if err != nil {
			r.Fatal(err)
		}
		// In the hour that occurs twice the text without offset is the first.
		if !got.Equal(x) && (strings.Contains(layout, "Z07") || got.In(z).Format(layout) != text || got.After(x)) {
			r.Fatalf("Point(%q) in %v = %v, want %v", text, z, got, x.UTC())
		}
	})
}

// TestDaysOfChange walks every quarter of an hour of the days on which clocks
// change: what a clock there shows is read back as a moment at which it shows that.
func TestDaysOfChange(t *testing.T) {
	changes := 0
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			z := zone(t, name)
			for day := rfc(t, "2026-01-01T12:00:00Z"); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
				if offset(day.In(z)) == offset(day.AddDate(0, 0, 1).In(z)) {
					continue
				}
				changes++
				for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(15 * time.Minute) {
					shown := at.In(z).Format("2006-01-02T15:04")
					got, err := Point(shown, at, z)
					if err != nil {
						t.Fatal(err)
					}
					if back := got.In(z).Format("2006-01-02T15:04"); back != shown || got.After(at) {
						t.Errorf("Point(%q) = %v, which shows %s", shown, got, back)
					}
					got, err = Point(at.In(z).Format("15:04"), at, z)
					if err != nil {
						t.Fatal(err)
					}
					if !got.Equal(at) {
						t.Errorf("clock alone at %v = %v, want the same", at.In(z), got.In(z))
					}
				}
			}
		})
	}
	if changes != 2*len(zones) {
		t.Errorf("saw %d changes of clocks, want %d", changes, 2*len(zones))
	}
}

func FuzzPoint(f *testing.F) {
	for _, seed := range []string{"now-1h", "90m ago", "2026-11-22T03:15:00.5+01:00", "03:15", "@1795317025", "yesterday", "1M", "3/4/2026", "1.5h", "9999999999w", "2026-02-30", "03:15:00.", "ago", "@9223372036854775808"} {
		f.Add(seed, int64(1795317025), uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, seconds int64, n uint8) {
		now := time.Unix(int64(uint64(seconds)%uint64(latest.Unix())), 0)
		got, err := Point(s, now, zone(t, zones[int(n)%len(zones)]))
		if err != nil {
			if !got.IsZero() {
				t.Errorf("Point(%q) = %v beside an error", s, got)
			}
			return
		}
		if got.Before(earliest) || !got.Before(latest) {
			t.Errorf("Point(%q) = %v is out of range", s, got)
		}
		again, err := Point(got.Format(time.RFC3339Nano), now, time.UTC)
		if err != nil || !again.Equal(got) {
			t.Errorf("Point(%q) = %v, which reads back as %v, %v", s, got, again, err)
		}
	})
}
