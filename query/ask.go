package query

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
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
func (s *Store) Ask(ctx context.Context, text string, args []any, to Sink) (*Table, error) {
	st, err := checkStatement(ctx, s.conn, text, Relations())
	if err != nil {
		return nil, err
	}
	t := &Table{Report: SQL, Version: 1, Window: s.in.Plan.Window}
	err = s.answer(ctx, asked{
		text: st.SQL, relations: st.Relations,
		args:   func() []any { return args },
		before: func() error { return nil },
		rows:   func(rows *sql.Rows) error { return pour(rows, t, to) },
	})
	if err != nil {
		return nil, err
	}
	if err := s.accounting(ctx, t, Question{}); err != nil {
		return nil, err
	}
	return t, s.warn(ctx, t, Question{})
}

// pour gives the rows of a result to a sink.
func pour(rows *sql.Rows, t *Table, to Sink) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	t.Columns = nil
	values, places := make([]any, len(types)), make([]any, len(types))
	for i, typ := range types {
		t.Columns = append(t.Columns, Column{Name: typ.Name(), Label: typ.Name(), Type: typeOf(typ.DatabaseTypeName())})
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
			row[i] = free(v, types[i].DatabaseTypeName())
		}
		if err := to.Row(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// typeOf gives a column of free SQL the type that its values are shown as.
func typeOf(name string) Type {
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		return Integer
	case "FLOAT", "DOUBLE":
		return Float
	case "BOOLEAN":
		return Boolean
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ":
		return Time
	}
	if strings.HasPrefix(name, "DECIMAL") {
		return Float
	}
	return Text
}

// free turns a value of any SQL type into one that a table can hold. A whole
// number that needs more than 64 bits becomes text, so that no digit is lost.
func free(v any, typ string) any {
	switch v := v.(type) {
	case nil, string, int64, float64, bool:
		return v
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return free(new(big.Int).SetUint64(v), typ)
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		return v.String()
	case float32:
		return float64(v)
	case duckdb.Decimal:
		return v.Float64()
	case time.Time:
		switch typ {
		case "DATE":
			return v.UTC().Format(time.DateOnly)
		case "TIME", "TIMETZ":
			return v.UTC().Format("15:04:05.999999")
		}
		return v.UTC()
	case []byte:
		return printable(string(v))
	case duckdb.Interval:
		return interval(v)
	case []any, map[string]any, duckdb.OrderedMap:
		if b, err := json.Marshal(nested(v)); err == nil {
			return string(b)
		}
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

// interval is an interval as DuckDB writes it, "2 days 01:30:00.5". Months and
// days have no fixed length, so they stand apart.
func interval(v duckdb.Interval) string {
	var parts []string
	if v.Months != 0 {
		parts = append(parts, fmt.Sprintf("%d months", v.Months))
	}
	if v.Days != 0 {
		parts = append(parts, fmt.Sprintf("%d days", v.Days))
	}
	if v.Micros != 0 || len(parts) == 0 {
		sign, us := "", uint64(v.Micros)
		if v.Micros < 0 {
			sign, us = "-", -us
		}
		clock := fmt.Sprintf("%s%02d:%02d:%02d", sign, us/3600e6, us/60e6%60, us/1e6%60)
		if us%1e6 != 0 {
			clock += strings.TrimRight(fmt.Sprintf(".%06d", us%1e6), "0")
		}
		parts = append(parts, clock)
	}
	return strings.Join(parts, " ")
}

// nested turns lists, structs and maps into what JSON can say.
func nested(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = nested(x)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k, x := range v {
			object[k] = nested(x)
		}
		return object
	case duckdb.OrderedMap:
		object := make(map[string]any, v.Len())
		for i, k := range v.Keys() {
			object[fmt.Sprint(free(k, ""))] = nested(v.Values()[i])
		}
		return object
	}
	return free(v, "")
}
