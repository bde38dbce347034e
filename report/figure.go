package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

// grouped returns n as in "1,203,441".
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// exact returns n as a program reads it.
func exact(n int64) string { return strconv.FormatInt(n, 10) }

// percent returns a finite ratio as in "67.4 %". What is not nothing never reads as
// 0 %, and what is not all never as 100 %: below one per cent there are two
// decimals, and below a tenth of it the first digit that counts.
func percent(ratio float64) string {
	p := ratio * 100
	switch {
	case ratio == 0:
		return "0 %"
	case ratio == 1:
		return "100 %"
	case 0 < p && p < 0.0001:
		return "<0.0001 %"
	case 99.95 <= p && p < 100:
		return ">99.9 %"
	case -1 < p && p < 1:
		decimals := max(2, -int(math.Floor(math.Log10(math.Abs(p)))))
		figure := strconv.FormatFloat(p, 'f', decimals, 64)
		if decimals > 2 {
			figure = strings.TrimSuffix(figure, "0") // rounded up to one digit less
		}
		return figure + " %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// share returns part of whole as percent does; whole is not 0.
func share(part, whole int64) string { return percent(float64(part) / float64(whole)) }

// finite reports whether x is a number at all.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// decimal returns a finite x exactly and without exponent.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// rounded returns a finite x to four digits, but never without its whole part
// below a thousand million millions: "0.01235", "42.5", "1,234.6", "1.235e-07".
func rounded(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) < 1e-4 || math.Abs(x) >= 1e15:
		return strconv.FormatFloat(x, 'g', 4, 64)
	case x == math.Trunc(x):
		return grouped(int64(x))
	case math.Abs(x) < 999.95:
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', 4-magnitude(x), 64), "0"), ".")
	}
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(x, 'f', 1, 64), ".")
	n, _ := strconv.ParseInt(whole, 10, 64) // fits: it is below 1e15
	return grouped(n) + "." + fraction
}

// magnitude is how many digits x has before the point, less the zeros behind it
// if there are none.
func magnitude(x float64) int { return 1 + int(math.Floor(math.Log10(math.Abs(x)))) }

// exactSize is a number of bytes for a program, or for somebody who compares.
func exactSize(n int64) string { return amount.Of(n, "byte", "bytes") }

// size returns bytes as in "118 MB", in powers of 1000 as S3's own figures are.
func size(n int64) string {
	if n < 1000 {
		return exact(n) + " B"
	}
	x := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if x /= 1000; x < 999.5 {
			digits := 0
			if x < 9.95 {
				digits = 1
			}
			return strconv.FormatFloat(x, 'f', digits, 64) + " " + unit
		}
	}
	return strconv.FormatFloat(x/1000, 'f', 0, 64) + " EB"
}

// duration returns seconds as in "0.42 ms", "42 ms", "2.91 s", "1 m 03 s", "2 h 05 m"
// and "3 d 04 h". The log's times have milliseconds; their means may have less.
func duration(seconds float64) string {
	if seconds < 0 {
		return "-" + duration(-seconds)
	}
	in := func(unit string, x float64, decimals int) string {
		return strconv.FormatFloat(x, 'f', decimals, 64) + " " + unit
	}
	switch ms := seconds * 1000; {
	case ms == 0:
		return "0 ms"
	case ms < 0.01:
		return "<0.01 ms"
	case ms < 0.995:
		return in("ms", ms, 2)
	case ms < 9.95:
		return in("ms", ms, 1)
	case ms < 999.5:
		return in("ms", ms, 0)
	case seconds < 9.995:
		return in("s", seconds, 2)
	case seconds < 59.95:
		return in("s", seconds, 1)
	case seconds >= 1e15:
		return rounded(seconds) + " s"
	}
	of := func(n int64, large string, per int64, small string) string {
		return grouped(n/per) + " " + large + " " + fmt.Sprintf("%02d", n%per) + " " + small
	}
	n := int64(math.Round(seconds))
	switch {
	case n < 3600:
		return of(n, "m", 60, "s")
	case (n+30)/60 < 24*60:
		return of((n+30)/60, "h", 60, "m")
	}
	return of((n+1800)/3600, "d", 24, "h")
}
