package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/query"
	"loglens/report"
)

// storeCommand has what cares for a store on disk.
func (a *app) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Look after a store on disk",
		Long: `store looks after what ingest has put on disk: what there is (stats), whether it
is sound (verify), less of it (prune), no more questions about a source that is
given up (forget), and all of it once more (rebuild).`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.storeStats(), a.storeVerify(), a.storePrune(), a.storeForget(), a.storeRebuild())
	return c
}

// cared is a command about a store that takes no sources.
func (a *app) cared(c *cobra.Command, run func(context.Context, query.Disk) error) *cobra.Command {
	var o diskOptions
	o.flags(c.Flags(), defaultStore, "file of the store")
	c.Args = noArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		disk, err := a.disk(o)
		if err != nil {
			return err
		}
		return run(c.Context(), disk)
	}
	return c
}

func (a *app) storeStats() *cobra.Command {
	return a.cared(&cobra.Command{Use: "stats", Short: "Say what the store holds"}, func(ctx context.Context, d query.Disk) error {
		relations, spans, size, err := query.Stats(ctx, "", d)
		if err != nil {
			return err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%-14s %12s  %-17s  %s\n", "relation", "rows", "first", "last")
		for _, r := range relations {
			fmt.Fprintf(&b, "%-14s %12d  %-17s  %s\n", r.Name, r.Rows, moment(r.First), moment(r.Last))
		}
		for _, s := range spans {
			fmt.Fprintf(&b, "ingested %s: %s\n", report.Plain(s.Of()), s.Window)
		}
		fmt.Fprintf(&b, "%.1f MB in %s\n", float64(size)/1e6, report.Plain(d.Path))
		_, err = io.WriteString(a.out, b.String())
		return err
	})
}

// moment is a time of a row, - for none.
func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(endForm)
}

func (a *app) storeVerify() *cobra.Command {
	return a.cared(&cobra.Command{Use: "verify", Short: "Read all of the store, and count it against its ledger"}, func(ctx context.Context, d query.Disk) error {
		wrong, err := query.Verify(ctx, "", d)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return &query.DiskError{Path: d.Path, Reason: "it is damaged: " + strings.Join(wrong, "; "), Next: d.Rebuild()}
		}
		_, err = fmt.Fprintf(a.out, "%s is sound\n", report.Plain(d.Path))
		return err
	})
}

// shortestKept is how much a prune leaves at least.
const shortestKept = 24 * time.Hour

func (a *app) storePrune() *cobra.Command {
	var keep string
	c := a.cared(&cobra.Command{Use: "prune", Short: "Take old objects out of the store", Example: "  loglens store prune --keep 30d"},
		func(ctx context.Context, d query.Disk) error {
			if keep == "" {
				return usage("for example --keep 30d", "how much is to stay? --keep is not given")
			}
			age, err := when.Duration(keep)
			if err != nil {
				return usage("for example --keep 30d", "--keep: %w", err)
			}
			if age < shortestKept {
				// m is minutes: --keep 3m is not what it looks like, and nothing brings back what is gone.
				return usage("days or weeks, for example --keep 90d; to begin anew: loglens store rebuild", "--keep %s is less than a day", keep)
			}
			n, err := query.Prune(ctx, "", d, a.now().Add(-age))
			if err != nil {
				return err
			}
			said := "no object of " + report.Plain(d.Path) + " is that old"
			if n > 0 {
				said = fmt.Sprintf("%s taken out of %s; %s room is used again", amount.Of(n, "object", "objects"), report.Plain(d.Path), amount.Noun(n, "its", "their"))
			}
			_, err = fmt.Fprintln(a.out, said)
			return err
		})
	c.Flags().StringVar(&keep, "keep", "", "keep objects whose interval ended within this time: 30d")
	return c
}

func (a *app) storeForget() *cobra.Command {
	var places []string
	c := a.cared(&cobra.Command{
		Use: "forget SOURCE…", Short: "Ask no more for what is missing of a source",
		Long: `forget is for sources that are given up: a folder that is gone, files that were
rotated away, a bucket that nothing is delivered to any more. Answers are no
longer partial for what was not ingested or could not be read of SOURCE, and of
the sources that lie in it. What the store has of them stays, and is counted.
An ingest of such a source makes it known again.`,
		Example: "  loglens store forget ./logs",
	}, func(ctx context.Context, d query.Disk) error {
		for _, place := range places {
			n, err := query.Forget(ctx, "", d, place)
			if err != nil {
				return err
			}
			if n == 0 {
				return usage("loglens store stats --store "+ingest.ShellWord(d.Path)+" lists them", "%s is no source of this store, and none lies in it", place)
			}
			if _, err := fmt.Fprintf(a.out, "%s forgotten; what the store has of %s stays\n",
				amount.Of(int64(n), "source", "sources"), amount.Noun(int64(n), "it", "them")); err != nil {
				return err
			}
		}
		return nil
	})
	c.Args = func(_ *cobra.Command, args []string) error {
		if places = args; len(args) == 0 {
			return usage("loglens store stats lists the sources", "which source? SOURCE is not given")
		}
		return nil
	}
	return c
}

// storeRebuild puts a store aside and ingests into a new one. A store that is sound is
// not lost to a source that is not there: sources are looked at first.
func (a *app) storeRebuild() *cobra.Command {
	o := ingestOptions{read: intoStore, anew: true}
	c := a.ingesting(o)
	c.Use, c.Short = "rebuild [SOURCE…]", "Put the store aside, and ingest into a new one"
	c.Long = "rebuild renames the store, which may be damaged or of another version of\nloglens, and ingests into a new one: of S3 the last hour, unless --since says\nmore. Nothing is deleted.\n\n" + o.read.source.help()
	c.Example = "  loglens store rebuild --since 30d s3://my-logs/prod"
	return c
}
