package query

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"

	"loglens/ingest"
	"loglens/parse"
)

// A spool keeps records (lines that failed, lines that are damaged) until a
// query reads them. Log lines compress to a fraction, so most incidents fit in
// memory; what exceeds the budget goes to a temporary file that has no name and
// vanishes with the process, however it ends.
type spool struct {
	budget int64  // bytes of compressed blocks to keep in memory
	dir    string // where the temporary file goes

	mu     sync.Mutex
	blocks []block
	held   int64
	file   *os.File
	size   int64 // of file
}

// block is a run of records, compressed. It lies in data, or in the file at off.
type block struct {
	data []byte
	off  int64
	n    int // compressed bytes
	rows int64
}

// record is one line and where it came from.
type record struct {
	object int32
	kind   parse.Kind
	line   int64
	offset int64  // bytes of log text before the line
	note   string // what is wrong with a damaged line
	raw    []byte
}

// blockBytes is the size of a block before compression.
const blockBytes = 256 << 10

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// rows counts the records.
func (s *spool) rows() (n int64) {
	for _, b := range s.blocks {
		n += b.rows
	}
	return n
}

// store compresses a block and finds it a place. Until publish nobody sees it.
func (s *spool) store(raw []byte, rows int64) (block, error) {
	data := s2.Encode(nil, raw)
	b := block{n: len(data), rows: rows}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held+int64(b.n) <= s.budget {
		// Encode's buffer is sized for the worst case.
		b.data = append(make([]byte, 0, b.n), data...)
		s.held += int64(b.n)
		return b, nil
	}
	if s.file == nil {
		f, err := ingest.NamelessFile(s.dir)
		if err != nil {
			return block{}, err
		}
		s.file = f
	}
	if _, err := s.file.WriteAt(data, s.size); err != nil {
		return block{}, fmt.Errorf("write temporary file: %w", err)
	}
	b.off = s.size
	s.size += int64(b.n)
	return b, nil
}

// publish makes blocks part of the relation.
func (s *spool) publish(blocks ...block) {
	s.mu.Lock()
	s.blocks = append(s.blocks, blocks...)
	s.mu.Unlock()
}

// forget gives back what blocks held. Room in the file is not reused.
func (s *spool) forget(blocks []block) {
	s.mu.Lock()
	for _, b := range blocks {
		s.held -= int64(len(b.data))
	}
	s.mu.Unlock()
}

// A spooler is one worker's way into a spool. Records since the last mark are
// provisional: commit keeps them, rollback drops them.
type spooler struct {
	spool   *spool
	buf     []byte  // committed records, then provisional ones
	rows    int64   // in buf
	mark    int     // where the provisional ones begin in buf
	markRow int64   // rows before mark
	pending []block // full blocks of provisional records
}

// add appends a record. It keeps a copy of r.raw.
func (w *spooler) add(r record) error {
	if len(w.buf) >= blockBytes {
		if err := w.seal(); err != nil {
			return err
		}
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(r.object))
	w.buf = append(w.buf, byte(r.kind))
	w.buf = binary.AppendUvarint(w.buf, uint64(r.line))
	w.buf = binary.AppendUvarint(w.buf, uint64(r.offset))
	w.buf = binary.AppendUvarint(w.buf, uint64(len(r.note)))
	w.buf = append(w.buf, r.note...)
	w.buf = binary.AppendUvarint(w.buf, uint64(len(r.raw)))
	w.buf = append(w.buf, r.raw...)
	w.rows++
	return nil
}

// seal makes room in buf: committed records leave for the spool, and if there
// are none, provisional ones become a pending block.
func (w *spooler) seal() error {
	if w.mark > 0 {
		b, err := w.spool.store(w.buf[:w.mark], w.markRow)
		if err != nil {
			return err
		}
		w.spool.publish(b)
		w.buf = w.buf[:copy(w.buf, w.buf[w.mark:])]
		w.rows -= w.markRow
		w.mark, w.markRow = 0, 0
		return nil
	}
	b, err := w.spool.store(w.buf, w.rows)
	if err != nil {
		return err
	}
	w.pending = append(w.pending, b)
	w.buf, w.rows = w.buf[:0], 0
	return nil
}

func (w *spooler) commit() {
	w.spool.publish(w.pending...)
	w.pending = w.pending[:0]
	w.mark, w.markRow = len(w.buf), w.rows
}

func (w *spooler) rollback() {
	w.spool.forget(w.pending)
	w.pending = w.pending[:0]
	w.buf, w.rows = w.buf[:w.mark], w.markRow
}

// flush hands the last committed records over.
func (w *spooler) flush() error {
	if w.mark == 0 {
		return nil
	}
	return w.seal()
}

// A cursor reads a spool; several share one position and divide the blocks.
type cursor struct {
	spool *spool
	next  *atomic.Int64
	comp  []byte
	buf   []byte
	rest  []byte // of buf
}

// read returns the next record; ok is false at the end. r.raw is a view, valid
// until the next read.
func (c *cursor) read() (r record, ok bool, err error) {
	for len(c.rest) == 0 {
		i := int(c.next.Add(1)) - 1
		if i >= len(c.spool.blocks) {
			return record{}, false, nil
		}
		if err := c.load(&c.spool.blocks[i]); err != nil {
			return record{}, false, err
		}
	}
	r.object = int32(c.uvarint())
	r.kind = parse.Kind(c.rest[0])
	c.rest = c.rest[1:]
	r.line = int64(c.uvarint())
	r.offset = int64(c.uvarint())
	r.note = string(c.bytes())
	r.raw = c.bytes()
	return r, true, nil
}

func (c *cursor) load(b *block) error {
	data := b.data
	if data == nil {
		c.comp = append(c.comp[:0], make([]byte, b.n)...)
		if _, err := c.spool.file.ReadAt(c.comp, b.off); err != nil {
			return fmt.Errorf("read temporary file: %w", err)
		}
		data = c.comp
	}
	var err error
	if c.buf, err = s2.Decode(c.buf[:cap(c.buf)], data); err != nil {
		return fmt.Errorf("read kept lines: %w", err)
	}
	c.rest = c.buf
	return nil
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) bytes() []byte {
	n := c.uvarint()
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

// kept returns the scan of a relation that reads a spool. decoder returns a
// function that turns a record into a row; it is called once per thread.
func kept[T any](s *spool, decoder func() func(record) (T, error)) func() func() reader[T] {
	return func() func() reader[T] {
		next := new(atomic.Int64)
		return func() reader[T] {
			return &keptReader[T]{cursor{spool: s, next: next}, decoder()}
		}
	}
}

// keptReader yields the records of a spool as rows.
type keptReader[T any] struct {
	cursor cursor
	decode func(record) (T, error)
}

func (k *keptReader[T]) next() (row T, ok bool, err error) {
	r, ok, err := k.cursor.read()
	if ok {
		row, err = k.decode(r)
	}
	return row, ok, err
}

// empty drops all records.
func (s *spool) empty() error {
	err := s.close()
	*s = spool{budget: s.budget, dir: s.dir}
	return err
}
