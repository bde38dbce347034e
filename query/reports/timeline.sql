-- report: timeline
-- version: 1
-- about: Failures over time, by reason, with the requests of each window.
-- rows: row rows
-- total: failures
-- limit: 0
--
-- dimension: window        window_start
-- dimension: reason        reason reason_class reason_source
-- dimension: load_balancer load_balancer
-- dimension: target_group  target_group target_group_arn
-- dimension: target        target
-- default: window reason
-- narrow: reason_source last_seen first_seen share target_group target load_balancer
--
-- column: window_start     time    everyone  window
-- column: load_balancer    text    everyone  load balancer
-- column: target_group     text    everyone  target group
-- column: target_group_arn text    programs
-- column: target           text    everyone
-- column: reason           text    everyone
-- column: reason_class     text    programs
-- column: reason_source    text    everyone  source
-- column: failures         count   everyone
-- column: share            ratio   people    of window
-- column: requests         count   everyone
-- column: failure_rate     ratio   everyone  rate
-- column: first_seen       time    everyone  first
-- column: last_seen        time    everyone  last
--
-- A window without failures has one row, so that a gap is seen as what it is:
-- no failures, or no requests at all. requests are all of the window with the
-- row's load balancer, target group and target, if it is divided by them.
WITH
hit AS MATERIALIZED (
	SELECT
		epoch_us(minute) - epoch_us(minute) % $window_us AS start,
		CASE WHEN list_contains($by, 'load_balancer') THEN elb END AS load_balancer,
		CASE WHEN list_contains($by, 'target_group') THEN target_group END AS target_group,
		CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END AS target_group_arn,
		CASE WHEN list_contains($by, 'target') THEN target END AS target,
		CASE WHEN list_contains($by, 'reason') THEN reason END AS reason,
		CASE WHEN list_contains($by, 'reason') THEN reason_class END AS reason_class,
		CASE WHEN list_contains($by, 'reason') THEN reason_source END AS reason_source,
		sum(failures)::BIGINT AS failures, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM failure_minute
	WHERE list_contains($classes, reason_class)
	GROUP BY ALL
),
passing AS (
	SELECT
		epoch_us(minute) - epoch_us(minute) % $window_us AS start,
		CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END AS load_balancer,
		CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END AS target_group_arn,
		CASE WHEN list_contains($by, 'target') THEN target END AS target,
		sum(requests)::BIGINT AS requests
	FROM traffic GROUP BY ALL
),
quiet AS (
	SELECT start, coalesce(sum(requests), 0)::BIGINT AS requests
	FROM (SELECT unnest(range(CASE WHEN $since_us > 0 THEN $since_us - $since_us % $window_us ELSE $until_us END, $until_us, $window_us)) AS start)
	LEFT JOIN passing USING (start)
	WHERE start NOT IN (SELECT start FROM hit)
	GROUP BY start
),
stacked AS (
	SELECT hit.*, passing.requests
	FROM hit LEFT JOIN passing
		ON passing.start = hit.start AND passing.load_balancer IS NOT DISTINCT FROM hit.load_balancer
		AND passing.target_group_arn IS NOT DISTINCT FROM hit.target_group_arn AND passing.target IS NOT DISTINCT FROM hit.target
	UNION ALL BY NAME
	SELECT start, requests, 0 AS failures FROM quiet
)
SELECT
	make_timestamp(start) AS window_start,
	load_balancer, target_group, target_group_arn, target, reason, reason_class, reason_source,
	failures,
	CASE WHEN failures > 0 THEN failures / sum(failures) OVER (PARTITION BY start) END AS share,
	requests,
	CASE WHEN requests > 0 THEN failures / requests END AS failure_rate,
	first_seen, last_seen,
	MAP {
		'since': strftime(make_timestamp(greatest(start, $since_us)), '%Y-%m-%dT%H:%M:%S.%fZ'),
		'until': strftime(make_timestamp(least(start + $window_us, $until_us)), '%Y-%m-%dT%H:%M:%S.%fZ'),
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(load_balancer, '-') END,
		'target_group_arn': CASE WHEN list_contains($by, 'target_group') THEN coalesce(target_group_arn, '-') END,
		'target': CASE WHEN list_contains($by, 'target') THEN coalesce(target, '-') END,
		'reason': CASE WHEN list_contains($by, 'reason') THEN reason END,
		'reason_source': reason_source
	} AS drill,
	failures AS drill_rows
FROM stacked
ORDER BY start, failures DESC, reason, load_balancer, target_group_arn, target, reason_class, reason_source;
