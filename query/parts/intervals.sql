-- Intervals of log objects by balancer and node, those with an object and those that
-- lack one: the beginning of the reports that name this file. Times are in microseconds
-- since 1970, and those of intervals their ends. place tells classic balancers of one name
-- apart, of which each writes in its own time.
named AS (
	SELECT kind AS log, load_balancer, node, epoch_us(interval_end) AS ends, size,
		CASE WHEN kind LIKE 'Classic%' THEN regexp_extract(parse_filename(uri), '[0-9]{12}_elasticloadbalancing_[^_]+') ELSE '' END AS place,
		epoch_us(CASE WHEN starts_with(uri, 's3://') THEN modified END) - epoch_us(interval_end) AS late
	FROM listing WHERE interval_end IS NOT NULL
),
balancer AS ( -- classic ones write every 5 or 60 minutes, all others every 5
	SELECT log, load_balancer, place, min(ends) AS oldest, max(ends) AS newest,
		CASE WHEN log LIKE 'Classic%' AND count(DISTINCT ends % 3600000000) = 1 THEN 3600000000 ELSE 300000000 END AS width
	FROM named GROUP BY log, load_balancer, place
),
listed AS (
	SELECT named.* FROM named JOIN balancer USING (log, load_balancer, place)
	WHERE ends > $since_us AND ($until_us = 0 OR ends - width < $until_us)
),
due AS (
	SELECT log, load_balancer, place, node, unnest(range(first, newest + 1, width)) AS ends, width
	FROM (SELECT log, load_balancer, place, node, min(ends) AS first FROM named GROUP BY ALL) JOIN balancer USING (log, load_balancer, place)
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
		SELECT log, load_balancer, place, node, ends FROM due
		WHERE ends > $since_us AND ($until_us = 0 OR ends - width < $until_us)
		EXCEPT SELECT log, load_balancer, place, node, ends FROM listed
	)
	UNION ALL BY NAME
	SELECT log, load_balancer, ends, CASE WHEN ends BETWEEN oldest - 86400000000 AND newest + 86400000000 THEN ends END AS gap
	FROM beside WHERE $until_us = 0 OR ends - width < $until_us
),
together AS (
	SELECT *, ends AS had FROM listed
	UNION ALL BY NAME SELECT DISTINCT log, load_balancer, place, node, ends, ends AS written FROM listed
	UNION ALL BY NAME SELECT *, ends AS lacking FROM missing
)
