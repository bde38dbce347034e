package parse

import (
	"strings"
	"testing"
)

// TestCutOff cuts the last line of every plain log at every byte: it is damaged, unless it
// has a whole number of fields that lines have had, the last perhaps in part.
func TestCutOff(t *testing.T) {
	s := NewScanner()
	for kind, fields := range usualFields {
		line, whole := strings.Join(fields[:len(formats[kind].fields)], " "), map[int]bool{}
		for width, to := 0, 0; width < len(formats[kind].fields); width++ {
			from := to
			to += len(fields[width])
			old := width + 1
			if kind == KindClassic {
				old++
			}
			for at := from + 1; at <= to && naiveWidths[kind](old); at++ {
				whole[at] = fields[width][0] != '"' || at > from+1 && line[at-1] == '"' // with a last quote a quoted one is whole
			}
			to++
			whole[to] = whole[to-1] // with the blank
		}
		for at := 1; at <= len(line); at++ {
			for before, lines := range map[string]int{"": 1, line + "\n": 2} {
				s.Reset(strings.NewReader(before+line[:at]), kind)
				n, damaged := 0, false
				for s.Scan() {
					n, damaged = n+1, s.Damage() != nil
				}
				if n != lines || damaged == whole[at] {
					t.Errorf("%s, cut after %d of %d bytes, line %d of %d: damaged %t", kind, at, len(line), n, lines, damaged)
				}
			}
		}
	}
}

// TestOldLinesAreWhole: a line that has an end has not been cut.
func TestOldLinesAreWhole(t *testing.T) {
	fields := usualFields[KindAccess]
	for width := MinFields; width <= Fields; width++ {
		s := NewScanner()
		s.Reset(strings.NewReader(strings.Join(fields[:width], " ")+"\n"), KindAccess)
		for s.Scan() {
			if d := s.Damage(); d != nil {
				t.Errorf("%d fields: %v", width, d.Cause)
			}
		}
	}
}

// TestLinesThatEndWithCR: a text without LF is one line, and none of its entries is taken
// for all of them. A CR in a client's text is no end.
func TestLinesThatEndWithCR(t *testing.T) {
	for kind, fields := range usualFields {
		for n := 2; n < 5; n++ {
			line := strings.Join(fields[:len(formats[kind].fields)], " ")
			s := NewScanner()
			s.Reset(strings.NewReader(strings.Repeat(line+"\r", n)), kind)
			for s.Scan() {
				if s.Damage() == nil {
					t.Errorf("%s: %d lines with CR are an entry", kind, n)
				}
			}
		}
	}
	s := NewScanner()
	s.Reset(strings.NewReader(strings.Replace(strings.Join(usualFields[KindAccess], " "), "curl/", "curl\r", 1)+"\n"), KindAccess)
	for s.Scan() {
		if d := s.Damage(); d != nil || s.Access().Extra == 0 {
			t.Errorf("a CR in a text: %v", d)
		}
	}
}
