-- report: targets
-- version: 1
-- about: Targets: requests, failures, response times, share of traffic. First and last request of each show a deploy.
-- rows: target targets
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: target_group  target_group target_group_arn
-- dimension: target        target
-- default: target_group target
-- narrow: p95 last_seen first_seen share p50 status_4xx target_group load_balancer failure_rate trend
--
-- column: window_start     time    everyone  window
-- column: load_balancer    text    everyone  load balancer
-- column: target_group     text    everyone  target group
-- column: target_group_arn text    programs
-- column: target           text    everyone
-- column: requests         count   everyone
-- column: share            ratio   everyone  of traffic
-- column: failures         count   everyone
-- column: failure_rate     ratio   everyone  rate
-- column: status_4xx       count   everyone  4xx
-- column: p50              seconds everyone
-- column: p95              seconds everyone
-- column: p99              seconds everyone
-- column: first_seen       time    everyone  first
-- column: last_seen        time    everyone  last
-- column: trend            trend   people    traffic
--
-- Percentiles are of target_processing_time where the target answered with a
-- status, by nearest rank, at most 1.6 % off. A row without target are the requests that
-- none was chosen for. 4xx are answers that clients got, of the target or of the balancer;
-- those of the target are no failures.
WITH
way AS NOT MATERIALIZED ( -- not held: the histograms of a month are too large
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END
		} AS key,
		(epoch_us(minute) - $from_us) // $slice_us AS slice,
		requests, status_4xx, first_seen, last_seen, latency_us, latency_requests
	FROM traffic
),
sliced AS MATERIALIZED (
	SELECT key, slice, sum(requests)::BIGINT AS requests, sum(status_4xx)::BIGINT AS status_4xx, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM way GROUP BY ALL
),
passing AS (
	SELECT key, sum(requests)::BIGINT AS requests, sum(status_4xx)::BIGINT AS status_4xx, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM sliced GROUP BY key
),
hit AS (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END
		} AS key,
		sum(failures)::BIGINT AS failures
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
),
$percentiles,
ranked AS (
	SELECT *, coalesce(hit.failures, 0) AS failed, sum(requests) OVER () AS all_requests, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY coalesce(hit.failures, 0) DESC, requests DESC, key) AS rank
	FROM passing LEFT JOIN hit USING (key)
	QUALIFY $max_rows = 0 OR rank <= $max_rows
),
trend AS ( -- sorted afterwards: an ordered list takes 16 KiB of each key
	SELECT key, [s.n FOR s IN list_sort(list({slice: slice, n: coalesce(sliced.requests, -1)}))] AS trend
	FROM ranked CROSS JOIN (SELECT unnest(range($slices)) AS slice) LEFT JOIN sliced USING (key, slice)
	GROUP BY key
)
SELECT
	unnest(ranked.key),
	$group_name AS target_group,
	requests,
	requests / all_requests AS share,
	failed AS failures,
	failed / requests AS failure_rate,
	status_4xx,
	p50, p95, p99, first_seen, last_seen, trend, all_rows,
	MAP {
		'since': CASE WHEN key.window_start IS NOT NULL THEN strftime(greatest(key.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(key.window_start) + $window_us), make_timestamp($until_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(key.load_balancer, '-') END,
		'target_group_arn': CASE WHEN list_contains($by, 'target_group') THEN coalesce(key.target_group_arn, '-') END,
		'target': CASE WHEN list_contains($by, 'target') THEN coalesce(key.target, '-') END
	} AS drill,
	failed AS drill_rows
FROM ranked LEFT JOIN percentile USING (key) LEFT JOIN trend USING (key)
ORDER BY key.window_start, rank;
