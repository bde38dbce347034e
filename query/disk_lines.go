package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"path/filepath"
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
				return &lineBlocks{spools: spools, names: sortedKeys(spools)}
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
	parts    []diskPart
	count    int64
}

// diskPart is a run of blocks that are read at a time.
type diskPart struct {
	first, last int64           // rowid
	objects     map[int64]int32 // by rowid
	bytes       int64
}

// partBytes is how many compressed bytes are read at a time, and partGap how many
// blocks that are not wanted are read over at most.
const (
	partBytes = 4 << 20
	partGap   = 100
)

func (d *diskLines) rows() int64 { return d.count }

// find lists the blocks that hold lines of the chosen objects and of a window.
func (d *diskLines) find(ctx context.Context, window when.Window) error {
	d.parts, d.count = nil, 0
	d.from, d.until = window.Micros()
	var rowid, lines, bytes int64
	var object int32
	return d.store.each(ctx, func() {
		n := len(d.parts) - 1
		if n < 0 || d.parts[n].bytes >= partBytes || rowid-d.parts[n].last > partGap {
			d.parts = append(d.parts, diskPart{first: rowid, objects: map[int64]int32{}})
			n++
		}
		p := &d.parts[n]
		p.last, p.objects[rowid] = rowid, object
		p.bytes, d.count = p.bytes+bytes, d.count+lines
	}, `
		SELECT b.rowid, c.object_id, b.lines, b.bytes FROM disk.line_block b JOIN chosen c ON b.object_id = c.stored
		WHERE b.relation = $1 AND coalesce(epoch_us(b.first) < $3 AND epoch_us(b.last) >= $2, true)
		ORDER BY b.rowid`, []any{&rowid, &object, &lines, &bytes}, d.relation, d.from, d.until)
}

// fewNames is up to how many objects are asked for by their numbers.
const fewNames = 1000

// names makes known what the objects are called that the lines come from.
func (d *diskLines) names() (err error) {
	s := d.store
	s.reader.mu.Lock()
	defer s.reader.mu.Unlock()
	which := map[int32]bool{}
	for _, p := range d.parts {
		for _, object := range p.objects {
			which[object] = which[object] || s.uri(object) == ""
		}
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
	rows, err := s.db.QueryContext(s.reader.ctx, "SELECT c.object_id, o.uri FROM main.chosen c JOIN disk.object o ON o.object_id = c.stored WHERE "+where+" ORDER BY ALL")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var object int
		var uri string
		if err := rows.Scan(&object, &uri); err != nil {
			return err
		}
		if s.uris[object] == "" { // else somebody may be reading it
			s.uris[object], s.names[object] = uri, ingest.ParseName(path.Base(filepath.ToSlash(uri)))
		}
	}
	return rows.Err()
}

func (d *diskLines) wants(at int64) bool { return at >= d.from && at < d.until }

func (d *diskLines) ended(err error) error { return d.store.reader.cause.keep(err) }

func (d *diskLines) share() func() blockSource {
	next := new(atomic.Int64)
	return func() blockSource { return &diskSource{lines: d, taken: next} }
}

// diskSource reads one part after the other.
type diskSource struct {
	lines  *diskLines
	taken  *atomic.Int64 // parts, by all threads
	data   []byte        // of the part at hand
	blocks []packed      // of it that are still to come
}

func (s *diskSource) next(raws bool) (b packed, ok bool, err error) {
	for len(s.blocks) == 0 {
		i := int(s.taken.Add(1)) - 1
		if i >= len(s.lines.parts) {
			return packed{}, false, nil
		}
		if err := s.read(&s.lines.parts[i], raws); err != nil {
			return packed{}, false, err
		}
	}
	b, s.blocks = s.blocks[0], s.blocks[1:]
	return b, true, nil
}

// read fetches the blocks of a part, over a connection of its own: the one that
// asks is in the middle of a statement.
func (s *diskSource) read(p *diskPart, raws bool) (err error) {
	what := "rowid, heads, NULL"
	if raws {
		what = "rowid, heads, raws"
	}
	store := s.lines.store
	rows, err := store.db.QueryContext(store.reader.ctx,
		"SELECT "+what+" FROM disk.line_block WHERE rowid BETWEEN ? AND ? AND relation = ?", p.first, p.last, s.lines.relation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if int64(cap(s.data)) < p.bytes { // no block is moved while others are added
		s.data = make([]byte, 0, p.bytes)
	}
	s.data, s.blocks = s.data[:0], nil
	var rowid int64
	var heads, lines sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&rowid, &heads, &lines); err != nil {
			return err
		}
		if object, ok := p.objects[rowid]; ok {
			s.blocks = append(s.blocks, packed{s.keep(heads), s.keep(lines), object})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(s.blocks) != len(p.objects) {
		return errBlock
	}
	return nil
}

func (s *diskSource) keep(b []byte) []byte {
	at := len(s.data)
	s.data = append(s.data, b...)
	return s.data[at:len(s.data):len(s.data)]
}
