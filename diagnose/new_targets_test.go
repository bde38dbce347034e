package diagnose

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// hung is a request that the target did not answer within the balancer's idle timeout.
func hung(at time.Time, target string) string {
	line := accessLine(at.Add(time.Minute), target, false)
	line = strings.Replace(line, " 0.000 0.001 0.000 200 200 ", " 0.001 -1 -1 504 - ", 1)
	const form = "2006-01-02T15:04:05.000000Z"
	return strings.NewReplacer(" 0 "+at.Add(time.Minute).Format(form), " 0 "+at.Format(form), fmt.Sprintf("%q %q", target, "200"), fmt.Sprintf("%q %q", target, "-")).Replace(line)
}

// register lets web have so many healthy targets, 10.0.10.1 and on, and no others.
func (s *Snapshot) register(n int) {
	s.web().Targets = nil
	for k := range n {
		s.web().Targets = append(s.web().Targets, Target{ID: fmt.Sprintf("10.0.10.%d", k+1), Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
	}
}

// TestNewTargets: targets that fail for a while after their first request, each as it comes, are told to get requests before
// they can serve; not those that fail at other times as well, nor all at once.
func TestNewTargets(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fails func(minute, began int) bool // half of the requests of a target that came in some minute
		line  func(at time.Time, target string) string
		id    string
		say   string // "" if it is not told as of new ones
		lives int    // for how many minutes targets get requests; 0 for ever
	}{
		{"refuse", func(m, began int) bool { return began > 0 && m < began+2 }, func(at time.Time, target string) string { return accessLine(at, target, true) }, "target-port-refused", "New targets of web refuse connections, 7 of them, within 2 minutes of their first request, and not after", 0},
		{"answer 5xx", func(m, began int) bool { return began > 0 && m < began+1 }, func(at time.Time, target string) string { return endedLine(at, target, 200*time.Millisecond, 500) }, "target-answers-5xx", "New targets of web answer 5xx, 7 of them, within 1 minute of their first request, and not after", 0},
		{"answer 5xx, and once others do", func(m, began int) bool { return began > 0 && m < began+1 || m == 220 && began == 0 }, func(at time.Time, target string) string { return endedLine(at, target, 200*time.Millisecond, 500) }, "target-answers-5xx", "New targets of web answer 5xx, 7 of them, within 1 minute of their first request, and seldom at other times", 0},
		{"hang", func(m, began int) bool { return began > 0 && m < began+1 }, hung, "idle-timeout-reached", "New targets of web take longer to answer than the balancer waits, 7 of them, within 2 minutes of their first request, and not after", 0},
		{"refuse again and again", func(m, began int) bool { return (m-began)%20 == 0 }, func(at time.Time, target string) string { return accessLine(at, target, true) }, "target-port-refused", "", 0},
		{"all refuse at one time", func(m, _ int) bool { return m == 150 }, func(at time.Time, target string) string { return accessLine(at, target, true) }, "target-port-refused", "", 0},
		{"refuse for long", func(m, began int) bool { return began > 0 && m < began+9 }, func(at time.Time, target string) string { return accessLine(at, target, true) }, "target-port-refused", "", 0},
		{"answer 5xx until they are replaced", func(_, began int) bool { return began > 0 }, func(at time.Time, target string) string { return endedLine(at, target, 200*time.Millisecond, 500) }, "target-answers-5xx", "", 3},
		{"hang until they are replaced", func(_, began int) bool { return began > 0 }, hung, "idle-timeout-reached", "", 3},
	} {
		s := base()
		s.From = s.Until.Add(-4 * time.Hour)
		random := rand.New(rand.NewPCG(1, 1))
		s.register(10)
		var lines []string
		refused := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
		for m := range 240 {
			n := 0
			for range 200 {
				at := s.minute(m).Add(time.Duration(random.IntN(60)) * time.Second)
				k := random.IntN(min(10, 3+m/30)) // one more each half hour
				target, began := fmt.Sprintf("10.0.10.%d:8080", k+1), max(0, (k-2)*30)
				if tt.lives > 0 && began > 0 && m >= began+tt.lives {
					continue
				}
				if tt.fails(m, began) && random.IntN(2) == 0 {
					lines = append(lines, tt.line(at, target))
					n++
				} else {
					lines = append(lines, accessLine(at, target, false))
				}
			}
			if n > 0 && tt.id == "target-port-refused" {
				refused.Points = append(refused.Points, Point{s.minute(m), float64(n)})
			}
		}
		s.Metrics = append(s.Metrics, refused)
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if f != nil && tt.say != "" && len(f.Fix) > 0 {
			t.Errorf("%s: %v", tt.name, f.Fix)
		}
		if told := f != nil && strings.HasPrefix(f.Sentence, "New targets "); f == nil || told != (tt.say != "") || !strings.HasPrefix(f.Sentence, tt.say) || told && (f.Level == Note || !strings.Contains(f.Do, "has to pass one check")) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.say, said(r))
		}
	}
}

// TestNewTargetsThatGo: targets that fail from their first request until they are replaced, minutes later, are not told to serve
// after that: nothing says that they would.
func TestNewTargetsThatGo(t *testing.T) {
	const every = 20 // minutes until another comes
	for lives, told := range map[int]bool{2: false, 3: false, 4: false, 6: false, 15: false, every: true} {
		s := base()
		s.From = s.Until.Add(-4 * time.Hour)
		random := rand.New(rand.NewPCG(1, 1))
		s.register(2)
		var lines []string
		for m := range 240 {
			for range 200 {
				at := s.minute(m).Add(time.Duration(random.IntN(60)) * time.Second)
				k, age := random.IntN(3), m%every
				if k == 2 && (m < every || age >= lives) {
					k = 0
				}
				target := fmt.Sprintf("10.0.10.%d:8080", k+1)
				if k == 2 {
					target = fmt.Sprintf("10.0.10.%d:8080", 10+m/every)
				}
				if k == 2 && (!told || age < 2) && random.IntN(2) == 0 {
					lines = append(lines, endedLine(at, target, 200*time.Millisecond, 500))
				} else {
					lines = append(lines, accessLine(at, target, false))
				}
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("target-answers-5xx")
		if f == nil || strings.HasPrefix(f.Sentence, "New targets ") != told {
			t.Errorf("targets that live %d minutes: told as new ones is to be %t:\n%s", lives, told, said(r))
		}
	}
}
