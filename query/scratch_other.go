//go:build !unix

package query

import "os"

// hold does nothing where a folder cannot be locked.
func hold(string) *os.File { return nil }

// removeIfLeft leaves all folders: whether another process needs one cannot be told.
func removeIfLeft(string) {}
