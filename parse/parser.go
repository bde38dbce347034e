package parse

// Parser reads single lines that have been kept, as Raw returns them. The zero
// value is ready. A Parser belongs to one goroutine.
type Parser struct{ reader reader }

// Parse reads one line without its end. The entry is the parser's own and a
// view of line; it is valid until the next line and as long as line is not
// changed. It is nil if the line is damaged, or of another log.
func (p *Parser) Parse(line []byte) *Access {
	if p.reader.kept(line, KindAccess).bad() || !p.reader.kind.requests() {
		return nil
	}
	return &p.reader.access
}

// Entry is Parse for the other logs.
func (p *Parser) Entry(line []byte) *Entry {
	if p.reader.kept(line, KindConnection).bad() || p.reader.kind.requests() {
		return nil
	}
	return &p.reader.entry
}
