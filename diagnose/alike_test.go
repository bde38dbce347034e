package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// askedFor are lines of requests, a hundred in each minute, of which the i-th is for a path, and did not get an answer in
// time if so said.
func askedFor(s *Snapshot, path func(i int) string, fails func(i int) bool) (lines []string) {
	for i := range 6000 {
		at, target := s.minute(i/100), []string{first, second}[i/2%2]
		line := accessLine(at, target, false)
		if fails(i) {
			line = strings.Replace(endedLine(at, target, time.Minute, 0), " 60.000 -1 502 - ", " -1 -1 504 - ", 1)
		}
		lines = append(lines, strings.Replace(line, ":80/ HTTP", ":80"+path(i)+" HTTP", 1))
	}
	return lines
}

// routesSaid is what a report says of the routes of its first finding.
func routesSaid(r *Report) string {
	for _, e := range r.Findings[0].Evidence {
		if strings.Contains(e.Text, " were for ") {
			return e.Text
		}
	}
	return ""
}

// TestFewRoutes: failures that are nearly all of a few routes are told to be, with how many requests these had; not where
// these had most of them anyway, or few failures are of them, or few at all.
func TestFewRoutes(t *testing.T) {
	usual := func(i int) string {
		return fmt.Sprintf("/v2/%s/%d", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}[i%10], i)
	}
	for _, tt := range []struct {
		name  string
		path  func(i int) string
		fails func(i int) bool
		want  string
	}{
		{"of one", usual, func(i int) bool { return i%100 == 10 }, "all of them were for /v2/a/{id} (60 of its 600), which had 10.0 % of the requests to web"},
		{"of two", usual, func(i int) bool { return i%100 == 10 || i%200 == 11 }, "all of them were for /v2/a/{id} (60 of its 600), /v2/b/{id} (30 of its 600), which had 20.0 % of the requests to web"},
		{"of one, and few of others", usual, func(i int) bool { return i%100 == 10 || i%1000 == 13 }, "60 of them were for /v2/a/{id} (60 of its 600), which had 10.0 % of the requests to web"},
		{"of four", usual, func(i int) bool { return i%100 < 4 }, ""},
		{"of those that are asked for mostly", func(i int) string { return []string{"/x", "/x", "/y"}[i%3] }, func(i int) bool { return i%99 == 0 }, ""},
		{"of any", usual, func(i int) bool { return i%7 == 0 }, ""},
		{"few", usual, func(i int) bool { return i%1000 == 10 }, ""},
		{"most requests", usual, func(i int) bool { return i%10 == 1 || i%10 == 2 || i%10 == 3 }, "all of them were for /v2/b/{id} (600 of its 600), /v2/c/{id} (600 of its 600), /v2/d/{id} (600 of its 600), which had 30.0 % of the requests to web"},
		{"a long path", func(i int) string { return usual(i) + strings.Repeat("/x", i%2*60) }, func(i int) bool { return i%100 == 11 }, "all of them were for /v2/b/{id}" + strings.Repeat("/x", 25) + "… (60 of its 600), which had 10.0 % of the requests to web"},
	} {
		s := base()
		s.Logs = logged(t, s, askedFor(s, tt.path, tt.fails))
		r := Diagnose(copied(t, s))
		if got := routesSaid(r); got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s: want %q, got %q:\n%s", tt.name, tt.want, got, said(r))
		}
	}
}

// TestRoutesOfClients: of what route requests were that clients gave up is told as well, and a path is neither a secret nor
// one that a terminal obeys.
func TestRoutesOfClients(t *testing.T) {
	s := base()
	lines := askedFor(s, func(i int) string { return fmt.Sprintf("/%d-x%d/", i%10, i%10) }, func(i int) bool { return i%50 == 10 })
	for i := range lines {
		lines[i] = strings.Replace(lines[i], " -1 504 - ", " -1 460 - ", 1)
		lines[i] = strings.Replace(lines[i], "/0-x0/", `/0\x1b[2J/AKIAABCDEFGHIJKLMNOP/`, 1)
	}
	s.Logs = logged(t, s, lines)
	r := Diagnose(copied(t, s))
	f := r.finding("clients-gave-up")
	if f == nil || !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "all of them were for /") }) || strings.Contains(said(r), "AKIA") {
		t.Errorf("want the route, without a key:\n%s", said(r))
	}
}

// TestPrograms: failures that are nearly all of a program are told to be, be they of targets or of clients that gave up, and
// as it cannot command a terminal; not where it sends most requests anyway, or none says what it is.
func TestPrograms(t *testing.T) {
	agents := []string{"okhttp/4.12.0 (till)", "Mozilla/5.0 (X11)", "curl/8.5.0", "UptimeBeacon/2"}
	for _, tt := range []struct {
		name   string
		status string
		agent  func(i int) string
		fails  func(i int) bool
		want   string
	}{
		{"of one", "504", func(i int) string { return agents[i%4] }, func(i int) bool { return i%100 == 4 }, `all of them were sent by "okhttp/4.12.0 (till)" (60 of its 1500), which sent 25.0 % of the requests to web`},
		{"of one that gave up", "460", func(i int) string { return agents[i%4] }, func(i int) bool { return i%100 == 4 }, `all of them were sent by "okhttp/4.12.0 (till)" (60 of its 1500), which sent 25.0 % of the requests to web`},
		{"of all", "504", func(i int) string { return agents[i%4] }, func(i int) bool { return i%99 == 4 }, ""},
		{"of the one that there is", "504", func(int) string { return agents[0] }, func(i int) bool { return i%100 == 4 }, ""},
		{"of nobody who says what it is", "504", func(i int) string { return []string{"-", agents[1]}[min(1, i%4)] }, func(i int) bool { return i%100 == 4 }, ""},
		{"with commands", "504", func(i int) string { return []string{`\x1b[2J;rm`, agents[1]}[min(1, i%4)] }, func(i int) bool { return i%100 == 4 }, `all of them were sent by "\\x1b[2J;rm" (60 of its 1500)`},
	} {
		s := base()
		lines := askedFor(s, func(i int) string { return fmt.Sprintf("/%d", i) }, tt.fails)
		for i := range lines {
			lines[i] = strings.Replace(strings.Replace(lines[i], `"UA"`, `"`+tt.agent(i)+`"`, 1), " -1 504 - ", " -1 "+tt.status+" - ", 1)
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		got := ""
		for _, e := range r.Findings[0].Evidence {
			if strings.Contains(e.Text, " were sent by ") {
				got = e.Text
			}
		}
		if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s: want %q, got %q:\n%s", tt.name, tt.want, got, said(r))
		}
	}
}

// TestFewClients: failures that are nearly all of a few addresses are told to be, of IPv4 and IPv6; not where these send most
// requests anyway, as what stands before a balancer does.
func TestFewClients(t *testing.T) {
	for _, tt := range []struct {
		name    string
		clients []string // of the i-th request by turns
		fails   func(i int) bool
		want    string
	}{
		{"of one", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}, func(i int) bool { return i%100 == 10 }, "all of them came from 192.0.2.1 (60 of its 1200), which sent 20.0 % of the requests to web"},
		{"of one by IPv6", []string{"2001:db8::1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}, func(i int) bool { return i%100 == 10 }, "all of them came from 2001:db8::1 (60 of its 1200), which sent 20.0 % of the requests to web"},
		{"of the proxy that all come by", []string{"192.0.2.1"}, func(i int) bool { return i%100 == 10 }, ""},
		{"of any", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}, func(i int) bool { return i%99 == 10 }, ""},
	} {
		s := base()
		lines := askedFor(s, func(i int) string { return fmt.Sprintf("/%d", i) }, tt.fails)
		for i := range lines {
			lines[i] = strings.Replace(lines[i], "198.51.100.7:", tt.clients[i%len(tt.clients)]+":", 1)
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		got := ""
		for _, e := range r.Findings[0].Evidence {
			if strings.Contains(e.Text, " came from ") {
				got = e.Text
			}
		}
		if got != tt.want {
			t.Errorf("%s: want %q, got %q:\n%s", tt.name, tt.want, got, said(r))
		}
	}
}

// TestRoutesOnce: what can be read one time only has no routes, and nothing else is amiss.
func TestRoutesOnce(t *testing.T) {
	s := base()
	lines := strings.Join(askedFor(s, func(i int) string { return fmt.Sprintf("/p%d", i%10) }, func(i int) bool { return i%100 == 10 }), "\n") + "\n"
	s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(lines), "-")})
	r := Diagnose(copied(t, s))
	if len(s.Logs.Alike) > 0 || len(s.Logs.Warnings) > 0 || routesSaid(r) != "" || r.Findings[0].Explains != 60 {
		t.Errorf("alike: %v, warnings %q:\n%s", s.Logs.Alike, s.Logs.Warnings, said(r))
	}
}
