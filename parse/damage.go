package parse

import "strconv"

// Damage is a line that is not an entry. It is a record like any other: it is
// counted, and it says where it stands and what is wrong with it.
type Damage struct {
	Line   int64  // number of the line in its object, from 1
	Offset int64  // bytes of log text before the line
	Cause  Cause  // what is wrong
	Raw    []byte // the line's first 4 KiB without its end; a view, valid until the next Scan
}

// RawLimit is how many bytes of a damaged line are kept.
const RawLimit = 4 << 10

// Cause says why a line is damaged. Causes are comparable, and few: they serve
// as keys of a count.
type Cause struct {
	kind  causeKind
	field Field // for badField and openQuote; for tooFewFields how many there were
}

type causeKind uint8

const (
	whole causeKind = iota // not damaged
	emptyLine
	tooLong
	tooFewFields
	openQuote
	badField
	doubtful // never leaves the package: the line is read again, see setRare
)

// String says the cause in words, as in "elb_status_code is not a number".
func (c Cause) String() string {
	switch c.kind {
	case emptyLine:
		return "empty line"
	case tooLong:
		return "line longer than 1 MiB"
	case tooFewFields:
		return "only " + strconv.Itoa(int(c.field)) + " of at least " + strconv.Itoa(MinFields) + " fields"
	case openQuote:
		return c.field.String() + " has no closing quote"
	case badField:
		return c.field.String() + " is not " + shape(c.field)
	}
	return "whole"
}

// shape says what a checked field has to look like.
func shape(f Field) string {
	switch f {
	case FieldTime:
		return "a time such as 2026-10-07T07:15:01.101682Z"
	case FieldELBStatus, FieldTargetStatus:
		return "a status code"
	case FieldClient, FieldTarget:
		return "an address"
	default:
		return "a number"
	}
}
