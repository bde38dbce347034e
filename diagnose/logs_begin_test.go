package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLogsBegin: logs that have nothing of what was before a time, and all since, are told to begin there, with what metrics
// count before; and failures that come from then on are not said to have begun then. Logs with holes, and a window without
// traffic at its beginning, are not told so.
func TestLogsBegin(t *testing.T) {
	for _, tt := range []struct {
		name     string
		has      func(minute int) bool // the logs
		traffic  func(minute int) bool // the metric
		begin    bool
		complete bool
	}{
		{"from minute 20 on", func(i int) bool { return i >= 20 }, func(int) bool { return true }, true, false},
		{"with holes", func(i int) bool { return i%2 == 0 }, func(int) bool { return true }, false, false},
		{"from minute 10 on, with holes", func(i int) bool { return i >= 10 && i%2 == 0 }, func(int) bool { return true }, false, false},
		{"no traffic before", func(i int) bool { return i >= 20 }, func(i int) bool { return i >= 20 }, false, true},
		{"from minute 2 on", func(i int) bool { return i >= 2 }, func(int) bool { return true }, false, true},
	} {
		s := base()
		s.Logs.Minutes = slices.DeleteFunc(s.Logs.Minutes, func(m Minute) bool { return !tt.has(int(m.Minute.Sub(s.From).Minutes())) })
		at := slices.IndexFunc(s.Metrics, func(m Series) bool { return m.Name == "RequestCount" && m.Group == "" })
		s.Metrics[at].Points = slices.DeleteFunc(s.Metrics[at].Points, func(p Point) bool { return !tt.traffic(int(p.Time.Sub(s.From).Minutes())) })
		s.failing("Target_Connection_Error", second, 502, 600, func(f *Failure) { f.First = s.Logs.Minutes[0].Minute })
		s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
		s.metric("HTTPCode_Target_5XX_Count", "", "Sum", 120)
		r := Diagnose(copied(t, s))
		text := said(r)
		f := r.finding("logs-incomplete")
		if (f == nil) != tt.complete || f != nil && strings.Contains(f.Sentence, "The logs begin at 11:20 UTC, and 2000 requests came before") != tt.begin {
			t.Errorf("%s: want it complete: %t, and to begin later: %t:\n%s", tt.name, tt.complete, tt.begin, text)
		}
		late := f != nil && !tt.has(0) // which is true of logs with holes as well
		if want := ", the first at 11:00 UTC, before the logs begin"; strings.Contains(text, want) != late {
			t.Errorf("%s: want %q: %t:\n%s", tt.name, want, late, text)
		}
		for _, want := range []string{"HTTPCode_Target_5XX_Count before: 40, the first at 11:00 UTC, of which no line is there", "the first of these failures at 11:20, where the logs begin, the last"} {
			if strings.Contains(text, want) != tt.begin {
				t.Errorf("%s: want %q: %t:\n%s", tt.name, want, tt.begin, text)
			}
		}
	}
}

// TestLogsBeginWithinHour: of metrics by the hour, what came before in the hour in which the logs begin is not known.
func TestLogsBeginWithinHour(t *testing.T) {
	s := base()
	s.From = s.Until.Add(-8 * time.Hour)
	for i := range s.Metrics {
		m := &s.Metrics[i]
		m.Period, m.Points = 3600, nil
		for h := 0; h < 8 && m.Name == "RequestCount"; h++ {
			m.Points = append(m.Points, Point{s.From.Add(time.Duration(h) * time.Hour), 6000})
		}
	}
	s.Metrics = append(s.Metrics, Series{Name: "HTTPCode_Target_5XX_Count", Stat: "Sum", Period: 3600, Points: []Point{{s.From.Add(3 * time.Hour), 30}}})
	s.Logs.Minutes = slices.DeleteFunc(s.Logs.Minutes, func(m Minute) bool { return m.Minute.Before(s.Until.Add(-40 * time.Minute)) })
	r := Diagnose(copied(t, s))
	text := said(r)
	for _, want := range []string{"The logs begin at 11:20 UTC, and at least 42000 requests came before", `"RequestCount before 11:00: 42000"`,
		"HTTPCode_Target_5XX_Count before: 30, the first between 07:00 and 08:00 UTC, of which no line is there"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q:\n%s", want, text)
		}
	}
}

// TestClockOfMonth: times of a window from one day to that of the next month have their date.
func TestClockOfMonth(t *testing.T) {
	s := &Snapshot{From: noon, Until: noon.AddDate(0, 1, 0)}
	if got := s.clock(noon); got != noon.Format("2006-01-02 15:04") {
		t.Errorf("got %s", got)
	}
}
