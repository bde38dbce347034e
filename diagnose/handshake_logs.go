package diagnose

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"loglens/query"
)

// What is asked of the logs that have connections. A cause is one of the report tls: it is logged, or there is a
// connection without a protocol at a port where clients speak TLS. What came through is counted by the minute and no
// further, so that what is held grows with what fails: those who came through are looked for in another reading,
// among the few who failed most.
const (
	// %s are ports.
	connectionSQL = `
SELECT timestamp AS moment, client_ip, tls_protocol AS protocol, leaf_client_cert_subject AS subject, leaf_client_cert_validity AS validity, leaf_client_cert_serial_number AS serial,
	CASE WHEN tls_verify_status LIKE 'Failed:%%' THEN substr(tls_verify_status, 8) WHEN tls_protocol IS NULL AND listener_port IN (%s) THEN 'TLS_Handshake_Failed' END AS cause
FROM connection`

	// A line is written, and has the time, as its connection ends, which may be hours after the handshake. %s is when the
	// window begins: what shook hands before it says nothing of it.
	flowSQL = `
SELECT coalesce(try_cast(tls_connection_creation_time AS TIMESTAMP), time) AS moment, client_ip, tls_protocol_version AS protocol, NULL::VARCHAR AS subject, NULL::VARCHAR AS validity, NULL::VARCHAR AS serial,
	CASE WHEN tls_handshake_time IS NULL THEN coalesce('TLS_Alert_' || incoming_tls_alert, 'TLS_Handshake_Failed') END AS cause
FROM nlb_tls WHERE coalesce(try_cast(tls_connection_creation_time AS TIMESTAMP), time) >= TIMESTAMP '%s'`

	// A client is its certificate, and without one its address. There may be as many as connections, in a flood of
	// them: minutes are counted apart from clients, and addresses of a certificate listed for those alone that are told.
	failedSQL = `
WITH counted AS MATERIALIZED (
	SELECT grouping(minute) = 0 AS by_minute, minute, cause, subject, validity, serial, client, count(*) AS n, min(moment) AS first_seen, max(moment) AS last_seen
	FROM (
		SELECT moment, date_trunc('minute', moment) AS minute, cause, CASE WHEN cause IS NOT NULL THEN subject END AS subject, CASE WHEN cause IS NOT NULL THEN validity END AS validity,
			CASE WHEN cause IS NOT NULL THEN serial END AS serial, CASE WHEN cause IS NOT NULL THEN client_ip END AS client
		FROM (%s) WHERE cause IS NOT NULL OR protocol IS NOT NULL
	) GROUP BY GROUPING SETS ((minute, cause), (cause, subject, validity, serial, client))
),
clients AS (FROM counted WHERE NOT by_minute AND cause IS NOT NULL),
certificates AS MATERIALIZED (
	SELECT cause, subject, validity, serial, sum(n)::BIGINT AS n, count(*) AS clients, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM clients WHERE subject IS NOT NULL GROUP BY ALL ORDER BY n DESC, cause, subject, serial LIMIT 10
)
SELECT 1::BIGINT AS part, minute AS first_seen, NULL::TIMESTAMP AS last_seen, cause, n, 0::BIGINT AS clients, 0::BIGINT AS certificates, NULL::VARCHAR AS subject, NULL::VARCHAR AS validity, NULL::VARCHAR AS serial, NULL::VARCHAR AS addresses
FROM counted WHERE by_minute
UNION ALL
SELECT 2, min(first_seen), max(last_seen), cause, sum(n)::BIGINT, count(DISTINCT hash(client)), count(DISTINCT hash(subject, serial)) FILTER (subject IS NOT NULL), NULL, NULL, NULL, NULL
FROM clients GROUP BY cause
UNION ALL
FROM (SELECT 3, first_seen, last_seen, cause, n, 1, 0, NULL, NULL, serial, client FROM clients WHERE subject IS NULL ORDER BY n DESC, cause, serial, client LIMIT 10)
UNION ALL
SELECT 3, t.first_seen, t.last_seen, cause, t.n, clients, 0, subject, t.validity, t.serial, array_to_string(list(client ORDER BY c.n DESC, client)[:3], ' ')
FROM certificates t JOIN clients c USING (cause, subject) WHERE c.validity IS NOT DISTINCT FROM t.validity AND c.serial IS NOT DISTINCT FROM t.serial GROUP BY ALL
ORDER BY part, n DESC, first_seen, cause, subject, serial, addresses`

	// %[2]s are subjects, %[3]s addresses. There may be a name for each of many devices: hashes of them take less memory.
	passedSQL = `
SELECT known, address, count(*) AS n, max(moment) AS last_seen, CASE WHEN grouping(known) = 0 THEN count(DISTINCT hash(subject)) ELSE 0 END AS certificates,
	arg_max(version, moment) AS last_version, protocol, min(moment) AS first_seen
FROM (
	SELECT *, protocol AS version, CASE WHEN subject IN (%[2]s) THEN subject END AS known, CASE WHEN client_ip IN (%[3]s) THEN client_ip END AS address
	FROM (%[1]s) WHERE cause IS NULL AND protocol IS NOT NULL
) GROUP BY GROUPING SETS ((known), (address), (protocol)) ORDER BY ALL`
)

// handshakesFailed is the metric of TLS handshakes of clients that failed.
const handshakesFailed = "ClientTLSNegotiationErrorCount"

// LooksAtHandshakes reports whether the balancer's log of connections is worth reading, of which there may be as many as
// requests: not if metrics of the window are there, and count no handshake that failed.
func (s *Snapshot) LooksAtHandshakes() bool {
	if s.Balancer.Type != Application && s.Balancer.Type != NetworkType {
		return false
	}
	f := facts{Snapshot: s}
	counts := f.measured("NewConnectionCount", "") || f.measured("NewFlowCount", "") || f.measured("RequestCount", "")
	verifies := slices.ContainsFunc(s.Listeners, Listener.verifies)
	return !counts || verifies || f.total(handshakesFailed, "") > 0
}

// ReadHandshakes sums up what a store has of connections: connection logs of an Application Load Balancer, access logs
// of a Network Load Balancer.
//
// Errors: those of query.Store.Ask, and of an object that could not be read; what could be is there nevertheless, and
// nil is returned where nothing was.
func ReadHandshakes(ctx context.Context, store *query.Store, s *Snapshot) (*Handshakes, error) {
	h := &Handshakes{Causes: []HandshakeCause{}, Failing: []FailingClient{}, Minutes: []HandshakeMinute{}}
	r := reader{ctx: ctx, store: store, logs: &Logs{}}
	lines := fmt.Sprintf(flowSQL, s.From.UTC().Format(time.DateTime))
	if s.Balancer.Type == Application {
		lines = fmt.Sprintf(connectionSQL, s.portsOfTLS())
	}
	at := map[time.Time]int{}
	t, err := r.ask(fmt.Sprintf(failedSQL, lines), func(row []any) { h.take(row, at) })
	if err != nil {
		return nil, err
	}
	r.account(t)
	l := r.logs
	h.Objects, h.ObjectsFailed, h.Lines, h.Parsed, h.Rejected, h.Skipped, h.NotIngested = l.Objects, l.ObjectsFailed, l.Lines, l.Parsed, l.Rejected, l.Skipped, l.NotIngested
	h.Warnings = slices.DeleteFunc(l.Warnings, func(w string) bool { return strings.HasPrefix(w, query.NewestObject) })
	slices.SortFunc(h.Minutes, func(a, b HandshakeMinute) int { return a.Minute.Compare(b.Minute) })
	err = errors.Join(store.FirstFailure(), h.passed(r, lines))
	h.bound()
	return h, err
}

// take takes a row of failedSQL.
func (h *Handshakes) take(row []any, at map[time.Time]int) {
	first, last, cause, n, clients := moment(row[1]), moment(row[2]), text(row[3]), whole(row[4], 0), whole(row[5], 0)
	switch whole(row[0], 0) {
	case 1:
		i, ok := at[first]
		if !ok {
			i = len(h.Minutes)
			at[first] = i
			h.Minutes = append(h.Minutes, HandshakeMinute{Minute: first})
		}
		m := &h.Minutes[i]
		h.Connections += n
		switch {
		case cause == "":
			m.Passed += n
		case ofCertificate(cause):
			m.Refused += n
		default:
			m.Failed += n
		}
	case 2:
		h.Causes = append(h.Causes, HandshakeCause{Cause: cause, Count: n, Clients: clients, Certificates: whole(row[6], 0), First: first, Last: last})
	case 3:
		c := FailingClient{Cause: cause, Subject: text(row[7]), Serial: text(row[9]), Addresses: strings.Fields(text(row[10])), Clients: clients, Count: n, First: first, Last: last}
		c.NotBefore, c.NotAfter = validity(text(row[8]))
		h.Failing = append(h.Failing, c)
	}
}

// validity reads from when to when a certificate is valid; the zero time for what is not told.
func validity(text string) (from, until time.Time) {
	for part := range strings.SplitSeq(text, ";") {
		name, at, _ := strings.Cut(part, "=")
		t, err := time.Parse(time.RFC3339, at)
		switch {
		case err != nil:
		case name == "NotBefore":
			from = t.UTC()
		case name == "NotAfter":
			until = t.UTC()
		}
	}
	return from, until
}

// passed looks whether those who failed came through at other times, in another reading, where some failed often.
func (h *Handshakes) passed(r reader, lines string) error {
	often := slices.ContainsFunc(h.Causes, func(c HandshakeCause) bool { return ofCertificate(c.Cause) && c.Count >= fewRequests }) ||
		slices.ContainsFunc(h.Failing, func(c FailingClient) bool { return c.Count >= fewRequests })
	if !often {
		return nil
	}
	var args []any
	listed := func(name string, values []string) string {
		list := []string{"NULL"} // matches nothing
		for _, v := range values {
			name := name + strconv.Itoa(len(args))
			args = append(args, sql.Named(name, v))
			list = append(list, "$"+name)
		}
		return strings.Join(list, ", ")
	}
	var subjects, addresses []string
	for _, c := range h.Failing {
		switch {
		case c.Subject != "":
			subjects = add(subjects, c.Subject)
		case len(c.Addresses) == 1:
			addresses = add(addresses, c.Addresses[0])
		}
	}
	_, err := r.store.Ask(r.ctx, fmt.Sprintf(passedSQL, lines, listed("subject", subjects), listed("address", addresses)), args, rows(func(row []any) {
		subject, address := text(row[0]), text(row[1])
		if version := text(row[6]); version != "" {
			h.Protocols = append(h.Protocols, ProtocolUse{Protocol: version, Count: whole(row[2], 0), First: moment(row[7]), Last: moment(row[3])})
			return
		}
		if subject == "" && address == "" {
			h.Certificates += whole(row[4], 0)
		}
		for i := range h.Failing {
			c := &h.Failing[i]
			if subject != "" && c.Subject == subject || c.Subject == "" && address != "" && slices.Equal(c.Addresses, []string{address}) {
				c.Passed += whole(row[2], 0)
				if last := moment(row[3]); last.After(c.LastPassed) {
					c.LastPassed, c.Protocol = last, text(row[5])
				}
			}
		}
	}))
	if errors.Is(err, query.ErrDrained) {
		h.Warnings = add(h.Warnings, "connections are read one time only: whether clients that fail came through at other times is not known")
		return nil
	}
	return err
}

// longestName is how many characters of a certificate's name, or number, are kept.
const longestName = 200

// bound cuts off what clients can make as long as they like.
func (h *Handshakes) bound() {
	for i := range h.Failing {
		c := &h.Failing[i]
		for _, s := range []*string{&c.Cause, &c.Subject, &c.Serial, &c.Protocol} {
			if r := []rune(*s); len(r) > longestName {
				*s = string(r[:longestName]) + "…"
			}
		}
	}
}

// ofCertificate reports whether a cause is that the balancer refuses the client's certificate.
func ofCertificate(cause string) bool { return strings.HasPrefix(cause, "ClientCert") }

// portsOfTLS are the ports at which clients speak TLS, for a list in SQL.
func (s *Snapshot) portsOfTLS() string {
	var list []string
	for _, l := range s.Listeners {
		if l.speaksTLS() {
			list = append(list, strconv.Itoa(l.Port))
		}
	}
	return cmp.Or(strings.Join(list, ", "), "NULL")
}
