// Command overlap measures how well loglens overlaps the network with its own
// work: "top-errors" on a real S3 server behind a network of some latency and
// bandwidth, beside what the transfer alone takes, and what the same files take
// from the disk. Run it through "make bench-s3".
//
// Server and network run on the processors that loglens runs on, so what they
// take is told as well.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"loglens/test/internal/gateway"
	"loglens/test/internal/measure"
)

// goal is what the command may take of the longer of transfer and work.
const goal = 1.15

func main() {
	bin, cache, lines, rounds := measure.Flags("lines of the large objects")
	var (
		latency     = flag.Duration("latency", 20*time.Millisecond, "how much later every answer comes")
		rate        = flag.Int64("rate", 100e6, "bytes per second of all connections together")
		connections = flag.Int("connections", 34, "of the transfer alone: as many as loglens has at most with two workers")
		fetch       = flag.String("fetch", "", "only fetch the bucket of this name from the URL that follows, and stop")
		before      = flag.String("before", "", "only be the network before the server at this address, until standard input ends")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure.Check(gateway.Setenv())
	if *fetch != "" {
		download(ctx, flag.Arg(0), *fetch, *connections)
		return
	}
	if *before != "" {
		measure.Check(serve(*before, *latency, *rate))
		return
	}
	dir := filepath.Join(*cache, fmt.Sprint(*lines))
	large, failing, small := filepath.Join(dir, "large"), filepath.Join(dir, "failing"), filepath.Join(dir, "many")
	measure.Usual(large, *lines)
	measure.Failing(failing, *lines/2)
	measure.Small(small, *lines)
	if *rounds < 1 {
		return
	}
	cases := []*overlap{
		{name: "large objects", bucket: "large", dir: large},
		{name: "small objects", bucket: "small", dir: small},
		{name: "large objects, all lines fail", bucket: "failing", dir: failing},
	}
	measure.Check(measureAll(ctx, cases, *bin, *cache, *latency, *rate, *connections, *rounds))

	fmt.Printf("%s/%s, %d processors, %s; every answer %s later, %d MB/s for all connections together; %d rounds, medians; seconds\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *latency, *rate/1e6, *rounds)
	fmt.Printf("%-30s %7s %5s %9s %9s %9s %9s %7s\n", "", "objects", "MB", "MB / rate", "transfer", "from disk", "from S3", "RSS MB")
	for _, c := range cases {
		fmt.Printf("%-30s %7d %5d %9.2f %9.2f %9.2f %9.2f %7.0f\n", c.name, c.objects, c.bytes/1e6, float64(c.bytes)/float64(*rate),
			measure.Median(c.transfer.Wall), measure.Median(c.disk.Wall), measure.Median(c.s3.Wall), slices.Max(c.s3.RSS))
	}
	fmt.Printf("\n%-30s %9s %9s %9s %9s %16s\n", "seconds of processors", "from disk", "from S3", "server", "network", "sum / processors")
	for _, c := range cases {
		fmt.Printf("%-30s %9.2f %9.2f %9.2f %9.2f %16.2f\n", c.name,
			measure.Median(c.disk.CPU), measure.Median(c.s3.CPU), measure.Median(c.server), measure.Median(c.network), measure.Median(c.shared()))
	}
	fmt.Printf("\nfrom S3 to the longer of transfer and from disk, within a round (goal ≤ %.2f); in brackets, to the longest of these and sum / processors:\n", goal)
	for _, c := range cases {
		r := c.ratios(c.transfer.Wall, c.disk.Wall)
		fmt.Printf("%-30s median %.2f, min %.2f, max %.2f (%.2f)\n", c.name, measure.Median(r), slices.Min(r), slices.Max(r),
			measure.Median(c.ratios(c.transfer.Wall, c.disk.Wall, c.shared())))
	}
}

// start starts a network and returns its URL, the line that it prints.
func start(net *exec.Cmd) (url string, err error) {
	if _, err := net.StdinPipe(); err != nil { // ends with this process
		return "", err
	}
	out, err := net.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := net.Start(); err != nil {
		return "", err
	}
	_, err = fmt.Fscanln(out, &url)
	return url, err
}

// overlap is a bucket, and what was measured of it.
type overlap struct {
	name, bucket, dir string

	objects            int
	bytes              int64
	transfer, disk, s3 *measure.Variant
	server, network    []float64 // seconds of processors during s3
}

// measureAll runs everything in turn, between a server's start and its end.
func measureAll(ctx context.Context, cases []*overlap, bin, cache string, latency time.Duration, rate int64, connections, rounds int) error {
	server, err := gateway.Start(cache)
	if err != nil {
		return err
	}
	defer server.Stop()
	net := exec.CommandContext(ctx, measure.Beside("overlap"), "-before", server.Addr, "-latency", latency.String(), "-rate", fmt.Sprint(rate))
	url, err := start(net)
	if err != nil {
		return err
	}
	defer func() {
		_ = net.Process.Kill()
		_ = net.Wait()
	}()
	ask := []string{bin, "top-errors", "--output", "json",
		"--since", measure.End.AddDate(0, 0, -1).Format(time.RFC3339), "--until", measure.End.Format(time.RFC3339)}
	for _, c := range cases {
		if c.objects, c.bytes, err = upload(ctx, server.URL(), c.bucket, c.dir); err != nil {
			return err
		}
		c.transfer = &measure.Variant{Name: c.name + ", transfer", Args: []string{measure.Beside("overlap"), "-connections", fmt.Sprint(connections), "-fetch", c.bucket, url}}
		c.disk = &measure.Variant{Name: c.name + ", from disk", Args: append(slices.Clone(ask), c.dir), Out: filepath.Join(cache, c.bucket+"-disk.json")}
		c.s3 = &measure.Variant{Name: c.name + ", from S3", Args: append(slices.Clone(ask), "--endpoint-url", url, "s3://"+c.bucket), Out: filepath.Join(cache, c.bucket+"-s3.json")}
	}
	for round := range rounds {
		for _, c := range cases {
			if err := c.run(ctx, server.Pid(), net.Process.Pid); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
	}
	return nil
}

// run measures once, and makes sure that the answers are the same.
func (o *overlap) run(ctx context.Context, server, network int) error {
	for _, v := range []*measure.Variant{o.transfer, o.disk} {
		if err := v.Run(ctx); err != nil {
			return err
		}
	}
	serverBefore, networkBefore := processor(server), processor(network)
	if err := o.s3.Run(ctx); err != nil {
		return err
	}
	o.server = append(o.server, processor(server)-serverBefore)
	o.network = append(o.network, processor(network)-networkBefore)
	disk, err := os.ReadFile(o.disk.Out)
	if err != nil {
		return err
	}
	s3, err := os.ReadFile(o.s3.Out)
	if err == nil && !bytes.Equal(disk, s3) {
		err = fmt.Errorf("%s: the answer from S3 (%s) is not the one from disk (%s)", o.name, o.s3.Out, o.disk.Out)
	}
	return err
}

// ratios are those of the command to the longest of what it cannot go below.
func (o *overlap) ratios(bounds ...[]float64) []float64 {
	longest := make([]float64, len(o.s3.Wall))
	for _, b := range bounds {
		for i := range longest {
			longest[i] = max(longest[i], b[i])
		}
	}
	return measure.Ratios(o.s3.Wall, longest)
}

// shared is how long the processors were busy with the command, its server and
// its network: no run on this machine can take less.
func (o *overlap) shared() []float64 {
	s := make([]float64, len(o.server))
	for i := range s {
		s[i] = (o.s3.CPU[i] + o.server[i] + o.network[i]) / float64(runtime.NumCPU())
	}
	return s
}

// ticks are those that a second has in the kernel's accounts of processes.
const ticks = 100

// processor is how many seconds of processors a process has taken so far, 0 if
// the system does not tell. See proc_pid_stat(5): utime and stime are the 12th
// and 13th field behind the name.
func processor(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, fields, _ := strings.Cut(string(b), ") ")
	var user, system float64
	for i, f := range strings.Fields(fields) {
		switch i {
		case 11:
			_, _ = fmt.Sscan(f, &user)
		case 12:
			_, _ = fmt.Sscan(f, &system)
		}
	}
	return (user + system) / ticks
}
