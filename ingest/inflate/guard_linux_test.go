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
