-- report: tls
-- version: 1
-- about: Connections that failed before a request, by cause. TLS handshakes and client certificates, of application and network load balancers.
-- rows: cause causes
-- empty: no connection failed, as far as is known: at a port where none spoke TLS, all may be plain HTTP or all have failed
--
-- dimension: window        window_start
-- dimension: cause         cause cause_source
-- dimension: log           log
-- dimension: load_balancer load_balancer
-- dimension: port          listener_port
-- dimension: protocol      tls_protocol
-- dimension: client        client
-- default: log cause
-- narrow: cause_source last_seen first_seen share connections load_balancer log
--
-- column: window_start     time    everyone  window
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: listener_port integer everyone  port
-- column: client        text    everyone
-- column: tls_protocol  text    everyone  protocol
-- column: cause         text    everyone
-- column: cause_source  text    everyone  source
-- column: failures      count   everyone
-- column: share         ratio   people
-- column: connections   count   everyone
-- column: failure_rate  ratio   everyone  rate
-- column: clients       count   everyone
-- column: first_seen    time    everyone  first
-- column: last_seen     time    everyone  last
--
-- AWS logs the causes of rejected client certificates, and the alert that a client
-- of a network load balancer sent. TLS_Handshake_Failed is derived: no protocol was
-- agreed upon at a port where other connections of the window have one. Where none has
-- one, a warning names the ports; at 80 that is plain HTTP.
-- connections are all with the row's log, load balancer, port and client, if it is divided by them.
-- raw, asked for one window_start, sees no other connections of a port than those of that
-- time, so it cannot ask for derived causes of one.
WITH
connecting AS ( -- everything that a connection can tell, counted at once
	SELECT 'connection' AS log, load_balancer AS elb, listener_port::VARCHAR AS port, tls_protocol AS protocol,
		CASE WHEN tls_verify_status LIKE 'Failed:%' THEN substr(tls_verify_status, 8) END AS code,
		CASE WHEN tls_verify_status LIKE 'Failed:%' OR tls_protocol IS NULL OR list_contains($by, 'client') THEN client_ip END AS client,
		tls_protocol IS NULL AS without,
		CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(timestamp) - epoch_us(timestamp) % $window_us) END AS window_start,
		count(*) AS n, min(timestamp) AS first_seen, max(timestamp) AS last_seen
	FROM connection GROUP BY ALL
	UNION ALL
	SELECT 'nlb_tls', load_balancer, destination_port::VARCHAR, tls_protocol_version,
		CASE WHEN tls_handshake_time IS NULL AND incoming_tls_alert IS NOT NULL THEN 'TLS_Alert_' || incoming_tls_alert END,
		CASE WHEN tls_handshake_time IS NULL OR list_contains($by, 'client') THEN client_ip END,
		tls_handshake_time IS NULL,
		CASE WHEN list_contains($by, 'window') THEN make_timestamp(epoch_us(time) - epoch_us(time) % $window_us) END,
		count(*), min(time), max(time)
	FROM nlb_tls GROUP BY ALL
),
seen AS MATERIALIZED (
	SELECT *,
		coalesce(code, CASE WHEN without AND (log = 'nlb_tls' OR spoken) THEN 'TLS_Handshake_Failed' END) AS named,
		CASE WHEN code IS NULL THEN 'derived' ELSE 'logged' END AS source
	FROM (SELECT *, bool_or(NOT without) OVER (PARTITION BY log, elb, port) AS spoken FROM connecting)
),
untold AS ( -- ports of which nothing is known
	SELECT list(n || CASE n WHEN 1 THEN ' connection' ELSE ' connections' END || ' at port ' || coalesce(port, '-') || ' of ' || coalesce(elb, '-') ORDER BY n DESC, elb, port) AS ports
	FROM (SELECT elb, port, sum(n)::BIGINT AS n FROM seen WHERE log = 'connection' AND NOT spoken AND code IS NULL AND port IS DISTINCT FROM '80' GROUP BY elb, port)
),
keyed AS (
	SELECT {
			window_start: window_start,
			log: CASE WHEN list_contains($by, 'log') THEN log END,
			load_balancer: CASE WHEN list_contains($by, 'load_balancer') THEN elb END,
			port: CASE WHEN list_contains($by, 'port') THEN port END,
			client: CASE WHEN list_contains($by, 'client') THEN client END
		} AS way,
		CASE WHEN list_contains($by, 'protocol') THEN protocol END AS tls_protocol,
		CASE WHEN list_contains($by, 'cause') THEN named END AS cause,
		CASE WHEN list_contains($by, 'cause') THEN source END AS cause_source, *
	FROM seen
),
passing AS (SELECT way, sum(n)::BIGINT AS connections FROM keyed GROUP BY way),
failing AS (
	SELECT way, tls_protocol, cause, cause_source, sum(n)::BIGINT AS failures, count(DISTINCT client) AS clients,
		min(first_seen) AS first_seen, max(last_seen) AS last_seen
	FROM keyed WHERE named IS NOT NULL GROUP BY way, tls_protocol, cause, cause_source
),
ranked AS (
	SELECT *, sum(failures) OVER () AS all_failures, count(*) OVER () AS all_rows,
		row_number() OVER (ORDER BY failures DESC, way, cause, tls_protocol, cause_source) AS rank
	FROM failing
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT way.window_start AS window_start, way.log AS log, way.load_balancer AS load_balancer, way.port::BIGINT AS listener_port, way.client AS client, tls_protocol,
	cause, cause_source, failures, failures / all_failures AS share, connections, failures / connections AS failure_rate,
	clients, first_seen, last_seen, all_rows,
	CASE WHEN list_contains($by, 'log') AND NOT list_contains($by, 'protocol')
		AND (NOT list_contains($by, 'window') OR way.log = 'nlb_tls' OR cause_source = 'logged') THEN MAP {
		'since': CASE WHEN way.window_start IS NOT NULL THEN strftime(greatest(way.window_start, make_timestamp($since_us)), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'until': CASE WHEN way.window_start IS NOT NULL THEN strftime(least(make_timestamp(epoch_us(way.window_start) + $window_us), make_timestamp(nullif($until_us, 0))), '%Y-%m-%dT%H:%M:%S.%fZ') END,
		'log': way.log,
		'reason': cause,
		'load_balancer': CASE WHEN list_contains($by, 'load_balancer') THEN coalesce(way.load_balancer, '-') END,
		'port': CASE WHEN list_contains($by, 'port') THEN coalesce(way.port, '-') END,
		'client': CASE WHEN list_contains($by, 'client') THEN coalesce(way.client, '-') END
	} END AS drill,
	failures AS drill_rows,
	'at a port where none spoke TLS all may be plain HTTP or all have failed, and none is counted as failed: ' || array_to_string(ports[:3], ', ')
		|| CASE WHEN len(ports) > 3 THEN ', and ' || len(ports) - 3 || ' more' ELSE '' END AS warning
FROM untold LEFT JOIN (ranked JOIN passing USING (way)) ON true
ORDER BY way.window_start, rank;
