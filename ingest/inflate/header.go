package inflate

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// The member header, RFC 1952 section 2.3.
const (
	magic1        = 0x1f
	magic2        = 0x8b
	methodDeflate = 8

	headerSize = 10 // magic, method, flags, time, extra flags, system

	flagHeaderCRC = 1 << 1
	flagExtra     = 1 << 2
	flagName      = 1 << 3
	flagComment   = 1 << 4
	flagReserved  = 7 << 5

	// stringMax bounds the name and the comment, their zero byte included. The
	// RFC has no bound; compress/gzip has this one.
	stringMax = 512
)

// A Header is what stands before a member's data, as it is stored: the bytes are
// those of the file, which should be Latin 1 and need not be. The fields are the
// Reader's own and hold until its next Reset. A field that is absent is empty.
type Header struct {
	Name    []byte // of the file, without the zero byte
	Comment []byte // likewise
	Extra   []byte // subfields, RFC 1952 section 2.3.1.1
	Time    uint32 // of the file's last change, in seconds since 1970; 0 for none
	System  byte   // on which the file was made; 3 is Unix, 255 unknown
}

// Header returns the header of the current member. It is whole if Reset
// returned no error.
func (z *Reader) Header() Header { return z.header }

// readHeader reads the header of a member, and leaves z.in at the first block.
// It returns io.EOF only if there is no byte at all.
func (z *Reader) readHeader() error {
	var head [headerSize]byte
	for i := range head {
		b, err := z.headerByte()
		if err != nil {
			if i > 0 {
				err = noEOF(err)
			}
			return err
		}
		head[i] = b
	}
	flags := head[3]
	z.header.Time, z.header.System = binary.LittleEndian.Uint32(head[4:]), head[9]
	if head[0] != magic1 || head[1] != magic2 || head[2] != methodDeflate || flags&flagReserved != 0 {
		return ErrHeader
	}
	if flags&flagExtra != 0 {
		size, err := z.headerUint16()
		if err != nil {
			return err
		}
		for range size {
			b, err := z.headerByte()
			if err != nil {
				return noEOF(err)
			}
			z.header.Extra = append(z.header.Extra, b)
		}
	}
	if flags&flagName != 0 {
		if err := z.readString(&z.header.Name); err != nil {
			return err
		}
	}
	if flags&flagComment != 0 {
		if err := z.readString(&z.header.Comment); err != nil {
			return err
		}
	}
	if flags&flagHeaderCRC != 0 {
		want := uint16(z.crc) // of all before
		got, err := z.headerUint16()
		if err != nil {
			return err
		}
		if got != want {
			return ErrHeader
		}
	}
	return nil
}

// readString appends to s up to a zero byte, which it reads as well.
func (z *Reader) readString(s *[]byte) error {
	for range stringMax {
		b, err := z.headerByte()
		if err != nil {
			return noEOF(err)
		}
		if b == 0 {
			return nil
		}
		*s = append(*s, b)
	}
	return ErrHeader
}

func (z *Reader) headerUint16() (uint16, error) {
	low, err := z.headerByte()
	if err != nil {
		return 0, noEOF(err)
	}
	high, err := z.headerByte()
	return uint16(low) | uint16(high)<<8, noEOF(err)
}

// headerByte returns the next byte of the header and sums it into z.crc.
func (z *Reader) headerByte() (byte, error) {
	b, err := z.in.ReadByte()
	if err != nil {
		return 0, err
	}
	z.one[0] = b
	z.crc = crc32.Update(z.crc, crc32.IEEETable, z.one[:])
	return b, nil
}

// noEOF turns the end of the input into io.ErrUnexpectedEOF.
func noEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // an error that wraps io.EOF is a broken read
		return io.ErrUnexpectedEOF
	}
	return err
}
