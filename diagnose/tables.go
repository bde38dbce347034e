package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/query"
)

// What is asked of the logs. The relations are those of top-errors: what a failure
// is, and why, is decided there.
const (
	trafficSQL = `
SELECT target_group_arn, target, requests, slowest, last_seen, refused, redirected, switched, median, low, first_seen
FROM (
	SELECT target_group_arn, target, sum(requests)::BIGINT AS requests, min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(status_4xx)::BIGINT AS refused,
		sum(status_3xx)::BIGINT AS redirected, sum(status_1xx)::BIGINT AS switched
	FROM traffic GROUP BY ALL
) LEFT JOIN (
	SELECT g, t, max(seconds) AS slowest, min(seconds) FILTER (2 * upto >= answered) AS median, min(seconds) FILTER (5 * upto >= 2 * answered) AS low
	FROM (
		SELECT g, t, seconds, sum(n) OVER (PARTITION BY g, t ORDER BY seconds) AS upto, sum(n) OVER (PARTITION BY g, t) AS answered
		FROM (SELECT target_group_arn AS g, target AS t, seconds, sum(requests) AS n FROM latency GROUP BY ALL)
	) GROUP BY ALL
) ON target_group_arn IS NOT DISTINCT FROM g AND target IS NOT DISTINCT FROM t
ORDER BY ALL`

	// quickSQL is what ended at once: as soon as it was sent, or before that.
	quickSQL = `(coalesce(duration, target_processing_time) < 0.1)`

	// A failure ends at a wall if its duration is that of a timeout, give or take what
	// the balancer's clock and its own work add. What a rule did is of that rule; its number
	// is one of a listener's, of which a line has the protocol. It names traffic so that what
	// is asked of that is counted by the same reading. What a target broke off at once has other causes than what it broke
	// off later, and times of its own.
	failureSQL = `
SELECT target_group_arn, target, node, elb_status_code, target_status_code, reason, reason_class, reason_source, count(*) AS failures,
	count(*) FILTER (%[3]s) AS quick,
	count(*) FILTER (duration >= 9.9 AND duration < 10.6) AS connect,
	count(*) FILTER (duration >= %[1]g - 0.2 AND duration < %[1]g + 1.5) AS idle,
	min(time) AS first_seen, max(time) AS last_seen,
	CASE WHEN reason_class = 'policy' THEN matched_rule_priority END AS rule,
	CASE WHEN reason_class = 'policy' THEN CASE WHEN type IN ('http', 'ws') THEN 'HTTP' ELSE 'HTTPS' END END AS listener,
	count(*) FILTER (%[2]s) AS slow, quantile_disc(duration, 0.25) FILTER (%[2]s) AS low, quantile_disc(duration, 0.75) FILTER (%[2]s) AS high,
	count(*) FILTER (reason = 'WAF_Block' AND received_bytes > 8192) AS large,
	reason = 'Target_Closed_Connection' AND %[3]s IS TRUE AS broken_off_at_once
FROM failure WHERE (SELECT count(*) FROM traffic) >= 0 GROUP BY ALL ORDER BY ALL`

	// What a target or a client ended after a while may have met a limit of its own.
	slowSQL = `duration >= 1 AND reason IN ('Target_Closed_Connection', 'Target_5XX', 'Client_Closed')`

	// A name is logged only where a certificate of the listener is for it: it is the one that TLS
	// began with, and a request over that connection may be for another host. Of names under a
	// wildcard there may be many.
	strayHostSQL = `
SELECT domain_name, elb_status_code, count(*) AS requests
FROM failure WHERE reason = 'Fixed_Response' AND matched_rule_priority = '0' AND elb_status_code BETWEEN 400 AND 499 AND contains(lower(request), '://' || lower(domain_name) || ':')
GROUP BY ALL ORDER BY requests DESC, domain_name, elb_status_code LIMIT 10`

	// Counts do not tell a 400 or a 404 from other 4xx, nor whose it is: that takes another reading.
	refusedSQL = `
SELECT target_group_arn, target, count(*) AS requests, count(*) FILTER (target_status_code = 400) AS bad, count(*) FILTER (target_status_code = 404) AS missing
FROM request GROUP BY ALL ORDER BY ALL`

	// A client that is led in a circle asks for the same again at once, up to twenty times
	// and more; monitors of one network do so about once in a second at most. A client that is
	// sent to log in is redirected by no target, and by no rule that only redirects.
	redirectedSQL = `elb_status_code IN (301, 302, 303, 307, 308) AND (target_status_code IS NOT NULL OR contains(actions_executed, 'redirect'))`
	redirectSQL   = `
SELECT target_group_arn, sum(n)::BIGINT AS redirects, coalesce(sum(n) FILTER (n >= 5), 0)::BIGINT AS repeated
FROM (
	SELECT target_group_arn, count(*) FILTER (` + redirectedSQL + `) AS n
	FROM request GROUP BY target_group_arn, client_net, user_agent, request, time_bucket(INTERVAL 4 SECOND, time)
) GROUP BY ALL ORDER BY ALL`

	// The same, and 404 of targets, since a time.
	lateSQL = `
SELECT target_group_arn, sum(n)::BIGINT AS requests, sum(turned)::BIGINT AS redirects, coalesce(sum(turned) FILTER (turned >= 5), 0)::BIGINT AS repeated, sum(missing)::BIGINT AS missing
FROM (
	SELECT target_group_arn, count(*) AS n, count(*) FILTER (` + redirectedSQL + `) AS turned, count(*) FILTER (target_status_code = 404) AS missing
	FROM request WHERE time >= TIMESTAMP '%s' GROUP BY target_group_arn, client_net, user_agent, request, time_bucket(INTERVAL 4 SECOND, time)
) GROUP BY ALL ORDER BY ALL`

	// A WebSocket is logged when it ends. One that is opened and then silent ends as long
	// after its first messages as the idle timeout is.
	socketSQL = `
SELECT target_group_arn, count(*) AS sockets, count(*) FILTER (duration >= %[1]g - 0.2) AS lasted, count(*) FILTER (duration >= %[1]g - 0.2 AND duration < %[1]g + 3) AS idle
FROM request WHERE type IN ('ws', 'wss') AND elb_status_code = 101 GROUP BY ALL ORDER BY ALL`

	// Of what failing requests may have in common, only what is most frequent tells anything. %[1]s is a trait's column.
	failingAlikeSQL = `
SELECT target_group_arn, reason, %[1]s, count(*) AS failures
FROM failure WHERE %[1]s IS NOT NULL AND list_contains($reasons, reason) GROUP BY target_group_arn, reason, %[1]s
QUALIFY row_number() OVER (PARTITION BY target_group_arn, reason ORDER BY failures DESC, %[1]s) <= %[2]d
ORDER BY target_group_arn, reason, failures DESC, %[1]s`

	minuteSQL = `
SELECT minute, target_group_arn, sum(requests)::BIGINT AS requests, sum(status_3xx)::BIGINT AS redirected, sum(status_4xx)::BIGINT AS refused
FROM traffic GROUP BY ALL ORDER BY ALL`

	failingSQL = `
SELECT minute, target_group_arn, reason, CASE WHEN target_status_code IS NULL THEN elb_status_code::VARCHAR END AS status, sum(failures)::BIGINT AS failures,
	CASE WHEN reason = 'Target_Connection_Error' THEN target END AS target
FROM failure_minute GROUP BY ALL ORDER BY ALL`

	laterSQL = `
SELECT date_trunc('minute', time) AS minute, target_group_arn, count(*) AS later
FROM failure WHERE reason = 'Target_Closed_Connection' AND ` + quickSQL + ` IS NOT TRUE GROUP BY ALL ORDER BY ALL`

	// A target flaps if one node sees it change; or if it answers some checks well and
	// others not, whichever node asks. Nodes that disagree since one of them does not
	// get through are no flapping.
	healthSQL = `
WITH checked AS MATERIALIZED (
	SELECT target_group, target, status = 'PASS' AS pass, reason_code, status_code, latency, node, time,
		(status = 'PASS') IS DISTINCT FROM lag(status = 'PASS', 1, status = 'PASS') OVER (PARTITION BY target_group, target, node ORDER BY time) AS flap
	FROM health_check
),
answered AS (
	SELECT target_group, target, time, pass IS DISTINCT FROM lag(pass, 1, pass) OVER (PARTITION BY target_group, target ORDER BY time, node) AS flap
	FROM checked WHERE status_code IS NOT NULL
),
flapping AS (
	SELECT target_group AS g, target AS t, max(n) AS flaps, max(last) AS last_flap
	FROM (
		SELECT target_group, target, node, count(*) FILTER (flap) AS n, max(time) FILTER (flap) AS last FROM checked GROUP BY ALL
		UNION ALL SELECT target_group, target, NULL, count(*) FILTER (flap), max(time) FILTER (flap) FROM answered GROUP BY ALL
	) GROUP BY ALL
)
SELECT target_group, target, pass, reason_code, status_code, count(*) AS checks, max(latency) AS slowest, any_value(flaps) AS flaps, any_value(last_flap) AS last_flap, max(time) AS last_seen
FROM checked LEFT JOIN flapping ON target_group IS NOT DISTINCT FROM g AND target IS NOT DISTINCT FROM t
GROUP BY target_group, target, pass, reason_code, status_code ORDER BY ALL`

	// Objects of which nothing says what they have are read for requests, and once more for health checks. It
	// names traffic so that no other log is read for it.
	objectSQL = `
SELECT max(interval_end) AS newest, count(*) FILTER (kind IS NULL) AS unclear, count(*) FILTER (kind IS NULL AND status = 'failed') AS failed
FROM object WHERE (SELECT count(*) FROM traffic) >= 0`
)

// ReadLogs sums the logs of a store up. checks says whether health check logs, which only
// Application Load Balancers have, are to be read, too; access logs always are.
//
// Errors: those of query.Store.Ask, and of an object that could not be read; what
// could be is there nevertheless.
func ReadLogs(ctx context.Context, store *query.Store, s *Snapshot, checks bool) (*Logs, error) {
	r := reader{ctx: ctx, store: store, logs: &Logs{Traffic: []Traffic{}, Failures: []Failure{}, Minutes: []Minute{}, Health: []LogCheck{}}}
	for _, g := range s.Groups {
		if g.Type == "lambda" {
			r.functions = append(r.functions, g.ARN)
		}
	}
	idle := numeric(s.Balancer.Attributes, attrIdle, 60)
	err := errors.Join(r.access(idle), store.FirstFailure())
	err = errors.Join(err, r.refusals(), r.redirects(s), r.late(s), r.sockets(s, idle), r.ipv6(s), r.shutOut(s), r.wafRoutes(), r.alike(), r.surges(s), r.slower(), r.young(), store.FirstFailure())
	return r.logs, errors.Join(err, r.health(checks && s.Balancer.Type == Application), store.FirstFailure())
}

// reader asks a store.
type reader struct {
	ctx   context.Context
	store *query.Store
	logs  *Logs

	refused   []int    // those of logs.Traffic of which nearly all requests ended with 4xx
	functions []string // ARNs of groups with a function, of which logs name no target

	unclear, unclearFailed int64 // objects of which nothing says what they have; those that could not be read

	// Requests to which these hold: all; redirected, of all and whether so are nearly all of a
	// target; switched to another protocol, as to a WebSocket.
	requests, redirected, switched int64
	turned                         bool
}

// rows takes the rows of an answer, one at a time.
type rows func(row []any)

func (rows) Begin([]query.Column) error { return nil }

func (r rows) Row(row []any) error {
	r(row)
	return nil
}

func (r *reader) ask(text string, each rows, args ...any) (*query.Table, error) {
	t, err := r.store.Ask(r.ctx, text, args, each)
	if err != nil {
		return nil, fmt.Errorf("read logs: %w", err)
	}
	return t, nil
}

// account takes over what an answer rests on.
func (r *reader) account(t *query.Table) {
	a, l := t.Accounting, r.logs
	l.Objects, l.ObjectsFailed = l.Objects+a.Objects, l.ObjectsFailed+a.ObjectsFailed
	l.Lines, l.Parsed, l.Rejected, l.Skipped = l.Lines+a.Lines, l.Parsed+a.Parsed, l.Rejected+a.Rejected, l.Skipped+a.Skipped
	l.NotIngested = max(l.NotIngested, int64(t.Lacking()/time.Second))
	for _, w := range t.Warnings {
		l.Warnings = add(l.Warnings, w)
	}
}

func (r *reader) access(idle float64) error {
	// The question that wants most details comes first: the others are answered from
	// the same reading, and there is no other of a pipe.
	t, err := r.ask(fmt.Sprintf(failureSQL, idle, slowSQL, quickSQL), func(row []any) {
		f := Failure{
			Group: text(row[0]), Target: text(row[1]), Node: text(row[2]), Status: whole(row[3], -1), TargetStatus: whole(row[4], -1),
			Reason: text(row[5]), Class: text(row[6]), Source: text(row[7]), Count: whole(row[8], 0),
			Quick: whole(row[9], 0), Connect: whole(row[10], 0), Idle: whole(row[11], 0), First: moment(row[12]), Last: moment(row[13]), Rule: text(row[14]), Listener: text(row[15]),
			Slow: whole(row[16], 0), Large: whole(row[19], 0),
		}
		f.Low, _ = row[17].(float64)
		f.High, _ = row[18].(float64)
		r.logs.Failures = append(r.logs.Failures, f)
	})
	if err != nil {
		return err
	}
	r.account(t)
	r.logs.Access = t.Accounting.Parsed > 0
	_, err = r.ask(trafficSQL, func(row []any) {
		tr := Traffic{Group: text(row[0]), Target: text(row[1]), Requests: whole(row[2], 0), Slowest: -1, First: moment(row[10]), Last: moment(row[4])}
		if x, ok := row[3].(float64); ok {
			tr.Slowest = x
		}
		if tr.Last.After(r.logs.Last) {
			r.logs.Last = tr.Last
		}
		named := tr.Target != "" || slices.Contains(r.functions, tr.Group)
		if refused := whole(row[5], 0); named && nearlyAll(refused, tr.Requests) {
			r.refused = append(r.refused, len(r.logs.Traffic))
		}
		tr.Median, _ = row[8].(float64)
		tr.Low, _ = row[9].(float64)
		redirected := whole(row[6], 0)
		r.requests, r.redirected, r.switched = r.requests+tr.Requests, r.redirected+redirected, r.switched+whole(row[7], 0)
		r.turned = r.turned || named && nearlyAll(redirected, tr.Requests)
		r.logs.Traffic = append(r.logs.Traffic, tr)
	})
	if err != nil {
		return err
	}
	return errors.Join(r.strayHosts(), r.minutes(), r.objects())
}

// refusals counts the answers of targets with 400 and 404, where nearly all were 4xx.
// Where the lines of requests cannot be read once more, as out of a pipe, or of a store that
// has none, it says that these are not known.
func (r *reader) refusals() error {
	if len(r.refused) == 0 {
		return nil
	}
	known := 0
	err := r.again(refusedSQL, func(row []any) {
		for _, at := range r.refused {
			if t := &r.logs.Traffic[at]; t.Group == text(row[0]) && t.Target == text(row[1]) && t.Requests == whole(row[2], 0) {
				t.BadRequests, t.NotFound = whole(row[3], 0), whole(row[4], 0)
				known++
			}
		}
	})
	if err == nil && known < len(r.refused) {
		var targets []string
		for _, at := range r.refused {
			targets = add(targets, cmp.Or(r.logs.Traffic[at].Target, groupName(r.logs.Traffic[at].Group)))
		}
		r.logs.Warnings = add(r.logs.Warnings, fmt.Sprintf("nearly all requests to %s ended with 4xx, and it is not known with which: their lines could not be read once more", few(targets)))
	}
	return err
}

// again asks for lines of requests once more, which there may be none of.
func (r *reader) again(text string, each rows, args ...any) error {
	_, err := r.ask(text, each, args...)
	if errors.As(err, new(*query.StatementError)) || errors.Is(err, query.ErrDrained) {
		return nil
	}
	return err
}

// redirects looks whether clients are led in a circle, where nearly all requests are redirected,
// of a target or of all. Of a balancer that does nothing else this is not asked.
func (r *reader) redirects(s *Snapshot) error {
	if !r.turned && (!nearlyAll(r.redirected, r.requests) || s.redirectsOnly()) {
		return nil
	}
	known := false
	err := r.again(redirectSQL, func(row []any) {
		known = true
		if n := whole(row[1], 0); n > 0 {
			r.logs.Redirects = append(r.logs.Redirects, Redirects{Group: text(row[0]), Requests: n, Repeated: whole(row[2], 0)})
		}
	})
	if err == nil && !known {
		r.logs.Warnings = add(r.logs.Warnings, "nearly all requests, of a target or of all, ended with 3xx, and it is not known whether in a circle: their lines could not be read once more")
	}
	return err
}

// late looks at requests of the last minutes by themselves where nearly all, to a group or of all, are redirected since,
// or answered with 4xx by targets, in place of others.
func (r *reader) late(s *Snapshot) error {
	l, since := r.logs, time.Time{}
	looks := map[string]bool{} // groups
	look := func(group string, by count) {
		if turned, ok := l.displaced(by); ok && nearlyAll(turned.some, turned.all) {
			if looks[group] = true; turned.since.After(since) {
				since = turned.since
			}
		}
	}
	redirected, refused := func(m Minute) int64 { return m.Redirected }, func(m Minute) int64 { return m.Refused }
	look("", amongAll(func(m Minute) int64 {
		if m.Group != "" {
			return 0
		}
		return m.Redirected
	}))
	for i := range s.Groups {
		g := s.Groups[i].ARN
		if s.Balancer.Type == Classic {
			g = ""
		}
		look(g, amongThose(g, redirected))
		look(g, amongThose(g, refused))
	}
	if len(looks) == 0 {
		return nil
	}
	all, known := int64(0), false
	err := r.again(fmt.Sprintf(lateSQL, since.Format(time.DateTime)), func(row []any) {
		known = true
		all += whole(row[1], 0)
		if g := text(row[0]); looks[g] {
			l.Late = append(l.Late, Late{Group: g, Since: since, Requests: whole(row[1], 0), Redirected: whole(row[2], 0), Repeated: whole(row[3], 0), NotFound: whole(row[4], 0)})
		}
	})
	for i := range l.Late {
		if l.Late[i].Group == "" {
			l.Late[i].Requests = all
		}
	}
	if err == nil && !known {
		l.Warnings = add(l.Warnings, fmt.Sprintf("nearly all requests, to a group or of all, ended with 3xx or 4xx since %s UTC, and it is not known with which, or whether in a circle: their lines could not be read once more", s.clock(since)))
	}
	return err
}

// sockets looks how long WebSockets last, where they are no small part of the requests.
func (r *reader) sockets(s *Snapshot, idle float64) error {
	if s.Balancer.Type != Application || !manyOf(r.switched, r.requests) {
		return nil
	}
	return r.again(fmt.Sprintf(socketSQL, idle), func(row []any) {
		r.logs.Sockets = append(r.logs.Sockets, Sockets{Group: text(row[0]), Count: whole(row[1], 0), Lasted: whole(row[2], 0), Idle: whole(row[3], 0)})
	})
}

func (r *reader) strayHosts() error {
	_, err := r.ask(strayHostSQL, func(row []any) {
		r.logs.StrayHosts = append(r.logs.StrayHosts, StrayHost{Name: text(row[0]), Status: whole(row[1], -1), Requests: whole(row[2], 0)})
	})
	return err
}

func (r *reader) minutes() error {
	type key struct {
		minute time.Time
		group  string
	}
	at := map[key]int{}
	_, err := r.ask(minuteSQL, func(row []any) {
		m := Minute{Minute: moment(row[0]), Group: text(row[1]), Requests: whole(row[2], 0), Redirected: whole(row[3], 0), Refused: whole(row[4], 0)}
		at[key{m.Minute, m.Group}] = len(r.logs.Minutes)
		r.logs.Minutes = append(r.logs.Minutes, m)
	})
	if err != nil {
		return err
	}
	_, err = r.ask(failingSQL, func(row []any) {
		i, ok := at[key{moment(row[0]), text(row[1])}]
		if !ok {
			return // every failure is a request as well
		}
		m, n := &r.logs.Minutes[i], whole(row[4], 0)
		if m.Reasons == nil {
			m.Reasons, m.Statuses = map[string]int64{}, map[string]int64{}
		}
		m.Reasons[text(row[2])] += n
		if status := text(row[3]); status != "" {
			if m.Statuses[status] += n; strings.HasPrefix(status, "4") {
				m.Refused -= n // by the balancer
			}
		}
		if target := text(row[5]); target != "" {
			if m.Unconnected == nil {
				m.Unconnected = map[string]int64{}
			}
			m.Unconnected[target] += n
		}
	})
	if err != nil || !r.logs.brokenOffLater() {
		return err
	}
	_, err = r.ask(laterSQL, func(row []any) {
		if i, ok := at[key{moment(row[0]), text(row[1])}]; ok {
			r.logs.Minutes[i].Later = whole(row[2], 0)
		}
	})
	return err
}

// brokenOffLater reports whether targets broke some requests off at once, and others later: then minutes have to tell these
// apart.
func (l *Logs) brokenOffLater() bool {
	quick, later := false, false
	for _, row := range l.Failures {
		if row.Reason == "Target_Closed_Connection" {
			quick, later = quick || row.Quick > 0, later || row.Quick < row.Count
		}
	}
	return quick && later
}

func (r *reader) objects() error {
	_, err := r.ask(objectSQL, func(row []any) {
		r.logs.Newest, r.unclear, r.unclearFailed = moment(row[0]), whole(row[1], 0), whole(row[2], 0)
	})
	return err
}

func (r *reader) health(checks bool) error {
	if !checks {
		return nil
	}
	t, err := r.ask(healthSQL, func(row []any) {
		c := LogCheck{
			Group: text(row[0]), Target: text(row[1]), Reason: text(row[3]), Code: whole(row[4], -1),
			Checks: whole(row[5], 0), Flaps: whole(row[7], 0), LastFlap: moment(row[8]), Last: moment(row[9]),
		}
		c.Pass, _ = row[2].(bool)
		c.Slowest, _ = row[6].(float64)
		r.logs.Health = append(r.logs.Health, c)
	})
	switch {
	case errors.Is(err, query.ErrDrained):
		r.logs.Warnings = add(r.logs.Warnings, "health checks are not looked for in what can be read one time only")
		return nil
	case err != nil:
		return err
	}
	a := &t.Accounting // but for what is counted with requests already
	a.Objects, a.ObjectsFailed = a.Objects-r.unclear, max(0, a.ObjectsFailed-r.unclearFailed)
	r.logs.ChecksFailed = a.ObjectsFailed
	if r.logs.Checks = len(r.logs.Health) > 0; r.logs.Checks || r.logs.ChecksFailed > 0 {
		r.account(t)
	}
	return nil
}

// Absent values are "", a number that stands for none, and the zero time.

func text(v any) string {
	s, _ := v.(string)
	return s
}

func whole(v any, absent int64) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	return absent
}

func moment(v any) time.Time {
	t, _ := v.(time.Time)
	return t.UTC()
}
