package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

// spell is a time from the first to the last minute in which some failures came, with none for a while before and after.
type spell struct {
	first, last time.Time
	n           int64 // failures
}

// spells are those of parts of some time in which something came.
func spells(parts []part, hit func(part) bool) (list []spell) {
	for _, p := range parts {
		switch last := len(list) - 1; {
		case !hit(p):
		case last >= 0 && p.from.Sub(list[last].last) <= quiet:
			list[last].last, list[last].n = p.from, list[last].n+p.these
		default:
			list = append(list, spell{p.from, p.from, p.these})
		}
	}
	return list
}

// bursts are the spells in which the failures of a share came, if there are several, with longer rests between them than
// any of them took, and if it is no chance that there are: five failures or more in each, in at most half as many minutes
// as these would be spread over. Few that came by ones and twos beside these do not hide them. There are none if minutes do
// not tell these failures from others.
func (f *facts) bursts(share func(Failure) int64) []spell {
	minutes, n := f.minutesWith(among(share)), int64(0)
	hit := func(p part) bool { return p.these > 0 }
	begin := slices.IndexFunc(minutes, hit)
	if begin < 0 {
		return nil
	}
	minutes = minutes[begin:]
	for _, m := range minutes {
		n += m.these
	}
	list := slices.DeleteFunc(spells(minutes, hit), func(s spell) bool { return s.n < 5 })
	if 10*f.sum(share) < 9*n || len(list) < 2 || 10*failuresOf(list) < 9*n || float64(2*countParts(minutes, hit)) > byChance(minutes, n, hit) {
		return nil
	}
	longest, rest := longestOf(list), list[1].first.Sub(list[0].last)
	for i := range list[1:] {
		rest = min(rest, list[i+1].first.Sub(list[i].last))
	}
	if rest <= longest {
		return nil
	}
	return list
}

// longestOf is how long the longest of some spells took, at most.
func longestOf(list []spell) (longest time.Duration) {
	for _, s := range list {
		longest = max(longest, s.last.Sub(s.first)+time.Minute)
	}
	return longest
}

// failuresOf are those of some spells.
func failuresOf(list []spell) (n int64) {
	for _, s := range list {
		n += s.n
	}
	return n
}

// inBurstsAt says of so many failures when they came, if in bursts.
func (f *facts) inBurstsAt(list []spell, all int64) string {
	var begins []string
	most, least := time.Duration(0), time.Duration(0) // from one to the next
	for i, s := range list {
		begins = append(begins, f.clock(s.first))
		if i > 0 {
			apart := s.first.Sub(list[i-1].first)
			if most = max(most, apart); i == 1 || apart < least {
				least = apart
			}
		}
	}
	which := "these failures"
	if failuresOf(list) < all {
		which = "nearly all of these failures"
	}
	text := fmt.Sprintf("%s came in %d bursts of up to %s", which, len(list), minutesLong(longestOf(list)))
	if len(list) > 2 && most <= 2*least {
		text += ", " + apartBy(least, most)
	}
	if len(strings.Join(begins, ", ")) > 80 {
		last := begins[len(begins)-1]
		return text + ": at " + few(begins) + ", the last at " + last + " UTC"
	}
	return text + ": at " + strings.Join(begins, ", ") + " UTC"
}

// minutesLong writes a time of whole minutes.
func minutesLong(d time.Duration) string {
	return amount.Of(int64(d/time.Minute), "minute", "minutes")
}

func apartBy(least, most time.Duration) string {
	if least == most {
		return minutesLong(most) + " apart"
	}
	return fmt.Sprintf("%d to %s apart", least/time.Minute, minutesLong(most))
}
