package query_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// BenchmarkTopErrors is the way of a line from the gzip object to the answer,
// two failures in a hundred lines.
func BenchmarkTopErrors(b *testing.B) {
	dir := b.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{
		Seed: 1, End: end, Span: 25 * time.Minute, Lines: 600_000, Plain: true, FailureRate: 0.02, NoTruth: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	report, _ := query.FindReport("top-errors")
	b.SetBytes(truth.Bytes)
	b.ReportAllocs()
	for b.Loop() {
		s := open(b, dir, ingest.Plan{}, runtime.GOMAXPROCS(0))
		if _, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: outages, Limit: 20}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(truth.Lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}
