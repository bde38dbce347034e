package parse

import (
	"encoding/binary"
	"math/bits"
)

// markBlock is how many bytes are marked at once, one bit for each in a word.
const markBlock = 64

// markWords is how many words of marks a line may take; a longer one is cut the
// long way. Almost all lines are below a quarter of it.
const markWords = 64

// marks are the ends of a line's fields: one bit for each byte, from the lowest.
type marks [markWords]uint64

// A marker finds the ends of fields. In all bytes of a block at once it looks for
// spaces, quotes, backslashes and the newline; what lies between two quotes it finds
// by counting, for each byte, the quotes up to it.
type marker struct {
	inside    uint64 // all ones if a quoted field is open
	ended     uint64 // 1 if a field ends with the byte before
	closed    uint64 // 1 if the byte before is a closing quote
	backslash uint64 // 1 if the byte before is a backslash
	odd       uint64 // not 0 if the line is not plain, see mark
}

// mark marks the spaces that end fields of the line that text begins with, and returns
// how long the line is without its newline; -1 if it does not end within the whole
// blocks of text, or is too long.
//
// The line is plain if each of its fields is without quotes, or begins and ends with
// one and holds no other; and if none is empty, or ends with a backslash and a quote.
// Otherwise the marks say nothing.
func (m *marks) mark(text []byte) (length int, plain bool) {
	state := marker{ended: 1}
	blocks := min(len(text)/markBlock, markWords)
	if hasNEON {
		length = markNEON(m, text[:blocks*markBlock], &state)
	} else {
		length = markWordwise(m, text[:blocks*markBlock], &state)
	}
	return length, state.odd|state.inside == 0
}

// markWordwise is mark for any processor.
func markWordwise(m *marks, text []byte, state *marker) (length int) {
	for i := 0; len(text) >= markBlock; i++ {
		ends, newline := state.block((*[markBlock]byte)(text))
		m[i] = ends
		if newline < markBlock {
			return i*markBlock + newline
		}
		text = text[markBlock:]
	}
	return -1
}

// block marks a block, up to a newline if there is one, and returns where that is.
func (s *marker) block(b *[markBlock]byte) (ends uint64, newline int) {
	var quotes, spaces, backslashes, newlines uint64
	for i := 0; i < markBlock; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quotes |= equal(w, '"') << i
		spaces |= equal(w, ' ') << i
		backslashes |= equal(w, '\\') << i
		newlines |= equal(w, '\n') << i
	}
	stop := newlines & -newlines // which ends a field as well; nothing behind it counts
	if stop != 0 {
		quotes, spaces, backslashes = quotes&(stop-1), spaces&(stop-1)|stop, backslashes&(stop-1)
	}
	inside := s.inside ^ parity(quotes)
	ends = spaces &^ inside
	begins := ends<<1 | s.ended
	closing := quotes &^ inside
	s.odd |= ends&begins | // an empty field
		quotes&inside&^begins | // a quote that opens where no field begins
		(closing<<1|s.closed)&^ends | // one that closes where none ends
		closing&(backslashes<<1|s.backslash)
	s.inside = uint64(int64(inside) >> 63)
	s.ended, s.closed, s.backslash = ends>>63, closing>>63, backslashes>>63
	return ends &^ stop, bits.TrailingZeros64(newlines)
}

// equal returns 8 bits that say which bytes of w are c.
func equal(w uint64, c byte) uint64 {
	x := w ^ each*uint64(c)
	zero := ^((x&(0x7f*each) + 0x7f*each) | x | 0x7f*each) // the top bit of each byte that is zero
	return zero >> 7 * 0x0102040810204080 >> 56
}

// parity returns for each bit whether an odd number of bits are set up to it.
func parity(x uint64) uint64 {
	for shift := 1; shift < 64; shift *= 2 {
		x ^= x << shift
	}
	return x
}
