package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// TestHostOfChecks: a server that does not know the address that a health check has as Host
// turns it away as one does whose path is not there, or that is spoken to in the wrong way.
// No command lets such an answer count as health.
func TestHostOfChecks(t *testing.T) {
	for _, tt := range []struct {
		code int
		id   string
		host bool   // the Host may be why
		fix  string // "" for no command
	}{
		{204, "health-check-matcher", false, `{"HttpCode":"200,204"}`},
		{301, "health-check-redirect", true, `{"HttpCode":"200,301"}`},
		{400, "health-check-matcher", true, ""},
		{403, "health-check-unauthorized", true, "--health-check-path /PATH"},
		{404, "health-check-path-not-found", true, "--health-check-path /PATH"},
		{503, "health-check-server-error", false, ""},
	} {
		s := base()
		s.codes(tt.code)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		host := slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "as Host") })
		if fix := strings.Join(f.Fix, ""); f.ID != tt.id || host != tt.host || !strings.Contains(fix, tt.fix) || tt.fix == "" && fix != "" {
			t.Errorf("%d: want %s, the Host %v, fix %q:\n%s", tt.code, tt.id, tt.host, tt.fix, said(r))
		}
	}
}
