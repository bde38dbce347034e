-- report: nodes
-- version: 1
-- about: The balancer's nodes with their requests and failures. No log says in which zone a node stands. The times of its first and last request are whole minutes.
-- rows: node nodes
-- total: failures
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: node          node
-- default: load_balancer node
-- narrow: reason last_seen first_seen share load_balancer
--
-- column: window_start     time    everyone  window
-- column: load_balancer text  everyone  load balancer
-- column: node          text  everyone
-- column: requests      count everyone
-- column: share         ratio everyone  of traffic
-- column: failures      count everyone
-- column: failure_rate  ratio everyone  rate
-- column: reason        text  everyone  mostly
-- column: first_seen    time  everyone  first
-- column: last_seen     time  everyone  last
-- column: trend         trend people    trend
WITH
minutes AS MATERIALIZED (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END,
			node: CASE WHEN list_contains($by, 'node') THEN node END
		} AS key,
		(epoch_us(minute) - $from_us) // $slice_us AS slice, minute, requests
	FROM node_minute
),
passing AS (
	SELECT key, sum(requests)::BIGINT AS requests, min(minute) AS first_seen, max(minute) AS last_seen
	FROM minutes GROUP BY key
),
hit AS MATERIALIZED (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			node: CASE WHEN list_contains($by, 'node') THEN node END
		} AS key, (epoch_us(minute) - $from_us) // $slice_us AS slice, reason, sum(failures)::BIGINT AS failures
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
),
failing AS (
	SELECT key, sum(failures)::BIGINT AS failures, arg_max(reason, (failures, reason)) AS reason
	FROM (SELECT key, reason, sum(failures)::BIGINT AS failures FROM hit GROUP BY ALL) GROUP BY key
),
trend AS ( -- sorted afterwards: an ordered list takes 16 KiB of each key
	SELECT key, [s.n FOR s IN list_sort(list({slice: slice, n: coalesce(failures, CASE WHEN busy THEN 0 ELSE -1 END)}))] AS trend
	FROM (SELECT DISTINCT key FROM minutes)
	CROSS JOIN (SELECT unnest(range($slices)) AS slice)
	LEFT JOIN (SELECT key, slice, sum(failures)::BIGINT AS failures FROM hit GROUP BY ALL) USING (key, slice)
	LEFT JOIN (SELECT DISTINCT key, slice, true AS busy FROM minutes) USING (key, slice)
	GROUP BY key
),
ranked AS (
	SELECT key, requests, coalesce(failures, 0) AS failures, reason, first_seen, last_seen,
		sum(requests) OVER () AS all_requests, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY coalesce(failures, 0) / requests DESC, requests DESC, key) AS rank
	FROM passing LEFT JOIN failing USING (key)
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT
	unnest(key), requests, requests / all_requests AS share, failures, failures / requests AS failure_rate, reason,
	first_seen, last_seen, trend, all_rows,
	MAP {
		'since': CASE WHEN key.window_start IS NOT NULL THEN strftime(greatest(key.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(key.window_start) + $window_us), make_timestamp($until_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(key.load_balancer, '-') END,
		'node': CASE WHEN list_contains($by, 'node') THEN coalesce(key.node, '-') END
	} AS drill,
	failures AS drill_rows
FROM ranked LEFT JOIN trend USING (key)
ORDER BY key.window_start, rank;
