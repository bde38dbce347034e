package parse

import "encoding/binary"

// This file looks at eight characters at a time, the first of them in the lowest byte of
// a word.

// each times a byte is that byte in all bytes of a word.
const each = 0x0101010101010101

// digits returns the number that eight digits write. The middle of it is as in Daniel
// Lemire, "Quickly parsing eight digits", 2022.
func digits(w uint64) (n int64, ok bool) {
	d := w ^ '0'*each
	ok = (d|(d+6*each))&(0xf0*each) == 0
	d = d*10 + d>>8 // two digits in every other byte
	const pairs = 0x000000ff000000ff
	d = (d&pairs*(100+1_000_000<<32) + d>>16&pairs*(1+10_000<<32)) >> 32
	return int64(uint32(d)), ok
}

// shape is what eight characters have to be: a digit where it has 0, and else itself.
type shape struct{ chars, slack uint64 }

func shapeOf(pattern string) (s shape) {
	for i := range 8 {
		slack := uint64(0x0f)
		if pattern[i] == '0' {
			slack = 0x0f - 9
		}
		s.chars |= uint64(pattern[i]) << (8 * i)
		s.slack |= slack << (8 * i)
	}
	return s
}

// fits reports whether eight characters are of the shape. A character's distance from the
// shape's is at most 9 or 0 if, and only if, it has no upper half, and still has none with
// the slack added.
func (s shape) fits(w uint64) bool {
	d := w ^ s.chars
	return (d|(d+s.slack))&(0xf0*each) == 0
}

// The shape of three times as AWS writes them, but for the last digit.
var times = [2]shape{shapeOf("0.000 0."), shapeOf("000 0.00")}

// threeTimes reports whether b is three times of milliseconds below ten seconds.
func threeTimes(b []byte) bool {
	return len(b) == 17 && b[16]-'0' <= 9 &&
		times[0].fits(binary.LittleEndian.Uint64(b)) && times[1].fits(binary.LittleEndian.Uint64(b[8:]))
}

// shortAddress is the length of the longest IPv4 address with a port, rounded up to whole
// words.
const shortAddress = 24

// inAddress has, for each length, the highest bit of each byte below it.
var inAddress = func() (masks [shortAddress + 1][shortAddress / 8]uint64) {
	for n := range masks {
		for i := range n {
			masks[n][i/8] |= 0x80 << (i % 8 * 8)
		}
	}
	return masks
}()

// numeric reports whether the first n characters of b are of 0123456789.: and are some. It
// is false as well if they are more than shortAddress, or b is shorter than that.
func numeric(b []byte, n int) bool {
	if len(b) < shortAddress || uint(n-1) >= shortAddress {
		return false
	}
	in := &inAddress[n]
	return in[0]&others(binary.LittleEndian.Uint64(b))|
		in[1]&others(binary.LittleEndian.Uint64(b[8:]))|
		in[2]&others(binary.LittleEndian.Uint64(b[16:])) == 0
}

// others sets the highest bit of each byte that is not of 0123456789.: and may set others.
func others(w uint64) uint64 {
	d := w ^ '0'*each // digits become 0 to 9, the colon 10, the point 0x1e
	dot := d ^ 0x1e*each
	return ((d&(0x7f*each) + 0x75*each) | d) & ((dot&(0x7f*each) + 0x7f*each) | dot)
}
