package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

// groupSlower looks for groups whose targets answer far more slowly than before, whether anything fails or not.
func (f *facts) groupSlower(g *Group) *Finding {
	s, ok := f.slowerOf(g)
	if !ok || f.Target != "" {
		return nil
	}
	if slow, _ := f.compared(g); len(slow) > 0 && !s.Halves { // of which another finding tells
		return nil
	}
	when := fmt.Sprintf("%s answers more slowly since %s UTC", g.Name, f.clock(s.Since))
	switch since := fmt.Sprintf("%s answered more slowly %s", g.Name, f.span(s.Since, s.Until)); {
	case s.Open:
		when = since + ", and too few answers since tell whether it still does"
	case !s.Goes:
		when = since + ", and not since"
	}
	found := finding("target-group-slower", when+": "+s.words()+".")
	if !s.Goes && !s.Open {
		if found.tellAsOver(); !s.Halves {
			found.Level = Note
		}
	}
	found.ruined = min(s.Then.Slow, int64(fewFailures*float64(f.requests()))) // behind an outage
	found.because(FromLog, fmt.Sprintf("%s took %s or longer, and in the hour before %s; counted by five minutes", s.Then.words(), inSeconds(s.Limit), s.Before.words()))
	if !s.Failed.IsZero() {
		found.because(FromLog, fmt.Sprintf("from %s on so many failed that how long the others took says nothing", f.clock(s.Failed)))
	}
	for _, t := range slowTraits {
		if text := s.partWords(t); text != "" {
			found.because(FromLog, text)
		}
	}
	switch {
	case s.Fresh: // they are slow by themselves
		found.Level, found.ruined = Note, 0
		found.Do = "nothing, if such requests are meant to take as long: hardly any of them came before"
	case s.ofNew():
		found.because(FromLog, "these targets had no request in the hour before")
		found.Do = serveFirst
	case !s.Known:
		found.because(FromLog, "which answers are slow is not known: "+notRead(len(f.Logs.Slower)))
		found.rival("", "requests that are slow by themselves, of which few came before")
	}
	found.Verify = append(found.Verify, f.ofTimes("routes", f.logs(), s.Since, s.Until), f.ofTimes("targets", f.logs(), s.Since, s.Until))
	return found
}

// words says how many answers of how many a minute were slow.
func (p Pace) words() string {
	slow := "none"
	if p.Slow > 0 {
		slow = percent(float64(p.Slow)/float64(p.Answers), 1)
	}
	return fmt.Sprintf("%s of %s answers a minute", slow, perMinute(float64(p.Answers)/p.Minutes))
}

// slowerOf is what is known of a group that answered more slowly.
func (f *facts) slowerOf(g *Group) (s Slower, ok bool) {
	if f.Logs == nil {
		return s, false
	}
	at := slices.IndexFunc(f.Logs.Slower, func(s Slower) bool { return s.Group == g.logARN(f) })
	if at < 0 {
		return s, false
	}
	return f.Logs.Slower[at], true
}

// partWords says of which few values of a trait nearly all slow answers were; "" if they were of many.
func (s Slower) partWords(t trait) string {
	var named []string
	slow := int64(0)
	for _, p := range s.Parts {
		if p.Trait == t.name {
			slow += p.Slow
			named = append(named, fmt.Sprintf(t.word+" (%d of its %d; before %d of %d)", inSentence(p.Value), p.Slow, p.Requests, p.SlowBefore, p.Before))
		}
	}
	if len(named) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s %s %s", slow, amount.Of(s.Then.Slow, "slow answer", "slow answers"), t.were, strings.Join(named, ", "))
}

// ofNew reports whether nearly all slow answers were of targets that came only then.
func (s Slower) ofNew() bool {
	n := 0
	for _, p := range s.Parts {
		if p.Trait == "target" {
			if n++; p.Before > 0 {
				return false
			}
		}
	}
	return n > 0
}
