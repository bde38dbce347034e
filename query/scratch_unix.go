//go:build unix

package query

import (
	"os"
	"syscall"
)

// hold locks a folder for as long as the file is open: until this process ends, however it
// does. It is nil if another holds it, or the file system has no such locks.
func hold(folder string) *os.File {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = f.Close()
		return nil
	}
	return f
}

// removeIfLeft removes a folder that this user alone has access to, and that no process holds.
func removeIfLeft(folder string) {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return
	}
	if held := hold(folder); held != nil {
		_ = os.RemoveAll(folder) // or the next one does
		_ = held.Close()
	}
}
