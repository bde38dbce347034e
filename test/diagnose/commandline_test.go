//go:build moto

package diagnose

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// warm keeps AWS's command line running, which ends when nobody can write to it any more.
var warm exec.Cmd

// commandLine starts AWS's command line, and returns the environment of its callers.
var commandLine = sync.OnceValues(func() (env []string, err error) {
	dir, err := filepath.Abs("warm")
	if err != nil {
		return nil, err
	}
	warm = *exec.Command("../../.cache/venv-diagnose/bin/python", filepath.Join(dir, "aws"), "--serve")
	warm.Stderr = os.Stderr
	if _, err := warm.StdinPipe(); err != nil {
		return nil, err
	}
	said, err := warm.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := warm.Start(); err != nil {
		return nil, err
	}
	socket, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("AWS's command line has ended: %w", err)
	}
	python, err := filepath.Abs(filepath.Dir(warm.Path))
	if err != nil {
		return nil, err
	}
	// Callers run the same Python: another may stand behind a script that looks for it.
	path := strings.Join([]string{dir, python, os.Getenv("PATH")}, string(filepath.ListSeparator))
	return append(os.Environ(), "PATH="+path, "WARM_AWS="+strings.TrimSpace(socket)), nil
})
