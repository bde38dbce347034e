-- report: clients
-- version: 1
-- about: Clients by failures, those first for whom nothing succeeds.
-- rows: client clients
-- total: failures
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: client        client
-- dimension: network       network
-- default: client
-- narrow: last_seen first_seen share load_balancer network
--
-- column: window_start     time    everyone  window
-- column: load_balancer  text    everyone  load balancer
-- column: network        text    everyone
-- column: client         text    everyone
-- column: requests       count   everyone
-- column: share          ratio   everyone  of traffic
-- column: failures       count   everyone
-- column: failure_rate   ratio   everyone  rate
-- column: successes      count   programs
-- column: never_succeeds boolean everyone  never succeeds
-- column: reason         text    everyone  mostly
-- column: first_seen     time    everyone  first
-- column: last_seen      time    everyone  last
--
-- A network is a /24 of IPv4 or a /48 of IPv6. A success is an answer below 400, or a TCP
-- connection, that nothing speaks against; never_succeeds asks for three failures at least.
WITH
counted AS MATERIALIZED (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(time) - epoch_us(time) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			network: CASE WHEN list_contains($by, 'network') THEN client_net END,
			client: CASE WHEN list_contains($by, 'client') THEN client_ip END
		} AS key,
		CASE WHEN list_contains($classes, reason_class) THEN reason END AS reason,
		count(*) AS requests,
		count(*) FILTER (list_contains($classes, reason_class)) AS failures,
		count(*) FILTER (reason IS NULL AND coalesce(elb_status_code, 0) < 400) AS successes,
		min(time) AS first_seen, max(time) AS last_seen
	FROM request GROUP BY ALL
),
-- There may be millions of clients, and what DuckDB sums up for each can go to disk
-- only if it is a number.
numbered AS MATERIALIZED (
	SELECT reason, row_number() OVER (ORDER BY reason) AS number FROM (SELECT DISTINCT reason FROM counted WHERE reason IS NOT NULL)
),
summed AS (
	SELECT key, sum(requests)::BIGINT AS requests, sum(failures)::BIGINT AS failures, sum(successes)::BIGINT AS successes,
		min(first_seen) AS first_seen, max(last_seen) AS last_seen,
		max(failures::HUGEINT * 1_000_000_000 + number) % 1_000_000_000 AS number -- of the reason of most
	FROM counted LEFT JOIN numbered USING (reason) GROUP BY key
),
ranked AS (
	SELECT *, failures >= 3 AND successes = 0 AS never_succeeds, sum(requests) OVER () AS all_requests, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY failures >= 3 AND successes = 0 DESC, failures DESC, requests DESC, key) AS rank
	FROM summed
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT
	unnest(key), requests, requests / all_requests AS share, failures, failures / requests AS failure_rate,
	successes, never_succeeds, reason, first_seen, last_seen, all_rows,
	MAP {
		'since': CASE WHEN key.window_start IS NOT NULL THEN strftime(greatest(key.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(key.window_start) + $window_us), make_timestamp(nullif($until_us, 0))), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(key.load_balancer, '-') END,
		'network': CASE WHEN list_contains($by, 'network') THEN coalesce(key.network, '-') END,
		'client': CASE WHEN list_contains($by, 'client') THEN coalesce(key.client, '-') END
	} AS drill,
	failures AS drill_rows
FROM ranked LEFT JOIN numbered USING (number)
ORDER BY key.window_start, rank;
