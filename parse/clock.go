package parse

import "encoding/binary"

// clock decodes time stamps such as 2026-10-07T07:15:01.101682Z. It remembers
// the last minute, since the lines of an object share a few of them.
type clock struct {
	date, hour uint64 // the bytes of "2026-10-" and "07T07:15"; 0 if there is none yet
	minute     int64  // their microseconds since 1970
}

// micros returns microseconds since 1970 UTC. The fraction may have up to nine
// digits or be absent; the zone is Z.
func (c *clock) micros(b []byte) (int64, bool) {
	last := len(b) - 1
	if last < 0 || b[last] != 'Z' {
		return 0, false
	}
	return c.zoneless(b[:last])
}

// zoneless is micros for a time without the Z, which is in UTC all the same.
func (c *clock) zoneless(b []byte) (int64, bool) {
	if len(b) < 19 || len(b) > 29 || b[16] != ':' {
		return 0, false
	}
	date, hour := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if date != c.date || hour != c.hour || date == 0 {
		m, ok := minutes(b)
		if !ok {
			return 0, false
		}
		*c = clock{date, hour, m * 60e6}
	}
	s, ok := two(b, 17)
	if !ok || s > 59 {
		return 0, false
	}
	frac, unit := int64(0), int64(1e6)
	if digits := b[19:]; len(digits) > 0 {
		if digits[0] != '.' || len(digits) == 1 {
			return 0, false
		}
		for _, d := range digits[1:] {
			if d -= '0'; d > 9 {
				return 0, false
			}
			if unit /= 10; unit > 0 {
				frac += int64(d) * unit
			}
		}
	}
	return c.minute + int64(s)*1e6 + frac, true
}

// minutes decodes "2006-01-02T15:04" to minutes since 1970.
func minutes(b []byte) (int64, bool) {
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' {
		return 0, false
	}
	c, ok1 := two(b, 0)
	y, ok2 := two(b, 2)
	m, ok3 := two(b, 5)
	d, ok4 := two(b, 8)
	h, ok5 := two(b, 11)
	mi, ok6 := two(b, 14)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || h > 23 || mi > 59 {
		return 0, false
	}
	y += c * 100
	if m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return (int64(days(y, m, d))*24+int64(h))*60 + int64(mi), true
}

// two decodes two digits at i.
func two(b []byte, i int) (int, bool) {
	x, y := b[i]-'0', b[i+1]-'0'
	return int(x)*10 + int(y), x <= 9 && y <= 9
}

func monthDays(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days counts the days from 1970-01-01 to a date of the Gregorian calendar, with
// years that begin in March so that the leap day comes last, and 400 years (146,097
// days) later so that none is negative.
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
func days(y, m, d int) int {
	y += 400
	if m <= 2 {
		y--
		m += 12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468 - 146097
}
