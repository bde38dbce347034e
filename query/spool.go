package query

import (
	"fmt"
	"os"
	"sync"

	"github.com/klauspost/compress/s2"

	"loglens/ingest"
)

// A spool keeps records (lines that failed, lines that are damaged) until a
// query reads them. Log lines compress to a fraction, so most incidents fit in
// memory; what exceeds the budget goes to a temporary file that has no name and
// vanishes with the process, however it ends.
type spool struct {
	budget int64  // bytes of compressed blocks to keep in memory
	dir    string // where the temporary file goes
	held   held   // of each record

	mu     sync.Mutex
	blocks []block
	inside int64 // bytes of them in memory
	file   *os.File
	size   int64 // of file
}

// block is a run of records, compressed: the heads, then the lines. It lies in
// data, or in the file at off.
type block struct {
	data  []byte
	off   int64
	heads int // compressed bytes of the heads
	n     int // of all
	blockHead
}

// blockHead is what is known of a block without reading it.
type blockHead struct {
	rows   int64
	object int32 // that all of its records come from, -1 for several
	first  int64 // times of its earliest and its latest entry, microseconds since 1970
	last   int64
}

// Sizes of a block before compression. A block that is kept apart becomes a row of
// the store on disk, and a row group of those is in memory until it is full.
const (
	blockBytes = 256 << 10
	apartBytes = 64 << 10
)

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
func (s *spool) store(heads, raws []byte, head blockHead) (block, error) {
	most := s2.MaxEncodedLen(len(heads))
	data := make([]byte, most+s2.MaxEncodedLen(len(raws)))
	h := s2.Encode(data[:most:most], heads)
	data = append(data[:len(h)], s2.Encode(data[most:], raws)...)
	b := block{heads: len(h), n: len(data), blockHead: head}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside+int64(b.n) <= s.budget {
		// data has room for the worst case.
		b.data = append(make([]byte, 0, b.n), data...)
		s.inside += int64(b.n)
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
		s.inside -= int64(len(b.data))
	}
	s.mu.Unlock()
}

// A spooler is one worker's way into a spool. Records since the last mark are
// provisional: commit keeps them, rollback drops them.
type spooler struct {
	spool   *spool
	apart   bool // no block holds records of several objects
	at      spoolMark
	mark    spoolMark // where the provisional records begin
	heads   []byte    // committed records, then provisional ones
	raws    []byte
	pending []block // full blocks of provisional records
}

// spoolMark is a place in a spooler's buffers, and what lies before it.
type spoolMark struct {
	heads, raws int
	blockHead
}

// add appends a record, as far as the spool holds any. It keeps a copy of r.raw.
func (w *spooler) add(r record) error {
	switch w.spool.held {
	case noneHeld:
		return nil
	case headsHeld:
		r.raw = nil
	}
	if n := len(w.heads) + len(w.raws); n >= blockBytes || w.apart && n >= apartBytes {
		if err := w.seal(); err != nil {
			return err
		}
	}
	w.heads, w.raws = r.append(w.heads, w.raws)
	w.at.heads, w.at.raws = len(w.heads), len(w.raws)
	w.at.add(r)
	return nil
}

func (h *blockHead) add(r record) {
	if h.rows == 0 {
		*h = blockHead{1, r.object, r.at, r.at}
		return
	}
	if h.rows++; h.object != r.object {
		h.object = -1
	}
	h.first, h.last = min(h.first, r.at), max(h.last, r.at)
}

// seal makes room: committed records leave for the spool, and if there are none,
// provisional ones become a pending block.
func (w *spooler) seal() error {
	committed := w.mark.rows > 0
	to := w.at
	if committed {
		to = w.mark
	}
	b, err := w.spool.store(w.heads[:to.heads], w.raws[:to.raws], to.blockHead)
	if err != nil {
		return err
	}
	if committed {
		w.spool.publish(b)
	} else {
		w.pending = append(w.pending, b)
	}
	w.heads = w.heads[:copy(w.heads, w.heads[to.heads:])]
	w.raws = w.raws[:copy(w.raws, w.raws[to.raws:])]
	// What is left are records of the object at hand, between the times of all.
	w.at.heads, w.at.raws, w.at.rows = len(w.heads), len(w.raws), w.at.rows-to.rows
	w.mark = spoolMark{}
	return nil
}

// commit keeps the records of the object at hand.
func (w *spooler) commit() error {
	w.spool.publish(w.pending...)
	w.pending = w.pending[:0]
	w.mark = w.at
	if w.apart {
		return w.flush()
	}
	return nil
}

func (w *spooler) rollback() {
	w.spool.forget(w.pending)
	w.pending = w.pending[:0]
	w.heads, w.raws, w.at = w.heads[:w.mark.heads], w.raws[:w.mark.raws], w.mark
}

// flush hands the last committed records over.
func (w *spooler) flush() error {
	if w.mark.rows == 0 {
		return nil
	}
	return w.seal()
}

// read returns a block, with its lines if they are wanted. One that lies in the
// file is read into buf.
func (s *spool) read(b block, raws bool, buf *[]byte) (packed, error) {
	data := b.data
	if data == nil {
		n := b.heads
		if raws {
			n = b.n
		}
		*buf = append((*buf)[:0], make([]byte, n)...)
		if _, err := s.file.ReadAt(*buf, b.off); err != nil {
			return packed{}, fmt.Errorf("read temporary file: %w", err)
		}
		data = *buf
	}
	p := packed{heads: data[:b.heads], object: -1}
	if raws {
		p.raws = data[b.heads:b.n]
	}
	return p, nil
}

// empty drops all records.
func (s *spool) empty() error {
	err := s.close()
	*s = spool{budget: s.budget, dir: s.dir, held: s.held}
	return err
}
