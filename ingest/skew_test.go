package ingest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A clock that is wrong by hours is no fault that stops anything: S3 says what time it
// is when it refuses the first request, and the next one is signed for that time.
func TestWrongClock(t *testing.T) {
	for _, off := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			bucket := stored{keys: []string{"a.log", "b.log"}, page: 1}
			refused, served := 0, 0
			aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
				now := time.Now().Add(off)
				w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
				signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				if err != nil {
					t.Error(err)
				}
				if now.Sub(signed).Abs() > 15*time.Minute {
					refused++
					w.WriteHeader(http.StatusForbidden)
					_, _ = fmt.Fprint(w, `<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message></Error>`)
					return
				}
				served++
				bucket.ServeHTTP(w, r)
			})
			keys, err := listAll(t, aws, "s3://bucket", Plan{})
			if diff := cmp.Diff(bucket.keys, keys); diff != "" || err != nil {
				t.Errorf("error %v; keys (-want +got):\n%s", err, diff)
			}
			if refused == 0 || refused > 2 || served < 3 {
				t.Errorf("%d requests refused and %d served", refused, served)
			}
		})
	}
}
