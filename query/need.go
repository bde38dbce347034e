package query

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"loglens/ingest"
	"loglens/parse"
)

// The relations that statements may name. Streams are read from the sources as
// the statement runs; what load fills has to be there before.
var (
	streams = map[string]ingest.KindSet{
		"request":      requestKinds,
		"connection":   ingest.Kinds(parse.KindConnection),
		"health_check": ingest.Kinds(parse.KindHealthCheck),
		"nlb_tls":      ingest.Kinds(parse.KindNLB),
	}
	keptRelations = []string{"failure", "reject"}
	countTables   = []string{"traffic", "latency", "failure_minute", "node_minute"}
	ledgerTables  = []string{"object", "accounting"}
	listingTable  = "listing"
)

// lineRelations are those whose rows are lines.
func lineRelations() []string { return append(slices.Sorted(maps.Keys(streams)), keptRelations...) }

// ofRequests reports whether a relation tells of requests, and of nothing else.
func ofRequests(relation string) bool {
	return relation == "failure" || slices.Contains(countTables, relation) || streams[relation]&requestKinds != 0
}

// Relations returns the names of all relations, sorted.
func Relations() []string {
	names := slices.Concat(lineRelations(), countTables, ledgerTables, []string{listingTable})
	slices.Sort(names)
	return names
}

// KindsNamed returns the logs that a statement may read, by the relations that
// occur in its text: at least those that it does read.
func KindsNamed(text string) ingest.KindSet { return kindsOf(named(text)) }

// Kinds returns the logs that a report may read.
func (r Report) Kinds() ingest.KindSet { return kindsOf(r.relations) }

// kindsOf returns the logs that hold what some relations are made of.
func kindsOf(relations []string) (kinds ingest.KindSet) {
	ledger := false
	for _, name := range relations {
		switch {
		case streams[name] != 0:
			kinds |= streams[name]
		case ofRequests(name):
			kinds |= requestKinds
		default:
			ledger = true
		}
	}
	if kinds == 0 && ledger {
		return AllKinds
	}
	return kinds
}

// named returns the relations whose names occur in a text, comments left out:
// at least those that it reads.
func named(text string) (relations []string) {
	all := Relations()
	for word := range wordsOf(text) {
		if _, ok := slices.BinarySearch(all, word); ok && !slices.Contains(relations, word) {
			relations = append(relations, word)
		}
	}
	slices.Sort(relations)
	return relations
}

// wordsOf yields the words of a text, comments left out.
func wordsOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "--")
			for word := range strings.FieldsFuncSeq(line, betweenWords) {
				if !yield(word) {
					return
				}
			}
		}
	}
}

// betweenWords reports whether a character is of no word.
func betweenWords(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// need is what a statement reads.
type need struct {
	load     ingest.KindSet // kinds that the tables have to be filled with; empty for none
	streams  ingest.KindSet // kinds that are read as the statement runs
	listing  ingest.KindSet // kinds that have to be listed beforehand
	readings int            // how many times objects are read, loading included
	scans    int            // streams among them
	twice    ingest.KindSet // kinds that several of those read
	scanned  []string       // relations of lines, kept ones and streams, that the plan reads
	count    details
}

// details are what is counted only for statements that ask for it: it takes
// memory, and some time for every line.
type details struct {
	latency  bool  // how long targets took
	nodes    bool  // requests by balancer node
	grain    grain // as coarse as does
	failures held  // requests that failed, beside their counts
}

// held is how much of the failing requests is held for the relation failure. Most
// reports need no more than the heads of their records, or nothing; the lines would be
// most of the work where every request fails.
type held int8

// From the most to the least.
const (
	linesHeld held = iota
	headsHeld
	noneHeld
)

// errNotHeld is a bug of ours: the plan of a statement did not say that it reads this.
var errNotHeld = errors.New("lines that nobody has held or looked for")

// have reports whether all that is wanted was counted.
func (d details) have(wanted details) bool {
	return (d.latency || !wanted.latency) && (d.nodes || !wanted.nodes) &&
		(d.grain == wanted.grain || d.grain == grain{}) && d.failures <= wanted.failures
}

// kinds is everything that has to be listed.
func (n need) kinds() ingest.KindSet { return n.load | n.streams | n.listing }

// AllKinds are the logs that hold anything.
var AllKinds = ingest.Kinds(parse.KindAccess, parse.KindClassic, parse.KindConnection, parse.KindHealthCheck, parse.KindNLB)

// needs finds out what a statement reads: plain tables by their names, streams
// out of DuckDB's plan, which leaves out what the statement names but never asks.
// Planning also finds what is wrong with a statement before anything is read; one
// of ours that names no stream can do without (planned).
func (s *Store) needs(ctx context.Context, text string, args []any, relations []string, planned bool) (n need, err error) {
	uses := func(names ...string) bool {
		return slices.ContainsFunc(names, func(r string) bool { return slices.Contains(relations, r) })
	}
	scans := map[string]scanned{}
	if planned || uses(slices.Collect(maps.Keys(streams))...) || uses("reject") {
		if scans, err = s.scans(ctx, text, args); err != nil {
			return n, err
		}
	} else if uses("failure") {
		scans[scanName("failure")] = scanned{1, columnSet{unknownColumns}}
	}
	for name, kinds := range streams {
		if times := scans[scanName(name)].times; times > 0 {
			if times > 1 {
				n.twice |= kinds
			}
			n.streams |= kinds
			n.readings += times
			n.scans += times
		}
	}
	for _, name := range lineRelations() {
		if scans[scanName(name)].times > 0 {
			n.scanned = append(n.scanned, name)
		}
	}
	failures := scans[scanName("failure")]
	n.count = details{
		// Free SQL has many ways to ask for columns that it does not name: FROM traffic.
		latency:  uses("latency") || uses("traffic") && (planned || strings.Contains(text, "latency")),
		nodes:    uses("node_minute"),
		failures: failures.held(),
	}
	ledger := uses(ledgerTables...) || scans[scanName("reject")].times > 0
	if uses(countTables...) || failures.times > 0 {
		n.load = requestKinds
	}
	if ledger {
		if n.load |= n.streams; n.load == 0 {
			n.load = AllKinds
		}
	}
	if n.load != 0 {
		n.readings++
	}
	if n.listing = n.streams; uses(listingTable) {
		if n.listing |= n.load; n.listing == 0 {
			n.listing = AllKinds
		}
	}
	return n, nil
}
