-- report: health
-- version: 1
-- about: Health checks by target: failures, reasons and flapping. Requests that went to groups of which no target passed its checks (fail-open) are told as well.
-- rows: target targets
--
-- dimension: window        window_start
-- dimension: load_balancer load_balancer
-- dimension: target_group  target_group
-- dimension: target        target
-- dimension: node          node
-- dimension: reason        reason
-- default: target_group target
-- narrow: last_failed nodes load_balancer first_failed checks flaps
--
-- column: window_start     time    everyone  window
-- column: load_balancer      text    everyone  load balancer
-- column: target_group       text    everyone  target group
-- column: target             text    everyone
-- column: node               text    everyone
-- column: reason             text    everyone
-- column: checks             count   everyone
-- column: failed             count   everyone
-- column: failure_rate       ratio   everyone  rate
-- column: mostly             text    everyone
-- column: flaps              count   everyone
-- column: nodes              count   everyone  nodes failing
-- column: first_failed       time    everyone  first
-- column: last_failed        time    everyone  last
-- column: fail_open_minutes  count   programs
-- column: fail_open_requests count   everyone  fail-open
--
-- flaps: changes between pass and fail of one target at one node: of the target and the
-- node that had most of them, also where a row has several targets.
-- fail-open: while no target of a group passes its checks, the balancer sends its
-- requests to all of them; how many requests went to the row's target group or target
-- in minutes in which that was so throughout, so there may have been a few more; not
-- known without access logs. A check
-- says how it is with a target until the same node checks it again, but for two of the
-- group's usual intervals at most; how it was before its first check nobody knows, and
-- for the interval before it a group is not taken for one in which all fail. What a node
-- finds by itself, for five minutes or more, a warning tells: its requests to one group are
-- not known. Divided by reason, only failed checks are counted, and what is of no reason is
-- not known. Groups are named without an ID: those of several balancers, as of two accounts,
-- are one row unless load_balancer divides them, and a warning says so.
WITH
checked AS MATERIALIZED (
	SELECT time, load_balancer AS elb, target_group AS group_name, target AS address, node, status = 'PASS' AS pass, reason_code AS code, object_id, line_no
	FROM health_check
),
keyed AS MATERIALIZED (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(time) - epoch_us(time) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group: CASE WHEN list_contains($by, 'target_group') THEN group_name END,
			target: CASE WHEN list_contains($by, 'target') THEN address END,
			node: CASE WHEN list_contains($by, 'node') THEN node END,
			reason: CASE WHEN list_contains($by, 'reason') THEN coalesce(code, '-') END
		} AS key, *, epoch_us(time) AS t,
		pass IS DISTINCT FROM lag(pass, 1, pass) OVER series AS flap,
		epoch_us(lag(time) OVER series) AS previous, epoch_us(lead(time) OVER series) AS next
	FROM checked
	WINDOW series AS (PARTITION BY elb, group_name, address, node ORDER BY time, object_id, line_no)
),
summed AS (
	SELECT key, count(*) AS checks, count(*) FILTER (NOT pass) AS failed,
		CASE WHEN count(node) > 0 THEN count(DISTINCT node) FILTER (NOT pass) END AS nodes,
		min(time) FILTER (NOT pass) AS first_failed, max(time) FILTER (NOT pass) AS last_failed
	FROM keyed WHERE NOT (list_contains($by, 'reason') AND pass) GROUP BY key
),
code AS (
	SELECT key, arg_max(code, (n, code)) AS mostly
	FROM (SELECT key, code, count(*) AS n FROM keyed WHERE NOT pass GROUP BY ALL) GROUP BY key
),
flapping AS (
	SELECT key, max(flaps) AS flaps
	FROM (SELECT key, elb, group_name, address, node, count(*) FILTER (flap) AS flaps FROM keyed GROUP BY ALL) GROUP BY key
),
seen AS ( -- what a check tells of its target, and from when on nothing is known before it
	SELECT elb, group_name, address, node, unnest([
			{fails: NOT pass, start: instant, until: least(coalesce(following, instant + 2 * every), instant + 2 * every)},
			{fails: false, start: CASE WHEN instant - before <= 2 * every THEN instant ELSE greatest(instant - every, before + 2 * every) END, until: instant}
		], recursive := true)
	FROM ( -- every is not known where no target was checked twice: others may not have been checked yet
		SELECT elb, group_name, address, node, pass, t, previous, next, quantile_disc(next - t, 0.5) OVER (PARTITION BY elb, group_name) FROM keyed
	) AS timed(elb, group_name, address, node, pass, instant, before, following, every)
),
touched AS ( -- minutes in which a node found all targets failing throughout, or not
	SELECT elb, group_name, node, nth, bool_and(fails) AS none,
		max(address) FILTER (starts_with(address, 'arn:')) AS function -- of Lambda: the group's only target, which requests do not name
	FROM (
		SELECT elb, group_name, address, node, fails, unnest(range(start // 60000000, (until - 1) // 60000000 + 1)) FROM seen WHERE start < until
	) AS touching(elb, group_name, address, node, fails, nth)
	GROUP BY ALL
),
found AS (
	SELECT *, make_timestamp(nth * 60000000) AS minute, bool_and(none) OVER (PARTITION BY elb, group_name, nth) AS all_nodes FROM touched
),
open_minute AS (
	SELECT elb, group_name, minute, max(function) AS function FROM found WHERE all_nodes GROUP BY ALL
),
alone AS ( -- a node that found so by itself, and not only until the others did
	SELECT 'node ' || node || ' alone found all targets of ' || group_name || ' failing, for ' || count(*) || ' minutes until ' || strftime(max(minute) + INTERVAL 1 MINUTE, '%Y-%m-%d %H:%MZ')
			|| CASE WHEN count(*) OVER () > 1 THEN ', and so did others' ELSE '' END
			|| ': its requests to them went to all (fail-open), and are not counted as such'
			|| CASE WHEN list_contains($by, 'node') THEN '' ELSE '; --by node,target_group tells more' END AS told
	FROM found WHERE none AND NOT all_nodes AND node IS NOT NULL GROUP BY elb, group_name, node HAVING count(*) >= 5
	ORDER BY count(*) DESC, node, group_name LIMIT 1
),
open AS (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(minute) - epoch_us(minute) % $window_us) END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			target_group: CASE WHEN list_contains($by, 'target_group') THEN group_name END,
			target: CASE WHEN list_contains($by, 'target') THEN coalesce(traffic.target, function) END
		} AS way, count(DISTINCT minute) AS minutes, sum(requests)::BIGINT AS requests
	FROM open_minute
	JOIN (SELECT *, $group_name AS group_name FROM traffic AS key) AS traffic
		USING (group_name, minute)
	WHERE elb = traffic.load_balancer OR elb IS NULL -- a group has one balancer, which lines need not name
	GROUP BY ALL
),
shared AS ( -- names of groups that are of several balancers
	SELECT list(group_name ORDER BY group_name) AS names
	FROM (SELECT group_name FROM checked GROUP BY group_name HAVING count(DISTINCT elb) > 1)
),
ranked AS (
	SELECT summed.*, count(*) OVER () AS all_rows, row_number() OVER (ORDER BY failed DESC, checks DESC, key) AS rank
	FROM summed
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT
	unnest(ranked.key), checks, failed, CASE WHEN NOT list_contains($by, 'reason') THEN failed / checks END AS failure_rate, mostly,
	CASE WHEN NOT list_contains($by, 'reason') THEN flaps END AS flaps, nodes,
	first_failed, last_failed, CASE WHEN known AND NOT list_has_any($by, ['reason', 'node']) THEN coalesce(open.minutes, 0) END AS fail_open_minutes, CASE WHEN known AND NOT list_has_any($by, ['reason', 'node']) THEN coalesce(open.requests, 0) END AS fail_open_requests, all_rows,
	MAP {
		'since': CASE WHEN ranked.key.window_start IS NOT NULL THEN strftime(greatest(ranked.key.window_start, make_timestamp($asked_since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN ranked.key.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(ranked.key.window_start) + $window_us), make_timestamp(nullif($asked_until_us, 0))), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'log': 'health_check',
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(ranked.key.load_balancer, '-') END,
		'target_group': CASE WHEN list_contains($by, 'target_group') THEN coalesce(ranked.key.target_group, '-') END,
		'target': CASE WHEN list_contains($by, 'target') THEN coalesce(ranked.key.target, '-') END,
		'node': CASE WHEN list_contains($by, 'node') THEN coalesce(ranked.key.node, '-') END,
		'reason': CASE WHEN list_contains($by, 'reason') THEN ranked.key.reason END
	} AS drill,
	failed AS drill_rows,
	(SELECT min(time) FROM checked) AS seen_first, (SELECT max(time) FROM checked) AS seen_last,
	nullif(concat_ws('; ', (SELECT told FROM alone),
	CASE WHEN list_contains($by, 'target_group') AND NOT list_contains($by, 'load_balancer') THEN
		(SELECT 'target groups of one name are of several balancers, and count as one: ' || array_to_string(names[:3], ', ')
			|| CASE WHEN len(names) > 3 THEN ', and ' || len(names) - 3 || ' more' ELSE '' END
			|| '; --by load_balancer,' || replace(array_to_string($by, ','), ',window', '') || ' tells them apart' FROM shared)
	END), '') AS warning
FROM ranked
CROSS JOIN (SELECT count(*) > 0 AS known FROM traffic)
LEFT JOIN code ON code.key = ranked.key
LEFT JOIN flapping ON flapping.key = ranked.key
LEFT JOIN open ON open.way = {window_start: ranked.key.window_start, load_balancer: ranked.key.load_balancer, target_group: ranked.key.target_group, target: ranked.key.target}
ORDER BY ranked.key.window_start, rank;
