package query

import (
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/klauspost/compress/s2"

	"loglens/parse"
)

// record is one line that was kept, where it came from, and what was found of it.
// All but the line itself is its head: most of the reports need no more.
type record struct {
	object  int32
	kind    parse.Kind
	line    int64
	offset  int64 // bytes of log text before the line
	at      int64 // of the entry, microseconds since 1970
	verdict verdict
	client  []byte // address without port, of a request; nil for none
	raw     []byte
}

// verdict is why a request failed, or what is wrong with a damaged line.
type verdict struct {
	failed bool
	class  parse.Class
	source parse.Source
	why    []byte
}

// append encodes the record, its head and its line apart.
func (r record) append(heads, raws []byte) (_, _ []byte) {
	flags := byte(r.verdict.source) << 1
	if r.verdict.failed {
		flags |= 1
	}
	heads = binary.AppendUvarint(heads, uint64(r.object))
	heads = append(heads, byte(r.kind), flags, byte(r.verdict.class))
	heads = binary.AppendUvarint(heads, uint64(r.line))
	heads = binary.AppendUvarint(heads, uint64(r.offset))
	heads = binary.AppendVarint(heads, r.at)
	for _, text := range [][]byte{r.verdict.why, r.client} {
		heads = binary.AppendUvarint(heads, uint64(len(text)))
		heads = append(heads, text...)
	}
	heads = binary.AppendUvarint(heads, uint64(len(r.raw)))
	return heads, append(raws, r.raw...)
}

// lines is where the records of a relation are.
type lines interface {
	// rows counts the records.
	rows() int64
	// share begins a reading that several threads divide. Each takes a source of its own.
	share() func() blockSource
	// wants reports whether an entry of a time, in microseconds since 1970, is to be read.
	wants(at int64) bool
	// names makes known what the objects are called that the lines come from.
	names() error
	// ended is told what ends a reading early, and returns it.
	ended(err error) error
}

// blockSource yields blocks, one thread's part of them.
type blockSource interface {
	// next returns the next block until the call after it, its heads and, if they are
	// wanted, its lines.
	next(raws bool) (b packed, ok bool, err error)
}

// packed is a compressed block.
type packed struct {
	heads, raws []byte
	object      int32 // that all its records come from, -1 if they say so themselves
}

// cursor reads the records of a blockSource.
type cursor struct {
	source blockSource
	whole  bool // with the lines themselves
	object int32
	heads  unpacked
	raws   unpacked
}

var errBlock = errors.New("a block of kept lines is damaged")

// read returns the next record; ok is false at the end. Its texts are views,
// valid until the next read.
func (c *cursor) read() (r record, ok bool, err error) {
	h := &c.heads
	for len(h.rest) == 0 {
		if len(c.raws.rest) > 0 {
			return record{}, false, errBlock
		}
		b, ok, err := c.source.next(c.whole)
		if !ok || err != nil {
			return record{}, false, err
		}
		c.object = b.object
		if !h.unpack(b.heads) || c.whole && !c.raws.unpack(b.raws) {
			return record{}, false, errBlock
		}
	}
	r.object = int32(h.uvarint())
	if c.object >= 0 {
		r.object = c.object
	}
	kinds := h.take(3)
	if len(kinds) < 3 || kinds[0] > byte(parse.KindClassic) || kinds[2] > byte(parse.ClassUnknown) {
		return record{}, false, errBlock
	}
	flags := kinds[1]
	r.kind = parse.Kind(kinds[0])
	r.verdict.failed, r.verdict.source, r.verdict.class = flags&1 != 0, parse.Source(flags>>1&1), parse.Class(kinds[2])
	r.line = int64(h.uvarint())
	r.offset = int64(h.uvarint())
	r.at = h.varint()
	r.verdict.why = h.take(h.uvarint())
	if r.client = h.take(h.uvarint()); len(r.client) == 0 {
		r.client = nil
	}
	n := h.uvarint()
	if c.whole {
		if r.raw = c.raws.take(n); r.raw == nil {
			r.raw = []byte{} // an empty line is one
		}
	}
	if h.short || c.raws.short {
		return record{}, false, errBlock
	}
	return r, true, nil
}

// unpacked is what is left of a text that was compressed.
type unpacked struct {
	buf, rest []byte
	short     bool // more was asked for than there is
}

func (u *unpacked) unpack(data []byte) bool {
	var err error
	u.buf, err = s2.Decode(u.buf[:cap(u.buf)], data)
	u.rest = u.buf
	return err == nil
}

func (u *unpacked) uvarint() uint64 {
	if len(u.rest) > 0 && u.rest[0] < 0x80 { // as nearly all are
		v := u.rest[0]
		u.rest = u.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(u.rest)
	u.take(uint64(max(n, 0)))
	u.short = u.short || n <= 0
	return v
}

func (u *unpacked) varint() int64 {
	v, n := binary.Varint(u.rest)
	u.take(uint64(max(n, 0)))
	u.short = u.short || n <= 0
	return v
}

func (u *unpacked) take(n uint64) []byte {
	if u.short = u.short || n > uint64(len(u.rest)); u.short {
		u.rest = nil
		return nil
	}
	b := u.rest[:n:n]
	u.rest = u.rest[n:]
	return b
}

// kept returns the scan of a relation that reads kept lines. decoder makes, for
// each thread, what turns a record into a row, and says whether it needs the lines
// themselves; ok is false for a record that is not wanted.
func kept[T any](from lines, decoder func(columns columnSet) (decode func(record) (row T, ok bool, err error), whole bool)) func() func(columnSet) reader[T] {
	return func() func(columnSet) reader[T] {
		source := from.share()
		return func(columns columnSet) reader[T] {
			if columns.has("object_uri") || columns.has("node") || columns.has("load_balancer") {
				if err := from.names(); err != nil {
					return &keptReader[T]{from: from, err: from.ended(err)}
				}
			}
			decode, whole := decoder(columns)
			return &keptReader[T]{from: from, cursor: cursor{source: source(), whole: whole}, decode: decode}
		}
	}
}

// keptReader yields kept lines as rows.
type keptReader[T any] struct {
	from   lines
	cursor cursor
	decode func(record) (T, bool, error)
	err    error // why there is nothing to read
}

func (k *keptReader[T]) next() (row T, ok bool, err error) {
	if k.err != nil {
		return row, false, k.err
	}
	for {
		r, more, err := k.cursor.read()
		if err == nil && more {
			row, ok, err = k.decode(r)
		}
		switch {
		case err != nil:
			return row, false, k.from.ended(err)
		case ok || !more:
			return row, ok, nil
		}
	}
}

// share lets threads divide the blocks of a spool.
func (s *spool) share() func() blockSource {
	next := new(atomic.Int64)
	return func() blockSource { return &spoolSource{spool: s, taken: next} }
}

func (s *spool) ended(err error) error { return err }

// names does nothing: they are known since the objects were read.
func (s *spool) names() error { return nil }

// wants is true: nothing else was kept.
func (s *spool) wants(int64) bool { return true }

type spoolSource struct {
	spool *spool
	taken *atomic.Int64 // blocks, by all threads
	buf   []byte
}

func (s *spoolSource) next(raws bool) (p packed, ok bool, err error) {
	if s.spool.held > headsHeld || raws && s.spool.held > linesHeld {
		return packed{}, false, errNotHeld
	}
	i := int(s.taken.Add(1)) - 1
	if i >= len(s.spool.blocks) {
		return packed{}, false, nil
	}
	p, err = s.spool.read(s.spool.blocks[i], raws, &s.buf)
	return p, err == nil, err
}
