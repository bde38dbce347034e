-- report: coverage
-- version: 1
-- about: Per balancer node the intervals of the window without an object, and how far the newest is from the window's end.
-- rows: row rows
-- limit: 20
-- empty: no object says by its name which node it is of
--
-- dimension: load_balancer load_balancer
-- dimension: node          node
-- default: load_balancer node
-- narrow: log objects load_balancer newest
--
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: objects       count   everyone
-- column: missing       count   everyone
-- column: missing_at    times   everyone  interval ends
-- column: newest        time    everyone
-- column: age           seconds everyone  before the end
--
-- As the report of this name, with ages up to the window's end. Of the clock no more
-- is asked than for which intervals it is too early to miss an object, so that a
-- summary is the same whenever it is made: that is until the lag is over.
WITH
$intervals,
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
