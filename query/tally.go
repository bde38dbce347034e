package query

import "loglens/parse"

// tally is what became of the lines of one kind in one object.
// Lines = parsed + rejected + skipped.
type tally struct {
	parsed, rejected, skipped, extended int64
}

func (t tally) lines() int64 { return t.parsed + t.rejected + t.skipped }

// tallies are an object's, by kind: objects of one kind are the rule, and mixed
// ones exist.
type tallies [parse.KindClassic + 1]tally
