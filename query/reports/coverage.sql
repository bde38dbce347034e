-- report: coverage
-- version: 1
-- about: What of the window the log objects cover: per balancer node the intervals without an object, the age of the newest, and how late they come.
-- rows: node nodes
-- limit: 0
-- narrow: log late_most bytes late objects load_balancer newest
--
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: objects       count   everyone
-- column: bytes         bytes   everyone  stored
-- column: intervals     count   programs
-- column: missing       count   everyone
-- column: missing_at    text    everyone  missing until
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
WITH
listed AS (
	SELECT kind AS log, load_balancer, node, epoch_us(interval_end) AS start, epoch_us(CASE WHEN starts_with(uri, 's3://') THEN modified END) AS modified, size
	FROM listing WHERE interval_end IS NOT NULL
),
spacing AS ( -- classic balancers write every 5 or 60 minutes, all others every 5
	SELECT log, load_balancer,
		CASE WHEN log LIKE 'Classic%' AND count(DISTINCT start % 3600000000) = 1 AND count(DISTINCT start) > 1 THEN 3600000000 ELSE 300000000 END AS width,
		max(start) AS newest
	FROM listed GROUP BY log, load_balancer
),
by_node AS (
	SELECT log, load_balancer, node, count(*) AS objects, coalesce(sum(size), 0)::BIGINT AS bytes, list(DISTINCT start) AS had,
		min(start) AS first, max(start) AS last,
		quantile_disc(modified - start, 0.5) AS late, max(modified - start) AS late_most
	FROM listed GROUP BY ALL
),
gaps AS (
	SELECT *, (newest - first) // width + 1 AS intervals,
		list_filter(range(first, newest + 1, width), lambda t: NOT list_contains(had, t)) AS missing
	FROM by_node JOIN spacing USING (log, load_balancer)
)
SELECT log, load_balancer, node, objects, bytes, intervals, len(missing)::BIGINT AS missing,
	CASE WHEN len(missing) > 0 THEN array_to_string(list_transform(missing[:6], lambda t: strftime(make_timestamp(t), '%m-%d %H:%MZ')), ', ')
		|| CASE WHEN len(missing) > 6 THEN ' and ' || (len(missing) - 6) || ' more' ELSE '' END END AS missing_at,
	make_timestamp(last) AS newest, ($now_us - last) / 1e6 AS age, late / 1e6 AS late, late_most / 1e6 AS late_most
FROM gaps
ORDER BY len(missing) DESC, log, load_balancer, node;
