package diagnose

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/parse"
	"loglens/query"
)

// logged reads lines of an access log.
func logged(t *testing.T, s *Snapshot, lines []string) *Logs {
	t.Helper()
	file := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return readLogs(t, s, query.Input{Sources: sources(t, nil, file)})
}

func sources(t *testing.T, stdin io.Reader, spec string) []ingest.Source {
	t.Helper()
	list, err := ingest.NewSources([]string{spec}, stdin, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// readLogs reads the access logs of a source or a store.
func readLogs(t *testing.T, s *Snapshot, in query.Input) *Logs {
	t.Helper()
	return readAll(t, s, in, false)
}

// readAll reads the health check logs as well, if so asked.
func readAll(t *testing.T, s *Snapshot, in query.Input, checks bool) *Logs {
	t.Helper()
	in.Workers = 1
	store, err := query.Open(t.Context(), "", in)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	logs, err := ReadLogs(t.Context(), store, s, checks)
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

// accessLine is a request that ended at once: well, or with a 502 before anything was sent.
func accessLine(at time.Time, target string, refused bool) string {
	times, status, answer := "0.000 0.001 0.000", "200", "200"
	if refused {
		times, status, answer = "-1 -1 -1", "502", "-"
	}
	when := at.Format("2006-01-02T15:04:05.000000Z")
	return fmt.Sprintf(`http %s app/shop/50dc6c495c0c9188 198.51.100.7:65530 %s %s %s %s 100 200 "GET http://shop.example.com:80/ HTTP/1.1" "UA" - - %s "Root=1-1" "-" "-" 0 %s "forward" "-" "-" %q %q "-" "-" TID_1`,
		when, target, times, status, answer, webARN, when, target, answer)
}

// TestRefusedBesideRace: of two targets that close idle connections one refused for ten
// minutes. Only that one is said to, and that it is over, and nothing is left unexplained.
func TestRefusedBesideRace(t *testing.T) {
	s := base()
	var lines []string
	failures := int64(0)
	for i := range 60 {
		for j := range 100 {
			target := []string{first, second}[j%2]
			down := i < 10 && target == first
			refused := down || i >= 20 && j < 2 // in each minute, one race of each target
			if refused {
				failures++
			}
			lines = append(lines, accessLine(s.minute(i).Add(time.Duration(j)*100*time.Millisecond), target, refused))
		}
	}
	s.Logs = logged(t, s, lines)
	counts := Series{Name: "TargetConnectionErrorCount", Group: webARN, Stat: "Sum", Period: 60}
	for i := range 10 {
		counts.Points = append(counts.Points, Point{s.minute(i), 50})
	}
	s.Metrics = append(s.Metrics, counts)
	r := Diagnose(copied(t, s))
	if f := r.finding("target-port-refused"); f == nil || f.Level != Warn || !slices.Equal(f.Targets, []string{first}) || f.Explains != 500 {
		t.Errorf("want 500 failures of %s alone to be refused:\n%s", first, said(r))
	}
	if r.Observed.Failures != failures || r.Observed.Explained != failures {
		t.Errorf("%d of %d failures explained, want %d:\n%s", r.Observed.Explained, r.Observed.Failures, failures, said(r))
	}
}

// TestBrokenOffAtOnce: what targets break off at once is told, minute by minute, from what they break off later, and has
// times of its own.
func TestBrokenOffAtOnce(t *testing.T) {
	sim := &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(1, 1))}
	atOnce := map[int]int64{20: 5, 40: 3}
	for i := range 60 {
		sim.line(sim.web(), failings[3], first, sim.minute(i)) // which ends in the same minute
		for j := range atOnce[i] {
			sim.line(sim.web(), failings[2], first, sim.minute(i).Add(time.Duration(j)*time.Second))
		}
	}
	in := query.Input{Sources: sources(t, strings.NewReader(strings.Join(sim.lines, "\n")+"\n"), "-")}
	for name, logs := range map[string]*Logs{"file": logged(t, sim.Snapshot, sim.lines), "pipe": readLogs(t, sim.Snapshot, in)} {
		for i, m := range logs.Minutes {
			if m.brokenOffAtOnce() != atOnce[i] || m.Later != 1 {
				t.Errorf("%s: minute %d has %d at once and %d later, want %d and 1", name, i, m.brokenOffAtOnce(), m.Later, atOnce[i])
			}
		}
		var rows []string
		for _, row := range logs.Failures {
			rows = append(rows, fmt.Sprintf("%d, %d at once, %s to %s", row.Count, row.Quick, row.First.Format("15:04"), row.Last.Format("15:04")))
		}
		slices.Sort(rows)
		if diff := cmp.Diff([]string{"60, 0 at once, 11:00 to 11:59", "8, 8 at once, 11:20 to 11:40"}, rows); diff != "" || len(logs.Minutes) != 60 {
			t.Errorf("%s: %d minutes, failures (-want +got):\n%s", name, len(logs.Minutes), diff)
		}
	}
}

// TestBrokenOffEachHour: what targets break off after a while, once in an hour, is not over as soon as it has rested for
// longer than what they break off at once in each minute.
func TestBrokenOffEachHour(t *testing.T) {
	const hours = 6
	sim := &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(1, 1)), end: noon}
	sim.From, sim.Metrics = noon.Add(-hours*time.Hour), []Series{}
	for i := range hours * 60 {
		for j := range 20 {
			ends := works
			switch {
			case i%60 == 40 && j < 2:
				ends = failings[3]
			case j == i%18:
				ends = failings[2]
			}
			sim.line(sim.web(), ends, []string{first, second}[j%2], sim.minute(i).Add(time.Duration(j)*time.Second))
		}
	}
	sim.Logs = logged(t, sim.Snapshot, sim.lines)
	sim.Logs.Newest = noon
	r := Diagnose(copied(t, sim.Snapshot))
	if f := r.finding("target-closes-connection"); f == nil || f.Explains != 2*hours || strings.Contains(f.Sentence, "since") || r.finding("keep-alive-race") == nil {
		t.Errorf("what is broken off each hour is over:\n%s", said(r))
	}
}

// TestLogsOfPipe: what cannot be read twice gives all that a file does.
func TestLogsOfPipe(t *testing.T) {
	s := base()
	var lines []string
	for i := range 300 {
		lines = append(lines, accessLine(noon.Add(-time.Duration(i)*10*time.Second), []string{first, second}[i%2], i%10 == 0))
	}
	pipe := readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
	if diff := cmp.Diff(logged(t, s, lines), pipe); diff != "" || len(pipe.Failures) == 0 || len(pipe.Minutes) == 0 {
		t.Errorf("(-file +pipe):\n%s", diff)
	}
	want := logged(t, s, lines)
	want.Warnings = append(want.Warnings, "health checks are not looked for in what can be read one time only")
	pipe = readAll(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")}, true)
	if diff := cmp.Diff(want, pipe); diff != "" {
		t.Errorf("with health checks, (-file +pipe):\n%s", diff)
	}
	s.Balancer.Type = Classic // whose health checks no log has
	pipe = readAll(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")}, true)
	if diff := cmp.Diff(logged(t, s, lines).Warnings, pipe.Warnings); diff != "" {
		t.Errorf("of a Classic Load Balancer, (-file +pipe):\n%s", diff)
	}
}

// fixedLine is a request that a rule answered with 503.
func fixedLine(at time.Time, kind, rule string) string {
	when := at.Format("2006-01-02T15:04:05.000000Z")
	port, cipher := 80, "- -"
	if kind != "http" {
		port, cipher = 443, "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"
	}
	return fmt.Sprintf(`%s %s app/shop/50dc6c495c0c9188 198.51.100.7:65530 - -1 -1 -1 503 - 100 200 "GET %s://shop.example.com:%d/ HTTP/1.1" "UA" %s - "Root=1-1" "-" "-" %s %s "fixed-response" "-" "-" "-" "-" "-" "-" TID_1`,
		kind, when, strings.Replace(kind, "h2", "https", 1), port, cipher, rule, when)
}

// TestFixedResponseOfRule: a rule is said to have given the answers that lines say it gave,
// and no others of the same status.
func TestFixedResponseOfRule(t *testing.T) {
	fixed := func(priority, path string) Rule {
		r := Rule{ARN: "arn:rule-" + priority, Priority: priority, Actions: []Action{{Type: "fixed-response", Status: "503"}}}
		if path != "" {
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{path}}}
		}
		return r
	}
	for _, tt := range []struct {
		name  string
		lines []string // kind and number of the rule
		twice bool     // there is a second HTTPS listener with the same rules
		want  map[string]Confidence
	}{
		{"one rule", []string{"http 5", "http 5"}, false, map[string]Confidence{"Rule 5 of listener HTTP:80": High}},
		{"the default rule", []string{"h2 0"}, false, map[string]Confidence{"Rule default of listener HTTPS:443": High}},
		{"both listeners", []string{"http 5", "https 5", "h2 5"}, false, map[string]Confidence{"Rule 5 of listener HTTP:80": High, "Rule 5 of listener HTTPS:443": High}},
		{"a rule that is gone", []string{"http 9"}, false, map[string]Confidence{}},
		{"one of two listeners", []string{"https 5"}, true, map[string]Confidence{"Rule 5 of listener HTTPS:443": Medium, "Rule 5 of listener HTTPS:8443": Medium}},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = append([]Rule{fixed("5", "/a/*"), fixed("7", "/b/*")}, s.Listeners[0].Rules...)
		s.Listeners[1].Rules = []Rule{fixed("5", "/a/*"), forwardTo("6", webARN), fixed("default", "")}
		if tt.twice {
			l := s.Listeners[1]
			l.ARN, l.Port = "arn:listener-8443", 8443
			s.Listeners = append(s.Listeners, l)
		}
		var lines []string
		for i := range 60 {
			lines = append(lines, accessLine(s.minute(i), first, false))
			for _, line := range tt.lines {
				kind, rule, _ := strings.Cut(line, " ")
				lines = append(lines, fixedLine(s.minute(i), kind, rule))
			}
		}
		s.Logs = logged(t, s, lines)
		got := map[string]Confidence{}
		for _, f := range Diagnose(copied(t, s)).Findings {
			if rule, _, _ := strings.Cut(strings.Replace(f.Sentence, " (path /a/*)", "", 1), " answers 503"); f.ID == "rule-fixed-response-error" && f.Level == Warn {
				got[rule] = f.Confidence
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: rules whose answer was seen (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestFlapsInLogs: changes between pass and fail are those that one node sees, and when the
// last one was is known.
func TestFlapsInLogs(t *testing.T) {
	s := base()
	var lines []string
	for i := range 20 {
		for _, node := range []string{"10.0.0.5", "10.0.1.5"} {
			status := "PASS 200 -"
			if i%2 == 1 && i < 10 {
				status = "FAIL 500 TargetError"
			}
			lines = append(lines, fmt.Sprintf("http %s 0.010000000 %s web %s app/shop/50dc6c495c0c9188 %s", s.minute(i).Format("2006-01-02T15:04:05.000000Z"), first, status, node))
		}
	}
	file := filepath.Join(t.TempDir(), "checks.log")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	logs := readAll(t, s, query.Input{Sources: sources(t, nil, file)}, true)
	want := []LogCheck{
		{Group: "web", Target: first, Reason: "TargetError", Code: 500, Checks: 10, Slowest: 0.01, Flaps: 10, LastFlap: s.minute(10), Last: s.minute(9)},
		{Group: "web", Target: first, Pass: true, Code: 200, Checks: 30, Slowest: 0.01, Flaps: 10, LastFlap: s.minute(10), Last: s.minute(19)},
	}
	if diff := cmp.Diff(want, logs.Health); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestUnreadObjects: that objects could not be read is told, also where none of their kind could be, and of
// one that names no kind one time only; but only those of access logs, or of no kind that is known, as why these
// hold fewer requests than metrics count. Health check logs are read once for that.
func TestUnreadObjects(t *testing.T) {
	const (
		name   = "111122223333_elasticloadbalancing_eu-central-1_app.shop.50dc6c495c0c9188_20261122T1200Z_10.0.0.5_"
		damage = "\x1f\x8b\x08"
		checks = "health_check_log_" + name
	)
	check := "http 2026-11-22T11:30:00.000000Z 0.010000000 " + first + " web PASS 200 - app/shop/50dc6c495c0c9188 10.0.0.5\n"
	for _, tt := range []struct {
		kind  string
		files map[string]string // beside an access log
		all   int64             // with that one
		why   bool
	}{
		{"access log", map[string]string{name + "2.log.gz": damage}, 2, true},
		{"health check log", map[string]string{checks + "2.log.gz": damage}, 2, false},
		{"not known", map[string]string{"2.log.gz": damage, checks + "3.log": check}, 3, true},
	} {
		s := base()
		var lines []string
		for i := range 60 {
			for j := range 50 {
				lines = append(lines, accessLine(s.minute(i).Add(time.Duration(j)*100*time.Millisecond), first, false))
			}
		}
		folder := t.TempDir()
		tt.files[name+"1.log"] = strings.Join(lines, "\n") + "\n"
		for file, content := range tt.files {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		source := &listed{Source: sources(t, nil, folder)[0]}
		store, err := query.Open(t.Context(), "", query.Input{Sources: []ingest.Source{source}, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if s.Logs, err = ReadLogs(t.Context(), store, s, true); err == nil || s.Logs.ObjectsFailed != 1 || s.Logs.Objects != tt.all {
			t.Errorf("%s: %d of %d objects failed, %v, want 1 of %d", tt.kind, s.Logs.ObjectsFailed, s.Logs.Objects, err, tt.all)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if source.times != 1 {
			t.Errorf("%s: health check logs are looked for %d times, want once", tt.kind, source.times)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("logs-incomplete")
		if f == nil || strings.Contains(f.Do, "could not be read") != tt.why || slices.Contains(f.Evidence, Evidence{FromLog, "1 object could not be read"}) != tt.why {
			t.Errorf("%s: told as why requests lack, want %v:\n%s", tt.kind, tt.why, said(r))
		}
	}
}

// listed is a source that counts how often health check logs are looked for, which is done for each reading.
type listed struct {
	ingest.Source

	times int
}

func (l *listed) List(ctx context.Context, p ingest.Plan) iter.Seq2[*ingest.Object, error] {
	if p.Kinds.Has(parse.KindHealthCheck) {
		l.times++
	}
	return l.Source.List(ctx, p)
}
