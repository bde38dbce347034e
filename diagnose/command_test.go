package diagnose

import (
	"slices"
	"strings"
	"testing"

	"loglens/report"
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

// TestCommandsOfARole: no option of AWS's commands assumes a role, so wherever there is one
// of them, the answer says whose credentials it needs, and no profile is in their place; and
// those of loglens have options.
func TestCommandsOfARole(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/on-call"
	said, silent := 0, 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		s.Role, s.Profile = role, "prod"
		r := Diagnose(copied(t, s))
		aws := false
		for _, f := range r.Findings {
			for _, c := range slices.Concat(f.Fix, f.Undo, f.Verify) {
				aws = aws || strings.HasPrefix(c, "aws ")
				// boto/botocore#486: --profile goes before credentials of the environment.
				if strings.HasPrefix(c, "aws ") && strings.Contains(c, "--profile") || strings.HasPrefix(c, "loglens ") && !strings.HasSuffix(c, " --profile prod --role-arn "+role) {
					t.Errorf("%s, %s: %s", tt, f.ID, c)
				}
			}
		}
		for name, want := range map[string]string{"table": "credentials of " + role, "markdown": "credentials of ", "json": `"role": "` + role + `"`} {
			e, _ := Encoders.Find(name)
			var out strings.Builder
			if err := e.Encode(&out, r, report.Style{}); err != nil {
				t.Fatal(err)
			}
			if says := strings.Contains(out.String(), want); says != (aws || name == "json") {
				t.Errorf("%s: %s says %v, and there are commands of AWS's: %v", tt, name, says, aws)
			}
		}
		if aws {
			said++
		} else {
			silent++
		}
	}
	if said < 50 || silent == 0 {
		t.Errorf("commands in %d, none in %d", said, silent)
	}
}
