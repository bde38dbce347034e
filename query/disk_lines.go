package query

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/ingest"
	"loglens/internal/when"
)

// A store on disk keeps lines as they stood in the logs, in compressed blocks of one
// object and one relation each. Columns are made when they are asked for, as they
// are for an answer from the sources: what a column means is said in one place,
// and a store that an older loglens has filled has all columns of this one.

// lineBlock is a block of lines of a relation.
type lineBlock struct {
	relation string
	block
	packed packed
}

// newLineBlock returns the relation of all blocks that were kept for the disk.
func newLineBlock(s *Store) *relation[lineBlock] {
	spools := map[string]*spool{"failure": s.failures, "reject": s.rejects}
	for name, kind := range entryRelations {
		spools[name] = s.keeping.entries[kind]
	}
	if s.keeping.requests != nil {
		spools["request"] = s.keeping.requests
	}
	return &relation[lineBlock]{
		name: "line_block",
		columns: []column[lineBlock]{
			{"object_id", duckdb.TYPE_INTEGER, func(c cell, b lineBlock) { put(c, b.object, true) }},
			{"relation", duckdb.TYPE_VARCHAR, func(c cell, b lineBlock) { c.str(b.relation) }},
			{"lines", duckdb.TYPE_BIGINT, func(c cell, b lineBlock) { put(c, b.rows, true) }},
			{"first", duckdb.TYPE_TIMESTAMP, func(c cell, b lineBlock) { put(c, b.first, b.relation != "reject") }},
			{"last", duckdb.TYPE_TIMESTAMP, func(c cell, b lineBlock) { put(c, b.last, b.relation != "reject") }},
			{"bytes", duckdb.TYPE_BIGINT, func(c cell, b lineBlock) { put(c, int64(b.n), true) }},
			{"heads", duckdb.TYPE_BLOB, func(c cell, b lineBlock) { c.blob(b.packed.heads) }},
			{"raws", duckdb.TYPE_BLOB, func(c cell, b lineBlock) { c.blob(b.packed.raws) }},
		},
		size: func() (n int64) {
			for _, s := range spools {
				n += int64(len(s.blocks))
			}
			return n
		},
		scan: func() func(columnSet) reader[lineBlock] {
			taken := new(atomic.Bool)
			return func(columnSet) reader[lineBlock] {
				if taken.Swap(true) { // there is nothing to do for a second thread
					return &lineBlocks{}
				}
				return &lineBlocks{spools: spools, names: slices.Sorted(maps.Keys(spools))}
			}
		},
	}
}

// lineBlocks yields the blocks of several spools.
type lineBlocks struct {
	spools map[string]*spool
	names  []string // that are still to come
	at     int      // of the blocks of names[0]
	buf    []byte
}

func (l *lineBlocks) next() (b lineBlock, ok bool, err error) {
	for ; len(l.names) > 0; l.names, l.at = l.names[1:], 0 {
		s := l.spools[l.names[0]]
		if l.at == len(s.blocks) {
			continue
		}
		b = lineBlock{relation: l.names[0], block: s.blocks[l.at]}
		l.at++
		b.packed, err = s.read(b.block, true, &l.buf)
		return b, err == nil, err
	}
	return b, false, nil
}

// diskLines are the kept lines of a relation that an answer from disk rests on.
type diskLines struct {
	store    *Store
	relation string
	from     int64 // of the window that they are read of, microseconds since 1970
	until    int64
	found    bool        // blocks are those of the answer at hand
	blocks   []diskBlock // by rowid
	count    int64       // of lines in them
}

// diskBlock is where a block lies, and of which object of the answer it is.
type diskBlock struct {
	rowid  int64
	object int32
	bytes  int32 // stored, heads and lines
}

func (d *diskLines) rows() int64 { return d.count }

// lose forgets what was found for an earlier answer.
func (d *diskLines) lose() { d.found, d.blocks, d.count = false, nil, 0 }

// find lists the blocks that hold lines of the chosen objects and of a window. It
// needs no connection that something else uses.
func (d *diskLines) find(ctx context.Context, window when.Window) error {
	d.lose()
	d.found = true
	d.from, d.until = window.Micros()
	var b diskBlock
	var lines int64
	return each(ctx, d.store.db, func() {
		d.blocks, d.count = append(d.blocks, b), d.count+lines
	}, `
		SELECT b.rowid, c.object_id, b.lines, b.bytes FROM disk.line_block b JOIN main.chosen c ON b.object_id = c.stored
		WHERE b.relation = $1 AND coalesce(epoch_us(b.first) < $3 AND epoch_us(b.last) >= $2, true)
		ORDER BY b.rowid`, []any{&b.rowid, &b.object, &lines, &b.bytes}, d.relation, d.from, d.until)
}

// What is read at a time: so many stored bytes, of which heads are the smaller part;
// and how many blocks that are not wanted are read over at most.
const (
	wholeAtOnce = 4 << 20
	headsAtOnce = 16 << 20
	blocksGap   = 100
)

// together returns the end of the blocks from i on that are read at a time.
func (d *diskLines) together(i int, raws bool) (end int) {
	left := int64(headsAtOnce)
	if raws {
		left = wholeAtOnce
	}
	for end = i; end < len(d.blocks) && left > 0; end++ {
		if end > i && d.blocks[end].rowid-d.blocks[end-1].rowid > blocksGap {
			break
		}
		left -= int64(d.blocks[end].bytes)
	}
	return end
}

// fewNames is up to how many objects are asked for by their numbers.
const fewNames = 1000

// names makes known what the objects are called that the lines come from.
func (d *diskLines) names() error {
	s := d.store
	s.reader.mu.Lock()
	defer s.reader.mu.Unlock()
	which := map[int32]bool{}
	for _, b := range d.blocks {
		which[b.object] = s.uri(b.object) == ""
	}
	where, list := "true", []string{}
	for object, unknown := range which {
		if unknown {
			list = append(list, fmt.Sprint(object))
		}
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) <= fewNames {
		where = "c.object_id IN (" + strings.Join(list, ", ") + ")"
	}
	var object int
	var uri string
	return each(s.reader.ctx, s.db, func() {
		if s.uris[object] == "" { // else somebody may be reading it
			s.uris[object], s.names[object] = uri, ingest.NameOf(uri)
		}
	}, "SELECT c.object_id, o.uri FROM main.chosen c JOIN disk.object o ON o.object_id = c.stored WHERE "+where+" ORDER BY ALL", []any{&object, &uri})
}

func (d *diskLines) wants(at int64) bool { return at >= d.from && at < d.until }

func (d *diskLines) ended(err error) error { return d.store.reader.cause.keep(err) }

func (d *diskLines) share() func() blockSource {
	next := new(atomic.Int64)
	return func() blockSource { return &diskSource{lines: d, taken: next} }
}

// diskSource reads one run of blocks after the other.
type diskSource struct {
	lines *diskLines
	taken *atomic.Int64 // of the blocks, by all threads
	data  []byte        // of those at hand
	ready []packed      // of those that are still to come
}

func (s *diskSource) next(raws bool) (b packed, ok bool, err error) {
	if !s.lines.found {
		return packed{}, false, errNotHeld
	}
	for len(s.ready) == 0 {
		from := s.taken.Load()
		to := s.lines.together(int(from), raws)
		if int(from) == to {
			return packed{}, false, nil
		}
		if !s.taken.CompareAndSwap(from, int64(to)) {
			continue
		}
		if err := s.read(s.lines.blocks[from:to], raws); err != nil {
			return packed{}, false, err
		}
	}
	b, s.ready = s.ready[0], s.ready[1:]
	return b, true, nil
}

// read fetches blocks, over a connection of its own: the one that asks is in the
// middle of a statement.
func (s *diskSource) read(blocks []diskBlock, raws bool) (err error) {
	what := "rowid, heads, NULL"
	if raws {
		what = "rowid, heads, raws"
	}
	store := s.lines.store
	rows, err := store.db.QueryContext(store.reader.ctx,
		"SELECT "+what+" FROM disk.line_block WHERE rowid BETWEEN ? AND ? AND relation = ?",
		blocks[0].rowid, blocks[len(blocks)-1].rowid, s.lines.relation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if n := s.room(blocks, raws); cap(s.data) < n {
		s.data = make([]byte, 0, n)
	}
	s.data, s.ready = s.data[:0], nil
	var rowid int64
	var heads, lines sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&rowid, &heads, &lines); err != nil {
			return err
		}
		at, ok := slices.BinarySearchFunc(blocks, rowid, func(b diskBlock, rowid int64) int { return cmp.Compare(b.rowid, rowid) })
		if ok {
			s.ready = append(s.ready, packed{s.keep(heads), s.keep(lines), blocks[at].object})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(s.ready) != len(blocks) {
		return errBlock
	}
	return nil
}

// room is what blocks take; of heads alone it is a guess.
func (s *diskSource) room(blocks []diskBlock, raws bool) (n int) {
	for _, b := range blocks {
		n += int(b.bytes)
	}
	if !raws {
		n /= headsAtOnce / wholeAtOnce
	}
	return n
}

// keep copies what is read. If there is no room, what was kept before stays where it is.
func (s *diskSource) keep(b []byte) []byte {
	if cap(s.data)-len(s.data) < len(b) {
		s.data = make([]byte, 0, max(wholeAtOnce, len(b)))
	}
	at := len(s.data)
	s.data = append(s.data, b...)
	return s.data[at:len(s.data):len(s.data)]
}
