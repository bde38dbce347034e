-- A store of 30 days in place of what is there: 34,560 objects of 4 nodes, every 5
-- minutes, 3 million rows of traffic, 2 million failures.
DELETE FROM object; DELETE FROM failure; DELETE FROM reject; DELETE FROM traffic; DELETE FROM node_minute; DELETE FROM failure_minute;
DELETE FROM entry_minute; DELETE FROM accounting; DELETE FROM connection; DELETE FROM health_check; DELETE FROM nlb_tls; DELETE FROM request;

CREATE TEMP TABLE o AS
SELECT i AS object_id, ['app/shop/50dc6c495c0c9188', 'app/api/8f14e45fceea167a'][1 + i % 2] AS elb, '203.0.113.' || (i % 4) AS node,
	TIMESTAMP '2026-10-23' + to_minutes(5 * (i // 4)) AS start
FROM range(34560) t(i);

INSERT INTO object BY NAME
SELECT object_id::INTEGER AS object_id, uri AS identity, uri, md5(uri) AS etag, 1000000 AS size, 'ALB access log' AS named_kind, elb AS load_balancer,
	start + INTERVAL 5 MINUTE AS interval_end, node, start + INTERVAL 7 MINUTE AS modified, 1000000 AS bytes_compressed, 7000000 AS bytes,
	'ok' AS status, false AS requests_kept
FROM (SELECT *, 's3://logs/AWSLogs/111122223333/elasticloadbalancing/eu-central-1/' || strftime(start, '%Y/%m/%d') ||
	'/111122223333_elasticloadbalancing_eu-central-1_' || replace(elb, '/', '.') || '_' || strftime(start + INTERVAL 5 MINUTE, '%Y%m%dT%H%MZ') ||
	'_' || node || '_x' || object_id || '.log.gz' AS uri FROM o);

-- 87 rows an object: 5 minutes of 17 or 18 targets.
CREATE TEMP TABLE r AS
SELECT object_id, elb, node, start + to_minutes((k % 5)::BIGINT) AS minute,
	'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/g' || (k % 3) || '/cd18ee8d310e74a' || (k % 3) AS arn,
	'10.0.' || (k % 3) || '.' || (k // 5) || ':8080' AS target, k,
	(20 + hash(object_id, k) % 60)::BIGINT AS requests, (hash(k, object_id) % 97 % 3)::BIGINT AS bad
FROM o, range(87) t(k);
UPDATE r SET bad = CASE WHEN object_id * 87 + k < 2_000_000 THEN (object_id * 87 + k) % 3 ELSE 0 END;

INSERT INTO traffic BY NAME
SELECT minute, elb AS load_balancer, arn AS target_group_arn, target, requests, bad AS failures_target, 0 AS failures_balancer, 0 AS failures_lambda,
	0 AS failures_client, 0 AS failures_policy, 0 AS failures_unknown, 0 AS status_none, 0 AS status_1xx, requests - bad AS status_2xx, 0 AS status_3xx,
	0 AS status_4xx, bad AS status_5xx, requests * 400 AS received_bytes, requests * 9000 AS sent_bytes, minute AS first_seen,
	minute + INTERVAL 59 SECOND AS last_seen, [1000 + k * 10, 30000 + k * 100, 250000 + k]::UINTEGER[] AS latency_us,
	[requests - 10, 8, 2]::UINTEGER[] AS latency_requests, object_id::INTEGER AS object_id
FROM r;

INSERT INTO node_minute BY NAME
SELECT minute, elb AS load_balancer, node, sum(requests)::BIGINT AS requests, sum(bad)::BIGINT AS failures_target, 0 AS failures_balancer, 0 AS failures_lambda,
	0 AS failures_client, 0 AS failures_policy, 0 AS failures_unknown, object_id::INTEGER AS object_id
FROM r GROUP BY ALL;

INSERT INTO entry_minute BY NAME
SELECT minute, 'ALB access log' AS kind, elb AS load_balancer, sum(requests)::BIGINT AS parsed, 0 AS extended, object_id::INTEGER AS object_id
FROM r GROUP BY ALL;

INSERT INTO accounting BY NAME
SELECT object_id::INTEGER AS object_id, 'ALB access log' AS kind, sum(requests)::BIGINT AS lines, sum(requests)::BIGINT AS parsed, 0 AS rejected, 0 AS skipped, 0 AS extended
FROM r GROUP BY ALL;

CREATE TEMP TABLE f AS
SELECT *, ['Target_Connection_Error', 'Target_Response_Timeout', 'Target_5XX'][1 + (object_id + k) % 3] AS reason, hash(object_id, k, n) AS h
FROM (SELECT *, unnest(range(bad)) AS n FROM r);

INSERT INTO failure_minute BY NAME
SELECT minute, elb, 'g' || (k % 3) AS target_group, arn AS target_group_arn, target, node, 502 AS elb_status_code, NULL AS target_status_code, reason,
	'target' AS reason_class, 'derived' AS reason_source, count(*) AS failures, minute AS first_seen, minute + INTERVAL 59 SECOND AS last_seen, object_id::INTEGER AS object_id
FROM f GROUP BY ALL;

INSERT INTO failure BY NAME
SELECT 'https' AS type, minute + to_milliseconds((h % 60000)::BIGINT) AS time, elb, '198.51.' || (h % 200) || '.' || (h // 200 % 250) AS client_ip, (h % 60000)::INTEGER AS client_port,
	split_part(target, ':', 1) AS target_ip, 8080 AS target_port, 502 AS elb_status_code, 400 + h % 900 AS received_bytes, 300 AS sent_bytes,
	'GET https://shop.example.com:443/cart/' || h || ' HTTP/1.1' AS request, 'Mozilla/5.0 (X11; Linux x86_64; rv:' || (h % 90) || '.0)' AS user_agent,
	'TLSv1.3' AS ssl_protocol, arn AS target_group_arn, 'Root=1-' || h AS trace_id, 'shop.example.com' AS domain_name, 'forward' AS actions_executed,
	'TID_' || h AS conn_trace_id, node AS ip_address, target, 'g' || (k % 3) AS target_group, node, '/cart/{id}' AS route, '198.51.' || (h % 200) || '.0/24' AS client_net,
	reason, 'target' AS reason_class, 'derived' AS reason_source, 0.5 + h % 100 AS duration, object_id::INTEGER AS object_id, (k * 2 + n + 1)::BIGINT AS line_no,
	'https ' || minute || ' ' || elb || ' ' || h || ' ' || repeat('x', 300) AS raw
FROM f;
CHECKPOINT;
