-- report: coverage
-- version: 1
-- about: What of the window the log objects cover. Per balancer node the intervals without an object, the age of the newest, and how late they come.
-- rows: row rows
-- limit: 0
--
-- dimension: log           log
-- dimension: load_balancer load_balancer
-- dimension: node          node
-- dimension: window        window_start
-- default: log load_balancer node
-- narrow: log late_most bytes late objects oldest load_balancer newest age
--
-- column: window_start  time    everyone  window
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: objects       count   everyone
-- column: bytes         bytes   everyone  stored
-- column: intervals     count   programs
-- column: missing       count   everyone
-- column: missing_at    times   everyone  interval ends
-- column: oldest        time    everyone
-- column: newest        time    everyone
-- column: age           seconds everyone
-- column: late          seconds everyone
-- column: late_most     seconds everyone  at most
--
-- Nothing is read but names, sizes and times, of the intervals that reach into the
-- window, and of those whose objects may hold entries of it, as one that ends where it
-- begins: these tell which nodes there were, and are not counted. A node is expected to
-- write an object for every interval from its first to the newest of its balancer.
-- Before the first and after the newest of them nobody knows which nodes the balancer
-- had: there, as far as the window goes and up to 15 minutes ago, since objects come
-- late, an interval counts once, in a row without
-- node. Missing is what is not there, lost or never written: a node writes nothing
-- while it has no traffic, and begins when it is added, so a gap may be harmless. A
-- balancer without any object is not known here; if one came regularly until some
-- time in the three hours before, a warning says so (of a bucket, if that was on the
-- day on which the window begins, in UTC).
-- late is from the end of the interval to the delivery, in the middle and at most,
-- and not known of copies; oldest and newest
-- are ends of intervals; age is from the newest to now. intervals are
-- those with an object and the missing ones, those of each node added up; missing_at
-- names the ends of the missing ones, each once; of those before and after all
-- objects of a balancer only the nearest, of a day. An interval is of the window in
-- which its last five minutes begin: nearly all intervals are as long, and only a
-- classic balancer's may take an hour, which is taken for granted if all of them end
-- at one minute of the hour.
WITH
$intervals,
grouped AS (
	SELECT
		CASE WHEN list_contains($by, 'window') THEN make_timestamp(start - start % $window_us) END AS window_start,
		CASE WHEN list_contains($by, 'log') THEN log END AS log,
		CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END AS load_balancer,
		CASE WHEN list_contains($by, 'node') THEN node END AS node,
		count(had) AS objects, coalesce(sum(size), 0)::BIGINT AS bytes, count(written) + count(lacking) AS intervals, count(lacking) AS missing,
		list_sort(list(DISTINCT gap) FILTER (gap IS NOT NULL)) AS gaps,
		min(had) AS oldest, max(had) AS newest, quantile_disc(late, 0.5) AS late, max(late) AS late_most
	FROM (
		SELECT *, least(greatest(ends - 300000000, $since_us), CASE WHEN $until_us > 0 THEN $until_us - 1 END) AS start FROM together
	) GROUP BY ALL
)
SELECT window_start, log, load_balancer, node, objects, bytes, intervals, missing,
	list_transform(gaps, lambda t: make_timestamp(t)) AS missing_at,
	make_timestamp(oldest) AS oldest, make_timestamp(newest) AS newest, ($now_us - newest) / 1e6 AS age, late / 1e6 AS late, late_most / 1e6 AS late_most
FROM grouped
ORDER BY window_start, missing DESC, log, load_balancer, node;
