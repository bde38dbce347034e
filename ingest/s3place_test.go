package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/parse"
)

// placesOf are folders as they lie in a bucket, AWS's and others, below a prefix.
func placesOf(prefix string) []string {
	const elb = "AWSLogs/111122223333/elasticloadbalancing/"
	var places []string
	for _, p := range []string{
		"", "copy/", "copy/AWSLogs/", // beside AWSLogs
		"AWSLogs/", "AWSLogs/copy/", "AWSLogs/copy/2026/11/", "AWSLogs/~odd/", "AWSLogs/ö/", "AWSLogs/😀/", "AWSLogs/a+b c%2Bd\n/", "AWSLogs//",
		"AWSLogs/copy/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/",
		"AWSLogs/o-a1b2c3d4e5/", "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/us-east-1/2026/11/20/",
		"AWSLogs/o-a1b2c3d4e5/111122223333/elasticloadbalancing/us-east-1/2026/11/20/",
		"AWSLogs/o-a1b2c3d4e5/copy/",
		"AWSLogs/111122223333/", "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/", "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/20/",
		"AWSLogs/444455556666/WAFLogs/us-east-1/acl/2026/11/20/03/00/",
		"AWSLogs/aws-account-id=111122223333/elasticloadbalancing/region=us-east-1/year=2026/month=11/day=20/",
		"AWSLogs/aws-account-id=111122223333/vpcflowlogs/region=us-east-1/year=2026/month=11/day=20/",
		elb, elb + "copy of us-east-1/", elb + "copy/2026/11/20/", elb + "2026/11/20/", // as log delivery writes if told to
		elb + "us-east-1/", elb + "us-east-1/copy/", elb + "us-east-1/2026-11-20/", elb + "us-east-1/2026/", elb + "us-east-1/2026/copy/2026/11/20/",
		elb + "us-east-1/2026/11/", elb + "us-east-1/2026/11/2/", elb + "us-east-1/2026/11/copy of 20/", elb + "us-east-1/2026/10/", elb + "us-east-1/2026/10/copy/",
		elb + "us-east-1/2026/11/20/", elb + "us-east-1/2026/11/20/moved/", elb + "us-east-1/2026/11/21/", elb + "us-east-1/2026/10/01/", elb + "us-east-1/2025/11/20/",
		elb + "eu-west-1/2026/11/20/",
	} {
		places = append(places, prefix+p)
	}
	return places
}

// chosen is what a plan takes of keys, told by each key alone: the window tells the
// folders of days, and the base name the rest.
func chosen(keys []string, prefix string, plan Plan) (want []string) {
	var first, last time.Time
	if first = plan.Window.From; !plan.Window.Until.IsZero() {
		last = plan.Window.Until.Add(2*24*time.Hour + 65*time.Minute)
	}
	dated := regexp.MustCompile(`/\d{12}/elasticloadbalancing/[0-9A-Za-z-]+/(\d{4}(?:/\d\d){0,2})/`)
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) || strings.HasSuffix(k, "/") || !plan.Wants(ParseName(path.Base(k))) {
			continue
		}
		if m := dated.FindStringSubmatch(k); m != nil {
			layout := "2006/01/02"[:len(m[1])]
			if !first.IsZero() && m[1] < first.Format(layout) || !last.IsZero() && m[1] > last.Format(layout) {
				continue
			}
		}
		if !ofOtherService(k) {
			want = append(want, k)
		}
	}
	return want
}

// ofOtherService reports whether a key lies in an account's folder, but not in that of
// Elastic Load Balancing.
func ofOtherService(key string) bool {
	folders := strings.Split(path.Dir(key), "/")
	inLayout := false
	for i, f := range folders {
		account := regexp.MustCompile(`^(\d{12}|aws-account-id=\d{12})$`).MatchString(f)
		if inLayout && account {
			return i+1 == len(folders) || folders[i+1] != "elasticloadbalancing"
		}
		inLayout = inLayout || f == "AWSLogs"
	}
	return false
}

// Nothing in a bucket is missed, wherever it lies and however long the window is, and
// nothing is taken that other services have written.
func TestNothingIsMissed(t *testing.T) {
	const name = "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261120T%sZ_10.0.0.1_r.log.gz"
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	now := noon.AddDate(0, 0, 5)
	buckets := map[string][]string{
		"layout alone":       placesOf("")[3:],
		"layout in a folder": placesOf("prod/"),
		"both":               slices.Concat(placesOf(""), placesOf("prod/"), placesOf("a/b/")),
	}
	for bucket, places := range buckets {
		var keys []string
		for _, p := range places {
			keys = append(keys, p+fmt.Sprintf(name, "1205"), p+fmt.Sprintf(name, "0005"), p+"Copy of "+fmt.Sprintf(name, "1205"), p+"Copy of "+fmt.Sprintf(name, "0005"), p+"conn_log_"+fmt.Sprintf(name, "1205"), p+"notes", p+"ELBAccessLogTestFile", p)
		}
		slices.Sort(keys)
		keys = slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == "" })
		for window, w := range map[string]when.Window{
			"an hour":        {From: noon, Until: noon.Add(time.Hour)},
			"two months":     {From: noon.AddDate(0, -2, 0), Until: noon.Add(time.Hour)},
			"no beginning":   {Until: noon.Add(time.Hour)},
			"until now":      {From: noon},
			"all":            {},
			"an hour before": {From: noon.AddDate(0, -1, -19), Until: noon.AddDate(0, -1, -19).Add(time.Hour)},
		} {
			plan := Plan{Window: w, Now: now}
			for _, prefix := range []string{
				"", "prod", "a", "AWSLogs", "prod/AWSLogs", "copy", "AWSLogs/o-a1b2c3d4e5", "AWSLogs/copy",
				"AWSLogs/111122223333", "AWSLogs/111122223333/elasticloadbalancing", "AWSLogs/111122223333/elasticloadbalancing/us-east-1",
				"AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11",
				"AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/copy",
			} {
				if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, folder(prefix)) }) {
					continue
				}
				for _, server := range []stored{{page: 1000}, {page: 7}, {page: 1000, deaf: true}} {
					if (server.page < 1000 || server.deaf) && (prefix != "" || window != "an hour") {
						continue
					}
					server.keys = keys
					t.Run(fmt.Sprintf("%s/%s/%s in pages of %d, deaf %v", bucket, window, prefix, server.page, server.deaf), func(t *testing.T) {
						t.Parallel()
						want := chosen(keys, folder(prefix), plan)
						got, err := listAll(t, fakeS3(t, server.ServeHTTP), "s3://bucket/"+prefix, plan)
						if err != nil {
							t.Fatal(err)
						}
						slices.Sort(got) // what lies beside the days comes before them
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("keys (-want +got):\n%s", diff)
						}
					})
				}
			}
		}
	}
}

// A name that only begins as AWS's do may say when its interval begins, as those do that
// log delivery gives to what it writes of other services. Its lines tell, wherever it lies.
func TestNamesOfBeginnings(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	plan := Plan{Window: when.Window{From: noon.Add(2 * time.Minute), Until: noon.Add(time.Hour)}, Now: noon.Add(2 * time.Hour)}
	for _, place := range []string{"copy/", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/"} {
		var keys, want []string
		for _, name := range []string{"1100Z_10.0.0.1_r.log.gz", "1105Z_r.log.gz", "1155Z_r.json.gz", "1200Z_10.0.0.1_r.log.gz", "1200Z_r.log.gz", "1205Z_10.0.0.1_r.log.gz"} {
			key := place + "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261120T" + name
			if keys = append(keys, key); plan.Wants(ParseName(path.Base(key))) {
				want = append(want, key)
			}
		}
		got, err := listAll(t, fakeS3(t, stored{keys: keys, page: 1000}.ServeHTTP), "s3://bucket", plan)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || len(want) != 4 {
			t.Errorf("%s: keys (-want +got):\n%serror %v", place, diff, err)
		}
	}
}

// A name that begins as AWS's do, and has no stamp where they have it, comes once.
func TestNamesWithoutStamp(t *testing.T) {
	const log = "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/111122223333_elasticloadbalancing_us-east-1_app.shop.a1_"
	keys := []string{
		log + "1999_2001", log + "20", log + "20261120T1205Z_10.0.0.1_r.log.gz", log + "20261120T1205Z_2001:db8::1_r.log.gz",
		log + "merged.log.gz", log + "merged_20261120.log.gz", log + "merged_20261120_20261121.log.gz",
	}
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for window, want := range map[when.Window][]string{
		{}:                                       keys,
		{From: noon}:                             append(slices.Clone(keys[:1]), keys[2:]...),
		{From: noon, Until: noon.Add(time.Hour)}: append(slices.Clone(keys[:1]), keys[2:]...),
	} {
		got, err := listAll(t, fakeS3(t, stored{keys: keys, page: 1000}.ServeHTTP), "s3://bucket", Plan{Window: window, Now: noon.Add(time.Hour)})
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: keys (-want +got):\n%serror %v", window, diff, err)
		}
	}
}

// Who may list one folder only gets what is in it: no request is made for anything else.
func TestFolderAlone(t *testing.T) {
	const log = "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261120T1205Z_10.0.0.1_r.log.gz"
	in := []string{"prod/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/" + log, "prod/copy/" + log, "prod/" + log}
	server := stored{keys: slices.Sorted(slices.Values(append([]string{"other/" + log, "prod"}, in...))), page: 1000}
	slices.Sort(in)
	for spec, want := range map[string][]string{"s3://bucket/prod/": in, "s3://bucket/prod/AWSLogs": in[1:2], "s3://bucket/prod/copy/": in[2:]} {
		aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Query().Get("prefix"), "prod/") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			server.ServeHTTP(w, r)
		})
		got, err := listAll(t, aws, spec, Plan{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: keys (-want +got):\n%serror %v", spec, diff, err)
		}
	}
}

// Looking what lies beside AWSLogs is one request where there is nothing.
func TestLayoutAlone(t *testing.T) {
	const key = "prod/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261120T1205Z_10.0.0.1_r.log.gz"
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	plan := Plan{Window: when.Window{From: noon, Until: noon.Add(time.Hour)}, Now: noon.Add(time.Hour)}
	var asked [2]atomic.Int64
	for i, spec := range []string{"s3://bucket/prod", "s3://bucket/prod/AWSLogs"} {
		keys := []string{"prod/", "prod/AWSLogs/", "prod/AWSLogs/111122223333/ELBAccessLogTestFile", key} // a console makes the first two
		got, err := listAll(t, fakeS3(t, stored{keys: keys, page: 1000, asked: &asked[i]}.ServeHTTP), spec, plan)
		if diff := cmp.Diff([]string{key}, got); diff != "" || err != nil {
			t.Errorf("%s: keys (-want +got):\n%serror %v", spec, diff, err)
		}
	}
	if asked[0].Load() != asked[1].Load()+1 {
		t.Errorf("%d requests for the folder, %d for AWSLogs in it", asked[0].Load(), asked[1].Load())
	}
}

// What was written long before the window holds no line of it. Where names tell the time,
// they count.
func TestOldObjectsWithoutName(t *testing.T) {
	const named = "copy/111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261201T1205Z_10.0.0.1_r.log.gz"
	for from, want := range map[time.Time][]string{
		storedAt.Add(23 * time.Hour):               {named, "copy/notes"},
		storedAt.Add(24*time.Hour + time.Second):   {named},
		storedAt.Add(9*24*time.Hour + 8*time.Hour): {named}, // on the day of the name
		{}: {named, "copy/notes"},
	} {
		got, err := listAll(t, fakeS3(t, stored{keys: []string{named, "copy/notes"}, page: 1000}.ServeHTTP), "s3://bucket", Plan{Window: when.Window{From: from}, Now: storedAt.AddDate(0, 1, 0)})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("since %v: keys (-want +got):\n%serror %v", from, diff, err)
		}
	}
}

// Whichever request is refused, the listing says so, and yields what the others have told.
func TestRefusedRequests(t *testing.T) {
	const day = "prod/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/20/"
	var keys []string
	for _, log := range []string{"", "conn_log_", "health_check_log_"} {
		for _, end := range []string{"1205", "1210", "1215"} {
			keys = append(keys, day+log+"201122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261120T"+end+"Z_10.0.0.1_r.log.gz") // an account that looks like a time
		}
	}
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	plan := Plan{Window: when.Window{From: noon, Until: noon.Add(time.Hour)}, Now: noon.Add(time.Hour), Kinds: Kinds(parse.KindAccess, parse.KindConnection, parse.KindHealthCheck)}
	server := stored{keys: keys, page: 2}
	// list lists the bucket, in which requests are refused of these prefixes and tokens.
	list := func(refused func(url.Values) bool) (got []string, errs []error) {
		sources, err := NewSources([]string{"s3://bucket"}, nil, fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
			if refused(r.URL.Query()) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			server.ServeHTTP(w, r)
		}))
		if err != nil {
			t.Fatal(err)
		}
		for o, err := range sources[0].List(t.Context(), plan) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			got = append(got, strings.TrimPrefix(o.URI, "s3://bucket/"))
		}
		return got, errs
	}
	var mu sync.Mutex
	asked := map[string]url.Values{}
	got, errs := list(func(q url.Values) bool {
		mu.Lock()
		asked[q.Encode()] = q
		mu.Unlock()
		return false
	})
	if diff := cmp.Diff(keys, got); diff != "" || errs != nil || len(asked) < 12 {
		t.Fatalf("%d requests, errors %v, keys (-want +got):\n%s", len(asked), errs, diff)
	}
	for one, q := range asked {
		got, errs := list(func(q url.Values) bool { return q.Encode() == one })
		if len(errs) == 0 || !errors.As(errs[0], new(*AccessError)) {
			t.Errorf("%s is refused: errors %v", one, errs)
		}
		if q.Has("start-after") && q.Has("continuation-token") && len(got) != len(keys)-1 {
			t.Errorf("%s is refused: %d of %d keys, want all but the last of one log", one, len(got), len(keys))
		}
	}
}
