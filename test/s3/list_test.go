package s3

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/when"
)

const (
	account = "111122223333"
	region  = "us-east-1"
)

// key is the key of an object of an Application Load Balancer.
func key(prefix string, delivered, end time.Time, balancer string, node int) string {
	return fmt.Sprintf("%sAWSLogs/%s/elasticloadbalancing/%s/%s/%s_elasticloadbalancing_%s_app.%s.%016x_%s_10.0.0.%d_%08x.log.gz",
		prefix, account, region, delivered.Format("2006/01/02"), account, region, balancer, len(balancer)*7919, end.Format("20060102T1504Z"), node, node*2654435761)
}

func keys(got map[string]outcome, bucket string) map[string]bool {
	out := make(map[string]bool)
	for uri := range got {
		out[strings.TrimPrefix(uri, "s3://"+bucket+"/")] = true
	}
	return out
}

func checkErrors(t *testing.T, got map[string]outcome) {
	t.Helper()
	for uri, o := range got {
		if o.err != nil {
			t.Errorf("%s: %v", uri, o.err)
		}
	}
}

// One balancer's last hour in a bucket of 50 balancers × 4 nodes × 30 days
// costs at most 8 LIST, and only that hour's objects are read.
func TestLastHour(t *testing.T) {
	bucket := newBucket(t, "last-hour")
	now := time.Date(2026, 11, 22, 15, 2, 0, 0, time.UTC)
	from := now.Add(-time.Hour)
	const balancers, nodes, days = 50, 4, 30
	body := pack(t, []byte("a line\n"))

	want := make(map[string]bool)
	wanted := make(map[string][]byte)
	others := 0
	for b := range balancers {
		balancer := fmt.Sprintf("shop-%02d", b)
		for node := range nodes {
			for day := range days {
				// Around the last hour the day is complete, elsewhere it is thinned out.
				step := 6 * time.Hour
				begin := now.Truncate(24*time.Hour).AddDate(0, 0, -day).Add(5 * time.Minute)
				for end := begin; end.Before(now) && end.Sub(begin) < 24*time.Hour; end = end.Add(step) {
					if day == 0 && end.After(from.Add(-3*time.Hour)) {
						step = 5 * time.Minute
					}
					k := key("prod/", end, end, balancer, node)
					if balancer == "shop-07" && day == 0 && !end.Before(from.Truncate(time.Minute)) {
						want[k] = true
						wanted[k] = body
						continue
					}
					others++
					plant(t, bucket, k, body)
				}
			}
		}
	}
	put(t, bucket, wanted)
	// Things that lie beside the logs in a real bucket.
	for _, k := range []string{
		"prod/AWSLogs/" + account + "/ELBAccessLogTestFile",
		"prod/AWSLogs/" + account + "/CloudTrail/us-east-1/2026/11/22/trail.json.gz",
		strings.Replace(key("prod/", now, now, "shop-07", 0), account+"_", "conn_log_"+account+"_", 1),
		strings.Replace(key("prod/", now, now, "shop-07", 0), account+"_", "health_check_log_"+account+"_", 1),
		"production/AWSLogs/" + account + "/elasticloadbalancing/" + region + "/2026/11/22/other.log",
	} {
		plant(t, bucket, k, body)
	}

	p := newProxy(t, nil)
	plan := ingest.Plan{Window: when.Window{From: from, Until: now}, Now: now, LoadBalancer: "shop-07"}
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, plan, 2, "s3://"+bucket+"/prod")
	if err != nil {
		t.Fatal(err)
	}
	checkErrors(t, got)
	if diff := cmp.Diff(want, keys(got, bucket)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	lists, gets := p.seen(request.isList), p.seen(request.isGet)
	t.Logf("%d LIST and %d GET, for %d objects among %d", len(lists), len(gets), len(want), others+len(want))
	if len(lists) > 8 {
		t.Errorf("%d LIST, want at most 8: %v", len(lists), lists)
	}
	if len(gets) != len(want) {
		t.Errorf("%d GET, want %d", len(gets), len(want))
	}
	if all := p.seen(func(request) bool { return true }); len(all) != len(lists)+len(gets) {
		t.Errorf("%d requests that are neither", len(all)-len(lists)-len(gets))
	}
}

// plant writes an object below the gateway's feet: fast, but it has no ETag.
func plant(t *testing.T, bucket, key string, body []byte) {
	t.Helper()
	path := filepath.Join(server.Root, bucket, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLayouts(t *testing.T) {
	bucket := newBucket(t, "layouts")
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	at := func(h, m int) time.Time { return day.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute) }
	var (
		inside   = key("a/", at(12, 0), at(12, 0), "shop", 1)
		before   = key("a/", at(11, 0), at(11, 0), "shop", 1)
		after    = key("a/", at(13, 10), at(13, 10), "shop", 1)
		late     = key("a/", day.AddDate(0, 0, 1), at(12, 30), "shop", 1) // delivered the next day
		blog     = key("a/", at(12, 0), at(12, 0), "blog", 1)
		odd      = "a/AWSLogs/" + account + "/elasticloadbalancing/" + region + "/2026/11/21/copy of a log.gz"
		oddStamp = "a/AWSLogs/" + account + "/elasticloadbalancing/" + region + "/2026/11/21/x_20261121.log"
		deeper   = "a/AWSLogs/" + account + "/elasticloadbalancing/" + region + "/2026/11/21/moved/" + inside[strings.LastIndex(inside, "/")+1:]
		tokyo    = strings.ReplaceAll(inside, region, "ap-northeast-1")
		second   = strings.ReplaceAll(inside, account, "444455556666")
		twenty   = strings.ReplaceAll(inside, account, "201155556666") // "conn_log_20…" below
		flat     = "flat/" + inside[strings.LastIndex(inside, "/")+1:]
		flatOut  = "flat/x/" + before[strings.LastIndex(before, "/")+1:]
		name     = "flat/x/notes.txt"
		sibling  = "flatter/notes.txt"
		hive     = "h/AWSLogs/aws-account-id=" + account + "/elasticloadbalancing/region=" + region + "/year=2026/month=11/day=21/file.gz"
		first    = "w" + inside[1:]
		beside   = "w/prod" + blog[1:]
		copied   = "w/AWSLogs/copied/notes.txt"
		monthly  = path.Dir(path.Dir(first)) + "/notes.txt"
		trail    = "w/AWSLogs/o-a1b2c3d4e5/" + account + "/CloudTrail/" + region + "/2026/11/21/trail.json.gz"
	)
	body := pack(t, []byte("a line\n"))
	objects := make(map[string][]byte)
	for _, k := range []string{inside, before, after, late, blog, odd, oddStamp, deeper, tokyo, second, twenty, flat, flatOut, name, sibling, hive, first, beside, copied, monthly, trail} {
		objects[k] = body
	}
	for _, k := range []string{inside, twenty} {
		for _, p := range []string{"conn_log_", "health_check_log_"} {
			i := strings.LastIndex(k, "/") + 1
			objects[k[:i]+p+k[i:]] = body
		}
	}
	net := strings.Replace(inside, "app.", "net.", 1)
	net = strings.Replace(net, "_10.0.0.1", "", 1)
	objects[net] = body
	put(t, bucket, objects)
	tree := []string{inside, late, blog, odd, oddStamp, deeper, tokyo, second, twenty}
	shop := []string{inside, late, odd, oddStamp, deeper, tokyo, second, twenty}
	accountRoot := "a/AWSLogs/" + account
	window := when.Window{From: at(11, 45), Until: at(13, 0)}
	now := at(40, 0)
	tests := []struct {
		name string
		spec string
		plan ingest.Plan
		want []string
	}{
		{"prefix", "a", ingest.Plan{Window: window, Now: now}, tree},
		{"prefix with a slash", "a/", ingest.Plan{Window: window, Now: now}, tree},
		{"one balancer", "a", ingest.Plan{Window: window, Now: now, LoadBalancer: "shop"}, shop},
		{"AWSLogs", "a/AWSLogs", ingest.Plan{Window: window, Now: now}, tree},
		{"account", accountRoot, ingest.Plan{Window: window, Now: now}, []string{inside, late, blog, odd, oddStamp, deeper, tokyo}},
		{"service", accountRoot + "/elasticloadbalancing", ingest.Plan{Window: window, Now: now}, []string{inside, late, blog, odd, oddStamp, deeper, tokyo}},
		{"region", accountRoot + "/elasticloadbalancing/" + region, ingest.Plan{Window: window, Now: now}, []string{inside, late, blog, odd, oddStamp, deeper}},
		{"month", accountRoot + "/elasticloadbalancing/" + region + "/2026/11", ingest.Plan{Window: window, Now: now}, []string{inside, late, blog, odd, oddStamp, deeper}},
		{"day", accountRoot + "/elasticloadbalancing/" + region + "/2026/11/22/", ingest.Plan{Window: window, Now: now}, []string{late}},
		{"day without a window", accountRoot + "/elasticloadbalancing/" + region + "/2026/11/22", ingest.Plan{Now: now}, []string{late}},
		{"no window", "a", ingest.Plan{}, append([]string{before, after}, tree...)},
		{"open beginning", "a", ingest.Plan{Window: when.Window{Until: window.Until}, Now: now}, append([]string{before}, tree...)},
		{"open end", "a", ingest.Plan{Window: when.Window{From: window.From}, Now: now}, append([]string{after}, tree...)},
		{"a long window", "a", ingest.Plan{Window: when.Window{From: day.AddDate(-2, 0, 0), Until: window.Until}, Now: now}, append([]string{before}, tree...)},
		{"one key", inside, ingest.Plan{}, []string{inside}},
		{"flat", "flat", ingest.Plan{Window: window, Now: now}, []string{flat, name}},
		{"flat, deeper", "flat/x", ingest.Plan{}, []string{flatOut, name}},
		{"one odd key", name, ingest.Plan{Window: window}, []string{name}},
		{"the beginning of a name", "flat/x/note", ingest.Plan{}, nil},
		{"glob", "a/AWSLogs/*/elasticloadbalancing/*/2026/11/21/*app.shop*", ingest.Plan{Window: window}, []string{inside, tokyo, second, twenty}},
		{"deep glob", "flat/**/*.txt", ingest.Plan{}, []string{name}},
		{"glob of folders", "a/AWSLogs/*/elasticloadbalancing/" + region, ingest.Plan{Window: window, Now: now}, []string{inside, late, blog, odd, oddStamp, deeper, second, twenty}},
		{"glob of folders with a slash", "fla*/", ingest.Plan{Window: window, Now: now}, []string{flat, name, sibling}},
		{"glob of folders and keys", "flat/*", ingest.Plan{Window: window, Now: now}, []string{flat, name}},
		{"glob of all", "w/**", ingest.Plan{Window: window, Now: now}, []string{first, beside, copied, monthly}},
		{"partitioned folders", "h", ingest.Plan{}, []string{hive}},
		{"the whole bucket", "", ingest.Plan{Window: window, Now: now}, append([]string{flat, name, sibling, hive, first, beside, copied, monthly}, tree...)},
		{"AWSLogs and a folder with another", "w", ingest.Plan{Window: window, Now: now}, []string{first, beside, copied, monthly}},
		{"nothing there", "nowhere", ingest.Plan{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := make(map[string]bool)
			for _, k := range tt.want {
				want[k] = true
			}
			got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: server.URL()}, tt.plan, 2, "s3://"+bucket+"/"+tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			checkErrors(t, got)
			if diff := cmp.Diff(want, keys(got, bucket)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("sources that overlap", func(t *testing.T) {
		got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: server.URL()}, ingest.Plan{Window: window, Now: now}, 2,
			"s3://"+bucket+"/"+inside, "s3://"+bucket+"/a", "s3://"+bucket+"/"+accountRoot)
		if err != nil {
			t.Fatal(err)
		}
		checkErrors(t, got)
		if len(got) != len(tree) {
			t.Errorf("%d objects, want %d", len(got), len(tree))
		}
	})
}

// More keys than a page holds, with all the letters that XML and URLs do not love.
func TestPaging(t *testing.T) {
	bucket := newBucket(t, "paging")
	objects := make(map[string][]byte)
	want := make(map[string]bool)
	for i := range 2345 {
		k := fmt.Sprintf("logs/%04d", i)
		switch i % 9 {
		case 1:
			k += " with spaces"
		case 2:
			k += "+plus+plus"
		case 3:
			k += "%20per%cent"
		case 4:
			k += "ümlaut-日本"
		case 5:
			k += "&amp;<tag>\"'"
		case 6:
			k += "?query=1#x"
		case 7:
			k += "new\nline"
		}
		objects[k] = []byte("text " + k + "\n")
		want[k] = true
	}
	put(t, bucket, objects)
	p := newProxy(t, nil)
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 4, "s3://"+bucket+"/logs")
	if err != nil {
		t.Fatal(err)
	}
	checkErrors(t, got)
	if diff := cmp.Diff(want, keys(got, bucket)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for uri, o := range got {
		k := strings.TrimPrefix(uri, "s3://"+bucket+"/")
		if string(o.text) != string(objects[k]) {
			t.Errorf("%q has the text %q", k, o.text)
		}
	}
	t.Logf("%d LIST", len(p.seen(request.isList)))
}
