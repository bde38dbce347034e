package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// Which time a question to a store is about if it does not say so, and for which parts of
// that time nobody has looked for objects.

// bound gives a question without a beginning or an end those of what was looked through.
// Objects also hold some lines of the time outside, which would look like all that there
// was.
func (s *Store) bound(ctx context.Context) error {
	r, w := s.reader, &s.in.Plan.Window
	*w, r.about = r.asked, r.asked
	if closed(*w) {
		return nil
	}
	var first, last *time.Time
	err := s.one(ctx, "SELECT min(minute), max(minute) + INTERVAL 1 minute FROM disk.entry_minute", []any{&first, &last})
	looked := lookedFor(s.in.Plan.LoadBalancer, r.spans)
	if w.From.IsZero() {
		w.From = looked.From
		r.about.From = cmp.Or(w.From, or(first).UTC())
	}
	if w.Until.IsZero() {
		if behindByChance(looked.Until, or(last), s.in.Plan.Now) && looked.Until.After(w.From) {
			w.Until = looked.Until
		}
		r.about.Until = cmp.Or(w.Until, or(last).UTC())
	}
	return err
}

// behindByChance reports whether the last line lies behind what was looked through, but
// no further than an object can reach. One that lies further was brought in by an ingest
// that was ended in the middle, or that had a wrong clock, and then the gap is told. As
// long as the next ingest is not due, the newest lines are as the sources would show them.
func behindByChance(end, last, now time.Time) bool {
	_, reach := ingest.Plan{Window: when.Window{Until: end}}.Ends(parse.KindClassic) // whose objects are the longest
	return end.Before(last) && !last.After(reach) && (now.IsZero() || end.Before(recent(now).Add(-objectInterval)))
}

// lookedFor is from when to when anybody has looked for a load balancer. A bound that is
// open is zero; both are zero if nobody has looked. Sources are looked through one after
// the other, so of ends that differ by little the earliest counts.
func lookedFor(loadBalancer string, known spans) (all when.Window) {
	var each []when.Window
	var ends []time.Time
	for _, of := range originsFor(loadBalancer, known) {
		if looked := of.looked(known); len(looked) > 0 {
			each, ends = append(each, looked...), append(ends, looked[len(looked)-1].Until)
		}
	}
	if each = when.Join(each); len(each) == 0 {
		return all
	}
	latest := each[len(each)-1].Until
	all = when.Window{From: each[0].From, Until: latest}
	for _, end := range ends {
		if end.Before(all.Until) && latest.Sub(end) <= settled {
			all.Until = end
		}
	}
	return all
}

// recent is up to when objects have been delivered; zero if it is not known what time it is.
func recent(now time.Time) time.Time {
	if now.IsZero() {
		return now
	}
	return now.Add(-settled).UTC().Truncate(time.Minute)
}

// warnOfGaps finds what the window has of times for which a source was not looked
// through, and says how to bring it in.
func (s *Store) warnOfGaps(t *Table) {
	if s.reader == nil || s.read == 0 {
		return
	}
	plan := s.in.Plan
	plan.Window = s.reader.about
	t.Gaps, t.Unseen = gapsIn(plan, s.reader.spans)
	t.Warnings = append(t.Warnings, s.tellGaps(t.Gaps)...)
}

// gapsIn are the gaps of a plan's window; unseen says that all of it is one. The sources
// themselves have no more than what has been delivered, so a window ends there, unless
// it begins later.
func gapsIn(plan ingest.Plan, known spans) (gaps []Span, unseen bool) {
	w, edge := plan.Window, recent(plan.Now)
	newest := !edge.IsZero() && edge.Before(w.Until)
	if newest && w.From.Before(edge) {
		w.Until = edge
	}
	if w.From.IsZero() || !w.From.Before(w.Until) {
		return nil, false // without a line there is no telling from when on
	}
	origins := originsFor(plan.LoadBalancer, known)
	var anywhere []when.Window
	for _, of := range origins {
		anywhere = append(anywhere, of.looked(known)...)
	}
	anywhere = when.Join(anywhere)
	unseen = len(origins) > 0
	for _, of := range origins {
		looked := of.looked(known)
		if of.source == givenUp {
			looked = of.lookedAnywhere(known)
		}
		left := of.lacking(w, looked, anywhere)
		if last := len(left) - 1; newest && last >= 0 && left[last].Until.Equal(w.Until) && !overdue(looked, left[last].From, edge) {
			left = left[:last]
		}
		unseen = unseen && slices.Equal(left, []when.Window{w})
		if of.source == givenUp && slices.ContainsFunc(origins, func(o origin) bool { return o != of && o.loadBalancer == of.loadBalancer }) {
			continue // which lacks that as well
		}
		for _, gap := range left {
			gaps = append(gaps, Span{of.source, of.loadBalancer, gap})
		}
	}
	return gaps, unseen
}

// lookedAnywhere are the times over which somebody has looked for its load balancer in any source.
func (of origin) lookedAnywhere(known spans) (windows []when.Window) {
	for source := range known {
		windows = append(windows, origin{source, of.loadBalancer}.looked(known)...)
	}
	return when.Join(windows)
}

// lacking are the parts of w over which nobody has looked for it. A source may be a single
// object, as where the shell has expanded a pattern to its files. Then it lacks only what
// that object can hold, and what no source was looked through for: once the object is
// gone, nothing more is asked of it.
func (of origin) lacking(w when.Window, looked, anywhere []when.Window) (list []when.Window) {
	name := ingest.NameOf(of.source)
	for _, gap := range w.Without(looked) {
		if (ingest.Plan{Window: gap, Kinds: AllKinds}).Wants(name) {
			list = append(list, gap)
		} else {
			list = append(list, gap.Without(anywhere)...)
		}
	}
	return list
}

// overdue reports whether an ingest should have looked through what begins at from and
// has been delivered up to edge: the last one has not come near that, or has left it out.
func overdue(looked []when.Window, from, edge time.Time) bool {
	if len(looked) == 0 {
		return true
	}
	last := looked[len(looked)-1].Until
	return last.Before(edge.Add(-objectInterval)) || last.After(from)
}

// originsFor are those that bear on a question about a load balancer, or about all, in
// order. If nobody has looked for that one, it lacks in all sources.
func originsFor(loadBalancer string, known spans) (list []origin) {
	var sources []origin
	for source, balancers := range known {
		for balancer := range balancers {
			switch {
			case loadBalancer == "":
				list = append(list, origin{source, balancer})
			case balancer == "" || alike(balancer, loadBalancer):
				list = append(list, origin{source, loadBalancer})
			default:
				sources = append(sources, origin{source, loadBalancer})
			}
		}
	}
	if list == nil {
		list = sources
	}
	slices.SortFunc(list, func(a, b origin) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.loadBalancer, b.loadBalancer))
	})
	return slices.Compact(list)
}

// mostGaps is how many are told one by one.
const mostGaps = 3

// tellGaps says what was not looked through, and how to bring it in.
func (s *Store) tellGaps(gaps []Span) (said []string) {
	for i, g := range gaps {
		if i == mostGaps {
			return append(said, fmt.Sprintf("%s never ingested", amount.Of(int64(len(gaps)-i), "more stretch of time was", "more stretches of time were")))
		}
		said = append(said, fmt.Sprintf("of %s, %s was never ingested%s", g.Of(), g.Window, s.bring(g)))
	}
	return said
}

// bring says how to bring in what was not looked through, or to ask for it no longer.
func (s *Store) bring(g Span) string {
	source, only := ingest.ShellWord(g.Source), ""
	switch {
	case g.Source == givenUp:
		source = "SOURCE"
	case vanished(g.Source):
		return ", and it is not there any more: " + s.in.Disk.command("store forget") + " " + source + " asks for it no longer"
	}
	if g.LoadBalancer != "" {
		only = " --lb " + ingest.ShellWord(g.LoadBalancer)
	}
	return ": " + s.in.Disk.command("ingest") + windowFlags(g.Window) + only + " " + source + " brings it in"
}

// windowFlags are those of a command that means this window, of whole minutes.
func windowFlags(w when.Window) (flags string) {
	const form = "2006-01-02T15:04Z"
	if !w.From.IsZero() {
		flags += " --since " + w.From.UTC().Format(form)
	}
	if !w.Until.IsZero() {
		flags += " --until " + w.Until.UTC().Format(form)
	}
	return flags
}
