package when

import (
	"testing"
	"time"
)

func TestWhole(t *testing.T) {
	tests := []struct {
		name, unit string
		lag        time.Duration
		now, zone  string
		want       string
	}{
		{"an hour that has just ended waits", "hour", 15 * time.Minute, "2026-11-22T10:14:59Z", "UTC", "2026-11-22 08:00–09:00Z (1h)"},
		{"until the lag is over", "hour", 15 * time.Minute, "2026-11-22T10:15:00Z", "UTC", "2026-11-22 09:00–10:00Z (1h)"},
		{"and on to the next", "hour", 15 * time.Minute, "2026-11-22T11:14:59.9Z", "UTC", "2026-11-22 09:00–10:00Z (1h)"},
		{"no lag", "hour", 0, "2026-11-22T10:00:00Z", "UTC", "2026-11-22 09:00–10:00Z (1h)"},
		{"over midnight", "hour", 15 * time.Minute, "2026-11-22T00:20:00Z", "UTC", "2026-11-21 23:00 – 2026-11-22 00:00Z (1h)"},
		{"half an hour off", "hour", 0, "2026-11-22T10:40:00Z", "Asia/Kolkata", "2026-11-22 09:30–10:30Z (1h)"},
		{"a day", "day", 15 * time.Minute, "2026-11-22T00:15:00Z", "UTC", "2026-11-21 00:00 – 2026-11-22 00:00Z (1d)"},
		{"a day that waits", "day", 15 * time.Minute, "2026-11-22T00:14:00Z", "UTC", "2026-11-20 00:00 – 2026-11-21 00:00Z (1d)"},
		{"a day in its zone", "day", 0, "2026-11-22T12:00:00Z", "Europe/Berlin", "2026-11-20 23:00 – 2026-11-21 23:00Z (1d)"},
		{"25 hours", "day", 0, "2026-10-26T12:00:00Z", "Europe/Berlin", "2026-10-24 22:00 – 2026-10-25 23:00Z (1d1h)"},
		{"23 hours", "day", 0, "2026-03-30T12:00:00Z", "Europe/Berlin", "2026-03-28 23:00 – 2026-03-29 22:00Z (23h)"},
		{"the hour that comes twice", "hour", 0, "2026-10-25T01:30:00Z", "Europe/Berlin", "2026-10-25 00:00–01:00Z (1h)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, err := Whole(tt.unit, tt.lag, rfc(t, tt.now), zone(t, tt.zone))
			if err != nil || w.String() != tt.want {
				t.Errorf("window %s, error %v, want %s", w, err, tt.want)
			}
		})
	}
	if _, err := Whole("week", 0, time.Now(), nil); err == nil {
		t.Error("a week is taken")
	}
}

// TestWholeEndsInTime: whatever the time, the window is whole and over by the lag,
// and the one after it is not.
func TestWholeEndsInTime(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"} {
		where, start := zone(t, name), rfc(t, "2026-10-20T00:00:00Z")
		for step := range 2000 {
			now, lag := start.Add(time.Duration(step)*7*time.Minute), time.Duration(step%50)*time.Minute
			for _, unit := range Wholes {
				w, err := Whole(unit, lag, now, where)
				if err != nil {
					t.Fatal(err)
				}
				late := now.Sub(w.Until)
				longest := lag + time.Hour
				if unit == "day" {
					longest = lag + 25*time.Hour
				}
				if late < lag || late >= longest || !w.From.Before(w.Until) {
					t.Fatalf("%s at %s, lag %v, zone %s: %s", unit, now, lag, name, w)
				}
			}
		}
	}
}

// TestWholeDay walks through two years minute by minute, also where clocks change at
// midnight: a day is what lies between two changes of the date.
func TestWholeDay(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana", "America/Asuncion",
		"Asia/Beirut", "Africa/Cairo", "Atlantic/Azores", "America/Scoresbysund", "Australia/Lord_Howe", "Asia/Kolkata",
	} {
		where, start := zone(t, name), rfc(t, "2024-01-01T00:00:00Z")
		var days []time.Time
		day := start.In(where).Day()
		for at := start; at.Before(start.AddDate(2, 0, 0)); at = at.Add(time.Minute) {
			if today := at.In(where).Day(); today != day {
				days, day = append(days, at), today
			}
		}
		for i := 2; i < len(days); i++ {
			want := Window{From: days[i-2], Until: days[i-1]}
			for _, now := range []time.Time{days[i-1], days[i-1].Add(time.Minute), days[i-1].Add(2 * time.Hour), days[i].Add(-1)} {
				if got, err := Whole("day", 0, now, where); got != want || err != nil {
					t.Errorf("%s, at %s: %s, error %v, want %s", name, now.In(where), got, err, want)
				}
			}
		}
	}
}

// TestWholeHour walks through two years minute by minute: an hour is what lies between two
// moments at which the clock shows the minute 0, and the hours meet, also where clocks
// change by half an hour.
func TestWholeHour(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu"} {
		where, start := zone(t, name), rfc(t, "2024-01-01T00:00:00Z")
		var hours []time.Time
		for at := start; at.Before(start.AddDate(2, 0, 0)); at = at.Add(time.Minute) {
			if at.In(where).Minute() == 0 {
				hours = append(hours, at)
			}
		}
		for i := 2; i < len(hours); i++ {
			want := Window{From: hours[i-2], Until: hours[i-1]}
			for _, now := range []time.Time{hours[i-1], hours[i-1].Add(31 * time.Minute), hours[i].Add(-1)} {
				if got, err := Whole("hour", 0, now, where); got != want || err != nil {
					t.Errorf("%s, at %s: %s, error %v, want %s", name, now.In(where), got, err, want)
				}
			}
		}
	}
}

func TestBefore(t *testing.T) {
	w := Window{From: rfc(t, "2026-11-22T09:00:00Z"), Until: rfc(t, "2026-11-22T10:00:00Z")}
	if b, ok := w.Before(); !ok || b.String() != "2026-11-22 08:00–09:00Z (1h)" {
		t.Errorf("before: %s, %v", b, ok)
	}
	if _, ok := (Window{Until: w.Until}).Before(); ok {
		t.Error("a window without a beginning has one before it")
	}
}
