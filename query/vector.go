package query

import (
	"encoding/binary"
	"reflect"
	"runtime"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// This file writes rows straight into DuckDB's vectors: the library's own
// setters cost a call into C for every text. It is the only file of the package
// that uses unsafe, for four reasons, each with its bounds:
//
//   - a vector's values and validity mask are C arrays of so many elements as a
//     chunk has rows; cell.row is always below that (see rows.full);
//   - a text of more than 12 bytes is a pointer, which has to stay valid until
//     the chunk is done with: it points into an arena that is pinned as long as
//     the store is open and reused only when DuckDB asks for the next chunk;
//   - whether a text is part of the line at hand, which has been copied whole, is told by
//     its address: the arena holds the line until the next one or the end of the chunk,
//     so nothing else can lie there;
//   - the handles of chunk and vectors are fields that the library keeps to
//     itself; reading them with reflect changes nothing, and a field that is no
//     longer there panics in every test.

// vector is one column of a chunk. A column that the query does not name has no data.
type vector struct {
	data  unsafe.Pointer
	valid unsafe.Pointer // one bit per row, all set at first
	code  *coder         // what stores texts as codes; nil for texts as such
}

// rows is a chunk that is being filled.
type rows struct {
	vectors []vector // by column of the relation
	arena   *arena
	n       int
}

// begin points at the vectors of a chunk.
func (r *rows) begin(chunk *duckdb.DataChunk) {
	v := reflect.ValueOf(chunk).Elem()
	handle := mapping.DataChunk{Ptr: v.FieldByName("chunk").FieldByName("Ptr").UnsafePointer()}
	projection := v.FieldByName("projection")
	for i := range r.vectors {
		at := projection.Index(i).Int()
		if at < 0 {
			continue
		}
		vec := mapping.DataChunkGetVector(handle, mapping.IdxT(at))
		mapping.VectorEnsureValidityWritable(vec)
		v := &r.vectors[i]
		v.data, v.valid = mapping.VectorGetData(vec), mapping.VectorGetValidity(vec)
	}
	r.n = 0
	r.arena.reset()
}

// chunkRows is how many rows a chunk takes. Asking costs a call into C.
var chunkRows = duckdb.GetDataChunkCapacity()

// full reports whether the chunk takes no more rows.
func (r *rows) full() bool { return r.n >= chunkRows || r.arena.full() }

// wants reports whether the query names a column.
func (r *rows) wants(column int) bool { return r.vectors[column].data != nil }

// cell is where one value goes. It is made for every value: of more than four words
// the compiler keeps none in registers.
type cell struct {
	*vector
	row   int
	arena *arena
}

func (r *rows) cell(column int) cell { return cell{&r.vectors[column], r.n, r.arena} }

// null stores NULL.
func (c cell) null() {
	word := (*uint64)(unsafe.Add(c.valid, c.row/64*8))
	*word &^= 1 << (c.row % 64)
}

// put stores a value of a type that has DuckDB's own layout, or NULL.
func put[V int16 | int32 | int64 | uint16 | uint32 | float64 | bool | [2]uint64](c cell, v V, ok bool) {
	if !ok {
		c.null()
		return
	}
	*(*V)(unsafe.Add(c.data, uintptr(c.row)*unsafe.Sizeof(v))) = v
}

// inlined is how long a text may be that DuckDB stores within its 16 bytes:
// length, then the text itself, or else its first four bytes and a pointer.
const inlined = 12

// text stores b as valid UTF-8, or NULL if it is nil.
func (c cell) text(b []byte) {
	if b == nil {
		c.null()
		return
	}
	if c.code != nil {
		c.code.text(c, b)
		return
	}
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))) - uintptr(unsafe.Pointer(unsafe.SliceData(c.arena.line))); at < uintptr(len(c.arena.line)) {
		b = c.arena.copied[at:][:len(b)]
	} else if len(b) > inlined || !ascii(b) {
		b = c.arena.clean(b)
	}
	c.bytes(b)
}

// bytes stores b, which lies in the arena, or has room in the vector itself.
func (c cell) bytes(b []byte) {
	to := (*[16]byte)(unsafe.Add(c.data, c.row*16))
	binary.NativeEndian.PutUint32(to[:], uint32(len(b)))
	if len(b) <= inlined {
		clear(to[4+copy(to[4:], b):])
		return
	}
	copy(to[4:8], b)
	*(*uintptr)(unsafe.Pointer(&to[8])) = uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// blob stores b as it is.
func (c cell) blob(b []byte) { c.bytes(c.arena.keep(b)) }

// str is text for a string; an empty one is NULL.
func (c cell) str(s string) { c.text(unsafe.Slice(unsafe.StringData(s), len(s))) }

// arenaSize is what the texts of a chunk may take before it is ended: a chunk
// of whole requests takes about 1 MiB.
const arenaSize = 2 << 20

// arena holds the texts of the chunk at hand.
type arena struct {
	slab  []byte
	used  []byte // of slab
	extra []*arena
	pins  runtime.Pinner

	line   []byte // of the row at hand, where it lies at its reader; nil if it is not plain, or not wanted whole
	copied []byte // line in the slab

	scratch []byte // for values that are made up
	odd     []byte // the texts of the row at hand that have no code
}

func newArena(size int) *arena {
	a := &arena{slab: make([]byte, size)}
	a.pins.Pin(unsafe.SliceData(a.slab))
	a.used = a.slab[:0]
	return a
}

func (a *arena) full() bool { return len(a.used) > arenaSize/2 || len(a.extra) > 0 }

func (a *arena) reset() {
	a.used, a.line, a.copied = a.slab[:0], nil, nil
	for _, x := range a.extra {
		x.pins.Unpin()
	}
	a.extra, a.odd = nil, a.odd[:0]
}

// close gives the memory back. No chunk may use it any more.
func (a *arena) close() {
	a.reset()
	a.pins.Unpin()
}

// clean copies b into the arena, as appendClean does.
func (a *arena) clean(b []byte) []byte {
	if len(a.used)+4*len(b) > cap(a.used) { // every byte may become four
		x := newArena(4*len(b) + 1)
		a.extra = append(a.extra, x)
		return appendClean(x.used, b)
	}
	at := len(a.used)
	a.used = appendClean(a.used, b)
	return a.used[at:]
}

// begin makes known the line of the next row. If it needs no cleaning it is copied
// whole, and its fields are not looked at and copied one by one.
func (a *arena) begin(line []byte) {
	a.line, a.copied = nil, nil
	if len(a.used)+len(line) <= cap(a.used) && ascii(line) {
		a.line, a.copied = line, a.keep(line)
	}
}

// keep copies b into the arena.
func (a *arena) keep(b []byte) []byte {
	if len(a.used)+len(b) > cap(a.used) {
		x := newArena(len(b) + 1)
		a.extra = append(a.extra, x)
		return append(x.used, b...)
	}
	at := len(a.used)
	a.used = append(a.used, b...)
	return a.used[at:]
}

// arenas are those of a store, used by one scan after the other.
type arenas struct {
	mu   sync.Mutex
	all  []*arena
	idle []*arena
}

func (p *arenas) take() *arena {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		a := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return a
	}
	a := newArena(arenaSize)
	p.all = append(p.all, a)
	return a
}

// give takes an arena back whose scan has come to its end. One of a scan that
// was stopped early is kept until the store is closed.
func (p *arenas) give(a *arena) {
	p.mu.Lock()
	p.idle = append(p.idle, a)
	p.mu.Unlock()
}

// close gives all memory back, once the database is closed.
func (p *arenas) close() {
	for _, a := range p.all {
		a.close()
	}
	p.all, p.idle = nil, nil
}
