package when

import (
	"math"
	"time"
)

// Window is a half-open range of time in UTC: From ≤ t < Until. A zero bound is open.
type Window struct{ From, Until time.Time }

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.Until.IsZero() || t.Before(w.Until))
}

// Micros returns the bounds in microseconds since 1970, the unit of the log
// entries' own times, such that from ≤ µs < until holds exactly where Contains
// does for a time of whole microseconds. An open bound is math.MinInt64 or
// math.MaxInt64.
func (w Window) Micros() (from, until int64) {
	from, until = math.MinInt64, math.MaxInt64
	if !w.From.IsZero() {
		from = microsUp(w.From)
	}
	if !w.Until.IsZero() {
		until = microsUp(w.Until)
	}
	return from, until
}

// microsUp rounds up: the first whole microsecond not before t.
func microsUp(t time.Time) int64 {
	µs := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		µs++
	}
	return µs
}

// String returns the window for people, in UTC, as in
// "2026-11-22 02:10–03:10Z (1h)". Seconds stand only where they are not zero,
// the second date only where it differs, and an open bound is said in words.
func (w Window) String() string {
	from, until := w.From.UTC(), w.Until.UTC()
	switch {
	case w.From.IsZero() && w.Until.IsZero():
		return "all time"
	case w.From.IsZero():
		return "everything before " + moment(until) + "Z"
	case w.Until.IsZero():
		return "since " + moment(from) + "Z"
	}
	length := " (" + FormatDuration(until.Sub(from)) + ")"
	if from.Format(time.DateOnly) == until.Format(time.DateOnly) {
		return moment(from) + "–" + clock(until) + "Z" + length
	}
	return moment(from) + " – " + moment(until) + "Z" + length
}

func moment(t time.Time) string { return t.Format(time.DateOnly) + " " + clock(t) }

func clock(t time.Time) string {
	if t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format("15:04")
	}
	return t.Format("15:04:05.999999999")
}
