package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestCommandsNameTheProfile: a command that is copied acts on the account that was asked,
// and on no other, whatever the fault.
func TestCommandsNameTheProfile(t *testing.T) {
	seen := 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		without := Diagnose(copied(t, s))
		s.Profile = "prod eu"
		for i, f := range Diagnose(copied(t, s)).Findings {
			bare := without.Findings[i]
			commands := slices.Concat(f.Fix, f.Undo, f.Verify)
			for n, of := range slices.Concat(bare.Fix, bare.Undo, bare.Verify) {
				ours := strings.HasPrefix(of, "aws ") || strings.HasPrefix(of, "loglens ")
				if want := of + " --profile 'prod eu'"; ours && commands[n] != want || !ours && commands[n] != of {
					t.Errorf("%s, %s: %s", tt, f.ID, commands[n])
				}
				if ours {
					seen++
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("%d commands", seen)
	}
}
