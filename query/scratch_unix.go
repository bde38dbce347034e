//go:build unix

package query

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUser reports whether a file is that of the user whose process this is.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
