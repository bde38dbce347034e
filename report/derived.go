package report

import (
	"slices"

	"loglens/query"
)

// A derived reason is never to be taken for AWS's word. The source column says
// which are derived; on a terminal that is too narrow for it, a sign behind the
// reason does, a blank away so that the name can still be picked with a double click.
const (
	derivedSign   = " ~"
	derivedLegend = "~ derived from the line by loglens: AWS logs no reason here"
)

// fitDerived is fit, but where the source column is left out, derived reasons
// are marked in its place; marked says that there is one.
func fitDerived(columns []*column, t *query.Table, most int) (kept, left []*column, marked bool) {
	kept, left = fit(columns, t.Narrow, t.Keys, most)
	at := named(columns, "reason_source")
	if at < 0 || slices.Contains(kept, columns[at]) || named(kept, "reason") < 0 {
		return kept, left, false
	}
	source, reason := columns[at], columns[named(columns, "reason")]
	for i := range t.Rows {
		if source.cells[i] == "derived" {
			reason.cells[i] += derivedSign
			reason.natural = max(reason.natural, width(reason.cells[i]))
			marked = true
		}
	}
	if !marked {
		return kept, left, false
	}
	kept, left = fit(slices.Delete(slices.Clone(columns), at, at+1), t.Narrow, t.Keys, most)
	return kept, left, named(kept, "reason") >= 0
}

// named returns the place of a column, -1 if it is not there.
func named(columns []*column, name string) int {
	return slices.IndexFunc(columns, func(c *column) bool { return c.Name == name })
}
