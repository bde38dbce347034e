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
	"loglens/internal/when"
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

// origins are those of the sources. Without any object only known ones are among them: a
// mistyped name must not count as a gap for ever.
func (i *ingesting) origins() (list []origin) {
	for _, source := range i.places {
		of := origin{source, i.plan.LoadBalancer}
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
			i.spans.set(of, []when.Window{neverLooked})
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
			if of.within(balancer) {
				windows = append(windows, list...)
			}
		}
	}
	return when.Join(windows)
}

// within reports whether an ingest for a load balancer, "" for all, has looked for all
// that the origin's name may mean. A bare name may be that of several balancers, except
// within the folder of one account and region.
func (of origin) within(balancer string) bool {
	switch {
	case balancer == "" || balancer == of.loadBalancer:
		return true
	case of.loadBalancer == "" || !alike(balancer, of.loadBalancer):
		return false
	}
	return strings.ContainsAny(of.loadBalancer, "/:.") || strings.Contains(of.source, "/elasticloadbalancing/")
}

// withFolders are a source and the folders that it lies in.
func withFolders(source string) (list []string) {
	for at := len(source); at > 0; at = strings.LastIndexByte(source[:at], '/') {
		list = append(list, source[:at])
	}
	if strings.HasPrefix(source, "/") {
		list = append(list, "/")
	}
	return list
}

// alike reports whether two names, neither empty, may be of one load balancer.
func alike(a, b string) bool {
	takes := func(a, b string) bool {
		return ingest.Plan{LoadBalancer: a}.WantsBalancer(cmp.Or(ingest.BalancerID(b), b))
	}
	return a == b || takes(a, b) || takes(b, a)
}
