package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// readOptions says what is to be read, as typed. Every command that reads logs
// has these flags.
type readOptions struct {
	source   sourceOptions
	since    string
	until    string
	zone     string
	workers  int
	timeout  string
	maxBytes string
	memory   string
	explain  bool
	disk     diskOptions
	out      string // folder that may be written to

	// whole is the window in place of --since and --until; nil for none.
	whole func() (when.Window, error)

	// check looks at the statement before anything is looked for. It says which logs it
	// reads, none if there need be no source. nil for a statement that is one of ours.
	check func(context.Context) (ingest.KindSet, error)
}

func (o *readOptions) flags(f *pflag.FlagSet) {
	o.sourceFlags(f, usualSince)
	f.StringVar(&o.maxBytes, "max-bytes", "", "refuse to read more stored bytes than this: 500MB, 2GB")
	f.StringVar(&o.memory, "memory-limit", "", "memory for DuckDB, beyond which it uses temporary files or gives up: 500MB, 2GB (default 96MB to 250MB, enough for most answers; more with more than two workers)")
	f.BoolVar(&o.explain, "explain", false, "say what would be read, and the SQL; read nothing")
	o.disk.flags(f, "", "answer from this store in place of a SOURCE; \"default\" is the one that ingest fills unless told otherwise")
}

// usualSince is what resolve takes for --since where nothing is said.
const usualSince = "default: 1h for S3, else everything"

// sourceFlags are those of every command that opens log objects. since is what --since is
// by default, in words.
func (o *readOptions) sourceFlags(f *pflag.FlagSet, since string) {
	f.StringVar(&o.since, "since", "", "start of the window: 90m, 7d, 03:15, 2026-11-22T03:15, today, @epoch ("+since+")")
	f.StringVar(&o.until, "until", "", "end of the window, not part of it (default now)")
	f.StringVar(&o.zone, "tz", "Local", "time zone of times typed without one (answers are in UTC): Local, UTC, +02:00, Europe/Berlin")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "objects read at a time")
	f.StringVar(&o.timeout, "timeout", "", "give up after this long (exit 124)")
	o.source.flags(f)
}

// leastMemory is what DuckDB cannot do without, in bytes.
const leastMemory = 64_000_000

// patience is how long after --timeout the process is ended from within, if what
// runs does not end.
const patience = 2 * time.Second

// limited runs what takes long, for --timeout at most.
func (a *app) limited(ctx context.Context, o readOptions, use func(context.Context) error) (err error) {
	if o.workers < 1 || o.workers > 1024 {
		return usage("", "--workers %d: want 1 to 1024", o.workers)
	}
	if o.timeout == "" {
		return use(ctx)
	}
	d, err := when.Duration(o.timeout)
	if err == nil && d <= 0 {
		err = errors.New("nothing can be read in no time")
	}
	if err != nil {
		return usage("for example --timeout 2m", "--timeout: %w", err)
	}
	late := &timeoutError{o.timeout}
	ctx, cancel := context.WithTimeoutCause(ctx, d, late)
	defer cancel()
	// What still runs some time after that cannot be interrupted.
	last := time.AfterFunc(d+patience, func() {
		a.complain(late)
		os.Exit(exitDeadline)
	})
	defer last.Stop()
	if err = use(ctx); err != nil && errors.Is(context.Cause(ctx), late) {
		return late
	}
	return err
}

// reading opens a store on what is to be read for a statement, for as long as
// use takes.
func (a *app) reading(ctx context.Context, o readOptions, statement string, args []string, use func(context.Context, *query.Store, input) error) error {
	return a.limited(ctx, o, func(ctx context.Context) error { return a.read(ctx, o, statement, args, use) })
}

func (a *app) read(ctx context.Context, o readOptions, statement string, args []string, use func(context.Context, *query.Store, input) error) (err error) {
	most, err := size(o.maxBytes)
	if err != nil {
		return usage("for example --max-bytes 2GB", "--max-bytes: %w", err)
	}
	memory, err := size(o.memory)
	if err == nil && memory != 0 && memory < leastMemory {
		err = errors.New("DuckDB needs 64MB at least")
	}
	if err != nil {
		return usage("for example --memory-limit 1GB", "--memory-limit: %w", err)
	}
	decoder, err := a.decoder()
	if err != nil {
		return err
	}
	kinds := query.KindsNamed(statement)
	if o.check != nil {
		if kinds, err = o.check(ctx); err != nil {
			return err
		}
	}
	disk, err := a.diskFor(o.disk, args)
	if err != nil {
		return err
	}
	var in input
	if disk.Path != "" {
		if err := a.idleFor("the answer comes from the store "+disk.Path, "leave it out, or name a SOURCE in place of the store", append(awsFlags, "max-bytes")...); err != nil {
			return err
		}
		in.specs, in.balancer = []string{disk.Path}, o.source.balancer
	} else if in, err = a.sources(ctx, o.source, kinds, args); err != nil {
		return err
	}
	if in.window, err = a.timedWindow(ctx, o, in); err != nil {
		return err
	}
	in.window = a.byMinute(disk, in.window, "the window")
	if _, typed := terminalWidth(a.in); typed && !o.explain && slices.Contains(in.specs, "-") { // as where the answer's next command was copied
		a.say("standard input is a terminal: put before the command what writes the lines, as in zcat x.log.gz | %s -, or paste some and end with Ctrl-D", a.command)
	}
	open := func(ctx context.Context, w when.Window, balancer string) (*query.Store, error) {
		plan := ingest.Plan{Window: w, Now: a.now(), LoadBalancer: balancer}
		return query.Open(ctx, "", query.Input{Sources: in.sources, Plan: plan, Workers: o.workers, Decoder: decoder, MaxBytes: most, Memory: memory, Out: o.out, Disk: disk})
	}
	in.open = func(ctx context.Context, w when.Window) (*query.Store, error) { return open(ctx, w, in.balancer) }
	in.everyone = func(ctx context.Context) (*query.Store, error) { return open(ctx, in.window, "") }
	store, err := in.open(ctx, in.window)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := store.Close(); err == nil {
			err = cerr
		}
	}()
	return use(ctx, store, in)
}

// byMinute is a window as a store knows it, if there is one, and says so where that is
// another. what is its name.
func (a *app) byMinute(disk query.Disk, w when.Window, what string) when.Window {
	minutes := query.Minutes(w)
	if disk.Path == "" || w == minutes {
		return w
	}
	a.say("the store counts by the minute, so %s is of whole minutes: %s", what, minutes)
	return minutes
}

// window is resolve, and says what was not taken as typed.
func (a *app) window(o readOptions, remote bool) (when.Window, error) {
	w, notes, err := a.resolve(o, remote)
	if err != nil {
		return when.Window{}, err
	}
	for _, n := range notes {
		a.say("%s", n)
	}
	return w, nil
}

// resolve resolves --since and --until. Without --since a remote source is read
// for the last hour, which bounds what is fetched; what lies here is read whole.
func (a *app) resolve(o readOptions, remote bool) (w when.Window, notes []string, err error) {
	if o.whole != nil {
		w, err = o.whole()
		return w, nil, err
	}
	if o.since == "" && o.until == "" && remote {
		o.since = "1h"
	}
	now := a.now().Truncate(time.Second)
	type resolved struct {
		when.Window
		notes []string
	}
	r, err := inZone(a, o.zone, func(zone *time.Location) (resolved, error) {
		w, notes, err := when.Resolve(o.since, o.until, now, zone)
		if err != nil {
			err = usage("for example --since 90m, --since 03:00 --until 03:30, or --since 2026-11-22T03:15Z", "%w", err)
		}
		return resolved{w, notes}, err
	})
	if err == nil && r.From.IsZero() && remote {
		err = usage("give --since as well", "--until without --since would read every object of the bucket")
	}
	return r.Window, r.notes, err
}

// size reads a number of bytes such as 2GB, 500MiB or 1000; 0 for "".
func size(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a number of bytes", s)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a number of bytes above 0", s)
	}
	base := 1000.0
	if m[3] != "" {
		base = 1024
	}
	n *= math.Pow(base, float64(strings.Index(" KMGT", strings.ToUpper(m[2] + " ")[:1])))
	return int64(min(n, 1<<62)), nil // more is as good as no limit
}

var sizeForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([kKMGT]?)(i?)[bB]?$`)
