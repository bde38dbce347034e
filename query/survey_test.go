package query_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/query"
)

// TestCoverageOfMany: what opens no object holds none, however many there are.
func TestCoverageOfMany(t *testing.T) {
	const objects, page, key = 200_000, 1000, "flat/x"
	begin := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		from, _ := strconv.Atoi(q.Get("continuation-token"))
		if q.Get("delimiter") != "" || !strings.HasPrefix(key, q.Get("prefix")) {
			from = objects // there are no folders, and no object of the prefix's own name
		}
		to := min(from+page, objects)
		_, _ = fmt.Fprintf(w, `<ListBucketResult><Name>bucket</Name><IsTruncated>%t</IsTruncated><NextContinuationToken>%d</NextContinuationToken>`, to < objects, to)
		for i := from; i < to; i++ {
			_, _ = fmt.Fprintf(w, `<Contents><Key>flat/111122223333_elasticloadbalancing_us-east-1_app.shop.50dc6c495c0c9188_%s_10.0.0.%d_%08x.log.gz</Key><ETag>"e%d"</ETag><Size>5</Size><LastModified>2026-10-26T00:00:00Z</LastModified></Contents>`,
				begin.Add(time.Duration(i/100)*5*time.Minute).Format("20060102T1504Z"), i%100, i, i)
		}
		_, _ = fmt.Fprint(w, `</ListBucketResult>`)
	}))
	defer server.Close()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} {
		t.Setenv(name, value)
	}
	aws := ingest.AWS{Region: "us-east-1", EndpointURL: server.URL}
	sources, err := ingest.NewSources([]string{"s3://bucket/flat"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	s, err := query.Open(context.Background(), t.TempDir(), query.Input{Sources: sources, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m runtime.MemStats
		for peak := uint64(0); ; {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-done:
				most <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	report, _ := query.FindReport("coverage")
	answer, err := s.Run(context.Background(), report, query.Question{By: report.Default, Now: begin.AddDate(0, 0, 30)})
	close(done)
	if err != nil || answer.Accounting.Objects != objects || len(answer.Rows) != 100 {
		t.Errorf("%d objects, %d rows, %v; want %d and 100", answer.Accounting.Objects, len(answer.Rows), err, objects)
	}
	if peak := <-most; peak > 100<<20 {
		t.Errorf("%d MB of memory for %d objects", peak>>20, objects)
	} else {
		t.Logf("%d MB of memory for %d objects", peak>>20, objects)
	}
	server.CloseClientConnections()
	http.DefaultClient.CloseIdleConnections()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
