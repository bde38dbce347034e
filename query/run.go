package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"loglens/internal/when"
)

// Question is what is asked of a report.
type Question struct {
	By      []string      // dimensions, out of the report's
	Classes []string      // classes of reasons that count, see parse.Classes
	Limit   int           // rows at most; 0 for all
	Every   time.Duration // width of window_start, whole minutes; 0 for no such dimension
	Window  when.Window   // what was loaded; open bounds are closed by the data
}

// windowDimension divides by time. It is asked for by giving a width.
const windowDimension = "window"

// Run answers a question from what was loaded. The table is the caller's. The
// same store and question give the same table, however the loading was divided.
func (s *Store) Run(ctx context.Context, r Report, q Question) (*Table, error) {
	t := &Table{Report: r.Name, Version: r.Version}
	if err := s.facts(ctx, t, q); err != nil {
		return nil, fmt.Errorf("report %s: %w", r.Name, err)
	}
	if q.Every > 0 {
		q.By = append(slices.Clone(q.By), windowDimension)
	}
	t.Columns = r.visible(q.By)
	if err := s.rows(ctx, t, r, q); err != nil {
		return nil, fmt.Errorf("report %s: %w", r.Name, err)
	}
	return t, nil
}

// rows runs the report's SQL and takes over the columns that are asked for.
func (s *Store) rows(ctx context.Context, t *Table, r Report, q Question) (err error) {
	from, slice, slices := trendSlices(t.Window)
	text, err := r.divided(q.By)
	if err != nil {
		return err
	}
	rows, err := s.conn.QueryContext(ctx, text,
		sql.Named("classes", q.Classes), sql.Named("max_rows", int64(q.Limit)),
		sql.Named("window_us", max(q.Every, time.Minute).Microseconds()),
		sql.Named("from_us", from), sql.Named("slice_us", slice), sql.Named("slices", slices))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(names))
	places := make([]any, len(names))
	at := map[string]int{}
	for i, name := range names {
		places[i], at[name] = &values[i], i
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		row := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			if row[i], err = value(values[at[c.Name]], c.Type); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
		t.Rows = append(t.Rows, row)
		t.RowsLeft, _ = values[at["all_rows"]].(int64)
	}
	t.RowsLeft -= int64(len(t.Rows))
	return rows.Err()
}

// value gives a column's value the Go type that its Type promises.
func value(v any, t Type) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch v := v.(type) {
	case string:
		if t == Text {
			return v, nil
		}
	case int32:
		if t == Integer || t == Count {
			return int64(v), nil
		}
	case int64:
		if t == Integer || t == Count {
			return v, nil
		}
	case float64:
		if t == Ratio {
			return v, nil
		}
	case time.Time:
		if t == Time {
			return v.UTC(), nil
		}
	case []any:
		if t == Trend {
			return trend(v)
		}
	}
	return nil, fmt.Errorf("a %T where %s is promised", v, types[t])
}

func trend(list []any) (any, error) {
	counts := make([]int64, len(list))
	for i, v := range list {
		n, ok := v.(int64)
		if !ok {
			return nil, fmt.Errorf("a %T in a trend", v)
		}
		counts[i] = n
	}
	return counts, nil
}

// trendWidth is how many slices a trend has at most.
const trendWidth = 20

// trendSlices divides a window into equal slices of whole minutes, since traffic
// is counted by the minute: the first begins at from; both in microseconds.
func trendSlices(w when.Window) (from, slice, n int64) {
	if w.From.IsZero() {
		return 0, 60e6, 0
	}
	start := w.From.Truncate(time.Minute)
	minutes := int64((w.Until.Sub(start) + time.Minute - 1) / time.Minute)
	per := max((minutes+trendWidth-1)/trendWidth, 1)
	return start.UnixMicro(), per * 60e6, (minutes + per - 1) / per
}
