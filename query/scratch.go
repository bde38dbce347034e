package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A scratch is a folder for what is not whole yet, or only this process needs, but DuckDB
// gives names to: if the process is killed, it stays. Where processes can hold folders, the
// next one that makes a scratch there removes it.
type scratch struct {
	path string
	held *flock.Flock // tells others that this process lives
	stay func() bool
}

// newScratch makes a folder whose name begins with prefix, and removes it when ctx is over, or
// on close. Without one, close does nothing else: DuckDB makes the folder if it needs it.
func newScratch(ctx context.Context, parent, prefix string) (*scratch, error) {
	removeLeft(parent, prefix)
	s := &scratch{path: filepath.Join(parent, fmt.Sprintf("%s%d-%016x", prefix, os.Getpid(), rand.Uint64()))}
	// Under its own name it is held from the beginning, or others would remove it.
	unheld := s.path + ".new"
	s.held = lockOf(unheld)
	err := os.Mkdir(unheld, 0o700)
	if err == nil {
		_, _ = s.held.TryLock() // where that cannot be done, others cannot either, and leave it
		err = os.Rename(unheld, s.path)
	}
	s.stay = removeWhenOver(ctx, s.path)
	return s, err
}

// ownName is what follows the prefix in the name of a scratch.
var ownName = regexp.MustCompile(`^[0-9]+-[0-9a-f]{16}$`)

// mostNames is how many names of the parent are looked at: every command does so.
const mostNames = 10_000

// removeLeft removes what processes that were killed have left behind.
func removeLeft(parent, prefix string) {
	dir, err := os.Open(parent)
	if err != nil {
		return // so that nothing can be made there either
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(mostNames)
	for _, name := range names {
		if rest, ours := strings.CutPrefix(name, prefix); ours && ownName.MatchString(rest) {
			removeIfLeft(filepath.Join(parent, name))
		}
	}
}

// lockOf is the lock of a folder, which ends with the process that has it, however that ends.
func lockOf(folder string) *flock.Flock { return flock.New(folder, flock.SetFlag(os.O_RDONLY)) }

// removeIfLeft removes a folder that this user alone has access to, and that no process holds.
func removeIfLeft(folder string) {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || !ownedByUser(info) {
		return
	}
	lock := lockOf(folder)
	if free, err := lock.TryLock(); err == nil && free {
		_ = os.RemoveAll(folder) // or the next one does
	}
	_ = lock.Close()
}

// close removes the folder with all that is in it.
func (s *scratch) close() error {
	s.stay()
	defer func() { _ = s.held.Close() }()
	// A read-only file system refuses to remove what is not there, too.
	if _, err := os.Lstat(s.path); err != nil {
		return nil //nolint:nilerr // there is nothing to remove
	}
	return os.RemoveAll(s.path)
}

// removeWhenOver removes a folder that DuckDB writes to as soon as the context is over:
// DuckDB may take longer to stop than the process is given. Until it does, new files may
// come into the folder while it is emptied. keep says that it is removed otherwise.
func removeWhenOver(ctx context.Context, folder string) (keep func() bool) {
	return context.AfterFunc(ctx, func() {
		for range 1000 {
			if os.RemoveAll(folder) == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}
