// Command bench measures loglens as a whole command beside the bare cost of
// inflating the same files: the wall of the way, since nothing can be known of
// a log line before it is inflated.
//
// It writes trees of log objects (many lines, a tenth of them, lines that all fail, many
// objects, a week of tiny ones, a single one), runs every variant once per round, in turn,
// and prints medians. Run it through "make bench".
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"loglens/internal/demo"
	"loglens/test/internal/measure"
)

func main() {
	bin, cache, lines, rounds := measure.Flags("lines of the large tree; the small one has a tenth")
	store := flag.Bool("store", false, "only ask every report of a store of 30 days, and stop")
	flag.Parse()
	if *store {
		if path := largeStore(*bin, filepath.Join(*cache, "30days")); *rounds > 0 {
			askAll(*bin, path, *rounds)
		}
		return
	}
	dir := filepath.Join(*cache, fmt.Sprint(*lines)) // trees are kept for the next run of the same size
	tree := func(name string) string { return filepath.Join(dir, name) }
	large, small, failing, many, week, single := tree("large"), tree("small"), tree("failing"), tree("many"), tree("week"), tree("single")
	raw := measure.Usual(large, *lines)
	measure.Usual(small, *lines/10)
	measure.Failing(failing, *lines/2)
	measure.Small(many, *lines)
	measure.Week(week, *lines)
	measure.Single(single, large)
	if *rounds < 1 {
		return
	}

	top := func(of string) []string { return []string{*bin, "top-errors", "--output", "json", of} }
	own := func(of string) []string { return []string{measure.Beside("inflate"), "-own", of} }
	inflate := &measure.Variant{Name: "inflate only (klauspost)", Args: []string{measure.Beside("inflate"), large}}
	inflateOwn := &measure.Variant{Name: "inflate only (own)", Args: own(large)}
	whole := &measure.Variant{Name: "top-errors", Args: top(large)}
	tenth := &measure.Variant{Name: "top-errors, a tenth", Args: top(small)}
	fail := &measure.Variant{Name: "top-errors, all lines fail", Args: top(failing), Every: 3}
	inflateMany := &measure.Variant{Name: "inflate only (own), 2,000 objects", Args: own(many)}
	wholeMany := &measure.Variant{Name: "top-errors, 2,000 objects", Args: top(many)}
	inflateWeek := &measure.Variant{Name: "inflate only (own), 24,192 objects", Args: own(week)}
	wholeWeek := &measure.Variant{Name: "top-errors, 24,192 objects", Args: top(week)}
	inflateSingle := &measure.Variant{Name: "inflate only (own), one object", Args: own(single)}
	wholeSingle := &measure.Variant{Name: "top-errors, one object", Args: top(single)}
	sql := &measure.Variant{Name: "sql over request", Args: []string{*bin, "sql", manyColumns, "--output", "csv", large}}
	sqlTenth := &measure.Variant{Name: "sql over request, a tenth", Args: []string{*bin, "sql", manyColumns, "--output", "csv", small}}
	routes := &measure.Variant{Name: "routes", Args: []string{*bin, "routes", "--output", "json", large}, Every: 3}
	export := func(name, to string) *measure.Variant {
		return &measure.Variant{Name: name, Args: []string{*bin, "export", "--to", to, large}, Fresh: to, Every: 3}
	}
	parquet, table := export("export to Parquet", tree("export.parquet")), export("export to a DuckDB file", tree("export.duckdb"))
	filled := tree("store.duckdb")
	ingest := &measure.Variant{Name: "ingest into a store", Args: []string{*bin, "ingest", "--store", filled, large}, Fresh: filled}
	variants := []*measure.Variant{
		inflate, inflateOwn, whole, ingest, tenth, fail, inflateMany, wholeMany, inflateWeek, wholeWeek, inflateSingle, wholeSingle, sql, sqlTenth, routes,
		parquet, table, // last, since the system goes on writing after them
	}
	measure.Check(measure.RunAll(context.Background(), variants, *rounds))

	fmt.Printf("%s/%s, %d processors, %s; %d lines, %d MB of log text; %d rounds, medians\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *lines, raw/1e6, *rounds)
	fmt.Printf("%-34s %9s %9s %9s %9s %9s\n", "", "wall s", "min", "max", "cpu s", "RSS MB")
	for _, v := range variants {
		fmt.Printf("%-34s %9.2f %9.2f %9.2f %9.2f %9.0f\n", v.Name, measure.Median(v.Wall), slices.Min(v.Wall), slices.Max(v.Wall),
			measure.Median(v.CPU), slices.Max(v.RSS))
	}
	fmt.Println()
	compare(whole, inflate, "0.75")
	compare(whole, inflateOwn, "1.20")
	compare(wholeMany, inflateMany, "1.10")
	compare(wholeSingle, inflateSingle, "1.20")
	compare(ingest, whole, "1.15")
	fmt.Printf("RSS, whole to a tenth: %.0f MB to %.0f MB (goal ≤ 100 MB, flat); all lines failing: %.0f MB (goal ≤ 300 MB)\n",
		slices.Max(whole.RSS), slices.Max(tenth.RSS), slices.Max(fail.RSS))
	fmt.Printf("RSS of sql over request: %.0f MB, a tenth %.0f MB (goal ≤ 320 MB)\n", slices.Max(sql.RSS), slices.Max(sqlTenth.RSS))
}

// largeStore makes a store of 30 days unless it is there: what 12 nodes have
// delivered every 5 minutes, 3 million rows of traffic and 2 million failures.
func largeStore(bin, dir string) string {
	store := filepath.Join(dir, "store.duckdb")
	if exec.CommandContext(context.Background(), bin, "store", "stats", "--store", store).Run() == nil {
		return store
	}
	measure.Check(os.RemoveAll(store)) // none, or of another version
	logs := filepath.Join(dir, "logs")
	measure.Tree(logs, demo.Options{Span: 30 * 24 * time.Hour, Lines: 4_700_000, FailureRate: 0.44})
	fill := &measure.Variant{Args: []string{bin, "ingest", "--keep", "requests", "--store", store, logs}}
	measure.Check(fill.Run(context.Background()))
	fmt.Printf("ingest of 30 days, requests kept: %.0f s, %.0f MB\n", fill.Wall[0], fill.RSS[0])
	return store
}

// askAll asks a store every report.
func askAll(bin, store string, rounds int) {
	here, err := os.Getwd()
	measure.Check(err)
	for _, about := range []string{"stats", "verify"} {
		out, err := exec.CommandContext(context.Background(), bin, "store", about, "--store", store).CombinedOutput()
		fmt.Printf("%s\n", bytes.ReplaceAll(out, []byte(here+"/"), nil)) // a record is of any clone
		measure.Check(err)
	}
	fmt.Printf("%-28s %9s %9s %9s %9s %9s\n", "", "wall s", "min", "max", "cpu s", "RSS MB")
	reports := []string{"top-errors", "timeline", "targets", "latency", "nodes", "raw", "rejects", "coverage", "health", "tls", "routes", "clients"}
	for _, words := range append(reports, "top-errors --by target", "targets --since 2026-11-21", "raw --since 2026-11-21", "summary --since 2026-11-21") {
		v := &measure.Variant{Args: append(append([]string{bin}, strings.Fields(words)...), "--store", store, "--output", "json"), May: []int{5, 20}}
		for range rounds {
			measure.Check(v.Run(context.Background()))
		}
		fmt.Printf("%-28s %9.2f %9.2f %9.2f %9.2f %9.0f\n", words, measure.Median(v.Wall), slices.Min(v.Wall), slices.Max(v.Wall), measure.Median(v.CPU), slices.Max(v.RSS))
	}
}

// compare prints the ratio of two variants within a round.
func compare(a, b *measure.Variant, goal string) {
	ratios := measure.Ratios(a.Wall, b.Wall)
	fmt.Printf("ratio of %s to %s, within a round: median %.2f, min %.2f, max %.2f (goal ≤ %s)\n",
		a.Name, b.Name, measure.Median(ratios), slices.Min(ratios), slices.Max(ratios), goal)
}

// manyColumns is a statement that cuts texts, numbers and times out of every line.
const manyColumns = "SELECT elb, target, elb_status_code, reason, count(*), avg(target_processing_time), max(length(request)), " +
	"count(DISTINCT client_net), min(request_creation_time) FROM request GROUP BY ALL ORDER BY ALL LIMIT 100"
