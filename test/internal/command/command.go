// Package command builds loglens for the tests that run it.
package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// root is the repository's, as seen from a suite.
var root = filepath.Join("..", "..")

// Build puts loglens into a folder and returns its path. Linking it takes ten seconds of
// a processor, so it is linked once for all suites, into .cache: each runs a copy, as
// another may build it anew.
func Build(dir string) (binary string, err error) {
	cache, err := filepath.Abs(filepath.Join(root, ".cache", "suites"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	lock, err := os.Create(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // which unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	linked := filepath.Join(cache, "loglens")
	if out, err := exec.Command("go", "build", "-C", root, "-o", linked, "./cmd/loglens").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build loglens: %w\n%s", err, out)
	}
	program, err := os.ReadFile(linked)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "loglens")
	return binary, os.WriteFile(binary, program, 0o700)
}
