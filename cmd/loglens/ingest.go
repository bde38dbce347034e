package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/query"
	"loglens/report"
)

// diskOptions says which store on disk is meant.
type diskOptions struct {
	path string
	wait string
}

// defaultStore stands for the store in the user's data folder.
const defaultStore = "default"

func (o *diskOptions) flags(f *pflag.FlagSet, standard, about string) {
	f.StringVar(&o.path, "store", standard, about)
	f.StringVar(&o.wait, "lock-timeout", "10s", "how long to wait for another process that has the store")
}

// disk resolves a store; the zero value if none is meant.
func (a *app) disk(o diskOptions) (d query.Disk, err error) {
	wait, err := when.Duration(o.wait)
	switch {
	case err != nil:
		return d, usage("for example --lock-timeout 30s", "--lock-timeout: %w", err)
	case o.path == "":
		return d, nil
	}
	d.Wait = wait
	if d.Path = o.path; o.path != defaultStore {
		return resolved(d), nil
	}
	data := a.getenv("XDG_DATA_HOME")
	if data == "" {
		home := a.getenv("HOME")
		if home == "" {
			return d, usage("name a file: --store ./loglens.duckdb", "there is no home folder for the default store")
		}
		data = filepath.Join(home, ".local", "share")
	}
	d.Path = filepath.Join(data, "loglens", "loglens.duckdb")
	return resolved(d), nil
}

// resolved follows a symbolic link to the store: locks, and what DuckDB writes beside it,
// have to lie beside the file itself, by whatever name it is opened.
func resolved(d query.Disk) query.Disk {
	if info, err := os.Lstat(d.Path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		if to, err := filepath.EvalSymlinks(d.Path); err == nil {
			d.Path = to
		}
	}
	return d
}

// diskFor is the store that an answer comes from. What is named as a source goes
// before a store that the environment names.
func (a *app) diskFor(o diskOptions, args []string) (query.Disk, error) {
	if o.path != "" && len(args) > 0 {
		if !a.typed["store"] {
			return query.Disk{}, nil
		}
		return query.Disk{}, usage("leave one of them out", "--store and a SOURCE: where is the answer to come from?")
	}
	return a.disk(o)
}

// ingestOptions is what the flags of ingest say.
type ingestOptions struct {
	read readOptions
	keep []string
	anew bool // what the store was is put aside first
}

// intoStore are the options of what fills a store.
var intoStore = readOptions{source: sourceOptions{noPipe: usage("write it to a file and ingest that, or ask about it without a store: loglens top-errors -",
	"a store knows objects by name and time, and standard input has neither")}}

func (a *app) ingestCommand() *cobra.Command { return a.ingesting(ingestOptions{read: intoStore}) }

// ingesting is the command that ingests as o says, and has the rest of o as flags.
func (a *app) ingesting(o ingestOptions) *cobra.Command {
	c := &cobra.Command{
		Use:   "ingest [SOURCE…]",
		Short: "Put log objects into a store on disk, each once",
		Long: `ingest reads the log objects of the window that the store does not have yet,
and puts them in: failures whole, all requests counted, the other logs whole.
An object is in the store with all that it holds, or not at all; one that was
overwritten takes the place of what it was. It may be run as often as you like,
over windows that overlap: late objects are found, and nothing is counted twice.
With --store PATH, or --store default, every other command answers from there.
Standard input and pipes have no name to be known by, so they are not taken.

` + o.read.source.help(),
		Example: `  loglens ingest --since 24h s3://my-logs/prod
  loglens ingest --since 7d --keep requests --store ./incident.duckdb ./logs`,
		RunE: func(c *cobra.Command, args []string) error { return a.ingest(c.Context(), o, args) },
	}
	f := c.Flags()
	o.read.disk.flags(f, defaultStore, "file of the store; default is loglens/loglens.duckdb in your data folder")
	f.StringSliceVar(&o.keep, "keep", nil, "requests: keep every request whole, so that all reports and all SQL work; takes about a third of the room of the log text")
	o.read.sourceFlags(f, usualSince)
	complete(c, "keep", []string{"requests"})
	return c
}

// ingest brings objects in.
func (a *app) ingest(ctx context.Context, o ingestOptions, args []string) error {
	for _, k := range o.keep {
		if k != "requests" {
			return usage("--keep takes requests", "--keep: unknown word %q", k)
		}
	}
	return a.limited(ctx, o.read, func(ctx context.Context) error {
		done, in, path, err := a.bring(ctx, o, args)
		for _, why := range done.Failures {
			a.say("warning: %s", report.Plain(why))
		}
		for _, folder := range done.Empty {
			a.say("warning: %s is empty, and does not count as looked through: is what belongs there mounted?", report.Plain(folder))
		}
		if done.Gone > 0 && err == nil {
			a.say("gone, and no longer reported as missing: %s that could not be read before", amount.Of(done.Gone, "object", "objects"))
		}
		if done.Listed > 0 {
			_, werr := fmt.Fprintf(a.out, "%s in the window: %d new, %d replaced, %d known, %d failed; %.1f MB read into %s\n",
				amount.Of(done.Listed, "object", "objects"), done.New, done.Replaced, done.Known, done.Failed, float64(done.Bytes)/1e6, report.Plain(path))
			err = errors.Join(err, werr)
		}
		switch {
		case err != nil:
			return err
		case done.Listed == 0:
			hint := "is it the right folder?"
			if !in.window.From.IsZero() {
				hint = "are place and window right? A longer --since finds older ones"
			}
			return &emptyError{anyLog, place(in), hint}
		case done.Rejected > 0 && done.Rejected == done.Lines:
			return &foreignError{done.Lines, "a log", "loglens rejects --store " + ingest.ShellWord(path) + " shows them"}
		case done.Failed > 0:
			return &partialError{what: "what was ingested", failed: done.Failed, objects: done.Listed, first: done.First}
		}
		return nil
	})
}

// bring finds the sources, and ingests them into the store at path.
func (a *app) bring(ctx context.Context, o ingestOptions, args []string) (done query.Ingested, in input, path string, err error) {
	decoder, err := a.decoder()
	if err != nil {
		return done, in, "", err
	}
	disk, err := a.disk(o.read.disk)
	if err != nil {
		return done, in, "", err
	}
	if in, err = a.sources(ctx, o.read.source, query.AllKinds, args); err != nil {
		return done, in, "", err
	}
	if in.window, err = a.timedWindow(ctx, o.read, in); err != nil {
		return done, in, "", err
	}
	if !in.window.From.IsZero() {
		a.say("window %s", in.window)
	}
	plan := ingest.Plan{Window: in.window, Now: a.now(), LoadBalancer: in.balancer}
	if o.anew {
		if found, err := anything(ctx, in.sources, plan); err != nil || !found {
			return done, in, "", err
		}
		aside, err := query.SetAside(ctx, disk, a.now())
		if err != nil {
			return done, in, "", err
		}
		if aside != "" {
			a.say("the old store is now %s", report.Plain(aside))
		}
	}
	input := query.Input{Sources: in.sources, Plan: plan, Workers: o.read.workers, Decoder: decoder, Disk: disk}
	done, err = query.Ingest(ctx, "", input, len(o.keep) > 0)
	return done, in, disk.Path, err
}

// anything reports whether there is an object to read. The error says why none was found.
func anything(ctx context.Context, sources []ingest.Source, plan ingest.Plan) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := ingest.List(ctx, sources, plan)
	for o := range feed.Objects() {
		return true, o.Close()
	}
	return false, feed.Err()
}
