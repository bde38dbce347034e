package query_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// relationOf is the relation that holds the entries of a log.
var relationOf = map[demo.Kind]string{
	demo.KindAccess: "request", demo.KindClassic: "request", demo.KindConnection: "connection",
	demo.KindHealthCheck: "health_check", demo.KindNLB: "nlb_tls",
}

// values keeps rows as they come.
type values struct{ rows [][]any }

func (v *values) Begin([]query.Column) error {
	v.rows = nil
	return nil
}

func (v *values) Row(row []any) error {
	v.rows = append(v.rows, slices.Clone(row))
	return nil
}

func selected(t *testing.T, s *query.Store, text string) ([][]any, *query.Table) {
	t.Helper()
	var v values
	table, err := s.Ask(context.Background(), text, nil, &v)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.rows, table
}

// trees are written in each of the ways that logs are delivered.
func trees(t *testing.T, look func(t *testing.T, w *world)) {
	t.Helper()
	for i, vended := range []demo.Format{demo.FormatPlain, demo.FormatJSON, demo.FormatW3C} {
		t.Run("vended="+string(vended), func(t *testing.T) {
			o := demo.Options{Seed: int64(40 + i), End: end, Lines: 5000, Span: 20 * time.Minute, Oddities: true, Vended: vended}
			w := newWorld(t, o, rand.New(rand.NewPCG(7, 7)))
			w.look(when.Window{})
			look(t, w)
		})
	}
}

// TestAccountingPerKind: of every log, lines = parsed + rejected + skipped, and
// all four are what the generator wrote.
func TestAccountingPerKind(t *testing.T) {
	t.Parallel()
	trees(t, func(t *testing.T, w *world) {
		part := when.Window{From: w.truth.From.Add(3*time.Minute + 17*time.Second), Until: w.truth.Until.Add(-4*time.Minute - time.Microsecond)}
		for _, window := range []when.Window{{}, part, {From: part.From}, {Until: part.Until}} {
			w.look(window)
			s := open(t, w.dir, ingest.Plan{Window: window}, 2)
			of := func(kinds ...demo.Kind) demo.Account {
				return w.truth.Account(window.From, window.Until, func(o *demo.Object) bool {
					i := slices.IndexFunc(w.truth.Objects, func(x demo.Object) bool { return x.Key == o.Key })
					return w.opened(int32(i), everyKind)
				}, kinds...)
			}
			rows, _ := selected(t, s, "SELECT kind, sum(lines), sum(parsed), sum(rejected), sum(skipped) FROM accounting GROUP BY kind")
			want := [][]any{}
			for _, k := range everyKind {
				a := of(k)
				if a.Lines != a.Parsed+a.Rejected+a.Skipped {
					t.Fatalf("the truth breaks the law: %+v", a)
				}
				want = append(want, []any{kindNames[k], int64(a.Lines), int64(a.Parsed), int64(a.Rejected), int64(a.Skipped)})
			}
			sorted := cmpopts.SortSlices(func(a, b []any) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
			if diff := gocmp.Diff(want, rows, sorted); diff != "" {
				t.Errorf("window %s (-truth +accounting):\n%s", window, diff)
			}
			for name, kinds := range map[string][]demo.Kind{
				"tls": {demo.KindConnection, demo.KindNLB}, "timeline": requestKinds,
				"health": {demo.KindAccess, demo.KindClassic, demo.KindHealthCheck}, "rejects": everyKind,
			} {
				report, _ := query.FindReport(name)
				answer, err := s.Run(context.Background(), report, query.Question{By: []string{}, Classes: outages})
				if err != nil {
					t.Fatal(err)
				}
				a := of(kinds...)
				want := query.Accounting{Objects: int64(a.Objects), Lines: int64(a.Lines), Parsed: int64(a.Parsed), Rejected: int64(a.Rejected),
					Skipped: int64(a.Skipped), Bytes: a.Bytes, BytesCompressed: a.Stored}
				if diff := gocmp.Diff(want, answer.Accounting); diff != "" {
					t.Errorf("%s, window %s (-truth +answer):\n%s", name, window, diff)
				}
			}
		}
	})
}

// TestMixedFile: a file of an unknown name may hold lines of all logs. Each comes
// out in its own relation, and no line is lost.
func TestMixedFile(t *testing.T) {
	w := newWorld(t, demo.Options{Seed: 8, End: end, Lines: 1500, Span: 10 * time.Minute, Oddities: true, Vended: demo.FormatJSON}, rand.New(rand.NewPCG(8, 8)))
	w.look(when.Window{})
	type line struct {
		text string
		kind demo.Kind // "" if it is damaged
	}
	lines := []line{}
	take := func(kind demo.Kind, object, n int32) {
		if w.truth.Objects[object].NoFinalNewline && w.truth.Objects[object].Format == demo.FormatPlain && len(lines)%2 == 0 {
			return // some are left out, so that the shares of the logs differ
		}
		lines = append(lines, line{w.line(t, object, n), kind})
	}
	for _, r := range w.truth.Requests {
		take(r.Kind, r.Object, r.Line)
	}
	for _, c := range w.truth.Connections {
		take(demo.KindConnection, c.Object, c.Line)
	}
	for _, c := range w.truth.Checks {
		take(demo.KindHealthCheck, c.Object, c.Line)
	}
	for _, c := range w.truth.TLS {
		take(demo.KindNLB, c.Object, c.Line)
	}
	for _, d := range w.truth.Damages {
		take("", d.Object, d.Line)
	}
	rng := rand.New(rand.NewPCG(9, 9))
	rng.Shuffle(len(lines), func(i, k int) { lines[i], lines[k] = lines[k], lines[i] })
	var text bytes.Buffer
	want := map[string][]int{}
	for i, l := range lines {
		fmt.Fprintf(&text, "%s\n", l.text)
		want[relationOf[l.kind]] = append(want[relationOf[l.kind]], i+1)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"everything": text.Bytes(), "everything.gz": zipped.Bytes()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, ingest.Plan{}, 2)
			for _, relation := range []string{"request", "connection", "health_check", "nlb_tls"} {
				rows, table := selected(t, s, "SELECT line_no FROM "+relation+" ORDER BY line_no")
				var got []int
				for _, r := range rows {
					got = append(got, int(r[0].(int64)))
				}
				if diff := gocmp.Diff(want[relation], got); diff != "" {
					t.Errorf("%s: %d lines, want %d (-wrote +read):\n%.2000s", relation, len(got), len(want[relation]), diff)
				}
				if a := table.Accounting; a.Lines != a.Parsed+a.Rejected+a.Skipped || a.Parsed != int64(len(got)) {
					t.Errorf("%s: accounting %+v", relation, a)
				}
			}
			rows, _ := selected(t, s, "SELECT sum(lines), sum(parsed), sum(rejected), sum(skipped), bool_and(lines = parsed + rejected + skipped) FROM accounting")
			bad := int64(len(want[""]))
			if diff := gocmp.Diff([][]any{{int64(len(lines)), int64(len(lines)) - bad, bad, int64(0), true}}, rows); diff != "" {
				t.Errorf("(-wrote +accounted for):\n%s", diff)
			}
			rows, _ = selected(t, s, "SELECT count(DISTINCT line_no) FROM reject")
			if rows[0][0] != bad {
				t.Errorf("%d damaged lines, want %d", rows[0][0], bad)
			}
		})
	}
}

// seconds is µs as a column holds it; nil where absent.
func seconds(us int64) any {
	if us < 0 {
		return nil
	}
	return float64(us) / 1e6
}

// hostPort splits an address at its last colon.
func hostPort(address string) (host, port any) {
	at := strings.LastIndexByte(address, ':')
	if at < 0 {
		return nil, nil
	}
	var n int64
	if _, err := fmt.Sscan(address[at+1:], &n); err != nil {
		panic(err)
	}
	return address[:at], n
}

// TestRelationsAreTrue: every field of every entry, in every form of delivery.
func TestRelationsAreTrue(t *testing.T) {
	trees(t, func(t *testing.T, w *world) {
		w.look(when.Window{From: w.truth.From.Add(90 * time.Second), Until: w.truth.Until.Add(-100 * time.Second)})
		s := open(t, w.dir, ingest.Plan{Window: w.window}, 2)
		for _, r := range []struct {
			relation string
			columns  []string
			rows     [][]any
		}{
			{"request", requestColumns, w.requestRows(func(*demo.Request) bool { return true })},
			{"failure", requestColumns, w.requestRows((*demo.Request).Failed)},
			{"connection", connectionColumns, w.connectionRows()},
			{"health_check", checkColumns, w.checkRows()},
			{"nlb_tls", tlsColumns, w.tlsRows()},
		} {
			rows, _ := selected(t, s, "SELECT "+strings.Join(r.columns, ", ")+" FROM "+r.relation)
			byPlace := func(a, b []any) int {
				return cmp.Or(strings.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(int64), b[1].(int64)))
			}
			slices.SortFunc(rows, byPlace)
			slices.SortFunc(r.rows, byPlace)
			if len(rows) != len(r.rows) {
				t.Errorf("%s: %d rows, want %d", r.relation, len(rows), len(r.rows))
				continue
			}
			wrong := 0
			for i, want := range r.rows {
				for k, column := range r.columns {
					if !same(column, want[k], rows[i][k]) && wrong < 10 {
						wrong++
						t.Errorf("%s, line %d of %s: %s is %v (%T), want %v (%T)", r.relation, want[1], want[0], column, rows[i][k], rows[i][k], want[k], want[k])
					}
				}
			}
		}
	})
}

var requestColumns = []string{"object_uri", "line_no", "time", "elb", "client_ip", "client_port", "target_ip", "target_port", "target",
	"request_processing_time", "target_processing_time", "response_processing_time", "elb_status_code", "target_status_code",
	"received_bytes", "sent_bytes", "request", "target_group_arn", "target_group", "request_creation_time", "duration", "conn_trace_id",
	"node", "client_net", "route", "reason", "reason_class", "reason_source"}

func (w *world) requestRows(keep func(*demo.Request) bool) (rows [][]any) {
	for _, r := range w.requests {
		if !keep(r) {
			continue
		}
		var created, duration any
		if r.Created >= 0 {
			at := time.UnixMicro(r.Created).UTC()
			created, duration = at, r.Time.Sub(at).Seconds()
		}
		ip, port := hostPort(r.Target)
		rows = append(rows, []any{w.path(r.Object), int64(r.Line), r.Time, r.LoadBalancer, r.Client, int64(r.ClientPort), ip, port, word(r.Target),
			seconds(r.RequestTime), seconds(r.TargetTime), seconds(r.ResponseTime), number(r.ELBStatus), number(r.TargetStatus),
			number(r.Received), number(r.Sent), word(r.RequestLine), word(r.TargetGroupARN), name(r.TargetGroupARN), created, duration, word(r.ConnTraceID),
			r.Node, networkOf(r.Client), word(routeOf(r.RequestLine)), word(r.Reason), word(r.Class), word(r.Source)})
	}
	return rows
}

var connectionColumns = []string{"object_uri", "line_no", "timestamp", "load_balancer", "node", "client_ip", "client_port", "listener_port",
	"tls_protocol", "tls_cipher", "tls_handshake_latency", "leaf_client_cert_subject", "tls_verify_status", "conn_trace_id", "tls_keyexchange"}

func (w *world) connectionRows() (rows [][]any) {
	for i := range w.truth.Connections {
		c := &w.truth.Connections[i]
		if w.inside(c.Time) {
			rows = append(rows, []any{w.path(c.Object), int64(c.Line), c.Time, c.LoadBalancer, c.Node, c.Client, int64(c.ClientPort), int64(c.ListenerPort),
				word(c.Protocol), word(c.Cipher), seconds(c.Handshake), word(c.Subject), word(c.Verify), c.TraceID, word(c.KeyExchange)})
		}
	}
	return rows
}

var checkColumns = []string{"object_uri", "line_no", "time", "type", "load_balancer", "node", "target", "target_group", "status", "status_code", "reason_code", "latency"}

func (w *world) checkRows() (rows [][]any) {
	for _, c := range w.checks() {
		latency, status := any(nil), "FAIL"
		if c.Latency >= 0 {
			latency = float64(c.Latency) / 1e9
		}
		if c.Pass {
			status = "PASS"
		}
		rows = append(rows, []any{w.path(c.Object), int64(c.Line), c.Time, c.Type, c.LoadBalancer, c.Node, c.Target, c.Group, status,
			number(c.StatusCode), word(c.ReasonCode), latency})
	}
	return rows
}

var tlsColumns = []string{"object_uri", "line_no", "time", "tls_connection_creation_time", "load_balancer", "listener", "client_ip", "client_port",
	"destination_ip", "destination_port", "connection_time", "tls_handshake_time", "received_bytes", "sent_bytes", "incoming_tls_alert",
	"chosen_cert_arn", "tls_cipher", "tls_protocol_version", "tls_keyexchange", "domain_name", "alpn_fe_protocol", "alpn_be_protocol",
	"alpn_client_preference_list"}

func (w *world) tlsRows() (rows [][]any) {
	for i := range w.truth.TLS {
		c := &w.truth.TLS[i]
		if !w.inside(c.Time) {
			continue
		}
		ip, port := hostPort(c.Destination)
		handshake := any(nil)
		if c.Handshake >= 0 {
			handshake = c.Handshake / 1000
		}
		rows = append(rows, []any{w.path(c.Object), int64(c.Line), c.Time, c.Created.Format("2006-01-02T15:04:05"), c.LoadBalancer, c.Listener, c.Client,
			int64(c.ClientPort), ip, port, c.Duration / 1000, handshake, c.Received, c.Sent, number(c.Alert), word(c.CertARN), word(c.Cipher),
			word(c.Protocol), word(c.KeyExchange), word(c.Domain), word(c.ALPNFrontend), word(c.ALPNBackend), word(c.ALPNClient)})
	}
	return rows
}

// TestRelationsJoin: a connection finds its requests by its trace id, and a
// target its health checks by address and group.
func TestRelationsJoin(t *testing.T) {
	trees(t, func(t *testing.T, w *world) {
		s := open(t, w.dir, ingest.Plan{}, 2)
		rows, _ := selected(t, s, "SELECT conn_trace_id, count(request.line_no) FROM connection LEFT JOIN request USING (conn_trace_id) GROUP BY ALL")
		over := map[string]int64{}
		for _, r := range rows {
			over[r[0].(string)] = r[1].(int64)
		}
		used := 0
		want := map[string]int64{}
		for _, c := range w.truth.Connections {
			want[c.TraceID] = int64(c.Requests)
			used += int(c.Requests)
		}
		if diff := gocmp.Diff(want, over); diff != "" || used == 0 {
			t.Errorf("%d requests over connections (-truth +answer):\n%.3000s", used, diff)
		}

		rows, _ = selected(t, s, `SELECT elb, target_group, target, requests, failures, checks, failed
			FROM (SELECT elb, target_group, target, count(*) AS requests, count(reason) AS failures FROM request GROUP BY ALL)
			JOIN (SELECT load_balancer AS elb, target_group, target, count(*) AS checks, count(*) FILTER (status = 'FAIL') AS failed FROM health_check GROUP BY ALL)
				USING (elb, target_group, target)`)
		type both struct{ Requests, Failures, Checks, Failed int64 }
		got, truth := map[string]both{}, map[string]both{}
		for _, r := range rows {
			got[fmt.Sprint(r[:3])] = both{r[3].(int64), r[4].(int64), r[5].(int64), r[6].(int64)}
		}
		for _, r := range w.requests {
			if r.Target == "" || r.TargetGroupARN == "" {
				continue
			}
			k := fmt.Sprint([]any{r.LoadBalancer, name(r.TargetGroupARN), r.Target})
			b := truth[k]
			if b.Requests++; r.Failed() {
				b.Failures++
			}
			truth[k] = b
		}
		for _, c := range w.checks() {
			k := fmt.Sprint([]any{c.LoadBalancer, c.Group, c.Target})
			b, ok := truth[k]
			if !ok {
				continue
			}
			if b.Checks++; !c.Pass {
				b.Failed++
			}
			truth[k] = b
		}
		if diff := gocmp.Diff(truth, got); diff != "" || len(got) == 0 {
			t.Errorf("%d targets (-truth +answer):\n%.3000s", len(got), diff)
		}
	})
}

// TestSameForAnyWorkers: who shared the work does not show in an answer.
func TestSameForAnyWorkers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := demo.Write(context.Background(), dir, demo.Options{Seed: 12, End: end, Lines: 30_000, Oddities: true, Vended: demo.FormatJSON}); err != nil {
		t.Fatal(err)
	}
	answers := map[string]*query.Table{}
	for _, workers := range []int{1, 2, 8} {
		s := open(t, dir, ingest.Plan{}, workers)
		for _, r := range query.Reports() {
			questions := []query.Question{{By: r.Default, Classes: outages, Limit: r.Limit}}
			if r.Name == "raw" {
				questions[0].Limit = 50
			} else if r.Has(query.WindowDimension) && workers != 2 {
				all := slices.DeleteFunc(r.DimensionNames(), func(d string) bool { return d == query.WindowDimension })
				questions = append(questions, query.Question{By: all, Classes: everyClass, Every: 15 * time.Minute, Limit: 300})
			}
			for i, q := range questions {
				q.Now = end
				q.By = slices.DeleteFunc(slices.Clone(q.By), func(d string) bool { return d == query.WindowDimension })
				answer, err := s.Run(context.Background(), r, q)
				if err != nil {
					t.Fatal(err)
				}
				k := fmt.Sprint(r.Name, i)
				if answers[k] == nil {
					answers[k] = answer
				} else if diff := gocmp.Diff(answers[k], answer); diff != "" {
					t.Errorf("%s by %v, %d workers (-one +these):\n%.3000s", r.Name, q.By, workers, diff)
				}
			}
		}
	}
	for k, a := range answers {
		if len(a.Rows) == 0 {
			t.Errorf("%s: no rows to compare", k)
		}
	}
}
