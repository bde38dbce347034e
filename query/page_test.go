package query

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

//go:generate go test -run ^TestRelationsPage$ . -update

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRelationsPage holds the reference page to the database.
func TestRelationsPage(t *testing.T) {
	s, err := Open(context.Background(), t.TempDir(), Input{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var b strings.Builder
	b.WriteString("# Relations\n\nWhat `loglens sql` can ask, generated from the program. " +
		"Fields of the logs have AWS's names; what AWS writes as `-` or `-1` is NULL, which `<>` leaves out and `IS DISTINCT FROM` does not (only `matched_rule_priority`, a text, keeps its `-1`: the rules could not be evaluated); times are UTC (`timestamptz '2026-11-22T03:15:00+01:00'` is one of another zone, `time::timestamptz AT TIME ZONE 'Europe/Berlin'` the clock of one), durations seconds, sizes bytes.\n")
	for _, r := range relationsAbout {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| column | type |\n|---|---|\n", r.name, r.about)
		var name, typ string
		err := s.each(context.Background(), func() { fmt.Fprintf(&b, "| `%s` | %s |\n", name, typ) },
			"SELECT column_name, column_type FROM (DESCRIBE "+r.name+")", []any{&name, &typ})
		if err != nil {
			t.Fatal(err)
		}
	}
	const page = "../docs/relations.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not what the program has; go generate ./query writes it", page)
	}
	if len(relationsAbout) != len(Relations()) {
		t.Errorf("%d relations are described, there are %d", len(relationsAbout), len(Relations()))
	}
}

var relationsAbout = []struct{ name, about string }{
	{"request", "Every request of an access log of an Application or Classic Load Balancer, read from the sources as the statement runs. " +
		"`reason` is NULL where nothing failed; `client_net` is the /24 or /48 of the client; `target` is address:port; `node` is `ip_address`, and of a line without it the address in the object's name; " +
		"`duration` from the request's creation to the answer, for Application Load Balancers. " +
		"`time` is that of the answer, and of a Classic Load Balancer that of the request. " +
		"`request` is method, URL and version: `" + requestMethod + "` is the method, `" + requestHost + "` the host, `" + requestPath + "` the whole path; `domain_name` is the host that TLS was asked for. " +
		"`raw` is the line; of JSON and W3C, it is the same entry as the plain log has it, where quotes and control characters in texts are `\\xHH`, in all columns.\n\n" +
		"`route` is the path without its query, and with the names of single things replaced by what they are. " +
		"Of what stands between slashes, a UUID is `{uuid}`, a date such as 2026-11-22 `{date}`, an e-mail address `{email}`, a JWT or an AWS key ID `{token}`. " +
		"In all else each word, up to one of `. - _ , ; = : ~ + @ ! ( )`, is `{id}` if it is of digits alone, `{hex}` if of 8 hexadecimal digits or more, and `{token}` if of 20 letters and digits or more, the latter two with a decimal digit among them. " +
		"What exceeds 200 bytes is `...`. A request that could not be read, with `-` as its method, and a TCP connection have no route."},
	{"failure", "The requests that failed, of every class, whole: the same columns."},
	{"traffic", "All requests, counted by minute, load balancer, target group and target. Several rows may share a key: sum. " +
		"`latency_us` and `latency_requests` are a histogram of `target_processing_time`, see `latency`."},
	{"latency", "Requests that a target answered with a status, by how long it took: the middle of a bucket, at most 1.6 % off. Counts add up over any rows."},
	{"failure_minute", "Failures counted by minute and all that reports divide by. Several rows may share a key: sum. " +
		"`wall_10s` and `wall_60s` count those that took from 10 to under 10.5 s or from 60 to under 61 s from the request's creation to the answer; NULL where no line says when it was created."},
	{"node_minute", "Requests and failures by minute and balancer node. Several rows may share a key: sum."},
	{"connection", "Connection logs of Application Load Balancers. `conn_trace_id` stands in `request`, too. `load_balancer` is `elb`, and of a line without it that of the object's name; so is `node` of `ip_address`."},
	{"health_check", "Health-check logs of Application Load Balancers. `target` and `target_group` join `request`; a Lambda function, of which `target` is the ARN, is named in none. `load_balancer` and `node` are as in `connection`."},
	{"nlb_tls", "Access logs of Network Load Balancers: TLS connections. No field names a target. `connection_time` and `tls_handshake_time` are milliseconds, as AWS logs them; without a `tls_handshake_time` the handshake failed."},
	{"object", "Log objects that were read, with what became of their lines: lines = parsed + rejected + skipped. " +
		"Alone in a statement it reads logs of all kinds; beside others, those that they read."},
	{"accounting", "The same per object and kind of log, for files that hold several."},
	{"listing", "Objects as they were listed, read or not. Alone in a statement it reads none."},
	{"reject", "Damaged lines: where, what is wrong, and the first 4 KiB."},
}
