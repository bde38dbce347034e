package parse

import (
	"strings"
	"testing"
)

func TestKindOf(t *testing.T) {
	access, _, _ := strings.Cut(logs(t)["width_36.log"], "\n")
	old, _, _ := strings.Cut(logs(t)["width_18.log"], "\n")
	for _, test := range []struct {
		line string
		want Kind
	}{
		{access, KindAccess},
		{old, KindAccess},
		{`2026-10-07T07:15:01.101682Z 198.51.100.7 65530 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 0.337 "-" - - Success TID_a6e5 secp256r1 app/shop/50dc6c495c0c9188 203.0.113.9`, KindConnection},
		{`2026-10-07T07:15:01.101682Z 2001:db8::7 65530 80 - - - "-" - - - TID_a6e5 - app/shop/50dc6c495c0c9188 203.0.113.9`, KindConnection},
		{`http 2026-10-07T07:15:01.101682Z 1.121980746 10.0.32.18:80 checkout FAIL 502 TargetError`, KindHealthCheck},
		{`tls 2.0 2026-10-07T07:15:01 net/edge/c6e77e28c25b2234 g3d4b5e8bb8464cd 198.51.100.7:51341 10.0.0.9:443 5 2 98 246 - - - ECDHE-RSA-AES128-SHA tlsv12 - - - - - -`, KindNLB},
		{`2026-10-07T07:15:01.101682Z classic 198.51.100.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://shop.example.com:80/ HTTP/1.1" "curl/8.5.0" - -`, KindClassic},
		{`{"type":"https"}`, KindUnknown},
		{"a b c d e f g h", KindUnknown},
		{"", KindUnknown},
	} {
		if got := KindOf([]byte(test.line)); got != test.want {
			t.Errorf("%q is of kind %s, want %s", test.line, got, test.want)
		}
	}
}

// TestParserReadsKeptLines: the raw text of every entry gives the entry again.
func TestParserReadsKeptLines(t *testing.T) {
	var p Parser
	for name, text := range logs(t) {
		for _, want := range naive(text) {
			e := p.Parse([]byte(want.Raw))
			if (e == nil) != (want.Cause != "") {
				t.Errorf("%s, line %d: entry %t, cause %q", name, want.Line, e != nil, want.Cause)
			} else if e != nil && string(e.Raw()) != want.Raw {
				t.Errorf("%s, line %d: raw is %q", name, want.Line, e.Raw())
			}
		}
	}
}
