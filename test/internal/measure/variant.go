// Package measure runs whole commands in turn and says what they took, on
// trees of log objects that the generator has written.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Variant is a command line and what its runs took.
type Variant struct {
	Name  string
	Args  []string
	Every int    // runs only in every so many rounds; 0 for all
	Fresh string // a file that must not be there
	Out   string // the file that gets what a run prints; "" for none
	May   []int  // exit statuses that are no failure

	// Seconds, seconds of processors, and MB: one of each per run. Processor
	// time counts all processes that the command has waited for, memory the
	// largest of them. A process is never smaller than the one that started it.
	Wall, CPU, RSS []float64
}

// Run runs the command.
func (v *Variant) Run(ctx context.Context) error {
	if v.Fresh != "" {
		if err := os.RemoveAll(v.Fresh); err != nil {
			return err
		}
	}
	c := exec.CommandContext(ctx, v.Args[0], v.Args[1:]...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if v.Out != "" {
		out, err := os.Create(v.Out)
		if err != nil {
			return err
		}
		defer func() { _ = out.Close() }() // the command wrote it, not we
		c.Stdout = out
	}
	start := time.Now()
	if err := c.Run(); err != nil && (c.ProcessState == nil || !slices.Contains(v.May, c.ProcessState.ExitCode())) {
		return fmt.Errorf("%s: %w\n%s", v.Name, err, stderr.String())
	}
	v.Wall = append(v.Wall, time.Since(start).Seconds())
	u := c.ProcessState.SysUsage().(*syscall.Rusage)
	v.CPU = append(v.CPU, (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds())
	v.RSS = append(v.RSS, float64(u.Maxrss)/1024)
	return nil
}

// RunAll runs every variant once per round, in turn, so that a slow minute of
// the machine hits all alike.
func RunAll(ctx context.Context, variants []*Variant, rounds int) error {
	for round := range rounds {
		for _, v := range variants {
			if v.Every == 0 || round%v.Every == 0 {
				if err := v.Run(ctx); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
	}
	return nil
}

// Beside is the path of another program of the benchmarks: all are built into
// one folder.
func Beside(name string) string {
	self, err := os.Executable()
	Check(err)
	return filepath.Join(filepath.Dir(self), name)
}

// Ratios are those of a to b within each round.
func Ratios(a, b []float64) []float64 {
	ratios := make([]float64, len(a))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return ratios
}

// Median is the middle, or the mean of the two middle ones.
func Median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// Check ends this program if there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
