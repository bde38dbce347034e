-- report: totals
-- version: 1
-- about: What a window adds up to.
-- total: failures
--
-- column: requests          count   everyone
-- column: failures          count   everyone
-- column: failure_rate      ratio   everyone  rate
-- column: failures_target   count   everyone  of targets
-- column: failures_balancer count   everyone  of balancers
-- column: failures_lambda   count   everyone  of Lambda
-- column: failures_unknown  count   everyone  unknown
-- column: failures_client   count   programs
-- column: failures_policy   count   programs
-- column: status_4xx        count   everyone  4xx
-- column: status_5xx        count   everyone  5xx
-- column: p50               seconds everyone
-- column: p95               seconds everyone
-- column: p99               seconds everyone
--
-- failures are those of the classes that count; client and policy never do.
-- Percentiles are of target_processing_time where the target answered with a status,
-- by nearest rank, at most 1.6 % off.
WITH
counted AS (
	SELECT
		coalesce(sum(requests), 0)::BIGINT AS requests,
		coalesce(sum(failures_target), 0)::BIGINT AS failures_target,
		coalesce(sum(failures_balancer), 0)::BIGINT AS failures_balancer,
		coalesce(sum(failures_lambda), 0)::BIGINT AS failures_lambda,
		coalesce(sum(failures_unknown), 0)::BIGINT AS failures_unknown,
		coalesce(sum(failures_client), 0)::BIGINT AS failures_client,
		coalesce(sum(failures_policy), 0)::BIGINT AS failures_policy,
		coalesce(sum(status_4xx), 0)::BIGINT AS status_4xx,
		coalesce(sum(status_5xx), 0)::BIGINT AS status_5xx
	FROM traffic
),
size AS (
	SELECT us, sum(n) AS n
	FROM (SELECT unnest(latency_us) AS us, unnest(latency_requests) AS n FROM traffic)
	GROUP BY us
),
upto AS (
	SELECT us, sum(n) OVER (ORDER BY us) AS n, sum(n) OVER () AS answered FROM size
),
percentile AS (
	SELECT
		min(us) FILTER (n >= 0.50 * answered) / 1e6 AS p50,
		min(us) FILTER (n >= 0.95 * answered) / 1e6 AS p95,
		min(us) FILTER (n >= 0.99 * answered) / 1e6 AS p99
	FROM upto
)
SELECT *,
	failures_target + failures_balancer + failures_lambda + failures_unknown AS failures,
	CASE WHEN requests > 0 THEN (failures_target + failures_balancer + failures_lambda + failures_unknown) / requests END AS failure_rate
FROM counted, percentile;
