package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// endedLine is a request that its target ended after a time: it broke off if answer is 0.
func endedLine(at time.Time, target string, took time.Duration, answer int) string {
	const form = "2006-01-02T15:04:05.000000Z"
	times, status, code := fmt.Sprintf("0.001 %.3f -1", took.Seconds()), "502", "-"
	if answer > 0 {
		times, status, code = fmt.Sprintf("0.001 %.3f 0.000", took.Seconds()), fmt.Sprint(answer), fmt.Sprint(answer)
	}
	return fmt.Sprintf(`http %s app/shop/50dc6c495c0c9188 198.51.100.7:65530 %s %s %s %s 100 200 "GET http://shop.example.com:80/ HTTP/1.1" "UA" - - %s "Root=1-1" "-" "-" 0 %s "forward" "-" "-" %q %q "-" "-" TID_1`,
		at.Format(form), target, times, status, code, webARN, at.Add(-took).Format(form), target, code)
}

// TestLimit: requests that targets break off, or answer with 504, after always the same time
// have met a time limit: gunicorn ends a worker after 30 s, and nginx waits for 60 s. That is
// not told as a crash.
func TestLimit(t *testing.T) {
	steady := func(base time.Duration) func(int) time.Duration {
		return func(i int) time.Duration { return base + time.Duration(i%10)*50*time.Millisecond }
	}
	for _, tt := range []struct {
		name   string
		took   func(i int) time.Duration // of the i-th request that fails
		answer int
		id     string
		limit  string // as told; "" for none
	}{
		{"a worker's", steady(30 * time.Second), 0, "target-closes-connection", "after 30."},
		{"a proxy's", steady(60 * time.Second), 504, "target-answers-5xx", "after 60."},
		{"some at once", func(i int) time.Duration {
			if i%4 == 0 {
				return 20 * time.Millisecond
			}
			return steady(30 * time.Second)(i)
		}, 0, "target-closes-connection", "after 30."},
		{"some at once, and some at any time", func(i int) time.Duration {
			switch {
			case i%2 == 0:
				return 20 * time.Millisecond
			case i%4 == 1 || i == 31:
				return 30 * time.Second
			}
			return time.Duration(2+i) * time.Second
		}, 0, "target-closes-connection", "30 of them took a second or longer, and at least 15 of these ended after 30."},
		{"any time", func(i int) time.Duration { return time.Duration(1+i%40) * time.Second }, 0, "target-closes-connection", ""},
		{"at once", func(int) time.Duration { return 200 * time.Millisecond }, 0, "target-closes-connection", ""},
		{"mostly at once", func(i int) time.Duration {
			if i%4 > 0 {
				return 300 * time.Millisecond
			}
			return 30 * time.Second
		}, 0, "target-closes-connection", ""},
		{"an application's own error", steady(60 * time.Second), 500, "target-answers-5xx", "after 60."},
	} {
		s := base()
		var lines []string
		for i := range 60 {
			for range 20 {
				lines = append(lines, accessLine(s.minute(i), []string{first, second}[i%2], false))
			}
			lines = append(lines, endedLine(s.minute(i), []string{first, second}[i%2], tt.took(i), tt.answer))
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		at := slices.IndexFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "a time limit") })
		told := at >= 0 && strings.Contains(f.Evidence[at].Text, tt.limit)
		if f.ID != tt.id || told != (tt.limit != "") || tt.id == "target-closes-connection" && strings.Contains(f.Do, "limit") != told {
			t.Errorf("%s: want %s, with the limit %q:\n%s", tt.name, tt.id, tt.limit, said(r))
		}
	}
}

// TestLimitOfClients: clients that gave up after always the same time have a time limit, or what
// stands between has one.
func TestLimitOfClients(t *testing.T) {
	for _, tt := range []struct {
		name string
		took func(i int) time.Duration
		want bool
	}{
		{"a proxy's", func(i int) time.Duration { return 30*time.Second + time.Duration(i%5)*50*time.Millisecond }, true},
		{"whenever they like", func(i int) time.Duration { return time.Duration(1+i%40) * time.Second }, false},
	} {
		s := base()
		var lines []string
		for i := range 60 {
			target := []string{first, second}[i%2]
			for range 9 {
				lines = append(lines, accessLine(s.minute(i), target, false))
			}
			lines = append(lines, strings.Replace(endedLine(s.minute(i), target, tt.took(i), 0), " -1 502 - ", " -1 460 - ", 1))
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("clients-gave-up")
		if f == nil || strings.Contains(f.Do, "CloudFront") != tt.want || slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "as at a time limit") }) != tt.want {
			t.Errorf("%s: told as a time limit is to be %v:\n%s", tt.name, tt.want, said(r))
		}
		if strings.Contains(said(r), "clients that close at once") == tt.want {
			t.Errorf("%s: clients that met a time limit, and no others, do not close at once:\n%s", tt.name, said(r))
		}
	}
}

// TestLimitOfOne: where one target is asked about, only those of its requests are counted that
// clients gave up.
func TestLimitOfOne(t *testing.T) {
	s := base()
	s.Target = first
	for _, target := range []string{first, second} {
		s.failing("Client_Closed", target, 460, 600, func(f *Failure) { f.Slow, f.Low, f.High = 600, 30, 30.1 })
	}
	r := Diagnose(copied(t, s))
	f := r.finding("clients-gave-up")
	if f == nil || !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.HasPrefix(e.Text, "600 of them took a second or longer") }) {
		t.Errorf("want 600 of 600 requests at the limit:\n%s", said(r))
	}
}

// TestLimitOfMany: one request of one target that ended at another time does not hide the limit
// that those of all others have met.
func TestLimitOfMany(t *testing.T) {
	s := base()
	for i, target := range []string{first, second} {
		s.failing("Target_Closed_Connection", target, 502, 30, func(f *Failure) { f.Slow, f.Low, f.High = 30, 30, 30.2+float64(i)/10 })
	}
	s.failing("Target_Closed_Connection", second, 502, 1, func(f *Failure) { f.Node, f.Slow, f.Low, f.High = "10.0.1.5", 1, 12, 12 })
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	if f.ID != "target-closes-connection" || !strings.Contains(f.Do, "limit") || !slices.Contains(f.Evidence, Evidence{FromLog, "61 of them took a second or longer, and at least 30 of these ended after 30.0 to 30.3 s, as at a time limit"}) {
		t.Errorf("want the limit:\n%s", said(r))
	}
}

// TestClientsGiveUpHere: that targets hang may be seen by nothing but clients that give up: since a few minutes, in a
// long window, or at one of many targets.
func TestClientsGiveUpHere(t *testing.T) {
	for _, tt := range []struct {
		name       string
		late, each int64 // 460s of each of the last minutes, and of the first target
		want       string
	}{
		{"all, since a few minutes", 990, 0, "99 % of the requests to web in the last minutes that the logs have ended with 460. They do since 11:50 UTC: none did before."},
		{"few, since a few minutes", 40, 0, ""},
		{"hardly any", 1, 0, ""},
		{"all to one of many", 0, 600, "most requests to 10.0.10.1:8080 ended with 460."},
		{"some of those to one of many", 0, 200, ""},
	} {
		s := base()
		s.Logs.Traffic, s.web().Targets = nil, nil
		for i := range 100 {
			id := fmt.Sprintf("10.0.10.%d", i+1)
			s.web().Targets = append(s.web().Targets, Target{ID: id, Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: id + ":8080", Requests: 600, Slowest: 0.4, Last: noon})
		}
		if tt.late > 0 { // of a whole day
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Requests *= 24
			}
		}
		for i := range s.Logs.Minutes {
			if s.Logs.Minutes[i].Requests = 1000; i >= 50 && tt.late > 0 {
				s.Logs.Minutes[i].Reasons = map[string]int64{"Client_Closed": tt.late}
			}
		}
		for i := range s.Logs.Traffic {
			n := tt.late / 10
			if i == 0 {
				n += tt.each
			}
			if n > 0 {
				s.Logs.Failures = append(s.Logs.Failures, Failure{Group: webARN, Target: s.Logs.Traffic[i].Target, Status: 460, TargetStatus: -1, Reason: "Client_Closed", Class: "client", Count: n, First: s.minute(50), Last: noon})
			}
		}
		r := Diagnose(copied(t, s))
		f := r.finding("clients-gave-up")
		if (f != nil) != (tt.want != "") || f != nil && (!strings.HasSuffix(f.Sentence, ": "+tt.want) || f.Level != Warn) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestFewGaveUpAtALimit: where clients that gave up did so after always the same time, few of them are no chance: from
// 0.5 % of the requests on they are told, in the past where they came for a while, and none has since. As few that leave
// at any time, or at once, are those that every service has.
func TestFewGaveUpAtALimit(t *testing.T) {
	at30 := func(i int) time.Duration { return 30*time.Second + time.Duration(i%5)*50*time.Millisecond }
	for _, tt := range []struct {
		name  string
		each  int              // requests of a minute
		gives func(i int) bool // whether clients give up in a minute of the hour
		n     int              // how many of them
		took  func(i int) time.Duration
		want  string // how the sentence ends; "" for no finding
		over  bool
	}{
		{"one in a hundred", 20, func(i int) bool { return i%5 == 0 }, 1, at30, "most after the same time: 1.0 % of the requests to web ended with 460.", false},
		{"one in 250", 50, func(i int) bool { return i%5 == 0 }, 1, at30, "", false},
		{"a few of a day", 20, func(i int) bool { return i%7 == 0 }, 1, at30, "", false},
		{"at any time", 20, func(i int) bool { return i%5 == 0 }, 1, func(i int) time.Duration { return time.Duration(2+i%40) * time.Second }, "", false},
		{"at once, as a monitor", 20, func(i int) bool { return i%5 == 0 }, 1, func(int) time.Duration { return 20 * time.Millisecond }, "", false},
		{"since three minutes", 100, func(i int) bool { return i >= 57 }, 5, at30, "most after the same time: 3.0 % of the requests to web in the last minutes that the logs have ended with 460.", false},
		{"for ten minutes", 50, func(i int) bool { return i >= 20 && i < 30 }, 2, at30, "most after the same time: 0.7 % of the requests to web ended with 460 between 11:20 and 11:29 UTC, and not since.", true},
	} {
		s := base()
		var lines []string
		for i := range 60 {
			gone := 0
			if tt.gives(i) {
				gone = tt.n
			}
			for k := range tt.each {
				target := []string{first, second}[k%2]
				if k < gone {
					lines = append(lines, strings.Replace(endedLine(s.minute(i), target, tt.took(i), 0), " -1 502 - ", " -1 460 - ", 1))
				} else {
					lines = append(lines, accessLine(s.minute(i).Add(time.Second), target, false))
				}
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("clients-gave-up")
		if (f != nil) != (tt.want != "") || f != nil && (!strings.HasSuffix(f.Sentence, tt.want) || f.Level != Warn || strings.HasPrefix(f.Do, "see what kept the targets") != tt.over) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestGaveUpSince: since when more clients give up is told where that is known; and if as few always have after the same
// time, over hours, it is how they are made, and a note.
func TestGaveUpSince(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hours int
		n     func(minute, of int) int // how many of 50 give up
		want  string
		level Level
	}{
		{"always", 4, func(m, _ int) int { return max(0, 1-m%2) }, "1.0 % of the requests to web ended with 460. As many always have, as far back as the logs go.", Note},
		{"always, and many", 4, func(int, int) int { return 5 }, "10 % of the requests to web ended with 460. As many always have, as far back as the logs go.", Warn},
		{"in an hour, of which nobody knows what was before", 1, func(m, _ int) int { return max(0, 1-m%2) }, "1.0 % of the requests to web ended with 460.", Warn},
		{"since the middle", 4, func(m, of int) int { return min(1, m*2/of) }, "1.0 % of the requests to web ended with 460. They do since 10:00 UTC: none did before.", Warn},
		{"always, and thrice as many since half an hour", 4, func(m, of int) int {
			if m >= of-30 {
				return 3
			}
			return 1
		}, "2.5 % of the requests to web ended with 460. Since 11:30 UTC, 3 times as large a part of the requests ends so as before.", Warn},
		{"always, and thrice as many for half an hour", 4, func(m, _ int) int {
			if m >= 75 && m < 105 {
				return 3
			}
			return 1
		}, "2.5 % of the requests to web ended with 460.", Warn},
		{"more since the middle", 4, func(m, of int) int {
			if 2*m < of {
				return max(0, 1-m%12)
			}
			return 2
		}, "2.1 % of the requests to web ended with 460. Since 10:00 UTC, 24 times as large a part of the requests ends so as before.", Warn},
	} {
		s := base()
		s.From = s.Until.Add(-time.Duration(tt.hours) * time.Hour)
		var lines []string
		for i := range 60 * tt.hours {
			gone := tt.n(i, 60*tt.hours)
			for k := range 50 {
				target := []string{first, second}[k%2]
				if k < gone {
					lines = append(lines, strings.Replace(endedLine(s.minute(i), target, 30*time.Second, 0), " -1 502 - ", " -1 460 - ", 1))
				} else {
					lines = append(lines, accessLine(s.minute(i).Add(time.Second), target, false))
				}
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		if f := r.finding("clients-gave-up"); f == nil || !strings.HasSuffix(f.Sentence, tt.want) || f.Level != tt.level || strings.HasPrefix(f.Do, "nothing, ") != (tt.level == Note) ||
			strings.HasPrefix(f.Do, "look at what keeps the targets from answering since then") != (strings.Contains(tt.want, " ends so as before") || strings.Contains(tt.want, "They do since")) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}
