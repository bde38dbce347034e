package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProtocolMismatch: requests that a group refuses are for a group of another version,
// which takes them.
func TestProtocolMismatch(t *testing.T) {
	for _, tt := range []struct{ version, want, path string }{
		{"", "GRPC", ""}, // what a group takes that was made before there were versions
		{"HTTP1", "GRPC", ""},
		{"HTTP2", "HTTP1", "/health"},
		{"GRPC", "HTTP1", "/PATH"},
	} {
		t.Run(tt.version, func(t *testing.T) {
			s := base()
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners = s.Listeners[1:]
			s.web().Version = tt.version
			s.failing("Protocol_Mismatch", "", 464, 120, func(f *Failure) { f.Class = "client" })
			for _, f := range Diagnose(s).Findings {
				if f.ID != "protocol-version-mismatch" {
					continue
				}
				if len(f.Fix) != 1 || !strings.Contains(f.Fix[0], "--protocol-version "+tt.want+" ") {
					t.Errorf("fix %q, want one for %s", f.Fix, tt.want)
				}
				if path := " --health-check-path "; strings.Contains(f.Fix[0], path) != (tt.path != "") || !strings.HasSuffix(f.Fix[0], tt.path) {
					t.Errorf("fix %q, want the path %q", f.Fix, tt.path)
				}
				return
			}
			t.Error("not found")
		})
	}
}

// TestStrangers: where a group takes most of its requests, its protocol version is no wrong
// one, and the others are for a group beside it. A few of them are what every service in
// the internet is asked.
func TestStrangers(t *testing.T) {
	const all = 6000
	for _, tt := range []struct {
		n     int64
		group string // that their lines name
		level Level
		fix   bool
		do    string
	}{
		{all, webARN, Fail, true, "and lead to that"},
		{600, webARN, Warn, true, "by a rule of their own"},
		{3, webARN, Note, false, "by a rule of their own"},
		{3, "", Note, false, "by a rule of their own"},
	} {
		s := base()
		s.speakHTTP2("GRPC")
		s.failing("Protocol_Mismatch", "", 464, tt.n, func(f *Failure) { f.Class, f.Group = "client", tt.group })
		if tt.n == all {
			s.Logs.Traffic = []Traffic{{Group: webARN, Requests: all, Slowest: -1, Last: noon}}
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if len(r.Findings) != 1 || f.ID != "protocol-version-mismatch" || f.Level != tt.level || len(f.Fix) == 1 != tt.fix || !strings.Contains(f.Do, tt.do) {
			t.Errorf("%d of %d: want one finding, %s, %q:\n%s", tt.n, all, tt.level, tt.do, said(r))
		}
		if r.Wrong() == (tt.level == Note) || !strings.Contains(said(r), "no POST") {
			t.Errorf("%d of %d: wrong: %t:\n%s", tt.n, all, r.Wrong(), said(r))
		}
	}
}

// TestStrangersOfSomeGroup: lines that name no group may be of any that got no more requests
// than these are, and of one for which others are named as well.
func TestStrangersOfSomeGroup(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int64 // without a group
		named  int64 // of the group
		second int64 // requests to another group
		idle   bool  // which no rule leads to
		level  Level
		says   string
	}{
		{"few for either", 3, 0, 5000, false, Note, "(464): 3 requests, and each group got more than that."},
		{"some for either", 300, 0, 5000, false, Warn, "(464): 300 requests, and each group got more than that."},
		{"all that the other group may have got", 3, 0, 2, false, Fail, "Clients speak another protocol"},
		{"the other group gets none", 3, 0, 0, true, Note, "Some clients speak another protocol to web"},
		{"few that are named, and most that are not", 6000, 3, 0, true, Fail, "Clients speak another protocol to web"},
		{"few of both", 4, 3, 0, true, Note, "takes (464): 7 of 6004 requests."},
	} {
		s := base()
		s.speakHTTP2("GRPC")
		s.second(s.web().Targets)
		if !tt.idle {
			other := forwardTo("7", newARN)
			other.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/new/*"}}}
			s.Listeners[0].Rules = append([]Rule{other}, s.Listeners[0].Rules...)
			s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: first, Requests: tt.second, Slowest: 0.1, Last: noon})
		}
		for group, n := range map[string]int64{"": tt.n, webARN: tt.named} {
			if n > 0 {
				s.failing("Protocol_Mismatch", "", 464, n, func(f *Failure) { f.Class, f.Group = "client", group })
			}
		}
		r := Diagnose(copied(t, s))
		f := r.finding("protocol-version-mismatch")
		if f == nil || f.Level != tt.level || f.Explains != tt.n+tt.named || !strings.Contains(f.Sentence, tt.says) {
			t.Errorf("%s: want %s, %q:\n%s", tt.name, tt.level, tt.says, said(r))
		}
	}
}

// TestNoHTTP2: where clients may not speak HTTP/2 to the balancer, a group of another version
// is not what is wrong with one that takes HTTP/2 only: with or without requests that say so.
// Where all of them were answered, it may just have changed.
func TestNoHTTP2(t *testing.T) {
	for _, tt := range []struct {
		version, on string
		group       string // that lines of 464 name; "none" if there are no lines at all
		n           int64
		want        bool
	}{
		{"GRPC", "false", "", 6000, true}, {"GRPC", "false", webARN, 6000, true}, {"GRPC", "false", "", 0, true}, {"GRPC", "false", "none", 0, true},
		{"HTTP2", "false", webARN, 6000, true}, {"HTTP2", "true", webARN, 6000, false}, {"HTTP1", "false", webARN, 6000, false},
	} {
		s := base()
		s.speakHTTP2(tt.version)
		s.Balancer.Attributes["routing.http2.enabled"] = tt.on
		if tt.n > 0 {
			s.failing("Protocol_Mismatch", "", 464, tt.n, func(f *Failure) { f.Class, f.Group = "client", tt.group })
		}
		level := Fail
		switch {
		case tt.group == "none":
			s.Logs.Traffic = nil
		case tt.n == 0:
			level = Warn
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		set := len(f.Fix) == 1 && strings.HasSuffix(f.Fix[0], "--attributes Key=routing.http2.enabled,Value=true") && strings.HasSuffix(f.Undo[0], "Key=routing.http2.enabled,Value=false")
		if len(r.Findings) != 1 || f.ID != "protocol-version-mismatch" || f.Level != level || f.Explains != tt.n || set != tt.want {
			t.Errorf("%+v:\n%s", tt, said(r))
		}
		// AWS, "Target groups for your Application Load Balancers", read 2026-11: a group of
		// HTTP1 takes no gRPC.
		if tt.want && strings.Contains(f.Do, "HTTP1") != (tt.version == "HTTP2") {
			t.Errorf("%+v:\n%s", tt, said(r))
		}
	}
}

// TestNoHTTP2OfTwo: what is switched off for several groups is one finding, with one command.
func TestNoHTTP2OfTwo(t *testing.T) {
	for _, second := range []string{"GRPC", "HTTP2"} {
		s := base()
		s.speakHTTP2("HTTP2")
		s.second(s.web().Targets)
		s.Groups[1].Version = second
		other := forwardTo("7", newARN)
		other.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/new/*"}}}
		s.Listeners[0].Rules = append([]Rule{other}, s.Listeners[0].Rules...)
		s.Balancer.Attributes["routing.http2.enabled"] = "false"
		for group, n := range map[string]int64{webARN: 60, newARN: 120, "": 180} {
			s.failing("Protocol_Mismatch", "", 464, n, func(f *Failure) { f.Class, f.Group = "client", group })
		}
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if len(r.Findings) != 1 || len(f.Fix) != 1 || f.Explains != 360 || f.Level != Fail || !slices.Equal(f.Groups, []string{"new", "web"}) ||
			f.Sentence != "Target groups web, new take HTTP/2 only, which clients may not speak to the balancer." || strings.Contains(f.Do, "HTTP1") != (second == "HTTP2") {
			t.Errorf("%s:\n%s", second, said(r))
		}
	}
}

// TestNoHTTP2BesideHTTP1: requests that the same targets answer for a group of HTTP1 are none
// that were in HTTP/2.
func TestNoHTTP2BesideHTTP1(t *testing.T) {
	s := base()
	s.speakHTTP2("GRPC")
	s.second(s.web().Targets)
	s.Groups[1].Version = "HTTP1"
	other := forwardTo("7", newARN)
	other.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/new/*"}}}
	s.Listeners[0].Rules = append([]Rule{other}, s.Listeners[0].Rules...)
	s.Balancer.Attributes["routing.http2.enabled"] = "false"
	for i := range s.Logs.Traffic {
		s.Logs.Traffic[i].Group = newARN
	}
	r := Diagnose(copied(t, s))
	if f := r.finding("protocol-version-mismatch"); f == nil || f.Level != Fail || f.Confidence != High {
		t.Error(said(r))
	}
}

// TestNewGroupIsEmpty: of a command that makes a group it is said that nothing leads to it yet.
func TestNewGroupIsEmpty(t *testing.T) {
	n := 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		for _, f := range Diagnose(copied(t, s)).Findings {
			if !strings.Contains(strings.Join(f.Fix, "\n"), "create-target-group") {
				continue
			}
			if n++; !slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
				return strings.HasPrefix(e.Text, "the command only makes the new group")
			}) {
				t.Errorf("%s: %+v", tt, f)
			}
		}
	}
	if n == 0 {
		t.Error("no command makes a group")
	}
}
