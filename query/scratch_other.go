//go:build !unix

package query

import "io/fs"

// ownedByUser is false where that cannot be told.
func ownedByUser(fs.FileInfo) bool { return false }
