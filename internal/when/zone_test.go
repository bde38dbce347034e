package when

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestZone(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"UTC": "12:00", "utc": "12:00", "Utc": "12:00", "Z": "12:00", "z": "12:00",
		"+02:00": "14:00", "+0200": "14:00", "+2": "14:00", "-05:00": "07:00", "-5": "07:00",
		"+05:30": "17:30", "-09:30": "02:30", "+14:00": "02:00", "-00:00": "12:00",
		"Europe/Berlin": "14:00",
	} {
		zone, err := Zone(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := noon.In(zone).Format("15:04"); got != want {
			t.Errorf("noon in %s is %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"Local", "local"} {
		if zone, err := Zone(name); zone != time.Local {
			t.Errorf("%s is %v, %v", name, zone, err)
		}
	}
	for name, want := range map[string]string{
		"Mars/Olympus": `unknown time zone "Mars/Olympus"`, "../passwd": `unknown time zone "../passwd"`,
		"+14:01": "an offset is at most 14:00 hours, such as +05:30", "+02:60": "an offset is at most 14:00 hours, such as +05:30",
		"02:00": `unknown time zone "02:00"`, "+": `unknown time zone "+"`, "+2:0": `unknown time zone "+2:0"`,
	} {
		if zone, err := Zone(name); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v, want the error %s", name, zone, err, want)
		}
	}
}

// TestPointInFixedZone: an offset is a zone like any other.
func TestPointInFixedZone(t *testing.T) {
	zone, err := Zone("-05:00")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Point("2026-11-22T03:15", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), zone)
	if want := time.Date(2026, 11, 22, 8, 15, 0, 0, time.UTC); err != nil || !got.Equal(want) {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// TestDivides compares with a look at the zone's clock whenever a slice begins, and between.
func TestDivides(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	said := map[bool]int{}
	for _, name := range []string{"UTC", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "-09:30", "+12"} {
		where, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, minutes := range []int{1, 5, 15, 30, 60, 120, 360, 720, 1440, 10080} {
			for range 3 {
				w := Window{From: time.Unix(1_700_000_000+rng.Int64N(100_000_000), 0).UTC()}
				w.Until = w.From.Add(time.Duration(1+rng.IntN(400*24)) * time.Hour)
				want := true
				for at := w.From; at.Before(w.Until); at = at.Add(15 * time.Minute) {
					local := at.In(where)
					clock := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
					since := func(t time.Time) int64 { return t.Unix() / 60 % int64(minutes) }
					want = want && since(at) == since(clock)
				}
				said[want]++
				if got := Divides(time.Duration(minutes)*time.Minute, w, where, time.Time{}); got != want {
					t.Errorf("%d minutes in %s, %s: %v, want %v", minutes, name, w, got, want)
				}
			}
		}
	}
	if said[true] < 100 || said[false] < 100 {
		t.Errorf("one of the answers is hardly asked for: %v", said)
	}
	for now, zones := range map[string]map[string]bool{
		"2026-12-01T00:00:00Z": {"Europe/London": false, "UTC": true},
		"2026-07-01T00:00:00Z": {"Europe/London": false, "Africa/Abidjan": true},
	} {
		for name, want := range zones {
			for _, w := range []Window{{}, {From: rfc(t, now)}, {Until: rfc(t, now)}} {
				if got := Divides(24*time.Hour, w, zone(t, name), rfc(t, now)); got != want {
					t.Errorf("days in %s at %s, %s: %v, want %v", name, now, w, got, want)
				}
			}
		}
	}
}
