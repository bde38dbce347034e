// Command readcsv has DuckDB itself read the access logs that it is given, with
// its read_csv, and count the failures: all columns named, so that nothing is
// guessed, typed, and only those parsed that the question names. It prints rows
// of target, statuses, logged reason and count, with tabs between.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"runtime"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the same engine as loglens has

	"loglens/test/internal/measure"
)

// columns are those of an access log, in their order. The types are of those
// that are asked for.
const columns = "type VARCHAR, time VARCHAR, elb VARCHAR, client VARCHAR, target VARCHAR, request_processing_time VARCHAR, " +
	"target_processing_time VARCHAR, response_processing_time VARCHAR, elb_status_code SMALLINT, target_status_code SMALLINT, " +
	"received_bytes VARCHAR, sent_bytes VARCHAR, request VARCHAR, user_agent VARCHAR, ssl_cipher VARCHAR, ssl_protocol VARCHAR, " +
	"target_group_arn VARCHAR, trace_id VARCHAR, domain_name VARCHAR, chosen_cert_arn VARCHAR, matched_rule_priority VARCHAR, " +
	"request_creation_time VARCHAR, actions_executed VARCHAR, redirect_url VARCHAR, error_reason VARCHAR, target_port_list VARCHAR, " +
	"target_status_code_list VARCHAR, classification VARCHAR, classification_reason VARCHAR, conn_trace_id VARCHAR, " +
	"transformed_host VARCHAR, transformed_uri VARCHAR, request_transform_status VARCHAR, ip_address VARCHAR, target_error_code VARCHAR, elb_error_code VARCHAR"

func main() {
	lines := flag.Bool("lines", false, "count lines instead: those of which an elb is read")
	flag.Parse()
	db, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d", runtime.NumCPU()))
	measure.Check(err)
	ctx := context.Background()
	_, err = db.ExecContext(ctx, "SET preserve_insertion_order = false")
	measure.Check(err)
	var named []string
	for column := range strings.SplitSeq(columns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		named = append(named, fmt.Sprintf("'%s': '%s'", name, kind))
	}
	log := fmt.Sprintf("read_csv(['%s'], delim = ' ', quote = '\"', escape = '', header = false, auto_detect = false, nullstr = '-', max_line_size = 4000000, columns = {%s})",
		strings.Join(flag.Args(), "', '"), strings.Join(named, ", "))
	if *lines {
		var n int64
		measure.Check(db.QueryRowContext(ctx, "SELECT count(elb) FROM "+log).Scan(&n))
		fmt.Printf("lines\t%d\n", n)
		return
	}
	rows, err := db.QueryContext(ctx, "SELECT concat_ws(chr(9), coalesce(target, '-'), elb_status_code, coalesce(target_status_code::VARCHAR, '-'), coalesce(error_reason, '-'), count(*)) FROM "+
		log+" WHERE elb_status_code >= 500 GROUP BY target, elb_status_code, target_status_code, error_reason")
	measure.Check(err)
	for rows.Next() {
		var row string
		measure.Check(rows.Scan(&row))
		fmt.Println(row)
	}
	measure.Check(rows.Err())
}
