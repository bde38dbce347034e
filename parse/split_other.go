//go:build !amd64

package parse

// wide is never true.
var wide bool

func splitWide(*[maxFields + spareFields]span, []byte) (length, n int) { panic("no AVX-512") }
