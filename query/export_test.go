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

// TestExport: what is exported is what DuckDB itself reads from the same files,
// as a file, by day, and whatever the number of workers.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 11, End: end, Lines: 30_000, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(q string) (n int64) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM (" + q + ")").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	csv := readCSV(dir + "/AWSLogs/**/*.gz")
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
	} {
		out := t.TempDir()
		sources, err := ingest.NewSources(context.Background(), []string{dir}, nil, ingest.AWS{})
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
		exported := "SELECT * EXCLUDE (reason, reason_class, reason_source) FROM read_parquet('" + filepath.Join(out, c.glob) + "', hive_partitioning = false)"
		for _, q := range []string{exported + " EXCEPT ALL " + csv, csv + " EXCEPT ALL " + exported} {
			if n := count(q); n != 0 {
				t.Errorf("%s: %d rows differ", c.to, n)
			}
		}
		if n := count(exported + " UNION ALL " + csv); n != 2*truth.Lines {
			t.Errorf("%s: %d rows of both", c.to, n)
		}
		if n := count("FROM read_parquet('" + filepath.Join(out, c.glob) + "') WHERE reason IS NOT NULL"); n != truth.Failures {
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
		if left, _ := filepath.Glob(filepath.Join(out, "*.part")); left != nil {
			t.Errorf("left behind: %q", left)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
