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

func TestWriteIsDeterministic(t *testing.T) {
	o := demo.Options{Seed: 3, Lines: 8000, Oddities: true, Vended: demo.FormatJSON}
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
	want1.Requests, want1.Damages, want1.Connections, want1.Checks, want1.TLS = nil, nil, nil, nil, nil
	if diff := cmp.Diff(&want1, truth); diff != "" {
		t.Errorf("without truth: totals differ (-want +got):\n%s", diff)
	}
	for _, kind := range []demo.Kind{demo.KindAccess, demo.KindConnection, demo.KindHealthCheck, demo.KindNLB, demo.KindClassic, demo.KindTestFile} {
		some := o
		some.Kinds = []demo.Kind{kind}
		dir, truth := write(t, some)
		part := map[string]string{}
		for i := range truths[1].Objects {
			if key := truths[1].Objects[i].Key; truths[1].Objects[i].Kind == kind {
				part[key] = want[key]
			}
		}
		if diff := cmp.Diff(part, tree(t, dir)); diff != "" || len(part) == 0 {
			t.Errorf("%s alone: tree differs (-want +got):\n%.2000s", kind, diff)
		}
		if len(truth.ByKind) != 1 || truth.ByKind[kind] != truths[1].ByKind[kind] {
			t.Errorf("%s alone: counts %v, among others %v", kind, truth.ByKind, truths[1].ByKind[kind])
		}
	}
	o.Seed++
	if dir, _ := write(t, o); cmp.Equal(want, tree(t, dir)) {
		t.Error("another seed wrote the same tree")
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
	kinds, seenWidths, flags := map[demo.Kind]int{}, map[string]int{}, map[string]int{}
	for i := range truth.Objects {
		o := &truth.Objects[i]
		kinds[o.Kind]++
		seenWidths[fmt.Sprint(o.Kind, o.Width)]++
		if o.Kind != demo.KindAccess {
			continue
		}
		for flag, on := range map[string]bool{"trailing dash": o.TrailingDash, "CRLF": o.CRLF, "no final newline": o.NoFinalNewline,
			"members": o.Members > 1, "no bytes": o.Members == 0, "gzip of nothing": o.Members == 1 && o.Lines == 0,
			"next day's folder": strings.Contains(o.Key, "/2026/11/22/") && o.End.Equal(end.Truncate(24*time.Hour))} {
			if on {
				flags[flag]++
			}
		}
	}
	for _, kind := range []demo.Kind{demo.KindAccess, demo.KindConnection, demo.KindHealthCheck, demo.KindNLB, demo.KindClassic, demo.KindTestFile} {
		if kinds[kind] == 0 {
			t.Errorf("no object of kind %s", kind)
		}
	}
	for kind, widths := range map[demo.Kind][]int{
		demo.KindAccess:     {0, 18, 20, 25, 27, 29, 30, 33, 34, 36, 38},
		demo.KindConnection: {0, 12, 15}, demo.KindHealthCheck: {0, 8, 10}, demo.KindNLB: {22}, demo.KindClassic: {15},
	} {
		for _, width := range widths {
			if seenWidths[fmt.Sprint(kind, width)] == 0 {
				t.Errorf("no %s object of width %d", kind, width)
			}
		}
	}
	for _, flag := range []string{"trailing dash", "CRLF", "no final newline", "members", "no bytes", "gzip of nothing", "next day's folder"} {
		if flags[flag] == 0 {
			t.Errorf("no object with %s", flag)
		}
	}
	causes := map[demo.Kind]map[demo.Cause]int{}
	for _, d := range truth.Damages {
		kind := truth.Objects[d.Object].Kind
		if causes[kind] == nil {
			causes[kind] = map[demo.Cause]int{}
		}
		causes[kind][d.Cause]++
	}
	for kind, list := range map[demo.Kind][]demo.Cause{
		demo.KindAccess:     {demo.CauseCut, demo.CauseTime, demo.CauseStatus, demo.CauseQuote, demo.CauseEmpty, demo.CauseLineLength},
		demo.KindClassic:    {demo.CauseCut, demo.CauseTime, demo.CauseStatus, demo.CauseQuote, demo.CauseEmpty},
		demo.KindConnection: {demo.CauseCut, demo.CauseTime, demo.CauseQuote, demo.CauseEmpty}, demo.KindHealthCheck: {demo.CauseCut, demo.CauseTime, demo.CauseEmpty},
		demo.KindNLB: {demo.CauseCut, demo.CauseTime, demo.CauseEmpty},
	} {
		for _, cause := range list {
			if causes[kind][cause] == 0 {
				t.Errorf("no %s line damaged by %q", kind, cause)
			}
		}
		if len(causes[kind]) != len(list) {
			t.Errorf("%s lines are damaged by %v, want %v", kind, causes[kind], list)
		}
	}
	if n := causes[demo.KindAccess][demo.CauseLineLength]; n != 1 {
		t.Errorf("%d lines are too long, want 1", n)
	}
	logs := map[demo.Kind]string{}
	for i := range truth.Objects {
		logs[truth.Objects[i].Kind] += text(t, dir, &truth.Objects[i])
	}
	s := logs[demo.KindAccess]
	for _, want := range []string{"shoes?q=a b  c", `\x22`, "\x1b[", "\u202e", "\x00", "\xff\xfe", `\"inside\"`, "[::ffff:a9fe:a9fe]:443", "Self=1-",
		`"- http://`, `:80- -"`, `:80- "`, `"- - - "`, "sale now/50 % off", "   ", "=HYPERLINK", "2001:db8:1f14:a1::17:8080", "]-(select 0",
		`"Target_TLS_Error"`, `"BrandNewReason"`, `"waf,fixed-response"`, " 000 - "} {
		if !strings.Contains(s, want) {
			t.Errorf("%q does not occur", want)
		}
	}
	for _, want := range []string{` - -1 -1 -1 503 0 0 0 "`, ` - -1 -1 -1 504 0 `, ` 502 - `, ` -1 -1 -1 - - 0 0 "- - - " "-" - -`, `\"inside\"`, "\x1b[", " -1 400 ", " -1 405 ", " -1 408 ", " -1 414 "} {
		if !strings.Contains(logs[demo.KindClassic], want) {
			t.Errorf("%q does not occur in classic logs", want)
		}
	}
}

func TestKeys(t *testing.T) {
	dir, truth := write(t, demo.Options{Seed: 2, Lines: 5000})
	name := regexp.MustCompile(`^(|conn_log[_.]|health_check_log_)(\d{12})_elasticloadbalancing_([a-z0-9-]+)_(app\.[a-z-]+\.[0-9a-f]{16}|net\.[a-z-]+\.[0-9a-f]{16}|[a-z-]+)_(\d{8}T\d{4}Z)(?:_([0-9.]+))?_[0-9a-z]{8}\.log(\.gz)?$`)
	kindOf := func(prefix, resource string) demo.Kind {
		switch {
		case strings.HasPrefix(prefix, "conn"):
			return demo.KindConnection
		case strings.HasPrefix(prefix, "health"):
			return demo.KindHealthCheck
		case strings.HasPrefix(resource, "net."):
			return demo.KindNLB
		case strings.HasPrefix(resource, "app."):
			return demo.KindAccess
		}
		return demo.KindClassic
	}
	spellings := map[string]int{}
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
		spellings[m[1]]++
		if (m[7] == "") != (o.Kind == demo.KindClassic) {
			t.Errorf("%s: only classic logs are not compressed", o.Key)
		}
		got := []string{string(kindOf(m[1], m[4])), m[2], m[3], strings.ReplaceAll(m[4], ".", "/"), m[5], m[6]}
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
	if spellings["conn_log."] != 1 || spellings["conn_log_"] < 100 {
		t.Errorf("names of connection logs begin with %v", spellings)
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
			if in.Reasons == nil {
				checksFail(t, truth, in)
				return
			}
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

// checksFail checks an incident that only health checks see.
func checksFail(t *testing.T, truth *demo.Truth, in demo.Incident) {
	t.Helper()
	name := strings.Split(in.TargetGroupARN, "/")[1]
	var fails, passes, outside int
	byMinute := map[time.Time]int{}
	for _, c := range truth.Checks {
		if c.Group != name || in.Targets != nil && !slices.Contains(in.Targets, c.Target) {
			continue
		}
		switch within := !c.Time.Before(in.From) && c.Time.Before(in.Until); {
		case !within && c.ReasonCode == in.CheckReason:
			outside++
		case within && c.ReasonCode == in.CheckReason:
			fails++
			byMinute[c.Time.Truncate(time.Minute)]++
		case within:
			passes++
		}
	}
	delivered := truth.Count(in.From, in.Until, func(r *demo.Request) bool { return r.TargetGroupARN == in.TargetGroupARN && !r.Failed() },
		func(*demo.Request) string { return "" })[""].Requests
	if delivered < 100 {
		t.Errorf("%d requests were delivered meanwhile", delivered)
	}
	switch in.Name {
	case "all targets fail their checks":
		if fails < 50 || passes > 0 || outside > 0 {
			t.Errorf("%d checks fail and %d pass meanwhile, %d fail at other times", fails, passes, outside)
		}
	case "flapping target":
		if fails < 50 || passes < 50 || outside > fails/5 || len(byMinute) > 40 {
			t.Errorf("%d checks fail and %d pass meanwhile, in %d minutes; %d fail at other times", fails, passes, len(byMinute), outside)
		}
	default:
		t.Error("no such incident is known")
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
	for name, o := range map[string]demo.Options{"no end": {}, "negative span": {End: end, Span: -1}, "negative lines": {End: end, Lines: -1},
		"no such format": {End: end, Vended: "parquet"}, "no such kind": {End: end, Kinds: []demo.Kind{"vpc"}}} {
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
