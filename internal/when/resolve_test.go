package when

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestResolve(t *testing.T) {
	const now = "2026-11-22T03:10:00Z"
	tests := []struct {
		name, since, until, now, zone string
		want                          string
		notes                         []string
	}{
		{"last hour", "1h", "", now, "UTC", "2026-11-22 02:10–03:10Z (1h)", nil},
		{"all of it", "", "", now, "UTC", "all time", nil},
		{"until only", "", "1h", now, "UTC", "everything before 2026-11-22 02:10Z", nil},
		{"yesterday", "yesterday", "today", now, "UTC", "2026-11-21 00:00 – 2026-11-22 00:00Z (1d)", nil},
		{"yesterday was long", "yesterday", "today", "2026-10-26T11:00:00Z", "Europe/Berlin", "2026-10-24 22:00 – 2026-10-25 23:00Z (1d1h)", nil},
		{"two lengths", "2h", "1h", now, "UTC", "2026-11-22 01:10–02:10Z (1h)", nil},
		{"across midnight", "23:50", "00:05", "2026-11-22T00:10:00Z", "UTC", "2026-11-21 23:50 – 2026-11-22 00:05Z (15m)", nil},
		{"both yesterday", "23:00", "23:50", "2026-11-22T00:10:00Z", "UTC", "2026-11-21 23:00–23:50Z (50m)", nil},
		{
			"until in the future", "1h", "2026-11-22T04:00", now, "UTC", "2026-11-22 02:10–03:10Z (1h)",
			[]string{"--until 2026-11-22T04:00 is in the future; the window ends now"},
		},
		{
			"clock later today", "02:00", "03:30", now, "UTC", "2026-11-22 02:00–03:10Z (1h10m)",
			[]string{"--until 03:30 is in the future; the window ends now"},
		},
		{
			"since and until that clocks showed twice", "2026-10-25T02:10", "2026-10-25T02:30", now, "Europe/Berlin", "2026-10-25 00:10–00:30Z (20m)",
			[]string{
				"--since 2026-10-25T02:10 was shown by the clocks twice: 2026-10-25 00:10Z is taken; for the other write --since 2026-10-25T01:10:00Z",
				"--until 2026-10-25T02:30 was shown by the clocks twice: 2026-10-25 00:30Z is taken; for the other write --until 2026-10-25T01:30:00Z",
			},
		},
		{
			"until alone that clocks showed twice", "03:00", "02:59:30.5", "2026-10-25T01:59:45Z", "Europe/Berlin", "2026-10-24 01:00 – 2026-10-25 01:59:30.5Z (1d59m30.5s)",
			[]string{"--until 02:59:30.5 was shown by the clocks twice: 2026-10-25 01:59:30.5Z is taken; for the other write --until 2026-10-25T00:59:30.5Z"},
		},
		{"an hour that comes twice, with its offset", "2026-10-25T02:10+02:00", "2026-10-25T02:30+01:00", now, "Europe/Berlin", "2026-10-25 00:10–01:30Z (1h20m)", nil},
		{"days whose midnight comes twice", "2026-11-01", "today", "2026-11-02T12:00:00Z", "America/Havana", "2026-11-01 04:00 – 2026-11-02 05:00Z (1d1h)", nil},
		{"today, which began twice", "today", "", "2026-11-01T12:00:00Z", "America/Havana", "2026-11-01 04:00–12:00Z (8h)", nil},
		{"a midnight that comes twice", "2026-11-01T00:00", "", "2026-11-01T12:00:00Z", "America/Havana", "2026-11-01 04:00–12:00Z (8h)", []string{
			"--since 2026-11-01T00:00 was shown by the clocks twice: 2026-11-01 04:00Z is taken; for the other write --since 2026-11-01T05:00:00Z",
		}},
		{"a length that ends there", "2h", "15m", "2026-10-25T01:45:00Z", "Europe/Berlin", "2026-10-24 23:45 – 2026-10-25 01:30Z (1h45m)", nil},
		{"seconds", "2026-11-22T02:10:30Z", "2026-11-22T02:10:31.5Z", now, "UTC", "2026-11-22 02:10:30–02:10:31.5Z (1.5s)", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, notes, err := Resolve(tt.since, tt.until, rfc(t, tt.now), zone(t, tt.zone))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, w.String()); diff != "" {
				t.Errorf("window (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveErrors(t *testing.T) {
	tests := []struct{ name, since, until, want string }{
		{"since in the future", "2026-11-22T04:00", "", "--since 2026-11-22T04:00 is in the future: it is 2026-11-22 03:10Z now"},
		{"since after until", "1h", "2h", "--since 1h (2026-11-22 02:10Z) is after --until 2h (2026-11-22 01:10Z)"},
		{"clocks the wrong way round", "03:00", "02:00", "is after --until 02:00"},
		{"empty", "now", "", "the window is empty"},
		{"one day", "2026-11-21", "2026-11-21", "for the whole day write --until 2026-11-22"},
		{"bad since", "1M", "", `--since: time "1M": months`},
		{"bad until", "1h", "1y", `--until: time "1y": years`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, notes, err := Resolve(tt.since, tt.until, rfc(t, "2026-11-22T03:10:00Z"), time.UTC)
			if err == nil {
				t.Fatalf("Resolve = %v, want an error", w)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks %q", err, tt.want)
			}
			if w != (Window{}) || notes != nil {
				t.Errorf("Resolve = %v, %v beside an error", w, notes)
			}
		})
	}
}

func TestWindowString(t *testing.T) {
	from := rfc(t, "2026-11-22T02:10:00Z")
	if got, want := (Window{From: from}).String(), "since 2026-11-22 02:10Z"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	berlin := zone(t, "Europe/Berlin")
	if got, want := (Window{from.In(berlin), from.Add(time.Hour).In(berlin)}).String(), "2026-11-22 02:10–03:10Z (1h)"; got != want {
		t.Errorf("String in another zone = %q, want %q", got, want)
	}
}

func TestMicrosAgreesWithContains(t *testing.T) {
	base := rfc(t, "2026-11-22T02:10:00Z")
	near := rapid.Int64Range(-5000, 5000) // nanoseconds: some bounds lie between two microseconds
	rapid.Check(t, func(r *rapid.T) {
		var w Window
		if rapid.Bool().Draw(r, "has from") {
			w.From = base.Add(time.Duration(near.Draw(r, "from")))
		}
		if rapid.Bool().Draw(r, "has until") {
			w.Until = base.Add(time.Duration(near.Draw(r, "until")))
		}
		at := base.Add(time.Duration(rapid.Int64Range(-6, 6).Draw(r, "µs")) * time.Microsecond)
		from, until := w.Micros()
		if got := from <= at.UnixMicro() && at.UnixMicro() < until; got != w.Contains(at) {
			r.Fatalf("%v in %v..%v: %t by microseconds, %t by Contains", at, w.From, w.Until, got, w.Contains(at))
		}
	})
	if from, until := (Window{}).Micros(); from != math.MinInt64 || until != math.MaxInt64 {
		t.Errorf("open window is %d..%d", from, until)
	}
}
