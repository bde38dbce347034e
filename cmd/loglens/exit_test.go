package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"loglens/ingest"
)

// TestSilentServer: a server that takes connections and never answers is unreachable;
// only --timeout is a deadline, though both are one by their errors.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client := http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 10 * time.Millisecond}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, silence := client.Do(r)
	if silence == nil {
		_ = answer.Body.Close()
	}
	if !errors.Is(silence, context.DeadlineExceeded) {
		t.Fatalf("%v: not the error that is meant", silence)
	}
	for _, tt := range []struct {
		err  error
		want int
	}{
		{&ingest.UnreachableError{Err: silence}, exitUnreachable},
		{&ingest.CredentialsError{Err: &ingest.UnreachableError{Err: silence}}, exitUnreachable},
		{fmt.Errorf("read: %w", &timeoutError{"5s"}), exitDeadline},
	} {
		if got := exitStatus(tt.err); got != tt.want {
			t.Errorf("%v: exit status %d, want %d", tt.err, got, tt.want)
		}
	}
}

// TestWhoMayRead: where a file or folder is shut, the next command shows the one that is in
// the way, which is above the path where that cannot be looked at.
func TestWhoMayRead(t *testing.T) {
	there := t.TempDir()
	for _, path := range []string{there, filepath.Join(there, "shut"), filepath.Join(there, "shut", "a.log.gz")} {
		err := usage("", "read the statement: %w", errors.Join(nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}))
		if got, want := hint(err), "ls -ld "+there+" shows who has access"; got != want {
			t.Errorf("%s: hint %q, want %q", path, got, want)
		}
	}
	if got := hint(&fs.PathError{Op: "open", Path: there, Err: syscall.EIO}); got != "" {
		t.Errorf("hint %q of an error that no permission mends", got)
	}
}
