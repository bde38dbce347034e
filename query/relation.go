package query

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"
)

// A relation is what SQL sees as a table while its rows are made up as DuckDB
// asks for them, by DuckDB's own threads and with the columns only that the
// query names.
type relation[T any] struct {
	name    string
	columns []column[T]
	// codes says how the texts of each column are coded, nil where they are not;
	// nil as a whole if none is.
	codes []*coded
	// line is the line that the texts of a row are views of; nil if there is none.
	line func(row T) []byte
	// size guesses how many rows there are, for DuckDB's plan.
	size func() int64
	// scan begins a reading of the relation. It returns what makes a reader for
	// each thread; the readers divide the rows among themselves.
	scan func() func(columnSet) reader[T]
}

// columnSet is the columns that a query names.
type columnSet []string

func (c columnSet) has(name string) bool { return slices.Contains(c, name) }

// column is one column of a relation.
type column[T any] struct {
	name string
	typ  duckdb.Type
	put  func(c cell, row T)
}

// reader yields the rows of one thread's part.
type reader[T any] interface {
	// next returns the next row; ok is false at the end. The row is a view,
	// valid until the call after it.
	next() (row T, ok bool, err error)
}

// register makes the relation known to the database as a view of its name.
func (r *relation[T]) register(ctx context.Context, s *Store) error {
	if err := r.scanned(s); err != nil {
		return err
	}
	s.coded[r.name] = sync.OnceValues(func() ([]*coded, error) { return r.coded(s) })
	return s.exec(ctx, "CREATE VIEW "+r.name+" AS FROM "+scanName(r.name)+"()")
}

// codedName is the relation with codes in place of its texts.
func codedName(relation string) string { return relation + "_coded" }

// coded makes the relation known once more, with codes in place of its texts. It
// returns how, by column.
func (r *relation[T]) coded(s *Store) ([]*coded, error) {
	other := *r
	other.name, other.columns, other.codes = codedName(r.name), nil, nil
	for _, c := range r.columns {
		var code *coded
		if how := codingOf(c.name); how != nil && c.typ == duckdb.TYPE_VARCHAR {
			code = &coded{column: c.name, coding: how}
			c.typ = how.typ()
		}
		other.columns, other.codes = append(other.columns, c), append(other.codes, code)
	}
	// Behind all others, which have to be coded before it.
	other.columns = append(other.columns, column[T]{oddColumn, duckdb.TYPE_VARCHAR, func(c cell, _ T) { c.odd() }})
	return other.codes, other.scanned(s)
}

// scanned makes the table function known that reads the relation.
func (r *relation[T]) scanned(s *Store) error {
	infos := make([]duckdb.ColumnInfo, len(r.columns))
	for i, c := range r.columns {
		t, err := duckdb.NewTypeInfo(c.typ)
		if err != nil {
			return fmt.Errorf("relation %s: column %s: %w", r.name, c.name, err)
		}
		infos[i] = duckdb.ColumnInfo{Name: c.name, T: t}
	}
	err := duckdb.RegisterTableUDF(s.conn, scanName(r.name), duckdb.ParallelChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ParallelChunkTableSource, error) {
			return &scan[T]{store: s, relation: r, infos: infos}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("relation %s: %w", r.name, err)
	}
	return nil
}

// scanName is the table function behind a relation.
func scanName(relation string) string { return relation + "_scan" }

// scan is one reading of a relation by a query.
type scan[T any] struct {
	store    *Store
	relation *relation[T]
	infos    []duckdb.ColumnInfo
	readers  atomic.Pointer[func(columnSet) reader[T]]
}

func (s *scan[T]) ColumnInfos() []duckdb.ColumnInfo { return s.infos }

func (s *scan[T]) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.relation.size())}
}

func (s *scan[T]) Init() duckdb.ParallelTableSourceInfo {
	readers := s.relation.scan()
	s.readers.Store(&readers)
	return duckdb.ParallelTableSourceInfo{MaxThreads: s.store.threads}
}

// filling is one thread's part of a scan.
type filling[T any] struct {
	reader reader[T] // nil before the first chunk
	rows   rows
	wanted []int // the columns that the query names
	whole  bool  // so many of them are texts that the line is copied whole
}

// wholeLine is from how many texts on it is cheaper to copy the whole line once.
const wholeLine = 8

func (s *scan[T]) NewLocalState() any {
	f := &filling[T]{rows: rows{arena: s.store.arenas.take(), vectors: make([]vector, len(s.relation.columns))}}
	for i, code := range s.relation.codes {
		if code != nil {
			f.rows.vectors[i].code = &coder{code, code.coder()}
		}
	}
	return f
}

func (s *scan[T]) FillChunk(state any, chunk duckdb.DataChunk) error {
	f := state.(*filling[T])
	r := &f.rows
	r.begin(&chunk)
	if f.reader == nil {
		var named columnSet
		texts := 0
		for i, c := range s.relation.columns {
			if r.wants(i) {
				f.wanted, named = append(f.wanted, i), append(named, c.name)
				if c.typ == duckdb.TYPE_VARCHAR {
					texts++
				}
			}
		}
		f.whole = texts >= wholeLine && s.relation.line != nil
		f.reader = (*s.readers.Load())(named)
	}
	for !r.full() {
		row, ok, err := f.reader.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if f.whole {
			r.arena.begin(s.relation.line(row))
		}
		for _, i := range f.wanted {
			s.relation.columns[i].put(r.cell(i), row)
		}
		r.n++
	}
	if r.n == 0 {
		s.store.arenas.give(r.arena)
	}
	return chunk.SetSize(r.n)
}
