package query_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// BenchmarkExport is the way from gzip objects to Parquet: by loglens, and by
// DuckDB's own read_csv with typed columns and as many threads. Both write the
// same columns of the same rows with Zstandard.
func BenchmarkExport(b *testing.B) {
	dir := b.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{
		Seed: 1, End: end, Span: 25 * time.Minute, Lines: 600_000, Plain: true, FailureRate: 0.02, NoTruth: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	rate := func(b *testing.B) {
		b.SetBytes(truth.Bytes)
		b.ReportMetric(float64(truth.Lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
	}
	db, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d", runtime.GOMAXPROCS(0)))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("SET preserve_insertion_order = false"); err != nil {
		b.Fatal(err)
	}
	csv := readCSV(dir + "/AWSLogs/**/*.gz")
	var columns []string
	rows, err := db.Query("SELECT column_name FROM (DESCRIBE " + csv + ")")
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		columns = append(columns, name)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	b.Run("loglens", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			out := b.TempDir()
			sources, err := ingest.NewSources(context.Background(), []string{dir}, nil, ingest.AWS{})
			if err != nil {
				b.Fatal(err)
			}
			s, err := query.Open(context.Background(), "", query.Input{Sources: sources, Workers: runtime.GOMAXPROCS(0), Out: out})
			if err != nil {
				b.Fatal(err)
			}
			to := filepath.Join(out, fmt.Sprint(i, ".parquet"))
			if _, n, err := s.Export(context.Background(), query.Export{Relation: "request", To: to, Columns: append([]string{}, columns...)}); err != nil || n != truth.Lines {
				b.Fatal(n, err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
	b.Run("read_csv", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			to := filepath.Join(b.TempDir(), fmt.Sprint(i, ".parquet"))
			if _, err := db.Exec("COPY (" + csv + ") TO '" + to + "' (FORMAT parquet, COMPRESSION zstd)"); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
}
