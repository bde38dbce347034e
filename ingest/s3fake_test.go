package ingest

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/parse"
)

// The real server's tests are in the module test/. What is here, a real server
// does not do: it answers as only a broken one would.

// fakeS3 runs a handler in the place of S3.
func fakeS3(t *testing.T, h http.HandlerFunc) AWS {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return AWS{Region: "us-east-1", EndpointURL: server.URL}
}

// listAll lists a source and returns its keys.
func listAll(t *testing.T, aws AWS, spec string, p Plan) ([]string, error) {
	t.Helper()
	sources, err := NewSources([]string{spec}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for o, err := range sources[0].List(t.Context(), p) {
		if err != nil {
			return keys, err
		}
		if !p.IsJustBefore(o.Name) {
			keys = append(keys, strings.TrimPrefix(o.URI, "s3://bucket/"))
		}
	}
	return keys, nil
}

func answer(w http.ResponseWriter, truncated bool, token string, keys ...string) {
	w.Header().Set("Content-Type", "application/xml")
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><KeyCount>%d</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>%t</IsTruncated>`, len(keys), truncated)
	if token != "" {
		_, _ = fmt.Fprintf(w, `<NextContinuationToken>%s</NextContinuationToken>`, token)
	}
	for _, k := range keys {
		_, _ = fmt.Fprintf(w, `<Contents><Key>%s</Key><ETag>&quot;e1&quot;</ETag><Size>5</Size></Contents>`, url.QueryEscape(k))
	}
	_, _ = io.WriteString(w, `</ListBucketResult>`)
}

func TestBrokenListings(t *testing.T) {
	tests := []struct {
		name string
		list func(w http.ResponseWriter, q url.Values, n int) // the n-th request for the keys, from 0
		want []string
		err  string // part of the error; "" for none
	}{
		{"a token for ever", func(w http.ResponseWriter, _ url.Values, n int) {
			answer(w, true, "again", fmt.Sprintf("k%d", n))
		}, []string{"k0", "k1"}, "same continuation token"},
		{"tokens in a circle", func(w http.ResponseWriter, _ url.Values, n int) {
			answer(w, true, fmt.Sprint("token", n%3), fmt.Sprintf("k%d", n))
		}, []string{"k0", "k1", "k2", "k3"}, "same continuation token"},
		{"no token for more", func(w http.ResponseWriter, _ url.Values, _ int) {
			answer(w, true, "", "k0")
		}, []string{"k0"}, "no continuation token"},
		{"empty pages for ever", func(w http.ResponseWriter, _ url.Values, n int) {
			answer(w, true, fmt.Sprint("token", n))
		}, nil, "empty page"},
		{"an empty page between", func(w http.ResponseWriter, _ url.Values, n int) {
			switch n {
			case 0:
				answer(w, true, "one", "k0")
			case 1:
				answer(w, true, "two")
			default:
				answer(w, false, "", "k1")
			}
		}, []string{"k0", "k1"}, ""},
		{"an empty answer, once", func(w http.ResponseWriter, _ url.Values, n int) {
			if n > 0 {
				answer(w, false, "", "k0")
			}
		}, []string{"k0"}, ""},
		{"an empty answer, always", func(http.ResponseWriter, url.Values, int) {}, nil, "answer is no listing"},
		{"a page of a proxy that wants a login", func(w http.ResponseWriter, _ url.Values, _ int) {
			_, _ = io.WriteString(w, `<html><body>Log in first</body></html>`)
		}, nil, "answer is no listing"},
		{"XML cut short, once", func(w http.ResponseWriter, _ url.Values, n int) {
			if n == 0 {
				_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k0</Key>`)
				return
			}
			answer(w, false, "", "k0", "k1")
		}, []string{"k0", "k1"}, ""},
		{"XML cut short, always", func(w http.ResponseWriter, _ url.Values, _ int) {
			_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k0</Key>`)
		}, nil, "s3://bucket/"},
		{"not URL-encoded", func(w http.ResponseWriter, _ url.Values, _ int) {
			_, _ = io.WriteString(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated><Contents><Key>50%+a b</Key></Contents></ListBucketResult>`)
		}, []string{"50%+a b"}, ""},
		{"a key that was not asked for", func(w http.ResponseWriter, q url.Values, _ int) {
			answer(w, false, "", "elsewhere")
		}, nil, "not asked for"},
		{"badly URL-encoded", func(w http.ResponseWriter, _ url.Values, _ int) {
			_, _ = io.WriteString(w, `<ListBucketResult><Name>bucket</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>50%</Key></Contents></ListBucketResult>`)
		}, nil, "decode key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
				if q := r.URL.Query(); q.Get("delimiter") == "/" {
					answer(w, false, "") // there is no AWSLogs
				} else {
					tt.list(w, q, n)
					n++
				}
			})
			spec := "s3://bucket"
			if tt.err == "not asked for" {
				spec += "/p"
			}
			got, err := listAll(t, aws, spec, Plan{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want one with %q", err, tt.err)
			}
			var unreachable *UnreachableError
			if err != nil && (!errors.As(err, &unreachable) || !strings.Contains(unreachable.Hint(), "proxy")) {
				t.Errorf("error %T, want an UnreachableError that says where to look", err)
			}
		})
	}
}

// stored is a bucket in memory that lists as S3 documents it, page by page.
type stored struct {
	keys []string
	page int
	one  bool // the delimiter's first letter only is honoured, as some servers do
	none bool // the delimiter is ignored
	deaf bool // where to start is ignored

	describe func(key string) (etag string, size int64) // nil: all alike
	asked    *atomic.Int64                              // requests so far; nil: not counted
}

// storedAt is when the objects of a stored bucket were written.
var storedAt = time.Date(2026, 11, 22, 3, 6, 7, 0, time.UTC)

func (s stored) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	type content struct {
		Key, ETag    string
		Size         int64
		LastModified time.Time
	}
	type prefix struct{ Prefix string }
	var out struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		IsTruncated           bool
		KeyCount              int
		EncodingType          string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
		CommonPrefixes        []prefix
	}
	if s.asked != nil {
		s.asked.Add(1)
	}
	if s.describe == nil {
		s.describe = func(string) (string, int64) { return `"e1"`, 5 }
	}
	q := r.URL.Query()
	out.Name = "bucket"
	after := q.Get("continuation-token")
	if !s.deaf {
		after = max(after, q.Get("start-after"))
	}
	delimiter := q.Get("delimiter")
	switch {
	case s.none:
		delimiter = ""
	case s.one && delimiter != "":
		delimiter = delimiter[:1]
	}
	last := ""
	for _, k := range s.keys {
		rest, ok := strings.CutPrefix(k, q.Get("prefix"))
		if !ok || k <= after || last != "" && strings.HasPrefix(k, last) {
			continue
		}
		if at := strings.Index(rest, delimiter); delimiter != "" && at >= 0 {
			last = q.Get("prefix") + rest[:at+len(delimiter)]
			if strings.HasPrefix(after, last) {
				continue
			}
		} else {
			last = ""
		}
		if out.KeyCount == s.page {
			out.IsTruncated = true
			break
		}
		out.KeyCount++
		if last != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, prefix{last})
			out.NextContinuationToken = last + "\U0010ffff"
		} else {
			etag, size := s.describe(k)
			out.Contents = append(out.Contents, content{k, etag, size, storedAt})
			out.NextContinuationToken = k
		}
	}
	if !out.IsTruncated {
		out.NextContinuationToken = ""
	}
	if out.EncodingType = q.Get("encoding-type"); out.EncodingType == "url" {
		// As S3 does: a blank is "+", and "/" stays.
		encoded := func(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }
		for i := range out.Contents {
			out.Contents[i].Key = encoded(out.Contents[i].Key)
		}
		for i := range out.CommonPrefixes {
			out.CommonPrefixes[i].Prefix = encoded(out.CommonPrefixes[i].Prefix)
		}
	}
	if err := xml.NewEncoder(w).Encode(out); err != nil {
		panic(err)
	}
}

// Whatever a server makes of the delimiter, and however small its pages are,
// the same objects come in the same order.
func TestSeekOrder(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var keys []string
	for _, account := range []string{"111122223333", "203344445555"} {
		for d := range 3 {
			folder := "AWSLogs/" + account + "/elasticloadbalancing/us-east-1/" + day.AddDate(0, 0, d).Format("2006/01/02") + "/"
			keys = append(keys, folder+"odd name", folder+"odd_2026")
			for _, b := range []string{"app.blog.b2", "app.shop.a1", "net.tcp.c3", "old"} {
				for end := day.AddDate(0, 0, d).Add(time.Hour); end.Before(day.AddDate(0, 0, d+1)); end = end.Add(4 * time.Hour) {
					base := account + "_elasticloadbalancing_us-east-1_" + b + "_" + end.Format(endLayout) + "_10.0.0.1_r.log.gz"
					keys = append(keys, folder+base)
					if strings.HasPrefix(b, "app") {
						keys = append(keys, folder+"conn_log_"+base)
					}
				}
			}
		}
	}
	slices.Sort(keys)
	for _, kinds := range []KindSet{0, Kinds(parse.KindAccess, parse.KindConnection), Kinds(parse.KindConnection, parse.KindNLB, parse.KindClassic)} {
		plan := Plan{Window: when.Window{From: day.Add(8 * time.Hour), Until: day.Add(40 * time.Hour)}, Now: day.Add(80 * time.Hour), Kinds: kinds}
		var want []string
		for _, k := range keys {
			if plan.Wants(ParseName(k[strings.LastIndex(k, "/")+1:])) {
				want = append(want, k)
			}
		}
		for _, s := range []stored{{page: 1000}, {page: 7}, {page: 1}, {page: 1000, one: true}, {page: 7, one: true}, {page: 7, none: true}} {
			s.keys = keys
			t.Run(fmt.Sprintf("kinds %b, pages of %d, one %v, none %v", kinds, s.page, s.one, s.none), func(t *testing.T) {
				if s.none {
					// Without delimiters there are no folders to find: name the region's.
					for _, account := range []string{"111122223333", "203344445555"} {
						prefix := "AWSLogs/" + account + "/elasticloadbalancing/us-east-1"
						got, err := listAll(t, fakeS3(t, s.ServeHTTP), "s3://bucket/"+prefix, plan)
						if err != nil {
							t.Fatal(err)
						}
						mine := slices.DeleteFunc(slices.Clone(want), func(k string) bool { return !strings.HasPrefix(k, prefix) })
						if diff := cmp.Diff(mine, got); diff != "" {
							t.Errorf("keys (-want +got):\n%s", diff)
						}
					}
					return
				}
				got, err := listAll(t, fakeS3(t, s.ServeHTTP), "s3://bucket", plan)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("keys (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// While objects of one account or region are read, those of the next one are found,
// and no more than those.
func TestNextFolderAhead(t *testing.T) {
	place := func(account, region string) string {
		return "AWSLogs/" + account + "/elasticloadbalancing/" + region + "/2026/11/20/" + account + "_elasticloadbalancing_" + region + "_app.shop.a1_20261120T"
	}
	t.Run("account", func(t *testing.T) {
		oneAhead(t, place("111122223333", "us-east-1"), place("211122223333", "us-east-1"), place("311122223333", "us-east-1"))
	})
	t.Run("region", func(t *testing.T) {
		oneAhead(t, place("111122223333", "eu-west-1"), place("111122223333", "us-east-1"), place("111122223333", "us-west-2"))
	})
}

// oneAhead reads two keys of each folder, and looks which folders have been asked for
// while the first key is read: that one and the next.
func oneAhead(t *testing.T, places ...string) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var keys []string
	for _, p := range places {
		keys = append(keys, p+"1200Z_10.0.0.1_r.log.gz", p+"1205Z_10.0.0.1_r.log.gz")
	}
	s := stored{page: 1000, keys: keys}
	found := make(chan string, len(keys)) // folders whose objects are asked for
	aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		if prefix := r.URL.Query().Get("prefix"); strings.Contains(path.Base(prefix), "_app.shop.a1_") {
			found <- path.Dir(prefix)
		}
		s.ServeHTTP(w, r)
	})
	sources, err := NewSources([]string{"s3://bucket"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Window: when.Window{From: day, Until: day.Add(24 * time.Hour)}, Now: day.Add(80 * time.Hour)}
	n := 0
	for o, err := range sources[0].List(t.Context(), plan) {
		if err != nil {
			t.Fatal(err)
		}
		if want := "s3://bucket/" + keys[n]; o.URI != want {
			t.Errorf("%s, want %s", o.URI, want)
		}
		if n++; n > 1 {
			continue
		}
		asked := map[string]bool{}
		for range 2 {
			select {
			case folder := <-found:
				asked[folder] = true
			case <-time.After(time.Minute):
				t.Fatalf("only objects of %v asked for while the first is read", asked)
			}
		}
		if !asked[path.Dir(places[0])] || !asked[path.Dir(places[1])] || len(found) > 0 {
			t.Errorf("objects of %v and %d more folders asked for while the first is read", asked, len(found))
		}
	}
	if n != len(keys) {
		t.Errorf("%d objects, want %d", n, len(keys))
	}
}

// logKey is a stored log as its test made it up, beside the key that it has.
type logKey struct {
	key     string
	account string
	kind    parse.Kind
	name    string // of the balancer
	end     time.Time
}

// logKeys are the logs of so many days of two accounts, of which one makes the
// delimiter cut the names of some logs before their balancer: each balancer's
// objects in the folder of the day on which its interval ends.
func logKeys(first time.Time, days int) []logKey {
	var logs []logKey
	for _, account := range []string{"111122223333", "203344445555"} {
		for _, b := range []struct {
			kind             parse.Kind
			prefix, resource string
			name             string
			every            time.Duration
		}{
			{parse.KindAccess, "", "app.blog.b2", "blog", 5 * time.Minute},
			{parse.KindAccess, "", "app.shop.a1", "shop", 5 * time.Minute},
			{parse.KindConnection, "conn_log_", "app.shop.a1", "shop", 5 * time.Minute},
			{parse.KindConnection, "conn_log_", "app.blog.b2", "blog", 5 * time.Minute},
			{parse.KindConnection, "conn_log.", "app.shop.a1", "shop", time.Hour},
			{parse.KindHealthCheck, "health_check_log_", "app.shop.a1", "shop", 5 * time.Minute},
			{parse.KindNLB, "", "net.shop.c3", "shop", 5 * time.Minute},
			{parse.KindClassic, "", "old", "old", 5 * time.Minute},
			{parse.KindClassic, "", "shop", "shop", time.Hour},
		} {
			for end := first.Add(b.every); !end.After(first.AddDate(0, 0, days)); end = end.Add(b.every) {
				node := "10.0.0.1_"
				if b.kind == parse.KindNLB {
					node = ""
				}
				logs = append(logs, logKey{
					key: "AWSLogs/" + account + "/elasticloadbalancing/us-east-1/" + end.Format("2006/01/02/") + b.prefix + account +
						"_elasticloadbalancing_us-east-1_" + b.resource + "_" + end.Format("20060102T1504Z") + "_" + node + "r.log",
					account: account, kind: b.kind, name: b.name, end: end,
				})
			}
		}
	}
	slices.SortFunc(logs, func(a, b logKey) int { return strings.Compare(a.key, b.key) })
	return logs
}

// What is listed for each kind of log, and with how many requests.
func TestSeekKinds(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	logs := logKeys(day, 4)
	var keys []string
	for _, l := range logs {
		keys = append(keys, l.key)
	}
	hour := when.Window{From: day.Add(11*time.Hour + 30*time.Second), Until: day.Add(12*time.Hour + 30*time.Second)}
	access, connection, health := Kinds(parse.KindAccess), Kinds(parse.KindConnection), Kinds(parse.KindHealthCheck)
	nlb, classic := Kinds(parse.KindNLB), Kinds(parse.KindClassic)
	const (
		found  = 1 + 1 + 2 // the bucket's folders, the accounts, and the regions of each
		beside = 2 * 3     // the years, the months, and the days of each
		days   = 2         // one account's and the other's
		cut    = 1         // more for the account that the delimiter cuts
	)
	tests := []struct {
		name     string
		plan     Plan
		requests int64
		page     int // keys; 0 for as many as S3 has
	}{
		{"logs of requests", Plan{Window: hour, Now: hour.Until}, found + beside + days + 2*4, 0},
		{"access logs", Plan{Window: hour, Now: hour.Until, Kinds: access}, found + beside + days + 2*2, 0},
		{"connection logs", Plan{Window: hour, Now: hour.Until, Kinds: connection}, found + beside + days + 2*3 + cut, 0},
		{"health check logs", Plan{Window: hour, Now: hour.Until, Kinds: health}, found + beside + days + 2*1 + cut, 0},
		{"network balancers' logs", Plan{Window: hour, Now: hour.Until, Kinds: nlb}, found + beside + days + 2*1, 0},
		{"classic balancers' logs", Plan{Window: hour, Now: hour.Until, Kinds: classic}, found + beside + days + 2*2, 0},
		{"all", Plan{Window: hour, Now: hour.Until, Kinds: access | connection | health | nlb | classic}, found + beside + days + 2*9 + 2*cut, 0},
		{"of one name", Plan{Window: hour, Now: hour.Until, LoadBalancer: "shop"}, found + beside + days + 2*2, 0},
		{"classic by ARN", Plan{Window: hour, Now: hour.Until, LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:203344445555:loadbalancer/shop"}, found + beside + days + 1, 0},
		{"network by ARN", Plan{Window: hour, Now: hour.Until, Kinds: nlb, LoadBalancer: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/shop/c3"}, found + beside + days + 1, 0},
		{"soon after midnight: the day before, too", Plan{Window: when.Window{From: day.Add(25 * time.Hour), Until: day.Add(26 * time.Hour)}, Now: day.Add(26 * time.Hour), Kinds: access},
			found + beside + 2*(days+2*2), 0},
		{"access logs of long ago: two days more", Plan{Window: hour, Now: day.AddDate(0, 0, 30), Kinds: access}, found + beside + 3*(days+2*2), 0},
		// What a classic balancer logs after 22:55 may come two days and an hour later.
		{"late on a day long ago", Plan{Window: when.Window{From: day.Add(22 * time.Hour), Until: day.Add(23 * time.Hour)}, Now: day.AddDate(0, 0, 30)},
			found + beside + 4*days + 2*(3*2+4*2), 0},
		{"classic over midnight", Plan{Window: when.Window{From: day.Add(23 * time.Hour), Until: day.Add(23*time.Hour + 30*time.Minute)}, Now: day.AddDate(0, 0, 1), Kinds: classic}, found + beside + 2*(days+2*2), 0},
		{"access logs in short pages", Plan{Window: hour, Now: hour.Until, Kinds: access}, found + beside + days + 2*2, 54},
		{"classic balancers' logs in short pages", Plan{Window: hour, Now: hour.Until, Kinds: classic}, found + beside + days + 2*(2+1), 44},
		{"no window", Plan{Kinds: classic}, found + 2*3 + 5*days + 5*2*2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			before := map[Name]bool{}
			for _, l := range logs {
				from := tt.plan.Window.From.Add(-30 * time.Second)
				_, resource, isARN := strings.Cut(tt.plan.LoadBalancer, ":loadbalancer/")
				switch reach := map[parse.Kind]time.Duration{parse.KindClassic: 65 * time.Minute, parse.KindHealthCheck: 7 * time.Minute}[l.kind]; {
				case !tt.plan.Kinds.Has(l.kind),
					!isARN && tt.plan.LoadBalancer != "" && tt.plan.LoadBalancer != l.name,
					isARN && (!strings.Contains(tt.plan.LoadBalancer, l.account) || strings.Contains(resource, "/") == (l.kind == parse.KindClassic) || !strings.Contains(resource, l.name)):
				case !tt.plan.Window.From.IsZero() && l.end.Before(from):
					if !l.end.Before(from.Add(-3 * time.Hour)) {
						before[ParseName(path.Base(l.key)).log()] = true
					}
				case !tt.plan.Window.Until.IsZero() && l.end.After(tt.plan.Window.Until.Add(max(reach, 5*time.Minute))),
					!tt.plan.Now.IsZero() && l.end.Format(time.DateOnly) > tt.plan.Now.Format(time.DateOnly):
				default:
					want = append(want, l.key)
				}
			}
			if len(want) == 0 {
				t.Fatal("the test expects nothing")
			}
			var asked atomic.Int64
			if tt.page == 0 {
				tt.page = 1000
			}
			got, err := listAll(t, fakeS3(t, stored{keys: keys, page: tt.page, asked: &asked}.ServeHTTP), "s3://bucket", tt.plan)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if asked.Load() != tt.requests {
				t.Errorf("%d requests, want %d", asked.Load(), tt.requests)
			}
			sources, err := NewSources([]string{"s3://bucket"}, nil, fakeS3(t, stored{keys: keys, page: tt.page}.ServeHTTP))
			if err != nil {
				t.Fatal(err)
			}
			feed, n := List(t.Context(), sources, tt.plan), 0
			for range feed.Objects() {
				n++
			}
			if diff := cmp.Diff(before, feed.before); diff != "" || n != len(want) || feed.Err() != nil {
				t.Errorf("%d objects, want %d; error %v; names of just before (-want +got):\n%s", n, len(want), feed.Err(), diff)
			}
		})
	}
}

// A server must not send us round in a circle.
func TestSeekHostilePrefixes(t *testing.T) {
	asked := 0
	aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if asked > 20 {
			t.Error("asked more than 20 times")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		q := r.URL.Query()
		_, _ = fmt.Fprintf(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>`)
		if q.Get("delimiter") == stampDelimiter {
			_, _ = fmt.Fprintf(w, `<CommonPrefixes><Prefix>AWSLogs/203344445555/elasticloadbalancing/us-east-1/2026/11/20/conn_log_20</Prefix></CommonPrefixes>`)
		}
		_, _ = io.WriteString(w, `</ListBucketResult>`)
	})
	keys, err := listAll(t, aws, "s3://bucket/AWSLogs/203344445555/elasticloadbalancing/us-east-1/2026/11/20", Plan{Kinds: Kinds(parse.KindConnection)})
	if err != nil || keys != nil || asked < 2 {
		t.Errorf("keys %q, error %v after %d requests", keys, err, asked)
	}
}

// Bodies that are not what was promised.
func TestBrokenBodies(t *testing.T) {
	const text = "a line\nanother\n"
	tests := []struct {
		name string
		get  func(w http.ResponseWriter, r *http.Request, n int)
		want string // the text; "" if it fails
		err  any    // type of the error, or an error for errors.Is
	}{
		{"longer than the listing says", func(w http.ResponseWriter, _ *http.Request, _ int) {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush() // no Content-Length
			_, _ = io.WriteString(w, "more")
		}, "", ErrDamaged},
		{"a Content-Length that the listing does not say", func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 0 {
				_, _ = io.WriteString(w, text[:5])
				return
			}
			_, _ = io.WriteString(w, text)
		}, text, nil},
		{"shorter, once", func(w http.ResponseWriter, r *http.Request, n int) {
			if n == 0 {
				_, _ = io.WriteString(w, text[:5])
				_ = http.NewResponseController(w).Flush()
				return
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", len(text)-1, len(text)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, text[5:])
		}, text, nil},
		{"the range ignored, once", func(w http.ResponseWriter, r *http.Request, n int) {
			switch n {
			case 0:
				_, _ = io.WriteString(w, text[:5])
				_ = http.NewResponseController(w).Flush()
			case 1:
				_, _ = io.WriteString(w, text)
			default:
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", len(text)-1, len(text)))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = io.WriteString(w, text[5:])
			}
		}, text, nil},
		{"two bytes at a time", func(w http.ResponseWriter, r *http.Request, n int) {
			if n > 0 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", 2*n, len(text)-1, len(text)))
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = io.WriteString(w, text[2*n:min(2*n+2, len(text))])
			_ = http.NewResponseController(w).Flush()
		}, text, nil},
		{"another range, once", func(w http.ResponseWriter, r *http.Request, n int) {
			from := 5
			switch n {
			case 0:
				_, _ = io.WriteString(w, text[:from])
				_ = http.NewResponseController(w).Flush()
				return
			case 1:
				from = 2
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+len(text)-6, len(text)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, text[from:from+len(text)-5])
		}, text, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			got, err := readOne(t, fmt.Sprintf(`<ETag>"e1"</ETag><Size>%d</Size>`, len(text)), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"e1"`)
				tt.get(w, r, n)
				n++
			})
			if want, is := tt.err.(error); is && !errors.Is(err, want) || tt.err == nil && (err != nil || got != tt.want) {
				t.Errorf("text %q, error %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// A server that gives a byte now and then is given up like one that gives none.
func TestSlowBody(t *testing.T) {
	const size = 1 << 20
	for _, tt := range []struct {
		name string
		body func(*http.Request) io.Reader
		most time.Duration
	}{
		{"a byte every second", func(*http.Request) io.Reader { return trickle{time.Second} }, (readAttempts + 1) * slowWindow},
		{"a byte and silence", func(r *http.Request) io.Reader {
			return io.MultiReader(strings.NewReader("x"), silence{r.Context()})
		}, (readAttempts + 1) * defaultIdle},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bucket{name: "bucket", pulse: newPulse(time.Hour), cfg: aws.Config{
					Credentials: aws.AnonymousCredentials{},
					HTTPClient: doing(func(r *http.Request) *http.Response {
						from := int64(0)
						_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
						return &http.Response{
							StatusCode: http.StatusOK, ContentLength: size - from, Body: io.NopCloser(tt.body(r)),
							Header: http.Header{"Etag": {`"e"`}, "Content-Range": {fmt.Sprintf("bytes %d-%d/%d", from, size-1, size)}},
						}
					}),
				}}
				b.move("us-east-1")
				began := time.Now()
				_, err := io.Copy(io.Discard, &body{ctx: t.Context(), bucket: b, key: "key", etag: `"e"`, size: size})
				if took := time.Since(began); !errors.As(err, new(*UnreachableError)) || took > tt.most {
					t.Errorf("error %v after %v, want an UnreachableError within %v", err, took, tt.most)
				}
				b.pulse.timer.Stop()
			})
		})
	}
}

// doing answers requests without a network.
type doing func(*http.Request) *http.Response

func (d doing) Do(r *http.Request) (*http.Response, error) { return d(r), nil }

// silence is what comes of a server that gives no more.
type silence struct{ context.Context }

func (s silence) Read([]byte) (int, error) {
	<-s.Done()
	return 0, s.Err()
}

// A body goes no further than its object, however late what is too much comes.
func TestBodyTooLong(t *testing.T) {
	const text = "a line\n"
	b := &body{
		ctx: t.Context(), bucket: &bucket{name: "bucket", pulse: newPulse(time.Minute)}, key: "key", size: int64(len(text)),
		rc: io.NopCloser(iotest.OneByteReader(strings.NewReader(text + "more"))), watch: newWatch(func(error) {}, time.Minute),
	}
	if got, err := io.ReadAll(b); string(got) != text || !errors.Is(err, ErrDamaged) {
		t.Errorf("text %q, error %v; want %q, %v", got, err, text, ErrDamaged)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// A body that ends early is not taken up again if nothing says of which version it is.
func TestBrokenBodyOfNoVersion(t *testing.T) {
	asked := 0
	_, err := readOne(t, `<Size>15</Size>`, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = io.WriteString(w, "a line\n")
	})
	const want = "reading broke off at byte 0, and without an ETag it cannot go on there: "
	if err == nil || !strings.Contains(err.Error(), want) || asked != 1 {
		t.Errorf("error %v after %d requests, want %q after one", err, asked, want)
	}
}

// readOne reads the one object of a bucket, whose body get gives. listed is what a listing
// says of it beside its key.
func readOne(t *testing.T, listed string, get http.HandlerFunc) (text string, err error) {
	t.Helper()
	aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bucket/key" {
			get(w, r)
			return
		}
		one := ""
		if prefix := r.URL.Query().Get("prefix"); prefix == "" || prefix == "key" {
			one = `<Contents><Key>key</Key>` + listed + `</Contents>`
		}
		_, _ = io.WriteString(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>`+one+`</ListBucketResult>`)
	})
	sources, err := NewSources([]string{"s3://bucket/key"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	f := Start(t.Context(), sources, Plan{}, 1)
	o, ok := <-f.Objects()
	if !ok {
		t.Fatal(f.Err())
	}
	defer func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}()
	r, err := o.Content(t.Context(), NewInflater())
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

// trickle gives one byte in each interval.
type trickle struct{ every time.Duration }

func (r trickle) Read(p []byte) (int, error) {
	time.Sleep(r.every)
	p[0] = 'x'
	return 1, nil
}

func TestWatch(t *testing.T) {
	t.Run("slow", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWatch(func(error) {}, defaultIdle)
			defer w.stop()
			begin := time.Now()
			var err error
			for err == nil {
				_, err = w.read(trickle{time.Second}, make([]byte, 10))
			}
			if !errors.Is(err, errSlow) || !errors.Is(w.cause(), errSlow) {
				t.Errorf("error %v, cause %v; want errSlow", err, w.cause())
			}
			if took := time.Since(begin); took < slowWindow || took > slowWindow+2*time.Second {
				t.Errorf("given up after %v, want %v", took, slowWindow)
			}
		})
	})
	t.Run("fast enough", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWatch(func(error) {}, defaultIdle)
			defer w.stop()
			for begin := time.Now(); time.Since(begin) < 10*slowWindow; {
				if _, err := w.read(trickle{time.Millisecond / 2}, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
	t.Run("a slow consumer is no fault", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWatch(func(err error) { t.Errorf("cancelled: %v", err) }, defaultIdle)
			for range 100 {
				w.begin()
				if _, err := w.read(trickle{time.Millisecond}, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
			}
			w.cancel = func(error) {}
			w.stop()
		})
	})
	t.Run("what came before does not count", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWatch(func(error) {}, defaultIdle)
			defer w.stop()
			w.begin()
			if n, err := w.read(bytes.NewReader(make([]byte, slowBytes)), make([]byte, slowBytes)); n != slowBytes || err != nil {
				t.Fatal(n, err)
			}
			w.begin()
			begin := time.Now()
			var err error
			for err == nil {
				_, err = w.read(trickle{time.Second}, make([]byte, 10))
			}
			if took := time.Since(begin); !errors.Is(err, errSlow) || took > slowWindow+2*time.Second {
				t.Errorf("error %v after %v; want errSlow after %v", err, took, slowWindow)
			}
		})
	})
	t.Run("silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, end := io.Pipe()
			w := newWatch(func(err error) { _ = end.CloseWithError(err) }, defaultIdle)
			begin := time.Now()
			_, err := w.read(r, make([]byte, 10))
			if !errors.Is(err, errIdle) || !errors.Is(w.cause(), errIdle) || time.Since(begin) != defaultIdle {
				t.Errorf("error %v, cause %v after %v; want errIdle after %v", err, w.cause(), time.Since(begin), defaultIdle)
			}
			w.stop()
		})
	})
}

func TestDelay(t *testing.T) {
	for n := range 20 {
		for range 100 {
			d := delay(n)
			if d < firstDelay/2 || d > longestDelay {
				t.Fatalf("delay(%d) = %v", n, d)
			}
		}
	}
}

// A pump reads ahead, but not without bounds.
func TestPumpBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &zeros{1 << 30}
		p := newPump(t.Context(), newChunks(4), func(context.Context) io.Reader { return src })
		synctest.Wait()
		if read := 1<<30 - src.n; read > aheadSize || read < aheadSize/2 {
			t.Errorf("%d bytes read ahead, want about %d", read, aheadSize)
		}
		if _, err := io.CopyN(io.Discard, p, 50<<20); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := p.Read(make([]byte, 1)); err == nil {
			t.Error("a closed pump can be read")
		}
	})
}

// The bytes of a pump are those of its stream, whatever the blocks.
func TestPumpBytes(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef-"), 100_000)
	p := newPump(t.Context(), newChunks(2), func(context.Context) io.Reader { return bytes.NewReader(want) })
	got, err := io.ReadAll(p)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, error %v; want %d", len(got), err, len(want))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
