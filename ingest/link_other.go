//go:build !unix

package ingest

import "io/fs"

// linked is "" where it cannot be told whether a file has several names.
func linked(fs.FileInfo) string { return "" }
