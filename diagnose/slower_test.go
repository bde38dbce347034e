package diagnose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// took is a request that a target answered after some seconds.
func took(at time.Time, target, client, program, path string, seconds float64) string {
	line := strings.NewReplacer("198.51.100.7:", client+":", `"UA"`, `"`+program+`"`, ":80/ HTTP", ":80"+path+" HTTP").Replace(accessLine(at, target, false))
	return strings.Replace(line, " 0.000 0.001 0.000 ", fmt.Sprintf(" 0.000 %.3f 0.000 ", seconds), 1)
}

// TestGroupSlower: a group that answers far more slowly than before is told, with since when, how slowly, and for what; not one
// that always has slow answers, nor what gets slower little by little over the day.
func TestGroupSlower(t *testing.T) {
	const minutes = 240
	calm := func(r *rand.Rand) float64 { return 0.08 * math.Exp(0.6*r.NormFloat64()) }
	for _, tt := range []struct {
		name  string
		slow  func(m int, path, target string, r *rand.Rand) (seconds float64, ok bool)
		extra func(m int) int // requests for /export of one client
		level Level           // "" for no finding
		says  []string
	}{
		{"all", func(m int, _, _ string, r *rand.Rand) (float64, bool) { return 30 * calm(r), m >= 180 }, nil, Warn, []string{"web answers more slowly since 11:00 UTC: half of the answers took "}},
		{"all, and over", func(m int, _, _ string, r *rand.Rand) (float64, bool) { return 30 * calm(r), m >= 100 && m < 130 }, nil, Warn, []string{"web answered more slowly between 09:40 and 10:10 UTC, and not since: half of the answers took "}},
		{"one path", func(m int, path, _ string, r *rand.Rand) (float64, bool) {
			return 4 + r.Float64(), m >= 180 && path == "/a"
		}, nil, Warn, []string{"web answers more slowly since 11:00 UTC: one in twenty answers took ", "slow answers were for /a ("}},
		{"one path, and over", func(m int, path, _ string, r *rand.Rand) (float64, bool) {
			return 4 + r.Float64(), m >= 100 && m < 130 && path == "/a"
		}, nil, Note, []string{"web answered more slowly between 09:40 and 10:10 UTC", "slow answers were for /a ("}},
		{"one target", func(m int, _, target string, r *rand.Rand) (float64, bool) {
			return 2 + r.Float64(), m >= 230 && target == second && r.IntN(3) == 0
		}, nil, Warn, []string{"since 11:50 UTC", "slow answers were of " + second}},
		{"what hardly came before", func(m int, path, _ string, r *rand.Rand) (float64, bool) { return 6 + r.Float64(), path == "/export" }, func(m int) int { return map[bool]int{true: 10}[m >= 180] }, Note, []string{"slow answers were for /export (", "slow answers came from 10.9.9.9 (", "hardly any of them came before"}},
		{"all, until most fail at once", func(m int, _, _ string, r *rand.Rand) (float64, bool) {
			if m >= 190 && r.IntN(3) > 0 {
				return -1, true
			}
			return 30 * calm(r), m >= 180
		}, nil, Warn, []string{"web answers more slowly since 11:00 UTC: half of the answers took ", "from 11:10 on so many failed that how long the others took says nothing"}},
		{"always, one in ten", func(m int, _, _ string, r *rand.Rand) (float64, bool) { return 4 + r.Float64(), r.IntN(10) == 0 }, nil, "", nil},
		{"little by little", func(m int, _, _ string, r *rand.Rand) (float64, bool) { return calm(r) * math.Exp(float64(m)/80), true }, nil, "", nil},
		{"a few of five minutes", func(m int, _, _ string, r *rand.Rand) (float64, bool) {
			return 5, m >= 100 && m < 105 && r.IntN(5) == 0
		}, nil, "", nil},
		{"none", func(int, string, string, *rand.Rand) (float64, bool) { return 0, false }, nil, "", nil},
	} {
		s := base()
		s.From = s.Until.Add(-minutes * time.Minute)
		random := rand.New(rand.NewPCG(11, 4))
		var lines []string
		type answer struct {
			m       int
			seconds float64
		}
		var answers []answer
		send := func(m int, client, program, path string) {
			target := []string{first, second}[random.IntN(2)]
			seconds := calm(random)
			if slow, ok := tt.slow(m, path, target, random); ok {
				seconds = slow
			}
			if seconds < 0 {
				lines = append(lines, endedLine(s.minute(m), target, 4*time.Millisecond, 503))
				return
			}
			answers = append(answers, answer{m, seconds})
			lines = append(lines, took(s.minute(m), target, client, program, path, seconds))
		}
		for m := range minutes {
			for range 60 {
				send(m, fmt.Sprintf("192.0.2.%d", random.IntN(200)), fmt.Sprintf("Browser/%d", random.IntN(40)), fmt.Sprintf("/%c", 'a'+random.IntN(10)))
			}
			if tt.extra != nil {
				for range tt.extra(m) {
					send(m, "10.9.9.9", "batch/1", "/export")
				}
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.found(t, tt.name, "target-group-slower", tt.level, s.Logs.Slower)
		if f == nil {
			continue
		}
		text := said(&Report{Findings: []*Finding{f}})
		for _, want := range tt.says {
			if f.Level != tt.level || !strings.Contains(text, want) {
				t.Errorf("%s: want %s, %q:\n%s", tt.name, tt.level, want, text)
			}
		}
		one := s.Logs.Slower[0]
		if !one.Failed.IsZero() {
			one.Until = one.Failed
		}
		for _, of := range []struct {
			Pace
			from, until int
		}{{one.Then, int(one.Since.Sub(s.From).Minutes()), int(one.Until.Sub(s.From).Minutes())}, {one.Before, int(one.Since.Sub(s.From).Minutes()) - 60, int(one.Since.Sub(s.From).Minutes())}} {
			var took []float64
			slow := int64(0)
			for _, a := range answers {
				if a.m >= of.from && a.m < of.until {
					if took = append(took, a.seconds); a.seconds >= one.Limit {
						slow++
					}
				}
			}
			slices.Sort(took)
			n := len(took)
			near := func(got, want float64) bool { return math.Abs(got-want) <= 0.03*want+0.001 }
			if of.Answers != int64(n) || !near(of.Median, took[(n-1)/2]) || !near(of.Percentile, took[(19*n+19)/20-1]) || math.Abs(float64(of.Slow-slow)) > 0.02*float64(n) {
				t.Errorf("%s: %+v of minutes %d to %d, want %d answers, %.3f and %.3f s, %d slow", tt.name, of.Pace, of.from, of.until, n, took[(n-1)/2], took[(19*n+19)/20-1], slow)
			}
		}
	}
}

// TestSlowerOnce: of what can be read one time only it is said that it is not known what is slow.
func TestSlowerOnce(t *testing.T) {
	s := base()
	var lines []string
	for m := range 60 {
		for range 20 {
			lines = append(lines, took(s.minute(m), first, "192.0.2.1", "UA", "/", map[bool]float64{false: 0.1, true: 3}[m >= 40]))
		}
	}
	s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
	f := Diagnose(copied(t, s)).finding("target-group-slower")
	if f == nil || !strings.Contains(said(&Report{Findings: []*Finding{f}}), "which answers are slow is not known") {
		t.Errorf("slower: %+v", s.Logs.Slower)
	}
}

// TestSlowerByChance: of few answers, many of which always take long, half take long now and then: that is not told. Nor is it
// told that slow ones go on where those since were fast, or too few.
func TestSlowerByChance(t *testing.T) {
	for _, tt := range []struct {
		name    string
		minutes int
		sent    func(m int, r *rand.Rand) int
		seconds func(m int, r *rand.Rand) float64
		say     string // "" for no finding
	}{
		{"two in five of six a minute are slow", 2 * 24 * 60, func(_ int, r *rand.Rand) int { return 3 + r.IntN(7) }, func(_ int, r *rand.Rand) float64 {
			return map[bool]float64{false: 0.05, true: 2}[r.IntN(5) < 2]
		}, ""},
		{"of all kinds", 4 * 24 * 60, func(_ int, r *rand.Rand) int { return 2 + r.IntN(7) }, func(_ int, r *rand.Rand) float64 {
			return 0.2 * math.Exp(1.5*r.NormFloat64())
		}, ""},
		{"one in twenty-five", 24 * 60, func(int, *rand.Rand) int { return 60 }, func(_ int, r *rand.Rand) float64 {
			return map[bool]float64{false: 0.1, true: 5}[r.IntN(25) == 0]
		}, ""},
		{"two in five, and all for a while", 24 * 60, func(_ int, r *rand.Rand) int { return 3 + r.IntN(7) }, func(m int, r *rand.Rand) float64 {
			return map[bool]float64{false: 0.05, true: 2}[r.IntN(5) < 2 || m >= 600 && m < 630]
		}, "web answered more slowly between 2026-11-21 22:00 and 2026-11-21 22:30 UTC, and not since"},
		{"all, and then few that are fast", 600, func(m int, _ *rand.Rand) int { return map[bool]int{false: 60, true: 2}[m >= 200] }, func(m int, _ *rand.Rand) float64 {
			return map[bool]float64{false: 0.1, true: 3}[m >= 180 && m < 200]
		}, "web answered more slowly between 05:00 and 05:20 UTC, and not since"},
		{"all, and then next to none", 600, func(m int, _ *rand.Rand) int { return map[bool]int{false: 60, true: max(0, 1-m%10)}[m >= 200] }, func(m int, _ *rand.Rand) float64 {
			return map[bool]float64{false: 0.1, true: 3}[m >= 180 && m < 200]
		}, "web answered more slowly between 05:00 and 05:20 UTC, and too few answers since tell whether it still does"},
		{"few, all since some time", 600, func(int, *rand.Rand) int { return 2 }, func(m int, _ *rand.Rand) float64 {
			return map[bool]float64{false: 0.1, true: 3}[m >= 540]
		}, "web answers more slowly since 11:00 UTC"},
	} {
		s := base()
		s.From = s.Until.Add(-time.Duration(tt.minutes) * time.Minute)
		random := rand.New(rand.NewPCG(2, 9))
		var lines []string
		for m := range tt.minutes {
			for range tt.sent(m, random) {
				lines = append(lines, took(s.minute(m), first, fmt.Sprintf("192.0.2.%d", random.IntN(200)), "UA", "/", tt.seconds(m, random)))
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		if f := r.finding("target-group-slower"); (f != nil) != (tt.say != "") || f != nil && !strings.HasPrefix(f.Sentence, tt.say) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.say, said(r))
		}
	}
}

// TestSlowerFresh: what only came then, in addition, is slow by itself, however many there are of it; not what took the place of
// others that had the same path and were fast, nor if the others are slow since, too.
func TestSlowerFresh(t *testing.T) {
	const minutes = 240
	type sent struct {
		client, program, path string
		seconds               float64
	}
	user := func(r *rand.Rand, seconds float64) sent {
		return sent{fmt.Sprintf("192.0.2.%d", r.IntN(200)), fmt.Sprintf("Browser/%d", r.IntN(40)), fmt.Sprintf("/%c", 'a'+r.IntN(26)), seconds}
	}
	late := func(m int) bool { return m >= 180 }
	for _, tt := range []struct {
		name  string
		sends func(m int, r *rand.Rand) []sent
		level Level
	}{
		{"a job at night", func(m int, r *rand.Rand) (list []sent) {
			for range 8 {
				list = append(list, user(r, 0.1))
			}
			for range map[bool]int{true: 80}[late(m)] {
				list = append(list, sent{"10.9.9.9", "batch/1", user(r, 0).path, 3})
			}
			return list
		}, Note},
		{"a job at night that slows all", func(m int, r *rand.Rand) (list []sent) {
			for range 6 {
				list = append(list, user(r, map[bool]float64{false: 0.1, true: 3}[late(m)]))
			}
			for range map[bool]int{true: 80}[late(m)] {
				list = append(list, sent{"10.9.9.9", "batch/1", user(r, 0).path, 3})
			}
			return list
		}, Warn},
		{"callers with new addresses", func(m int, r *rand.Rand) (list []sent) {
			for k := range 60 {
				one := user(r, 0.1)
				if k < 15 {
					one = sent{fmt.Sprintf("10.0.7.%d", k%2), "svc", "/svc", 0.1}
					if late(m) {
						one.client, one.seconds = fmt.Sprintf("10.0.8.%d", k%2), 3
					}
				}
				list = append(list, one)
			}
			return list
		}, Warn},
		{"all callers have new addresses", func(m int, r *rand.Rand) (list []sent) {
			for k := range 60 {
				one := user(r, 0.1)
				one.client = fmt.Sprintf("10.0.7.%d", k%2)
				if late(m) {
					one.client, one.seconds = fmt.Sprintf("10.0.8.%d", k%2), 3
				}
				list = append(list, one)
			}
			return list
		}, Warn},
	} {
		s := base()
		s.From = s.Until.Add(-minutes * time.Minute)
		random := rand.New(rand.NewPCG(4, 4))
		var lines []string
		for m := range minutes {
			for _, one := range tt.sends(m, random) {
				lines = append(lines, took(s.minute(m), []string{first, second}[random.IntN(2)], one.client, one.program, one.path, one.seconds*(0.8+0.4*random.Float64())))
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("target-group-slower")
		if f == nil || f.Level != tt.level || strings.HasPrefix(f.Do, "nothing") != (tt.level == Note) {
			t.Errorf("%s: want %s:\n%s", tt.name, tt.level, said(r))
		}
	}
}

// TestSlowerForDays: a group that is slower for days is told, be it that many requests fail each few minutes: a statement can name
// only so many times.
func TestSlowerForDays(t *testing.T) {
	const minutes, since = 3 * 24 * 60, 8 * 60
	for _, fails := range []bool{false, true} {
		s := base()
		s.From = s.Until.Add(-minutes * time.Minute)
		var lines []string
		for m := range minutes {
			for k := range 8 {
				if at := s.minute(m); fails && m >= since && m%10 < 5 && k < 4 {
					lines = append(lines, endedLine(at, first, 4*time.Millisecond, 503))
				} else {
					lines = append(lines, took(at, first, "192.0.2.1", "UA", "/", map[bool]float64{false: 0.1, true: 3}[m >= since]))
				}
			}
		}
		s.Logs = logged(t, s, lines)
		f := Diagnose(copied(t, s)).finding("target-group-slower")
		if f == nil || !strings.HasPrefix(f.Sentence, "web answers more slowly since 2026-11-19 20:0") || len(s.Logs.Slower) != 1 || !s.Logs.Slower[0].Known {
			t.Errorf("fails is %t: %+v", fails, s.Logs.Slower)
		}
	}
}

// TestSlowerGroups: where many groups are slower, as what they all wait for is, the logs are read again for some of them only,
// and that is said.
func TestSlowerGroups(t *testing.T) {
	s := base()
	groups := s.Groups[0]
	s.Groups = nil
	var lines []string
	for g := range 13 {
		groups.Name = fmt.Sprintf("web%d", g)
		groups.ARN = strings.Replace(webARN, "/web/", "/"+groups.Name+"/", 1)
		s.Groups = append(s.Groups, groups)
		for m := range 60 {
			for range 6 {
				lines = append(lines, strings.ReplaceAll(took(s.minute(m), first, "192.0.2.1", "UA", "/", map[bool]float64{false: 0.1, true: 3}[m >= 40]), webARN, groups.ARN))
			}
		}
	}
	s.Logs = logged(t, s, lines)
	known := 0
	for _, one := range s.Logs.Slower {
		if one.Known {
			known++
		}
	}
	if text := said(Diagnose(copied(t, s))); known != 10 || len(s.Logs.Slower) != 13 || strings.Count(text, "which answers are slow is not known: that is looked at in 10 groups only") != 3 {
		t.Errorf("%d of %d known:\n%s", known, len(s.Logs.Slower), text)
	}
}
