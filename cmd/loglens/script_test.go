package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/rogpeppe/go-internal/testscript"

	"loglens/internal/demo"
	"loglens/query"
)

var (
	update = flag.Bool("update", false, "rewrite what the scripts compare with")
	soak   = flag.Bool("soak", false, `try as much as "make soak" does`)
)

const scripts = "../../testdata/script"

// programs are what this test binary is by another name.
var programs = map[string]func(){"loglens": main}

func TestMain(m *testing.M) { testscript.Main(m, programs) }

// demoEnd is when the incident of the command tree ends: long past, so that no
// window is cut at the present.
var demoEnd = time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC)

// TestScripts runs the command line as users do. Beside testscript's own, the
// scripts have these commands:
//
//	exits N COMMAND…  run a command that must exit with N and leave no temporary files
//	tree FOLDER       write a small demo whose incident ends at demoEnd
//	pack FILE FILE…   compress files, each a gzip member, into the first
//	cut FILE N        keep the first N bytes
//	zeros FILE N      write N MB of zeros
//	webhook NAME N    serve a webhook that answers with status N; $NAME is its URL, and
//	                  what it was sent comes to be the file NAME
//	unescape FILE TO  write to a file the bytes that Go escapes (\x1b, \a) stand for
func TestScripts(t *testing.T) {
	logs, err := filepath.Abs("../../testdata/logs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: scripts,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(append(e.Vars, quiet...), "LOGS="+logs)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "tree": tree, "pack": pack, "cut": cut, "zeros": zeros, "unescape": unescape, "webhook": webhook,
		},
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// quiet is an environment without credentials and without a zone of its own.
var quiet = []string{
	"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "TZ=UTC",
}

// asSomebody gives this process credentials, and the rest of that environment.
func asSomebody(t *testing.T) {
	t.Helper()
	for _, s := range append([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, quiet...) {
		name, v, _ := strings.Cut(s, "=")
		t.Setenv(name, v)
	}
}

// TestScriptsAreComplete holds the scripts to their form: one behaviour of one
// command each, by its name, and a look at stderr.
func TestScriptsAreComplete(t *testing.T) {
	commands := []string{"demo", "version", "completion", "help", "loglens", "sql", "query", "export", "summary", "diagnose", "iam", "ingest", "store"}
	for _, r := range query.Reports() {
		commands = append(commands, r.Name)
	}
	files, err := filepath.Glob(filepath.Join(scripts, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		command, behaviour, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "_")
		if !slices.Contains(commands, command) || behaviour == "" || filepath.Ext(file) != ".txtar" {
			t.Errorf("%s is not named <command>_<behaviour>.txtar", file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("stderr")) {
			t.Errorf("%s does not look at stderr", file)
		}
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	left, err := os.ReadDir(ts.Getenv("TMPDIR"))
	ts.Check(err)
	if len(left) > 0 {
		ts.Fatalf("temporary file left behind: %s", left[0].Name())
	}
}

func tree(ts *testscript.TestScript, _ bool, args []string) {
	_, err := demo.Write(context.Background(), ts.MkAbs(args[0]), demo.Options{Seed: 1, End: demoEnd, Lines: 5000, Oddities: true, NoTruth: true})
	ts.Check(err)
}

func pack(ts *testscript.TestScript, _ bool, args []string) {
	var out bytes.Buffer
	for _, name := range args[1:] {
		z := gzip.NewWriter(&out)
		_, err := z.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(z.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func zeros(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), make([]byte, n*1_000_000), 0o600))
}

func unescape(ts *testscript.TestScript, _ bool, args []string) {
	quoted := strings.NewReplacer("\n", `\n`, `"`, `\"`).Replace(ts.ReadFile(args[0]))
	text, err := strconv.Unquote(`"` + quoted + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}
