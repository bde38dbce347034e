//go:build moto

package diagnose

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mend runs the commands that are to mend what was found first, by AWS's command
// line, and asks again: it must be gone. Those that undo it must bring it back. It
// returns what is wrong.
func (b *built) mend(t *testing.T, before answer, args ...string) []string {
	t.Helper()
	var first string
	var fix, undo []string
	for i, f := range before.Findings {
		if i == 0 {
			first = f.ID
		}
		if f.ID == first {
			fix, undo = append(fix, f.Fix...), append(undo, f.Undo...)
		}
	}
	if len(fix) == 0 || len(undo) == 0 {
		return []string{"no command that mends it, or none that takes that back"}
	}
	if said, err := b.shell(t, fix); err != nil {
		return []string{said}
	}
	if after, _ := b.ask(t, newGate(t, b.account), args...); slices.Contains(after.ids(), first) {
		return []string{first + " is still there after " + strings.Join(fix, "; ")}
	}
	if said, err := b.shell(t, undo); err != nil {
		return []string{said}
	}
	if again, _ := b.ask(t, newGate(t, b.account), args...); !slices.Contains(again.ids(), first) {
		return []string{first + " is not back after " + strings.Join(undo, "; ")}
	}
	return nil
}

// shell runs commands one after the other, before the emulator.
func (b *built) shell(t *testing.T, commands []string) (said string, err error) {
	t.Helper()
	env, err := commandLine()
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, b.account)
	for _, command := range commands {
		c := exec.CommandContext(t.Context(), "sh", "-euc", command)
		c.Env = slices.Concat(env, []string{"AWS_ENDPOINT_URL=" + g.URL, "AWS_PAGER="})
		if out, err := c.CombinedOutput(); err != nil {
			return command + ": " + err.Error() + ": " + string(out), err
		}
	}
	return "", nil
}

// ids are the findings of an answer, in their order.
func (a answer) ids() []string {
	var list []string
	for _, f := range a.Findings {
		list = append(list, f.ID)
	}
	return list
}
