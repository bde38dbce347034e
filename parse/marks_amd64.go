package parse

import "golang.org/x/sys/cpu"

// vectors says that the processor has what markVectors needs.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPCLMULQDQ
