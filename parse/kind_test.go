package parse

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKindOf(t *testing.T) {
	firstLine := func(file string) string {
		line, _, _ := strings.Cut(logs(t)[file+".log"], "\n")
		return line
	}
	for _, test := range []struct {
		line string
		want Kind
	}{
		{firstLine("width_36"), KindAccess},
		{firstLine("width_18"), KindAccess},
		{firstLine("unknown_type"), KindAccess},
		{firstLine("width_36")[:120], KindAccess},
		{firstLine("connection_12"), KindConnection},
		{firstLine("connection_15"), KindConnection},
		{strings.Split(logs(t)["connection_15.log"], "\n")[1], KindConnection},
		{firstLine("connection_ipv6"), KindConnection},
		{firstLine("health_8"), KindHealthCheck},
		{strings.Split(logs(t)["health_types.log"], "\n")[4], KindHealthCheck},
		{strings.Split(logs(t)["health_types.log"], "\n")[5], KindHealthCheck},
		{firstLine("nlb_22"), KindNLB},
		{firstLine("nlb_ipv6"), KindNLB},
		{firstLine("nlb_22")[:110], KindNLB},
		{firstLine("classic_12"), KindClassic},
		{firstLine("classic_15"), KindClassic},
		{firstLine("classic_tcp"), KindClassic},
		{firstLine("classic_backend_zero"), KindClassic},
		{strings.ReplaceAll(firstLine("classic_15"), " ", "  "), KindClassic},
		{firstLine("json_access"), KindAccess},
		{firstLine("json_access")[:200], KindAccess},
		{firstLine("json_connection"), KindConnection},
		{firstLine("json_health"), KindHealthCheck},
		{firstLine("json_nlb"), KindNLB},
		{firstLine("w3c_reordered"), KindAccess},
		{firstLine("w3c_connection"), KindConnection},
		{firstLine("w3c_health"), KindHealthCheck},
		{firstLine("w3c_nlb"), KindNLB},
		{"#Version: 1.0", KindUnknown},
		{"#Fields: time elb", KindUnknown},
		{`{"type":"https"}`, KindUnknown},
		{"{}", KindUnknown},
		{firstLine("shifted_by_missing_field"), KindUnknown},
		{strings.Replace(firstLine("nlb_22"), "tls 2.0", "2.0", 1), KindUnknown},
		{"a b c d e f g h", KindUnknown},
		{"        ", KindUnknown},
		{"", KindUnknown},
	} {
		if got := KindOf([]byte(test.line)); got != test.want {
			t.Errorf("%q is of kind %s, want %s", test.line, got, test.want)
		}
	}
}

func TestFieldNames(t *testing.T) {
	for _, f := range naiveFormats {
		var want []string
		for _, name := range f.names {
			want = append(want, strings.ReplaceAll(name, ":", "_"))
		}
		if diff := cmp.Diff(want, FieldNames(f.kind)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.kind, diff)
		}
		if sorted := slices.Sorted(slices.Values(want)); len(slices.Compact(sorted)) != len(want) {
			t.Errorf("%s has a name twice: %q", f.kind, want)
		}
	}
	for _, k := range []Kind{KindUnknown, KindClassic + 1} {
		if got := FieldNames(k); got != nil {
			t.Errorf("kind %d has names: %q", k, got)
		}
	}
}

// TestEntryAbsence: what the log does not say is neither text nor number.
func TestEntryAbsence(t *testing.T) {
	s := NewScanner()
	s.Reset(strings.NewReader(logs(t)["connection_12.log"]), KindUnknown)
	s.Scan()
	s.Scan() // without TLS, and older than the last fields
	e := s.Entry()
	if b := e.Text(ConnectionTLSCipher); b != nil {
		t.Errorf("text of - is %q", b)
	}
	if b := e.Field(ConnectionTLSCipher); string(b) != "-" {
		t.Errorf("field - is %q", b)
	}
	if b := e.Field(ConnectionELB); b != nil {
		t.Errorf("a field that the line is too old for is %q", b)
	}
	if v := e.Seconds(ConnectionHandshakeLatency); v != Absent {
		t.Errorf("seconds of - are %v", v)
	}
	if v := e.Integer(ConnectionListenerPort); v != 80 {
		t.Errorf("listener's port is %d", v)
	}
	if v := e.Integer(ConnectionIPAddress); v != Absent {
		t.Errorf("a number that the line is too old for is %d", v)
	}
}

// TestParserKeepsToItsLogs: Parse and Entry refuse each other's lines, and bad ones.
func TestParserKeepsToItsLogs(t *testing.T) {
	var p Parser
	for name, text := range logs(t) {
		records, _ := naive(text, KindUnknown)
		for _, r := range records {
			if strings.HasPrefix(r.Cause, "cut off") {
				continue // which a line alone does not show
			}
			requests := r.Kind == KindAccess || r.Kind == KindClassic
			good := r.Cause == "" && !r.Header
			if got, want := p.Parse([]byte(r.Raw)) != nil, good && requests; got != want {
				t.Errorf("%s, line %d: Parse gives an entry: %t, want %t", name, r.Line, got, want)
			}
			if got, want := p.Entry([]byte(r.Raw)) != nil, good && !requests; got != want {
				t.Errorf("%s, line %d: Entry gives an entry: %t, want %t", name, r.Line, got, want)
			}
		}
	}
}
