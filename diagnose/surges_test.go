package diagnose

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// TestTrafficSurge: requests that become far more, and fail as their targets cannot serve so many, are told, with whose they
// are; not those of a day that has more of them, nor those of clients that all try again what something else makes fail.
func TestTrafficSurge(t *testing.T) {
	const minutes, usual = 180, 60
	caller := func(n int) map[string]int { return map[string]int{"10.9.9.9": n} }
	from := func(begin, n int) func(int) map[string]int {
		return func(m int) map[string]int {
			if m < begin {
				return nil
			}
			return caller(n)
		}
	}
	none := func(int) map[string]int { return nil }
	steady := func(int) int { return usual }
	for _, tt := range []struct {
		name  string
		sent  func(m int) int            // requests of all clients in a minute
		extra func(m int) map[string]int // by address
		fails func(m, k int) bool        // the k-th request of a minute
		again int                        // how often clients try again what failed
		level Level                      // "" for no finding
		first bool                       // it is the first one
		says  []string
	}{
		{"of one caller", steady, from(120, 500), func(m, k int) bool { return k > 200 && k%2 == 0 }, 0, Fail, true,
			[]string{"web gets 9.3 times as many requests as before since 11:00 UTC, and many fail: more than its targets can serve. Most of what came in addition is of 10.9.9.9.", "60 requests a minute before, 560 in 30 such minutes", "100 % of the additional requests came from 10.9.9.9 (0 requests a minute before, 500 then)", `were sent by \"sync/1\" (`, "were for /sync"}},
		{"of one caller, that came before", steady, func(m int) map[string]int { return caller(map[bool]int{false: 4, true: 300}[m >= 120]) }, func(m, k int) bool { return k > 200 && k%2 == 0 }, 0, Fail, true,
			[]string{"web gets 5.6 times as many", "10.9.9.9 (4 requests a minute before, 300 then)"}},
		{"of all clients", func(m int) int { return map[bool]int{false: usual, true: 5 * usual}[m >= 100] }, none, func(_, k int) bool { return k > 200 && k%3 == 0 }, 0, Fail, true,
			[]string{"web gets 5 times as many requests as before since 10:40 UTC", "of many paths, programs and addresses"}},
		{"that grows before it is too much", func(m int) int { return usual + 20*max(0, m-100) }, none, func(_, k int) bool { return k > 300 && k%3 == 0 }, 0, Fail, true,
			[]string{"since 10:42 UTC, and many fail since 10:53"}},
		{"that is over", steady, func(m int) map[string]int { return caller(map[bool]int{true: 500}[m >= 60 && m < 90]) }, func(_, k int) bool { return k > 200 && k%2 == 0 }, 0, Warn, true,
			[]string{"web got 9.3 times as many requests as before between 10:00 and 10:29 UTC, and many failed: more than its targets can serve."}},
		{"each half an hour", steady, func(m int) map[string]int { return caller(map[bool]int{true: 500}[m >= 30 && m%30 < 3]) }, func(_, k int) bool { return k > 200 && k%2 == 0 }, 0, Warn, true,
			[]string{"web got 9.3 times as many requests as before at times, and many failed then: at 09:30, 10:00, 10:30 and 2 more UTC", "came from 10.9.9.9 ("}},
		{"of clients that try again", steady, none, func(m, _ int) bool { return m >= 120 }, 3, "", false, nil},
		{"of clients that try again until they are answered", steady, none, func(m, k int) bool { return m >= 120 && k%3 > 0 }, 9, Warn, false,
			[]string{"; its targets answer no more than before, so that it may be clients that try again."}},
		{"of one client that tries again", steady, func(m int) map[string]int { return caller(map[bool]int{false: 4, true: 300}[m >= 120]) }, func(m, _ int) bool { return m >= 120 }, 0, Warn, false,
			[]string{"most of what came in addition is of 10.9.9.9, and its targets answer fewer than before", "look at what keeps the targets from answering first", "came from 10.9.9.9 (4 requests a minute before, 300 then)"}},
		{"of one client that tries again, while targets hang", steady, func(m int) map[string]int { return caller(map[bool]int{false: 4, true: 300}[m >= 120]) }, func(m, k int) bool { return m >= 120 && k%30 > 0 }, 0, Fail, true,
			[]string{"most of what came in addition is of 10.9.9.9, and its targets answer fewer than before", "stop 10.9.9.9 for some minutes", "came from 10.9.9.9 (4 requests a minute before, 300 then)"}},
		{"of one caller whose requests fail by themselves", func(int) int { return 5 }, from(120, 100), func(m, k int) bool { return m >= 120 && k < 100 && k%20 == 0 }, 0, Warn, false,
			[]string{"web gets 21 times as many requests as before since 11:00 UTC, and many fail: nearly all that do are of 10.9.9.9, as most of what came in addition is."}},
		{"of one caller whose requests fail as others do", steady, from(120, 100), func(m, k int) bool { return m >= 120 && k%20 == 0 }, 0, Fail, true,
			[]string{"more than its targets can serve"}},
		{"of a morning", func(m int) int { return usual + 2*m }, none, func(m, k int) bool { return m >= 60 && k%10 == 0 }, 0, "", false, nil},
		{"without failures", steady, from(120, 500), func(_, _ int) bool { return false }, 0, "", false, nil},
		{"that came before the logs", steady, from(0, 500), func(_, k int) bool { return k > 200 && k%2 == 0 }, 0, "", false, nil},
		{"of a morning, with failures as always", func(m int) int { return map[bool]int{false: 20, true: 400}[m >= 120] }, none, func(m, k int) bool { return (k+17*m)%71 == 0 }, 0, "", false, nil},
		{"beside failures as always", steady, from(120, 500), func(_, k int) bool { return k%50 == 0 }, 0, "", false, nil},
	} {
		s := base()
		s.From = s.Until.Add(-minutes * time.Minute)
		random := rand.New(rand.NewPCG(3, 7))
		var lines []string
		send := func(at time.Time, client, program, path string, fails bool) {
			line := accessLine(at, first, false)
			switch {
			case fails && strings.Contains(tt.name, "hang"):
				line = strings.Replace(line, " 0.000 0.001 0.000 200 200 ", " 0.001 -1 -1 460 - ", 1)
			case fails:
				line = endedLine(at, first, 200*time.Millisecond, 503)
			}
			lines = append(lines, strings.NewReplacer("198.51.100.7:", client+":", `"UA"`, `"`+program+`"`, ":80/ HTTP", ":80"+path+" HTTP").Replace(line))
		}
		for m := range minutes {
			k, at := 0, s.minute(m)
			for client, n := range tt.extra(m) {
				for range n {
					send(at, client, "sync/1", "/sync", tt.fails(m, k))
					k++
				}
			}
			for range tt.sent(m) {
				client, program, path := fmt.Sprintf("192.0.2.%d", random.IntN(200)), fmt.Sprintf("Browser/%d", random.IntN(40)), fmt.Sprintf("/%c", 'a'+random.IntN(26))
				for again := 0; ; again++ {
					fails := tt.fails(m, k)
					send(at, client, program, path, fails)
					if k++; !fails || again == tt.again {
						break
					}
				}
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.found(t, tt.name, "traffic-surge", tt.level, s.Logs.Surges)
		if f == nil {
			continue
		}
		text := said(&Report{Findings: []*Finding{f}})
		if f.Level != tt.level || (r.Findings[0] == f) != tt.first {
			t.Errorf("%s: level %s, the first one is %s:\n%s", tt.name, f.Level, r.Findings[0].ID, said(r))
		}
		for _, want := range tt.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %q:\n%s", tt.name, want, text)
			}
		}
	}
}

// TestSurgeOnce: of a surge in what can be read one time only it is said that it is not known whose it was.
func TestSurgeOnce(t *testing.T) {
	s := base()
	var lines []string
	for m := range 60 {
		for k := range map[bool]int{false: 20, true: 200}[m >= 40] {
			if k > 100 && k%2 == 0 {
				lines = append(lines, endedLine(s.minute(m), first, 200*time.Millisecond, 503))
			} else {
				lines = append(lines, accessLine(s.minute(m), first, false))
			}
		}
	}
	s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
	r := Diagnose(copied(t, s))
	f := r.finding("traffic-surge")
	if f == nil || f != r.Findings[0] || !strings.HasPrefix(f.Sentence, "web gets 10 times as many requests as before since 11:40 UTC, and many fail: more than its targets can serve.") ||
		!strings.Contains(said(r), "whose requests these were is not known") {
		t.Errorf("surges: %+v:\n%s", s.Logs.Surges, said(r))
	}
}

// TestSurgeMoved: requests that went to another group before are told to have, as of blue and green; not to be more than targets
// can serve, as a version that fails does so of as many as it gets. Where the other group gets as many as before, they are.
func TestSurgeMoved(t *testing.T) {
	for _, moved := range []bool{true, false} {
		s := base()
		s.From = s.Until.Add(-2 * time.Hour)
		green := s.Groups[0]
		green.ARN, green.Name = newARN, "new"
		s.Groups = append(s.Groups, green)
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		random := rand.New(rand.NewPCG(8, 1))
		var lines []string
		send := func(m int, group string, n int) {
			for k := range n {
				line := accessLine(s.minute(m), first, false)
				if m >= 90 && group == newARN && k%20 == 0 {
					line = endedLine(s.minute(m), first, 20*time.Millisecond, 500)
				}
				lines = append(lines, strings.NewReplacer(webARN, group, "198.51.100.7:", fmt.Sprintf("192.0.2.%d:", random.IntN(200))).Replace(line))
			}
		}
		for m := range 120 {
			if m < 90 || !moved {
				send(m, webARN, 100)
			}
			send(m, newARN, map[bool]int{false: 4, true: 100}[m >= 90])
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("traffic-surge")
		if f == nil || (f.Level == Warn) != moved || strings.HasSuffix(f.Sentence, " and many fail: most of what came in addition went to web before.") != moved || (r.Findings[0] == f) == moved {
			t.Errorf("moved is %t:\n%s", moved, said(r))
		}
	}
}
