package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
			if lines < 1 {
				return usage("for example --lines 10000", "--lines %d: one line at least", lines)
			}
			folder := "loglens-demo"
			if len(args) == 1 {
				folder = args[0]
			}
			if err := mustBeEmpty(folder); err != nil {
				return err
			}
			var truth *demo.Truth
			err := wholeOrNot(folder, func(dir string) (err error) {
				truth, err = demo.Write(c.Context(), dir, demo.Options{
					Seed: seed, Lines: lines, End: a.now(), Oddities: true, NoTruth: true,
				})
				return err
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
	c.Flags().IntVar(&lines, "lines", 120_000, "about how many requests to write")
	return c
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("", "one folder at most, not %d", len(args))
	}
	return nil
}

// wholeOrNot puts into a folder all that write puts into the folder that it is given, or
// nothing: half of an incident would look like one that is over. That folder lies within,
// since its parent may be another disk's, or not ours to write to.
func wholeOrNot(folder string, write func(dir string) error) (err error) {
	made := missingFolders(folder)
	defer func() {
		if err != nil {
			for _, dir := range made {
				_ = os.Remove(dir) // if there is nothing in it
			}
		}
	}()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(folder, ".loglens-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := write(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(dir, e.Name()), filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// missingFolders are those of a path that are not there, the deepest first.
func missingFolders(path string) (missing []string) {
	for {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append(missing, path)
		path = filepath.Dir(path)
	}
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
