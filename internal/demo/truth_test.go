package demo_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

// names are the fields of each log, as AWS documents them.
var names = map[demo.Kind][]string{
	demo.KindAccess: strings.Fields(`type time elb client:port target:port request_processing_time target_processing_time
		response_processing_time elb_status_code target_status_code received_bytes sent_bytes request_line user_agent ssl_cipher
		ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time
		actions_executed redirect_url error_reason target:port_list target_status_code_list classification classification_reason
		conn_trace_id transformed_host transformed_uri request_transform_status ip_address target_error_code elb_error_code`),
	demo.KindConnection: strings.Fields(`time client_ip client_port listener_port tls_protocol tls_cipher tls_handshake_latency
		leaf_client_cert_subject leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status conn_trace_id
		tls_keyexchange elb ip_address`),
	demo.KindHealthCheck: strings.Fields(`type time latency target_addr target_group_id status status_code reason_code elb ip_address`),
	demo.KindNLB: strings.Fields(`type version time elb listener client:port destination:port connection_time tls_handshake_time
		received_bytes sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial tls_cipher tls_protocol_version
		tls_keyexchange domain_name alpn_fe_protocol alpn_be_protocol alpn_client_preference_list tls_connection_creation_time`),
	demo.KindClassic: strings.Fields(`time elb client:port backend:port request_processing_time backend_processing_time
		response_processing_time elb_status_code backend_status_code received_bytes sent_bytes request user_agent ssl_cipher
		ssl_protocol`),
}

// tokens cuts a line at separators outside quotes; a backslash keeps the next
// byte. Quotes are taken off.
func tokens(line string, separator byte) []string {
	var out []string
	var tok strings.Builder
	quoted, open := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quoted && i+1 < len(line):
			tok.WriteByte(c)
			i++
			tok.WriteByte(line[i])
		case c == '"':
			quoted, open = !quoted, true
		case c == separator && !quoted:
			if open {
				out = append(out, tok.String())
				tok.Reset()
				open = false
			}
		default:
			tok.WriteByte(c)
			open = true
		}
	}
	if open {
		out = append(out, tok.String())
	}
	return out
}

// entry is a line in the words of AWS; absent fields are "-", fields that the
// line does not have are missing.
type entry map[string]string

// read reads a line of the object; nil if it is none of its format.
func read(o *demo.Object, line string) (e entry, fields int) {
	e = entry{}
	switch o.Format {
	case demo.FormatJSON:
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		var values map[string]any
		if d.Decode(&values) != nil {
			return nil, 0
		}
		for k, v := range values {
			e[k] = fmt.Sprint(v)
		}
		return e, len(values)
	case demo.FormatW3C:
		f := tokens(line, '\t')
		if len(f) != len(o.Columns) {
			return nil, len(f)
		}
		for i, c := range o.Columns {
			e[c] = f[i]
		}
		return e, len(f)
	}
	f := tokens(line, ' ')
	for i, c := range names[o.Kind] {
		if i < len(f) {
			e[c] = f[i]
		}
	}
	return e, len(f)
}

// as returns fields in an order, "?" where the line has none.
func (e entry) as(columns ...string) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		v, ok := e[c]
		if !ok {
			v = "?"
		}
		list[i] = v
	}
	return list
}

// dash spells what is absent.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func number[T int16 | int32 | int64](n T) string {
	if n < 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// seconds turns "0.037" into the unit, -1 for "-1" and "-".
func seconds(t *testing.T, s string, unit time.Duration) int64 {
	t.Helper()
	if s == "-1" || s == "-" {
		return -1
	}
	d, err := time.ParseDuration(s + "s")
	if err != nil {
		t.Error(err)
	}
	return int64(d / unit)
}

const stamp = "2006-01-02T15:04:05.000000Z"

// TestTruthIsWhatTheFilesHold reads every line of every file with a slow parser
// and compares it with the truth.
func TestTruthIsWhatTheFilesHold(t *testing.T) {
	for _, format := range []demo.Format{demo.FormatPlain, demo.FormatJSON, demo.FormatW3C} {
		t.Run(string(format), func(t *testing.T) {
			truth := hold(t, demo.Options{Seed: 1, Lines: 30_000, Oddities: true, Vended: format})
			vended := map[demo.Kind]int{}
			for _, o := range truth.Objects {
				if o.Format != demo.FormatPlain {
					vended[o.Kind]++
					if o.Format != format || strings.Contains(o.Key, "_elasticloadbalancing_") {
						t.Errorf("%s is of format %q", o.Key, o.Format)
					}
				}
			}
			want := map[demo.Kind]int{demo.KindAccess: 12, demo.KindConnection: 1, demo.KindHealthCheck: 1, demo.KindNLB: 1}
			if format == demo.FormatPlain {
				want = map[demo.Kind]int{}
			}
			if diff := cmp.Diff(want, vended); diff != "" {
				t.Errorf("vended objects (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSpans writes spans that cut an hour's object short, or are one interval
// only, and hardly any lines.
func TestSpans(t *testing.T) {
	for _, span := range []time.Duration{5 * time.Minute, 10 * time.Minute, 80 * time.Minute} {
		t.Run(span.String(), func(t *testing.T) {
			truth := hold(t, demo.Options{Seed: 2, Lines: 300, Span: span, Oddities: true, Vended: demo.FormatW3C})
			hours := 0
			for _, o := range truth.Objects {
				if o.Interval == demo.LongInterval {
					hours++
				}
			}
			if want := 2 * int((span+demo.LongInterval-1)/demo.LongInterval); hours != want {
				t.Errorf("%d objects of an hour, want %d", hours, want)
			}
		})
	}
}

// hold writes a tree and holds its truth to the files.
func hold(t *testing.T, o demo.Options) *demo.Truth {
	t.Helper()
	dir, truth := write(t, o)
	if files := tree(t, dir); len(files) != len(truth.Objects) {
		t.Errorf("%d files, truth has %d objects", len(files), len(truth.Objects))
	}
	c := checker{truth: truth, damages: truth.Damages, requests: truth.Requests, connections: truth.Connections,
		checks: truth.Checks, tls: truth.TLS, byKind: map[demo.Kind]demo.Counts{}}
	for i := range truth.Objects {
		c.object(t, int32(i), text(t, dir, &truth.Objects[i]))
	}
	c.totals(t)
	return truth
}

// checker walks through files and truth side by side.
type checker struct {
	truth *demo.Truth
	// What the files have not shown yet.
	damages     []demo.Damage
	requests    []demo.Request
	connections []demo.Connection
	checks      []demo.Check
	tls         []demo.TLSConnection

	byKind   map[demo.Kind]demo.Counts
	failures int64
	extra    int64
}

// object checks one file.
func (c *checker) object(t *testing.T, index int32, s string) {
	t.Helper()
	o := &c.truth.Objects[index]
	list := lines(o, s)
	n := c.byKind[o.Kind]
	n.Objects++
	n.Lines += int64(len(list) - o.Header)
	n.Bytes += int64(len(s))
	n.Stored += o.Stored
	if len(list)-o.Header != o.Lines || int64(len(s)) != o.Bytes {
		t.Errorf("%s: %d lines, %d bytes; truth says %d, %d", o.Key, len(list)-o.Header, len(s), o.Lines, o.Bytes)
	}
	if o.Format == demo.FormatW3C {
		want := []string{"#Version: 1.0", "#Fields: " + strings.Join(o.Columns, " ")}
		if o.Header != 2 || !slices.Equal(want, list[:2]) {
			t.Errorf("%s: header %q", o.Key, list[:2])
		}
	} else if o.Header != 0 {
		t.Errorf("%s: %d header lines", o.Key, o.Header)
	}
	damaged := 0
	for i, line := range list[o.Header:] {
		if o.Kind == demo.KindTestFile {
			break
		}
		number := int32(i + 1 + o.Header)
		at := fmt.Sprintf("%s:%d", o.Key, number)
		if len(c.damages) > 0 && c.damages[0].Object == index && c.damages[0].Line == number {
			damaged++
			checkDamage(t, o, c.damages[0], line)
			c.damages = c.damages[1:]
			continue
		}
		e, fields := read(o, line)
		width := o.Width
		if o.TrailingDash && width != 0 {
			width++
		}
		if o.Columns != nil {
			width = len(o.Columns)
		}
		if e == nil || width != 0 && fields != width {
			t.Errorf("%s: %d fields, want %d: %.300q", at, fields, width, line)
			continue
		}
		if fields > 36 {
			c.extra++
		}
		c.entry(t, at, index, number, e)
	}
	if damaged != o.Damaged {
		t.Errorf("%s: %d damaged lines, truth says %d", o.Key, damaged, o.Damaged)
	}
	n.Damaged += int64(damaged)
	c.byKind[o.Kind] = n
}

// entry checks the next entry of the object's kind.
func (c *checker) entry(t *testing.T, at string, object, line int32, e entry) {
	t.Helper()
	o := &c.truth.Objects[object]
	var wrote time.Time
	var place [2]int32
	switch o.Kind {
	case demo.KindAccess, demo.KindClassic:
		r := next(t, &c.requests)
		wrote, place = r.Time, [2]int32{r.Object, r.Line}
		if r.Failed() {
			c.failures++
		}
		if r.Kind != o.Kind {
			t.Errorf("%s: a request of kind %s", at, r.Kind)
		}
		if o.Kind == demo.KindAccess {
			checkRequest(t, at, o, &r, e)
		} else {
			checkClassic(t, at, o, &r, e)
		}
	case demo.KindConnection:
		r := next(t, &c.connections)
		wrote, place = r.Time, [2]int32{r.Object, r.Line}
		checkConnection(t, at, o, &r, e)
	case demo.KindHealthCheck:
		r := next(t, &c.checks)
		wrote, place = r.Time, [2]int32{r.Object, r.Line}
		checkCheck(t, at, o, &r, e)
	case demo.KindNLB:
		r := next(t, &c.tls)
		wrote, place = r.Time, [2]int32{r.Object, r.Line}
		checkTLS(t, at, o, &r, e)
	}
	if place != [2]int32{object, line} {
		t.Fatalf("%s: truth is of object %d line %d", at, place[0], place[1])
	}
	if wrote.Before(o.End.Add(-o.Interval)) || !wrote.Before(o.End) || wrote.Before(c.truth.From) || !wrote.Before(c.truth.Until) {
		t.Errorf("%s: time %s outside the interval that ends %s, or the tree's", at, wrote, o.End)
	}
}

// next takes the first of a list.
func next[T any](t *testing.T, list *[]T) T {
	t.Helper()
	if len(*list) == 0 {
		t.Fatal("the truth ends before the lines")
	}
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}

// totals compares what was seen with the truth's sums.
func (c *checker) totals(t *testing.T) {
	t.Helper()
	truth := c.truth
	if n := len(c.requests) + len(c.damages) + len(c.connections) + len(c.checks) + len(c.tls); n > 0 {
		t.Errorf("the truth has %d entries more than the files", n)
	}
	c.byKind[demo.KindTestFile] = demo.Counts{Objects: 2, Lines: 2, Bytes: truth.ByKind[demo.KindTestFile].Bytes, Stored: truth.ByKind[demo.KindTestFile].Stored}
	if diff := cmp.Diff(c.byKind, truth.ByKind); diff != "" {
		t.Errorf("by kind (-files +truth):\n%s", diff)
	}
	a, b := c.byKind[demo.KindAccess], c.byKind[demo.KindClassic]
	var byReason int64
	for _, n := range truth.ByReason {
		byReason += n
	}
	got := []int64{a.Lines + b.Lines, a.Damaged + b.Damaged, a.Bytes + b.Bytes, a.Stored + b.Stored, c.failures, c.extra, byReason, int64(len(truth.Requests)) + truth.Damaged}
	want := []int64{truth.Lines, truth.Damaged, truth.Bytes, truth.Stored, truth.Failures, truth.Extra, truth.Failures, truth.Lines}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines, damaged, bytes, stored, failures, extra, by reason, requests and damages (-want +got):\n%s", diff)
	}
	for _, kind := range []demo.Kind{demo.KindAccess, demo.KindConnection, demo.KindHealthCheck, demo.KindNLB, demo.KindClassic} {
		n := truth.ByKind[kind]
		all := truth.Account(time.Time{}, time.Time{}, nil, kind)
		if int64(all.Lines) != n.Lines || all.Lines != all.Parsed+all.Rejected || all.Skipped != 0 || int64(all.Rejected) != n.Damaged {
			t.Errorf("%s: account does not add up: %+v", kind, all)
		}
		half := truth.Account(truth.From.Add(truth.Until.Sub(truth.From)/2), time.Time{}, nil, kind)
		if half.Lines != half.Parsed+half.Rejected+half.Skipped || n.Lines > 100 && (half.Skipped == 0 || half.Parsed == 0) {
			t.Errorf("%s: account of half the span does not add up: %+v", kind, half)
		}
	}
	if both := truth.Account(time.Time{}, time.Time{}, nil); int64(both.Lines) != truth.Lines || int64(both.Rejected) != truth.Damaged || both.Bytes != truth.Bytes {
		t.Errorf("account of the request logs: %+v", both)
	}
}

// compare compares what the truth says with what the line says.
func compare(t *testing.T, at string, want, got []string) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Errorf("%s (-want +got):\n%s", at, cmp.Diff(want, got))
	}
}

// checkTimes compares the three processing times.
func checkTimes(t *testing.T, at string, r *demo.Request, e entry, target string) {
	t.Helper()
	got := []int64{seconds(t, e["request_processing_time"], time.Microsecond), seconds(t, e[target], time.Microsecond),
		seconds(t, e["response_processing_time"], time.Microsecond)}
	if want := []int64{r.RequestTime, r.TargetTime, r.ResponseTime}; !slices.Equal(want, got) {
		t.Errorf("%s: times %v, truth says %v µs", at, got, want)
	}
}

// checkRequest compares the truth of a request with its line.
func checkRequest(t *testing.T, at string, o *demo.Object, r *demo.Request, e entry) {
	t.Helper()
	status := "-"
	if r.ELBStatus >= 0 {
		status = fmt.Sprintf("%03d", r.ELBStatus)
	}
	want := []string{r.Time.Format(stamp), r.LoadBalancer, r.Client + ":" + strconv.Itoa(int(r.ClientPort)), dash(r.Target), status,
		number(r.TargetStatus), number(r.Sent), dash(r.TargetGroupARN), r.RequestLine}
	compare(t, at, want, e.as("time", "elb", "client:port", "target:port", "elb_status_code", "target_status_code", "sent_bytes",
		"target_group_arn", "request_line"))
	checkTimes(t, at, r, e, "target_processing_time")
	if v, ok := e["received_bytes"]; ok != (r.Received >= 0) || ok && v != number(r.Received) {
		t.Errorf("%s: received %q, truth says %d", at, v, r.Received)
	}
	if r.LoadBalancer != o.LoadBalancer || r.Node != o.Node {
		t.Errorf("%s: %s at %s in an object of %s at %s", at, r.LoadBalancer, r.Node, o.LoadBalancer, o.Node)
	}
	if v := dash(e["ip_address"]); v != "-" && v != r.Node { // a trailing dash may stand in its place
		t.Errorf("%s: node %q, truth says %q", at, v, r.Node)
	}
	if v := e["conn_trace_id"]; dash(v) != dash(r.ConnTraceID) {
		t.Errorf("%s: connection %q, truth says %q", at, v, r.ConnTraceID)
	}
	if v, ok := e["request_creation_time"]; ok {
		created, err := time.Parse(time.RFC3339Nano, v)
		if err != nil || created.After(r.Time) || created.UnixMicro() != r.Created {
			t.Errorf("%s: created %s, answered %s, truth says %d: %v", at, v, r.Time, r.Created, err)
		}
		if r.Reason == "Target_Connect_Timeout" {
			if d := r.Time.Sub(created); d < 10*time.Second || d > 10*time.Second+5*time.Millisecond {
				t.Errorf("%s: connect timeout after %s", at, d)
			}
		}
	} else if r.Created != -1 {
		t.Errorf("%s: truth says created %d", at, r.Created)
	}
	logged := dash(e["error_reason"])
	if (r.Source == demo.SourceLogged) != (logged != "-") || r.Source == demo.SourceLogged && r.Reason != logged {
		t.Errorf("%s: reason %q, source %q, logged %q", at, r.Reason, r.Source, logged)
	}
	if (r.Reason == "") != (r.Source == "") || (r.Reason == "") != (r.Class == "") {
		t.Errorf("%s: reason %q, class %q, source %q", at, r.Reason, r.Class, r.Source)
	}
	if r.Source == "" && r.TargetStatus < 0 && r.ELBStatus >= 400 {
		t.Errorf("%s: the balancer answered %d and the truth knows no failure", at, r.ELBStatus)
	}
}

// checkClassic compares the truth of a request to a Classic Load Balancer with
// its line, and its reason with what the line must mean.
func checkClassic(t *testing.T, at string, o *demo.Object, r *demo.Request, e entry) {
	t.Helper()
	backend := e["backend_status_code"]
	if backend == "0" {
		backend = "-"
	}
	want := []string{r.Time.Format(stamp), r.LoadBalancer, r.Client + ":" + strconv.Itoa(int(r.ClientPort)), dash(r.Target),
		number(r.ELBStatus), number(r.Received), number(r.Sent), r.RequestLine}
	compare(t, at, append(want, number(r.TargetStatus)), append(e.as("time", "elb", "client:port", "backend:port", "elb_status_code",
		"received_bytes", "sent_bytes", "request"), backend))
	checkTimes(t, at, r, e, "backend_processing_time")
	if r.LoadBalancer != o.LoadBalancer || r.Node != o.Node || r.TargetGroupARN != "" || r.ConnTraceID != "" || r.Created != -1 {
		t.Errorf("%s: %+v", at, r)
	}
	reason, class := "", ""
	switch status := e["elb_status_code"]; {
	case status == "-" && e["backend:port"] != "-" && e["request_processing_time"] == "-1":
		reason, class = "Target_Connection_Error", demo.ClassTarget
	case status == "-" || status < "400":
	case backend >= "500" && backend != "-":
		reason, class = "Target_5XX", demo.ClassTarget
	case backend != "-":
	case status == "503" && e["backend:port"] == "-":
		reason, class = "No_Usable_Target", demo.ClassTarget
	case status == "504":
		reason, class = "Target_Response_Timeout", demo.ClassTarget
	case status == "502":
		reason, class = "Target_Closed_Connection", demo.ClassTarget
	case status == "400":
		reason, class = "Bad_Request", demo.ClassClient
	case status == "405":
		reason, class = "Method_Not_Allowed", demo.ClassClient
	case status == "408":
		reason, class = "Client_Timeout", demo.ClassClient
	case status < "500":
		reason, class = "Client_4XX", demo.ClassClient
	default:
		reason = "none that is known"
	}
	if r.Reason != reason || r.Class != class || r.Failed() != (reason != "") {
		t.Errorf("%s: truth says %q, %q, the line %q, %q", at, r.Reason, r.Class, reason, class)
	}
}

func checkConnection(t *testing.T, at string, o *demo.Object, r *demo.Connection, e entry) {
	t.Helper()
	want := []string{r.Time.Format(stamp), r.Client, number(r.ClientPort), number(r.ListenerPort), dash(r.Protocol), dash(r.Cipher), dash(r.Verify), r.TraceID}
	compare(t, at, want, e.as("time", "client_ip", "client_port", "listener_port", "tls_protocol", "tls_cipher", "tls_verify_status", "conn_trace_id"))
	if got := seconds(t, e["tls_handshake_latency"], time.Microsecond); got != r.Handshake {
		t.Errorf("%s: handshake took %d, truth says %d µs", at, got, r.Handshake)
	}
	for column, value := range map[string]string{"leaf_client_cert_subject": dash(r.Subject), "tls_keyexchange": dash(r.KeyExchange)} {
		if v, ok := e[column]; dash(v) != value || !ok && value != "-" {
			t.Errorf("%s: %s is %q, truth says %q", at, column, v, value)
		}
	}
	if v, ok := e["elb"]; ok && (v != r.LoadBalancer || e["ip_address"] != r.Node) || r.LoadBalancer != o.LoadBalancer || r.Node != o.Node {
		t.Errorf("%s: %s at %s, truth says %s at %s", at, v, e["ip_address"], r.LoadBalancer, r.Node)
	}
	// A connection is plain, failed before TLS stood, was refused, or came through.
	plain, through := r.ListenerPort == 80, r.Verify == "Success"
	if plain && (r.Protocol != "" || r.Verify != "") || through != (r.Handshake >= 0) || (r.Protocol == "") != (r.Verify == "") || !plain && !through && r.Requests > 0 {
		t.Errorf("%s: not the form of a connection: %+v", at, r)
	}
}

func checkCheck(t *testing.T, at string, o *demo.Object, r *demo.Check, e entry) {
	t.Helper()
	status := map[bool]string{true: "PASS", false: "FAIL"}[r.Pass]
	want := []string{r.Type, r.Time.Format(stamp), r.Target, r.Group, status, number(r.StatusCode), dash(r.ReasonCode)}
	compare(t, at, want, e.as("type", "time", "target_addr", "target_group_id", "status", "status_code", "reason_code"))
	got := int64(-1)
	if v, ok := e["latency"]; ok {
		got = seconds(t, v, time.Nanosecond)
	}
	if got != r.Latency || r.Pass != (r.ReasonCode == "") {
		t.Errorf("%s: latency %d, truth says %+v", at, got, r)
	}
	if v, ok := e["elb"]; ok && (v != r.LoadBalancer || e["ip_address"] != r.Node) || r.LoadBalancer != o.LoadBalancer || r.Node != o.Node {
		t.Errorf("%s: %s at %s, truth says %s at %s", at, v, e["ip_address"], r.LoadBalancer, r.Node)
	}
	old := r.ReasonCode == "RequestTimedOut" || r.ReasonCode == "ConnectionTimedOut"
	if o.Format == demo.FormatPlain && (old && e["elb"] != "" || r.ReasonCode == "TimedOut" && e["elb"] == "") {
		t.Errorf("%s: reason code %s", at, r.ReasonCode)
	}
}

func checkTLS(t *testing.T, at string, o *demo.Object, r *demo.TLSConnection, e entry) {
	t.Helper()
	const stamp = "2006-01-02T15:04:05"
	handshake := "-"
	if r.Handshake >= 0 {
		handshake = number(r.Handshake / 1000)
	}
	want := []string{r.Time.Format(stamp), r.Created.Format(stamp), r.LoadBalancer, r.Listener, r.Client + ":" + strconv.Itoa(int(r.ClientPort)),
		r.Destination, number(r.Duration / 1000), handshake, number(r.Received), number(r.Sent), number(r.Alert), dash(r.CertARN),
		dash(r.Cipher), dash(r.Protocol), dash(r.KeyExchange), dash(r.Domain)}
	compare(t, at, want, e.as("time", "tls_connection_creation_time", "elb", "listener", "client:port", "destination:port", "connection_time",
		"tls_handshake_time", "received_bytes", "sent_bytes", "incoming_tls_alert", "chosen_cert_arn", "tls_cipher", "tls_protocol_version",
		"tls_keyexchange", "domain_name"))
	if o.Format == demo.FormatPlain {
		// The list's quotes are part of it.
		list := strings.ReplaceAll(r.ALPNClient, `"`, "")
		compare(t, at, []string{"tls", "2.0", "-", dash(r.ALPNFrontend), dash(r.ALPNBackend), dash(list)},
			e.as("type", "version", "chosen_cert_serial", "alpn_fe_protocol", "alpn_be_protocol", "alpn_client_preference_list"))
	} else if r.ALPNFrontend+r.ALPNBackend+r.ALPNClient != "" {
		t.Errorf("%s: truth knows of %+v", at, r)
	}
	if r.LoadBalancer != o.LoadBalancer || o.Node != "" || (r.Handshake < 0) != (r.Cipher == "") || r.Alert >= 0 && r.Handshake >= 0 || r.Created.After(r.Time) {
		t.Errorf("%s: not the form of a connection: %+v", at, r)
	}
}

// fewest is how many fields no reader can do without.
var fewest = map[demo.Kind]int{demo.KindAccess: 12, demo.KindConnection: 8, demo.KindHealthCheck: 6, demo.KindNLB: 11, demo.KindClassic: 11}

// checkDamage holds a damaged line to its cause.
func checkDamage(t *testing.T, o *demo.Object, d demo.Damage, line string) {
	t.Helper()
	e, fields := read(o, line)
	var ok bool
	switch d.Cause {
	case demo.CauseEmpty:
		ok = line == ""
	case demo.CauseCut:
		ok = line != "" && (o.Format == demo.FormatPlain && fields < fewest[o.Kind] || o.Format != demo.FormatPlain && e == nil)
	case demo.CauseTime:
		_, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(e["time"], "Z"))
		ok = err != nil && (fields >= fewest[o.Kind] || e != nil)
	case demo.CauseStatus:
		_, err := strconv.Atoi(e["elb_status_code"])
		ok = err != nil && e["elb_status_code"] != "-" && fields >= 15
	case demo.CauseQuote:
		ok = strings.Count(line, `"`)%2 == 1 && o.Format == demo.FormatPlain
	case demo.CauseLineLength:
		ok = len(line) > 1<<20 && e != nil && o.Kind == demo.KindAccess
	}
	if !ok {
		t.Errorf("object %d line %d is not damaged by %q: %.200q", d.Object, d.Line, d.Cause, line)
	}
}

// TestConnections holds access and connection logs together: no request without
// its connection.
func TestConnections(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 9})
	byID := map[string]*demo.Connection{}
	for i := range truth.Connections {
		c := &truth.Connections[i]
		if byID[c.TraceID] != nil {
			t.Errorf("two connections %s", c.TraceID)
		}
		byID[c.TraceID] = c
	}
	requests := map[string]int32{}
	late, without := 0, 0
	for i := range truth.Requests {
		r := &truth.Requests[i]
		if r.ConnTraceID == "" {
			without++
			continue
		}
		requests[r.ConnTraceID]++
		c := byID[r.ConnTraceID]
		if c == nil {
			t.Fatalf("object %d line %d: no connection %s", r.Object, r.Line, r.ConnTraceID)
		}
		tls := strings.Contains(r.RequestLine, "https://") || strings.Contains(r.RequestLine, "wss://")
		if c.LoadBalancer != r.LoadBalancer || c.Node != r.Node || c.Client != r.Client || c.ClientPort != r.ClientPort || c.Time.After(r.Time) || (c.ListenerPort == 443) != tls {
			t.Errorf("object %d line %d: %+v\nover %+v", r.Object, r.Line, r, c)
		}
		if created := time.UnixMicro(r.Created); c.Time.After(created) && created.After(truth.From.Add(time.Second)) {
			late++
		}
	}
	var shared, none, handshakes int
	codes := map[string]int{}
	for id, c := range byID {
		if c.Requests != requests[id] {
			t.Errorf("%s: %d requests, truth says %d", id, requests[id], c.Requests)
		}
		switch {
		case c.Requests > 1:
			shared++
		case c.Requests == 0:
			none++
		}
		if c.ListenerPort == 443 && c.Protocol == "" {
			handshakes++
		}
		if code, ok := strings.CutPrefix(c.Verify, "Failed:"); ok {
			codes[code]++
		}
	}
	if late > 0 {
		t.Errorf("%d connections are younger than their requests", late)
	}
	if shared < 1000 || none < 100 || handshakes < 500 || without < 1000 {
		t.Errorf("%d connections carry several requests, %d none, %d handshakes failed; %d requests have no connection", shared, none, handshakes, without)
	}
	for _, code := range strings.Fields(`ClientCertMaxChainDepthExceeded ClientCertMaxSizeExceeded ClientCertCrlHit ClientCertCrlProcessingError
		ClientCertUntrusted ClientCertNotYetValid ClientCertExpired ClientCertTypeUnsupported ClientCertInvalid ClientCertPurposeInvalid
		ClientCertRejected UnmappedConnectionError ClientCertIncompatible`) {
		if codes[code] == 0 {
			t.Errorf("no connection is refused by %s", code)
		}
	}
}

// TestChecks looks at what the health check logs hold as a whole.
func TestChecks(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 8, Oddities: true, Kinds: []demo.Kind{demo.KindHealthCheck}})
	nodes, reset, codes, lambda := map[string]bool{}, map[string]bool{}, map[string]int{}, 0
	for _, c := range truth.Checks {
		nodes[c.Node] = true
		codes[c.ReasonCode]++
		if c.ReasonCode == "ConnectionReset" {
			reset[c.Target] = true
		}
		if c.Type == "lambda" && strings.HasPrefix(c.Target, "arn:aws:lambda:") && c.Group == "shop-thumbs" {
			lambda++
		}
	}
	want := map[string]bool{}
	for _, in := range truth.Incidents {
		if strings.HasPrefix(in.Name, "deploy") {
			for _, target := range in.Targets {
				want[target] = true
			}
		}
	}
	if diff := cmp.Diff(want, reset); diff != "" {
		t.Errorf("targets that refuse health checks (-want +got):\n%s", diff)
	}
	if len(nodes) != 12 || lambda == 0 {
		t.Errorf("%d nodes check, Lambda functions %d times", len(nodes), lambda)
	}
	for _, code := range strings.Fields(`TimedOut RequestTimedOut ConnectionTimedOut ConnectionReset ResponseCodeMismatch ResponseStringMismatch
		InternalError TargetError GRPCStatusHeaderEmpty GRPCUnexpectedStatus`) {
		if codes[code] == 0 {
			t.Errorf("no check fails by %s", code)
		}
	}
}

// TestTLS looks at what the Network Load Balancer's logs hold as a whole.
func TestTLS(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 8, Kinds: []demo.Kind{demo.KindNLB}})
	var failed, alerts, six, lists, long int
	for _, c := range truth.TLS {
		for n, yes := range map[*int]bool{&failed: c.Handshake < 0, &alerts: c.Alert >= 0, &six: strings.Contains(c.Client, ":"),
			&lists: c.ALPNClient != "", &long: c.Duration > 600e6} {
			if yes {
				*n++
			}
		}
	}
	if len(truth.TLS) < 2000 || failed <= alerts || alerts < 50 || six < 100 || lists < 100 || long < 10 {
		t.Errorf("%d connections, %d failed, %d with an alert, %d from IPv6, %d with a list of protocols, %d long", len(truth.TLS), failed, alerts, six, lists, long)
	}
}
