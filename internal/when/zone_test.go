package when

import (
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
