//go:build amd64 || arm64

package parse

// markVectors is markWordwise with the processor's vectors. It reads no byte but those
// of text, of which there are whole blocks, and writes a word of m for each.
//
//go:noescape
func markVectors(m *marks, text []byte, state *marker) (length int)
