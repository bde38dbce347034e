package query

import (
	"context"
	"fmt"
	"time"

	"loglens/internal/amount"
)

// NewestObject begins the warning that logs end before the window does.
const NewestObject = "the newest log object ends at "

// toMinute is how the ends of objects are told.
const toMinute = "2006-01-02 15:04Z"

// quiet is how long no request may have come without a word of it: an interval of a log.
const quiet = 5 * time.Minute

// reach says how far the logs reach if they begin after the window does, or end before it.
// Where no name tells, it says if they have none of the window at all.
func (s *Store) reach(ctx context.Context, t *Table, n signs, say func(string, ...any)) error {
	if a := t.Accounting; a.Objects > 0 && a.Lines == 0 && a.ObjectsFailed == 0 && !t.Listed {
		say("%s: was it all copied? A balancer without traffic writes none",
			amount.Noun(a.Objects, "the only log object is empty", fmt.Sprintf("all %d log objects are empty", a.Objects)))
	}
	if n.newest == nil {
		if a := t.Accounting; a.Parsed == 0 && a.Skipped > 0 && s.in.Plan.LoadBalancer == "" {
			say("%s of another time than was asked for: is the window right, and --tz?",
				amount.Noun(a.Skipped, "the only entry is", fmt.Sprintf("all %d entries are", a.Skipped)))
		}
		return s.entriesReach(ctx, say)
	}
	window := s.in.Plan.Window
	if !window.From.IsZero() && n.reaching == 0 {
		t.Oldest = n.oldest.UTC()
		say("the oldest log object ends at %s: of what came before it there are no logs, or there was no traffic", t.Oldest.Format(toMinute))
	}
	if n.newest.Before(window.Until) {
		say(NewestObject+"%s: what came after it is not there yet, or there was no traffic", n.newest.UTC().Format(toMinute))
	}
	return nil
}

// entriesReach says the same by the times of requests, where no name tells: of objects that
// CloudWatch delivers, or of one that many were put into. Delivery takes five minutes and more.
func (s *Store) entriesReach(ctx context.Context, say func(string, ...any)) error {
	var oldest, newest *time.Time
	if err := s.one(ctx, "SELECT min(first_seen), max(last_seen) FROM traffic", []any{&oldest, &newest}); err != nil || newest == nil {
		return err
	}
	window := s.in.Plan.Window
	if !window.From.IsZero() && oldest.Sub(window.From) >= quiet {
		say("the oldest request is of %s: of what came before it there are no logs, or there was no traffic", oldest.UTC().Format(toMinute))
	}
	if window.Until.Sub(*newest) >= quiet {
		say("the newest request is of %s: what came after it is not there yet, or there was no traffic", newest.UTC().Format(toMinute))
	}
	return nil
}
