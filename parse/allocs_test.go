package parse

import (
	"strings"
	"testing"
)

// TestScannerAllocatesNothing: not per line, not per damaged line, not per
// object once the scanner is warm, whatever the log and its form.
func TestScannerAllocatesNothing(t *testing.T) {
	s, r := NewScanner(), strings.NewReader("")
	var entries, damaged, failed, touched int
	read := func(text string) {
		r.Reset(text)
		s.Reset(r, KindUnknown)
		for s.Scan() {
			if d := s.Damage(); d != nil {
				damaged++
			}
			if e := s.Access(); e != nil {
				entries++
				if v, ok := e.Classify(); ok {
					failed++
					touched += len(v.Reason)
				}
				verb, url, protocol := e.RequestLine()
				ip, port := e.Addr(FieldClient)
				created, _ := e.CreationTime()
				touched += len(verb) + len(url) + len(protocol) + len(ip) + len(port) + int(created%2) + int(e.Seconds(FieldTargetTime))
			}
			if e := s.Entry(); e != nil {
				entries++
				for i := range e.Width() {
					ip, port := e.Addr(i)
					touched += len(e.Text(i)) + len(ip) + len(port) + int(e.Seconds(i)) + int(e.Integer(i)%2)
				}
			}
		}
	}
	var all strings.Builder
	for name, text := range logs(t) {
		// One file of the folder ends in the middle of a line on purpose.
		text = strings.Repeat(text+"\n", 20)
		all.WriteString(text)
		t.Run(name, func(t *testing.T) {
			read(text) // warm up
			if n := testing.AllocsPerRun(5, func() { read(text) }); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	if entries < 1000 || damaged < 300 || failed < 1000 || touched == 0 {
		t.Fatalf("%d entries, %d damaged, %d failed: the streams are not mixed", entries, damaged, failed)
	}
	t.Run("long lines", func(t *testing.T) {
		// Lines of half a MiB make the buffers grow, step by step, and Reset gives
		// them back: that is per object, and bounded.
		const perObject = 100
		text := all.String() + strings.Repeat("x", LineLimit/2) + "\n" + `{"time":"` + strings.Repeat("x", LineLimit/2) + `","elb_status_code":1}`
		read(text)
		if n := testing.AllocsPerRun(5, func() { read(text) }); n > perObject {
			t.Errorf("%v allocations, want at most %d", n, perObject)
		}
	})
}
