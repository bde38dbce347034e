package parse

import "slices"

// reader reads single lines of any log. kind has to be set.
type reader struct {
	kind   Kind // what the lines are thought to be: the hint, or what the last good line was
	clock  clock
	cells  cells
	access Access
	entry  Entry
	marks  marks  // of the line at hand, unless its fields were cut at once
	text   []byte // a copy of it, where it does not lie in a larger buffer

	vended  vended
	columns w3cColumns
	left    [KindNLB + 1]leftOut // by kind
}

// reset forgets the lines before.
func (r *reader) reset(kind Kind) {
	r.kind, r.columns.n = kind, 0
	clear(r.left[:])
	if cap(r.vended.line) > blockSize || cap(r.vended.decoded) > blockSize {
		r.vended.line, r.vended.decoded = nil, nil
	}
}

// read reads one line without its end. Whatever the hint says, the line
// decides: so objects of a wrong name and files thrown together are read as
// what they are.
func (r *reader) read(line []byte) Cause {
	var cause Cause
	if r.columns.n > 0 {
		if cause = r.w3c(line); cause.kind == whole {
			return cause
		}
	}
	switch {
	case beginsJSON(line):
		return r.json(line)
	case r.columns.header(line):
		r.columnsTell()
		return Cause{kind: header}
	case r.columns.hold(line):
		return cause
	}
	plain := r.plain(line)
	if plain.bad() && r.columns.n > 0 {
		return cause // cut off before its first tab, most likely
	}
	return plain
}

// columnsTell takes over which log it is from the names of the columns.
func (r *reader) columnsTell() {
	r.vended.n, r.vended.means = r.columns.n, r.columns.means
	r.namesTell()
}

// namesTell takes over which log it is from the names of a vended line, whatever its
// values are.
func (r *reader) namesTell() {
	if kind, tied := r.vended.kind(r.kind); !tied {
		r.kind = kind
	}
}

// kept reads a line as Raw has returned it, which is a plain one.
func (r *reader) kept(line []byte, expected Kind) Cause {
	if r.kind = expected; r.kind == KindAccess && r.glanceAt(line) {
		return Cause{}
	}
	return r.plain(line)
}

// plain reads a line of fields in the order of their log. A line that the usual
// grammar cannot read, or not alone, is read under each of the rarer ones: the
// first under which all fields are what they should be wins, down to those far
// down the line whose look tells. The plain reading needs no more than any other
// line does. A line of nothing but spaces is empty.
func (r *reader) plain(line []byte) Cause {
	r.cells.raw = line
	if cut := r.cells.cut(); cut != doubtful {
		return r.settle(cut, false)
	}
	for _, g := range grammars {
		usual := g == grammar{}
		cause := r.settle(r.cells.cutRare(g), !usual)
		if usual || cause.kind == whole || cause.kind == emptyLine {
			return cause
		}
	}
	panic("unreachable: the last grammar always returns")
}

// settle makes an entry of the cut fields under the format that they fit, the
// expected one first. If they fit none, what the expected one misses is the cause.
func (r *reader) settle(cut causeKind, tell bool) Cause {
	if cut == openQuote {
		return Cause{openQuote, r.kind, uint8(min(r.cells.n, maxFields))}
	}
	cause := formats[r.kind].check(&r.cells, &r.clock, tell)
	if cause.kind == emptyLine {
		return cause
	}
	if cause.kind == whole {
		r.take()
		return cause
	}
	for k := KindAccess; k <= KindClassic; k++ {
		if k != r.kind && formats[k].check(&r.cells, &r.clock, tell).kind == whole {
			r.kind = k
			r.take()
			return Cause{}
		}
	}
	return cause
}

// unended looks at an entry that the stream ends in: if its fields are as many as no
// line has had, it was cut. Where it is cut within its last field or at a width that
// lines have had, it cannot be told, nor if it has a line end all the same.
func (r *reader) unended() Cause {
	f, n := formats[r.kind], 0
	switch r.kind {
	case KindAccess:
		n = r.access.n
	case KindClassic:
		n = r.access.n - int(FieldTime)
	default:
		n = r.entry.n
	}
	if n == len(f.fields) || slices.Contains(f.widths, n) {
		return Cause{}
	}
	return Cause{cutOff, r.kind, uint8(n)}
}

// take makes the entry of the fields, which have been checked.
func (r *reader) take() {
	switch r.kind {
	case KindAccess:
		r.access.take(&r.cells, &r.clock)
	case KindClassic:
		r.access.takeClassic(&r.cells, &r.clock)
	default:
		r.entry.take(formats[r.kind], &r.cells, &r.clock)
	}
}
