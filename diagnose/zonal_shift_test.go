package diagnose

import (
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
