// Command bench measures loglens as a whole command beside the bare cost of
// inflating the same files: the wall of the way, since nothing can be known of
// a log line before it is inflated.
//
// It writes two trees of log objects (a tenth and the whole), runs every
// variant once per round, in turn, and prints medians. Run it through
// "make bench".
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"

	"loglens/internal/demo"
)

func main() {
	var (
		bin     = flag.String("bin", "bin/loglens", "the command to measure")
		cache   = flag.String("cache", ".cache/bench", "where the log objects are written, and kept")
		lines   = flag.Int("lines", 6_000_000, "lines of the large tree; the small one has a tenth")
		rounds  = flag.Int("rounds", 10, "how often every variant runs")
		store   = flag.Bool("store", false, "only ask every report of a store of 30 days, and stop")
		inflate = flag.String("inflate", "", "only inflate the objects below this folder, and stop")
	)
	flag.Parse()
	if *inflate != "" {
		check(inflateAll(*inflate))
		return
	}
	if *store {
		if path := largeStore(*bin, filepath.Join(*cache, "30days")); *rounds > 0 {
			askAll(*bin, path, *rounds)
		}
		return
	}
	dir := filepath.Join(*cache, fmt.Sprint(*lines)) // trees are kept for the next run of the same size
	large, small := filepath.Join(dir, "large"), filepath.Join(dir, "small")
	raw := write(large, *lines, 25*time.Minute)
	write(small, *lines/10, 25*time.Minute)

	self, err := os.Executable()
	check(err)
	failing := filepath.Join(dir, "failing")
	writeFailing(failing, *lines/2)
	parquet, table := filepath.Join(dir, "export.parquet"), filepath.Join(dir, "export.duckdb")
	filled := filepath.Join(dir, "store.duckdb")
	variants := []*variant{
		{name: "inflate only (klauspost)", args: []string{self, "-inflate", large}},
		{name: "top-errors", args: []string{*bin, "top-errors", "--output", "json", large}},
		{name: "top-errors, a tenth", args: []string{*bin, "top-errors", "--output", "json", small}},
		{name: "top-errors, all lines fail", args: []string{*bin, "top-errors", "--output", "json", failing}, every: 3},
		{name: "sql over request", args: []string{*bin, "sql", manyColumns, "--output", "csv", large}},
		{name: "sql over request, a tenth", args: []string{*bin, "sql", manyColumns, "--output", "csv", small}},
		{name: "routes", args: []string{*bin, "routes", "--output", "json", large}, every: 3},
		{name: "export to Parquet", args: []string{*bin, "export", "--to", parquet, large}, fresh: parquet, every: 3},
		{name: "ingest into a store", args: []string{*bin, "ingest", "--store", filled, large}, fresh: filled},
		{name: "export to a DuckDB file", args: []string{*bin, "export", "--to", table, large}, fresh: table, every: 3},
	}
	for round := range *rounds {
		for _, v := range variants {
			if v.every == 0 || round%v.every == 0 {
				v.run()
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, *rounds)
	}
	fmt.Printf("%s/%s, %d processors, %s; %d lines, %d MB of log text; %d rounds, medians\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *lines, raw/1e6, *rounds)
	fmt.Printf("%-28s %9s %9s %9s %9s %9s %9s\n", "", "wall s", "min", "max", "cpu s", "RSS MB", "Mlines/s")
	for _, v := range variants {
		n := *lines
		switch v.args[len(v.args)-1] {
		case small:
			n /= 10
		case failing:
			n /= 2
		}
		fmt.Printf("%-28s %9.2f %9.2f %9.2f %9.2f %9.0f %9.2f\n", v.name, median(v.wall), slices.Min(v.wall), slices.Max(v.wall),
			median(v.cpu), slices.Max(v.rss), float64(n)/median(v.wall)/1e6)
	}
	fmt.Println()
	compare(variants[1], variants[0], "1.25")
	compare(variants[8], variants[1], "1.15")
	fmt.Printf("RSS, whole to a tenth: %.0f MB to %.0f MB (goal ≤ 100 MB, flat); all lines failing: %.0f MB (goal ≤ 300 MB)\n",
		slices.Max(variants[1].rss), slices.Max(variants[2].rss), slices.Max(variants[3].rss))
	fmt.Printf("RSS of sql over request: %.0f MB, a tenth %.0f MB (goal ≤ 320 MB)\n", slices.Max(variants[4].rss), slices.Max(variants[5].rss))
}

// largeStore makes a store of 30 days unless it is there: what 12 nodes have
// delivered every 5 minutes, 3 million rows of traffic and 2 million failures.
func largeStore(bin, dir string) string {
	store := filepath.Join(dir, "store.duckdb")
	if _, err := os.Stat(store); err == nil {
		return store
	}
	logs := filepath.Join(dir, "logs")
	writeTree(logs, demo.Options{Seed: 1, Span: 30 * 24 * time.Hour, Lines: 4_700_000, Plain: true, FailureRate: 0.44, NoTruth: true})
	fill := &variant{args: []string{bin, "ingest", "--keep", "requests", "--store", store, logs}}
	fill.run()
	fmt.Printf("ingest of 30 days, requests kept: %.0f s, %.0f MB\n", fill.wall[0], fill.rss[0])
	return store
}

// askAll asks a store every report.
func askAll(bin, store string, rounds int) {
	for _, about := range []string{"stats", "verify"} {
		out, err := exec.CommandContext(context.Background(), bin, "store", about, "--store", store).CombinedOutput()
		fmt.Printf("%s\n", out)
		check(err)
	}
	fmt.Printf("%-28s %9s %9s %9s %9s %9s\n", "", "wall s", "min", "max", "cpu s", "RSS MB")
	reports := []string{"top-errors", "timeline", "targets", "latency", "nodes", "raw", "rejects", "coverage", "health", "tls", "routes", "clients"}
	for _, words := range append(reports, "top-errors --by target", "targets --since 2026-11-21", "raw --since 2026-11-21", "summary --since 2026-11-21") {
		v := &variant{args: append(append([]string{bin}, strings.Fields(words)...), "--store", store, "--output", "json"), may: []int{5, 20}}
		for range rounds {
			v.run()
		}
		fmt.Printf("%-28s %9.2f %9.2f %9.2f %9.2f %9.0f\n", words, median(v.wall), slices.Min(v.wall), slices.Max(v.wall), median(v.cpu), slices.Max(v.rss))
	}
}

// compare prints the ratio of two variants within a round.
func compare(a, b *variant, goal string) {
	ratios := make([]float64, len(a.wall))
	for i := range ratios {
		ratios[i] = a.wall[i] / b.wall[i]
	}
	fmt.Printf("ratio of %s to %s, within a round: median %.2f, min %.2f, max %.2f (goal ≤ %s)\n",
		a.name, b.name, median(ratios), slices.Min(ratios), slices.Max(ratios), goal)
}

// manyColumns is a statement that cuts texts, numbers and times out of every line.
const manyColumns = "SELECT elb, target, elb_status_code, reason, count(*), avg(target_processing_time), max(length(request)), " +
	"count(DISTINCT client_net), min(request_creation_time) FROM request GROUP BY ALL ORDER BY ALL LIMIT 100"

// variant is a command line and what its runs took.
type variant struct {
	name           string
	args           []string
	every          int    // runs only in every so many rounds; 0 for all
	fresh          string // a file that must not be there
	may            []int  // exit statuses that are no failure
	wall, cpu, rss []float64
}

func (v *variant) run() {
	if v.fresh != "" {
		check(os.RemoveAll(v.fresh))
	}
	c := exec.CommandContext(context.Background(), v.args[0], v.args[1:]...)
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = io.Discard, &stderr
	start := time.Now()
	if err := c.Run(); err != nil && !slices.Contains(v.may, c.ProcessState.ExitCode()) {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", strings.Join(v.args, " "), err, stderr.String())
		os.Exit(1)
	}
	v.wall = append(v.wall, time.Since(start).Seconds())
	u := c.ProcessState.SysUsage().(*syscall.Rusage)
	v.cpu = append(v.cpu, (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds())
	v.rss = append(v.rss, float64(u.Maxrss)/1024)
}

// write makes a tree unless it is there, and returns the bytes of its log text.
func write(dir string, lines int, span time.Duration) int64 {
	return writeTree(dir, demo.Options{Seed: 1, Span: span, Lines: lines, Plain: true, FailureRate: 0.02, NoTruth: true})
}

func writeFailing(dir string, lines int) int64 {
	return writeTree(dir, demo.Options{Seed: 1, Span: 25 * time.Minute, Lines: lines, Plain: true, FailureRate: 1, NoTruth: true})
}

func writeTree(dir string, o demo.Options) int64 {
	note := filepath.Join(dir, ".bytes")
	var n int64
	if b, err := os.ReadFile(note); err == nil {
		if _, err := fmt.Sscan(string(b), &n); err == nil {
			return n
		}
	}
	check(os.RemoveAll(dir))
	o.End = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	truth, err := demo.Write(context.Background(), dir, o)
	check(err)
	check(os.WriteFile(note, fmt.Appendln(nil, truth.Bytes), 0o600))
	return truth.Bytes
}

// inflateAll inflates every object below dir with as many goroutines as there
// are processors, each with one decoder that is reset, and looks at nothing.
func inflateAll(dir string) error {
	paths := make(chan string)
	var group sync.WaitGroup
	for range runtime.NumCPU() {
		group.Go(func() {
			var z gzip.Reader
			buf := make([]byte, 256<<10)
			for p := range paths {
				f, err := os.Open(p)
				check(err)
				check(z.Reset(f))
				for err == nil {
					_, err = z.Read(buf)
				}
				if !errors.Is(err, io.EOF) {
					check(err)
				}
				check(f.Close())
			}
		})
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".gz") {
			paths <- p
		}
		return err
	})
	close(paths)
	group.Wait()
	return err
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
