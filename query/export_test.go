package query_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// readCSV is DuckDB's own reading of access logs of 36 fields as they are
// exported: every field as text, then typed, with nothing of loglens in it.
func readCSV(glob string) string {
	names := []string{"type", "time", "elb", "client", "target", "request_processing_time", "target_processing_time", "response_processing_time",
		"elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request", "user_agent", "ssl_cipher", "ssl_protocol",
		"target_group_arn", "trace_id", "domain_name", "chosen_cert_arn", "matched_rule_priority", "request_creation_time", "actions_executed",
		"redirect_url", "error_reason", "target_port_list", "target_status_code_list", "classification", "classification_reason",
		"conn_trace_id", "transformed_host", "transformed_uri", "request_transform_status", "ip_address", "target_error_code", "elb_error_code"}
	var columns, fields []string
	for _, n := range names {
		columns = append(columns, "'"+n+"': 'VARCHAR'")
		switch n {
		case "time", "request_creation_time":
			fields = append(fields, "CAST(replace("+n+", 'Z', '') AS TIMESTAMP) AS "+n)
		case "client", "target":
			fields = append(fields,
				"CASE WHEN "+n+" <> '-' THEN regexp_replace("+n+", ':[0-9]*$', '') END AS "+n+"_ip",
				"CASE WHEN "+n+" <> '-' THEN CAST(regexp_extract("+n+", ':([0-9]*)$', 1) AS INTEGER) END AS "+n+"_port")
		case "request_processing_time", "target_processing_time", "response_processing_time":
			fields = append(fields, "CASE WHEN "+n+" NOT IN ('-', '-1') THEN CAST("+n+" AS DOUBLE) END AS "+n)
		case "elb_status_code", "target_status_code":
			fields = append(fields, "CASE WHEN "+n+" <> '-' THEN CAST("+n+" AS INTEGER) END AS "+n)
		case "received_bytes", "sent_bytes":
			fields = append(fields, "CASE WHEN "+n+" <> '-' THEN CAST("+n+" AS BIGINT) END AS "+n)
		default:
			fields = append(fields, "nullif("+n+", '-') AS "+n)
		}
	}
	return fmt.Sprintf("SELECT %s FROM read_csv('%s', delim = ' ', quote = '\"', escape = '', header = false, auto_detect = false, max_line_size = 4000000, columns = {%s})",
		strings.Join(fields, ", "), glob, strings.Join(columns, ", "))
}

// otherDuckDB opens a DuckDB of one connection that knows nothing of ours. count counts the
// rows of a query.
func otherDuckDB(t *testing.T) (db *sql.DB, count func(q string) int64) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.SetMaxOpenConns(1)
	return db, func(q string) (n int64) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM (" + q + ")").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// tabled makes a table of a query's rows, which is read more than once, and returns the
// query of it.
func tabled(t *testing.T, db *sql.DB, name, q string) string {
	t.Helper()
	if _, err := db.Exec("CREATE TABLE " + name + " AS " + q); err != nil {
		t.Fatal(err)
	}
	return "FROM " + name
}

// TestExport: what is exported is what DuckDB itself reads from the same files,
// as a file, by day, and whatever the number of workers.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 11, End: end, Lines: 30_000, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	db, count := otherDuckDB(t)
	csv := tabled(t, db, "csv", readCSV(dir+"/AWSLogs/**/*.gz"))
	if n := count(csv); n != truth.Lines {
		t.Fatalf("read_csv finds %d of %d lines", n, truth.Lines)
	}
	for _, c := range []struct {
		to, glob  string
		partition bool
		workers   int
	}{
		{to: "one.parquet", glob: "one.parquet", workers: 1},
		{to: "two.parquet", glob: "two.parquet", workers: 2},
		{to: "days", glob: "days/date=*/*.parquet", partition: true, workers: 2},
		{to: "one.duckdb", workers: 1},
		{to: "two.duckdb", workers: 2},
	} {
		out := t.TempDir()
		sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := query.Open(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: c.workers, Out: out})
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(out, c.to)
		table, rows, err := s.Export(context.Background(), query.Export{Relation: "request", To: to, Partition: c.partition})
		if err != nil {
			t.Fatal(err)
		}
		if rows != truth.Lines || table.Accounting.Parsed != truth.Lines {
			t.Errorf("%s: %d rows, accounting %+v; truth %d lines", c.to, rows, table.Accounting, truth.Lines)
		}
		all := "read_parquet('" + filepath.Join(out, c.glob) + "', hive_partitioning = false)"
		if query.Database(c.to) {
			all = attach(t, db, to, "any_name") + ".request"
		}
		exported := "SELECT * EXCLUDE (reason, reason_class, reason_source) FROM " + all
		// With as many rows, none of which is missing there, they are the same.
		if n := count(exported); n != truth.Lines {
			t.Errorf("%s: %d rows, truth %d", c.to, n, truth.Lines)
		}
		if n := count(exported + " EXCEPT ALL " + csv); n != 0 {
			t.Errorf("%s: %d rows differ", c.to, n)
		}
		if n := count("FROM " + all + " WHERE reason IS NOT NULL"); n != truth.Failures {
			t.Errorf("%s: %d failures, truth %d", c.to, n, truth.Failures)
		}
		if c.partition {
			if n := count("SELECT 1 FROM read_parquet('" + filepath.Join(out, c.glob) + "', hive_partitioning = true) WHERE date <> strftime(time, '%Y-%m-%d')"); n != 0 {
				t.Errorf("%d rows lie in another day's folder", n)
			}
		}
		if _, _, err := s.Export(context.Background(), query.Export{Relation: "request", To: to}); !errors.Is(err, os.ErrExist) {
			t.Errorf("what exists is written over: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*.part*")); left != nil {
			t.Errorf("left behind: %q", left)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// attach opens a DuckDB file to read under a name, in place of one that had it, and
// returns the name.
func attach(t *testing.T, db *sql.DB, path, name string) string {
	t.Helper()
	for _, q := range []string{"DETACH DATABASE IF EXISTS " + name, "ATTACH '" + path + "' AS " + name + " (READ_ONLY)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// oddLine is line i of many that hardly share a word, with what no code stands for.
// What read_csv reads in another way than AWS writes it is only in a hostile one.
func oddLine(i int, hostile bool) string {
	pick := func(list ...string) string { return list[i%len(list)] }
	quote := func(field string) string { return `"` + field + `"` }
	const hex = "0123456789abcdef0123456789abcdef"
	client := pick("198.51.100.7:1", "2001:db8::1:443", "001.2.3.4:5", "256.1.1.1:80", "1.2.3:9", "1.2.3.4.5:6", "....:7", "255.255.255.255:65535", "0.0.0.0:0", "1..2.3:4", "[::1]:8", "::ffff:198.51.100.7:9", "::ffff:c633:6407:10")
	trace := pick("Root=1-"+hex[:8]+"-"+hex[8:], "Root=1-"+fmt.Sprintf("%08x", i)+"-"+hex[8:], "-", "Root=1-"+hex[:8]+"-"+strings.ToUpper(hex[8:]),
		"Self=1-"+hex[:8]+"-"+hex[8:]+";Root=1-"+hex[:8]+"-"+hex[8:], "Root=1-"+hex[:8]+"-"+hex[8:31], "Root=1-"+hex[:9]+"-"+hex[9:], "Root=1-"+hex+"0", "Root=",
		"Root=1-ffffffff-ffffffffffffffffffffffff", "Root=1-00000000-000000000000000000000000")
	connection := pick("TID_"+hex, "TID_"+strings.Repeat("f", 32), "-", "TID_"+strings.ToUpper(hex), "TID_"+hex[:31], "TID_"+hex+"0", "TID_", "tid_"+hex, "x", "TID_"+hex[:8]+"-"+hex[8:], hex)
	agent := fmt.Sprintf("agent %d", i)
	domain := fmt.Sprintf("%d.%s.example.com", i%20_000, strings.Repeat("long", 20))
	group := pick("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/aa", "-", "client_ip=1.2.3.4", "chr(0)", "it's; 'quoted'", `\x00trace_id=x`, "Größe", "日本語")
	tail := ""
	if hostile {
		agent = pick("", agent, "\xff\xfe", "a\x00client_ip=9.9.9.9\x00", `\xFF\xFE`, "=", "a\x00=", agent+"\xff", "\r", "user_agent=a")
		domain = pick("", domain, "\xf0\x9f", "\x00")
		tail = pick("", ` "future" 1`)
	}
	line := fmt.Sprintf(`https 2026-10-07T07:%02d:%02d.%06dZ app/shop/a1 %s 10.0.%d.%d:80 0.001 0.0%02d 0.000 %s - 1%d 2 "GET https://shop.example.com:443/cart/%d HTTP/1.1" %s - TLSv1.3 %s %s %s "-" %d 2026-10-07T07:15:00.000000Z "forward" "-" "-" "10.0.%d.%d:80" "-" "-" "-" %s "-" "-" "-" 203.0.113.%d - -`,
		i/60%60, i%60, i, client, i/256%256, i%256, i%100, pick("200", "502", "404"), i, i, quote(agent), quote(group), quote(trace), quote(domain), i, i/256%256, i%256, connection, i%256)
	if hostile && i%7 == 0 {
		return line[:strings.LastIndex(line, ` "forward"`)] // as an older balancer writes it
	}
	return line + tail
}

// TestExportOdd: a table has the rows that Parquet has, with the same names and types,
// whatever the texts are, and however many; and read_csv's, where that can read them.
func TestExportOdd(t *testing.T) {
	t.Parallel()
	const files, lines = 4, 18_000 // more lines than a column may have words
	plain, all := t.TempDir(), t.TempDir()
	for f := range files {
		var text, hostile strings.Builder
		for i := range lines {
			fmt.Fprintln(&text, oddLine(f*lines+i, false))
			fmt.Fprintln(&hostile, oddLine(f*lines+i, i%3 == 0))
		}
		for dir, s := range map[string]string{plain: text.String(), all: hostile.String()} {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(f, ".log")), []byte(s), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	db, count := otherDuckDB(t)
	equal := func(a, b string) {
		t.Helper()
		// With as many rows, none of which is missing there, they are the same.
		if q := a + " EXCEPT ALL " + b; count(q) != 0 {
			t.Errorf("%d rows: %s", count(q), q)
		}
		if n, m := count(a), count(b); n != files*lines || m != n {
			t.Errorf("%d and %d rows: %s", n, m, a)
		}
	}
	exportTo := func(dir, to string, workers int, relation string, columns []string) string {
		t.Helper()
		sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
		if err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		s, err := query.Open(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: workers, Out: out})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		to = filepath.Join(out, to)
		if _, _, err := s.Export(context.Background(), query.Export{Relation: relation, To: to, Columns: columns}); err != nil {
			t.Fatal(err)
		}
		return to
	}
	csv := tabled(t, db, "csv", readCSV(plain+"/*.log"))
	for _, workers := range []int{1, 3} {
		attach(t, db, exportTo(plain, "plain.duckdb", workers, "request", nil), "plain")
		equal("SELECT * EXCLUDE (reason, reason_class, reason_source) FROM plain.request", csv)
		for column, most := range map[string]string{"user_agent": "65535", "domain_name": "20000"} {
			if n := count("FROM plain.request_words WHERE len(" + column + ") BETWEEN 1000 AND " + most); n != 1 {
				t.Errorf("not as many words of %s as there may be", column)
			}
			if n := count("FROM plain.request_coded WHERE contains(odd, chr(0) || '" + column + "=')"); n == 0 {
				t.Errorf("each %s has a word", column)
			}
		}
		for _, column := range []string{"client_ip", "trace_id", "conn_trace_id"} {
			if n := count("FROM plain.request_coded WHERE " + column + " IS NOT NULL"); n < files*lines/11 {
				t.Errorf("only %d codes of %s", n, column)
			}
		}

		attach(t, db, exportTo(all, "all.duckdb", workers, "request", everyColumn), "every")
		parquet := exportTo(all, "all.parquet", workers, "request", everyColumn)
		equal("FROM every.request", "FROM '"+parquet+"'")
		described := "SELECT column_name, column_type FROM (DESCRIBE FROM "
		if n := count(described + "every.request) EXCEPT ALL " + described + "'" + parquet + "')"); n != 0 {
			t.Errorf("%d columns have other types", n)
		}
	}
}

// everyColumn are all columns of request but those that say where a line lies: files
// of the same lines are read in no fixed order.
var everyColumn = strings.Fields(`type time elb client_ip client_port target_ip target_port request_processing_time target_processing_time
	response_processing_time elb_status_code target_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol
	target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time actions_executed redirect_url
	error_reason target_port_list target_status_code_list classification classification_reason conn_trace_id transformed_host
	transformed_uri request_transform_status ip_address target_error_code elb_error_code target target_group node route client_net
	reason reason_class reason_source duration raw`)
