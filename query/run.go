package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/internal/amount"
	"loglens/internal/when"
)

// Question is what is asked of a report.
type Question struct {
	By      []string          // dimensions, out of the report's
	Classes []string          // classes of reasons that count, see parse.Classes
	Limit   int               // rows at most; 0 for all
	Every   time.Duration     // width of window_start, whole minutes; 0 for no such dimension
	Filters map[string]string // values that rows must have, by the report's filters
	Now     time.Time         // for ages
	Zone    *time.Location    // that was named for times; nil for none
	To      Sink              // takes the rows, which may be too many to hold; nil to have them in the table
}

// WindowDimension divides by time. It is asked for by giving a width.
const WindowDimension = "window"

// Run answers a question. The table is the caller's. The same input and question
// give the same table, however the reading was divided.
func (s *Store) Run(ctx context.Context, r Report, q Question) (*Table, error) {
	if q.Every > 0 || slices.Contains(r.Default, WindowDimension) {
		q.By = append(slices.Clone(q.By), WindowDimension)
	}
	t := r.table(q.By)
	done, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.blamed(s.run(ctx, t, r, q)), done()); err != nil {
		return nil, err
	}
	t.Warnings = slices.Concat(t.Warnings, q.otherwise(t), lookalikes(t))
	return t, nil
}

// lookalikes warns of target groups that share a name, as those of two accounts may, or one
// that was made anew: people see their rows by name, and by balancer where a row has it.
func lookalikes(tables ...*Table) []string {
	arns, told := map[[2]any]any{}, map[any]bool{}
	var names []string
	for _, t := range tables {
		name, arn, balancer := t.at("target_group"), t.at("target_group_arn"), t.at("load_balancer")
		if arn < 0 {
			continue
		}
		for _, row := range t.Rows {
			seen := [2]any{row[name]}
			if balancer >= 0 {
				seen[1] = row[balancer]
			}
			if first, ok := arns[seen]; !ok {
				arns[seen] = row[arn]
			} else if first != row[arn] && !told[row[name]] {
				told[row[name]] = true
				names = append(names, fmt.Sprint(row[name]))
			}
		}
	}
	if names == nil {
		return nil
	}
	apart := "--output json has their ARNs"
	if len(tables) == 1 && tables[0].at("load_balancer") < 0 { // a summary, of several, has no --by
		apart += ", and --by load_balancer as well tells apart those of several balancers"
	}
	return []string{fmt.Sprintf("%s of several target groups, of which each has rows of its own: %s%s; %s",
		amount.Of(len(names), "name is that", "names are those"), names[0], andMore(int64(len(names))), apart)}
}

// otherwise says that the answer is divided by UTC where a zone was named, in which the
// same windows would begin at other times.
func (q Question) otherwise(t *Table) []string {
	width := q.width(t.Window)
	if q.Zone == nil || !slices.Contains(q.By, WindowDimension) || t.Accounting.Objects == 0 || when.Divides(width, t.Window, q.Zone, q.Now) {
		return nil
	}
	return []string{fmt.Sprintf("windows of %s begin by the clock of UTC, and not by that of %s: --tz is for times that are typed", when.FormatDuration(width), q.Zone)}
}

// mostEarliest is how many earliest rows DuckDB does not look for any more.
const mostEarliest = 1_000_000

// earliest is the statement that says, for a report that shows the earliest of its
// rows, from when to when those are that it shows, how many, how many of them have a
// time, and how many rows there are in all. The report's last SELECT stands at the
// beginning of a line.
func (r *Report) earliest(text string, limit int) string {
	with := text[:strings.LastIndex(text, "\nSELECT")]
	return fmt.Sprintf("%s SELECT list_min(e), list_max(e), least(n, %[3]d), coalesce(len(e), 0), n FROM (SELECT min(time, %[3]d) AS e, count(*) AS n FROM %[2]s)",
		with, r.Earliest, limit)
}

// listed fills in what is known of objects that were not read.
func (s *Store) listed(ctx context.Context, t *Table) error {
	var strange int64
	var uri *string
	err := s.one(ctx, `
		SELECT count(*), coalesce(sum(size), 0)::BIGINT, count(*) FILTER (interval_end IS NULL), arg_min(uri, object_id) FILTER (interval_end IS NULL)
		FROM listing`, []any{&t.Accounting.Objects, &t.Accounting.BytesCompressed, &strange, &uri})
	if err == nil && strange > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%s left out, whose %s not say balancer and time: %s%s",
			amount.Of(strange, "object is", "objects are"), amount.Noun(strange, "name does", "names do"), *uri, andMore(strange)))
	}
	s.warnOfGaps(t)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...)) }
	if err := errors.Join(s.namesakes(ctx, "listing WHERE kind", say), s.moved(ctx, say)); err != nil {
		return err
	}
	before, err := s.justBefore(ctx)
	if err != nil || t.Accounting.Objects == 0 { // of none there is a hint of its own
		return err
	}
	return s.ceased(ctx, listingTable, "kind", before, say)
}

// present empties the accounting of an answer whose own log is not there: other logs, read
// beside it, cannot tell that nothing is wrong. They are said to be other logs.
func (s *Store) present(ctx context.Context, t *Table) error {
	if s.own&requestKinds != 0 || s.own == 0 {
		return nil
	}
	var n int64
	err := s.one(ctx, `
		SELECT count(*) FROM object_read
		WHERE list_contains($1, named_kind) OR `+unclear+` OR object_id IN (SELECT object_id FROM accounting WHERE list_contains($1, kind))`,
		[]any{&n}, kindNames(s.own))
	if err == nil && n == 0 {
		t.Accounting, t.Warnings, s.read = Accounting{}, nil, s.own
		return s.warn(ctx, t)
	}
	return err
}

// Statement returns the SQL that answers a question, and the values of its
// parameters as far as they are known without reading.
func (r Report) Statement(q Question) (text string, args []any, err error) {
	if text, err = r.divided(q); err != nil {
		return "", nil, err
	}
	return text, q.args(when.Window{}, when.Window{}, parameters(text)), nil
}

var parameter = regexp.MustCompile(`\$([a-zA-Z_][a-zA-Z_0-9]*)`)

// parameters returns the names after $ in a text, each once.
func parameters(text string) (names []string) {
	for _, m := range parameter.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

func (s *Store) run(ctx context.Context, t *Table, r Report, q Question) error {
	text, err := r.divided(q)
	if err != nil {
		return err
	}
	t.Window = s.in.Plan.Window
	allLines := r.Earliest != "" && q.Limit == 0
	a := s.asking(ctx, t, text, q)
	a.relations, a.many, a.large = r.relations, allLines, allLines && q.To != nil
	a.failures, a.grain = r.held(q.By), grainOf(text, t.Window, q.widths(t.Window))
	all := int64(-1)
	if r.Earliest != "" && q.Limit > 0 && q.Limit < mostEarliest {
		a.earliest, a.all = r.earliest(text, q.Limit), &all
	}
	if err := s.answer(ctx, a); err != nil {
		return err
	}
	if all >= 0 {
		t.RowsLeft = all - t.Shown()
	}
	if t.Listed = r.ListsOnly(); t.Listed {
		return s.listed(ctx, t)
	}
	if err := s.facts(ctx, t, q); err != nil {
		return err
	}
	if !slices.ContainsFunc(r.relations, ofRequests) {
		t.Requests = 0 // of which the rows are no part
	}
	if t.Warned != "" {
		t.Warnings = append(t.Warnings, t.Warned)
	}
	return s.present(ctx, t)
}

// asking is the statement of a report on its way, whose answer the table takes.
func (s *Store) asking(ctx context.Context, t *Table, text string, q Question) asked {
	return asked{
		text: text, count: true,
		args:   func() []any { return q.args(t.Window, s.in.Plan.Window, parameters(text)) },
		before: func() error { return s.window(ctx, t) },
		rows:   func(rows resultRows) error { return t.take(rows, q.Limit, q.To, s.in.Plan.Window) },
	}
}

// widths are those of the windows that the answer is divided by, none if it is not;
// a minute while the window's ends are not known, which serves any.
func (q Question) widths(w when.Window) []time.Duration {
	if !slices.Contains(q.By, WindowDimension) {
		return nil
	}
	return []time.Duration{q.width(w)}
}

// width is that of a window_start: as asked, or such that a screen shows all.
func (q Question) width(w when.Window) time.Duration {
	if q.Every > 0 || !closed(w) {
		return max(q.Every, time.Minute)
	}
	for _, width := range widths {
		if w.Until.Sub(w.From) <= 24*width {
			return width
		}
	}
	return 7 * 24 * time.Hour
}

var widths = []time.Duration{
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// ListsOnly reports whether the report rests on names, sizes and times of objects
// alone, and reads none of them.
func (r Report) ListsOnly() bool {
	return slices.Equal(r.relations, []string{listingTable})
}

// args are the values of a report's parameters: what was asked, and times in
// microseconds. w is the window of the answer, and asked the one that was asked for.
func (q Question) args(w, asked when.Window, params []string) []any {
	from, slice, slices := trendSlices(w, asked)
	values := map[string]any{
		"classes": q.Classes, "max_rows": int64(q.Limit),
		"window_us": q.width(w).Microseconds(), "now_us": q.Now.UnixMicro(),
		"from_us": from, "slice_us": slice, "slices": slices,
		"since_us": bound(w.From), "until_us": bound(w.Until),
		"asked_since_us": bound(asked.From), "asked_until_us": bound(asked.Until),
		"lag_us": settled.Microseconds(),
	}
	var args []any
	for _, name := range params {
		v, ok := values[name]
		if word, given := q.Filters[name]; given {
			v, ok = word, true
		}
		if !ok {
			v = nil // a filter that was not asked for
		}
		args = append(args, sql.Named(name, v))
	}
	return args
}

// bound is an end of a window in microseconds since 1970, 0 if it is not known.
func bound(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// take takes over the rows of a result, at most limit of them (0 for all), in place of
// what was there, or gives them to a sink. Beside the columns a result may have all_rows,
// how many rows there would be without a limit in the SQL; and drill and drill_rows, the
// filters with which "raw" shows the lines that a row counts, or NULL, and how many lines
// those are. The first row that counts any is the one whose drill is kept. seen_first and
// seen_last are the times of the first and last entry of a log other than that of requests:
// a window that was asked for without an end reaches over them. warning, NULL for none, is
// the same in all rows; one whose all_rows is NULL is there for its sake alone.
func (t *Table) take(rows resultRows, limit int, to Sink, asked when.Window) error {
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
	t.Rows, t.RowsGiven, t.RowsLeft, t.Drill, t.Warned = nil, 0, 0, nil, ""
	if to != nil {
		if err := to.Begin(t.Columns); err != nil {
			return err
		}
	}
	all, counted := int64(0), false
	for rows.Next() {
		if all++; limit > 0 && t.Shown() >= int64(limit) {
			continue
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if i, ok := at["warning"]; ok {
			t.Warned, _ = values[i].(string)
		}
		if i, ok := at["all_rows"]; ok {
			if all, ok = values[i].(int64); !ok {
				continue
			}
		}
		row := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			if row[i], err = value(values[at[c.Name]], c.Type); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
		if to == nil {
			t.Rows = append(t.Rows, row)
		} else {
			if err := to.Row(row); err != nil {
				return err
			}
			t.RowsGiven++
		}
		if i, ok := at["seen_first"]; ok {
			first, _ := values[i].(time.Time)
			last, _ := values[at["seen_last"]].(time.Time)
			t.reach(asked, first.UTC(), last.UTC())
		}
		if i, ok := at["drill"]; ok && !counted {
			n, _ := values[at["drill_rows"]].(int64)
			t.Drill, counted = drill(values[i], n), n > 0
		}
	}
	t.RowsLeft = max(all-t.Shown(), 0)
	return rows.Err()
}

// reach moves the ends of the window that were not asked for, as far as is needed for it to
// have these times within whole minutes.
func (t *Table) reach(asked when.Window, first, last time.Time) {
	from, until := first.Truncate(time.Minute), last.Truncate(time.Minute).Add(time.Minute)
	if asked.From.IsZero() && (t.Window.From.IsZero() || from.Before(t.Window.From)) {
		t.Window.From = from
	}
	if asked.Until.IsZero() && until.After(t.Window.Until) {
		t.Window.Until = until
	}
}

// drill reads a row's drill: a map of filters, NULL where one is not needed, and
// the number of lines. It is nil if there is no line to see.
func drill(filters any, n int64) *Drill {
	words, ok := filters.(duckdb.OrderedMap)
	if !ok || n == 0 {
		return nil
	}
	d := &Drill{Filters: map[string]string{}, Rows: n}
	for i, k := range words.Keys() {
		if v, ok := words.Values()[i].(string); ok {
			d.Filters[fmt.Sprint(k)] = v
		}
	}
	return d
}

// value gives a column's value the Go type that its Type promises.
func value(v any, t Type) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch v := v.(type) {
	case string:
		if t == Text || t == Line {
			return v, nil
		}
	case int32:
		if t == Integer || t == Count || t == Bytes {
			return int64(v), nil
		}
	case int64:
		if t == Integer || t == Count || t == Bytes {
			return v, nil
		}
	case float64:
		if t == Ratio || t == Float || t == Seconds {
			return v, nil
		}
	case bool:
		if t == Boolean {
			return v, nil
		}
	case time.Time:
		if t == Time {
			return v.UTC(), nil
		}
	case []any:
		switch t {
		case Trend:
			return list[int64](v)
		case Times:
			return list[time.Time](v)
		}
	}
	return nil, fmt.Errorf("a %T where %s is promised", v, types[t])
}

// list gives the values of a list their type.
func list[T any](values []any) (any, error) {
	list := make([]T, len(values))
	for i, v := range values {
		one, ok := v.(T)
		if !ok {
			return nil, fmt.Errorf("a %T in a list of %T", v, one)
		}
		list[i] = one
	}
	return list, nil
}
