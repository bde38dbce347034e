package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestShiftIsShown: the command that looks closer shows autoshifts as well, which a list of zonal shifts
// does not have.
func TestShiftIsShown(t *testing.T) {
	s := base()
	s.web().Targets[1].Override = shifted
	f := Diagnose(copied(t, s)).finding("zonal-shift-active")
	if f == nil || len(f.Verify) != 1 || !strings.HasSuffix(f.Verify[0], " get-managed-resource --region eu-central-1 --resource-identifier "+balancerARN) {
		t.Errorf("it is looked at by %+v", f)
	}
}

// TestShiftedToUnhealthy: targets in other zones that are unhealthy are none that can take over.
func TestShiftedToUnhealthy(t *testing.T) {
	for state, want := range map[string]string{
		"healthy":   "1 target in other zones is healthy",
		"unhealthy": "no target in another zone is healthy: 1 unhealthy",
		"draining":  "no target in another zone can be used",
	} {
		s := base()
		s.web().Targets[1].Override = shifted
		s.web().Targets[0].State = state
		s.failing("No_Usable_Target", "", 503, 60)
		f := Diagnose(copied(t, s)).finding("zonal-shift-active")
		if f == nil || !slices.Contains(f.Evidence, Evidence{FromHealth, want}) || (f.Explains > 0) != (state == "draining") {
			t.Errorf("%s: want %q: %+v", state, want, f)
		}
	}
}
