package parse

import "golang.org/x/sys/cpu"

// hasAVX2 and hasAVX512 say that the processor has what the functions of that name need.
var (
	hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasPOPCNT

	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI2
)

// splitAVX2 does what mark and split do. It reads no byte but those of text, as many whole
// blocks of it as there are, and returns how long the line is and how many fields it has.
//
// n is 0 if the line is not plain or does not end within the blocks of text, or if it has
// a backslash, an empty field in quotes, more fields than are known, or more than 32
// beginnings and ends of fields in a block. Nothing is decided then, and fields may have
// been written.
//
// No faster were: the ends of fields alone, written down four at a time or as marks, and
// cut in Go (testdata/bench/2026-11-28-linux-amd64-2cpu-avx2/hot-path.txt).
//
//go:noescape
func splitAVX2(fields *[maxFields + spareFields]span, text []byte) (length, n int)

// splitAVX512 is splitAVX2.
//
// No faster were: an index of many lines at a time, places of 16 bits made wider at the end
// of a line, and marks in mask registers
// (testdata/bench/2026-11-27-linux-amd64-2cpu/hot-path.txt).
//
//go:noescape
func splitAVX512(fields *[maxFields + spareFields]span, text []byte) (length, n int)
