-- report: raw
-- version: 1
-- about: The failing lines themselves, with object and line number. A filter of - asks for what is absent.
-- earliest: lines
-- rows: line lines
-- narrow: load_balancer target_status_code object_uri line_no client target reason
--
-- filter: log              request|connection|health_check|nlb_tls|reject which lines: failing requests (the default), connections that failed, health checks that failed, TLS connections of a network load balancer that failed, or damaged lines of all logs
-- filter: reason           only this reason, cause or reason code
-- filter: reason_source    @request,connection,nlb_tls logged|derived only such reasons
-- filter: kind             @reject only damaged lines of this log, as the report rejects names it
-- filter: load_balancer    @request,connection,nlb_tls,health_check only of this load balancer, as the log writes it
-- filter: target_group     @request,health_check only of the target group of this name
-- filter: target_group_arn @request only of this target group
-- filter: target           @request,health_check address:port only to this target
-- filter: node             @request,connection,health_check address only of this balancer node
-- filter: client           @request,connection,nlb_tls address only of this client address
-- filter: network          @request only of this network of clients, /24 of IPv4 or /48 of IPv6
-- filter: route            @request only with this path, as the report routes writes it
-- filter: port             @connection,nlb_tls number only of this listener port
-- filter: status           @request number only with this status code of the balancer
-- filter: target_status    @request number only with this status code of the target
-- filter: wall             @request 10s|60s only those that ended at this wall
--
-- column: time               time    everyone
-- column: log                text    programs
-- column: load_balancer      text    everyone  load balancer
-- column: target_group       text    programs
-- column: target             text    everyone
-- column: client             text    everyone
-- column: reason             text    everyone
-- column: reason_class       text    programs
-- column: reason_source      text    programs
-- column: elb_status_code    integer everyone  elb
-- column: target_status_code integer everyone  target status
-- column: object_uri         text    everyone  object
-- column: line_no            integer everyone  line
-- column: raw                line    everyone  entry
--
WITH
connecting AS MATERIALIZED ( -- of connections that went well only where they arrived
	SELECT load_balancer, listener_port, tls_protocol IS NOT NULL AS tls,
		CASE WHEN tls_verify_status LIKE 'Failed:%' THEN substr(tls_verify_status, 8) END AS code,
		timestamp, client_ip, node, object_id, object_uri, line_no,
		CASE WHEN tls_protocol IS NULL OR tls_verify_status LIKE 'Failed:%' THEN raw END AS raw
	FROM connection WHERE $log = 'connection'
),
lines AS NOT MATERIALIZED ( -- counted without their texts, and only those that are shown with them
	SELECT time, elb AS load_balancer, target_group, target, client_ip AS client, reason, reason_class, reason_source,
		elb_status_code, target_status_code, 'request' AS log, object_id, object_uri, line_no, raw
	FROM failure
	WHERE coalesce($log, 'request') = 'request'
		AND list_contains($classes, reason_class)
		AND ($reason IS NULL OR reason = $reason)
		AND ($reason_source IS NULL OR reason_source = $reason_source)
		AND ($load_balancer IS NULL OR coalesce(elb, '-') = $load_balancer)
		AND ($target_group IS NULL OR coalesce(target_group, '-') = $target_group)
		AND ($target_group_arn IS NULL OR coalesce(target_group_arn, '-') = $target_group_arn)
		AND ($target IS NULL OR coalesce(target, '-') = $target OR regexp_full_match(target, $target_spelled))
		AND ($node IS NULL OR coalesce(node, '-') = $node OR regexp_full_match(node, $node_spelled))
		AND ($client IS NULL OR coalesce(client_ip, '-') = $client OR regexp_full_match(client_ip, $client_spelled))
		AND ($network IS NULL OR coalesce(client_net, '-') = $network)
		AND ($route IS NULL OR coalesce(route, '-') = $route)
		AND ($status IS NULL OR coalesce(elb_status_code::VARCHAR, '-') = $status)
		AND ($target_status IS NULL OR coalesce(target_status_code::VARCHAR, '-') = $target_status)
		AND ($wall IS NULL OR $wall = '10s' AND duration >= 10 AND duration < 10.5 OR $wall = '60s' AND duration >= 60 AND duration < 61)
	UNION ALL BY NAME
	SELECT timestamp AS time, load_balancer, client_ip AS client,
		coalesce(code, 'TLS_Handshake_Failed') AS reason,
		CASE WHEN code IS NULL THEN 'derived' ELSE 'logged' END AS reason_source, 'connection' AS log,
		object_id, object_uri, line_no, raw
	FROM connecting
	WHERE (code IS NOT NULL OR (load_balancer, listener_port) IN (SELECT (load_balancer, listener_port) FROM connecting WHERE tls))
		AND raw IS NOT NULL
		AND ($reason IS NULL OR coalesce(code, 'TLS_Handshake_Failed') = $reason)
		AND ($reason_source IS NULL OR CASE WHEN code IS NULL THEN 'derived' ELSE 'logged' END = $reason_source)
		AND ($node IS NULL OR coalesce(node, '-') = $node OR regexp_full_match(node, $node_spelled))
		AND ($load_balancer IS NULL OR coalesce(load_balancer, '-') = $load_balancer)
		AND ($port IS NULL OR coalesce(listener_port::VARCHAR, '-') = $port)
		AND ($client IS NULL OR coalesce(client_ip, '-') = $client OR regexp_full_match(client_ip, $client_spelled))
	UNION ALL BY NAME
	SELECT time, load_balancer, client_ip AS client,
		CASE WHEN incoming_tls_alert IS NULL THEN 'TLS_Handshake_Failed' ELSE 'TLS_Alert_' || incoming_tls_alert END AS reason,
		CASE WHEN incoming_tls_alert IS NULL THEN 'derived' ELSE 'logged' END AS reason_source, 'nlb_tls' AS log,
		object_id, object_uri, line_no, raw
	FROM nlb_tls
	WHERE $log = 'nlb_tls' AND tls_handshake_time IS NULL
		AND ($reason IS NULL OR reason = $reason)
		AND ($reason_source IS NULL OR reason_source = $reason_source)
		AND ($load_balancer IS NULL OR coalesce(load_balancer, '-') = $load_balancer)
		AND ($port IS NULL OR coalesce(destination_port::VARCHAR, '-') = $port)
		AND ($client IS NULL OR coalesce(client_ip, '-') = $client OR regexp_full_match(client_ip, $client_spelled))
	UNION ALL BY NAME
	SELECT time, load_balancer, target_group, target, reason_code AS reason, 'logged' AS reason_source, 'health_check' AS log,
		status_code::INTEGER AS target_status_code, object_id, object_uri, line_no, raw
	FROM health_check
	WHERE $log = 'health_check' AND status = 'FAIL'
		AND ($reason IS NULL OR coalesce(reason_code, '-') = $reason)
		AND ($load_balancer IS NULL OR coalesce(load_balancer, '-') = $load_balancer)
		AND ($target_group IS NULL OR coalesce(target_group, '-') = $target_group)
		AND ($target IS NULL OR coalesce(target, '-') = $target OR regexp_full_match(target, $target_spelled))
		AND ($node IS NULL OR coalesce(node, '-') = $node OR regexp_full_match(node, $node_spelled))
	UNION ALL BY NAME
	SELECT cause AS reason, kind AS log, object_id, object_uri, line_no, raw
	FROM reject
	WHERE $log = 'reject' AND ($reason IS NULL OR cause = $reason) AND ($kind IS NULL OR kind = $kind)
)
SELECT *, (SELECT count(*) FROM lines) AS all_rows
FROM lines
ORDER BY time, object_id, line_no
LIMIT CASE WHEN $max_rows > 0 THEN $max_rows ELSE 9223372036854775807 END;
