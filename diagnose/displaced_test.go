package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// TestAnswersSince: what nearly all requests end with since some minutes is told as in a window of its own, however long
// this one is: redirects in a circle, and 404, of targets or of a default rule. Beside as many others as before, at
// night, or as ever, they are none of it.
func TestAnswersSince(t *testing.T) {
	const url = "http://shop.example.com:80/"
	fine := func(at time.Time, i int) string { return lineOf(at, "http", "198.51.100.9", first, "200 200", url, 0) }
	one := func(statuses string) func(time.Time, int) string {
		return func(at time.Time, i int) string {
			return lineOf(at, "http", fmt.Sprintf("198.51.%d.7", i%5), first, statuses, url+"a", 0)
		}
	}
	burst := func(statuses string) func(time.Time, int) string { // twenty at a time
		return func(at time.Time, i int) string {
			at = at.Truncate(time.Minute).Add(10*time.Second + time.Duration(i)*10*time.Millisecond)
			return lineOf(at, "http", "198.51.100.7", first, statuses, url, 0)
		}
	}
	byRule := func(s *Snapshot) {
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
		s.Listeners[0].Rules = []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
		s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", webARN)}})
	}
	away := func(s *Snapshot) {
		byRule(s)
		s.Listeners[0].Rules[1].Actions = []Action{{Type: "fixed-response", Status: "404"}}
	}
	turned := func(at time.Time, _ int) string {
		return strings.Replace(lineOf(at, "http", "198.51.100.9", first, "404 -", url, 0), `"forward"`, `"fixed-response"`, 1)
	}
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		since  int                         // minutes before noon
		usual  int                         // requests of each minute before, for three hours
		line   func(time.Time, int) string // of twenty of each minute since
		others int                         // of each minute since
		want   string
	}{
		{"targets redirect in a circle", nil, 10, 12, burst("301 301"), 0, "target-redirect-loop"},
		{"for more than an hour", nil, 75, 12, burst("301 301"), 0, "target-redirect-loop"},
		{"beside as many others as before", nil, 10, 12, burst("301 301"), 12, ""},
		{"a deployment, since which all are sent to another place once", nil, 10, 12, func(at time.Time, i int) string {
			return lineOf(at, "http", fmt.Sprintf("198.51.%d.7", i), first, "302 302", url, 0)
		}, 0, ""},
		{"a rule redirects in a circle", byRule, 10, 12, burst("301 -"), 0, "rule-redirect-loop"},
		{"a rule, and few came before", byRule, 10, 1, burst("301 -"), 0, ""},
		{"targets answer 404", nil, 10, 12, one("404 404"), 0, "target-answers-not-found"},
		{"for more than an hour", nil, 75, 12, one("404 404"), 0, "target-answers-not-found"},
		{"403", nil, 10, 12, one("403 403"), 0, ""},
		{"scanners, when all others are gone", nil, 10, 1, one("404 404"), 0, ""},
		{"scanners, beside others", nil, 10, 12, one("404 404"), 6, ""},
		{"a group that finds nothing at any time", func(s *Snapshot) {
			r := forwardTo("10", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			s.Listeners[0].Rules = []Rule{r, forwardTo("default", webARN)}
		}, 180, 12, one("404 404"), 0, ""},
		{"a page for maintenance of the targets", nil, 10, 12, func(at time.Time, i int) string {
			if i%2 == 0 {
				return lineOf(at, "http", "198.51.100.9", first, "302 302", url, 0)
			}
			return lineOf(at, "http", "198.51.100.9", first, "200 200", url+"maintenance", 0)
		}, 0, ""},
		{"the default rule turns all away", away, 10, 12, turned, 0, "rule-fixed-response-error"},
		{"for more than an hour", away, 75, 12, turned, 0, "rule-fixed-response-error"},
		{"the default rule turns scanners away, beside others", away, 10, 12, turned, 8, ""},
		{"the default rule turns scanners away at any time", away, 180, 12, turned, 12, ""},
	} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		if tt.change != nil {
			tt.change(s)
		}
		var lines []string
		for i := range 180 {
			at := noon.Add(-time.Duration(180-i) * time.Minute)
			usual := tt.usual
			if 180-i <= tt.since {
				usual = tt.others
				for j := range 20 {
					lines = append(lines, tt.line(at.Add(time.Duration(j)*2900*time.Millisecond), j))
				}
			}
			for j := range usual {
				lines = append(lines, fine(at.Add(time.Duration(j)*4*time.Second), j))
			}
		}
		s.Logs = logged(t, s, lines)
		s.Logs.Newest = noon
		r := Diagnose(copied(t, s))
		for _, id := range []string{"target-redirect-loop", "rule-redirect-loop", "target-answers-not-found", "rule-fixed-response-error"} {
			f := r.finding(id)
			if told := f != nil && f.Level != Note; told != (id == tt.want) {
				t.Errorf("%s, %d minutes: want %q: %+v\n%s", tt.name, tt.since, tt.want, s.Logs.Late, said(r))
			}
		}
		since := noon.Add(-time.Duration(tt.since) * time.Minute).Format("since 2006-01-02 15:04 UTC")
		if f := r.finding(tt.want); f != nil && (!strings.Contains(f.Sentence, since) || r.Findings[0] != f) {
			t.Errorf("%s: since when it is so is not told, or not first:\n%s", tt.name, said(r))
		}
		if !strings.HasPrefix(tt.want, "target-") || tt.since > 10 {
			continue
		}
		s.From = noon.Add(-48 * time.Hour)
		s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
		if len(s.Logs.Late) > 0 || !slices.ContainsFunc(s.Logs.Warnings, func(w string) bool {
			return strings.Contains(w, "since 2026-11-22 11:5") && strings.Contains(w, "could not be read once more")
		}) {
			t.Errorf("%s, out of a pipe: %+v", tt.name, s.Logs.Warnings)
		}
	}
}

// TestSinceWhen: most requests are of a kind since some time, in place of others that usually came, be it long ago; not where
// they came in a burst, nor where the kind came with them, or came to an end itself.
func TestSinceWhen(t *testing.T) {
	const fine, bad = 0, 1
	type phase struct {
		minutes   int
		each      [2]int64 // requests of each minute: of other kinds, and of this one
		everyHour bool     // in the first five minutes of each hour alone
	}
	for _, tt := range []struct {
		name   string
		phases []phase
		since  int // minutes before the end; 0 for no shift
		before int64
	}{
		{"since ten minutes", []phase{{110, [2]int64{50, 0}, false}, {10, [2]int64{0, 50}, false}}, 10, 2750},
		{"since five hours", []phase{{1140, [2]int64{50, 0}, false}, {300, [2]int64{0, 50}, false}}, 300, 2750},
		{"since fifty minutes of an hour", []phase{{10, [2]int64{50, 0}, false}, {50, [2]int64{0, 50}, false}}, 50, 500},
		{"since fifty-five minutes of an hour", []phase{{5, [2]int64{50, 0}, false}, {55, [2]int64{0, 50}, false}}, 0, 0},
		{"with a few others at some time", []phase{{1140, [2]int64{50, 0}, false}, {100, [2]int64{0, 50}, false}, {5, [2]int64{8, 42}, false}, {100, [2]int64{0, 50}, false}}, 205, 2750},
		{"most, and not nine in ten, for long", []phase{{120, [2]int64{50, 0}, false}, {100, [2]int64{8, 42}, false}}, 0, 0},
		{"over again", []phase{{60, [2]int64{50, 0}, false}, {50, [2]int64{0, 50}, false}, {10, [2]int64{50, 0}, false}}, 0, 0},
		{"with as many others", []phase{{110, [2]int64{50, 0}, false}, {10, [2]int64{40, 50}, false}}, 0, 0},
		{"more than half, of late", []phase{{115, [2]int64{50, 0}, false}, {5, [2]int64{10, 40}, false}}, 5, 2750},
		{"more than half, for long", []phase{{60, [2]int64{50, 0}, false}, {60, [2]int64{10, 40}, false}}, 0, 0},
		{"after a burst", []phase{{65, [2]int64{500, 0}, true}, {50, [2]int64{0, 10}, false}}, 0, 0},
		{"bursts, and noise at any time", []phase{{60, [2]int64{500, 10}, true}, {60, [2]int64{500, 10}, true}, {15, [2]int64{0, 10}, false}}, 0, 0},
		{"noise, when the others are done", []phase{{120, [2]int64{50, 4}, false}, {10, [2]int64{0, 4}, false}}, 0, 0},
		{"noise, when the others are done, and little is known of before", []phase{{20, [2]int64{50, 3}, false}, {40, [2]int64{0, 3}, false}}, 0, 0},
		{"noise that varies, when the others are done", []phase{{60, [2]int64{10, 8}, false}, {5, [2]int64{0, 10}, false}, {5, [2]int64{0, 8}, false}}, 0, 0},
		{"all, where half of them were before", []phase{{110, [2]int64{25, 25}, false}, {10, [2]int64{0, 50}, false}}, 10, 1375},
		{"nothing came", nil, 0, 0},
	} {
		l, at := &Logs{}, noon
		for _, p := range slices.Backward(tt.phases) {
			for range p.minutes {
				at = at.Add(-time.Minute)
				if p.everyHour && at.Minute() >= 5 {
					continue
				}
				l.Minutes = append(l.Minutes, Minute{Minute: at, Group: webARN, Requests: p.each[fine] + p.each[bad], Reasons: map[string]int64{"X": p.each[bad]}})
			}
		}
		l.Last = noon.Add(-time.Second)
		got, ok := l.displaced(amongAll(forReasons("X")))
		switch {
		case ok != (tt.since > 0):
			t.Errorf("%s: %+v, %v", tt.name, got, ok)
		case ok && (!got.since.Equal(noon.Add(-time.Duration(tt.since)*time.Minute)) || got.all != int64(tt.since)*50 || got.before != tt.before):
			t.Errorf("%s: %+v, want it %d minutes before", tt.name, got, tt.since)
		}
	}
}

// TestSmallPartFails: what nearly all requests of a small rule or group end with since a few minutes is as bad as where it
// is all requests, however many there are of others; not where its own go on, or ended without it.
func TestSmallPartFails(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		usual, others, fails int64 // requests of a minute: before, and since; and those that fail since
		noise                int64 // that fail at any time
		want                 bool
	}{
		{"all", 12, 0, 12, 0, true},
		{"and noise as before", 12, 0, 14, 2, true},
		{"beside its own", 12, 12, 12, 0, false},
		{"beside fewer than usual", 12, 4, 12, 0, false},
		{"few came before", 1, 0, 12, 0, false},
		{"its own have ended, and noise is as before", 12, 0, 2, 2, false},
	} {
		for _, c := range []struct {
			reason, class, id string
			status            int64
			usual, sudden     Level
		}{
			{"JWTSignatureValidationFailed", "policy", "login-refused", 401, "", Warn},
			{"AuthTokenEpRequestTimeout", "policy", "login-provider-fails", 500, Warn, Fail},
			{"Protocol_Mismatch", "client", "protocol-version-mismatch", 464, Note, Warn},
		} {
			s := base()
			s.From = noon.Add(-48 * time.Hour)
			small := s.Groups[0]
			small.ARN, small.Name = newARN, "new"
			s.Groups = append(s.Groups, small)
			r := forwardTo("10", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			group := newARN
			if c.class == "policy" {
				r.Actions, group = append([]Action{{Type: "authenticate-oidc"}}, r.Actions...), ""
			}
			s.Listeners[0].Rules = []Rule{r, forwardTo("default", webARN)}
			s.Logs.Newest, s.Logs.Last = noon, noon.Add(-time.Second)
			s.Logs.Traffic = []Traffic{{Group: webARN, Target: first, Requests: 48 * 6000, Last: noon}, {Group: newARN, Target: "10.0.10.13:8080", Requests: 48 * 720, Last: noon}}
			n := int64(0)
			for i := range 60 {
				requests, fails := tt.usual, tt.noise
				if i >= 55 {
					requests, fails = tt.others, tt.fails
				}
				n += fails
				at := Minute{Minute: s.Until.Add(-time.Duration(60-i) * time.Minute), Group: webARN, Requests: 100}
				s.Logs.Minutes[i] = at
				at.Group, at.Requests = newARN, requests
				if group == newARN {
					at.Requests, at.Reasons = requests+fails, map[string]int64{c.reason: fails}
				} else {
					s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: at.Minute, Requests: fails, Reasons: map[string]int64{c.reason: fails}})
				}
				s.Logs.Minutes = append(s.Logs.Minutes, at)
			}
			s.Logs.Failures = []Failure{{Group: group, Status: c.status, TargetStatus: -1, Reason: c.reason, Class: c.class, Count: n, First: noon.Add(-5 * time.Minute), Last: s.Logs.Last}}
			if c.class == "policy" {
				s.Logs.Failures[0].Rule, s.Logs.Failures[0].Listener = "10", "HTTP"
			}
			want := c.usual
			if tt.want {
				want = c.sudden
			}
			report := Diagnose(copied(t, s))
			if f := report.finding(c.id); (f != nil) != (want != "") || f != nil && f.Level != want {
				t.Errorf("%s, %s: want %q:\n%s", tt.name, c.reason, want, said(report))
			}
			if sudden := fmt.Sprintf("%d of %d requests that rule 10 of listener HTTP:80 turned away or let through ended so since 2026-11-22 11:55 UTC", 5*tt.fails, 5*tt.fails+5*tt.others); c.class == "policy" && tt.want && !strings.Contains(said(report), sudden) {
				t.Errorf("%s, %s: since when is not told:\n%s", tt.name, c.reason, said(report))
			}
		}
	}
}

// TestFewAreRefused: what is refused of most requests since more than an hour, of few as of many, is told as since then.
func TestFewAreRefused(t *testing.T) {
	for _, minutes := range []int{60, 100} {
		s := base()
		s.From = noon.Add(-24 * time.Hour)
		s.Logs.Newest, s.Logs.Last, s.Logs.Minutes = noon, noon.Add(-time.Second), nil
		for i := range 24 * 60 {
			m := Minute{Minute: s.From.Add(time.Duration(i) * time.Minute), Group: webARN, Requests: 4}
			if i >= 24*60-minutes {
				m.Group, m.Reasons = "", map[string]int64{"Bad_Request": 4}
			}
			s.Logs.Minutes = append(s.Logs.Minutes, m)
		}
		n := int64(4 * minutes)
		since := noon.Add(-time.Duration(minutes) * time.Minute)
		s.Logs.Traffic = []Traffic{{Group: webARN, Target: first, Requests: 24*60*4 - n, Last: since}, {Requests: n, Last: s.Logs.Last}}
		s.Logs.Failures = []Failure{{Status: 400, TargetStatus: -1, Reason: "Bad_Request", Class: "client", Count: n, First: since, Last: s.Logs.Last}}
		r := Diagnose(copied(t, s))
		want := fmt.Sprintf("%d of %d requests since %s UTC", n, n, since.Format("2006-01-02 15:04"))
		if f := r.finding("requests-refused"); f == nil || f.Level != Warn || !strings.Contains(f.Sentence, want) {
			t.Errorf("want a warning with %q:\n%s", want, said(r))
		}
	}
}
