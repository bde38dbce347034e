package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
)

// hostile are statements that must not run. CANARY is a file that they would
// read, and MADE one that they would write.
var hostile = []string{
	// No SELECT.
	"", ";", "-- nothing", "SET threads = 1", "PRAGMA version", "PRAGMA table_info('failure')", "CALL pragma_version()",
	"EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "COPY (SELECT 1) TO 'MADE'", "COPY traffic FROM 'CANARY'", "COPY failure TO 'MADE'",
	"CREATE TABLE x AS SELECT 1", "CREATE TEMP VIEW x AS SELECT 1", "CREATE MACRO upper(x) AS getenv(x)", "CREATE SECRET s (TYPE s3)",
	"INSERT INTO traffic SELECT 1", "DELETE FROM traffic", "UPDATE traffic SET requests = 0", "TRUNCATE traffic", "DROP TABLE traffic",
	"MERGE INTO traffic USING traffic t ON true WHEN MATCHED THEN DELETE", "ATTACH 'MADE'", "DETACH memory", "USE memory",
	"INSTALL httpfs", "LOAD httpfs", "PREPARE x AS SELECT 1", "EXECUTE x", "DEALLOCATE x", "BEGIN", "COMMIT", "CHECKPOINT", "VACUUM", "ANALYZE",
	"EXPORT DATABASE 'MADE'", "IMPORT DATABASE 'CANARY'", "SET VARIABLE x = 1", "RESET threads", "COMMENT ON TABLE traffic IS 'x'",
	"SELECT 1; SELECT 2", "SELECT 1; DROP TABLE traffic", "SELECT 1;; COPY (SELECT 1) TO 'MADE'", "SELECT 1\x00; DROP TABLE traffic",
	"SELECT 1 INTO x", "WITH x AS (INSERT INTO traffic SELECT 1) FROM x", "WITH x AS (DELETE FROM traffic RETURNING *) FROM x",
	"PIVOT failure ON reason USING count(*)", "SELECT $1", "SELECT ?", "SELECT $1, $a",
	// Names in FROM.
	"FROM 'CANARY'", `FROM "CANARY"`, `SELECT * FROM failure, "CANARY"`, "FROM $$CANARY$$", "SUMMARIZE 'CANARY'", "DESCRIBE 'CANARY'",
	"TABLE sqlite_master", "FROM sqlite_master", "FROM duckdb_settings", "FROM duckdb_secrets", "FROM pg_catalog.pg_tables",
	"FROM information_schema.tables", "FROM system.information_schema.tables", "FROM main.failure", "FROM memory.main.failure", "FROM temp.failure",
	"FROM object_read", "FROM failure AT (VERSION => 1)", "FROM failure f, f.elb", "SHOW", "SHOW TABLES", "SHOW ALL TABLES", "SHOW DATABASES",
	"SHOW TABLES FROM memory", "SHOW sqlite_master", "DESCRIBE", "DESCRIBE sqlite_master", "FROM (SHOW TABLES)", "FROM (DESCRIBE sqlite_master)",
	"SELECT 1 WHERE EXISTS (FROM sqlite_master)", "SELECT 1 IN (SELECT rootpage FROM sqlite_master)", "SELECT ARRAY(SELECT name FROM sqlite_master)",
	"SELECT COLUMNS('x') FROM sqlite_master", "FROM failure SEMI JOIN sqlite_master ON true", "FROM failure POSITIONAL JOIN sqlite_master",
	"FROM failure, LATERAL (SELECT name FROM sqlite_master)", "SELECT 1 LIMIT (SELECT count(*) FROM sqlite_master)",
	"FROM query('SELECT 1')", "FROM query_table('failure')", "FROM query_table(['CANARY'])", "FROM json_execute_serialized_sql('{}')",
	// Names of WITH that do not reach so far.
	"WITH sqlite_master AS (FROM sqlite_master) FROM sqlite_master", "WITH RECURSIVE sqlite_master AS (FROM sqlite_master) FROM sqlite_master",
	"WITH RECURSIVE sqlite_master AS (FROM sqlite_master UNION ALL FROM sqlite_master) FROM sqlite_master",
	"WITH RECURSIVE sqlite_master AS (SELECT (SELECT count(*) FROM sqlite_master) AS n UNION ALL SELECT n FROM sqlite_master WHERE false) FROM sqlite_master",
	"WITH RECURSIVE sqlite_master(a, b, c, d, e) USING KEY (a) AS (FROM sqlite_master UNION FROM sqlite_master) FROM sqlite_master",
	"WITH RECURSIVE sqlite_master AS (SELECT 1 AS n UNION ALL SELECT n FROM recurring.sqlite_master) FROM sqlite_master",
	"WITH a AS (FROM sqlite_master), sqlite_master AS (SELECT 1) FROM a", "WITH RECURSIVE a AS (FROM sqlite_master), sqlite_master AS (SELECT 1) FROM a",
	"WITH a AS (WITH sqlite_master AS (SELECT 1) FROM sqlite_master) FROM a, sqlite_master",
	"(WITH sqlite_master AS (SELECT 1) FROM sqlite_master) UNION ALL SELECT name FROM sqlite_master",
	"SELECT (WITH sqlite_master AS (SELECT 1) SELECT 2), name FROM sqlite_master", "WITH sqlite_master AS (SELECT 1) FROM main.sqlite_master",
	"WITH \"K.csv\" AS (SELECT 1) FROM \"\u212a.csv\"", "WITH \"\u212a.csv\" AS (SELECT 1) FROM \"k.csv\"", "FROM \"health_chec\u212a\"",
	"SELECT {'cte_name': 'sqlite_master', 'n': (SELECT count(*) FROM sqlite_master)}",
	// Functions.
	"SELECT getenv('HOME')", `SELECT "getenv"('HOME')`, "SELECT GetEnv('HOME')", "SELECT system.main.getenv('HOME')", "SELECT ('HOME').getenv()",
	"SELECT elb.getenv() FROM failure", "SELECT current_setting('threads')", "SELECT system.main.current_setting('threads')",
	"SELECT getvariable('x')", "SELECT nextval('x')", "SELECT currval('x')", "SELECT write_log('x')", "SELECT sleep_ms(9999)", "SELECT pg_sleep(9)",
	"SELECT setseed(0.5)", "SELECT version()", "SELECT current_query()", "SELECT txid_current()", "SELECT current_database()", "SELECT get_block_size('memory')",
	"SELECT pg_get_viewdef(1)", "SELECT pg_catalog.format_type(1, 2)", "SELECT json_serialize_plan('SELECT 1')", "SELECT json_deserialize_sql('{}')",
	"SELECT list_transform(['HOME'], x -> getenv(x))", "SELECT list_transform(['HOME'], lambda x: getenv(x))", "SELECT [getenv(x) FOR x IN ['HOME']]",
	"SELECT COLUMNS(c -> getenv(c) = '') FROM failure", "SELECT * REPLACE (getenv('HOME') AS elb) FROM failure", "SELECT 1 ORDER BY getenv('a')",
	"SELECT 1 LIMIT getenv('x')", "SELECT 1 OFFSET getenv('x')", "SELECT DISTINCT ON (getenv('x')) 1", "SELECT 1 GROUP BY getenv('x')",
	"SELECT 1 HAVING getenv('x') = ''", "SELECT 1 QUALIFY row_number() OVER (ORDER BY getenv('x')) = 1",
	"SELECT sum(1) OVER w FROM failure WINDOW w AS (PARTITION BY getenv('x'))", "SELECT sum(1) FILTER (WHERE getenv('x') = '') FROM failure",
	"SELECT string_agg('a' ORDER BY getenv('x')) FROM failure", "VALUES (getenv('x'))", "FROM failure JOIN failure f ON getenv('x') = ''",
	"FROM failure PIVOT (min(getenv('HOME')) FOR reason IN ('a'))", "FROM range(getenv('x')::INT)", "SELECT 1 AT TIME ZONE getenv('x')",
	"DESCRIBE SELECT getenv('HOME')", "SUMMARIZE SELECT getenv('HOME')", "FROM unnest([getenv('HOME')])",
}

// TestCheckRefuses: no hostile statement is run, and the answer says why.
func TestCheckRefuses(t *testing.T) {
	s := loaded(t, "../testdata/logs/reasons.log")
	dir := t.TempDir()
	canary, made := filepath.Join(dir, "canary.csv"), filepath.Join(dir, "made")
	if err := os.WriteFile(canary, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(hostile) < 80 {
		t.Fatalf("%d statements", len(hostile))
	}
	replace := strings.NewReplacer("CANARY", canary, "MADE", made)
	for _, text := range hostile {
		var rows texts
		_, err := s.Ask(context.Background(), replace.Replace(text), nil, &rows)
		var refused *StatementError
		if !errors.As(err, &refused) || refused.Reason == "" || len(rows) > 0 {
			t.Errorf("%q: %v, rows %q", text, err, rows)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want the canary alone", entries, err)
	}
	if n := s.lines(t, "SELECT count(*)::VARCHAR FROM traffic"); n[0] == "0" {
		t.Error("traffic is empty")
	}
}

// asking opens a store that has read nothing yet.
func asking(t *testing.T, files ...string) *Store {
	t.Helper()
	return askingInto(t, "", files...)
}

// askingInto is asking for a store that may export to a folder.
func askingInto(t *testing.T, out string, files ...string) *Store {
	t.Helper()
	ctx := context.Background()
	sources, err := ingest.NewSources(files, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, t.TempDir(), Input{Sources: sources, Workers: 2, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// texts is a sink of rows as text.
type texts []string

func (t *texts) Begin([]Column) error { *t = nil; return nil }

func (t *texts) Row(row []any) error {
	*t = append(*t, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
	return nil
}

func (s *Store) check(text string) (*statement, error) {
	return checkStatement(context.Background(), s.conn, text, Relations())
}

// TestCheckEveryFunction: of all that the engine has, what reads anything but its
// arguments is refused, and what is allowed exists and means one thing.
func TestCheckEveryFunction(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	const quoted = `SELECT DISTINCT '"' || replace(function_name, '"', '""') || '"' FROM duckdb_functions() WHERE function_type `
	tables := s.lines(t, quoted+"IN ('table', 'table_macro', 'pragma')")
	if len(tables) < 80 {
		t.Fatalf("%d table functions", len(tables))
	}
	for _, name := range tables {
		if tableFunctions[strings.Trim(name, `"`)] {
			continue
		}
		for _, form := range []string{"FROM %s()", "FROM %s('x')", "SELECT (SELECT count(*) FROM %s('x'))", "WITH a AS (FROM main.%s('x')) FROM a", "DESCRIBE FROM %s('x')", "FROM failure, %s(elb)"} {
			if _, err := s.check(fmt.Sprintf(form, name)); err == nil {
				t.Errorf("accepted: "+form, name)
			}
		}
	}
	for _, name := range s.lines(t, quoted+"NOT IN ('table', 'table_macro', 'pragma')") {
		bare := lower(strings.Trim(name, `"`))
		for _, form := range []string{"SELECT %s('x')", "SELECT system.main.%s('x')", "SELECT elb.%s() FROM failure", "SELECT %s('x') OVER ()"} {
			if _, err := s.check(fmt.Sprintf(form, name)); err == nil && !allowed[bare] && !tableFunctions[bare] {
				t.Errorf("accepted: "+form, name)
			}
		}
	}
	known := s.lines(t, "SELECT DISTINCT lower(function_name) FROM duckdb_functions()")
	for name := range allowed {
		if !slices.Contains(known, name) {
			t.Errorf("functions.txt: the engine has no %s", name)
		}
	}
	for _, name := range s.lines(t, "SELECT function_name FROM duckdb_functions() GROUP BY ALL HAVING count(DISTINCT (database_name, schema_name)) > 1") {
		if allowed[name] {
			t.Errorf("functions.txt: %s means several things", name)
		}
	}
	for _, name := range strings.Fields("getenv current_setting getvariable nextval currval setseed write_log sleep_ms pg_sleep version current_query " +
		"current_database current_schema current_schemas current_connection_id current_query_id current_transaction_id txid_current in_search_path " +
		"get_block_size pg_get_viewdef json_serialize_plan json_serialize_sql json_deserialize_sql query query_table read_text read_blob read_csv glob " +
		"parse_duckdb_log_message stats cast_to_type make_type create_sort_key finalize combine uuid gen_random_uuid random error") {
		if allowed[name] || tableFunctions[name] {
			t.Errorf("%s is allowed", name)
		}
	}
	// A macro is no more than what it is made of.
	for _, line := range s.lines(t, "SELECT function_name || ' ' || macro_definition FROM duckdb_functions() WHERE macro_definition LIKE '%FROM%' OR macro_definition LIKE '%sleep%' OR macro_definition LIKE '%current_%()'") {
		if name, _, _ := strings.Cut(line, " "); allowed[name] && name != "histogram" { // whose macro stands in FROM only
			t.Errorf("the macro %s is allowed", line)
		}
	}
}

// good are statements as people write them.
var good = []string{
	"SELECT count(*) FROM request", "select reason, count(*) as n from failure group by all order by n desc limit 10",
	"FROM failure LIMIT 5", "TABLE traffic", "DESCRIBE failure", "describe request;", "SUMMARIZE traffic", "FROM (DESCRIBE object)", "SHOW failure",
	"SELECT 1 -- a comment\n;", "describe failure; -- a comment", "summarize traffic /* of ; all */ ; /* x */ -- y", "/* top */ SELECT elb FROM request /* of all */ LIMIT 1", "SELECT 1;;",
	"SELECT date_trunc('minute', time) AS minute, count(*) FROM request GROUP BY minute ORDER BY minute",
	"SELECT time_bucket(INTERVAL '5 minutes', time) AS t, count(*) FILTER (WHERE elb_status_code >= 500) AS bad, count(*) AS n, bad / n AS rate FROM request GROUP BY t ORDER BY t",
	"SELECT quantile_cont(target_processing_time, [0.5, 0.9, 0.99]) FROM request", "SELECT approx_quantile(duration, 0.99), median(duration), max(duration) FROM request",
	"SELECT client_ip, count(*) FROM request GROUP BY ALL HAVING count(*) > 1 ORDER BY 2 DESC", "SELECT DISTINCT elb FROM request",
	"SELECT DISTINCT ON (elb) elb, time FROM request ORDER BY elb, time DESC", "SELECT regexp_extract(request, '^(\\S+) (\\S+)', 2) FROM request LIMIT 3",
	"SELECT split_part(request, ' ', 1) AS verb, count(*) FROM request GROUP BY verb", "SELECT * FROM request WHERE user_agent ILIKE '%curl%' LIMIT 2",
	"SELECT * FROM request WHERE request SIMILAR TO 'GET.*' LIMIT 1", "SELECT * FROM request WHERE elb_status_code IN (502, 503, 504)",
	"SELECT * FROM request WHERE time BETWEEN '2026-10-07' AND TIMESTAMP '2026-10-08' LIMIT 1", "SELECT * FROM failure WHERE time > now() - INTERVAL 1 YEAR LIMIT 1",
	"SELECT max(time) - min(time) AS span FROM request", "SELECT age(max(time), min(time)) FROM request", "SELECT epoch(time), epoch_ms(time) FROM request LIMIT 1",
	"SELECT strftime(time, '%H:%M') AS t, count(*) FROM request GROUP BY t", "SELECT extract(hour FROM time) AS h, dayname(time), count(*) FROM request GROUP BY ALL",
	"SELECT time AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin' FROM failure LIMIT 1", "SELECT CASE WHEN elb_status_code < 500 THEN 'ok' ELSE 'bad' END AS s, count(*) FROM request GROUP BY s",
	"WITH f AS (SELECT * FROM failure WHERE reason_class = 'target') SELECT target, count(*) FROM f GROUP BY ALL",
	"WITH a AS (SELECT elb, count(*) AS n FROM request GROUP BY elb), b AS (SELECT elb, count(*) AS bad FROM failure GROUP BY elb) SELECT elb, n, bad, round(100 * bad / n, 2) AS pct FROM a LEFT JOIN b USING (elb) ORDER BY pct DESC",
	"WITH failure AS (FROM failure WHERE elb_status_code = 503) SELECT count(*) FROM failure",
	"WITH RECURSIVE m(t) AS (SELECT 1 UNION ALL SELECT t + 1 FROM m WHERE t < 5) SELECT t FROM m", "WITH x AS MATERIALIZED (FROM failure) SELECT count(*) FROM x a JOIN x b USING (object_id, line_no)",
	"SELECT *, row_number() OVER (PARTITION BY elb ORDER BY time) AS nth FROM failure QUALIFY nth = 1", "SELECT time, time - lag(time) OVER (ORDER BY time) AS gap FROM failure",
	"SELECT minute, sum(requests) OVER (ORDER BY minute ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) FROM traffic", "SELECT sum(requests) OVER w, avg(requests) OVER w FROM traffic WINDOW w AS (PARTITION BY load_balancer)",
	"SELECT elb, reason, count(*) FROM failure GROUP BY ROLLUP (elb, reason)", "SELECT elb, reason, grouping(elb), count(*) FROM failure GROUP BY GROUPING SETS ((elb), (reason), ())",
	"SELECT string_agg(DISTINCT reason, ', ' ORDER BY reason) FROM failure", "SELECT list(DISTINCT elb) FROM request", "SELECT arg_max(request, duration), max(duration) FROM request",
	"SELECT histogram(elb_status_code) FROM request", "SELECT mode(reason), any_value(elb) FROM failure", "SELECT unnest(['a', 'b']) AS x", "SELECT list_filter([1, 2, 3], x -> x > 1), [y * 2 FOR y IN [1, 2]]",
	"SELECT COLUMNS('.*_time') FROM request LIMIT 1", "SELECT * EXCLUDE (raw) FROM failure LIMIT 1", "SELECT * REPLACE (upper(elb) AS elb) FROM failure LIMIT 1", "SELECT elb.upper().lower() FROM failure LIMIT 1",
	"SELECT coalesce(target, '-'), nullif(elb_status_code, 0), ifnull(node, ''), if(elb_status_code = 502, 1, 0) FROM request LIMIT 1", "SELECT try_cast(elb_status_code AS VARCHAR), elb_status_code::TEXT FROM request LIMIT 1",
	"SELECT url_decode('%41'), md5('a'), sha256('a'), hex('a'), format('{:.1f}', 1.25), printf('%d', 3), lpad('a', 3, '0')", "SELECT format_bytes(sum(sent_bytes)::BIGINT), formatReadableSize(1), formatReadableDecimalSize(1) FROM request",
	"PIVOT failure ON elb_status_code IN (502, 503) USING count(*) GROUP BY elb", "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b", "SELECT g FROM generate_series(TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01 00:03', INTERVAL '1 minute') t(g)",
	"SELECT elb FROM request UNION SELECT load_balancer FROM traffic EXCEPT SELECT 'x'", "SELECT reason FROM failure INTERSECT SELECT reason FROM failure_minute", "SELECT * FROM failure f WHERE EXISTS (FROM reject r WHERE r.object_id = f.object_id) LIMIT 1",
	"SELECT count(*) FROM failure f JOIN object o USING (object_id)", "SELECT uri, lines, parsed + rejected + skipped = lines FROM object", "SELECT cause, count(*), min(raw) FROM reject GROUP BY cause",
	"SELECT count(*), count(DISTINCT client_ip) FROM connection", "SELECT * FROM health_check LIMIT 1", "SELECT tls_protocol_version, count(*) FROM nlb_tls GROUP BY ALL", "SELECT count(*), sum(size) FROM listing",
	"SELECT * FROM (SELECT elb, avg(seconds) AS s FROM (SELECT load_balancer AS elb, seconds FROM latency) GROUP BY elb) WHERE s > 0", "SELECT count(*) FROM request WHERE client_ip LIKE '198.51.%' AND NOT (elb_status_code < 400)",
	"SELECT json_extract_string('{\"a\": {\"b\": 1}}', '$.a.b'), '{\"a\": 1}'::JSON ->> 'a'", "SELECT {'a': 1, 'b': [1, 2]}.b[1], MAP {'x': 1}['x'], 'abc'[1:2]", "VALUES (1, 'a'), (2, 'b')",
	"SELECT f.a FROM (VALUES (1), (2)) f(a) POSITIONAL JOIN range(2)", "SELECT current_date >= DATE '2020-01-01', current_timestamp > TIMESTAMP '2020-01-01'", "FROM failure USING SAMPLE 3 ROWS", "SELECT 'it''s', \"elb\", E'a\\n' FROM \"Failure\" LIMIT 1",
	"SELECT approx_top_k(client_ip, 3), json_structure('{\"a\": 1}'), bar(count(*), 0, 100, 10) FROM request", "SELECT unnest(equi_width_bins(0, 10, 5, true))",
	"SELECT parse_filename(route), parse_path(route), parse_dirname(route), parse_dirpath(route), regexp_split_to_table(route, '/') FROM request LIMIT 3",
	unusual,
}

// unusual finds the minutes that stand out from the half hour before, in six ways.
const unusual = `
WITH m AS (
	SELECT date_trunc('minute', time) AS minute, elb, count(*) AS requests, avg((elb_status_code >= 500)::INTEGER) AS rate,
		quantile_cont(target_processing_time, 0.5) AS p50, quantile_cont(target_processing_time, 0.99) AS p99,
		sum(sent_bytes) AS sent, count(DISTINCT client_ip) AS clients
	FROM request GROUP BY ALL
), s AS (
	SELECT *,
		avg(requests) OVER w AS requests_mean, stddev(requests) OVER w AS requests_sd, avg(rate) OVER w AS rate_mean, stddev(rate) OVER w AS rate_sd,
		avg(p50) OVER w AS p50_mean, stddev(p50) OVER w AS p50_sd, avg(p99) OVER w AS p99_mean, stddev(p99) OVER w AS p99_sd,
		avg(sent) OVER w AS sent_mean, stddev(sent) OVER w AS sent_sd, avg(clients) OVER w AS clients_mean, stddev(clients) OVER w AS clients_sd
	FROM m WINDOW w AS (PARTITION BY elb ORDER BY minute ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING)
), z AS (
	SELECT minute, elb, requests, rate,
		(requests - requests_mean) / nullif(requests_sd, 0) AS requests_z, (rate - rate_mean) / nullif(rate_sd, 0) AS rate_z,
		(p50 - p50_mean) / nullif(p50_sd, 0) AS p50_z, (p99 - p99_mean) / nullif(p99_sd, 0) AS p99_z,
		(sent - sent_mean) / nullif(sent_sd, 0) AS sent_z, (clients - clients_mean) / nullif(clients_sd, 0) AS clients_z
	FROM s
)
SELECT *, greatest(abs(requests_z), abs(rate_z), abs(p50_z), abs(p99_z), abs(sent_z), abs(clients_z)) AS score,
	CASE WHEN score >= 6 THEN 'alarm' WHEN score >= 4 THEN 'warning' ELSE 'fine' END AS state
FROM z WHERE score >= 3 ORDER BY score DESC, minute LIMIT 20`

// TestStatementsThatFail: what DuckDB cannot do for a statement is told of the statement,
// before it runs or while it does.
func TestStatementsThatFail(t *testing.T) {
	s := asking(t, "../testdata/logs")
	for _, text := range []string{
		"SELECT time_bucket(INTERVAL '1 month 1 day', TIMESTAMP '2026-01-01')", // not implemented
		"SELECT time_bucket(INTERVAL '1 month 1 day', time) FROM request",
		"SELECT list_sort([1], 'x' || elb) FROM request",
		"SELECT raw::INTEGER FROM failure",
	} {
		if _, err := s.Ask(context.Background(), text, nil, &texts{}); !errors.As(err, new(*StatementError)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestPlacesOfFaults: what DuckDB shows of a statement is the user's own text, and the caret
// stands below what is wrong in it.
func TestPlacesOfFaults(t *testing.T) {
	s := asking(t, "../testdata/logs")
	for _, tt := range []struct{ text, wrong string }{
		{"SELECT bad FROM request", "bad"}, // seen in the plan
		{"SELECT elb,\n  bad FROM request", "bad"},
		{"SELECT elb AS a, elb AS b, elb AS c, elb, elb, elb, elb, elb, elb, elb, elb, bad FROM request", "bad"},
		{"SELECT elb::INTEGER FROM request", "::"}, // seen while it runs
		{"SELECT count(*) FROM request WHERE elb = 1", "elb = 1"},
		{"SELECT count(*), count(elb), count(raw), count(reason), count(target) FROM request WHERE elb::INTEGER = 1", "::"},
	} {
		_, err := s.Ask(context.Background(), tt.text, nil, &texts{})
		var e *StatementError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		_, where, _ := strings.Cut(e.Hint(), "LINE ")
		lines := strings.Split(where, "\n")
		_, shown, _ := strings.Cut(lines[0], ": ")
		at := strings.IndexByte(lines[1], '^') - len("LINE 1: ")
		if !strings.Contains(tt.text, strings.Trim(shown, ".")) || at < 0 || !strings.HasPrefix(shown[at:], tt.wrong) {
			t.Errorf("%s:\nLINE %s", tt.text, where)
		}
	}
}

// TestDuckDBIsShut: what a statement might get past our own check, DuckDB refuses by itself, and
// it cannot be told otherwise.
func TestDuckDBIsShut(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	canary := filepath.Join(dir, "canary.csv")
	if err := os.WriteFile(canary, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := asking(t, "../testdata/logs/reasons.log")
	if _, err := s.Ask(ctx, "SELECT count(*) FROM failure", nil, &texts{}); err != nil {
		t.Fatal(err)
	}
	for _, settings := range []string{"", "SET enable_external_access = true", "SET lock_configuration = false", "RESET enable_external_access", "SET allowed_directories = ['" + dir + "']", "SET autoload_known_extensions = true", "SET temp_directory = '" + dir + "'", "SET memory_limit = '99GB'"} {
		if settings != "" && s.exec(ctx, settings) == nil {
			t.Errorf("%s: done", settings)
		}
		for _, text := range []string{
			"SELECT * FROM read_text('" + canary + "')", "SELECT * FROM '" + canary + "'", "SELECT * FROM glob('" + dir + "/*')", "COPY (SELECT 1) TO '" + filepath.Join(dir, "made.csv") + "'",
			"ATTACH '" + filepath.Join(dir, "made.duckdb") + "'", "EXPORT DATABASE '" + filepath.Join(dir, "made") + "'", "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')", "INSTALL httpfs", "LOAD httpfs",
		} {
			if s.exec(ctx, text) == nil {
				t.Errorf("after %q: %s: done", settings, text)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("made: %v, %v", left, err)
	}
}

// TestRefusedByDuckDB: what DuckDB says of a statement names nothing that is not allowed, and
// can be printed as it is.
func TestRefusedByDuckDB(t *testing.T) {
	s := asking(t, "../testdata/logs")
	for text, reason := range map[string]string{
		"SELECT client_ip::INET FROM request": `Type with name "INET" is not in the catalog`,
		"SELECT [1, 2] <=> 1":                 "No function matches",
	} {
		_, err := s.Ask(context.Background(), text, nil, &texts{})
		var e *StatementError
		if !errors.As(err, &e) || !strings.Contains(lower(e.Reason), lower(reason)) || strings.ContainsRune(e.Hint(), '\t') ||
			strings.Contains(e.Hint(), "INSTALL") || strings.Contains(e.Hint(), "SET ") || !strings.Contains(e.Hint(), "loglens sql --help") {
			t.Errorf("%s: %v (%+v)", text, err, e)
		}
	}
}

// TestCheckOffsets: DuckDB casts a time with an offset to a TIMESTAMP without it, so such
// a text is refused, and what is to be written in its place is that instant.
func TestCheckOffsets(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	for text, utc := range map[string]string{
		"2026-10-07T09:16:00+02:00": "2026-10-07 07:16:00", "2026-10-07 09:16:00.25-05": "2026-10-07 14:16:00.25",
		"2026-10-07 09:16:00+0530": "2026-10-07 03:46:00", "2026-10-07 09:16:00+00:30": "2026-10-07 08:46:00",
		" 2026-10-07 00:16:00+02 ":  "2026-10-06 22:16:00",
		"2026/10/07 09:16:00+02:00": "2026-10-07 07:16:00", "2026 10 7  09:16:00-05": "2026-10-07 14:16:00", "2026-10-07T 09:16:00+02": "2026-10-07 07:16:00",
	} {
		for _, form := range []string{
			"SELECT count(*) FROM request WHERE time >= '%s'", "FROM request WHERE time BETWEEN '%s' AND now()", "FROM failure WHERE time IN ('%s')",
			"SELECT TIMESTAMP '%s'", "SELECT '%s'::TIMESTAMP", "SELECT try_cast('%s' AS DATETIME)", "SELECT date_trunc('hour', '%s'::TIMESTAMP)::TIMESTAMPTZ",
		} {
			_, err := s.check(fmt.Sprintf(form, text))
			var refused *StatementError
			if !errors.As(err, &refused) || !strings.Contains(refused.Next, "timestamptz '"+text+"'") {
				t.Errorf(form+": %v", text, err)
			}
		}
		if got := s.lines(t, fmt.Sprintf("SELECT (TIMESTAMP '%s' = TIMESTAMP '%s')::VARCHAR", text, utc)); got[0] != "false" {
			t.Errorf("DuckDB reads the offset of %s: then it need not be refused", text)
		}
		for _, form := range []string{"SELECT (timestamptz '%s' = TIMESTAMP '%s')::VARCHAR", "SELECT ('%s'::TIMESTAMPTZ = '%s')::VARCHAR"} {
			statement := fmt.Sprintf(form, text, utc)
			if _, err := s.check(statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			} else if got := s.lines(t, statement); got[0] != "true" {
				t.Errorf("%s: %s", statement, got)
			}
		}
	}
	for _, text := range []string{"2026-10-07T09:16:00Z", "2026-10-07T09:16:00+00:00", "2026-10-07 09:16:00-00", "2026-10-07", "10.0.0.1:80-81", "2026-10-07 09:1%+02"} {
		if _, err := s.check("SELECT '" + text + "'"); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestClocks: what AT TIME ZONE makes of a log's time is what Go's clock shows, without a Z;
// and where DuckDB would take UTC for a clock of that zone, the statement is refused, and
// what is to be written in its place is right.
func TestClocks(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(statement string) (any, error) {
		var got rowsKept
		_, err := s.Ask(context.Background(), statement, nil, &got)
		if err != nil {
			return nil, err
		}
		return got[0][0], nil
	}
	first, err := ask("SELECT min(time) FROM failure")
	if err != nil {
		t.Fatal(err)
	}
	at := first.(time.Time)
	clock := at.In(berlin).Format("2006-01-02 15:04:05.999999")
	for statement, want := range map[string]any{
		"SELECT min(time)::TIMESTAMPTZ AT TIME ZONE 'Europe/Berlin' FROM failure":                                                                                clock,
		"SELECT timezone('Europe/Berlin', min(time::TIMESTAMPTZ)) FROM failure":                                                                                  clock,
		"SELECT min(time) AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin' FROM failure":                                                                          clock,
		"SELECT [min(time::TIMESTAMPTZ AT TIME ZONE 'Europe/Berlin')] FROM failure":                                                                              `["` + clock + `"]`,
		"SELECT {'TIMESTAMP': timezone('Europe/Berlin', min(time)::TIMESTAMPTZ)} FROM failure":                                                                   `{"TIMESTAMP":"` + clock + `"}`,
		"SELECT date_trunc('day', min(time::TIMESTAMPTZ AT TIME ZONE 'Europe/Berlin')) FROM failure":                                                             clock[:10] + " 00:00:00",
		"SELECT min(time)::TIMESTAMPTZ, timezone('Europe/Berlin', now()) FROM failure":                                                                           at,
		"SELECT min(time) AT TIME ZONE 'UTC' FROM failure":                                                                                                       at,
		"SELECT min(time)::TIMESTAMPTZ AT TIME ZONE 'utc' FROM failure":                                                                                          at,
		"WITH l AS (SELECT time::TIMESTAMPTZ AT TIME ZONE 'Europe/Berlin' AS here FROM failure) SELECT min(here::TIMESTAMP AT TIME ZONE 'Europe/Berlin') FROM l": at,
		"SELECT TIMESTAMP '2026-10-07 09:00:00' AT TIME ZONE 'Europe/Berlin'":                                                                                    time.Date(2026, 10, 7, 9, 0, 0, 0, berlin).UTC(),
	} {
		if got, err := ask(statement); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", statement, got, err, want)
		}
	}
	for _, statement := range []string{
		"SELECT time AT TIME ZONE 'Europe/Berlin' FROM failure", "SELECT timezone('Europe/Berlin', time) FROM request", "SELECT min(date_trunc('hour', time) AT TIME ZONE '+02') FROM failure",
		"SELECT count(*) FROM failure WHERE time AT TIME ZONE 'America/New_York' > '2026-10-07 09:00'", "SELECT (SELECT max(time) FROM failure) AT TIME ZONE 'Asia/Tokyo'",
		"WITH h AS (SELECT time_bucket(INTERVAL 5 MINUTE, time) AS five FROM request) SELECT five AT TIME ZONE 'Europe/Berlin' FROM h",
	} {
		_, err := s.check(statement)
		var refused *StatementError
		if !errors.As(err, &refused) || !strings.Contains(refused.Next, "time::timestamptz AT TIME ZONE") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// rowsKept keeps the rows of an answer.
type rowsKept [][]any

func (*rowsKept) Begin([]Column) error { return nil }

func (r *rowsKept) Row(row []any) error {
	*r = append(*r, slices.Clone(row))
	return nil
}

// TestCheckAccepts: good statements run.
func TestCheckAccepts(t *testing.T) {
	s := asking(t, "../testdata/logs")
	if len(good) < 60 {
		t.Fatalf("%d statements", len(good))
	}
	for _, text := range good {
		if _, err := s.Ask(context.Background(), text, nil, &texts{}); err != nil {
			var e *StatementError
			errors.As(err, &e)
			t.Errorf("%s\n\t%v (%+v)", text, err, e)
		}
	}
	for _, r := range Reports() {
		text, _, err := r.Statement(Question{By: r.DimensionNames()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.check(text); err != nil {
			t.Errorf("report %s: %v", r.Name, err)
		}
	}
}

// TestCheckFinds: what a statement reads and what it has to be given.
func TestCheckFinds(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	tests := []struct {
		text              string
		relations, params []string
	}{
		{"SELECT 1", nil, nil},
		{"FROM Request", []string{"request"}, nil},
		{"WITH failure AS (SELECT 1) FROM failure", nil, nil},
		{"WITH failure AS (FROM failure) FROM failure, traffic", []string{"failure", "traffic"}, nil},
		{"SELECT (SELECT count(*) FROM object) FROM request WHERE elb IN (SELECT load_balancer FROM traffic)", []string{"object", "request", "traffic"}, nil},
		{"DESCRIBE request", nil, nil},
		{"SELECT *, (SELECT count(*) FROM traffic) FROM (DESCRIBE request)", []string{"traffic"}, nil},
		{"SUMMARIZE request", []string{"request"}, nil},
		{"SELECT $b, $a, '$c', \"$d\" -- $e\n FROM (SELECT 1 AS \"$d\") WHERE $a LIMIT $f", nil, []string{"a", "b", "f"}},
	}
	for _, tt := range tests {
		st, err := s.check(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if diff := gocmp.Diff([][]string{tt.relations, tt.params}, [][]string{st.Relations, st.Params}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

// TestCheckExplains: a refusal says where, what, and what to do instead.
func TestCheckExplains(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	tests := []struct{ text, reason, hint string }{
		{"SELECT elb\nFROM request\nWERE 1", "(line 3, column 6)", ""},
		{"SELECT 'ä', FROM FROM request", "(line 1, column 18)", ""},
		{"SELECT count(*) FROM requests", `there is no relation "requests"`, "request,"},
		{"FROM main.request", "request stands with a schema", "name the relation alone: request"},
		{"SELECT getenv('x')", "getenv()", "nothing but their arguments"},
		{"FROM read_csv('x')", "read_csv()", "the relations: "},
		{"DROP TABLE traffic", "no SELECT", "one SELECT"},
		{"explain analyze SELECT 1", "no SELECT", "--explain"},
		{"SELECT 1; SELECT 2", "2 statements", "one SELECT"},
		{"SELECT ?", "without a name", "$threshold"},
		{"PIVOT failure ON reason USING count(*)", "PIVOT without a list", " in ("},
		{"SHOW TABLES", "SHOW", "DESCRIBE"},
		{"SELECT " + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), "nested", "WITH"},
		{"SELECT '" + strings.Repeat("x", longestStatement) + "'", "bytes", ""},
	}
	for _, tt := range tests {
		_, err := s.check(tt.text)
		var e *StatementError
		if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) || !strings.Contains(e.Hint(), tt.hint) {
			t.Errorf("%.60q: %v (%+v)\n\twant %q, hint %q", tt.text, err, e, tt.reason, tt.hint)
		}
	}
}

// deep are statements that grow with n: deep, long, or larger than they look.
var deep = map[string]func(n int) string{
	"parentheses":        around("SELECT ", "(", "1", ")"),
	"lists":              around("SELECT ", "[", "1", "]"),
	"structs":            around("SELECT ", "{'a': ", "1", "}"),
	"calls":              around("SELECT ", "abs(", "1", ")"),
	"hidden":             around("SELECT '))))))))))', ", "('))'||", "'1'", ")"),
	"cases":              around("SELECT ", "CASE WHEN true THEN ", "1", " END"),
	"types":              around("SELECT NULL::", "STRUCT(a ", "INT", ")"),
	"subqueries":         around("", "SELECT * FROM (", "FROM failure", ")"),
	"values":             around("SELECT ", "(SELECT ", "1", ")"),
	"lambdas":            around("SELECT ", "list_transform([1], x -> ", "1", ")"),
	"withs":              around("", "WITH a AS (", "SELECT 1", ") SELECT 1"),
	"structs of structs": around("SELECT 1 FROM ", "(SELECT {'a': x, 'b': x} AS x FROM ", "(SELECT 1 AS x)", ")"),
	"sums":               chain("SELECT 1", "+1"),
	"texts":              chain("SELECT 'a'", "||'b'"),
	"casts":              chain("SELECT 1", "::INT"),
	"arrays":             chain("SELECT NULL::INT", "[]"),
	"arrows":             chain("SELECT '{}'::JSON", "->'a'"),
	"nots":               chain("SELECT ", "NOT "),
	"pluses":             chain("SELECT 1", "+"),
	"minuses":            chain("SELECT 1", "- "),
	"comments":           chain("SELECT 1 ", "/*"),
	"dashes":             chain("SELECT 1", " --\n"),
	"ands":               chain("SELECT 1 WHERE true", " AND true OR true"),
	"unions":             chain("SELECT 1", " UNION ALL SELECT 1"),
	"excepts":            chain("SELECT 1", " EXCEPT SELECT 1"),
	"stars":              chain("SELECT *", ", *"),
	"columns":            chain("SELECT 1", ", 1"),
	"methods":            chain("SELECT ('a')", ".upper()"),
	"joins":              chain("SELECT 1 FROM (SELECT 1)", " CROSS JOIN (SELECT 1)"),
	"parameters":         chain("SELECT ", "$a, "),
	"macros":             around("SELECT ", "round_even(fmod(split_part(nullif(1, ", "1", ")::VARCHAR, ',', 1)::DOUBLE, 2), 1)"),
	"macros of lists":    around("SELECT ", "array_pop_back(string_split(array_to_string(", "['1']", ", ','), ','))"),
	"macros of one":      around("SELECT ", "round_even(1, ", "1", ")"),
	"macros of two":      around("SELECT ", "fmod(1, ", "1", ")"),
	"macros of weights":  around("SELECT ", "weighted_avg(1, (SELECT ", "1", "))"),
	"windows": func(n int) string {
		return "SELECT 1" + repeated(n, func(i int) string { return fmt.Sprintf(", sum(1) OVER (ORDER BY elb, %d)", i) }) + " FROM failure"
	},
	"windows of unions": chain("SELECT sum(1) OVER (ORDER BY elb) FROM failure", " UNION ALL SELECT sum(1) OVER (ORDER BY elb) FROM failure"),
	"aliases of windows": func(n int) string {
		return "SELECT sum(1) OVER (ORDER BY elb) AS a0" + repeated(n, func(i int) string { return fmt.Sprintf(", a%d + a%d AS a%d", i, i, i+1) }) + " FROM failure"
	},
	"aliases": func(n int) string {
		return "SELECT 1 AS a0" + repeated(n, func(i int) string { return fmt.Sprintf(", a%d + a%d AS a%d", i, i, i+1) })
	},
	"names": func(n int) string {
		return "WITH a0 AS (FROM request)" + repeated(n, func(i int) string {
			return fmt.Sprintf(", a%d AS NOT MATERIALIZED (FROM a%d UNION ALL FROM a%d)", i+1, i, i)
		}) + fmt.Sprintf(" SELECT count(*) FROM a%d", n)
	},
}

func around(head, open, core, end string) func(int) string {
	return func(n int) string { return head + strings.Repeat(open, n) + core + strings.Repeat(end, n) }
}

func chain(head, link string) func(int) string {
	return func(n int) string { return head + strings.Repeat(link, n) }
}

func repeated(n int, part func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(part(i))
	}
	return b.String()
}

// TestCheckDeep: a text that is deep or long is checked and planned, or refused,
// soon and without an end of the process. As DuckDB may bring that about, each
// runs in a process of its own, which is this test once more.
func TestCheckDeep(t *testing.T) {
	const name = "LOGLENS_TEST_DEEP"
	if grow := deep[os.Getenv(name)]; grow != nil {
		s := asking(t, "../testdata/logs/reasons.log")
		for _, n := range []int{8, 30, 95, 180, 900, 3000, 10_000, 30_000} {
			text := grow(n)
			begun := time.Now()
			if _, err := s.check(text); err == nil {
				if rows, err := s.conn.QueryContext(context.Background(), "EXPLAIN "+text); err == nil {
					_ = rows.Close()
				}
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("%d: %v", n, took)
			}
		}
		return
	}
	for kind := range deep {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCheckDeep$")
			child.Env = append(os.Environ(), name+"="+kind)
			if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
				t.Errorf("%v\n%.600s", err, out)
			}
		})
	}
}

// TestCheckRepeating: what is known of macros is what DuckDB says of them.
func TestCheckRepeating(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	rows, err := s.conn.QueryContext(context.Background(), `
		SELECT function_name, unnest(parameters), macro_definition FROM duckdb_functions() WHERE function_type = 'macro'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	want := map[string]int{}
	within := map[string]string{"json_group_structure": "json_group_array", "wavg": "weighted_avg"}
	for rows.Next() {
		var name, parameter, body string
		if err := rows.Scan(&name, &parameter, &body); err != nil {
			t.Fatal(err)
		}
		body = regexp.MustCompile(`"\w+" :=`).ReplaceAllString(body, "") // the names of arguments
		n := len(regexp.MustCompile(`\b`+parameter+`\b`).FindAllString(body, -1))
		if n > 1 && allowed[name] {
			want[name] = max(want[name], n)
		}
		if inner, ok := within[name]; ok && strings.Contains(body, inner+"(") {
			want[name] = 2
		}
	}
	for name, n := range want {
		if repeating[name] < n {
			t.Errorf("%s repeats an argument %d times, not %d", name, n, repeating[name])
		}
	}
	for name := range repeating {
		if want[name] == 0 {
			t.Errorf("%s repeats nothing", name)
		}
	}
}

// FuzzCheck: no text ends the process, and what is accepted reads the relations
// that it is said to and no other table, says DuckDB itself.
func FuzzCheck(f *testing.F) {
	for _, text := range slices.Concat(hostile, good) {
		f.Add(text)
	}
	c, err := duckdb.NewConnector("", nil)
	if err != nil {
		f.Fatal(err)
	}
	db := sql.OpenDB(c)
	f.Cleanup(func() { _ = errors.Join(db.Close(), c.Close()) })
	conn, err := db.Conn(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = conn.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		st, err := checkStatement(context.Background(), conn, text, Relations())
		if err != nil {
			if !errors.As(err, new(*StatementError)) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		tables, err := duckdb.GetTableNames(conn, text, true)
		if err != nil {
			t.Fatalf("%q is accepted, and DuckDB says %v", text, err)
		}
		for _, table := range tables {
			name, _, _ := strings.Cut(table, " AS ")
			if name = lower(strings.Trim(name, `"`)); !slices.Contains(Relations(), name) {
				t.Errorf("%q reads %q, said to read %q", text, tables, st.Relations)
			}
		}
	})
}
