package parse

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestScannerLongLines goes around the limit with every line end and any chunks.
func TestScannerLongLines(t *testing.T) {
	good := logs(t)["width_36.log"]
	line, _, _ := strings.Cut(good, "\n")
	s := NewScanner()
	for length := LineLimit - 2; length <= LineLimit+3; length++ {
		for _, end := range []string{"\n", "\r\n", "", "\r"} {
			t.Run(fmt.Sprintf("%d%q", length, end), func(t *testing.T) {
				long := strings.Replace(line, "curl", strings.Repeat("x", length-len(line)+4), 1) + end
				if strings.HasSuffix(end, "\n") {
					long += good
				}
				agree(t, s, good+long, KindUnknown, rand.New(rand.NewPCG(uint64(length), 0)))
			})
		}
	}
	t.Run("far beyond", func(t *testing.T) {
		text := good + strings.Repeat("\xff", 5<<20) + "\n" + good + strings.Repeat("\"\\", 3<<20)
		agree(t, s, text, KindUnknown, rand.New(rand.NewPCG(3, 0)))
	})
}

// TestDeliveredLineGrows: a line that is written down with escapes may be longer
// than it was, and too long.
func TestDeliveredLineGrows(t *testing.T) {
	s := NewScanner()
	for _, n := range []int{LineLimit/4 - 400, LineLimit / 4} {
		text := `{"time":"2026-10-07T07:15:01Z","elb_status_code":200,"user_agent":"` + strings.Repeat("\x7f", n) + `"}`
		agree(t, s, text, KindUnknown, rand.New(rand.NewPCG(9, 0)))
	}
	if d := s.Damage(); d == nil || d.Cause.String() != "line longer than 1 MiB" {
		t.Errorf("the longer of them is no damage: %v", d)
	}
	s.Reset(strings.NewReader(""), KindUnknown)
	if n := max(cap(s.reader.vended.line), cap(s.reader.vended.decoded)); n > blockSize {
		t.Errorf("a buffer keeps %d bytes after Reset", n)
	}
}

// TestScannerManyLongLines: the beginning of each is kept, wherever in the
// buffer it lay, and the buffer shrinks again.
func TestScannerManyLongLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 0))
	var text strings.Builder
	for i := range 12 {
		fmt.Fprintf(&text, "short %d\nlong %d%s\n", i, i, strings.Repeat("x", LineLimit+rnd.IntN(2*LineLimit)))
	}
	s := NewScanner()
	agree(t, s, text.String(), KindUnknown, rnd)
	s.Reset(strings.NewReader(""), KindUnknown)
	if len(s.buf) != blockSize {
		t.Errorf("the buffer keeps %d bytes after Reset, want %d", len(s.buf), blockSize)
	}
}

// TestScannerLongLineBroken: a long line that the stream breaks off is no record.
func TestScannerLongLineBroken(t *testing.T) {
	broken := errors.New("connection reset")
	text := strings.Repeat("x", 3<<20)
	got, err := fast(NewScanner(), &chunked{text: text, sizes: rand.New(rand.NewPCG(1, 0)), err: broken}, KindUnknown)
	if len(got) != 0 || !errors.Is(err, broken) {
		t.Errorf("%d records, error %v; want none and %v", len(got), err, broken)
	}
}

// silent is a reader that never has anything to say.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestScannerNoProgress(t *testing.T) {
	got, err := fast(NewScanner(), silent{}, KindUnknown)
	if len(got) != 0 || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%d records, error %v; want none and %v", len(got), err, io.ErrNoProgress)
	}
}
