package query

import (
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/klauspost/compress/s2"

	"loglens/parse"
)

// record is one line that was kept, where it came from, and what was found of it.
type record struct {
	object  int32
	kind    parse.Kind
	usual   bool // see parse.Access.Usual
	line    int64
	offset  int64 // bytes of log text before the line
	at      int64 // of the entry, microseconds since 1970
	verdict verdict
	raw     []byte
}

// verdict is why a request failed, or what is wrong with a damaged line.
type verdict struct {
	failed bool
	class  parse.Class
	source parse.Source
	why    []byte
}

// append encodes the record.
func (r record) append(b []byte) []byte {
	flags := byte(r.verdict.source) << 2
	if r.usual {
		flags |= 1
	}
	if r.verdict.failed {
		flags |= 2
	}
	b = binary.AppendUvarint(b, uint64(r.object))
	b = append(b, byte(r.kind), flags, byte(r.verdict.class))
	b = binary.AppendUvarint(b, uint64(r.line))
	b = binary.AppendUvarint(b, uint64(r.offset))
	b = binary.AppendVarint(b, r.at)
	b = binary.AppendUvarint(b, uint64(len(r.verdict.why)))
	b = append(b, r.verdict.why...)
	b = binary.AppendUvarint(b, uint64(len(r.raw)))
	return append(b, r.raw...)
}

// lines is where the records of a relation are.
type lines interface {
	// rows counts the records.
	rows() int64
	// share begins a reading that several threads divide. Each takes a source of its own.
	share() func() blockSource
	// ended is told what ends a reading early, and returns it.
	ended(err error) error
}

// blockSource yields blocks, one thread's part of them.
type blockSource interface {
	// next returns the next block, compressed, until the call after it, and the
	// object that all its records come from, -1 if they say so themselves.
	next() (data []byte, object int32, ok bool, err error)
}

// cursor reads the records of a blockSource.
type cursor struct {
	source blockSource
	object int32
	buf    []byte
	rest   []byte // of buf
}

var errBlock = errors.New("a block of kept lines is damaged")

// read returns the next record; ok is false at the end. Its texts are views,
// valid until the next read.
func (c *cursor) read() (r record, ok bool, err error) {
	for len(c.rest) == 0 {
		var data []byte
		if data, c.object, ok, err = c.source.next(); !ok || err != nil {
			return record{}, false, err
		}
		if c.buf, err = s2.Decode(c.buf[:cap(c.buf)], data); err != nil {
			return record{}, false, errBlock
		}
		c.rest = c.buf
	}
	r.object = int32(c.uvarint())
	if c.object >= 0 {
		r.object = c.object
	}
	if len(c.rest) < 3 || c.rest[0] > byte(parse.KindClassic) || c.rest[2] > byte(parse.ClassUnknown) {
		return record{}, false, errBlock
	}
	flags := c.rest[1]
	r.kind, r.usual = parse.Kind(c.rest[0]), flags&1 != 0
	r.verdict.failed, r.verdict.source, r.verdict.class = flags&2 != 0, parse.Source(flags>>2&1), parse.Class(c.rest[2])
	c.rest = c.rest[3:]
	r.line = int64(c.uvarint())
	r.offset = int64(c.uvarint())
	r.at = c.varint()
	r.verdict.why = c.bytes()
	if r.raw = c.bytes(); r.raw == nil {
		return record{}, false, errBlock
	}
	return r, true, nil
}

// uvarint, varint and bytes read nothing where nothing is left, and bytes is nil then.
func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	c.rest = c.rest[max(n, 0):]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.rest)
	c.rest = c.rest[max(n, 0):]
	return v
}

func (c *cursor) bytes() []byte {
	if len(c.rest) == 0 {
		return nil
	}
	n := c.uvarint()
	if n > uint64(len(c.rest)) {
		c.rest = nil
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// kept returns the scan of a relation that reads kept lines. decoder makes, for
// each thread, what turns a record into a row; ok is false for a record that is
// not wanted.
func kept[T any](from lines, decoder func(columns columnSet) func(record) (row T, ok bool, err error)) func() func(columnSet) reader[T] {
	return func() func(columnSet) reader[T] {
		source := from.share()
		return func(columns columnSet) reader[T] {
			return &keptReader[T]{from, cursor{source: source()}, decoder(columns)}
		}
	}
}

// keptReader yields kept lines as rows.
type keptReader[T any] struct {
	from   lines
	cursor cursor
	decode func(record) (T, bool, error)
}

func (k *keptReader[T]) next() (row T, ok bool, err error) {
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

type spoolSource struct {
	spool *spool
	taken *atomic.Int64 // blocks, by all threads
	buf   []byte
}

func (s *spoolSource) next() (data []byte, object int32, ok bool, err error) {
	i := int(s.taken.Add(1)) - 1
	if i >= len(s.spool.blocks) {
		return nil, 0, false, nil
	}
	data, err = s.spool.read(s.spool.blocks[i], &s.buf)
	return data, -1, err == nil, err
}
