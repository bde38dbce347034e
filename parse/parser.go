package parse

// Parser reads single lines that have been kept, as a Scanner reads a stream.
// The zero value is ready. A Parser belongs to one goroutine.
type Parser struct {
	clock  clock
	access Access
}

// Parse reads one line without its end. The entry is the parser's own and a
// view of line; it is valid until the next Parse and as long as line is not
// changed. It is nil if the line is damaged.
func (p *Parser) Parse(line []byte) *Access {
	if p.access.set(line, &p.clock).kind != whole {
		return nil
	}
	return &p.access
}
