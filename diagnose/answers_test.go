package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/parse"
	"loglens/query"
)

// lineOf is a request of a client that ended after a while with statuses: of the balancer and
// of the target, "-" for none.
func lineOf(at time.Time, kind, client, target, statuses, url string, lasted time.Duration) string {
	line := accessLine(at, target, false)
	line = strings.Replace(line, "http ", kind+" ", 1)
	line = strings.Replace(line, "198.51.100.7:", client+":", 1)
	line = strings.Replace(line, " 200 200 ", " "+statuses+" ", 1)
	line = strings.Replace(line, "http://shop.example.com:80/", url, 1)
	began := at.Add(-lasted).Format("2006-01-02T15:04:05.000000Z")
	line = strings.Replace(line, `"-" "-" 0 `+at.Format("2006-01-02T15:04:05.000000Z"), `"-" "-" 0 `+began, 1)
	if strings.HasSuffix(statuses, " -") { // a rule's answer
		line = strings.NewReplacer(webARN, "-", " "+target+" ", " - ", `"`+target+`"`, `"-"`).Replace(line)
	}
	if strings.HasPrefix(statuses, "3") && strings.HasSuffix(statuses, " -") {
		line = strings.Replace(line, `"forward"`, `"redirect"`, 1)
	}
	return line
}

// TestRedirectsInCircle: clients that are redirected again and again within seconds are led in a
// circle, by targets or by rules. Those that ask for something else each time are not, nor are
// monitors, nor balancers that redirect to HTTPS and get what comes of it.
func TestRedirectsInCircle(t *testing.T) {
	const shop = "https://shop.example.com:443/"
	redirect := func(s *Snapshot) {
		s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301"}}}}
		s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", webARN)}})
	}
	ends := func(s *Snapshot) {
		s.Listeners = []Listener{{ARN: "arn:listener-443", Port: 443, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", webARN)}}}
	}
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		line   func(i int) string // of 300 in an hour, twenty at a time
		want   string
	}{
		{"targets, in a circle", ends, func(i int) string {
			return lineOf(minuteOf(i), "h2", fmt.Sprintf("198.51.%d.7", i/20), []string{first, second}[i%2], "301 301", shop, 0)
		}, "target-redirect-loop"},
		{"a name with www and without", ends, func(i int) string {
			return lineOf(minuteOf(i), "h2", fmt.Sprintf("198.51.%d.7", i/20), first, "301 301", []string{shop, "https://www.example.com:443/"}[i%2], 0)
		}, "target-redirect-loop"},
		{"a link shortener", ends, func(i int) string {
			return lineOf(minuteOf(i), "h2", fmt.Sprintf("198.51.%d.7", i), first, "302 302", shop+fmt.Sprint(i%20), 0)
		}, ""},
		{"a monitor", ends, func(i int) string {
			return lineOf(noon.Add(-time.Duration(i)*5*time.Second), "https", "198.51.100.7", first, "302 302", shop, 0)
		}, ""},
		{"monitors that ask twice in three seconds", ends, func(i int) string {
			return lineOf(noon.Add(-time.Duration(i)*1500*time.Millisecond), "https", "198.51.100.7", first, "302 302", shop, 0)
		}, ""},
		{"not modified", ends, func(i int) string {
			return lineOf(minuteOf(i), "h2", fmt.Sprintf("198.51.%d.7", i/20), first, "304 304", shop, 0)
		}, ""},
		{"targets, and then an answer", ends, func(i int) string {
			return lineOf(minuteOf(i), "h2", fmt.Sprintf("198.51.%d.7", i/20), first, []string{"302 302", "200 200"}[i%2], shop, 0)
		}, ""},
		{"a rule, in a circle", redirect, func(i int) string {
			return lineOf(minuteOf(i), "http", fmt.Sprintf("198.51.%d.7", i/20), first, "301 -", "http://shop.example.com:80/", 0)
		}, "rule-redirect-loop"},
		{"a rule of a balancer that does nothing else", func(s *Snapshot) { redirect(s); s.Listeners = s.Listeners[:1] }, func(i int) string {
			return lineOf(minuteOf(i), "http", fmt.Sprintf("198.51.%d.7", i/20), first, "301 -", "http://shop.example.com:80/", 0)
		}, ""},
		{"a rule of a balancer that leads nowhere", func(s *Snapshot) {
			redirect(s)
			s.Listeners[1].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		}, func(i int) string {
			return lineOf(minuteOf(i), "http", fmt.Sprintf("198.51.%d.7", i/20), first, "301 -", "http://shop.example.com:80/", 0)
		}, ""},
		{"logins", redirect, func(i int) string {
			line := lineOf(minuteOf(i), "https", fmt.Sprintf("198.51.%d.7", i/20), first, "302 -", shop, 0)
			return strings.Replace(line, `"redirect"`, `"authenticate"`, 1)
		}, ""},
		{"a rule, and then an answer", redirect, func(i int) string {
			if i%20 < 10 {
				return lineOf(minuteOf(i), "https", fmt.Sprintf("198.51.%d.7", i/20), first, "200 200", shop, 0)
			}
			return lineOf(minuteOf(i), "http", fmt.Sprintf("198.51.%d.7", i/20), first, "301 -", "http://shop.example.com:80/", 0)
		}, ""},
		{"a rule, and health checks of another balancer", redirect, func(i int) string {
			return lineOf(noon.Add(-time.Duration(i)*10*time.Second), "http", fmt.Sprintf("10.0.%d.7", i%3), first, "301 -", "http://10.0.0.9:80/", 0)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			var lines []string
			for i := range 300 {
				lines = append(lines, tt.line(i))
			}
			s.Logs = logged(t, s, lines)
			r := Diagnose(copied(t, s))
			for _, id := range []string{"target-redirect-loop", "rule-redirect-loop"} {
				if f := r.finding(id); (f != nil) != (id == tt.want) {
					t.Errorf("%s: want %q:\n%s", id, tt.want, said(r))
				}
			}
			if tt.want == "target-redirect-loop" && !slices.ContainsFunc(r.Findings[0].Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "only X-Forwarded-Proto tells") }) {
				t.Error(said(r))
			}
		})
	}
}

// minuteOf is when the i-th of requests comes, of which there are twenty within a second, in
// each second minute.
func minuteOf(i int) time.Time {
	return noon.Add(-time.Duration(i/20)*2*time.Minute - time.Duration(i%20)*40*time.Millisecond - 10*time.Second)
}

// TestNotFound: a group whose targets answer nearly everything with 404 is told, with the paths
// that its rules ask for; not one that has something to answer, nor 404 of the balancer itself.
func TestNotFound(t *testing.T) {
	path := func(rewrites bool) func(*Snapshot) {
		return func(s *Snapshot) {
			r := forwardTo("10", webARN)
			r.Conditions, r.Rewrites = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}, rewrites
			s.Listeners[0].Rules = []Rule{r, {Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		}
	}
	always := func(statuses string) func(int) string { return func(int) string { return statuses } }
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		line   func(i int) string
		want   Level
		says   string
	}{
		{"a path that the application does not know", path(false), always("404 404"), Warn, "takes /api/*: targets get the path whole"},
		{"one that is rewritten", path(true), always("404 404"), Warn, "takes /api/*: it rewrites the path"},
		{"a group in HTTPS", func(s *Snapshot) { s.web().Protocol = "HTTPS" }, always("404 404"), Warn, ""},
		{"a function, which logs do not name", func(s *Snapshot) { path(false)(s); s.function() }, always("404 404"), Warn, "300 of 300 requests were answered with 404"},
		{"one of ten is found", path(false), func(i int) string {
			if i%10 == 0 {
				return "200 200"
			}
			return "404 404"
		}, "", ""},
		{"403", path(false), always("403 403"), "", ""},
		{"404 of the balancer", path(false), always("404 -"), "", ""},
		{"a group for what no rule asks for", func(s *Snapshot) {
			r := forwardTo("10", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			s.Listeners[0].Rules = []Rule{r, forwardTo("default", webARN)}
		}, always("404 404"), Note, ""},
		{"a group for what no rule asks for that could be read", func(s *Snapshot) {
			r := forwardTo("10", newARN)
			r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
			s.Listeners[0].Rules = []Rule{r, forwardTo("default", webARN)}
			s.Missing = append(s.Missing, Missing{What: "rules", Action: describeRules, Denied: true, Why: "access denied"})
		}, always("404 404"), Warn, ""},
		{"the only group, beside a rule that answers by itself", func(s *Snapshot) {
			r := Rule{ARN: "arn:rule-10", Priority: "10", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/robots.txt"}}}, Actions: []Action{{Type: "fixed-response", Status: "200"}}}
			s.Listeners[0].Rules = []Rule{r, forwardTo("default", webARN)}
		}, always("404 404"), Warn, ""},
		{"few, as of scanners", func(s *Snapshot) { s.From = s.From.Add(-24 * time.Hour) }, always("404 404"), Note, ""},
		{"as few behind an internal balancer", func(s *Snapshot) { s.From, s.Balancer.Scheme = s.From.Add(-24*time.Hour), "internal" }, always("404 404"), Warn, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			var lines []string
			for i := range 300 {
				lines = append(lines, lineOf(noon.Add(-time.Duration(i)*10*time.Second), "http", "198.51.100.7", []string{first, second}[i%2], tt.line(i), "http://shop.example.com:80/api/orders", 0))
				if s.web().Type == "lambda" {
					lines[i] = strings.NewReplacer(" "+first+" ", " - ", " "+second+" ", " - ").Replace(lines[i])
				}
			}
			s.Logs = logged(t, s, lines)
			r := Diagnose(copied(t, s))
			f := r.finding("target-answers-not-found")
			switch {
			case (f != nil) != (tt.want != ""):
				t.Errorf("want %q:\n%s", tt.want, said(r))
			case f != nil && (f.Level != tt.want || tt.says != "" && !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, tt.says) })):
				t.Errorf("want %s and %q:\n%s", tt.want, tt.says, said(r))
			}
		})
	}
}

// TestSilentSockets: WebSockets that end at the idle timeout are told as closed by it; not those
// that last longer, as with pings, or that clients end at any time, nor few of many requests.
func TestSilentSockets(t *testing.T) {
	for _, tt := range []struct {
		name  string
		idle  string
		lasts func(i int) time.Duration
		plain int // requests beside each WebSocket
		want  bool
	}{
		{"silent", "60", func(i int) time.Duration { return time.Minute + time.Duration(i%10)*100*time.Millisecond }, 2, true},
		{"some ended by clients", "60", func(i int) time.Duration { return time.Duration(2+i%3*29) * time.Second }, 2, true},
		{"another timeout", "300", func(i int) time.Duration { return 301 * time.Second }, 2, true},
		{"60 s, and a timeout of 300 s", "300", func(int) time.Duration { return time.Minute }, 2, false},
		{"with pings", "60", func(i int) time.Duration { return time.Duration(30+i*7) * time.Second }, 2, false},
		{"short", "60", func(i int) time.Duration { return time.Duration(i%50) * time.Second }, 2, false},
		{"few of many requests", "60", func(int) time.Duration { return time.Minute }, 25, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.Balancer.Attributes[attrIdle] = tt.idle
			var lines []string
			for i := range 60 {
				at := noon.Add(-time.Duration(i) * 30 * time.Second)
				lines = append(lines, lineOf(at, "wss", "198.51.100.7", first, "101 101", "https://shop.example.com:443/chat", tt.lasts(i)))
				for range tt.plain {
					lines = append(lines, accessLine(at, second, false))
				}
			}
			s.Logs = logged(t, s, lines)
			r := Diagnose(copied(t, s))
			if f := r.finding("websocket-idle-timeout"); (f != nil) != tt.want {
				t.Errorf("want it: %v: %+v\n%s", tt.want, s.Logs.Sockets, said(r))
			}
		})
	}
}

// TestRequestsRefused: what the balancer refuses of clients is told where it is much, with what it
// means; not what scanners send beside other requests, nor what others tell of.
func TestRequestsRefused(t *testing.T) {
	for _, tt := range []struct {
		reason string
		n      int64
		change func(*Snapshot)
		want   Level
		says   string
	}{
		{"XFF_Too_Many_IPs", 600, nil, Warn, "XFF_Too_Many_IPs 600: X-Forwarded-For holds more than 30 addresses."},
		{"Client_Timeout", 600, nil, Warn, "before the idle timeout"},
		{"Desync_Block", 600, func(s *Snapshot) { s.Balancer.Attributes[attrDesync] = "strictest" }, Warn, "is strictest"},
		{"Desync_Block", 600, func(s *Snapshot) { s.Balancer.Attributes[attrDesync] = "defensive" }, Warn, "Desync_Block 600"},
		{"Bad_Request", 299, nil, "", ""},
		{"Bad_Request", 40, func(s *Snapshot) { s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 100, 100 }, Note, "16 KiB a line"},
		{"Bad_Request", 40, func(s *Snapshot) {
			s.Balancer.Scheme = "internal"
			s.Logs.Traffic[0].Requests, s.Logs.Traffic[1].Requests = 100, 100
		}, Warn, "16 KiB a line"},
		{"Client_Closed", 600, nil, "", ""},
		{"Protocol_Mismatch", 600, nil, "", ""},
		{"WAF_Block", 600, nil, "", ""},
		{"WAF_Block", 5399, nil, "", ""},
		{"WAF_Block", 5400, nil, Warn, "5400 requests ended with the action waf"},
		{"WAF_Block", 45, func(s *Snapshot) { s.Logs.Traffic = []Traffic{{Requests: 50, Slowest: -1, Last: noon}} }, Note, "45 requests ended with the action waf"},
		{"WAF_Block", 590, func(s *Snapshot) { s.lastMinutes(118) }, Warn, "590 requests ended with the action waf"}, // all but those of probes
		{"WAF_Block", 590, func(s *Snapshot) { s.lastMinutes(80) }, "", ""},
		{"WAF_Block", 590, func(s *Snapshot) {
			s.lastMinutes(118)
			s.From, s.Logs.Traffic[0].Requests = noon.Add(-24*time.Hour), 144000
		}, Warn, "590 requests ended with the action waf"},
		{"WAF_Block", 590, func(s *Snapshot) { // a scanner, at a time without many others
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Requests = 2
			}
			s.lastMinutes(118)
		}, "", ""},
	} {
		s := base()
		s.failing(tt.reason, "", 400, tt.n, func(f *Failure) { f.Class = "client" })
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("requests-refused")
		if (f != nil) != (tt.want != "") || f != nil && (f.Level != tt.want || !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, tt.says) })) {
			t.Errorf("%d of %s: want %q:\n%s", tt.n, tt.reason, tt.want, said(r))
		}
		if strict := "is strictest"; strings.Contains(said(r), strict) != (tt.says == strict) {
			t.Errorf("%s: want it to be strict: %v:\n%s", tt.reason, tt.says == strict, said(r))
		}
	}
	for _, reason := range refusing {
		if !slices.ContainsFunc(parse.Rules, func(r parse.Rule) bool { return r.Reason == reason }) {
			t.Errorf("no rule gives %s", reason)
		}
	}
}

// lastMinutes lets AWS WAF block so many of the 120 requests of each minute, in the last five of the logs.
func (s *Snapshot) lastMinutes(n int64) {
	s.Logs.Last = s.minute(59)
	for i := range s.Logs.Minutes {
		s.Logs.Minutes[i].Reasons = nil
	}
	for i := 55; i < 60; i++ {
		s.Logs.Minutes[i].Requests = min(120-n, s.Logs.Minutes[i].Requests)
		s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Requests: n, Reasons: map[string]int64{"WAF_Block": n}})
	}
}

// TestLargeBodiesBlocked: that AWS WAF blocks large requests is told where most that it blocks are
// large, and not where scanners are blocked, beside which a few are.
func TestLargeBodiesBlocked(t *testing.T) {
	blocked := func(i int, bytes string) string {
		line := lineOf(noon.Add(-time.Duration(i)*10*time.Second), "https", "198.51.100.7", first, "403 -", "https://shop.example.com:443/files", 0)
		return strings.NewReplacer(" 403 - 100 ", " 403 - "+bytes+" ", `"forward"`, `"waf"`).Replace(line)
	}
	for _, tt := range []struct {
		name         string
		large, small int
		want         bool
	}{
		{"uploads", 40, 10, true},
		{"scanners", 0, 300, false},
		{"scanners, and a few uploads", 20, 280, false},
		{"a few uploads", 9, 0, false},
	} {
		s := base()
		var lines []string
		for i := range 300 {
			lines = append(lines, accessLine(noon.Add(-time.Duration(i)*10*time.Second), second, false))
			if i < tt.large {
				lines = append(lines, blocked(i, "20480"))
			}
			if i < tt.small {
				lines = append(lines, blocked(i, "700"))
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		if f := r.finding("waf-blocks-large-bodies"); (f != nil) != tt.want {
			t.Errorf("%s: want it: %v: %+v\n%s", tt.name, tt.want, s.Logs.Failures, said(r))
		} else if f != nil {
			s.Taken = s.Until.Add(3 * time.Hour) // of which AWS WAF has no requests any more
			if later := Diagnose(copied(t, s)).finding("waf-blocks-large-bodies"); len(f.Verify) != 2 || len(later.Verify) != 1 {
				t.Errorf("%s: look closer with %q, three hours later %q", tt.name, f.Verify, later.Verify)
			}
		}
	}
}

// TestFarSlower: a target half of whose answers take far longer than those of others is told; not
// where all are slow, or fast, or it had few requests, or has gone.
func TestFarSlower(t *testing.T) {
	const third = "10.0.10.13:8080"
	for _, tt := range []struct {
		name   string
		took   map[string]float64 // seconds, of most answers
		few    bool               // requests to the first
		change func(*Snapshot)
		want   []string
	}{
		{"half of all are slow by themselves", map[string]float64{first: -48, second: -52, third: -48}, false, nil, nil},
		{"one of three", map[string]float64{first: 8, second: 0.1, third: 0.2}, false, nil, []string{first}},
		{"two of three", map[string]float64{first: 8, second: 9, third: 0.2}, false, nil, nil},
		{"all", map[string]float64{first: 8, second: 9, third: 7}, false, nil, nil},
		{"five times as slow, and fast", map[string]float64{first: 0.5, second: 0.05, third: 0.05}, false, nil, nil},
		{"not five times as slow", map[string]float64{first: 4, second: 1, third: 1.2}, false, nil, nil},
		{"few requests", map[string]float64{first: 8, second: 0.1, third: 0.2}, true, nil, nil},
		{"gone", map[string]float64{first: 8, second: 0.1, third: 0.2}, false, func(s *Snapshot) { s.web().Targets = s.web().Targets[1:] }, nil},
		{"leaving", map[string]float64{first: 8, second: 0.1, third: 0.2}, false, func(s *Snapshot) { s.web().Targets[0].State = "draining" }, nil},
	} {
		s := base()
		s.web().Targets = append(s.web().Targets, Target{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
		s.web().Attributes[attrAlgorithm] = "round_robin"
		if tt.change != nil {
			tt.change(s)
		}
		var lines []string
		for i := range 150 {
			for name, took := range tt.took {
				switch {
				case took < 0 && i*100 >= -150*int(took): // so many of a hundred are
					took = 0.01
				case took < 0:
					took = 30
				case i%3 == 0:
					took = 0.01 // as of static files
				}
				if tt.few && name == first && i >= 50 {
					continue
				}
				lines = append(lines, strings.Replace(accessLine(noon.Add(-time.Duration(i)*20*time.Second), name, false), " 0.000 0.001 0.000 ", fmt.Sprintf(" 0.000 %.3f 0.000 ", took), 1))
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("target-far-slower")
		switch {
		case f == nil && tt.want == nil:
		case f == nil || !slices.Equal(f.Targets, tt.want) || !slices.Contains(f.Evidence, Evidence{FromConfig, "load_balancing.algorithm.type of web is round_robin"}):
			t.Errorf("%s: want %v: %+v\n%s", tt.name, tt.want, s.Logs.Traffic, said(r))
		}
	}
}

// TestSlowBesideFaster: the others that a target is far slower than are most of its group, if not all;
// those that answer with errors at once are none.
func TestSlowBesideFaster(t *testing.T) {
	names := []string{"10.0.10.11:8080", "10.0.10.12:8080", "10.0.10.13:8080", "10.0.10.14:8080", "10.0.10.15:8080"}
	for _, tt := range []struct {
		medians []float64
		failing string // what answers with 5xx
		asked   string
		says    string
	}{
		{[]float64{8, 9, 0.2, 0.1}, "", names[0], "10.0.10.11:8080 answers far more slowly than most other targets of web."},
		{[]float64{10, 0.1, 0.2, 0.1, 0.1}, "", "", "10.0.10.11:8080 answers far more slowly than the other targets of web."},
		{[]float64{10, 9, 2, 0.1, 0.1}, "", "", "10.0.10.11:8080 answers far more slowly than most other targets of web."},
		{[]float64{2, 0.001}, names[1], "", ""},
		{[]float64{2, 2, 2, 0.001, 0.001}, names[4], "", ""},
		{[]float64{9, 0.2, 0.2, 0.001}, names[3], "", "10.0.10.11:8080 answers far more slowly than the other targets of web."},
	} {
		s := base()
		s.web().Targets, s.Logs.Traffic = nil, nil
		for i, median := range tt.medians {
			ip, _, _ := strings.Cut(names[i], ":")
			s.web().Targets = append(s.web().Targets, Target{ID: ip, Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: names[i], Requests: 600, Slowest: 12, Last: noon, Median: median, Low: median})
		}
		s.Target = tt.asked
		if tt.failing != "" {
			s.failing("Target_5XX", tt.failing, 500, 600, func(f *Failure) { f.TargetStatus = 500 })
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-far-slower"); (f != nil) != (tt.says != "") || f != nil && f.Sentence != tt.says {
			t.Errorf("%v: want %q:\n%s", tt.medians, tt.says, said(r))
		}
	}
}

// TestHotTarget: a slow target that gets far more requests than the others is told with these, and
// with cross-zone load balancing where it is off.
func TestHotTarget(t *testing.T) {
	for _, tt := range []struct {
		requests  int64
		cross     string
		hot, zone bool
	}{{9000, "false", true, true}, {9000, "true", true, false}, {3000, "false", false, false}} {
		s := base()
		s.web().Attributes[attrCrossZone] = tt.cross
		s.Logs.Traffic = []Traffic{{Group: webARN, Target: first, Requests: tt.requests, Slowest: 9, Last: noon, Median: 8, Low: 7}, {Group: webARN, Target: second, Requests: 3000, Slowest: 1, Last: noon, Median: 0.1}}
		r := Diagnose(copied(t, s))
		f := r.finding("target-far-slower")
		if f == nil {
			t.Fatal(said(r))
		}
		hot := slices.Contains(f.Evidence, Evidence{FromLog, first + " had 9000 requests, and the others 3000, on average of each"})
		zone := slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.HasPrefix(e.Text, "cross-zone load balancing is off for web") })
		if hot != tt.hot || zone != tt.zone {
			t.Errorf("%+v:\n%s", tt, said(r))
		}
	}
}

// awayLine is a request for a host that a rule turned away, with the name that TLS began with.
func awayLine(i int, host, name, rule string) string {
	line := lineOf(noon.Add(-time.Duration(i)*10*time.Second), "h2", "198.51.100.7", first, "404 -", "https://"+host+":443/", 0)
	return strings.NewReplacer(`"Root=1-1" "-"`, `"Root=1-1" "`+name+`"`, `"-" 0 2026`, `"-" `+rule+` 2026`, `"forward"`, `"fixed-response"`).Replace(line)
}

// TestStrayHost: a host that a certificate is for and no rule asks for is told where clients ask for
// it; not one that only its path kept out, nor names without certificate, nor few requests.
func TestStrayHost(t *testing.T) {
	for _, tt := range []struct {
		name, host, rule, asks string
		n                      int
		scheme                 string
		want                   Level
	}{
		{"a regular expression that may take it", "www.example.com", "0", "~www", 100, "internal", ""},
		{"www", "www.example.com", "0", "example.com", 100, "internal", Warn},
		{"www, now and then, in the internet", "www.example.com", "0", "example.com", 40, "internet-facing", Note},
		{"few", "www.example.com", "0", "example.com", 9, "internal", ""},
		{"a host of a rule, and another path", "www.example.com", "0", "*.example.com", 100, "internal", ""},
		{"no certificate", "-", "0", "example.com", 100, "internal", ""},
		{"a rule that turns it away on purpose", "www.example.com", "7", "example.com", 100, "internal", ""},
	} {
		s := base()
		s.Balancer.Scheme = tt.scheme
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{tt.asks}, Regex: strings.HasPrefix(tt.asks, "~")}}
		s.Listeners[0].Rules = []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		var lines []string
		for i := range 300 {
			lines = append(lines, accessLine(noon.Add(-time.Duration(i)*10*time.Second), second, false))
			if i < tt.n {
				lines = append(lines, awayLine(i, "www.example.com", tt.host, tt.rule))
			}
		}
		s.Logs = logged(t, s, lines)
		report := Diagnose(copied(t, s))
		f := report.finding("host-without-rule")
		if (f != nil) != (tt.want != "") || f != nil && f.Level != tt.want {
			t.Errorf("%s: want %q: %+v\n%s", tt.name, tt.want, s.Logs.StrayHosts, said(report))
		}
	}
}

// TestStrayHostOfOthers: no host is told as one without rule that a rule takes for some paths, as it
// does those of any host; nor where clients ask for another one over a connection to it.
func TestStrayHostOfOthers(t *testing.T) {
	for _, tt := range []struct {
		asked  string
		others []Rule
		now    string // what the default rule does by now
		want   bool
	}{
		{"www.example.com", nil, "404", true},
		{"WWW.example.com", nil, "404", true},
		{"192.0.2.1", nil, "404", false},
		{"www.example.com", nil, "", false},
		{"www.example.com", []Rule{{Priority: "2", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}, Actions: forwardTo("2", webARN).Actions}}, "404", false},
		{"www.example.com", []Rule{{Priority: "2", Conditions: []Condition{{Field: "path-pattern", Values: []string{"/.env"}}}, Actions: []Action{{Type: "fixed-response", Status: "403"}}}}, "404", true},
	} {
		s := base()
		s.Balancer.Scheme = "internal"
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"example.com"}}}
		s.Listeners[0].Rules = slices.Concat([]Rule{r}, tt.others, []Rule{{Priority: "default", Actions: []Action{{Type: "fixed-response", Status: tt.now}}}})
		if tt.now == "" {
			s.Listeners[0].Rules = slices.Concat([]Rule{r}, []Rule{forwardTo("default", webARN)})
		}
		other := Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTP", Rules: slices.Clone(s.Listeners[0].Rules)}
		s.Listeners = append(s.Listeners, other)
		var lines []string
		for i := range 100 {
			lines = append(lines, awayLine(i, tt.asked, "www.example.com", "0"), accessLine(noon.Add(-time.Duration(i)*10*time.Second), second, false))
		}
		s.Logs = logged(t, s, lines)
		report := Diagnose(copied(t, s))
		f := report.finding("host-without-rule")
		if (f != nil) != tt.want || f != nil && !slices.Contains(f.Evidence, Evidence{FromConfig, "rules ask for example.com"}) {
			t.Errorf("%s, %+v: want it: %v: %+v\n%s", tt.asked, tt.others, tt.want, s.Logs.StrayHosts, said(report))
		}
	}
}

// TestLinesReadOnce: where lines cannot be read once more, nothing is told of how long
// WebSockets last, and nothing fails; of redirects it is said that they are not known.
func TestLinesReadOnce(t *testing.T) {
	s := base()
	var lines []string
	for i := range 60 {
		lines = append(lines, lineOf(noon.Add(-time.Duration(i)*30*time.Second), "wss", "198.51.100.7", first, "101 101", "https://shop.example.com:443/chat", time.Minute))
	}
	s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
	if len(s.Logs.Sockets) > 0 || s.Logs.Parsed != 60 || Diagnose(copied(t, s)).finding("websocket-idle-timeout") != nil {
		t.Errorf("%+v", s.Logs)
	}
	lines = nil
	for i := range 60 {
		lines = append(lines, lineOf(minuteOf(i), "h2", "198.51.100.7", first, "301 301", "https://shop.example.com:443/", 0))
	}
	s.Logs = readLogs(t, s, query.Input{Sources: sources(t, strings.NewReader(strings.Join(lines, "\n")+"\n"), "-")})
	if len(s.Logs.Redirects) > 0 || len(s.Logs.Warnings) != 1 || !strings.Contains(s.Logs.Warnings[0], "whether in a circle") {
		t.Errorf("%+v", s.Logs)
	}
}

// TestDisplaced: what the balancer refuses of all clients since a few minutes is an outage, however small a part of a
// long window; beside as many other requests as before, it may be scanners. So is 464.
func TestDisplaced(t *testing.T) {
	for _, tt := range []struct {
		name                        string
		usual, before, all, refused int64 // requests of each minute before, and of the last ones
		want                        bool
	}{
		{"all", 100, 0, 100, 98, true},
		{"beside as many others as before", 100, 0, 200, 100, false},
		{"few", 100, 0, 100, 2, false},
		{"few, beside fewer others than before", 100, 0, 40, 3, false},
		{"as many as before, when the others are done", 100, 3, 3, 3, false},
		{"all, and hardly any came before", 1, 0, 20, 20, false},
	} {
		for reason, id := range map[string]string{"Bad_Request": "requests-refused", "Protocol_Mismatch": "protocol-version-mismatch", "JWTSignatureValidationFailed": "login-refused", "Auth_Failed": "login-refused", "WAF_Error": "waf-errors"} {
			s := base()
			s.From = noon.Add(-48 * time.Hour)
			for i := range s.Logs.Traffic {
				s.Logs.Traffic[i].Requests = 48 * 3000
			}
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Requests, s.Logs.Minutes[i].Reasons = tt.usual, map[string]int64{reason: tt.before}
				if i >= 55 {
					s.Logs.Minutes[i].Requests, s.Logs.Minutes[i].Reasons = tt.all, map[string]int64{reason: tt.refused}
				}
			}
			s.Logs.Newest, s.Logs.Last = noon, noon.Add(-time.Second)
			s.Logs.Failures = []Failure{{Group: webARN, Status: 400, TargetStatus: -1, Reason: reason, Class: "client", Count: 5*tt.refused + 55*tt.before, First: noon.Add(-5 * time.Minute), Last: noon}}
			if id == "login-refused" {
				s.Logs.Failures[0].Status, s.Logs.Failures[0].Class = 401, "policy"
			}
			as := Warn
			if id == "waf-errors" {
				as, s.Logs.Failures[0].Status, s.Logs.Failures[0].Class = Fail, 500, "policy"
			}
			r := Diagnose(copied(t, s))
			f := r.finding(id)
			if (f != nil && f.Level == as) != tt.want || reason == "Bad_Request" && tt.want && !strings.Contains(f.Sentence, "490 of 500 requests since 2026-11-22 11:55 UTC") {
				t.Errorf("%s, %s: want a warning %v:\n%s", reason, tt.name, tt.want, said(r))
			}
		}
	}
}

// TestTLSToPlainListener: a client that begins TLS to a listener of HTTP gets 400, as for any other malformed
// request, which is told where the listener has a port of HTTPS.
func TestTLSToPlainListener(t *testing.T) {
	for port, want := range map[int]bool{443: true, 8443: true, 8080: false} {
		s := base()
		s.Listeners[0].Port = port
		s.group("sg-lb").Ingress[0].To = port
		s.failing("Bad_Request", "", 400, 5900, func(f *Failure) { f.Group, f.Class = "", "client" })
		f := Diagnose(copied(t, s)).finding("requests-refused")
		if f == nil {
			t.Fatal("it is not told that requests are refused")
		}
		if told := slices.ContainsFunc(f.Rivals, func(r Rival) bool {
			return strings.Contains(r.Why, fmt.Sprintf("TLS to listener HTTP:%d", port))
		}); told != want {
			t.Errorf("on port %d: want TLS named: %v: %+v", port, want, f.Rivals)
		}
	}
}
