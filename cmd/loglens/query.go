package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loglens/ingest"
	"loglens/query"
	"loglens/report"
)

// queryOptions is what the flags of query say.
type queryOptions struct {
	sqlOptions
	folders []string
	set     []string
}

func (a *app) queryCommand() *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query [NAME [SOURCE…]]",
		Short: "Run a saved query, or list those there are",
		Long: `query runs a saved statement by its name. Saved queries are plain .sql files in
the folder loglens/queries of the configuration (XDG_CONFIG_HOME, usually
~/.config), or in folders given by --queries, which a team may keep with its
code. The head of slow-checkout.sql says its name again, and declares its
parameters:

  -- query: slow-checkout
  -- about: Requests to the checkout that took longer than a threshold.
  -- param: threshold number 2.5  seconds above which a request counts
  SELECT time, client_ip, duration FROM request
  WHERE route LIKE '/checkout/%' AND duration > $threshold

Types are text, integer, number, boolean, time (as for --since) and duration
(5m, in seconds for SQL). A parameter without a default has to be given.

` + o.read.source.help(),
		Example: `  loglens query
  loglens query slow-checkout --queries ./queries --set threshold=5 --since 1h s3://my-logs/prod`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault // sources
			}
			saved, err := query.ReadQueries(a.queryFolders(o.folders))
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var names []string
			for _, q := range saved {
				if q.Err == nil {
					names = append(names, q.Name)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error { return a.query(c.Context(), o, args) },
	}
	f := c.Flags()
	f.StringSliceVar(&o.folders, "queries", nil, "folders with saved queries, looked at first")
	f.StringArrayVar(&o.set, "set", nil, "value of a parameter: NAME=VALUE")
	f.IntVar(&o.limit, "limit", shownRows, limitHelp)
	o.read.flags(f)
	o.output.flags(c)
	return c
}

// queryFolders are the folders of saved queries, the first first.
func (a *app) queryFolders(named []string) []string {
	config := a.getenv("XDG_CONFIG_HOME")
	if config == "" {
		if home := a.getenv("HOME"); home != "" {
			config = filepath.Join(home, ".config")
		}
	}
	if config != "" {
		named = append(named, filepath.Join(config, "loglens", "queries"))
	}
	return named
}

func (a *app) query(ctx context.Context, o queryOptions, args []string) error {
	for _, folder := range o.folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return usage("", "--queries: there is no folder %s", folder)
		}
	}
	folders := a.queryFolders(o.folders)
	saved, err := query.ReadQueries(folders)
	if err != nil {
		return err
	}
	if len(args) == 0 && len(o.set) > 0 {
		set := "--set " + ingest.ShellWord(o.set[0])
		return usage("loglens query NAME "+set+"; loglens query alone lists those there are", "%s: of which query?", set)
	}
	if len(args) == 0 {
		return a.listQueries(o, saved, folders)
	}
	var names []string
	for _, q := range saved {
		if names = append(names, q.Name); q.Name == args[0] {
			return a.savedQuery(ctx, o, q, args[1:])
		}
	}
	hint := "there is none in " + lookedIn(folders)
	if len(names) > 0 {
		hint = "there are: " + strings.Join(names, ", ")
	}
	return usage(hint, "no saved query %q", args[0])
}

func (a *app) savedQuery(ctx context.Context, o queryOptions, q query.SavedQuery, args []string) error {
	values := map[string]string{}
	for _, s := range o.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return usage("for example --set threshold=5", "--set: %q is not NAME=VALUE", s)
		}
		values[name] = value
	}
	bind := func() ([]any, error) {
		return inZone(a, o.read.zone, func(zone *time.Location) ([]any, error) { return q.Bind(values, a.now(), zone) })
	}
	a.command += " " + ingest.ShellWord(q.Name)
	return inFile(q.Path, a.ask(ctx, o.sqlOptions, q.SQL, bind, args))
}

// listQueries says which saved queries there are, and what they take.
func (a *app) listQueries(o queryOptions, saved []query.SavedQuery, folders []string) error {
	encoder, err := o.output.form()
	if err != nil {
		return err
	}
	if len(saved) == 0 {
		a.say("no saved queries in %s", report.Plain(lookedIn(folders)))
		a.talk("  loglens query --help shows how to write one; --queries FOLDER names another folder\n")
	}
	var broken []error
	saved = slices.DeleteFunc(saved, func(q query.SavedQuery) bool {
		if q.Err != nil {
			broken = append(broken, q.Err)
		}
		return q.Err != nil
	})
	if encoder.Name == "table" {
		_, err = io.WriteString(a.out, listing(saved))
	} else {
		err = encoder.Encode(a.out, listingTable(saved), a.style(o.output))
	}
	for i, e := range broken {
		if err != nil || i == len(broken)-1 {
			return cmp.Or(err, e)
		}
		a.complain(e)
	}
	return err
}

// lookedIn names folders of saved queries.
func lookedIn(folders []string) string {
	return cmp.Or(strings.Join(folders, ", "), "any folder: there is no home folder, and --queries names none")
}

// listing is for people.
func listing(saved []query.SavedQuery) string {
	var b strings.Builder
	for _, q := range saved {
		fmt.Fprintf(&b, "%s\t%s\n", report.Plain(q.Name), report.Plain(q.About))
		for _, p := range q.Params {
			value := "required"
			if !p.Required {
				value = "default " + p.Default
			}
			fmt.Fprintf(&b, "  --set %s=…\t%s, %s  %s\n", report.Plain(p.Name), p.Type, report.Plain(value), report.Plain(p.About))
		}
	}
	return b.String()
}

// listingTable has a row per parameter, and one for a query without any.
func listingTable(saved []query.SavedQuery) *query.Table {
	t := &query.Table{Report: "query", Version: 1, Noun: [2]string{"parameter", "parameters"}}
	for _, name := range []string{"query", "about", "parameter", "type", "default", "meaning", "file"} {
		t.Columns = append(t.Columns, query.Column{Name: name, Label: name})
	}
	for _, q := range saved {
		if len(q.Params) == 0 {
			t.Rows = append(t.Rows, []any{q.Name, q.About, nil, nil, nil, nil, q.Path})
		}
		for _, p := range q.Params {
			row := []any{q.Name, q.About, p.Name, p.Type, p.Default, p.About, q.Path}
			if p.Required {
				row[4] = nil
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
