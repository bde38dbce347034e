-- report: worst-windows
-- version: 1
-- about: The slices of time with the most failures.
-- rows: window windows
-- limit: 10
-- empty: no failures
--
-- dimension: window window_start
-- default: window
-- narrow: target reason requests
--
-- column: window_start time  everyone  window
-- column: failures     count everyone
-- column: requests     count everyone
-- column: failure_rate ratio everyone  rate
-- column: reason       text  everyone  mostly
-- column: target       text  everyone  where most
--
-- A slice begins at a multiple of its length, so the first may begin before the
-- window does; it counts what is in the window. target is that of most failures, and
-- absent where those are of requests for which none was chosen. The same address in another
-- region or account is another target; one that a Classic Load Balancer logs, which tells
-- neither, is the target that others know by it.
WITH
hit AS (
	SELECT epoch_us(minute) - epoch_us(minute) % $window_us AS start, reason, target,
		CASE WHEN target IS NOT NULL THEN split_part(target_group_arn, ':', 4) || split_part(target_group_arn, ':', 5) END AS home,
		sum(failures)::BIGINT AS failures
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
),
passing AS (
	SELECT epoch_us(minute) - epoch_us(minute) % $window_us AS start, sum(requests)::BIGINT AS requests
	FROM traffic GROUP BY ALL
),
by_reason AS (
	SELECT start, arg_max(reason, (failures, reason)) AS reason
	FROM (SELECT start, reason, sum(failures)::BIGINT AS failures FROM hit GROUP BY ALL) GROUP BY start
),
by_target AS (
	SELECT start, arg_max_null(target, (failures, coalesce(target, ''))) AS target
	FROM (
		SELECT start, target, coalesce(max(failures) FILTER (home IS NOT NULL), 0) + coalesce(sum(failures) FILTER (home IS NULL), 0) AS failures
		FROM (SELECT start, target, home, sum(failures)::BIGINT AS failures FROM hit GROUP BY ALL) GROUP BY start, target
	)
	GROUP BY start
),
ranked AS (
	SELECT start, sum(failures)::BIGINT AS failures, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY sum(failures) DESC, start) AS rank
	FROM hit GROUP BY start
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT make_timestamp(start) AS window_start, failures, requests, failures / requests AS failure_rate, reason, target, all_rows
FROM ranked JOIN passing USING (start) JOIN by_reason USING (start) JOIN by_target USING (start)
ORDER BY rank;
