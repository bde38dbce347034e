package query

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"loglens/internal/when"
)

// Summary is what a window comes to: what it adds up to, and in sections what
// failed, when, where, and what is new in it. It is plain data.
type Summary struct {
	Totals   *Table // of one row, with the window and all facts
	Before   *Table // totals of the window before; nil if nothing is known of it
	Sections []Section
	Corrects []Corrected // totals that were others when the window was first summed up, as far as is known
}

// Corrected is a total as it was written first: a number as in JSON, or null.
type Corrected struct{ Field, Was string }

// Section is a part of a summary. Its name is the key in JSON.
type Section struct {
	Name  string
	Title string
	*Table
}

// Basis is what a window is compared by.
type Basis struct{ totals, failing, latency *Table }

// SummaryQuestion says how a window is summed up.
type SummaryQuestion struct {
	Classes []string      // of reasons that count
	Lag     time.Duration // an object that is delivered longer than this after its interval came late
}

//go:embed summary/*.sql
var summaryFiles embed.FS

// summaryReports are the questions that only a summary asks.
var summaryReports = sync.OnceValue(func() map[string]Report {
	reports, err := readReports(summaryFiles)
	if err != nil {
		panic(err) // a report that we ship is broken; every test of a summary reads them
	}
	byName := map[string]Report{}
	for _, r := range reports {
		byName[r.Name] = r
	}
	return byName
})

// SummaryFields are the columns of a summary's totals.
func SummaryFields() []Column { return slices.Clone(summaryReports()["totals"].Columns) }

// SummaryStatement is SQL that reads what a summary reads, for Explain and for
// finding the kinds of logs.
func SummaryStatement(q SummaryQuestion) (text string, args []any, err error) {
	return summaryReports()["totals"].Statement(Question{Classes: q.Classes})
}

// Basis reads what a window is compared by: each of its objects once.
//
// Errors: as Run.
func (s *Store) Basis(ctx context.Context, q SummaryQuestion) (*Basis, error) {
	tables, err := s.runAll(ctx, basisParts(q))
	if err != nil {
		return nil, err
	}
	b, _ := basisOf(tables)
	return &b, nil
}

// basisOf takes the answers to basisParts, which come first, and returns those to what was
// asked beside them.
func basisOf(tables []*Table) (b Basis, others []*Table) {
	return Basis{tables[0], tables[1], tables[2]}, tables[3:]
}

// part is a question of a summary.
type part struct {
	name, title string
	report      Report
	ask         Question
}

// Summary sums up the store's window, and compares it with another (nil for
// none). The window's objects are listed once and each is read once, whatever
// the number of sections; with those of Basis, a summary reads every object of
// two windows once, and the few between them, which hold lines of both, twice.
//
// Errors: as Run.
func (s *Store) Summary(ctx context.Context, q SummaryQuestion, before *Basis) (*Summary, error) {
	parts := s.summaryParts(q)
	tables, err := s.runAll(ctx, parts)
	if err != nil {
		return nil, err
	}
	now, others := basisOf(tables)
	sum := &Summary{Totals: now.totals}
	for i, p := range parts[len(parts)-len(others):] {
		sum.Sections = append(sum.Sections, Section{p.name, p.title, others[i]})
	}
	at := slices.IndexFunc(sum.Sections, func(s Section) bool { return s.Name == "coverage" })
	sum.Sections = slices.Insert(sum.Sections, at,
		Section{"latency", "Response times by target group", now.latency.cut(sectionLimit)},
		Section{"changed", "Slower, or with less traffic, than in the window before", changedTable(now, before, s.in.Plan.Now)},
		Section{"new", "New or grown since the window before", newsTable(now, before)},
	)
	if sum.Totals.Accounting.Objects > 0 { // or there is nothing to compare
		sum.Totals.Warnings = append(sum.Totals.Warnings, comparability(before)...)
	}
	if before.known() {
		sum.Before = before.totals
	}
	var shown []*Table
	for _, section := range sum.Sections {
		shown = append(shown, section.Table)
	}
	sum.Totals.Warnings = append(sum.Totals.Warnings, lookalikes(shown...)...)
	return sum, nil
}

// sectionLimit is how many rows a section has at most, unless its SQL says otherwise.
const sectionLimit = 10

// basisParts are the questions of a Basis: the totals first.
func basisParts(q SummaryQuestion) []part {
	latency, _ := FindReport("latency")
	return []part{
		{report: summaryReports()["totals"], ask: Question{Classes: q.Classes}},
		{report: summaryReports()["failing"], ask: Question{Classes: q.Classes}},
		{report: latency, ask: Question{Classes: q.Classes, By: []string{"target_group"}}},
	}
}

// summaryParts are the questions of a summary: what is compared first, then the sections.
func (s *Store) summaryParts(q SummaryQuestion) []part {
	common := func(name, title, report string, by ...string) part {
		r, _ := FindReport(report)
		return part{name, title, r, Question{By: by, Classes: q.Classes, Limit: sectionLimit}}
	}
	own := func(name, title string, by ...string) part {
		r := summaryReports()[name]
		return part{name, title, r, Question{
			By: by, Classes: q.Classes, Limit: r.Limit, Now: s.in.Plan.Now,
			Filters: map[string]string{"lag_us": strconv.FormatInt(q.Lag.Microseconds(), 10)},
		}}
	}
	worst := own("worst-windows", "Worst windows")
	worst.name, worst.ask.Every = "worst_windows", sliceWidth(s.in.Plan.Window)
	return append(basisParts(q),
		common("reasons", "Failures by reason", "top-errors", "reason"),
		common("targets", "Failures by target", "top-errors", "target_group", "target"),
		worst,
		own("coverage", "Coverage", "load_balancer", "node"),
		own("late", "Came late", "load_balancer", "node"),
	)
}

// sliceWidth divides a window such that there are at most 50 slices, and none of
// less than the five minutes that an object covers.
func sliceWidth(w when.Window) time.Duration {
	length := w.Until.Sub(w.From)
	if !closed(w) {
		length = 0
	}
	for _, width := range []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour} {
		if length <= 50*width {
			return width
		}
	}
	return 24 * time.Hour
}

// runAll answers several questions out of one reading. What is read is what all of
// them together need, so none may read a stream, and the first one's table has
// the facts.
func (s *Store) runAll(ctx context.Context, parts []part) (_ []*Table, err error) {
	done, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(s.blamed(err), done()) }()
	var tables []*Table
	var texts []string
	var widths []time.Duration
	var relations []string
	plan, failures := "", noneHeld
	for i := range parts {
		p := &parts[i]
		if p.ask.Every > 0 {
			p.ask.By = append(slices.Clone(p.ask.By), WindowDimension)
		}
		text, err := p.report.divided(p.ask)
		if err != nil {
			return nil, err
		}
		tables, texts, plan = append(tables, p.report.table(p.ask.By)), append(texts, text), plan+text
		widths = append(widths, p.ask.widths(s.in.Plan.Window)...)
		failures = min(failures, p.report.held(p.ask.By))
		relations = append(relations, p.report.relations...)
	}
	first := tables[0]
	first.Window = s.in.Plan.Window
	a := s.asking(ctx, first, texts[0], parts[0].ask)
	a.plan, a.relations, a.failures, a.grain = plan, relations, failures, grainOf(plan, first.Window, widths)
	if err := s.answer(ctx, a); err != nil {
		return nil, err
	}
	if err := s.facts(ctx, first, parts[0].ask); err != nil {
		return nil, err
	}
	for i := range parts[1:] {
		if err := s.further(ctx, tables[i+1], texts[i+1], parts[i+1].ask, first); err != nil {
			return nil, fmt.Errorf("%s: %w", parts[i+1].report.Name, err)
		}
	}
	return tables, nil
}

// further answers a question from what has been read for another.
func (s *Store) further(ctx context.Context, t *Table, text string, q Question, first *Table) error {
	t.Window, t.Requests, t.Total = first.Window, first.Requests, first.Total
	return s.statement(ctx, s.asking(ctx, t, text, q))
}
