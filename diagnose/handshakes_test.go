package diagnose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// connected is a TLS connection of a client.
type connected struct {
	at                      time.Time
	client, subject, serial string
	until                   time.Time // of the certificate
	cause                   string    // why it failed; "" if it did not
	plain                   bool      // no version of TLS was agreed upon
	version                 string    // TLSv1.3 if empty
}

// line is it in a connection log.
func (c connected) line() string {
	protocol, cipher, status, valid := "TLSv1.3", "TLS_AES_128_GCM_SHA256", "Success", "-"
	if c.version != "" {
		protocol, cipher = c.version, "ECDHE-RSA-AES128-SHA"
	}
	if c.plain {
		protocol, cipher = "-", "-"
	}
	if c.cause != "" {
		status = "Failed:" + c.cause
	}
	if c.subject != "" {
		valid = "NotBefore=2025-11-20T00:00:00Z;NotAfter=" + c.until.Format(time.RFC3339)
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return fmt.Sprintf("%s %s 4711 443 %s %s - %s %s %s %s TID_1 x25519 app/shop/50dc6c495c0c9188 203.0.113.9",
		c.at.Format("2006-01-02T15:04:05.000000Z"), c.client, protocol, cipher, `"`+dash(c.subject)+`"`, valid, dash(c.serial), status)
}

// connections are clients that connect at even steps of the base's hour, or of a part of it.
func connections(s *Snapshot, n int, from, until float64, like connected) (list []connected) {
	begin, long := s.From.Add(time.Duration(from*float64(time.Hour))), time.Duration((until-from)*float64(time.Hour))
	for i := range n {
		like.at = begin.Add(long * time.Duration(i) / time.Duration(n))
		list = append(list, like)
	}
	return list
}

// partner are connections of a client that fails so often, and came through as often before.
func partner(name, cause string, failed, before int) func(*Snapshot) []connected {
	return func(s *Snapshot) []connected {
		c := connected{client: "198.51.100.7", subject: "CN=" + name + ".example,O=Partner", serial: "5A0C" + name, until: s.From.Add(30 * time.Minute)}
		list := connections(s, before, 0, 0.5, c)
		c.cause = cause
		return append(list, connections(s, failed, 0.5, 1, c)...)
	}
}

// others are connections of so many other clients with certificates, which come through.
func others(n, each int) func(*Snapshot) (list []connected) {
	return func(s *Snapshot) (list []connected) {
		for i := range n {
			list = append(list, connections(s, each, 0, 1, connected{client: fmt.Sprintf("192.0.2.%d", i), subject: fmt.Sprintf("CN=other-%d", i), serial: "1", until: s.Until.AddDate(1, 0, 0)})...)
		}
		return list
	}
}

// bare are connections without a certificate of an address that fails so often, and came through before.
func bare(cause string, failed, before int) func(*Snapshot) []connected {
	return func(s *Snapshot) []connected {
		return append(connections(s, before, 0, 0.5, connected{client: "198.51.100.9"}), connections(s, failed, 0.5, 1, connected{client: "198.51.100.9", cause: cause})...)
	}
}

// scanners are connections that fail, each of another address, with no certificate.
func scanners(n int) func(*Snapshot) []connected {
	return func(s *Snapshot) []connected {
		list := connections(s, n, 0, 1, connected{cause: "UnmappedConnectionError"})
		for i := range list {
			list[i].client, list[i].plain = fmt.Sprintf("198.18.%d.%d", i/250, i%250), i%3 == 0
		}
		return list
	}
}

// connecting has a listener for TLS, and its log of connections read, which metrics agree with.
func (s *Snapshot) connecting(clients ...func(*Snapshot) []connected) {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	s.Listeners[1].Mutual = "verify"
	s.Balancer.Attributes["connection_logs.s3.enabled"] = "true"
	failed, all := map[time.Time]float64{}, map[time.Time]float64{}
	var lines []string
	for _, these := range clients {
		for _, c := range these(s) {
			lines = append(lines, c.line())
			all[c.at.Truncate(time.Minute)]++
			if c.cause != "" {
				failed[c.at.Truncate(time.Minute)]++
			}
		}
	}
	for _, name := range []string{handshakesFailed, "NewConnectionCount"} {
		counts := map[string]map[time.Time]float64{handshakesFailed: failed, "NewConnectionCount": all}[name]
		s.Metrics = slices.DeleteFunc(s.Metrics, func(m Series) bool { return m.Name == name })
		m := Series{Name: name, Stat: "Sum", Period: 60}
		for i := range 60 {
			if n := counts[s.minute(i)]; n > 0 {
				m.Points = append(m.Points, Point{s.minute(i), n})
			}
		}
		s.Metrics = append(s.Metrics, m)
	}
	h, err := handshakesOf(s, strings.Join(lines, "\n")+"\n")
	if err != nil {
		panic(err)
	}
	s.Handshakes = h
}

// handshakesOf reads a connection log.
func handshakesOf(s *Snapshot, text string) (*Handshakes, error) {
	return handshakesWithin(s, text, 0)
}

// handshakesWithin reads it with so much memory for its sums, in bytes.
func handshakesWithin(s *Snapshot, text string, memory int64) (_ *Handshakes, err error) {
	folder, err := os.MkdirTemp("", "connections")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "conn_log.log")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	list, err := ingest.NewSources([]string{file}, nil, ingest.AWS{})
	if err != nil {
		return nil, err
	}
	return readHandshakes(s, query.Input{Sources: list, Memory: memory})
}

func readHandshakes(s *Snapshot, in query.Input) (_ *Handshakes, err error) {
	in.Workers, in.Plan.LoadBalancer = 2, s.Balancer.ID
	in.Plan.Window.From, in.Plan.Window.Until = s.From, s.Until
	store, err := query.Open(context.Background(), "", in)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return ReadHandshakes(context.Background(), store, s)
}

// TestHandshakes: whose handshakes fail and why is told by the log, as bad as it is for those who do not get through.
func TestHandshakes(t *testing.T) {
	type clients = []func(*Snapshot) []connected
	for _, tt := range []struct {
		name    string
		clients clients
		want    string // levels by id, notes and all
		say     string // in the first finding
	}{
		{"one of five is cut off", clients{partner("a", "ClientCertExpired", 600, 100), others(4, 100), scanners(20)},
			"client-certificate-refused warn, client-tls-negotiation-fails note",
			"A client's certificate is refused: CN=a.example,O=Partner (serial 5A0Ca) expired at 2026-11-22 11:30 UTC. 600 TLS handshakes from 198.51.100.7 failed between 11:30 and 11:59 UTC. Up to 11:29 UTC, it came through."},
		{"one of many, a small part of the connections", clients{partner("a", "ClientCertExpired", 30, 10), others(40, 100)}, "client-certificate-refused warn", "30 TLS handshakes"},
		{"all are refused", clients{partner("a", "ClientCertUntrusted", 600, 100), partner("b", "ClientCertUntrusted", 600, 100)}, "client-certificate-refused fail", "Certificates of clients are refused: ClientCertUntrusted 1200."},
		{"a few times", clients{partner("a", "ClientCertUntrusted", 5, 0), others(4, 100)}, "client-certificate-refused note", ""},
		{"a stranger now and then", clients{partner("a", "ClientCertUntrusted", 12, 0), others(4, 100)}, "client-certificate-refused note", ""},
		{"scanners alone", clients{scanners(20), others(4, 100)}, "client-tls-negotiation-fails note", "log says no more than UnmappedConnectionError"},
		{"a client without a certificate that came through before", clients{bare("UnmappedConnectionError", 15, 40), others(4, 100)}, "client-tls-negotiation-fails warn", "198.51.100.9: 15 handshakes failed, between 11:30 and 11:58 UTC; 40 came through before, the last at 11:29 UTC, and none since"},
		{"one that never came through", clients{bare("UnmappedConnectionError", 15, 0), others(4, 100)}, "client-tls-negotiation-fails note", "none came through"},
		{"a code that AWS has not had", clients{partner("a", "ClientCertOdd", 600, 100), others(4, 100)}, "client-certificate-refused warn", "is refused as ClientCertOdd"},
	} {
		s := base()
		s.connecting(tt.clients...)
		r := Diagnose(copied(t, s))
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.ID+" "+string(f.Level))
		}
		if strings.Join(got, ", ") != tt.want || !strings.Contains(said(r), tt.say) {
			t.Errorf("%s: want %s, saying %q:\n%s", tt.name, tt.want, tt.say, said(r))
		}
	}
}

// TestCertificateOver: a certificate that expired long before the window is no news, however often its client comes; and
// one that was renewed is told in the past.
func TestCertificateOver(t *testing.T) {
	s := base()
	forgotten := partner("a", "ClientCertExpired", 600, 0)(s)
	for i := range forgotten {
		forgotten[i].until = s.From.AddDate(0, -2, 0)
	}
	given := func(list []connected) func(*Snapshot) []connected {
		return func(*Snapshot) []connected { return list }
	}
	s.connecting(given(forgotten), others(4, 100))
	if f := Diagnose(copied(t, s)).finding("client-certificate-refused"); f == nil || f.Level != Note {
		t.Errorf("a client that was forgotten: %s", said(Diagnose(s)))
	}
	s = base()
	list := partner("a", "ClientCertExpired", 600, 100)(s)
	for i := range list { // half as long, and earlier
		list[i].at = s.From.Add(list[i].at.Sub(s.From) / 2)
	}
	renewed := connections(s, 20, 0.55, 1, connected{client: "198.51.100.7", subject: list[0].subject, serial: "new", until: s.Until.AddDate(1, 0, 0)})
	s.connecting(given(append(list, renewed...)), others(4, 100))
	if f := Diagnose(copied(t, s)).finding("client-certificate-refused"); f == nil || f.Level != Warn || !f.over || !strings.Contains(f.Sentence, "was refused") {
		t.Errorf("a certificate that was renewed: %s", said(Diagnose(s)))
	}
}

// TestCertificatesOfManyNotOver: where more names are refused than are kept, those that are do not stand for all: be they
// renewed, or such as expired long before.
func TestCertificatesOfManyNotOver(t *testing.T) {
	for name, renewed := range map[string]bool{"the first were renewed": true, "all expired long before": false} {
		s := base()
		var list []connected
		for i := range 40 {
			c := connected{client: fmt.Sprintf("198.51.100.%d", i), subject: fmt.Sprintf("CN=device-%d", i), serial: "1", until: s.From.AddDate(0, -2, 0), cause: "ClientCertUntrusted"}
			if renewed {
				c.until = s.Until.AddDate(1, 0, 0)
			}
			n := 20
			if i < 10 {
				n = 25
			}
			list = append(list, connections(s, n, 0, 0.3, c)...)
			if c.cause = ""; renewed && i < 10 {
				list = append(list, connections(s, 5, 0.5, 1, c)...)
			}
		}
		s.connecting(func(*Snapshot) []connected { return list }, others(4, 100))
		f := Diagnose(copied(t, s)).finding("client-certificate-refused")
		if f == nil || f.over || strings.Contains(f.Sentence, "have come through since") || !strings.HasPrefix(f.Sentence, "Certificates of clients are refused: ClientCertUntrusted 850.") {
			t.Errorf("%s: %s", name, said(Diagnose(s)))
		}
	}
}

// TestCertificatesOfManyOver: where more names were refused than are kept, that it is over is told if as many come through
// as before; not where those stay away, and not where they still do not come through. Nor are they told as others.
func TestCertificatesOfManyOver(t *testing.T) {
	for _, tt := range []struct {
		name        string
		again, all  int // come through again, of all
		refuseLater bool
		over        bool
	}{
		{"all come through again", 40, 40, false, true},
		{"30 of 40 stay away", 10, 40, false, false},
		{"30 of 40 are refused still", 10, 40, true, false},
	} {
		s := base()
		var list []connected
		for i := range tt.all {
			c := connected{client: fmt.Sprintf("198.51.100.%d", i), subject: fmt.Sprintf("CN=device-%d", i), serial: "1", until: s.Until.AddDate(1, 0, 0)}
			list = append(list, connections(s, 12, 0, 0.4, c)...)
			c.cause = "ClientCertCrlProcessingError"
			n := 6
			if i < tt.again {
				n = 7
			}
			list = append(list, connections(s, n, 0.4, 0.6, c)...)
			if i < tt.again {
				c.cause = ""
			}
			if i < tt.again || tt.refuseLater {
				list = append(list, connections(s, 12, 0.6, 1, c)...)
			}
		}
		s.connecting(func(*Snapshot) []connected { return list }, others(4, 100))
		r := Diagnose(copied(t, s))
		f := r.finding("client-certificate-refused")
		if f == nil || f.over != tt.over || strings.Contains(said(r), "other certificates") ||
			tt.over && (f.Level != Warn || !strings.HasPrefix(f.Sentence, "Certificates of clients were refused: ClientCertCrlProcessingError 280. So 280 TLS handshakes failed between 11:24 and 11:34 UTC. None was refused since")) {
			t.Errorf("%s: %s", tt.name, said(r))
		}
	}
}

// TestCertificateNoteInThePast: a certificate that was refused a few times, and was renewed, is told in the past, if only as
// a note; one that is refused as the log ends is not over, however long after that the window does.
func TestCertificateNoteInThePast(t *testing.T) {
	s := base()
	c := connected{client: "198.51.100.7", subject: "CN=a", serial: "1", until: s.Until.AddDate(1, 0, 0)}
	list := connections(s, 100, 0.5, 1, c)
	c.cause = "ClientCertExpired"
	list = append(list, connections(s, 12, 0.3, 0.45, c)...)
	s.connecting(func(*Snapshot) []connected { return list }, others(4, 100))
	r := Diagnose(copied(t, s))
	if f := r.finding("client-certificate-refused"); f == nil || f.Level != Note || !strings.HasPrefix(f.Sentence, "A client's certificate was refused") {
		t.Error(said(r))
	}
	s.Until = s.Until.Add(time.Hour)
	s.Handshakes.Minutes = slices.DeleteFunc(s.Handshakes.Minutes, func(m HandshakeMinute) bool { return m.Minute.After(s.From.Add(29 * time.Minute)) })
	r = Diagnose(copied(t, s))
	if f := r.finding("client-certificate-refused"); f == nil || !strings.HasPrefix(f.Sentence, "A client's certificate is refused") {
		t.Error(said(r))
	}
}

// TestForgottenBesideRenewed: that others were renewed does not put in the past what expired long before, and is refused still;
// nor is what nobody has tried since told as over, but that nobody has.
func TestForgottenBesideRenewed(t *testing.T) {
	s := base()
	c := connected{client: "198.51.100.7", subject: "CN=a", serial: "1", until: s.Until.AddDate(1, 0, 0)}
	list := connections(s, 100, 0.5, 1, c)
	c.cause = "ClientCertUntrusted"
	refused := connections(s, 200, 0.1, 0.45, c)
	old := connections(s, 60, 0, 1, connected{client: "198.51.100.8", subject: "CN=old", serial: "2", until: s.From.AddDate(-1, 0, 0), cause: "ClientCertExpired"})
	s.connecting(func(*Snapshot) []connected { return slices.Concat(list, refused, old) }, others(4, 100))
	r := Diagnose(copied(t, s))
	if f := r.finding("client-certificate-refused"); f == nil || !f.over || !strings.HasPrefix(f.Sentence, "Certificates of clients are refused") || !strings.HasSuffix(f.Sentence, "Those that had not expired long before have come through since.") {
		t.Error(said(r))
	}
	s = base()
	s.connecting(func(*Snapshot) []connected { return refused }, others(4, 100))
	r = Diagnose(copied(t, s))
	if f := r.finding("client-certificate-refused"); f == nil || f.over || !strings.Contains(said(r), "none was refused after 11:26 UTC, but it is not known that all come through again") {
		t.Error(said(r))
	}
}

// TestCertificateGivenNoMore: a client that came with its certificate, and fails since it gives none, or speaks a version that
// is taken no more, is one that came through before. Other certificates of its address are counted once.
func TestCertificateGivenNoMore(t *testing.T) {
	s := base()
	var list []connected
	for i := range 3 { // at one address
		list = append(list, connections(s, 40, 0, 0.5, connected{client: "198.51.100.9", subject: fmt.Sprintf("CN=till-%d", i), serial: "1", until: s.Until.AddDate(1, 0, 0)})...)
	}
	list = append(list, connections(s, 15, 0.5, 1, connected{client: "198.51.100.9", cause: "UnmappedConnectionError", plain: true})...)
	s.connecting(func(*Snapshot) []connected { return list }, others(4, 100))
	r := Diagnose(copied(t, s))
	want := "198.51.100.9: 15 handshakes failed, between 11:30 and 11:58 UTC; 120 came through before, the last at 11:29 UTC, and none since"
	if f := r.finding("client-tls-negotiation-fails"); f == nil || f.Level != Warn || !strings.Contains(said(r), want) || s.Handshakes.Certificates != 7 {
		t.Errorf("%d certificates: want %q:\n%s", s.Handshakes.Certificates, want, said(r))
	}
}

// TestHandshakesBeforeFewFailures: what fails without a trace in the access log stands before what fails of fewer
// requests, and behind what fails of more.
func TestHandshakesBeforeFewFailures(t *testing.T) {
	for _, failures := range []int64{7, 3000} {
		s := base()
		s.connecting(partner("a", "ClientCertExpired", 600, 100), others(4, 100))
		s.refusing(failures)
		r := Diagnose(copied(t, s))
		if first := r.Findings[0].ID == "client-certificate-refused"; first != (failures < 600) {
			t.Errorf("%d requests failed:\n%s", failures, said(r))
		}
	}
}

// refusing has the first target refuse connections.
func (s *Snapshot) refusing(n int64) {
	s.failing("Target_Connection_Error", first, 502, n)
	s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(n))
}

// TestRiseCounts: without the log, what fails more than before counts, and no more than that.
func TestRiseCounts(t *testing.T) {
	for before, want := range map[float64]string{1: "client-tls-negotiation-fails", 30: "target-answers-5xx"} {
		s := counting(handshakes, 180, func(i int) float64 {
			if i < 60 {
				return before
			}
			return 30
		})
		s.metric("NewConnectionCount", "", "Sum", 6000)
		s.failing("Target_5XX", first, 500, 90, func(f *Failure) { f.TargetStatus = 500 })
		if r := Diagnose(copied(t, s)); r.Findings[0].ID != want {
			t.Errorf("%g in a minute before, 30 since: want %s first:\n%s", before, want, said(r))
		}
	}
}

// TestHandshakesLogBeginsLate: what fails since before the log of connections was switched on has not begun with it.
func TestHandshakesLogBeginsLate(t *testing.T) {
	for _, failedBefore := range []bool{true, false} {
		s := base()
		s.connecting(scanners(600), others(4, 100))
		kept := slices.DeleteFunc(s.Handshakes.Minutes, func(m HandshakeMinute) bool { return m.Minute.Before(s.minute(40)) })
		s.Handshakes.Minutes = kept
		if !failedBefore {
			for i := range s.Metrics {
				if m := &s.Metrics[i]; m.Name == handshakesFailed {
					m.Points = slices.DeleteFunc(m.Points, func(p Point) bool { return p.Time.Before(s.minute(40)) })
				}
			}
		}
		f := Diagnose(copied(t, s)).finding("client-tls-negotiation-fails")
		if f == nil || strings.Contains(f.Sentence, "They fail since 11:40 UTC: none did before.") == failedBefore || !strings.Contains(said(&Report{Findings: []*Finding{f}}), "the log of connections begins at 11:40 UTC: who came through before is not known") {
			t.Errorf("handshakes failed before: %t:\n%s", failedBefore, said(Diagnose(s)))
		}
	}
}

// TestHandshakesLogIsLate: what the metric counts after the end of the log, or of connections that the log lacks, is not
// lost.
func TestHandshakesLogIsLate(t *testing.T) {
	for _, until := range []int{30, 60} {
		s := base()
		s.connecting(others(4, 100), func(s *Snapshot) []connected { // long over
			return connections(s, 12, 0, 0.2, connected{client: "198.51.100.7", subject: "CN=a", until: s.Until, cause: "ClientCertUntrusted"})
		})
		m := &s.Metrics[slices.IndexFunc(s.Metrics, func(m Series) bool { return m.Name == handshakesFailed })]
		for i := range 60 {
			m.Points = append(m.Points, Point{s.minute(i), 20})
		}
		s.Handshakes.Minutes = s.Handshakes.Minutes[:until]
		if f := Diagnose(copied(t, s)).finding("client-tls-negotiation-fails"); f == nil || f.Level != Warn {
			t.Errorf("a log up to minute %d: %s", until, said(Diagnose(s)))
		}
	}
}

// TestHostileCertificates: a client names itself as it likes, and as long as it likes.
func TestHostileCertificates(t *testing.T) {
	s := base()
	long := strings.Repeat("CN=x'); DROP TABLE object; --,", 2000) + "\\x1b[31m"
	list := partner("a", "ClientCertUntrusted", 600, 10)(s)
	for i := range list {
		list[i].subject, list[i].serial = long, strings.Repeat("F", 5000)
	}
	s.connecting(func(*Snapshot) []connected { return list }, others(4, 100))
	if n := len(s.Handshakes.Failing); n != 1 || s.Handshakes.Failing[0].Passed != 10 {
		t.Fatalf("%d clients fail, want one that came through 10 times before: %+v", n, s.Handshakes.Failing)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil || strings.Contains(b.String(), strings.Repeat("F", 300)) {
		t.Errorf("error %v, or a name is kept whole", err)
	}
	f := Diagnose(copied(t, s)).finding("client-certificate-refused")
	if f == nil || len(f.Sentence) > 1000 {
		t.Errorf("%+v", f)
	}
}

// TestHandshakesInAFlood: as many clients as connections take no more memory than few do, whether they come with
// certificates or without, and what is told of them is right. The last comes 20 times more.
func TestHandshakesInAFlood(t *testing.T) {
	const n = 150_000
	address := func(i int) string {
		return netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}).String()
	}
	for _, tt := range []struct {
		name                         string
		like                         func(i int) connected
		clients, certificates, worst int64
		told                         int
	}{
		{"addresses", func(i int) connected {
			return connected{client: address(i), cause: "UnmappedConnectionError", plain: true}
		}, n, 0, 21, 10},
		{"certificates", func(i int) connected {
			return connected{client: "198.51.100.7", subject: fmt.Sprintf("CN=device-%06d.example,O=Fleet", i), serial: fmt.Sprintf("%032X", i), until: noon, cause: "ClientCertUntrusted"}
		}, 1, n, 21, 10},
		{"one certificate that was copied", func(i int) connected {
			return connected{client: address(i), subject: "CN=copied", serial: "1", until: noon, cause: "ClientCertUntrusted"}
		}, n, 1, n + 20, 1},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		var text strings.Builder
		for i := range n + 20 {
			c := tt.like(min(i, n-1))
			c.at = s.From.Add(time.Duration(i) * time.Hour / (n + 20))
			text.WriteString(c.line() + "\n")
		}
		h, err := handshakesWithin(s, text.String(), 64<<20)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if c := h.Causes; h.Connections != n+20 || len(h.Minutes) != 60 || len(c) != 1 || c[0].Count != n+20 || c[0].Clients != tt.clients || c[0].Certificates != tt.certificates {
			t.Errorf("%s: %d connections in %d minutes, %+v", tt.name, h.Connections, len(h.Minutes), c)
		}
		last := tt.like(n - 1)
		if worst := h.Failing[0]; len(h.Failing) != tt.told || worst.Count != tt.worst || worst.Subject != last.subject || worst.Addresses[0] != last.client {
			t.Errorf("%s: %d clients, first of them %+v", tt.name, len(h.Failing), worst)
		}
	}
}

// TestHandshakesTruth holds what is read of made logs against what was decided when they were made.
func TestHandshakesTruth(t *testing.T) {
	for seed := range int64(3) {
		folder := t.TempDir()
		truth, err := demo.Write(t.Context(), folder, demo.Options{Seed: seed, End: noon, Lines: 20_000, Oddities: true, Kinds: []demo.Kind{demo.KindConnection, demo.KindNLB}})
		if err != nil {
			t.Fatal(err)
		}
		balancers := map[string]string{}
		for i := range truth.Connections {
			balancers[truth.Connections[i].LoadBalancer] = Application
		}
		for i := range truth.TLS {
			balancers[truth.TLS[i].LoadBalancer] = NetworkType
		}
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		for id, kind := range balancers {
			s := base()
			s.Balancer.ID, s.Balancer.Type = id, kind
			s.Listeners = []Listener{{Port: 443, Protocol: "HTTPS"}, {Port: 80, Protocol: "HTTP"}}
			s.From, s.Until = truth.From.Add(time.Duration(random.IntN(600))*time.Second), truth.Until
			list, err := ingest.NewSources([]string{folder}, nil, ingest.AWS{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := readHandshakes(s, query.Input{Sources: list})
			if got == nil {
				t.Fatal(err)
			}
			want := truthOf(truth, s)
			for i := range got.Causes { // which have serials that nobody has written down
				got.Causes[i].Certificates = 0
			}
			if diff := cmp.Diff(want.Causes, got.Causes); diff != "" || want.Connections != got.Connections {
				t.Errorf("seed %d, %s: %d of %d connections (-want +got):\n%s", seed, id, got.Connections, want.Connections, diff)
			}
			if diff := cmp.Diff(want.Minutes, got.Minutes); diff != "" {
				t.Errorf("seed %d, %s, minutes (-want +got):\n%s", seed, id, diff)
			}
			if got.Lines != got.Parsed+got.Rejected+got.Skipped {
				t.Errorf("%d lines = %d + %d + %d", got.Lines, got.Parsed, got.Rejected, got.Skipped)
			}
		}
	}
}

// truthOf counts what was decided, one connection at a time.
func truthOf(truth *demo.Truth, s *Snapshot) *Handshakes {
	h := &Handshakes{}
	causes, clients, minutes := map[string]*HandshakeCause{}, map[string]map[string]bool{}, map[time.Time]*HandshakeMinute{}
	count := func(at time.Time, client, cause string) {
		h.Connections++
		m := minutes[at.Truncate(time.Minute)]
		if m == nil {
			m = &HandshakeMinute{Minute: at.Truncate(time.Minute)}
			minutes[m.Minute] = m
		}
		switch {
		case cause == "":
			m.Passed++
			return
		case strings.HasPrefix(cause, "ClientCert"):
			m.Refused++
		default:
			m.Failed++
		}
		c := causes[cause]
		if c == nil {
			c = &HandshakeCause{Cause: cause, First: at, Last: at}
			causes[cause], clients[cause] = c, map[string]bool{}
		}
		c.Count++
		clients[cause][client] = true
		if at.Before(c.First) {
			c.First = at
		}
		if at.After(c.Last) {
			c.Last = at
		}
	}
	of := func(at time.Time, balancer string) bool {
		return balancer == s.Balancer.ID && !at.Before(s.From) && at.Before(s.Until)
	}
	for _, c := range truth.Connections {
		cause, _ := strings.CutPrefix(c.Verify, "Failed:")
		switch {
		case !of(c.Time, c.LoadBalancer) || c.ListenerPort == 80:
			continue
		case c.Verify == "Success":
			cause = ""
		case c.Verify == "":
			cause = "TLS_Handshake_Failed"
		}
		count(c.Time, c.Client, cause)
	}
	for _, c := range truth.TLS {
		cause := ""
		switch {
		case !of(c.Time, c.LoadBalancer) || c.Created.Before(s.From): // it shook hands before
			continue
		case c.Handshake < 0 && c.Alert >= 0:
			cause = fmt.Sprintf("TLS_Alert_%d", c.Alert)
		case c.Handshake < 0:
			cause = "TLS_Handshake_Failed"
		}
		count(c.Created, c.Client, cause)
	}
	for cause, c := range causes {
		c.Clients = int64(len(clients[cause]))
		h.Causes = append(h.Causes, *c)
	}
	slices.SortFunc(h.Causes, func(a, b HandshakeCause) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return a.First.Compare(b.First)
	})
	for _, m := range minutes {
		h.Minutes = append(h.Minutes, *m)
	}
	slices.SortFunc(h.Minutes, func(a, b HandshakeMinute) int { return a.Minute.Compare(b.Minute) })
	return h
}

// TestClientsDoNotTrust: a Network Load Balancer logs what clients say as they leave.
func TestClientsDoNotTrust(t *testing.T) {
	for cause, want := range map[string]string{
		"TLS_Alert_48":         "clients do not take the listener's certificate",
		"TLS_Alert_70":         "the log says no more than TLS_Alert_70",
		"TLS_Handshake_Failed": "the log says no more than TLS_Handshake_Failed",
	} {
		s := base()
		s.network()
		var lines []string
		for i := range 600 {
			handshake, alert, protocol := "-", "-", "-"
			if n, ok := strings.CutPrefix(cause, "TLS_Alert_"); ok {
				alert = n
			}
			if i%3 == 0 {
				handshake, alert, protocol = "12", "-", "tlsv13"
			}
			at := s.From.Add(time.Duration(i) * 5 * time.Second).Format("2006-01-02T15:04:05")
			lines = append(lines, fmt.Sprintf(`tls 2.0 %s %s b2 198.51.100.%d:4711 10.0.0.5:443 100 %s 0 0 %s - - - %s - shop.example.com - - - %s`, at, s.Balancer.ID, i%200, handshake, alert, protocol, at))
		}
		h, err := handshakesOf(s, strings.Join(lines, "\n")+"\n")
		if err != nil || h == nil || h.Connections != 600 || h.failed() != 400 {
			t.Fatalf("%s: %+v, %v", cause, h, err)
		}
		s.Handshakes = h
		if f := Diagnose(copied(t, s)).finding("client-tls-negotiation-fails"); f == nil || f.Level != Warn || !strings.Contains(f.Sentence, want) {
			t.Errorf("%s: want %q:\n%s", cause, want, said(Diagnose(s)))
		}
	}
}

// flow is a connection of a client in the log of a Network Load Balancer; it failed if it has an alert.
func flow(s *Snapshot, at time.Time, long time.Duration, client, version, alert string) string {
	handshake := "12"
	if alert != "" {
		handshake, version = "-", "-"
	} else {
		alert = "-"
	}
	const form = "2006-01-02T15:04:05"
	return fmt.Sprintf("tls 2.0 %s %s b2 %s:4711 10.0.0.5:443 %d %s 0 0 %s - - - %s - shop.example.com - - - %s\n",
		at.Add(long).Format(form), s.Balancer.ID, client, long.Milliseconds(), handshake, alert, version, at.Format(form))
}

// TestFlows: clients of one version of TLS that do not take the listener's certificate any more are told to be so, and not to
// speak what the security policy has not; when they came through last is when the last of them shook hands, and not when that
// connection ended; where all do again, that is told in the past.
func TestFlows(t *testing.T) {
	for name, tt := range map[string]struct {
		alert string
		until int // minute from which on they come through again
		want  string
		over  bool
	}{
		"no authority of theirs":     {"48", 60, "TLS handshakes fail, most since clients do not take the listener's certificate", false},
		"no version in common":       {"70", 60, "Clients that speak tlsv10 fail: none has come through since 11:29 UTC, and the listener's security policy does not take that version.", false},
		"the certificate was mended": {"42", 40, "TLS handshakes failed between 11:30 and 11:39 UTC, most since clients did not take the listener's certificate: those who failed most have come through since.", true},
	} {
		s := base()
		s.network()
		for i := range s.Listeners {
			s.Listeners[i].Protocol, s.Listeners[i].Policy = "TLS", "ELBSecurityPolicy-TLS13-1-2-2021-06"
		}
		text := ""
		for i := range 60 {
			text += flow(s, s.minute(i).Add(5*time.Second), time.Second, "192.0.2.7", "tlsv13", "")
			for c := range 20 {
				at, client := s.minute(i).Add(time.Duration(1+2*c)*time.Second), fmt.Sprintf("198.51.100.%d", c)
				if i >= 30 && i < tt.until {
					text += flow(s, at, 0, client, "", tt.alert) + flow(s, at, 0, client, "", tt.alert)
				} else {
					text += flow(s, at, 10*time.Minute, client, "tlsv10", "")
				}
			}
		}
		text += flow(s, s.From.Add(-time.Hour), 90*time.Minute, "192.0.2.7", "tlsv13", "")
		h, err := handshakesOf(s, text)
		if err != nil || !h.Minutes[0].Minute.Equal(s.From) {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
		s.Handshakes = h
		r := Diagnose(copied(t, s))
		if f := r.finding("client-tls-negotiation-fails"); f == nil || !strings.HasPrefix(f.Sentence, tt.want) || f.over != tt.over || tt.over == strings.Contains(said(r), "still open") {
			t.Errorf("%s: want %q:\n%s", name, tt.want, said(r))
		}
	}
}

// TestPolicyTakes: names of policies tell which versions they take.
func TestPolicyTakes(t *testing.T) {
	for policy, want := range map[string]string{
		"ELBSecurityPolicy-2016-08": "yyyn", "ELBSecurityPolicy-FS-2018-06": "yyyn", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06": "nnyn", "ELBSecurityPolicy-FS-1-1-2019-08": "nyyn",
		"ELBSecurityPolicy-TLS13-1-2-Res-2021-06": "nnyy", "ELBSecurityPolicy-TLS13-1-3-2021-06": "nnny", "ELBSecurityPolicy-TLS13-1-0-2021-06": "yyyy", "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04": "nnyy", "mine": "????",
	} {
		for _, versions := range [][]string{{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, {"tlsv10", "tlsv11", "tlsv12", "tlsv13"}} {
			got := ""
			for _, v := range versions {
				switch takes, known := policyTakes(policy, v); {
				case !known:
					got += "?"
				case takes:
					got += "y"
				default:
					got += "n"
				}
			}
			if got != want {
				t.Errorf("%s: %v are %s, want %s", policy, versions, got, want)
			}
		}
	}
}

// TestProtocolGone: where a version of TLS is taken no more, those who spoke it are told, and since when; not where it still
// is, where those who fail spoke another one, or where it was seldom spoken.
func TestProtocolGone(t *testing.T) {
	// tills are so many clients that speak a version each minute up to the middle of the hour, and then fail.
	tills := func(n int, version string) func(*Snapshot) []connected {
		return func(s *Snapshot) (list []connected) {
			for i := range n {
				c := connected{client: fmt.Sprintf("198.51.100.%d", i), version: version}
				list = append(list, connections(s, 30, 0, 0.5, c)...)
				c.cause, c.plain = "UnmappedConnectionError", true
				list = append(list, connections(s, 30, 0.5, 1, c)...)
			}
			return list
		}
	}
	speaking := func(version string, n int, from, until float64) func(*Snapshot) []connected {
		return func(s *Snapshot) []connected {
			return connections(s, n, from, until, connected{client: "192.0.2.200", version: version})
		}
	}
	for _, tt := range []struct {
		name    string
		clients []func(*Snapshot) []connected
		want    string
	}{
		{"taken no more", []func(*Snapshot) []connected{tills(8, "TLSv1"), others(5, 60)}, "Clients that speak TLSv1 fail: none has come through since 11:29 UTC"},
		{"some still come through", []func(*Snapshot) []connected{tills(8, "TLSv1"), others(5, 60), speaking("TLSv1", 60, 0, 1)}, ""},
		{"those who fail spoke another", []func(*Snapshot) []connected{tills(8, "TLSv1.2"), others(5, 60), speaking("TLSv1.2", 60, 0, 1), speaking("TLSv1", 60, 0, 0.5)}, ""},
		{"nobody comes through", []func(*Snapshot) []connected{bare("UnmappedConnectionError", 30, 30)}, ""},
		{"of a version that the policy has", []func(*Snapshot) []connected{tills(8, "TLSv1.2"), others(5, 60)}, ""},
		{"seldom spoken", []func(*Snapshot) []connected{tills(1, "TLSv1.2"), others(5, 60), speaking("TLSv1.2", 30, 0.5, 1), speaking("TLSv1", 5, 0, 0.5)}, ""},
		{"with scanners", []func(*Snapshot) []connected{tills(8, "TLSv1.1"), others(5, 600), scanners(300)}, "Clients that speak TLSv1.1 fail: none has come through since 11:29 UTC"},
	} {
		s := base()
		s.connecting(tt.clients...)
		s.Listeners[1].Policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
		r := Diagnose(copied(t, s))
		f := r.finding("client-tls-negotiation-fails")
		told := f != nil && strings.HasPrefix(f.Sentence, "Clients that speak ")
		if f == nil || told != (tt.want != "") || !strings.HasPrefix(f.Sentence, tt.want) || told != (f.Level == Fail) {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
		if told && !strings.Contains(strings.Join(f.Verify, "\n"), "describe-ssl-policies --region eu-central-1 --names ELBSecurityPolicy-TLS13-1-2-2021-06 ") {
			t.Errorf("%s: no command shows what the policy has: %q", tt.name, f.Verify)
		}
	}
}
