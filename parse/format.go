package parse

import (
	"bytes"
	"strings"
)

// format is what the lines of a log look like. Every log has its fields in one
// fixed order, and only ever gets new ones at the end: so lines of several
// widths stand side by side, and the format is data.
type format struct {
	kind   Kind
	least  int   // fields without which an entry says nothing
	time   int   // the field that is the entry's own time
	widths []int // how many fields lines have had before there were all
	fields []fieldFormat
}

// fieldFormat is what one field looks like.
type fieldFormat struct {
	name   string // AWS's
	form   form   // what its text must look like
	quoted bool   // AWS puts it in quotes; it may stand bare all the same
	needed bool   // a delivery whose columns lack it says nothing
	tell   form   // what it looks like where the line can be read in several ways
	told   part   // what reports tell of it or count by, reasons left aside
}

// formats by kind. No line fits two of them: the time stands in another place,
// or a field beside it cannot be what the other format wants there.
var formats = [...]*format{
	KindAccess: &accessFormat, KindConnection: &connectionFormat, KindHealthCheck: &healthFormat,
	KindNLB: &nlbFormat, KindClassic: &classicFormat,
}

// maxFields is the width of the widest format.
const maxFields = Fields

// check says what in the fields cannot be; with tell, it is as good as a wrong
// field if one of the telling fields looks wrong.
func (f *format) check(l *cells, c *clock, tell bool) Cause {
	switch {
	case l.n == 0:
		return Cause{kind: emptyLine}
	case l.n < f.least:
		return Cause{tooFewFields, f.kind, uint8(l.n)}
	case l.n > len(f.fields) && endsWithCR(l.raw):
		return Cause{kind: bareCR} // several lines, which would pass for one with new fields
	}
	if i := f.misfit(l, c, l.n); i >= 0 {
		return Cause{badField, f.kind, uint8(i)}
	}
	if tell {
		for i := range min(l.n, len(f.fields)) {
			if d := &f.fields[i]; d.tell != anyText && !d.tell.fits(l.at(i), c) {
				return Cause{kind: doubtful}
			}
		}
	}
	return Cause{}
}

// endsWithCR reports whether a line ends before the text does, at a CR: one that stands
// outside of quotes, where no text of a client is.
func endsWithCR(text []byte) bool {
	i := bytes.IndexByte(text, '\r')
	return i >= 0 && bytes.Count(text[:i], []byte{'"'})%2 == 0
}

// misfit returns the first of the first n fields that is not of its form, or -1.
func (f *format) misfit(l *cells, c *clock, n int) int {
	for i := range min(n, len(f.fields)) {
		if d := &f.fields[i]; d.form != anyText && !d.form.fits(l.at(i), c) {
			return i
		}
	}
	return -1
}

// name returns AWS's name of field i.
func (f *format) name(i int) string {
	if i < 0 || i >= len(f.fields) {
		return "unknown field"
	}
	return f.fields[i].name
}

// FieldNames returns the names of a log's fields in their order, as AWS writes
// them but for the colon of client:port and its like, which becomes an
// underscore. It is nil for KindUnknown.
func FieldNames(k Kind) []string {
	if k == KindUnknown || int(k) >= len(formats) {
		return nil
	}
	names := make([]string, len(formats[k].fields))
	for i, d := range formats[k].fields {
		names[i] = strings.ReplaceAll(d.name, ":", "_")
	}
	return names
}
