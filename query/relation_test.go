package query

import (
	"context"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/parse"
)

// loaded reads files into a store.
func loaded(t *testing.T, files ...string) *Store {
	t.Helper()
	ctx := context.Background()
	s := asking(t, files...)
	if err := s.load(ctx, func(ctx context.Context) *ingest.Feed { return s.feed(ctx, need{load: requestKinds}, &inventory{}) }, requestKinds); err != nil {
		t.Fatal(err)
	}
	return s
}

// lines runs a query of one text column.
func (s *Store) lines(t *testing.T, q string) []string {
	t.Helper()
	var line string
	var list []string
	if err := s.each(context.Background(), func() { list = append(list, line) }, q, []any{&line}); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestReasonSQL: the rules as SQL, run by DuckDB over the failure relation, say
// what the classifier says.
func TestReasonSQL(t *testing.T) {
	s := loaded(t, "../testdata/logs")
	n := s.lines(t, "SELECT count(*)::VARCHAR FROM failure")
	if n[0] == "0" {
		t.Fatal("no failures in the test lines")
	}
	differ := s.lines(t, "SELECT format('{} line {}: {} in Go, {} in SQL', object_id, line_no, reason, coalesce(told, 'NULL')) "+
		"FROM (SELECT *, CASE WHEN raw LIKE '____-__-__T%' THEN "+parse.ClassicReasonSQL()+" ELSE "+parse.ReasonSQL()+" END AS told FROM failure) "+
		"WHERE reason IS DISTINCT FROM told")
	if len(differ) > 0 {
		t.Errorf("of %s failures:\n%s", n[0], strings.Join(differ, "\n"))
	}
}

// TestFailureRelation reads one line of each form back, whole.
func TestFailureRelation(t *testing.T) {
	s := loaded(t, "testdata/failure.log")
	want := []string{
		"h2 | 2026-10-07 07:15:01.101682 | app/my-lb/50dc6c495c0c9188 | 2001:db8::7 65530 | 10.0.32.18 80 | NULL NULL NULL | 502 NULL | " +
			`1458 8264 | POST https://api.example.com:443/x y?a=\x22 HTTP/2.0 | UA \xFF\x00 | tg | 10.0.32.18:80 | 203.0.113.9 | ` +
			"Target_Connection_Error target derived | 0.160682 | 1",
		"http | 2016-08-10 22:08:42.945958 | app/my-lb/50dc6c495c0c9188 | 192.168.131.39 2817 | NULL NULL | NULL NULL NULL | 503 NULL | " +
			"34 366 | GET http://www.example.com:80/ HTTP/1.1 | curl/7.46.0 | tg | NULL | NULL | No_Usable_Target target derived | NULL | 2",
	}
	got := s.lines(t, `SELECT concat_ws(' | ', type, time::VARCHAR, elb, concat_ws(' ', client_ip, client_port),
		coalesce(target_ip, 'NULL') || ' ' || coalesce(target_port::VARCHAR, 'NULL'),
		coalesce(request_processing_time::VARCHAR, 'NULL') || ' ' || coalesce(target_processing_time::VARCHAR, 'NULL') || ' ' || coalesce(response_processing_time::VARCHAR, 'NULL'),
		elb_status_code || ' ' || coalesce(target_status_code::VARCHAR, 'NULL'), received_bytes || ' ' || sent_bytes,
		request, user_agent, target_group, coalesce(target, 'NULL'), coalesce(node, 'NULL'),
		concat_ws(' ', reason, reason_class, reason_source), coalesce(duration::VARCHAR, 'NULL'), line_no)
		FROM failure ORDER BY line_no`)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.lines(t, "SELECT concat_ws(' | ', line_no, byte_offset, cause, raw) FROM reject"); len(got) != 1 ||
		!strings.HasPrefix(got[0], "3 | ") || !strings.HasSuffix(got[0], " | only 3 of at least 12 fields | not a line") {
		t.Errorf("rejects: %q", got)
	}
	if got := s.lines(t, "SELECT count(*)::VARCHAR FROM (DESCRIBE failure)"); got[0] != "51" {
		t.Errorf("failure has %s columns", got[0])
	}
}

// TestFailureMinute: the counts made while loading are those of the lines kept.
func TestFailureMinute(t *testing.T) {
	s := loaded(t, "../testdata/logs")
	columns := "time_bucket(INTERVAL '1 minute', %s), elb, target_group, target_group_arn, target, node, elb_status_code, " +
		"target_status_code, reason, reason_class, reason_source"
	kept := "SELECT " + fmt.Sprintf(columns, "time") + ", count(*)::BIGINT, min(time), max(time) FROM failure GROUP BY ALL"
	counted := "SELECT " + fmt.Sprintf(columns, "minute") + ", sum(failures)::BIGINT, min(first_seen), max(last_seen) FROM failure_minute GROUP BY ALL"
	for _, q := range []string{kept + " EXCEPT ALL " + counted, counted + " EXCEPT ALL " + kept} {
		if n := s.lines(t, "SELECT count(*)::VARCHAR FROM ("+q+")"); n[0] != "0" {
			t.Errorf("%s rows of %s", n[0], q)
		}
	}
}
