package diagnose

import (
	"slices"
	"testing"
	"time"
)

// TestTargetOptimizer: what is no rejection is not called one, and what is not known is
// not called a missing channel.
func TestTargetOptimizer(t *testing.T) {
	rejected := func(s *Snapshot) {
		s.metric(rejectedCount, "", "Sum", 600)
		s.failing("No_Usable_Target", "", 503, 900)
	}
	for _, tt := range []struct {
		name     string
		change   func(*Snapshot)
		explains int64 // by target-optimizer-rejects; -1 if it is not to be given
		sure     Confidence
		missing  bool // target-control-channel-missing is given
		behind   bool // what rejects stands behind another finding
	}{
		{"no more are explained than are counted", func(s *Snapshot) { s.optimized(2); rejected(s) }, 600, High, false, false},
		{"what came an hour before is not counted", func(s *Snapshot) {
			s.optimized(2)
			s.late(rejectedCount, "", 50, 60)
			s.failing("No_Usable_Target", "", 503, 900, func(f *Failure) { f.Last = s.minute(20) })
			for i := range s.Logs.Minutes {
				if delete(s.Logs.Minutes[i].Reasons, "No_Usable_Target"); i < 10 {
					s.Logs.Minutes[i].Reasons["No_Usable_Target"] = 90
				}
			}
		}, 0, Medium, false, false},
		{"what another group lacked an hour before takes nothing off", func(s *Snapshot) {
			s.optimized(2)
			s.late(rejectedCount, "", 50, 60)
			s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.First = s.minute(50) })
			for i := range 10 {
				s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: newARN, Reasons: map[string]int64{"No_Usable_Target": 60}})
			}
			for i := range 50 {
				delete(s.Logs.Minutes[i].Reasons, "No_Usable_Target")
			}
		}, 600, High, false, false},
		{"a metric without points counts nothing", func(s *Snapshot) {
			s.optimized(2)
			s.failing("No_Usable_Target", "", 503, 900)
		}, -1, "", false, false},
		{"without metrics it may be that", func(s *Snapshot) {
			s.optimized(2)
			s.failing("No_Usable_Target", "", 503, 900)
			s.Metrics = nil
		}, 900, Low, false, false},
		{"without target optimizer the metric is another group's", rejected, -1, "", false, false},
		{"all channels are missing", func(s *Snapshot) { s.optimized(0); rejected(s) }, 600, High, true, true},
		{"one channel of two is missing, which explains not all", func(s *Snapshot) { s.optimized(1); rejected(s) }, 600, High, true, false},
		{"an unhealthy target needs no channel", func(s *Snapshot) {
			s.optimized(1)
			s.web().Targets[0].State = "unhealthy"
		}, -1, "", false, false},
		{"nobody asks anything now", func(s *Snapshot) {
			s.optimized(0)
			s.Taken = s.Until.Add(time.Hour)
		}, -1, "", false, false},
		{"a sum of several minutes is no number of channels", func(s *Snapshot) {
			s.optimized(0)
			for i := range s.Metrics {
				s.Metrics[i].Period = 300
			}
		}, -1, "", false, false},
		{"the security group of one target of two", func(s *Snapshot) {
			s.optimized(1)
			rejected(s)
			other := *s.group("sg-app")
			other.ID, other.Ingress = "sg-new", other.Ingress[:1]
			s.Network.SecurityGroups = append(s.Network.SecurityGroups, other)
			s.Network.Interfaces[1].SecurityGroups = []string{"sg-new"}
		}, 600, High, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			rejects, channel := r.finding("target-optimizer-rejects"), r.finding("target-control-channel-missing")
			switch {
			case (channel != nil) != tt.missing, (rejects != nil) != (tt.explains >= 0):
				t.Errorf("want rejections: %v, a missing channel: %v:\n%s", tt.explains >= 0, tt.missing, said(r))
			case rejects != nil && (rejects.Explains != tt.explains || rejects.Confidence != tt.sure || (len(rejects.BecauseOf) > 0) != tt.behind):
				t.Errorf("want %d explained, confidence %s, behind another: %v; got %d, %s, %v:\n%s", tt.explains, tt.sure, tt.behind, rejects.Explains, rejects.Confidence, rejects.BecauseOf, said(r))
			}
		})
	}
}

// TestControlPortIsNotTheTraffics: what keeps control channels from targets is not taken
// for why their connections, or health checks, fail.
func TestControlPortIsNotTheTraffics(t *testing.T) {
	s := base()
	s.optimized(0)
	s.group("sg-app").Ingress = s.group("sg-app").Ingress[:1]
	s.all("unhealthy", "Target.Timeout", "Request timed out")
	s.metric("TargetConnectionErrorCount", webARN, "Sum", 60)
	s.failing("Target_Connect_Timeout", first, 504, 300)
	r := Diagnose(copied(t, s))
	if r.finding("target-sg-blocks-control-port") == nil {
		t.Fatalf("the control port is shut:\n%s", said(r))
	}
	for _, f := range r.Findings {
		if slices.Contains(f.BecauseOf, "target-sg-blocks-control-port") {
			t.Errorf("%s is put down to the control port:\n%s", f.ID, said(r))
		}
	}
}
