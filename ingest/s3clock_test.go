package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
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

// The time is learned from the first answer, whatever it says, and asked for once.
func TestLearnTime(t *testing.T) {
	const off = 90 * time.Minute
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			asked := 0
			aws := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.URL.Query().Get("max-keys") != "1" || r.URL.Query().Get("prefix") != "prod" {
					t.Errorf("asked for %s", r.URL)
				}
				w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
				w.WriteHeader(status)
				answer(w, false, "", "prod/a.log")
			})
			aws.Clock = new(Clock)
			sources, err := NewSources([]string{t.TempDir(), "s3://bucket/prod"}, nil, aws)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := LearnTime(t.Context(), sources); err != nil {
					t.Fatal(err)
				}
			}
			if d, known := aws.Clock.Off(); !known || (d-off).Abs() > time.Minute || asked != 1 {
				t.Errorf("%d requests; the clock is off by %v (known %t), want %v", asked, d, known, off)
			}
		})
	}
}

// A connection that breaks tells no time: then it is asked for once more.
func TestLearnTimeOfBrokenConnection(t *testing.T) {
	const off = 90 * time.Minute
	var asked atomic.Int32
	aws := fakeS3(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		answer(w, false, "", "a.log")
	})
	aws.Clock = new(Clock)
	sources, err := NewSources([]string{"s3://bucket"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	if err := LearnTime(t.Context(), sources); err != nil {
		t.Fatal(err)
	}
	if d, known := aws.Clock.Off(); !known || (d-off).Abs() > time.Minute {
		t.Errorf("%d requests; the clock is off by %v (known %t), want %v", asked.Load(), d, known, off)
	}
}

// Without credentials nothing can be asked, and the reason comes before all others.
func TestLearnTimeWithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	aws := fakeS3(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without credentials") })
	aws.Clock = new(Clock)
	sources, err := NewSources([]string{"s3://bucket"}, nil, aws)
	if err != nil {
		t.Fatal(err)
	}
	if err := LearnTime(t.Context(), sources); !errors.As(err, new(*CredentialsError)) {
		t.Errorf("error %v", err)
	}
}
