package diagnose

import "fmt"

// steady is how far apart the ends of the middle half of some requests may be, in seconds, that
// have met a time limit: a limit is looked at once a second, or as it passes.
const steady = 1.2

// limit looks for a time limit that most of some failures have met: targets, or clients, ended
// them after a while, and always after the same.
func (f *facts) limit(found *Finding, share func(Failure) int64, n int64) bool {
	met, low, high := int64(0), 0.0, 0.0
	for _, row := range f.failures() {
		if share(row) == 0 || row.Slow == 0 || row.Low < 2 || row.High-row.Low > steady {
			continue
		}
		if met == 0 {
			low, high = row.Low, row.High
		}
		met, low, high = met+row.Slow, min(low, row.Low), max(high, row.High)
	}
	if met < fewRequests || 2*met < n || high-low > steady {
		return false
	}
	after := fmt.Sprintf("%.1f", low)
	if until := fmt.Sprintf("%.1f", high); until != after {
		after += " to " + until
	}
	found.because(FromLog, fmt.Sprintf("%d of them took a second or longer, and half of these, or more, ended after %s s, as at a time limit", met, after))
	return true
}
