-- report: top-errors
-- version: 1
-- about: Failures ranked by reason, target or any other dimension. With the requests that they are part of.
--
-- dimension: reason             reason reason_class reason_source
-- dimension: load_balancer      load_balancer
-- dimension: target_group       target_group target_group_arn
-- dimension: target             target
-- dimension: elb_status_code    elb_status_code
-- dimension: target_status_code target_status_code
-- dimension: node               node
-- dimension: window             window_start
-- default: reason
-- total: failures
-- heads: reason window
-- narrow: reason_source clients targets target_status_code last_seen failure_rate share first_seen worst trend
--
-- column: window_start       time    everyone  window
-- column: load_balancer      text    everyone  load balancer
-- column: target_group       text    everyone  target group
-- column: target_group_arn   text    programs
-- column: target             text    everyone
-- column: reason             text    everyone
-- column: reason_class       text    programs
-- column: reason_source      text    everyone  source
-- column: elb_status_code    integer everyone  elb
-- column: target_status_code integer everyone  target status
-- column: node               text    everyone
-- column: failures           count   everyone
-- column: share              ratio   people
-- column: requests           count   programs
-- column: failure_rate       ratio   everyone  rate
-- column: targets            count   people
-- column: clients            count   everyone
-- column: first_seen         time    everyone  first
-- column: last_seen          time    everyone  last
-- column: trend              trend   people
-- column: worst              text    people    where most
--
-- Every row is a group of failing requests that agree in the chosen dimensions.
-- requests is what they are part of: all requests of the window with the row's
-- values in the dimensions that traffic knows (window, load balancer, target
-- group, target), whatever became of them. Where most is one place: the same address in
-- another region or account is another target, and the same name another group. Classic
-- Load Balancers do not log theirs: there an address is the target that others know by it.
WITH
hit AS MATERIALIZED (
	SELECT
		{
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group: CASE WHEN list_contains($by, 'target_group') THEN target_group END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END,
			reason: CASE WHEN list_contains($by, 'reason') THEN reason END,
			reason_class: CASE WHEN list_contains($by, 'reason') THEN reason_class END,
			reason_source: CASE WHEN list_contains($by, 'reason') THEN reason_source END,
			elb_status_code: CASE WHEN list_contains($by, 'elb_status_code') THEN elb_status_code END,
			target_status_code: CASE WHEN list_contains($by, 'target_status_code') THEN target_status_code END,
			node: CASE WHEN list_contains($by, 'node') THEN node END
		} AS key,
		target,
		coalesce(target, target_group, elb) AS place,
		CASE WHEN target IS NULL THEN coalesce(target_group_arn, elb) ELSE split_part(target_group_arn, ':', 4) || split_part(target_group_arn, ':', 5) END AS home,
		(epoch_us(minute) - $from_us) // $slice_us AS slice,
		sum(failures)::BIGINT AS failures, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM failure_minute
	WHERE list_contains($classes, reason_class)
	GROUP BY ALL
),
ranked AS (
	SELECT key, sum(failures)::BIGINT AS failures, min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM hit GROUP BY key
),
top AS MATERIALIZED (
	SELECT *, row_number() OVER (ORDER BY failures DESC, key) AS rank,
		count(*) OVER () AS all_rows, sum(failures) OVER () AS all_failures
	FROM ranked
	QUALIFY $max_rows = 0 OR rank <= $max_rows
),
client AS (
	SELECT COLUMNS(* EXCLUDE client_ip), count(*) AS clients
	FROM (
		SELECT DISTINCT
			CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(time) - (epoch_us(time) % $window_us)) END AS window_start,
			CASE WHEN list_contains($by, 'load_balancer') THEN elb END AS load_balancer,
			CASE WHEN list_contains($by, 'target_group') THEN target_group END AS target_group,
			CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END AS target_group_arn,
			CASE WHEN list_contains($by, 'target') THEN target END AS target,
			CASE WHEN list_contains($by, 'reason') THEN reason END AS reason,
			CASE WHEN list_contains($by, 'reason') THEN reason_class END AS reason_class,
			CASE WHEN list_contains($by, 'reason') THEN reason_source END AS reason_source,
			CASE WHEN list_contains($by, 'elb_status_code') THEN elb_status_code END AS elb_status_code,
			CASE WHEN list_contains($by, 'target_status_code') THEN target_status_code END AS target_status_code,
			CASE WHEN list_contains($by, 'node') THEN node END AS node,
			client_ip
		FROM failure
		WHERE list_contains($classes, reason_class) AND client_ip IS NOT NULL
	)
	GROUP BY ALL
),
place AS (
	SELECT key, arg_max(place, (failures, place)) AS place, max(failures) AS failures, coalesce(sum(homes) FILTER (target IS NOT NULL), 0)::BIGINT AS targets
	FROM (
		SELECT key, target, place, greatest(1, count(home)) AS homes,
			coalesce(max(failures) FILTER (home IS NOT NULL), 0) + coalesce(sum(failures) FILTER (home IS NULL), 0)::BIGINT AS failures
		FROM (SELECT key, target, place, home, sum(failures)::BIGINT AS failures FROM hit GROUP BY ALL) GROUP BY ALL
	)
	GROUP BY key
),
-- The requests by what traffic knows of a row's key, and the same by slice.
passing AS MATERIALIZED (
	SELECT
		{
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN load_balancer END,
			target_group_arn: CASE WHEN list_contains($by, 'target_group') THEN target_group_arn END,
			target: CASE WHEN list_contains($by, 'target') THEN target END
		} AS way,
		(epoch_us(minute) - $from_us) // $slice_us AS slice,
		sum(requests)::BIGINT AS requests
	FROM traffic GROUP BY ALL
),
passed AS (
	SELECT way, sum(requests)::BIGINT AS requests FROM passing GROUP BY way
),
trend AS ( -- sorted afterwards: an ordered list takes 16 KiB of each key
	SELECT key, [s.n FOR s IN list_sort(list({slice: slice, n: coalesce(failures, CASE WHEN requests > 0 THEN 0 ELSE -1 END)}))] AS trend
	FROM (SELECT key, {
			window_start: key.window_start, load_balancer: key.load_balancer,
			target_group_arn: key.target_group_arn, target: key.target
		} AS way FROM top)
	CROSS JOIN (SELECT unnest(range($slices)) AS slice)
	LEFT JOIN (SELECT key, slice, sum(failures)::BIGINT AS failures FROM hit GROUP BY key, slice) USING (key, slice)
	LEFT JOIN passing USING (way, slice)
	GROUP BY key
)
SELECT
	unnest(top.key),
	top.failures,
	top.failures / top.all_failures AS share,
	passed.requests,
	top.failures / passed.requests AS failure_rate,
	place.targets,
	coalesce(client.clients, 0) AS clients,
	top.first_seen,
	top.last_seen,
	trend.trend,
	CASE WHEN top.key.target IS NOT NULL THEN NULL -- which is the place
		WHEN top.failures = place.failures THEN place.place -- what is not all never reads as 100 %, nor as none
		ELSE place.place || ' (' || greatest(1, least(99, round(100 * place.failures / top.failures)::INTEGER)) || ' %)' END AS worst,
	top.all_rows,
	MAP {
		'since': CASE WHEN top.key.window_start IS NOT NULL THEN strftime(greatest(top.key.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN top.key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(top.key.window_start) + $window_us), make_timestamp($until_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'reason': top.key.reason,
		'reason_source': top.key.reason_source,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(top.key.load_balancer, '-') END,
		'target_group_arn': CASE WHEN list_contains($by, 'target_group') THEN coalesce(top.key.target_group_arn, '-') END,
		'target': CASE WHEN list_contains($by, 'target') THEN coalesce(top.key.target, '-') END,
		'node': CASE WHEN list_contains($by, 'node') THEN coalesce(top.key.node, '-') END,
		'status': CASE WHEN list_contains($by, 'elb_status_code') THEN coalesce(top.key.elb_status_code::VARCHAR, '-') END,
		'target_status': CASE WHEN list_contains($by, 'target_status_code') THEN coalesce(top.key.target_status_code::VARCHAR, '-') END
	} AS drill,
	top.failures AS drill_rows
FROM top
LEFT JOIN client ON top.key = {
	window_start: client.window_start, load_balancer: client.load_balancer,
	target_group: client.target_group, target_group_arn: client.target_group_arn, target: client.target,
	reason: client.reason, reason_class: client.reason_class, reason_source: client.reason_source,
	elb_status_code: client.elb_status_code, target_status_code: client.target_status_code, node: client.node
}
LEFT JOIN place ON place.key = top.key
LEFT JOIN trend ON trend.key = top.key
LEFT JOIN passed ON passed.way = {
	window_start: top.key.window_start, load_balancer: top.key.load_balancer,
	target_group_arn: top.key.target_group_arn, target: top.key.target
}
ORDER BY top.key.window_start, top.rank;
