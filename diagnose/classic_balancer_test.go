package diagnose

import "testing"

// TestSpillover: a queue that overflowed explains as many 503s as were counted, however
// many rows of the logs they stand in.
func TestSpillover(t *testing.T) {
	for _, tt := range []struct{ spilled, want int64 }{{60, 60}, {600, 200}} {
		s := base()
		s.classic()
		s.metric("SpilloverCount", "", "Sum", float64(tt.spilled))
		for _, node := range []string{"10.0.0.5", "10.0.1.5"} {
			s.failing("No_Usable_Target", "", 503, 100, func(f *Failure) { f.Group, f.Node = "", node })
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("surge-queue-spillover"); f == nil || f.Explains != tt.want || r.Observed.Explained != tt.want {
			t.Errorf("%d requests spilled over, and want %d explained, got %d:\n%s", tt.spilled, tt.want, r.Observed.Explained, said(r))
		}
	}
}
