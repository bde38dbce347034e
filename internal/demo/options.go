package demo

import (
	"fmt"
	"slices"
	"time"
)

// Interval is how often a balancer node delivers an object.
const Interval = 5 * time.Minute

// LongInterval is how often it does where a Classic Load Balancer has been left
// at its default.
const LongInterval = time.Hour

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
	// Lines is about how many lines the request logs have (access logs of
	// Application Load Balancers and of Classic ones); default 120,000. The
	// other logs follow: about one connection for three requests, every health
	// check. Every object that is no oddity itself has one line at least.
	Lines int
	// FailureRate is the share of requests that fail, client and policy
	// failures included. 0 leaves the incidents as they are scripted (about
	// one request in twenty), with every outcome that there is at least once;
	// 1 or more makes every request fail.
	FailureRate float64
	// Oddities sprinkles hostile, strange and damaged lines over the tree.
	Oddities bool
	// Kinds are the kinds of objects that are written; nil is all of them. An
	// object is the same bytes whichever others are written.
	Kinds []Kind
	// Vended lets some objects be delivered the other way, by CloudWatch: JSON
	// lines or W3C, gzipped, with some of the columns in an order of their own,
	// under names that are none of a balancer's. They are all objects of one
	// node for access logs, and one object each of connection, health check and
	// NLB logs. See Object.Columns for what their truth then lacks.
	Vended Format
	// Plain writes what a benchmark wants: one object of exactly the same
	// number of lines per node and interval, each line 36 fields wide; no
	// objects of other kinds than access logs, none missing, none empty; Vended
	// does not count. There are 12 nodes, so a Span of 25 minutes makes 60
	// objects.
	Plain bool
	// NoTruth leaves the lists of requests, damages, connections, checks and
	// TLS connections in Truth empty; counters and objects are kept.
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
	if o.Vended != FormatPlain && o.Vended != FormatJSON && o.Vended != FormatW3C {
		return o, fmt.Errorf("demo options: no such Vended format: %q", o.Vended)
	}
	for _, k := range o.Kinds {
		if !slices.Contains(kinds, k) {
			return o, fmt.Errorf("demo options: no such kind: %q", k)
		}
	}
	if o.Plain {
		o.Vended = FormatPlain
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
