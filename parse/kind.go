package parse

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

// requests reports whether the entries are requests, and read into an Access.
func (k Kind) requests() bool { return k == KindAccess || k == KindClassic }

// headShape is how many fields KindOf looks at; all logs differ within them.
const headShape = HealthReasonCode + 1

// KindOf tells which log a line without its end belongs to: a plain one by the
// shape of its first fields, JSON and the #Fields line of a W3C file by the names
// of the columns. The rest may be cut off or damaged. It is KindUnknown for a
// line that is of no log, or too short to tell.
func KindOf(line []byte) Kind {
	var v vended
	var w w3cColumns
	switch {
	case beginsJSON(line):
		v.object(line)
		return v.kindOf()
	case w.header(line):
		v.n, v.means = w.n, w.means
		return v.kindOf()
	}
	var l cells
	l.raw = line
	l.cutRare(grammar{runs: true})
	if l.n < headShape {
		return KindUnknown
	}
	var c clock
	for k := KindAccess; k <= KindClassic; k++ {
		if formats[k].misfit(&l, &c, headShape) < 0 {
			return k
		}
	}
	return KindUnknown
}
