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
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	klauspost "github.com/klauspost/compress/gzip"
)

// A result is what a decoder makes of stored bytes.
type result struct {
	text []byte
	rest int   // bytes behind the member, if err is nil
	err  error // nil for a whole member
}

// member is what all decoders are to their tests.
type member interface {
	Reset(in *bufio.Reader) error
	Read(p []byte) (int, error)
}

// standard is compress/gzip.
type standard struct{ gzip.Reader }

func (s *standard) Reset(in *bufio.Reader) error {
	err := s.Reader.Reset(in)
	s.Multistream(false)
	return err
}

// klauspostMember is klauspost/compress.
type klauspostMember struct{ klauspost.Reader }

func (m *klauspostMember) Reset(in *bufio.Reader) error {
	_, nothing := in.Peek(1)
	err := m.Reader.Reset(in)
	m.Multistream(false)
	if nothing == nil {
		err = noEOF(err) // it calls a header that is cut short the end
	}
	return err
}

// A block is memory to decode into, with margins that must stay as they are.
type block struct{ all, text []byte }

const margin = 512

// scribble is what blocks are filled with before they are decoded into.
var scribble = bytes.Repeat([]byte("what nobody may read or change; "), 1<<14)

// newBlock returns a block of size bytes, with a capacity that reaches into the
// margin behind it.
func newBlock(size int) block {
	all := append([]byte(nil), scribble[:margin+size+margin]...)
	return block{all, all[margin : margin+size]}
}

// part returns a smaller block out of b, newly scribbled on.
func (b block) part(size int) block {
	copy(b.all, scribble)
	return block{b.all, b.text[:size]}
}

func (b block) spoilt() bool {
	end := margin + len(b.text)
	return !bytes.Equal(b.all[:margin], scribble[:margin]) || !bytes.Equal(b.all[end:], scribble[end:len(b.all)])
}

// inflate reads one member into blocks of up to chunk bytes. Between reads, the
// blocks are scribbled on, which are the caller's.
func inflate(t testing.TB, m member, in *bufio.Reader, chunk int) (r result) {
	t.Helper()
	whole := newBlock(chunk)
	r.err = m.Reset(in)
	for i := 0; r.err == nil; i++ {
		b := whole.part(chunk)
		if i%4 == 3 { // a smaller one in between
			b = whole.part(1 + chunk/3)
		}
		var n int
		n, r.err = m.Read(b.text)
		r.text = append(r.text, b.text[:n]...)
		if b.spoilt() {
			t.Fatalf("Read wrote outside of a block of %d bytes", len(b.text))
		}
	}
	if errors.Is(r.err, io.EOF) {
		rest, _ := io.Copy(io.Discard, in)
		r.rest = int(rest)
	}
	return r
}

// scribbler reads at most most bytes at a time, if not 0, and scribbles on the rest of
// the buffer: nobody may look at what has not been read.
type scribbler struct {
	r    io.Reader
	most int
}

func (s *scribbler) Read(p []byte) (n int, err error) {
	if s.most > 0 && len(p) > s.most {
		n, err = s.r.Read(p[:s.most])
	} else {
		n, err = s.r.Read(p)
	}
	copy(p[n:], scribble)
	return n, err
}

// reading returns a bufio.Reader over stored, of at least 16 bytes. Less than 0
// stands for one byte at a time.
func reading(stored []byte, buffer int) *bufio.Reader {
	in := &scribbler{r: bytes.NewReader(stored)}
	if buffer < 0 {
		in.most, buffer = 1, 16
	}
	return bufio.NewReaderSize(in, buffer)
}

// A jury is our decoder and those it is compared with.
type jury struct {
	ours      Reader
	standard  standard
	klauspost klauspostMember
}

// compare fails if ours and the others do not agree about stored.
func (j *jury) compare(t testing.TB, stored []byte, buffer, chunk int) {
	t.Helper()
	got := inflate(t, &j.ours, reading(stored, buffer), chunk)
	if len(stored) >= headerSize && bytes.HasPrefix(stored, []byte{magic1, magic2, methodDeflate}) && stored[3]&flagReserved != 0 {
		if !errors.Is(got.err, ErrHeader) { // compress/gzip does not refuse them, klauspost/compress does behind the fields
			t.Fatalf("error %v with reserved flags, want %v", got.err, ErrHeader)
		}
		return
	}
	differ := func(err error, name string, want result) {
		if err != nil {
			t.Helper()
			t.Fatalf("%v\nours: %d bytes, %d behind, error %v; %s: %d bytes, %d behind, error %v\n%x",
				err, len(got.text), got.rest, got.err, name, len(want.text), want.rest, want.err, stored[:min(len(stored), 400)])
		}
	}
	want := inflate(t, &j.standard, reading(stored, 4096), 4096)
	differ(agree(got, want), "compress/gzip", want)
	want = inflate(t, &j.klauspost, reading(stored, 4096), 4096)
	differ(agreeRoughly(got, want), "klauspost/compress", want)
}

// agree compares verdicts and text with those of compress/gzip. Where a member is bad, there are two
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

// agreeRoughly compares with what klauspost/compress says. It agrees about what
// is whole, but not always about what is damaged first: where a block has no
// distances, it goes on with those of a block before, and so may see a wrong
// checksum only, or a later error.
func agreeRoughly(got, want result) error {
	same := errors.Is(got.err, io.EOF) == errors.Is(want.err, io.EOF) &&
		errors.Is(got.err, ErrHeader) == errors.Is(want.err, klauspost.ErrHeader) &&
		(!errors.Is(got.err, ErrChecksum) || errors.Is(want.err, klauspost.ErrChecksum)) &&
		(!errors.Is(got.err, io.ErrUnexpectedEOF) || errors.Is(want.err, io.ErrUnexpectedEOF))
	if !same {
		return errors.New("verdicts differ")
	}
	whole := errors.Is(got.err, io.EOF)
	n := min(len(got.text), len(want.text)) // text before damage may end anywhere
	if !bytes.Equal(got.text[:n], want.text[:n]) || whole && len(got.text) != len(want.text) {
		return errors.New("texts differ")
	}
	if whole && got.rest != want.rest {
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
					got := inflate(t, z, reading(stored, buffer), 1+r.IntN(300_000))
					if !errors.Is(got.err, io.EOF) || got.rest != len("garbage") || !bytes.Equal(got.text, text) {
						t.Errorf("%s, buffer %d: %d bytes, %d behind, error %v; want %d bytes, 7 behind, EOF", p.name, buffer, len(got.text), got.rest, got.err, len(text))
					}
				}
			}
		})
	}
}

// A fixture is a member that another writer has made, see testdata/compress.sh.
type fixture struct {
	name   string
	stored []byte
}

// fixtures are the members in a folder of testdata, each once if several writers
// have made the same.
func fixtures(t testing.TB, folder string) (all []fixture) {
	t.Helper()
	for _, writer := range []string{"gzip", "zlib", "pigz", "igzip", "libdeflate", "7zip", "zopfli"} {
		names, err := filepath.Glob(filepath.Join("testdata", folder, writer+"-*.gz"))
		if err != nil || len(names) < 3 {
			t.Fatalf("%d files of %s, error %v", len(names), writer, err)
		}
		for _, name := range names {
			stored, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(all, func(f fixture) bool { return bytes.Equal(f.stored, stored) }) {
				all = append(all, fixture{filepath.Base(name), stored})
			}
		}
	}
	return all
}

func TestReaderOtherWriters(t *testing.T) {
	z := new(Reader)
	for folder, text := range map[string]string{"access": "testdata/access.log", "short": "testdata/short.log"} {
		text, err := os.ReadFile(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fixtures(t, folder) {
			t.Run(folder+"/"+f.name, func(t *testing.T) {
				for _, buffer := range []int{-1, 16, 17, 100, 4096, 64 << 10} {
					for _, chunk := range []int{10, 4096, ownSize, 256 << 10} {
						got := inflate(t, z, reading(f.stored, buffer), chunk)
						if !errors.Is(got.err, io.EOF) || got.rest != 0 || !bytes.Equal(got.text, text) {
							t.Errorf("buffer %d, chunk %d: %d bytes, %d behind, error %v", buffer, chunk, len(got.text), got.rest, got.err)
						}
					}
				}
			})
		}
	}
}

// ourMembers are short members by the libraries, two of them with all that can
// stand in a header.
func ourMembers(t testing.TB) (members []fixture) {
	t.Helper()
	lines := texts()["log"][:300]
	for _, p := range packers(t) {
		switch p.name {
		case "compress level -2", "compress level 0", "compress level 6", "klauspost level 1", "klauspost level 9":
			members = append(members, fixture{p.name, p.make(lines)})
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
	return append(members, fixture{"header", named.Bytes()}, fixture{"header with checksum", summed})
}

// smallMembers are members that are short enough to damage them in all ways.
// There are fewer in short mode.
func smallMembers(t testing.TB) []fixture {
	t.Helper()
	members := ourMembers(t)
	for _, f := range fixtures(t, "short") {
		level := strings.TrimSuffix(f.name[strings.IndexByte(f.name, '-')+1:], ".gz")
		if !testing.Short() || level == "1" {
			members = append(members, f)
		}
	}
	return members
}

func TestReaderTruncated(t *testing.T) {
	for _, f := range smallMembers(t) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			j := new(jury)
			for n := range f.stored {
				for i, buffer := range []int{-1, 64, 4096} {
					j.compare(t, f.stored[:n], buffer, []int{100, ownSize}[(n+i)%2])
				}
			}
		})
	}
	// Long enough for pairs of literals.
	j := new(jury)
	for _, f := range fixtures(t, "access") {
		for n := worthPairs; n < len(f.stored); n += 101 {
			j.compare(t, f.stored[:n], 64<<10, ownSize)
		}
	}
}

func TestReaderFlippedBits(t *testing.T) {
	for _, f := range smallMembers(t) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			j := new(jury)
			j.compare(t, f.stored, 4096, 100)
			damaged := append(append([]byte(nil), f.stored...), "and garbage that may be taken for data"...)
			damaged = append(damaged, make([]byte, worthPairs)...)
			for bit := range 8 * len(f.stored) {
				damaged[bit/8] ^= 1 << (bit % 8)
				j.compare(t, damaged, []int{-1, 50, 8 << 10}[bit%3], []int{1000, ownSize}[bit/3%2])
				damaged[bit/8] ^= 1 << (bit % 8)
			}
		})
	}
}

// What follows a member is not the member's: it must not be touched, whatever it is.
func TestReaderGarbageBehind(t *testing.T) {
	j := new(jury)
	for _, f := range smallMembers(t) {
		for _, garbage := range []string{"\x00", "\x1f", "\x1f\x8b\x08", strings.Repeat("\xff", 100), strings.Repeat("\x00", 10_000), string(f.stored)} {
			stored := append(append([]byte(nil), f.stored...), garbage...)
			j.compare(t, stored, 4096, 1000)
			if got := inflate(t, &j.ours, reading(stored, 64<<10), 1000); got.rest != len(garbage) {
				t.Errorf("%s: %d bytes behind the member, want %d", f.name, got.rest, len(garbage))
			}
		}
	}
}

// Members follow each other, and a Reader is used again after every verdict.
func TestReaderMembers(t *testing.T) {
	text, err := os.ReadFile("testdata/access.log")
	if err != nil {
		t.Fatal(err)
	}
	var stored []byte
	members := fixtures(t, "access")
	for _, f := range members {
		stored = append(stored, f.stored...)
	}
	z, in := new(Reader), reading(stored, 1000)
	for i, f := range members {
		if bad := inflate(t, z, reading(f.stored[:len(f.stored)*i/len(members)], 100), ownSize); errors.Is(bad.err, io.EOF) && i > 0 {
			t.Fatalf("%s cut short: error %v", f.name, bad.err)
		}
		p, got := make([]byte, 100_000), []byte(nil)
		err := z.Reset(in)
		for err == nil {
			var n int
			n, err = z.Read(p)
			got = append(got, p[:n]...)
		}
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, text) {
			t.Fatalf("%s: %d bytes, error %v; want %d, EOF", f.name, len(got), err, len(text))
		}
	}
	if err := z.Reset(in); !errors.Is(err, io.EOF) {
		t.Errorf("behind the last member: error %v, want EOF", err)
	}
}

// A member that is given up anywhere leaves nothing behind: no text that was not
// read, no history, no bits.
func TestReaderGivenUp(t *testing.T) {
	next, tooFar := fixtures(t, "access")[0].stored, wrap(fixed().code(1, 7).code(0, 5).b, nil)
	text, err := os.ReadFile("testdata/access.log")
	if err != nil {
		t.Fatal(err)
	}
	z, r, log := new(Reader), rand.New(rand.NewPCG(7, 8)), texts()["log"]
	for _, pack := range packers(t) {
		stored := pack.make(log)
		for _, size := range []int{1, 5000, 2 * ownSize} {
			giveUp := func() {
				err := z.Reset(reading(stored, 4096))
				for n := 1 + r.IntN(3); n > 0 && err == nil; n-- {
					_, err = z.Read(make([]byte, size))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			giveUp()
			if got := inflate(t, z, reading(next, 4096), 4096); !errors.Is(got.err, io.EOF) || !bytes.Equal(got.text, text) {
				t.Errorf("after reads of %d of %s: %d bytes, error %v; want %d, EOF", size, pack.name, len(got.text), got.err, len(text))
			}
			giveUp()
			if got := inflate(t, z, reading(tooFar, 4096), 4096); !errors.Is(got.err, errDistance) || len(got.text) > 0 {
				t.Errorf("after reads of %d of %s: %d bytes, error %v; want none, %v", size, pack.name, len(got.text), got.err, errDistance)
			}
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
			j := new(jury)
			for _, buffer := range []int{-1, 4096} { // the careful loop, and both
				got := inflate(t, &j.ours, reading(stored, buffer), 10)
				if !errors.Is(got.err, tt.want) || string(got.text) != tt.text {
					t.Errorf("buffer %d: %q, error %v; want %q, %v", buffer, got.text, got.err, tt.text, tt.want)
				}
				j.compare(t, stored, buffer, 10)
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
			j := new(jury)
			if got := inflate(t, &j.ours, reading(tt.stored, 100), 10); !errors.Is(got.err, tt.want) {
				t.Errorf("error %v, want %v", got.err, tt.want)
			}
			j.compare(t, tt.stored, -1, 10)
		})
	}
}

// What stands in a header comes out as compress/gzip reads it, in Latin 1, and
// nothing of it stays for the next member.
func TestReaderHeaderFields(t *testing.T) {
	z, other := new(Reader), new(standard)
	for _, f := range append(smallMembers(t), ourMembers(t)...) {
		t.Run(f.name, func(t *testing.T) {
			if err := errors.Join(z.Reset(reading(f.stored, 100)), other.Reset(reading(f.stored, 100))); err != nil {
				t.Fatal(err)
			}
			want := Header{Name: []byte(other.Name), Comment: []byte(other.Comment), Extra: other.Extra, System: other.OS}
			if !other.ModTime.IsZero() {
				want.Time = uint32(other.ModTime.Unix())
			}
			if diff := cmp.Diff(want, z.Header(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Header() (-want +got):\n%s", diff)
			}
		})
	}
}

// An error of the input must come out as it is, and only where it is met.
func TestReaderBrokenInput(t *testing.T) {
	broken := errors.New("the line went dead")
	z := new(Reader)
	for _, f := range ourMembers(t) {
		stored := f.stored
		for n := range len(stored) + 1 {
			in := io.MultiReader(bytes.NewReader(stored[:n]), iotest.ErrReader(broken))
			got := inflate(t, z, bufio.NewReaderSize(in, 64), 100)
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
	z, source := new(Reader), bytes.NewReader(nil)
	in := bufio.NewReaderSize(source, 64<<10)
	for _, name := range []string{"gzip-6", "pigz-named", "igzip-0", "zlib-stored"} {
		stored, err := os.ReadFile("testdata/access/" + name + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{32 << 10, 256 << 10} {
			p := make([]byte, size)
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
				t.Errorf("%s, block of %d bytes: %v allocations for a member, want none", name, size, allocs)
			}
		}
	}
}

// A block that is large enough is decoded into: the Reader's own is not used.
func TestReaderIntoBlock(t *testing.T) {
	z := new(Reader)
	for _, tt := range []struct {
		size   int
		direct bool
	}{{ownSize, true}, {ownSize - 1, false}} {
		copy(z.own[:], scribble)
		if err := z.Reset(reading(fixtures(t, "access")[0].stored, 4096)); err != nil {
			t.Fatal(err)
		}
		if _, err := z.Read(make([]byte, tt.size)); err != nil {
			t.Fatal(err)
		}
		if direct := bytes.HasPrefix(scribble, z.own[:]); direct != tt.direct {
			t.Errorf("a block of %d bytes is decoded into: %v, want %v", tt.size, direct, tt.direct)
		}
	}
}

// Stored bytes, input buffer and output chunks are all the fuzzer's choice.
func FuzzReader(f *testing.F) {
	for _, m := range append(ourMembers(f), fixtures(f, "short")...) {
		f.Add(m.stored, int16(4096), uint32(100))
		f.Add(append(m.stored, "garbage"...), int16(-1), uint32(ownSize))
		f.Add(append(m.stored, make([]byte, worthPairs)...), int16(10_000), uint32(ownSize))
	}
	j := new(jury)
	f.Fuzz(func(t *testing.T, stored []byte, buffer int16, chunk uint32) {
		j.compare(t, stored, int(buffer), 1+int(chunk%(2*ownSize)))
	})
}
