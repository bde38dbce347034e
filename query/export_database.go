package query

import (
	"context"
	"errors"
	"os"
	"strings"
)

// database writes a DuckDB file: the rows with codes in place of texts, the words
// that the codes stand for, and a view of the relation's name that has the rows as
// they are. Any DuckDB of version 1.0 or later reads it.
type database struct {
	store    *Store
	path     string
	relation string
	columns  []string
	codes    map[string]*coded // by column
	attached bool
}

// made is what the file is called while it is written.
const made = "made"

func (s *Store) newDatabase(e Export, columns []string) (*database, error) {
	list, err := s.coded[e.Relation]()
	if err != nil {
		return nil, err
	}
	d := &database{store: s, path: e.part, relation: e.Relation, columns: columns, codes: map[string]*coded{}}
	for _, c := range list {
		if c != nil {
			d.codes[c.column] = c
		}
	}
	return d, nil
}

func (d *database) begin(ctx context.Context) error {
	if err := d.abandon(ctx); err != nil {
		return err
	}
	err := d.store.exec(ctx, "ATTACH "+quoted(d.path)+" AS "+made)
	d.attached = err == nil
	return err
}

func (d *database) statement() string {
	return "CREATE TABLE " + made + "." + codedName(d.relation) + " AS SELECT " + names(d.columns) + ", " + oddColumn +
		" FROM " + scanName(codedName(d.relation)) + "()"
}

// finish adds words and view, and closes the file.
func (d *database) finish(ctx context.Context) error {
	var texts, lists []string
	var values []any
	for _, name := range d.columns {
		text := `c."` + name + `"`
		if c := d.codes[name]; c != nil {
			text = c.sql()
			if w, ok := c.coding.(*words); ok {
				lists, values = append(lists, `"`+name+`" VARCHAR[]`), append(values, w.list)
			}
		}
		texts = append(texts, text+` AS "`+name+`"`)
	}
	from := codedName(d.relation) + " c"
	if len(lists) > 0 {
		table := d.relation + "_words"
		from += ", " + table + " w"
		if err := d.store.exec(ctx, "CREATE TABLE "+made+"."+table+" ("+strings.Join(lists, ", ")+")"); err != nil {
			return err
		}
		if err := d.store.exec(ctx, "INSERT INTO "+made+"."+table+" VALUES (?"+strings.Repeat(", ?", len(lists)-1)+")", values...); err != nil {
			return err
		}
	}
	// A view that names its tables without the file's name is good under every name.
	err := errors.Join(
		d.store.exec(ctx, "USE "+made),
		d.store.exec(ctx, "CREATE VIEW "+d.relation+" AS SELECT "+strings.Join(texts, ", ")+" FROM "+from),
		d.store.exec(context.WithoutCancel(ctx), "USE memory"),
	)
	if err != nil {
		return err
	}
	return d.detach(ctx)
}

func (d *database) detach(ctx context.Context) error {
	if !d.attached {
		return nil
	}
	d.attached = false
	return errors.Join(d.store.exec(ctx, "CHECKPOINT "+made), d.store.exec(ctx, "DETACH "+made))
}

func (d *database) abandon(ctx context.Context) error {
	var errs []error
	if d.attached {
		d.attached = false
		errs = append(errs, d.store.exec(context.WithoutCancel(ctx), "DETACH "+made))
	}
	return errors.Join(append(errs, os.RemoveAll(d.path), os.RemoveAll(d.path+".wal"))...)
}
