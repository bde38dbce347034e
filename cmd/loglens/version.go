package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"loglens/query"
)

// version is set by the linker for a release.
var version = ""

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of loglens, DuckDB and Go",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			duck, err := query.EngineVersion(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "loglens %s (DuckDB %s, %s, %s/%s)\n",
				ownVersion(), duck, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// ownVersion is the linker's word, or what Go's build information knows.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case version != "":
		return version
	case ok && info.Main.Version != "":
		return info.Main.Version
	}
	return "(devel)"
}
