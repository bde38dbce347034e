package parse

import "fmt"

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
	kind   causeKind
	format Kind
	field  uint8 // which; for tooFewFields and cutOff how many there were
}

type causeKind uint8

const (
	whole  causeKind = iota // an entry
	header                  // neither an entry nor damaged
	emptyLine
	tooLong
	tooFewFields
	cutOff
	bareCR
	openQuote
	badField
	missingColumn
	repeatedColumn
	tooManyColumns
	wrongCount
	brokenJSON
	nestedJSON
	doubtful // never leaves the package: the line is read again, see reader.plain
)

// bad reports whether the line is damaged.
func (c Cause) bad() bool { return c.kind > header }

// String says the cause in words, as in "elb_status_code is not a number".
func (c Cause) String() string {
	f, field := formats[c.format], int(c.field)
	switch c.kind {
	case emptyLine:
		return "empty line"
	case tooLong:
		return "line longer than 1 MiB"
	case tooFewFields:
		return fmt.Sprintf("only %d of at least %d fields", field, f.least)
	case cutOff:
		return fmt.Sprintf("cut off after %d fields, without a line end", field)
	case bareCR:
		return "a CR outside of texts: lines end with LF or CR LF"
	case openQuote:
		return f.name(field) + " has no closing quote"
	case badField:
		return f.name(field) + " is not " + f.fields[field].form.String()
	case missingColumn:
		return "there is no " + f.name(field)
	case repeatedColumn:
		return "there is more than one " + f.name(field)
	case tooManyColumns:
		return fmt.Sprintf("more than %d columns", maxColumns)
	case wrongCount:
		return "not as many values as #Fields has names"
	case brokenJSON:
		return "not a JSON object"
	case nestedJSON:
		return "a value is not text or a number, but JSON itself"
	}
	return "whole"
}
