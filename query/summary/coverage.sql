-- report: coverage
-- version: 1
-- about: Per balancer node the intervals of the window without an object, and how far the newest is from the window's end.
-- rows: row rows
-- limit: 20
-- empty: no object says by its name which node it is of
-- narrow: log objects load_balancer newest
--
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: objects       count   everyone
-- column: missing       count   everyone
-- column: missing_at    times   everyone  missing until
-- column: newest        time    everyone
-- column: age           seconds everyone  before the end
--
-- As the report of this name, with ages up to the window's end. Of the clock no more
-- is asked than for which intervals it is too early to miss an object, so that a
-- summary is the same whenever it is made: that is until the lag is over.
WITH
named AS (
	SELECT kind AS log, load_balancer, node, epoch_us(interval_end) AS ends
	FROM listing WHERE interval_end IS NOT NULL
),
balancer AS ( -- classic ones write every 5 or 60 minutes, all others every 5
	SELECT log, load_balancer, min(ends) AS oldest, max(ends) AS newest,
		CASE WHEN log LIKE 'Classic%' AND count(DISTINCT ends % 3600000000) = 1 THEN 3600000000 ELSE 300000000 END AS width
	FROM named GROUP BY log, load_balancer
),
listed AS (
	SELECT named.* FROM named JOIN balancer USING (log, load_balancer)
	WHERE ends > $since_us AND ($until_us = 0 OR ends - width < $until_us)
),
due AS (
	SELECT log, load_balancer, node, unnest(range(first, newest + 1, width)) AS ends, width
	FROM (SELECT log, load_balancer, node, min(ends) AS first FROM named GROUP BY ALL) JOIN balancer USING (log, load_balancer)
),
beside AS ( -- intervals before and after all objects of a balancer: there may be very many
	SELECT log, load_balancer, unnest(range(oldest - width, $asked_since_us, -width)) AS ends, width, oldest, newest
	FROM balancer WHERE $asked_since_us > 0
	UNION ALL BY NAME
	SELECT log, load_balancer, unnest(range(newest + width, least($asked_until_us + width, $now_us - $lag_us::BIGINT + 1), width)) AS ends, width, oldest, newest
	FROM balancer WHERE $asked_until_us > 0
),
missing AS (
	SELECT *, ends AS gap FROM (
		SELECT log, load_balancer, node, ends FROM due
		WHERE ends > $since_us AND ($until_us = 0 OR ends - width < $until_us)
		EXCEPT SELECT log, load_balancer, node, ends FROM listed
	)
	UNION ALL BY NAME
	SELECT log, load_balancer, ends, CASE WHEN ends BETWEEN oldest - 86400000000 AND newest + 86400000000 THEN ends END AS gap
	FROM beside WHERE $until_us = 0 OR ends - width < $until_us
),
together AS (
	SELECT *, ends AS had FROM listed
	UNION ALL BY NAME SELECT *, ends AS lacking FROM missing
),
grouped AS (
	SELECT log, load_balancer, node, count(had) AS objects, count(lacking) AS missing,
		list_sort(list(DISTINCT gap) FILTER (gap IS NOT NULL)) AS gaps, max(had) AS newest
	FROM together GROUP BY ALL
)
SELECT log, load_balancer, node, objects, missing,
	list_transform(gaps, lambda t: make_timestamp(t)) AS missing_at,
	make_timestamp(newest) AS newest,
	CASE WHEN $until_us > 0 AND newest IS NOT NULL THEN greatest($until_us - newest, 0) / 1e6 END AS age
FROM grouped
ORDER BY missing DESC, newest, log, load_balancer, node;
