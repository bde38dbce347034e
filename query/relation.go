package query

import (
	"database/sql"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"
)

// A relation is a spool that SQL sees as a table. It is read again by every
// scan, and only the columns that a query names are cut out of the lines.
type relation[T any] struct {
	name    string
	spool   *spool
	columns []column[T]
	// decoder returns a function that turns a record into what the columns
	// read. It is called once per scanning thread.
	decoder func() func(record) (T, error)
}

// column is one column of a relation.
type column[T any] struct {
	name string
	typ  duckdb.Type
	put  func(c cell, row T) error
}

// cell is where a column's value goes.
type cell struct {
	chunk    duckdb.DataChunk
	col, row int
	scratch  *[]byte
}

func (c cell) null() error { return c.chunk.SetValue(c.col, c.row, nil) }

// text stores b, or NULL if it is nil.
func (c cell) text(b []byte) error {
	if b == nil {
		return c.null()
	}
	*c.scratch = appendClean((*c.scratch)[:0], b)
	return duckdb.SetChunkValue(c.chunk, c.col, c.row, *c.scratch)
}

func put[V any](c cell, v V, ok bool) error {
	if !ok {
		return c.null()
	}
	return duckdb.SetChunkValue(c.chunk, c.col, c.row, v)
}

// register makes the relation known to the database as a view of its name.
func (r *relation[T]) register(conn *sql.Conn, exec func(string) error) error {
	function := r.name + "_scan"
	infos := make([]duckdb.ColumnInfo, len(r.columns))
	for i, c := range r.columns {
		t, err := duckdb.NewTypeInfo(c.typ)
		if err != nil {
			return fmt.Errorf("relation %s: column %s: %w", r.name, c.name, err)
		}
		infos[i] = duckdb.ColumnInfo{Name: c.name, T: t}
	}
	err := duckdb.RegisterTableUDF(conn, function, duckdb.ParallelChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ParallelChunkTableSource, error) {
			return &scan[T]{relation: r, infos: infos}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("relation %s: %w", r.name, err)
	}
	return exec("CREATE VIEW " + r.name + " AS FROM " + function + "()")
}

// scan is one reading of a relation by a query.
type scan[T any] struct {
	relation *relation[T]
	infos    []duckdb.ColumnInfo
	next     atomic.Int64
}

func (s *scan[T]) ColumnInfos() []duckdb.ColumnInfo { return s.infos }

func (s *scan[T]) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.relation.spool.rows()), Exact: true}
}

func (s *scan[T]) Init() duckdb.ParallelTableSourceInfo {
	return duckdb.ParallelTableSourceInfo{MaxThreads: runtime.GOMAXPROCS(0)}
}

// scanner is what one thread of a scan holds.
type scanner[T any] struct {
	cursor    cursor
	decode    func(record) (T, error)
	projected []int // the columns that the query asks for; nil before the first chunk
	scratch   []byte
}

func (s *scan[T]) NewLocalState() any {
	return &scanner[T]{cursor: cursor{spool: s.relation.spool, next: &s.next}, decode: s.relation.decoder()}
}

func (s *scan[T]) FillChunk(state any, chunk duckdb.DataChunk) error {
	l := state.(*scanner[T])
	if l.projected == nil {
		l.projected = projection(chunk, len(s.relation.columns))
	}
	row := 0
	for ; row < duckdb.GetDataChunkCapacity(); row++ {
		r, ok, err := l.cursor.read()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		v, err := l.decode(r)
		if err != nil {
			return err
		}
		for _, i := range l.projected {
			if err := s.relation.columns[i].put(cell{chunk, i, row, &l.scratch}, v); err != nil {
				return fmt.Errorf("column %s: %w", s.relation.columns[i].name, err)
			}
		}
	}
	return chunk.SetSize(row)
}

// projection asks the chunk which columns the query names. A value of no SQL
// type is refused by those, and silently dropped by the others.
func projection(chunk duckdb.DataChunk, n int) []int {
	p := []int{}
	for i := range n {
		if err := chunk.SetValue(i, 0, struct{}{}); err != nil {
			p = append(p, i)
		}
	}
	return p
}
