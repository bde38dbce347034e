package inflate

import "math/bits"

// Alphabets, RFC 1951 sections 3.2.5 to 3.2.7.
const (
	endOfBlock = 256

	maxLitlens   = 288 // of which 286 and 287 occur in the fixed code only, and never in data
	maxDistances = 32  // likewise 30 and 31
	maxPrecodes  = 19

	sentLitlens   = 286 // what a dynamic block may describe
	sentDistances = 30

	maxCodeBits    = 15
	maxPrecodeBits = 7
)

// Widths of the first tables, in bits, and sizes of the tables with all their
// subtables, in entries. The subtables of a code of 288 symbols behind a table
// of 10 bits take 310 entries at most, those of 32 symbols behind 8 bits 146
// (zlib's examples/enough.c computes these). Rounded up to powers of two, an
// index can be masked instead of checked.
//
// With a first table of 9, 11 or 12 bits the decoder is no faster, or up to 4 % slower, and
// so it is with four entries in a round of fast; what else was tried for it is in
// testdata/bench/2026-11-27-linux-amd64-2cpu/hot-path.txt.
const (
	litlenBits   = 10
	distanceBits = 8

	litlenEntries   = 1 << 11 // ≥ 1,024 + 310
	distanceEntries = 1 << 9  // ≥ 256 + 146
)

// An entry of a decoding table says what the next bits mean:
//
//	bits 24–31   the second literal, if there are two
//	bits 16–31   the literal, the base of a length or distance, a code length
//	             symbol, or the index of a subtable
//	bit 15       exceptional: one of the two below, or invalid if neither
//	bit 14       the code is longer: look into a subtable
//	bit 13       end of block
//	bits 8–11    width of the (first) code, or of the subtable's index
//	bits 6–7     how many literals: 1, 2, or 0 for another symbol
//	bits 0–5     width of the code and its extra bits together, of both codes,
//	             or of the first table
//
// In a subtable, widths are without the bits of the first table.
const (
	entryExceptional = 1 << 15
	entrySubtable    = 1 << 14
	entryEnd         = 1 << 13
	entryLiterals    = 3 << literalsShift

	entryInvalid = entryExceptional

	secondShift   = 24
	valueShift    = 16
	codeShift     = 8
	codeMask      = 15
	literalsShift = 6
	widthMask     = 63
)

// The tables of RFC 1951 section 3.2.5: the lowest value of a symbol, and how
// many extra bits are added to it.
var (
	lengthBase  = [...]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}

	distanceBase  = [...]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [...]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// The entries of all symbols, without the width of the code, which build adds.
var (
	litlenSymbols   = makeLitlenSymbols()
	distanceSymbols = makeDistanceSymbols()
	precodeSymbols  = makePrecodeSymbols()
)

func makeLitlenSymbols() (entries [maxLitlens]uint32) {
	for i := range entries {
		entries[i] = entryInvalid
	}
	for i := range endOfBlock {
		entries[i] = 1<<literalsShift | uint32(i)<<valueShift
	}
	entries[endOfBlock] = entryExceptional | entryEnd
	for i, base := range lengthBase {
		entries[endOfBlock+1+i] = uint32(base)<<valueShift | uint32(lengthExtra[i])
	}
	return entries
}

func makeDistanceSymbols() (entries [maxDistances]uint32) {
	for i := range entries {
		entries[i] = entryInvalid
	}
	for i, base := range distanceBase {
		entries[i] = uint32(base)<<valueShift | uint32(distanceExtra[i])
	}
	return entries
}

func makePrecodeSymbols() (entries [maxPrecodes]uint32) {
	for i := range entries {
		entries[i] = uint32(i) << valueShift
	}
	return entries
}

// build makes the decoding table of the canonical Huffman code (RFC 1951
// section 3.2.2) in which symbol i has lengths[i] bits, 0 for a symbol that is
// not used. The first 1<<tableBits entries of table are the first table. With
// pairs, which only literals and lengths can have, it has entries of two literals
// where the codes of both fit its bits.
//
// A code must be complete. As in zlib and compress/flate, a code of one symbol
// with one bit is allowed, and so is one without symbols: the bits that mean
// nothing then have invalid entries.
func build(table []uint32, tableBits int, lengths []uint8, symbols []uint32, pairs bool) error {
	var b builder
	complete, err := b.sort(lengths)
	switch {
	case err != nil:
		return err
	case complete:
		b.fill(table, tableBits, symbols, pairs)
		b.fillLonger(table, tableBits, symbols)
		return nil
	}
	for i := range table[:1<<tableBits] {
		table[i] = entryInvalid
	}
	for symbol, n := range lengths {
		for i := 0; n == 1 && i < 1<<tableBits; i += 2 {
			table[i] = withCode(symbols[symbol], 1)
		}
	}
	return nil
}

// builder is a canonical code while its table is filled.
type builder struct {
	count  [maxCodeBits + 1]int // of symbols, by the length of their codes
	sorted [maxLitlens]uint16   // symbols by the length of their codes, those that are not used first
	at     int                  // the next of them whose entry is made
	next   int                  // its code
}

// sort puts the symbols in order and reports whether their code is complete. If it is
// not, it is one that is allowed.
func (b *builder) sort(lengths []uint8) (complete bool, err error) {
	for _, n := range lengths {
		b.count[n&maxCodeBits]++
	}
	b.at = b.count[0]
	b.count[0] = 0

	// offset[n] is where the symbols of n bits begin; space is what the code leaves
	// unused, in codes of n bits.
	var offset [maxCodeBits + 2]int
	offset[1] = b.at
	space := 1
	for n := 1; n <= maxCodeBits; n++ {
		offset[n+1] = offset[n] + b.count[n]
		space = space<<1 - b.count[n]
		if space < 0 {
			return false, errOversubscribed
		}
	}
	if space > 0 {
		if used := len(lengths) - b.at; used > 1 || used == 1 && b.count[1] != 1 {
			return false, errIncomplete
		}
		return false, nil
	}
	for symbol, n := range lengths {
		b.sorted[offset[n&maxCodeBits]] = uint16(symbol)
		offset[n&maxCodeBits]++
	}
	return true, nil
}

// fill makes the entries of codes that fit the first table: it doubles with every bit,
// and what was there is right for both values of the bit.
func (b *builder) fill(table []uint32, tableBits int, symbols []uint32, pairs bool) {
	short := shortLiterals{symbols: &b.sorted}
	for n := 1; n <= tableBits; n++ {
		b.next <<= 1
		half := 1 << (n - 1)
		copy(table[half:2*half], table[:half])
		short.begin[n] = b.at
		for _, symbol := range b.sorted[b.at : b.at+b.count[n]] {
			reversed := reverse(b.next, n)
			table[reversed] = withCode(symbols[symbol], n)
			short.codes[b.at] = uint16(reversed)
			b.next++
			b.at++
			if symbol < endOfBlock {
				short.end[n] = b.at
			}
		}
		if pairs {
			short.pair(table[:1<<n], n)
		}
	}
}

// fillLonger makes the entries of longer codes: those with the same first bits stand
// together, and get a subtable that is just wide enough for the longest of them.
func (b *builder) fillLonger(table []uint32, tableBits int, symbols []uint32) {
	prefix, start, width := -1, 0, 0
	free := 1 << tableBits
	for n := tableBits + 1; n <= maxCodeBits; n++ {
		b.next <<= 1
		rest := n - tableBits
		for left := b.count[n]; left > 0; left-- {
			reversed := reverse(b.next, n)
			if p := reversed & (1<<tableBits - 1); p != prefix {
				prefix, start, width = p, free, rest
				for filled := left; filled < 1<<width; {
					width++
					filled = filled<<1 + b.count[tableBits+width]
				}
				free += 1 << width
				table[p] = uint32(start)<<valueShift | entryExceptional | entrySubtable | uint32(width)<<codeShift | uint32(tableBits)
			}
			entry := withCode(symbols[b.sorted[b.at]], rest)
			for i := reversed >> tableBits; i < 1<<width; i += 1 << rest {
				table[start+i] = entry
			}
			b.at++
			b.next++
		}
	}
}

// withCode adds the width of a symbol's code to its entry.
func withCode(symbol uint32, n int) uint32 {
	return symbol + uint32(n)<<codeShift + uint32(n)
}

// reverse returns an n-bit code in the order of the stream: the first bit lowest.
func reverse(code, n int) int {
	return int(bits.Reverse16(uint16(code)) >> (16 - n))
}

// shortLiterals are the literals whose codes fit the first table, and their codes in the
// order of the stream: those of n bits from begin[n] to end[n] in both lists.
type shortLiterals struct {
	symbols    *[maxLitlens]uint16
	codes      [maxLitlens]uint16
	begin, end [litlenBits + 1]int
}

// pair makes entries of two literals whose codes have n bits together, in place of the
// entries of the first alone. Put together without jumps, they made the decoder 4 % slower.
func (s *shortLiterals) pair(table []uint32, n int) {
	for width := 1; width < n; width++ {
		for first := s.begin[width]; first < s.end[width]; first++ {
			code := int(s.codes[first])
			entry := uint32(s.symbols[first])<<valueShift | uint32(width)<<codeShift | 2<<literalsShift | uint32(n)
			for second := s.begin[n-width]; second < s.end[n-width]; second++ {
				table[code|int(s.codes[second])<<width] = entry | uint32(s.symbols[second])<<secondShift
			}
		}
	}
}
