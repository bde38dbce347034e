//go:build !arm64

package parse

// hasNEON is never true.
var hasNEON bool

func markNEON(*marks, []byte, *marker) int { panic("no NEON") }
