package diagnose

import (
	"fmt"
	"math"
	"slices"
	"time"

	"loglens/internal/amount"
)

// gaveUp looks for clients that have less patience than the balancer: where targets hang, or
// are slow, their 460s may be all that is seen of it.
//
// Source: AWS, "HTTP 460: The client closed the connection" of the Application Load Balancer
// guide, read 2026-11.
func (f *facts) gaveUp(g *Group) *Finding {
	share := f.ofGroup(g, "Client_Closed")
	names, n := f.hits(g, share)
	// To any target, or to none: a client may leave before one is chosen.
	all, slow := f.sumAll(share), f.slowOf(g, "Client_Closed")
	rate := float64(all) / float64(max(f.sent(g), 1))
	late, of := f.lastMinutes(g, "Client_Closed")
	hang, newest := f.mostly(g, share), f.gaveUpSince(g)
	failed, sent, since := f.newest(g, "Client_Closed")
	most, during := f.worst(g, "Client_Closed")
	met := f.limitMet(f.own(g, share), n)
	many, how := tooMany, ""
	if met != "" { // which those that leave at any time do not
		many, how = fewFailures, ", most after the same time"
	}
	which := ""
	switch {
	case n < fewRequests:
		return nil
	case rate >= many:
		which = fmt.Sprintf("%s of the requests to %s", roundly(rate), g.Name)
	case late >= fewRequests && float64(late) >= many*float64(of):
		which = fmt.Sprintf("%s of the requests to %s in the last minutes that the logs have", roundly(float64(late)/float64(of)), g.Name)
	case !newest.IsZero():
		which = fmt.Sprintf("nearly all requests to %s since %s UTC", g.Name, f.clock(newest))
	case f.isNew(since) && manyOf(failed, sent):
		which = fmt.Sprintf("%.0f %% of the requests to %s since %s UTC", 100*float64(failed)/float64(sent), g.Name, f.clock(since))
	case len(hang) > 0:
		names, which = hang, "most requests to "+whom(hang, g)
	case most > 0 && 2*slow > all:
		which = fmt.Sprintf("most requests to %s in some minutes, %d of %d in these,", g.Name, most, during)
	default:
		return nil
	}
	these, when := func(row Failure) bool { return share(row) > 0 }, ""
	span, over := f.areOver(g, names, these, 0)
	if over {
		when = " " + span + ", and not since"
	}
	found := finding("clients-gave-up", fmt.Sprintf("Clients closed the connection before they had an answer%s: %s ended with 460%s.", how, which, when))
	found.Targets = names
	found.ruined = min(slow, int64(fewFailures*float64(f.requests()))) // behind an outage, whose clients may leave as well
	first, last := f.timesOf(these)
	found.because(FromLog, fmt.Sprintf("%s got 460, %s", amount.Of(n, "request", "requests"), f.span(first, last)))
	if slowest := f.slowest(g); slowest > 0 {
		found.because(FromLog, fmt.Sprintf("the slowest answer of the group took %.1f s", slowest))
	}
	for _, text := range f.inCommon(f.own(g, share)) {
		found.because(FromLog, text)
	}
	if met != "" {
		found.because(FromLog, met)
		found.Do = "see whose time limit this is: the clients', or that of what stands between, such as a proxy or a CDN (CloudFront: 30 s unless changed); look at what keeps the targets from answering"
	} else {
		found.rival("", "clients that close at once whatever they ask for, such as a monitor or a scanner")
	}
	switch {
	case over:
		found.tellAsOver()
		found.Do = "see what kept the targets from answering at that time: their load, a restart, what they wait for"
	case f.gaveUpMore(found, g):
		found.Do = "look at what keeps the targets from answering since then; if clients were changed then, or what stands between, compare their timeouts with how long the targets take"
	case f.gaveUpAlways(g):
		found.Sentence += " As many always have, as far back as the logs go."
		if met != "" && rate < tooMany { // how these clients are made, as those that ask again and again for news
			found.Level = Note
			found.Do = "nothing, if these clients wait for news that may not come, and ask again; otherwise " + found.Do
		}
	}
	return found
}

// gaveUpAlways reports whether clients give up as often in each quarter of hours of logs, and in no shorter part of these so
// much more often that it is no chance.
func (f *facts) gaveUpAlways(g *Group) bool {
	const quarters = 4
	list := f.minutesOf(g)
	if len(list) == 0 {
		return false
	}
	begin := list[0].Minute
	long := list[len(list)-1].Minute.Sub(begin) + time.Minute
	n, all := inMinutes(list, func(Minute) bool { return true }, forReasons("Client_Closed"))
	if long < 3*time.Hour || n < quarters*fewRequests {
		return false
	}
	in := func(i, parts int) (some, usual float64) {
		from, until := begin.Add(long*time.Duration(i)/time.Duration(parts)), begin.Add(long*time.Duration(i+1)/time.Duration(parts))
		gone, of := inMinutes(list, func(m Minute) bool { return !m.Minute.Before(from) && m.Minute.Before(until) }, forReasons("Client_Closed"))
		return float64(gone), float64(n) * float64(of) / float64(all)
	}
	for i := range quarters {
		if some, usual := in(i, quarters); usual == 0 || 2*some < usual || some > 2*usual {
			return false
		}
	}
	for i := range 6 * quarters {
		if some, usual := in(i, 6*quarters); some > 2*usual && some > usual+4*math.Sqrt(usual) {
			return false
		}
	}
	return true
}

// gaveUpMore says since when more clients give up than before, twice as large a part at least; it reports whether they do.
func (f *facts) gaveUpMore(found *Finding, g *Group) bool {
	counted, among := map[time.Time]float64{}, map[time.Time]float64{}
	for _, m := range f.minutesOf(g) {
		at := m.Minute.UTC().Truncate(f.period())
		counted[at], among[at] = counted[at]+float64(m.Reasons["Client_Closed"]), among[at]+float64(m.Requests)
	}
	r, ok := f.rise(counted, among, 2)
	if ok {
		found.Sentence += r.words(f, "They do", "as large a part of the requests ends so")
	}
	return ok
}

// roundly writes a part of 1 that is told in a sentence.
func roundly(part float64) string {
	if part < tooMany {
		return percent(part, 1)
	}
	return percent(part, 0)
}

// slowOf are those of a group's failures for a reason that took a second or longer.
func (f *facts) slowOf(g *Group, reason string) int64 {
	return f.sumAll(func(row Failure) int64 {
		if row.Group == g.logARN(f) && row.Reason == reason {
			return row.Slow
		}
		return 0
	})
}

// gaveUpSince is since when nearly all few requests to a group, as at night, end with 460, more than in as long a time
// before; zero if they do not, or if few took long.
func (f *facts) gaveUpSince(g *Group) (since time.Time) {
	failed, all, most := int64(0), int64(0), int64(0)
	for _, m := range slices.Backward(f.minutesOf(g)) {
		failed, all = failed+m.Reasons["Client_Closed"], all+m.Requests
		if 10*failed >= 9*all {
			since, most = m.Minute, failed
		}
	}
	if min(f.slowOf(g, "Client_Closed"), most) < fewRequests {
		return time.Time{}
	}
	long := f.Logs.Last.Sub(since)
	from := since.Add(-min(long, since.Sub(f.From)))
	before, _ := inMinutes(f.minutesOf(g), func(m Minute) bool {
		return m.Minute.Before(since) && !m.Minute.Before(from)
	}, forReasons("Client_Closed"))
	if 2*float64(before)*long.Seconds() > float64(most)*since.Sub(from).Seconds() {
		return time.Time{}
	}
	return since
}
