//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/condition"
)

const deploy = "../../deploy"

// scheduled are the files of deploy that run the summary.
var scheduled = []string{
	"systemd/loglens-summary.service", "kubernetes/cronjob.yaml", "cron/loglens-summary", "lambda/README.md",
}

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDeployedCommands: every schedule runs a command line that is taken as meant,
// whose condition can be read, and that has no secret in it.
func TestDeployedCommands(t *testing.T) {
	for _, name := range scheduled {
		t.Run(name, func(t *testing.T) {
			words := deployedWords(t, deployed(t, name))
			c, args, err := (&app{}).rootCommand().Find(words)
			if err != nil || c.Name() != "summary" {
				t.Fatalf("%q is no summary: %v", words, err)
			}
			if err := c.ParseFlags(args); err != nil {
				t.Fatalf("%q: %v", words, err)
			}
			typed := func(name string) string { return c.Flag(name).Value.String() }
			if typed("window") != "hour" || typed("tz") != "UTC" || typed("timeout") == "" || typed("post") != "" {
				t.Errorf("%q", words)
			}
			if text := typed("fail-if"); text != "" {
				if _, err := condition.Parse(text, conditionFields()); err != nil {
					t.Errorf("%s: %v", text, err)
				}
			}
			if left := c.Flags().Args(); len(left) > 0 {
				t.Errorf("arguments %q: the source is LOGLENS_SOURCE", left)
			}
		})
	}
}

// deployedWords are the words of the command after "loglens", as whoever runs the
// file would split them.
func deployedWords(t *testing.T, text string) []string {
	t.Helper()
	for line := range strings.Lines(text) {
		if _, list, ok := strings.Cut(line, `command: ["loglens", `); ok {
			var words []string
			for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(list, -1) {
				words = append(words, m[1])
			}
			return words
		}
		_, rest, ok := strings.Cut(line, "loglens summary ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		rest, _, _ = strings.Cut(rest, " 2>&1)") // cron's line goes on behind the command
		rest = strings.TrimSuffix(strings.TrimSpace(rest), ">&2")
		rest = strings.NewReplacer(`\%`, "%", "%%", "%").Replace(rest) // of cron, and of systemd
		words := []string{"summary"}
		for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(rest, -1) {
			words = append(words, m[1]+m[2]+m[3])
		}
		return words
	}
	t.Fatal("no command in it")
	return nil
}

// TestUnits reads the units by themselves, which needs no systemd: sections, one
// key and value per line, and what hardening must not be lost.
func TestUnits(t *testing.T) {
	service, timer := unit(t, "systemd/loglens-summary.service"), unit(t, "systemd/loglens-summary.timer")
	for key, want := range map[string]string{
		"Service.Type": "oneshot", "Service.DynamicUser": "yes", "Service.ProtectSystem": "strict", "Service.NoNewPrivileges": "yes",
		"Service.CapabilityBoundingSet": "", "Service.PrivateTmp": "yes", "Service.ProtectHome": "yes", "Service.StateDirectory": "loglens",
		"Service.Environment": "GOMAXPROCS=4", "Service.SystemCallArchitectures": "native", "Service.RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
	} {
		if got, ok := service[key]; !ok || got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if !strings.Contains(service["Service.ExecStart"], "--out /var/lib/loglens/") {
		t.Error("the service does not write to its own folder")
	}
	for key, value := range service { // systemd.unit(5), "Specifiers": %% stands for %
		if strings.Contains(strings.ReplaceAll(value, "%%", ""), "%") {
			t.Errorf("%s=%s: a percent sign that is not doubled begins a specifier", key, value)
		}
	}
	if timer["Timer.Unit"] != "loglens-summary.service" || timer["Timer.Persistent"] != "true" || timer["Install.WantedBy"] != "timers.target" {
		t.Errorf("timer %v", timer)
	}
	if !regexp.MustCompile(`^\*-\*-\* \*:(1[5-9]|[2-5][0-9]):00 UTC$`).MatchString(timer["Timer.OnCalendar"]) {
		t.Errorf("OnCalendar %s is not after the lag", timer["Timer.OnCalendar"])
	}
}

// unit reads a unit as "Section.Key" and value, the last one where keys repeat.
func unit(t *testing.T, name string) map[string]string {
	t.Helper()
	values, section := map[string]string{}, ""
	for line := range strings.Lines(deployed(t, name)) {
		line = strings.TrimRight(line, "\n")
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
		case !ok || section == "" || !regexp.MustCompile(`^[A-Z][A-Za-z]*$`).MatchString(key) || strings.HasSuffix(line, " "):
			t.Errorf("%s: %q is no line of a unit", name, line)
		default:
			values[section+"."+key] = value
		}
	}
	return values
}

// TestCronJob: two runs never overlap, and the pod may do next to nothing.
func TestCronJob(t *testing.T) {
	text := deployed(t, "kubernetes/cronjob.yaml")
	for _, want := range []string{
		"kind: CronJob", "concurrencyPolicy: Forbid", `schedule: "20 * * * *"`, "timeZone: Etc/UTC", "restartPolicy: Never",
		"runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", `drop: ["ALL"]`, "secretRef:", "mountPath: /tmp", "- name: GOMAXPROCS",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(text, "\t") || strings.Contains(text, "LOGLENS_POST:") {
		t.Error("a tab, or a secret in the open")
	}
}

// needs finds a program. The test is left out where there is none, but not by continuous
// integration.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(program + " is missing")
		}
		t.Skip("no " + program + " here")
	}
	return path
}

// TestSystemdAgrees has the real systemd judge the units.
func TestSystemdAgrees(t *testing.T) {
	analyze := needs(t, "systemd-analyze")
	// The binary need not be installed for the unit to be right.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"loglens-summary.service", "loglens-summary.timer"} {
		text := strings.ReplaceAll(deployed(t, "systemd/"+name), "/usr/local/bin/loglens", self)
		units = append(units, filepath.Join(dir, name))
		if err := os.WriteFile(units[len(units)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		said, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %q: %v\n%s", args, err, said)
		}
		return string(said)
	}
	said := run(append([]string{"verify", "--man=no", "--recursive-errors=no"}, units...)...)
	if slices.ContainsFunc(units, func(u string) bool { return strings.Contains(said, filepath.Base(u)+":") }) {
		t.Errorf("systemd complains:\n%s", said)
	}
	if next := run("calendar", "--iterations=3", unit(t, "systemd/loglens-summary.timer")["Timer.OnCalendar"]); strings.Count(next, ":20:00") < 3 {
		t.Errorf("not every hour:\n%s", next)
	}
	// 0 is least exposed and 100 most.
	run("security", "--offline=true", "--threshold=20", units[0])
}

// TestCronLine runs the line of cron as cron does, with the settings that the
// instructions show: its user can write where it writes, and a webhook's address
// arrives whole, whatever signs of the shell are in it. cron mails what is printed: all
// that a run says that fails, and nothing of another.
func TestCronLine(t *testing.T) {
	needs(t, "flock")
	_, line, _ := strings.Cut(deployed(t, "cron/loglens-summary"), "20 * * * * loglens ")
	line = strings.ReplaceAll(strings.TrimSpace(line), `\%`, "%")
	dir := t.TempDir()
	for _, path := range regexp.MustCompile(`[ '](/[^ ;']+)`).FindAllStringSubmatch(line, -1) {
		own, ok := strings.CutPrefix(path[1], "/var/lib/loglens/")
		if path[1] == "/etc/loglens/summary.env" {
			own, ok = "summary.env", true
		}
		if !ok {
			t.Errorf("%s is not the user's", path[1])
		}
		line = strings.Replace(line, path[1], filepath.Join(dir, own), 1)
	}
	const address = "https://hooks.example.com/run?version=1&sp=%2Frun&sig=a$b;c"
	var env strings.Builder
	for _, setting := range regexp.MustCompile(`(?m)^    ([A-Z_]+=.*)$`).FindAllStringSubmatch(deployed(t, "README.md"), -1) {
		env.WriteString(strings.Replace(setting[1], "https://hooks.slack.com/services/…", address, 1) + "\n")
	}
	write(t, filepath.Join(dir, "summary.env"), env.String(), 0o600)
	write(t, filepath.Join(dir, "loglens"), "#!/bin/sh\nprintf '%s\\n' \"$LOGLENS_SOURCE\" \"$LOGLENS_POST\" \"$AWS_REGION\" \"$*\" >&2\nexit $STATUS\n", 0o700)
	run := func(status string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
		cmd.Env = []string{"PATH=" + dir + ":/usr/local/bin:/usr/bin:/bin", "STATUS=" + status}
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		return string(said)
	}
	got := strings.Split(run("20"), "\n")
	if len(got) < 4 || got[0] != "s3://my-logs/prod" || got[1] != address || got[2] != "eu-central-1" || !strings.Contains(got[3], "> 1% and") {
		t.Errorf("of a run that fails: %q", got)
	}
	if said := run("0"); said != "" {
		t.Errorf("of a run that does not fail: %s", said)
	}

	// What is killed, as by a kernel that is out of memory, says nothing itself, nor does
	// flock where another run has the lock.
	write(t, filepath.Join(dir, "loglens"), "#!/bin/sh\nkill -9 $$\n", 0o700)
	if said := run(""); !strings.Contains(said, "status 137") {
		t.Errorf("of a run that is killed: %q", said)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if said := run(""); !strings.Contains(said, "status 75") {
		t.Errorf("of a run that finds the lock taken: %q", said)
	}
}

// TestLambda runs the bootstrap against what Lambda's runtime interface answers: a
// summary that fails is a failed invocation, which Lambda counts among the errors of
// the function, and one that is printed is none.
func TestLambda(t *testing.T) {
	needs(t, "curl")
	_, script, _ := strings.Cut(deployed(t, "lambda/README.md"), "```sh\n")
	script, _, _ = strings.Cut(script, "```")
	ends := []int{0, exitPartial, exitFailed, exitDenied, exitNoObjects, exitCondition}
	dir := t.TempDir()
	var told []string
	var events int
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			said, _ := io.ReadAll(r.Body)
			var v any
			if err := json.Unmarshal(said, &v); err != nil {
				t.Errorf("%s: %v", said, err)
			}
			told = append(told, strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/"))
			return
		}
		if events == len(ends) { // nothing comes any more: the runtime must not run anything
			w.WriteHeader(http.StatusGone)
			return
		}
		write(t, filepath.Join(dir, "status"), strconv.Itoa(ends[events]), 0o600)
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("id-%d", events))
		events++
	}))
	defer server.Close()
	write(t, filepath.Join(dir, "loglens"), "#!/bin/sh\nexit $(cat "+filepath.Join(dir, "status")+")\n", 0o700)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://")}
	said, err := cmd.CombinedOutput()
	if ctx.Err() != nil || err == nil {
		t.Errorf("the runtime does not end where no event can be had: %v\n%s", err, said)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"id-0/response", "id-1/response", "id-2/error", "id-3/error", "id-4/error", "id-5/error"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
