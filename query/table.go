package query

import (
	"slices"
	"time"

	"loglens/internal/when"
)

// Table is the answer to one question: what every encoder draws and what every
// command prints. It is plain data; whoever holds it owns it.
type Table struct {
	Report     string      // the report's name, as in "top-errors"
	Version    int         // version of the JSON envelope: "loglens.<report>/<version>"
	Window     when.Window // resolved, UTC, half-open; a zero bound where the input had no entry
	Balancers  []string    // load balancers seen in the window ("app/name/id"), sorted
	Accounting Accounting
	Gaps       []Span       // of the window, for which a store has not looked through a source
	Unseen     bool         // Gaps are all of the window
	Oldest     time.Time    // end of the oldest object, if none reaches back to the window's beginning
	NotCounted []NotCounted // failures left out of Rows by class, most first
	Warnings   []string     // whole sentences without full stop; hostile text is not yet neutralised
	Unread     []string     // kinds of logs that were found among the objects and are not the question's
	Columns    []Column
	Narrow     []string  // names of columns that a narrow terminal goes without, the least important first
	Keys       []string  // names of columns that tell rows apart: they are narrowed before they are left out
	Noun       [2]string // what a row is, one and many, as in "target", "targets"; empty: "row", "rows"
	Rows       [][]any   // one value per column; nil = absent; its Go type is given by Column.Type
	RowsGiven  int64     // rows that are not in Rows, since a Sink has taken them
	RowsLeft   int64     // rows that the limit cut off
	Empty      string    // what an answer without rows says; empty: "no rows", by Noun
	Failures   bool      // the sum of the answer is Total failures of Requests, not a number of rows
	Total      int64     // what the shares are shares of (for top-errors: failures counted)
	Requests   int64     // all requests in the window, if the answer tells of any
	Listed     bool      // objects were only listed: there are no lines and no bytes of text to account for
	Drill      *Drill    // how to see the lines behind the first count, nil if there is none
	Next       string    // a command worth running next; empty if there is none
	Lines      string    // a command that shows the lines behind the first count; empty if there is none
	Warned     string    // what the rows themselves warn of; it is among Warnings, too
}

// Shown is how many rows the answer has, without those that the limit cut off.
func (t *Table) Shown() int64 { return int64(len(t.Rows)) + t.RowsGiven }

// at is the place of a column, -1 if the table has none of that name.
func (t *Table) at(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// Whole reports whether the answer rests on all that there is of the window, as far as
// is known.
func (t *Table) Whole() bool { return t.Accounting.ObjectsFailed == 0 && len(t.Gaps) == 0 }

// Lacking is how much of the window has a gap.
func (t *Table) Lacking() time.Duration {
	var windows []when.Window
	for _, g := range t.Gaps {
		windows = append(windows, g.Window)
	}
	return when.Length(when.Join(windows))
}

// SQL is the Report of a table that answers free SQL. Such a table may have no
// window and nothing to account for; its column names are as hostile as its texts.
const SQL = "sql"

// Drill says which lines a count stands for: those that the report "raw" shows
// with these values of its filters, as many as the count.
type Drill struct {
	Filters map[string]string // by Filter.Name; since and until bound the time
	Rows    int64
}

// Accounting says what an answer rests on. Lines = Parsed + Rejected + Skipped.
type Accounting struct {
	Objects         int64 // log objects of the kind that the report reads, failed ones included
	ObjectsFailed   int64 // objects that could not be read whole; none of their lines count
	Lines           int64 // lines of the objects that were read whole
	Parsed          int64 // entries inside the window
	Rejected        int64 // damaged lines
	Skipped         int64 // entries outside the window, or of a load balancer that was not asked for
	BytesCompressed int64 // bytes as stored
	Bytes           int64 // bytes of log text
}

// NotCounted is a reason that the report leaves out, with its requests.
type NotCounted struct {
	Reason   string
	Class    string
	Requests int64
}

// Column describes one column of a Table.
type Column struct {
	Name  string // the field's name in JSON and CSV; in free SQL names may repeat
	Label string // the head in a table for people
	Type  Type
	Only  Audience // who sees the column
}

// Type is what a column's values are.
type Type int

// The Go type of a value is given in brackets; nil stands for absent in all, and
// so does a float64 that is no finite number.
const (
	Text    Type = iota // [string] may hold hostile text out of a log line
	Integer             // [int64] a code: printed without grouping
	Count               // [int64] a quantity: grouped by thousands for people
	Ratio               // [float64] 0 to 1: a percentage for people
	Time                // [time.Time] UTC
	Trend               // [[]int64] a count per equal slice of the window, -1 = no request there; drawn as a sparkline
	Float               // [float64] a plain number: rounded for people
	Seconds             // [float64] a duration in seconds: "42 ms", "1 m 03 s" for people
	Boolean             // [bool] yes or no for people
	Bytes               // [int64] a size in bytes: "1.3 GB" for people
	Line                // [string] a line of a log, as hostile as any text: below its row on a terminal
	Times               // [[]time.Time] UTC, in order: the first few of them for people
)

// Audience says for whom a column is.
type Audience int

// A column that repeats others in a handier form is for people only; one that
// only a program needs, such as an ARN beside a name, is for programs only.
const (
	Everyone Audience = iota
	People            // table and markdown
	Programs          // json, jsonl and csv
)
