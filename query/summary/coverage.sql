-- report: coverage
-- version: 1
-- about: Per balancer node the intervals of the window without an object, and how far the newest is from the window's end.
-- rows: node nodes
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
-- As the report of this name, but of the intervals alone that reach into the
-- window, and with ages up to its end: what the clock says has no place in a
-- summary that is to be the same whenever it is made.
WITH
listed AS (
	SELECT kind AS log, load_balancer, node, epoch_us(interval_end) AS ends
	FROM listing
	WHERE interval_end IS NOT NULL AND epoch_us(interval_end) > $since_us
		AND ($until_us = 0 OR epoch_us(interval_end) - 300000000 < $until_us)
),
spacing AS ( -- classic balancers write every 5 or 60 minutes, all others every 5
	SELECT log, load_balancer,
		CASE WHEN log LIKE 'Classic%' AND count(DISTINCT ends % 3600000000) = 1 AND count(DISTINCT ends) > 1 THEN 3600000000 ELSE 300000000 END AS width,
		max(ends) AS newest
	FROM listed GROUP BY log, load_balancer
),
expected AS (
	SELECT log, load_balancer, node, unnest(range(first, newest + 1, width)) AS ends
	FROM (SELECT log, load_balancer, node, min(ends) AS first FROM listed GROUP BY ALL) JOIN spacing USING (log, load_balancer)
),
missing AS (FROM expected EXCEPT SELECT log, load_balancer, node, ends FROM listed),
together AS (
	SELECT *, ends AS had FROM listed
	UNION ALL BY NAME SELECT *, ends AS gap FROM missing
),
grouped AS (
	SELECT log, load_balancer, node, count(had) AS objects, count(gap) AS missing,
		list_sort(list(DISTINCT gap) FILTER (gap IS NOT NULL)) AS gaps, max(had) AS newest
	FROM together GROUP BY ALL
)
SELECT log, load_balancer, node, objects, missing,
	list_transform(gaps, lambda t: make_timestamp(t)) AS missing_at,
	make_timestamp(newest) AS newest,
	CASE WHEN $until_us > 0 THEN greatest($until_us - newest, 0) / 1e6 END AS age
FROM grouped
ORDER BY missing DESC, newest, log, load_balancer, node;
