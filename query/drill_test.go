package query_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// TestDrill follows every answer to the lines behind its first count: raw, asked
// with the filters that the answer names, shows as many as both promise, and
// just those that the truth has there.
func TestDrill(t *testing.T) {
	t.Parallel()
	raw, _ := query.FindReport("raw")
	walked := map[string]int{}
	for seed := range query.Often(8, 100) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0xd4111))
		o := demo.Options{Seed: rng.Int64(), End: end, Lines: 500 + rng.IntN(1500), Span: time.Duration(5+rng.IntN(20)) * time.Minute, Oddities: true}
		if chance(rng, 3) {
			o.Vended = one(rng, demo.FormatJSON, demo.FormatW3C)
		}
		if chance(rng, 4) {
			o.Kinds = []demo.Kind{demo.KindHealthCheck, demo.KindConnection, demo.KindNLB}
		}
		w := newWorld(t, o, rng)
		w.look(randomWindow(rng, w.truth))
		s := open(t, w.dir, ingest.Plan{Window: w.window}, 2)
		for _, r := range query.Reports() {
			q := randomQuestion(rng, r, w)
			answer, err := s.Run(context.Background(), r, q)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Drill == nil {
				continue
			}
			walked[r.Name]++
			t.Run(fmt.Sprintf("seed=%d/%s", seed, r.Name), func(t *testing.T) {
				row, n := drillable(r, answer)
				what := fmt.Sprintf("by %v every %s of classes %v, limit %d, window %s: drill %+v of row %v", q.By, q.Every, q.Classes, q.Limit, w.window, *answer.Drill, answer.Rows[row])
				lines := q
				lines.By, lines.Limit, lines.Every = nil, 0, 0
				lines.Filters = maps.Clone(answer.Drill.Filters)
				part, below := w.within(t, lines.Filters), s
				if part != w {
					below = open(t, w.dir, ingest.Plan{Window: part.window}, 2)
				}
				shown, err := below.Run(context.Background(), raw, lines)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if got := int64(len(shown.Rows)); got != answer.Drill.Rows || got != n {
					t.Errorf("%d lines, %d promised, %d counted: %s", got, answer.Drill.Rows, n, what)
				}
				if wrong := compareRows(part.question(raw, lines).raw(t), shown); len(wrong) > 0 {
					t.Errorf("%s:\n%s", what, strings.Join(wrong, "\n"))
				}
			})
		}
	}
	for _, r := range query.Reports() {
		if drills := drilled[r.Name] != "" || r.Name == "latency"; drills && walked[r.Name] == 0 {
			t.Errorf("no drill of %s was walked", r.Name)
		} else if !drills && walked[r.Name] > 0 {
			t.Errorf("there is a drill of %s, and nobody knows what it counts", r.Name)
		}
	}
}

// TestDrillOfChecksByWindow: where no end of the window was asked for, that of the requests,
// if there are any, is none for health checks.
func TestDrillOfChecksByWindow(t *testing.T) {
	const stamp = "2006-01-02T15:04:05.000000Z"
	var checks strings.Builder
	for minute := range 10 {
		fmt.Fprintf(&checks, "http %s 0.1 10.0.1.2:8080 web FAIL 502 ResponseCodeMismatch app/a/50dc6c495c0c9188 203.0.113.9\n", end.Add(time.Duration(minute)*time.Minute).Format(stamp))
	}
	request := fmt.Sprintf(`https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.2:8080 0.000 0.010 0.000 200 200 1 2 "GET https://h:443/ HTTP/1.1" "-" - -`+"\n", end.Add(time.Minute).Format(stamp))
	report, _ := query.FindReport("health")
	raw, _ := query.FindReport("raw")
	for what, text := range map[string]string{"checks alone": checks.String(), "requests end earlier": checks.String() + request} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			q := query.Question{By: report.Default, Classes: outages, Every: 5 * time.Minute}
			answer, err := open(t, dir, ingest.Plan{}, 1).Run(context.Background(), report, q)
			if err != nil {
				t.Fatal(err)
			}
			if want := (when.Window{From: end, Until: end.Add(10 * time.Minute)}); answer.Window != want {
				t.Errorf("the answer says that it is of %s, want %s", answer.Window, want)
			}
			lines := query.Question{Filters: maps.Clone(answer.Drill.Filters)}
			part := narrowed(t, when.Window{}, lines.Filters)
			shown, err := open(t, dir, ingest.Plan{Window: part}, 1).Run(context.Background(), raw, lines)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(shown.Rows); got != 5 || answer.Drill.Rows != 5 {
				t.Errorf("%d lines, %d promised, want 5: %v", got, answer.Drill.Rows, answer.Drill.Filters)
			}
		})
	}
}

// TestDrillByWindow: the lines behind the first row of an answer that is divided by time are
// those of that row's time, which begins with the window that was asked for.
func TestDrillByWindow(t *testing.T) {
	logs := map[string]string{
		"access": "https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.2:8080 -1 -1 -1 504 - 1 2 \"GET https://h:443/ HTTP/1.1\" \"-\" - - " +
			"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %s \"forward\" \"-\" \"-\"\n",
		"connection": "%s 198.51.100.7 65530 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.012 \"CN=a\" NotBefore=2026-01-01T00:00:00Z;NotAfter=2027-01-01T00:00:00Z 0A Failed:ClientCertExpired TID_c7 x25519 app/a/50dc6c495c0c9188 203.0.113.9\n",
		"health":     "http %s 0.1 10.0.1.2:8080 web FAIL 502 ResponseCodeMismatch app/a/50dc6c495c0c9188 203.0.113.9\n",
	}
	raw, _ := query.FindReport("raw")
	for name, log := range map[string]string{
		"top-errors": "access", "timeline": "access", "targets": "access", "latency": "access", "clients": "access", "routes": "access", "nodes": "access",
		"tls": "connection", "health": "health",
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for minute := range 10 {
				at := end.Add(time.Duration(minute) * time.Minute)
				text.WriteString(strings.ReplaceAll(strings.Replace(logs[log], "%s", at.Format("2006-01-02T15:04:05.000000Z"), 1), "%s", at.Add(-10*time.Second).Format("2006-01-02T15:04:05.000000Z")))
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			report, _ := query.FindReport(name)
			for _, c := range []struct{ from, until, lines int }{{2, 7, 3}, {2, 4, 2}, {0, 10, 5}} {
				w := when.Window{From: end.Add(time.Duration(c.from) * time.Minute), Until: end.Add(time.Duration(c.until) * time.Minute)}
				answer, err := open(t, dir, ingest.Plan{Window: w}, 1).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages, Every: 5 * time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				if answer.Drill == nil || answer.Drill.Rows != int64(c.lines) {
					t.Fatalf("of %s: the lines behind the first row are %+v, want %d", w, answer.Drill, c.lines)
				}
				filters := maps.Clone(answer.Drill.Filters)
				part := narrowed(t, w, filters)
				shown, err := open(t, dir, ingest.Plan{Window: part}, 1).Run(t.Context(), raw, query.Question{Classes: outages, Filters: filters})
				if err != nil {
					t.Fatal(err)
				}
				if len(shown.Rows) != c.lines || part.From.Before(w.From) || part.Until.After(w.Until) {
					t.Errorf("of %s: %d lines of %s, want %d", w, len(shown.Rows), part, c.lines)
				}
			}
		})
	}
}

// within returns the world that since and until leave to see, see narrowed.
func (w *world) within(t *testing.T, filters map[string]string) *world {
	t.Helper()
	window := narrowed(t, w.window, filters)
	if window == w.window {
		return w
	}
	part := *w
	part.look(window)
	return &part
}

// narrowed takes since and until out of the filters of a drill, and returns the window that
// they leave of one.
func narrowed(t *testing.T, window when.Window, filters map[string]string) when.Window {
	t.Helper()
	for name, to := range map[string]*time.Time{"since": &window.From, "until": &window.Until} {
		if word, ok := filters[name]; ok {
			at, err := time.Parse(time.RFC3339Nano, word)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*to = at
			delete(filters, name)
		}
	}
	return window
}

// TestDrillFilters: an answer names no filter that raw does not know.
func TestDrillFilters(t *testing.T) {
	raw, _ := query.FindReport("raw")
	known := []string{"since", "until"}
	for _, f := range raw.Filters {
		known = append(known, f.Name)
	}
	w := newWorld(t, demo.Options{Seed: 4, End: end, Lines: 1000, Span: 10 * time.Minute, Oddities: true}, rand.New(rand.NewPCG(4, 4)))
	w.look(w.window)
	s := open(t, w.dir, ingest.Plan{}, 2)
	for _, r := range query.Reports() {
		q := query.Question{By: slices.DeleteFunc(r.DimensionNames(), func(d string) bool { return d == query.WindowDimension }), Classes: everyClass}
		if r.Has(query.WindowDimension) {
			q.Every = time.Minute
		}
		answer, err := s.Run(context.Background(), r, q)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Drill == nil {
			continue
		}
		for name := range answer.Drill.Filters {
			if !slices.Contains(known, name) {
				t.Errorf("%s: raw has no filter %s", r.Name, name)
			}
		}
	}
}

// TestWallsEnd: the report of response times and the lines that it leads to agree about
// failures just at the ends of a wall, of which the first belongs to it and the last does not.
func TestWallsEnd(t *testing.T) {
	var log strings.Builder
	for _, us := range []int{9_999_999, 10_000_000, 10_499_999, 10_500_000, 59_999_999, 60_000_000, 60_500_000, 60_999_999, 61_000_000} {
		created := end.Add(-time.Minute)
		fmt.Fprintf(&log, `https %s app/a/50dc6c495c0c9188 198.51.100.7:1234 10.0.1.7:8080 -1 -1 -1 504 - 1 2 "GET https://h:443/ HTTP/1.1" "-" - - `+
			"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0 \"-\" \"-\" \"-\" 1 %s \"forward\" \"-\" \"-\"\n",
			created.Add(time.Duration(us)*time.Microsecond).Format("2006-01-02T15:04:05.000000Z"), created.Format("2006-01-02T15:04:05.000000Z"))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	latency, _ := query.FindReport("latency")
	answer, err := open(t, dir, ingest.Plan{}, 1).Run(t.Context(), latency, query.Question{By: latency.Default, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	if got := column(answer, "wall_10s", "wall_60s"); !slices.Equal(got, []string{"2 3"}) {
		t.Errorf("at the walls %q, want 2 and 3", got)
	}
	raw, _ := query.FindReport("raw")
	for name, want := range map[string]string{"10s": "2,3", "60s": "6,7,8"} {
		answer, err := open(t, dir, ingest.Plan{}, 1).Run(t.Context(), raw, query.Question{Classes: outages, Filters: map[string]string{"wall": name}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(column(answer, "line_no"), ","); got != want {
			t.Errorf("lines at the wall of %s: %s, want %s", name, got, want)
		}
	}
}
