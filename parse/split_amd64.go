package parse

import "golang.org/x/sys/cpu"

// wide says that the processor has what splitWide needs.
var wide = vectors && cpu.X86.HasPOPCNT &&
	cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI2

// splitWide does what mark and split do. It reads no byte but those of text, as many whole
// blocks of it as there are, and returns how long the line is and how many fields it has.
//
// n is 0 if the line is not plain or does not end within the blocks of text, or if it has
// a backslash, an empty field in quotes, more fields than are known, or more than 32
// beginnings and ends of fields in a block. Nothing is decided then, and fields may have
// been written.
//
//go:noescape
func splitWide(fields *[maxFields + spareFields]span, text []byte) (length, n int)
