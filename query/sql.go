package query

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// How statements of our own are written and run.

// querier is a connection, or any of the database's.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each runs a query and calls row for every row, with the values scanned into dest.
func (s *Store) each(ctx context.Context, row func(), query string, dest []any, args ...any) error {
	return each(ctx, s.conn, row, query, dest, args...)
}

// one is each for a query of one row.
func (s *Store) one(ctx context.Context, query string, dest []any, args ...any) error {
	return s.each(ctx, func() {}, query, dest, args...)
}

// exec runs a statement that gives no rows.
func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, statement, args...)
	return err
}

func each(ctx context.Context, from querier, row func(), query string, dest []any, args ...any) (err error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		row()
	}
	return rows.Err()
}

// or is what p points at, or the zero value.
func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// quoted is a text as SQL writes it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sqlList is a list of texts as SQL writes it.
func sqlList(words []string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = quoted(w)
	}
	return "[" + strings.Join(list, ", ") + "]"
}
