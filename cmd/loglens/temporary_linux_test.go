package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestTemporaryFolder: an answer that needs no temporary file is given, and is no
// failure, where there can be none; one that needs them names the folder.
func TestTemporaryFolder(t *testing.T) {
	if !mayMount(t) {
		return
	}
	readOnly, _ := smallDisk(t, 64)
	if err := syscall.Mount("tmpfs", readOnly, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64k"); err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(t.TempDir(), "a.log")
	line := `http 2026-10-07T07:15:01.101682Z app/shop-prod/50dc6c495c0c9188 198.51.100.7:4711 10.0.41.25:8443 -1 -1 -1 502 - 34 366 "GET http://shop.example/ HTTP/1.1" "curl/8" - - arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/73e2d6bc24d8a067 "-" "-" "-" 0 2026-10-07T07:15:01.100000Z "forward" "-" "-" "10.0.41.25:8443" "-" "-" "-"`
	if err := os.WriteFile(logs, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{readOnly, filepath.Join(readOnly, "none")} {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			run := func(args ...string) (stdout, stderr string, status int) {
				c := newProcess(t, append(args, logs)...)
				c.Env = append(c.Env, "TMPDIR="+folder)
				return c.output(t)
			}
			stdout, stderr, status := run("top-errors", "--output", "csv")
			if status != 0 || !strings.Contains(stdout, "Target_Connection_Error") {
				t.Errorf("top-errors: exit status %d, %q: %s", status, stdout, stderr)
			}
			_, stderr, status = run("sql", "select count(*) from request")
			want := fmt.Sprintf("create temporary file: open %s/loglens-", folder)
			if status != 1 || !strings.Contains(stderr, want) || !strings.Contains(stderr, "TMPDIR") {
				t.Errorf("sql: exit status %d: %s; want %s…", status, stderr, want)
			}
		})
	}
}
