-- Percentiles of the response times of the relation way, by its key: by nearest rank.
size AS (
	SELECT key, us, sum(n) AS n
	FROM (SELECT key, unnest(latency_us) AS us, unnest(latency_requests) AS n FROM way)
	GROUP BY key, us
),
upto AS (
	SELECT key, us, sum(n) OVER (PARTITION BY key ORDER BY us) AS n, sum(n) OVER (PARTITION BY key) AS answered FROM size
),
percentile AS (
	SELECT key, any_value(answered)::BIGINT AS answered,
		min(us) FILTER (n >= 0.50 * answered) / 1e6 AS p50,
		min(us) FILTER (n >= 0.90 * answered) / 1e6 AS p90,
		min(us) FILTER (n >= 0.95 * answered) / 1e6 AS p95,
		min(us) FILTER (n >= 0.99 * answered) / 1e6 AS p99,
		max(us) / 1e6 AS slowest
	FROM upto GROUP BY key
)
