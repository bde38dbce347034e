package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTurnover: of targets that come and go at random times, while others of their group go on, and of others that are
// used seldom and all the time, those are counted whose times say so, and when they came and went.
func TestTurnover(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		s := base()
		type life struct{ from, until time.Time }
		var came, went []time.Time
		var lines []string
		for i := range 8 {
			l, rest := life{s.From, noon}, 5*time.Second
			switch {
			case i == 0: // all the time
			case i < 3: // seldom, and all the time
				rest = 3 * time.Minute
			default:
				if r.IntN(2) == 0 {
					l.from = s.From.Add(time.Duration(6+r.IntN(24)) * time.Minute)
					came = append(came, l.from)
				}
				if r.IntN(2) == 0 {
					l.until = noon.Add(-time.Duration(6+r.IntN(20)) * time.Minute)
					went = append(went, l.until)
				}
			}
			for at := l.from; at.Before(l.until); at = at.Add(time.Duration(r.ExpFloat64() * float64(rest))) {
				lines = append(lines, accessLine(at, fmt.Sprintf("10.0.10.%d:8080", 50+i), false))
			}
		}
		s.Logs = logged(t, s, lines)
		var told string
		for _, station := range Diagnose(copied(t, s)).Path {
			if station.Hop == HopTarget {
				told = strings.Join(station.Evidence, "; ")
			}
		}
		for which, at := range map[string][]time.Time{"first": came, "last": went} {
			if len(at) == 0 {
				if strings.Contains(told, which+" request") {
					t.Errorf("seed %d: no target has a %s request of its own: %s", seed, which, told)
				}
				continue
			}
			slices.SortFunc(at, time.Time.Compare)
			want := fmt.Sprintf("%d targets got their %s request", len(at), which)
			if len(at) == 1 {
				want = "1 target got its " + which + " request"
			}
			if !strings.Contains(told, want) {
				t.Errorf("seed %d: want %q of %v: %s", seed, want, at, told)
			}
		}
	}
}

// TestTurnoverTimes: what is told are the times of the deployment.
func TestTurnoverTimes(t *testing.T) {
	s := base()
	var lines []string
	for i := range 3600 {
		at := s.From.Add(time.Duration(i) * time.Second)
		target := "10.0.10.50:8080" // all the time
		switch {
		case i%3 == 1 && i < 1200, i%3 == 2 && i < 1500:
			target = fmt.Sprintf("10.0.10.5%d:8080", i%3)
		case i%3 > 0 && i >= 1500:
			target = fmt.Sprintf("10.0.10.6%d:8080", i%3)
		}
		lines = append(lines, accessLine(at, target, false))
	}
	s.Logs = logged(t, s, lines)
	got := newFacts(s).turnover()
	want := []string{"web: 2 targets got their first request at 11:25 UTC, 2 targets got their last request between 11:19 and 11:24 UTC"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestQuietNight: at night, when hardly anybody comes, targets rest, clients that come by IPv6 do, and those that speak an
// old version of TLS: none of them is gone.
func TestQuietNight(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 8))
		s := base()
		s.From = noon.Add(-6 * time.Hour)
		s.dualstack()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 443, CIDRs: []string{"0.0.0.0/0"}}}
		var lines []string
		var connections []connected
		for at := s.From; at.Before(noon); {
			line := accessLine(at, fmt.Sprintf("10.0.10.%d:8080", 50+r.IntN(4)), false)
			c := connected{at: at, client: fmt.Sprintf("198.51.100.%d", r.IntN(9))}
			if r.IntN(4) == 0 {
				line = strings.Replace(line, "198.51.100.7:", "2001:db8::1:", 1)
			}
			switch r.IntN(5) {
			case 0:
				c.version = "TLSv1"
			case 1:
				c.cause, c.plain = "UnmappedConnectionError", true
			}
			lines, connections = append(lines, line), append(connections, c)
			every := 4 * time.Second
			if at.Sub(s.From) > 3*time.Hour {
				every = 6 * time.Minute
			}
			at = at.Add(time.Duration(r.ExpFloat64() * float64(every)))
		}
		lines = append(lines, accessLine(noon.Add(-time.Second), first, false))
		s.connecting(func(*Snapshot) []connected { return connections })
		s.Listeners[1].Policy = ""
		s.Logs = logged(t, s, lines)
		r2 := Diagnose(copied(t, s))
		for _, station := range r2.Path {
			if text := strings.Join(station.Evidence, "; "); strings.Contains(text, "last request") {
				t.Errorf("seed %d: %s", seed, text)
			}
		}
		if f := r2.finding("ipv6-clients-blocked"); f == nil || f.Level == Fail {
			t.Errorf("seed %d: %s", seed, said(r2))
		}
		if f := r2.finding("client-tls-negotiation-fails"); f != nil && strings.HasPrefix(f.Sentence, "Clients that speak") {
			t.Errorf("seed %d: %s", seed, f.Sentence)
		}
	}
}
