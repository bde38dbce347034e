package report

import (
	"io"

	"loglens/internal/when"
	"loglens/query"
)

// Style says for what kind of reader a table is drawn. The zero Style is for a
// pipe: no truncation, no colour.
type Style struct {
	Terminal bool // table: aligned columns that fit Width; otherwise tab-separated and exact
	Width    int  // columns of the terminal; 0 is 80
	Color    bool // SGR sequences may be used; only on a terminal
	ASCII    bool // table and markdown: our own signs and all text in ASCII
	RawCSV   bool // csv: no quote before what a spreadsheet would run as a formula
}

// Form is one output form of a T. Encode renders one whole and then writes it to w in
// one call; the error is that of w. It keeps nothing of it and changes nothing in it:
// the same T gives the same bytes.
type Form[T any] struct {
	Name   string // the word after --output
	Encode func(w io.Writer, of T, s Style) error
}

// Forms are all output forms of a T, the default first.
type Forms[T any] []Form[T]

// Find returns the form of that name.
func (f Forms[T]) Find(name string) (Form[T], bool) {
	for _, form := range f {
		if form.Name == name {
			return form, true
		}
	}
	return Form[T]{}, false
}

// Names returns what --output takes.
func (f Forms[T]) Names() (names []string) {
	for _, form := range f {
		names = append(names, form.Name)
	}
	return names
}

// Encoders are the forms of a table.
var Encoders = Forms[*query.Table]{
	{Name: "table", Encode: encodeTable},
	{Name: "json", Encode: encodeStreamed("json")},
	{Name: "jsonl", Encode: encodeStreamed("jsonl")},
	{Name: "csv", Encode: encodeStreamed("csv")},
	{Name: "markdown", Encode: encodeMarkdown},
}

// oneDay reports whether the window lies within one UTC day.
func oneDay(w when.Window) bool {
	return oneYear(w) && w.From.UTC().YearDay() == w.Until.UTC().Add(-1).YearDay()
}

// oneYear reports whether the window lies within one UTC year; one with an open end does not.
func oneYear(w when.Window) bool {
	return w.From.UTC().Year() == w.Until.UTC().Add(-1).Year()
}

// shown returns the places of the columns that are not for the other audience.
func shown(columns []query.Column, other query.Audience) (places []int) {
	for at, c := range columns {
		if c.Only != other {
			places = append(places, at)
		}
	}
	return places
}

// picked returns the columns at these places.
func picked(columns []query.Column, places []int) []query.Column {
	list := make([]query.Column, len(places))
	for i, at := range places {
		list[i] = columns[at]
	}
	return list
}
