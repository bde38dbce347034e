package when

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// looksWritten reports whether s is meant as a date or a clock, right or wrong.
func looksWritten(s string) bool {
	n := countDigits(s)
	return n > 0 && n < len(s) && (s[n] == '-' || s[n] == ':')
}

// written reads a date, a clock, or both, with or without a zone of its own.
func written(s string, now time.Time, zone *time.Location) (time.Time, error) {
	rest := s
	dated := countDigits(s) < len(s) && s[countDigits(s)] == '-'
	var year, month, date, hour, minute, second, nanos int
	if dated {
		var ok bool
		if year, month, date, rest, ok = cutDate(rest); !ok {
			return time.Time{}, errors.New("a date is written YYYY-MM-DD, as in 2026-11-22")
		}
		if real := time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC); real.Day() != date || int(real.Month()) != month {
			return time.Time{}, errors.New("there is no such day")
		}
		if rest != "" && rest[0] != 'T' && rest[0] != ' ' {
			return time.Time{}, errors.New("after the date comes T and a clock, as in 2026-11-22T03:15")
		}
	}
	clocked := rest != ""
	if clocked {
		if dated {
			rest = rest[1:]
		}
		var ok bool
		if hour, minute, second, nanos, rest, ok = cutClock(rest); !ok {
			return time.Time{}, errors.New("a clock is written HH:MM or HH:MM:SS, as in 03:15")
		}
		if hour > 23 || minute > 59 || second > 59 {
			return time.Time{}, errors.New("a clock ends at 23:59:59")
		}
	}
	if rest != "" {
		own, ok := cutZone(rest)
		if !ok {
			return time.Time{}, fmt.Errorf("after the clock comes nothing, Z, or an offset such as +01:00, not %s", quote(rest))
		}
		zone = own
	}
	if dated {
		return inZone(time.Date(year, time.Month(month), date, hour, minute, second, nanos, time.UTC), zone)[0], nil
	}
	return mostRecent(hour, minute, second, nanos, now, zone), nil
}

// mostRecent returns the last time not after now at which the clocks of zone showed this.
func mostRecent(hour, minute, second, nanos int, now time.Time, zone *time.Location) time.Time {
	year, month, today := now.In(zone).Date()
	for back := 0; ; back++ {
		at := inZone(time.Date(year, month, today-back, hour, minute, second, nanos, time.UTC), zone)
		for i := len(at) - 1; i >= 0; i-- {
			if !at[i].After(now) {
				return at[i]
			}
		}
	}
}

// inZone returns the moments at which the clocks of zone show what naive, a
// time in UTC, shows: mostly one; two, the earlier first, where the clocks went
// back; and the moment of the change where they jumped over it.
//
// time.Date would do, but for a time that occurs twice or never it does not
// say which of the two offsets it takes.
func inZone(naive time.Time, zone *time.Location) []time.Time {
	some := time.Date(naive.Year(), naive.Month(), naive.Day(), naive.Hour(), naive.Minute(), naive.Second(), naive.Nanosecond(), zone)
	start, end := some.ZoneBounds()
	offsets := make([]int, 0, 3)
	if !start.IsZero() {
		offsets = append(offsets, offset(start.Add(-1)))
	}
	offsets = append(offsets, offset(some))
	if !end.IsZero() {
		offsets = append(offsets, offset(end))
	}
	var at []time.Time
	for _, o := range offsets {
		if t := naive.Add(-time.Duration(o) * time.Second).In(zone); offset(t) == o {
			at = append(at, t)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	at = slices.CompactFunc(at, time.Time.Equal)
	if len(at) > 0 {
		return at
	}
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		from := change.Add(time.Duration(offset(change.Add(-1))) * time.Second)
		to := change.Add(time.Duration(offset(change)) * time.Second)
		if !naive.Before(from.UTC()) && naive.Before(to.UTC()) {
			return []time.Time{change}
		}
	}
	return []time.Time{some}
}

// offset is how far the clocks are ahead of UTC at t, in seconds.
func offset(t time.Time) int {
	_, o := t.Zone()
	return o
}

func cutDate(s string) (year, month, date int, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, s, false
	}
	year, ok1 := number(s[:4])
	month, ok2 := number(s[5:7])
	date, ok3 := number(s[8:10])
	return year, month, date, s[10:], ok1 && ok2 && ok3
}

// cutClock cuts HH:MM, HH:MM:SS or HH:MM:SS.fraction off the front of s.
func cutClock(s string) (hour, minute, second, nanos int, rest string, ok bool) {
	if len(s) < 5 || s[2] != ':' {
		return 0, 0, 0, 0, s, false
	}
	hour, ok1 := number(s[:2])
	minute, ok2 := number(s[3:5])
	rest = s[5:]
	if !ok1 || !ok2 {
		return 0, 0, 0, 0, s, false
	}
	if !strings.HasPrefix(rest, ":") {
		return hour, minute, 0, 0, rest, true
	}
	if len(rest) < 3 {
		return 0, 0, 0, 0, s, false
	}
	second, ok = number(rest[1:3])
	rest = rest[3:]
	if !ok || !strings.HasPrefix(rest, ".") {
		return hour, minute, second, 0, rest, ok
	}
	n := countDigits(rest[1:])
	if n == 0 || n > 9 {
		return 0, 0, 0, 0, s, false
	}
	nanos, ok = number((rest[1:] + "000000000")[:n] + "000000000"[n:])
	return hour, minute, second, nanos, rest[1+n:], ok
}

// cutZone reads Z or an offset from UTC, and nothing after it.
func cutZone(s string) (*time.Location, bool) {
	if s == "Z" {
		return time.UTC, true
	}
	if len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	hours, ok1 := number(s[1:3])
	minutes, ok2 := number(s[4:6])
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return nil, false
	}
	east := hours*3600 + minutes*60
	if s[0] == '-' {
		east = -east
	}
	return time.FixedZone("", east), true
}

// number reads a run of digits without a sign.
func number(s string) (int, bool) {
	if s == "" || countDigits(s) != len(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
