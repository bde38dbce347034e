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
