-- report: failing
-- version: 1
-- about: Every reason with a failure and every target, to be compared with those of another window.
-- limit: 0
--
-- column: what             text  everyone
-- column: reason           text  everyone
-- column: reason_source    text  everyone  source
-- column: target_group     text  everyone  target group
-- column: target_group_arn text  programs
-- column: target           text  everyone
-- column: failures         count everyone
-- column: requests         count everyone
--
-- requests are what the failures are part of: all of the window for a reason, and
-- those to the target for a target.
WITH
hit AS (
	SELECT 'reason' AS what, reason, reason_source, NULL AS target_group_arn, NULL AS target, sum(failures)::BIGINT AS failures
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
	UNION ALL BY NAME
	SELECT 'target' AS what, target_group_arn, target, sum(failures)::BIGINT AS failures
	FROM failure_minute WHERE list_contains($classes, reason_class) GROUP BY ALL
),
passing AS (
	SELECT 'reason' AS what, NULL AS target_group_arn, NULL AS target, sum(requests)::BIGINT AS requests FROM traffic
	UNION ALL BY NAME
	SELECT 'target' AS what, target_group_arn, target, sum(requests)::BIGINT AS requests FROM traffic GROUP BY ALL
)
SELECT what, reason, reason_source, $group_name AS target_group, target_group_arn, target, coalesce(failures, 0) AS failures, requests
FROM (
	SELECT coalesce(hit.what, passing.what) AS what, reason, reason_source,
		coalesce(hit.target_group_arn, passing.target_group_arn) AS target_group_arn, coalesce(hit.target, passing.target) AS target, failures, requests
	FROM hit FULL JOIN passing
		ON passing.what = hit.what AND passing.target IS NOT DISTINCT FROM hit.target
		AND passing.target_group_arn IS NOT DISTINCT FROM hit.target_group_arn
	WHERE hit.what IS NOT NULL OR passing.what = 'target'
) AS key
ORDER BY ALL;
