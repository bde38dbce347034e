package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// reportOptions is what the flags of a report say, as typed.
type reportOptions struct {
	read    readOptions
	output  outputOptions
	by      []string
	classes []string
	limit   int
	limited bool // by LOGLENS_LIMIT, which holds for raw as well
	every   string
	filters map[string]*string
}

// outages are the classes that count as failures unless --class says otherwise.
var outages = []string{
	parse.ClassTarget.String(), parse.ClassBalancer.String(), parse.ClassLambda.String(), parse.ClassUnknown.String(),
}

// reportCommand makes a command out of a report's file.
func (a *app) reportCommand(r query.Report) *cobra.Command {
	var o reportOptions
	short, _, _ := strings.Cut(r.About, ". ")
	if r.ListsOnly() {
		o.read.source.noPipe = usage("name a bucket or a folder", "%s looks at names and times, and standard input has none", r.Name)
	}
	c := &cobra.Command{
		Use:     r.Name + " [SOURCE…]",
		Short:   strings.TrimSuffix(short, "."),
		Long:    r.About + "\n\n" + o.read.source.help(),
		Example: commandExamples(r),
		RunE:    func(c *cobra.Command, args []string) error { return a.report(c.Context(), r, o, args) },
	}
	f := c.Flags()
	o.read.flags(f)
	if len(r.Dimensions) == 0 {
		c.SetFlagErrorFunc(undivided)
	}
	if len(byNames(r)) > 0 {
		f.StringSliceVar(&o.by, "by", undated(r.Default), "divide by "+strings.Join(byNames(r), ", "))
		complete(c, "by", byNames(r))
	}
	if r.Has(query.WindowDimension) {
		f.StringVar(&o.every, "window", "", fmt.Sprintf("divide by time as well: 5m, 1h (whole minutes, in UTC whatever --tz says); shows %d rows unless --limit says otherwise", seriesLimit))
	}
	if r.Asks("classes") {
		f.StringSliceVar(&o.classes, "class", outages, "classes of reasons that count: "+strings.Join(parse.Classes(), ", ")+", or all")
		complete(c, "class", append(parse.Classes(), "all"))
	}
	f.IntVar(&o.limit, "limit", r.Limit, "rows at most; 0 for all")
	o.filters = map[string]*string{}
	for _, filter := range r.Filters {
		about := filter.About
		if filter.Words != nil {
			about = strings.Join(filter.Words, ", ") + ": " + about
		}
		o.filters[filter.Name] = new(string)
		f.Var(&one{text: o.filters[filter.Name]}, flagName(filter.Name), about)
		if filter.Words != nil {
			complete(c, flagName(filter.Name), filter.Words)
		}
	}
	o.output.flags(c)
	return c
}

// undivided says of a report that lists what others count why it cannot be divided.
func undivided(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && slices.Contains([]string{"by", "window"}, unknown.GetSpecifiedName()) {
		return usage("loglens timeline counts them by time, loglens top-errors by what they have in common",
			"--%s: %s shows the lines themselves and divides nothing", unknown.GetSpecifiedName(), c.Name())
	}
	return c.Root().FlagErrorFunc()(c, err)
}

// flagName is how a word of SQL is spelled on the command line.
func flagName(word string) string { return strings.ReplaceAll(word, "_", "-") }

// report answers one question: find the objects, read them, ask, print.
func (a *app) report(ctx context.Context, r query.Report, o reportOptions, args []string) error {
	q, encoder, err := a.question(r, o)
	if err != nil {
		return err
	}
	text, values, err := r.Statement(q)
	if err != nil {
		return err
	}
	named, log := text, cmp.Or(q.Filters["log"], "request")
	if r.Name == rawReport && log != "reject" {
		named = log // of all relations that raw names, it reads that of the lines it shows
	}
	return a.reading(ctx, o.read, named, args, func(ctx context.Context, s *query.Store, in input) (err error) {
		q.Now = a.now() // which reading may have set
		if o.read.explain {
			return a.explain(ctx, text, values, explained{s, in.window})
		}
		if !encoder.headed {
			a.say("window %s", in.window)
		}
		draw := func(t *query.Table) error { return encoder.Encode(a.out, t, a.style(o.output)) }
		if o.limit == 0 { // millions of lines may be what is asked for
			rows, rerr := a.rows(o.output, o.limit, encoder)
			if rerr != nil {
				return rerr
			}
			defer func() { err = errors.Join(err, rows.close()) }()
			if !rows.whole {
				q.To, draw = rows, rows.printAround
			}
		}
		done := a.showProgress(s.Progress())
		table, err := s.Run(ctx, r, q)
		done()
		if err == nil {
			err = a.plausible(ctx, s, table, in, r.Name == "rejects" || q.Filters["log"] == "reject")
		}
		if err != nil {
			return err
		}
		if log == "request" { // which Balancers are of
			table.Warnings = append(table.Warnings, otherBalancers(q.Filters["load_balancer"], table.Balancers)...)
		}
		o.limited = a.getenv(flagVariable("limit")) != ""
		further(r, o, args, in, table)
		if encoder.headed && r.Name == rawReport {
			chosenLines(table, q.Filters)
		}
		if err := draw(table); err != nil {
			return err
		}
		if !encoder.headed {
			a.frame(table)
		}
		return whole("", table, s.FirstFailure(), s.Retry())
	})
}

// chosenLines names lines for people by how they were chosen, and leaves out what is of the
// whole window: failures of other classes than were asked for, of which filters may want
// none, unless there is nothing else; and requests, of which damaged lines are no part.
func chosenLines(t *query.Table, filters map[string]string) {
	if t.Accounting.Parsed > 0 { // or there are no lines at all
		t.Noun = [2]string{"failing line", "failing lines"}
	}
	if filters["log"] == "reject" {
		t.Noun = [2]string{"damaged line", "damaged lines"}
		t.NotCounted, t.Requests = nil, 0
	}
	for name := range filters {
		if name != "log" {
			t.Noun = [2]string{"such line", "such lines"}
			if t.Shown()+t.RowsLeft > 0 {
				t.NotCounted = nil
			}
		}
	}
}

// whole is nil for what rests on all that there is, "" for the answer on stdout; why is the
// reason of an object that could not be read, and again how to have it read again.
func whole(what string, t *query.Table, why error, again string) error {
	if t.Whole() {
		return nil
	}
	return &partialError{what: what, failed: t.Accounting.ObjectsFailed, objects: t.Accounting.Objects, first: why, again: again, lacking: t.Lacking()}
}

// frame says on stderr what stands around the rows of a table, for the forms that
// hold rows only or leave it to programs.
func (a *app) frame(t *query.Table) {
	acc := t.Accounting
	a.say("objects: %d, lines: %d = %d parsed + %d rejected + %d skipped", acc.Objects, acc.Lines, acc.Parsed, acc.Rejected, acc.Skipped)
	if t.RowsLeft > 0 {
		a.say("%s not shown; --limit 0 shows all", amount.Of(t.RowsLeft, "more row", "more rows"))
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
	if len(byNames(r)) > 0 {
		if q.By, err = chosen("--by", o.by, byNames(r)); err != nil {
			return q, e, divides(err, r, o.by)
		}
	}
	if r.Asks("classes") {
		if q.Classes, err = chosen("--class", o.classes, append(parse.Classes(), "all")); err != nil {
			return q, e, err
		}
	}
	if q.Classes == nil || slices.Contains(q.Classes, "all") {
		q.Classes = parse.Classes()
	}
	if q.Limit = o.limit; o.limit < 0 {
		return q, e, usage("--limit 0 shows all rows", "--limit %d is negative", o.limit)
	}
	q.Now = a.now()
	if zone, err := when.Zone(o.read.zone); err == nil && zone != time.Local { // what is wrong is told where times are read
		q.Zone = zone
	}
	if q.Filters, err = o.given(r); err != nil {
		return q, e, err
	}
	if err := a.reasonOf(&q, o); err != nil {
		return q, e, err
	}
	if q.Every, err = every(o.every); q.Every > 0 && q.Limit > 0 && !a.typed["limit"] && a.getenv(flagVariable("limit")) == "" {
		q.Limit = seriesLimit
	}
	return q, e, err
}

// seriesLimit is how many rows an answer has at most that is divided by time, unless told otherwise. To cut it as others are,
// to the rows with most failures, would take out windows in its middle, and how it began.
const seriesLimit = 200

// reasonOf checks what was typed of classes and reasons. Who names a reason wants it, of whatever class it is.
func (a *app) reasonOf(q *query.Question, o reportOptions) error {
	if log := q.Filters["log"]; log != "" && log != "request" {
		if a.typed["class"] && !slices.Equal(o.classes, outages) {
			return usage("it is for --log request; what these logs have are reasons: --reason", "--class does not apply to --log %s", log)
		}
		return nil // reasons of its own
	}
	reason := q.Filters["reason"]
	if reason == "" {
		return nil
	}
	if !a.typed["class"] {
		q.Classes = withReason(q.Classes, reason)
	}
	if err := possibleReason(reason, q.Classes); err != nil {
		return err
	}
	if near := misspelt(reason); near != "" {
		a.say("warning: --reason %s: did you mean %s?", report.Plain(reason), near)
	}
	return nil
}

// every is how long the windows of a report are, 0 if none were asked for.
func every(typed string) (time.Duration, error) {
	if typed == "" {
		return 0, nil
	}
	d, err := when.Duration(typed)
	if err == nil && (d < time.Minute || d%time.Minute != 0) {
		err = fmt.Errorf("%s is not a number of whole minutes: requests are counted by the minute", typed)
	}
	if err != nil {
		return 0, usage("for example --window 5m", "--window: %w", err)
	}
	return d, nil
}

// given are the values of the filters that were typed.
func (o reportOptions) given(r query.Report) (map[string]string, error) {
	filters := map[string]string{}
	for _, f := range r.Filters {
		value, flag := *o.filters[f.Name], "--"+flagName(f.Name)
		if value == "" {
			continue
		}
		if f.Words != nil && !slices.Contains(f.Words, value) {
			return nil, usage(flag+" takes "+strings.Join(f.Words, ", "), "%s: unknown word %q", flag, value)
		}
		if f.Number && !wholeOrNone.MatchString(value) {
			return nil, usage("for example 503, or - for none", "%s: %q is not a whole number", flag, value)
		}
		if n, err := strconv.Atoi(value); f.Number && err == nil {
			value = strconv.Itoa(n) // the log writes 000 for what is 0
		}
		if err := possible(f.Name, value); err != nil {
			return nil, err
		}
		filters[f.Name] = value
	}
	return filters, applicable(r, filters)
}

var wholeOrNone = regexp.MustCompile(`^(-|[0-9]{1,9})$`)

// applicable refuses filters that make no sense with the log that was chosen:
// without them more lines would come than were asked for.
func applicable(r query.Report, filters map[string]string) error {
	log := filters["log"]
	if i := slices.IndexFunc(r.Filters, func(f query.Filter) bool { return f.Name == "log" }); log == "" && i >= 0 {
		log = r.Filters[i].Words[0]
	}
	for _, f := range r.Filters {
		if _, given := filters[f.Name]; given && f.Logs != nil && !slices.Contains(f.Logs, log) {
			return usage("it is for --log "+strings.Join(f.Logs, ", "), "--%s does not apply to --log %s", flagName(f.Name), log)
		}
	}
	if _, id, is := strings.Cut(filters["target_group"], ":targetgroup/"); is {
		hint := "--target-group-arn takes one"
		if log != "request" { // whose lines have the name only
			name, _, _ := strings.Cut(id, "/")
			hint = "--target-group " + name
		}
		return usage(hint, "--target-group %s: this is an ARN", filters["target_group"])
	}
	return nil
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
	return list, nil
}

// divides adds to what is wrong with --by who knows the word: other reports that read the
// logs of this one, or else SQL, if these are of requests.
func divides(err error, r query.Report, words []string) error {
	var wrong *usageError
	i := slices.IndexFunc(words, func(w string) bool { return !slices.Contains(byNames(r), strings.TrimSpace(w)) })
	if !errors.As(err, &wrong) || i < 0 || strings.TrimSpace(words[i]) == "" {
		return err
	}
	word := strings.TrimSpace(words[i])
	for _, other := range query.Reports() {
		if other.Kinds() == r.Kinds() && slices.Contains(byNames(other), word) {
			wrong.hint += "\nloglens " + other.Name + " takes " + word
		}
	}
	if r.Kinds() == query.KindsNamed("failure") && word != query.WindowDimension && !strings.Contains(wrong.hint, "\n") {
		wrong.hint += "\nany other column: loglens sql 'select user_agent, count(*) from failure group by all order by 2 desc'"
	}
	return wrong
}

// byNames are the dimensions that --by takes; time has a flag of its own.
func byNames(r query.Report) []string {
	return undated(r.DimensionNames())
}

// undated leaves out the dimension that --window asks for.
func undated(dimensions []string) []string {
	return slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == query.WindowDimension })
}

// complete offers words for a flag, and behind each comma of a list. Shells drop what does
// not begin with all that was typed.
func complete(c *cobra.Command, flag string, words []string) {
	offer := func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		var before string
		if _, list := c.Flag(flag).Value.(pflag.SliceValue); list {
			before = typed[:strings.LastIndex(typed, ",")+1]
		}
		var offered []string
		for _, w := range words {
			offered = append(offered, before+w)
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	}
	// The only error is a flag that does not exist, which every test would show.
	_ = c.RegisterFlagCompletionFunc(flag, offer)
}
