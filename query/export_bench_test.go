package query_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

var exportLogs = flag.String("logs", "", "folder of access logs that BenchmarkExport reads, in place of 600,000 lines that it makes")

// cost is what one export took.
type cost struct{ wall, cpu float64 } // seconds

// took measures one run.
func took(b *testing.B, run func()) cost {
	b.Helper()
	runtime.GC()
	cpu := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	start, began := cpu(), time.Now()
	run()
	return cost{time.Since(began).Seconds(), cpu() - start}
}

// BenchmarkExport is the way from gzip objects to a Parquet file or to a table in a
// DuckDB file: by loglens, and by DuckDB's own read_csv with typed columns and as
// many threads. Both write the same columns of the same rows, in turn, so that what
// else the machine does falls on both. The ratios are medians of those within a turn.
func BenchmarkExport(b *testing.B) {
	dir := *exportLogs
	if dir == "" {
		dir = b.TempDir()
		_, err := demo.Write(context.Background(), dir, demo.Options{
			Seed: 1, End: end, Span: 25 * time.Minute, Lines: 600_000, Plain: true, FailureRate: 0.02, NoTruth: true,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	csv := readCSV(dir + "/AWSLogs/**/*.gz")
	columns := columnsOf(b, csv)
	for _, form := range []string{"parquet", "duckdb"} {
		b.Run(form, func(b *testing.B) {
			var ours, theirs []cost
			for b.Loop() {
				out := b.TempDir()
				var n, m int64
				ours = append(ours, took(b, func() { n = export(b, dir, filepath.Join(out, "ours."+form), columns) }))
				theirs = append(theirs, took(b, func() { m = exportCSV(b, csv, filepath.Join(out, "theirs."+form)) }))
				if n != m || n == 0 {
					b.Fatalf("%d rows, and %d by read_csv", n, m)
				}
				if err := os.RemoveAll(out); err != nil {
					b.Fatal(err)
				}
			}
			median := func(of func(i int) float64) float64 {
				var list []float64
				for i := range ours {
					list = append(list, of(i))
				}
				slices.Sort(list)
				return list[len(list)/2]
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(func(i int) float64 { return ours[i].wall }), "s")
			b.ReportMetric(median(func(i int) float64 { return theirs[i].wall }), "read_csv-s")
			b.ReportMetric(median(func(i int) float64 { return theirs[i].wall / ours[i].wall }), "ratio")
			b.ReportMetric(median(func(i int) float64 { return theirs[i].cpu / ours[i].cpu }), "cpu-ratio")
		})
	}
}

// columnsOf returns the names of a statement's columns.
func columnsOf(b *testing.B, q string) (names []string) {
	b.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT column_name FROM (DESCRIBE " + q + ")")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return names
}

// export writes the requests of a folder by loglens.
func export(b *testing.B, dir, to string, columns []string) int64 {
	b.Helper()
	ctx := context.Background()
	sources, err := ingest.NewSources([]string{dir}, nil, ingest.AWS{})
	if err != nil {
		b.Fatal(err)
	}
	s, err := query.Open(ctx, "", query.Input{Sources: sources, Workers: runtime.GOMAXPROCS(0), Out: filepath.Dir(to)})
	if err != nil {
		b.Fatal(err)
	}
	_, n, err := s.Export(ctx, query.Export{Relation: "request", To: to, Columns: slices.Clone(columns)})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

// exportCSV writes the rows of a statement by DuckDB alone.
func exportCSV(b *testing.B, csv, to string) (rows int64) {
	b.Helper()
	db, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d", runtime.GOMAXPROCS(0)))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(q string) {
		b.Helper()
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	count := func(q string) (n int64) {
		b.Helper()
		if err := db.QueryRow(q).Scan(&n); err != nil {
			b.Fatal(err)
		}
		return n
	}
	run("SET preserve_insertion_order = false")
	if strings.HasSuffix(to, ".parquet") {
		return count("COPY (" + csv + ") TO '" + to + "' (FORMAT parquet, COMPRESSION zstd)")
	}
	run("ATTACH '" + to + "' AS made")
	rows = count("CREATE TABLE made.request AS " + csv)
	run("CHECKPOINT made")
	run("DETACH made")
	return rows
}
