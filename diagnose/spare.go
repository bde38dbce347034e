package diagnose

import (
	"fmt"

	"loglens/internal/amount"
)

// spare sends the part that rules give to a group of which nearly all requests fail to the groups beside it, which work: as of
// a new version to which a few are sent. That helps at once; what is wrong with the group can be mended then.
func (f *facts) spare(found *Finding) {
	if found.Level != Fail || found.Explains == 0 || len(found.BecauseOf) > 0 || len(found.Groups) != 1 {
		return
	}
	for _, g := range f.groupsThat(func(g *Group) bool { return g.Name == found.Groups[0] }) {
		if !areNearlyAll(f.sum(f.own(g, found.share)), f.sent(g)) {
			return
		}
		mended, told := len(found.Fix) > 0, false
		var alone []string
		for _, r := range f.rules() {
			for _, a := range r.Actions {
				switch part := a.weightOf(g); {
				case part == 0:
				case !f.othersWork(a, g):
					alone = append(alone, r.name())
				default:
					told = true
					f.tellWeight(found, g, r, a, part)
					if !mended {
						f.weighNothing(found, g, r, a)
					}
				}
			}
		}
		if !told || mended {
			return
		}
		where := ""
		if len(alone) > 0 {
			where = " where others stand beside it"
			found.because(FromConfig, fmt.Sprintf("%s %s no other group that works: what %s to %s goes on to fail", few(alone), amount.Noun(len(alone), "has", "have"), amount.Noun(len(alone), "it sends", "they send"), g.Name))
		}
		found.Do = fmt.Sprintf("send nothing to %s for now%s; then %s", g.Name, where, found.Do)
	}
}

// weightOf is what an action gives to a group.
func (a Action) weightOf(g *Group) (sum int) {
	for _, w := range a.Weights {
		if w.Group == g.ARN {
			sum += w.Weight
		}
	}
	return sum
}

// othersWork reports whether an action sends requests to other groups than one, and nearly all of these go well.
func (f *facts) othersWork(a Action, g *Group) bool {
	others := false
	for _, w := range a.Weights {
		if w.Weight == 0 || w.Group == g.ARN {
			continue
		}
		other := f.group(w.Group)
		if other == nil || !f.works(w) {
			return false
		}
		if sent := f.sent(other); sent < fewRequests || float64(f.sum(f.own(other, Failure.all))) >= tooMany*float64(sent) || f.failsLately(other) {
			return false
		}
		others = true
	}
	return others
}

// failsLately reports whether many requests to a group failed in the last minutes that logs have, for any reason.
func (f *facts) failsLately(g *Group) bool {
	var reasons []string
	for _, row := range f.failures() {
		if row.Group == g.logARN(f) && counted(row) {
			reasons = add(reasons, row.Reason)
		}
	}
	return manyOf(f.lastMinutes(g, reasons...))
}

// tellWeight says which part of the weight an action gives to a group.
func (f *facts) tellWeight(found *Finding, g *Group, r placed, a Action, part int) {
	text := fmt.Sprintf("%s gives %s %d of %d of the weight", r.name(), g.Name, part, a.weight())
	if a.Sticky {
		text += ", and keeps a client in the group that it was given (stickiness): some are always sent there, and may be for as long as their cookie says, others never"
	}
	if rest := a.weight() - part; part > rest {
		text += fmt.Sprintf("; without it the others get %.0f times as many requests: see whether they bear that", float64(a.weight())/float64(rest))
	}
	found.because(FromConfig, text)
}

// weighNothing gives a group no weight in an action that gives it a part.
func (f *facts) weighNothing(found *Finding, g *Group, r placed, a Action) {
	f.setWeights(found, r, a, func(_ int, w Weight) int {
		if w.Group == g.ARN {
			return 0
		}
		return w.Weight
	})
}
