package when

import (
	"fmt"
	"strings"
	"time"
)

// Resolve turns what the user typed for --since and --until into a window. An
// empty text is an open bound, except that a given since without until ends at
// now. Notes are sentences for stderr about what was not taken as typed: an
// until in the future is clipped to now, and of the two times of a clock that
// occurs twice one is taken, see Point.
//
// A clock as until is the most recent such time, as in Point; where that is not
// after since, the one later today is meant, so that 02:00 to 03:30, typed at
// 03:10, is from 02:00 to now.
//
// A since in the future and a window without any time in it are errors, each an
// *UntimelyError; all others do not depend on now.
func Resolve(since, until string, now time.Time, zone *time.Location) (w Window, notes []string, err error) {
	if zone == nil {
		zone = time.UTC
	}
	now = now.Round(0).UTC() // without the monotonic reading
	if strings.TrimSpace(since) != "" {
		if w.From, err = Point(since, now, zone); err != nil {
			return Window{}, nil, fmt.Errorf("--since: %w", err)
		}
		if w.From.After(now) {
			return Window{}, nil, untimely("--since %s is in the future: it is %sZ now", since, moment(now.Truncate(time.Second)))
		}
		w.Until = now
		notes = append(notes, twice("--since", since, w.From, now, zone)...)
	}
	if strings.TrimSpace(until) != "" {
		if w.Until, err = Point(until, now, zone); err != nil {
			return Window{}, nil, fmt.Errorf("--until: %w", err)
		}
		w.Until = laterToday(until, w, now, zone)
		notes = append(notes, twice("--until", until, w.Until, now, zone)...)
		if w.Until.After(now) {
			notes = append(notes, fmt.Sprintf("--until %s is in the future; the window ends now", strings.TrimSpace(until)))
			w.Until = now
		}
	}
	if !w.From.IsZero() && !w.From.Before(w.Until) {
		return Window{}, nil, emptyError(w, since, until)
	}
	return w, notes, nil
}

// laterToday returns until as it stands, or the same clock later today if it is
// a clock alone that fell before the window's beginning.
func laterToday(until string, w Window, now time.Time, zone *time.Location) time.Time {
	until = strings.TrimSpace(until)
	if w.From.IsZero() || w.From.Before(w.Until) || len(until) < 3 || until[2] != ':' {
		return w.Until
	}
	t, err := Point(now.In(zone).Format(time.DateOnly)+"T"+until, now, zone)
	if err != nil || !t.After(w.From) {
		return w.Until
	}
	return t
}

// twice returns the note on a flag whose text, read as t, the clocks of zone showed
// twice, and none if it was shown once, names its zone or is a day, of which the first
// moment is meant.
func twice(flag, text string, t, now time.Time, zone *time.Location) []string {
	shown := t.In(zone)
	naive := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), shown.Nanosecond(), time.UTC)
	at := inZone(naive, zone)
	if elsewhere, err := Point(text, now, time.FixedZone("", offset(shown)+1)); len(at) == 1 || !strings.Contains(text, ":") || err != nil || elsewhere.Equal(t) {
		return nil
	}
	other := at[0]
	if other.Equal(t) {
		other = at[1]
	}
	return []string{fmt.Sprintf("%s %s was shown by the clocks twice: %sZ is taken; for the other write %s %s",
		flag, strings.TrimSpace(text), moment(t), flag, other.UTC().Format(time.RFC3339Nano))}
}

func emptyError(w Window, since, until string) error {
	if w.From.After(w.Until) {
		return untimely("--since %s (%sZ) is after --until %s (%sZ)", since, moment(w.From), until, moment(w.Until))
	}
	if since = strings.TrimSpace(since); len(since) == len(time.DateOnly) && since[4] == '-' {
		next := w.From.AddDate(0, 0, 1).Format(time.DateOnly)
		if t, err := time.Parse(time.DateOnly, since); err == nil {
			next = t.AddDate(0, 0, 1).Format(time.DateOnly)
		}
		return untimely("the window is empty: --until is not part of it; for the whole day write --until %s", next)
	}
	return untimely("the window is empty: it begins and ends at %sZ", moment(w.From))
}

// An UntimelyError says that there is no time in the window as long as now is right.
type UntimelyError struct{ text string }

func (e *UntimelyError) Error() string { return e.text }

func untimely(format string, args ...any) error { return &UntimelyError{fmt.Sprintf(format, args...)} }
