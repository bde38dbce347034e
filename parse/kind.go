package parse

import "bytes"

// Kind is which ELB log a line belongs to.
type Kind uint8

// The logs of Elastic Load Balancing.
const (
	KindUnknown Kind = iota
	KindAccess
	KindConnection
	KindHealthCheck
	KindNLB
	KindClassic
)

// String names the log as AWS does.
func (k Kind) String() string {
	switch k {
	case KindAccess:
		return "ALB access log"
	case KindConnection:
		return "ALB connection log"
	case KindHealthCheck:
		return "ALB health check log"
	case KindNLB:
		return "NLB access log"
	case KindClassic:
		return "Classic Load Balancer access log"
	}
	return "unknown"
}

// KindOf tells which log a line without its end belongs to, by the shape of its
// first fields. It is meant for objects whose names do not say.
func KindOf(line []byte) Kind {
	var f [8][]byte
	rest, n := line, 0
	for ; n < len(f) && len(rest) > 0; n++ {
		f[n], rest, _ = bytes.Cut(rest, []byte{' '})
	}
	if n < len(f) {
		return KindUnknown
	}
	var c clock
	stamp := func(b []byte) bool { _, ok := c.micros(b); return ok }
	switch {
	case stamp(f[1]) && (string(f[5]) == "PASS" || string(f[5]) == "FAIL"):
		return KindHealthCheck
	case stamp(f[1]) && bytes.IndexByte(f[3], ':') > 0:
		return KindAccess
	case string(f[0]) == "tls" && bytes.HasPrefix(f[3], []byte("net/")):
		return KindNLB
	case stamp(f[0]) && bytes.IndexByte(f[2], ':') > 0 && bytes.IndexByte(f[1], '.') < 0:
		return KindClassic
	case stamp(f[0]) && portOnly(f[2]) && portOnly(f[3]):
		return KindConnection
	}
	return KindUnknown
}

func portOnly(b []byte) bool {
	_, ok := integer(b)
	return ok && len(b) <= 5
}
