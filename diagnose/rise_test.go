package diagnose

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// counting is a snapshot of which a metric of the balancer counts so many in each minute.
func counting(name string, minutes int, count func(minute int) float64) *Snapshot {
	s := base()
	s.From = s.Until.Add(-time.Duration(minutes) * time.Minute)
	m := Series{Name: name, Stat: "Sum", Period: 60}
	for i := range minutes {
		if n := count(i); n > 0 { // CloudWatch has no points of nothing
			m.Points = append(m.Points, Point{s.minute(i), n})
		}
	}
	s.Metrics = append(s.Metrics, m)
	return s
}

const handshakes = "ClientTLSNegotiationErrorCount"

// TestRise: since when more handshakes fail is told where it is a step that lasts, and nowhere else.
func TestRise(t *testing.T) {
	step := func(at int, before, since float64) func(int) float64 {
		return func(i int) float64 {
			if i < at {
				return before
			}
			return since
		}
	}
	for _, tt := range []struct {
		name  string
		count func(int) float64
		want  string // "" for no rise
	}{
		{"a step", step(60, 1, 12), " Since 10:00 UTC, 12 times as large a part of the connections fails as before."},
		{"none before", step(100, 0, 12), " They fail since 10:40 UTC: none did before."},
		{"twice as many", step(60, 6, 12), ""},
		{"few", step(60, 0, 0.25), ""},
		{"all the time", step(0, 0, 12), ""},
		{"hardly any time before", step(10, 1, 12), ""},
		{"hardly any time since", step(175, 1, 12), ""},
		{"down again", func(i int) float64 { return step(60, 1, 12)(i) - step(100, 0, 11)(i) }, ""},
		{"one burst", func(i int) float64 { return step(60, 1, 500)(i) - step(61, 0, 499)(i) }, ""},
		{"less", step(60, 12, 1), ""},
	} {
		s := counting(handshakes, 180, tt.count)
		for i := range s.Metrics { // the traffic of all of the window
			if m := &s.Metrics[i]; m.Name == "RequestCount" {
				all := counting(m.Name, 180, func(int) float64 { return 1000 }).Metrics
				m.Points = all[len(all)-1].Points
			}
		}
		r := Diagnose(copied(t, s))
		f := r.finding("client-tls-negotiation-fails")
		if f == nil || tt.want != "" && !strings.HasSuffix(f.Sentence, tt.want) || tt.want == "" && strings.Contains(f.Sentence, "before.") {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestRiseByChance: what comes by chance at one rate has no rise, and a rise is found where it was made.
func TestRiseByChance(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		poisson := func(mean float64) float64 { // Knuth's
			n, limit := 0.0, math.Exp(-mean)
			for p := random.Float64(); p > limit; p *= random.Float64() {
				n++
			}
			return n
		}
		rate := math.Pow(10, 1.5*random.Float64()-1) // 0.1 to 3 in a minute
		f := newFacts(counting(handshakes, 480, func(int) float64 { return poisson(rate) }))
		if r, ok := f.rise(f.byPeriod(f.series(handshakes, "")), nil, steep); ok {
			t.Errorf("seed %d: %g in each minute rose %g times at %s", seed, rate, r.times, r.since)
		}
		at, steeper := 60+random.IntN(360), 12+30*random.Float64()
		f = newFacts(counting(handshakes, 480, func(i int) float64 {
			if i < at {
				return poisson(rate)
			}
			return poisson(rate * steeper)
		}))
		r, ok := f.rise(f.byPeriod(f.series(handshakes, "")), nil, steep)
		if off := r.since.Sub(f.minute(at)).Abs(); !ok || off > 6*time.Minute || r.times < steeper/2.5 && !math.IsInf(r.times, 1) || r.since.Sub(r.onset) > 6*time.Minute {
			t.Errorf("seed %d: %g in each minute rose %g times at %s: found %t, %+v", seed, rate, steeper, f.minute(at), ok, r)
		}
	}
}

// TestRiseLittleByLittle: what goes up for hours is told to have begun when it did, within forty minutes, and not where it went
// up most.
func TestRiseLittleByLittle(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		about := func(mean float64) float64 {
			return math.Max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64()))
		}
		at, long, usual, most := 60+random.IntN(120), 100+random.IntN(120), 2*random.Float64(), 20+40*random.Float64()
		f := newFacts(counting(handshakes, 480, func(i int) float64 {
			return about(usual + most*min(max(float64(i-at)/float64(long), 0), 1))
		}))
		r, ok := f.rise(f.byPeriod(f.series(handshakes, "")), nil, steep)
		if !ok || r.onset.Sub(f.minute(at)).Abs() > 40*time.Minute || !r.since.After(r.onset) {
			t.Errorf("seed %d: from %s on it rose for %d minutes from %.1f to %.1f: found %t, %+v", seed, f.minute(at), long, usual, usual+most, ok, r)
		}
	}
}

// TestRiseWithTraffic: what always fails goes up with traffic, and scanners are a larger part of less; a rise is found where
// it was made in most cases all the same, and nowhere else.
func TestRiseWithTraffic(t *testing.T) {
	const seeds = 200
	found, near := 0, 0
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 2))
		about := func(mean float64) float64 { return math.Max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64())) }
		low, high, scanners, part := 4+6*random.Float64(), 50+100*random.Float64(), 0.3+random.Float64(), 0.02+0.03*random.Float64()
		turn := 100 + random.IntN(280)
		up := seed%2 == 0 // at that time, within half an hour; else down
		traffic := func(i int) float64 {
			x := min(max(float64(i-turn)/30, 0), 1)
			if !up {
				x = 1 - x
			}
			return low + (high-low)*x
		}
		at := 60 + random.IntN(360)
		for _, fails := range []bool{false, true} {
			s := counting("NewConnectionCount", 480, func(i int) float64 { return about(traffic(i)) })
			s.Metrics = append(s.Metrics, counting(handshakes, 480, func(i int) float64 {
				n := about(scanners + part*traffic(i))
				if fails && i >= at {
					n += about(0.4*traffic(i) + 6*scanners)
				}
				return n
			}).Metrics...)
			f := newFacts(copied(t, s))
			r, ok := f.rise(f.byPeriod(f.series(handshakes, "")), f.connections(), steep)
			if ok && !fails {
				t.Errorf("seed %d: traffic turned at %s, and nothing else: found %+v", seed, s.minute(turn), r)
			}
			if ok && fails {
				if found++; max(r.since.Sub(s.minute(at)).Abs(), r.onset.Sub(s.minute(at)).Abs()) <= 10*time.Minute {
					near++
				}
			}
		}
	}
	t.Logf("%d of %d rises found, %d of them within ten minutes", found, seeds, near)
	if 10*found < 6*seeds || 10*near < 9*found {
		t.Errorf("%d of %d rises found, %d of them within ten minutes", found, seeds, near)
	}
}

// TestConnectionLogs: where the balancer logs connections, the command that reads why they failed is there;
// certificates of clients are the first to look at where a listener verifies them.
func TestConnectionLogs(t *testing.T) {
	const command = "loglens tls --lb shop --since 2026-11-22T11:00:00Z --until 2026-11-22T12:00:00Z"
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		logged bool
	}{
		{"on", func(s *Snapshot) { s.Balancer.Attributes["connection_logs.s3.enabled"] = "true" }, true},
		{"off", func(s *Snapshot) { s.Balancer.Attributes["connection_logs.s3.enabled"] = "false" }, false},
		{"not known", func(s *Snapshot) { s.Balancer.Attributes = nil }, false},
	} {
		for _, mode := range []string{"off", "verify"} {
			s := base()
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners[1].Mutual = mode
			s.metric(handshakes, "", "Sum", 600)
			tt.change(s)
			r := Diagnose(copied(t, s))
			f := r.finding("client-tls-negotiation-fails")
			off := f != nil && slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "is false: no log says why") })
			if f == nil || slices.Contains(f.Verify, command) != tt.logged || strings.Contains(said(r), "connection logs say so") || off != (tt.name == "off") {
				t.Errorf("%s: want the command: %t:\n%s", tt.name, tt.logged, said(r))
			}
			if first := f != nil && strings.HasPrefix(f.Sentence, "TLS handshakes of clients fail, most likely as listener HTTPS:443 verifies their certificates (mutual TLS)"); first != (mode == "verify") || first != strings.Contains(f.Do, "see which clients come with which certificates") {
				t.Errorf("%s, clients %s: %s", tt.name, mode, said(r))
			}
		}
	}
}
