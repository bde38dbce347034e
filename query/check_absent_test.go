package query

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestNowhere: a comparison that is never true, as what AWS writes as "-" or -1 is NULL, is
// warned of, and no other.
func TestNowhere(t *testing.T) {
	s := asking(t, "../testdata/logs/reasons.log")
	for statement, want := range map[string]string{
		"SELECT count(*) FROM request WHERE target_processing_time = -1":                                       "target_processing_time is nowhere -1: ",
		"SELECT count(*) FROM request WHERE -1.0 = TARGET_PROCESSING_TIME":                                     "target_processing_time is nowhere -1: ",
		"SELECT count(*) FROM request r WHERE r.target_status_code IN (502, '-1')":                             "target_status_code is nowhere -1: ",
		"SELECT count(*) FROM failure WHERE target_processing_time < 0":                                        "target_processing_time is nowhere less than 0: ",
		"SELECT count(*) FROM request WHERE ssl_protocol = 'TLSv1.2' OR ssl_protocol = '-'":                    "ssl_protocol is nowhere '-': ",
		"SELECT CASE target_ip WHEN '-' THEN 1 END FROM request":                                               "target_ip is nowhere '-': ",
		"WITH slow AS (FROM request WHERE duration > 5) SELECT count(*) FROM slow WHERE error_reason IN ('-')": "error_reason is nowhere '-': ",
		"SELECT count(*) FROM connection WHERE '-' = tls_protocol":                                             "tls_protocol is nowhere '-': ",

		"SELECT count(*) FROM request WHERE target_processing_time IS NULL":                                                                     "",
		"SELECT count(*) FROM request WHERE ssl_protocol <> '-' AND target_processing_time <> -1 AND target_status_code >= 0":                   "",
		"SELECT count(*) FROM request WHERE coalesce(target_ip, '-') = '-' AND coalesce(target_port, -1) = -1":                                  "",
		"SELECT count(*) FROM (SELECT coalesce(target_ip, '-') AS target_ip FROM request) WHERE target_ip = '-'":                                "",
		"SELECT coalesce(target_ip, '-') AS target_ip FROM request GROUP BY ALL HAVING target_ip = '-'":                                         "",
		"WITH t(target_ip) AS (SELECT coalesce(target_ip, '-') FROM request) SELECT count(*) FROM t WHERE target_ip = '-'":                      "",
		"SELECT count(*) FROM request, (VALUES ('-')) AS v(target_ip) WHERE v.target_ip = '-'":                                                  "",
		"SELECT count(*) FROM request WHERE matched_rule_priority = '-1'":                                                                       "", // of a rule that could not be evaluated
		"SELECT count(*) FROM range(-1, 3) AS r(n) WHERE n = -1 OR n < 0":                                                                       "",
		"SELECT count(*) FROM request WHERE split_part(request, ' ', 1) = '-' OR (target_processing_time - request_processing_time) < 0":        "",
		"SELECT n FROM (SELECT elb_status_code - 200 AS n FROM request) WHERE n = -1 OR n < 0 UNION ALL SELECT -1 WHERE '-' = '-' AND -1 = -1 ": "",
	} {
		table, err := s.Ask(context.Background(), statement, nil, &rowsKept{})
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		got := ""
		if i := slices.IndexFunc(table.Warnings, func(w string) bool { return strings.HasSuffix(w, absentIsNull) }); i >= 0 {
			got = strings.TrimSuffix(table.Warnings[i], absentIsNull)
		}
		if got != want {
			t.Errorf("%s: warned of %q, want %q", statement, got, want)
		}
	}
	_, err := s.Ask(context.Background(), "SELECT count(*) FROM request WHERE target_status_code = '-'", nil, &rowsKept{})
	var refused *StatementError
	if !errors.As(err, &refused) || !strings.HasSuffix(refused.Next, absentIsNull) {
		t.Errorf("a number that is compared with '-': %v", err)
	}
}
