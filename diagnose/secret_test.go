package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"loglens/report"
)

func TestRedacted(t *testing.T) {
	for path, want := range map[string]string{
		"/health":                          "/health",
		"/health?token=s3cr3t&verbose":     "/health?token={…}&verbose",
		"/status/AKIAIOSFODNN7EXAMPLE":     "/status/{…}",
		"/a/eyJhbGciOiJIUzI1NiJ9.e30.x":    "/a/{…}",
		"/u/bob@example.com/x":             "/u/{…}/x",
		"/k/4f9c1e7ab03d5528ff10aa93c":     "/k/{…}",
		"/a-long-but-plain-word-of-a-path": "/a-long-but-plain-word-of-a-path",
	} {
		if got := redacted(path); got != want {
			t.Errorf("redacted(%q) is %q, want %q", path, got, want)
		}
	}
}

// TestHeaderSecrets: what a CDN proves itself with is not kept, and rules can still
// be compared.
func TestHeaderSecrets(t *testing.T) {
	field, name, marks := "http-header", "X-Origin-Verify", marker{}
	read := func(secret string) []Condition {
		return conditionsOf(elb.RuleCondition{Field: &field, HttpHeaderConfig: &elb.HttpHeaderConditionConfig{HttpHeaderName: &name, Values: []string{secret}}}, marks)
	}
	a, b, c := read("canary-1"), read("canary-2"), read("canary-1")
	if text := fmt.Sprint(a, b, c); strings.Contains(text, "canary") {
		t.Errorf("the secret is kept: %s", text)
	}
	if a[0].Values[0] == b[0].Values[0] || a[0].Values[0] != c[0].Values[0] {
		t.Errorf("%v %v %v", a, b, c)
	}
}

// TestSavedSecrets looks for a secret of a path in what is saved and printed, which
// says the same before and after.
func TestSavedSecrets(t *testing.T) {
	s := base()
	s.codes(404)
	s.web().Check.Path = "/health/AKIAIOSFODNN7EXAMPLE?token=canary"
	var saved strings.Builder
	if err := s.Write(&saved); err != nil {
		t.Fatal(err)
	}
	before, after := drawn(t, Diagnose(s)), drawn(t, Diagnose(copied(t, s)))
	for _, text := range []string{saved.String(), before, after} {
		if strings.Contains(text, "canary") || strings.Contains(text, "AKIA") {
			t.Errorf("a secret is kept: %s", text)
		}
	}
	if before != after {
		t.Error("a saved snapshot says something else")
	}
}

// TestHostile puts what a terminal, a ticket system or a shell would run into every
// text that comes from outside.
func TestHostile(t *testing.T) {
	const evil = "x\x1b]0;owned\x07\u202e`</script>|@channel'; rm -rf ~ #"
	s := base()
	s.all("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404] "+evil)
	s.web().Name += evil
	s.web().Check.Path = "/" + evil
	s.Balancer.Name, s.Balancer.ID, s.Balancer.DNSName, s.Balancer.StateReason = evil, evil, evil, evil
	s.Balancer.State = evil
	s.group("sg-app").ID = "sg-app" + evil
	for i := range s.Network.Interfaces {
		s.Network.Interfaces[i].SecurityGroups = []string{"sg-app" + evil}
	}
	s.group("sg-app" + evil).Ingress = nil
	s.failing("Unknown"+evil, first, 500, 60)
	s.Missing = append(s.Missing, Missing{What: evil, Why: evil})
	s.second([]Target{{ID: "10.0.10.13", Port: 8080, State: "healthy"}}) // what is to be done names it
	s.third(nil)
	s.Groups[1].Name, s.Groups[1].ARN = "new"+evil, newARN
	s.Listeners[0].Rules = append([]Rule{forwardTo("1", "arn:third", newARN)}, s.Listeners[0].Rules...)
	s.Listeners[0].Rules[0].Actions[0].Weights[1].Weight = 0
	r := Diagnose(s)
	if !slices.ContainsFunc(r.Findings, func(f *Finding) bool { return strings.Contains(f.Do, evil) }) {
		t.Error("nothing that is to be done names what comes from outside")
	}
	r.Observed.Target = evil
	for _, e := range Encoders {
		for _, style := range []report.Style{{}, {Terminal: true, Width: 80, Color: false}, {ASCII: true}} {
			var b bytes.Buffer
			if err := e.Encode(&b, r, style); err != nil {
				t.Fatal(err)
			}
			if text := b.String(); strings.ContainsAny(text, "\x1b\x07\u202e") {
				t.Errorf("%s lets control characters through: %q", e.Name, text)
			}
		}
	}
	var b bytes.Buffer
	if err := encodeMarkdown(&b, r, report.Style{}); err != nil {
		t.Fatal(err)
	}
	block := false
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "```") {
			block = !block
			continue
		}
		if outside := spans(line); !block && strings.ContainsAny(outside, "<@") {
			t.Errorf("outside of code: %q", line)
		}
	}
	for _, f := range r.Findings {
		for _, command := range append(append(f.Fix, f.Undo...), f.Verify...) {
			if strings.Contains(command, "rm -rf") && !strings.Contains(command, `'\''`) {
				t.Errorf("a shell would run: %s", command)
			}
		}
	}
}

// spans is a line of Markdown without its code spans.
func spans(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, "`") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}
