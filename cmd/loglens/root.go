package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/parse"
	"loglens/query"
)

const about = `Clients connect to an AWS load balancer, but the targets behind it do not
answer: loglens says what fails, since when, for whom, and why.

It reads the access logs that the balancer already writes to S3 (or copies of
them), counts every request, keeps every failure whole, and names the reason.
AWS logs no reason where the network to a target fails; then the reason is
derived from the line, and says so. It only reads, and calls no one but AWS, the
webhook that summary is given, and the targets that diagnose --probe asks.

Every flag can be set by a variable as well: LOGLENS_OUTPUT=json.`

// firstCommands is what to type first, before the list of commands.
const firstCommands = `  loglens top-errors --since 1h s3://my-logs/prod
  loglens diagnose --lb shop-prod
  loglens demo ./incident`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "loglens",
		Short:         "what fails behind an AWS load balancer, and why",
		Long:          about,
		Example:       firstCommands,
		Version:       ownVersion(),
		SilenceErrors: true,

		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       knownCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE:          func(c *cobra.Command, _ []string) error { return a.environment(c) },
	}
	root.SetIn(a.in)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		hint := c.CommandPath() + " --help lists the flags"
		if c.HasSubCommands() { // nearly all flags are those of a command
			if c.Flags().NArg() > 0 {
				return knownCommand(c, c.Flags().Args())
			}
			hint = c.CommandPath() + " --help lists the commands"
		}
		if meant := meantFlag(c, err); meant != "" {
			hint = "is it " + meant + "? " + hint
		}
		if errors.Is(err, errTwice) {
			hint = "ask about each alone"
		}
		return usage(hint, "%w", badFlag(err))
	})
	root.Flags().Bool("version", false, "print the version") // cobra's own would take -v
	a.addCommands(root)
	helpKnown(root)
	a.foldHelp(root)
	return root
}

// addCommands adds all commands, in the groups under which help lists them.
func (a *app) addCommands(root *cobra.Command) {
	group := func(id, title string, commands ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: id, Title: title})
		for _, c := range commands {
			c.GroupID = id
		}
		root.AddCommand(commands...)
	}
	cobra.EnableCommandSorting = false // what is asked first stands first
	var reports []*cobra.Command
	for _, r := range query.Reports() {
		at := len(reports)
		if r.Name == "top-errors" {
			at = 0
		}
		reports = slices.Insert(reports, at, a.reportCommand(r))
	}
	group("reports", "What the logs say:", reports...)
	group("cause", "What is wrong:", a.diagnoseCommand(), a.iamCommand())
	group("own", "Questions of your own:", a.sqlCommand(), a.queryCommand(), a.exportCommand())
	group("keep", "Schedules, and a store on disk:", a.summaryCommand(), a.ingestCommand(), a.storeCommand())
	root.AddCommand(a.demoCommand(), a.versionCommand(), exitTopic())
}

// badFlag says what a flag wants instead of how Go's parser failed on it.
func badFlag(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f := invalid.GetFlag()
	if errors.Is(err, errTwice) {
		return fmt.Errorf("--%s is given twice, as %s and %s, and takes one", f.Name, f.Value, invalid.GetValue())
	}
	switch f.Value.Type() {
	case "int", "int64":
		return fmt.Errorf("--%s: %q is not a whole number", f.Name, invalid.GetValue())
	case "bool":
		return fmt.Errorf("--%s: %q is neither true nor false", f.Name, invalid.GetValue())
	}
	return err
}

// one is a flag that chooses one of many. If the last of two took the place of the first,
// the answer would leave out half of what was asked for, without a word.
type one struct {
	text *string
	set  bool
}

var errTwice = errors.New("given twice")

func (o *one) Set(text string) error {
	if o.set && text != *o.text {
		return errTwice
	}
	*o.text, o.set = text, true
	return nil
}

func (o *one) String() string {
	if o.text == nil { // of a zero value, which pflag makes
		return ""
	}
	return *o.text
}

func (o *one) Type() string { return "string" }

// noArgs refuses arguments where none is meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("", "%s takes no arguments, not %q", c.CommandPath(), args[0])
	}
	return nil
}

// exitTopic is a help topic: a command that does nothing but explain.
func exitTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "what the exit status means", Long: exitHelp}
}

// commandExamples are shown by --help of every report, and run by a test.
func commandExamples(r query.Report) string {
	var by string
	if names := byNames(r); len(names) > 0 {
		by = " --by " + strings.Join(names[:min(2, len(names))], ",")
	}
	lines := []string{
		"loglens %[1]s --since 1h s3://my-logs/prod",
		"loglens %[1]s --since 1h --lb shop-prod",
		"loglens %[1]s --since 03:00 --until 03:30%[2]s ./logs",
	}
	if file := exampleFile(r); file != "" {
		lines = append(lines, "zcat "+file+" | loglens %[1]s - --output json")
	}
	return "  " + fmt.Sprintf(strings.Join(lines, "\n  "), r.Name, by)
}

// exampleFile is named like a log that the report reads, "" if it reads none.
func exampleFile(r query.Report) string {
	kinds := r.Kinds()
	switch {
	case r.ListsOnly():
		return ""
	case r.Name == rawReport || kinds.Has(parse.KindAccess) && !kinds.Has(parse.KindHealthCheck):
		return "x.log.gz"
	case kinds.Has(parse.KindHealthCheck) && !kinds.Has(parse.KindConnection):
		return "health_check_log_x.log.gz"
	case kinds.Has(parse.KindAccess):
		return "x.log.gz"
	}
	return "conn_log_x.log.gz"
}
