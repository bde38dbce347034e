//go:build unix

package main

import (
	"io/fs"
	"syscall"
)

// private has all files and folders that this process makes readable for its owner
// alone: they hold addresses and URLs of other people, and DuckDB makes its own, those
// for what has no room in memory among them, as open as the umask lets it. It returns
// what the umask was.
func private() fs.FileMode { return fs.FileMode(syscall.Umask(0o077)) }
