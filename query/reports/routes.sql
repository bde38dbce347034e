-- report: routes
-- version: 1
-- about: Paths by failures, those first on which nothing succeeds. Ids and dates in them are replaced, so that one handler's requests share a path.
-- rows: route routes
-- total: failures
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: target_group  target_group target_group_arn
-- dimension: route         route
-- default: route
-- narrow: reason last_success share target_group load_balancer
--
-- column: window_start     time    everyone  window
-- column: load_balancer    text    everyone  load balancer
-- column: target_group     text    everyone  target group
-- column: target_group_arn text    programs
-- column: route            text    everyone
-- column: requests         count   everyone
-- column: share            ratio   everyone  of traffic
-- column: failures         count   everyone
-- column: failure_rate     ratio   everyone  rate
-- column: dead             boolean everyone
-- column: last_success     time    everyone  last success
-- column: reason           text    everyone  mostly
--
-- dead: nothing succeeds any more. Since the last success, or in the whole window, at least
-- three requests failed, and not by chance: no more than a tenth did before, or it has been
-- ten times as long as from one success to the next. A success is an answer below 400, or a
-- TCP connection, that nothing speaks against. A row without route has requests that could
-- not be read, and TCP connections, and is not called dead.
WITH
counted AS MATERIALIZED (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(time) - epoch_us(time) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			route: CASE WHEN list_contains($by, 'route') THEN route END
		} AS key,
		CASE WHEN list_contains($classes, reason_class) THEN reason END AS reason,
		count(*) AS requests,
		count(*) FILTER (list_contains($classes, reason_class)) AS failures,
		max(time, 3) FILTER (list_contains($classes, reason_class)) AS latest, -- failures
		max(time) FILTER (reason IS NULL AND coalesce(elb_status_code, 0) < 400) AS last_success,
		count(*) FILTER (reason IS NULL AND coalesce(elb_status_code, 0) < 400) AS successes,
		min(time) AS first_seen
	FROM request GROUP BY ALL
),
-- There may be millions of routes, and what DuckDB sums up for each can go to disk
-- only if it is a number.
numbered AS MATERIALIZED (
	SELECT reason, row_number() OVER (ORDER BY reason) AS number FROM (SELECT DISTINCT reason FROM counted WHERE reason IS NOT NULL)
),
summed AS (
	SELECT key, sum(requests)::BIGINT AS requests, sum(failures)::BIGINT AS failures, max(last_success) AS last_success,
		sum(successes)::BIGINT AS successes, min(first_seen) AS first_seen,
		list_reverse_sort(flatten(list(latest) FILTER (latest IS NOT NULL))) AS latest, -- failures
		max(failures::HUGEINT * 1_000_000_000 + number) % 1_000_000_000 AS number -- of the reason of most
	FROM counted LEFT JOIN numbered USING (reason) GROUP BY key
),
ranked AS (
	SELECT *, sum(requests) OVER () AS all_requests, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY dead DESC, failures DESC, requests DESC, key) AS rank
	FROM (
		SELECT *, coalesce(len(latest), 0) >= 3 AND (last_success IS NULL OR latest[3] > last_success AND (
				10 * (failures - 3) <= failures - 3 + successes
				OR epoch_us(latest[1]) - epoch_us(last_success) >= 10 * (epoch_us(last_success) - epoch_us(first_seen)) // successes
			)) IS TRUE AND NOT (list_contains($by, 'route') AND key.route IS NULL) AS dead
		FROM summed
	)
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT
	unnest(key),
	$group_name AS target_group,
	requests, requests / all_requests AS share, failures, failures / requests AS failure_rate,
	dead, last_success, reason, all_rows,
	MAP {
		'since': CASE WHEN key.window_start IS NOT NULL THEN strftime(greatest(key.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(key.window_start) + $window_us), make_timestamp(nullif($until_us, 0))), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(key.load_balancer, '-') END,
		'target_group_arn': CASE WHEN list_contains($by, 'target_group') THEN coalesce(key.target_group_arn, '-') END,
		'route': CASE WHEN list_contains($by, 'route') THEN coalesce(key.route, '-') END
	} AS drill,
	failures AS drill_rows
FROM ranked LEFT JOIN numbered USING (number)
ORDER BY key.window_start, rank;
