package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/query"
)

const sqlHelp = `sql runs one SELECT of DuckDB's SQL over the logs, read-only:

  request         every request of an access log, streamed: never held in memory
  failure         requests that failed, of every class, whole
  traffic         requests by minute, load balancer, target group and target
  latency         answered requests by how long the target took
  failure_minute  failures by minute and all that reports divide by
  node_minute     requests by minute and balancer node
  connection      connection log
  health_check    health check log
  nlb_tls         TLS access log of Network Load Balancers
  object          log objects, with their lines
  accounting      the same by kind of log
  listing         log objects by name, time and size: opens none of them
  reject          damaged lines

Only the logs that the statement needs are read. No file and no address can be
reached from SQL. "describe request" shows the columns, and needs no SOURCE.
Infinite and undefined numbers are shown as text: inf, nan. So are lists and
structures, in every form of output: as JSON.

What AWS writes as - or -1 is NULL: target_processing_time IS NULL, not = -1.
The column request is method, URL and version: split_part(request, ' ', 1) is
the method. trace_id is all of X-Amzn-Trace-Id: LIKE '%1-67891233%' finds it.

Times are UTC, whatever --tz says; timestamptz '2026-11-22T03:15:00+01:00' is
one of another zone, and this is the clock of another zone:
time::timestamptz AT TIME ZONE 'Europe/Berlin'
Where a statement names a zone, only times of type timestamptz have a Z.`

// sqlOptions is what the flags of sql say.
type sqlOptions struct {
	read   readOptions
	output outputOptions
	file   string
	limit  int
}

// shownRows is how many rows a form shows that can say that there are more.
const shownRows = 10_000

func (a *app) sqlCommand() *cobra.Command {
	var o sqlOptions
	c := &cobra.Command{
		Use:   "sql 'SELECT …' [SOURCE…]",
		Short: "Free SQL over the logs",
		Long:  sqlHelp + "\n\n" + o.read.source.help(),
		Example: `  loglens sql 'select reason, count(*) from failure group by all' --since 1h s3://my-logs/prod
  loglens sql 'select route, count(*) from request group by all order by 2 desc limit 9' ./logs
  loglens sql -f slow.sql --since today ./logs
  echo 'select count(*) from request' | loglens sql - ./logs`,
		RunE: func(c *cobra.Command, args []string) error { return a.sql(c.Context(), o, args) },
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && strings.ContainsAny(unknown.GetSpecifiedName(), " \t\r\n") {
			return usage("put -- before it, or read it from a file with -f", "a statement that begins with a comment looks like a flag")
		}
		return c.Root().FlagErrorFunc()(c, err)
	})
	f := c.Flags()
	f.StringVarP(&o.file, "file", "f", "", "read the statement from a file; - or the argument - for standard input")
	f.IntVar(&o.limit, "limit", shownRows, limitHelp)
	o.read.flags(f)
	o.output.flags(c)
	return c
}

func (a *app) sql(ctx context.Context, o sqlOptions, args []string) error {
	if o.file == "-" || o.file == "" && len(args) > 0 && args[0] == "-" {
		o.read.source.noPipe = usage("name a bucket, a folder or files; or put the statement into a file: -f FILE", "standard input is the statement already")
	}
	text, args, err := a.statement(o.file, args)
	if err != nil {
		return err
	}
	a.command += " 'SELECT …'"
	return inFile(o.file, a.ask(ctx, o, text, func() ([]any, error) { return nil, nil }, args))
}

// inFile says in which file the statement stands that is wrong.
func inFile(path string, err error) error {
	if path != "" && path != "-" && errors.As(err, new(*query.StatementError)) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// limitHelp is of --limit where rows may be many.
const limitHelp = "rows at most, 0 for all; unless typed, only of json, markdown and the table on a terminal"

// looksLikeSQL is what no source begins with.
var looksLikeSQL = regexp.MustCompile(`(?i)^\s*(select|from|with|describe|summarize)\s`)

// statement takes the SQL from where it was put: the first argument, a file, or
// standard input.
func (a *app) statement(file string, args []string) (text string, rest []string, err error) {
	if file == "" {
		if len(args) == 0 {
			return "", nil, usage("for example: loglens sql 'select count(*) from request' ./logs", "which statement?")
		}
		text, args = args[0], args[1:]
		if text != "-" {
			return text, args, nil
		}
		file = "-"
	} else if i := slices.IndexFunc(args, looksLikeSQL.MatchString); i >= 0 {
		return "", nil, usage("what follows -f FILE are sources", "there are two statements: %s and %q", file, args[i])
	}
	var b []byte
	if file == "-" {
		b, err = io.ReadAll(a.in)
	} else {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return "", nil, usage("-f takes a file; a statement is the first argument, without -f", "read the statement: %w", err)
	}
	return string(b), args, nil
}

// ledger are the relations that tell what became of lines, damaged ones too.
var ledger = regexp.MustCompile(`(?i)\b(reject|object|accounting)\b`)

// ask runs a statement and prints its rows. Values that it takes may be relative to now.
func (a *app) ask(ctx context.Context, o sqlOptions, text string, bind func() ([]any, error), args []string) error {
	encoder, err := o.output.form()
	if err != nil {
		return err
	}
	o.read.check = func(ctx context.Context) (ingest.KindSet, error) {
		values, err := bind()
		if err != nil {
			return 0, err
		}
		return query.Reads(ctx, text, values)
	}
	return a.reading(ctx, o.read, text, args, func(ctx context.Context, s *query.Store, in input) (err error) {
		values, err := bind()
		if err != nil {
			return err
		}
		if o.read.explain {
			return a.explain(ctx, text, values, explained{s, in.window})
		}
		rows, err := a.rows(o.output, o.limit, encoder)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.close()) }()
		done := a.showProgress(s.Progress())
		table, err := s.Ask(ctx, text, values, rows)
		done()
		if err != nil {
			return err
		}
		if len(s.Kinds()) > 0 {
			if err := a.plausible(ctx, s, table, in, ledger.MatchString(text)); err != nil {
				return err
			}
		}
		draw := rows.print
		if rows.framed() {
			draw = func() error { return rows.printAround(table) }
		}
		if err := draw(); err != nil {
			return err
		}
		if !encoder.headed || !rows.whole {
			table.RowsLeft = rows.left
			a.frame(table)
		}
		return whole("", table, s.FirstFailure(), s.Retry())
	})
}
