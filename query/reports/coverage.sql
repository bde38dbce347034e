-- report: coverage
-- version: 1
-- about: What of the window the log objects cover. Per balancer node the intervals without an object, the age of the newest, and how late they come.
-- rows: node nodes
-- limit: 0
--
-- dimension: log           log
-- dimension: load_balancer load_balancer
-- dimension: node          node
-- dimension: window        window_start
-- default: log load_balancer node
-- narrow: log late_most bytes late objects load_balancer newest age
--
-- column: window_start  time    everyone  window
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: objects       count   everyone
-- column: bytes         bytes   everyone  stored
-- column: intervals     count   programs
-- column: missing       count   everyone
-- column: missing_at    times   everyone  missing until
-- column: newest        time    everyone
-- column: age           seconds everyone
-- column: late          seconds everyone
-- column: late_most     seconds everyone  at most
--
-- Nothing is read but names, sizes and times. A node is expected to write an
-- object for every interval from its first to the newest of its balancer; it writes
-- none while it has no traffic, and begins when it is added, so a gap may be
-- harmless. late is from the end of the interval to the delivery, in the middle and
-- at most, and not known of copies; age from the newest interval's end to now.
-- intervals and missing are those of each node, added up; missing_at names the ends
-- of the missing ones, each once. An interval is of the window in which its last five
-- minutes begin: nearly all intervals are as long, and only a classic balancer's may
-- take an hour.
WITH
listed AS (
	SELECT kind AS log, load_balancer, node, epoch_us(interval_end) AS ends, size,
		epoch_us(CASE WHEN starts_with(uri, 's3://') THEN modified END) - epoch_us(interval_end) AS late
	FROM listing WHERE interval_end IS NOT NULL
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
	UNION ALL BY NAME SELECT *, ends AS due FROM expected
	UNION ALL BY NAME SELECT *, ends AS gap FROM missing
),
grouped AS (
	SELECT
		CASE WHEN list_contains($by, 'window') THEN make_timestamp(ends - 300000000 - (ends - 300000000) % $window_us) END AS window_start,
		CASE WHEN list_contains($by, 'log') THEN log END AS log,
		CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END AS load_balancer,
		CASE WHEN list_contains($by, 'node') THEN node END AS node,
		count(had) AS objects, coalesce(sum(size), 0)::BIGINT AS bytes, count(due) AS intervals, count(gap) AS missing,
		list_sort(list(DISTINCT gap) FILTER (gap IS NOT NULL)) AS gaps,
		max(had) AS newest, quantile_disc(late, 0.5) AS late, max(late) AS late_most
	FROM together GROUP BY ALL
)
SELECT window_start, log, load_balancer, node, objects, bytes, intervals, missing,
	list_transform(gaps, lambda t: make_timestamp(t)) AS missing_at,
	make_timestamp(newest) AS newest, ($now_us - newest) / 1e6 AS age, late / 1e6 AS late, late_most / 1e6 AS late_most
FROM grouped
ORDER BY window_start, missing DESC, log, load_balancer, node;
