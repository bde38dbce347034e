package query

// ledger holds the tables that say what an answer rests on. Times are UTC.
const ledger = `
CREATE TABLE object_read (
	object_id        INTEGER,
	identity         VARCHAR,   -- the bucket and key, or the real path
	uri              VARCHAR,
	etag             VARCHAR,
	size             BIGINT,    -- stored bytes, NULL if not known
	named_kind       VARCHAR,   -- by the object's name, NULL if AWS did not write it
	load_balancer    VARCHAR,   -- by the object's name
	interval_end     TIMESTAMP,
	node             VARCHAR,
	modified         TIMESTAMP, -- when it was delivered
	bytes_compressed BIGINT,
	bytes            BIGINT,
	status           VARCHAR,   -- ok, failed
	error            VARCHAR,
	warning          VARCHAR
);
CREATE TABLE listing (       -- what was found, read or not
	object_id        INTEGER,
	uri              VARCHAR,
	size             BIGINT,
	kind             VARCHAR,   -- by the object's name, NULL if AWS did not write it
	load_balancer    VARCHAR,
	interval_end     TIMESTAMP,
	node             VARCHAR,
	modified         TIMESTAMP
);
CREATE TABLE accounting (    -- lines = parsed + rejected + skipped
	object_id        INTEGER,
	kind             VARCHAR,
	lines            BIGINT,
	parsed           BIGINT,
	rejected         BIGINT,
	skipped          BIGINT,    -- outside the window, of another load balancer, or of a log that was not asked for
	extended         BIGINT     -- parsed entries with fields that this version does not know
);`

// counted holds the tables that requests are counted in.
const counted = `
CREATE TABLE traffic (       -- requests by minute (or what a grain makes of it) and route; several rows may share a key
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
	sent_bytes       BIGINT,
	first_seen       TIMESTAMP,
	last_seen        TIMESTAMP,
	latency_us       BIGINT[],   -- target_processing_time: the middle of a bucket, at most 1.6 % off,
	latency_requests UINTEGER[]  -- and how many requests took so long
);
CREATE TABLE node_minute (   -- requests by minute and balancer node; several rows may share a key
	minute           TIMESTAMP,
	load_balancer    VARCHAR,
	node             VARCHAR,
	requests         BIGINT,
	failures_target  BIGINT,
	failures_balancer BIGINT,
	failures_lambda  BIGINT,
	failures_client  BIGINT,
	failures_policy  BIGINT,
	failures_unknown BIGINT
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
	last_seen          TIMESTAMP,
	wall_10s           BIGINT,  -- failures that ended 10 to 10.5 s after the request's creation,
	wall_60s           BIGINT   -- and 60 to 61 s after it; NULL where no line tells of its creation
);`

// perObject is what the counts have beside that if they are to be kept: the object
// they come from. entry_minute says how many entries there are of each.
const perObject = `
ALTER TABLE traffic ADD COLUMN object_id INTEGER;
ALTER TABLE node_minute ADD COLUMN object_id INTEGER;
ALTER TABLE failure_minute ADD COLUMN object_id INTEGER;
CREATE TABLE entry_minute (
	minute        TIMESTAMP,
	kind          VARCHAR,
	load_balancer VARCHAR,  -- as the entries have it
	parsed        BIGINT,
	extended      BIGINT,
	object_id     INTEGER
);`

// objectView is the ledger as statements see it.
const objectView = `
CREATE VIEW object AS
SELECT object_id, uri, etag, size, coalesce(named_kind, kind) AS kind, load_balancer, interval_end, node, modified,
	coalesce(lines, 0)::BIGINT AS lines, coalesce(parsed, 0)::BIGINT AS parsed, coalesce(rejected, 0)::BIGINT AS rejected,
	coalesce(skipped, 0)::BIGINT AS skipped, coalesce(extended, 0)::BIGINT AS extended,
	bytes_compressed, bytes, status, error, warning
FROM object_read
LEFT JOIN (
	SELECT object_id, arg_max(kind, (lines, kind)) AS kind, sum(lines) AS lines, sum(parsed) AS parsed,
		sum(rejected) AS rejected, sum(skipped) AS skipped, sum(extended) AS extended
	FROM accounting GROUP BY object_id
) USING (object_id);`

// latencyView takes the histograms apart.
const latencyView = `
CREATE VIEW latency AS -- answered requests by how long the target took
SELECT minute, load_balancer, target_group_arn, target, seconds / 1e6 AS seconds, requests
FROM (SELECT minute, load_balancer, target_group_arn, target, unnest(latency_us) AS seconds, unnest(latency_requests) AS requests FROM traffic);`
