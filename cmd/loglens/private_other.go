//go:build !unix

package main

import "io/fs"

// private does nothing where files have owners, but no umask.
func private() fs.FileMode { return 0 }
