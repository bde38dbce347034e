package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// burstsSaid is what a report says of when failures came, if in bursts.
func burstsSaid(r *Report) string {
	for _, e := range r.Findings[0].Evidence {
		if strings.HasPrefix(e.Text, "these failures came in ") {
			return e.Text
		}
	}
	return ""
}

// TestBursts draws failures that come in bursts, and as many that come at any time: the bursts are told with when each
// began, the others are not.
func TestBursts(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		s := base()
		s.From = noon.Add(-3 * time.Hour)
		var lines []string
		for i := range 180 * 20 {
			lines = append(lines, accessLine(s.From.Add(time.Duration(i)*3*time.Second), []string{first, second}[i%2], false))
		}
		fails := func(at time.Time) {
			lines = append(lines, strings.Replace(endedLine(at, first, time.Minute, 0), " 60.000 -1 502 - ", " -1 -1 504 - ", 1))
		}
		inBursts, n := seed%2 == 0, 2+r.IntN(7)
		var begins []string
		for i := range n {
			at := s.From.Add(time.Duration(i*(180/n)+1+r.IntN(5)) * time.Minute)
			long := 10 + r.IntN(80) // seconds
			for k := range 6 + r.IntN(9) {
				switch took := k * long / 14; {
				case inBursts:
					fails(at.Add(time.Duration(took) * time.Second))
				default:
					fails(s.From.Add(time.Duration(r.IntN(180*60)) * time.Second))
				}
			}
			begins = append(begins, at.Format("15:04"))
		}
		slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[5:32], b[5:32]) })
		s.Logs = logged(t, s, lines)
		report := Diagnose(copied(t, s))
		got := burstsSaid(report)
		begin, want := fmt.Sprintf("these failures came in %d bursts of up to ", n), ": at "+strings.Join(begins, ", ")+" UTC"
		if inBursts && (!strings.HasPrefix(got, begin) || !strings.Contains(got, want)) || !inBursts && got != "" {
			t.Errorf("seed %d, in bursts is %t, %s: %q\n%s", seed, inBursts, want, got, said(report))
		}
	}
}

// TestBurstsAmongFew: a few that fail by themselves, between bursts, are no bursts, and do not hide these.
func TestBurstsAmongFew(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 6))
		s := base()
		s.From = noon.Add(-8 * time.Hour)
		var lines []string
		for i := range 480 {
			for range 10 {
				lines = append(lines, accessLine(s.minute(i).Add(time.Duration(r.IntN(60))*time.Second), []string{first, second}[r.IntN(2)], false))
			}
			n := 0
			switch {
			case i%120 == 60:
				n = 50
			case i%30 == 11: // no nearer to these than eleven minutes
				n = 1
			}
			for range n {
				at := s.minute(i).Add(time.Duration(r.IntN(60)) * time.Second)
				lines = append(lines, strings.Replace(endedLine(at, first, time.Minute, 0), " 60.000 -1 502 - ", " -1 -1 504 - ", 1))
			}
		}
		slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[5:32], b[5:32]) })
		s.Logs = logged(t, s, lines)
		r2 := Diagnose(copied(t, s))
		want := "nearly all of these failures came in 4 bursts of up to 1 minute, 120 minutes apart: at 05:00, 07:00, 09:00, 11:00 UTC"
		if text := said(r2); !strings.Contains(text, want) {
			t.Errorf("seed %d: want %q:\n%s", seed, want, text)
		}
	}
}

// TestWhatBursts: how long bursts took, and how far they are apart, is told where it is regular, and of many over days the
// first and the last; bursts that are no shorter than the rests between them are none, nor those that minutes do not tell
// from what failed elsewhere.
func TestWhatBursts(t *testing.T) {
	for _, tt := range []struct {
		name        string
		hours       int
		fails       func(minute int) bool
		n           int64 // in each of these minutes
		elsewhere   int64 // for the same reason, in each minute, that the finding is not about
		want        string
		wantNothing bool
	}{
		{"each half an hour", 2, func(m int) bool { return m%30 == 10 }, 9, 0, "4 bursts of up to 1 minute, 30 minutes apart: at 10:10, 10:40, 11:10, 11:40 UTC", false},
		{"for two minutes", 2, func(m int) bool { return m == 10 || m == 11 || m == 22 || m == 33 }, 9, 0, "3 bursts of up to 2 minutes, 11 to 12 minutes apart: at 10:10, 10:22, 10:33 UTC", false},
		{"not regular", 2, func(m int) bool { return m == 10 || m == 22 || m == 90 }, 9, 0, "3 bursts of up to 1 minute: at 10:10, 10:22, 11:30 UTC", false},
		{"two", 2, func(m int) bool { return m == 10 || m == 90 }, 9, 0, "2 bursts of up to 1 minute: at 10:10, 11:30 UTC", false},
		{"of days", 48, func(m int) bool { return m%180 == 0 }, 9, 0, "16 bursts of up to 1 minute, 180 minutes apart: at 2026-11-20 12:00, 2026-11-20 15:00, 2026-11-20 18:00 and 13 more, the last at 2026-11-22 09:00 UTC", false},
		{"one", 2, func(m int) bool { return m >= 10 && m < 15 }, 9, 0, "", true},
		{"as long as the rests", 2, func(m int) bool { return m/10%2 == 1 }, 9, 0, "", true},
		{"now and then", 2, func(m int) bool { return m%10 == 0 }, 1, 0, "", true},
		{"all the time elsewhere", 2, func(m int) bool { return m%30 == 10 }, 9, 3, "", true},
	} {
		s := base()
		s.From, s.Logs.Minutes = noon.Add(-time.Duration(tt.hours)*time.Hour), nil
		sum, last := int64(0), time.Time{}
		for i := range tt.hours * 60 {
			m := Minute{Minute: s.minute(i), Group: webARN, Requests: 100, Reasons: map[string]int64{"Target_Response_Timeout": tt.elsewhere}}
			if tt.fails(i) {
				m.Reasons["Target_Response_Timeout"] += tt.n
				sum, last = sum+tt.n, m.Minute
			}
			s.Logs.Minutes = append(s.Logs.Minutes, m)
		}
		s.failing("Target_Response_Timeout", first, 504, 1, func(f *Failure) { f.Count, f.Idle, f.First, f.Last = sum, sum, s.From, last })
		got := burstsSaid(Diagnose(copied(t, s)))
		if got, _, _ = strings.Cut(strings.TrimPrefix(got, "these failures came in "), ";"); got != tt.want || (got == "") != tt.wantNothing {
			t.Errorf("%s: want %q, got %q", tt.name, tt.want, got)
		}
	}
}
