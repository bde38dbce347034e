package diagnose

import (
	"fmt"
	"math"
)

// steady is how far apart the ends of the middle half of some requests may be, in seconds, that
// have met a time limit: a limit is looked at once a second, or as it passes.
const steady = 1.2

// limit says which time limit most of some failures have met, and reports whether they have.
func (f *facts) limit(found *Finding, share func(Failure) int64, n int64) bool {
	met := f.limitMet(share, n)
	if met != "" {
		found.because(FromLog, met)
	}
	return met != ""
}

// limitMet looks for a time limit that most of some failures have met: targets, or clients, ended
// them after a while, and always after the same. Few that ended at another time do not hide it.
// It says how many have; "" for none.
func (f *facts) limitMet(share func(Failure) int64, n int64) string {
	var slow []Failure
	var begins []float64
	all := int64(0)
	for _, row := range f.failures() {
		if share(row) == 0 || row.Slow == 0 {
			continue
		}
		if all += row.Slow; row.Low >= 2 && row.High-row.Low <= steady {
			slow, begins = append(slow, row), add(begins, math.Floor(10*row.Low)/10)
		}
	}
	met, least, low, high := int64(0), int64(0), 0.0, 0.0 // least are surely among those, as the middle half is
	for _, begin := range begins {
		many, half, from, until := int64(0), int64(0), math.Inf(1), 0.0
		for _, row := range slow {
			if row.Low > begin-0.05 && row.High < begin+0.1+steady { // begins are rounded
				many, half, from, until = many+row.Slow, half+(row.Slow+1)/2, min(from, row.Low), max(until, row.High)
			}
		}
		if many > met {
			met, least, low, high = many, half, from, until
		}
	}
	if met < fewRequests || 2*met < n {
		return ""
	}
	after := fmt.Sprintf("%.1f", low)
	if until := fmt.Sprintf("%.1f", high); until != after {
		after += " to " + until
	}
	return fmt.Sprintf("%d of them took a second or longer, and at least %d of these ended after %s s, as at a time limit", all, least, after)
}
