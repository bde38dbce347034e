//go:build !amd64

package parse

// Neither is ever true.
var hasAVX2, hasAVX512 bool

func splitAVX2(*[maxFields + spareFields]span, []byte) (length, n int) { panic("no AVX2") }

func splitAVX512(*[maxFields + spareFields]span, []byte) (length, n int) { panic("no AVX-512") }
