//go:build moto

package diagnose

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// mend runs the commands of the first finding that are to mend it, by AWS's command
// line, and asks again: the finding must be gone. Those that undo it must bring it
// back. It returns what is wrong.
func (b *built) mend(t *testing.T, before answer, args ...string) []string {
	t.Helper()
	if len(before.Findings) == 0 || len(before.Findings[0].Fix) == 0 {
		return []string{"no command that mends it"}
	}
	first := before.Findings[0]
	if said, err := b.shell(t, first.Fix); err != nil {
		return []string{said}
	}
	after, _ := b.ask(t, newGate(t, b.account), args...)
	if slices.Contains(after.ids(), first.ID) {
		return []string{first.ID + " is still there after " + first.Fix[0]}
	}
	if len(first.Undo) == 0 {
		return []string{"no command that undoes it"}
	}
	if said, err := b.shell(t, first.Undo); err != nil {
		return []string{said}
	}
	again, _ := b.ask(t, newGate(t, b.account), args...)
	if !slices.Contains(again.ids(), first.ID) {
		return []string{first.ID + " is not back after " + first.Undo[0]}
	}
	return nil
}

// shell runs commands one after the other, before the emulator.
func (b *built) shell(t *testing.T, commands []string) (said string, err error) {
	t.Helper()
	tools, err := filepath.Abs("../../.cache/venv-diagnose/bin")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, b.account)
	for _, command := range commands {
		c := exec.CommandContext(t.Context(), "sh", "-euc", command)
		c.Env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "AWS_ENDPOINT_URL="+g.URL, "AWS_PAGER=")
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
