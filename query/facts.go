package query

import (
	"context"
	"fmt"
	"strings"
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
	} {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// window closes the open bounds of the window with the minutes that have requests.
func (s *Store) window(ctx context.Context, t *Table) error {
	if closed(t.Window) {
		return nil
	}
	var first, last *time.Time
	err := s.one(ctx, `SELECT time_bucket(INTERVAL 1 minute, min(first_seen)), time_bucket(INTERVAL 1 minute, max(last_seen)) FROM traffic`, []any{&first, &last})
	if err != nil || first == nil {
		return err
	}
	seen := when.Window{From: first.UTC(), Until: last.UTC().Add(time.Minute)}
	if t.Window.From.IsZero() {
		t.Window.From = seen.From
	}
	if t.Window.Until.IsZero() {
		t.Window.Until = seen.Until
	}
	return nil
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
	return s.each(ctx, func() {
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
}

func (s *Store) notCounted(ctx context.Context, t *Table, classes []string) error {
	var n NotCounted
	return s.each(ctx, func() { t.NotCounted = append(t.NotCounted, n) }, `
		SELECT reason, reason_class, sum(failures)::BIGINT AS requests FROM failure_minute
		WHERE NOT list_contains($1, reason_class)
		GROUP BY ALL ORDER BY requests DESC, reason, reason_class`, []any{&n.Reason, &n.Class, &n.Requests}, classes)
}

// warn says what an engineer has to know before trusting the answer.
func (s *Store) warn(ctx context.Context, t *Table) error {
	say := func(format string, args ...any) { t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...)) }

	var text, uri string
	var n int64
	if t.Accounting.ObjectsFailed > 0 {
		say("%d of %s could not be read, and nothing of %s is counted", t.Accounting.ObjectsFailed,
			amount.Of(t.Accounting.Objects, "object", "objects"), amount.Noun(t.Accounting.ObjectsFailed, "it", "them"))
	}
	if s.unread > 0 {
		say("the rows were there before all was read: %s not read to %s end, and %s not counted", amount.Of(s.unread, "object was", "objects were"),
			amount.Noun(s.unread, "its", "their"), amount.Noun(s.unread, "is", "are"))
	}
	s.warnOfGaps(t)
	err := s.each(ctx, func() { say("%s%s", text, andMore(n)) }, `
		SELECT arg_min(error, object_id), count(*) FROM object_read WHERE status = 'failed'
		GROUP BY replace(error, uri, '') ORDER BY min(object_id) LIMIT 5`, []any{&text, &n})
	if err != nil {
		return err
	}
	var kind *string
	err = s.each(ctx, func() {
		if kind == nil {
			say("not read: %s: not one line of it is an entry of a log%s", uri, andMore(n))
			return
		}
		t.Unread = append(t.Unread, *kind)
		say("not read: %s: another kind of log: %s%s", uri, *kind, andMore(n))
	}, `
		SELECT arg_min(uri, object_id), kind, count(*)
		FROM object_read JOIN (
			SELECT object_id, arg_max(kind, (lines, kind)) FILTER (rejected < lines) AS kind FROM accounting
			WHERE object_id IN (SELECT object_id FROM accounting WHERE NOT list_contains($1, kind))
			GROUP BY object_id HAVING NOT bool_or(list_contains($1, kind))
		) USING (object_id)
		GROUP BY kind ORDER BY min(object_id)`, []any{&uri, &kind, &n}, s.Kinds())
	if err != nil {
		return err
	}
	err = s.each(ctx, func() { say("%s: %s%s", uri, text, andMore(n)) }, `
		SELECT arg_min(uri, object_id), any_value(warning), count(*) FROM object_read WHERE status = 'ok' AND warning IS NOT NULL
		GROUP BY regexp_replace(warning, '[0-9]+', '', 'g') ORDER BY min(object_id) LIMIT 5`, []any{&uri, &text, &n})
	if err != nil {
		return err
	}
	if err := s.rejected(ctx, t.Accounting.Rejected, say); err != nil {
		return err
	}
	if err := s.copies(ctx, say); err != nil {
		return err
	}
	if err := s.deliveredTwice(ctx, t.Balancers, say); err != nil {
		return err
	}
	return s.reach(ctx, t, say)
}

// copies says which objects are there more than once. AWS gives no two the same name, so
// what bears one in two places, or packed and unpacked, is a copy that counts again. So is
// "NAME (1).log.gz" or "Copy of NAME.log.gz": behind the letters and digits in which AWS's
// names end, and before a space, stands what a browser or a desktop adds. Names are
// compared only where balancer, node and interval are the same.
func (s *Store) copies(ctx context.Context, say func(string, ...any)) error {
	var one, other string
	var n int64
	return s.each(ctx, func() {
		if n > 0 {
			next := "leave out one of each"
			if s.reader != nil {
				next = s.reader.disk.command("store rebuild") + " SOURCE makes one without"
			}
			say("%s of another, and %s count again: %s and %s; %s", amount.Of(n, "object is a copy", "objects are copies"),
				amount.Noun(n, "its lines", "their lines"), one, other, next)
		}
	}, `
		WITH alike AS (
			SELECT hash(interval_end, node, load_balancer, named_kind) AS alike FROM object_read
			WHERE status = 'ok' AND interval_end IS NOT NULL GROUP BY alike HAVING count(*) > 1
		), copied AS (
			SELECT count(*) - 1 AS more, min(object_id) AS first, min_by(uri, object_id, 2) AS uris FROM object_read
			WHERE status = 'ok' AND interval_end IS NOT NULL AND hash(interval_end, node, load_balancer, named_kind) IN (FROM alike)
			GROUP BY regexp_extract(parse_filename(uri), '[^ ]*_[0-9A-Za-z]*') HAVING count(*) > 1
		)
		SELECT coalesce(sum(more), 0)::BIGINT, coalesce(arg_min(uris[1], first), ''), coalesce(arg_min(uris[2], first), '') FROM copied`,
		[]any{&n, &one, &other})
}

// deliveredTwice warns of objects that are not named as a balancer names its own logs, and
// are read beside such logs. Where both deliveries are switched on, CloudWatch delivers the
// same lines once more, under other names. Those names do not say of which balancer the
// lines are. Requests are counted by balancer, so of them it is said only if every balancer
// has logs of its own.
func (s *Store) deliveredTwice(ctx context.Context, balancers []string, say func(string, ...any)) error {
	var kind, uri string
	var n int64
	err := s.each(ctx, func() {
		say("%s of the %s beside logs that balancers delivered themselves: %s%s; if it is of the same balancers, what stands in both counts twice: leave out one of them",
			amount.Of(n, "object of another name is", "objects of other names are"), kind, uri, andMore(n))
	}, `
		SELECT kind, count(*) FILTER (named_kind IS NULL), arg_min(uri, object_id) FILTER (named_kind IS NULL)
		FROM object_read JOIN accounting USING (object_id)
		WHERE status = 'ok' AND parsed > 0 AND list_contains($1, kind) AND NOT list_contains($2, kind)
		GROUP BY kind HAVING bool_or(named_kind IS NULL) AND bool_or(named_kind = kind) ORDER BY kind`,
		[]any{&kind, &n, &uri}, s.Kinds(), kindNames(requestKinds))
	if err != nil || len(balancers) == 0 {
		return err
	}
	return s.each(ctx, func() {
		if n > 0 {
			say("%s of balancers whose own logs are read, too: %s%s; requests that stand in both count twice: leave out one of them",
				amount.Of(n, "object of another name holds requests", "objects of other names hold requests"), uri, andMore(n))
		}
	}, `
		SELECT count(*) FILTER (named_kind IS NULL), coalesce(arg_min(uri, object_id) FILTER (named_kind IS NULL), '')
		FROM object_read
		WHERE status = 'ok' AND object_id IN (SELECT object_id FROM accounting WHERE parsed > 0 AND list_contains($1, kind))
		HAVING list_has_all(list(DISTINCT load_balancer) FILTER (named_kind IS NOT NULL), $2)`,
		[]any{&n, &uri}, kindNames(requestKinds), balancers)
}

// rejected says how many lines are damaged, in which ways mostly, and where the
// first one stands.
func (s *Store) rejected(ctx context.Context, total int64, say func(string, ...any)) error {
	if total == 0 {
		return nil
	}
	var cause, uri string
	var n, line int64
	var causes []string
	err := s.each(ctx, func() { causes = append(causes, fmt.Sprintf("%d × %s", n, cause)) }, `
		SELECT cause, count(*) FROM reject WHERE list_contains($1, kind)
		GROUP BY cause ORDER BY count(*) DESC, cause`, []any{&cause, &n}, s.Kinds())
	if err != nil {
		return err
	}
	if more := len(causes) - 3; more > 0 {
		causes = append(causes[:3], amount.Of(more, "other cause", "other causes"))
	}
	if causes == nil {
		// A statement that had all its rows before the end has not kept them.
		say("%s rejected", amount.Of(total, "damaged line", "damaged lines"))
		return nil
	}
	err = s.one(ctx, `
		SELECT object_uri, line_no FROM reject WHERE list_contains($1, kind)
		ORDER BY object_id, line_no LIMIT 1`, []any{&uri, &line}, s.Kinds())
	if err == nil {
		say("%s rejected: %s; the first is line %d of %s", amount.Of(total, "damaged line", "damaged lines"), strings.Join(causes, ", "), line, uri)
	}
	return err
}

// toMinute is how the ends of objects are told.
const toMinute = "2006-01-02 15:04Z"

// reach says how far the logs reach if they begin after the window does, or end before it.
func (s *Store) reach(ctx context.Context, t *Table, say func(string, ...any)) error {
	window := s.in.Plan.Window
	before := ingest.Plan{Window: when.Window{Until: window.From}, Kinds: s.read}
	var oldest, newest *time.Time
	var reaching int64
	err := s.one(ctx, "SELECT min(interval_end), max(interval_end), count(*) FILTER ("+timely(before)+") FROM object_read WHERE status = 'ok'",
		[]any{&oldest, &newest, &reaching})
	if err != nil || newest == nil {
		return err
	}
	if !window.From.IsZero() && reaching == 0 {
		t.Oldest = oldest.UTC()
		say("the oldest log object ends at %s: of what came before it there are no logs, or there was no traffic", oldest.UTC().Format(toMinute))
	}
	if newest.Before(window.Until) {
		say("the newest log object ends at %s: what came after it is not there yet, or there was no traffic", newest.UTC().Format(toMinute))
	}
	return nil
}

func andMore(n int64) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n-1)
}
