package query

import (
	"context"
	"fmt"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/parse"
)

// muchText is how many bytes are so many entries, thirty and more, that it cannot be chance that
// there is none in another interval. Fewer come of a few clients, which may pause together.
const muchText = 16_000

// holes tells of intervals of the window of which a log has no line, but many before and after:
// in the answer nothing failed there.
func (s *Store) holes(ctx context.Context, before []ingest.Name, say func(string, ...any)) error {
	var h hole
	var suspects, logs, told, all int64
	window := s.in.Plan.Window
	args := append(columnsOf(before), parse.KindClassic.String(), muchText, parse.KindHealthCheck.String())
	// Most logs have none, and planning what finds them takes longer than looking for them.
	err := s.one(ctx, logsWithHoles+` SELECT count(*) FROM log`, []any{&suspects}, args...)
	if err != nil || suspects == 0 {
		return err
	}
	err = s.each(ctx, func() {
		say("%s", h)
		told += logs
	}, findHoles, []any{&h.logs, &logs, &h.balancer, &h.ends, &h.node, &h.nodes, &h.width, &h.intervals, &h.first, &h.last, &all},
		append(args, bound(window.From), bound(window.Until), mostTold)...)
	if more := all - told; err == nil && more > 0 {
		say("no line for some time in %s", amount.Of(more, "more log", "more logs"))
	}
	return err
}

// hole is what some logs of a balancer lack.
type hole struct {
	logs, balancer   string
	ends             bool   // nothing came after it
	node             string // that lacks it; one of so many nodes, "" if all lack it
	nodes            int64
	width, intervals int64 // minutes of one, and how many
	first, last      time.Time
}

func (h hole) String() string {
	who, has := h.balancer, "has"
	switch {
	case h.nodes > 1:
		who, has = "nodes of "+h.balancer, "have"
	case h.node != "":
		who = "node " + h.node + " of " + h.balancer
	}
	if h.ends {
		begin := h.first.Add(-time.Duration(h.width) * time.Minute)
		return fmt.Sprintf("%s %s no line in the %s after %s, and the other nodes have no more than before: what came after it is not there yet or lost, and its failures with it, or fewer clients came; loglens coverage names what is missing",
			who, has, h.logs, begin.UTC().Format(toMinute))
	}
	lacks := fmt.Sprintf("in %d intervals of %d minutes, the first until %s", h.intervals, h.width, h.first.UTC().Format(toMinute))
	if minutes := h.intervals * h.width; h.last.Sub(h.first) == time.Duration(minutes-h.width)*time.Minute {
		lacks = fmt.Sprintf("for the %d minutes until %s", minutes, h.last.UTC().Format(toMinute))
	}
	return fmt.Sprintf("%s %s no line in the %s %s, but many before and after: an object is missing or empty, and its failures with it, or there was no traffic; loglens coverage names what is missing",
		who, has, h.logs, lacks)
}

// logsWithHoles are logs, of each node and of all together, that may have holes: that of a node has
// to have been written in four of five intervals. What objects of just before the window hold is
// not known.
const logsWithHoles = `
WITH object AS (
	SELECT named_kind AS kind, load_balancer, ` + accountRegion + ` AS place, coalesce(node, '') AS node, interval_end,
		CASE WHEN status <> 'ok' THEN NULL WHEN named_kind = $7 THEN greatest(bytes, $6) ELSE bytes END AS bytes -- checks come whether clients do or not
	FROM object_read WHERE named_kind IS NOT NULL AND (status = 'failed' OR bytes > 0)
	UNION ALL BY NAME SELECT *, '' AS node FROM (` + namesBefore + `)
), written AS ( -- by each node, and by all, whose name is empty
	SELECT kind, load_balancer, place, node, interval_end, sum(bytes) AS bytes, max(sum(bytes)) OVER (PARTITION BY kind, load_balancer, place, interval_end) AS total,
		max(interval_end) OVER (PARTITION BY kind, load_balancer, place) AS newest
	FROM (FROM object WHERE node <> '' UNION ALL SELECT * REPLACE ('' AS node) FROM object) GROUP BY kind, load_balancer, place, node, interval_end
), log AS ( -- that may have holes, which is seldom
	SELECT kind, load_balancer, place, node, count(*) AS written, avg(bytes) AS usual, 2 * min(bytes / total) >= max(bytes / total) AS steady,
		CASE WHEN kind = $5 AND count(DISTINCT minute(interval_end)) = 1 THEN 60 ELSE 5 END AS width,
		date_diff('minute', min(interval_end), max(interval_end)) // width + 1 AS due,
		node <> '' AND kind <> $7 AND count(*) >= 4 AND any_value(newest) >= max(interval_end) + to_minutes(3 * width) AS ended
	FROM written GROUP BY kind, load_balancer, place, node
	HAVING (written < due OR ended) AND (node = '' OR 5 * written >= 4 * due) AND max(bytes) >= $6
)`

// findHoles finds them. Either all nodes of a balancer lack them, or one. What is used now and
// then has pauses, so there has to be one hole at most to ten intervals, however long. A few
// clients may change to another node: nothing is lacking of one whose share varies, where the
// others have about what all had around it.
//
// A node may also lack all from some time on. One that AWS takes away for want of traffic leaves its
// clients to the others: these have then about as much as all had before, and it mostly ends by
// and by. So a node of a fifth and more is told of where, with a quarter of what it had, the
// others have less in the next three intervals: on average than all had in any of the last four,
// and in each than all had in these on average.
const findHoles = logsWithHoles + `, step AS (
	SELECT *, interval_end + to_minutes(width) AS after, lead(interval_end) OVER own IS NULL AS ends,
		CASE WHEN ends THEN CASE WHEN ended THEN newest + to_minutes(width) END ELSE lead(interval_end) OVER own END AS next,
		CASE WHEN NOT ends THEN least(bytes, lead(bytes) OVER own) WHEN 2 * bytes >= usual AND 5 * usual >= total THEN bytes END AS beside,
		CASE WHEN ends THEN min(total) OVER recent ELSE (total + lead(total) OVER own) / 2 END AS around, avg(total) OVER recent AS before
	FROM written JOIN log USING (kind, load_balancer, place, node)
	WINDOW own AS (PARTITION BY kind, load_balancer, place, node ORDER BY interval_end),
		recent AS (PARTITION BY kind, load_balancer, place, node ORDER BY interval_end ROWS 3 PRECEDING)
), lacking AS (
	SELECT kind, load_balancer, place, node, width, ends, after, unnest(range(after, next, to_minutes(width))) AS lacks, steady, usual, around, before
	FROM (
		FROM step WINDOW own AS (PARTITION BY kind, load_balancer, place, node)
		QUALIFY next > after AND beside >= $6 AND (node <> '' OR written >= 10 * count(*) FILTER (next > after) OVER own)
	)
), compared AS (
	SELECT *, others + usual / 4 AS grown, avg(grown) FILTER (lacks < after + to_minutes(3 * width)) OVER own AS average, max(grown) FILTER (lacks < after + to_minutes(3 * width)) OVER own AS most
	FROM lacking
	LEFT JOIN (SELECT kind, load_balancer, place, interval_end AS lacks, coalesce(bytes, 0) AS others FROM written WHERE node = '') USING (kind, load_balancer, place, lacks)
	WINDOW own AS (PARTITION BY kind, load_balancer, place, node, after)
), told AS (
	SELECT kind, load_balancer, place, width, ends, count(DISTINCT lacks) AS n, min(lacks) AS first, max(lacks) AS last, count(DISTINCT node) AS nodes, min(node) AS node
	FROM compared
	WHERE (node = '' OR others IS NOT NULL AND coalesce(CASE WHEN ends THEN average < around AND most < before ELSE steady OR grown < around END, true))
		AND lacks > make_timestamp($8) AND ($9 = 0 OR lacks - to_minutes(width) < make_timestamp($9))
	GROUP BY kind, load_balancer, place, width, ends
)
SELECT string_agg(kind, ' and ' ORDER BY kind), count(*), load_balancer, ends, node, nodes, width, n, first, last, sum(count(*)) OVER ()::BIGINT FROM told
GROUP BY load_balancer, place, ends, node, nodes, width, n, first, last ORDER BY first, load_balancer, place LIMIT $10`
