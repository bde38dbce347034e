package query

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// A store holds what ingests have found, each in a window of its own. Its table
// "ingested" remembers over which spans of time a source was listed to its end, so that
// an answer can tell that nothing failed from that nobody has looked.

// Span is a time over which all objects of a source were looked for.
type Span struct {
	Source       string // as it was named, but a local one from the root
	LoadBalancer string // the only one that was looked for; "" for all
	Window       when.Window
}

// Of says whose span it is.
func (s Span) Of() string {
	if s.LoadBalancer == "" {
		return s.Source
	}
	return s.LoadBalancer + " in " + s.Source
}

const ingestedTable = "CREATE TABLE disk.ingested (source VARCHAR, load_balancer VARCHAR, since TIMESTAMP, until TIMESTAMP)"

// settled is how long after its interval an object has been delivered, nearly always.
// What was listed earlier counts as not looked for, so the next ingest has to look again.
const settled = 15 * time.Minute

// objectInterval is what an object covers, nearly always.
const objectInterval = 5 * time.Minute

// origin is what spans are spans of.
type origin struct{ source, loadBalancer string }

// spans are those of origins, by source and then by load balancer. One may have an empty
// span: an ingest has begun with it and not come to its end.
type spans map[string]map[string][]when.Window

func (s spans) of(o origin) []when.Window { return s[o.source][o.loadBalancer] }

func (s spans) set(o origin, list []when.Window) {
	if s[o.source] == nil {
		s[o.source] = map[string][]when.Window{}
	}
	s[o.source][o.loadBalancer] = list
}

// spansOf are those of the file, which is open.
func (s *Store) spansOf(ctx context.Context) (spans, error) {
	known := spans{}
	var of origin
	var since, until *time.Time
	err := s.each(ctx, func() {
		known.set(of, append(known.of(of), when.Window{From: or(since).UTC(), Until: or(until).UTC()}))
	}, "SELECT source, load_balancer, since, until FROM disk.ingested ORDER BY ALL", []any{&of.source, &of.loadBalancer, &since, &until})
	return known, err
}

// origins are those of the sources. Of those that have no object at all, only known ones:
// a name that was mistyped is not to be missed ever after.
func (i *ingesting) origins() (list []origin) {
	for _, source := range i.store.in.Sources {
		of := origin{absolute(source.String()), i.plan.LoadBalancer}
		if i.spans.of(of) != nil || i.done.Listed > 0 {
			list = append(list, of)
		}
	}
	return list
}

// absolute is a source by a name that is the same wherever the command is typed.
func absolute(spec string) string {
	if scheme, rest, ok := strings.Cut(spec, "://"); ok {
		return strings.ToLower(scheme) + "://" + strings.TrimRight(rest, "/")
	}
	if path, err := filepath.Abs(spec); err == nil {
		return path
	}
	return spec
}

// begun makes the sources known whose objects come in before the ingest has come to its end.
func (i *ingesting) begun() (statements []string) {
	if i.begin() {
		return remember(i.spans)
	}
	return nil
}

// begin gives the sources a span if they have none, and reports whether one had none.
func (i *ingesting) begin() (some bool) {
	for _, of := range i.origins() {
		if i.spans.of(of) == nil {
			i.spans.set(of, []when.Window{{From: time.Unix(0, 0), Until: time.Unix(0, 0)}})
			some = true
		}
	}
	return some
}

// ended remembers that the sources were listed to their ends.
func (i *ingesting) ended() []string {
	changed := i.begin() // what is known of a source may be no more than that
	for _, of := range i.origins() {
		w := Minutes(i.plan.Window)
		if until := i.plan.Now; !until.IsZero() {
			if strings.HasPrefix(of.source, "s3://") {
				until = until.Add(-settled)
			}
			if until = until.UTC().Truncate(time.Minute); w.Until.IsZero() || until.Before(w.Until) {
				w.Until = until
			}
		}
		had := i.spans.of(of)
		if joined := when.Join(append(slices.Clone(had), w)); len(joined) > 0 && !slices.Equal(joined, had) {
			i.spans.set(of, joined)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return remember(i.spans)
}

// remember puts spans in the place of those of the file. It takes one statement for all:
// each has DuckDB hold a block of its own until the transaction ends, and there may be a
// source for every object.
func remember(all spans) []string {
	bound := func(t time.Time) string {
		if t.IsZero() {
			return "NULL"
		}
		return fmt.Sprintf("make_timestamp(%d)", t.UnixMicro())
	}
	var rows []string
	for source, balancers := range all {
		for balancer, list := range balancers {
			for _, w := range list {
				rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s)", quoted(source), quoted(balancer), bound(w.From), bound(w.Until)))
			}
		}
	}
	slices.Sort(rows)
	return []string{"DELETE FROM disk.ingested", "INSERT INTO disk.ingested VALUES " + strings.Join(rows, ", ")}
}

// forgetSpans takes out of the spans what lies before a time.
func forgetSpans(before time.Time) string {
	at := fmt.Sprintf("make_timestamp(%d)", Minutes(when.Window{Until: before.UTC()}).Until.UnixMicro())
	return "UPDATE disk.ingested SET since = least(" + at + ", until) WHERE since IS NULL OR since < " + at
}

// looked are the times over which somebody has looked for it, there or in a folder above,
// in order.
func (of origin) looked(all spans) (windows []when.Window) {
	for _, source := range withFolders(of.source) {
		for balancer, list := range all[source] {
			if balancer == "" || of.loadBalancer != "" && alike(balancer, of.loadBalancer) {
				windows = append(windows, list...)
			}
		}
	}
	return when.Join(windows)
}

// withFolders are a source and the folders that it lies in.
func withFolders(source string) (list []string) {
	for at := len(source); at > 0; at = strings.LastIndexByte(source[:at], '/') {
		list = append(list, source[:at])
	}
	return append(list, "/")
}

// alike reports whether two names, neither empty, may be of one load balancer.
func alike(a, b string) bool {
	takes := func(a, b string) bool {
		return ingest.Plan{LoadBalancer: a}.WantsBalancer(cmp.Or(ingest.BalancerID(b), b))
	}
	return a == b || takes(a, b) || takes(b, a)
}

// bound gives a question without a beginning or an end those of what was looked through.
// What objects hold by chance of the time outside would look like all that there was.
func (s *Store) bound(ctx context.Context) error {
	r, w := s.reader, &s.in.Plan.Window
	*w, r.about = r.asked, r.asked
	if !w.From.IsZero() && !w.Until.IsZero() {
		return nil
	}
	var first, last *time.Time
	err := s.each(ctx, func() {}, "SELECT min(minute), max(minute) + INTERVAL 1 minute FROM disk.entry_minute", []any{&first, &last})
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

// behindByChance reports whether the last line lies behind what was looked through, and
// no further than an object can reach: else an ingest has brought it in that was ended in
// the middle, or by a wrong clock, and then it is told what lacks. As long as the next
// ingest is not due, the newest lines are as the sources would show them.
func behindByChance(end, last, now time.Time) bool {
	_, reach := ingest.Plan{Window: when.Window{Until: end}}.Ends(parse.KindClassic) // whose objects are the longest
	return end.Before(last) && !last.After(reach) && (now.IsZero() || end.Before(recent(now).Add(-objectInterval)))
}

// lookedFor is from when to when anybody has looked for a load balancer; a bound is zero
// if it is open, both are if nobody has. Sources are looked through one after the other,
// so the end is the first one of those that differ by little.
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

// gapsIn are the gaps of a plan's window; unseen says that all of it is one. Behind what
// has been delivered the sources themselves would tell no more, so a window ends there,
// unless it begins no earlier.
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
	unseen = len(origins) > 0
	for _, of := range origins {
		looked := of.looked(known)
		left := w.Without(looked)
		if last := len(left) - 1; newest && last >= 0 && left[last].Until.Equal(w.Until) && !overdue(looked, left[last].From, edge) {
			left = left[:last]
		}
		unseen = unseen && slices.Equal(left, []when.Window{w})
		for _, gap := range left {
			gaps = append(gaps, Span{of.source, of.loadBalancer, gap})
		}
	}
	return gaps, unseen
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
		only := ""
		if g.LoadBalancer != "" {
			only = " --lb " + ingest.ShellWord(g.LoadBalancer)
		}
		const form = "2006-01-02T15:04Z"
		said = append(said, fmt.Sprintf("of %s, %s was never ingested: %s --since %s --until %s%s %s brings it in", g.Of(), g.Window,
			s.in.Disk.command("ingest"), g.Window.From.UTC().Format(form), g.Window.Until.UTC().Format(form), only, ingest.ShellWord(g.Source)))
	}
	return said
}
