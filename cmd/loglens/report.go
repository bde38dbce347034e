package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// reportOptions is what the flags of a report say, as typed.
type reportOptions struct {
	source  sourceOptions
	output  outputOptions
	since   string
	until   string
	zone    string
	by      []string
	classes []string
	limit   int
	every   string
	workers int
	timeout string
}

// outages are the classes that count as failures unless --class says otherwise.
var outages = []string{
	parse.ClassTarget.String(), parse.ClassBalancer.String(), parse.ClassLambda.String(), parse.ClassUnknown.String(),
}

// reportCommand makes a command out of a report's file.
func (a *app) reportCommand(r query.Report) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:     r.Name + " [SOURCE…]",
		Short:   strings.TrimSuffix(r.About, "."),
		Long:    r.About + "\n\n" + sourceHelp,
		Example: commandExamples(r.Name),
		RunE:    func(c *cobra.Command, args []string) error { return a.report(c.Context(), r, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.since, "since", "", "start of the window: 90m, 7d, 03:15, 2026-11-22T03:15, today, @epoch (default: 1h for S3, everything for local files)")
	f.StringVar(&o.until, "until", "", "end of the window, not part of it (default now)")
	f.StringVar(&o.zone, "tz", "Local", "time zone of times typed without one")
	f.StringSliceVar(&o.by, "by", r.Default, "divide by "+strings.Join(byNames(r), ", "))
	f.StringVar(&o.every, "window", "", "divide by time as well: 5m, 1h (whole minutes)")
	f.StringSliceVar(&o.classes, "class", outages, "classes of reasons that count: "+strings.Join(parse.Classes(), ", ")+", or all")
	f.IntVar(&o.limit, "limit", 20, "rows at most; 0 for all")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "objects read at a time")
	f.StringVar(&o.timeout, "timeout", "", "give up after this long (exit 124)")
	o.source.flags(f)
	o.output.flags(f)
	complete(c, "by", byNames(r))
	complete(c, "class", append(parse.Classes(), "all"))
	complete(c, "output", encoderNames())
	return c
}

// report answers one question: find the objects, load them, ask, print.
func (a *app) report(ctx context.Context, r query.Report, o reportOptions, args []string) (err error) {
	q, encoder, err := a.question(r, o)
	if err != nil {
		return err
	}
	if o.timeout != "" {
		d, derr := when.Duration(o.timeout)
		if derr == nil && d <= 0 {
			derr = errors.New("nothing can be read in no time")
		}
		if derr != nil {
			return usage("for example --timeout 2m", "--timeout: %w", derr)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
		defer func() {
			if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
				err = &timeoutError{o.timeout}
			}
		}()
	}
	in, err := a.sources(ctx, o.source, args)
	if err != nil {
		return err
	}
	if q.Window, err = a.window(o, in.remote); err != nil {
		return err
	}
	if !encoder.headed {
		a.say("window %s", q.Window)
	}
	plan := ingest.Plan{Window: q.Window, Now: a.now(), LoadBalancer: in.balancer}
	table, err := a.answer(ctx, r, q, plan, in, o.workers)
	if err != nil {
		return err
	}
	table.Next = next(r, o, args, table)
	if err := encoder.Encode(a.out, table, a.style(o.output)); err != nil {
		return err
	}
	if !encoder.headed {
		a.frame(table)
	}
	if n := table.Accounting.ObjectsFailed; n > 0 {
		return &partialError{n, table.Accounting.Objects}
	}
	return nil
}

// frame says on stderr what stands around the rows of a table, for the forms that
// hold rows only or leave it to programs.
func (a *app) frame(t *query.Table) {
	acc := t.Accounting
	a.say("objects: %d, lines: %d = %d parsed + %d rejected + %d skipped", acc.Objects, acc.Lines, acc.Parsed, acc.Rejected, acc.Skipped)
	if t.RowsLeft > 0 {
		a.say("%d more rows not shown; --limit 0 shows all", t.RowsLeft)
	}
	for _, w := range t.Warnings {
		a.say("warning: %s", report.Plain(w))
	}
}

// question checks what was typed, before anything is read.
func (a *app) question(r query.Report, o reportOptions) (q query.Question, e form, err error) {
	if e, err = o.output.form(); err != nil {
		return q, e, err
	}
	if q.By, err = chosen("--by", o.by, byNames(r)); err != nil {
		return q, e, err
	}
	if q.Classes, err = chosen("--class", o.classes, append(parse.Classes(), "all")); err != nil {
		return q, e, err
	}
	if slices.Contains(q.Classes, "all") {
		q.Classes = parse.Classes()
	}
	if q.Limit = o.limit; o.limit < 0 {
		return q, e, usage("--limit 0 shows all rows", "--limit %d is negative", o.limit)
	}
	if o.workers < 1 || o.workers > 1024 {
		return q, e, usage("", "--workers %d: want 1 to 1024", o.workers)
	}
	if o.every != "" {
		q.Every, err = when.Duration(o.every)
		if err == nil && (q.Every < time.Minute || q.Every%time.Minute != 0) {
			err = fmt.Errorf("%s is not a number of whole minutes: requests are counted by the minute", o.every)
		}
		if err != nil {
			return q, e, usage("for example --window 5m", "--window: %w", err)
		}
	}
	return q, e, nil
}

// chosen checks a list of words against the ones there are, and drops repeats.
func chosen(flag string, words, all []string) ([]string, error) {
	var list []string
	for _, w := range words {
		w = strings.TrimSpace(w)
		if !slices.Contains(all, w) {
			return nil, usage(flag+" takes "+strings.Join(all, ", "), "%s: unknown word %q", flag, w)
		}
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		return nil, usage(flag+" takes "+strings.Join(all, ", "), "%s is empty", flag)
	}
	return list, nil
}

// byNames are the dimensions that --by takes; time has a flag of its own.
func byNames(r query.Report) []string {
	return slices.DeleteFunc(r.DimensionNames(), func(s string) bool { return s == "window" })
}

// window resolves --since and --until. Without --since a remote source is read
// for the last hour, which bounds what is fetched; what lies here is read whole.
func (a *app) window(o reportOptions, remote bool) (when.Window, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return when.Window{}, usage("for example --tz UTC or --tz Europe/Berlin", "--tz: %w", err)
	}
	if o.since == "" && o.until == "" && remote {
		o.since = "1h"
	}
	w, notes, err := when.Resolve(o.since, o.until, a.now().Truncate(time.Second), zone)
	if err != nil {
		return w, usage("", "%w", err)
	}
	if w.From.IsZero() && remote {
		return w, usage("give --since as well", "--until without --since would read every object of the bucket")
	}
	for _, n := range notes {
		a.say("%s", n)
	}
	return w, nil
}

// answer loads the sources into a fresh store and asks it.
func (a *app) answer(ctx context.Context, r query.Report, q query.Question, plan ingest.Plan, in input, workers int) (t *query.Table, err error) {
	store, err := query.Open(ctx, "")
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := store.Close(); err == nil && cerr != nil {
			t, err = nil, cerr
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := ingest.Start(ctx, in.sources, plan, workers)
	done := a.showProgress(feed, store.Progress())
	err = store.Load(ctx, feed, plan, workers)
	done()
	if err != nil {
		return nil, err
	}
	if t, err = store.Run(ctx, r, q); err != nil {
		return nil, err
	}
	return t, a.plausible(store, t, in, q)
}

func complete(c *cobra.Command, flag string, words []string) {
	// The only error is a flag that does not exist, which every test would show.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
