package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// resultRows are the rows of a statement, one after the other; *sql.Rows are some.
type resultRows interface {
	Columns() ([]string, error)
	ColumnTypes() ([]*sql.ColumnType, error)
	Next() bool
	Scan(places ...any) error
	Err() error
	Close() error
}

// pageRows is how many rows of a large result are in memory at a time; fewer in tests.
var pageRows = 20_000

// intoResult puts the rows of the statement behind it into a table.
const intoResult = "CREATE OR REPLACE TEMP TABLE temp.result AS "

// result runs a statement.
//
// The driver holds the whole of a result. One that may be larger than memory is put into
// a table by DuckDB, of which what its memory has no room for goes to temporary files, and
// read page by page. What cannot be a table, such as rows of unnamed structs, is held.
func (s *Store) result(ctx context.Context, q asked) (rows resultRows, err error) {
	p, args := &pages{ctx: ctx, conn: s.conn}, q.args()
	table := intoResult + q.text
	if !q.large || !s.prepares(ctx, table) {
		return s.conn.QueryContext(ctx, q.text, args...)
	}
	if err := s.exec(ctx, table, args...); err != nil && strings.Contains(err.Error(), "unnamed struct") {
		return s.conn.QueryContext(ctx, q.text, args...) // DuckDB sees it before it reads anything
	} else if err != nil {
		return nil, err
	}
	if p.Rows, err = p.page(); err != nil {
		return nil, err
	}
	if p.names, err = p.Rows.Columns(); err == nil && len(args) == 0 { // with arguments DuckDB does not know them yet
		p.names, err = s.columnNames(ctx, q.text)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// prepares reports whether DuckDB takes a statement.
func (s *Store) prepares(ctx context.Context, text string) bool {
	prepared, err := s.conn.PrepareContext(ctx, text)
	return err == nil && prepared.Close() == nil
}

// columnNames returns what a statement calls its columns. Those of a table are others
// where two have the same name.
func (s *Store) columnNames(ctx context.Context, text string) (names []string, err error) {
	err = s.conn.Raw(func(c any) (err error) {
		prepared, err := c.(*duckdb.Conn).PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		statement := prepared.(*duckdb.Stmt)
		defer func() { err = errors.Join(err, statement.Close()) }()
		n, err := statement.ColumnCount()
		for i := 0; err == nil && i < n; i++ {
			var name string
			name, err = statement.ColumnName(i)
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// pages are the rows of the table result, in its order.
type pages struct {
	*sql.Rows // of the page at hand

	names []string
	ctx   context.Context
	conn  *sql.Conn
	from  int // first row of the next page
	read  int // rows of this page
	err   error
}

// page reads the next page.
func (p *pages) page() (*sql.Rows, error) {
	from := p.from
	p.from, p.read = from+pageRows, 0
	return p.conn.QueryContext(p.ctx, fmt.Sprintf("SELECT * FROM temp.result WHERE rowid BETWEEN %d AND %d ORDER BY rowid", from, p.from-1))
}

func (p *pages) Columns() ([]string, error) { return p.names, nil }

func (p *pages) Next() bool {
	for p.err == nil {
		if p.Rows.Next() {
			p.read++
			return true
		}
		p.err = errors.Join(p.Rows.Err(), p.Rows.Close())
		if p.err != nil || p.read < pageRows {
			return false
		}
		var next *sql.Rows
		if next, p.err = p.page(); p.err == nil {
			p.Rows = next
		}
	}
	return false
}

func (p *pages) Err() error { return p.err }

// Close forgets the result.
func (p *pages) Close() error {
	closed := p.Rows.Close()
	// The context may be over; the room is wanted all the same.
	_, err := p.conn.ExecContext(context.WithoutCancel(p.ctx), "DROP TABLE temp.result")
	return errors.Join(closed, err)
}
