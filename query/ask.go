package query

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"loglens/ingest"
)

// Sink takes the rows of an answer that may be too large to hold.
type Sink interface {
	// Begin names the columns before the first row. It may be called again:
	// then what was given before counts no more.
	Begin(columns []Column) error
	// Row takes a row, with a value per column as in Table.Rows.
	Row(row []any) error
}

// Ask runs a statement over the relations and gives its rows to a sink. The
// table it returns has all but the rows. args are values of named parameters,
// as sql.Named.
//
// Errors: *StatementError for what is not one SELECT of allowed functions over
// known relations; what Run returns; DuckDB's, about columns and types; the sink's.
func (s *Store) Ask(ctx context.Context, text string, args []any, to Sink) (_ *Table, err error) {
	st, err := s.checked(ctx, text, args)
	if err != nil {
		return nil, err
	}
	done, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(s.blamed(err), done()) }()
	t := &Table{Report: SQL, Version: 1, Window: s.in.Plan.Window, Warnings: st.Nowhere}
	err = s.answer(ctx, asked{
		text: st.SQL, relations: st.Relations, many: true, large: true,
		args:   func() []any { return args },
		before: func() error { return nil },
		rows:   func(rows resultRows) error { return pour(rows, t, to, st.Clocks) },
	})
	if err != nil {
		return nil, err
	}
	if t.Listed = slices.Equal(st.Relations, []string{listingTable}); t.Listed {
		err := s.one(ctx, `SELECT count(*), coalesce(sum(size), 0)::BIGINT FROM listing`,
			[]any{&t.Accounting.Objects, &t.Accounting.BytesCompressed})
		s.warnOfGaps(t)
		return t, err
	}
	if err := s.accounting(ctx, t); err != nil {
		return nil, err
	}
	return t, s.warn(ctx, t)
}

// checked is checkStatement for one whose parameters have these values.
func (s *Store) checked(ctx context.Context, text string, args []any) (*statement, error) {
	st, err := checkStatement(ctx, s.conn, text, Relations())
	if err != nil {
		return nil, err
	}
	for _, name := range st.Params {
		given := func(a any) bool { n, ok := a.(sql.NamedArg); return ok && strings.EqualFold(n.Name, name) }
		if !slices.ContainsFunc(args, given) {
			return nil, refuse("parameters belong to saved queries: loglens query --help", "$%s has no value", name)
		}
	}
	return st, nil
}

// Reads returns the logs that a statement needs, none for one that describes or
// computes only.
//
// Errors: as Ask, before anything is read.
func Reads(ctx context.Context, text string, args []any) (kinds ingest.KindSet, err error) {
	s, err := Open(ctx, "", Input{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	st, err := s.checked(ctx, text, args)
	if err != nil {
		return 0, err
	}
	n, err := s.needs(ctx, st.SQL, args, st.Relations, true)
	return n.kinds(), err
}

// pour gives the rows of a result to a sink. clocks says that a TIMESTAMP need not be UTC.
func pour(rows resultRows, t *Table, to Sink, clocks bool) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	t.Columns = nil
	values, places, typeNames := make([]any, len(types)), make([]any, len(types)), make([]string, len(types))
	for i, typ := range types {
		typeNames[i] = typ.DatabaseTypeName()
		if err := showable(names[i], typeNames[i]); err != nil {
			return err
		}
		if clocks {
			typeNames[i] = asClocks(typeNames[i])
		}
		t.Columns = append(t.Columns, Column{Name: names[i], Label: names[i], Type: typeOf(typeNames[i])})
		places[i] = &values[i]
	}
	if err := to.Begin(t.Columns); err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		row := make([]any, len(values))
		for i, v := range values {
			row[i] = free(v, typeNames[i])
		}
		if err := to.Row(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
