package inflate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"loglens/internal/guard"
)

// decodeAll decodes the blocks of a member as they lie in input. Through bufio,
// they would be copied to where it is safe.
func (z *Reader) decodeAll(t *testing.T, input, block []byte) error {
	t.Helper()
	in := bufio.NewReaderSize(bytes.NewReader(input), 64<<10)
	if err := z.Reset(in); err != nil {
		t.Fatal(err)
	}
	z.src, z.pos = input, len(input)-in.Buffered()
	z.in = bufio.NewReader(bytes.NewReader(nil))
	z.block, z.write, z.full = block, 0, len(block)-blockSlack
	return z.decode()
}

// Nothing outside of input and block is read or written, or the test would die:
// both lie against pages that cannot be touched.
func TestReaderBetweenGuardPages(t *testing.T) {
	text, err := os.ReadFile("testdata/access.log")
	if err != nil {
		t.Fatal(err)
	}
	z := new(Reader)
	for _, f := range fixtures(t, "access") {
		for _, cut := range []int{0, 1, 7, 8, 9, 10, 20, 50, 300, 2000} {
			for _, atEnd := range []bool{false, true} {
				size := len(f.stored) - cut
				input, block := guard.Bytes(t, size, atEnd), guard.Bytes(t, ownSize+17, atEnd)
				copy(input, f.stored)
				err := z.decodeAll(t, input, block)
				switch got := block[:z.write]; {
				case cut > trailerSize:
					if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(text, got) {
						t.Errorf("%s, %d bytes cut off: %d bytes of text, error %v", f.name, cut, len(got), err)
					}
				case err != nil || z.pos != len(f.stored)-trailerSize || !bytes.Equal(got, text):
					t.Errorf("%s: %d bytes of text, want %d; error %v, %d of %d bytes taken", f.name, len(got), len(text), err, z.pos, size)
				}
			}
		}
	}
	// Blocks that are filled to their end, with history before them.
	for name, text := range texts() {
		for i, p := range packers(t) {
			if testing.Short() && i%4 > 0 {
				continue
			}
			for _, atEnd := range []bool{false, true} {
				block, got := guard.Bytes(t, ownSize, atEnd), []byte(nil)
				err := z.Reset(reading(p.make(text), 4096))
				for err == nil {
					var n int
					n, err = z.Read(block)
					got = append(got, block[:n]...)
				}
				if !errors.Is(err, io.EOF) || !bytes.Equal(got, text) {
					t.Errorf("%s of %s: %d bytes, error %v; want %d, EOF", p.name, name, len(got), err, len(text))
				}
			}
		}
	}
}

// Rounds of fast that take as much input as can be, or write as much as can be, each at
// every distance from the end.
func TestReaderGreediestRounds(t *testing.T) {
	z := new(Reader)

	// Two literals of 10 bits, a length of 15 and 5, and a distance of 15 and 13.
	litlens := steep(sentLitlens, '0', '1', '2', '3', '4', '5', '6', '7', '8', 'a', 'b', 'c', 'd', 'e', endOfBlock, 284)
	distances := steep(sentDistances, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 28, 29)
	w := new(bitWriter)
	w.describe(1, litlens, distances)
	for w.symbol(litlens, 'a'); w.n < 5000; { // 227 bytes each, of distance 1
		w.symbol(litlens, 284).bits(0, 5).symbol(distances, 0)
	}
	for range 30 {
		w.symbol(litlens, 'a').symbol(litlens, 'a').symbol(litlens, 284).bits(30, 5).symbol(distances, 29).bits(0x1fff, 13)
	}
	stored, block := wrap(w.b, nil), make([]byte, 2*ownSize)
	for cut := 1; cut <= 40; cut++ {
		input := guard.Bytes(t, len(stored)-trailerSize-cut, true)
		copy(input, stored)
		if err := z.decodeAll(t, input, block); !errors.Is(err, io.ErrUnexpectedEOF) || len(bytes.Trim(block[:z.write], "a")) > 0 {
			t.Fatalf("%d bytes cut off: %d bytes of text, error %v", cut, z.write, err)
		}
	}

	// Two pairs of literals and a match of 258.
	litlens, distances = steep(sentLitlens, 'a', endOfBlock, 285), steep(sentDistances, 8, 9)
	w = new(bitWriter)
	w.describe(1, litlens, distances)
	for range 17 {
		w.symbol(litlens, 'a')
	}
	for range 1000 { // more than worthPairs
		w.symbol(litlens, 'a').symbol(litlens, 'a').symbol(litlens, 'a').symbol(litlens, 'a')
		w.symbol(litlens, 285).symbol(distances, 8).bits(0, 3)
	}
	stored = wrap(w.b, nil)
	whole := guard.Bytes(t, ownSize+4+maxMatch, true)
	for begin := range 4 + maxMatch {
		block := whole[begin:]
		if err := z.decodeAll(t, stored, block); err != nil || len(bytes.Trim(block[:z.write], "a")) > 0 {
			t.Fatalf("block of %d bytes: %d bytes of text, error %v", len(block), z.write, err)
		}
	}
}
