-- report: rejects
-- version: 1
-- about: Damaged lines by what is wrong with them, in all logs, and where the first of each stands.
-- rows: row rows
-- empty: no damaged lines
--
-- dimension: log    log
-- dimension: cause  cause
-- dimension: object object_uri
-- default: log cause
-- narrow: sample objects first_line first_object log
--
-- column: log          text    everyone
-- column: cause        text    everyone
-- column: object_uri   text    everyone  object
-- column: lines        count   everyone
-- column: objects      count   everyone
-- column: first_object text    everyone  first in
-- column: first_line   integer everyone  line
-- column: sample       text    everyone  begins
WITH
grouped AS (
	SELECT {
			log: CASE WHEN list_contains($by, 'log') THEN kind END,
			cause: CASE WHEN list_contains($by, 'cause') THEN cause END,
			object_uri: CASE WHEN list_contains($by, 'object') THEN object_uri END
		} AS key,
		count(*) AS lines, count(DISTINCT object_id) AS objects,
		arg_min({uri: object_uri, line: line_no, raw: raw[:80]}, {object: object_id, line: line_no}) AS first
	FROM reject GROUP BY ALL
),
ranked AS (
	SELECT *, count(*) OVER () AS all_rows, row_number() OVER (ORDER BY lines DESC, key) AS rank
	FROM grouped
	QUALIFY $max_rows = 0 OR rank <= $max_rows
)
SELECT unnest(key), lines, objects, first.uri AS first_object, first.line AS first_line, first.raw AS sample, all_rows,
	CASE WHEN NOT list_contains($by, 'object') THEN MAP {'log': 'reject', 'kind': key.log, 'reason': key.cause} END AS drill,
	lines AS drill_rows
FROM ranked
ORDER BY rank;
