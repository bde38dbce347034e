package main

import (
	"io"
	"os"

	"loglens/ingest"
	"loglens/query"
	"loglens/report"
)

// answerRows takes the rows of an answer that may have many: into memory for a form
// that draws them all at once, or else into a temporary file, so that what is
// printed is whole or not there.
type answerRows struct {
	app     *app
	encoder form
	style   report.Style
	limit   int  // 0 for none
	whole   bool // the form needs all rows

	held   [][]any
	given  int64
	left   int64 // rows that the limit cuts off
	file   *os.File
	writer report.RowWriter
}

// rows takes limit rows at most. A form that is rows and nothing else gets all of them
// unless the limit was typed, since it cannot say that there are more.
func (a *app) rows(o outputOptions, limit int, e form) (*answerRows, error) {
	if limit < 0 {
		return nil, usage("--limit 0 shows all rows", "--limit %d is negative", limit)
	}
	r := &answerRows{app: a, encoder: e, style: a.style(o), limit: limit}
	w, streams := report.Stream(e.Name, io.Discard, nil, r.style)
	if r.whole = !streams; r.whole {
		return r, nil
	}
	if !r.framed() && !a.typed["limit"] {
		r.limit = 0
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	var err error
	r.file, err = ingest.NamelessFile("")
	return r, err
}

// framed reports whether rows in this form are part of a whole that tells more.
func (r *answerRows) framed() bool { return r.whole || r.encoder.Name == "json" }

func (r *answerRows) Begin(columns []query.Column) error {
	r.held, r.given, r.left = nil, 0, 0
	if r.whole {
		return nil
	}
	if err := r.file.Truncate(0); err != nil {
		return err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r.writer, _ = report.Stream(r.encoder.Name, r.file, columns, r.style)
	return nil
}

func (r *answerRows) Row(row []any) error {
	if r.limit > 0 && r.given >= int64(r.limit) {
		r.left++
		return nil
	}
	r.given++
	if r.whole {
		r.held = append(r.held, row)
		return nil
	}
	return r.writer.Row(row)
}

// print writes the rows out.
func (r *answerRows) print() error {
	if err := r.writer.Close(); err != nil {
		return err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(r.app.out, r.file)
	return err
}

// printAround writes the rows out, with what belongs around them.
func (r *answerRows) printAround(t *query.Table) error {
	t.RowsLeft = r.left
	if r.whole {
		t.Rows = r.held
		return r.encoder.Encode(r.app.out, t, r.style)
	}
	t.RowsGiven = r.given
	before, after, err := report.Around(r.encoder.Name, t, r.style)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(r.app.out, before); err != nil {
		return err
	}
	if err := r.print(); err != nil {
		return err
	}
	_, err = io.WriteString(r.app.out, after)
	return err
}

func (r *answerRows) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
