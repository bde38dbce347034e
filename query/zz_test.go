package query_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/query"
)

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func TestZZ(t *testing.T) {
	report, _ := query.FindReport("top-errors")
	for range 3 {
		t0, c0 := time.Now(), cpu()
		s := load(t, os.Getenv("ZZ"), ingest.Plan{}, 2)
		t1, c1 := time.Now(), cpu()
		if _, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: outages, Limit: 20}); err != nil {
			t.Fatal(err)
		}
		t2, c2 := time.Now(), cpu()
		fmt.Println("load", t1.Sub(t0), c1-c0, "run", t2.Sub(t1), c2-c1)
	}
}
