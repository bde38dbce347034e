package inflate

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	klauspost "github.com/klauspost/compress/gzip"
)

// A result is what a decoder makes of stored bytes.
type result struct {
	text []byte
	rest int   // bytes behind the member, if err is nil
	err  error // nil for a whole member
}

// member is what both decoders are to their tests.
type member interface {
	Reset(in *bufio.Reader) error
	Read(p []byte) (int, error)
}

// standard is compress/gzip, which all are compared with.
type standard struct{ gzip.Reader }

func (s *standard) Reset(in *bufio.Reader) error {
	err := s.Reader.Reset(in)
	s.Multistream(false)
	return err
}

// inflate reads one member in pieces of up to chunk bytes.
func inflate(m member, in *bufio.Reader, chunk int) (r result) {
	r.err = m.Reset(in)
	p := make([]byte, chunk)
	for r.err == nil {
		var n int
		n, r.err = m.Read(p)
		r.text = append(r.text, p[:n]...)
	}
	if errors.Is(r.err, io.EOF) {
		rest, _ := io.Copy(io.Discard, in)
		r.rest = int(rest)
	}
	return r
}

// reading returns a bufio.Reader of at least 16 bytes over stored.
func reading(stored []byte, buffer int) *bufio.Reader {
	var in io.Reader = bytes.NewReader(stored)
	if buffer < 0 {
		in, buffer = iotest.OneByteReader(in), 16
	}
	return bufio.NewReaderSize(struct{ io.Reader }{in}, buffer)
}

// compare fails if ours and compress/gzip do not agree about stored.
func compare(t testing.TB, z *Reader, stored []byte, buffer, chunk int) {
	t.Helper()
	got := inflate(z, reading(stored, buffer), chunk)
	want := inflate(new(standard), reading(stored, 4096), 4096)
	if len(stored) >= headerSize && bytes.HasPrefix(stored, []byte{magic1, magic2, methodDeflate}) && stored[3]&flagReserved != 0 {
		if !errors.Is(got.err, ErrHeader) { // compress/gzip does not refuse them
			t.Fatalf("error %v with reserved flags, want %v", got.err, ErrHeader)
		}
		return
	}
	if err := agree(got, want); err != nil {
		t.Fatalf("%v\nours: %d bytes, %d behind, error %v; compress/gzip: %d bytes, %d behind, error %v\n%x",
			err, len(got.text), got.rest, got.err, len(want.text), want.rest, want.err, stored[:min(len(stored), 400)])
	}
}

// agree compares verdicts and text. Where a member is bad, there are two
// differences: we refuse a code that cannot end a block before its text, and
// compress/gzip wants as many bits as the end of the block has before it looks
// at a shorter symbol.
func agree(got, want result) error {
	var corrupt flate.CorruptInputError
	var same bool
	switch {
	case errors.Is(got.err, errNoEnd):
		same = !errors.Is(want.err, io.EOF)
	case errors.Is(want.err, io.EOF), errors.Is(want.err, io.ErrUnexpectedEOF):
		same = errors.Is(got.err, want.err) || errors.Is(want.err, io.ErrUnexpectedEOF) && errors.Is(got.err, ErrCorrupt)
	case errors.Is(want.err, gzip.ErrHeader):
		same = errors.Is(got.err, ErrHeader)
	case errors.Is(want.err, gzip.ErrChecksum):
		same = errors.Is(got.err, ErrChecksum)
	case errors.As(want.err, &corrupt):
		same = errors.Is(got.err, ErrCorrupt)
	}
	if !same {
		return errors.New("verdicts differ")
	}
	switch {
	case errors.Is(got.err, errNoEnd):
		same = bytes.HasPrefix(want.text, got.text)
	case errors.Is(want.err, io.ErrUnexpectedEOF):
		same = bytes.HasPrefix(got.text, want.text)
	default:
		same = bytes.Equal(got.text, want.text)
	}
	if !same {
		return errors.New("texts differ")
	}
	if errors.Is(got.err, io.EOF) && got.rest != want.rest {
		return errors.New("positions differ")
	}
	return nil
}

// packer makes a member of a text.
type packer struct {
	name string
	make func(text []byte) []byte
}

// packers are all levels of both libraries.
func packers(t testing.TB) (all []packer) {
	pack := func(text []byte, w io.WriteCloser, err error, b *bytes.Buffer) []byte {
		if err == nil {
			_, err = w.Write(text)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
		all = append(all, packer{fmt.Sprint("compress level ", level), func(text []byte) []byte {
			b := new(bytes.Buffer)
			w, err := gzip.NewWriterLevel(b, level)
			return pack(text, w, err, b)
		}}, packer{fmt.Sprint("klauspost level ", level), func(text []byte) []byte {
			b := new(bytes.Buffer)
			w, err := klauspost.NewWriterLevel(b, level)
			return pack(text, w, err, b)
		}})
	}
	return all
}

// wrap puts deflate data into a member for text.
func wrap(data, text []byte) []byte {
	b := append([]byte{magic1, magic2, methodDeflate, 0, 0, 0, 0, 0, 0, 255}, data...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(text))
	return binary.LittleEndian.AppendUint32(b, uint32(len(text)))
}

// texts are what members are made of.
func texts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var log, skewed, short bytes.Buffer
	for log.Len() < 500_000 {
		fmt.Fprintf(&log, "https 2026-11-22T03:%02d:%02d.%06dZ app/shop/a1 10.0.%d.%d:443 %x\n", r.IntN(60), r.IntN(60), r.IntN(1e6), r.IntN(256), r.IntN(256), r.Uint64())
	}
	for skewed.Len() < 300_000 { // codes of all widths
		skewed.WriteByte(byte(min(r.ExpFloat64()*12, 255)))
	}
	for short.Len() < 200_000 { // distances of 1 to 20
		word := noise[r.IntN(1000):][:1+r.IntN(20)]
		short.Write(bytes.Repeat(word, 1+r.IntN(60)))
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {'x'}, "line": []byte("GET / HTTP/1.1\n"),
		"log": log.Bytes(), "noise": noise, "zeros": make([]byte, 400_000),
		"skewed": skewed.Bytes(), "short distances": short.Bytes(),
		"far distances": bytes.Repeat(noise[:historySize], 8), "just too far": bytes.Repeat(noise[:historySize+1], 8),
	}
}

func TestReader(t *testing.T) {
	z := new(Reader) // one for all, as a worker has
	r := rand.New(rand.NewPCG(3, 4))
	all := packers(t)
	for name, text := range texts() {
		t.Run(name, func(t *testing.T) {
			for _, p := range all {
				stored := append(p.make(text), "garbage"...)
				for _, buffer := range []int{64 << 10, 16 + r.IntN(5000)} {
					got := inflate(z, reading(stored, buffer), 1+r.IntN(300_000))
					if !errors.Is(got.err, io.EOF) || got.rest != len("garbage") || !bytes.Equal(got.text, text) {
						t.Errorf("%s, buffer %d: %d bytes, %d behind, error %v; want %d bytes, 7 behind, EOF", p.name, buffer, len(got.text), got.rest, got.err, len(text))
					}
				}
			}
		})
	}
}

// The files are access.log as written by gzip(1) 1.12 and by zlib 1.2.13 with
// its strategies, a memory level of 1, and flushes.
func TestReaderOtherWriters(t *testing.T) {
	text, err := os.ReadFile("testdata/access.log")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/*.gz")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, error %v", len(names), err)
	}
	z := new(Reader)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			stored, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, buffer := range []int{-1, 16, 17, 100, 4096, 64 << 10} {
				got := inflate(z, reading(stored, buffer), 4096)
				if !errors.Is(got.err, io.EOF) || got.rest != 0 || !bytes.Equal(got.text, text) {
					t.Errorf("buffer %d: %d bytes, %d behind, error %v", buffer, len(got.text), got.rest, got.err)
				}
			}
		})
	}
}

// smallMembers are members that are short enough to damage them in all ways.
func smallMembers(t testing.TB) (members [][]byte) {
	t.Helper()
	lines := texts()["log"][:300]
	for _, p := range packers(t) {
		switch p.name {
		case "compress level -2", "compress level 0", "compress level 6", "klauspost level 1", "klauspost level 9":
			members = append(members, p.make(lines))
		}
	}
	var named bytes.Buffer
	w := gzip.NewWriter(&named)
	w.Name, w.Comment, w.Extra = "access.log", "a comment", []byte("extra")
	w.Write([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaa fixed"))
	w.Close()
	summed := append([]byte(nil), named.Bytes()...)
	head := headerSize + 2 + len("extra") + len("access.log") + 1 + len("a comment") + 1
	summed[3] |= flagHeaderCRC
	sum := binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE(summed[:head])))
	summed = append(summed[:head:head], append(sum, summed[head:]...)...)
	return append(members, named.Bytes(), summed)
}

func TestReaderTruncated(t *testing.T) {
	z := new(Reader)
	for _, stored := range smallMembers(t) {
		for n := range stored {
			for _, buffer := range []int{-1, 64, 4096} {
				compare(t, z, stored[:n], buffer, 100)
			}
		}
	}
}

func TestReaderFlippedBits(t *testing.T) {
	z := new(Reader)
	for i, stored := range smallMembers(t) {
		compare(t, z, stored, 4096, 100)
		for bit := range 8 * len(stored) {
			damaged := append(append([]byte(nil), stored...), "and garbage that may be taken for data"...)
			damaged[bit/8] ^= 1 << (bit % 8)
			compare(t, z, damaged, []int{-1, 50, 4096}[(i+bit)%3], 1000)
		}
	}
}

// bitWriter writes deflate data by hand.
type bitWriter struct {
	b []byte
	n uint
}

func (w *bitWriter) bits(v uint, n uint) *bitWriter {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
	return w
}

// code writes a Huffman code, whose first bit is the highest.
func (w *bitWriter) code(v uint, n uint) *bitWriter {
	for i := range n {
		w.bits(v>>(n-1-i)&1, 1)
	}
	return w
}

func fixed() *bitWriter { return new(bitWriter).bits(1|blockFixed<<1, 3) }

// dynamic begins a dynamic block whose precode has 2 bits each for the symbols
// 0, 1, 2 and 18: codes 00, 01, 10, 11.
func dynamic(litlens, distances uint) *bitWriter {
	w := new(bitWriter).bits(1|blockDynamic<<1, 3).bits(litlens-257, 5).bits(distances-1, 5).bits(18-4, 4)
	for _, symbol := range precodeOrder[:18] {
		n := uint(0)
		if symbol <= 2 || symbol == repeatZeroFar {
			n = 2
		}
		w.bits(n, 3)
	}
	return w
}

// zeros repeats a code length of zero 11 to 138 times.
func (w *bitWriter) zeros(n uint) *bitWriter { return w.code(3, 2).bits(n-11, 7) }

// alphabet sends code lengths so that 'a' has 1 bit, end of block and length 3
// have 2 each, followed by the distances' lengths.
func alphabet(distances ...uint) *bitWriter {
	w := dynamic(258, uint(len(distances))).zeros('a').code(1, 2).zeros(138).zeros(256-'a'-1-138).code(2, 2).code(2, 2)
	for _, n := range distances {
		w.code(n, 2)
	}
	return w
}

// between is a fixed, a dynamic and two more fixed blocks, each with an 'a'.
func between() *bitWriter {
	w := new(bitWriter).bits(blockFixed<<1, 3).code(0x30+'a', 8).code(0, 7)
	dynamic := alphabet(0).code(0, 1).code(2, 2)
	for i := range dynamic.n {
		w.bits(uint(dynamic.b[i/8]>>(i%8))&1&^(1>>i), 1) // not the last block
	}
	w.bits(blockFixed<<1, 3).code(0x30+'a', 8).code(0, 7)
	return w.bits(1|blockFixed<<1, 3).code(0x30+'a', 8).code(0, 7)
}

func TestReaderRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		data *bitWriter
		text string
		want error
	}{
		{"empty fixed block", fixed().code(0, 7), "", io.EOF},
		{"fixed block", fixed().code(0x30+'a', 8).code(1, 7).code(0, 5).code(0, 7), "aaaa", io.EOF},
		{"empty block without text before the last", new(bitWriter).bits(blockFixed<<1, 3).code(0, 7).bits(1|blockFixed<<1, 3).code(0, 7), "", io.EOF},
		{"dynamic block between fixed ones", between(), "aaaa", io.EOF},
		{"reserved block type", new(bitWriter).bits(7, 3), "", errBlockType},
		{"stored", new(bitWriter).bits(1, 8).bits(1, 16).bits(0xfffe, 16).bits('a', 8), "a", io.EOF},
		{"stored, complement wrong", new(bitWriter).bits(1, 8).bits(1, 16).bits(0xffff, 16).bits('a', 8), "", errStored},
		{"length symbol 286", fixed().code(0xc6, 8), "", errSymbol},
		{"length symbol 287", fixed().code(0xc7, 8), "", errSymbol},
		{"distance symbol 30", fixed().code(0x30+'a', 8).code(1, 7).code(30, 5), "a", errSymbol},
		{"distance symbol 31", fixed().code(0x30+'a', 8).code(1, 7).code(31, 5), "a", errSymbol},
		{"distance before the text", fixed().code(1, 7).code(0, 5), "", errDistance},
		{"distance one too far", fixed().code(0x30+'a', 8).code(1, 7).code(1, 5), "a", errDistance},
		{"287 literals and lengths", dynamic(287, 1), "", errCount},
		{"31 distances", dynamic(257, 31), "", errCount},
		{"repetition of nothing", new(bitWriter).bits(1|blockDynamic<<1, 3).bits(0, 14).bits(1, 3).bits(1, 3).bits(0, 6).code(0, 1), "", errRepeat},
		{"repetition beyond the end", dynamic(257, 1).zeros(138).zeros(138), "", errRepeat},
		{"over-subscribed precode", new(bitWriter).bits(1|blockDynamic<<1, 3).bits(0, 14).bits(1, 3).bits(1, 3).bits(1, 3).bits(0, 3), "", errOversubscribed},
		{"incomplete precode", new(bitWriter).bits(1|blockDynamic<<1, 3).bits(0, 14).bits(2, 3).bits(2, 3).bits(0, 6), "", errIncomplete},
		{"precode without symbols", new(bitWriter).bits(1|blockDynamic<<1, 3).bits(0, 14).bits(0, 12), "", errSymbol},
		{"no end of block", dynamic(257, 1).code(1, 2).code(1, 2).zeros(138).zeros(116).code(0, 2).code(1, 2), "", errNoEnd},
		{"only an end of block", dynamic(257, 1).zeros(138).zeros(118).code(1, 2).code(0, 2).bits(0, 1), "", io.EOF},
		{"only an end of block, the other bit", dynamic(257, 1).zeros(138).zeros(118).code(1, 2).code(0, 2).bits(1, 1), "", errSymbol},
		{"only an end of block, of two bits", dynamic(257, 1).zeros(138).zeros(118).code(2, 2).code(0, 2).bits(0, 2), "", errIncomplete},
		{"over-subscribed code", dynamic(259, 1).zeros('a').code(1, 2).zeros(138).zeros(256-'a'-1-138).code(1, 2).code(1, 2).code(1, 2).code(1, 2), "", errOversubscribed},
		{"no distances", alphabet(0).code(0, 1).code(2, 2), "a", io.EOF},
		{"no distances, but one is used", alphabet(0).code(0, 1).code(3, 2).bits(0, 1), "a", errSymbol},
		{"one distance", alphabet(1).code(0, 1).code(3, 2).bits(0, 1).code(2, 2), "aaaa", io.EOF},
		{"one distance, the other bit", alphabet(1).code(0, 1).code(3, 2).bits(1, 1).code(2, 2), "a", errSymbol},
		{"one distance of two bits", alphabet(2), "", errIncomplete},
		{"three distances of two bits", alphabet(2, 2, 2), "", errIncomplete},
		{"three distances of one bit", alphabet(1, 1, 1), "", errOversubscribed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stored := append(wrap(tt.data.b, []byte(tt.text)), make([]byte, 64)...)
			z := new(Reader)
			for _, buffer := range []int{-1, 4096} { // the careful loop, and both
				got := inflate(z, reading(stored, buffer), 10)
				if !errors.Is(got.err, tt.want) || string(got.text) != tt.text {
					t.Errorf("buffer %d: %q, error %v; want %q, %v", buffer, got.text, got.err, tt.text, tt.want)
				}
				compare(t, z, stored, buffer, 10)
			}
		})
	}
}

func TestReaderHeader(t *testing.T) {
	rest := wrap(fixed().code(0, 7).b, nil)[headerSize:]
	header := func(flags byte, more string) []byte {
		return append(append([]byte{magic1, magic2, methodDeflate, flags, 0, 0, 0, 0, 0, 255}, more...), rest...)
	}
	for _, tt := range []struct {
		name   string
		stored []byte
		want   error
	}{
		{"nothing", nil, io.EOF},
		{"one byte", []byte{magic1}, io.ErrUnexpectedEOF},
		{"plain", header(0, ""), io.EOF},
		{"text flag", header(1, ""), io.EOF},
		{"name", header(flagName, "access.log\x00"), io.EOF},
		{"longest name", header(flagName, string(bytes.Repeat([]byte("x"), stringMax-1))+"\x00"), io.EOF},
		{"too long a name", header(flagName, string(bytes.Repeat([]byte("x"), stringMax))+"\x00"), ErrHeader},
		{"comment", header(flagComment, "\xe9\x00"), io.EOF},
		{"extra", header(flagExtra, "\x03\x00abc"), io.EOF},
		{"no extra", header(flagExtra, "\x00\x00"), io.EOF},
		{"wrong header checksum", header(flagHeaderCRC, "\x00\x00"), ErrHeader},
		{"reserved flag", header(1<<5, ""), ErrHeader},
		{"method", append([]byte{magic1, magic2, 7}, header(0, "")[3:]...), ErrHeader},
		{"magic", append([]byte{magic1, 0}, header(0, "")[2:]...), ErrHeader},
		{"extra cut short", header(flagExtra, "\xff\xff"), io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z := new(Reader)
			if got := inflate(z, reading(tt.stored, 100), 10); !errors.Is(got.err, tt.want) {
				t.Errorf("error %v, want %v", got.err, tt.want)
			}
			compare(t, z, tt.stored, -1, 10)
		})
	}
}

// An error of the input must come out as it is, and only where it is met.
func TestReaderBrokenInput(t *testing.T) {
	broken := errors.New("the line went dead")
	z := new(Reader)
	for _, stored := range smallMembers(t) {
		for n := range len(stored) + 1 {
			in := io.MultiReader(bytes.NewReader(stored[:n]), iotest.ErrReader(broken))
			got := inflate(z, bufio.NewReaderSize(in, 64), 100)
			want := broken
			if n == len(stored) {
				want = io.EOF // nobody asked for more
			}
			if !errors.Is(got.err, want) {
				t.Fatalf("cut at %d of %d: error %v, want %v", n, len(stored), got.err, want)
			}
		}
	}
}

func TestReaderAllocatesNothing(t *testing.T) {
	stored, err := os.ReadFile("testdata/gzip-6.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, source, p := new(Reader), bytes.NewReader(nil), make([]byte, 32<<10)
	in := bufio.NewReaderSize(source, 64<<10)
	allocs := testing.AllocsPerRun(100, func() {
		source.Reset(stored)
		in.Reset(source)
		err := z.Reset(in)
		for err == nil {
			_, err = z.Read(p)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for a member, want none", allocs)
	}
}

// Stored bytes, input buffer and output chunks are all the fuzzer's choice.
func FuzzReader(f *testing.F) {
	for _, stored := range smallMembers(f) {
		f.Add(stored, int16(4096), uint16(100))
		f.Add(append(stored, "garbage"...), int16(-1), uint16(1))
	}
	names, _ := filepath.Glob("testdata/zlib-*.gz")
	for _, name := range names {
		stored, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stored[:min(len(stored), 3000)], int16(1000), uint16(5000))
	}
	z := new(Reader)
	f.Fuzz(func(t *testing.T, stored []byte, buffer int16, chunk uint16) {
		compare(t, z, stored, int(buffer), 1+int(chunk))
	})
}
