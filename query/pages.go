package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// paged runs a statement with a result that may be larger than memory. The driver holds
// the whole of a result, so DuckDB puts this one into a table, of which what its memory
// has no room for goes to temporary files, and it is read page by page. Columns of the
// result must have names of their own.
func (s *Store) paged(ctx context.Context, text string, args []any) (_ resultRows, err error) {
	if _, err := s.conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE temp.result AS "+text, args...); err != nil {
		return nil, err
	}
	p := &pages{ctx: ctx, conn: s.conn}
	if p.Rows, err = p.page(); err != nil {
		return nil, err
	}
	return p, nil
}

// pages are the rows of the table result, in its order.
type pages struct {
	*sql.Rows // of the page at hand

	ctx  context.Context
	conn *sql.Conn
	from int // first row of the next page
	read int // rows of this page
	err  error
}

// page reads the next page.
func (p *pages) page() (*sql.Rows, error) {
	from := p.from
	p.from, p.read = from+pageRows, 0
	return p.conn.QueryContext(p.ctx, fmt.Sprintf("SELECT * FROM temp.result WHERE rowid BETWEEN %d AND %d ORDER BY rowid", from, p.from-1))
}

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
