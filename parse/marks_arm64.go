package parse

// hasNEON says that the processor has what markNEON needs: every one has.
var hasNEON = true

// markNEON is markWordwise with the processor's vectors. It reads no byte but those
// of text, of which there are whole blocks, and writes a word of m for each.
//
//go:noescape
func markNEON(m *marks, text []byte, state *marker) (length int)
