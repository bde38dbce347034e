//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"loglens/internal/demo"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// TestExamples runs every command line of the README's console blocks and of
// the --help examples, as it stands there, in a shell. ./logs and x.log.gz are
// a demo that ends now.
//
// What asks AWS is sent to an address where nobody listens: such a command must
// be taken as meant and fail there, by giving up (13) or at LOGLENS_TIMEOUT
// (124). That it finds and counts logs is what the tests against a gateway and
// an emulator show.
func TestExamples(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := consoleCommands(string(readme))
	if len(commands) == 0 {
		t.Fatal("no command in the README")
	}
	help := helpExamples((&app{}).rootCommand())
	if len(help) == 0 {
		t.Fatal("no example in --help")
	}
	for _, command := range help {
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}

	dir := exampleFolder(t)
	env := append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir(),
		"AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=eu-central-1",
		"LOGLENS_ENDPOINT_URL=http://127.0.0.1:1", "LOGLENS_TIMEOUT=1s",
	}, quiet...)
	env = append(env, "AWS_CONFIG_FILE="+filepath.Join(dir, "config"))
	filling := exec.CommandContext(t.Context(), "loglens", "ingest", "--store", "filled.duckdb", "./logs")
	filling.Dir, filling.Env = dir, append(slices.Clone(env), "LOGLENS_TIMEOUT=")
	if said, err := filling.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	filled, err := os.ReadFile(filepath.Join(dir, "filled.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(t.Context(), "sh", "-c", command)
			data := t.TempDir() // each command's own: some fill the store or put it aside
			c.Dir, c.Env = dir, append(slices.Clone(env), "XDG_DATA_HOME="+data)
			if strings.HasPrefix(command, "loglens store ") {
				if err := errors.Join(os.Mkdir(filepath.Join(data, "loglens"), 0o700),
					os.WriteFile(filepath.Join(data, "loglens", "loglens.duckdb"), filled, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			remote := strings.Contains(command, "s3://") || strings.Contains(command, "--lb")
			if !remote {
				// No deadline: a busy machine is no mistake of the README.
				c.Env = append(c.Env, "LOGLENS_TIMEOUT=")
			}
			var exit *exec.ExitError
			said, err := c.CombinedOutput()
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			want := []int{0}
			if remote {
				want = []int{exitUnreachable, exitDeadline}
			}
			if status := c.ProcessState.ExitCode(); !slices.Contains(want, status) {
				t.Errorf("exit status %d, want one of %v:\n%s", status, want, said)
			}
		})
	}
}

// TestReadmeReasons holds the README's table to the rules.
func TestReadmeReasons(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(readme)) {
		if cell := strings.Split(line, " | "); len(cell) == 3 && strings.HasPrefix(line, "| `") {
			got[strings.Trim(cell[0], "| `")] = cell[1]
		}
	}
	want := map[string]string{}
	for _, r := range parse.Rules {
		if r.Reason != parse.Delivered {
			want[r.Reason] = r.Class.String()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("classes by reason (-want +got):\n%s", diff)
	}
}

// TestReadmeJSON holds the README's example of JSON to the keys that there are.
func TestReadmeJSON(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(readme), "```json\n{\n  \"schema\"")
	example, _, _ = strings.Cut("{\n  \"schema\""+example, "```")
	var out strings.Builder
	encoder, _ := report.Encoders.Find("json")
	if err := encoder.Encode(&out, &query.Table{}, report.Style{}); err != nil {
		t.Fatal(err)
	}
	keys := func(object string) (keys []string) {
		d := json.NewDecoder(strings.NewReader(object))
		if _, err := d.Token(); err != nil {
			t.Fatalf("%v:\n%s", err, object)
		}
		for d.More() {
			key, err := d.Token()
			var value json.RawMessage
			if err := errors.Join(err, d.Decode(&value)); err != nil {
				t.Fatalf("%v:\n%s", err, object)
			}
			keys = append(keys, key.(string))
		}
		return keys
	}
	if diff := cmp.Diff(keys(out.String()), keys(example)); diff != "" {
		t.Errorf("keys (-printed +README):\n%s", diff)
	}
}

// consoleCommands returns what follows "$ " in the console blocks of a page.
func consoleCommands(page string) []string {
	var commands []string
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && strings.HasPrefix(line, "$ "):
			commands = append(commands, line[2:])
		}
	}
	return commands
}

// helpExamples returns the examples of a command and all below it.
func helpExamples(c *cobra.Command) []string {
	var commands []string
	for line := range strings.Lines(c.Example) {
		if line = strings.TrimSpace(line); line != "" {
			commands = append(commands, line)
		}
	}
	for _, below := range c.Commands() {
		commands = append(commands, helpExamples(below)...)
	}
	return commands
}

// exampleFolder is a folder with what the examples name: logs that reach up to
// now and over the last 03:00 to 03:30, an object, and a profile.
func exampleFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	now := time.Now().UTC()
	night := now.Truncate(24 * time.Hour).Add(4 * time.Hour)
	if night.After(now) {
		night = night.Add(-24 * time.Hour)
	}
	objects := map[demo.Kind]string{}
	for i, end := range []time.Time{now, night} {
		folder := filepath.Join(dir, "logs", []string{"now", "night"}[i])
		truth, err := demo.Write(context.Background(), folder, demo.Options{Seed: 1, End: end, Lines: 3000, NoTruth: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range truth.Objects {
			if o.Lines > 0 {
				objects[o.Kind] = filepath.Join(folder, filepath.FromSlash(o.Key))
			}
		}
	}
	stored := func(kind demo.Kind) []byte {
		b, err := os.ReadFile(objects[kind])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if err := os.Mkdir(filepath.Join(dir, "queries"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"x.log.gz":                  stored(demo.KindAccess),
		"health_check_log_x.log.gz": stored(demo.KindHealthCheck),
		"conn_log_x.log.gz":         stored(demo.KindConnection),
		"queries/slow-checkout.sql": []byte("-- query: slow-checkout\n-- about: Slow.\n-- param: threshold number 2  s\n" +
			"SELECT route FROM request WHERE duration > $threshold"),
		"slow.sql": []byte("SELECT route, max(duration) FROM request GROUP BY ALL ORDER BY 2 DESC LIMIT 9"),
		"incident.json": []byte(`{"schema":"loglens.snapshot/1","taken":"2026-11-22T10:00:00Z","from":"2026-11-22T09:00:00Z","until":"2026-11-22T10:00:00Z",
			"balancer":{"name":"shop-prod","type":"application","state":"active"}}`),
		"config": []byte("[profile prod]\naws_access_key_id = nobody\naws_secret_access_key = secret\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
