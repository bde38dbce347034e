package parse

import "bytes"

// A grammar is a reading of the line that the usual one does not cover. Each
// has been seen in real or published lines.
type grammar struct {
	// escapes: a quote behind an odd number of backslashes belongs to its field.
	escapes bool
	// runs: several spaces in a row separate two fields, not three.
	runs bool
}

// grammars are tried in this order; the last is the usual one. AWS leaves no
// field empty but elb_status_code, so several spaces are more likely to be a run.
var grammars = [...]grammar{{escapes: true, runs: true}, {runs: true}, {escapes: true}, {}}

// setRare reads a line that the usual grammar cannot read, or not alone. The
// first grammar under which every checkable field is what it should be wins;
// the plain reading needs no more than any other line does. A line of nothing
// but spaces is empty.
func (e *Access) setRare(c *clock) Cause {
	for _, g := range grammars {
		cause := e.cutRare(g)
		if cause.kind == whole {
			cause = e.check(c)
		}
		if g == (grammar{}) || cause.kind == emptyLine || cause.kind == whole && e.unshifted(c) {
			return cause
		}
	}
	panic("unreachable: the last grammar always returns")
}

// unshifted looks at two fields far down the line whose shape is known.
func (e *Access) unshifted(c *clock) bool {
	if arn := e.Text(FieldTargetGroup); arn != nil && !bytes.HasPrefix(arn, []byte("arn:")) {
		return false
	}
	if b := e.Text(FieldCreationTime); b != nil {
		_, ok := c.micros(b)
		return ok
	}
	return true
}

// cutRare is cut under a given grammar. Speed does not matter here.
func (e *Access) cutRare(g grammar) Cause {
	line := e.raw
	for p, n := 0, 0; ; n++ {
		for g.runs && p < len(line) && line[p] == ' ' {
			p++
		}
		if p >= len(line) {
			return e.width(n)
		}
		var to int
		from := p
		if line[p] == '"' {
			from = p + 1
			if to = g.closing(line, from); to < 0 {
				return Cause{openQuote, Field(min(n, Fields))}
			}
			p = to + 2
		} else {
			to = spaceFrom(line, p)
			p = to + 1
		}
		if n < len(e.span) {
			e.span[n] = span{uint32(from), uint32(to)}
		}
	}
}

// closing returns the place of the quote that ends the field beginning at p, or -1.
func (g grammar) closing(line []byte, p int) int {
	slashes := 0
	for i := p; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			slashes++
			continue
		case line[i] == '"' && (!g.escapes || slashes%2 == 0) && (i+1 == len(line) || line[i+1] == ' '):
			return i
		}
		slashes = 0
	}
	return -1
}
