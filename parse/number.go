package parse

// status decodes a status code: three digits at most, - or nothing for none.
func status(b []byte) (int, bool) {
	if len(b) == 1 && b[0] == '-' {
		return Absent, true
	}
	if len(b) == 0 || len(b) > 3 {
		return Absent, len(b) == 0
	}
	if len(b) == 3 { // nearly all: without a loop
		x, y, z := b[0]-'0', b[1]-'0', b[2]-'0'
		if max(x, y, z) > 9 {
			return Absent, false
		}
		return int(x)*100 + int(y)*10 + int(z), true
	}
	n := 0
	for _, c := range b {
		if c -= '0'; c > 9 {
			return Absent, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// integer decodes a count, -, -1 and -1.0 as Absent. More than 18 digits are refused.
func integer(b []byte) (int64, bool) {
	if len(b) > 0 && b[0] == '-' {
		return Absent, absent(b)
	}
	if len(b) == 0 || len(b) > 18 {
		return Absent, false
	}
	var n int64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return Absent, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// tens holds 10^i.
var tens = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// millis decodes seconds in the form that AWS writes nearly always: milliseconds, and
// less than ten seconds.
func millis(b []byte) (int64, bool) {
	if len(b) != 5 || b[1] != '.' {
		return 0, false
	}
	s, d, c, m := b[0]-'0', b[2]-'0', b[3]-'0', b[4]-'0'
	return int64(s)*1000 + int64(d)*100 + int64(c)*10 + int64(m), max(s, d, c, m) <= 9
}

// decimal decodes seconds such as 0.159, -, -1 and -1.0 as Absent. At most 15 digits
// and nine of them behind the point, so that the value is exact.
func decimal(b []byte) (float64, bool) {
	if ms, ok := millis(b); ok {
		return float64(ms) / 1000, true
	}
	if absent(b) {
		return Absent, true
	}
	if len(b) == 0 || len(b) > 16 {
		return Absent, false
	}
	var n int64
	point := -1
	for i, c := range b {
		if c == '.' && point < 0 && i > 0 && i < len(b)-1 {
			point = i
			continue
		}
		if c -= '0'; c > 9 {
			return Absent, false
		}
		n = n*10 + int64(c)
	}
	if point < 0 {
		return float64(n), len(b) < 16
	}
	behind := len(b) - point - 1
	if behind >= len(tens) {
		return Absent, false
	}
	return float64(n) / float64(tens[behind]), true
}

// absent reports whether b is one of AWS's ways to write that there is none:
// -, -1, and -1.0 with any number of zeros.
func absent(b []byte) bool {
	if len(b) == 0 || b[0] != '-' {
		return false
	}
	switch len(b) {
	case 1:
		return true
	case 2:
		return b[1] == '1'
	case 3:
		return false
	}
	if b[1] != '1' || b[2] != '.' {
		return false
	}
	for _, c := range b[3:] {
		if c != '0' {
			return false
		}
	}
	return true
}

// addressLike reports whether b can be an address with a port, an address, or -.
// It looks at the characters only: attackers do not write this field, and what
// matters is that the fields have not been shifted.
func addressLike(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	return addressBytes.all(b) || len(b) == 1 && b[0] == '-'
}

// byteSet says which bytes are in it.
type byteSet [256]bool

var (
	addressBytes = setOf("0123456789abcdefABCDEF.:[]")
	digitBytes   = setOf("0123456789")
	versionBytes = setOf("0123456789.")
	dateBytes    = setOf("0123456789.-: ")
	letterBytes  = setOf("-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	nameBytes    = setOf("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
)

func setOf(chars string) *byteSet {
	var s byteSet
	for i := range len(chars) {
		s[chars[i]] = true
	}
	return &s
}

// all reports whether b is of these bytes, and not empty.
func (s *byteSet) all(b []byte) bool {
	for _, c := range b {
		if !s[c] {
			return false
		}
	}
	return len(b) > 0
}
