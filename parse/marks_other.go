//go:build !amd64 && !arm64

package parse

// vectors is never true.
var vectors bool

func markVectors(*marks, []byte, *marker) int { panic("no vectors") }
