package parse

import "golang.org/x/sys/cpu"

// vectors says that the processor has what markVectors needs.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPCLMULQDQ

// markVectors is markWordwise with the processor's vectors. It reads no byte but those
// of text, of which there are whole blocks, and writes a word of m for each.
//
//go:noescape
func markVectors(m *marks, text []byte, state *marker) (length int)
