package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/parse"
	"loglens/query"
)

// plausible refuses an answer that would look like good news and is none. An
// answer about damaged lines may rest on nothing else.
func (a *app) plausible(ctx context.Context, s *query.Store, t *query.Table, in input, damaged bool) error {
	acc := t.Accounting
	switch {
	case s.Gave(): // good or not, there is something
		return nil
	case acc.Objects == 0:
		logs, err := s.Logs(ctx)
		if err != nil {
			return err
		}
		var first, last time.Time
		if !in.remote && len(logs) == 0 {
			if first, last, err = s.Outside(ctx); err != nil {
				return err
			}
		}
		what, hint := whyNone(in, t, s.Kinds(), logs, first, last)
		return &emptyError{what, place(in), hint}
	case acc.ObjectsFailed > 0 && acc.Lines == 0 && exitStatus(s.FirstFailure()) > exitPartial:
		none := amount.Noun(acc.ObjectsFailed, "the one log object with content could not be read",
			fmt.Sprintf("none of the %d log objects with content could be read", acc.ObjectsFailed))
		return fmt.Errorf("%s: %w", none, s.FirstFailure())
	case acc.Rejected > 0 && acc.Rejected == acc.Lines && !damaged:
		return &foreignError{acc.Lines, "an " + strings.Join(s.Kinds(), " or "), strings.Join(t.Warnings, "\n")}
	case acc.BytesCompressed == 0 && acc.ObjectsFailed == 0 && !t.Listed && !slices.ContainsFunc(in.specs, isNoPipe):
		return &silentError{emptyError{"", "from " + strings.Join(in.specs, ", "), "did the command before the pipe fail?"}}
	case in.balancer != "" && acc.Parsed == 0 && acc.Skipped > 0 && acc.ObjectsFailed == 0 && !damaged:
		return strangers(ctx, s, in)
	}
	return nil
}

// strangers explains why no line was of the balancer that was asked for. nil if there
// is such a balancer, or there are no lines in the window at all: then the answer holds.
func strangers(ctx context.Context, s *query.Store, in input) error {
	logs, err := s.Logs(ctx)
	if err != nil {
		return err
	}
	plan := ingest.Plan{LoadBalancer: in.balancer}
	names, unnamed := []string(nil), false
	for _, l := range logs {
		if plan.WantsBalancer(l.LoadBalancer) {
			return nil
		}
		names = append(names, l.LoadBalancer)
	}
	if len(logs) == 0 && !slices.ContainsFunc(in.specs, isPipe) { // where names of objects tell nothing, lines do
		var quiet bool
		if names, unnamed, quiet, err = lineBalancers(ctx, s.Kinds(), in); err != nil || quiet {
			return err
		}
	}
	hint := wholeName
	switch {
	case len(names) > 0:
		hint += "; there are " + few(mostNames, slices.Compact(names))
	case unnamed:
		hint = "leave --lb out: the lines there do not name their load balancer, and nor does the object's name"
	}
	return &strangersError{emptyError{"", place(in), hint}}
}

// isPipe reports whether a source can be read once only.
func isPipe(spec string) bool {
	info, err := os.Stat(spec)
	return spec == "-" || err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

func isNoPipe(spec string) bool { return !isPipe(spec) }

// silentError says that nothing came out of a pipe: an empty file may be that of a quiet
// time, but who writes to a pipe has something to say.
type silentError struct{ emptyError }

func (e *silentError) Error() string { return "not one byte came " + e.where }
func (e *silentError) Unwrap() error { return &e.emptyError }

// wholeName is what --lb takes.
const wholeName = "--lb takes a whole name, app/name/id, an ARN or a DNS name"

// lineBalancers reads once more, for the names of the balancers that lines are of, in
// order, and whether there are lines that name none. quiet is no line in the window.
func lineBalancers(ctx context.Context, kinds []string, in input) (names []string, unnamed, quiet bool, err error) {
	s, err := in.everyone(ctx)
	if err != nil {
		return nil, false, false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var parts []string
	for _, r := range []struct {
		relation string
		kinds    []parse.Kind
	}{
		{"traffic", []parse.Kind{parse.KindAccess, parse.KindClassic}},
		{"connection", []parse.Kind{parse.KindConnection}},
		{"health_check", []parse.Kind{parse.KindHealthCheck}},
		{"nlb_tls", []parse.Kind{parse.KindNLB}},
	} {
		if slices.ContainsFunc(r.kinds, func(k parse.Kind) bool { return slices.Contains(kinds, k.String()) }) {
			parts = append(parts, "SELECT load_balancer FROM "+r.relation)
		}
	}
	var found firstColumn
	t, err := s.Ask(ctx, strings.Join(parts, " UNION ")+" ORDER BY ALL", nil, &found)
	if err != nil {
		return nil, false, false, err
	}
	for _, v := range found.values {
		if name, ok := v.(string); ok {
			names = append(names, name)
		} else {
			unnamed = true
		}
	}
	return names, unnamed, t.Accounting.Lines > 0 && t.Accounting.Parsed == 0, nil
}

// firstColumn takes the first value of each row.
type firstColumn struct{ values []any }

func (c *firstColumn) Begin([]query.Column) error { c.values = nil; return nil }

func (c *firstColumn) Row(row []any) error {
	c.values = append(c.values, row[0])
	return nil
}

// strangersError says that there were lines, and none of the balancer that was asked for.
type strangersError struct{ emptyError }

func (e *strangersError) Error() string { return "no line " + e.where }
func (e *strangersError) Unwrap() error { return &e.emptyError }

// place says which logs were asked for.
func place(in input) string {
	where := "in " + few(mostFiles, in.specs)
	if in.balancer != "" {
		where = "of load balancer " + in.balancer + " " + where
	}
	if !in.window.From.IsZero() || !in.window.Until.IsZero() {
		where += ": " + in.window.String()
	}
	return where
}

// whyNone says what there is none of, and why there was no object of the kinds to read:
// logs is what else there is in the window; first and last are the ends of the intervals
// that there are outside of it, zero if there are none.
func whyNone(in input, t *query.Table, kinds []string, logs []query.Log, first, last time.Time) (what, hint string) {
	var here, elsewhere, balancers []string
	plan := ingest.Plan{LoadBalancer: in.balancer}
	for _, l := range logs {
		balancers = append(balancers, l.LoadBalancer)
		switch kind := l.Kind.String(); {
		case !plan.WantsBalancer(l.LoadBalancer):
		case !slices.Contains(kinds, kind):
			here = append(here, kind)
		case in.balancer != "": // it would have been read if the rest of an ARN or a DNS name were right
			elsewhere = append(elsewhere, l.LoadBalancer)
		}
	}
	slices.Sort(here)
	named, other := toldByName(in, kinds)
	these := strings.Join(kinds, " or ")
	switch {
	case len(named) > 0:
		if more := len(named) - mostFiles; more > 0 {
			named = append(named[:mostFiles], fmt.Sprintf("and %d more", more))
		}
		if !other {
			these = anyLog
		}
		return these, strings.Join(named, "\n")
	case len(elsewhere) > 0:
		return anyLog, "there are logs of " + few(mostNames, slices.Compact(elsewhere)) + ", but of another region or account than --lb says"
	case len(here) > 0:
		return these, "there is " + strings.Join(slices.Compact(here), ", ") + readers(here)
	case len(t.Unread) > 0:
		return these, strings.Join(t.Warnings, "\n") + readers(t.Unread)
	case len(t.Warnings) > 0:
		return anyLog, strings.Join(t.Warnings, "\n")
	case !first.IsZero():
		span := "from " + first.Format(endForm) + " to " + last.Format(endForm)
		if first.Equal(last) {
			span = "at " + first.Format(endForm)
		}
		return anyLog, "the objects there end " + span + ": is the window right, and --tz?"
	case in.balancer != "" && len(balancers) > 0:
		return anyLog, wholeName + "; there are " + few(mostNames, slices.Compact(balancers))
	case in.remote:
		return anyLog, "are prefix and window right? The logs lie below <prefix>/AWSLogs/<account>/elasticloadbalancing/<region>/; a balancer writes only while it has traffic"
	case in.balancer != "":
		return anyLog, wholeName
	case in.sources == nil:
		return anyLog, "loglens store stats --store " + ingest.ShellWord(in.specs[0]) + " says what the store holds"
	}
	return anyLog, "is it the right folder? This command looks for " + strings.Join(kinds, "s, ") + "s"
}

// anyLog is what there is none of where there is no other log, either.
const anyLog = "log objects"

// toldByName are the sources that hold nothing of these kinds and of the window by what
// their names say, and whether another kind is why.
func toldByName(in input, kinds []string) (said []string, other bool) {
	for _, s := range in.specs {
		name := ingest.NameOf(s)
		switch {
		case name.TestFile:
			said = append(said, fmt.Sprintf("by its name, %s is a test file and no log", s))
		case name.Kind != parse.KindUnknown && !slices.Contains(kinds, name.Kind.String()):
			other = true
			said = append(said, fmt.Sprintf("by its name, %s is of another kind: %s", s, name.Kind))
		case name.Kind != parse.KindUnknown && !(ingest.Plan{Window: in.window, Kinds: query.AllKinds}).Wants(name):
			said = append(said, fmt.Sprintf("by its name, %s ends at %s, outside of the window: is --since right?", s, name.End.Format(endForm)))
		}
	}
	return said, other
}

// endForm is how the end of an object's interval is told, and the time of a row.
const endForm = "2006-01-02 15:04Z"

// readers names a report for each of these logs.
func readers(kinds []string) (hint string) {
	for _, r := range []struct {
		name  string
		kinds []parse.Kind
	}{
		{"tls", []parse.Kind{parse.KindConnection, parse.KindNLB}},
		{"health", []parse.Kind{parse.KindHealthCheck}},
		{"top-errors", []parse.Kind{parse.KindAccess, parse.KindClassic}},
	} {
		if slices.ContainsFunc(r.kinds, func(k parse.Kind) bool { return slices.Contains(kinds, k.String()) }) {
			hint += "\nloglens " + r.name + " reads it"
		}
	}
	return hint
}

// foreignError says that there was text, and none of it a log entry.
type foreignError struct {
	lines int64
	log   string // that they are not of
	why   string // in lines, all that is to be said of what was read
}

func (e *foreignError) Error() string {
	what := amount.Noun(e.lines, "the one line is no entry", fmt.Sprintf("none of the %d lines is an entry", e.lines))
	return fmt.Sprintf("%s of %s", what, e.log)
}

func (e *foreignError) Hint() string {
	return e.why + "\nis it the right file? loglens reads what load balancers log: access, connection, health-check and TLS logs"
}

// few lists names, the first ones of many.
func few(most int, names []string) string {
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// How many are named of load balancers, and of files, for hundreds of which a shell's
// pattern may stand.
const (
	mostNames = 10
	mostFiles = 3
)
