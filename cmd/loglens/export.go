package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/query"
	"loglens/report"
)

// exportOptions is what the flags of export say.
type exportOptions struct {
	read      readOptions
	relation  string
	to        string
	columns   []string
	partition bool
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export --to FILE [SOURCE…]",
		Short: "Write requests or other log entries to Parquet or DuckDB",
		Long: `export writes the entries of the window to a Parquet file, compressed with
Zstandard, as Athena, Spark, Trino and DuckDB read it: AWS's fields, typed,
under AWS's names, absent values NULL, and the reason of every failure. What
stands at --to in the end is whole, or not there.

To a name that ends in .duckdb it writes a file that DuckDB opens, from version
1.0 on. The entries are in the view of the relation's name, such as request; the
tables behind it hold codes in place of texts.

` + o.read.source.help(),
		Example: `  loglens export --since 1h --to requests.parquet s3://my-logs/prod
  loglens export --since 7d --relation failure --partition --to failures s3://my-logs/prod
  loglens export --since 1d --to requests.duckdb s3://my-logs/prod
  loglens export --columns time,target,elb_status_code --to small.parquet ./logs`,
		RunE: func(c *cobra.Command, args []string) error { return a.export(c.Context(), o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "file to write; with --partition a folder. It must not exist")
	f.StringVar(&o.relation, "relation", "request", "what to write: "+strings.Join(query.Exportable(), ", "))
	f.StringSliceVar(&o.columns, "columns", nil, "only these columns, in this order (default AWS's fields and the reason)")
	f.BoolVar(&o.partition, "partition", false, "one folder per day, date=2026-11-22, as Hive and Athena name them")
	o.read.flags(f)
	complete(c, "relation", query.Exportable())
	return c
}

func (a *app) export(ctx context.Context, o exportOptions, args []string) error {
	if o.to == "" {
		return usage("for example --to requests.parquet", "where to? --to is not given")
	}
	switch {
	case o.to == "-":
		return usage("name a file", "--to -: Parquet cannot be written to a pipe")
	case !o.partition && os.IsPathSeparator(o.to[len(o.to)-1]):
		return usage("name a file in it; or --partition, which makes a folder", "--to %s: that is a folder", o.to)
	case o.partition && query.Database(o.to):
		return usage("name a folder, for Parquet", "--to %s: --partition makes folders, and a DuckDB file is one file", o.to)
	case strings.Contains(o.to, "://"):
		return usage("write a file, then: aws s3 cp FILE "+o.to, "--to %s: export writes local files only", o.to)
	case textForm(o.to) != "":
		into := " … > "
		if strings.EqualFold(filepath.Ext(o.to), ".gz") {
			into = " … | gzip > "
		}
		return usage("loglens sql 'SELECT * FROM "+o.relation+"' --output "+textForm(o.to)+into+ingest.ShellWord(o.to),
			"--to %s: export writes Parquet and DuckDB files, and no text", o.to)
	}
	to, err := filepath.Abs(o.to)
	if err != nil {
		return err
	}
	o.read.out = filepath.Dir(to)
	if info, err := os.Stat(o.read.out); err != nil || !info.IsDir() {
		return usage("mkdir -p "+ingest.ShellWord(filepath.Dir(o.to)), "--to: there is no folder %s", filepath.Dir(o.to))
	}
	a.command += " --to " + ingest.ShellWord(o.to)
	return a.reading(ctx, o.read, "FROM "+o.relation, args, func(ctx context.Context, s *query.Store, in input) error {
		if o.read.explain {
			return a.explain(ctx, "FROM "+o.relation, nil, explained{s, in.window})
		}
		done := a.showProgress(s.Progress())
		t, rows, err := s.Export(ctx, query.Export{Relation: o.relation, Columns: o.columns, To: to, Partition: o.partition})
		done()
		if errors.Is(err, fs.ErrExist) {
			return usage("remove it, or name another", "%s exists", o.to)
		}
		if err == nil {
			err = a.plausible(ctx, s, t, in, false)
		}
		if rows != query.NotWritten && errors.As(err, new(*emptyError)) { // a file would look as if nothing were the answer
			err = errors.Join(err, os.RemoveAll(to))
		}
		if err != nil {
			return err
		}
		a.frame(t)
		if rows != query.NotWritten {
			_, err = fmt.Fprintf(a.out, "%s in %s\n", amount.Of(rows, "row", "rows"), report.Plain(o.to))
		}
		return cmp.Or(err, whole("", t, s.FirstFailure(), s.Retry()))
	})
}

// textForm is the form of sql that a file's name asks for; empty if it asks for none.
func textForm(name string) string {
	switch filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz")) {
	case ".csv", ".tsv", ".txt":
		return "csv"
	case ".json":
		return "json"
	case ".jsonl", ".ndjson":
		return "jsonl"
	case ".md":
		return "markdown"
	}
	return ""
}
