package when

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// longest bounds a duration so that no sum of terms can overflow.
	longest = 100 * 365 * day
)

// units are the units of the grammar, longest first.
var units = []struct {
	name   byte
	length time.Duration
}{{'w', week}, {'d', day}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// unitWords are what people write instead of a unit, and the unit they mean.
var unitWords = map[string]string{
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s",
	"min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "H": "h",
	"day": "d", "days": "d", "D": "d",
	"wk": "w", "week": "w", "weeks": "w", "W": "w",
}

// Duration reads a length of time: one or more terms of a whole number and a
// unit, as in "90m", "1h30m", "7d". The units are s, m (always minutes), h,
// d (exactly 24 hours) and w; months and years have no fixed length and do not
// exist. The result is never negative and at most 100 years. The error names the fix.
func Duration(s string) (time.Duration, error) {
	d, err := duration(strings.TrimSpace(s))
	if err != nil {
		return 0, fmt.Errorf("duration %s: %w", quote(s), err)
	}
	return d, nil
}

// FormatDuration returns d in the grammar of Duration, as in "1h30m" or "7d",
// and "0s" for nothing. A fraction of a second, which the grammar does not
// have, is printed as a decimal.
func FormatDuration(d time.Duration) string {
	if d < 0 {
		return "-" + FormatDuration(d.Abs())
	}
	var b strings.Builder
	for _, u := range units[1:] { // people say 14d, not 2w
		if n := d / u.length; n > 0 && u.length > time.Second {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(u.name)
			d -= n * u.length
		}
	}
	if d > 0 || b.Len() == 0 {
		b.WriteString(strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
		b.WriteByte('s')
	}
	return b.String()
}

func duration(s string) (time.Duration, error) {
	switch {
	case s == "":
		return 0, errors.New("empty; write a length such as 90m, 1h30m or 7d")
	case s[0] == '-' || strings.HasPrefix(s, "−"):
		return 0, errors.New("negative; leave the sign out")
	}
	var sum time.Duration
	for rest := s; rest != ""; {
		digits := rest[:countDigits(rest)]
		word := rest[len(digits):]
		if i := strings.IndexAny(word, "0123456789"); i >= 0 {
			word = word[:i]
		}
		if digits == "" {
			return 0, errors.New("a length is whole numbers with units, such as 90m, 1h30m or 7d")
		}
		length, err := unit(digits, word, s)
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n > int64((longest-sum)/length) {
			return 0, errors.New("longer than 100 years")
		}
		sum += time.Duration(n) * length
		rest = rest[len(digits)+len(word):]
	}
	return sum, nil
}

// unit returns the length of the unit word, or an error that says what to write
// in place of whole.
func unit(digits, word, whole string) (time.Duration, error) {
	for _, u := range units {
		if word == string(u.name) {
			return u.length, nil
		}
	}
	squeezed := strings.Join(strings.Fields(whole), "")
	switch lower := strings.ToLower(strings.TrimSpace(word)); {
	case word == "":
		return 0, fmt.Errorf("a number needs a unit: %ss, %sm (minutes), %sh, %sd or %sw", digits, digits, digits, digits, digits)
	case word == "M", lower == "mo", lower == "mon", strings.HasPrefix(lower, "month"):
		return 0, fmt.Errorf("months have no fixed length and m is minutes; write days such as 30d, minutes such as %sm, or a date", digits)
	case lower == "y", lower == "yr", strings.HasPrefix(lower, "year"):
		return 0, errors.New("years have no fixed length; write days such as 365d, or a date")
	case word == "." || word == ",":
		return 0, fractionError(whole)
	case lower == "ms" || lower == "us" || lower == "µs" || lower == "ns":
		return 0, errors.New("whole seconds only")
	case squeezed != whole:
		if _, err := duration(squeezed); err == nil {
			return 0, fmt.Errorf("no blanks inside; write %s", squeezed)
		}
	}
	if u, ok := unitWords[strings.TrimSpace(word)]; ok {
		return 0, fmt.Errorf("unit %s; write %s%s", quote(strings.TrimSpace(word)), digits, u)
	}
	return 0, fmt.Errorf("unit %s is none of s, m (minutes), h, d and w", quote(word))
}

// fractionError says what 1.5h is in whole numbers.
func fractionError(s string) error {
	number, name := s[:len(s)-1], s[len(s)-1]
	f, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", "."), 64)
	for _, u := range units {
		if seconds := f * u.length.Seconds(); err == nil && name == u.name && seconds < longest.Seconds() {
			whole := time.Duration(math.Round(seconds)) * time.Second
			return fmt.Errorf("whole numbers only; write %s", FormatDuration(whole))
		}
	}
	return errors.New("whole numbers only; write 1h30m for one hour and a half")
}

func countDigits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// quote returns what the user typed, bounded and harmless to print.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.QuoteToGraphic(s)
}
