package parse

import (
	"slices"
	"strings"
	"testing"
)

// TestScannerAllocatesNothing: not per line, not per damaged line, not per
// object once the scanner is warm.
func TestScannerAllocatesNothing(t *testing.T) {
	var text strings.Builder
	texts := logs(t)
	var names []string
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 20 {
		for _, name := range names {
			text.WriteString(texts[name] + "\n")
		}
	}
	text.WriteString(strings.Repeat("x", LineLimit/2) + "\n")

	s, r := NewScanner(), strings.NewReader("")
	var entries, damaged, failed, touched int
	read := func() {
		r.Reset(text.String())
		s.Reset(r)
		for s.Scan() {
			if d := s.Damage(); d != nil {
				damaged++
				continue
			}
			entries++
			e := s.Access()
			if v, ok := e.Classify(); ok {
				failed++
				touched += len(v.Reason)
			}
			verb, url, protocol := e.RequestLine()
			ip, port := e.Addr(FieldClient)
			created, _ := e.CreationTime()
			touched += len(verb) + len(url) + len(protocol) + len(ip) + len(port) + int(created%2) + int(e.Seconds(FieldTargetTime))
		}
	}
	read() // warm up
	if entries < 1000 || damaged < 300 || failed < 1000 {
		t.Fatalf("%d entries, %d damaged, %d failed: the stream is not mixed", entries, damaged, failed)
	}
	// The line of half a MiB makes the buffer grow, and Reset gives it back:
	// that is per object, and bounded.
	const perObject = 3
	if n := testing.AllocsPerRun(5, read); n > perObject {
		t.Errorf("%v allocations for a stream of %d lines, want at most %d", n, (entries+damaged)/7, perObject)
	}
}
