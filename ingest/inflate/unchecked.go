package inflate

import (
	"encoding/binary"
	"unsafe"
)

// Memory without bounds checks, which only fast uses and which save it 4 %. This is
// the only file of the package that uses unsafe. It is safe because
//
//   - a round of fast begins with pos ≤ len(src) - fastInput and loads eight bytes at
//     most twice, the second time up to 7 bytes further on: 15 of the 16 bytes;
//   - it begins with write ≤ len(block) - blockSlack and writes three times two bytes
//     and a match of up to 258, in steps of copyStep: no more than blockSlack;
//   - what is copied begins at a distance of up to what has been written of the block,
//     and stands before the place that it is copied to.
//
// The tests run with guard pages on both sides of src and block, and under checkptr.
type unchecked struct{ p unsafe.Pointer }

func uncheckedBytes(b []byte) unchecked { return unchecked{unsafe.Pointer(unsafe.SliceData(b))} }

// load returns the eight bytes at a place.
func (u unchecked) load(at int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(u.p, at))[:])
}

// store writes two bytes at a place.
func (u unchecked) store(at int, v uint16) {
	binary.LittleEndian.PutUint16((*[2]byte)(unsafe.Add(u.p, at))[:], v)
}

// copyStep is how much copy copies: enough for nine matches of ten. How often a loop
// goes round is hard for the processor to foretell.
const copyStep = 64

// copy copies copyStep bytes, 16 at a time from the first to the last: they may overlap
// if to - from is no less.
func (u unchecked) copy(to, from int) {
	target := (*[copyStep / 16][16]byte)(unsafe.Add(u.p, to))
	source := (*[copyStep / 16][16]byte)(unsafe.Add(u.p, from))
	_ = [1]struct{}{}[copyStep-64] // which are four times 16
	target[0] = source[0]
	target[1] = source[1]
	target[2] = source[2]
	target[3] = source[3]
}
