package query

import (
	"fmt"

	"loglens/internal/amount"
)

// NewestObject begins the warning that logs end before the window does.
const NewestObject = "the newest log object ends at "

// toMinute is how the ends of objects are told.
const toMinute = "2006-01-02 15:04Z"

// reach says how far the logs reach if they begin after the window does, or end before it.
// Where no name tells, it says if they have none of the window at all.
func (s *Store) reach(t *Table, n signs, say func(string, ...any)) {
	if n.newest == nil {
		if a := t.Accounting; a.Parsed == 0 && a.Skipped > 0 && s.in.Plan.LoadBalancer == "" {
			say("%s of another time than was asked for: is the window right, and --tz?",
				amount.Noun(a.Skipped, "the only entry is", fmt.Sprintf("all %d entries are", a.Skipped)))
		}
		return
	}
	window := s.in.Plan.Window
	if !window.From.IsZero() && n.reaching == 0 {
		t.Oldest = n.oldest.UTC()
		say("the oldest log object ends at %s: of what came before it there are no logs, or there was no traffic", t.Oldest.Format(toMinute))
	}
	if n.newest.Before(window.Until) {
		say(NewestObject+"%s: what came after it is not there yet, or there was no traffic", n.newest.UTC().Format(toMinute))
	}
}
