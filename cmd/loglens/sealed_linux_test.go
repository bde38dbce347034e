package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"loglens/internal/demo"
	"loglens/query"
)

func init() { programs["sealed"] = sealed }

// sealed runs a command that the kernel ends by SIGSYS if it makes a socket, which is
// what it takes to reach anybody, the resolver of names among them.
func sealed() {
	// The filter is the thread's, and goes with it into what it executes.
	runtime.LockOSThread()
	const (
		load, equal, answer = 0x20, 0x15, 0x06 // BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
		kill, allow         = 0x80000000, 0x7fff0000
	)
	filter := []struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}{
		{code: load}, // the number of the system call
		{code: equal, jf: 1, k: syscall.SYS_SOCKET},
		{code: answer, k: kill},
		{code: answer, k: allow},
	}
	program := struct {
		length uint16
		filter unsafe.Pointer
	}{uint16(len(filter)), unsafe.Pointer(&filter[0])}
	const setNoNewPrivileges, setSeccomp, byFilter = 38, 22, 2
	for _, args := range [][3]uintptr{{setNoNewPrivileges, 1}, {setSeccomp, byFilter, uintptr(unsafe.Pointer(&program))}} {
		if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, args[0], args[1], args[2], 0, 0, 0); err != 0 {
			fmt.Fprintln(os.Stderr, "sealed: prctl:", err)
			os.Exit(125)
		}
	}
	path, err := exec.LookPath(os.Args[1])
	if err == nil {
		err = syscall.Exec(path, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "sealed:", err)
	os.Exit(125)
}

// TestNobodyIsAsked: no command that reads files makes a socket, so none tells anybody
// anything, fetches an extension or looks for a newer version.
func TestNobodyIsAsked(t *testing.T) {
	logs, dir := t.TempDir(), t.TempDir()
	if _, err := demo.Write(t.Context(), logs, demo.Options{Seed: 4, End: demoEnd, Lines: 2000, Oddities: true}); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (stderr string, status int) {
		t.Helper()
		p := newProcess(t, args...)
		p.Args = append([]string{"sealed", p.Path}, args...)
		var err error
		if p.Path, err = exec.LookPath("sealed"); err != nil {
			t.Fatal(err)
		}
		// With credentials there is somebody who could be asked.
		p.Env = append(p.Env, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=us-east-1")
		_, stderr, status = p.output(t)
		return stderr, status
	}
	if stderr, status := run("top-errors", "--endpoint-url", "http://127.0.0.1:1", "s3://bucket"); status != 128+int(syscall.SIGSYS) {
		t.Fatalf("what asks S3 ends with %d, want %d: %s", status, 128+int(syscall.SIGSYS), stderr)
	}
	store, snapshot := filepath.Join(dir, "x.duckdb"), filepath.Join(dir, "incident.json")
	if err := os.WriteFile(snapshot, []byte(`{"schema":"loglens.snapshot/1","taken":"2026-11-22T10:00:00Z","from":"2026-11-22T09:00:00Z","until":"2026-11-22T10:00:00Z",
		"balancer":{"name":"shop","id":"app/shop/50dc6c495c0c9188","type":"application","state":"active"},"listeners":[],"groups":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	window := []string{"--since", "2026-10-07T07:00Z", "--until", "2026-10-07T08:00Z"}
	from := func(source []string, command ...string) []string {
		return append(append(command, source...), window...)
	}
	commands := [][]string{
		{"version"}, {"help"}, {"help", "exit-codes"}, {"iam"}, {"completion", "bash"}, {"__complete", "top-errors", "--by", ""},
		{"demo", filepath.Join(dir, "demo")}, {"diagnose", "--list"}, {"diagnose", "--from", snapshot}, {"query"},
		from([]string{logs}, "ingest", "--keep", "requests", "--store", store),
		from([]string{logs}, "store", "rebuild", "--store", store, "--keep", "requests"),
		{"store", "stats", "--store", store}, {"store", "verify", "--store", store},
	}
	for name, source := range map[string][]string{"files": {logs}, "store": {"--store", store}} {
		for _, r := range query.Reports() {
			commands = append(commands, from(source, r.Name))
		}
		commands = append(commands,
			from(source, "summary"), from(source, "sql", "select route, quantile_cont(duration, 0.9), regexp_extract(user_agent, '[a-z]+') from request group by all"),
			from(source, "export", "--to", filepath.Join(dir, name+".parquet")), from(source, "export", "--to", filepath.Join(dir, name+".duckdb")))
	}
	for _, args := range commands {
		if stderr, status := run(args...); status != 0 && status != exitFindings {
			t.Errorf("%s: exit status %d: %s", strings.Join(args, " "), status, stderr)
		}
	}
}
