package parse

import "bytes"

// form is what a field's text has to look like. Forms are loose where nothing
// hangs on it: they are there to notice that the fields of a line have been shifted.
type form uint8

const (
	anyText    form = iota
	aTime           // 2026-10-07T07:15:01.101682Z
	aBareTime       // the same, without zone, fraction or both
	anAddress       // IP address with or without a port, or -
	anEndpoint      // IP address and port
	aTarget         // address, or the ARN of a Lambda function
	aPort           // at most five digits, or -
	aDecimal        // decimal, or -
	anInteger       // integer, or -
	aStatus         // at most three digits, - or nothing
	passOrFail      // PASS or FAIL
	aVersion        // digits and points, or -
	aPlainName      // letters, digits and hyphens
	aList           // anything; its quotes are its own, see Entry.unquote

	// For fields that decide only among several readings of a line.
	maybeARN
	maybeTime
	maybeTraceID
)

// String says the form in words, as in "time is not a time such as …".
func (f form) String() string {
	switch f {
	case aTime:
		return "a time such as 2026-10-07T07:15:01.101682Z"
	case aBareTime:
		return "a time such as 2026-10-07T07:15:01"
	case anAddress:
		return "an address"
	case anEndpoint:
		return "an address and a port"
	case aTarget:
		return "an address or an ARN"
	case aPort:
		return "a port"
	case aStatus:
		return "a status code"
	case passOrFail:
		return "PASS or FAIL"
	case aVersion:
		return "a version"
	case aPlainName:
		return "the name of a Classic Load Balancer"
	}
	return "a number"
}

// fits reports whether b has the form.
func (f form) fits(b []byte, c *clock) (ok bool) {
	switch f {
	case aTime:
		_, ok = c.micros(b)
	case aBareTime:
		_, ok = c.zoneless(bytes.TrimSuffix(b, []byte{'Z'}))
	case anAddress:
		ok = addressLike(b)
	case anEndpoint:
		ok = addressLike(b) && bytes.IndexByte(b, ':') >= 0
	case aTarget:
		ok = addressLike(b) || bytes.HasPrefix(b, []byte("arn:"))
	case aPort:
		_, ok = integer(b)
		ok = ok && len(b) <= 5
	case aDecimal:
		_, ok = decimal(b)
	case anInteger:
		_, ok = integer(b)
	case aStatus:
		_, ok = status(b)
	case passOrFail:
		ok = string(b) == "PASS" || string(b) == "FAIL"
	case aVersion:
		ok = versionBytes.all(b) || none(b)
	case aPlainName:
		ok = nameBytes.all(b)
	case maybeARN:
		ok = none(b) || bytes.HasPrefix(b, []byte("arn:"))
	case maybeTime:
		ok = none(b) || aBareTime.fits(b, c)
	case maybeTraceID:
		ok = none(b) || bytes.HasPrefix(b, []byte("TID_"))
	default:
		ok = true
	}
	return ok
}

// none reports whether b is how a log says that a text is absent.
func none(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }
