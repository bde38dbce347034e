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

// warn says what an engineer has to know before trusting the answer. How many objects
// could not be read is of the accounting.
func (s *Store) warn(ctx context.Context, t *Table) error {
	say := func(format string, args ...any) { t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...)) }

	if s.unread > 0 {
		say("the rows were there before all was read: %s not read to %s end, and %s not counted", amount.Of(s.unread, "object was", "objects were"),
			amount.Noun(s.unread, "its", "their"), amount.Noun(s.unread, "is", "are"))
	}
	s.warnOfGaps(t)
	n, err := s.signs(ctx)
	if err != nil {
		return err
	}
	told := t.Accounting.Rejected
	if t.Report == "rejects" { // whose rows say it
		told = 0
	}
	for _, about := range []struct {
		objects int64
		warn    func() error
	}{
		{n.failed, func() error { return s.unreadable(ctx, say) }},
		{n.others, func() error { return s.notRead(ctx, t, say) }},
		{n.odd, func() error { return s.odd(ctx, say) }},
		{told, func() error { return s.rejected(ctx, told, say) }},
		{n.alike, func() error { return s.copies(ctx, say) }},
		{n.nameless - 1, func() error { return s.unpacked(ctx, say) }},
		{n.nameless, func() error { return s.deliveredTwice(ctx, t.Balancers, say) }},
		{n.classic, func() error { return s.namesakes(ctx, "object_read WHERE status = 'ok' AND named_kind", say) }},
	} {
		if about.objects <= 0 {
			continue
		}
		if err := about.warn(); err != nil {
			return err
		}
	}
	if s.unread > 0 || t.Accounting.Objects == 0 {
		return nil // what was not read may reach further; of none there is a hint of its own
	}
	before, err := s.justBefore(ctx)
	if err == nil && n.logs+int64(len(before)) > 1 {
		err = s.ceased(ctx, "object_read", "named_kind", before, say)
	}
	if err == nil && n.oldest != nil && (len(before) > 0 || n.oldest.Before(*n.newest)) {
		err = s.holes(ctx, before, say)
	}
	if err != nil {
		return err
	}
	return s.reach(ctx, t, n, say)
}

// signs are what one look at all objects tells of what there is to warn of. Nearly always
// that is nothing, and the statements that would find nothing are left out.
type signs struct {
	failed   int64 // objects that could not be read
	odd      int64 // objects that were, with a warning
	nameless int64 // objects whose names are of no kind of log
	alike    int64 // objects of the same balancer, node, interval and kind as another
	others   int64 // objects with lines of other logs than were asked for
	classic  int64 // objects of classic load balancers
	logs     int64 // logs of balancers, whose objects say by their names of which they are

	oldest, newest *time.Time // ends of the objects' intervals; nil if no name tells one
	reaching       int64      // objects that may hold what was before the window
}

// delivery is what AWS delivers one object for.
const delivery = "interval_end, node, load_balancer, named_kind"

// accountRegion is of which account and region an object is by its name, "" if that does not say.
const accountRegion = "regexp_extract(parse_filename(uri), '[0-9]{12}_elasticloadbalancing_[^_]+')"

func (s *Store) signs(ctx context.Context) (n signs, err error) {
	before := ingest.Plan{Window: when.Window{Until: s.in.Plan.Window.From}, Kinds: s.read}
	err = s.one(ctx, `
		SELECT (SELECT count(*) FROM object_read WHERE status = 'failed'),
			(SELECT count(*) FROM accounting WHERE NOT list_contains($1, kind)),
			count(warning), count(*) FILTER (named_kind IS NULL),
			count(interval_end) - count(DISTINCT hash(`+delivery+`)) FILTER (interval_end IS NOT NULL),
			count(*) FILTER (named_kind = $2), count(DISTINCT hash(named_kind, load_balancer)) FILTER (named_kind IS NOT NULL),
			min(interval_end), max(interval_end), count(*) FILTER (`+timely(before)+`)
		FROM object_read WHERE status = 'ok'`,
		[]any{&n.failed, &n.others, &n.odd, &n.nameless, &n.alike, &n.classic, &n.logs, &n.oldest, &n.newest, &n.reaching}, s.Kinds(), parse.KindClassic.String())
	if err != nil || n.reaching == 0 || n.classic == 0 || before.Window.Until.IsZero() {
		return n, err
	}
	// A classic balancer's interval may be an hour, but not if its objects end at several
	// minutes of the hour.
	_, last := before.Ends(parse.KindAccess)
	return n, s.one(ctx, `
		SELECT count(*) FROM (
			SELECT *, min(minute(interval_end)) OVER own <> max(minute(interval_end)) OVER own AS often
			FROM object_read WHERE status = 'ok' WINDOW own AS (PARTITION BY named_kind, load_balancer, `+accountRegion+`)
		)
		WHERE `+timely(before)+` AND (named_kind IS DISTINCT FROM $1 OR NOT often OR interval_end <= make_timestamp($2))`,
		[]any{&n.reaching}, parse.KindClassic.String(), last.UnixMicro())
}

// unreadable says why objects could not be read.
func (s *Store) unreadable(ctx context.Context, say func(string, ...any)) error {
	var why string
	var n, all int64
	err := s.each(ctx, func() { say("%s%s", why, andMore(n)) }, `
		SELECT arg_min(error, object_id), count(*), count(*) OVER () FROM object_read WHERE status = 'failed'
		GROUP BY replace(error, uri, '') ORDER BY min(object_id) LIMIT $1`, []any{&why, &n, &all}, mostTold)
	if more := all - mostTold; more > 0 {
		say("objects could not be read for %s: error of the relation object has all of them", amount.Of(more, "other reason", "other reasons"))
	}
	return err
}

// mostTold is how many different things are told of objects.
const mostTold = 5

// notRead names objects that hold no line of the logs that were asked for.
func (s *Store) notRead(ctx context.Context, t *Table, say func(string, ...any)) error {
	var uri string
	var kind *string
	var n int64
	return s.each(ctx, func() {
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
}

// odd says what is noteworthy of objects as a whole.
func (s *Store) odd(ctx context.Context, say func(string, ...any)) error {
	var uri, text string
	var n, all int64
	err := s.each(ctx, func() { say("%s: %s%s", uri, text, andMore(n)) }, `
		SELECT arg_min(uri, object_id), arg_min(warning, object_id), count(*), count(*) OVER () FROM object_read
		WHERE status = 'ok' AND warning IS NOT NULL
		GROUP BY regexp_replace(warning, '[0-9]+', '', 'g') ORDER BY min(object_id) LIMIT $1`, []any{&uri, &text, &n, &all}, mostTold)
	if more := all - mostTold; more > 0 {
		say("%s of objects: warning of the relation object has all of them", amount.Of(more, "other warning", "other warnings"))
	}
	return err
}

// copies says which objects are there more than once. AWS gives no two the same name, so
// what bears one in two places, or packed and unpacked, is a copy that counts again. So is
// "NAME (1).log.gz" or "Copy of NAME.log.gz": behind the letters and digits in which AWS's
// names end, and before a space, stands what a browser or a desktop adds. Names are
// compared only where balancer, node and interval are the same.
func (s *Store) copies(ctx context.Context, say func(string, ...any)) error {
	return s.copied(ctx, say, `
		WITH alike AS (
			SELECT hash(`+delivery+`) AS alike FROM object_read
			WHERE status = 'ok' AND interval_end IS NOT NULL GROUP BY alike HAVING count(*) > 1
		), copied AS (
			SELECT count(*) - 1 AS more, min(object_id) AS first, min_by(uri, object_id, 2) AS uris FROM object_read
			WHERE status = 'ok' AND interval_end IS NOT NULL AND hash(`+delivery+`) IN (FROM alike)
			GROUP BY regexp_extract(parse_filename(uri), '[^ ]*_[0-9A-Za-z]*') HAVING count(*) > 1
		)
		SELECT coalesce(sum(more), 0)::BIGINT, coalesce(arg_min(uris[1], first), ''), coalesce(arg_min(uris[2], first), '') FROM copied`)
}

// unpacked says the same of objects whose names AWS did not give: one that lies beside itself
// without .gz, and is as long when it is unpacked, is what gunzip -k leaves.
func (s *Store) unpacked(ctx context.Context, say func(string, ...any)) error {
	return s.copied(ctx, say, `
		WITH pair AS (
			SELECT min(object_id) AS first, min_by(uri, object_id, 2) AS uris FROM object_read
			WHERE status = 'ok' AND named_kind IS NULL AND bytes > 0 GROUP BY regexp_replace(uri, '[.]gz$', ''), bytes HAVING count(*) > 1
		)
		SELECT count(*), coalesce(arg_min(uris[1], first), ''), coalesce(arg_min(uris[2], first), '') FROM pair`)
}

// copied says how many objects are copies, and names the first of them, by a statement that
// counts and finds them.
func (s *Store) copied(ctx context.Context, say func(string, ...any), text string) error {
	var one, other string
	var n int64
	if err := s.one(ctx, text, []any{&n, &one, &other}); err != nil || n == 0 {
		return err
	}
	next := "leave out one of each"
	if s.reader != nil {
		next = s.reader.disk.command("store rebuild") + " SOURCE makes one without"
	}
	say("%s of another, and %s count again: %s and %s; %s", amount.Of(n, "object is a copy", "objects are copies"),
		amount.Noun(n, "its lines", "their lines"), one, other, next)
	return nil
}

// deliveredTwice warns of objects that are not named as a balancer names its own logs, and
// are read beside such logs. Where both deliveries are switched on, CloudWatch delivers the
// same lines once more, under other names. Those names do not say of which balancer the
// lines are. Requests are counted by balancer, so of them it is said only if every balancer
// has logs of its own; but for a statement, nobody knows of which balancers its requests are.
func (s *Store) deliveredTwice(ctx context.Context, balancers []string, say func(string, ...any)) error {
	counted := []string{}
	if len(balancers) > 0 {
		counted = kindNames(requestKinds)
	}
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
		[]any{&kind, &n, &uri}, s.Kinds(), counted)
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

// namesakes tells of classic load balancers of the same name: unlike others, their lines have
// no more than that, and accounts and regions may share a name. which chooses objects by kind.
func (s *Store) namesakes(ctx context.Context, which string, say func(string, ...any)) error {
	var name, places string
	var n, more int64
	err := s.each(ctx, func() {
		say("%d Classic Load Balancers are named %s, and count as one: %s; --lb with the ARN of one reads it alone", n, name, places)
	}, `
		SELECT load_balancer, len(places), `+someOf("places")+`, count(*) OVER () - 5
		FROM (
			SELECT load_balancer, list(place[15:] || ' of account ' || place[:12] ORDER BY place) AS places
			FROM (
				SELECT DISTINCT load_balancer, replace(`+accountRegion+`, '_elasticloadbalancing_', ': ') AS place
				FROM `+which+` = $1
			)
			WHERE place <> '' GROUP BY load_balancer HAVING count(*) > 1
		)
		ORDER BY load_balancer LIMIT 5`,
		[]any{&name, &n, &places, &more}, parse.KindClassic.String())
	if err == nil && more > 0 {
		say("%s those of several Classic Load Balancers, too", amount.Of(more, "more name is", "more names are"))
	}
	return err
}

// rejected says how many lines are damaged, in which ways mostly, and where the
// first one stands.
func (s *Store) rejected(ctx context.Context, total int64, say func(string, ...any)) error {
	var cause, uri string
	var n, line int64
	var causes []string
	others := total
	err := s.each(ctx, func() {
		if len(causes) < mostCauses {
			causes, others = append(causes, fmt.Sprintf("%d × %s", n, cause)), others-n
		}
	}, `
		SELECT cause, count(*) FROM reject WHERE list_contains($1, kind)
		GROUP BY cause ORDER BY count(*) DESC, cause`, []any{&cause, &n}, s.Kinds())
	if err != nil {
		return err
	}
	switch {
	case len(causes) == 1 && others == 0:
		causes[0] = cause
	case causes != nil && others > 0:
		causes = append(causes, fmt.Sprintf("%d × other causes", others))
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

// mostCauses is how many causes of damage a warning names.
const mostCauses = 3

// someOf is SQL that writes out the first texts of a list, and how many more there are.
func someOf(list string) string {
	return fmt.Sprintf("array_to_string(%[1]s[:3], ', ') || CASE WHEN len(%[1]s) > 3 THEN ', and ' || len(%[1]s) - 3 || ' more' ELSE '' END", list)
}

func andMore(n int64) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n-1)
}
