package diagnose

import (
	"slices"
	"testing"
)

// TestAsked: a target is found in the logs by whatever it was asked about, and is not
// accused of what another one does.
func TestAsked(t *testing.T) {
	for _, tt := range []struct {
		target string
		change func(*Snapshot)
		want   bool // the target whose connections fail
	}{
		{first, nil, true},
		{"10.0.10.11", nil, true},
		{"10.0.11.12", nil, false},
		{second, nil, false},
		{"i-1", (*Snapshot).instances, true},
		{"i-1:8080", (*Snapshot).instances, true},
		{"i-2", (*Snapshot).instances, false},
		{"10.0.10.11", func(s *Snapshot) { s.web().Targets = s.web().Targets[1:] }, true},
	} {
		s := base()
		if tt.change != nil {
			tt.change(s)
		}
		s.Target = tt.target
		s.failing("Target_Connect_Timeout", first, 504, 600, func(f *Failure) { f.Connect = 600 })
		r := Diagnose(copied(t, s))
		for _, id := range []string{"target-connect-timeout", "unexplained-failures"} {
			want := tt.want && id == "target-connect-timeout"
			if got := slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == id }); got != want {
				t.Errorf("--target %s: %s said is %v, want %v:\n%s", tt.target, id, got, want, said(r))
			}
		}
	}
}
