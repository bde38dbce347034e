package inflate

// fastInput is how many bytes of input one round of fast may load: two words,
// the second up to 7 bytes behind the first, rounded up.
const fastInput = 16

// decodeHuffman decodes symbols until they end or the caller's block is full.
func (z *Reader) decodeHuffman() error {
	for z.state == inHuffman && z.write <= z.full {
		if len(z.src)-z.pos >= 2*fastInput {
			if err := z.fast(); err != nil {
				return err
			}
			if z.state != inHuffman || z.write > z.full {
				return nil
			}
		}
		// The rest of the input at hand is shorter than what fast wants.
		if err := z.careful(); err != nil {
			return err
		}
	}
	return nil
}

// fast decodes symbols while both input and room are so plenty that one round
// of literals and a match need not ask for either, or until the block ends.
func (z *Reader) fast() error {
	in, block := uncheckedBytes(z.src), uncheckedBytes(z.block)
	last, full := len(z.src)-fastInput, z.full // the highest positions at which a round may begin
	pos, write := z.pos, z.write
	bits, nbits := z.bits, z.nbits // of nbits only the lowest 6 bits count

	var err error
	ended := false

	// Refill: as many whole bytes as there is room for, but at least 56 bits
	// are there afterwards. What is loaded of the next byte beyond them is
	// loaded again, the same, the next time.
	bits |= in.load(pos) << (nbits & 63)
	pos += int(7 - nbits>>3&7)
	nbits |= 56
	entry := z.litlen[bits&(1<<litlenBits-1)]

decoding:
	for pos <= last && write <= full {
		// Up to three entries of the first table: 30 bits, and with a longer
		// code and a length's extra bits 40.
		if entry&entryLiterals != 0 {
			bits >>= entry & widthMask
			nbits -= uint(entry)
			block.store(write, uint16(entry>>valueShift))
			write += int(entry >> literalsShift & 3)
			entry = z.litlen[bits&(1<<litlenBits-1)]
			if entry&entryLiterals != 0 {
				bits >>= entry & widthMask
				nbits -= uint(entry)
				block.store(write, uint16(entry>>valueShift))
				write += int(entry >> literalsShift & 3)
				entry = z.litlen[bits&(1<<litlenBits-1)]
				if entry&entryLiterals != 0 {
					bits >>= entry & widthMask
					nbits -= uint(entry)
					block.store(write, uint16(entry>>valueShift))
					write += int(entry >> literalsShift & 3)
					bits |= in.load(pos) << (nbits & 63)
					pos += int(7 - nbits>>3&7)
					nbits |= 56
					entry = z.litlen[bits&(1<<litlenBits-1)]
					continue
				}
			}
		}

		if entry&entryExceptional != 0 {
			if entry&entrySubtable != 0 {
				bits >>= litlenBits
				nbits -= litlenBits
				entry = z.litlen[(entry>>valueShift+uint32(bits)&(1<<(entry>>codeShift&codeMask)-1))&(litlenEntries-1)]
				if entry&entryLiterals != 0 {
					bits >>= entry & widthMask
					nbits -= uint(entry)
					z.block[write] = byte(entry >> valueShift)
					write++
					bits |= in.load(pos) << (nbits & 63)
					pos += int(7 - nbits>>3&7)
					nbits |= 56
					entry = z.litlen[bits&(1<<litlenBits-1)]
					continue
				}
			}
			if entry&entryExceptional != 0 {
				if ended = entry&entryEnd != 0; !ended {
					err = errSymbol
				}
				bits >>= entry & widthMask
				nbits -= uint(entry)
				break
			}
		}
		length := int(entry>>valueShift) + int(bits&(1<<(entry&widthMask)-1)>>(entry>>codeShift&codeMask))
		bits >>= entry & widthMask
		nbits -= uint(entry)

		// A distance takes up to 28 bits.
		bits |= in.load(pos) << (nbits & 63)
		pos += int(7 - nbits>>3&7)
		nbits |= 56
		entry = z.distance[bits&(1<<distanceBits-1)]
		if entry&entryExceptional != 0 {
			if entry&entrySubtable != 0 {
				bits >>= distanceBits
				nbits -= distanceBits
				entry = z.distance[(entry>>valueShift+uint32(bits)&(1<<(entry>>codeShift&codeMask)-1))&(distanceEntries-1)]
			}
			if entry&entryExceptional != 0 {
				err = errSymbol
				break
			}
		}
		distance := int(entry>>valueShift) + int(bits&(1<<(entry&widthMask)-1)>>(entry>>codeShift&codeMask))
		bits >>= entry & widthMask
		nbits -= uint(entry)

		// The next entry is loaded before the copy, which hides how long it takes.
		bits |= in.load(pos) << (nbits & 63)
		pos += int(7 - nbits>>3&7)
		nbits |= 56
		entry = z.litlen[bits&(1<<litlenBits-1)]

		to, from := write, write-distance
		write += length
		switch {
		case distance > to:
			if write, err = z.recall(to, distance, length); err != nil {
				break decoding
			}
		case distance >= 16:
			for { // the last step may write too much
				block.copy(to, from)
				to += copyStep
				from += copyStep
				if to >= write {
					break
				}
			}
		default:
			repeat(z.block, to, from, length)
		}
	}

	// Give back whole bytes.
	nbits &= 63
	z.pos = pos - int(nbits>>3)
	z.nbits = nbits & 7
	z.bits = bits & (1<<z.nbits - 1)
	z.write = write
	if ended {
		z.endBlock()
	}
	return err
}

// repeat copies length bytes within a block. They may overlap: what has been
// copied is then copied again, and each turn copies twice as much.
func repeat(block []byte, to, from, length int) {
	for length > 0 {
		n := copy(block[to:to+length], block[from:to])
		to += n
		length -= n
	}
}

// recall copies length bytes from a distance that begins before the block, and
// returns where they end. Inlined, it would take registers from fast.
//
//go:noinline
func (z *Reader) recall(to, distance, length int) (end int, err error) {
	back := distance - to // from the end of history
	if back > z.behind {
		return to, errDistance
	}
	from := historySize - back
	n := copy(z.block[to:to+length], z.history[from:])
	repeat(z.block, to+n, 0, length-n)
	return to + length, nil
}

// careful decodes one symbol and takes no byte that the symbol does not need.
func (z *Reader) careful() error {
	entry, extra, err := z.takeSymbol(z.litlen[:], litlenBits)
	switch {
	case err != nil:
		return err
	case entry&entryLiterals != 0:
		z.block[z.write] = byte(entry >> valueShift)
		z.write++
		return nil
	case entry&entryEnd != 0:
		z.endBlock()
		return nil
	case entry&entryExceptional != 0:
		return errSymbol
	}
	length := int(entry>>valueShift) + int(extra)

	entry, extra, err = z.takeSymbol(z.distance[:], distanceBits)
	if err != nil {
		return err
	}
	if entry&entryExceptional != 0 {
		return errSymbol
	}
	distance := int(entry>>valueShift) + int(extra)
	if distance > z.write {
		z.write, err = z.recall(z.write, distance, length)
		return err
	}
	repeat(z.block, z.write, z.write-distance, length)
	z.write += length
	return nil
}

// takeSymbol takes a symbol and its extra bits. The bits that are not there yet
// are zero: an entry whose code is no longer than what is there is right, any
// other asks for one more byte.
func (z *Reader) takeSymbol(table []uint32, tableBits uint) (entry, extra uint32, err error) {
	for {
		entry = table[z.bits&(1<<tableBits-1)]
		var first uint
		if entry&entrySubtable != 0 {
			first = tableBits
			entry = table[uint64(entry>>valueShift)+z.bits>>tableBits&(1<<(entry>>codeShift&codeMask)-1)]
		}
		code := first + uint(entry>>codeShift&codeMask)
		if code <= z.nbits {
			if code == 0 {
				return 0, 0, errSymbol // bits without a meaning
			}
			z.bits >>= code
			z.nbits -= code
			if entry&entryLiterals != 0 {
				return entry, 0, nil // only the first, if there are two
			}
			extra, err = z.takeBits(uint(entry&widthMask) + first - code)
			return entry, extra, err
		}
		if err := z.takeByte(); err != nil {
			return 0, 0, err
		}
	}
}

// takeBits takes n ≤ 16 bits.
func (z *Reader) takeBits(n uint) (uint32, error) {
	for z.nbits < n {
		if err := z.takeByte(); err != nil {
			return 0, err
		}
	}
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.nbits -= n
	return uint32(v), nil
}

// takeByte moves one byte of input to the bit buffer.
func (z *Reader) takeByte() error {
	if z.pos == len(z.src) {
		if err := z.more(); err != nil {
			return err
		}
	}
	z.bits |= uint64(z.src[z.pos]) << z.nbits
	z.pos++
	z.nbits += 8
	return nil
}
