package parse

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

// cutRare is cut under a given grammar. Speed does not matter here.
func (l *cells) cutRare(g grammar) (result causeKind) {
	l.n, result = g.cut(l.raw, l.span[:maxFields])
	return result
}

// cut finds the fields of a line and returns how many there are; those that
// spans have no room for are only counted.
func (g grammar) cut(line []byte, spans []span) (n int, result causeKind) {
	for p := 0; ; n++ {
		for g.runs && p < len(line) && line[p] == ' ' {
			p++
		}
		if p >= len(line) {
			return n, whole
		}
		var to int
		from := p
		if line[p] == '"' {
			from = p + 1
			if to = g.closing(line, from); to < 0 {
				return n, openQuote
			}
			p = to + 2
		} else {
			to = spaceFrom(line, p)
			p = to + 1
		}
		if n < len(spans) {
			spans[n] = span{uint32(from), uint32(to)}
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
