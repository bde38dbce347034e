//go:build unix

package ingest

import (
	"fmt"
	"io/fs"
	"syscall"
)

// linked is equal for all names of a file that has several (hard links), and "" for one
// that has one. Size and time are part of it for file systems that make up numbers.
func linked(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Nlink < 2 {
		return ""
	}
	return fmt.Sprintf("\x00%d %d %d %d", stat.Dev, stat.Ino, info.Size(), info.ModTime().UnixNano())
}
