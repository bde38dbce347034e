package demo_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/demo"
)

// end makes the span cross midnight.
var end = time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC)

// write writes a tree into a folder of the test.
func write(t testing.TB, o demo.Options) (string, *demo.Truth) {
	t.Helper()
	if o.End.IsZero() {
		o.End = end
	}
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

// tree reads all files below dir, by key.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		key, _ := filepath.Rel(dir, p)
		files[filepath.ToSlash(key)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// text returns what a file of the tree holds, inflated by another decoder than
// the one whose encoder wrote it.
func text(t *testing.T, dir string, o *demo.Object) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(o.Key)))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != o.Stored {
		t.Errorf("%s: %d bytes, truth says %d", o.Key, len(b), o.Stored)
	}
	if o.Members == 0 {
		return string(b)
	}
	r := bufio.NewReader(bytes.NewReader(b))
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	members := 0
	for {
		z.Multistream(false)
		if _, err := io.Copy(&s, z); err != nil {
			t.Fatal(err)
		}
		members++
		if err := z.Reset(r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if members != o.Members {
		t.Errorf("%s: %d gzip members, truth says %d", o.Key, members, o.Members)
	}
	return s.String()
}

// lines cuts a log into lines as `wc -l` and an eye would.
func lines(o *demo.Object, s string) []string {
	if s == "" {
		return nil
	}
	if !o.NoFinalNewline {
		s = strings.TrimSuffix(s, "\n")
	}
	list := strings.Split(s, "\n")
	if o.CRLF {
		for i := range list {
			list[i] = strings.TrimSuffix(list[i], "\r")
		}
	}
	return list
}

// tokens cuts a line at spaces outside quotes; a backslash keeps the next
// byte. Every field is a field with its quotes taken off.
func tokens(line string) []string {
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
		case c == ' ' && !quoted:
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

func TestWriteIsDeterministic(t *testing.T) {
	o := demo.Options{Seed: 3, Lines: 8000, Oddities: true}
	dirs := map[int]string{}
	truths := map[int]*demo.Truth{}
	for _, workers := range []int{1, 2, 7} {
		o.Workers = workers
		dirs[workers], truths[workers] = write(t, o)
	}
	want := tree(t, dirs[1])
	for _, workers := range []int{2, 7} {
		if diff := cmp.Diff(want, tree(t, dirs[workers])); diff != "" {
			t.Errorf("%d workers: tree differs (-want +got):\n%.2000s", workers, diff)
		}
		if diff := cmp.Diff(truths[1], truths[workers]); diff != "" {
			t.Errorf("%d workers: truth differs (-want +got):\n%.2000s", workers, diff)
		}
	}
	o.NoTruth = true
	dir, truth := write(t, o)
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("without truth: tree differs (-want +got):\n%.2000s", diff)
	}
	want1 := *truths[1]
	want1.Requests, want1.Damages = nil, nil
	if diff := cmp.Diff(&want1, truth); diff != "" {
		t.Errorf("without truth: totals differ (-want +got):\n%s", diff)
	}
	o.Seed++
	if dir, _ := write(t, o); cmp.Equal(want, tree(t, dir)) {
		t.Error("another seed wrote the same tree")
	}
}

func TestTruthIsWhatTheFilesHold(t *testing.T) {
	dir, truth := write(t, demo.Options{Seed: 1, Lines: 60_000, Oddities: true})
	files := tree(t, dir)
	if len(files) != len(truth.Objects) {
		t.Errorf("%d files, truth has %d objects", len(files), len(truth.Objects))
	}
	requests, damages := truth.Requests, truth.Damages
	var all, bytes int64
	var failures, extra int64
	for i := range truth.Objects {
		o := &truth.Objects[i]
		s := text(t, dir, o)
		list := lines(o, s)
		if len(list) != o.Lines || int64(len(s)) != o.Bytes {
			t.Errorf("%s: %d lines, %d bytes; truth says %d, %d", o.Key, len(list), len(s), o.Lines, o.Bytes)
		}
		if o.Kind != demo.KindAccess {
			continue
		}
		all += int64(len(list))
		bytes += int64(len(s))
		damaged := 0
		for n, line := range list {
			if len(damages) > 0 && damages[0].Object == int32(i) && damages[0].Line == int32(n+1) {
				damaged++
				checkDamage(t, damages[0], line)
				damages = damages[1:]
				continue
			}
			if len(requests) == 0 {
				t.Fatalf("%s:%d: the truth ends before the lines", o.Key, n+1)
			}
			r := requests[0]
			requests = requests[1:]
			if r.Object != int32(i) || r.Line != int32(n+1) {
				t.Fatalf("%s:%d: truth is of object %d line %d", o.Key, n+1, r.Object, r.Line)
			}
			f := tokens(line)
			checkRequest(t, o, &r, f, line)
			if r.Failed() {
				failures++
			}
			if len(f) > 36 {
				extra++
			}
			width := o.Width
			if o.TrailingDash {
				width++
			}
			if o.Width != 0 && len(f) != width {
				t.Errorf("%s:%d: %d fields, want %d: %.300q", o.Key, n+1, len(f), width, line)
			}
		}
		if damaged != o.Damaged {
			t.Errorf("%s: %d damaged lines, truth says %d", o.Key, damaged, o.Damaged)
		}
	}
	if len(requests)+len(damages) > 0 {
		t.Errorf("the truth has %d requests and %d damages more than the lines", len(requests), len(damages))
	}
	var byReason int64
	for _, n := range truth.ByReason {
		byReason += n
	}
	got := []int64{all, bytes, failures, extra, byReason, int64(len(truth.Requests)) + truth.Damaged}
	want := []int64{truth.Lines, truth.Bytes, truth.Failures, truth.Extra, truth.Failures, truth.Lines}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines, bytes, failures, extra, by reason, requests and damages (-want +got):\n%s", diff)
	}
	a := truth.Account(time.Time{}, time.Time{}, nil)
	if a.Lines != a.Parsed+a.Rejected || a.Skipped != 0 || int64(a.Rejected) != truth.Damaged {
		t.Errorf("account does not add up: %+v", a)
	}
	half := truth.Account(truth.From.Add(30*time.Minute), time.Time{}, nil)
	if half.Lines != half.Parsed+half.Rejected+half.Skipped || half.Skipped == 0 {
		t.Errorf("account of half the span does not add up: %+v", half)
	}
}

// checkRequest compares the truth of a request with the fields of its line.
func checkRequest(t *testing.T, o *demo.Object, r *demo.Request, f []string, line string) {
	t.Helper()
	at := fmt.Sprintf("%s:%d", o.Key, r.Line)
	if len(f) < 18 {
		t.Errorf("%s: %d fields: %.300q", at, len(f), line)
		return
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	status := "-"
	if r.ELBStatus >= 0 {
		status = fmt.Sprintf("%03d", r.ELBStatus)
	}
	target := "-"
	if r.TargetStatus >= 0 {
		target = strconv.Itoa(int(r.TargetStatus))
	}
	client := f[3][:strings.LastIndexByte(f[3], ':')]
	want := []string{r.Time.Format("2006-01-02T15:04:05.000000Z"), r.LoadBalancer, r.Client, dash(r.Target), status, target,
		strconv.Itoa(int(r.Received)), strconv.Itoa(int(r.Sent)), dash(r.TargetGroupARN)}
	got := []string{f[1], f[2], client, f[4], f[8], f[9], f[10], f[11], f[16]}
	if !slices.Equal(want, got) {
		t.Errorf("%s (-want +got):\n%s", at, cmp.Diff(want, got))
	}
	if r.Time.Before(o.End.Add(-demo.Interval)) || !r.Time.Before(o.End) {
		t.Errorf("%s: time %s outside the interval that ends %s", at, r.Time, o.End)
	}
	if len(f) >= 22 {
		created, err := time.Parse(time.RFC3339Nano, f[21])
		if err != nil || created.After(r.Time) {
			t.Errorf("%s: created %s, answered %s: %v", at, f[21], f[1], err)
		}
		if r.Reason == "Target_Connect_Timeout" {
			if d := r.Time.Sub(created); d < 10*time.Second || d > 10*time.Second+5*time.Millisecond {
				t.Errorf("%s: connect timeout after %s", at, d)
			}
		}
	}
	if r.Node != o.Node || len(f) >= 34 && o.Width >= 34 && f[33] != r.Node {
		t.Errorf("%s: node %q, object's %q", at, r.Node, o.Node)
	}
	logged := "-"
	if len(f) >= 25 {
		logged = f[24]
	}
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

// checkDamage holds a damaged line to its cause.
func checkDamage(t *testing.T, d demo.Damage, line string) {
	t.Helper()
	f := tokens(line)
	var ok bool
	switch d.Cause {
	case demo.CauseEmpty:
		ok = line == ""
	case demo.CauseCut:
		ok = line != "" && len(f) < 12
	case demo.CauseTime:
		_, err := time.Parse(time.RFC3339Nano, f[1])
		ok = err != nil && len(f) >= 18
	case demo.CauseStatus:
		_, err := strconv.Atoi(f[8])
		ok = err != nil && f[8] != "-" && len(f) >= 18
	case demo.CauseQuote:
		ok = strings.Count(line, `"`)%2 == 1
	case demo.CauseLineLength:
		ok = len(line) > 1<<20 && len(f) == 36
	}
	if !ok {
		t.Errorf("object %d line %d is not damaged by %q: %.200q", d.Object, d.Line, d.Cause, line)
	}
}

func TestEverythingOccurs(t *testing.T) {
	dir, truth := write(t, demo.Options{Seed: 5, Lines: 20_000, Oddities: true})
	reasons := []string{
		"Target_Connection_Error", "Target_Connect_Timeout", "Target_Response_Timeout", "Target_Closed_Connection", "Target_5XX",
		"Target_Stream_Reset", "No_Usable_Target", "Rule_Error", "Transform_Failed", "ELB_Stream_Reset", "ELB_Internal_Error",
		"WeightedTargetGroupsUnhandledException", "Lambda_Error", "LambdaUnhandled", "Client_Closed", "Client_Timeout", "Bad_Request",
		"Request_Too_Large", "Header_Too_Large", "XFF_Too_Many_IPs", "Protocol_Mismatch", "HTTP2_Goaway", "Method_Not_Allowed",
		"Not_Implemented", "HTTP_Version_Not_Supported", "Redirect_URL_Too_Long", "Client_4XX", "AWSALBTGCookieInvalid",
		"Fixed_Response", "WAF_Block", "WAF_Error", "Auth_Failed", "Desync_Block", "ELB_Denied", "Unknown", "AuthInvalidCookie",
	}
	for _, reason := range reasons {
		if truth.ByReason[reason] == 0 {
			t.Errorf("reason %s does not occur", reason)
		}
	}
	kinds, seenWidths, flags := map[demo.Kind]int{}, map[int]int{}, map[string]int{}
	for i := range truth.Objects {
		o := &truth.Objects[i]
		kinds[o.Kind]++
		if o.Kind != demo.KindAccess {
			continue
		}
		seenWidths[o.Width]++
		for flag, on := range map[string]bool{"trailing dash": o.TrailingDash, "CRLF": o.CRLF, "no final newline": o.NoFinalNewline,
			"members": o.Members > 1, "no bytes": o.Members == 0, "gzip of nothing": o.Members == 1 && o.Lines == 0,
			"next day's folder": strings.Contains(o.Key, "/2026/11/22/") && o.End.Equal(end.Truncate(24*time.Hour))} {
			if on {
				flags[flag]++
			}
		}
	}
	for _, kind := range []demo.Kind{demo.KindAccess, demo.KindConnection, demo.KindHealthCheck, demo.KindTestFile} {
		if kinds[kind] == 0 {
			t.Errorf("no object of kind %s", kind)
		}
	}
	for _, width := range []int{0, 18, 20, 25, 27, 29, 30, 33, 34, 36, 38} {
		if seenWidths[width] == 0 {
			t.Errorf("no object of width %d", width)
		}
	}
	for _, flag := range []string{"trailing dash", "CRLF", "no final newline", "members", "no bytes", "gzip of nothing", "next day's folder"} {
		if flags[flag] == 0 {
			t.Errorf("no object with %s", flag)
		}
	}
	causes := map[demo.Cause]int{}
	for _, d := range truth.Damages {
		causes[d.Cause]++
	}
	for _, cause := range []demo.Cause{demo.CauseCut, demo.CauseTime, demo.CauseStatus, demo.CauseQuote, demo.CauseEmpty} {
		if causes[cause] == 0 {
			t.Errorf("no line damaged by %q", cause)
		}
	}
	if causes[demo.CauseLineLength] != 1 {
		t.Errorf("%d lines are too long, want 1", causes[demo.CauseLineLength])
	}
	var log strings.Builder
	for i := range truth.Objects {
		if truth.Objects[i].Kind == demo.KindAccess {
			log.WriteString(text(t, dir, &truth.Objects[i]))
		}
	}
	s := log.String()
	for _, want := range []string{"shoes?q=a b  c", `\x22`, "\x1b[", "\u202e", "\x00", "\xff\xfe", `\"inside\"`, "[::ffff:a9fe:a9fe]:443", "Self=1-",
		`"- http://`, `:80- -"`, `:80- "`, `"- - - "`, "sale now/50 % off", "   ", "=HYPERLINK", "2001:db8:1f14:a1::17:8080", "]-(select 0",
		`"Target_TLS_Error"`, `"BrandNewReason"`, `"waf,fixed-response"`, " 000 - "} {
		if !strings.Contains(s, want) {
			t.Errorf("%q does not occur", want)
		}
	}
}

func TestKeys(t *testing.T) {
	dir, truth := write(t, demo.Options{Seed: 2, Lines: 5000})
	name := regexp.MustCompile(`^(|conn_log_|health_check_log_)(\d{12})_elasticloadbalancing_([a-z0-9-]+)_(app\.[a-z-]+\.[0-9a-f]{16})_(\d{8}T\d{4}Z)_([0-9.]+)_[0-9a-z]{8}\.log\.gz$`)
	prefix := map[string]demo.Kind{"": demo.KindAccess, "conn_log_": demo.KindConnection, "health_check_log_": demo.KindHealthCheck}
	accounts, regions := map[string]bool{}, map[string]bool{}
	for i := range truth.Objects {
		o := &truth.Objects[i]
		if i > 0 && truth.Objects[i-1].Key >= o.Key {
			t.Errorf("objects are not in the order of their keys: %s", o.Key)
		}
		if o.Kind == demo.KindTestFile {
			if o.Key != "AWSLogs/"+o.Account+"/ELBAccessLogTestFile" {
				t.Errorf("test file at %s", o.Key)
			}
			continue
		}
		m := name.FindStringSubmatch(path.Base(o.Key))
		if m == nil {
			t.Errorf("key %s is not one that AWS writes", o.Key)
			continue
		}
		got := []string{string(prefix[m[1]]), m[2], m[3], strings.ReplaceAll(m[4], ".", "/"), m[5], m[6]}
		want := []string{string(o.Kind), o.Account, o.Region, o.LoadBalancer, o.End.Format("20060102T1504Z"), o.Node}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", o.Key, diff)
		}
		folder := fmt.Sprintf("AWSLogs/%s/elasticloadbalancing/%s/%s", o.Account, o.Region, o.End.Format("2006/01/02"))
		if path.Dir(o.Key) != folder {
			t.Errorf("%s is not in folder %s", o.Key, folder)
		}
		accounts[o.Account], regions[o.Region] = true, true
	}
	if len(accounts) != 2 || len(regions) != 2 {
		t.Errorf("%d accounts and %d regions, want 2 and 2", len(accounts), len(regions))
	}
	if len(truth.Missing) != 1 {
		t.Fatalf("%d objects missing, want 1", len(truth.Missing))
	}
	m := truth.Missing[0]
	for i := range truth.Objects {
		if o := &truth.Objects[i]; o.Kind == demo.KindAccess && o.LoadBalancer == m.LoadBalancer && o.Node == m.Node && o.End.Equal(m.End) {
			t.Errorf("missing object exists: %s", o.Key)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "AWSLogs")); err != nil {
		t.Error(err)
	}
}

func TestIncidents(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 4, Lines: 60_000})
	if len(truth.Incidents) == 0 {
		t.Fatal("no incidents")
	}
	for _, in := range truth.Incidents {
		t.Run(in.Name, func(t *testing.T) {
			keep := func(r *demo.Request) bool {
				if r.LoadBalancer != in.LoadBalancer || !slices.Contains(in.Reasons, r.Reason) {
					return false
				}
				return in.Targets == nil || slices.Contains(in.Targets, r.Target)
			}
			key := func(*demo.Request) string { return "" }
			during := truth.Count(in.From, in.Until, keep, key)[""].Failures
			before := truth.Count(truth.From, in.From, keep, key)[""].Failures
			if during < 20 || during < 5*before {
				t.Errorf("%d failures during the incident, %d before it", during, before)
			}
		})
	}
	deploy := truth.Incidents[slices.IndexFunc(truth.Incidents, func(in demo.Incident) bool { return in.Name == "deploy, targets refuse" })]
	if len(deploy.Targets) != 2 || !deploy.From.Equal(truth.Until.Add(-25*time.Minute)) {
		t.Errorf("deploy hits %v from %s", deploy.Targets, deploy.From)
	}
}

func TestFailureRate(t *testing.T) {
	for _, tt := range []struct {
		rate, low, high float64
	}{{0, 0.02, 0.09}, {0.02, 0.018, 0.022}, {0.1, 0.09, 0.11}, {1, 1, 1}} {
		t.Run(strconv.FormatFloat(tt.rate, 'g', -1, 64), func(t *testing.T) {
			_, truth := write(t, demo.Options{Seed: 6, Lines: 60_000, Plain: true, FailureRate: tt.rate})
			if got := float64(truth.Failures) / float64(truth.Lines); got < tt.low || got > tt.high {
				t.Errorf("share of failures %.4f, want %.3f to %.3f", got, tt.low, tt.high)
			}
		})
	}
}

func TestEveryLineFails(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 6, Lines: 20_000, FailureRate: 1, Oddities: true})
	if truth.Failures != int64(len(truth.Requests)) || truth.Failures+truth.Damaged != truth.Lines || truth.Lines < 19_000 {
		t.Errorf("%d failures of %d requests, %d damaged, %d lines", truth.Failures, len(truth.Requests), truth.Damaged, truth.Lines)
	}
}

func TestOtherLogs(t *testing.T) {
	dir, truth := write(t, demo.Options{Seed: 8, Lines: 2000})
	fields := map[demo.Kind]int{demo.KindConnection: 15, demo.KindHealthCheck: 10}
	failed := map[string]bool{}
	for i := range truth.Objects {
		o := &truth.Objects[i]
		want := fields[o.Kind]
		if want == 0 {
			continue
		}
		for n, line := range lines(o, text(t, dir, o)) {
			f := tokens(line)
			if len(f) != want {
				t.Errorf("%s:%d: %d fields, want %d: %q", o.Key, n+1, len(f), want, line)
				continue
			}
			if o.Kind == demo.KindHealthCheck && f[5] == "FAIL" && f[7] == "ConnectionReset" {
				failed[f[3]] = true
			}
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
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Errorf("targets that refuse health checks (-want +got):\n%s", diff)
	}
}

func TestPlain(t *testing.T) {
	_, truth := write(t, demo.Options{Seed: 6, Lines: 6000, Plain: true, Span: 25 * time.Minute, NoTruth: true})
	if len(truth.Objects) != 60 || truth.Lines != 6000 || truth.Damaged+truth.Extra != 0 || len(truth.Requests) != 0 {
		t.Errorf("%d objects, %d lines, %d damaged, %d wider, %d requests; want 60, 6000, 0, 0, 0",
			len(truth.Objects), truth.Lines, truth.Damaged, truth.Extra, len(truth.Requests))
	}
	for _, o := range truth.Objects {
		if o.Kind != demo.KindAccess || o.Width != 36 || o.Lines != 100 || o.Members != 1 {
			t.Errorf("%s is not plain: %+v", o.Key, o)
		}
	}
}

func TestCount(t *testing.T) {
	at := func(minute int) time.Time { return end.Add(time.Duration(minute) * time.Minute) }
	truth := demo.Truth{Requests: []demo.Request{
		{Time: at(3), Reason: "A", Source: demo.SourceDerived, Client: "c1", Target: "t1"},
		{Time: at(1), Reason: "A", Source: demo.SourceLogged, Client: "c1", Target: "t2"},
		{Time: at(2), Reason: "A", Source: demo.SourceDerived, Client: "c2"},
		{Time: at(2), Client: "c3", Target: "t1"},
		{Time: at(4), Reason: "A", Source: demo.SourceDerived, Client: "c4"}, // at the end of the window: out
		{Time: at(2), Reason: "B", Source: demo.SourceDerived, Client: "c5"}, // not kept
	}}
	got := truth.Count(at(1), at(4), func(r *demo.Request) bool { return r.Reason != "B" }, func(r *demo.Request) string { return r.Reason })
	want := map[string]demo.Tally{
		"A": {Requests: 3, Failures: 3, Clients: 2, Targets: 2, First: at(1), Last: at(3)},
		"":  {Requests: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteErrors(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := demo.Write(cancelled, t.TempDir(), demo.Options{End: end, Lines: 100}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Write(context.Background(), file, demo.Options{End: end, Lines: 100}); err == nil {
		t.Error("a file in the place of the folder: no error")
	}
	for name, o := range map[string]demo.Options{"no end": {}, "negative span": {End: end, Span: -1}, "negative lines": {End: end, Lines: -1}} {
		if _, err := demo.Write(context.Background(), t.TempDir(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	var lines, bytes int64
	for b.Loop() {
		truth, err := demo.Write(context.Background(), b.TempDir(), demo.Options{Seed: 1, End: end, Span: 25 * time.Minute, Lines: 600_000, Plain: true, FailureRate: 0.02, NoTruth: true})
		if err != nil {
			b.Fatal(err)
		}
		lines += truth.Lines
		bytes += truth.Bytes
		b.ReportMetric(float64(truth.Bytes)/float64(truth.Lines), "bytes/line")
		b.ReportMetric(float64(truth.Bytes)/float64(truth.Stored), "ratio")
		b.SetBytes(truth.Bytes)
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
}
