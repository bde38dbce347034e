//go:build moto

package diagnose

import (
	"flag"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What the scenarios must reach together.
const (
	leastFaults  = 40
	leastHealthy = 10
	leastRight   = 38 // of 40
)

// TestScenarios builds each scenario and asks for a diagnosis. A wrong answer is
// no failure by itself; too many are, and so is each failing finding of a healthy one.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("scenarios/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var faults, healthy int
	var wrong []string
	t.Run("all", func(t *testing.T) {
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".yaml")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, err := readScenario(file)
				if err != nil {
					t.Fatal(err)
				}
				b := s.build(t, name)
				g := newGate(t, b.account)
				g.answer = func(w http.ResponseWriter, action string, _ url.Values) bool {
					return slices.Contains(s.Denied, action) && denied(w, action)
				}
				a, status := b.ask(t, g, s.Arguments...)
				problems := s.problems(a, status)
				if s.Mends && len(problems) == 0 {
					for _, wrong := range b.mend(t, a, s.Arguments...) {
						t.Error(wrong)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				if s.Causes == nil {
					healthy++
				} else {
					faults++
				}
				if len(problems) == 0 {
					return
				}
				report := name + ": " + strings.Join(problems, "; ")
				for _, f := range a.Findings {
					report += "\n      " + f.Level + " " + f.ID + ": " + f.Sentence
				}
				for _, n := range a.NotChecked {
					report += "\n      not checked: " + n.What + ": " + n.Why
				}
				if s.Causes == nil {
					t.Error(report)
				} else {
					wrong = append(wrong, report)
				}
			})
		}
	})
	t.Logf("%d faults, %d of them wrong; %d healthy", faults, len(wrong), healthy)
	for _, report := range wrong {
		t.Log(report)
	}
	if !strings.Contains(flag.Lookup("test.run").Value.String(), "/") && (faults < leastFaults || healthy < leastHealthy) {
		t.Errorf("%d faults and %d healthy set-ups, want at least %d and %d", faults, healthy, leastFaults, leastHealthy)
	}
	if len(wrong)*leastFaults > faults*(leastFaults-leastRight) {
		t.Errorf("%d of %d faults are right, want %d of %d", faults-len(wrong), faults, leastRight, leastFaults)
	}
}
