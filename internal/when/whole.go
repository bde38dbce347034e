package when

import (
	"fmt"
	"time"
)

// Wholes are the units that Whole takes.
var Wholes = []string{"hour", "day"}

// Whole returns the last whole hour or day of the zone that ended at least lag
// ago. An hour is from one minute 0 of the zone's clock to the next, which is 90
// minutes where clocks change by half an hour; a day is from midnight to midnight,
// which is 23 or 25 hours when clocks change. So those that follow each other meet.
func Whole(unit string, lag time.Duration, now time.Time, zone *time.Location) (Window, error) {
	if zone == nil {
		zone = time.UTC
	}
	t := now.Round(0).Add(-lag).In(zone)
	var from, until time.Time
	switch unit {
	case "hour":
		until = hour(t)
		from = hour(until.Add(-1))
	case "day":
		until = midnight(t)
		from = midnight(until.Add(-1).In(zone))
	default:
		return Window{}, fmt.Errorf("%s is neither hour nor day", quote(unit))
	}
	return Window{From: from.UTC(), Until: until.UTC()}, nil
}

// midnight is when the day of t began in its zone. Where clocks are changed at
// midnight, there may be no 0:00 or two.
func midnight(t time.Time) time.Time {
	return inZone(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), t.Location())[0]
}

// hour is when the clock last showed the minute 0. That is longer ago than the minutes
// that it shows now if it was changed since by half an hour.
func hour(t time.Time) time.Time {
	for past := sinceHour(t); past > 0; past = sinceHour(t) {
		t = t.Add(-past)
	}
	return t
}

// sinceHour is how much of an hour the clock shows.
func sinceHour(t time.Time) time.Duration {
	return time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}

// Before returns the window of the same length that ends where w begins; ok is
// false if w has an open bound.
func (w Window) Before() (before Window, ok bool) {
	if w.From.IsZero() || w.Until.IsZero() {
		return Window{}, false
	}
	return Window{From: w.From.Add(-w.Until.Sub(w.From)), Until: w.From}, true
}
