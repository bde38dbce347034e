package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// said504 is the finding about 504s of targets that did not answer.
func said504(t *testing.T, s *Snapshot) *Finding {
	t.Helper()
	r := Diagnose(copied(t, s))
	at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "idle-timeout-reached" })
	if at != 0 {
		t.Fatalf("idle-timeout-reached has place %d:\n%s", at, said(r))
	}
	return r.Findings[0]
}

func hasRival(f *Finding, id string) bool {
	return slices.ContainsFunc(f.Rivals, func(r Rival) bool { return r.ID == id })
}

// TestClassic504: a Classic Load Balancer answers 504, and logs the same line, if an instance
// is slow and if it closes idle connections too early. Source: AWS, "Troubleshoot a Classic
// Load Balancer: HTTP errors", HTTP 504, read 2026-11.
func TestClassic504(t *testing.T) {
	s := base()
	s.classic()
	s.failing("Target_Response_Timeout", "", 504, 60, func(f *Failure) { f.Group = "" })
	f := said504(t, s)
	if f.Confidence != Low || !hasRival(f, "keep-alive-race") || !strings.Contains(f.Sentence+f.Do, "keep-alive") || len(f.Fix) > 0 {
		t.Errorf("a slow instance is said to be the only cause: %+v", f)
	}
	for protocol, want := range map[string]bool{"TCP": true, "HTTP": false} { // a check that passes in HTTP excludes TLS
		s.port(443)
		s.Logs.Traffic = []Traffic{{Requests: 60, Slowest: -1, Last: noon}}
		s.web().Check.Protocol = protocol
		if f := said504(t, s); hasRival(f, "target-expects-tls") != want {
			t.Errorf("checked in %s, on port 443: TLS may be expected: %v, want %v", protocol, !want, want)
		}
	}
}

// TestNotAtIdleTimeout: what ended at another time than the idle timeout of now is not said
// to have reached it, and a longer one is not offered.
func TestNotAtIdleTimeout(t *testing.T) {
	for wall, ended := range map[int64]string{600: "at it", 0: "elsewhere"} {
		s := base()
		s.Balancer.Attributes[attrIdle] = "120"
		for _, target := range []string{first, second} {
			s.failing("Target_Response_Timeout", target, 504, 300, func(f *Failure) { f.Idle = wall / 2 })
		}
		f := said504(t, s)
		at := strings.Contains(f.Sentence, "longer to answer than the balancer's idle timeout of 120 s")
		if reached := wall > 0; at != reached || (len(f.Fix) > 0) != reached || (f.Confidence == High) != reached || f.Explains != 600 {
			t.Errorf("ended %s: %+v", ended, f)
		}
	}
}

// TestIdleTimeoutNotKnown: the usual idle timeout is not said to be the balancer's where
// that could not be read, nor is it changed by a command that nothing takes back.
func TestIdleTimeoutNotKnown(t *testing.T) {
	slow := func(wall int64, last int) func(*Snapshot) {
		return func(s *Snapshot) {
			s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle, f.Last = wall, s.minute(last) })
		}
	}
	for name, change := range map[string]func(*Snapshot){
		"at 60 s":             slow(600, 60),
		"elsewhere":           slow(0, 60),
		"at 60 s, and over":   slow(600, 1),
		"elsewhere, and over": slow(0, 1),
		"of a classic balancer": func(s *Snapshot) {
			s.classic()
			s.failing("Target_Response_Timeout", "", 504, 60, func(f *Failure) { f.Group = "" })
		},
		"idle connections closed": func(s *Snapshot) {
			for _, target := range []string{first, second} {
				s.failing("Target_Closed_Connection", target, 502, 60, func(f *Failure) { f.Quick = 60 })
			}
		},
		"504 that are not in logs": func(s *Snapshot) {
			s.Logs = nil
			s.metric("HTTPCode_ELB_504_Count", "", "Sum", 60)
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 60)
		},
	} {
		s := base()
		change(s)
		s.Balancer.Attributes = nil
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		claims := func(text string) bool {
			return strings.Contains(text, "idle timeout of 60 s") || strings.Contains(text, attrIdle+" is 60") || strings.Contains(text, "ended at the balancer's")
		}
		if !slices.Contains([]string{"idle-timeout-reached", "keep-alive-race", "balancer-5xx-not-in-logs"}, f.ID) || claims(f.Sentence) || len(f.Fix) > 0 ||
			slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return claims(e.Text) }) || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return claims(r.Why) }) {
			t.Errorf("%s: a setting is claimed that nobody read:\n%s", name, said(r))
		}
	}
}

// TestManyAtOnce: what ends many requests at once on all targets, such as headers that are too
// large, is not said with high confidence to be a race with idle connections; without
// metrics, which tell a target that refuses, with low.
func TestManyAtOnce(t *testing.T) {
	for _, tt := range []struct {
		each     int64
		measured bool
		want     Confidence
	}{{60, true, High}, {300, true, Medium}, {60, false, Medium}, {300, false, Low}} {
		s := base()
		if !tt.measured {
			s.Metrics = nil
		}
		for _, target := range []string{first, second} {
			s.failing("Target_Closed_Connection", target, 502, tt.each, func(f *Failure) { f.Quick = tt.each })
		}
		r := Diagnose(copied(t, s))
		if f := r.Findings[0]; f.ID != "keep-alive-race" || f.Confidence != tt.want || !hasRival(f, "target-closes-connection") {
			t.Errorf("%d of 3000 requests to each target, metrics %v: want a race with %s confidence:\n%s", tt.each, tt.measured, tt.want, said(r))
		}
	}
}

// TestHangsAlone: where few of many targets do not answer and the others do, it is not the
// idle timeout, which all of them have. Failures that are too few to tell which targets they
// come from are no reason to say so.
func TestHangsAlone(t *testing.T) {
	for _, tt := range []struct {
		failures, each int64 // targets that do not answer, and requests to each of them
		alone          bool
	}{{1, 60, true}, {2, 60, true}, {5, 60, false}, {10, 60, false}, {1, 3, false}} {
		s := base()
		s.Logs.Traffic = nil
		for i := range int64(10) {
			target := fmt.Sprintf("10.0.10.%d:8080", 11+i)
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: target, Requests: 600, Slowest: 0.4, Last: noon})
			if i < tt.failures {
				s.failing("Target_Response_Timeout", target, 504, tt.each, func(f *Failure) { f.Idle = tt.each })
			}
		}
		f := said504(t, s)
		told := slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return strings.Contains(e.Text, fmt.Sprintf("%d other targets of the group ended so; the slowest answer took 0.4 s", 10-tt.failures))
		})
		if told != tt.alone || (len(f.Fix) == 0) != tt.alone || f.Explains != tt.failures*tt.each {
			t.Errorf("%d of 10 targets, %d requests each: want alone %v: %+v", tt.failures, tt.each, tt.alone, f)
		}
	}
}

// TestBurst: requests that all ended at once within a minute, and none since, are those of
// processes that stopped, and no race with idle connections, which comes again.
func TestBurst(t *testing.T) {
	for _, tt := range []struct {
		name       string
		from, till int // minutes
		n          int64
		want       string
	}{
		{"within a minute", 30, 31, 60, "target-closes-connection"},
		{"one after the other", 30, 31, 60, "target-closes-connection"},
		{"all the time", 0, 60, 60, "keep-alive-race"},
		{"for ten minutes", 30, 40, 60, "target-closes-connection"},
		{"a few for ten minutes", 30, 40, 2, "keep-alive-race"},
		{"begun just now", 59, 60, 20, "keep-alive-race"},
		{"most of those just now", 59, 60, 60, "target-closes-connection"},
		{"a few", 30, 31, 2, "keep-alive-race"},
	} {
		s := base()
		for i, target := range []string{first, second} {
			if tt.name == "one after the other" {
				tt.from, tt.till = tt.from+10*i, tt.till+10*i
			}
			s.failing("Target_Closed_Connection", target, 502, tt.n, func(f *Failure) { f.Quick, f.First, f.Last = tt.n, s.minute(tt.from), s.minute(tt.till) })
		}
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != tt.want || r.Findings[0].Explains != 2*tt.n || hasRival(r.Findings[0], "keep-alive-race") {
			t.Errorf("%s: want %s:\n%s", tt.name, tt.want, said(r))
		}
		// The same without a connection that was there, and without metrics.
		s.Metrics = nil
		for i := range s.Logs.Failures {
			s.Logs.Failures[i].Reason = "Target_Connection_Error"
		}
		for i := range s.Logs.Minutes {
			m := s.Logs.Minutes[i].Reasons
			m["Target_Closed_Connection"], m["Target_Connection_Error"] = 0, m["Target_Closed_Connection"]
		}
		want := strings.ReplaceAll(tt.want, "target-closes-connection", "target-port-refused")
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != want || r.Findings[0].Explains != 2*tt.n {
			t.Errorf("%s, without metrics: want %s:\n%s", tt.name, want, said(r))
		}
	}
}

// TestFewAtOnce: that a race may be among what a target breaks off is said of those that ended at once, where these are
// few, and not of all.
func TestFewAtOnce(t *testing.T) {
	for _, few := range []int64{0, fewRequests - 1} {
		s := base()
		s.failing("Target_Closed_Connection", first, 502, 60, func(f *Failure) { f.Slow, f.Low, f.High = 60, 2, 9 })
		if few > 0 {
			s.failing("Target_Closed_Connection", first, 502, few, func(f *Failure) { f.Quick = few })
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		at := slices.IndexFunc(f.Rivals, func(r Rival) bool { return r.ID == "keep-alive-race" })
		if f.ID != "target-closes-connection" || f.Explains != 60+few || (at >= 0) != (few > 0) || at >= 0 && !strings.Contains(f.Rivals[at].Why, "few ended at once") {
			t.Errorf("%d of %d ended at once:\n%s", few, 60+few, said(r))
		}
	}
}

// TestBurstsBesideOthers: whether failures come in bursts is not told by those of others, which come all the time: of a
// target that refuses, be it more or less often. A race beside these stays one.
func TestBurstsBesideOthers(t *testing.T) {
	for _, refused := range []int64{5, 300} {
		for want, at := range map[string]func(minute int) bool{
			"target-closes-connection": func(minute int) bool { return minute%20 == 10 },
			"keep-alive-race":          func(minute int) bool { return minute%2 == 0 },
		} {
			const third = "10.0.10.13:8080"
			s := base()
			s.web().Targets = append(s.web().Targets, Target{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a", State: "unhealthy", Reason: "Target.FailedHealthChecks", CheckPort: "8080"})
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: third, Requests: 60 * refused, Slowest: 0, Last: noon})
			s.failing("Target_Connection_Error", third, 502, 60*refused)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(60*refused))
			n := int64(0)
			for i := range s.Logs.Minutes {
				if m := &s.Logs.Minutes[i]; at(i) {
					m.Reasons["Target_Closed_Connection"] = 20
					n += 20
				}
			}
			for _, target := range []string{first, second} {
				s.Logs.Failures = append(s.Logs.Failures, Failure{
					Group: webARN, Target: target, Node: "10.0.0.5", Status: 502, TargetStatus: -1, Reason: "Target_Closed_Connection", Class: "target", Source: "derived",
					Count: n / 2, Quick: n / 2, First: s.minute(0), Last: s.minute(59),
				})
			}
			r := Diagnose(copied(t, s))
			if f := r.finding(want); f == nil || f.Explains != n || r.finding("target-port-refused") == nil {
				t.Errorf("%d a minute are refused: want %s for %d:\n%s", refused, want, n, said(r))
			} else if want != "keep-alive-race" && !hasRival(f, "keep-alive-race") { // of which several may fail together
				t.Errorf("%d a minute are refused: no word of a race:\n%s", refused, said(r))
			}
		}
	}
}

// TestRefusedBesideClosed: where no metric tells, whether connections are refused in bursts is not told by requests that
// targets break off all the time. What fails now and then stays a race.
func TestRefusedBesideClosed(t *testing.T) {
	for want, every := range map[string]int{"target-port-refused": 20, "keep-alive-race": 2} {
		s := base()
		s.Metrics = nil
		n := int64(0)
		for i := 10 % every; i < 60; i += every {
			n += 20
		}
		for _, target := range []string{first, second} {
			s.failing("Target_Connection_Error", target, 502, n/2, func(f *Failure) { f.Quick, f.First, f.Last = n/2, s.minute(10%every), s.minute(59) })
			s.failing("Target_Closed_Connection", target, 502, 300)
		}
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Reasons["Target_Connection_Error"] = 0
			if i%every == 10%every {
				s.Logs.Minutes[i].Reasons["Target_Connection_Error"] = 20
			}
		}
		r := Diagnose(copied(t, s))
		if f := r.finding(want); f == nil || f.Explains != n || r.finding("target-closes-connection") == nil {
			t.Errorf("every %d minutes: want %s for %d:\n%s", every, want, n, said(r))
		}
	}
}

// TestRaceBesideRefusing: where no metric tells, connections that half of a group's targets or more refuse say nothing of
// those that others end thinly in a race: neither how many targets these are, nor when that was. A target that a probe
// sees refuse has not raced, if it did so for a short time only.
func TestRaceBesideRefusing(t *testing.T) {
	for _, tt := range []struct {
		name          string
		refuse, race  int
		until, before int // it is sent requests up to a minute, and refuses them from another one on
		state         string
		probe         bool
	}{
		{"one of two", 1, 1, 60, 0, "healthy", false},
		{"two of four", 2, 2, 60, 0, "healthy", false},
		{"two of four, that are unhealthy since", 2, 2, 32, 30, "unhealthy", false},
		{"two of five, that are unhealthy since", 2, 3, 32, 30, "unhealthy", false},
		{"one of four, as a probe sees", 1, 3, 60, 57, "healthy", true},
	} {
		d := &two{Snapshot: base()}
		d.web().Targets, d.Network.Interfaces, d.Metrics, d.Logs.Traffic = nil, nil, nil, nil
		var refuse []string
		refused := int64(0)
		for i := range tt.refuse + tt.race {
			d.place(i, "8080")
			to := Traffic{Group: webARN, Target: d.name(i), Requests: 60 * 20, Slowest: 0.4, Last: noon}
			row := Failure{Group: webARN, Target: d.name(i), Node: "10.0.0.5", Status: 502, TargetStatus: -1, Reason: "Target_Connection_Error", Class: "target", Source: "derived", First: d.minute(59)}
			for k := range d.Logs.Minutes {
				m, n := &d.Logs.Minutes[k], int64(0)
				switch {
				case i < tt.refuse && k >= tt.before && k < tt.until:
					n = 20
				case i >= tt.refuse && (k+i)%4 == 0:
					n = 1
				}
				if n == 0 {
					continue
				}
				if m.Unconnected == nil {
					m.Reasons, m.Unconnected = map[string]int64{}, map[string]int64{}
				}
				m.Reasons[row.Reason], m.Unconnected[row.Target] = m.Reasons[row.Reason]+n, n
				row.Count, row.Quick, row.Last = row.Count+n, row.Quick+n, d.minute(k)
				if row.First.After(row.Last) {
					row.First = row.Last
				}
			}
			if i < tt.refuse {
				to.Requests, d.web().Targets[i].State = int64(20*tt.until), tt.state
				refuse, refused = append(refuse, row.Target), refused+row.Count
				if tt.state == "unhealthy" {
					d.web().Targets[i].Reason = "Target.FailedHealthChecks"
				}
				if tt.probe {
					d.Probes = append(d.Probes, Probe{Group: webARN, Target: row.Target, Outcome: ProbeRefused})
				}
			}
			d.Logs.Traffic, d.Logs.Failures = append(d.Logs.Traffic, to), append(d.Logs.Failures, row)
		}
		r := Diagnose(copied(t, d.Snapshot))
		if f := r.finding("target-port-refused"); f == nil || f.Explains != refused || !slices.Equal(f.Targets, refuse) {
			t.Errorf("%s: %v refuse %d:\n%s", tt.name, refuse, refused, said(r))
		}
		if f := r.finding("keep-alive-race"); f != nil && slices.ContainsFunc(refuse, func(name string) bool { return slices.Contains(f.Targets, name) }) {
			t.Errorf("%s: a race is said of what refuses:\n%s", tt.name, said(r))
		}
	}
}

// TestRaceElsewhere: the idle timeout is of all target groups, so that none is raised for one of
// them while targets of another close idle connections before it is reached.
func TestRaceElsewhere(t *testing.T) {
	for name, each := range map[string]int64{"web closes idle connections": 30, "none does": 0} {
		s := base()
		const slow = "10.0.10.13:9090"
		s.second([]Target{{ID: "10.0.10.13", Port: 9090, Zone: "eu-central-1a", State: "healthy"}})
		s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: slow, Requests: 3000, Slowest: 59, Last: noon})
		s.failing("Target_Response_Timeout", slow, 504, 600, func(f *Failure) { f.Group, f.Idle = newARN, 600 })
		for _, target := range []string{first, second} {
			s.failing("Target_Closed_Connection", target, 502, each, func(f *Failure) { f.Quick = each })
		}
		f := said504(t, s)
		told := slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return e.Text == "targets of web seem to close idle connections before the balancer does: a longer idle timeout makes that worse, unless their keep-alive is made longer first"
		})
		if told != (each > 0) || (len(f.Fix) == 0) != (each > 0) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestRaceAndCrash: of connections that were broken off, those at 0 s are told of idle ones, and
// all others of an application that crashes; none of them is left without a cause.
func TestRaceAndCrash(t *testing.T) {
	s := base()
	for _, target := range []string{first, second} {
		s.failing("Target_Closed_Connection", target, 502, 120, func(f *Failure) { f.Quick = 60 })
	}
	r := Diagnose(copied(t, s))
	for _, id := range []string{"keep-alive-race", "target-closes-connection"} {
		if f := r.finding(id); f == nil || f.Explains != 120 {
			t.Errorf("want %s for 120:\n%s", id, said(r))
		}
	}
	if r.Observed.Explained != 240 || r.finding("unexplained-failures") != nil {
		t.Errorf("%d of 240 are explained:\n%s", r.Observed.Explained, said(r))
	}
}

// TestIdleOnce: the idle timeout is the balancer's, so that one command raises it for all groups
// whose targets are slow: it stands at the one with most of these failures.
func TestIdleOnce(t *testing.T) {
	for _, most := range []string{webARN, newARN} {
		s := base()
		s.second([]Target{{ID: "10.0.10.11", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		s.Listeners[0].Rules = append([]Rule{forwardTo("5", newARN)}, s.Listeners[0].Rules...)
		s.Listeners[0].Rules[0].Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: first, Requests: 3000, Slowest: 1, Last: noon})
		for _, arn := range []string{webARN, newARN} {
			n := int64(300)
			if arn == most {
				n = 900
			}
			for _, target := range []string{first, second} {
				s.failing("Target_Response_Timeout", target, 504, n, func(f *Failure) { f.Idle, f.Group = n, arn })
			}
		}
		r := Diagnose(copied(t, s))
		a, b := r.Findings[0], r.Findings[1]
		if a.ID != "idle-timeout-reached" || b.ID != a.ID || len(a.Fix) != 1 || len(a.Undo) != 1 || len(b.Fix)+len(b.Undo) > 0 ||
			!slices.ContainsFunc(a.Evidence, func(e Evidence) bool {
				return strings.HasPrefix(e.Text, "targets of all groups have to keep idle connections")
			}) ||
			!slices.Contains(b.Evidence, Evidence{FromConfig, "the idle timeout is that of all groups: the command is given for " + a.Groups[0]}) {
			t.Errorf("most of %s: want one command, at the first:\n%s", groupName(most), said(r))
		}
	}
}

// TestIdleNotOnce: where no command is given for the group with most of these failures, since none of them
// ended at the idle timeout, it stands at the other one.
func TestIdleNotOnce(t *testing.T) {
	s := base()
	s.second([]Target{{ID: "10.0.10.11", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
	s.Listeners[0].Rules = append([]Rule{forwardTo("5", newARN)}, s.Listeners[0].Rules...)
	s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: first, Requests: 3000, Slowest: 1, Last: noon})
	s.failing("Target_Response_Timeout", second, 504, 900)
	s.failing("Target_Response_Timeout", first, 504, 300, func(f *Failure) { f.Idle, f.Group = 300, newARN })
	r := Diagnose(copied(t, s))
	for _, f := range r.Findings {
		if f.ID == "idle-timeout-reached" && (len(f.Fix) == 1) != slices.Equal(f.Groups, []string{"new"}) {
			t.Errorf("%v has %v:\n%s", f.Groups, f.Fix, said(r))
		}
	}
	if r.finding("idle-timeout-reached") == nil {
		t.Error(said(r))
	}
}

// TestLargePackets: beside answers that do not come in time, the size of packets is named where the
// way to these targets leads over a gateway that takes smaller ones, and nowhere else.
func TestLargePackets(t *testing.T) {
	for via, want := range map[string]bool{"tgw-1": true, "vgw-1": true, "pcx-1": false, "": false} {
		s := base()
		target := first
		if via != "" {
			s.web().Targets[0].ID, s.web().Targets[0].Zone, target = "172.20.1.7", "all", "172.20.1.7:8080"
			for i := range s.Network.RouteTables {
				s.Network.RouteTables[i].Routes = append(s.Network.RouteTables[i].Routes, Route{"172.20.0.0/16", via, "active"})
			}
		}
		s.failing("Target_Response_Timeout", target, 504, 600, func(f *Failure) { f.Idle = 600 })
		r := Diagnose(copied(t, s))
		f := r.finding("idle-timeout-reached")
		if f == nil || slices.ContainsFunc(f.Rivals, func(r Rival) bool { return strings.Contains(r.Why, "(MTU)") }) != want {
			t.Errorf("%q: want it: %v:\n%s", via, want, said(r))
		}
	}
}

// TestSettingsSetBack: settings that make it better are changed by a command, and changed back to what
// they are; not where that would be worse.
func TestSettingsSetBack(t *testing.T) {
	for _, tt := range []struct {
		name, id  string
		change    func(*Snapshot)
		fix, undo string
	}{
		{"WebSockets", "websocket-idle-timeout", func(s *Snapshot) { s.Balancer.Attributes[attrIdle] = "100" }, attrIdle + ",Value=200", attrIdle + ",Value=100"},
		{"WebSockets at the longest timeout", "websocket-idle-timeout", func(s *Snapshot) { s.Balancer.Attributes[attrIdle] = "4000" }, "", ""},
		{"WebSockets, and targets that close idle connections", "websocket-idle-timeout", func(s *Snapshot) {
			for _, x := range []string{first, second} {
				s.failing("Target_Closed_Connection", x, 502, 60, func(f *Failure) { f.Quick = 60 })
			}
		}, "", ""},
		{"a slow target", "target-far-slower", func(s *Snapshot) { s.web().Attributes[attrAlgorithm] = "round_robin" }, attrAlgorithm + ",Value=least_outstanding_requests", attrAlgorithm + ",Value=round_robin"},
		{"a slow target, and slow start", "target-far-slower", func(s *Snapshot) {
			s.web().Attributes[attrAlgorithm], s.web().Attributes[attrSlowStart] = "round_robin", "60"
		}, "", ""},
		{"a slow target of another algorithm", "target-far-slower", func(s *Snapshot) { s.web().Attributes[attrAlgorithm] = "weighted_random" }, "", ""},
	} {
		s := base()
		faults[slices.IndexFunc(faults, func(f fault) bool { return f.want == tt.id })].change(s)
		tt.change(s)
		f := Diagnose(copied(t, s)).finding(tt.id)
		if f == nil {
			t.Fatalf("%s: it is not told", tt.name)
		}
		fix, undo := strings.Join(f.Fix, "\n"), strings.Join(f.Undo, "\n")
		if !strings.HasSuffix(fix, tt.fix) || !strings.HasSuffix(undo, tt.undo) || tt.fix == "" && fix+undo != "" {
			t.Errorf("%s: want %q, and back %q: %q, and back %q", tt.name, tt.fix, tt.undo, fix, undo)
		}
	}
}

// TestIdleTimeoutChangedOnce: WebSockets and slow answers that end at one timeout have one command.
func TestIdleTimeoutChangedOnce(t *testing.T) {
	s := base()
	s.Logs.Sockets = []Sockets{{webARN, 600, 500, 490}}
	s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = 600 })
	s.failing("Target_Response_Timeout", second, 504, 600, func(f *Failure) { f.Idle = 600 })
	r := Diagnose(copied(t, s))
	if sockets, slow := r.finding("websocket-idle-timeout"), r.finding("idle-timeout-reached"); sockets == nil || slow == nil || len(sockets.Fix) != 0 || len(slow.Fix) != 1 {
		t.Errorf("want one command, for what explains failures:\n%s", said(r))
	}
}

// TestHangsWholly: where health checks time out as well, the idle timeout is not what has to be changed.
func TestHangsWholly(t *testing.T) {
	for _, reason := range []string{"Target.Timeout", "Target.ResponseCodeMismatch", ""} {
		s := base()
		for i, target := range []string{first, second} {
			s.failing("Target_Response_Timeout", target, 504, 600, func(f *Failure) { f.Idle = 600 })
			if reason != "" {
				s.web().Targets[i].State, s.web().Targets[i].Reason = "unhealthy", reason
			}
		}
		f := Diagnose(copied(t, s)).finding("idle-timeout-reached")
		if hangs := reason == "Target.Timeout"; f == nil || strings.Contains(f.Do, "even health checks") != hangs || (len(f.Fix) == 0) != hangs {
			t.Errorf("%s: %+v", reason, f)
		}
	}
}

// TestUnhealthyBesideSlow: a command makes the idle timeout longer, though a target is down all the time, or was for a
// moment, or another one was hardly asked; not where targets were unhealthy while most requests took too long.
func TestUnhealthyBesideSlow(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		longer bool
	}{
		"one is down all the time":   {func(s *Snapshot) { s.unhealthyFor(0, 59); s.healthyOnly(1, 0, 59) }, true},
		"one was for a moment":       {func(s *Snapshot) { s.unhealthyFor(30, 31); s.healthyOnly(1, 30, 31) }, true},
		"unhealthy as most came":     {func(s *Snapshot) { s.unhealthyFor(10, 50); s.healthyOnly(1, 10, 50) }, false},
		"other one was hardly asked": {func(s *Snapshot) { s.Logs.Failures, s.Logs.Traffic[1].Requests = s.Logs.Failures[:1], 5 }, true},
		"other one was asked":        {func(s *Snapshot) { s.Logs.Failures = s.Logs.Failures[:1] }, false},
	} {
		s := base()
		for _, target := range []string{first, second} {
			s.failing("Target_Response_Timeout", target, 504, 600, func(f *Failure) { f.Idle = 600 })
		}
		tt.change(s)
		if f := said504(t, s); len(f.Fix) > 0 != tt.longer {
			t.Errorf("%s: want a command: %t:\n%+v", name, tt.longer, f)
		}
	}
}

// TestIdleTimeoutOfSlower: a group that answers more slowly since some time gets no command that lets requests wait longer.
func TestIdleTimeoutOfSlower(t *testing.T) {
	for slower, want := range map[bool]int{false: 1, true: 0} {
		s := base()
		s.failing("Target_Response_Timeout", first, 504, 600, func(f *Failure) { f.Idle = f.Count })
		s.failing("Target_Response_Timeout", second, 504, 600, func(f *Failure) { f.Idle = f.Count })
		if slower {
			s.Logs.Slower = []Slower{{Group: webARN, Since: s.minute(30), Until: s.minute(59), Goes: true, Halves: true, Before: Pace{Median: 0.1}, Then: Pace{Median: 2, Minutes: 30}}}
		}
		f := said504(t, s)
		if len(f.Fix) != want || strings.Contains(f.Do, "answer more slowly since 11:30 UTC") != slower {
			t.Errorf("slower: %t: %+v", slower, f)
		}
	}
}
