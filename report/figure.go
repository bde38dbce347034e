package report

import (
	"math"
	"strconv"
	"strings"
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

// percent returns a ratio as in "67.4 %". What is not nothing never reads as
// 0 %, and what is not all never as 100 %: below one per cent there are two
// decimals, and below a tenth of it the first digit that counts.
func percent(ratio float64) string {
	p := ratio * 100
	switch {
	case math.IsNaN(ratio) || math.IsInf(ratio, 0):
		return "-"
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
		return strconv.FormatFloat(p, 'f', decimals, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// share returns part of whole as percent does; whole is not 0.
func share(part, whole int64) string { return percent(float64(part) / float64(whole)) }

// decimal returns x exactly and without exponent; ok is false if it is no number.
func decimal(x float64) (s string, ok bool) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "", false
	}
	return strconv.FormatFloat(x, 'f', -1, 64), true
}

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
