package query

// schema holds the relations that are plain tables. Times are UTC.
const schema = `
CREATE TABLE object (
	object_id        INTEGER,
	uri              VARCHAR,
	etag             VARCHAR,
	size             BIGINT,    -- stored bytes, NULL if not known
	kind             VARCHAR,
	load_balancer    VARCHAR,   -- by the object's name
	interval_end     TIMESTAMP,
	node_ip          VARCHAR,
	lines            BIGINT,    -- lines = parsed + rejected + skipped
	parsed           BIGINT,
	rejected         BIGINT,
	skipped          BIGINT,    -- outside the window or of another load balancer
	extended         BIGINT,    -- parsed entries with fields that this version does not know
	bytes_compressed BIGINT,
	bytes            BIGINT,
	status           VARCHAR,   -- ok, failed, other_kind
	error            VARCHAR,
	warning          VARCHAR
);
CREATE TABLE traffic (       -- requests by minute and route; several rows may share a key
	minute           TIMESTAMP,
	load_balancer    VARCHAR,
	target_group_arn VARCHAR,
	target           VARCHAR,
	requests         BIGINT,
	failures_target  BIGINT,
	failures_balancer BIGINT,
	failures_lambda  BIGINT,
	failures_client  BIGINT,
	failures_policy  BIGINT,
	failures_unknown BIGINT,
	status_none      BIGINT,    -- no balancer status, or 000
	status_1xx       BIGINT,
	status_2xx       BIGINT,
	status_3xx       BIGINT,
	status_4xx       BIGINT,
	status_5xx       BIGINT,
	received_bytes   BIGINT,
	sent_bytes       BIGINT
);
CREATE TABLE failure_minute ( -- failures by minute and all that a report divides by but the client; several rows may share a key
	minute             TIMESTAMP,
	elb                VARCHAR,
	target_group       VARCHAR,
	target_group_arn   VARCHAR,
	target             VARCHAR,
	node               VARCHAR,
	elb_status_code    INTEGER,
	target_status_code INTEGER,
	reason             VARCHAR,
	reason_class       VARCHAR,
	reason_source      VARCHAR,
	failures           BIGINT,
	first_seen         TIMESTAMP,
	last_seen          TIMESTAMP
);`
