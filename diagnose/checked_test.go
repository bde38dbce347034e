package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a target answers to health checks and to requests, said as plainly as can be: an oracle for
// what the checks of health checks say.
//
// Sources: AWS, "Health checks" of the guides for Application and for Network Load Balancers, and
// "TargetHealth" of the Elastic Load Balancing API reference, read 2026-11.

// service is what is behind a port of a target: it answers always alike.
type service struct {
	how   string         // "refuses", "drops" and "closes" connections, or "answers"
	tls   bool           // it takes TLS only
	rude  bool           // it hangs up on plain HTTP, in place of answering 400
	after float64        // seconds until it answers
	codes map[string]int // by path, 404 for all others
}

// reply is how a connection ends: "refused", "dropped", "closed", "no TLS", "answered" with a code, or "connected"
// where nothing is asked.
type reply struct {
	how   string
	code  int
	after float64
}

func (s service) ask(protocol, path string) reply {
	inTLS := protocol == "HTTPS" || protocol == "TLS"
	switch {
	case s.how == "refuses" || s.how == "":
		return reply{how: "refused"}
	case s.how == "drops":
		return reply{how: "dropped"}
	case protocol == "TCP":
		return reply{how: "connected"}
	case s.how == "closes" && !inTLS:
		return reply{how: "closed"}
	case inTLS && (s.how == "closes" || !s.tls):
		return reply{how: "no TLS"}
	case protocol == "TLS":
		return reply{how: "connected"}
	case !inTLS && s.tls && s.rude:
		return reply{how: "closed"}
	case !inTLS && s.tls:
		return reply{how: "answered", code: 400}
	case s.codes[path] > 0:
		return reply{"answered", s.codes[path], s.after}
	}
	return reply{"answered", 404, s.after}
}

// judge says "pass", or why a check fails: "timeout", "code" or "failed".
func judge(c HealthCheck, r reply) string {
	switch {
	case r.how == "dropped" || r.after > float64(c.Timeout):
		return "timeout"
	case r.how == "connected":
		return "pass"
	case r.how != "answered":
		return "failed"
	}
	for _, part := range strings.Split(c.Matcher, ",") {
		var from, to int
		if n, err := fmt.Sscanf(part, "%d-%d", &from, &to); n == 2 && err == nil && from <= r.code && r.code <= to || part == strconv.Itoa(r.code) {
			return "pass"
		}
	}
	return "code"
}

// checked is a group whose targets, by their place, have services by port.
type checked struct {
	*Snapshot
	services []map[int]service
}

func (s *checked) check(i int) reply {
	c, port := s.web().Check, s.web().Port
	if c.Port != "traffic-port" {
		port, _ = strconv.Atoi(c.Port)
	}
	return s.services[i][port].ask(c.Protocol, c.Path)
}

func (s *checked) verdict(i int) string { return judge(s.web().Check, s.check(i)) }

// request is how one that is sent to a target ends; a network balancer only passes it on.
func (s *checked) request(i int) reply {
	return s.services[i][s.web().Port].ask(s.web().Protocol, "/")
}

// works reports whether requests that are sent to a target are answered as they should be.
func (s *checked) works(i int) bool {
	r := s.request(i)
	return r.how == "connected" || r.code == 200
}

// port is the one that is checked.
func (s *checked) port() int { return s.web().checkPort(&Target{Port: s.web().Port}) }

// run does what a command of AWS does to a health check, and refuses what AWS refuses.
func (s *checked) run(command string) error {
	words := word.FindAllString(command, -1)
	c := s.web().Check
	for i := 3; i+1 < len(words); i++ {
		value := strings.Trim(words[i+1], "'")
		switch words[i] {
		case "--health-check-port":
			c.Port = value
		case "--health-check-path":
			c.Path = strings.Replace(value, "/PATH", "/status", 1)
		case "--health-check-protocol":
			c.Protocol = value
		case "--health-check-timeout-seconds":
			c.Timeout, _ = strconv.Atoi(value)
		case "--health-check-interval-seconds":
			c.Interval, _ = strconv.Atoi(value)
		case "--matcher":
			c.Matcher = strings.TrimSuffix(strings.TrimPrefix(value, `{"HttpCode":"`), `"}`)
		}
	}
	most := map[string]int{Application: 499, NetworkType: 599}[s.Balancer.Type]
	for _, part := range strings.FieldsFunc(c.Matcher, func(r rune) bool { return r == ',' || r == '-' }) {
		if code, err := strconv.Atoi(part); err != nil || code < 200 || code > most {
			return errors.New("matcher " + c.Matcher)
		}
	}
	switch {
	case words[2] != "modify-target-group":
		return errors.New("what is that?")
	case c == s.web().Check:
		return errors.New("nothing is changed")
	case c.Timeout < 2 || c.Timeout > 120 || c.Interval < 5 || c.Interval > 300 || c.Timeout > c.Interval || c.Timeout == c.Interval && s.Balancer.Type == Application:
		return fmt.Errorf("timeout %d of %d", c.Timeout, c.Interval)
	case !slices.Contains([]string{"HTTP", "HTTPS", "TCP"}, c.Protocol) || c.Protocol == "TCP" && s.Balancer.Type == Application:
		return errors.New("protocol " + c.Protocol)
	}
	s.web().Check = c
	s.settle()
	return nil
}

// settle gives targets the states that their checks lead to.
func (s *checked) settle() {
	for i := range s.web().Targets {
		t := &s.web().Targets[i]
		t.CheckPort = strconv.Itoa(s.port())
		switch v := s.verdict(i); {
		case v == "pass":
			t.State, t.Reason, t.Description = "healthy", "", ""
		case s.Balancer.Type == NetworkType || v == "failed":
			t.State, t.Reason, t.Description = "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
		case v == "timeout":
			t.State, t.Reason, t.Description = "unhealthy", "Target.Timeout", "Request timed out"
		default:
			t.State, t.Reason, t.Description = "unhealthy", "Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", s.check(i).code)
		}
	}
}
