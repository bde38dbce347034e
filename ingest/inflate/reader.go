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
	maxMatch    = 258
	// blockSlack is what a round of the loops may write without asking: three
	// pairs of literals and a match, and what a copy in steps writes too much.
	blockSlack = 3*2 + maxMatch + copyStep - 1

	// ownSize is the size of the Reader's own block. A caller's block that is no
	// smaller is decoded into without a copy.
	ownSize = 64 << 10

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
// which must come before Read. It takes about 107 KiB and allocates
// nothing, but for a header's fields, whose room it keeps: use it again. It is
// not for use by several goroutines.
type Reader struct {
	in     *bufio.Reader
	err    error // sticky
	header Header

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

	// Output: block[:write] is text. A round of the loops begins at full at most,
	// and what it may write ends within the block. Before the block stand the
	// behind bytes of history: all, or none in a member's first block.
	block       []byte
	write, full int
	behind      int
	unread      []byte // of own, what Read has not returned yet

	crc  uint32
	size uint32 // modulo 1<<32
	one  [1]byte

	fixed    bool // the tables hold the fixed codes, of this member or one before
	litlen   [litlenEntries]uint32
	distance [distanceEntries]uint32
	history  [historySize]byte
	own      [ownSize]byte
}

// Reset makes the Reader read the member at which in stands, and takes its
// header. in may have a buffer of any size; one of 16 KiB or more makes it fast.
//
// Errors: io.EOF if in is at its end, io.ErrUnexpectedEOF, ErrHeader, or in's own.
func (z *Reader) Reset(in *bufio.Reader) error {
	z.in, z.state, z.final, z.stored = in, atBlock, false, 0
	z.src, z.pos, z.bits, z.nbits = nil, 0, 0, 0
	z.block, z.write, z.full, z.behind, z.unread = nil, 0, 0, 0, nil
	z.crc, z.size = 0, 0
	z.header = Header{Name: z.header.Name[:0], Comment: z.header.Comment[:0], Extra: z.header.Extra[:0]}
	z.err = z.readHeader()
	z.crc = 0
	return z.err
}

// Read returns the member's text. It returns io.EOF only after checksum and
// size were right; the input then stands exactly behind the member. A p of
// 64 KiB or more is decoded into as it is, and may be scribbled on behind the
// bytes returned.
//
// Other errors: io.ErrUnexpectedEOF, ErrCorrupt, ErrChecksum, or the input's
// own. All text before the error is returned first, but none of it may be
// trusted, and where the input stands is not defined.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(z.unread) == 0 && z.err == nil {
		if len(p) >= ownSize {
			if n := z.fill(p); n > 0 {
				return n, nil // an error is kept for the next call
			}
			continue
		}
		z.unread = z.own[:z.fill(z.own[:])]
	}
	if len(z.unread) == 0 {
		return 0, z.err
	}
	n := copy(p, z.unread)
	z.unread = z.unread[n:]
	return n, nil
}

// fill decodes into block until it is full or the member is at its end, and
// returns how much text it holds. Its error goes to z.err.
func (z *Reader) fill(block []byte) int {
	z.block, z.write, z.full = block, 0, len(block)-blockSlack
	z.src, _ = z.in.Peek(z.in.Buffered()) // what is buffered can be had
	z.err = z.decode()
	z.release()

	text := z.block[:z.write]
	z.block = nil // it is the caller's
	z.crc = crc32.Update(z.crc, crc32.IEEETable, text)
	z.size += uint32(len(text))
	switch {
	case z.err != nil:
	case z.state == atTrailer:
		z.err = z.readTrailer()
	default: // the block is full, and so longer than history
		z.behind = copy(z.history[:], text[len(text)-historySize:])
	}
	return len(text)
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
