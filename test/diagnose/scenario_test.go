//go:build moto

package diagnose

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// scenario is one file of scenarios, or of bases, on which it stands.
type scenario struct {
	Base  string // of bases; "" for none
	About string // what is wrong, in one sentence
	Net   string // the first number of the set-up's addresses: "10" if empty

	Change steps // parameters of the base's steps, see steps.change
	Steps  steps // further calls, after the base's
	After  steps // calls when the targets' servers run and before anything is measured

	// Servers are the targets' by the last two numbers of their address and their
	// port: see behaviour. Later are those that take their place once the requests are
	// answered.
	Servers     map[string]string
	Later       map[string]string
	Certificate struct {
		Hosts []string
		Valid time.Duration // from now on; if short, it is waited for
	}
	Traffic      []traffic
	HealthLog    bool     `yaml:"health-log"`
	SilentLogs   bool     `yaml:"no-log-objects"`
	Lost         int      // one log object of so many never came
	BucketPolicy string   `yaml:"bucket-policy"` // "none", or what it does with the balancer: "Allow" (if empty) or "Deny"
	Metrics      []metric // further data points, in each fifth minute of the window
	NoMetrics    bool     `yaml:"no-metrics"`
	Arguments    []string // of the command, further ones
	Denied       []string // permissions that are missing, which the answer must name

	// Causes are the findings that must come first, in any order; none if the
	// set-up is healthy. Also are others that must be there, Never ones that must not.
	Causes, Also, Never []string
	Mends               bool // the first finding's commands mend it, and take that back
}

type metric struct {
	Name, Namespace, Dimensions string
	Value                       float64
}

// readScenario reads a file and the bases that it stands on.
func readScenario(name string) (*scenario, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := &scenario{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.Base == "" {
		return s, nil
	}
	base, err := readScenario(filepath.Join("bases", s.Base+".yaml"))
	if err != nil {
		return nil, err
	}
	changed, err := base.Steps.change(s.Change)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.Steps = append(changed, s.Steps...)
	s.After = append(base.After, s.After...)
	servers := maps.Clone(base.Servers)
	if servers == nil {
		servers = map[string]string{}
	}
	maps.Copy(servers, s.Servers)
	s.Servers = servers
	if len(s.Traffic) == 0 {
		s.Traffic = base.Traffic
	}
	if s.Certificate.Hosts == nil {
		s.Certificate = base.Certificate
	}
	return s, nil
}

// kind is what the base says that the balancer is.
func (s *scenario) kind(values map[string]string) string {
	switch {
	case values["lb"] == "":
		return "classic"
	case strings.HasPrefix(values["lb-id"], "net/"):
		return "network"
	}
	return "application"
}

// numbers makes each built scenario's account, name and addresses its own.
var numbers atomic.Int64

// claim takes a number whose addresses no other run of the lab on this machine uses.
func claim(t *testing.T) int {
	t.Helper()
	for range 10_000 {
		n := int(numbers.Add(1))
		l, err := net.Listen("tcp", fmt.Sprintf("127.%d.0.1:8079", n%250+1))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			return n
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("all addresses are in use")
	return 0
}

// built is a scenario that stands in the emulator.
type built struct {
	account, name, bucket, network string
	values                         map[string]string
	stops                          map[string]func() // its servers, by the end of their address
}

// build makes a scenario's set-up, runs its servers and its traffic, and puts
// its logs and metrics where AWS does.
func (s *scenario) build(t *testing.T, name string) *built {
	t.Helper()
	ctx, start := t.Context(), time.Now()
	n := claim(t)
	b := &built{
		account: fmt.Sprintf("1111222%05d", n), name: name, bucket: fmt.Sprintf("logs-%d", n),
		network: fmt.Sprintf("%s.%d", cmp.Or(s.Net, "10"), n%250+1), stops: map[string]func(){},
	}
	b.values = map[string]string{"account": b.account, "name": name, "bucket": b.bucket, "net": b.network, "region": region}
	if s.Certificate.Hosts != nil {
		c, err := newCertificate(s.Certificate.Hosts, s.Certificate.Valid)
		if err != nil {
			t.Fatal(err)
		}
		b.values["cert"] = base64.StdEncoding.EncodeToString(c.cert)
		b.values["key"] = base64.StdEncoding.EncodeToString(c.key)
	}
	place := []byte(`<CreateBucketConfiguration><LocationConstraint>` + region + `</LocationConstraint></CreateBucketConfiguration>`)
	if _, err := send(ctx, b.account, "s3", http.MethodPut, "/"+b.bucket, nil, place); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/AWSLogs/%s/*"}]}`, cmp.Or(s.BucketPolicy, "Allow"), b.bucket, b.account)
	if s.BucketPolicy != "none" {
		if _, err := send(ctx, b.account, "s3", http.MethodPut, "/"+b.bucket+"?policy", nil, []byte(policy)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Steps.run(ctx, b.account, b.values); err != nil {
		t.Fatal(err)
	}
	b.serve(t, s.Servers)
	to := time.Now().Add(-6 * time.Minute)
	from := to.Add(-45 * time.Minute)
	s.observe(t, b, s.kind(b.values), from, to)
	b.serve(t, s.Later)
	var extra []datum
	for _, m := range s.Metrics {
		text, err := fill(m.Dimensions, b.values)
		if err != nil {
			t.Fatal(err)
		}
		dimensions := strings.Fields(text)
		for i, d := range dimensions {
			if key, arn, ok := strings.Cut(d, "=arn:"); ok {
				dimensions[i] = key + "=" + short(arn)
			}
		}
		for at := from; at.Before(to); at = at.Add(5 * time.Minute) {
			extra = append(extra, datum{m.Name, dimensions, at.UTC(), m.Value})
		}
		if err := put(ctx, b.account, m.Namespace, extra); err != nil {
			t.Fatal(err)
		}
		extra = nil
	}
	if s.Certificate.Hosts != nil && s.Certificate.Valid < time.Minute {
		time.Sleep(time.Until(start.Add(s.Certificate.Valid + time.Second)))
	}
	if err := s.After.run(ctx, b.account, b.values); err != nil {
		t.Fatal(err)
	}
	return b
}

// serve runs servers by the end of their addresses.
func (b *built) serve(t *testing.T, servers map[string]string) {
	t.Helper()
	for address, text := range servers {
		does, err := parseBehaviour(text)
		if err != nil {
			t.Fatal(err)
		}
		if stop := b.stops[address]; stop != nil {
			stop()
		}
		b.stops[address] = serve(t, b.network+"."+address, does)
	}
}

// observe sends a scenario's traffic and keeps what came of it.
func (s *scenario) observe(t *testing.T, b *built, kind string, from, to time.Time) {
	t.Helper()
	ctx := t.Context()
	var read *setup
	var err error
	if kind == "classic" {
		read, err = readClassic(ctx, b.account, b.name)
	} else {
		read, err = readSetup(ctx, b.account, b.values["lb"])
	}
	if err != nil {
		t.Fatal(err)
	}
	lb := &balancer{setup: read, net: b.network, idle: map[string][]*conn{}}
	if kind != "network" { // one that passes TCP on writes no log
		sent := s.Traffic
		if sent == nil {
			sent = []traffic{{}}
		}
		for _, one := range sent {
			lb.send(ctx, one, from, to)
		}
		lb.close()
		if !s.SilentLogs {
			if err := deliver(ctx, read, b.bucket, "", lb.accessLog(), s.Lost); err != nil {
				t.Fatal(err)
			}
		}
		if s.HealthLog {
			if err := deliver(ctx, read, b.bucket, "health_check_log_", read.healthLog(ctx, b.network, from, to, 20), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.NoMetrics {
		return
	}
	data := lb.metrics
	if kind == "classic" {
		data = lb.classicMetrics
	}
	namespace := map[string]string{"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB", "classic": "AWS/ELB"}[kind]
	if err := put(ctx, b.account, namespace, data(from, to)); err != nil {
		t.Fatal(err)
	}
}

// answer is the part of the command's JSON that the tests look at.
type answer struct {
	Schema   string
	Observed struct{ Requests, Failures, Explained int }
	Path     []struct {
		Hop, State string
		Evidence   []string
	}
	Findings []struct {
		ID, Level, Hop, Sentence, Confidence string
		Explains                             int
		BecauseOf                            []string `json:"because_of"`
		Fix, Undo, Targets                   []string
	}
	NotChecked []unchecked `json:"not_checked"`
	Calls      struct {
		Total    int
		ByAction map[string]int `json:"by_action"`
	}
}

type unchecked struct{ What, Permission, Why string }

// diagnose runs the command through a gate and returns what it wrote and its exit status.
func diagnose(t *testing.T, g *gate, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, binary, append([]string{"diagnose", "--endpoint-url", g.URL}, args...)...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for action := range g.counts() {
		_, name, _ := strings.Cut(action, ":")
		if !strings.HasPrefix(name, "Describe") && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") {
			t.Errorf("%s is more than a question", action)
		}
	}
	return out.String(), talk.String(), c.ProcessState.ExitCode()
}

// ask asks for a diagnosis of what was built.
func (b *built) ask(t *testing.T, g *gate, args ...string) (answer, int) {
	t.Helper()
	all := []string{"--lb", b.name, "--since", "1h", "--output", "json"}
	for _, arg := range args {
		arg, err := fill(arg, b.values)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, arg)
	}
	stdout, stderr, status := diagnose(t, g, all...)
	var a answer
	if err := json.Unmarshal([]byte(stdout), &a); err != nil {
		t.Fatalf("exit status %d: %v\nstdout: %s\nstderr: %s", status, err, stdout, stderr)
	}
	return a, status
}

// problems says what is wrong with an answer to a scenario; none if nothing is.
func (s *scenario) problems(a answer, status int) []string {
	var wrong []string
	ids, fails := a.ids(), 0
	for _, f := range a.Findings {
		if f.Level == "fail" {
			fails++
		}
	}
	if s.Causes == nil {
		if fails > 0 {
			wrong = append(wrong, "a healthy set-up has a finding that fails")
		}
		if status != 0 {
			wrong = append(wrong, fmt.Sprintf("exit status %d, want 0", status))
		}
	} else {
		causes := ids[:min(len(ids), len(s.Causes))]
		want := slices.Sorted(slices.Values(s.Causes))
		if !slices.Equal(slices.Sorted(slices.Values(causes)), want) {
			wrong = append(wrong, fmt.Sprintf("want first: %v", s.Causes))
		}
		if status != 21 {
			wrong = append(wrong, fmt.Sprintf("exit status %d, want 21", status))
		}
	}
	for _, action := range s.Denied {
		if !slices.ContainsFunc(a.NotChecked, func(n unchecked) bool { return n.Permission == action }) {
			wrong = append(wrong, action+" is not named")
		}
	}
	for _, id := range s.Also {
		if !slices.Contains(ids, id) {
			wrong = append(wrong, "want "+id+" too")
		}
	}
	for _, id := range s.Never {
		if slices.Contains(ids, id) {
			wrong = append(wrong, "do not want "+id)
		}
	}
	return wrong
}
