package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

// groupSlower looks for groups whose targets answer far more slowly than before, whether anything fails or not.
func (f *facts) groupSlower(g *Group) *Finding {
	at := slices.IndexFunc(f.Logs.Slower, func(s Slower) bool { return s.Group == g.logARN(f) })
	if at < 0 || f.Target != "" {
		return nil
	}
	s := f.Logs.Slower[at]
	if slow, _ := f.compared(g); len(slow) > 0 && !s.Halves { // of which another finding tells
		return nil
	}
	when := fmt.Sprintf("%s answers more slowly since %s UTC", g.Name, f.clock(s.Since))
	if !s.Goes {
		when = fmt.Sprintf("%s answered more slowly %s, and not since", g.Name, f.span(s.Since, s.Until))
	}
	found := finding("target-group-slower", when+": "+s.words()+".")
	if !s.Goes {
		if found.tellAsOver(); !s.Halves {
			found.Level = Note
		}
	}
	found.ruined = min(s.Then.Slow, int64(fewFailures*float64(f.requests()))) // behind an outage
	found.because(FromLog, fmt.Sprintf("%s took %s or longer, and in the hour before %s; counted by five minutes", s.Then.words(), inSeconds(s.Limit), s.Before.words()))
	fresh := false
	for _, t := range append(slices.Clone(traits), trait{name: "target", word: "%s", were: "were of"}) {
		text, hardly := s.partWords(t)
		if text != "" {
			found.because(FromLog, text)
		}
		fresh = fresh || hardly
	}
	switch {
	case fresh: // they are slow by themselves
		found.Level, found.ruined = Note, 0
		found.Do = "nothing, if such requests are meant to take as long: hardly any of them came before"
	case !s.Known:
		found.because(FromLog, "which answers are slow is not known: the lines of the requests could not be read once more")
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

// partWords says of which few values of a trait nearly all slow answers were; hardly says that hardly any answer was of these
// before.
func (s Slower) partWords(t trait) (text string, hardly bool) {
	var named []string
	slow, before, all := int64(0), int64(0), int64(0)
	for _, p := range s.Parts {
		if p.Trait == t.name {
			slow, before, all = slow+p.Slow, before+p.Before, all+p.Requests
			named = append(named, fmt.Sprintf(t.word+" (%d of its %d; before %d of %d)", inSentence(p.Value), p.Slow, p.Requests, p.SlowBefore, p.Before))
		}
	}
	if len(named) == 0 {
		return "", false
	}
	// A client that came only then is slow by what it asks for.
	hardly = t.name != "target" && 10*float64(before)/s.Before.Minutes < float64(all)/s.Then.Minutes
	return fmt.Sprintf("%d of %s %s %s", slow, amount.Of(s.Then.Slow, "slow answer", "slow answers"), t.were, strings.Join(named, ", ")), hardly
}
