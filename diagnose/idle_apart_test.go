package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRefusedLongBeforeRaces: targets that refused for a while, and otherwise close idle connections now and then, are told to have
// refused, and not to do so still: which of their failures were which, the metrics of the minutes say.
func TestRefusedLongBeforeRaces(t *testing.T) {
	const hours = 6
	for _, tt := range []struct {
		name      string
		down      func(m int) bool
		level     Level
		say, when string
	}{
		{"over", func(m int) bool { return m >= 100 && m < 140 }, Warn, " refused connections on the traffic port between 07:40 and 08:19 UTC, and have answered requests since.", "the first of these failures at 07:40, the last at 08:19 UTC"},
		{"still", func(m int) bool { return m >= 320 }, Fail, " refuse", "the first of these failures at 11:20, the last at 11:59 UTC"},
	} {
		s := base()
		s.From = s.Until.Add(-hours * time.Hour)
		refused, raced := int64(0), int64(0)
		var lines []string
		errors := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
		requests := Series{Name: "RequestCount", Group: webARN, Stat: "Sum", Period: 60}
		for m := range 60 * hours {
			at := s.minute(m)
			n := 0
			for k := range 60 {
				target := []string{first, second}[k%2]
				fails := tt.down(m) || k < 2 && (m+7*k)%17 == 0
				if lines = append(lines, accessLine(at.Add(time.Duration(k)*time.Second), target, fails)); fails && tt.down(m) {
					n++
				} else if fails {
					raced++
				}
			}
			refused += int64(n)
			requests.Points = append(requests.Points, Point{at, 60})
			if n > 0 {
				errors.Points = append(errors.Points, Point{at, float64(n)})
			}
		}
		s.Metrics = append(slices.DeleteFunc(s.Metrics, func(x Series) bool { return x.Name == requests.Name && x.Group == webARN }), errors, requests)
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		down, race := r.finding("target-port-refused"), r.finding("keep-alive-race")
		if down == nil || race == nil || down.Level != tt.level || down.Explains != refused || race.Explains != raced ||
			!strings.Contains(down.Sentence, tt.say) || strings.Contains(down.Sentence, "now and then") || !strings.Contains(said(r), tt.when) {
			t.Errorf("%s: want %d refused, %d races:\n%s", tt.name, refused, raced, said(r))
		}
	}
}

// TestFewRefusedBesideRaces: where few are refused up to the end, and metrics have no errors of the last minutes yet, they are
// not told to be over, as if what came then were idle connections: these do not come as often.
func TestFewRefusedBesideRaces(t *testing.T) {
	const hours = 6
	for lacking, level := range map[int]Level{0: Fail, 6: Fail, 12: Fail, 40: Warn} { // of the last minutes; in 40, few were refused
		s := base()
		s.From = s.Until.Add(-hours * time.Hour)
		var lines []string
		errors := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
		requests := Series{Name: "RequestCount", Group: webARN, Stat: "Sum", Period: 60}
		for m := range 60 * hours {
			at := s.minute(m)
			goes := m >= 240 && (lacking < 40 || m < 60*hours-lacking)
			for k := range 60 {
				target := []string{first, second}[k%2]
				refused := goes && target == first && k%30 == 0
				lines = append(lines, accessLine(at.Add(time.Duration(k)*time.Second), target, refused || k < 2 && (m+7*k)%17 == 0))
			}
			if requests.Points = append(requests.Points, Point{at, 60}); goes && m < 60*hours-lacking {
				errors.Points = append(errors.Points, Point{at, 2})
			}
		}
		s.Metrics = append(slices.DeleteFunc(s.Metrics, func(x Series) bool { return x.Name == requests.Name && x.Group == webARN }), errors, requests)
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		if f := r.finding("target-port-refused"); f == nil || f.Level != level {
			t.Errorf("%d minutes lacking: want %s:\n%s", lacking, level, said(r))
		}
	}
}
