package diagnose

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestRefusesSome: of a target that answers most requests of the same minutes in which it refuses others, from its first on,
// it is not said that nothing listens there; it is of one that has answered for long, and refuses all since.
func TestRefusesSome(t *testing.T) {
	for _, tt := range []struct {
		name    string
		refuses func(r *rand.Rand, minute int) bool
		some    bool
	}{
		{"a third from the first on", func(r *rand.Rand, _ int) bool { return r.IntN(3) == 0 }, true},
		{"all since ten minutes", func(_ *rand.Rand, minute int) bool { return minute >= 50 }, false},
		{"all from the first on", func(*rand.Rand, int) bool { return true }, false},
	} {
		r := rand.New(rand.NewPCG(3, 9))
		s := base()
		var lines []string
		refused := 0
		for i := range 60 {
			for k := range 10 {
				at := s.minute(i).Add(time.Duration(6*k) * time.Second)
				lines = append(lines, accessLine(at, second, false))
				if i < 20 { // it comes then
					continue
				}
				bad := tt.refuses(r, i) || i == 20 && k == 0 && tt.some || i == 59 && k == 9
				if bad {
					refused++
				}
				lines = append(lines, accessLine(at.Add(time.Second), first, bad))
			}
		}
		s.Logs = logged(t, s, lines)
		s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(refused))
		report := Diagnose(copied(t, s))
		f := report.finding("target-port-refused")
		if f == nil || strings.Contains(f.Sentence, "now and then, and answers in between") != tt.some || strings.Contains(f.Sentence, "nothing listens there") == tt.some {
			t.Errorf("%s: %s", tt.name, said(report))
		}
	}
}
