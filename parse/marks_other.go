//go:build !amd64

package parse

const vectors = false

func markVectors(*marks, []byte, *marker) int { panic("no vectors") }
