package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/internal/condition"
	"loglens/internal/when"
	"loglens/query"
	"loglens/report"
)

// summaryOptions is what the flags of summary say, as typed.
type summaryOptions struct {
	read   readOptions
	output outputOptions
	whole  string // hour or day, "" for --since
	lag    string
	out    string
	failIf string
	post   postOptions
}

const summaryHelp = `summary says what a window comes to: requests and failures, by reason and by
target, the worst slices of time, response times, what is new against the window
of the same length before, which objects are missing, and which came late. It is
made for schedules: --window hour or day is the last whole one that ended at
least --lag ago, and the same window gives the same bytes once its objects are
there. --max-bytes bounds each of the two windows.

--fail-if makes the exit status 20 if a condition over the totals is true:
fields, > >= < <= == !=, numbers with %, ms, s or k, and, or; "and" binds more
tightly. What compares a number that is not known is false: a rate without
requests, and a response time where no target answered. The fields are
`

func (a *app) summaryCommand() *cobra.Command {
	var o summaryOptions
	o.read.source.noPipe = usage("name a bucket, a folder or files", "summary reads two windows, and standard input can be read only once")
	c := &cobra.Command{
		Use:   "summary [SOURCE…]",
		Short: "What a window comes to, what is new, what is missing",
		Long:  summaryHelp + summaryFieldList() + "\n\n" + o.read.source.help(),
		Example: `  loglens summary --since 24h s3://my-logs/prod
  loglens summary --window hour --lb shop-prod --output json --out summary.json
  loglens summary --window day --tz Europe/Berlin --output markdown s3://my-logs/prod
  loglens summary --since 1h --fail-if 'failure_rate > 50% and requests >= 1k' ./logs`,
		RunE: func(c *cobra.Command, args []string) error { return a.summary(c.Context(), o, args) },
	}
	f := c.Flags()
	o.read.flags(f)
	f.StringVar(&o.whole, "window", "", "hour or day: the last whole one (in --tz), in place of --since and --until")
	f.StringVar(&o.lag, "lag", "15m", "how long late objects are waited for: --window ends at least so long ago")
	o.output.formFlags(c, report.SummaryEncoders.Names())
	f.StringVar(&o.out, "out", "", "write to this file, whole or not at all, in place of stdout")
	f.StringVar(&o.failIf, "fail-if", "", "exit 20 if this is true, such as 'failure_rate > 0.5%'")
	o.post.flags(f)
	complete(c, "window", when.Wholes)
	complete(c, "post-format", postFormats)
	return c
}

// summaryFieldList names the fields of --fail-if in lines.
func summaryFieldList() string {
	var b strings.Builder
	line := 0
	for i, f := range query.SummaryFields() {
		if line > 60 {
			b.WriteString(",\n")
			line = 0
		} else if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
		line += len(f.Name) + 2
	}
	return b.String() + "."
}

// summaryPlan is what was typed, understood.
type summaryPlan struct {
	encoder   report.Form[*query.Summary]
	condition *condition.Condition // nil for none
	ask       query.SummaryQuestion
	post      *postPlan // nil for none
}

// summary sums up a window: read the one before and then the window itself,
// print, deliver, decide.
func (a *app) summary(ctx context.Context, o summaryOptions, args []string) error {
	p, err := a.summaryPlan(&o)
	if err != nil {
		return err
	}
	text, values, err := query.SummaryStatement(p.ask)
	if err != nil {
		return err
	}
	return a.reading(ctx, o.read, text, args, func(ctx context.Context, s *query.Store, in input) error {
		if o.read.explain {
			return a.explainSummary(ctx, s, in, text, values)
		}
		if p.encoder.Name == "json" || o.out != "" { // what is shown here has it in its head
			a.say("window %s", in.window)
		}
		before, err := a.basis(ctx, p.ask, in)
		if err != nil {
			return err
		}
		done := a.showProgress(s.Progress())
		sum, err := s.Summary(ctx, p.ask, before)
		done()
		if err == nil {
			err = a.plausible(ctx, s, sum.Totals, in, false)
		}
		if err != nil {
			return err
		}
		if err := a.deliver(o, p, sum); err != nil {
			return err
		}
		// The summary is where it belongs: what comes now cannot lose it.
		posted := a.post(ctx, p.post, sum)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		condition := a.decide(p.condition, sum.Totals)
		if condition != nil && posted != nil { // the status tells of one of them only
			a.say("warning: %s", report.Plain(posted.Error()))
		}
		partial := whole("", sum.Totals, s.FirstFailure(), s.Retry())
		if partial != nil && cmp.Or(condition, posted) != nil {
			a.say("warning: %s", report.Plain(partial.Error()))
		}
		return cmp.Or(condition, posted, partial, wholeBasis(before)) // what is lost with the others has been said
	})
}

// summaryPlan checks what was typed, before anything is read.
func (a *app) summaryPlan(o *summaryOptions) (p summaryPlan, err error) {
	if err := o.output.check(report.SummaryEncoders.Names()); err != nil {
		return p, err
	}
	p.encoder, _ = report.SummaryEncoders.Find(o.output.output)
	p.ask.Classes = outages
	if p.ask.Lag, err = when.Duration(o.lag); err != nil {
		return p, usage("for example --lag 15m", "--lag: %w", err)
	}
	if err := a.wholeWindow(o, p.ask.Lag); err != nil {
		return p, err
	}
	if o.failIf != "" {
		if p.condition, err = condition.Parse(o.failIf, conditionFields()); err != nil {
			return p, fmt.Errorf("--fail-if: %w", err)
		}
	}
	if p.post, err = o.post.plan(); err != nil {
		return p, err
	}
	return p, writable("--out", o.out)
}

// wholeWindow resolves --window. What is typed goes before what variables say of the window.
func (a *app) wholeWindow(o *summaryOptions, lag time.Duration) (err error) {
	switch bounds := a.typed["since"] || a.typed["until"]; {
	case a.typed["window"] && !bounds:
		o.read.since, o.read.until = "", ""
	case bounds && !a.typed["window"]:
		o.whole = ""
	}
	switch {
	case o.whole == "":
		return nil
	case !slices.Contains(when.Wholes, o.whole):
		return usage("--window takes hour, day; for another length: --since 6h", "--window: unknown word %q", o.whole)
	case o.read.since != "" || o.read.until != "":
		return usage("leave out --since and --until", "--window %s already says from when to when", o.whole)
	}
	o.read.whole = func() (when.Window, error) {
		now := a.now()
		return inZone(a, o.read.zone, func(zone *time.Location) (when.Window, error) { return when.Whole(o.whole, lag, now, zone) })
	}
	_, err = o.read.whole()
	return err
}

// writable refuses a file that could not be written in the end. It is the value of flag.
func writable(flag, out string) error {
	if out == "" {
		return nil
	}
	if out == "-" {
		return usage("leave "+flag+" away, or name a file", "%s - names no file", flag)
	}
	if info, err := os.Stat(filepath.Dir(out)); err != nil || !info.IsDir() {
		return usage("mkdir -p "+ingest.ShellWord(filepath.Dir(out)), "%s: there is no folder %s", flag, filepath.Dir(out))
	}
	if info, err := os.Stat(out); err == nil && !info.Mode().IsRegular() {
		return usage("name a file", "%s: %s is no file", flag, out)
	}
	return nil
}

// basis reads the window before; nil if there is none.
func (a *app) basis(ctx context.Context, ask query.SummaryQuestion, in input) (_ *query.Basis, err error) {
	w, ok := in.window.Before()
	if !ok {
		return nil, nil
	}
	s, err := in.open(ctx, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	done := a.showProgress(s.Progress())
	defer done()
	return s.Basis(ctx, ask)
}

// explainSummary tells what is read of the window before, too.
func (a *app) explainSummary(ctx context.Context, s *query.Store, in input, text string, values []any) (err error) {
	w, ok := in.window.Before()
	if !ok {
		return a.explain(ctx, text, values, explained{s, in.window})
	}
	before, err := in.open(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, before.Close()) }()
	return a.explain(ctx, text, values, explained{s, in.window}, explained{before, w})
}

// wholeBasis is whole for what the window is compared with, if it is.
func wholeBasis(b *query.Basis) error {
	if t := b.Compared(); t != nil {
		return whole("the window before", t, nil, "")
	}
	return nil
}

// deliver prints the summary, or writes it to a file.
func (a *app) deliver(o summaryOptions, p summaryPlan, sum *query.Summary) error {
	if o.out == "" {
		if p.encoder.Name == "json" {
			a.frame(sum.Totals)
		}
		return p.encoder.Encode(a.out, sum, a.style(o.output))
	}
	// What was there may be anything, and anybody's.
	if earlier, err := os.ReadFile(o.out); err == nil {
		report.Correct(earlier, sum)
	}
	var text bytes.Buffer
	style := report.Style{ASCII: o.output.ascii || !a.utf8()}
	if err := p.encoder.Encode(&text, sum, style); err != nil {
		return err
	}
	// A link is replaced and not followed: in a folder of many, anybody may have made it.
	info, err := os.Lstat(o.out)
	fresh := errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink != 0
	if err := maybe.WriteFile(o.out, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	if fresh {
		// A summary has no address of a client and no URL in it, and is written for others.
		if err := os.Chmod(o.out, 0o644&^a.umask); err != nil {
			return fmt.Errorf("write summary: %w", err)
		}
	}
	a.frame(sum.Totals)
	a.say("summary written to %s", ingest.ShellWord(report.Plain(o.out)))
	return nil
}

// conditionFields are what --fail-if may ask for: the totals.
func conditionFields() (fields []condition.Field) {
	units := map[query.Type]condition.Unit{query.Count: condition.Count, query.Ratio: condition.Ratio, query.Seconds: condition.Seconds}
	for _, c := range query.SummaryFields() {
		fields = append(fields, condition.Field{Name: c.Name, Unit: units[c.Type]})
	}
	return fields
}

// decide says whether the condition is true, and which numbers it rests on.
func (a *app) decide(c *condition.Condition, totals *query.Table) error {
	if c == nil {
		return nil
	}
	value := func(field string) (float64, bool) {
		at := slices.IndexFunc(totals.Columns, func(c query.Column) bool { return c.Name == field })
		switch v := totals.Rows[0][at].(type) {
		case int64:
			return float64(v), true
		case float64:
			return v, true
		}
		return 0, false
	}
	var numbers []string
	for _, field := range c.Fields() {
		x, ok := value(field)
		if !ok {
			a.say("--fail-if: %s is not known, so what compares it is false", field)
			continue
		}
		numbers = append(numbers, fmt.Sprintf("%s is %v", field, x))
	}
	if c.True(value) {
		return &conditionError{c.String(), strings.Join(numbers, ", ")}
	}
	return nil
}
