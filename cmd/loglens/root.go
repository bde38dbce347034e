package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/query"
)

const about = `loglens answers one question about an AWS load balancer: clients connect, but
the targets do not answer: what fails, since when, for whom, and why.

It reads the access logs that the balancer already writes to S3 (or copies of
them), counts every request, keeps every failure whole, and names the reason.
AWS logs no reason where the network to a target fails; then the reason is
derived from the line, and says so. It only reads, and calls no one but AWS.`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "loglens",
		Short:         "what fails behind an AWS load balancer, and why",
		Long:          about,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("loglens --help lists the commands", "unknown command %q", args[0])
			}
			return nil
		},
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return a.environment(c) },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(c.CommandPath()+" --help lists the flags", "%w", err)
	})
	for _, r := range query.Reports() {
		root.AddCommand(a.reportCommand(r))
	}
	root.AddCommand(a.demoCommand(), a.versionCommand(), exitTopic())
	return root
}

// environment gives every flag that was not typed the value of LOGLENS_<FLAG>.
func (a *app) environment(c *cobra.Command) (err error) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		name := "LOGLENS_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := a.getenv(name); v != "" && !f.Changed && err == nil {
			if serr := c.Flags().Set(f.Name, v); serr != nil {
				err = usage("", "%s: %w", name, serr)
			}
		}
	})
	return err
}

// exitTopic is a help topic: a command that does nothing but explain.
func exitTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "what the exit status means", Long: exitHelp}
}

// commandExamples are shown by --help of every report, and run by a test.
func commandExamples(name string) string {
	return fmt.Sprintf(`  loglens %[1]s --since 1h s3://my-logs/prod
  loglens %[1]s --since 1h --lb shop-prod
  loglens %[1]s --since 03:00 --until 03:30 --by reason,target ./logs
  zcat x.log.gz | loglens %[1]s - --output json`, name)
}
