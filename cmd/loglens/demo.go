package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var seed int64
	var lines int
	c := &cobra.Command{
		Use:   "demo [FOLDER]",
		Short: "Write the logs of a made-up incident that ends now",
		Long: `demo writes the logs that load balancers would have left in S3 after a bad
hour: a deploy that breaks 2 of 14 targets, targets that are too slow, a TLS
mismatch, a security group that drops packets, a maintenance page. There are
access, connection and health check logs of four application load balancers,
and those of a network and two classic ones.
The folder must be new or empty; it is ./loglens-demo unless named.`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			folder := "loglens-demo"
			if len(args) == 1 {
				folder = args[0]
			}
			if err := mustBeEmpty(folder); err != nil {
				return err
			}
			truth, err := demo.Write(c.Context(), folder, demo.Options{
				Seed: seed, Lines: lines, End: a.now(), Oddities: true, NoTruth: true,
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s in %s below %s\nnext: loglens top-errors --since 1h %s\n",
				amount.Of(truth.Lines-truth.Damaged, "request", "requests"), amount.Of(len(truth.Objects), "object", "objects"), folder, ingest.ShellWord(folder))
			return err
		},
	}
	c.Flags().Int64Var(&seed, "seed", 1, "another seed makes another incident")
	c.Flags().IntVar(&lines, "lines", 120_000, "about how many lines to write")
	return c
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("", "one folder at most, not %d", len(args))
	}
	return nil
}

// mustBeEmpty protects what is there: logs of another run would mix with the new.
func mustBeEmpty(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return usage("name a new folder: loglens demo FOLDER", "%s is not empty", folder)
	}
	return nil
}
