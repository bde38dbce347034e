package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEmptyGroup wants targets named where they are known, and taken out again by the
// very words that put them in.
func TestEmptyGroup(t *testing.T) {
	const unknown = "Id=IP-ADDRESS"
	idle := func(s *Snapshot, kind string, targets ...Target) {
		s.Idle = append(s.Idle, Group{ARN: newARN, Name: "new", Type: kind, Protocol: "HTTP", Port: 9090, VPC: "vpc-1", Targets: targets})
	}
	tests := []struct {
		name   string
		change func(*Snapshot)
		want   string
	}{
		{"the logs name them", func(*Snapshot) {}, "Id=10.0.10.11,Port=8080 Id=10.0.11.12,Port=8080"},
		{"the logs name others", func(s *Snapshot) {
			s.Logs.Traffic = []Traffic{{newARN, first, 10, 0.1, noon, 0}, {webARN, "10.9.0.7:8080", 10, 0.1, noon, 0}, {webARN, "", 10, -1, noon, 0}}
		}, unknown},
		{"a group in no rule", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "ip", Target{ID: "10.0.10.13", Port: 9090, Zone: "eu-central-1a"}, Target{ID: "192.168.0.7", Port: 9090, Zone: "all"})
		}, unknown},
		{"two groups in no rule", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "ip", Target{ID: "10.0.10.13", Port: 9090})
			idle(s, "ip", Target{ID: "10.0.10.14", Port: 9090})
		}, unknown},
		{"a group in no rule of another type", func(s *Snapshot) {
			s.Logs = nil
			idle(s, "instance", Target{ID: "i-1", Port: 9090})
		}, unknown},
		{"nothing known", func(s *Snapshot) { s.Logs = nil }, unknown},
		{"instances, which logs do not name", func(s *Snapshot) { s.web().Type = "instance" }, "Id=INSTANCE-ID"},
		{"function", func(s *Snapshot) { s.web().Type = "lambda" }, "Id=FUNCTION-ARN"},
		{"load balancer", func(s *Snapshot) { s.web().Type = "alb" }, "Id=BALANCER-ARN"},
		{"classic", func(s *Snapshot) { s.classic() }, "INSTANCE-ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			s.web().Targets = []Target{}
			r := Diagnose(copied(t, s))
			i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "target-group-empty" })
			if i < 0 {
				t.Fatalf("want target-group-empty:\n%s", said(r))
			}
			f := r.Findings[i]
			if len(f.Fix) != 1 || len(f.Undo) != 1 {
				t.Fatalf("fix %q, undo %q", f.Fix, f.Undo)
			}
			if !strings.HasSuffix(f.Fix[0], " "+tt.want) {
				t.Errorf("fix %s, want the end %s", f.Fix[0], tt.want)
			}
			back := strings.NewReplacer(" register-", " deregister-", "-with-", "-from-").Replace(f.Fix[0])
			if diff := cmp.Diff(back, f.Undo[0]); diff != "" {
				t.Errorf("undo (-want +got):\n%s", diff)
			}
			if len(f.Verify) != 1 { // whether they are there, or which there are
				t.Errorf("look closer: %q", f.Verify)
			}
		})
	}
}
