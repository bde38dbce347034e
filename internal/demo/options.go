package demo

import (
	"fmt"
	"time"
)

// Interval is how often a balancer node delivers an object.
const Interval = 5 * time.Minute

// Options shapes a tree. The zero value of a field asks for its default; End
// has none and must be set.
type Options struct {
	// Seed chooses the tree among all trees of the same shape.
	Seed int64
	// End is when the incident ends, UTC, rounded down to a whole Interval: no
	// entry lies at or after it.
	End time.Time
	// Span is how long before End the first entry may lie; default one hour,
	// rounded up to a whole number of Intervals. The incidents lie in the last
	// hour of it (all of it, squeezed, if Span is shorter).
	Span time.Duration
	// Lines is about how many access-log lines are written; default 120,000.
	// Every object that is no oddity itself has one line at least.
	Lines int
	// FailureRate is the share of requests that fail, client and policy
	// failures included. 0 leaves the incidents as they are scripted (about
	// one request in twenty), with every outcome that there is at least once;
	// 1 or more makes every request fail.
	FailureRate float64
	// Oddities sprinkles hostile, strange and damaged lines over the tree.
	Oddities bool
	// Plain writes what a benchmark wants: one object of exactly the same
	// number of lines per node and interval, each line 36 fields wide; no
	// objects of other kinds, none missing, none empty. There are 12 nodes, so
	// a Span of 25 minutes makes 60 objects.
	Plain bool
	// NoTruth leaves Truth.Requests and Truth.Damages empty; counters and
	// objects are kept.
	NoTruth bool
	// Workers is how many objects are written at a time; default GOMAXPROCS.
	Workers int
}

// withDefaults returns the options with their defaults filled in.
func (o Options) withDefaults() (Options, error) {
	if o.End.IsZero() {
		return o, fmt.Errorf("demo options: End is not set")
	}
	if o.Span < 0 || o.Lines < 0 || o.FailureRate < 0 || o.Workers < 0 {
		return o, fmt.Errorf("demo options: negative Span, Lines, FailureRate or Workers")
	}
	o.End = o.End.UTC().Truncate(Interval)
	if o.Span == 0 {
		o.Span = time.Hour
	}
	o.Span = (o.Span + Interval - 1) / Interval * Interval
	if o.Lines == 0 {
		o.Lines = 120_000
	}
	return o, nil
}
