//go:build moto

package diagnose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// answer is the part of the command's JSON that the tests look at.
type answer struct {
	Schema   string
	Observed struct{ Requests, Failures, Explained int }
	Path     []struct {
		Hop, State string
		Evidence   []string
	}
	Findings []struct {
		ID, Level, Hop, Sentence, Confidence string
		Explains                             int
		BecauseOf                            []string `json:"because_of"`
		Fix, Undo, Targets                   []string
	}
	NotChecked []unchecked `json:"not_checked"`
	Calls      struct {
		Total    int
		ByAction map[string]int `json:"by_action"`
	}
}

type unchecked struct{ What, Permission, Why string }

// diagnose runs the command through a gate and returns what it wrote and its exit status.
func diagnose(t *testing.T, g *gate, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, under.Binary, append([]string{"diagnose", "--endpoint-url", g.URL}, args...)...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for action := range g.counts() {
		_, name, _ := strings.Cut(action, ":")
		if !strings.HasPrefix(name, "Describe") && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") {
			t.Errorf("%s is more than a question", action)
		}
	}
	return out.String(), talk.String(), c.ProcessState.ExitCode()
}

// ask asks for a diagnosis of what was built.
func (b *built) ask(t *testing.T, g *gate, args ...string) (answer, int) {
	t.Helper()
	all := []string{"--lb", b.name, "--since", "1h", "--output", "json"}
	for _, arg := range args {
		arg, err := fill(arg, b.values)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, arg)
	}
	stdout, stderr, status := diagnose(t, g, all...)
	var a answer
	if err := json.Unmarshal([]byte(stdout), &a); err != nil {
		t.Fatalf("exit status %d: %v\nstdout: %s\nstderr: %s", status, err, stdout, stderr)
	}
	return a, status
}

// problems says what is wrong with an answer to a scenario; none if nothing is.
func (s *scenario) problems(a answer, status int) []string {
	var wrong []string
	ids, fails := a.ids(), 0
	for _, f := range a.Findings {
		if f.Level == "fail" {
			fails++
		}
	}
	if s.Causes == nil {
		if fails > 0 {
			wrong = append(wrong, "a healthy set-up has a finding that fails")
		}
		if status != 0 {
			wrong = append(wrong, fmt.Sprintf("exit status %d, want 0", status))
		}
	} else {
		causes := ids[:min(len(ids), len(s.Causes))]
		want := slices.Sorted(slices.Values(s.Causes))
		if !slices.Equal(slices.Sorted(slices.Values(causes)), want) {
			wrong = append(wrong, fmt.Sprintf("want first: %v", s.Causes))
		}
		if status != 21 {
			wrong = append(wrong, fmt.Sprintf("exit status %d, want 21", status))
		}
	}
	for _, action := range s.Denied {
		if !slices.ContainsFunc(a.NotChecked, func(n unchecked) bool { return n.Permission == action }) {
			wrong = append(wrong, action+" is not named")
		}
	}
	for _, id := range s.Also {
		if !slices.Contains(ids, id) {
			wrong = append(wrong, "want "+id+" too")
		}
	}
	for _, id := range s.Never {
		if slices.Contains(ids, id) {
			wrong = append(wrong, "do not want "+id)
		}
	}
	return wrong
}
