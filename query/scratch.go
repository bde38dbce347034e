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
)

// A scratch is a folder for what is not whole yet, or only this process needs, but DuckDB
// gives names to: if the process is killed, it stays. Where processes can hold folders, the
// next one that makes a scratch there removes it.
type scratch struct {
	path string
	held *os.File // tells others that this process lives; nil where that cannot be told
	stay func() bool
}

// newScratch makes a folder whose name begins with prefix, and removes it when ctx is over, or
// on close. Without one, close does nothing else: DuckDB makes the folder if it needs it.
func newScratch(ctx context.Context, parent, prefix string) (*scratch, error) {
	removeLeft(parent, prefix)
	s := &scratch{path: filepath.Join(parent, fmt.Sprintf("%s%d-%016x", prefix, os.Getpid(), rand.Uint64()))}
	// Under its own name it is held from the beginning, or others would remove it.
	unheld := s.path + ".new"
	err := os.Mkdir(unheld, 0o700)
	if err == nil {
		s.held = hold(unheld)
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

// close removes the folder with all that is in it.
func (s *scratch) close() error {
	s.stay()
	if s.held != nil {
		defer func() { _ = s.held.Close() }()
	}
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
