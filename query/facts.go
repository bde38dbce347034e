package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// facts fills in what every report says beside its rows: what the answer rests
// on, what it leaves out, and what was wrong with the input.
func (s *Store) facts(ctx context.Context, t *Table, q Question) error {
	for _, fill := range []func() error{
		func() error { return s.window(ctx, t) },
		func() error { return s.accounting(ctx, t) },
		func() error { return s.totals(ctx, t, q.Classes) },
		func() error { return s.notCounted(ctx, t, q.Classes) },
		func() error { return s.warn(ctx, t) },
		func() error { return s.shared(ctx, t, q) },
		func() error { return s.sharedNodes(ctx, t, q) },
	} {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// shared warns of addresses of targets that are in use in several regions or accounts, as
// networks that are set up alike have them: rows that nothing but the address tells apart are
// of all of them. The rows of failures are of targets that failed.
func (s *Store) shared(ctx context.Context, t *Table, q Question) error {
	if !slices.Contains(q.By, "target") || slices.Contains(q.By, "target_group") || slices.Contains(q.By, "load_balancer") {
		return nil
	}
	which, args := "target IS NOT NULL", []any(nil)
	if t.Failures {
		which, args = "target IN (SELECT target FROM failure_minute WHERE list_contains($1, reason_class))", []any{q.Classes}
	}
	n, address, places, err := s.several(ctx, `
		SELECT target AS address, sum(requests) AS n, split_part(target_group_arn, ':', 4) || ' of account ' || split_part(target_group_arn, ':', 5) AS owner
		FROM traffic WHERE `+which+` GROUP BY target, target_group_arn HAVING owner <> ' of account '`, args...)
	if err == nil && n > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%s in several regions or accounts, and each counts as one: %s is in %s; --by target_group as well tells them apart",
			amount.Of(n, "address of a target is", "addresses of targets are"), amount.Noun(n, address, "the busiest, "+address+","), places))
	}
	return err
}

// sharedNodes warns of addresses of nodes that several balancers have, as internal ones in
// networks that are set up alike may: rows that do not say the balancer are of all of them.
func (s *Store) sharedNodes(ctx context.Context, t *Table, q Question) error {
	if !slices.Contains(q.By, "node") || slices.Contains(q.By, "target_group") || slices.Contains(q.By, "load_balancer") || t.Listed {
		return nil
	}
	nodes, args := "SELECT node AS address, elb AS owner, failures AS n FROM failure_minute WHERE node IS NOT NULL AND list_contains($1, reason_class)", []any{q.Classes}
	if t.Report == "nodes" {
		nodes, args = "SELECT node AS address, load_balancer AS owner, requests AS n FROM node_minute WHERE node IS NOT NULL", nil
	}
	n, address, balancers, err := s.several(ctx, nodes, args...)
	if err == nil && n > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%s of several load balancers, and each counts as one: %s is of %s; --by load_balancer as well tells them apart",
			amount.Of(n, "address of a node is", "addresses of nodes are"), amount.Noun(n, address, "the busiest, "+address+","), balancers))
	}
	return err
}

// several counts the addresses that several owners have. rows are address, owner and n, by which
// address is the busiest of these; owners are whose it is.
func (s *Store) several(ctx context.Context, rows string, args ...any) (n int64, address, owners string, err error) {
	var busiest, list *string // of none
	err = s.one(ctx, `
		SELECT count(*), arg_max(address, (n, address)), arg_max(`+someOf("owners")+`, (n, address))
		FROM (
			SELECT address, sum(n) AS n, list(DISTINCT owner ORDER BY owner) AS owners
			FROM (`+rows+`) GROUP BY address HAVING count(DISTINCT owner) > 1
		)`, []any{&n, &busiest, &list}, args...)
	if err != nil || n == 0 {
		return 0, "", "", err
	}
	return n, *busiest, *list, nil
}

// window closes the open bounds of the window with the minutes that have requests, or of logs that have none, with the
// intervals that their objects are of.
func (s *Store) window(ctx context.Context, t *Table) error {
	if closed(t.Window) {
		return nil
	}
	var first, last *time.Time
	err := s.one(ctx, `SELECT time_bucket(INTERVAL 1 minute, min(first_seen)), time_bucket(INTERVAL 1 minute, max(last_seen)) + INTERVAL 1 minute FROM traffic`, []any{&first, &last})
	if err == nil && first == nil {
		first, last, err = s.intervals(ctx)
	}
	if err != nil || first == nil {
		return err
	}
	seen := when.Window{From: first.UTC(), Until: last.UTC()}
	if t.Window.From.IsZero() {
		t.Window.From = seen.From
	}
	if t.Window.Until.IsZero() {
		t.Window.Until = seen.Until
	}
	return nil
}

// ofNoRequests are objects that have entries of logs of connections or checks, which no table of requests is made of.
const ofNoRequests = ` FROM object_read JOIN accounting USING (object_id) WHERE status = 'ok' AND parsed > 0 AND list_contains($1, kind)`

func (s *Store) readsRequests() bool {
	return s.read.Has(parse.KindAccess) || s.read.Has(parse.KindClassic)
}

// intervals are from when to when the objects were written that hold no requests; nil if a name does not tell.
func (s *Store) intervals(ctx context.Context) (first, last *time.Time, err error) {
	var nameless int64
	if s.readsRequests() {
		return nil, nil, nil
	}
	err = s.one(ctx, `SELECT min(interval_end) - INTERVAL 5 minute, max(interval_end), count(*) - count(interval_end)`+ofNoRequests, []any{&first, &last, &nameless}, s.Kinds())
	if nameless > 0 {
		first = nil
	}
	return first, last, err
}

// accounting adds up the objects and lines of the kinds that were read for the
// answer. An object without a line of such a kind is left out, unless its name is of
// such a kind or it could not be read at all.
func (s *Store) accounting(ctx context.Context, t *Table) error {
	a := &t.Accounting
	return s.one(ctx, `
		SELECT count(*), count(*) FILTER (status = 'failed'),
			coalesce(sum(lines), 0)::BIGINT, coalesce(sum(parsed), 0)::BIGINT,
			coalesce(sum(rejected), 0)::BIGINT, coalesce(sum(skipped), 0)::BIGINT,
			coalesce(sum(bytes_compressed) FILTER (status = 'ok'), 0)::BIGINT, coalesce(sum(bytes), 0)::BIGINT
		FROM object_read
		LEFT JOIN (
			SELECT object_id, sum(lines) AS lines, sum(parsed) AS parsed, sum(rejected) AS rejected, sum(skipped) AS skipped
			FROM accounting WHERE list_contains($1, kind) GROUP BY object_id
		) USING (object_id)
		WHERE list_contains($1, named_kind) OR lines > 0 OR `+unclear,
		[]any{&a.Objects, &a.ObjectsFailed, &a.Lines, &a.Parsed, &a.Rejected, &a.Skipped, &a.BytesCompressed, &a.Bytes}, s.Kinds())
}

// unclear are objects of no known kind: unreadable, or without a line.
const unclear = `(named_kind IS NULL AND object_id NOT IN (SELECT object_id FROM accounting))`

// Kinds names the logs that were read for the answer.
func (s *Store) Kinds() []string { return kindNames(s.read) }

func kindNames(kinds ingest.KindSet) (names []string) {
	for k := parse.KindUnknown + 1; k <= parse.KindClassic; k++ {
		if kinds != 0 && kinds.Has(k) {
			names = append(names, k.String())
		}
	}
	return names
}

// totals names the balancers, and adds up their requests and those that failed.
func (s *Store) totals(ctx context.Context, t *Table, classes []string) error {
	var balancer *string
	var requests, failures int64
	err := s.each(ctx, func() {
		if balancer != nil {
			t.Balancers = append(t.Balancers, *balancer)
		}
		t.Requests, t.Total = t.Requests+requests, t.Total+failures
	}, `
		SELECT load_balancer, sum(requests)::BIGINT, sum(
			CASE WHEN list_contains($1, 'target') THEN failures_target ELSE 0 END +
			CASE WHEN list_contains($1, 'balancer') THEN failures_balancer ELSE 0 END +
			CASE WHEN list_contains($1, 'lambda') THEN failures_lambda ELSE 0 END +
			CASE WHEN list_contains($1, 'client') THEN failures_client ELSE 0 END +
			CASE WHEN list_contains($1, 'policy') THEN failures_policy ELSE 0 END +
			CASE WHEN list_contains($1, 'unknown') THEN failures_unknown ELSE 0 END)::BIGINT
		FROM traffic GROUP BY load_balancer ORDER BY load_balancer`, []any{&balancer, &requests, &failures}, classes)
	if err != nil || len(t.Balancers) > 0 || s.readsRequests() {
		return err
	}
	return s.each(ctx, func() { t.Balancers = append(t.Balancers, *balancer) }, `SELECT DISTINCT load_balancer`+ofNoRequests+` AND load_balancer IS NOT NULL ORDER BY 1`, []any{&balancer}, s.Kinds())
}

// brokenOnTheWay are failures of class policy that nobody meant: the balancer answered 5xx itself, as an identity
// provider or AWS WAF gave it no answer to go by.
const brokenOnTheWay = `reason_class = 'policy' AND elb_status_code >= 500 AND reason NOT IN ('Fixed_Response', 'WAF_Block')`

// notCounted says which failures the answer leaves out by their class, and warns of those that are an outage as well.
func (s *Store) notCounted(ctx context.Context, t *Table, classes []string) error {
	var n NotCounted
	var broken, all, worst int64
	most := ""
	err := s.each(ctx, func() {
		t.NotCounted = append(t.NotCounted, n)
		if all += broken; broken > worst {
			worst, most = broken, n.Reason
		}
	}, `
		SELECT reason, reason_class, sum(failures)::BIGINT AS requests, coalesce(sum(failures) FILTER (`+brokenOnTheWay+`), 0)::BIGINT FROM failure_minute
		WHERE NOT list_contains($1, reason_class)
		GROUP BY reason, reason_class ORDER BY requests DESC, reason, reason_class`, []any{&n.Reason, &n.Class, &n.Requests, &broken}, classes)
	if err == nil && t.Failures && all >= max(10, t.Total/10) {
		t.Warnings = append(t.Warnings, fmt.Sprintf("not counted, but no less an outage: %s 5xx as an identity provider or AWS WAF failed, most %s; --class all counts them",
			amount.Of(all, "request was answered", "requests were answered"), most))
	}
	return err
}
