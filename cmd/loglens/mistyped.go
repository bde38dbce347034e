package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/report"
)

// knownCommand refuses the arguments of a command that only has others below it.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := c.CommandPath() + " --help lists the commands"
	switch similar := c.SuggestionsFor(args[0]); {
	case strings.ContainsAny(args[0], "/."): // a source, however much it looks like a command
		hint = "which question? For example loglens top-errors --since 1h " + ingest.ShellWord(args[0]) + "\n" + hint
	case len(similar) > 0:
		hint = "is it " + c.CommandPath() + " " + strings.Join(similar, " or ") + "? " + hint
	}
	return usage(hint, "unknown command %q", args[0])
}

// helpKnown lets help refuse what there is no help about.
func helpKnown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		show := c.Run
		c.Run = nil
		c.RunE = func(c *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if about.HasSubCommands() && len(rest) > 0 {
				return knownCommand(about, rest)
			}
			show(c, args)
			return nil
		}
	}
}

// completionKnown lets completion refuse what it has no script for: help on stdout would
// be taken for one. The scripts go to what root writes to by now.
func completionKnown(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args, c.RunE = knownCommand, func(c *cobra.Command, _ []string) error { return c.Help() }
		for _, shell := range c.Commands() {
			shell.Args = noArgs
		}
	}
}

// meantFlag guesses what a flag that does not exist was meant to be; empty if nothing
// comes near.
func meantFlag(c *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	if long := unknown.GetSpecifiedShortnames(); long != "" {
		long, _, _ = strings.Cut(long, "=")
		if c.Flags().Lookup(long) != nil {
			return "--" + long + ", with two dashes"
		}
		return ""
	}
	name := unknown.GetSpecifiedName()
	if slices.Contains(report.Encoders.Names(), name) && c.Flags().Lookup("output") != nil {
		return "--output " + name
	}
	if other := otherNames[name]; c.Flags().Lookup(other) != nil {
		return "--" + other
	}
	if raw, _, err := c.Root().Find([]string{rawReport}); err == nil && c.Flags().Lookup("class") != nil && raw.Flags().Lookup(name) != nil {
		return raw.CommandPath() + " --" + name
	}
	best, least := "", 3
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := ingest.Distance(name, f.Name); d < least && d < len(name)-1 {
			best, least = "--"+f.Name, d
		}
	})
	return best
}

// otherNames are what other tools call our flags.
var otherNames = map[string]string{
	"from": "since", "start": "since", "last": "since", "after": "since", "to": "until", "end": "until", "before": "until",
	"format": "output", "group-by": "by", "top": "limit", "timezone": "tz", "load-balancer": "lb",
}
