package inflate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Errors of Reset and Read. There are, besides: io.ErrUnexpectedEOF where the
// member is cut short, and the input's own errors as they are.
var (
	ErrHeader   = errors.New("invalid gzip header")
	ErrCorrupt  = errors.New("invalid deflate data")
	ErrChecksum = errors.New("gzip checksum or size wrong")
)

// What can be wrong with deflate data; each is an ErrCorrupt.
var (
	errBlockType      = fmt.Errorf("%w: reserved block type", ErrCorrupt)
	errStored         = fmt.Errorf("%w: stored length and its complement differ", ErrCorrupt)
	errCount          = fmt.Errorf("%w: too many codes", ErrCorrupt)
	errRepeat         = fmt.Errorf("%w: bad repetition of a code length", ErrCorrupt)
	errOversubscribed = fmt.Errorf("%w: over-subscribed code", ErrCorrupt)
	errIncomplete     = fmt.Errorf("%w: incomplete code", ErrCorrupt)
	errNoEnd          = fmt.Errorf("%w: no code for the end of the block", ErrCorrupt)
	errSymbol         = fmt.Errorf("%w: invalid symbol", ErrCorrupt)
	errDistance       = fmt.Errorf("%w: distance too far back", ErrCorrupt)
)

const (
	historySize = 32 << 10 // how far back a distance can reach
	outputSize  = 128 << 10
	maxMatch    = 258
	// outputSlack is what the loops may write without asking: the literals and
	// the match of one round, and what a copy in steps of 16 writes too much.
	outputSlack = 4 + maxMatch + 16

	windowSize = historySize + outputSize
	windowFull = windowSize - outputSlack // the highest position at which a round begins

	trailerSize = 8 // CRC-32 and size, RFC 1952 section 2.3.1
)

// A state is what the next bits of a member are.
type state uint8

const (
	atBlock   state = iota // a block's header
	inStored               // bytes of a stored block
	inHuffman              // symbols of a compressed block
	atTrailer              // the last block is over
)

// Reader inflates one gzip member at a time. The zero value is ready for Reset,
// which must come before Read. It takes about 180 KiB and allocates nothing; use it again. It is not for use
// by several goroutines.
type Reader struct {
	in  *bufio.Reader
	err error // sticky

	state  state
	final  bool // the block is the member's last
	stored int  // bytes that are left of a stored block

	// Input: src is what in has buffered, of which pos bytes are taken. bits
	// holds the next nbits bits, the first one lowest; outside of fast, nbits
	// is less than 8 after each symbol, so that no whole byte is held back.
	src   []byte
	pos   int
	bits  uint64
	nbits uint

	// Output: window[read:write] is text that Read has not returned yet; what
	// stands before it is history.
	read, write int
	crc         uint32
	size        uint32 // modulo 1<<32
	one         [1]byte

	fixed    bool // the tables hold the fixed codes, of this member or one before
	litlen   [litlenEntries]uint32
	distance [distanceEntries]uint32
	window   [windowSize]byte
}

// Reset makes the Reader read the member at which in stands, and takes its
// header. in may have a buffer of any size; one of 16 KiB or more makes it fast.
//
// Errors: io.EOF if in is at its end, io.ErrUnexpectedEOF, ErrHeader, or in's own.
func (z *Reader) Reset(in *bufio.Reader) error {
	z.in, z.state, z.final, z.stored = in, atBlock, false, 0
	z.src, z.pos, z.bits, z.nbits = nil, 0, 0, 0
	z.read, z.write, z.crc, z.size = 0, 0, 0, 0
	z.err = z.readHeader()
	z.crc = 0
	return z.err
}

// Read returns the member's text. It returns io.EOF only after checksum and
// size were right; the input then stands exactly behind the member.
//
// Other errors: io.ErrUnexpectedEOF, ErrCorrupt, ErrChecksum, or the input's
// own. All text before the error is returned first, but none of it may be
// trusted, and where the input stands is not defined.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for z.read == z.write {
		if z.err != nil {
			return 0, z.err
		}
		z.err = z.fill()
	}
	n := copy(p, z.window[z.read:z.write])
	z.read += n
	return n, nil
}

// fill decodes until the window is full or the member is at its end. All text
// in the window has been returned.
func (z *Reader) fill() error {
	if z.write > windowFull {
		copy(z.window[:historySize], z.window[z.write-historySize:z.write])
		z.write = historySize
	}
	z.read = z.write
	z.src, _ = z.in.Peek(z.in.Buffered()) // what is buffered can be had
	err := z.decode()
	z.release()

	text := z.window[z.read:z.write]
	z.crc = crc32.Update(z.crc, crc32.IEEETable, text)
	z.size += uint32(len(text))
	if err == nil && z.state == atTrailer {
		err = z.readTrailer()
	}
	return err
}

// more gets input when all of src is taken.
func (z *Reader) more() error {
	z.release()
	if _, err := z.in.Peek(1); err != nil {
		return noEOF(err)
	}
	z.src, _ = z.in.Peek(z.in.Buffered())
	return nil
}

// release gives up src, and what has been taken of it.
func (z *Reader) release() {
	_, _ = z.in.Discard(z.pos) // no more than is buffered
	z.src, z.pos = nil, 0
}

// readTrailer compares the text with what the member's end says about it, and
// returns io.EOF if it is right.
func (z *Reader) readTrailer() error {
	trailer, err := z.in.Peek(trailerSize)
	if err != nil {
		return noEOF(err)
	}
	if binary.LittleEndian.Uint32(trailer) != z.crc || binary.LittleEndian.Uint32(trailer[4:]) != z.size {
		return ErrChecksum
	}
	_, _ = z.in.Discard(trailerSize)
	return io.EOF
}
