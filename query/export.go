package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Export says what is to be written, and where.
type Export struct {
	Relation string   // one of Exportable
	Columns  []string // nil for AWS's fields and the reasons
	To       string   // a file, or with Partition a folder; in Input.Out, and new. See Database
	// Partition divides the rows by their day: date=2026-11-22/….parquet.
	Partition bool

	part string // what is not whole yet
}

// Exportable are the relations that can be exported: those that are read from
// the sources line by line.
func Exportable() []string {
	return []string{"request", "failure", "connection", "health_check", "nlb_tls"}
}

// ownColumns are what the relations have beside the log's own fields. They can
// be made again out of those, or say where a line lies.
var ownColumns = []string{
	"target", "target_group", "node", "route", "client_net", "duration", "load_balancer", "object_id", "object_uri", "line_no", "raw",
}

// rowGroup is how many rows a part of a Parquet file has. It bounds what is held
// in memory: at 40,960 an export of 6 million lines took a fifth more of it, and was
// as fast and 0.4 % smaller.
const rowGroup = 32_768

// level is Zstandard's. At DuckDB's own, 3, an export took a tenth more CPU time, for
// a file that was 5 % larger: what is long in a log is nearly the same or nearly random.
const level = 1

// NotWritten stands for the number of rows where there is no file.
const NotWritten = -1

// Database reports whether what stands at a path is to be a DuckDB file, by its name.
// Everything else is Parquet.
func Database(to string) bool { return strings.EqualFold(filepath.Ext(to), ".duckdb") }

// Export writes a relation to Parquet with Zstandard, or to a DuckDB file. It returns
// the answer's facts, and the number of rows. What stands at e.To is whole or not
// there; it is not there if something is wrong and not one line could be read
// (NotWritten).
//
// Errors: as Ask; *StatementError for an unknown relation or column; fs.ErrExist;
// syscall.ENOSPC if there is no room for the file.
func (s *Store) Export(ctx context.Context, e Export) (t *Table, n int64, err error) {
	done, err := s.opened(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(s.whose(err, e.part, e.To), done()) }()
	columns, err := s.exported(ctx, e)
	if err != nil {
		return nil, 0, err
	}
	if err := isNew(e.To); err != nil {
		return nil, 0, err
	}
	// What is not whole yet lies in a folder of its own: nobody else has the name.
	part, err := newScratch(ctx, filepath.Dir(e.To), "."+filepath.Base(e.To)+".part-")
	defer func() { err = errors.Join(err, part.close()) }()
	if err != nil {
		return nil, 0, fmt.Errorf("write %s: %w", e.To, err)
	}
	e.part = filepath.Join(part.path, filepath.Base(e.To))
	var w writing = &parquet{part: e.part, selected: selection(e, columns), partition: e.Partition}
	if Database(e.To) {
		if w, err = s.newDatabase(e, columns); err != nil {
			return nil, 0, err
		}
	}
	defer func() { err = errors.Join(err, w.abandon(ctx)) }()
	t = &Table{Report: SQL, Version: 1, Window: s.in.Plan.Window}
	err = s.answer(ctx, asked{
		text:      w.statement(),
		plan:      selection(e, columns),
		relations: []string{e.Relation},
		many:      true,
		args:      func() []any { return nil },
		before:    func() error { return w.begin(ctx) },
		rows: func(rows resultRows) error {
			for rows.Next() {
				if err := rows.Scan(&n); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return nil, 0, err
	}
	if err := errors.Join(s.accounting(ctx, t), s.warn(ctx, t)); err != nil {
		return nil, 0, err
	}
	if a := t.Accounting; a.Lines == a.Rejected && (a.Objects == 0 || a.ObjectsFailed > 0 || a.Rejected > 0) {
		return t, NotWritten, nil
	}
	if err := w.finish(ctx); err != nil {
		return nil, 0, err
	}
	if err := isNew(e.To); err != nil { // somebody else was faster
		return nil, 0, err
	}
	if err := os.Rename(e.part, e.To); err != nil {
		return nil, 0, fmt.Errorf("write %s: %w", e.To, err)
	}
	return t, n, nil
}

// isNew returns an error if something stands at a path.
func isNew(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, os.ErrExist)
	}
	return nil
}

// writing is the way into a file that is not whole yet.
type writing interface {
	begin(context.Context) error // whatever was written before counts no more
	statement() string           // writes the rows, and counts them
	finish(context.Context) error
	// abandon lets go of the file and removes it, unless it was finished and moved.
	// It does that though the context may be over.
	abandon(context.Context) error
}

// parquet writes a Parquet file, or a folder of them.
type parquet struct {
	part      string
	selected  string
	partition bool
}

func (p *parquet) begin(ctx context.Context) error { return p.abandon(ctx) }
func (p *parquet) finish(context.Context) error    { return nil }
func (p *parquet) abandon(context.Context) error   { return os.RemoveAll(p.part) }

func (p *parquet) statement() string {
	options := fmt.Sprintf("FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL %d, ROW_GROUP_SIZE %d", level, rowGroup)
	if p.partition {
		options += ", PARTITION_BY (date)"
	}
	return "COPY (" + p.selected + ") TO " + quoted(p.part) + " (" + options + ")"
}

// whose tells a fault of the file that is written from one of the store that is
// read. DuckDB names the file in words alone.
func (s *Store) whose(err error, part, to string) error {
	if err == nil || part == "" || !strings.Contains(err.Error(), part) {
		return s.blamed(err)
	}
	return cmp.Or(noRoom(err, to), err)
}

// exported returns the columns that are to be written.
func (s *Store) exported(ctx context.Context, e Export) ([]string, error) {
	if !slices.Contains(Exportable(), e.Relation) {
		return nil, &StatementError{Reason: fmt.Sprintf("%q cannot be exported", e.Relation), Next: "one of " + strings.Join(Exportable(), ", ")}
	}
	var all []string
	var name string
	err := s.each(ctx, func() { all = append(all, name) },
		"SELECT column_name FROM (DESCRIBE "+e.Relation+")", []any{&name})
	if err != nil {
		return nil, err
	}
	columns := slices.Clone(e.Columns)
	if columns == nil {
		columns = slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(ownColumns, c) })
	}
	for i, c := range columns {
		if !slices.Contains(all, c) {
			return nil, &StatementError{Reason: fmt.Sprintf("%s has no column %q", e.Relation, c), Next: "its columns: " + strings.Join(all, ", ")}
		}
		if slices.Contains(columns[:i], c) {
			return nil, &StatementError{Reason: fmt.Sprintf("the column %s is named twice", c), Next: "a file has each column once"}
		}
	}
	return columns, nil
}

// selection is the SELECT of what is to be written.
func selection(e Export, columns []string) string {
	list := names(columns)
	if e.Partition {
		when := "time"
		if e.Relation == "connection" {
			when = "timestamp"
		}
		list += ", strftime(" + when + ", '%Y-%m-%d') AS date"
	}
	return "SELECT " + list + " FROM " + e.Relation
}

// names are columns as SQL writes them.
func names(columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = `"` + c + `"`
	}
	return strings.Join(list, ", ")
}
