-- report: latency
-- version: 1
-- about: Response times of targets as percentiles, and time-outs. Times are at most 1.6 % off. The failures that ended at a wall of 10 s (connect) or 60 s (idle timeout) stand beside them.
-- rows: row rows
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: target_group  target_group target_group_arn
-- dimension: target        target
-- default: target_group target
-- narrow: p90 p95 load_balancer target_group slowest requests answered
--
-- column: window_start     time    everyone  window
-- column: load_balancer    text    everyone  load balancer
-- column: target_group     text    everyone  target group
-- column: target_group_arn text    programs
-- column: target           text    everyone
-- column: requests         count   everyone
-- column: answered         count   everyone
-- column: p50              seconds everyone
-- column: p90              seconds everyone
-- column: p95              seconds everyone
-- column: p99              seconds everyone
-- column: slowest          seconds everyone
-- column: wall_10s         count   everyone  at 10 s
-- column: wall_60s         count   everyone  at 60 s
--
-- Percentiles are of target_processing_time where the target answered with a
-- status, by nearest rank, at most 1.6 % off: of how many requests, answered says, which
-- in an outage are few. The walls count failing requests that took,
-- from their creation to the answer, 10 to under 10.5 s or 60 to under 61 s: the balancer's
-- fixed connect timeout, and its idle timeout unless changed. They are not known
-- where no failing line says when its request was created, as those of classic
-- balancers do not.
WITH
way AS NOT MATERIALIZED ( -- not held: the histograms of a month are too large
	SELECT {
			start: CASE WHEN list_contains($by, 'window') THEN epoch_us(minute) - epoch_us(minute) % $window_us END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END
		} AS key, requests, latency_us, latency_requests
	FROM traffic
),
passing AS (SELECT key, sum(requests)::BIGINT AS requests FROM way GROUP BY key),
$percentiles,
wall AS (
	SELECT {
			start: CASE WHEN list_contains($by, 'window') THEN epoch_us(minute) - epoch_us(minute) % $window_us END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END
		} AS key,
		sum(failures) AS failures, sum(wall_10s)::BIGINT AS wall_10s, sum(wall_60s)::BIGINT AS wall_60s
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
),
ranked AS (
	SELECT key, requests, CASE WHEN failures > 0 THEN wall_10s ELSE 0 END AS wall_10s, CASE WHEN failures > 0 THEN wall_60s ELSE 0 END AS wall_60s, answered, p50, p90, p95, p99, slowest,
		count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY coalesce(wall_10s, 0) + coalesce(wall_60s, 0) DESC, p99 DESC NULLS LAST, key) AS rank
	FROM passing LEFT JOIN percentile USING (key) LEFT JOIN wall USING (key)
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT
	make_timestamp(key.start) AS window_start,
	key.load_balancer AS load_balancer,
	$group_name AS target_group,
	key.target_group_arn AS target_group_arn,
	key.target AS target,
	requests, coalesce(answered, 0) AS answered, p50, p90, p95, p99, slowest, wall_10s, wall_60s, all_rows,
	MAP {
		'since': CASE WHEN key.start IS NOT NULL THEN strftime(make_timestamp(greatest(key.start, $since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN key.start IS NOT NULL THEN strftime(make_timestamp(least(key.start + $window_us, $until_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(key.load_balancer, '-') END,
		'target_group_arn': CASE WHEN list_contains($by, 'target_group') THEN coalesce(key.target_group_arn, '-') END,
		'target': CASE WHEN list_contains($by, 'target') THEN coalesce(key.target, '-') END,
		'wall': CASE WHEN wall_10s >= wall_60s THEN '10s' ELSE '60s' END
	} AS drill,
	greatest(wall_10s, wall_60s) AS drill_rows
FROM ranked
ORDER BY key.start, rank;
