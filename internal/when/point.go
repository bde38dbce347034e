package when

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The times that Point returns lie in [earliest, latest). Nothing was logged
// before, and every such time fits nanoseconds in an int64.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Point reads one moment, and returns it in UTC:
//
//	now   now-1h30m   90m   "90m ago"   @1795317000
//	2026-11-22T03:15:00.5Z   2026-11-22T03:15   "2026-11-22 03:15"   2026-11-22   03:15
//	today   yesterday
//
// What names no zone of its own is a time on the clocks of zone (nil is UTC); a
// date alone is the first moment of that day there.
//
// A clock alone is the most recent such time that is not after now: 23:50 typed
// at 00:10 is yesterday's. A clock that occurs twice in the night the clocks go
// back is the first with a date and the most recent without; one that does not
// occur in the night they go forward is the moment of the change.
//
// The result lies in the years 1970 to 2199 and may be after now. The error
// names the fix.
func Point(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	t, err := point(strings.TrimSpace(s), now, zone)
	if err == nil && (t.Before(earliest) || !t.Before(latest)) {
		err = fmt.Errorf("%s is outside the years 1970 to 2199", t.UTC().Format(time.DateOnly))
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("time %s: %w", quote(s), err)
	}
	return t.Round(0).UTC(), nil // without the monotonic reading of now
}

func point(s string, now time.Time, zone *time.Location) (time.Time, error) {
	year, month, today := now.In(zone).Date()
	switch s {
	case "":
		return time.Time{}, errors.New("empty; write a time such as 1h, 03:15, 2026-11-22 or now-30m")
	case "now":
		return now, nil
	case "today":
		return inZone(time.Date(year, month, today, 0, 0, 0, 0, time.UTC), zone)[0], nil
	case "yesterday":
		return inZone(time.Date(year, month, today-1, 0, 0, 0, 0, time.UTC), zone)[0], nil
	case "tomorrow":
		return time.Time{}, errors.New("the future has no log")
	}
	if epoch, ok := strings.CutPrefix(s, "@"); ok {
		return atEpoch(epoch)
	}
	if rest, ok := strings.CutPrefix(s, "now"); ok {
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "+") {
			return time.Time{}, errors.New("the future has no log")
		}
		ago, ok := strings.CutPrefix(rest, "-")
		if !ok {
			return time.Time{}, errors.New("after now comes - and a length, as in now-1h30m")
		}
		return before(now, strings.TrimSpace(ago))
	}
	if strings.Contains(s, "/") {
		return time.Time{}, errors.New("day and month could be either way round; write the date as YYYY-MM-DD")
	}
	if strings.Count(s, ".") == 2 && strings.Trim(s, "0123456789.") == "" {
		return time.Time{}, errors.New("write the date as YYYY-MM-DD")
	}
	if looksWritten(s) {
		return written(s, now, zone)
	}
	if ago, ok := strings.CutSuffix(s, "ago"); ok {
		s = strings.TrimSpace(ago)
	}
	if s != "" && strings.Trim(s, "0123456789") == "" {
		return time.Time{}, numberError(s)
	}
	if s != "" && countDigits(s) == 0 && !strings.HasPrefix(s, "-") {
		return time.Time{}, errors.New("not a time; write 1h, 03:15, 2026-11-22, 2026-11-22T03:15, today, yesterday, now-30m or @epoch")
	}
	if clock, ok := ofTwelveHours(s); ok {
		return time.Time{}, fmt.Errorf("a day has 24 hours; write %s", clock)
	}
	return before(now, s)
}

// ofTwelveHours is the clock that 3am or 3 PM stands for.
func ofTwelveHours(s string) (clock string, ok bool) {
	n := countDigits(s)
	hour, err := strconv.Atoi(s[:n])
	half := strings.ToLower(strings.TrimSpace(s[n:]))
	if err != nil || hour < 1 || hour > 12 || half != "am" && half != "pm" {
		return "", false
	}
	if hour %= 12; half == "pm" {
		hour += 12
	}
	return fmt.Sprintf("%02d:00", hour), true
}

func before(now time.Time, length string) (time.Time, error) {
	d, err := duration(length)
	if err != nil {
		return time.Time{}, err
	}
	return now.Add(-d), nil
}

func atEpoch(s string) (time.Time, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, errors.New("@ is followed by whole seconds since 1970, as in @1795317000")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n >= latest.Unix() {
		if len(s) == 13 {
			return time.Time{}, fmt.Errorf("these are milliseconds; write @%s", s[:10])
		}
		return time.Time{}, errors.New("@ is followed by seconds since 1970, and these end after 2199")
	}
	return time.Unix(n, 0), nil
}

// numberError says what a number without a unit could have meant.
func numberError(s string) error {
	switch len(s) {
	case 4:
		return fmt.Errorf("a number needs a unit, such as %sm, or a colon, such as %s:%s", s, s[:2], s[2:])
	case 8:
		return fmt.Errorf("write a date as %s-%s-%s", s[:4], s[4:6], s[6:])
	case 10:
		return fmt.Errorf("write seconds since 1970 as @%s", s)
	case 13:
		return fmt.Errorf("these are milliseconds; write @%s", s[:10])
	}
	return fmt.Errorf("a number needs a unit, such as %sm for minutes or %sh for hours", s, s)
}
