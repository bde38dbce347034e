-- report: rejects
-- version: 1
-- about: Damaged lines of all logs by what is wrong with them. Where the first of each stands is told.
-- rows: row rows
-- empty: no damaged lines
--
-- dimension: log    log
-- dimension: cause  cause
-- dimension: object object_uri
-- dimension: window window_start
-- default: log cause
-- narrow: sample objects first_line first_object log
--
-- column: window_start time    everyone  window
-- column: log          text    everyone
-- column: cause        text    everyone
-- column: object_uri   text    everyone  object
-- column: lines        count   everyone
-- column: objects      count   everyone
-- column: first_object text    everyone  first in
-- column: first_line   integer everyone  first line
-- column: sample       text    everyone  begins
--
-- A damaged line's own time cannot be trusted. Its window is the one in which the
-- last five minutes of its object's interval begin, as coverage has it, and NULL
-- where the object's name tells no interval. Of an object that reaches out of what
-- was asked for all damaged lines count, so windows may lie beside it. raw cannot
-- ask for the lines of one of them.
WITH
placed AS (
	SELECT object_id, epoch_us(interval_end) - 300000000 AS start FROM object
),
grouped AS (
	SELECT {
			window_start: CASE WHEN list_contains($by, 'window') THEN make_timestamp(start - start % $window_us) END,
			log: CASE WHEN list_contains($by, 'log') THEN kind END,
			cause: CASE WHEN list_contains($by, 'cause') THEN cause END,
			object_uri: CASE WHEN list_contains($by, 'object') THEN object_uri END
		} AS key,
		count(*) AS lines, count(DISTINCT object_id) AS objects,
		arg_min({uri: object_uri, line: line_no, raw: raw[:80]}, {object: object_id, line: line_no}) AS first
	FROM reject LEFT JOIN placed USING (object_id) GROUP BY ALL
),
ranked AS (
	SELECT *, count(*) OVER () AS all_rows, row_number() OVER (ORDER BY lines DESC, key) AS rank
	FROM grouped
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT unnest(key), lines, objects, first.uri AS first_object, first.line AS first_line, first.raw AS sample, all_rows,
	CASE WHEN NOT list_contains($by, 'object') AND NOT list_contains($by, 'window') THEN MAP {'log': 'reject', 'kind': key.log, 'reason': key.cause} END AS drill,
	lines AS drill_rows
FROM ranked
ORDER BY key.window_start, rank;
