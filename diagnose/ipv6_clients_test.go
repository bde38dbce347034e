package diagnose

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestCameByIPv6: where a dualstack balancer keeps clients out that come by IPv6, it is a failure, of which no line is
// logged, if they came and do not any more; and none where they never did, or do.
func TestCameByIPv6(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration // between requests by IPv6, in the mean; 0 for none
		until int           // the minute from which on nobody comes by IPv6
		level Level
		says  string
	}{
		{"they came until minute 30", 4 * time.Second, 30, Fail, "Clients came by IPv6 until 11:29 UTC, and none since."},
		{"they come", 4 * time.Second, 60, Warn, "came by IPv6, the last at 11:"},
		{"they came until a minute ago", 4 * time.Second, 58, Warn, "came by IPv6, the last at 11:57 UTC"},
		{"few came", 6 * time.Minute, 30, Warn, "came by IPv6, the last at"},
		{"none came", 0, 0, Warn, "requests came by IPv6"},
	} {
		s := base()
		s.dualstack()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 443, CIDRs: []string{"0.0.0.0/0"}}}
		r := rand.New(rand.NewPCG(1, 6))
		var lines []string
		for i := range 1800 {
			lines = append(lines, accessLine(s.From.Add(time.Duration(i)*2*time.Second), first, false))
		}
		six := 0
		for at := s.From; tt.every > 0 && at.Before(s.minute(tt.until)); at = at.Add(time.Duration(r.ExpFloat64() * float64(tt.every))) {
			lines = append(lines, strings.Replace(accessLine(at, second, false), "198.51.100.7:", fmt.Sprintf("2001:db8::%x:", 1+r.IntN(900)), 1))
			six++
		}
		s.Logs = logged(t, s, lines)
		if got := s.Logs.IPv6; got == nil || got.Requests != int64(six) {
			t.Errorf("%s: %d requests came by IPv6, counted %+v", tt.name, six, got)
		}
		report := Diagnose(copied(t, s))
		f := report.Findings[0]
		if text := said(&Report{Findings: []*Finding{f}}); f.ID != "ipv6-clients-blocked" || f.Level != tt.level || !strings.Contains(text, tt.says) {
			t.Errorf("%s: want %s, %q:\n%s", tt.name, tt.level, tt.says, said(report))
		}
	}
}

// TestIPv6ComesFirst: it goes by how many would have come since, before what fewer requests met.
func TestIPv6ComesFirst(t *testing.T) {
	for refused, want := range map[int]string{20: "ipv6-clients-blocked", 900: "target-port-refused"} {
		s := base()
		s.dualstack()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 443, CIDRs: []string{"0.0.0.0/0"}}}
		var lines []string
		for i := range 3600 {
			line := accessLine(s.From.Add(time.Duration(i)*time.Second), second, i >= 3600-refused)
			if i < 1800 && i%5 == 0 {
				line = strings.Replace(line, "198.51.100.7:", "2001:db8::7:", 1)
			}
			lines = append(lines, line)
		}
		s.Logs = logged(t, s, lines)
		s.late("TargetConnectionErrorCount", webARN, 59-refused/61, float64(min(refused, 60)))
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != want {
			t.Errorf("%d refused: want %s first:\n%s", refused, want, said(r))
		}
	}
}
