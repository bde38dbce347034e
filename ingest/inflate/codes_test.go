package inflate

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// A code is a canonical Huffman code: symbol i has lengths[i] bits.
type code struct {
	lengths, codes []uint
	used           []uint // the symbols that have a code
}

// randomCode returns a complete code of the symbols in used, out of an alphabet
// of size, with up to 15 bits. It is any from flat to as deep as can be.
func randomCode(r *rand.Rand, size int, used []uint) code {
	depths := []uint{0}
	steep := r.Float64()
	for len(depths) < len(used) {
		slices.Sort(depths)
		i := len(depths) - 1 // the deepest that can be divided
		for i >= 0 && depths[i] == maxCodeBits {
			i--
		}
		if r.Float64() > steep {
			i = r.IntN(i + 1)
		}
		depths[i]++
		depths = append(depths, depths[i])
	}
	if len(depths) == 1 {
		depths[0] = 1
	}
	r.Shuffle(len(depths), func(i, j int) { depths[i], depths[j] = depths[j], depths[i] })
	lengths := make([]uint, size)
	for i, symbol := range used {
		lengths[symbol] = depths[i]
	}
	return canonical(lengths)
}

// canonical gives symbols their codes as RFC 1951 section 3.2.2 says.
func canonical(lengths []uint) code {
	c := code{lengths: lengths, codes: make([]uint, len(lengths))}
	next := uint(0)
	for n := uint(1); n <= maxCodeBits; n++ {
		next <<= 1
		for symbol, length := range lengths {
			if length == n {
				c.codes[symbol] = next
				c.used = append(c.used, uint(symbol))
				next++
			}
		}
	}
	return c
}

func (w *bitWriter) symbol(c code, symbol uint) *bitWriter {
	return w.code(c.codes[symbol], c.lengths[symbol])
}

// steep returns the code in which the symbols, in this order, have 1, 2, 3 … bits, and
// the last two the same.
func steep(size int, symbols ...uint) code {
	lengths := make([]uint, size)
	for i, symbol := range symbols {
		lengths[symbol] = uint(min(i+1, len(symbols)-1))
	}
	return canonical(lengths)
}

// some returns n different numbers below size.
func some(r *rand.Rand, size, n int) (numbers []uint) {
	for _, i := range r.Perm(size)[:n] {
		numbers = append(numbers, uint(i))
	}
	return numbers
}

// describe begins a dynamic block with these codes. Its precode has 4 bits for each of
// the lengths 0 to 15.
func (w *bitWriter) describe(final uint, litlens, distances code) {
	w.bits(final|blockDynamic<<1, 3).bits(sentLitlens-257, 5).bits(sentDistances-1, 5).bits(maxPrecodes-4, 4)
	for _, symbol := range precodeOrder {
		if symbol < repeatLast {
			w.bits(4, 3)
		} else {
			w.bits(0, 3)
		}
	}
	for _, n := range append(slices.Clone(litlens.lengths), distances.lengths...) {
		w.code(n, 4)
	}
}

// randomBlock appends a dynamic block with random codes, and its text to text.
func (w *bitWriter) randomBlock(r *rand.Rand, final uint, text []byte) []byte {
	literals := append(some(r, endOfBlock, 1+r.IntN(endOfBlock)), endOfBlock)
	for _, i := range some(r, len(lengthBase), r.IntN(len(lengthBase)+1)) {
		literals = append(literals, endOfBlock+1+i)
	}
	litlens := randomCode(r, sentLitlens, literals)
	distances := randomCode(r, sentDistances, some(r, sentDistances, 1+r.IntN(sentDistances)))

	w.describe(final, litlens, distances)
	for range r.IntN(2000) {
		symbol := litlens.used[r.IntN(len(litlens.used))]
		switch {
		case symbol < endOfBlock:
			w.symbol(litlens, symbol)
			text = append(text, byte(symbol))
		case symbol > endOfBlock:
			i := symbol - endOfBlock - 1
			extra := r.UintN(1 << lengthExtra[i])
			if i == 27 && extra == 31 {
				extra = 0 // 258 has a symbol of its own
			}
			d := distances.used[r.IntN(len(distances.used))]
			farther := r.UintN(1 << distanceExtra[d])
			length, distance := int(lengthBase[i])+int(extra), int(distanceBase[d])+int(farther)
			if distance > len(text) {
				continue
			}
			w.symbol(litlens, symbol).bits(extra, uint(lengthExtra[i]))
			w.symbol(distances, d).bits(farther, uint(distanceExtra[d]))
			for range length {
				text = append(text, text[len(text)-distance])
			}
		}
	}
	w.symbol(litlens, endOfBlock)
	return text
}

// randomMember returns a member of dynamic blocks and its text.
func randomMember(r *rand.Rand) (stored, text []byte) {
	w := new(bitWriter)
	for n := r.IntN(6); n >= 0; n-- {
		final := uint(0)
		if n == 0 {
			final = 1
		}
		text = w.randomBlock(r, final, text)
	}
	return wrap(w.b, text), text
}

// Codes as no compressor would make them: of any shape, up to the longest.
func TestReaderRandomCodes(t *testing.T) {
	j, widths := new(jury), [maxCodeBits + 1]bool{}
	r, members := rand.New(rand.NewPCG(5, 6)), 300
	if testing.Short() {
		members = 100
	}
	for range members {
		stored, text := randomMember(r)
		if got := inflate(t, &j.ours, reading(stored, 64<<10), 70_000); !errors.Is(got.err, io.EOF) || !bytes.Equal(got.text, text) {
			t.Fatalf("%d bytes, error %v; want %d, EOF", len(got.text), got.err, len(text))
		}
		j.compare(t, stored, -1, 1000)
		for _, entry := range j.ours.litlen {
			widths[entry>>codeShift&codeMask] = true
			if entry&entrySubtable != 0 {
				widths[litlenBits+entry>>codeShift&codeMask] = true
			}
		}
		for range 5 {
			bit := r.IntN(8 * len(stored))
			stored[bit/8] ^= 1 << (bit % 8)
			j.compare(t, stored, 64<<10, 70_000)
		}
	}
	for n, met := range widths[1:] {
		if !met {
			t.Errorf("no code of %d bits", 1+n)
		}
	}
}

// The fuzzer chooses the codes, and a few bits that are wrong.
func FuzzCodes(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint32(0), uint8(0))
	j := new(jury)
	f.Fuzz(func(t *testing.T, a, b uint64, at uint32, wrong uint8) {
		stored, text := randomMember(rand.New(rand.NewPCG(a, b)))
		if got := inflate(t, &j.ours, reading(stored, 64<<10), 70_000); !errors.Is(got.err, io.EOF) || !bytes.Equal(got.text, text) {
			t.Fatalf("%d bytes, error %v; want %d, EOF", len(got.text), got.err, len(text))
		}
		stored[int(at)%len(stored)] ^= wrong
		j.compare(t, stored, []int{500, 64 << 10}[at%2], 1+int(at%100_000))
	})
}
