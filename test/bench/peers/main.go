// Command peers asks loglens and other tools the same question, failures by
// target, status and logged reason, about the same files, and tells how many of
// the lines each has kept: a tool that drops lines is not faster. Run it through
// "make bench-peers".
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"loglens/test/internal/measure"
)

// shares of the objects that are asked about: every tenth, every second, all.
var shares = []int{10, 2, 1}

func main() {
	bin, cache, lines, rounds := measure.Flags("lines of all objects")
	flag.Parse()
	home, err := filepath.Abs(filepath.Join(*cache, "home")) // a user's settings are none of ours
	measure.Check(err)
	measure.Check(os.MkdirAll(home, 0o700))
	ctx := context.Background()
	made, err := versions(ctx)
	measure.Check(err)
	tools := peers(*bin, home)
	tree := filepath.Join(*cache, fmt.Sprint(*lines), "large")
	raw := measure.Usual(tree, *lines)
	if *rounds < 1 {
		return
	}
	objects, err := measure.Objects(tree)
	measure.Check(err)

	var runs []*run
	for _, share := range shares {
		var files []string
		for i := 0; i < len(objects); i += share {
			files = append(files, objects[i])
		}
		for _, p := range tools {
			if !p.slow || share == shares[0] {
				out := filepath.Join(*cache, fmt.Sprintf("peers-%d-%d", share, len(runs)))
				runs = append(runs, &run{peer: p, share: share, files: files, Variant: measure.Variant{Name: p.name, Args: p.command(files), Out: out}})
			}
		}
	}
	variants := make([]*measure.Variant, len(runs))
	for i, r := range runs {
		variants[i] = &r.Variant
	}
	measure.Check(measure.RunAll(ctx, variants, *rounds))

	fmt.Printf("%s/%s, %d processors, %s; %d lines, %d MB of log text, %d objects; %d rounds, medians\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *lines, raw/1e6, len(objects), *rounds)
	fmt.Println(strings.Join(made, ", "))
	fmt.Println("The question: failures (5xx by the balancer) by target, both statuses and logged reason. times: wall to that of loglens,")
	fmt.Println("within a round. RSS: the largest process of those that ran. lines kept, groups, failures: of the answer.")
	for _, share := range shares {
		fmt.Printf("\n%-25s %8s %8s %8s %8s %6s %7s %11s %7s %9s  %s\n", fmt.Sprintf("%d %% of the lines", 100/share),
			"wall s", "min", "max", "cpu s", "times", "RSS MB", "lines kept", "groups", "failures", "")
		var ours *run
		for _, r := range runs {
			if r.share != share {
				continue
			}
			if ours == nil {
				ours = r
			}
			measure.Check(r.print(ctx, ours))
		}
	}
}

// run is a tool that is asked about a share of the lines.
type run struct {
	measure.Variant
	peer  *peer
	share int
	files []string
}

// print prints a row of the table. An answer that must be ours and is not is an error.
func (r *run) print(ctx context.Context, ours *run) error {
	lines, groups, failures, note := "", "", "", r.peer.lacks
	if r.peer.read != nil {
		want, err := ours.answer(ctx)
		if err != nil {
			return err
		}
		got, err := r.answer(ctx)
		if err != nil {
			return err
		}
		if r.peer.exact && (got.lines != want.lines || !maps.Equal(got.failures, want.failures)) {
			return fmt.Errorf("%s: %d lines, %d groups, %d failures; loglens has %d, %d, %d, or others",
				r.Name, got.lines, len(got.failures), got.total(), want.lines, len(want.failures), want.total())
		}
		lines = fmt.Sprintf("%.1f %%", 100*float64(got.lines)/float64(want.lines))
		groups, failures = fmt.Sprint(len(got.failures)), fmt.Sprint(got.total())
	}
	fmt.Printf("%-25s %8.2f %8.2f %8.2f %8.2f %6.2f %7.0f %11s %7s %9s  %s\n", r.Name, measure.Median(r.Wall), slices.Min(r.Wall), slices.Max(r.Wall),
		measure.Median(r.CPU), measure.Median(measure.Ratios(r.Wall, ours.Wall)), slices.Max(r.RSS), lines, groups, failures, note)
	return nil
}

// answer is what the last run has printed, and the number of lines.
func (r *run) answer(ctx context.Context) (a answer, err error) {
	out, err := os.ReadFile(r.Out)
	if err == nil {
		a, err = r.peer.read(bytes.NewReader(out))
	}
	if err == nil && r.peer.count != nil {
		v := measure.Variant{Name: r.Name, Args: r.peer.count(r.files), Out: r.Out + "-lines"}
		if err = v.Run(ctx); err == nil {
			out, err = os.ReadFile(v.Out)
		}
		var counted answer
		if err == nil {
			counted, err = r.peer.read(bytes.NewReader(out))
		}
		a.lines = counted.lines
	}
	if err != nil {
		err = fmt.Errorf("answer of %s in %s: %w", r.Name, r.Out, err)
	}
	return a, err
}

// versions are those of the programs. What is missing is an error that names
// the command to install it.
func versions(ctx context.Context) (said []string, err error) {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p[0]); err != nil {
			missing = append(missing, p[0])
			continue
		}
		out, err := exec.CommandContext(ctx, p[0], p[1:]...).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(p, " "), err)
		}
		first, _, _ := strings.Cut(string(out), "\n")
		said = append(said, strings.TrimSuffix(first, "."))
	}
	if missing != nil {
		return nil, fmt.Errorf("not found: %s; apt-get install %[1]s", strings.Join(missing, " "))
	}
	return said, nil
}
