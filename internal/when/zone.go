package when

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Zone returns the time zone of a name: Local, UTC or Z in upper or lower case, an
// offset such as +02:00, +0200 or -5, or a name of the IANA database as it is spelled
// there. The error names the fix.
func Zone(name string) (*time.Location, error) {
	switch strings.ToLower(name) {
	case "local":
		return time.Local, nil
	case "utc", "z":
		return time.UTC, nil
	}
	if m := offsetForm.FindStringSubmatch(name); m != nil {
		return fixed(m[1], m[2], m[3])
	}
	if zone, err := time.LoadLocation(name); err == nil {
		return zone, nil
	}
	return nil, fmt.Errorf("unknown time zone %s", quote(name))
}

var offsetForm = regexp.MustCompile(`^([+-])(\d{1,2})(?::?(\d{2}))?$`)

// farthest is the offset of the Line Islands, in minutes; none is larger.
const farthest = 14 * 60

func fixed(sign, hours, minutes string) (*time.Location, error) {
	h, _ := strconv.Atoi(hours) // digits, or none
	m, _ := strconv.Atoi(minutes)
	if m >= 60 || h*60+m > farthest {
		return nil, errors.New("an offset is at most 14:00 hours, such as +05:30")
	}
	seconds := (h*60 + m) * 60
	if sign == "-" {
		seconds = -seconds
	}
	return time.FixedZone(fmt.Sprintf("%s%02d:%02d", sign, h, m), seconds), nil
}

// Divides reports whether multiples of a width since 1970 in UTC, such as full hours, are
// also those by the clock of a zone, all the time of a window. The last year, which has all
// offsets of a zone, stands for a window with an open end.
func Divides(width time.Duration, w Window, zone *time.Location, now time.Time) bool {
	if w.From.IsZero() || w.Until.IsZero() {
		w = Window{now.AddDate(-1, 0, 0), now}
	}
	for at := w.From; ; {
		_, offset := at.In(zone).Zone()
		if time.Duration(offset)*time.Second%width != 0 {
			return false
		}
		_, until := at.In(zone).ZoneBounds()
		if until.IsZero() || !until.Before(w.Until) {
			return true
		}
		at = until
	}
}
