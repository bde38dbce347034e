package parse

import "bytes"

// loggedClasses gives the class of an error_reason by the beginning of its
// name; the first that fits counts.
// Source: AWS, "Error reason codes", read 2026-11; Target_ names are not AWS's,
// and are passed through where a line has them.
var loggedClasses = [...]struct {
	prefix []byte
	class  Class
}{
	{[]byte("Target_"), ClassTarget},
	{[]byte("Lambda"), ClassLambda},
	{[]byte("WAF"), ClassPolicy},
	{[]byte("Auth"), ClassPolicy},
	{[]byte("JWT"), ClassPolicy},
	{[]byte("JWKS"), ClassPolicy},
	{[]byte("AWSALBTGCookieInvalid"), ClassClient},
	{[]byte("WeightedTargetGroupsUnhandledException"), ClassBalancer},
}

// loggedClass returns the class of a logged reason; a word that nobody knows
// is unknown, so that it is counted and seen.
func loggedClass(word []byte) Class {
	for _, l := range loggedClasses {
		if bytes.HasPrefix(word, l.prefix) {
			return l.class
		}
	}
	return ClassUnknown
}
